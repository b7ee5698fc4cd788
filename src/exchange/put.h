/* Writing programs as text. */
#ifndef BPNN_EXCHANGE_PUT_H
#define BPNN_EXCHANGE_PUT_H

#include "base/text.h"

/* Adds a text; of printf only %s, %zu, %g (the shortest that reads back the same) and %%. */
void bpnn__put(bpnn__text *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How a language writes lists of numbers. */
typedef struct bpnn__style {
    const char *tail; /* behind a finite number: "f", or "" */
    const char *nan, *infinity, *minus_infinity;
    size_t width; /* numbers a line */
} bpnn__style;

/* A number with a point or exponent, so that no language takes it for an integer; with `single` the shortest that reads back the same
 * float. */
void bpnn__put_number(bpnn__text *to, const bpnn__style *style, bool single, double value);

/* What stands before number i of a list: nothing, a comma, or a comma and a new line. */
void bpnn__put_next(bpnn__text *to, const bpnn__style *style, size_t i);

/* "a, b, c" broken into lines. */
void bpnn__put_numbers(bpnn__text *to, const bpnn__style *style, bool single, const double *values, size_t count);

/* The character at *text, which is valid UTF-8 and not at its end; *text goes past it. */
uint32_t bpnn__next_character(const char **text);

#endif
