/* Output layers of at most LANES units, LANES rows at a time: numbers are turned so that a vector holds one unit of many
 * rows, and nothing is summed across a vector. The same operations in the same order as the row-by-row forms of
 * kernel/activations.h and kernel/losses.h, to which everything else goes. */
#ifndef BPNN_KERNEL_OUTPUTS_H
#define BPNN_KERNEL_OUTPUTS_H

#include "kernel/losses.h"
#include "kernel/turn.h"

enum { FEW_ROWS = 3 }; /* below, turning does not pay */

/* ---- one number a row: vectors over rows ---- */

INLINE void line_max(const real *x, real *most)
{
    for (size_t r = 0; r < LANES; r++)
        most[r] = x[r] > most[r] ? x[r] : most[r];
}

/* most[r] = max_k x[k][r] by compare and select, k ascending */
INLINE void maxima(size_t cols, const real *x, real *most)
{
    memcpy(most, x, LANES * sizeof(real));
    for (size_t k = 1; k < cols; k++)
        line_max(x + k * LANES, most);
}

/* The halving tree over units, of every row at once: x[0][:] becomes the sums. A unit that is not there counts as 0. */
INLINE void tree(size_t cols, real *x)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half && l + half < cols; l++)
            for (size_t v = 0; v < LANES; v += WIDTH)
                vec_store(x + l * LANES + v, vec_load(x + l * LANES + v) + vec_load(x + (l + half) * LANES + v));
}

/* Loops of a length the compilers do not know: they become vectors, with no shuffles around. */
static __attribute__((noinline)) void exps(size_t n, real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = r_exp(x[i]);
}

static __attribute__((noinline)) void logs(size_t n, real *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = r_log(x[i]);
}

/* ---- activations of a narrow layer ---- */

INLINE bool is_cheap(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_IDENTITY || kind == BPNN_ACT_RELU || kind == BPNN_ACT_LEAKY_RELU;
}

/* As `activate`. Of a few columns most of every line is padding: the units of LANES rows share lines instead. */
static void activate_rows(const bpnn_activation *activation, size_t lines, size_t cols, const real *e, real *y,
                          real *slope)
{
    if (cols > NARROW || lines < LANES / 2 || is_cheap(activation->kind)) {
        activate(activation, lines, cols, e, y, slope);
        return;
    }
    square x, s;
    for (size_t r = 0; r < lines; r += LANES) {
        size_t rows = lines - r < LANES ? lines - r : LANES;
        turn(rows, cols, e + r * LANES, x);
        elementwise[activation->kind]((real)activation->parameter, cols * LANES, x, x, slope ? s : NULL);
        turn_back(rows, cols, x, y + r * LANES);
        if (slope)
            turn_back(rows, cols, s, slope + r * LANES);
    }
}

/* ---- softmax ---- */

static void softmax_block(size_t rows, size_t cols, const real *e, real *y)
{
    square x, sums;
    real most[LANES] __attribute__((aligned(64)));
    turn(rows, cols, e, x);
    maxima(cols, x, most);
    for (size_t k = 0; k < cols; k++)
        for (size_t v = 0; v < LANES; v += WIDTH)
            vec_store(x + k * LANES + v, vec_load(x + k * LANES + v) - vec_load(most + v));
    exps(cols * LANES, x);
    memcpy(sums, x, cols * LANES * sizeof(real));
    tree(cols, sums);
    for (size_t k = 0; k < cols; k++)
        for (size_t v = 0; v < LANES; v += WIDTH)
            vec_store(x + k * LANES + v, vec_load(x + k * LANES + v) / vec_load(sums + v));
    turn_back(rows, cols, x, y);
}

static void softmax_rows(size_t rows, size_t cols, bool logarithm, const real *e, real *y, size_t stride)
{
    if (cols > LANES || logarithm || rows < FEW_ROWS) {
        softmax(rows, cols, logarithm, e, y, stride);
        return;
    }
    for (size_t r = 0; r < rows; r += LANES)
        softmax_block(rows - r < LANES ? rows - r : LANES, cols, e + r * LANES, y + r * LANES);
}

/* ---- softmax with crossentropy ---- */

/* 1 for a row that has a target, 0 for one with a NaN among them */
INLINE void find_known(size_t cols, const real *t, real *known)
{
    for (size_t r = 0; r < LANES; r++)
        known[r] = 1;
    for (size_t k = 0; k < cols; k++)
        for (size_t r = 0; r < LANES; r++)
            known[r] = t[k * LANES + r] == t[k * LANES + r] ? known[r] : 0;
}

/* l = -sum t log p, log p = (e - max e) + log max p; values[k][r] before the tree */
static void crossentropy_values(size_t cols, const real *e, const real *y, const real *t, const real *known,
                                real *values)
{
    real most[LANES] __attribute__((aligned(64))), best[LANES] __attribute__((aligned(64)));
    maxima(cols, e, most);
    maxima(cols, y, best);
    logs(LANES, best);
    for (size_t k = 0; k < cols; k++)
        for (size_t r = 0; r < LANES; r++) {
            size_t at = k * LANES + r;
            real value = -t[at] * ((e[at] - most[r]) + best[r]);
            values[at] = 0 + (t[at] == 0 || known[r] == 0 ? 0 : value);
        }
}

static void crossentropy_block(size_t rows, size_t cols, const real *e, const real *y, const real *t, const real *scale,
                               real *d, real *loss)
{
    square E, Y, T, sums;
    real known[LANES] __attribute__((aligned(64))), factor[LANES] __attribute__((aligned(64))) = {0};
    turn(rows, cols, t, T);
    turn(rows, cols, y, Y);
    find_known(cols, T, known);
    if (loss) {
        turn(rows, cols, e, E);
        crossentropy_values(cols, E, Y, T, known, sums);
        tree(cols, sums);
        memcpy(loss, sums, rows * sizeof(real));
    }
    if (!d)
        return;
    for (size_t i = 0; i < cols * LANES; i++)
        sums[i] = T[i] + 0;
    tree(cols, sums);
    memcpy(factor, scale, rows * sizeof(real));
    for (size_t k = 0; k < cols; k++)
        for (size_t r = 0; r < LANES; r++) {
            real delta = factor[r] * FMA(Y[k * LANES + r], sums[r], -T[k * LANES + r]);
            Y[k * LANES + r] = known[r] == 0 ? 0 : delta;
        }
    turn_back(rows, cols, Y, d);
}

/* ---- mean square error on one panel of elementwise units ---- */

/* l = (y - t)^2, d = scale (2 (y - t) slope); a line at a time: its lanes are summed as they stand */
static void square_row(size_t cols, const real *y, const real *slope, const real *t, real scale, real *d, real *loss)
{
    real line[LANES] __attribute__((aligned(64)));
    INDEPENDENT for (size_t l = 0; l < LANES; l++)
    {
        real off = y[l] - t[l], value = 0 + off * off;
        line[l] = l < cols && t[l] == t[l] ? value : 0;
    }
    if (loss)
        *loss = cols == 1 ? line[0] : line_tree(line);
    if (!d)
        return;
    INDEPENDENT for (size_t l = 0; l < LANES; l++)
    {
        real delta = scale * (2 * (y[l] - t[l]) * slope[l]);
        d[l] = l < cols && t[l] == t[l] ? delta : 0;
    }
}

/* ---- the table's entry ---- */

static void output_rows(const BPNN_NAME(output_rule) * rule, size_t rows, const real *e, const real *y,
                        const real *slope, const real *t, size_t stride, const real *scale, real *d, real *loss)
{
    bpnn_activation_kind kind = rule->activation.kind;
    bool over_row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
    bool entropy = kind == BPNN_ACT_SOFTMAX && rule->loss.kind == BPNN_LOSS_CROSSENTROPY && rule->loss.parameter == 0;
    if (rule->cols <= LANES && entropy && rows >= FEW_ROWS) {
        for (size_t r = 0; r < rows; r += LANES) {
            size_t at = r * LANES;
            crossentropy_block(rows - r < LANES ? rows - r : LANES, rule->cols, e + at, y + at, t + at, scale + r,
                               d ? d + at : NULL, loss ? loss + r : NULL);
        }
    } else if (rule->cols <= LANES && rule->loss.kind == BPNN_LOSS_MSE && !over_row) {
        for (size_t r = 0, at = 0; r < rows; r++, at += LANES)
            square_row(rule->cols, y + at, slope ? slope + at : NULL, t + at, scale[r], d ? d + at : NULL,
                       loss ? loss + r : NULL);
    } else {
        output(rule, rows, e, y, slope, t, stride, scale, d, loss);
    }
}

#endif
