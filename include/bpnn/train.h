/* Training: methods, the trainer, early stopping, progress. Methods and their formulas: docs/methods.md. */
#ifndef BPNN_TRAIN_H
#define BPNN_TRAIN_H

#include <bpnn/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(ENUM, "name"): why a run ended. A stop reason is a result, not an error. New ones at the end: states of runs hold numbers. */
#define BPNN_STOPS(X)                                                                                                  \
    X(NONE, "none")               /* not ended */                                                                      \
    X(EPOCHS, "epochs")           /* all epochs done */                                                                \
    X(PATIENCE, "patience")       /* no better validation loss for `patience` epochs */                                \
    X(TARGET, "target")           /* training loss <= target_loss */                                                   \
    X(TIME, "time")               /* time limit */                                                                     \
    X(CALLBACK, "callback")       /* a callback said stop */                                                           \
    X(INTERRUPTED, "interrupted") /* the interrupt flag was set */                                                     \
    X(DIVERGED, "diverged")       /* loss or weights not finite, or F > 1000 max(F_0, 1) */                            \
    /* whole methods */                                                                                                \
    X(GRADIENT, "gradient")       /* every derivative is at most tol */                                                \
    X(STEP, "step")               /* the step is too small to matter */                                                \
    X(FLAT, "flat")               /* five iterations without a relative gain of ftol */                                \
    X(DAMPING, "damping")         /* no step lowers the objective, however short */                                    \
    X(LINE_SEARCH, "line_search") /* the same, along the steepest descent */                                           \
    X(EVIDENCE, "evidence")       /* br: fit and penalty are in balance */

/* X(ENUM, "name") */
#define BPNN_SCHEDULES(X)                                                                                              \
    X(CONSTANT, "constant")                                                                                            \
    X(STEP, "step")               /* a factor^floor(e / every) */                                                      \
    X(EXPONENTIAL, "exponential") /* a factor^e */                                                                     \
    X(COSINE, "cosine")           /* a (1 + cos(pi s / (E S))) / 2 */                                                  \
    X(PLATEAU, "plateau")         /* x factor after `wait` epochs without a relative gain */                           \
    X(ONECYCLE, "onecycle")       /* a/factor -> a over the first share, -> a/(1e4 factor), cosine form */             \
    X(ADAPTIVE, "adaptive")       /* all rows a step: x grow where F fell; undone and x shrink where it rose */

#define BPNN_X(id, name) BPNN_STOP_##id,
typedef enum bpnn_stop { BPNN_STOPS(BPNN_X) BPNN_STOP_COUNT } bpnn_stop;
#undef BPNN_X
#define BPNN_X(id, name) BPNN_SCHEDULE_##id,
typedef enum bpnn_schedule_kind { BPNN_SCHEDULES(BPNN_X) BPNN_SCHEDULE_COUNT } bpnn_schedule_kind;
#undef BPNN_X

/* "none", "epochs", ..; "unknown" outside the list. Static text. */
BPNN_API const char *bpnn_stop_name(bpnn_stop stop);
BPNN_API const char *bpnn_schedule_name(bpnn_schedule_kind kind);
BPNN_API int bpnn_schedule_find(const char *name); /* -1: no such */

/* ---- what methods there are ---- */

/* One option of a method: set with {"beta1", 0.9}; in the program --adam-beta1 0.9. */
typedef struct bpnn_method_option {
    const char *name;
    double initial, least, most; /* default and closed range; flags are 0 and 1 */
    const char *help;            /* one line */
} bpnn_method_option;

/* One training method. All texts static. */
typedef struct bpnn_method_info {
    const char *name;   /* "adamw" */
    const char *help;   /* one line, with the source */
    double rate;        /* default rate, NAN if it has none */
    double momentum;    /* default momentum, NAN if it takes none */
    double l2;          /* default l2 */
    bool full_batch;    /* uses all rows in every step */
    bool whole;         /* evaluates the whole objective, in double: bpnn_train alone; an epoch is an iteration */
    bool evidence;      /* finds the penalty itself and needs no validation rows (br) */
    size_t state_count; /* numbers of state a parameter */
    size_t option_count;
    const bpnn_method_option *options;
} bpnn_method_info;

/* Method `index`, NULL past the end; by its name (or a migrant's alias: traingd, trainrp ..), NULL if none. */
BPNN_API const bpnn_method_info *bpnn_method(size_t index);
BPNN_API const bpnn_method_info *bpnn_method_find(const char *name);

/* Setting `index` of a schedule ("factor", ..; in the program --step-factor), NULL past the end. */
BPNN_API const bpnn_method_option *bpnn_schedule_setting(bpnn_schedule_kind kind, size_t index);

/* ---- data and options ---- */

/* Rows to train on or validate with; borrowed. targets and row_weights as in bpnn_net_gradient, but
 * weights are scaled once to mean 1 over the rows under reduction mean. */
typedef struct bpnn_data {
    bpnn_matrix inputs;        /* n x s_0 */
    bpnn_matrix targets;       /* n x s_D, or n x 1 class indices */
    const double *row_weights; /* n, or NULL */
} bpnn_data;

typedef struct bpnn_setting {
    const char *name;
    double value;
} bpnn_setting;

/* What a callback is shown. Valid during the call. */
typedef struct bpnn_progress {
    size_t epoch, epochs;        /* from 1; in the call before the first epoch 0 */
    size_t batch, batches;       /* from 1; both 0 in an epoch call */
    uint64_t updates;            /* parameter updates so far */
    double loss;                 /* batch: of this batch; epoch: mean over the epoch's batches; no penalty */
    double validation_loss;      /* NAN where there is none */
    double best_validation_loss; /* NAN where there is none */
    size_t best_epoch;
    size_t failures;        /* epochs since the best */
    double rate;            /* of the last update */
    double seconds;         /* since the run began */
    double rows_per_second; /* of the last epoch */
    const bpnn_net *net;    /* epoch calls: the present parameters; batch calls: NULL */
    /* whole methods; else 0 and NAN */
    uint64_t evaluations; /* of the objective since the run began */
    double gradient_norm; /* largest |dF/dw| */
    double step;          /* |step| of this iteration */
    double damping;       /* mu of lm and br, lambda of scg */
    double effective;     /* br: gamma, the parameters that the data determine */
    /* which run this is, of a bpnn_fit with several: from 1; else 0 */
    size_t member, members, start, starts;
} bpnn_progress;

/* Returns true to go on, false to stop after this batch or epoch. */
typedef bool (*bpnn_progress_fn)(const bpnn_progress *progress, void *context);

/* How to train. Set by bpnn_train_options_default, then changed; NAN and 0 as described. */
typedef struct bpnn_train_options {
    size_t struct_size;
    const char *method;           /* "adamw" */
    double rate;                  /* NAN: the method's default */
    double momentum;              /* NAN: the method's default */
    const bpnn_setting *settings; /* method options by name; borrowed during _new */
    size_t setting_count;
    size_t batch;   /* rows a step; 0 = all rows (methods with full_batch: always) */
    size_t epochs;  /* or iterations of a whole method; default 1000; 0 = none */
    bool shuffle;   /* default true; the order is a function of (seed, epoch) */
    double l1;      /* default 0 */
    double l2;      /* NAN: the method's default */
    bool l2_auto;   /* lbfgs, cg, scg, lm: choose l2 by the loss of rows held out (5 folds below 1200 rows, else a
                                 fifth; the validation rows where there are some), then use every row: no early stopping */
    double dropout; /* probability, hidden layers; default 0 */
    double clip;    /* global gradient norm; 0 = off */
    bpnn_schedule_kind schedule;
    const bpnn_setting *schedule_settings; /* "factor", "every", "wait" .. ; borrowed during _new */
    size_t schedule_setting_count;
    size_t warmup;      /* epochs */
    size_t patience;    /* epochs; SIZE_MAX = max(20 epochs, 1000 updates), whole methods 6 iterations; 0 = no
                                 early stopping (br has none) */
    double min_delta;   /* absolute */
    double target_loss; /* NAN = none */
    double time_limit;  /* seconds; 0 = none */
    uint64_t seed;
    size_t threads;                      /* 0 = what the machine offers */
    const char *isa;                     /* NULL = auto */
    bpnn_progress_fn on_epoch, on_batch; /* NULL = none; whole methods have no batches */
    void *context;
    const volatile int
        *interrupt; /* NULL, or a flag that a signal handler sets, or another thread (by an atomic store) */
    /* Checkpoints of bpnn_train (bpnn_fit has its own): the state of the run as bytes, valid during the call. Called after every
     * `checkpoint_epochs` epochs (0 = not so), every `checkpoint_seconds` seconds, within epochs too (0 = not so), when the run is
     * interrupted, and when it ends in any other way but divergence. bytes NULL: there was no memory for them. */
    void (*on_checkpoint)(const void *bytes, size_t size, void *context); /* NULL = none */
    size_t checkpoint_epochs;
    double checkpoint_seconds;
    /* NULL, or bytes that on_checkpoint was given: the very same run goes on, whatever threads and isa. Net, data and all options
     * but epochs, time_limit, threads, isa and the callbacks have to be those of that run. The net's parameters are
     * replaced. A run that had ended for good (patience, target ..) ends at once with the same result; one that had done all its
     * epochs goes on if there are more now. Borrowed during the call. */
    const void *resume;
    size_t resume_size;
} bpnn_train_options;

BPNN_API void bpnn_train_options_default(bpnn_train_options *options);

enum { BPNN_PRIORS = 16, BPNN_PENALTIES = 16 };

/* br: parameters under one prior, alpha |w_g|^2 / 2, and what the data say of them. */
typedef struct bpnn_prior {
    size_t layer;     /* 1 .. D; 0: all parameters are one group */
    bool bias;        /* the layer's biases, not its weights */
    size_t size;      /* P_g */
    double alpha;     /* in the units of M = beta E_D + sum alpha_g E_g: docs/methods.md */
    double effective; /* gamma_g: how many of them the data determine */
} bpnn_prior;

/* One penalty that l2_auto tried. */
typedef struct bpnn_penalty {
    double c;    /* l2 = c / N, squared errors 2 c / N (reduction sum: without N) */
    double loss; /* of the rows held out, all folds */
} bpnn_penalty;

/* What came of it. */
typedef struct bpnn_train_result {
    bpnn_stop stop;
    size_t epochs;     /* done, the broken one not counted */
    size_t best_epoch; /* whose parameters the net has now (0 = the initial ones) */
    uint64_t updates;
    double loss;                 /* training loss of the last whole epoch, mean over its batches */
    double best_validation_loss; /* NAN without validation rows */
    size_t failures;             /* epochs since the validation loss was better, at the end */
    double seconds;
    /* where it left the finite numbers (stop == DIVERGED): from 1; 0 = not there */
    size_t diverged_epoch, diverged_batch, diverged_layer;
    char advice[160]; /* one line, for DIVERGED; else empty */
    /* whole methods; else 0 and NAN */
    uint64_t evaluations; /* of the objective */
    double gradient_norm; /* largest |dF/dw| at the last parameters that it is known of */
    double step, damping; /* of the last iteration: |step|; mu of lm and br, lambda of scg */
    /* br: gamma of the parameters, beta and the standard deviation of the noise (in units of the training targets; NAN for
       classes), the log evidence, and the priors of every layer's weights and hidden biases (the first BPNN_PRIORS) */
    double effective, beta, noise, log_evidence;
    size_t prior_count;
    bpnn_prior prior[BPNN_PRIORS];
    /* l2_auto: what was tried, c ascending; what was taken; else 0 and the l2 that was given */
    double l2;
    size_t penalty_count;
    bpnn_penalty penalty[BPNN_PENALTIES];
} bpnn_train_result;

/* ---- the whole run, and its parts ---- */

/* Trains net on `training`; with `validation` (NULL = none) stops early and restores the best
 * parameters. The net receives the parameters at the end, whatever the reason. A run that diverges
 * returns BPNN_OK with stop DIVERGED and the last finite parameters. result may be NULL. */
BPNN_API bpnn_status bpnn_train(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                                const bpnn_train_options *options, bpnn_train_result *result, bpnn_error *error);

/* One trainer of a step method (USAGE for whole ones), one thread at a time. Copies net and options, borrows the data until it is freed.
 * After fork() parent and child may each go on with their copy, or free it, unless another thread was inside a call on it: the child
 * computes with its one thread, the same bits. What it makes anew has threads of its own. */
typedef struct bpnn_trainer bpnn_trainer;

BPNN_API bpnn_status bpnn_trainer_new(bpnn_trainer **trainer, const bpnn_net *net, const bpnn_data *training,
                                      const bpnn_train_options *options, bpnn_error *error);
BPNN_API void bpnn_trainer_free(bpnn_trainer *trainer);

/* One update from the given rows of the training data (indices, 1 to `batch` of them, in this order).
 * *loss (may be NULL): the batch's loss before the update. No allocation. DIVERGED: nothing was updated. */
BPNN_API bpnn_status bpnn_trainer_step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss,
                                       bpnn_error *error);

/* L and its gradient (seed form doubles, either may be NULL) over the given rows at the trainer's
 * parameters; nothing is updated. For training loops of your own. The trainer must store gradients: one with batch 0, which takes
 * any number of rows, does. No allocation. */
BPNN_API bpnn_status bpnn_trainer_gradient(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss,
                                           double *gradient, bpnn_error *error);

/* All batches of the next epoch, or what is left of one that a callback, the flag or the time limit broke off. *loss: mean over
 * the epoch's batches so far, weighted by rows. */
BPNN_API bpnn_status bpnn_trainer_epoch(bpnn_trainer *trainer, double *loss, bpnn_error *error);

/* Mean (or sum) loss of `data` at the trainer's parameters, without dropout or penalty. */
BPNN_API bpnn_status bpnn_trainer_evaluate(bpnn_trainer *trainer, const bpnn_data *data, double *loss,
                                           bpnn_error *error);

/* Everything the trainer remembers (parameters, the method's state, where it stands in its epoch, the schedule) as bytes, and back
 * into a trainer that was made from the same net, data and options (threads and isa apart): it goes on with the same bits.
 * *bytes is freed with bpnn_release. Restoring: MODEL for bytes that are damaged or no such state, USAGE for that of another
 * trainer; the trainer is as it was then (after MEMORY it can only be freed). */
BPNN_API bpnn_status bpnn_trainer_save(const bpnn_trainer *trainer, void **bytes, size_t *size, bpnn_error *error);
BPNN_API bpnn_status bpnn_trainer_restore(bpnn_trainer *trainer, const void *bytes, size_t size, bpnn_error *error);

/* Copies the trainer's parameters into net (same shape), or the net's into the trainer. */
BPNN_API void bpnn_trainer_get(const bpnn_trainer *trainer, bpnn_net *net);
BPNN_API void bpnn_trainer_set(bpnn_trainer *trainer, const bpnn_net *net);

#ifdef __cplusplus
}
#endif

#endif
