/* Early stopping: which epoch was best, and when to end. Pure arithmetic on the validation losses. */
#ifndef BPNN_TRAIN_STOPPING_H
#define BPNN_TRAIN_STOPPING_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bpnn__stopping {
    double best; /* smallest v so far, the first of equals */
    size_t best_epoch;
    double reference; /* what has to be beaten by min_delta */
    size_t failures;  /* epochs since it was */
    double min_delta;
    size_t patience; /* 0 = never ends */
} bpnn__stopping;

/* v0: the loss before the first epoch. */
void bpnn__stopping_begin(bpnn__stopping *s, double v0, double min_delta, size_t patience);

/* Tells it the loss after `epoch`. *is_best: these parameters are to be kept. Returns true when patience is at its end. */
bool bpnn__stopping_tell(bpnn__stopping *s, size_t epoch, double v, bool *is_best);

#endif
