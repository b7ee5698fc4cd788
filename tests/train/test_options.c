/* What cannot be is refused by name, before anything is trained. */
#include "train/problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static problem p;

static bpnn_status make(const bpnn_train_options *o, bpnn_error *error)
{
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_trainer *trainer = NULL;
    memset(error, 0, sizeof *error);
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, o, error);
    assert_true((status == BPNN_OK) == (trainer != NULL));
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    return status;
}

/* The options are refused as USAGE and the message has all the words (up to NULL). */
static void refused(const bpnn_train_options *o, ...)
{
    bpnn_error error;
    assert_int_equal(make(o, &error), BPNN_USAGE);
    va_list words;
    va_start(words, o);
    for (const char *word; (word = va_arg(words, const char *)) != NULL;)
        if (!strstr(error.text, word))
            fail_msg("'%s' is not in: %s", word, error.text);
    va_end(words);
}

static void methods(void **state)
{
    (void)state;
    bpnn_train_options o = problem_options("adma", 1);
    refused(&o, "adma", "did you mean 'adam'", NULL);
    o.method = "quantum";
    refused(&o, "quantum", "adamw", "sgd", "rprop", "adadelta", NULL);
    o.method = NULL;
    refused(&o, "unknown method", NULL);
    o = problem_options("adam", 1);
    o.momentum = 0.9;
    refused(&o, "adam", "momentum", NULL);
    o = problem_options("rprop", 1);
    o.rate = 0.1;
    refused(&o, "rprop", "rate", NULL);
    o = problem_options("rprop", 1);
    o.dropout = 0.5;
    refused(&o, "rprop", "dropout", NULL);
}

static void settings(void **state)
{
    (void)state;
    bpnn_setting set = {"beta3", 0.5};
    bpnn_train_options o = problem_options("adam", 1);
    o.settings = &set;
    o.setting_count = 1;
    refused(&o, "adam", "beta3", "beta1", "beta2", "eps", NULL);
    set = (bpnn_setting){"beta1", 1};
    refused(&o, "adam", "beta1", "not 1", NULL);
    set = (bpnn_setting){"beta1", (double)NAN};
    refused(&o, "beta1", "nan", NULL);
    set = (bpnn_setting){NULL, 0};
    refused(&o, "adam", NULL);
    bpnn_error error;
    set = (bpnn_setting){"beta1", 0};
    assert_int_equal(make(&o, &error), BPNN_OK);
}

static void schedules(void **state)
{
    (void)state;
    bpnn_setting set = {"every", 2};
    bpnn_train_options o = problem_options("adam", 1);
    o.schedule = BPNN_SCHEDULE_COUNT;
    refused(&o, "schedule", NULL);
    o.schedule = BPNN_SCHEDULE_EXPONENTIAL;
    o.schedule_settings = &set;
    o.schedule_setting_count = 1;
    refused(&o, "exponential", "every", "factor", NULL);
    o.schedule = BPNN_SCHEDULE_COSINE;
    refused(&o, "cosine", "every", "none", NULL);
    o.schedule = BPNN_SCHEDULE_STEP;
    set.value = 0;
    refused(&o, "step", "every", "not 0", NULL);
}

static void ranges(void **state)
{
    (void)state;
    static const double wrong[] = {-0.5, -(double)INFINITY, (double)INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bpnn_train_options o = problem_options("sgd", 1);
        o.rate = wrong[i];
        refused(&o, "rate", NULL);
        o = problem_options("sgd", 1);
        o.momentum = wrong[i];
        refused(&o, "momentum", NULL);
        o = problem_options("sgd", 1);
        o.l1 = wrong[i];
        refused(&o, "l1", NULL);
        o = problem_options("sgd", 1);
        o.l2 = wrong[i];
        refused(&o, "l2", NULL);
        o = problem_options("sgd", 1);
        o.dropout = wrong[i];
        refused(&o, "dropout", NULL);
        o = problem_options("sgd", 1);
        o.clip = wrong[i];
        refused(&o, "clip", NULL);
        o = problem_options("sgd", 1);
        o.min_delta = wrong[i];
        refused(&o, "min_delta", NULL);
        o = problem_options("sgd", 1);
        o.time_limit = wrong[i];
        refused(&o, "time_limit", NULL);
    }
    bpnn_train_options o = problem_options("sgd", 1);
    o.dropout = 1;
    refused(&o, "dropout", NULL);
    o = problem_options("sgd", 1);
    o.l1 = (double)NAN;
    refused(&o, "l1", NULL);
    o = problem_options("sgd", 1);
    o.isa = "mmx";
    refused(&o, "mmx", NULL);
    o = problem_options("sgd", 1);
    o.struct_size = 8;
    refused(&o, "bpnn_train_options_default", NULL);
}

static void data(void **state)
{
    (void)state;
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_train_options o = problem_options("sgd", 1);
    bpnn_data good = problem_data(&p, 0, p.rows), bad = good;
    bpnn_trainer *trainer;
    bad.inputs.cols--;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &bad, &o, NULL), BPNN_USAGE);
    bad = good;
    bad.targets.rows--;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &bad, &o, NULL), BPNN_USAGE);
    bad = problem_data(&p, 0, 0);
    assert_int_equal(bpnn_trainer_new(&trainer, net, &bad, &o, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_trainer_new(&trainer, net, NULL, &o, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_trainer_new(&trainer, net, &good, NULL, NULL), BPNN_USAGE);
    static const double wrong[] = {-1, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < 3; i++) {
        double kept = p.weight[3];
        bpnn_error error;
        p.weight[3] = wrong[i];
        good.row_weights = p.weight;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &good, &o, &error), BPNN_DATA);
        assert_non_null(strstr(error.text, "row 4"));
        p.weight[3] = kept;
    }
    const double zeros[64] = {0};
    good.row_weights = zeros;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &good, &o, NULL), BPNN_DATA);
    bpnn_net_free(net);
}

/* A step outside the data or of no rows changes nothing. */
static void rows(void **state)
{
    (void)state;
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_train_options o = problem_options("sgd", 1);
    bpnn_data good = problem_data(&p, 0, p.rows);
    bpnn_trainer *trainer;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &good, &o, NULL), BPNN_OK);
    const size_t outside[] = {0, 1, p.rows};
    assert_int_equal(bpnn_trainer_step(trainer, outside, 3, NULL, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_trainer_step(trainer, outside, 0, NULL, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_trainer_gradient(trainer, outside, 2, NULL, NULL, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_trainer_step(trainer, outside, 2, NULL, NULL), BPNN_OK);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

int main(void)
{
    problem_regression(&p, 50, 3, 2, 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test(methods),   cmocka_unit_test(settings),
                                       cmocka_unit_test(schedules), cmocka_unit_test(ranges),
                                       cmocka_unit_test(data),      cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
