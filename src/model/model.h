/* The inside of a model, and what the files of this room offer each other. */
#ifndef BPNN_MODEL_MODEL_H
#define BPNN_MODEL_MODEL_H

#include "model/container.h"
#include "table/schema.h"
#include "train/record.h"

#define BPNN__FORMAT 1 /* of the model file */

/* Largest class count whose confusion matrix is kept, and whose matrix goes into files. */
enum { BPNN__CONFUSION_KEPT = 4096, BPNN__CONFUSION_STORED = 64 };

enum { BPNN__MOST_MEMBERS = 1000, BPNN__MOST_STARTS = 1000 };

/* Rows train on, hold back, report once. */
typedef enum bpnn__part { BPNN__TRAIN, BPNN__VALIDATION, BPNN__TEST, BPNN__PARTS } bpnn__part;

/* How the model was trained, every default resolved. What means nothing for the method is NAN. */
typedef struct bpnn__training {
    double rate, momentum, l1, l2, dropout, clip, min_delta, target_loss;
    size_t batch, epochs, warmup, patience;
    bool shuffle;
    bpnn_schedule_kind schedule;
    double factor, every, wait, gain, least; /* the schedule's settings */
    size_t option_count;                     /* the method's own options */
    bpnn_setting *options;                   /* names are copies */
    bpnn_init_kind init;
    double init_parameter;
    uint32_t fingerprint; /* CRC-32 of the encoded training inputs, targets and weights */
} bpnn__training;

/* What a checkpoint's description has beside that of the model so far. */
typedef struct bpnn__run_notes {
    char *note;                      /* the caller's; NULL = none */
    uint32_t validation_fingerprint; /* as bpnn__training's, of the validation rows; 0 = there are none */
} bpnn__run_notes;

struct bpnn_model {
    const bpnn__run_notes
        *run; /* NULL: a model; else what a checkpoint holds of one, and the notes are somebody else's */
    bpnn__schema schema;
    bpnn_net *net;
    bpnn_predictor *predictor; /* the net, packed when training ended or the file was read */
    bpnn__training training;
    bpnn_metrics *metrics[BPNN__PARTS]; /* target_count each, NULL without rows */
    bpnn_summary summary;               /* points into the parts above and below */
    char *library;                      /* version that trained the model */
    uint64_t arithmetic;
    char *method_why;
    bpnn_record *record;
    size_t record_count;
    bpnn__notes notes;
    size_t start_count; /* of several starts; else 0 */
    bpnn_start *starts;
    /* an ensemble; schema and net are then those of its first member, predictor is NULL */
    size_t member_count; /* 0: none */
    bpnn_model **members;
    bool borrows; /* a member that was read: its texts and levels belong to the first one */
};

/* model.c: points the summary at the model's parts. */
void bpnn__model_link(bpnn_model *model);

/* describe.c: the metadata as JSON; *json is freed with bpnn__free. */
bpnn_status bpnn__describe(const bpnn_model *model, bool pretty, char **json, size_t *size, bpnn_error *error);

/* The kind of a checkpoint's file, and the words of feature types. */
#define BPNN__CHECKPOINT "checkpoint"
#define BPNN__NUMERIC "numeric"
#define BPNN__CATEGORICAL "categorical"

/* restore.c: fills a zeroed model from a parsed container. MODEL errors name `file`. run: NULL for a model's file, else
 * a checkpoint is wanted, and these are its zeroed notes. */
bpnn_status bpnn__restore(bpnn_model *model, bpnn__run_notes *run, const bpnn__container *container, const char *file,
                          bpnn_error *error);

/* Tensors of a checkpoint that belong to the run begin with this. */
#define BPNN__RUN_PREFIX "run."

/* save.c: a model's file, and the arrays of `record` with it where there is one (model->run is set then). */
bpnn_status bpnn__write(const bpnn_model *model, const bpnn__record *record, void **bytes, size_t *size,
                        bpnn_error *error);

/* load.c: the bytes of a file that may be a model or a checkpoint. */
bpnn_status bpnn__read_file(const char *path, void **bytes, size_t *size, bpnn_error *error);

/* present.c: outputs y^D of one row -> values as bpnn_prediction has them; label may be NULL. */
void bpnn__present(const bpnn_model *model, const double *y, double *values, size_t *label);
size_t bpnn__value_count(const bpnn_model *model);

/* present.c: the sum of `count` members' values becomes their mean; the label that the mean stands for. */
void bpnn__average(const bpnn_model *model, size_t count, double *values, size_t *label);
/* predict.c: bpnn_model_predict of rows[0..count) (NULL = the first of the table). */
bpnn_status bpnn__predict_rows(const bpnn_model *model, const bpnn_table *table, const size_t *rows, size_t count,
                               size_t threads, const char *isa, bpnn_prediction *prediction, bpnn_error *error);

/* The number a binary row is ranked by, for roc_auc. */
double bpnn__score(const bpnn_model *model, const double *y);

/* True where targets are a column for every class instead of class indices. */
bool bpnn__one_hot_targets(const bpnn_model *model);

/* Class indices (count numbers of dtype, NAN = none) to rows of `classes` numbers, on at the class and off elsewhere. */
void bpnn__one_hot(bpnn_dtype dtype, const void *index, size_t count, size_t classes, double off, void *out);

/* Rows to measure: rows[0..count) (NULL = first 0) of a table whose columns stand as in `mapping`. speaks: NULL, or
 * members x count: whether a member takes part in the mean of a row; at least one does. */
typedef struct bpnn__measured {
    const bpnn_table *table;
    const bpnn__mapping *mapping;
    const size_t *rows;
    size_t count;
    const unsigned char *speaks;
} bpnn__measured;

/* evaluate.c: target_count of them into metrics. The loss of an ensemble is the mean of its members' losses. */
bpnn_status bpnn__evaluate_rows(const bpnn_model *model, const bpnn__measured *what, size_t threads, const char *isa,
                                bpnn_metrics *metrics, bpnn_error *error);

/* metrics.c: all NAN and 0. */
void bpnn__metrics_clear(bpnn_metrics *metrics, bpnn_task task, size_t class_count);

/* hidden.c: hidden layers from "64,32" or "64:relu,32:tanh"; activation NULL = `standard`. *layers has room for one more
 * (the output layer) and is freed with bpnn__free. */
bpnn_status bpnn__hidden_parse(const char *hidden, const char *activation, const char *standard, bpnn_bias bias,
                               bpnn_layer **layers, size_t *count, bpnn_error *error);

/* Rows of one block of work over a table `width` columns wide. */
static inline size_t bpnn__block_rows(size_t width, size_t numbers, size_t least, size_t most)
{
    size_t rows = numbers / (width ? width : 1);
    return rows < least ? least : rows > most ? most : rows;
}

#endif
