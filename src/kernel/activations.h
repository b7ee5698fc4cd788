/* Activations over lines: value and slope of each stand next to each other. relu'(0) = 0 and the other kinks take the
 * slope of their left side; clipped ones have slope 0 at and outside the clips. NaN passes through. */
#ifndef BPNN_KERNEL_ACTIVATIONS_H
#define BPNN_KERNEL_ACTIVATIONS_H

#include "kernel/elementary.h"
#include "kernel/vector.h"
#include <bpnn/net.h>

#include <stddef.h>

/* y may be e: the compilers have to be told that elements do not depend on each other. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* ELEMENTWISE(name, value, slope): value in x and the parameter p; slope in x, p and the value v. */
#define ELEMENTWISE(name, value_of, slope_of)                                                                          \
    static void act_##name(real p, size_t n, const real *e, real *y, real *slope)                                      \
    {                                                                                                                  \
        (void)p;                                                                                                       \
        if (!slope) {                                                                                                  \
            INDEPENDENT for (size_t i = 0; i < n; i++)                                                                 \
            {                                                                                                          \
                real x = e[i];                                                                                         \
                y[i] = (value_of);                                                                                     \
            }                                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
        INDEPENDENT for (size_t i = 0; i < n; i++)                                                                     \
        {                                                                                                              \
            real x = e[i], v = (value_of);                                                                             \
            (void)x, (void)v;                                                                                          \
            slope[i] = (slope_of);                                                                                     \
            y[i] = v;                                                                                                  \
        }                                                                                                              \
    }

#define SELU_SCALE (real)1.0507009873554805
#define SELU_ALPHA (real)1.6732632423543772
#define INV_SQRT2 (real)0.7071067811865476
#define INV_SQRT_2PI (real)0.3989422804014327
#define GELU_K (real)0.7978845608028654 /* sqrt(2 / pi) */
#define GELU_C (real)0.044715

INLINE real clip_to(real x, real low, real high)
{
    return x < low ? low : x > high ? high : x;
}

/* tanh(sqrt(2/pi) (x + 0.044715 x^3)); beyond +-20 it is 1 to the last bit, and x^3 cannot overflow */
INLINE real gelu_inner(real x)
{
    real c = clip_to(x, -20, 20);
    return r_tanh(GELU_K * FMA(GELU_C * c * c, c, c));
}

INLINE real gelu_tanh_slope(real x)
{
    real c = clip_to(x, -20, 20), t = gelu_inner(x);
    real half = (real)0.5;
    return FMA(half * c * FMA(-t, t, 1), GELU_K * FMA(3 * GELU_C * c, c, 1), half * (1 + t));
}

INLINE real gelu_half(real x)
{
    return (real)0.5 * (1 + r_erf(x * INV_SQRT2));
}

ELEMENTWISE(identity, x, 1)
ELEMENTWISE(sigmoid, r_sigmoid(x), v *(1 - v))
ELEMENTWISE(tanh, r_tanh(x), FMA(-v, v, 1))
ELEMENTWISE(relu, x<0 ? 0 : x, x> 0 ? 1 : 0)
ELEMENTWISE(leaky_relu, x<0 ? p * x : x, x> 0 ? 1 : p)
ELEMENTWISE(elu, x<0 ? p * r_expm1(x) : x, x> 0 ? 1 : p *r_exp(x))
ELEMENTWISE(selu, SELU_SCALE *(x < 0 ? SELU_ALPHA * r_expm1(x) : x),
            x > 0 ? SELU_SCALE : SELU_SCALE * SELU_ALPHA * r_exp(x))
ELEMENTWISE(gelu, x *gelu_half(x), FMA(x *INV_SQRT_2PI, r_exp((real)-0.5 * x * x), gelu_half(x)))
ELEMENTWISE(gelu_tanh, (real)0.5 * x * (1 + gelu_inner(x)), gelu_tanh_slope(x))
ELEMENTWISE(silu, x *r_sigmoid(x), FMA(v, 1 - r_sigmoid(x), r_sigmoid(x)))
ELEMENTWISE(mish, x *r_tanh(r_softplus(x)),
            FMA(x *r_sigmoid(x), FMA(-r_tanh(r_softplus(x)), r_tanh(r_softplus(x)), 1), r_tanh(r_softplus(x))))
ELEMENTWISE(softplus, r_softplus(x), r_sigmoid(x))
ELEMENTWISE(softsign, x / (1 + r_abs(x)), 1 / ((1 + r_abs(x)) * (1 + r_abs(x))))
ELEMENTWISE(elliot, x / (2 * (1 + r_abs(x))) + (real)0.5, (real)0.5 / ((1 + r_abs(x)) * (1 + r_abs(x))))
ELEMENTWISE(hard_sigmoid, clip_to(x / 5 + (real)0.5, 0, 1), v > 0 && v < 1 ? (real)0.2 : 0)
ELEMENTWISE(hard_tanh, clip_to(x, -1, 1), x > -1 && x < 1 ? 1 : 0)
ELEMENTWISE(relu6, clip_to(x, 0, 6), x > 0 && x < 6 ? 1 : 0)
ELEMENTWISE(gaussian, r_exp(-(x *x)), -2 * x * v)
ELEMENTWISE(sin_moderate, r_sin_moderate(x), r_cos_moderate(x))
ELEMENTWISE(cos_moderate, r_cos_moderate(x), -r_sin_moderate(x))
ELEMENTWISE(sin_any, r_sin(x), r_cos(x))
ELEMENTWISE(cos_any, r_cos(x), -r_sin(x))
ELEMENTWISE(exp, r_exp(x), v)
ELEMENTWISE(threshold, x < 0 ? 0 : x != x ? x : 1, 0)

/* The reduction of huge angles keeps a loop from becoming vectors: take it only where there is one. Same bits. */
static bool all_moderate(size_t n, const real *e)
{
    real most = 0;
    for (size_t i = 0; i < n; i++)
        most = r_abs(e[i]) < (real)D_MODERATE ? most : 1;
    return most == 0;
}

static void act_sin(real p, size_t n, const real *e, real *y, real *slope)
{
    (all_moderate(n, e) ? act_sin_moderate : act_sin_any)(p, n, e, y, slope);
}

static void act_cos(real p, size_t n, const real *e, real *y, real *slope)
{
    (all_moderate(n, e) ? act_cos_moderate : act_cos_any)(p, n, e, y, slope);
}

static void (*const elementwise[BPNN_ACT_COUNT])(real p, size_t n, const real *e, real *y, real *slope) = {
    [BPNN_ACT_IDENTITY] = act_identity,
    [BPNN_ACT_SIGMOID] = act_sigmoid,
    [BPNN_ACT_TANH] = act_tanh,
    [BPNN_ACT_RELU] = act_relu,
    [BPNN_ACT_LEAKY_RELU] = act_leaky_relu,
    [BPNN_ACT_ELU] = act_elu,
    [BPNN_ACT_SELU] = act_selu,
    [BPNN_ACT_GELU] = act_gelu,
    [BPNN_ACT_GELU_TANH] = act_gelu_tanh,
    [BPNN_ACT_SILU] = act_silu,
    [BPNN_ACT_MISH] = act_mish,
    [BPNN_ACT_SOFTPLUS] = act_softplus,
    [BPNN_ACT_SOFTSIGN] = act_softsign,
    [BPNN_ACT_ELLIOT] = act_elliot,
    [BPNN_ACT_HARD_SIGMOID] = act_hard_sigmoid,
    [BPNN_ACT_HARD_TANH] = act_hard_tanh,
    [BPNN_ACT_RELU6] = act_relu6,
    [BPNN_ACT_GAUSSIAN] = act_gaussian,
    [BPNN_ACT_SIN] = act_sin,
    [BPNN_ACT_COS] = act_cos,
    [BPNN_ACT_EXP] = act_exp,
    [BPNN_ACT_THRESHOLD] = act_threshold,
};

static void clear_padding(size_t lines, size_t cols, real *x)
{
    for (size_t r = 0; r < lines; r++, x += LANES)
        keep_first(cols, x, x);
}

static void activate(const bpnn_activation *activation, size_t lines, size_t cols, const real *e, real *y, real *slope)
{
    elementwise[activation->kind]((real)activation->parameter, lines * LANES, e, y, slope);
    if (cols < LANES) {
        clear_padding(lines, cols, y);
        if (slope)
            clear_padding(lines, cols, slope);
    }
}

/* ---- over a row ---- */

/* The halving tree over a line of sums. */
INLINE real lanes_sum(const real *line)
{
    real sum[LANES];
    memcpy(sum, line, sizeof sum);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            sum[l] += sum[l + half];
    return sum[0];
}

/* Columns of panel p that are units. */
INLINE size_t units_of(size_t cols, size_t p)
{
    return cols - p * LANES < LANES ? cols - p * LANES : LANES;
}

/* The largest of a row by compare and select; NaN never wins, so that it shows in the sums instead. */
INLINE real row_maximum(size_t cols, const real *e, size_t stride)
{
    real most = e[0];
    for (size_t p = 0; p * LANES < cols; p++)
        for (size_t l = 0; l < units_of(cols, p); l++)
            most = e[p * stride * LANES + l] > most ? e[p * stride * LANES + l] : most;
    return most;
}

/* y = exp(e - max e), sums in lanes; columns that are no units give 0. Returns the sum. */
static real softmax_row(size_t cols, real most, const real *e, real *y, size_t stride)
{
    real sums[LANES] = {0};
    for (size_t p = 0; p * LANES < cols; p++) {
        const real *from = e + p * stride * LANES;
        real *to = y + p * stride * LANES;
        size_t units = units_of(cols, p);
        for (size_t l = 0; l < LANES; l++) {
            real t = r_exp(from[l] - most);
            to[l] = l < units ? t : 0;
        }
        for (size_t l = 0; l < LANES; l++)
            sums[l] += to[l];
    }
    return lanes_sum(sums);
}

static void softmax(size_t rows, size_t cols, bool logarithm, const real *e, real *y, size_t stride)
{
    real kept[LANES];
    for (size_t r = 0; r < rows; r++, e += LANES, y += LANES) {
        real most = row_maximum(cols, e, stride), shift = 0;
        if (logarithm) { /* the sum first: y may be e */
            real sums[LANES] = {0};
            for (size_t p = 0; p * LANES < cols; p++)
                for (size_t l = 0; l < units_of(cols, p); l++)
                    sums[l] += r_exp(e[p * stride * LANES + l] - most);
            shift = r_log(lanes_sum(sums));
        }
        real sum = logarithm ? 1 : softmax_row(cols, most, e, y, stride);
        for (size_t p = 0; p * LANES < cols; p++) {
            size_t at = p * stride * LANES, units = units_of(cols, p);
            for (size_t l = 0; l < LANES; l++)
                kept[l] = logarithm ? (e[at + l] - most) - shift : y[at + l] / sum;
            for (size_t l = 0; l < LANES; l++)
                y[at + l] = l < units ? kept[l] : 0;
        }
    }
}

#endif
