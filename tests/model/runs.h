/* Small fits whose checkpoints the tests work on: one run for every number, a method after the other. */
#ifndef BPNN_TESTS_MODEL_RUNS_H
#define BPNN_TESTS_MODEL_RUNS_H

#include "model/checkpoint.h"

/* A run: table, options, and a flag that ends it after so many batches (step methods) or epochs; 0 = never. */
typedef struct made_run {
    bpnn_table *table;
    bpnn_fit_options options;
    bpnn_setting setting;
    volatile int flag;
    size_t stop_after, seen;
    bool by_epochs;
    char note[16];
} made_run;

void made_run_new(made_run *run, size_t number);
void made_run_free(made_run *run);

/* The fit with a checkpoint at `path` (NULL = none), going on from `from` (NULL = from the beginning). */
bpnn_status made_run_fit(made_run *run, const char *path, const bpnn_checkpoint *from, size_t stop_after,
                         bpnn_model **model, bpnn_error *error);

/* A checkpoint of run `number` from a moment in its middle, as bytes (bpnn_release). `folder`: where files may go. */
bool made_checkpoint(size_t number, size_t stop_after, const char *folder, void **bytes, size_t *size);

#endif
