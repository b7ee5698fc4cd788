/* The rate of every update. */
#ifndef BPNN_TRAIN_SCHEDULE_H
#define BPNN_TRAIN_SCHEDULE_H

#include <bpnn/train.h>

typedef struct bpnn__schedule {
    bpnn_schedule_kind kind;
    double factor, every, wait, gain, least; /* settings, see schedule.c; every: onecycle's share, adaptive's grow */
    size_t warmup;                           /* epochs */
    size_t batches, epochs;                  /* S and E */
    /* the state: scale of plateau and adaptive, the rest of plateau alone */
    double scale, best;
    size_t failures;
} bpnn__schedule;

bpnn_status bpnn__schedule_init(bpnn__schedule *schedule, const bpnn_train_options *options, size_t batches,
                                bpnn_error *error);

/* Rate of update s (from 0) for base rate a. */
double bpnn__schedule_rate(const bpnn__schedule *schedule, double a, uint64_t s);

/* All that a schedule remembers, as numbers (unused ones are 0) and back. False: no schedule of this kind remembers such. */
enum { BPNN__SCHEDULE_STATE = 8 };
void bpnn__schedule_get_state(const bpnn__schedule *schedule, double *state);
bool bpnn__schedule_set_state(bpnn__schedule *schedule, const double *state);

/* Tells plateau the epoch's loss (validation, else training). */
void bpnn__schedule_epoch(bpnn__schedule *schedule, double loss);

/* Tells adaptive the objective over all rows before and after update s (from 0). False: the step is to be undone. */
bool bpnn__schedule_judge(bpnn__schedule *schedule, uint64_t s, double before, double after);

#endif
