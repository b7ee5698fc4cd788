/* Many fits and what they mean: how good a network for a table will be on rows it never saw (cross-validation), and which
 * options make it better (tuning). Both stand on bpnn_fit: whatever it does is done once a fold. */
#ifndef BPNN_STUDY_H
#define BPNN_STUDY_H

#include <bpnn/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- cross-validation ---- */

/* One fit: trained without the rows of one fold, measured on them. */
typedef struct bpnn_fold {
    size_t repeat, fold; /* from 0 */
    bool done;           /* false: the run ended before it, or within it; all that follows is 0 and NULL */
    size_t rows_train, rows_validation, rows_test;
    const char *method; /* static text */
    size_t parameters, epochs, best_epoch;
    bpnn_stop stop;
    double seconds;
    const bpnn_metrics *train, *test; /* a target each; test: of the rows held out */
    size_t warning_count;
    const char *const *warnings;
} bpnn_fold;

/* Called after every fit that is done, one call at a time, from any of the run's threads. done of total are. Returns true to go
 * on. */
typedef bool (*bpnn_fold_fn)(const bpnn_fold *fold, size_t done, size_t total, void *context);

/* Set by bpnn_cv_options_default, then changed. */
typedef struct bpnn_cv_options {
    size_t struct_size;
    size_t folds;   /* 5; 2 .. rows */
    size_t repeats; /* 1; repeat r (from 0) is what one repeat with seed + r is */
    bpnn_fold_fn on_fold;
    void *context;
} bpnn_cv_options;

BPNN_API void bpnn_cv_options_default(bpnn_cv_options *options);

/* What came of it. Everything belongs to it and lives until bpnn_cv_free. */
typedef struct bpnn_cv {
    size_t folds, repeats, fit_count; /* folds x repeats */
    size_t done, diverged;            /* fits */
    bpnn_stop stop;                   /* NONE: all are done; TIME, INTERRUPTED or CALLBACK: `done` of them */
    double seconds;
    uint64_t seed;
    size_t rows;        /* of the table that stand in a fold: those with a target */
    size_t group_count; /* 0 without groups */
    size_t target_count;
    const bpnn_fold *fit; /* fit_count, by repeat, then fold */
    const bpnn_metrics *mean,
        *deviation;                 /* a target each, over the fits that are done; of those where a number is defined;
                                                   deviation: with n - 1, NAN for one fit. No confusion */
    const bpnn_metrics *train_mean; /* the same of the rows trained on */
    const bpnn_metrics *pooled;     /* of all predictions for rows held out together: `repeats` a row */
    bpnn_prediction prediction; /* for all rows of the table, by models that never saw them: the mean over the repeats,
                                                   label by its largest; NAN and SIZE_MAX for rows in no fold */
    const size_t *fold_of_row;  /* of every row of the table in the first repeat; SIZE_MAX: in none */
    const bpnn_model *example;  /* the first fit that is done: names of targets and classes, the same in all */
    size_t warning_count;       /* of the table and of the first fit */
    const char *const *warnings;
} bpnn_cv;

/* k-fold cross-validation of what bpnn_fit makes of `table` with `fit`. Every row with a target is held out once a repeat; rows are
 * dealt out class by class, or in whole groups (fit->group), as a function of (seed, rows, target). Scalers, fills, categories
 * and rows for early stopping come from the other folds alone.
 *
 * fit->train.threads fits run side by side, one thread each (more where there are fewer fits than threads): the same bits for any
 * number. time_limit is that of the whole run, fits that it cuts short do not count. The callbacks of training are not called;
 * message and on_resolved are, the latter by the first fit. fit->test, test_share, split_column and held_out have no place here.
 *
 * USAGE: options; more folds than rows or groups. DATA: as bpnn_fit. A run that ends early is OK, look at stop; but where not
 * one fit was done it is INTERRUPTED, or USAGE with too short a time. Fits that diverge count, see `diverged`. Thread-safe: the
 * table is only read, everything else is the caller's own. */
BPNN_API bpnn_status bpnn_cross_validate(bpnn_cv **cv, const bpnn_table *table, const bpnn_fit_options *fit,
                                         const bpnn_cv_options *options, bpnn_error *error);
BPNN_API void bpnn_cv_free(bpnn_cv *cv); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
