/* Models with every activation and kind of column, and tables for them, from a seed. */
#ifndef BPNN_TESTS_EXCHANGE_DRAWN_H
#define BPNN_TESTS_EXCHANGE_DRAWN_H

#include "model/made.h"

/* A model whose columns are called f0, f1, .. and levels l0, l1, ..: a table can be made for it. `hidden`: the activation of the
 * hidden layers, BPNN_ACT_COUNT = drawn for each. Freed with bpnn_model_free. */
bpnn_model *drawn_model(dice *d, bpnn_task task, bpnn_precision precision, bpnn_activation_kind hidden);

/* Rows for the model as a table, and as numbers (rows x features: NaN = missing, levels by index, -1 = unknown). */
typedef struct drawn_rows {
    size_t rows, columns;
    double *raw;
    bpnn_table *table;
} drawn_rows;
void draw_rows(dice *d, const bpnn_model *model, size_t rows, drawn_rows *out);
void free_rows(drawn_rows *rows);

#endif
