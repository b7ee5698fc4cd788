/* Fits side by side: what they share, and one of them. */
#ifndef BPNN_STUDY_RUN_H
#define BPNN_STUDY_RUN_H

#include "model/model.h"
#include "study/folds.h"
#include <bpnn/study.h>

#include <pthread.h>
#include <stdatomic.h>

/* One run of many fits. */
typedef struct bpnn__run {
    const bpnn_table *table;
    const bpnn_fit_options *fit; /* the caller's */
    bpnn__folds folds;
    double begin, end;    /* seconds of a steady clock; end 0 = no limit */
    pthread_mutex_t lock; /* around callbacks, `told` and counts */
    atomic_bool stop;     /* no fit begins, and those at work end */
    atomic_int why;       /* bpnn_stop of the first reason; NONE while nothing happened */
    bpnn__notes told;     /* messages that the caller has had, each once: of the table and of the first fit */
    bpnn__notes warned;   /* the warnings among them */
} bpnn__run;

/* One fit. Its parts are moved out of the model. */
typedef struct bpnn__fold_fit {
    bpnn_fold fold;
    bpnn_status status; /* of a fit that was tried */
    bpnn_error error;
    bpnn_model *model; /* NULL, or kept if asked for */
    size_t targets;
    bpnn_metrics *train, *test; /* targets each */
    bpnn__notes warnings;
    size_t row_count, *rows; /* held out, and what the model says of them; empty unless asked for */
    bpnn_prediction prediction;
} bpnn__fold_fit;

double bpnn__steady_seconds(void);

/* Plan and folds; messages go to the caller. */
bpnn_status bpnn__run_begin(bpnn__run *run, const bpnn_table *table, const bpnn_fit_options *fit, size_t folds,
                            size_t repeats, bpnn_error *error);
void bpnn__run_end(bpnn__run *run);

/* Ends the run for this reason, unless it ended before. */
void bpnn__run_stop(bpnn__run *run, bpnn_stop why);

/* False once nothing more may begin: stopped, interrupted, out of time. */
bool bpnn__run_goes_on(bpnn__run *run);

/* Fits `fit` (the caller's options, or a variation of them) without the rows of one fold. `speaks`: notes of it are the caller's, and
 * on_resolved is. */
typedef struct bpnn__fold_job {
    const bpnn_fit_options *fit;
    size_t repeat, fold, threads;
    bool speaks, predicts, keeps_model;
    bool may_fail;  /* a failure other than of memory does not end the run */
    double at_most; /* seconds; 0 = as long as the run. A fit that takes longer is not done */
} bpnn__fold_job;
void bpnn__fit_fold(bpnn__run *run, const bpnn__fold_job *job, bpnn__fold_fit *out);
void bpnn__fold_fit_free(bpnn__fold_fit *fit); /* contents */

/* gather.c: mean and deviation (may be NULL) of metrics over the fits that are done, a target each. `train`: of the rows trained on. */
void bpnn__mean_metrics(const bpnn__fold_fit *fits, size_t count, size_t targets, bool train, bpnn_metrics *mean,
                        bpnn_metrics *deviation);

/* All predictions of rows held out as one: metrics[targets], and the mean over the repeats of every row of the table. */
bpnn_status bpnn__pool_metrics(const bpnn__run *run, const bpnn__fold_fit *fits, size_t count, const bpnn_model *model,
                               bpnn_metrics *metrics, bpnn_error *error);
bpnn_status bpnn__mean_predictions(const bpnn__run *run, const bpnn__fold_fit *fits, size_t count,
                                   const bpnn_model *model, bpnn_prediction *out, bpnn_error *error);

#endif
