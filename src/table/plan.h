/* Parts of making a plan, a file each. */
#ifndef BPNN_TABLE_PLAN_H
#define BPNN_TABLE_PLAN_H

#include "table/schema.h"
#include "table/table.h"

/* columns.c: targets, features, weight and split columns; column lists "a,b,3-17". */
bpnn_status bpnn__plan_columns(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               bpnn__notes *notes, bpnn_error *error);

/* classes.c: the task, and the classes in their order. `rows`: those with a target. */
bpnn_status bpnn__plan_task(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            const size_t *rows, size_t count, bpnn__notes *notes, bpnn_error *error);

/* levels.c: labels as they stand in the table, sorted: numeric ascending if all are numbers, else by bytes. Of numbers that are equal
 * the shortest text stays. Owned by the caller, after a failure too. */
bpnn_status bpnn__labels_of(const bpnn_table *table, size_t column, const size_t *rows, size_t count, char ***labels,
                            size_t *label_count, bpnn_error *error);
void bpnn__labels_free(char **labels, size_t count);

/* The index of a label, or SIZE_MAX. Labels that are numbers are compared as numbers where the texts differ. */
size_t bpnn__label_find(char *const *labels, size_t count, const char *text);

/* The same for all cells of a column at once: cells as bpnn__table_numbers gives them to label indices. */
#define BPNN__UNSEEN SIZE_MAX
#define BPNN__MISSING (SIZE_MAX - 1)
typedef struct bpnn__lookup {
    size_t *by_code; /* column of text: of every word of its dictionary */
    size_t count;    /* labels that are numbers, ascending */
    struct bpnn__number {
        double value;
        size_t length, label;
    } * numbers;
} bpnn__lookup;
bpnn_status bpnn__lookup_make(bpnn__lookup *lookup, const bpnn_table *table, size_t column, char *const *labels,
                              size_t count, bpnn_error *error);
size_t bpnn__lookup_find(const bpnn__lookup *lookup, double cell);
void bpnn__lookup_free(bpnn__lookup *lookup);

/* Class index of every row, BPNN__MISSING and BPNN__UNSEEN included; 0 for regression. */
bpnn_status bpnn__plan_classes(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                               size_t *class, bpnn_error *error);

/* groups.c: the group of every row, 0 .. *group_count - 1. DATA: a cell of the group column is missing. */
bpnn_status bpnn__plan_groups(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                              size_t *group, size_t *group_count, bpnn_error *error);

/* split.c: training, validation and test rows. */
bpnn_status bpnn__plan_split(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, bool hold_back_default, uint64_t validation_seed,
                             bpnn__notes *notes, bpnn_error *error);

/* weights.c: DATA if a row's weight is no number from 0 up, or all training rows weigh nothing. */
bpnn_status bpnn__plan_check_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                     bpnn_error *error);

/* warnings.c: constant, ID-like, duplicate and leaking columns; repeated rows; classes with few rows. */
bpnn_status bpnn__plan_warn(const bpnn__plan *plan, const bpnn_table *table, bpnn__notes *notes, bpnn_error *error);

/* scale.c: what a missing cell becomes, and how numbers are scaled. x: n numbers, none missing, in any order. */
double bpnn__mean(const double *x, size_t n);

/* Quantile, linear between neighbours. work: n numbers of room; NULL is fine for n = 0, which gives 0. */
double bpnn__quantile(const double *x, size_t n, double q, uint64_t *work);

/* Centre and width; a constant column gets width 1. */
void bpnn__find_scale(bpnn_scale kind, const double *x, size_t n, uint64_t *work, double *centre, double *width);

#endif
