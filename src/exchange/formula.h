/* Formulas that many languages share: activations and shares, written once and spelt by a dialect. The C and ONNX writers have their
 * own: one keeps the library's bits, the other has operators instead of functions. */
#ifndef BPNN_EXCHANGE_FORMULA_H
#define BPNN_EXCHANGE_FORMULA_H

#include "exchange/exchange.h"
#include "exchange/put.h"

/* How a language spells what formulas are made of. Functions with their bracket: "EXP(". */
typedef struct bpnn__dialect {
    const char *where, *then, *otherwise, *end; /* where CONDITION then A otherwise B end */
    const char *exp, *tanh, *atanh, *sin, *cos, *abs;
    const char *erf; /* NULL: its polynomials are written out */
    const bpnn__style *numbers;
} bpnn__dialect;

/* The activation of x, a name or a cell without operators. Softmax forms look at the whole row: false, and nothing is written. */
bool bpnn__put_activation(bpnn__text *to, const bpnn__dialect *dialect, const bpnn_activation *activation,
                          const char *x);

/* An output of a classifier as a share of certainty (model/present.c). */
void bpnn__put_share(bpnn__text *to, const bpnn__dialect *dialect, const bpnn_model *model, const char *x);

/* The polynomials of kernel/elementary_double.h, highest power first: erf(a) / a in a^2 for a < 1, erfc(a) exp(a^2) in
 * (a - 2) / (a + 2) up to 6. c_functions.c has them as text. */
enum { BPNN__ERF_NEAR = 13, BPNN__ERF_FAR = 18 };
extern const double bpnn__erf_near[BPNN__ERF_NEAR], bpnn__erf_far[BPNN__ERF_FAR];

/* erf of the expression x; the dialect's own erf is not asked. */
void bpnn__put_erf(bpnn__text *to, const bpnn__dialect *dialect, const char *x);

/* The output activation of the model's networks, and whether their outputs are a distribution already. */
bpnn_activation_kind bpnn__output_of(const bpnn_model *model);
bool bpnn__is_distribution(const bpnn_model *model);
static inline bool bpnn__over_row(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
}

/* True if some layer has the activation. */
bool bpnn__has_activation(const bpnn_model *model, bpnn_activation_kind kind);

/* Names of the values: classes, or targets. */
char *const *bpnn__value_names(const bpnn_model *model);

#endif
