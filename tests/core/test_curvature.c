/* Rows of J~ against complex steps and central differences; A against the explicit sum; the loss's own Hessian; bits for any
 * block of rows and any number of threads. */
#include "core/core.h"
#include "core/curvature.h"

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 70, INPUTS = 3, MOST_OUTPUTS = 4, PARAMETERS = 256 };
static double inputs[ROWS * INPUTS], targets[ROWS * MOST_OUTPUTS], weights[ROWS], w[PARAMETERS];
static uint64_t seed;

static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

typedef struct kase {
    bpnn_activation_kind hidden, output;
    bpnn_loss_kind loss;
    double parameter;
    bpnn_bias bias;
    size_t outputs;
    bool weighted, missing;
} kase;

static bpnn_net *make_net(const kase *k)
{
    const bpnn_layer layers[] = {{.size = 5, .activation = {.kind = k->hidden}, .bias = k->bias},
                                 {.size = 9, .activation = {.kind = k->hidden}, .bias = k->bias},
                                 {.size = k->outputs, .activation = {.kind = k->output}, .bias = k->bias}};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    o.inputs = INPUTS;
    o.layer_count = 3;
    o.layers = layers;
    o.loss = (bpnn_loss){.kind = k->loss, .parameter = k->parameter};
    o.precision = BPNN_DOUBLE;
    o.group_rows = 64;
    assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_UNIFORM, 0.8, 3, NULL, NULL, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, w);
    return net;
}

static bpnn__batch make_batch(const kase *k)
{
    bool classes = k->loss == BPNN_LOSS_CROSSENTROPY;
    for (size_t i = 0; i < ROWS * INPUTS; i++)
        inputs[i] = 2 * draw() - 1;
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < k->outputs; i++) {
            double t = k->loss == BPNN_LOSS_BINARY_CROSSENTROPY ? floor(2 * draw()) : draw() * 1.5;
            t = classes ? (double)(i == r % k->outputs) : t;
            targets[r * k->outputs + i] = k->missing && draw() < 0.2 ? (double)NAN : t;
        }
    for (size_t r = 0; r < ROWS; r++)
        weights[r] = 0.25 + draw();
    return (bpnn__batch){.inputs = bpnn_matrix_of(inputs, ROWS, INPUTS),
                         .targets = bpnn_matrix_of(targets, ROWS, k->outputs),
                         .row_weights = k->weighted ? weights : NULL,
                         .weight_scale = 1,
                         .count = ROWS};
}

/* x + step i, for a derivative by a complex step */
static double complex beside(double x, double step)
{
    const double parts[2] = {x, step};
    double complex z;
    memcpy(&z, parts, sizeof z);
    return z;
}

/* ---- an independent forward pass over complex parameters ---- */

static double complex act(bpnn_activation_kind kind, double complex e)
{
    switch (kind) {
    case BPNN_ACT_TANH:
        return ctanh(e);
    case BPNN_ACT_SIGMOID:
        return 1 / (1 + cexp(-e));
    case BPNN_ACT_EXP:
        return cexp(e);
    default:
        return e;
    }
}

/* y^D, or e^D where `preact` */
static void forward(const kase *k, const double complex *v, size_t r, bool preact, double complex *y)
{
    const size_t size[] = {INPUTS, 5, 9, k->outputs};
    const bpnn_activation_kind kind[] = {0, k->hidden, k->hidden, k->output};
    double complex at[16];
    for (size_t j = 0; j < INPUTS; j++)
        at[j] = inputs[r * INPUTS + j];
    for (size_t m = 1; m <= 3; m++) {
        const double complex *b = v + size[m - 1] * size[m];
        for (size_t i = 0; i < size[m]; i++) {
            y[i] = k->bias == BPNN_BIAS_NONE ? 0 : k->bias == BPNN_BIAS_SHARED ? b[0] : b[i];
            for (size_t j = 0; j < size[m - 1]; j++)
                y[i] += at[j] * v[j * size[m] + i];
        }
        v = b + (k->bias == BPNN_BIAS_NEURON ? size[m] : k->bias == BPNN_BIAS_SHARED);
        double complex sum = 0;
        for (size_t i = 0; i < size[m]; i++)
            sum += cexp(y[i]);
        for (size_t i = 0; i < size[m] && !(m == 3 && preact); i++)
            y[i] = kind[m] == BPNN_ACT_SOFTMAX ? cexp(y[i]) / sum : act(kind[m], y[i]);
        for (size_t i = 0; i < size[m]; i++)
            at[i] = y[i];
    }
}

/* d(y^D or e^D)_i / dw_p of row r: by a complex step, or by central differences */
static double derivative(const kase *k, size_t n, size_t r, size_t p, size_t i, bool preact, bool differences)
{
    double complex v[PARAMETERS], up[16], down[16];
    for (size_t q = 0; q < n; q++)
        v[q] = w[q];
    if (!differences) {
        v[p] = beside(w[p], 1e-100);
        forward(k, v, r, preact, up);
        return cimag(up[i]) / 1e-100;
    }
    v[p] = w[p] + 1e-5;
    forward(k, v, r, preact, up);
    v[p] = w[p] - 1e-5;
    forward(k, v, r, preact, down);
    return creal(up[i] - down[i]) / 2e-5;
}

/* The loss's curvature h of one output, what J's rows are multiplied by the root of. */
static double curvature_of(const kase *k, double y, double t)
{
    double d = fabs(y - t);
    switch (k->loss) {
    case BPNN_LOSS_MSE:
        return 2;
    case BPNN_LOSS_HUBER:
        return d <= k->parameter ? 1 : k->parameter / d;
    case BPNN_LOSS_LOG_COSH:
        return tanh(d) / d;
    case BPNN_LOSS_QUANTILE:
        return (y > t ? 1 - k->parameter : k->parameter) / d;
    case BPNN_LOSS_POISSON:
        return y;
    case BPNN_LOSS_BINARY_CROSSENTROPY:
        return y * (1 - y);
    default:
        return 1;
    }
}

static const kase kases[] = {
    {BPNN_ACT_TANH, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, 0, BPNN_BIAS_NEURON, 1, false, false},
    {BPNN_ACT_SIGMOID, BPNN_ACT_IDENTITY, BPNN_LOSS_HALF_MSE, 0, BPNN_BIAS_SHARED, 2, true, false},
    {BPNN_ACT_TANH, BPNN_ACT_TANH, BPNN_LOSS_MSE, 0, BPNN_BIAS_NONE, 3, true, true},
    {BPNN_ACT_SIGMOID, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, 0, BPNN_BIAS_NONE, 1, false, false},
    {BPNN_ACT_SIGMOID, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, 0, BPNN_BIAS_SHARED, 1, true, false},
    {BPNN_ACT_SIGMOID, BPNN_ACT_SIGMOID, BPNN_LOSS_MSE, 0, BPNN_BIAS_NEURON, 4, false, true},
    {BPNN_ACT_TANH, BPNN_ACT_SOFTMAX, BPNN_LOSS_MSE, 0, BPNN_BIAS_NEURON, 3, true, false},
    {BPNN_ACT_TANH, BPNN_ACT_IDENTITY, BPNN_LOSS_HUBER, 0.3, BPNN_BIAS_NEURON, 2, true, true},
    {BPNN_ACT_TANH, BPNN_ACT_IDENTITY, BPNN_LOSS_LOG_COSH, 0, BPNN_BIAS_NEURON, 2, false, false},
    {BPNN_ACT_TANH, BPNN_ACT_IDENTITY, BPNN_LOSS_QUANTILE, 0.3, BPNN_BIAS_NEURON, 1, false, false},
    {BPNN_ACT_TANH, BPNN_ACT_EXP, BPNN_LOSS_POISSON, 0, BPNN_BIAS_SHARED, 2, true, true},
    {BPNN_ACT_TANH, BPNN_ACT_SIGMOID, BPNN_LOSS_BINARY_CROSSENTROPY, 0, BPNN_BIAS_NEURON, 3, true, true},
    {BPNN_ACT_TANH, BPNN_ACT_SOFTMAX, BPNN_LOSS_CROSSENTROPY, 0, BPNN_BIAS_NEURON, 4, true, false},
};
enum { KASES = sizeof kases / sizeof *kases };

/* One net at work in double. */
static bpnn__f64_core *make_core(const bpnn_net *net, size_t threads)
{
    bpnn__f64_core *core;
    bpnn__engine_options options = {.max_rows = ROWS, .training = true, .store_gradient = true, .threads = threads};
    assert_int_equal(bpnn__f64_core_new(&core, net, &options, NULL), BPNN_OK);
    return core;
}

static double expected[PARAMETERS][PARAMETERS];

/* What A has to be: sum over rows of J^T h J, from complex steps; with cross-entropy J^T (diag p - p p^T) J. */
static void expect(const kase *k, const bpnn__batch *batch, size_t n)
{
    bool closed =
        k->loss == BPNN_LOSS_POISSON || k->loss == BPNN_LOSS_BINARY_CROSSENTROPY || k->loss == BPNN_LOSS_CROSSENTROPY;
    static double j[MOST_OUTPUTS][PARAMETERS];
    memset(expected, 0, sizeof expected);
    for (size_t r = 0; r < ROWS; r++) {
        double complex v[PARAMETERS], y[16];
        double scale = (batch->row_weights ? weights[r] : 1) / ROWS, h[MOST_OUTPUTS][MOST_OUTPUTS] = {{0}};
        for (size_t q = 0; q < n; q++)
            v[q] = w[q];
        forward(k, v, r, false, y);
        for (size_t i = 0; i < k->outputs; i++) {
            double t = targets[r * k->outputs + i];
            for (size_t p = 0; p < n; p++)
                j[i][p] = derivative(k, n, r, p, i, closed, false);
            h[i][i] = isnan(t) ? 0 : curvature_of(k, creal(y[i]), t);
            for (size_t o = 0; k->loss == BPNN_LOSS_CROSSENTROPY && o < k->outputs; o++)
                h[i][o] = creal(y[i]) * ((double)(i == o) - creal(y[o]));
        }
        for (size_t i = 0; i < k->outputs; i++)
            for (size_t o = 0; o < k->outputs; o++)
                for (size_t p = 0; h[i][o] != 0 && p < n; p++)
                    for (size_t q = 0; q <= p; q++)
                        expected[p][q] += scale * h[i][o] * j[i][p] * j[o][q];
    }
}

/* What fills the last panel up to whole lines is 0: the factor takes it as it is. */
static bool padding_is_zero(const bpnn__dense *a, size_t n)
{
    for (size_t p = n; p < a->stride; p++)
        for (size_t q = 0; q <= p; q++)
            if (*bpnn__dense_at(a, p, q) != 0)
                return false;
    return true;
}

static void sums(void **state)
{
    (void)state;
    size_t bad = 0;
    double worst = 0;
    for (size_t i = 0; i < KASES; i++) {
        bpnn_net *net = make_net(&kases[i]);
        bpnn__batch batch = make_batch(&kases[i]);
        size_t n = bpnn_net_parameter_count(net);
        bpnn__f64_core *core = make_core(net, 1);
        bpnn__curvature *c;
        bpnn__dense a;
        assert_int_equal(bpnn__curvature_new(&c, core, NULL), BPNN_OK);
        assert_int_equal(bpnn__dense_new(&a, n, NULL), BPNN_OK);
        bpnn__curvature_sum(c, &batch, 0, &a);
        expect(&kases[i], &batch, n);
        double most = 0, off = 0;
        for (size_t p = 0; p < n; p++)
            for (size_t q = 0; q <= p; q++) {
                most = fmax(most, fabs(expected[p][q]));
                off = fmax(off, fabs(expected[p][q] - *bpnn__dense_at(&a, p, q)));
            }
        bool padded = padding_is_zero(&a, n);
        if (!(off <= 1e-12 * most) || !padded)
            printf("case %zu: off by %g of %g%s\n", i, off, most, padded ? "" : ", padding that is not 0");
        bad += !(off <= 1e-12 * most) || most == 0 || !padded;
        worst = fmax(worst, off / most);
        bpnn__dense_free(&a);
        bpnn__curvature_free(c);
        bpnn__f64_core_free(core);
        bpnn_net_free(net);
    }
    printf("A against complex steps: off %.2g, at most 1e-12\nsums: %d done, %zu bad\n", worst, KASES, bad);
    assert_int_equal(bad, 0);
}

/* Rows of J~ of the squared error: sqrt(o / n) dy_i/dw; a target that is missing has a row of zeros. */
static void rows(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    double step = 0, difference = 0;
    for (size_t i = 0; i < 4; i++) {
        const kase *k = &kases[i];
        bpnn_net *net = make_net(k);
        bpnn__batch batch = make_batch(k);
        size_t n = bpnn_net_parameter_count(net);
        bpnn__f64_core *core = make_core(net, 1);
        bpnn__curvature *c;
        assert_int_equal(bpnn__curvature_new(&c, core, NULL), BPNN_OK);
        bpnn__curvature_block(c, &batch, 20, 9);
        assert_int_equal(bpnn__curvature_seeds(c), k->outputs);
        for (size_t r = 0; r < 9; r++)
            for (size_t o = 0; o < k->outputs; o++, done++) {
                double t = targets[(20 + r) * k->outputs + o], d = 0, e = 0;
                double size = sqrt((k->loss == BPNN_LOSS_MSE ? 2 : 1) * (k->weighted ? weights[20 + r] : 1) / ROWS);
                for (size_t p = 0; p < n; p++) {
                    double here = bpnn__curvature_entry(c, r * k->outputs + o, p), known = !isnan(t);
                    d = fmax(d, fabs(here - known * size * derivative(k, n, 20 + r, p, o, false, false)));
                    e = fmax(e, fabs(here - known * size * derivative(k, n, 20 + r, p, o, false, true)));
                }
                bad += !(d <= 1e-12) || !(e <= 1e-7);
                step = fmax(step, d);
                difference = fmax(difference, e);
            }
        bpnn__curvature_free(c);
        bpnn__f64_core_free(core);
        bpnn_net_free(net);
    }
    printf("J~ against complex steps: off %.2g, at most 1e-12; central differences: %.2g, at most 1e-7\n", step,
           difference);
    printf("rows: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

static void same_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    static const size_t blocks[] = {0, 1, 7, 64};
    for (size_t i = 0; i < KASES; i++) {
        bpnn_net *net = make_net(&kases[i]);
        bpnn__batch batch = make_batch(&kases[i]);
        size_t n = bpnn_net_parameter_count(net);
        bpnn__dense first, a;
        assert_int_equal(bpnn__dense_new(&first, n, NULL), BPNN_OK);
        assert_int_equal(bpnn__dense_new(&a, n, NULL), BPNN_OK);
        for (size_t threads = 1; threads <= 8; threads++) {
            bpnn__f64_core *core = make_core(net, threads);
            bpnn__curvature *c;
            assert_int_equal(bpnn__curvature_new(&c, core, NULL), BPNN_OK);
            for (size_t k = 0; k < 4; k++, done++) {
                bpnn__dense *to = threads == 1 && k == 0 ? &first : &a;
                bpnn__curvature_sum(c, &batch, blocks[k], to);
                bad += memcmp(first.lines, to->lines, bpnn__dense_bytes(n)) != 0;
            }
            bpnn__curvature_free(c);
            bpnn__f64_core_free(core);
        }
        bpnn__dense_free(&first);
        bpnn__dense_free(&a);
        bpnn_net_free(net);
    }
    printf("same bits: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* Without hidden layers, with softmax and cross-entropy, A is the Hessian: differences of gradients. */
static void linear_softmax(void **state)
{
    (void)state;
    const bpnn_layer layer = {.size = 3, .activation = {.kind = BPNN_ACT_SOFTMAX}};
    const kase k = {.loss = BPNN_LOSS_CROSSENTROPY, .outputs = 3, .weighted = true};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    o.inputs = INPUTS;
    o.layer_count = 1;
    o.layers = &layer;
    o.loss = (bpnn_loss){.kind = BPNN_LOSS_CROSSENTROPY, .parameter = 0.1};
    o.precision = BPNN_DOUBLE;
    assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_UNIFORM, 0.8, 3, NULL, NULL, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, w);
    bpnn__batch batch = make_batch(&k);
    enum { N = 12 };
    double up[N], down[N], off = 0, at[N];
    bpnn__f64_core *core = make_core(net, 1);
    bpnn__curvature *c;
    bpnn__dense a;
    assert_int_equal(bpnn__curvature_new(&c, core, NULL), BPNN_OK);
    assert_int_equal(bpnn__dense_new(&a, N, NULL), BPNN_OK);
    bpnn__curvature_sum(c, &batch, 0, &a);
    for (size_t p = 0; p < N; p++) {
        memcpy(at, w, sizeof at);
        at[p] = w[p] + 1e-5;
        bpnn_net_set_parameters(net, at);
        bpnn_net_gradient(net, batch.inputs, batch.targets, weights, NULL, up, NULL, NULL);
        at[p] = w[p] - 1e-5;
        bpnn_net_set_parameters(net, at);
        bpnn_net_gradient(net, batch.inputs, batch.targets, weights, NULL, down, NULL, NULL);
        for (size_t q = 0; q <= p; q++)
            off = fmax(off, fabs((up[q] - down[q]) / 2e-5 - *bpnn__dense_at(&a, p, q)));
    }
    printf("linear softmax: off %.2g, at most 1e-6\n", off);
    assert_true(off <= 1e-6);
    bpnn__dense_free(&a);
    bpnn__curvature_free(c);
    bpnn__f64_core_free(core);
    bpnn_net_free(net);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        bpnn_loss_kind loss;
        const char *instead;
    } none[] = {{BPNN_LOSS_MAE, "huber"},
                {BPNN_LOSS_HINGE, "binary"},
                {BPNN_LOSS_FOCAL, "crossentropy"},
                {BPNN_LOSS_USER, "mse"}};
    for (size_t i = 0; i < 4; i++) {
        bpnn_error error;
        assert_int_equal(bpnn__curvature_check(none[i].loss, &error), BPNN_USAGE);
        assert_non_null(strstr(error.text, none[i].instead));
    }
    for (size_t i = 0; i < KASES; i++)
        assert_int_equal(bpnn__curvature_check(kases[i].loss, NULL), BPNN_OK);
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : 1;
    printf("BPNN_TEST_SEED=%llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(sums), cmocka_unit_test(same_bits),
                                       cmocka_unit_test(linear_softmax), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
