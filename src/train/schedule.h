/* The rate of every update. */
#ifndef BPNN_TRAIN_SCHEDULE_H
#define BPNN_TRAIN_SCHEDULE_H

#include <bpnn/train.h>

typedef struct bpnn__schedule {
    bpnn_schedule_kind kind;
    double factor, every, wait, gain, least; /* settings, see schedule.c; every: onecycle's share */
    size_t warmup;                           /* epochs */
    size_t batches, epochs;                  /* S and E */
    /* plateau: the state */
    double scale, best;
    size_t failures;
} bpnn__schedule;

bpnn_status bpnn__schedule_init(bpnn__schedule *schedule, const bpnn_train_options *options, size_t batches,
                                bpnn_error *error);

/* Rate of update s (from 0) for base rate a. */
double bpnn__schedule_rate(const bpnn__schedule *schedule, double a, uint64_t s);

/* Tells plateau the epoch's loss (validation, else training). */
void bpnn__schedule_epoch(bpnn__schedule *schedule, double loss);

#endif
