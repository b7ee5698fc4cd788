/* Schedule adaptive against plain loops: gradient descent over all rows whose rate grows where F fell, and whose step is undone
 * where it rose too far. */
#include "train/problem.h"

#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 150, EPOCHS = 120 };
static problem p;

/* F at w: loss + l2 / 2 |weights|^2; g may be NULL. */
static double objective(bpnn_net *net, const double *w, double l2, double *g)
{
    bpnn_data data = problem_data(&p, 0, ROWS);
    bpnn_net_options o = bpnn_net_describe(net);
    double F;
    bpnn_net_set_parameters(net, w);
    assert_int_equal(bpnn_net_gradient(net, data.inputs, data.targets, NULL, &F, g, NULL, NULL), BPNN_OK);
    for (size_t m = 0, in = o.inputs, at = 0; m < o.layer_count; m++) {
        size_t out = o.layers[m].size;
        for (size_t i = at; i < at + in * out; i++) {
            F += l2 / 2 * w[i] * w[i];
            if (g)
                g[i] += l2 * w[i];
        }
        at += (in + 1) * out;
        in = out;
    }
    return F;
}

/* The rule of docs/methods.md, line by line; returns how many steps were undone. */
static size_t plain_loops(bpnn_net *net, double rate, double momentum, double l2, double *w)
{
    static double g[PROBLEM_PARAMETERS], v[PROBLEM_PARAMETERS], trial[PROBLEM_PARAMETERS];
    size_t n = bpnn_net_parameter_count(net), undone = 0;
    double scale = 1;
    bpnn_net_get_parameters(net, w);
    memset(v, 0, sizeof v);
    for (int e = 0; e < EPOCHS; e++) {
        double F = objective(net, w, l2, g);
        for (size_t i = 0; i < n; i++) {
            v[i] = momentum * v[i] + g[i];
            trial[i] = w[i] - rate * scale * v[i];
        }
        double next = objective(net, trial, l2, NULL);
        if (next > F + 0.04 * fabs(F)) {
            memset(v, 0, sizeof v);
            scale *= 0.7;
            undone++;
            continue;
        }
        if (next < F)
            scale *= 1.05;
        memcpy(w, trial, n * sizeof *w);
    }
    return undone;
}

static void like_plain_loops(void **state)
{
    (void)state;
    static const struct {
        double rate, momentum, l2;
    } cases[] = {{0.01, 0, 0}, {0.3, 0, 0.01}, {0.05, 0.9, 0}, {1e9, 0, 0}, {0.001, 0.9, 0.1}};
    static double expected[PROBLEM_PARAMETERS], got[PROBLEM_PARAMETERS];
    size_t bad = 0, undone = 0, done = 0;
    problem_regression(&p, ROWS, 3, 2, problem_seed());
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 5);
        bpnn_train_options o = problem_options("sgd", EPOCHS);
        o.rate = cases[k].rate;
        o.momentum = cases[k].momentum;
        o.l2 = cases[k].l2;
        o.batch = 0;
        o.shuffle = false;
        o.schedule = BPNN_SCHEDULE_ADAPTIVE;
        undone += plain_loops(net, o.rate, o.momentum, o.l2, expected);
        size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, got);
        double off = problem_distance(expected, got, n);
        printf("rate %g, momentum %g: off %.2g\n", o.rate, o.momentum, off);
        done++;
        bad += !(off <= 1e-9);
        bpnn_net_free(net);
    }
    printf("adaptive: %zu done, %zu bad (%zu steps undone)\n", done, bad, undone);
    assert_int_equal(bad, 0);
    assert_true(undone > 10);
}

/* Every step method that has a rate: F never rises by more than 4 % from epoch to epoch, whatever the rate; also in single. */
typedef struct falls {
    double last;
    size_t rises;
} falls;

static bool watch(const bpnn_progress *now, void *context)
{
    falls *f = context;
    if (now->epoch > 1 && !(now->loss <= 1.04001 * f->last))
        f->rises++;
    f->last = now->loss;
    return true;
}

static void never_rises(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    static double w[PROBLEM_PARAMETERS];
    problem_regression(&p, ROWS, 3, 2, 4);
    for (size_t i = 0; bpnn_method(i); i++) {
        if (bpnn_method(i)->whole || isnan(bpnn_method(i)->rate))
            continue;
        falls seen = {0};
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 200);
        o.rate = 3;
        o.l2 = 0;
        o.batch = 0;
        o.schedule = BPNN_SCHEDULE_ADAPTIVE;
        o.on_epoch = watch;
        o.context = &seen;
        size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, w);
        done++;
        bad += seen.rises > 0 || !(seen.last < 10);
        for (size_t k = 0; k < n; k++)
            bad += isfinite(w[k]) ? 0 : 1;
    }
    printf("adaptive, every method at rate 3: %zu done, %zu bad\n", done, bad);
    assert_true(done >= 7 && bad == 0);
}

/* The same bits at any number of threads and instruction sets. */
static void same_bits(void **state)
{
    (void)state;
    static double one[PROBLEM_PARAMETERS], other[PROBLEM_PARAMETERS];
    bpnn_train_options o = problem_options("sgd", 40);
    problem_regression(&p, 2500, 5, 2, 9);
    o.rate = 0.5;
    o.momentum = 0.9;
    o.batch = 0;
    o.schedule = BPNN_SCHEDULE_ADAPTIVE;
    size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, one);
    o.threads = 3;
    problem_train(&p, BPNN_SINGLE, 0, &o, other);
    assert_memory_equal(one, other, n * sizeof *one);
    o.isa = "scalar";
    problem_train(&p, BPNN_SINGLE, 0, &o, other);
    assert_memory_equal(one, other, n * sizeof *one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(like_plain_loops), cmocka_unit_test(never_rises),
                                       cmocka_unit_test(same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
