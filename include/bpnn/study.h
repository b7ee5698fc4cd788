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

/* ---- tuning ---- */

/* What is searched. X(ENUM, bit): with the bit set in bpnn_tune_options.fixed the caller's value stays, which it does anyway where the
 * caller's options say something other than "by rule". */
#define BPNN_TUNED(X) X(HIDDEN, 1) X(ACTIVATION, 2) X(METHOD, 4) X(RATE, 8) X(L2, 16) X(DROPOUT, 32) X(BATCH, 64)
#define BPNN_X(id, bit) BPNN_TUNED_##id = bit,
enum { BPNN_TUNED(BPNN_X) };
#undef BPNN_X

/* What a trial sets; the rest is as the caller has it. */
typedef struct bpnn_choice {
    unsigned set;    /* BPNN_TUNED_.. bits */
    char hidden[32]; /* "64,32" */
    char activation[16], method[16];
    double rate, l2, dropout;
    bool l2_auto; /* in place of l2 */
    size_t batch;
} bpnn_choice;

/* Puts it into options, which borrow its texts. */
BPNN_API void bpnn_choice_apply(const bpnn_choice *choice, bpnn_fit_options *fit);

/* One configuration. */
typedef struct bpnn_trial {
    size_t number; /* from 1; 1 is the caller's options as they are: the baseline */
    bpnn_choice choice;
    size_t fits; /* folds that it was measured on: all, or fewer where others were better on these */
    bool whole;  /* all of them: such trials are compared */
    double loss,
        deviation; /* of the rows held out: mean and deviation (n - 1) over its fits; infinite where one failed or diverged */
    double gain,
        gain_error; /* whole trials: how much lower than the baseline on the same folds, and the standard error of that
                                (Nadeau and Bengio 2003: the folds share rows); 0 and NAN for the baseline */
    const char *method; /* that was used; static text; NULL without a fit */
    size_t parameters;
    double seconds;           /* of all its fits */
    const bpnn_metrics *mean; /* a target each, over its fits; NULL without a fit */
    char error[160];          /* why it could not be fitted, else empty */
} bpnn_trial;

/* After every fit, one call at a time, from any thread; returns true to go on. */
typedef bool (*bpnn_tune_fit_fn)(size_t fits, size_t trials, void *context);

/* After a trial was measured on some more folds; from the caller's thread. */
typedef void (*bpnn_trial_fn)(const bpnn_trial *trial, void *context);

typedef struct bpnn_tune_options {
    size_t struct_size;
    size_t folds, repeats; /* 5, 1 */
    size_t
        trials; /* configurations, the baseline among them; 0 = as many as the time limit allows, or 60 if there is none */
    unsigned fixed; /* BPNN_TUNED_.. bits of what is not searched though the options leave it open; 0 */
    bpnn_tune_fit_fn on_fit;
    bpnn_trial_fn on_trial;
    void *context;
} bpnn_tune_options;

BPNN_API void bpnn_tune_options_default(bpnn_tune_options *options);

typedef struct bpnn_tune {
    size_t folds, repeats, fits, trial_count;
    const bpnn_trial *
        trial; /* the best first: whole ones by their loss (the baseline before its equals), then those that were dropped */
    size_t baseline; /* its place among them */
    bpnn_stop stop;  /* NONE: all trials; TIME, INTERRUPTED, CALLBACK */
    double seconds;
    uint64_t seed;
    size_t rows, target_count;
    const bpnn_model *example; /* of the baseline: names of targets and classes */
    size_t warning_count;
    const char *const *warnings;
} bpnn_tune;

/* Searches for options that give a lower loss on rows held out than `fit` as it is: sizes and activation of hidden layers, method,
 * rate, penalties, batch. Trials are measured on the same folds (bpnn_cross_validate), in rounds: all on the first folds, the better
 * half on twice as many, until the best have all; then new ones are drawn, some of them near the best. What `fit` says stays.
 * fit->train.time_limit is that of the search. Ended by its number of trials the result depends on data, options and seed alone, to
 * the bit, not on threads; the first of the result is never worse than the baseline by the loss that it is judged by.
 *
 * Errors as bpnn_cross_validate has them, of the baseline; a trial that cannot be fitted says why. Thread-safe likewise. */
BPNN_API bpnn_status bpnn_tune_run(bpnn_tune **tune, const bpnn_table *table, const bpnn_fit_options *fit,
                                   const bpnn_tune_options *options, bpnn_error *error);
BPNN_API void bpnn_tune_free(bpnn_tune *tune); /* NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
