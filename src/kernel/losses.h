/* Losses: the value of every row and its derivative by e, in closed form where the product form would lose digits or
 * divide by zero. A NaN target contributes nothing (selected, never multiplied). */
#ifndef BPNN_KERNEL_LOSSES_H
#define BPNN_KERNEL_LOSSES_H

#include "kernel/activations.h"
#include "kernel/kernels.h"

#include <stdbool.h>

/* One element: l(y, t) or its part in closed form, and dl/dy (dl/de where the form is closed). */
typedef struct loss_part {
    real value, slope;
} loss_part;

/* log cosh d = |d| + log(1 + exp(-2|d|)) - log 2; below 1, where that cancels, log(1 + u^2 / (2 + 2 u)), u = expm1 |d| */
INLINE loss_part loss_log_cosh(real d)
{
    real a = r_abs(d), u = r_expm1(a < 1 ? a : 1);
    real far = a + r_log1p_unit(r_exp(-2 * a)) - (real)0.6931471805599453;
    return (loss_part){a < 1 ? r_log1p(u * u / (2 + 2 * u)) : far, r_tanh(d)};
}

INLINE loss_part loss_huber(real d, real delta)
{
    real a = r_abs(d);
    if (a <= delta)
        return (loss_part){(real)0.5 * d * d, d};
    return (loss_part){delta * (a - (real)0.5 * delta), d > 0 ? delta : -delta};
}

/* max(q (t-y), (q-1)(t-y)); at t = y the derivative is 0 */
INLINE loss_part loss_quantile(real d, real q)
{
    if (d > 0)
        return (loss_part){(1 - q) * d, 1 - q};
    return (loss_part){-q * d, d < 0 ? -q : 0};
}

INLINE loss_part loss_hinge(real y, real t)
{
    real margin = 1 - t * y;
    return margin <= 0 ? (loss_part){0, 0} : (loss_part){margin, -t}; /* NaN shows in the value */
}

/* q^g for q = exp(log_q), 0^0 = 1 */
INLINE real focal_weight(real log_q, real g)
{
    return g == 0 ? 1 : r_exp(g * log_q);
}

/* -(1-p)^g log p and its derivative by e, for p = sigmoid(e): (1-p)^g (g p log p - (1-p)) */
INLINE loss_part focal_one_side(real e, real g)
{
    real log_p = -r_softplus(-e), log_q = -r_softplus(e);
    real p = r_exp(log_p), q = r_exp(log_q), w = focal_weight(log_q, g);
    return (loss_part){-w * log_p, w * (g * p * log_p - q)};
}

/* Both classes: t for the one, 1 - t for the other. */
INLINE loss_part loss_focal_sigmoid(real e, real t, real g)
{
    loss_part yes = focal_one_side(e, g), no = focal_one_side(-e, g);
    return (loss_part){t * yes.value + (1 - t) * no.value, t * yes.slope - (1 - t) * no.slope};
}

INLINE loss_part loss_user(const bpnn_loss *loss, real y, real t)
{
    double at = (double)y, target = (double)t;
    return (loss_part){(real)loss->value(at, target, loss->context), (real)loss->derivative(at, target, loss->context)};
}

static loss_part loss_element(const bpnn_loss *loss, real parameter, real e, real y, real t)
{
    real d = y - t;
    switch (loss->kind) {
    case BPNN_LOSS_MSE:
        return (loss_part){d * d, 2 * d};
    case BPNN_LOSS_HALF_MSE:
        return (loss_part){(real)0.5 * d * d, d};
    case BPNN_LOSS_MAE:
        return (loss_part){r_abs(d), d > 0 ? 1 : d < 0 ? -1 : 0};
    case BPNN_LOSS_HUBER:
        return loss_huber(d, parameter);
    case BPNN_LOSS_LOG_COSH:
        return loss_log_cosh(d);
    case BPNN_LOSS_QUANTILE:
        return loss_quantile(d, parameter);
    case BPNN_LOSS_POISSON: /* exp(e) - t e */
        return (loss_part){y - t * e, d};
    case BPNN_LOSS_BINARY_CROSSENTROPY: /* softplus(e) - t e, nothing cancels where the answer is right */
        return (loss_part){((e > 0 ? e : 0) - t * e) + r_log1p_unit(r_exp(-r_abs(e))), d};
    case BPNN_LOSS_FOCAL:
        return loss_focal_sigmoid(e, t, parameter);
    case BPNN_LOSS_HINGE:
        return loss_hinge(y, t);
    default:
        return loss_user(loss, y, t);
    }
}

/* ---- elementwise output activations ---- */

/* One row: d = scale dl/dy Act'(e), or scale dl/de; the loss in lanes. */
static real elementwise_row(const BPNN_NAME(output_rule) * rule, bool closed, const real *e, const real *y,
                            const real *slope, const real *t, size_t stride, real scale, real *d)
{
    real parameter = (real)rule->loss.parameter, sums[LANES] = {0};
    for (size_t p = 0; p * LANES < rule->cols; p++) {
        size_t at = p * stride * LANES, units = units_of(rule->cols, p);
        real line[LANES] = {0};
        for (size_t l = 0; l < units; l++) {
            if (t[at + l] != t[at + l])
                continue;
            loss_part part = loss_element(&rule->loss, parameter, e[at + l], y[at + l], t[at + l]);
            sums[l] += part.value;
            if (d)
                line[l] = scale * (closed ? part.slope : part.slope * slope[at + l]);
        }
        if (d)
            memcpy(d + at, line, sizeof line);
    }
    return lanes_sum(sums);
}

/* ---- softmax and log_softmax ---- */

/* A row of softmax outputs seen through its probabilities: log p_i = (e_i - most) + log_best. */
typedef struct row_view {
    const real *e, *y, *t;
    size_t cols, stride;
    bool logarithm; /* y = log p */
    real most;      /* max e */
    real log_best;  /* log max p = max e - log sum exp e */
} row_view;

INLINE real probability(const row_view *v, size_t at)
{
    return v->logarithm ? r_exp(v->y[at]) : v->y[at];
}

/* <= 0; e - most comes first, so that a sure answer keeps its digits */
INLINE real log_probability(const row_view *v, size_t at)
{
    return (v->e[at] - v->most) + v->log_best;
}

/* The largest e and p: no second pass of exponentials. */
static void find_best(row_view *v)
{
    real best = v->y[0];
    v->most = v->e[0];
    for (size_t p = 0; p * LANES < v->cols; p++)
        for (size_t l = 0; l < units_of(v->cols, p); l++) {
            size_t at = p * v->stride * LANES + l;
            v->most = v->e[at] > v->most ? v->e[at] : v->most;
            best = v->y[at] > best ? v->y[at] : best;
        }
    v->log_best = v->logarithm ? best : r_log(best);
}

static bool any_nan(const row_view *v)
{
    for (size_t p = 0; p * LANES < v->cols; p++)
        for (size_t l = 0; l < units_of(v->cols, p); l++)
            if (v->t[p * v->stride * LANES + l] != v->t[p * v->stride * LANES + l])
                return true;
    return false;
}

/* The units of a row: l is the lane, at the place. */
#define EACH_UNIT(v)                                                                                                   \
    for (size_t p_ = 0; p_ * LANES < (v)->cols; p_++)                                                                  \
        for (size_t l = 0, at = p_ * (v)->stride * LANES; l < units_of((v)->cols, p_); l++, at++)

/* l = -sum t log p,  d = scale (p sum t - t);  label smoothing: t <- (1-s) t + s/K */
static real crossentropy_row(const row_view *v, real smoothing, real scale, real *d)
{
    real values[LANES] = {0}, totals[LANES] = {0}, extra = smoothing / (real)v->cols;
    EACH_UNIT(v)
    {
        real t = smoothing == 0 ? v->t[at] : FMA(1 - smoothing, v->t[at], extra);
        values[l] += t == 0 ? 0 : -t * log_probability(v, at);
        totals[l] += t;
    }
    real total = lanes_sum(totals);
    if (d)
        EACH_UNIT(v)
        {
            real t = smoothing == 0 ? v->t[at] : FMA(1 - smoothing, v->t[at], extra);
            d[at] = scale * FMA(probability(v, at), total, -t);
        }
    return lanes_sum(values);
}

/* dl/dp_i p_i = t (1-p)^g (g p log p / (1-p) - 1);  d_j = a_j - p_j sum a */
static real focal_row(const row_view *v, real g, real scale, real *d)
{
    real values[LANES] = {0}, sums[LANES] = {0};
    EACH_UNIT(v)
    {
        real t = v->t[at], log_p = log_probability(v, at), q = -r_expm1(log_p), p = 1 - q;
        real w = q > 0 ? focal_weight(r_log(q), g) : focal_weight(-R_INFINITY, g);
        real ratio = q > 0 ? log_p / q : -1;
        real a = t * w * (g * p * ratio - 1);
        values[l] += t == 0 ? 0 : -t * w * log_p;
        sums[l] += a;
        if (d)
            d[at] = a;
    }
    real sum = lanes_sum(sums);
    if (d)
        EACH_UNIT(v) d[at] = scale * FMA(-probability(v, at), sum, d[at]);
    return lanes_sum(values);
}

/* Any loss on softmax: d_i = y_i (g_i - sum g y); on log_softmax: d_i = g_i - p_i sum g */
static real general_row(const row_view *v, const bpnn_loss *loss, real scale, real *d)
{
    real values[LANES] = {0}, sums[LANES] = {0}, parameter = (real)loss->parameter;
    EACH_UNIT(v)
    {
        bool known = v->t[at] == v->t[at];
        loss_part part = known ? loss_element(loss, parameter, v->e[at], v->y[at], v->t[at]) : (loss_part){0, 0};
        values[l] += part.value;
        sums[l] = v->logarithm ? sums[l] + part.slope : FMA(part.slope, v->y[at], sums[l]);
        if (d)
            d[at] = part.slope;
    }
    real sum = lanes_sum(sums);
    if (d)
        EACH_UNIT(v)
        {
            d[at] = v->logarithm ? scale * FMA(-probability(v, at), sum, d[at]) : scale * (v->y[at] * (d[at] - sum));
        }
    return lanes_sum(values);
}

static real softmax_loss_row(const BPNN_NAME(output_rule) * rule, row_view *v, real scale, real *d)
{
    bool classes = rule->loss.kind == BPNN_LOSS_CROSSENTROPY || rule->loss.kind == BPNN_LOSS_FOCAL;
    if (d) /* padding */
        for (size_t p = 0; p * LANES < v->cols; p++)
            for (size_t l = units_of(v->cols, p); l < LANES; l++)
                d[p * v->stride * LANES + l] = 0;
    if (!classes)
        return general_row(v, &rule->loss, scale, d);
    if (any_nan(v)) { /* a class that is not known: the row counts for nothing */
        if (d)
            EACH_UNIT(v) d[at] = 0;
        return 0;
    }
    find_best(v);
    if (rule->loss.kind == BPNN_LOSS_FOCAL)
        return focal_row(v, (real)rule->loss.parameter, scale, d);
    return crossentropy_row(v, (real)rule->loss.parameter, scale, d);
}

static void output(const BPNN_NAME(output_rule) * rule, size_t rows, const real *e, const real *y, const real *slope,
                   const real *t, size_t stride, const real *scale, real *d, real *loss)
{
    bpnn_activation_kind kind = rule->activation.kind;
    bpnn_loss_kind name = rule->loss.kind;
    bool over_row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
    bool closed = name == BPNN_LOSS_POISSON || name == BPNN_LOSS_BINARY_CROSSENTROPY || name == BPNN_LOSS_FOCAL;
    for (size_t r = 0; r < rows; r++) {
        size_t at = r * LANES;
        real *to = d ? d + at : NULL, value;
        if (over_row) {
            row_view v = {e + at, y + at, t + at, rule->cols, stride, kind == BPNN_ACT_LOG_SOFTMAX, 0, 0};
            value = softmax_loss_row(rule, &v, scale[r], to);
        } else {
            value =
                elementwise_row(rule, closed, e + at, y + at, slope ? slope + at : NULL, t + at, stride, scale[r], to);
        }
        if (loss)
            loss[r] = value;
    }
}

#endif
