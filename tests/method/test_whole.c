/* Whole methods on networks: against scipy and scikit-learn (tests/golden/whole.txt), exact steps, known minima. */
#include "method/blocks.h"
#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARAMETERS = 64 };

/* inputs - hidden tanh (0: none) - outputs, in double */
static bpnn_net *make(size_t inputs, size_t hidden, size_t outputs, bpnn_activation_kind output, bpnn_loss_kind loss,
                      bpnn_bias bias)
{
    const bpnn_layer layers[] = {{.size = hidden, .activation = {.kind = BPNN_ACT_TANH}, .bias = bias},
                                 {.size = outputs, .activation = {.kind = output}, .bias = bias}};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    o.inputs = inputs;
    o.layer_count = hidden ? 2 : 1;
    o.layers = hidden ? layers : layers + 1;
    o.loss = (bpnn_loss){.kind = loss, .parameter = loss == BPNN_LOSS_CROSSENTROPY ? 0 : (double)NAN};
    o.precision = BPNN_DOUBLE;
    assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
    assert_true(bpnn_net_parameter_count(net) <= PARAMETERS);
    return net;
}

static bpnn_train_result train(bpnn_net *net, const bpnn_data *data, const char *method, size_t epochs,
                               const bpnn_setting *settings, size_t count)
{
    bpnn_train_options o;
    bpnn_train_result result;
    bpnn_error error;
    bpnn_train_options_default(&o);
    o.method = method;
    o.epochs = epochs;
    o.threads = 1;
    o.settings = settings;
    o.setting_count = count;
    if (bpnn_train(net, data, NULL, &o, &result, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return result;
}

/* ---- lm ---- */

/* A linear least-squares problem: one step without damping is the solution, here by Householder reflections. */
static void one_linear_step(void **state)
{
    (void)state;
    enum { N = 12, K = 4 };
    double x[N * K], t[N], a[N][K + 2], w[K + 1];
    for (size_t r = 0; r < N; r++) {
        for (size_t k = 0; k < K; k++)
            a[r][k] = x[r * K + k] = sin((double)(3 * r + 7 * k * k + r * k));
        a[r][K] = 1;
        a[r][K + 1] = t[r] = cos((double)(r * r));
    }
    for (size_t k = 0; k <= K; k++) {
        double norm = 0, v[N] = {0}, square = 0;
        for (size_t r = k; r < N; r++)
            norm += a[r][k] * a[r][k];
        for (size_t r = k; r < N; r++)
            v[r] = a[r][k];
        v[k] += a[k][k] > 0 ? sqrt(norm) : -sqrt(norm);
        for (size_t r = k; r < N; r++)
            square += v[r] * v[r];
        for (size_t c = k; c < K + 2; c++) {
            double dot = 0;
            for (size_t r = k; r < N; r++)
                dot += v[r] * a[r][c];
            for (size_t r = k; r < N; r++)
                a[r][c] -= 2 * dot / square * v[r];
        }
    }
    for (size_t k = K + 1; k-- > 0;) {
        w[k] = a[k][K + 1];
        for (size_t c = k + 1; c <= K; c++)
            w[k] -= a[k][c] * w[c];
        w[k] /= a[k][k];
    }
    bpnn_net *net = make(K, 0, 1, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, BPNN_BIAS_NEURON);
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, N, K), .targets = bpnn_matrix_of(t, N, 1)};
    const bpnn_setting no_damping = {"mu", 0};
    double got[K + 1], off = 0;
    train(net, &data, "lm", 1, &no_damping, 1);
    bpnn_net_get_parameters(net, got);
    for (size_t k = 0; k <= K; k++)
        off = fmax(off, fabs(got[k] - w[k]));
    printf("one step of lm against QR: off %.2g, at most 1e-10\n", off);
    assert_true(off <= 1e-10);
    bpnn_net_free(net);
}

static void sine(void **state)
{
    (void)state;
    enum { N = 101, STARTS = 20 };
    double x[N], t[N], median, worst = 0, best = 1;
    block_read("sine_x", N, x);
    block_read("sine_t", N, t);
    block_read("sine_median", 1, &median);
    const double low = -1, high = 1;
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, N, 1), .targets = bpnn_matrix_of(t, N, 1)};
    for (size_t start = 1; start <= STARTS; start++) {
        bpnn_net *net = make(1, 10, 1, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, BPNN_BIAS_NEURON);
        bpnn_net_initialise(net, BPNN_INIT_NGUYEN_WIDROW, (double)NAN, start, &low, &high, NULL);
        bpnn_train_result result = train(net, &data, "lm", 1000, NULL, 0);
        worst = fmax(worst, result.loss / median);
        best = fmin(best, result.loss / median);
        bpnn_net_free(net);
    }
    printf("sine: mse / median of scipy's %.3f .. %.3f, at most 1.10\n", best, worst);
    assert_true(worst <= 1.10);
}

/* A net of the same shape made the targets: lm near its parameters finds them again. */
static void teacher(void **state)
{
    (void)state;
    enum { N = 60 };
    double x[N * 2], t[N], w[PARAMETERS], worst = 0;
    for (size_t i = 0; i < N * 2; i++)
        x[i] = 2 * sin((double)(i * i + 1));
    for (uint64_t start = 1; start <= 10; start++) {
        bpnn_net *net = make(2, 3, 1, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, BPNN_BIAS_NEURON);
        bpnn_net_initialise(net, BPNN_INIT_NORMAL, 1, start, NULL, NULL, NULL);
        assert_int_equal(bpnn_net_forward(net, bpnn_matrix_of(x, N, 2), t, NULL), BPNN_OK);
        bpnn_net_get_parameters(net, w);
        for (size_t p = 0; p < bpnn_net_parameter_count(net); p++)
            w[p] += 0.05 * sin((double)(17 * p) + (double)start);
        bpnn_net_set_parameters(net, w);
        const bpnn_data data = {.inputs = bpnn_matrix_of(x, N, 2), .targets = bpnn_matrix_of(t, N, 1)};
        const bpnn_setting exact[] = {{"tol", 0}, {"xtol", 0}};
        worst = fmax(worst, train(net, &data, "lm", 200, exact, 2).loss);
        bpnn_net_free(net);
    }
    printf("teacher: worst mse %.2g, below 1e-20\n", worst);
    assert_true(worst < 1e-20);
}

static size_t learned_xor(bpnn_init_kind init)
{
    const double x[] = {-1, -1, -1, 1, 1, -1, 1, 1}, t[] = {-1, 1, 1, -1}, low[] = {-1, -1}, high[] = {1, 1};
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, 4, 2), .targets = bpnn_matrix_of(t, 4, 1)};
    size_t learned = 0;
    for (uint64_t start = 1; start <= 100; start++) {
        bpnn_net *net = make(2, 2, 1, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, BPNN_BIAS_NEURON);
        bpnn_net_initialise(net, init, (double)NAN, start, low, high, NULL);
        learned += train(net, &data, "lm", 1000, NULL, 0).loss < 1e-3;
        bpnn_net_free(net);
    }
    return learned;
}

static void exclusive_or(void **state)
{
    (void)state;
    size_t widrow = learned_xor(BPNN_INIT_NGUYEN_WIDROW), glorot = learned_xor(BPNN_INIT_GLOROT);
    printf("XOR: nguyen_widrow %zu of 100, at least 95; glorot %zu, at least 85\n", widrow, glorot);
    assert_true(widrow >= 95 && glorot >= 85);
}

/* ---- lbfgs ---- */

static void logistic(void **state)
{
    (void)state;
    enum { N = 90, K = 4, C = 3 };
    double x[N * K], t[N], w[K * C], b[C], c, F, got[K * C + C], mean[2] = {0, 0}, off = 0, squares = 0;
    block_read("logistic_x", N * K, x);
    block_read("logistic_w", K * C, w);
    block_read("logistic_b", C, b);
    block_read("logistic_c", 1, &c);
    block_read("logistic_F", 1, &F);
    for (size_t r = 0; r < N; r++)
        t[r] = (double)(r % C);
    bpnn_net *net = make(K, 0, C, BPNN_ACT_SOFTMAX, BPNN_LOSS_CROSSENTROPY, BPNN_BIAS_NEURON);
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, N, K), .targets = bpnn_matrix_of(t, N, 1)};
    const bpnn_setting exact[] = {{"tol", 1e-10}, {"ftol", 0}};
    bpnn_train_options o;
    bpnn_train_result result;
    bpnn_train_options_default(&o);
    o.method = "lbfgs";
    o.settings = exact;
    o.setting_count = 2;
    o.l2 = c / N;
    assert_int_equal(bpnn_train(net, &data, NULL, &o, &result, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, got);
    for (size_t i = 0; i < K * C; i++) {
        off = fmax(off, fabs(got[i] - w[i]));
        squares += got[i] * got[i];
    }
    for (size_t k = 0; k < C; k++) { /* intercepts may all move together */
        mean[0] += got[K * C + k] / C;
        mean[1] += b[k] / C;
    }
    for (size_t k = 0; k < C; k++)
        off = fmax(off, fabs(got[K * C + k] - mean[0] - b[k] + mean[1]));
    double relative = fabs(result.loss + c / N / 2 * squares - F) / F;
    printf("logistic regression: coefficients off %.2g, at most 1e-5; F off %.2g, at most 1e-9\n", off, relative);
    assert_true(off <= 1e-5 && relative <= 1e-9);
    bpnn_net_free(net);
}

/* ---- br ---- */

static void ridge(void **state)
{
    (void)state;
    enum { N = 60, K = 5 };
    double x[N * K], t[N], w[K], alpha, beta, got[K];
    block_read("ridge_x", N * K, x);
    block_read("ridge_t", N, t);
    block_read("ridge_w", K, w);
    block_read("ridge_alpha", 1, &alpha);
    block_read("ridge_beta", 1, &beta);
    bpnn_net *net = make(K, 0, 1, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE, BPNN_BIAS_NONE);
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, N, K), .targets = bpnn_matrix_of(t, N, 1)};
    const bpnn_setting exact[] = {{"tol", 0}, {"gamma_tol", 1e-12}, {"ftol", 1e-12}};
    bpnn_train_result result = train(net, &data, "br", 500, exact, 3);
    bpnn_net_get_parameters(net, got);
    double off = fmax(fabs(result.prior[0].alpha / alpha - 1), fabs(1 / (result.noise * result.noise) / beta - 1));
    for (size_t k = 0; k < K; k++)
        off = fmax(off, fabs(got[k] - w[k]));
    printf("Bayesian ridge: %zu iterations, stop %s, off %.2g, at most 1e-6\n", result.epochs,
           bpnn_stop_name(result.stop), off);
    assert_true(off <= 1e-6 && result.prior_count == 1);
    assert_int_equal(result.stop, BPNN_STOP_EVIDENCE);
    bpnn_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_linear_step), cmocka_unit_test(sine),
                                       cmocka_unit_test(teacher),         cmocka_unit_test(exclusive_or),
                                       cmocka_unit_test(logistic),        cmocka_unit_test(ridge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
