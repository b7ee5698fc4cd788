/* A layer in whole numbers: weights and sums, then the way from e to the outputs. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/fixed.h"
#include "exchange/formula.h"
#include "net/net.h"

#include <float.h>
#include <math.h>
#include <string.h>

static double nearest(double x)
{
    return floor(x + 0.5);
}

/* ratio = *factor / 2^*shift with 30 to 31 bits; 0 where it is below 2^-32. False: 2^30 or more. */
static bool split(double ratio, int32_t *factor, int *shift)
{
    int exponent = 0;
    double part = frexp(fabs(ratio), &exponent), whole = nearest(ldexp(part, 30));
    *factor = (int32_t)whole; /* at most 2^30 */
    *shift = 30 - exponent;
    if (ratio < 0)
        *factor = -*factor;
    if (*shift > 62 || *factor == 0)
        *factor = *shift = 0;
    return *shift >= 0;
}

/* ---- weights ---- */

/* Unit i with its inputs' steps and centres in it: w'_j = w_j step_j into `w`, returns b' = b - centre + sum_j w_j centre_j. */
static double fold(const bpnn_net *net, size_t m, size_t i, const double *step, const double *centre, double offset,
                   double *w)
{
    double b = bpnn__bias_of(net, m, i) - offset;
    for (size_t j = 0; j < bpnn__net_size(net, m - 1); j++) {
        double weight = bpnn__weight_of(net, m, j, i);
        w[j] = weight * step[j];
        b += weight * centre[j];
    }
    return b;
}

/* Weights and bias of a unit in its own step, which is returned: the finest in which both fit. *bound: of the sum. */
static double quantise_unit(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t i, const double *w, double b,
                            double *bound)
{
    double widest = 0, step, roof = f->bits == 8 ? 0x1p30 : 0x1p40;
    for (size_t j = 0; j < layer->in; j++)
        widest = bpnn__larger(widest, fabs(w[j]));
    step = bpnn__larger(widest / f->most, fabs(b) / roof);
    *bound = 0;
    if (!(step > 0))
        return 0;
    for (size_t j = 0; j < layer->in; j++) {
        double q = nearest(w[j] / step);
        q = q > f->most ? f->most : q < -f->most ? -f->most : q;
        layer->weight[i * layer->in + j] = (int32_t)q;
        *bound += fabs(q) * f->most;
    }
    layer->bias[i] = (int64_t)nearest(b / step);
    *bound += fabs((double)layer->bias[i]);
    return step;
}

/* The largest |e - centre| that inputs within their ranges can give. */
static double reach_of(const bpnn__fixed *f, const bpnn__fixed_layer *layer, const double *w, double b)
{
    double sum = fabs(b);
    for (size_t j = 0; j < layer->in; j++)
        sum += fabs(w[j]) * f->most;
    return sum;
}

/* The step of e: its range has to be within the limit, and so fine that no factor comes to 2^30. */
static void choose_step(bpnn__fixed_layer *layer, bool shares, double half, double reach)
{
    double range = shares ? reach : bpnn__larger(half, reach * 0x1p-20);
    if (!(range > 0))
        range = 1;
    layer->step = range / ((double)layer->limit + 1);
}

static bpnn_status choose_factors(bpnn__fixed_layer *layer, size_t m, const double *step, double bound,
                                  bpnn_error *error)
{
    layer->wide = bound >= 0x1p31 - 1;
    layer->drop = 0;
    while (ldexp(bound, -layer->drop) >= 0x1p31 - 1)
        layer->drop++;
    for (size_t i = 0; i < layer->out; i++) {
        int shift = 0;
        if (step[i] > 0 && !split(ldexp(step[i], layer->drop) / layer->step, &layer->factor[i], &shift))
            return bpnn__fail(error, BPNN_USAGE, "layer %zu: the units' sums differ too much for whole numbers", m);
        layer->shift[i] = (uint8_t)shift;
    }
    return BPNN_OK;
}

bpnn_status bpnn__fixed_sums(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, const double *step,
                             const double *centre, double e_low, double e_high, bpnn_error *error)
{
    const bpnn_net *net = f->model->net;
    double *w = bpnn__alloc(layer->in, sizeof *w), *own = bpnn__alloc(layer->out, sizeof *own), reach = 0, most = 0;
    bpnn_status status = w && own ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t i = 0; i < layer->out && status == BPNN_OK; i++) {
        double bound = 0, b = fold(net, m, i, step, centre, layer->centre, w);
        reach = bpnn__larger(reach, reach_of(f, layer, w, b));
        if (!(reach < 0x1p1000))
            status = bpnn__fail(error, BPNN_USAGE, "layer %zu: weights or biases are too large for whole numbers", m);
        else
            own[i] = quantise_unit(f, layer, i, w, b, &bound);
        most = bpnn__larger(most, bound);
    }
    if (status == BPNN_OK) {
        bool exact = m == f->depth && layer->form != BPNN__FIXED_TABLE;
        double half = bpnn__larger(fabs(e_low - layer->centre), fabs(e_high - layer->centre));
        choose_step(layer, exact, half, reach);
        status = choose_factors(layer, m, own, most, error);
    }
    bpnn__free(own);
    bpnn__free(w);
    return status;
}

/* ---- outputs ---- */

static bool lines_of(const bpnn_activation *activation, bpnn__lines *lines)
{
    *lines = (bpnn__lines){{1, 1}, {0, 0}, -DBL_MAX, DBL_MAX};
    switch (activation->kind) {
    case BPNN_ACT_IDENTITY:
        return true;
    case BPNN_ACT_RELU:
        lines->a[0] = 0;
        return true;
    case BPNN_ACT_LEAKY_RELU:
        lines->a[0] = activation->parameter;
        return true;
    case BPNN_ACT_RELU6:
        *lines = (bpnn__lines){{1, 1}, {0, 0}, 0, 6};
        return true;
    case BPNN_ACT_HARD_TANH:
        *lines = (bpnn__lines){{1, 1}, {0, 0}, -1, 1};
        return true;
    case BPNN_ACT_HARD_SIGMOID:
        *lines = (bpnn__lines){{0.2, 0.2}, {0.5, 0.5}, 0, 1};
        return true;
    case BPNN_ACT_THRESHOLD:
        *lines = (bpnn__lines){{0, 0}, {0, 1}, 0, 1};
        return true;
    default:
        return false;
    }
}

static double on_lines(const bpnn__lines *lines, double e)
{
    double y = lines->b[e >= 0] + lines->a[e >= 0] * e;
    return y < lines->least ? lines->least : y > lines->most ? lines->most : y;
}

/* Centre and step of outputs in low .. high. slope, offset: of the lines, which have to stay within 32 bits. */
static void place_outputs(bpnn__fixed_layer *layer, double low, double high, double slope, double offset, double most)
{
    layer->out_centre = low / 2 + high / 2;
    double half = high / 2 - low / 2, least = bpnn__larger(fabs(layer->out_centre), offset) * 0x1p-14;
    least = bpnn__larger(least, slope * layer->step * (double)layer->limit * 0x1p-20);
    half = bpnn__larger(half, least);
    layer->out_step = (half > 0 ? half : 1) / most;
}

static bpnn_status set_lines(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, double low, double high,
                             bpnn_error *error)
{
    const bpnn__lines *real = &layer->real;
    bool step = real->a[0] == 0 && real->a[1] == 0; /* threshold: both values are needed */
    double ends[3] = {on_lines(real, low), on_lines(real, high), low < 0 && high > 0 ? on_lines(real, 0) : (double)NAN};
    double least = ends[0] < ends[1] ? ends[0] : ends[1], most = bpnn__larger(ends[0], ends[1]);
    if (ends[2] < least)
        least = ends[2];
    if (ends[2] > most)
        most = ends[2];
    double slope = bpnn__larger(fabs(real->a[0]), fabs(real->a[1])),
           offset = bpnn__larger(fabs(real->b[0]), fabs(real->b[1]));
    place_outputs(layer, step ? 0 : least, step ? 1 : most, slope, offset, f->most);
    int32_t unused;
    if (!split(slope * layer->step / layer->out_step, &unused, &layer->turn))
        return bpnn__fail(error, BPNN_USAGE, "layer %zu: the outputs' range is too small for whole numbers", m);
    for (int k = 0; k < 2; k++) {
        layer->a[k] = (int32_t)nearest(ldexp(real->a[k] * layer->step / layer->out_step, layer->turn));
        layer->b[k] = (int32_t)nearest((real->b[k] - layer->out_centre) / layer->out_step);
    }
    double floor_at = nearest((real->least - layer->out_centre) / layer->out_step),
           roof = nearest((real->most - layer->out_centre) / layer->out_step);
    layer->least = floor_at > -f->most ? (int32_t)floor_at : -f->most;
    layer->most = roof < f->most ? (int32_t)roof : f->most;
    return BPNN_OK;
}

/* e of value k of a table */
static double node(const bpnn__fixed *f, const bpnn__fixed_layer *layer, size_t k)
{
    double half = ldexp(1, f->index - 1);
    return layer->centre + layer->step * ldexp((double)k - half, BPNN__FIXED_FRACTION);
}

static bpnn_status set_table(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, bpnn_error *error)
{
    size_t count = ((size_t)1 << f->index) + 1;
    double *e = bpnn__alloc(2 * count, sizeof *e), *y = e ? e + count : NULL, low = HUGE_VAL, high = -HUGE_VAL;
    layer->table = bpnn__alloc(count, sizeof *layer->table);
    bpnn_status status = e && layer->table ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t k = 0; k < count && e; k++)
        e[k] = node(f, layer, k);
    if (status == BPNN_OK)
        status = bpnn__activate(&f->model->net->layers[m - 1].activation, e, count, y, error);
    for (size_t k = 0; k < count && status == BPNN_OK; k++) {
        if (!isfinite(y[k]))
            status = bpnn__fail(error, BPNN_USAGE, "layer %zu: the activation leaves the finite numbers", m);
        low = y[k] < low ? y[k] : low;
        high = bpnn__larger(high, y[k]);
    }
    if (status == BPNN_OK) {
        bool coarse = f->bits == 8 && m < f->depth;
        double fine = m == f->depth ? BPNN__FIXED_FINE : ldexp(f->most, coarse ? BPNN__FIXED_COARSE : 0);
        place_outputs(layer, low, high, 0, 0, fine);
        for (size_t k = 0; k < count; k++)
            layer->table[k] = (int32_t)nearest((y[k] - layer->out_centre) / layer->out_step);
        layer->out_step = coarse ? ldexp(layer->out_step, BPNN__FIXED_COARSE) : layer->out_step;
    }
    bpnn__free(e);
    return status;
}

/* exp(-t), t = 0 .. 16; no share is 0, for there are no probabilities of 0. */
static bpnn_status set_shares(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, bpnn_error *error)
{
    size_t count = ((size_t)1 << f->index) + 1;
    double *t = bpnn__alloc(2 * count, sizeof *t), *y = t ? t + count : NULL;
    bpnn_activation exponential = {.kind = BPNN_ACT_EXP};
    layer->table = bpnn__alloc(count, sizeof *layer->table);
    bpnn_status status = t && layer->table ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t k = 0; k < count && t; k++)
        t[k] = -16 * ldexp((double)k, -f->index);
    if (status == BPNN_OK)
        status = bpnn__activate(&exponential, t, count, y, error);
    for (size_t k = 0; k < count && status == BPNN_OK; k++)
        layer->table[k] = (int32_t)bpnn__larger(1, nearest(BPNN__FIXED_FINE * y[k]));
    if (status == BPNN_OK &&
        !split(ldexp(layer->step, f->index + BPNN__FIXED_FRACTION - 4), &layer->share_factor, &layer->share_shift))
        status = bpnn__fail(error, BPNN_USAGE, "layer %zu: the sums are too large for whole numbers", m);
    bpnn__free(t);
    return status;
}

/* Beyond this an activation is its limit to half a step. */
static double natural(bpnn_activation_kind kind, int bits)
{
    switch (kind) {
    case BPNN_ACT_SIGMOID:
        return bits == 8 ? 7 : 12;
    case BPNN_ACT_TANH:
        return bits == 8 ? 3.5 : 6;
    case BPNN_ACT_GAUSSIAN:
        return bits == 8 ? 2.5 : 3.5;
    default:
        return HUGE_VAL;
    }
}

static double within(double x, double limit)
{
    return x < -limit ? -limit : x > limit ? limit : x;
}

void bpnn__fixed_form_of(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, double *e_low, double *e_high)
{
    const bpnn_activation *activation = &f->model->net->layers[m - 1].activation;
    double margin = f->bits == 16 ? *e_high / 2 - *e_low / 2 : 0, most = natural(activation->kind, f->bits);
    if (activation->kind == BPNN_ACT_EXP && margin > 0.7) /* outputs twice as wide */
        margin = 0.7;
    *e_low -= margin;
    *e_high += margin;
    layer->form = bpnn__over_row(activation->kind)     ? BPNN__FIXED_SHARES
                  : lines_of(activation, &layer->real) ? BPNN__FIXED_LINES
                                                       : BPNN__FIXED_TABLE;
    bool exact = m == f->depth && layer->form != BPNN__FIXED_TABLE;
    layer->limit = exact ? (1 << 30) - 1 : (1 << (f->index + BPNN__FIXED_FRACTION - 1)) - 1;
    if (layer->form != BPNN__FIXED_TABLE)
        return;
    *e_low = within(*e_low, m == f->depth ? natural(activation->kind, 16) : most);
    *e_high = within(*e_high, m == f->depth ? natural(activation->kind, 16) : most);
    if (*e_high - *e_low < 0x1p-10) {
        *e_low -= 0.5;
        *e_high += 0.5;
    }
    layer->centre = *e_low / 2 + *e_high / 2;
}

bpnn_status bpnn__fixed_outputs(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, double e_low, double e_high,
                                bpnn_error *error)
{
    if (layer->form == BPNN__FIXED_TABLE)
        return set_table(f, layer, m, error);
    if (layer->form == BPNN__FIXED_SHARES)
        return set_shares(f, layer, m, error);
    return m < f->depth ? set_lines(f, layer, m, e_low, e_high, error) : BPNN_OK;
}
