/* The generalised Gauss-Newton matrix of a network's objective, in double:
 *   A = sum over rows of J^T S S^T J,  S S^T = the loss's Hessian by y^D or e^D (squared error: J^T J, doubled for mse),
 * by back-passes of seeds, the columns of S: d^D = z . Act_D', then the deltas' own recursion; the row of J~ that belongs to a
 * seed is ((y^{m-1})^T d^m, d^m), m = 1..D; a shared bias has one entry, the sum of d^m. J~ is made a block of rows at a time
 * and never stored. Sources: Schraudolph 2002, Martens 2010; the majorisers of huber, log_cosh and quantile: Huber 1981. */
#ifndef BPNN_CORE_CURVATURE_H
#define BPNN_CORE_CURVATURE_H

#include "core/engine.h"

typedef struct bpnn__curvature bpnn__curvature;

/* core: a bpnn__f64_core, training, without dropout; borrowed. USAGE for losses without curvature. */
bpnn_status bpnn__curvature_new(bpnn__curvature **curvature, void *core, bpnn_error *error);
void bpnn__curvature_free(bpnn__curvature *curvature);

/* Rows of J~ (every seed of every row, rows ascending) into panels of 8 parameters; see dense.h for A. Tests look at single
 * blocks: rows first .. first + count - 1 of the batch, at most bpnn__curvature_rows of them. */
size_t bpnn__curvature_rows(const bpnn__curvature *curvature);
void bpnn__curvature_block(bpnn__curvature *curvature, const bpnn__batch *batch, size_t first, size_t count);
/* J~ of the last block: seeds a row, and entry (row * seeds + seed, parameter). */
size_t bpnn__curvature_seeds(const bpnn__curvature *curvature);
double bpnn__curvature_entry(const bpnn__curvature *curvature, size_t row, size_t parameter);

/* A over the whole batch. `block`: rows at a time, 0 = as many as fit; it changes no bits. */
void bpnn__curvature_sum(bpnn__curvature *curvature, const bpnn__batch *batch, size_t block, bpnn__dense *a);

#endif
