/* Nets of one hidden layer (NARROW < units <= LANES) and at most NARROW outputs: their outputs for single rows, and steps of plain
 * gradient descent with square error: 1, 2 or 4 rows a step, many steps a call. Such a step is one chain of dependent operations, from the hidden layer's
 * weights to their next values; what is on the chain stays in registers, and the update of w^1 goes on with the next step's e^1 at
 * once. Hidden units stand side by side in a vector, the rows of an output in another one. The same bits as the general path, where
 * this is done differently:
 *
 *   - lanes that are no units hold numbers that meet only weights of zero; in dw^2, where they would not, y^1 is cut;
 *   - products that are to be added to +0 are taken as they are where that loses only the sign of a zero which is lost later
 *     anyway: in the sums of e^2, to which b^2 + 0 is added, and in d^1, for dw^1 and db^1 start at +0. */
#ifndef BPNN_KERNEL_SHALLOW_H
#define BPNN_KERNEL_SHALLOW_H

#include "kernel/kernels.h"
#include "kernel/lanewise.h"
#include "kernel/moves.h"

#define SHALLOW BPNN_NAME(shallow_net)
#define RUN BPNN_NAME(shallow_run)

#if BPNN_BYTES >= 32

enum { MOST = 4 }; /* rows a step */

DEFINE_LANEWISE(four, 4, KEPT_WHOLE)

/* ---- the rows of a step ---- */

typedef struct step_rows {
    const real *x[MOST], *t[MOST];
    double weight[MOST];
    real scale[MOST];
    real x_lines[MOST * LANES], t_lines[MOST * LANES]; /* numbers of another type, class indices */
} step_rows;

#define OWN_DTYPE (sizeof(real) == sizeof(float) ? BPNN_F32 : BPNN_F64)

INLINE void find_inputs(const RUN *run, const size_t *ids, size_t rows, step_rows *to)
{
    bool own = run->inputs.dtype == OWN_DTYPE;
    if (!own)
        gather(run->inputs, ids, 0, rows, to->x_lines, 0);
    for (size_t r = 0; r < rows; r++)
        to->x[r] = own ? (const real *)run->inputs.data + ids[r] * run->inputs.stride : to->x_lines + r * LANES;
}

INLINE void find_targets(const RUN *run, const size_t *ids, size_t rows, size_t outs, step_rows *to)
{
    bool classes = run->targets.cols == 1 && outs > 1, own = run->targets.dtype == OWN_DTYPE && !classes;
    if (classes)
        one_hot(run->targets, ids, 0, rows, outs, to->t_lines, 0);
    else if (!own)
        gather(run->targets, ids, 0, rows, to->t_lines, 0);
    for (size_t r = 0; r < rows; r++)
        to->t[r] = own ? (const real *)run->targets.data + ids[r] * run->targets.stride : to->t_lines + r * LANES;
}

INLINE void find_weights(const RUN *run, const size_t *ids, size_t rows, step_rows *to)
{
    for (size_t r = 0; r < rows; r++) {
        double weight = run->row_weights ? run->row_weights[ids[r]] * run->weight_scale : 1;
        to->weight[r] = weight;
        to->scale[r] = (real)(run->mean ? weight / (double)rows : weight);
    }
}

INLINE void find_rows(const RUN *run, size_t step, size_t rows, size_t outs, step_rows *to)
{
    const size_t *ids = run->ids + step * rows;
    find_inputs(run, ids, rows, to);
    find_targets(run, ids, rows, outs, to);
    if (run->row_weights || step < 2) /* else they are there */
        find_weights(run, ids, rows, to);
}

/* ---- one number a row; fewer rows than lanes: they come again ---- */

INLINE four rows_of(size_t rows, real a, real b, real c, real d)
{
    return rows == 1 ? four_all(a) : rows == 2 ? (four){a, b, a, b} : (four){a, b, c, d};
}

INLINE four targets_of(const step_rows *now, size_t rows, size_t o)
{
    return rows_of(rows, now->t[0][o], now->t[1 % rows][o], now->t[2 % rows][o], now->t[3 % rows][o]);
}

/* The last two steps of the halving tree, (x0 + x2) + (x1 + x3), of every row. */
INLINE four finish_rows(size_t rows, const four *x)
{
    if (rows == 1) {
        four half = x[0] + __builtin_shufflevector(x[0], x[0], 2, 3, 0, 1);
        return half + __builtin_shufflevector(half, half, 1, 0, 3, 2);
    }
    four c = x[2 % rows], d = x[3 % rows];
    four first =
        __builtin_shufflevector(x[0], x[1 % rows], 0, 1, 4, 5) + __builtin_shufflevector(x[0], x[1 % rows], 2, 3, 6, 7);
    four second =
        rows == 2 ? first : __builtin_shufflevector(c, d, 0, 1, 4, 5) + __builtin_shufflevector(c, d, 2, 3, 6, 7);
    return __builtin_shufflevector(first, second, 0, 2, 4, 6) + __builtin_shufflevector(first, second, 1, 3, 5, 7);
}

/* x where t is a number, else 0 */
INLINE four where_known(four t, four x)
{
    return four_where((four_words)(t == t), x);
}

/* l = (y - t)^2, d = scale (2 (y - t) slope) */
INLINE four square_error(const RUN *run, size_t rows, const step_rows *now, four t, four y, four slope, four *d)
{
    four off = y - t, scale = rows_of(rows, now->scale[0], now->scale[1], now->scale[2], now->scale[3]);
    four delta = (off + off) * slope;
    *d = where_known(t, run->row_weights || (rows > 1 && run->mean) ? scale * delta : delta);
    return where_known(t, four_all(0) + off * off);
}

/* The batch's loss: lanes over the outputs, then the rows in order. */
INLINE double loss_of_step(const RUN *run, size_t rows, const step_rows *now, size_t outs, const four *value)
{
    four none = {0}, one = outs > 1 ? value[1] : none, two = outs > 2 ? value[2] : none,
         three = outs > 3 ? value[3] : none;
    four sums = outs == 1 ? value[0] : (value[0] + two) + (one + three);
    double loss = 0;
    for (size_t r = 0; r < rows; r++)
        loss += now->weight[r] * (double)sums[r];
    return loss / (run->mean ? (double)rows : 1);
}

/* ---- so many hidden units side by side ---- */

#if LANES == 16 || BPNN_BYTES == 64
#define WHOLE_8 KEPT_WHOLE
#else
#define WHOLE_8 AS_IT_IS
#endif
#if BPNN_BYTES == 64
#define WHOLE_16 KEPT_WHOLE
#else
#define WHOLE_16 AS_IT_IS
#endif

#define UNITS 8
#define units units_8
#define UNITS_NAME(name) name##_8
#define UNITS_DO(name) units_8_##name
#define KEEP WHOLE_8
DEFINE_LANEWISE(units_8, 8, WHOLE_8)
#include "kernel/shallow_units.h"
#undef UNITS
#undef units
#undef UNITS_NAME
#undef UNITS_DO
#undef KEEP

#if LANES == 16
#define UNITS 16
#define units units_16
#define UNITS_NAME(name) name##_16
#define UNITS_DO(name) units_16_##name
#define KEEP WHOLE_16
DEFINE_LANEWISE(units_16, 16, WHOLE_16)
#include "kernel/shallow_units.h"
#undef UNITS
#undef units
#undef UNITS_NAME
#undef UNITS_DO
#undef KEEP
#endif

INLINE bool is_shallow(const SHALLOW *net)
{
    return net->hidden > NARROW && net->hidden <= LANES && net->out <= NARROW && is_lanewise(net->hidden_kind) &&
           is_lanewise(net->out_kind);
}

static size_t shallow_steps(const SHALLOW *net, const RUN *run)
{
    if (!is_shallow(net) || (run->rows != 1 && run->rows != 2 && run->rows != 4))
        return 0;
#if LANES == 16
    if (net->hidden > 8)
        return steps_16(net, run);
#endif
    return steps_8(net, run);
}

static bool shallow_outputs(const SHALLOW *net, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype)
{
    if (!is_shallow(net) || inputs.dtype != OWN_DTYPE)
        return false;
#if LANES == 16
    if (net->hidden > 8) {
        outputs_of_rows_16(net, inputs, outputs, dtype);
        return true;
    }
#endif
    outputs_of_rows_8(net, inputs, outputs, dtype);
    return true;
}

#else

static size_t shallow_steps(const SHALLOW *net, const RUN *run)
{
    (void)net, (void)run;
    return 0;
}

static bool shallow_outputs(const SHALLOW *net, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype)
{
    (void)net, (void)inputs, (void)outputs, (void)dtype;
    return false;
}

#endif

#endif
