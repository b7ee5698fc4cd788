/* Bayesian regularisation: it finds no structure in noise, and the noise of a sine. */
#include <bpnn/train.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROWS = 500, INPUTS = 5 };
static double x[ROWS * INPUTS], t[ROWS], y[ROWS];
static uint64_t seed;

static double draw(void)
{
    seed += 0x9e3779b97f4a7c15u;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double normal(void)
{
    double u = draw(), v = draw();
    return sqrt(-2 * log(u > 0 ? u : 0.5)) * cos(6.283185307179586 * v);
}

/* Trains inputs - units tanh - 1 by br on the first `rows` rows; predictions of these rows into y. */
static bpnn_train_result fit(size_t inputs, size_t units, size_t rows, uint64_t start)
{
    const bpnn_layer layers[] = {{.size = units, .activation = {.kind = BPNN_ACT_TANH}}, {.size = 1}};
    bpnn_net_options shape;
    bpnn_net *net;
    bpnn_net_options_default(&shape);
    shape.inputs = inputs;
    shape.layer_count = 2;
    shape.layers = layers;
    shape.precision = BPNN_DOUBLE;
    assert_int_equal(bpnn_net_new(&net, &shape, NULL), BPNN_OK);
    double low[INPUTS], high[INPUTS];
    for (size_t i = 0; i < inputs; i++) {
        low[i] = high[i] = x[i];
        for (size_t r = 1; r < rows; r++) {
            low[i] = fmin(low[i], x[r * inputs + i]);
            high[i] = fmax(high[i], x[r * inputs + i]);
        }
    }
    bpnn_net_initialise(net, BPNN_INIT_NGUYEN_WIDROW, (double)NAN, start, low, high, NULL);
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, rows, inputs), .targets = bpnn_matrix_of(t, rows, 1)};
    bpnn_train_options o;
    bpnn_train_result result;
    bpnn_train_options_default(&o);
    o.method = "br";
    o.epochs = 300;
    o.threads = 1;
    assert_int_equal(bpnn_train(net, &data, NULL, &o, &result, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_forward(net, data.inputs, y, NULL), BPNN_OK);
    bpnn_net_free(net);
    return result;
}

static void pure_noise(void **state)
{
    (void)state;
    double most = 0, widest = 0;
    size_t done = 0;
    for (size_t rows = 200; rows <= 500; rows += 300)
        for (size_t units = 5; units <= 20; units += 15, done++) {
            double mean = 0, square = 0;
            for (size_t i = 0; i < rows * INPUTS; i++)
                x[i] = normal();
            for (size_t r = 0; r < rows; r++)
                t[r] = normal();
            bpnn_train_result result = fit(INPUTS, units, rows, done + 1);
            for (size_t r = 0; r < rows; r++) {
                mean += y[r] / (double)rows;
                square += y[r] * y[r] / (double)rows;
            }
            double sd = sqrt(square - mean * mean);
            printf("noise, %zu rows, %zu units: gamma %.1f of %zu, sd %.3f, %zu iterations, stop %s\n", rows, units,
                   result.effective, 7 * units + 1, sd, result.epochs, bpnn_stop_name(result.stop));
            most = fmax(most, result.effective);
            widest = fmax(widest, sd);
        }
    printf("noise: gamma at most %.1f, bound 8; sd at most %.3f, bound .25\n", most, widest);
    assert_true(most <= 8 && widest < 0.25);
}

/* One and a half periods, noise of sd .1. */
static void noisy_sine(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t rows = 50; rows <= 400; rows *= 2)
        for (size_t units = 5; units <= 20; units += 15, done++) {
            double squares = 0;
            for (size_t r = 0; r < rows; r++) {
                x[r] = 2 * draw() - 1;
                t[r] = sin(4.71238898038469 * x[r]) + 0.1 * normal();
            }
            bpnn_train_result result = fit(1, units, rows, done + 1);
            for (size_t r = 0; r < rows; r++) {
                double off = y[r] - sin(4.71238898038469 * x[r]);
                squares += off * off / (double)rows;
            }
            double rmse = sqrt(squares);
            printf("sine, %zu rows, %zu units: noise %.3f, rmse %.3f, gamma %.1f, %zu iterations, stop %s\n", rows,
                   units, result.noise, rmse, result.effective, result.epochs, bpnn_stop_name(result.stop));
            double room = rows < 100 ? 0.025 : 0.015;
            bad +=
                !(fabs(result.noise - 0.1) <= room && rmse <= 0.065 && result.effective >= 4 && result.effective <= 20);
        }
    printf("sine: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    seed = 1; /* always the same tables: the bounds hold for most, not for all */
    const struct CMUnitTest tests[] = {cmocka_unit_test(pure_noise), cmocka_unit_test(noisy_sine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
