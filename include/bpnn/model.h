/* A trained network with everything needed to apply it to a raw table: columns, categories, missing
 * rule, scalers, class labels, training summary. Fit, save, load, predict, evaluate. */
#ifndef BPNN_MODEL_H
#define BPNN_MODEL_H

#include <bpnn/table.h>
#include <bpnn/train.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BPNN_TASKS(X) X(AUTO, "auto") X(REGRESSION, "regression") X(BINARY, "binary") X(MULTICLASS, "multiclass")
#define BPNN_SCALES(X)                                                                                                 \
    X(STANDARD, "standard") /* mean 0, deviation 1 */                                                                  \
    X(MINMAX, "minmax")     /* into [-1, 1] */                                                                         \
    X(ROBUST, "robust")     /* median 0, quartiles apart by 1 */                                                       \
    X(POOLED, "pooled")     /* mean 0, one width for all inputs: the root of their mean variance */                    \
    X(NONE, "none")                                                                                                    \
    X(AUTO, "auto")
#define BPNN_MISSINGS(X) X(MEDIAN, "median") X(MEAN, "mean") X(DROP, "drop") X(ERROR, "error")

#define BPNN_X(id, name) BPNN_TASK_##id,
typedef enum bpnn_task { BPNN_TASKS(BPNN_X) BPNN_TASK_COUNT } bpnn_task;
#undef BPNN_X
#define BPNN_X(id, name) BPNN_SCALE_##id,
typedef enum bpnn_scale { BPNN_SCALES(BPNN_X) BPNN_SCALE_COUNT } bpnn_scale;
#undef BPNN_X
#define BPNN_X(id, name) BPNN_MISSING_##id,
typedef enum bpnn_missing { BPNN_MISSINGS(BPNN_X) BPNN_MISSING_COUNT } bpnn_missing;
#undef BPNN_X

BPNN_API const char *bpnn_task_name(bpnn_task task);
BPNN_API int bpnn_task_find(const char *name); /* -1: no such */
BPNN_API const char *bpnn_scale_name(bpnn_scale scale);
BPNN_API int bpnn_scale_find(const char *name);
BPNN_API const char *bpnn_missing_name(bpnn_missing missing);
BPNN_API int bpnn_missing_find(const char *name);

/* ---- fitting ---- */

/* Called for every warning and note: one line, no newline. */
typedef void (*bpnn_message_fn)(const char *text, bool warning, void *context);

struct bpnn_model;
struct bpnn_checkpoint;

/* How to make a model from a table. Set by bpnn_fit_options_default, then changed. Texts are
 * borrowed during the call; NULL = the default that is named. Column lists are "a,b,3-17": names, numbers, ranges. */
typedef struct bpnn_fit_options {
    size_t struct_size;
    /* columns */
    const char *target;        /* the last column. The whole text as one exact name first, else split at commas */
    const char *features;      /* all others */
    const char *drop;          /* none */
    const char *categorical;   /* none forced */
    const char *numeric;       /* none forced */
    const char *sample_weight; /* a column; none */
    const char *split_column;  /* a column that holds train, valid(ation) or test; none */
    const char *group;         /* a column: rows that are equal in it stay in one part; no input. none */
    bool class_weight_balanced;
    bpnn_task task;
    const char *positive; /* binary: the last class */
    /* rows held back: a share in (0, 1), or a table of its own; NAN share = default (0.15, none below
       60 rows), 0 = none */
    double validation_share;
    const bpnn_table *validation;
    double test_share; /* default 0 */
    const bpnn_table *test;
    const unsigned char *
        held_out; /* NULL, or a byte a row of the table: the rows that are not 0 are the test. They are reported on, and
                                      nothing is fitted to them; the names of classes alone are known from them */
    /* encoding */
    bpnn_scale scale;        /* auto: pooled for IDX files, else standard */
    bpnn_scale target_scale; /* auto */
    bpnn_missing missing;    /* median */
    bool missing_indicator;  /* true */
    /* network */
    const char *hidden;            /* "64,32" or "64:relu,32:tanh"; "" = no hidden layer; NULL = by rule */
    const char *activation;        /* of hidden layers: "relu", "leaky_relu(0.2)" */
    const char *output_activation; /* by task */
    const char *loss;              /* by task */
    double loss_parameter;         /* NAN = the loss's default */
    bpnn_bias bias;                /* neuron */
    bpnn_init_kind init;           /* auto */
    double init_parameter;         /* NAN */
    bpnn_precision precision;      /* single */
    bpnn_reduction reduction;      /* mean */
    size_t group_rows;             /* 1024 */
    /* training: method NULL = auto, batch SIZE_MAX = by rule, epochs SIZE_MAX = 1000 (br: 300), l2 NAN = by method or rule; seed is the
       seed of the split and the initialiser too; the callbacks are called as bpnn_train does */
    bpnn_train_options train;
    /* Runs beside each other on the threads, whose bits do not depend on them; callbacks are called by one at a time, from several
       threads. time_limit is shared out. Default 1 each, at most 1000. Start r of member k: seed + k restarts + r.
       restarts: starts whose best is taken (bpnn_start.score; ties to the first); one set of validation rows for all of them.
       ensemble: members, each the best of its starts, with validation rows of its own; test rows are the same for all. Members that
       diverge are left out, and where a run is called off those that did not come to a first epoch; one alone is no ensemble. */
    size_t restarts, ensemble;
    bool schedule_by_rule;   /* true; false: train.schedule and its settings are meant */
    bpnn_message_fn message; /* NULL = none; warnings are kept in the model's summary too */
    void *message_context;
    /* NULL, or called once before training with what every choice came to: the same fit with nothing left to a rule (init
       auto alone stays: it is a rule a layer). Its texts live during the call. */
    void (*on_resolved)(const struct bpnn_fit_options *resolved, void *context);
    void *resolved_context;
    /* A file for the state of the run (docs/formats.md), the one before it kept as FILE.prev; NULL = none. It is written when the run
       is interrupted; with one of the next two also every so many epochs or seconds and at the end, unless that is divergence. A
       checkpoint that cannot be written draws a warning, and training goes on. */
    const char *checkpoint;
    size_t checkpoint_epochs;    /* 0 = not by epochs */
    double checkpoint_seconds;   /* 0 = not by time; comes within epochs too */
    const char *checkpoint_note; /* a text of yours to be kept with it, read when it is written; NULL = none */
    /* NULL, or a run that goes on: same options, same table (threads, isa, epochs, time_limit and the callbacks may be others). The
       model is that of the run never stopped, byte for byte. What is not the same is refused by its name, or accepted with a warning
       with resume_anyway; columns, categories and scalers are always the checkpoint's. */
    const struct bpnn_checkpoint *resume;
    bool resume_anyway;
    /* NULL, or a model whose parameters training starts from. Task, target, columns, categories, scalers and network are the model's;
       what the options say of them has to be the same. Method NULL is adamw.
       checkpoint, resume and init_from are for one network: restarts and ensemble 1, and no ensemble's model. */
    const struct bpnn_model *init_from;
} bpnn_fit_options;

BPNN_API void bpnn_fit_options_default(bpnn_fit_options *options);

typedef struct bpnn_model bpnn_model;
typedef struct bpnn_checkpoint bpnn_checkpoint;

/* Splits, encodes, trains. On divergence or interruption the best finite model is still given and the
 * status is OK: look at bpnn_model_summary(..)->stop. Everything is validated before training starts. */
BPNN_API bpnn_status bpnn_fit(bpnn_model **model, const bpnn_table *table, const bpnn_fit_options *options,
                              bpnn_error *error);
BPNN_API void bpnn_model_free(bpnn_model *model);

/* ---- files: docs/formats.md ---- */

/* Writes aside, syncs, renames: the old file is whole until the new one is. Equal models give equal bytes. */
BPNN_API bpnn_status bpnn_model_save(const bpnn_model *model, const char *path, bpnn_error *error);
BPNN_API bpnn_status bpnn_model_load(bpnn_model **model, const char *path, bpnn_error *error);

/* The same to and from memory. *bytes is freed with bpnn_release. */
BPNN_API bpnn_status bpnn_model_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error);
BPNN_API bpnn_status bpnn_model_read(bpnn_model **model, const void *bytes, size_t size, const char *name,
                                     bpnn_error *error);

/* ---- checkpoints: runs that can go on (bpnn_fit_options.checkpoint, .resume) ---- */

/* Where path's file is damaged or missing, PATH.prev is taken and message (may be NULL) is told so. A model's file is MODEL. */
BPNN_API bpnn_status bpnn_checkpoint_load(bpnn_checkpoint **checkpoint, const char *path, bpnn_message_fn message,
                                          void *context, bpnn_error *error);
BPNN_API void bpnn_checkpoint_free(bpnn_checkpoint *checkpoint);

/* The same from memory, and back: *bytes is freed with bpnn_release. */
BPNN_API bpnn_status bpnn_checkpoint_read(bpnn_checkpoint **checkpoint, const void *bytes, size_t size,
                                          const char *name, bpnn_error *error);
BPNN_API bpnn_status bpnn_checkpoint_write(const bpnn_checkpoint *checkpoint, void **bytes, size_t *size,
                                           bpnn_error *error);

/* The model with the parameters that are the best so far; lives as long as the checkpoint. It has no metrics yet. */
BPNN_API const bpnn_model *bpnn_checkpoint_model(const bpnn_checkpoint *checkpoint);
BPNN_API const char *bpnn_checkpoint_note(const bpnn_checkpoint *checkpoint); /* NULL = none */

typedef struct bpnn_checkpoint_place {
    size_t epochs, best_epoch; /* done; whose parameters the model has */
    size_t batches;            /* of the epoch that was broken off; 0 = between two epochs */
    uint64_t updates;
    bool over; /* the run had ended for good (patience, target, ..): it can only give its model */
} bpnn_checkpoint_place;
BPNN_API bpnn_checkpoint_place bpnn_checkpoint_where(const bpnn_checkpoint *checkpoint);

/* What on_epoch was told of an epoch, from 1, without times and net. False: there was no such epoch. */
BPNN_API bool bpnn_checkpoint_epoch(const bpnn_checkpoint *checkpoint, size_t epoch, bpnn_progress *progress);

/* ---- looking at a model ---- */

/* Metrics of the whole pipeline in prediction mode, in the target's own unit. Undefined = NAN. */
typedef struct bpnn_metrics {
    bpnn_task task;
    size_t rows; /* with a target */
    double loss; /* training loss in training space, without penalty */
    /* regression */
    double mse, rmse, mae, r2, max_error;
    /* classification */
    double accuracy, precision, recall, f1, roc_auc, log_loss, macro_f1;
    size_t class_count;
    uint64_t *confusion;    /* class_count x class_count, [true * class_count + predicted]; owned by the metrics */
    uint64_t unseen_labels; /* rows whose true class the model does not know: counted as wrong */
} bpnn_metrics;

/* One start of a fit with several. */
typedef struct bpnn_start {
    uint64_t seed;  /* of its initial weights, order and dropout */
    bpnn_stop stop; /* NONE: it was not begun */
    size_t epochs, best_epoch;
    double
        score; /* what starts are compared by: the loss of the rows held back, of those held out (l2_auto), or of training; br: the
                     log evidence, more is better. NAN: none */
} bpnn_start;
/* One epoch (or iteration) of the training. NAN: the method does not have it. */
typedef struct bpnn_record {
    size_t epoch; /* from 1; 0: before the first */
    double loss, validation_loss;
    double rate;                                    /* step methods */
    double gradient_norm, step, damping, effective; /* whole methods: as in bpnn_progress */
    size_t failures;                                /* validation: epochs since the best */
    double seconds;                                 /* since the run began; NAN: before it was stopped and went on */
} bpnn_record;

typedef struct bpnn_summary {
    const char *method;
    bpnn_stop stop;
    size_t rows_train, rows_validation, rows_test;
    size_t epochs, best_epoch;
    uint64_t updates;
    double seconds; /* of this run; not stored in files (NAN after loading) */
    uint64_t seed;
    bpnn_train_result result; /* as bpnn_train gave it; after loading only what files store */
    size_t target_count;
    const bpnn_metrics *train, *validation, *test; /* target_count each; NULL where there are no rows */
    double noise; /* br, one target: standard deviation of the noise in the target's unit; else NAN */
    /* epoch by epoch, in order (a resumed run's from 1); where there were more than 65,536 every second, fourth .. of them; not stored in files (0) */
    size_t record_count;
    const bpnn_record *record;
    const char *method_why; /* why auto chose the method; NULL if the user named it or after loading */
    size_t warning_count;
    const char *const *warnings;
    size_t start_count, start; /* of a fit with several starts: all of them, and whose net this is, from 0; else 0 */
    const bpnn_start *starts;
    const char *
        checkpoint; /* the file that the last checkpoint of this run went to, NULL if none was written; lives as long as
                               the fit's options */
} bpnn_summary;

/* All of these live as long as the model. */
BPNN_API const bpnn_summary *bpnn_model_summary(const bpnn_model *model);
BPNN_API const bpnn_net *bpnn_model_net(const bpnn_model *model);
BPNN_API bpnn_task bpnn_model_task(const bpnn_model *model);
BPNN_API size_t bpnn_model_target_count(const bpnn_model *model);
BPNN_API const char *bpnn_model_target_name(const bpnn_model *model, size_t target);
BPNN_API size_t bpnn_model_class_count(const bpnn_model *model);                /* 0 for regression */
BPNN_API const char *bpnn_model_class_label(const bpnn_model *model, size_t k); /* as written in the table */
BPNN_API size_t bpnn_model_positive_class(const bpnn_model *model);
BPNN_API size_t bpnn_model_feature_count(const bpnn_model *model); /* columns of the raw table */
BPNN_API const char *bpnn_model_feature_name(const bpnn_model *model, size_t f);
BPNN_API bool bpnn_model_feature_is_categorical(const bpnn_model *model, size_t f);

/* An ensemble holds members: models of their own (network, scalers, fills, training; each can be saved and applied alone) with
 * the same columns, categories, classes and layers. Its values are the members' values, added in their order and divided by
 * their number, in double; its label is the first of the largest values. bpnn_model_net gives the first member's. */
BPNN_API size_t bpnn_model_members(const bpnn_model *model); /* 1: no ensemble */
/* From 0; NULL past the end; the model itself where it is no ensemble. Lives as long as the model. */
BPNN_API const bpnn_model *bpnn_model_member(const bpnn_model *model, size_t k);

/* The whole description as one JSON text (the model's metadata, pretty). Freed with bpnn_release. */
BPNN_API bpnn_status bpnn_model_describe(const bpnn_model *model, char **json, bpnn_error *error);

/* ---- applying a model ---- */

/* Predictions for a raw table. Arrays belong to the prediction. */
typedef struct bpnn_prediction {
    size_t rows, columns;
    double *values;         /* rows x columns: regression one column a target, in its unit;
                                classification one probability a class (also for binary: 2 columns) */
    size_t *label;          /* rows: the predicted class; NULL for regression */
    uint64_t unseen_cells;  /* category cells never seen in training */
    uint64_t imputed_cells; /* missing cells replaced */
} bpnn_prediction;

BPNN_API bpnn_status bpnn_model_predict(const bpnn_model *model, const bpnn_table *table, size_t threads,
                                        const char *isa, bpnn_prediction *prediction, bpnn_error *error);
BPNN_API void bpnn_prediction_free(bpnn_prediction *prediction); /* the arrays; zeroes the struct */

/* Metrics on a table that has the target column(s): target_count of them into metrics[]. */
BPNN_API bpnn_status bpnn_model_evaluate(const bpnn_model *model, const bpnn_table *table, size_t threads,
                                         const char *isa, bpnn_metrics *metrics, bpnn_error *error);
BPNN_API void bpnn_metrics_free(bpnn_metrics *metrics);

#ifdef __cplusplus
}
#endif

#endif
