/* Metrics against numbers worked by hand, and the ranks against counting all pairs. */
#include "model/made.h"
#include "model/metrics.h"
#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-14 * fmax(1, fabs(b))))
        printf("%.17g is not %.17g\n", a, b);
    assert_true(fabs(a - b) <= 1e-14 * fmax(1, fabs(b)));
}

/* truth 1 2 3 4, predicted 1 3 3 2: errors 0 1 0 2, mean of truth 2.5, spread 5 */
static void test_regression(void **state)
{
    static const double truth[] = {1, 2, 3, 4}, predicted[] = {1, 3, 3, 2};
    bpnn__errors e = {0};
    bpnn_metrics m;
    (void)state;
    bpnn__metrics_clear(&m, BPNN_TASK_REGRESSION, 0);
    for (int i = 0; i < 4; i++)
        bpnn__errors_add(&e, predicted[i], truth[i]);
    bpnn__errors_finish(&e, &m);
    assert_int_equal(m.rows, 4);
    near(m.mse, 1.25);
    near(m.rmse, sqrt(1.25));
    near(m.mae, 0.75);
    near(m.max_error, 2);
    near(m.r2, 0);
    assert_true(isnan(m.accuracy) && isnan(m.log_loss));
    e = (bpnn__errors){0};
    bpnn__errors_add(&e, 1, 5);
    bpnn__errors_add(&e, 2, 5);
    bpnn__metrics_clear(&m, BPNN_TASK_REGRESSION, 0);
    bpnn__errors_finish(&e, &m);
    near(m.mse, 12.5);
    assert_true(isnan(m.r2)); /* a constant target */
    e = (bpnn__errors){0};
    bpnn__metrics_clear(&m, BPNN_TASK_REGRESSION, 0);
    bpnn__errors_finish(&e, &m);
    assert_true(m.rows == 0 && isnan(m.mse) && isnan(m.max_error));
}

/* Adding a large constant must not cost r2 its digits. */
static void test_shifted_r2(void **state)
{
    bpnn__errors e = {0};
    bpnn_metrics m;
    (void)state;
    for (int i = 0; i < 1000; i++)
        bpnn__errors_add(&e, 1e6 + i + (i % 2 ? 1 : -1), 1e6 + i);
    bpnn__metrics_clear(&m, BPNN_TASK_REGRESSION, 0);
    bpnn__errors_finish(&e, &m);
    assert_true(fabs(m.r2 - (1 - 1000.0 / (1000.0 * (1e6 - 1) / 12))) < 1e-12);
}

/* truth 0 0 1 1 1, p(1) .1 .6 .8 .4 .6: tp 2, fp 1, fn 1, tn 1. Pairs won: .1 loses to three; .6 loses to .8, ties with
 * .6, beats .4: (3 + 1 + .5) / 6. */
static void test_binary(void **state)
{
    static const int truth[] = {0, 0, 1, 1, 1};
    static const double p[] = {0.1, 0.6, 0.8, 0.4, 0.6};
    bpnn__hits h;
    bpnn_metrics m;
    (void)state;
    assert_true(bpnn__hits_begin(&h, 2, 5));
    bpnn__metrics_clear(&m, BPNN_TASK_BINARY, 2);
    for (int i = 0; i < 5; i++) {
        bpnn__hits_add(&h, (size_t)truth[i], p[i] >= 0.5, truth[i] ? p[i] : 1 - p[i]);
        bpnn__hits_score(&h, p[i], truth[i] == 1);
    }
    h.unseen = 5;
    assert_true(bpnn__hits_finish(&h, 1, &m));
    assert_int_equal(m.rows, 10);
    near(m.accuracy, 0.3); /* 3 of 5, and 5 labels that nobody knows */
    near(m.precision, 2.0 / 3);
    near(m.recall, 2.0 / 3);
    near(m.f1, 2.0 / 3);
    near(m.roc_auc, 4.5 / 6);
    near(m.log_loss, -(log(0.9) + log(0.4) + log(0.8) + log(0.4) + log(0.6)) / 5);
    assert_int_equal(m.confusion[0], 1);
    assert_int_equal(m.confusion[1], 1);
    assert_int_equal(m.confusion[2], 1);
    assert_int_equal(m.confusion[3], 2);
    assert_true(isnan(m.macro_f1) && isnan(m.mse));
    bpnn__hits_free(&h);
    bpnn_metrics_free(&m);
}

/* truth 0 0 1 2, predicted 0 1 1 1, class 3 never met: f1 2/3, 1/2, 0 */
static void test_classes(void **state)
{
    static const size_t truth[] = {0, 0, 1, 2}, predicted[] = {0, 1, 1, 1};
    bpnn__hits h;
    bpnn_metrics m;
    (void)state;
    assert_true(bpnn__hits_begin(&h, 4, 0));
    bpnn__metrics_clear(&m, BPNN_TASK_MULTICLASS, 4);
    for (int i = 0; i < 4; i++)
        bpnn__hits_add(&h, truth[i], predicted[i], i == 3 ? 0 : 0.5);
    assert_true(bpnn__hits_finish(&h, 0, &m));
    near(m.accuracy, 0.5);
    near(m.macro_f1, (2.0 / 3 + 0.5 + 0) / 3);
    near(m.log_loss, (3 * log(2) - log(1e-15)) / 4);
    assert_int_equal(m.confusion[2 * 4 + 1], 1);
    assert_true(isnan(m.precision) && isnan(m.roc_auc));
    bpnn__hits_free(&h);
    bpnn_metrics_free(&m);
}

static double auc_by_pairs(const double *score, const unsigned char *positive, size_t n)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (positive[i] && !positive[j]) {
                won += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
                pairs++;
            }
    return pairs > 0 ? won / pairs : (double)NAN;
}

static void test_ranks(void **state)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    double score[64];
    unsigned char positive[64];
    size_t order[128], bad = 0, cases = 3000;
    (void)state;
    for (size_t i = 0; i < cases; i++) {
        size_t n = roll_below(&d, 64), levels = 1 + roll_below(&d, 40);
        for (size_t k = 0; k < n; k++) {
            score[k] = (double)roll_below(&d, levels) - 3;
            positive[k] = roll_below(&d, 3) == 0;
        }
        double a = bpnn__roc_auc(score, positive, n, order), b = auc_by_pairs(score, positive, n);
        bad += !(fabs(a - b) < 1e-13 || (isnan(a) && isnan(b)));
    }
    score[0] = (double)NAN;
    assert_true(isnan(bpnn__roc_auc(score, positive, 5, order)));
    printf("roc_auc against pairs (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, cases, bad);
    assert_int_equal(bad, 0);
}

/* ---- hidden layers as text ---- */

static void expect_hidden(const char *text, size_t count, bool good)
{
    bpnn_layer *layers;
    size_t found;
    bpnn_error error = {0};
    bpnn_status status = bpnn__hidden_parse(text, NULL, "relu", BPNN_BIAS_NEURON, &layers, &found, &error);
    if ((status == BPNN_OK) != good || (good && found != count))
        printf("'%s': status %d, %zu layers, %s\n", text, (int)status, found, error.text);
    assert_int_equal(status, good ? BPNN_OK : BPNN_USAGE);
    if (good)
        assert_int_equal(found, count);
    bpnn_release(layers);
}

static void test_hidden(void **state)
{
    bpnn_layer *layers;
    size_t count;
    (void)state;
    assert_int_equal(
        bpnn__hidden_parse("64:leaky_relu(0.2), 32 ,7 : tanh", "silu", "relu", BPNN_BIAS_SHARED, &layers, &count, NULL),
        BPNN_OK);
    assert_int_equal(count, 3);
    assert_int_equal(layers[0].size, 64);
    assert_int_equal(layers[0].activation.kind, BPNN_ACT_LEAKY_RELU);
    assert_true(layers[0].activation.parameter == 0.2);
    assert_int_equal(layers[1].size, 32);
    assert_int_equal(layers[1].activation.kind, BPNN_ACT_SILU);
    assert_int_equal(layers[2].activation.kind, BPNN_ACT_TANH);
    assert_int_equal(layers[2].bias, BPNN_BIAS_SHARED);
    bpnn_release(layers);
    expect_hidden("", 0, true);
    expect_hidden("  ", 0, true);
    expect_hidden("10", 1, true);
    static const char *const wrong[] = {
        "0", ",", "10,", "10,,5", "ten", "10:", "10:rel", "-3", "1.5", "10:tanh:relu", "99999999999", "10 relu"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_hidden(wrong[i], 0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regression), cmocka_unit_test(test_shifted_r2), cmocka_unit_test(test_binary),
        cmocka_unit_test(test_classes),    cmocka_unit_test(test_ranks),      cmocka_unit_test(test_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
