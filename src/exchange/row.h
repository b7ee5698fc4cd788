/* One row as exported programs take it: a number a feature: numeric ones as they are (NaN = missing), categorical ones
 * as the number of their level from 0, -1 = not seen in training, NaN = missing. */
#ifndef BPNN_EXCHANGE_ROW_H
#define BPNN_EXCHANGE_ROW_H

#include "exchange/exchange.h"

/* bpnn_prediction's values and label (may be NULL) of one row, with the exact instruction set `scalar`. DATA: a number is too large, or
 * missing where that is refused. */
bpnn_status bpnn__row_predict(const bpnn_model *model, const double *raw, double *values, size_t *label,
                              bpnn_error *error);

/* The network's inputs of one row by a schema; false where a number is missing and that is refused, or too large. */
bool bpnn__row_encode(const bpnn__schema *s, bpnn_precision precision, const double *raw, double *to);

/* Raw rows for test vectors: count x feature_count, a function of (model, number of the row) alone. */
void bpnn__row_draw(const bpnn_model *model, size_t first, size_t count, double *raw);

#endif
