/* Which rows are held out together: a function of (seed, rows, target, groups). */
#ifndef BPNN_STUDY_FOLDS_H
#define BPNN_STUDY_FOLDS_H

#include "table/plan.h"

typedef struct bpnn__folds {
    size_t count, repeats; /* folds of a repeat */
    bpnn__plan plan;       /* of the whole table: plan.train are the rows in folds */
    size_t rows;           /* plan.train_count */
    size_t table_rows;
    size_t group_count; /* 0: no groups */
    size_t *class;      /* rows: class of each, 0 for regression */
    size_t *fold;       /* repeats x rows */
} bpnn__folds;

/* USAGE: fewer than 2 folds, more folds than rows or groups; whatever a plan of the table refuses. */
bpnn_status bpnn__folds_make(bpnn__folds *folds, const bpnn_table *table, const bpnn_fit_options *fit, size_t count,
                             size_t repeats, bpnn__notes *notes, bpnn_error *error);
void bpnn__folds_free(bpnn__folds *folds); /* contents */

/* Rows of the table in one fold, ascending; *held_out: a byte a row of the table. Both are freed with bpnn__free; NULL: out of
 * memory. */
size_t *bpnn__fold_rows(const bpnn__folds *folds, size_t repeat, size_t fold, size_t *count, unsigned char **held_out);

#endif
