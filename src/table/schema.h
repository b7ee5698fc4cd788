/* From a raw table to numbers for a network, and back: which columns, of what type, which categories, what fills a
 * missing cell, how inputs and targets are scaled, what the classes are called. Fitted on training rows once, applied to
 * any table later; every part of it lives in the model file. */
#ifndef BPNN_TABLE_SCHEMA_H
#define BPNN_TABLE_SCHEMA_H

#include <bpnn/model.h>

/* One raw column that feeds the network. */
typedef struct bpnn__feature {
    char *name;
    bool categorical;
    size_t level_count;  /* categorical: one-hot columns in this order (numeric ascending, else bytes of UTF-8) */
    char **levels;       /* as written */
    bool missing_level;  /* categorical: training had missing cells; their column comes after the levels */
    bool indicator;      /* numeric: training had missing cells; a 0/1 column after the value */
    double fill;         /* numeric: what replaces a missing cell, raw unit */
    size_t first, width; /* encoded columns first .. first + width - 1 */
} bpnn__feature;

typedef struct bpnn__schema {
    bpnn_task task; /* never AUTO */
    size_t feature_count;
    bpnn__feature *features; /* in training order */
    size_t width;            /* encoded inputs, s_0 */
    double *mean, *scale;    /* width each: x' = (x - mean) / scale; 0 and 1 for one-hot and indicator columns */
    bpnn_scale input_scaling, target_scaling; /* never AUTO */
    bpnn_missing missing; /* DROP and ERROR apply to predict as MEDIAN / refuse: see bpnn__schema_encode */
    size_t target_count;
    char **targets;                     /* names */
    double *target_mean, *target_scale; /* target_count each; regression: t' = (t - mean) / scale */
    size_t class_count;                 /* 0 for regression */
    char **classes;                     /* labels as written, in class order */
    size_t positive;                    /* binary */
} bpnn__schema;

void bpnn__schema_free(bpnn__schema *schema); /* contents; zeroes the struct */

/* Encoded outputs of the network: targets (regression), 1 (binary), classes (multiclass). */
size_t bpnn__schema_outputs(const bpnn__schema *schema);

/* The class with this label; SIZE_MAX: there is none. */
size_t bpnn__schema_class(const bpnn__schema *schema, const char *label);

/* Warnings and notes gathered while fitting; the texts are owned by the list. */
typedef struct bpnn__notes {
    size_t count;
    char **texts;
    bpnn_message_fn message; /* told at once, or NULL */
    void *context;
} bpnn__notes;

void bpnn__notes_add(bpnn__notes *notes, bool warning, const char *format, ...) __attribute__((format(printf, 3, 4)));
void bpnn__notes_free(bpnn__notes *notes);

/* What was decided about a table before fitting: column roles and the rows of each part. */
typedef struct bpnn__plan {
    bpnn_task task;                  /* never AUTO */
    size_t feature_count, *features; /* column indices, table order */
    bool *categorical;               /* feature_count */
    size_t target_count, *targets;
    size_t weight_column, split_column, group_column; /* SIZE_MAX = none */
    double validation_share; /* in force; 0 with a split column or a table of validation rows */
    size_t class_count;
    char **classes;
    size_t positive;
    size_t *train, train_count; /* row indices; rows without target are nowhere (counted in notes) */
    const size_t
        *seen; /* borrowed; rows that settle levels and indicators, NULL: train. Training rows of all members */
    size_t seen_count;
    size_t *valid, valid_count;
    size_t *test, test_count;
} bpnn__plan;

/* Resolves columns (names, numbers, ranges), types and the task, drops unusable columns and rows with warnings, finds classes, splits
 * (stratified for classes; a function of seed, rows and target alone), warns of constant, ID-like, duplicate and
 * leaking columns. hold_back_default: whether the default validation share applies (the method holds rows back). All DATA and
 * USAGE errors about table x options come from here. */
bpnn_status bpnn__plan_make(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            bool hold_back_default, bpnn__notes *notes, bpnn_error *error);
void bpnn__plan_free(bpnn__plan *plan); /* contents; zeroes the struct */

/* The same plan with the validation rows that another seed draws; the test rows stay. */
bpnn_status bpnn__plan_make_member(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                                   bool hold_back_default, uint64_t validation_seed, bpnn__notes *notes,
                                   bpnn_error *error);

/* Fits everything on the plan's training rows. loss and output: what target_scale auto looks at. */
bpnn_status bpnn__schema_fit(bpnn__schema *schema, const bpnn_table *table, const bpnn__plan *plan,
                             const bpnn_fit_options *options, bpnn_loss_kind loss, bpnn_activation_kind output,
                             bpnn__notes *notes, bpnn_error *error);

/* Where a table's columns stand for a schema: index of each feature and target; extra columns are ignored. */
typedef struct bpnn__mapping {
    size_t *features; /* feature_count column indices */
    size_t *targets;  /* target_count, SIZE_MAX where the table has none */
} bpnn__mapping;

/* DATA: a feature is missing (named, nearest suggested), a non-number in a numeric column (line, column). */
bpnn_status bpnn__schema_map(const bpnn__schema *schema, const bpnn_table *table, bool targets_needed,
                             bpnn__mapping *mapping, bpnn_error *error);
void bpnn__mapping_free(bpnn__mapping *mapping);

typedef struct bpnn__encode_counts {
    uint64_t unseen_cells, imputed_cells, unseen_labels;
} bpnn__encode_counts;

/* Inputs of rows[0..count) (NULL = first..) as count x width numbers of dtype F32 or F64, row-major, rounded once.
 * missing ERROR: DATA at the first missing cell of a numeric column. counts (may be NULL) is added to. */
bpnn_status bpnn__schema_encode(const bpnn__schema *schema, const bpnn_table *table, const bpnn__mapping *mapping,
                                const size_t *rows, size_t first, size_t count, bpnn_dtype dtype, void *out,
                                bpnn__encode_counts *counts, bpnn_error *error);

/* Targets of the rows. Regression: count x target_count, scaled, NAN = missing. Binary: count x 1 of 0 / 1 (class
 * index; hinge: -1 / 1). Multiclass: count x 1 class index. An unknown label is NAN and counted. `raw` (may be
 * NULL): count x target_count unscaled doubles (class index for classes). */
bpnn_status bpnn__schema_targets(const bpnn__schema *schema, const bpnn_table *table, const bpnn__mapping *mapping,
                                 const size_t *rows, size_t first, size_t count, bool hinge, bpnn_dtype dtype,
                                 void *out, double *raw, bpnn__encode_counts *counts, bpnn_error *error);

/* Row weights (sample weight column times balanced class weights), count doubles; *any = false where all are 1. */
bpnn_status bpnn__plan_weights(const bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               const size_t *rows, size_t count, double *weights, bool *any, bpnn_error *error);

#endif
