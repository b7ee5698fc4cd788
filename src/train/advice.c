#include "train/advice.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

static double element(const bpnn_matrix *m, size_t r, size_t c)
{
    size_t i = r * m->stride + c;
    switch (m->dtype) {
    case BPNN_F32:
        return (double)((const float *)m->data)[i];
    case BPNN_F64:
        return ((const double *)m->data)[i];
    default:
        return (double)((const unsigned char *)m->data)[i];
    }
}

/* Finds a number beyond the precision, or one that is none (unless `may_be_missing`); false: all are good. */
static bool find_bad(const bpnn_matrix *m, bpnn_precision precision, bool may_be_missing, size_t *row, size_t *col)
{
    for (*row = 0; *row < m->rows; ++*row)
        for (*col = 0; *col < m->cols; ++*col) {
            double x = element(m, *row, *col);
            double stored = precision == BPNN_SINGLE ? (double)(float)x : x;
            if (isinf(stored) || (isnan(stored) && !may_be_missing))
                return true;
        }
    return false;
}

static void say(bpnn_train_result *result, const bpnn_error *message)
{
    size_t size = strlen(message->text) + 1, most = sizeof result->advice;
    memcpy(result->advice, message->text, size < most ? size : most);
    result->advice[most - 1] = '\0';
}

void bpnn__advise(const bpnn_data *data, bpnn_precision precision, const bpnn__settled *settled, bool first,
                  bpnn_train_result *result)
{
    bpnn_error message;
    size_t row, col;
    if (find_bad(&data->inputs, precision, false, &row, &col))
        bpnn__fail(&message, BPNN_DATA, "input %zu of row %zu is not a finite number in this precision", col + 1,
                   row + 1);
    else if (find_bad(&data->targets, precision, true, &row, &col))
        bpnn__fail(&message, BPNN_DATA, "target %zu of row %zu is not a finite number in this precision", col + 1,
                   row + 1);
    else if (first)
        bpnn__fail(&message, BPNN_DATA, "already the first loss is not finite: scale the inputs and targets");
    else if (settled->method->whole)
        bpnn__fail(&message, BPNN_DATA,
                   "a parameter is too large for single precision: take double, or a penalty (l2)");
    else
        bpnn__fail(&message, BPNN_DATA, "take a smaller rate%s",
                   settled->clip > 0 ? "" : ", or clip the gradient (clip 1)");
    say(result, &message);
}
