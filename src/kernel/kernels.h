/* The table of fast loops for one instruction set and one precision. Loops know panels and lines, nothing of
 * networks.
 *
 * Panel form: n rows of c numbers stand as [panel of LANES columns][row][LANES]: element (r, k) is
 * a[(k / LANES * stride + r) * LANES + k % LANES]; `stride` counts lines (rows | 1 or more). Padding
 * columns are zero and stay zero. Every pointer is aligned to a line.
 *
 * Orders of summation (arithmetic 1): "chain": from the start value, k ascending, one fused multiply-add each.
 * "lanes": a line of partial sums starting at +0, element k into lane k mod LANES by fused multiply-add (k
 * ascending in each lane), then the halving tree (l with l + LANES/2, ..). */
#ifndef BPNN_KERNEL_KERNELS_H
#define BPNN_KERNEL_KERNELS_H

#include "kernel/real.h"
#include <bpnn/matrix.h>
#include <bpnn/net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An output layer and its loss, for `output` below. */
typedef struct BPNN_NAME(output_rule) {
    bpnn_activation activation;
    bpnn_loss loss;
    size_t cols; /* s_D */
} BPNN_NAME(output_rule);

/* Dropout of one layer's outputs: unit i of data-set row `id` is kept when word i mod 4 of Philox(key,
 * counter (i/4, id low, id high ^ (layer << 24), t)) is below `threshold`; kept values are multiplied by `scale`. */
typedef struct BPNN_NAME(dropout_rule) {
    uint32_t key[2];
    uint32_t threshold; /* floor((1-p) 2^32) */
    real scale;         /* 1 / (1-p) */
    uint32_t layer, t;
} BPNN_NAME(dropout_rule);

/* A net whose layers are one panel each, for `tiny_gradient`. Offsets in numbers within w (and gradient), or twin. */
typedef struct BPNN_NAME(tiny_layer) {
    size_t in, out;
    bool wide_out, wide_in; /* more than NARROW */
    bool over_row;          /* softmax or log_softmax */
    bool biased, has_twin;
    size_t weights, bias, twin;
    const bpnn_activation *activation;
    real *e, *y, *slope; /* a panel each; the delta overwrites the slope */
} BPNN_NAME(tiny_layer);

typedef struct BPNN_NAME(tiny_net) {
    size_t depth;
    BPNN_NAME(tiny_layer) * layer;
    const BPNN_NAME(output_rule) * output;
    bool closed_form; /* the output layer needs no slope */
    real *w, *twin, *gradient;
} BPNN_NAME(tiny_net);

/* A net of one hidden layer (NARROW < units <= LANES) and at most NARROW outputs; `shallow_steps`: square error. */
typedef struct BPNN_NAME(shallow_net) {
    size_t in, hidden, out;
    bpnn_activation_kind hidden_kind, out_kind;
    real *w1, *b1, *w2, *b2; /* lines, w1 over outputs, w2 over inputs; NULL = no bias */
} BPNN_NAME(shallow_net);

/* Steps w -= rate * gradient of `rows` rows each: step i takes the data set's rows ids[i * rows] .., rate[i] (steady: rate[0]) and
 * leaves its loss before the update. */
typedef struct BPNN_NAME(shallow_run) {
    bpnn_matrix inputs, targets;
    const size_t *ids;
    const double *row_weights; /* or NULL */
    double weight_scale;
    bool mean, steady;
    size_t rows, steps;
    const real *rate;
    double *losses;
} BPNN_NAME(shallow_run);

typedef struct BPNN_NAME(kernels) {
    const char *isa;
    size_t width; /* numbers in a vector: what a multiply-add instruction does at once */

    /* Chain product: for p < panels, r < rows:
     *   c[p][r][:] = start[p * start_step][:] + sum_{k < depth} a(r, k) b[p * b_panel + k][:]
     * and, when `factor` is given, that result times factor[p][r][:] (same stride as c; may be c itself).
     * start NULL = +0. start_step in lines: 1, or 0 for one line serving all panels. Strides in lines. */
    void (*rows)(size_t rows, size_t panels, size_t depth, const real *a, size_t a_stride, const real *b,
                 size_t b_panel, const real *start, size_t start_step, const real *factor, real *c, size_t c_stride);

    /* Lanes product for outs <= NARROW columns: c is one panel,
     *   c[r][o] = tree(lanes over a's panels of a[p][r][:] b[p * b_panel + o][:]) + start[o]   (times factor[r][o])
     * c[r][outs..] = 0. start NULL = nothing is added; start is a line (shared: all lanes alike). */
    void (*dots)(size_t rows, size_t outs, size_t panels, const real *a, size_t a_stride, const real *b, size_t b_panel,
                 const real *start, const real *factor, real *c, size_t c_stride);

    /* A^T B for one block: out[i][:] (+)= sum_{r < rows} a[r][i] b[r][:], i < m <= LANES; chain over r. a and b
     * are single panels at row 0 (consecutive lines); out is m lines; resume: start at out, else at +0. */
    void (*tile)(size_t rows, size_t m, const real *a, const real *b, real *out, bool resume);

    /* Column sums of one panel: out[:] (+)= sum_r a[r][:], chain over r. */
    void (*sums)(size_t rows, const real *a, real *out, bool resume);

    /* y = Act(e) on `lines` lines, in place or apart; slope (NULL = not wanted) = Act'(e). The parameter is the
     * activation's. Softmax, log_softmax and user are not here. Columns >= cols of every line become 0 (cols = LANES:
     * none). e, y and slope may be the same memory only as y == e. */
    void (*activate)(const bpnn_activation *activation, size_t lines, size_t cols, const real *e, real *y, real *slope);

    /* y = softmax(e) or log_softmax(e) (e minus its maximum first) for each row over cols columns; stride in lines;
     * in place or apart. Sums in lanes. */
    void (*softmax)(size_t rows, size_t cols, bool logarithm, const real *e, real *y, size_t stride);

    /* Output delta of a block: d = scale[r] dL/de for every row, and loss[r] = scale-free loss of the row
     * (lanes over the outputs); either may be NULL. e, y: preactivation and output; slope = Act_D'(e)
     * (elementwise activations without closed form; else not read); t: targets, NaN = no target. All with `stride`. d may be slope.
     * Uses the closed forms of docs/mathematics.md wherever the pair has one. */
    void (*output)(const BPNN_NAME(output_rule) * rule, size_t rows, const real *e, const real *y, const real *slope,
                   const real *t, size_t stride, const real *scale, real *d, real *loss);

    /* Inverted dropout on y and (if not NULL) slope: rows in panel form, ids[r] = index of the row in the data set. */
    void (*dropout)(const BPNN_NAME(dropout_rule) * rule, size_t rows, size_t cols, const size_t *ids, real *y,
                    real *slope, size_t stride);

    /* Copies rows ids[0..rows) (NULL = first, first + 1, ..) of m, converted to real, into panel form; padding columns 0. */
    void (*gather)(bpnn_matrix m, const size_t *ids, size_t first, size_t rows, real *out, size_t stride);

    /* Class indices (one column) into one-hot rows of `cols` columns; a NaN or out-of-range index gives a row of NaN. */
    void (*one_hot)(bpnn_matrix m, const size_t *ids, size_t first, size_t rows, size_t cols, real *out, size_t stride);

    /* x += factor * y;  x *= factor;  x = sign(x) max(|x| - amount, 0): on `lines` lines. */
    void (*add_scaled)(size_t lines, real factor, const real *y, real *x);
    void (*scale)(size_t lines, real factor, real *x);
    void (*shrink)(size_t lines, real amount, real *x);

    /* Sum of squares of `lines` lines in lanes order, in double. */
    double (*squares)(size_t lines, const real *x);

    /* out[j][:] = block transposed: in is `m` lines (rows i < m); out gets LANES lines whose columns >= m are 0. */
    void (*transpose)(size_t m, const real *in, real *out);

    /* False if any number is infinite or NaN. */
    bool (*finite)(size_t lines, const real *x);

    /* Forward, losses, backward and all gradients of a small net over rows in panels x (inputs) and t (targets);
     * w's twins after an update. */
    void (*tiny_gradient)(const BPNN_NAME(tiny_net) * net, size_t rows, const real *x, const real *t, const real *scale,
                          real *loss);
    void (*tiny_twins)(const BPNN_NAME(tiny_net) * net);

    /* Returns how many steps were done: 0 where this is not for such nets and batches (or this instruction set), fewer than there are
     * where a loss was not finite: of that step nothing is updated. */
    size_t (*shallow_steps)(const BPNN_NAME(shallow_net) * net, const BPNN_NAME(shallow_run) * run);

    /* Outputs of every row (row-major, float or double by `dtype`) in one go, for a few rows. False where this is not for such nets,
     * such inputs, or this instruction set. */
    bool (*shallow_outputs)(const BPNN_NAME(shallow_net) * net, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype);
} BPNN_NAME(kernels);

/* The kernels of an instruction set by name; NULL or "auto" = the best this machine has. Returns NULL when there is no such row or
 * the machine cannot run it. Thread-safe. */
const BPNN_NAME(kernels) * BPNN_NAME(kernels_find)(const char *isa);

#endif
