#include "core/curvature.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/core.h"
#include "kernel/scalar.h"

#include <math.h>
#include <string.h>

#define layer_of BPNN_NAME(layer)

/* J_ROWS rows of J~ a block (whatever the seeds), UNIT rows of the batch a unit of work for several threads, CELL panels a side of a
 * cell of A */
enum { J_ROWS = 256, UNIT = 8, CELL = 8 };

struct bpnn__curvature {
    CORE *core;
    size_t parameters, panels; /* P; panels of 8 parameters */
    size_t seeds;              /* a row: C = s_D */
    size_t rows, stride;       /* rows of the batch a block; lines a panel of J~ */
    ARRAYS below;              /* deltas of every seed */
    double *jacobian;          /* J~ of a block */
    double *line;              /* one row of J~, for every row of the block */
    const bpnn__batch *batch;  /* of the present block */
    size_t from, count, unit;  /* rows a unit of work */
    bpnn__dense *sum;
};

/* ---- what has a curvature ---- */

static bool closed_in_e(const CORE *core)
{
    bpnn_loss_kind loss = core->output.loss.kind;
    return loss == BPNN_LOSS_POISSON || loss == BPNN_LOSS_BINARY_CROSSENTROPY || loss == BPNN_LOSS_CROSSENTROPY;
}

bpnn_status bpnn__curvature_check(bpnn_loss_kind kind, bpnn_error *error)
{
    if (kind != BPNN_LOSS_MAE && kind != BPNN_LOSS_HINGE && kind != BPNN_LOSS_FOCAL && kind != BPNN_LOSS_USER)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE,
                      "loss %s has no second derivative that lm and br could use; take lbfgs, or a loss such as %s",
                      bpnn_word(BPNN_WORDS_LOSS, (int)kind),
                      kind == BPNN_LOSS_MAE     ? "huber"
                      : kind == BPNN_LOSS_USER  ? "mse"
                      : kind == BPNN_LOSS_HINGE ? "binary_crossentropy"
                                                : "crossentropy");
}

/* l''(y, t), or for losses where it may vanish the majoriser l'(d)/d, d = y - t kept 1e-8 away from 0 */
static double second_derivative(const bpnn_loss *loss, double y, double t)
{
    double d = fabs(y - t), far = d > 1e-8 ? d : 1e-8;
    switch (loss->kind) {
    case BPNN_LOSS_MSE:
        return 2;
    case BPNN_LOSS_HUBER:
        return d <= loss->parameter ? 1 : loss->parameter / d;
    case BPNN_LOSS_LOG_COSH: { /* tanh(d)/d */
        double e = bpnn__exp(-2 * d);
        return d < 1e-4 ? 1 - d * d / 3 : (1 - e) / (1 + e) / d;
    }
    case BPNN_LOSS_QUANTILE:
        return (y > t ? 1 - loss->parameter : loss->parameter) / far;
    default: /* half_mse */
        return 1;
    }
}

/* ---- making and freeing ---- */

bpnn_status bpnn__curvature_new(bpnn__curvature **out, void *double_core, bpnn_error *error)
{
    CORE *core = double_core;
    *out = NULL;
    bpnn_status status = bpnn__curvature_check(core->output.loss.kind, error);
    bpnn__curvature *c = status == BPNN_OK ? bpnn__alloc(1, sizeof *c) : NULL;
    if (!c)
        return status == BPNN_OK ? bpnn__fail_memory(error) : status;
    c->core = core;
    for (size_t m = 1; m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        bpnn_bias mode = core->layers[m - 1].bias;
        c->parameters += l->in * l->out + (mode == BPNN_BIAS_NEURON ? l->out : mode == BPNN_BIAS_SHARED);
    }
    c->panels = (c->parameters + LANES - 1) / LANES;
    c->seeds = core->output.cols;
    c->rows = c->seeds < J_ROWS ? J_ROWS / c->seeds : 1;
    if (c->rows > core->arrays.rows)
        c->rows = core->arrays.rows;
    c->stride = (c->rows * c->seeds) | 1;
    status = BPNN_NAME(arrays_new)(&c->below, &core->layout, c->rows * c->seeds, false, true, false, false, error);
    size_t lines;
    if (status == BPNN_OK && bpnn__mul(c->panels, c->stride, &lines)) {
        c->jacobian = bpnn__alloc_lines(lines, BPNN__LINE);
        c->line = bpnn__alloc_lines((c->panels + 1) * c->rows, BPNN__LINE); /* one is written over */
    }
    if (!c->jacobian || !c->line) {
        bpnn__curvature_free(c);
        return status == BPNN_OK ? bpnn__fail_memory(error) : status;
    }
    *out = c;
    return BPNN_OK;
}

void bpnn__curvature_free(bpnn__curvature *c)
{
    if (!c)
        return;
    BPNN_NAME(arrays_free)(&c->below);
    bpnn__free_lines(c->jacobian);
    bpnn__free_lines(c->line);
    bpnn__free(c);
}

/* ---- seeds: d^D of every seed of a row ---- */

/* Unit k of a row of panels. */
static double *unit_at(double *panels, size_t stride, size_t row, size_t k)
{
    return LINE_AT(panels, stride, k / LANES, row) + k % LANES;
}

/* Where seed `seed` of array row `row` keeps its d^D. */
static double *seed_at(const bpnn__curvature *c, size_t row, size_t seed, size_t k)
{
    return unit_at(c->below.delta[c->core->depth], c->below.stride, row * c->seeds + seed, k);
}

/* softmax and cross-entropy: z_i = sqrt(o T p_i) (e_i - p), T = the sum of the row's targets: sum z z^T = o T (diag p - p p^T) */
static void crossentropy_seeds(const bpnn__curvature *c, size_t row)
{
    const ARRAYS *a = &c->core->arrays;
    bool logarithm = c->core->output.activation.kind == BPNN_ACT_LOG_SOFTMAX;
    double smoothing = c->core->output.loss.parameter, sum = 0, *y = a->y[c->core->depth];
    for (size_t k = 0; k < c->seeds; k++)
        sum += *unit_at(a->t, a->stride, row, k);
    sum = (1 - smoothing) * sum + smoothing;
    for (size_t i = 0; i < c->seeds; i++) {
        double here = *unit_at(y, a->stride, row, i), p_i = logarithm ? bpnn__exp(here) : here;
        double size = sum > 0 ? sqrt(a->scale[row] * sum * p_i) : 0; /* not for a NaN */
        for (size_t k = 0; k < c->seeds; k++) {
            double p = *unit_at(y, a->stride, row, k);
            p = logarithm ? bpnn__exp(p) : p;
            *seed_at(c, row, i, k) = size > 0 ? size * ((double)(i == k) - p) : 0;
        }
    }
}

/* sigmoid and binary cross-entropy: sqrt(o p(1-p)) e_i; exp and Poisson: sqrt(o y) e_i */
static double closed_size(const bpnn__curvature *c, size_t row, size_t i)
{
    const ARRAYS *a = &c->core->arrays;
    double y = *unit_at(a->y[c->core->depth], a->stride, row, i);
    bool poisson = c->core->output.loss.kind == BPNN_LOSS_POISSON;
    return sqrt(a->scale[row] * (poisson ? y : y * (1 - y)));
}

/* sqrt(o l'') e_i by y^D, times Act_D'; a mixing activation times its Jacobian */
static void output_seed(const bpnn__curvature *c, size_t row, size_t i)
{
    const CORE *core = c->core;
    const ARRAYS *a = &core->arrays;
    size_t D = core->depth;
    bpnn_activation_kind kind = core->output.activation.kind;
    double y = *unit_at(a->y[D], a->stride, row, i), t = *unit_at(a->t, a->stride, row, i);
    double size = sqrt(a->scale[row] * second_derivative(&core->output.loss, y, t));
    if (kind != BPNN_ACT_SOFTMAX && kind != BPNN_ACT_LOG_SOFTMAX) {
        *seed_at(c, row, i, i) = size * *unit_at(a->slope[D], a->stride, row, i);
        return;
    }
    for (size_t k = 0; k < c->seeds; k++) {
        double p = *unit_at(a->y[D], a->stride, row, k), same = (double)(i == k);
        *seed_at(c, row, i, k) = kind == BPNN_ACT_SOFTMAX ? size * y * (same - p) : size * (same - bpnn__exp(p));
    }
}

static void plant_seeds(const bpnn__curvature *c, size_t row)
{
    const CORE *core = c->core;
    if (core->output.loss.kind == BPNN_LOSS_CROSSENTROPY) {
        crossentropy_seeds(c, row);
        return;
    }
    for (size_t i = 0; i < c->seeds; i++) {
        double t = *unit_at(core->arrays.t, core->arrays.stride, row, i);
        if (isnan(t)) /* no target: no row */
            continue;
        if (closed_in_e(core))
            *seed_at(c, row, i, i) = closed_size(c, row, i);
        else
            output_seed(c, row, i);
    }
}

/* ---- rows of J~ ---- */

static inline void scale_line(double *restrict to, const double *restrict line, double by)
{
    for (size_t k = 0; k < LANES; k++)
        to[k] = line[k] * by;
}

/* y d^T of a row, input by input, in seed form order; returns the end. Whole lines are written, and written over by the next one; behind
 * the last one stands 0, for y and d are 0 where they have no unit. */
static double *fill_weights(const bpnn__curvature *c, size_t m, size_t row, size_t mine, double *line)
{
    const ARRAYS *a = &c->core->arrays;
    const bpnn__layer_layout *l = layer_of(c->core, m);
    const double *d = LINE_AT(c->below.delta[m], c->below.stride, 0, mine),
                 *y = LINE_AT(a->y[m - 1], a->stride, 0, row);
    size_t across = c->below.stride * LANES, along = a->stride * LANES; /* from a panel to the next */
    if (l->out == 1) {
        for (size_t j = 0; j < l->in; j += LANES, y += along)
            scale_line(line + j, y, *d);
        return line + l->in;
    }
    for (size_t j = 0; j < l->in; j++, line += l->out) {
        double y_j = y[j / LANES * along + j % LANES];
        for (size_t p = 0; p < l->out_panels; p++)
            scale_line(line + p * LANES, d + p * across, y_j);
    }
    return line;
}

static double *fill_biases(const bpnn__curvature *c, size_t m, size_t mine, double *line)
{
    bpnn_bias mode = c->core->layers[m - 1].bias;
    const bpnn__layer_layout *l = layer_of(c->core, m);
    double sum = 0;
    for (size_t p = 0; mode == BPNN_BIAS_NEURON && p < l->out_panels; p++)
        memcpy(line + p * LANES, LINE_AT(c->below.delta[m], c->below.stride, p, mine), LANES * sizeof *line);
    if (mode == BPNN_BIAS_NEURON)
        return line + l->out;
    for (size_t k = 0; mode == BPNN_BIAS_SHARED && k < l->out; k++)
        sum += *unit_at(c->below.delta[m], c->below.stride, mine, k);
    if (mode == BPNN_BIAS_SHARED)
        *line++ = sum;
    return line;
}

/* One row of J~ in seed form order: row `row` of the block, its seed `seed`. */
static void fill_line(const bpnn__curvature *c, size_t row, size_t seed, double *line)
{
    for (size_t m = 1; m <= c->core->depth; m++) {
        line = fill_weights(c, m, row, row * c->seeds + seed, line);
        line = fill_biases(c, m, row * c->seeds + seed, line);
    }
}

static void store_line(const bpnn__curvature *c, size_t j_row, const double *line)
{
    for (size_t p = 0; p < c->panels; p++)
        memcpy(LINE_AT(c->jacobian, c->stride, p, j_row), line + p * LANES, LANES * sizeof(double));
}

/* The slopes of the hidden layers, once a seed: the recursion overwrites them by deltas. */
static void copy_slopes(const bpnn__curvature *c, size_t row)
{
    const ARRAYS *a = &c->core->arrays;
    for (size_t m = 1; m < c->core->depth; m++)
        for (size_t p = 0; p < layer_of(c->core, m)->out_panels; p++)
            for (size_t i = 0; i < c->seeds; i++)
                memcpy(LINE_AT(c->below.slope[m], c->below.stride, p, row * c->seeds + i),
                       LINE_AT(a->slope[m], a->stride, p, row), LANES * sizeof(double));
}

static void clear_seeds(const bpnn__curvature *c, bpnn__span span)
{
    size_t D = c->core->depth;
    for (size_t p = 0; p < layer_of(c->core, D)->out_panels; p++)
        memset(LINE_AT(c->below.delta[D], c->below.stride, p, span.first * c->seeds), 0,
               span.count * c->seeds * LANES * sizeof(double));
}

static void jacobian_unit(void *context, size_t unit)
{
    bpnn__curvature *c = context;
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__span span = {unit * c->unit, c->unit};
    if (span.first + span.count > c->count)
        span.count = c->count - span.first;
    BPNN_NAME(gather_rows)(c->core, &c->core->arrays, c->batch, c->from + span.first, span, c->batch->count);
    BPNN_NAME(forward)(c->core, &c->core->arrays, span, false, 0);
    clear_seeds(c, span);
    for (size_t r = span.first; r < span.first + span.count; r++) {
        plant_seeds(c, r);
        copy_slopes(c, r);
    }
    BPNN_NAME(deltas_below)(c->core, &c->below, (bpnn__span){span.first * c->seeds, span.count * c->seeds});
    for (size_t r = span.first; r < span.first + span.count; r++) {
        double *line = c->line + r * (c->panels + 1) * LANES;
        for (size_t i = 0; i < c->seeds; i++) {
            fill_line(c, r, i, line);
            store_line(c, r * c->seeds + i, line);
        }
    }
    bpnn__fpmode_leave(mode);
}

void bpnn__curvature_block(bpnn__curvature *c, const bpnn__batch *batch, size_t first, size_t count)
{
    double work = (double)count * (double)c->seeds * (double)c->parameters * 3;
    c->batch = batch;
    c->from = first;
    c->count = count;
    size_t threads = BPNN_NAME(worthwhile_threads)(c->core, work);
    c->unit = threads > 1 || count < UNIT ? UNIT : count;
    bpnn__pool_run(c->core->pool, threads, (count + c->unit - 1) / c->unit, jacobian_unit, c);
}

size_t bpnn__curvature_rows(const bpnn__curvature *c)
{
    return c->rows;
}

size_t bpnn__curvature_seeds(const bpnn__curvature *c)
{
    return c->seeds;
}

double bpnn__curvature_entry(const bpnn__curvature *c, size_t row, size_t parameter)
{
    return *unit_at(c->jacobian, c->stride, row, parameter);
}

/* ---- A += J~^T J~ : cells of CELL x CELL panels on and below the diagonal; every tile resumes its stored sums ---- */

static size_t cells_a_side(const bpnn__curvature *c)
{
    return (c->panels + CELL - 1) / CELL;
}

static void sum_unit(void *context, size_t unit)
{
    const bpnn__curvature *c = context;
    uint64_t mode = bpnn__fpmode_enter();
    size_t across = 0, side = cells_a_side(c);
    while (unit >= side - across)
        unit -= side - across++;
    size_t down = across + unit, rows = c->count * c->seeds;
    for (size_t q = across * CELL; q < c->panels && q < (across + 1) * CELL; q++)
        for (size_t p = down * CELL > q ? down * CELL : q; p < c->panels && p < (down + 1) * CELL; p++)
            c->core->kernels->tile(rows, LANES, LINE_AT(c->jacobian, c->stride, p, 0),
                                   LINE_AT(c->jacobian, c->stride, q, 0),
                                   c->sum->lines + (q * c->sum->stride + p * LANES) * LANES, true);
    bpnn__fpmode_leave(mode);
}

void bpnn__curvature_sum(bpnn__curvature *c, const bpnn__batch *batch, size_t block, bpnn__dense *a)
{
    size_t side = cells_a_side(c), units = side * (side + 1) / 2;
    if (block == 0 || block > c->rows)
        block = c->rows;
    c->sum = a;
    bpnn__dense_clear(a);
    for (size_t from = 0; from < batch->count; from += block) {
        size_t count = batch->count - from < block ? batch->count - from : block;
        bpnn__curvature_block(c, batch, from, count);
        double work = (double)(count * c->seeds) * (double)c->parameters * (double)c->parameters / 2;
        bpnn__pool_run(c->core->pool, BPNN_NAME(worthwhile_threads)(c->core, work), units, sum_unit, c);
    }
}
