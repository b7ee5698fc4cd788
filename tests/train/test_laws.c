/* Laws that hold for whole trainings, whatever the numbers: row weights, methods that must agree, threads, batches. */
#include "train/problem.h"

#include "kernel/isa.h"
#include "method/formulas.h"
#include "train/trainer.h"

#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;
static problem p, q;
static double a[PROBLEM_PARAMETERS], b[PROBLEM_PARAMETERS];

static void copy_row(problem *to, const problem *from, size_t r, double weight)
{
    memcpy(to->x + to->rows * to->inputs, from->x + r * from->inputs, from->inputs * sizeof(double));
    memcpy(to->t + to->rows * to->outputs, from->t + r * from->outputs, from->outputs * sizeof(double));
    to->weight[to->rows++] = weight;
}

/* q: as p, but rows of weight 0 are absent and rows of weight 2 stand twice, with weight 1. */
static void expand(void)
{
    q = (problem){.inputs = p.inputs, .outputs = p.outputs, .weighted = false};
    for (size_t r = 0; r < p.rows; r++)
        for (double w = p.weight[r]; w > 0; w--)
            copy_row(&q, &p, r, 1);
}

/* Weight 0 = row absent, 2 = row twice, all x 7 = no change (full batch, reduction mean). Whole methods magnify the rounding of
 * sums in another order: solves, differences of gradients. */
static void row_weights(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t i = 0; bpnn_method(i); i++) {
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 5);
        o.batch = 0;
        o.shuffle = false;
        problem_regression(&p, 60, 4, 2, seed + i);
        for (size_t r = 0; r < p.rows; r++)
            p.weight[r] = (double)(r % 3);
        p.weighted = true;
        expand();
        size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, a);
        problem_train(&q, BPNN_DOUBLE, 0, &o, b);
        double twice = problem_distance(a, b, n);
        for (size_t r = 0; r < p.rows; r++)
            p.weight[r] *= 7;
        problem_train(&p, BPNN_DOUBLE, 0, &o, b);
        double seven = problem_distance(a, b, n);
        done += 2;
        if (bpnn_method(i)->evidence) /* the number of rows is evidence: a row that stands twice says more */
            twice = 0;
        double bound = bpnn_method(i)->whole ? 1e-11 : 1e-13;
        bad += (size_t) !(twice <= bound) + (size_t) !(seven <= bound);
        if (!(twice <= bound) || !(seven <= bound))
            printf("%s: %g %g\n", o.method, twice, seven);
    }
    printf("row weights: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* The weights do enter: another weighting gives another net. And the loss itself follows the law within 1e-13. */
static void weights_matter(void **state)
{
    (void)state;
    bpnn_train_options o = problem_options("sgd", 3);
    problem_regression(&p, 60, 4, 2, seed);
    size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    p.weighted = true;
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    assert_true(problem_distance(a, b, n) > 1e-6);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 3);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_trainer *trainer;
    double once, seven;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_trainer_evaluate(trainer, &data, &once, NULL), BPNN_OK);
    for (size_t r = 0; r < p.rows; r++)
        p.weight[r] *= 7;
    assert_int_equal(bpnn_trainer_evaluate(trainer, &data, &seven, NULL), BPNN_OK);
    assert_true(fabs(once - seven) <= 1e-13 * fabs(once));
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

static void adamw_without_decay_is_adam(void **state)
{
    (void)state;
    for (int precision = 0; precision < BPNN_PRECISION_COUNT; precision++) {
        bpnn_train_options o = problem_options("adam", 4);
        problem_regression(&p, 90, 5, 3, seed);
        size_t n = problem_train(&p, (bpnn_precision)precision, 0, &o, a);
        o.method = "adamw";
        o.l2 = 0;
        problem_train(&p, (bpnn_precision)precision, 0, &o, b);
        assert_memory_equal(a, b, n * sizeof *a);
        o.l2 = 0.1;
        problem_train(&p, (bpnn_precision)precision, 0, &o, b);
        assert_true(problem_distance(a, b, n) > 1e-6);
    }
}

/* adamw's decay takes a l2 w from the weights of the first step, and nothing from the biases. */
static void decoupled_decay(void **state)
{
    (void)state;
    problem_regression(&p, 60, 5, 3, seed);
    bpnn_train_options o = problem_options("adamw", 0);
    static double start[PROBLEM_PARAMETERS];
    size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, start), biases = 0;
    o.epochs = 1;
    o.batch = 0;
    o.rate = 0.01;
    o.l2 = 0;
    problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    o.l2 = 3;
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    for (size_t i = 0; i < n; i++) {
        bool bias = a[i] == b[i];
        biases += bias;
        assert_true(bias || fabs(b[i] - a[i] + 0.01 * 3 * start[i]) < 1e-15);
    }
    assert_int_equal(biases, 9 + 6 + 3);
}

static bool is_weight(const bpnn_net *net, size_t i)
{
    for (size_t m = 1; m <= 3; m++)
        if (i >= bpnn_net_weight_offset(net, m) && i < bpnn_net_bias_offset(net, m))
            return true;
    return false;
}

/* R(w) = l2/2 sum w^2 + l1 sum |w| over the weights; decoupled decay is no part of it. */
static void penalty(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 2, seed);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 5);
    bpnn_data data = problem_data(&p, 0, p.rows);
    static const char *const methods[] = {"adam", "adamw"};
    double squares = 0, absolutes = 0;
    bpnn_net_get_parameters(net, a);
    for (size_t i = 0; i < bpnn_net_parameter_count(net); i++) {
        squares += is_weight(net, i) ? a[i] * a[i] : 0;
        absolutes += is_weight(net, i) ? fabs(a[i]) : 0;
    }
    for (int i = 0; i < 2; i++) {
        bpnn_train_options o = problem_options(methods[i], 1);
        bpnn_trainer *trainer;
        o.l1 = 0.2;
        o.l2 = 0.7;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        double expected = 0.2 * absolutes + (i ? 0 : 0.7 / 2 * squares);
        assert_true(fabs(bpnn__trainer_penalty(trainer) - expected) <= 1e-13 * expected);
        bpnn_trainer_free(trainer);
    }
    bpnn_net_free(net);
}

/* rprop against its plain formulas, fed with the trainer's own losses and gradients. */
static void rprop_looks_at_the_loss(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 2, seed);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 5);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_train_options o = problem_options("rprop", 1);
    const bpnn_setting big = {"start", 0.5}; /* first steps so long that the loss rises */
    o.settings = &big;
    o.setting_count = 1;
    o.l2 = 0.5; /* so large that F falls where the loss alone rises */
    bpnn_trainer *trainer;
    static plain_weight x[PROBLEM_PARAMETERS];
    size_t rows[60], n = bpnn_net_parameter_count(net), rises = 0;
    double options[8];
    for (size_t i = 0; i < 60; i++)
        rows[i] = i;
    for (size_t i = 0; i < bpnn_method_find("rprop")->option_count; i++)
        options[i] = bpnn_method_find("rprop")->options[i].initial;
    options[0] = big.value;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, a);
    for (size_t i = 0; i < n; i++)
        x[i] = (plain_weight){.w = a[i], .s = {0, 0, options[0]}};
    plain_moment now = {.o = options, .F = (double)NAN};
    for (int t = 1; t <= 80; t++) {
        now.F_previous = now.F;
        assert_int_equal(bpnn_trainer_gradient(trainer, rows, 60, &now.F, b, NULL), BPNN_OK);
        for (size_t i = 0; i < n; i++)
            now.F += is_weight(net, i) ? o.l2 / 2 * x[i].w * x[i].w : 0;
        rises += now.F > now.F_previous;
        for (size_t i = 0; i < n; i++)
            plain_find("rprop")(&now, b[i] + (is_weight(net, i) ? o.l2 * x[i].w : 0), &x[i]);
        assert_int_equal(bpnn_trainer_step(trainer, rows, 60, NULL, NULL), BPNN_OK);
    }
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, a);
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(a[i] - x[i].w) <= 1e-12 * fmax(1, fabs(a[i])));
    assert_true(rises > 0);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

/* Dropout draws new masks for every update, and the same ones for the same update. */
static void dropout_masks(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 2, seed);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 5);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_train_options o = problem_options("sgd", 1);
    o.rate = 0;
    o.dropout = 0.5;
    const size_t rows[] = {4, 5, 6, 7};
    double loss[2][5];
    for (int run = 0; run < 2; run++) {
        bpnn_trainer *trainer;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        for (int t = 0; t < 5; t++)
            assert_int_equal(bpnn_trainer_step(trainer, rows, 4, &loss[run][t], NULL), BPNN_OK);
        bpnn_trainer_free(trainer);
    }
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    for (int t = 1; t < 5; t++)
        assert_true(loss[0][t] != loss[0][0]);
    bpnn_net_free(net);
}

/* The order of an epoch: a permutation, another one each epoch and seed. */
static void orders(void **state)
{
    (void)state;
    problem_regression(&p, 100, 4, 2, seed);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 5);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_train_options o = problem_options("sgd", 1);
    size_t order[4][100];
    for (size_t i = 0; i < 4; i++) {
        o.seed = 1 + i / 2;
        bpnn_trainer *trainer;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        for (size_t e = 0; e <= i % 2; e++)
            assert_int_equal(bpnn_trainer_epoch(trainer, NULL, NULL), BPNN_OK);
        memcpy(order[i], trainer->order, sizeof order[i]);
        bool seen[100] = {false};
        for (size_t r = 0; r < 100; r++) {
            assert_true(order[i][r] < 100 && !seen[order[i][r]]);
            seen[order[i][r]] = true;
        }
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(order[i], order[k], sizeof order[i]);
        bpnn_trainer_free(trainer);
    }
    bpnn_net_free(net);
}

/* A rate of 0 leaves every parameter alone; without momentum the momentum method is plain descent. */
static void nothing_and_momentum(void **state)
{
    (void)state;
    problem_regression(&p, 90, 5, 3, seed);
    for (size_t i = 0; bpnn_method(i); i++) {
        if (isnan(bpnn_method(i)->rate))
            continue;
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 3);
        o.rate = 0;
        o.l1 = 0.3;
        size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, a);
        o.epochs = 0;
        problem_train(&p, BPNN_SINGLE, 0, &o, b);
        assert_true(problem_distance(a, b, n) == 0); /* a -0 may have become 0 */
    }
    bpnn_train_options o = problem_options("sgd", 3);
    size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    o.momentum = 1e-300;
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    assert_true(problem_distance(a, b, n) < 1e-12);
    const bpnn_setting nesterov = {"nesterov", 1};
    o.momentum = (double)NAN;
    o.settings = &nesterov;
    o.setting_count = 1;
    problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    o.momentum = 0.9; /* Nesterov's default */
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    assert_memory_equal(a, b, n * sizeof *a);
}

/* A huge L1 gives exact zeros in every weight, and biases are left free. */
static void huge_l1(void **state)
{
    (void)state;
    problem_regression(&p, 90, 5, 3, seed);
    bpnn_train_options o = problem_options("adam", 2);
    o.l1 = 1e6;
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    problem_train(&p, BPNN_SINGLE, 0, &o, a);
    size_t free_biases = 0;
    for (size_t m = 1; m <= 3; m++) {
        for (size_t i = bpnn_net_weight_offset(net, m); i < bpnn_net_bias_offset(net, m); i++)
            assert_true(a[i] == 0);
        size_t end = m < 3 ? bpnn_net_weight_offset(net, m + 1) : bpnn_net_parameter_count(net);
        for (size_t i = bpnn_net_bias_offset(net, m); i < end; i++)
            free_biases += a[i] != 0;
    }
    assert_true(free_biases > 9);
    bpnn_net_free(net);
}

/* The soft threshold: one linear layer on orthonormal inputs, F = (1/n)|x w - t|^2 + l1 |w|, has the solution
 * w_i = sign(c_i) max(|c_i| - n l1 / 2, 0), c = x^T t. */
static void soft_threshold(void **state)
{
    (void)state;
    const bpnn_layer layer = {.size = 1, .bias = BPNN_BIAS_NONE};
    bpnn_net_options net_options;
    bpnn_net_options_default(&net_options);
    net_options.inputs = 4;
    net_options.layer_count = 1;
    net_options.layers = &layer;
    net_options.precision = BPNN_DOUBLE;
    bpnn_net *net;
    assert_int_equal(bpnn_net_new(&net, &net_options, NULL), BPNN_OK);
    const double x[16] = {.5, .5, .5, .5, .5, -.5, .5, -.5, .5, .5, -.5, -.5, .5, -.5, -.5, .5};
    const double t[4] = {2, -1, 0.7, 0.5}, l1 = 0.3;
    bpnn_data data = {.inputs = bpnn_matrix_of(x, 4, 4), .targets = bpnn_matrix_of(t, 4, 1)};
    bpnn_train_options o = problem_options("sgd", 400);
    o.batch = 0;
    o.rate = 0.5;
    o.l1 = l1;
    assert_int_equal(bpnn_train(net, &data, NULL, &o, NULL, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, a);
    size_t zeros = 0;
    for (size_t i = 0; i < 4; i++) {
        double c = 0;
        for (size_t r = 0; r < 4; r++)
            c += x[4 * r + i] * t[r];
        double expected = copysign(fmax(fabs(c) - 4 * l1 / 2, 0), c);
        assert_true(fabs(a[i] - expected) <= 1e-6);
        zeros += expected == 0 && a[i] == 0;
    }
    assert_true(zeros >= 1);
    bpnn_net_free(net);
}

/* Every method, with all that can be switched on: the same bits for 1 to 8 threads and on every exact instruction set. */
static void same_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t i = 0; bpnn_method(i); i++) {
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 2);
        bool full = bpnn_method(i)->full_batch;
        o.batch = 700;
        o.dropout = full ? 0 : 0.25;
        bool whole = bpnn_method(i)->whole;
        o.l1 = whole ? 0 : 1e-4;
        o.clip = i % 2 && !whole ? 0.5 : 0;
        problem_regression(&p, 1500, 5, 4, seed + i);
        size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, a);
        for (size_t threads = 2; threads <= 8; threads++, done++) {
            o.threads = threads;
            problem_train(&p, BPNN_SINGLE, 0, &o, b);
            bad += memcmp(a, b, n * sizeof *a) != 0;
        }
        o.threads = 1;
        for (int isa = 0; isa < BPNN__ISA_COUNT; isa++) {
            if (!bpnn__isa_usable(isa) || isa == BPNN__ISA_SSE2 || !bpnn__isa_usable(BPNN__ISA_AVX2))
                continue;
            o.isa = bpnn__isa_name(isa);
            problem_train(&p, BPNN_SINGLE, 0, &o, b);
            bad += memcmp(a, b, n * sizeof *a) != 0;
            done++;
        }
    }
    printf("same bits: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* A foreign rounding mode outside changes nothing inside and is there again afterwards. */
static void foreign_mode(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, seed);
    p.weighted = true;
    bpnn_train_options o = problem_options("nadam", 3);
    o.schedule = BPNN_SCHEDULE_COSINE;
    size_t n = problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    fesetround(FE_UPWARD);
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    int after = fegetround();
    fesetround(FE_TONEAREST);
    assert_int_equal(after, FE_UPWARD);
    assert_memory_equal(a, b, n * sizeof *a);
}

/* The order depends on (seed, epoch) alone; unshuffled, an epoch is its batches one by one. */
static void epochs_are_steps(void **state)
{
    (void)state;
    problem_regression(&p, 100, 5, 2, seed);
    bpnn_train_options o = problem_options("adam", 2);
    o.shuffle = false;
    o.batch = 32;
    size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, a);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 5);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_trainer *trainer;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    for (size_t from = 0; from < 2 * p.rows; from += from % p.rows == 96 ? 4 : 32) {
        size_t rows[32], count = from % p.rows == 96 ? 4 : 32;
        for (size_t i = 0; i < count; i++)
            rows[i] = from % p.rows + i;
        assert_int_equal(bpnn_trainer_step(trainer, rows, count, NULL, NULL), BPNN_OK);
    }
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, b);
    assert_memory_equal(a, b, n * sizeof *a);
    o.shuffle = true;
    problem_train(&p, BPNN_SINGLE, 0, &o, b);
    assert_true(memcmp(a, b, n * sizeof *a) != 0);
    o.seed++;
    problem_train(&p, BPNN_SINGLE, 0, &o, a);
    assert_true(memcmp(a, b, n * sizeof *a) != 0);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

/* A clip too large to act gives the fused bits; a small one bounds the update: |dw| = a C for plain descent. */
static void clipping(void **state)
{
    (void)state;
    problem_regression(&p, 100, 5, 2, seed);
    bpnn_train_options o = problem_options("sgd", 1);
    size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, a);
    o.clip = 1e9;
    problem_train(&p, BPNN_SINGLE, 0, &o, b);
    assert_memory_equal(a, b, n * sizeof *a);
    o.batch = 0;
    o.clip = 1e-3;
    o.rate = 0.5;
    problem_train(&p, BPNN_DOUBLE, 0, &o, a);
    o.epochs = 0;
    problem_train(&p, BPNN_DOUBLE, 0, &o, b);
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    assert_true(fabs(sqrt(squares) / (0.5 * 1e-3) - 1) < 1e-3);
}

/* A missing target is as if its output did not exist for that row; a batch of several groups is one step. */
static void missing_targets(void **state)
{
    (void)state;
    problem_regression(&p, 2600, 4, 2, seed);
    for (size_t r = 0; r < p.rows; r += 3)
        p.t[r * 2 + r % 2] = (double)NAN;
    bpnn_train_options o = problem_options("adam", 3);
    o.batch = 2600;
    size_t n = problem_train(&p, BPNN_SINGLE, 0, &o, a);
    for (size_t i = 0; i < n; i++)
        assert_true(isfinite(a[i]));
    /* two half problems: gradients over rows whose one target alone is known */
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 5);
    const size_t row = 0;
    double gradient[PROBLEM_PARAMETERS], loss;
    bpnn_data data = problem_data(&p, 0, 1);
    o.batch = 0;
    bpnn_trainer *trainer;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_trainer_gradient(trainer, &row, 1, &loss, gradient, NULL), BPNN_OK);
    double y[2];
    assert_int_equal(bpnn_net_forward(net, data.inputs, y, NULL), BPNN_OK);
    assert_true(fabs(loss - (y[1] - p.t[1]) * (y[1] - p.t[1])) < 1e-13);
    size_t bias = bpnn_net_bias_offset(net, 3);
    assert_true(gradient[bias] == 0 && fabs(gradient[bias + 1] - 2 * (y[1] - p.t[1])) < 1e-13);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

int main(void)
{
    seed = problem_seed();
    const struct CMUnitTest tests[] = {cmocka_unit_test(row_weights),
                                       cmocka_unit_test(weights_matter),
                                       cmocka_unit_test(adamw_without_decay_is_adam),
                                       cmocka_unit_test(decoupled_decay),
                                       cmocka_unit_test(penalty),
                                       cmocka_unit_test(rprop_looks_at_the_loss),
                                       cmocka_unit_test(dropout_masks),
                                       cmocka_unit_test(orders),
                                       cmocka_unit_test(nothing_and_momentum),
                                       cmocka_unit_test(huge_l1),
                                       cmocka_unit_test(soft_threshold),
                                       cmocka_unit_test(same_bits),
                                       cmocka_unit_test(foreign_mode),
                                       cmocka_unit_test(epochs_are_steps),
                                       cmocka_unit_test(clipping),
                                       cmocka_unit_test(missing_targets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
