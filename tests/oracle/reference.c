#include "oracle/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* one line a formula */
/* clang-format off */

size_t ref_count(const ref_net *net)
{
    size_t count = 0;
    for (size_t m = 0; m < net->depth; m++)
        count += net->n[m] * net->n[m + 1] + (net->bias[m] == BPNN_BIAS_NEURON ? net->n[m + 1] : net->bias[m] == BPNN_BIAS_SHARED);
    return count;
}

static double sigmoid(double e)
{
    return 1 / (1 + exp(-e));
}

static double softplus(double e)
{
    return e > 0 ? e + log1p(exp(-e)) : log1p(exp(e));
}

static const double SQRT_2_PI = 0.79788456080286535588;

/* Act(e) and Act'(e) of the elementwise activations. */
static double act(bpnn_activation_kind kind, double a, double e, double *slope)
{
    double s = sigmoid(e), u = SQRT_2_PI * (e + 0.044715 * e * e * e), th = tanh(softplus(e));
    switch (kind) {
    case BPNN_ACT_IDENTITY: *slope = 1; return e;
    case BPNN_ACT_SIGMOID: *slope = s * sigmoid(-e); return s;
    case BPNN_ACT_TANH: *slope = 1 - tanh(e) * tanh(e); return tanh(e);
    case BPNN_ACT_RELU: *slope = e > 0; return e > 0 ? e : 0;
    case BPNN_ACT_LEAKY_RELU: *slope = e > 0 ? 1 : a; return e > 0 ? e : a * e;
    case BPNN_ACT_ELU: *slope = e > 0 ? 1 : a * exp(e); return e > 0 ? e : a * expm1(e);
    case BPNN_ACT_SELU:
        *slope = 1.0507009873554805 * (e > 0 ? 1 : 1.6732632423543772 * exp(e));
        return 1.0507009873554805 * (e > 0 ? e : 1.6732632423543772 * expm1(e));
    case BPNN_ACT_GELU:
        *slope = 0.5 * (1 + erf(e / sqrt(2))) + e * exp(-e * e / 2) / sqrt(2 * M_PI);
        return 0.5 * e * (1 + erf(e / sqrt(2)));
    case BPNN_ACT_GELU_TANH:
        *slope = 0.5 * (1 + tanh(u)) + 0.5 * e * (1 - tanh(u) * tanh(u)) * SQRT_2_PI * (1 + 3 * 0.044715 * e * e);
        return 0.5 * e * (1 + tanh(u));
    case BPNN_ACT_SILU: *slope = s + e * s * (1 - s); return e * s;
    case BPNN_ACT_MISH: *slope = th + e * s * (1 - th * th); return e * th;
    case BPNN_ACT_SOFTPLUS: *slope = s; return softplus(e);
    case BPNN_ACT_SOFTSIGN: *slope = 1 / ((1 + fabs(e)) * (1 + fabs(e))); return e / (1 + fabs(e));
    case BPNN_ACT_ELLIOT: *slope = 0.5 / ((1 + fabs(e)) * (1 + fabs(e))); return e / (2 * (1 + fabs(e))) + 0.5;
    case BPNN_ACT_HARD_SIGMOID: *slope = fabs(e) < 2.5 ? 0.2 : 0; return fmin(1, fmax(0, e / 5 + 0.5));
    case BPNN_ACT_HARD_TANH: *slope = fabs(e) < 1; return fmin(1, fmax(-1, e));
    case BPNN_ACT_RELU6: *slope = e > 0 && e < 6; return fmin(6, fmax(0, e));
    case BPNN_ACT_GAUSSIAN: *slope = -2 * e * exp(-e * e); return exp(-e * e);
    case BPNN_ACT_SIN: *slope = cos(e); return sin(e);
    case BPNN_ACT_COS: *slope = -sin(e); return cos(e);
    case BPNN_ACT_EXP: *slope = exp(e); return exp(e);
    default: abort();
    }
}

/* l(y, t) and dl/dy of the losses that look at one output. */
static double pair_loss(bpnn_loss_kind kind, double p, double y, double rest, double t, double *slope)
{
    double d = y - t; /* rest: 1 - y, without cancellation */
    switch (kind) {
    case BPNN_LOSS_MSE: *slope = 2 * d; return d * d;
    case BPNN_LOSS_HALF_MSE: *slope = d; return d * d / 2;
    case BPNN_LOSS_MAE: *slope = (d > 0) - (d < 0); return fabs(d);
    case BPNN_LOSS_HUBER: *slope = fabs(d) <= p ? d : copysign(p, d); return fabs(d) <= p ? d * d / 2 : p * (fabs(d) - p / 2);
    case BPNN_LOSS_LOG_COSH: *slope = tanh(d); return log(cosh(d));
    case BPNN_LOSS_QUANTILE: *slope = d > 0 ? 1 - p : d < 0 ? -p : 0; return fmax(p * (t - y), (p - 1) * (t - y));
    case BPNN_LOSS_POISSON: *slope = 1 - t / y; return y - t * log(y);
    case BPNN_LOSS_BINARY_CROSSENTROPY: *slope = -t / y + (1 - t) / rest; return -t * log(y) - (1 - t) * log(rest);
    case BPNN_LOSS_HINGE: *slope = 1 - t * y > 0 ? -t : 0; return fmax(0, 1 - t * y);
    case BPNN_LOSS_FOCAL: /* of sigmoid outputs: both classes */
        *slope = t * (p * pow(rest, p - 1) * log(y) - pow(rest, p) / y) -
                 (1 - t) * (p * pow(y, p - 1) * log(rest) - pow(y, p) / rest);
        return -t * pow(rest, p) * log(y) - (1 - t) * pow(y, p) * log(rest);
    default: abort();
    }
}

/* One row of class losses by probabilities; dl/dp. */
static double class_loss(const ref_net *net, const double *p, const double *rest, const double *t, size_t k,
                         double *slope)
{
    double loss = 0, s = net->loss == BPNN_LOSS_CROSSENTROPY ? net->loss_parameter : 0;
    for (size_t i = 0; i < k; i++) {
        double ti = (1 - s) * t[i] + s / (double)k, g = net->loss_parameter;
        if (net->loss == BPNN_LOSS_CROSSENTROPY) {
            loss += -ti * log(p[i]);
            slope[i] = -ti / p[i];
        } else {
            loss += -ti * pow(rest[i], g) * log(p[i]);
            slope[i] = ti * ((g > 0 ? g * pow(rest[i], g - 1) * log(p[i]) : 0) - pow(rest[i], g) / p[i]);
        }
    }
    return loss;
}

typedef struct ref_row {
    double e[REF_LAYERS + 1][REF_UNITS], y[REF_LAYERS + 1][REF_UNITS], s[REF_LAYERS + 1][REF_UNITS];
    double d[REF_LAYERS + 1][REF_UNITS];
} ref_row;

static const double *bias_of(const ref_net *net, const double *w, size_t m, size_t i)
{
    const double *b = w + net->n[m] * net->n[m + 1];
    return net->bias[m] == BPNN_BIAS_NONE ? NULL : net->bias[m] == BPNN_BIAS_NEURON ? b + i : b;
}

static const double *next_layer(const ref_net *net, const double *w, size_t m)
{
    size_t b = net->bias[m] == BPNN_BIAS_NEURON ? net->n[m + 1] : net->bias[m] == BPNN_BIAS_SHARED;
    return w + net->n[m] * net->n[m + 1] + b;
}

static bool over_row(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
}

static void row_forward(const ref_net *net, const double *w, const double *x, ref_row *r)
{
    memcpy(r->y[0], x, net->n[0] * sizeof *x);
    for (size_t m = 0; m < net->depth; w = next_layer(net, w, m), m++) {
        for (size_t i = 0; i < net->n[m + 1]; i++) {
            double e = bias_of(net, w, m, i) ? *bias_of(net, w, m, i) : 0;
            for (size_t j = 0; j < net->n[m]; j++)
                e += w[j * net->n[m + 1] + i] * r->y[m][j];
            r->e[m + 1][i] = e;
            if (!over_row(net->act[m]))
                r->y[m + 1][i] = act(net->act[m], net->act_parameter[m], e, &r->s[m + 1][i]);
        }
        double sum = 0, most = r->e[m + 1][0];
        for (size_t i = 0; i < net->n[m + 1]; i++)
            most = fmax(most, r->e[m + 1][i]);
        for (size_t i = 0; i < net->n[m + 1]; i++)
            sum += exp(r->e[m + 1][i] - most);
        for (size_t i = 0; over_row(net->act[m]) && i < net->n[m + 1]; i++)
            r->y[m + 1][i] = net->act[m] == BPNN_ACT_SOFTMAX ? exp(r->e[m + 1][i] - most) / sum
                                                             : r->e[m + 1][i] - most - log(sum);
    }
}

/* Loss of the row and d^D, by the general forms of the derivation. */
static double row_output(const ref_net *net, ref_row *r, const double *t)
{
    size_t D = net->depth, k = net->n[D];
    bpnn_activation_kind kind = net->act[D - 1];
    double p[REF_UNITS], rest[REF_UNITS], g[REF_UNITS] = {0}, loss = 0, sum = 0;
    bool classes = over_row(kind) && (net->loss == BPNN_LOSS_CROSSENTROPY || net->loss == BPNN_LOSS_FOCAL);
    for (size_t i = 0; i < k; i++)
        p[i] = kind == BPNN_ACT_LOG_SOFTMAX ? exp(r->y[D][i]) : r->y[D][i];
    for (size_t i = 0; i < k; i++) {
        rest[i] = kind == BPNN_ACT_SIGMOID ? sigmoid(-r->e[D][i]) : 0;
        for (size_t j = 0; over_row(kind) && j < k; j++)
            rest[i] += j != i ? p[j] : 0;
    }
    for (size_t i = 0; classes && i < k; i++)
        if (isnan(t[i])) {
            memset(r->d[D], 0, sizeof r->d[D]);
            return 0;
        }
    if (classes)
        loss = class_loss(net, p, rest, t, k, g); /* dl/dp */
    for (size_t i = 0; !classes && i < k; i++)
        if (!isnan(t[i]))
            loss += pair_loss(net->loss, net->loss_parameter, r->y[D][i], rest[i], t[i], &g[i]);
    bool by_p = classes || kind == BPNN_ACT_SOFTMAX;
    for (size_t i = 0; i < k; i++)
        sum += by_p ? g[i] * p[i] : g[i];
    for (size_t i = 0; i < k; i++)
        r->d[D][i] = !over_row(kind) ? g[i] * r->s[D][i] : by_p ? p[i] * (g[i] - sum) : g[i] - p[i] * sum;
    return loss;
}

/* d^{m-1} and the gradients of one row, scaled, added. */
static void row_backward(const ref_net *net, const double *w, ref_row *r, double scale, double *gradient, double *dx)
{
    const double *start[REF_LAYERS];
    double *out[REF_LAYERS];
    for (size_t m = 0; m < net->depth; w = next_layer(net, w, m), m++) {
        start[m] = w;
        out[m] = gradient + (w - start[0]);
    }
    for (size_t m = net->depth; m-- > 0;) {
        size_t in = net->n[m], units = net->n[m + 1];
        for (size_t j = 0; j < in; j++)
            for (size_t i = 0; i < units; i++)
                out[m][j * units + i] += scale * r->y[m][j] * r->d[m + 1][i];
        for (size_t i = 0; i < units && net->bias[m] != BPNN_BIAS_NONE; i++)
            out[m][in * units + (net->bias[m] == BPNN_BIAS_NEURON ? i : 0)] += scale * r->d[m + 1][i];
        for (size_t j = 0; j < in; j++) {
            double sum = 0;
            for (size_t i = 0; i < units; i++)
                sum += r->d[m + 1][i] * start[m][j * units + i];
            r->d[m][j] = m > 0 ? sum * r->s[m][j] : sum;
            if (m == 0 && dx)
                dx[j] = scale * sum;
        }
    }
}

double ref_loss(const ref_net *net, const double *w, const double *x, const double *t, const double *weight, size_t rows,
                double *gradient, double *dx)
{
    double total = 0;
    if (gradient)
        memset(gradient, 0, ref_count(net) * sizeof *gradient);
    for (size_t r = 0; r < rows; r++) {
        ref_row row;
        double scale = (weight ? weight[r] : 1) / (net->mean ? (double)rows : 1);
        row_forward(net, w, x + r * net->n[0], &row);
        total += scale * row_output(net, &row, t + r * net->n[net->depth]);
        if (gradient)
            row_backward(net, w, &row, scale, gradient, dx ? dx + r * net->n[0] : NULL);
    }
    return total;
}

void ref_forward(const ref_net *net, const double *w, const double *x, double *y)
{
    ref_row row;
    row_forward(net, w, x, &row);
    memcpy(y, row.y[net->depth], net->n[net->depth] * sizeof *y);
}

/* ---- pieces ---- */

int ref_activation_piece(bpnn_activation_kind kind, double e)
{
    switch (kind) {
    case BPNN_ACT_RELU: case BPNN_ACT_LEAKY_RELU: case BPNN_ACT_ELU: case BPNN_ACT_SELU: case BPNN_ACT_SOFTSIGN:
    case BPNN_ACT_ELLIOT: return e > 0;
    case BPNN_ACT_HARD_SIGMOID: return (e > -2.5) + (e > 2.5);
    case BPNN_ACT_HARD_TANH: return (e > -1) + (e > 1);
    case BPNN_ACT_RELU6: return (e > 0) + (e > 6);
    default: return 0;
    }
}

int ref_loss_piece(const ref_net *net, double y, double t)
{
    switch (net->loss) {
    case BPNN_LOSS_MAE: case BPNN_LOSS_QUANTILE: return y > t;
    case BPNN_LOSS_HUBER: return (y - t > -net->loss_parameter) + (y - t > net->loss_parameter);
    case BPNN_LOSS_HINGE: return t * y < 1;
    default: return 0;
    }
}

bool ref_is_smooth(const ref_net *net)
{
    bool smooth = ref_loss_piece(net, -100, 1) == ref_loss_piece(net, 100, 1);
    for (size_t m = 0; m < net->depth; m++)
        smooth = smooth && ref_activation_piece(net->act[m], -100) == ref_activation_piece(net->act[m], 100);
    return smooth;
}

/* ---- complex step ---- */

/* erf by its series of one sign: 2/sqrt(pi) exp(-z^2) sum 2^n z^(2n+1) / (1 3 5 .. (2n+1)); far out it is 1 or -1. */
static double complex c_erf(double complex z)
{
    double complex term = z, sum = z;
    if (fabs(creal(z)) > 6)
        return creal(z) > 0 ? 1 : -1;
    for (int n = 1; n < 200; n++) {
        term *= 2 * z * z / (2 * n + 1);
        sum += term;
    }
    return 2 / sqrt(M_PI) * cexp(-z * z) * sum;
}

static double complex c_abs(double complex z)
{
    return creal(z) > 0 ? z : -z;
}

static double complex c_clip(double complex z, double low, double high)
{
    return creal(z) <= low ? low : creal(z) >= high ? high : z;
}

static double complex c_act(bpnn_activation_kind kind, double a, double complex e)
{
    bool right = creal(e) > 0;
    switch (kind) {
    case BPNN_ACT_IDENTITY: return e;
    case BPNN_ACT_SIGMOID: return 1 / (1 + cexp(-e));
    case BPNN_ACT_TANH: return ctanh(e);
    case BPNN_ACT_RELU: return right ? e : 0;
    case BPNN_ACT_LEAKY_RELU: return right ? e : a * e;
    case BPNN_ACT_ELU: return right ? e : a * (cexp(e) - 1);
    case BPNN_ACT_SELU: return 1.0507009873554805 * (right ? e : 1.6732632423543772 * (cexp(e) - 1));
    case BPNN_ACT_GELU: return e * (1 + c_erf(e / sqrt(2))) / 2;
    case BPNN_ACT_GELU_TANH: return 0.5 * e * (1 + ctanh(SQRT_2_PI * (e + 0.044715 * e * e * e)));
    case BPNN_ACT_SILU: return e / (1 + cexp(-e));
    case BPNN_ACT_MISH: return e * ctanh(clog(1 + cexp(e)));
    case BPNN_ACT_SOFTPLUS: return clog(1 + cexp(e));
    case BPNN_ACT_SOFTSIGN: return e / (1 + c_abs(e));
    case BPNN_ACT_ELLIOT: return e / (2 * (1 + c_abs(e))) + 0.5;
    case BPNN_ACT_HARD_SIGMOID: return c_clip(e / 5 + 0.5, 0, 1);
    case BPNN_ACT_HARD_TANH: return c_clip(e, -1, 1);
    case BPNN_ACT_RELU6: return c_clip(e, 0, 6);
    case BPNN_ACT_GAUSSIAN: return cexp(-e * e);
    case BPNN_ACT_SIN: return csin(e);
    case BPNN_ACT_COS: return ccos(e);
    case BPNN_ACT_EXP: return cexp(e);
    default: abort();
    }
}

/* One output; rest = 1 - y where y is a probability. */
static double complex c_loss(const ref_net *net, double complex y, double complex rest, double t)
{
    double p = net->loss_parameter;
    double complex d = y - t;
    switch (net->loss) {
    case BPNN_LOSS_MSE: return d * d;
    case BPNN_LOSS_HALF_MSE: return d * d / 2;
    case BPNN_LOSS_MAE: return c_abs(d);
    case BPNN_LOSS_HUBER: return fabs(creal(d)) <= p ? d * d / 2 : p * (c_abs(d) - p / 2);
    case BPNN_LOSS_LOG_COSH: return clog(ccosh(d));
    case BPNN_LOSS_QUANTILE: return creal(d) > 0 ? (p - 1) * -d : p * -d;
    case BPNN_LOSS_POISSON: return y - t * clog(y);
    case BPNN_LOSS_BINARY_CROSSENTROPY: return -t * clog(y) - (1 - t) * clog(rest);
    case BPNN_LOSS_FOCAL: return -t * cpow(rest, p) * clog(y) - (1 - t) * cpow(y, p) * clog(rest);
    case BPNN_LOSS_HINGE: return creal(1 - t * y) > 0 ? 1 - t * y : 0;
    default: abort();
    }
}

/* The output layer: softmax or log_softmax of e into y, the probabilities into p. */
static void c_softmax(bool logs, const double complex *e, size_t k, double complex *y, double complex *p)
{
    double complex sum = 0;
    for (size_t i = 0; i < k; i++)
        sum += cexp(e[i]);
    for (size_t i = 0; i < k; i++) {
        p[i] = cexp(e[i]) / sum;
        y[i] = logs ? e[i] - clog(sum) : p[i];
    }
}

/* crossentropy and focal of a row of class probabilities */
static double complex c_class_loss(const ref_net *net, const double complex *p, const double *t, size_t k)
{
    double complex loss = 0;
    double s = net->loss == BPNN_LOSS_CROSSENTROPY ? net->loss_parameter : 0;
    double g = net->loss == BPNN_LOSS_FOCAL ? net->loss_parameter : 0;
    for (size_t i = 0; i < k; i++) {
        double complex rest = 0;
        for (size_t j = 0; j < k; j++)
            rest += j != i ? p[j] : 0;
        if (isnan(t[i]))
            return 0;
        loss += -((1 - s) * t[i] + s / (double)k) * (g > 0 ? cpow(rest, g) : 1) * clog(p[i]);
    }
    return loss;
}

static double complex c_output_loss(const ref_net *net, const double complex *e, const double complex *y,
                                    const double complex *p, const double *t)
{
    size_t k = net->n[net->depth];
    bpnn_activation_kind kind = net->act[net->depth - 1];
    if (over_row(kind) && (net->loss == BPNN_LOSS_CROSSENTROPY || net->loss == BPNN_LOSS_FOCAL))
        return c_class_loss(net, p, t, k);
    double complex loss = 0;
    for (size_t i = 0; i < k; i++)
        if (!isnan(t[i]))
            loss += c_loss(net, y[i], 1 / (1 + cexp(e[i])), t[i]);
    return loss;
}

static double complex c_row(const ref_net *net, const double complex *w, const double *x, const double *t)
{
    double complex y[REF_UNITS], e[REF_UNITS], p[REF_UNITS];
    for (size_t j = 0; j < net->n[0]; j++)
        y[j] = x[j];
    for (size_t m = 0; m < net->depth; m++) {
        size_t in = net->n[m], units = net->n[m + 1];
        const double complex *b = w + in * units;
        for (size_t i = 0; i < units; i++) {
            e[i] = net->bias[m] == BPNN_BIAS_NONE ? 0 : b[net->bias[m] == BPNN_BIAS_NEURON ? i : 0];
            for (size_t j = 0; j < in; j++)
                e[i] += w[j * units + i] * y[j];
        }
        if (over_row(net->act[m]))
            c_softmax(net->act[m] == BPNN_ACT_LOG_SOFTMAX, e, units, y, p);
        else
            for (size_t i = 0; i < units; i++)
                y[i] = c_act(net->act[m], net->act_parameter[m], e[i]);
        w = b + (net->bias[m] == BPNN_BIAS_NEURON ? units : net->bias[m] == BPNN_BIAS_SHARED);
    }
    return c_output_loss(net, e, y, p, t);
}

double complex ref_loss_complex(const ref_net *net, const double complex *w, const double *x, const double *t,
                                const double *weight, size_t rows)
{
    double complex total = 0;
    for (size_t r = 0; r < rows; r++)
        total += (weight ? weight[r] : 1) / (net->mean ? (double)rows : 1) *
                 c_row(net, w, x + r * net->n[0], t + r * net->n[net->depth]);
    return total;
}
