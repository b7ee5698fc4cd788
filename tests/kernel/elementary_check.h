/* How far a row of elementary functions is from libm's wider type. */
#ifndef ELEMENTARY_CHECK_H
#define ELEMENTARY_CHECK_H

#include "kernel/elementary_rows.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct elementary_result {
    uint64_t done, bad;
    double worst; /* ulp, among finite results */
    double worst_at;
} elementary_result;

extern const char *const elementary_names[FUNCTION_COUNT];

/* The largest error that is promised: 2 ulp, 2.5 for tanh and sigmoid. */
double elementary_limit(int function);

/* Adds the outcome of y[i] = f(x[i]). Infinities, zeros of underflow and NaN must be exact. */
void elementary_judge_f32(int function, size_t n, const float *x, const float *y, elementary_result *result);
void elementary_judge_f64(int function, size_t n, const double *x, const double *y, elementary_result *result);

/* "elementary NAME: n done, n bad (max n ulp at x)" */
void elementary_report(const char *precision, int function, const elementary_result *result);

/* splitmix64: the next word of a sequence. */
uint64_t elementary_word(uint64_t *state);

/* Arguments, ELEMENTARY_BLOCK of them: every exponent in turn from `block`'s on, any sign and mantissa; uniform in ranges
 * around the functions' thresholds and bends; either of these or two more kinds, in turn. */
enum { ELEMENTARY_BLOCK = 4096 };
void elementary_draw_exponents(uint64_t *state, size_t block, double *x);
void elementary_draw_range(uint64_t *state, double *x);
void elementary_draw(uint64_t *state, size_t block, double *x);

/* A row that this machine runs, by index, in the order of the list; NULL loops: not usable here. */
typedef struct elementary_row {
    const char *isa;
    const elementary_loop *f32, *f64;
    bool exact; /* promises the same bits as the others */
} elementary_row;
enum { ELEMENTARY_ROW_MOST = 4 };
size_t elementary_usable_rows(elementary_row rows[ELEMENTARY_ROW_MOST]);

#endif
