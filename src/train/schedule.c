/* Schedules and warm-up: docs/methods.md. s counts updates from 0, S updates an epoch, E epochs. */
#include "train/schedule.h"
#include "base/error.h"
#include "kernel/scalar.h"
#include "train/names.h"

#include <math.h>
#include <string.h>

#define BPNN_X(id, name) name,
static const char *const words[] = {BPNN_SCHEDULES(BPNN_X)};
#undef BPNN_X

const char *bpnn_schedule_name(bpnn_schedule_kind kind)
{
    return (unsigned)kind < BPNN_SCHEDULE_COUNT ? words[kind] : "unknown";
}

int bpnn_schedule_find(const char *name)
{
    for (int i = 0; name && i < BPNN_SCHEDULE_COUNT; i++)
        if (strcmp(words[i], name) == 0)
            return i;
    return -1;
}

/* The settings each kind takes. */
static const struct {
    bpnn_schedule_kind kind;
    size_t offset;
    bpnn_method_option option;
} settings[] = {
    {BPNN_SCHEDULE_STEP, offsetof(bpnn__schedule, factor), {"factor", 0.5, 0, 1, "of the rate, each time"}},
    {BPNN_SCHEDULE_STEP, offsetof(bpnn__schedule, every), {"every", 30, 1, 1e9, "epochs between two steps"}},
    {BPNN_SCHEDULE_EXPONENTIAL, offsetof(bpnn__schedule, factor), {"factor", 0.95, 0, 1, "of the rate, every epoch"}},
    {BPNN_SCHEDULE_PLATEAU, offsetof(bpnn__schedule, factor), {"factor", 0.5, 0, 1, "of the rate, each time"}},
    {BPNN_SCHEDULE_PLATEAU, offsetof(bpnn__schedule, wait), {"wait", 10, 1, 1e9, "epochs without a gain"}},
    {BPNN_SCHEDULE_PLATEAU, offsetof(bpnn__schedule, gain), {"gain", 1e-4, 0, 1, "relative, of the loss"}},
    {BPNN_SCHEDULE_PLATEAU, offsetof(bpnn__schedule, least), {"least", 1e-3, 0, 1, "share of the rate that stays"}},
    {BPNN_SCHEDULE_ONECYCLE, offsetof(bpnn__schedule, factor), {"factor", 25, 1, 1e6, "peak over first rate"}},
    {BPNN_SCHEDULE_ONECYCLE, offsetof(bpnn__schedule, every), {"share", 0.3, 0.01, 0.99, "of the run that rises"}},
    {BPNN_SCHEDULE_ADAPTIVE, offsetof(bpnn__schedule, every), {"grow", 1.05, 1, 10, "of the rate, where F fell"}},
    {BPNN_SCHEDULE_ADAPTIVE, offsetof(bpnn__schedule, factor), {"shrink", 0.7, 0.01, 1, "of the rate, where F rose"}},
    {BPNN_SCHEDULE_ADAPTIVE,
     offsetof(bpnn__schedule, gain),
     {"rise", 0.04, 0, 10, "relative, of F: a step beyond it is undone"}},
};

enum { SETTINGS = sizeof settings / sizeof *settings };

const bpnn_method_option *bpnn_schedule_setting(bpnn_schedule_kind kind, size_t index)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].kind == kind && index-- == 0)
            return &settings[i].option;
    return NULL;
}

static double *place_of(bpnn__schedule *schedule, size_t i)
{
    return (double *)(void *)((char *)schedule + settings[i].offset);
}

static bpnn_status unknown_setting(bpnn_schedule_kind kind, const char *name, bpnn_error *error)
{
    const char *names[SETTINGS];
    char list[BPNN__NAMES_SIZE];
    size_t count = 0;
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].kind == kind)
            names[count++] = settings[i].option.name;
    return bpnn__fail(error, BPNN_USAGE, "schedule %s has no setting '%s'; its settings: %s", words[kind], name,
                      bpnn__list_names(list, names, count));
}

static bpnn_status set(bpnn__schedule *schedule, const bpnn_setting *setting, bpnn_error *error)
{
    const char *name = setting->name ? setting->name : "";
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].kind != schedule->kind || strcmp(settings[i].option.name, name) != 0)
            continue;
        if (!(setting->value >= settings[i].option.least && setting->value <= settings[i].option.most))
            return bpnn__fail(error, BPNN_USAGE, "schedule %s: %s must be %g to %g, not %g", words[schedule->kind],
                              name, settings[i].option.least, settings[i].option.most, setting->value);
        *place_of(schedule, i) = setting->value;
        return BPNN_OK;
    }
    return unknown_setting(schedule->kind, name, error);
}

bpnn_status bpnn__schedule_init(bpnn__schedule *schedule, const bpnn_train_options *options, size_t batches,
                                bpnn_error *error)
{
    memset(schedule, 0, sizeof *schedule);
    if ((unsigned)options->schedule >= BPNN_SCHEDULE_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "no schedule has the number %d", (int)options->schedule);
    schedule->kind = options->schedule;
    schedule->warmup = options->warmup;
    schedule->batches = batches;
    schedule->epochs = options->epochs;
    schedule->scale = 1;
    schedule->best = (double)INFINITY;
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].kind == schedule->kind)
            *place_of(schedule, i) = settings[i].option.initial;
    for (size_t i = 0; i < options->schedule_setting_count; i++) {
        bpnn_status status = set(schedule, &options->schedule_settings[i], error);
        if (status != BPNN_OK)
            return status;
    }
    return BPNN_OK;
}

static double half_cosine(double share)
{
    return (1 + bpnn__cos(3.141592653589793 * (share < 1 ? share : 1))) / 2;
}

/* a / factor -> a over the first share, -> a / (factor 1e4) over the rest, both along a half cosine. */
static double one_cycle(const bpnn__schedule *schedule, double a, double s, double total)
{
    double low = a / schedule->factor, end = low / 1e4, peak = schedule->every * total - 1, last = total - 1;
    if (s <= peak)
        return a + (low - a) * half_cosine(peak > 0 ? s / peak : 1);
    return end + (a - end) * half_cosine(last > peak ? (s - peak) / (last - peak) : 1);
}

/* factor^k; 0^0 = 1 */
static double power(double factor, double k)
{
    return k > 0 ? bpnn__pow(factor, k) : 1;
}

double bpnn__schedule_rate(const bpnn__schedule *schedule, double a, uint64_t update)
{
    double S = (double)schedule->batches, warm = (double)schedule->warmup * S, s = (double)update;
    if (s < warm)
        return a * (s + 1) / warm;
    if (schedule->kind == BPNN_SCHEDULE_CONSTANT)
        return a;
    s -= warm;
    double epoch = floor(s / S), total = ((double)schedule->epochs - (double)schedule->warmup) * S;
    total = total > 1 ? total : 1;
    switch (schedule->kind) {
    case BPNN_SCHEDULE_STEP:
        return a * power(schedule->factor, floor(epoch / schedule->every));
    case BPNN_SCHEDULE_EXPONENTIAL:
        return a * power(schedule->factor, epoch);
    case BPNN_SCHEDULE_COSINE:
        return a * half_cosine(s / total);
    case BPNN_SCHEDULE_PLATEAU:
    case BPNN_SCHEDULE_ADAPTIVE:
        return a * schedule->scale;
    case BPNN_SCHEDULE_ONECYCLE:
        return one_cycle(schedule, a, s, total);
    default:
        return a;
    }
}

/* What a loss must stay below to count as a gain: relative to the best, whatever its sign. */
static double bar(const bpnn__schedule *schedule)
{
    return isinf(schedule->best) ? schedule->best : schedule->best - schedule->gain * fabs(schedule->best);
}

void bpnn__schedule_epoch(bpnn__schedule *schedule, double loss)
{
    if (schedule->kind != BPNN_SCHEDULE_PLATEAU)
        return;
    if (loss < bar(schedule)) {
        schedule->best = loss;
        schedule->failures = 0;
        return;
    }
    if ((double)++schedule->failures < schedule->wait)
        return;
    schedule->failures = 0;
    schedule->scale *= schedule->factor;
    if (schedule->scale < schedule->least)
        schedule->scale = schedule->least;
}

bool bpnn__schedule_judge(bpnn__schedule *schedule, uint64_t update, double before, double after)
{
    if (update < schedule->warmup * schedule->batches)
        return true;
    if (!(after - before <= schedule->gain * fabs(before))) { /* nor for a NaN */
        schedule->scale *= schedule->factor;
        return false;
    }
    if (after < before)
        schedule->scale *= schedule->every;
    return true;
}

void bpnn__schedule_get_state(const bpnn__schedule *schedule, double *state)
{
    memset(state, 0, BPNN__SCHEDULE_STATE * sizeof *state);
    state[0] = schedule->scale;
    state[1] = schedule->best;
    state[2] = (double)schedule->failures;
}

bool bpnn__schedule_set_state(bpnn__schedule *schedule, const double *state)
{
    bool good = state[0] >= 0 && isfinite(state[0]) && !isnan(state[1]) && state[2] >= 0 && state[2] <= 0x1p53 &&
                floor(state[2]) == state[2];
    for (int i = 3; i < BPNN__SCHEDULE_STATE; i++)
        good = good && state[i] == 0;
    if (!good)
        return false;
    schedule->scale = state[0];
    schedule->best = state[1];
    schedule->failures = (size_t)state[2];
    return true;
}
