/* l2 auto: the grid and its edges, the choice, the same run by hand, bits, refusals, ends. */
#include "train/problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static problem p;
static double a[PROBLEM_PARAMETERS], b[PROBLEM_PARAMETERS];

static bpnn_train_options options(const char *method)
{
    bpnn_train_options o = problem_options(method, 40);
    o.l2_auto = true;
    return o;
}

static bpnn_train_result run(bpnn_net *net, size_t held_back, const bpnn_train_options *o)
{
    bpnn_data training = problem_data(&p, 0, p.rows - held_back);
    bpnn_data validation = problem_data(&p, p.rows - held_back, held_back);
    bpnn_train_result result;
    bpnn_error error;
    if (bpnn_train(net, &training, held_back ? &validation : NULL, o, &result, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return result;
}

static double best_c(const bpnn_train_result *r)
{
    size_t best = 0;
    for (size_t i = 0; i < r->penalty_count; i++) {
        assert_true(isfinite(r->penalty[i].loss) && (i == 0 || r->penalty[i].c > r->penalty[i - 1].c));
        if (r->penalty[i].loss <= r->penalty[best].loss) /* ties: the larger c */
            best = i;
    }
    return r->penalty[best].c;
}

/* What it takes is the best of what it tried, and the net is the one that this l2 gives. */
static void same_by_hand(void **state)
{
    (void)state;
    static const char *const methods[] = {"lbfgs", "cg", "scg", "lm"};
    for (size_t i = 0; i < 4; i++)
        for (size_t classes = 0; classes <= 3; classes += 3) {
            if (classes)
                problem_classes(&p, 90, classes, 7);
            else
                problem_regression(&p, 90, 4, 2, 7);
            p.weighted = i % 2;
            bpnn_net *net = problem_net(&p, BPNN_DOUBLE, classes, 1), *hand = problem_net(&p, BPNN_DOUBLE, classes, 1);
            bpnn_train_options o = options(methods[i]);
            bpnn_train_result result = run(net, 0, &o);
            assert_true(result.penalty_count >= 7 && result.penalty_count <= 9);
            double expected = (classes ? 1 : 2) * best_c(&result) / 90;
            assert_true(fabs(result.l2 - expected) <= 1e-15 * expected);
            o.l2_auto = false;
            o.l2 = result.l2;
            bpnn_train_result again = run(hand, 0, &o);
            bpnn_net_get_parameters(net, a);
            bpnn_net_get_parameters(hand, b);
            assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
            assert_true(again.loss == result.loss && again.l2 == result.l2);
            bpnn_net_free(net);
            bpnn_net_free(hand);
        }
}

/* With validation rows they alone judge. */
static void validation_rows(void **state)
{
    (void)state;
    problem_regression(&p, 120, 4, 1, 9);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
    bpnn_train_options o = options("lbfgs");
    bpnn_train_result result = run(net, 40, &o);
    o.l2_auto = false;
    for (size_t i = 0; i < result.penalty_count; i++) {
        bpnn_net *one = problem_net(&p, BPNN_DOUBLE, 0, 1);
        bpnn_data judge = problem_data(&p, 80, 40);
        double loss;
        o.l2 = 2 * result.penalty[i].c / 80;
        bpnn_data training = problem_data(&p, 0, 80);
        assert_int_equal(bpnn_train(one, &training, NULL, &o, NULL, NULL), BPNN_OK);
        assert_int_equal(bpnn_net_gradient(one, judge.inputs, judge.targets, NULL, &loss, NULL, NULL, NULL), BPNN_OK);
        assert_true(fabs(loss - result.penalty[i].loss) <= 1e-12 * loss);
        bpnn_net_free(one);
    }
    bpnn_net_free(net);
}

static void same_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    problem_regression(&p, 130, 4, 1, 11);
    bpnn_train_result first = {0};
    for (size_t threads = 1; threads <= 8; threads++, done++) {
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_train_options o = options("lbfgs");
        o.threads = threads;
        bpnn_train_result result = run(net, 0, &o);
        bpnn_net_get_parameters(net, threads == 1 ? a : b);
        if (threads == 1)
            first = result;
        else
            bad += memcmp(a, b, bpnn_net_parameter_count(net) * sizeof *a) != 0 || result.l2 != first.l2 ||
                   memcmp(result.penalty, first.penalty, sizeof first.penalty) != 0;
        bpnn_net_free(net);
    }
    printf("same bits: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* 1200 rows and more: one fifth judges. */
static void many_rows(void **state)
{
    (void)state;
    problem_regression(&p, 1300, 3, 1, 3);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_train_options o = options("lbfgs");
    o.epochs = 5;
    bpnn_train_result result = run(net, 0, &o);
    assert_true(result.penalty_count >= 7 && result.epochs == 5);
    assert_true(fabs(result.l2 - 2 * best_c(&result) / 1300) <= 1e-15);
    bpnn_net_free(net);
}

static void refusals_and_ends(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 1, 1);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_data data = problem_data(&p, 0, 60), few = problem_data(&p, 0, 9);
    bpnn_error error;
    static const char *const others[] = {"br", "adamw", "rprop"};
    for (size_t i = 0; i < 3; i++) {
        bpnn_train_options o = options(others[i]);
        assert_int_equal(bpnn_train(net, &data, NULL, &o, NULL, &error), BPNN_USAGE);
        assert_non_null(strstr(error.text, "cannot choose l2"));
    }
    bpnn_train_options o = options("lbfgs");
    o.l2 = 0.1;
    assert_int_equal(bpnn_train(net, &data, NULL, &o, NULL, &error), BPNN_USAGE);
    o = options("lbfgs");
    assert_int_equal(bpnn_train(net, &few, NULL, &o, NULL, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "10 rows"));
    bpnn_net_get_parameters(net, a);
    o.time_limit = 1e-9;
    bpnn_train_result result = run(net, 0, &o);
    bpnn_net_get_parameters(net, b);
    assert_true(result.stop == BPNN_STOP_TIME && result.epochs == 0);
    assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    volatile int flag = 1;
    o.interrupt = &flag;
    assert_int_equal(run(net, 0, &o).stop, BPNN_STOP_INTERRUPTED);
    bpnn_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_by_hand), cmocka_unit_test(validation_rows),
                                       cmocka_unit_test(same_bits), cmocka_unit_test(many_rows),
                                       cmocka_unit_test(refusals_and_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
