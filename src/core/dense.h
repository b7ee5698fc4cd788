/* Symmetric matrices of doubles: factor, solve, determinant, diagonal of the inverse. For the methods that look at
 * curvature; nothing here knows networks.
 *
 * Element (i, j), i >= j, stands at lines[(j / 8 * stride + i) * 8 + j % 8]: panels of 8 columns like the kernels'; what
 * lies above the diagonal blocks is not used, padding is zero.
 *
 * Orders (arithmetic 1): every element of a factor is a chain over k in one fused multiply-add each, subtracted from the
 * matrix once a block of 64 columns, then once a panel, then by the columns within the panel; row blocks and threads change no
 * bits. */
#ifndef BPNN_CORE_DENSE_H
#define BPNN_CORE_DENSE_H

#include "base/threads.h"
#include <stdbool.h>
#include <stddef.h>

#define BPNN__DENSE_LANES 8

typedef struct bpnn__dense {
    size_t size, stride; /* n; lines a panel: n rounded up to whole panels */
    double *lines;
} bpnn__dense;

bpnn_status bpnn__dense_new(bpnn__dense *matrix, size_t size, bpnn_error *error);
void bpnn__dense_free(bpnn__dense *matrix);
void bpnn__dense_clear(bpnn__dense *matrix);

/* i >= j */
static inline double *bpnn__dense_at(const bpnn__dense *m, size_t i, size_t j)
{
    return m->lines + (j / BPNN__DENSE_LANES * m->stride + i) * BPNN__DENSE_LANES + j % BPNN__DENSE_LANES;
}

/* Bytes of one matrix; SIZE_MAX when they do not fit. */
size_t bpnn__dense_bytes(size_t size);

/* Room for one factor L of n x n matrices, and work on it. */
typedef struct bpnn__factor bpnn__factor;

/* isa NULL = auto; pool NULL = one thread. The pool is borrowed. */
bpnn_status bpnn__factor_new(bpnn__factor **factor, size_t size, const char *isa, bpnn__pool *pool, bpnn_error *error);
void bpnn__factor_free(bpnn__factor *factor);

/* L L^T = scale A + diag(add). False: a pivot was not a finite number above 0; the factor means nothing then. */
bool bpnn__factorise(bpnn__factor *factor, const bpnn__dense *a, double scale, const double *add);

/* x <- (L L^T)^-1 x */
void bpnn__factor_solve(const bpnn__factor *factor, double *x);

/* ln det (L L^T) */
double bpnn__factor_log_det(const bpnn__factor *factor);

/* out[j] = element (j, j) of (L L^T)^-1, from the columns of L^-1. Its room is made first, once; false: no memory. */
bool bpnn__factor_prepare_inverse(bpnn__factor *factor);
void bpnn__factor_inverse_diagonal(bpnn__factor *factor, double *out);

#endif
