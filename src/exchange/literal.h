/* A model's numbers and names as literals of Python or JavaScript: what predicting programs are driven by. */
#ifndef BPNN_EXCHANGE_LITERAL_H
#define BPNN_EXCHANGE_LITERAL_H

#include "exchange/formula.h"

typedef struct bpnn__literals {
    const char *declare; /* before a name: "const ", or "" */
    const char *end;     /* behind a statement: ";", or "" */
    const char *none, *yes, *no;
    bool pairs; /* characters beyond U+FFFF as two \u escapes, else as \U and eight digits */
} bpnn__literals;

/* A quoted text: every character but letters, digits, blank, _ - . and round brackets leaves as an escape. */
void bpnn__put_string(bpnn__text *to, const bpnn__literals *style, const char *text);

/* TASK, FEATURES (name, levels, missing), OUTPUTS, REFUSE_MISSING, MEMBERS (fill, mean, scale, target_mean, target_scale, weight,
 * bias), each a statement. bias has a number a unit. */
void bpnn__put_literals(bpnn__text *to, const bpnn__literals *style, const bpnn_model *model);

#endif
