#include "train/stopping.h"

void bpnn__stopping_begin(bpnn__stopping *s, double v0, double min_delta, size_t patience)
{
    s->best = s->reference = v0;
    s->best_epoch = 0;
    s->failures = 0;
    s->min_delta = min_delta;
    s->patience = patience;
}

bool bpnn__stopping_tell(bpnn__stopping *s, size_t epoch, double v, bool *is_best)
{
    *is_best = v < s->best;
    if (*is_best) {
        s->best = v;
        s->best_epoch = epoch;
    }
    if (v < s->reference - s->min_delta) {
        s->reference = v;
        s->failures = 0;
        return false;
    }
    s->failures++;
    return s->patience > 0 && s->failures >= s->patience;
}
