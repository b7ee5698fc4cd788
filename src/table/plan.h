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

/* Labels as they stand in the table, sorted: numeric ascending if all are numbers, else by bytes. Duplicates removed. Owned by the caller. */
bpnn_status bpnn__labels_of(const bpnn_table *table, size_t column, const size_t *rows, size_t count, char ***labels,
                            size_t *label_count, bpnn_error *error);
void bpnn__labels_free(char **labels, size_t count);

/* The index of a label, or SIZE_MAX. Labels that are numbers are compared as numbers where the texts differ. */
size_t bpnn__label_find(char *const *labels, size_t count, const char *text);

/* split.c: training, validation and test rows. */
bpnn_status bpnn__plan_split(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                             const size_t *rows, size_t count, bool hold_back_default, bpnn__notes *notes,
                             bpnn_error *error);

/* warnings.c: constant, ID-like, duplicate and leaking columns; repeated rows. */
void bpnn__plan_warn(const bpnn__plan *plan, const bpnn_table *table, bpnn__notes *notes);

#endif
