/* bpnn_train with whole methods: what is refused, how runs end, early stopping, what callbacks are shown, precision. */
#include "train/problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static problem p;
static double a[PROBLEM_PARAMETERS], b[PROBLEM_PARAMETERS];
static const char *const methods[] = {"lbfgs", "cg", "scg", "lm", "br"};
enum { METHODS = sizeof methods / sizeof *methods };

static bpnn_train_result run(bpnn_net *net, size_t held_back, const bpnn_train_options *o)
{
    bpnn_data training = problem_data(&p, 0, p.rows - held_back);
    bpnn_data validation = problem_data(&p, p.rows - held_back, held_back);
    bpnn_train_result result;
    bpnn_error error;
    if (bpnn_train(net, &training, held_back ? &validation : NULL, o, &result, &error) != BPNN_OK)
        fail_msg("%s: %s", o->method, error.text);
    return result;
}

/* ---- refusals ---- */

static void refuses(const bpnn_net *net, const bpnn_train_options *o, const char *word)
{
    bpnn_error error;
    bpnn_net *copy;
    bpnn_data data = problem_data(&p, 0, p.rows);
    error.text[0] = '\0';
    assert_int_equal(bpnn_net_clone(&copy, net, NULL), BPNN_OK);
    assert_int_equal(bpnn_train(copy, &data, NULL, o, NULL, &error), BPNN_USAGE);
    if (!strstr(error.text, word) || !strstr(error.text, o->method))
        fail_msg("%s: '%s' says nothing of %s", o->method, error.text, word);
    bpnn_net_free(copy);
}

static void refused_options(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 2, 1);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_data data = problem_data(&p, 0, p.rows);
    for (size_t i = 0; i < METHODS; i++) {
        bpnn_train_options o = problem_options(methods[i], 3);
        bpnn_trainer *trainer;
        bpnn_error error;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, &error), BPNN_USAGE);
        assert_non_null(strstr(error.text, "bpnn_train"));
        o.dropout = 0.1;
        refuses(net, &o, "dropout");
        o.dropout = 0;
        o.l1 = 0.1;
        refuses(net, &o, "l1");
        o.l1 = 0;
        o.clip = 1;
        refuses(net, &o, "clip");
        o.clip = 0;
        o.rate = 0.1;
        refuses(net, &o, "rate");
        o.rate = (double)NAN;
        o.momentum = 0.1;
        refuses(net, &o, "momentum");
        o.momentum = (double)NAN;
        o.warmup = 1;
        refuses(net, &o, "warm-up");
        o.warmup = 0;
        o.schedule = BPNN_SCHEDULE_COSINE;
        refuses(net, &o, "schedule");
    }
    bpnn_train_options o = problem_options("br", 3);
    o.l2 = 0.1;
    refuses(net, &o, "penalty");
    bpnn_net_free(net);
}

/* A loss on one output that lm or br cannot use. */
static void refused_losses(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 1, 1);
    static const struct {
        bpnn_loss_kind loss;
        const char *lm, *br;
    } row[] = {{BPNN_LOSS_MAE, "mae", "mae"},
               {BPNN_LOSS_HINGE, "hinge", "hinge"},
               {BPNN_LOSS_HUBER, NULL, "huber"},
               {BPNN_LOSS_QUANTILE, NULL, "quantile"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const bpnn_layer layer = {.size = 1};
        bpnn_net_options o;
        bpnn_net *net;
        bpnn_net_options_default(&o);
        o.inputs = 4;
        o.layer_count = 1;
        o.layers = &layer;
        o.loss = (bpnn_loss){.kind = row[i].loss, .parameter = (double)NAN};
        assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
        bpnn_train_options t = problem_options("br", 3);
        refuses(net, &t, row[i].br);
        t.method = "lm";
        if (row[i].lm)
            refuses(net, &t, row[i].lm);
        else
            run(net, 0, &t);
        t.method = "lbfgs"; /* takes every loss */
        run(net, 0, &t);
        bpnn_net_free(net);
    }
}

static void too_large(void **state)
{
    (void)state;
    problem_regression(&p, 60, 4, 2, 1);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    const bpnn_setting memory = {"memory", 1e-5};
    bpnn_train_options o = problem_options("lm", 3);
    o.settings = &memory;
    o.setting_count = 1;
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_error error;
    assert_int_equal(bpnn_train(net, &data, NULL, &o, NULL, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "parameters need"));
    bpnn_net_free(net);
}

/* ---- how runs end ---- */

typedef struct watch {
    size_t calls, stop_at;
    uint64_t evaluations;
    bpnn_progress last;
} watch;

static bool look(const bpnn_progress *now, void *context)
{
    watch *w = context;
    assert_int_equal(now->epoch, w->calls);
    assert_true(now->evaluations > w->evaluations && now->batches == 0 && isnan(now->rate));
    assert_true(isfinite(now->loss) && isfinite(now->gradient_norm) && now->net);
    assert_true(now->epoch == 0 || now->step > 0);
    w->evaluations = now->evaluations;
    w->calls++;
    w->last = *now;
    return now->epoch < w->stop_at;
}

static void ends(void **state)
{
    (void)state;
    problem_regression(&p, 200, 4, 2, 3);
    for (size_t i = 0; i < METHODS; i++) {
        watch w = {.stop_at = 4};
        volatile int flag = 1;
        bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
        bpnn_train_options o = problem_options(methods[i], 9);
        o.on_epoch = look;
        o.context = &w;
        bpnn_train_result result = run(net, 0, &o);
        assert_int_equal(result.stop, BPNN_STOP_CALLBACK);
        assert_true(result.epochs == 4 && result.updates == 4 && result.best_epoch == 4 && w.calls == 5);
        assert_true(result.loss == w.last.loss && result.evaluations == w.evaluations);
        bool damped = strcmp(methods[i], "lbfgs") != 0 && strcmp(methods[i], "cg") != 0;
        assert_true(isfinite(w.last.damping) == damped);
        assert_true(isfinite(w.last.effective) == (strcmp(methods[i], "br") == 0));
        o.on_epoch = NULL;
        result = run(net, 0, &o);
        assert_true(result.stop == BPNN_STOP_EPOCHS && result.epochs == 9);
        o.epochs = 0;
        result = run(net, 0, &o);
        assert_true(result.stop == BPNN_STOP_EPOCHS && result.epochs == 0);
        o.epochs = 9;
        o.target_loss = 100;
        result = run(net, 0, &o);
        assert_true(result.stop == BPNN_STOP_TARGET && result.epochs == 1);
        o.target_loss = (double)NAN;
        o.time_limit = 1e-9;
        bpnn_net_get_parameters(net, a);
        result = run(net, 0, &o);
        bpnn_net_get_parameters(net, b);
        assert_true(result.stop == BPNN_STOP_TIME && result.epochs == 0);
        assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
        o.interrupt = &flag;
        result = run(net, 0, &o);
        assert_true(result.stop == BPNN_STOP_INTERRUPTED && result.epochs == 0);
        bpnn_net_free(net);
    }
}

/* A minimum is found and said: the gradient is as small as the option asks for. */
static void gradient_stop(void **state)
{
    (void)state;
    problem_regression(&p, 200, 4, 2, 3);
    for (size_t i = 0; i < 4; i++) {
        const bpnn_setting coarse = {"tol", 0.01};
        bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
        bpnn_train_options o = problem_options(methods[i], 500);
        o.settings = &coarse;
        o.setting_count = 1;
        o.l2 = 0.01;
        bpnn_train_result result = run(net, 0, &o);
        assert_int_equal(result.stop, BPNN_STOP_GRADIENT);
        assert_true(result.gradient_norm <= (i == 3 ? 0.02 : 0.01)); /* lm halves squared errors */
        bpnn_net_free(net);
    }
}

/* ---- early stopping ---- */

typedef struct best {
    double loss;
    size_t epoch, parameters;
    double w[PROBLEM_PARAMETERS];
} best;

static bool keep_best(const bpnn_progress *now, void *context)
{
    best *k = context;
    if (now->epoch > 0 && !(now->validation_loss < k->loss))
        return true;
    k->loss = now->validation_loss;
    k->epoch = now->epoch;
    bpnn_net_get_parameters(now->net, k->w);
    return true;
}

static void stops_early(void **state)
{
    (void)state;
    static best kept;
    problem_regression(&p, 60, 6, 1, 5);
    for (size_t i = 0; i < METHODS; i++) {
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_train_options o = problem_options(methods[i], 60);
        bool evidence = strcmp(methods[i], "br") == 0;
        size_t patience = strcmp(methods[i], "lm") == 0 ? 2 : 6; /* lm would meet the training rows before */
        o.patience = patience == 6 ? SIZE_MAX : patience;
        o.on_epoch = keep_best;
        o.context = &kept;
        bpnn_train_result result = run(net, 30, &o);
        bpnn_net_get_parameters(net, a);
        if (evidence) { /* looks at validation rows, but does not stop by them */
            assert_true(result.stop != BPNN_STOP_PATIENCE && result.best_epoch == result.epochs);
        } else {
            assert_int_equal(result.stop, BPNN_STOP_PATIENCE);
            assert_true(result.best_epoch == kept.epoch && result.epochs == kept.epoch + patience);
            assert_memory_equal(a, kept.w, bpnn_net_parameter_count(net) * sizeof *a);
        }
        assert_true(result.best_validation_loss == kept.loss);
        bpnn_net_free(net);
    }
}

/* ---- numbers ---- */

static void bad_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < METHODS; i++) {
        problem_regression(&p, 60, 4, 2, 1);
        p.x[5 * 4 + 2] = (double)NAN;
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_train_options o = problem_options(methods[i], 3);
        bpnn_net_get_parameters(net, a);
        bpnn_train_result result = run(net, 0, &o);
        bpnn_net_get_parameters(net, b);
        assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
        assert_true(result.diverged_epoch == 1 && result.epochs == 0);
        assert_non_null(strstr(result.advice, "input 3 of row 6"));
        assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
        bpnn_net_free(net);
    }
}

/* A net in single is trained in double and rounded at the end. */
static void precision(void **state)
{
    (void)state;
    problem_regression(&p, 100, 4, 2, 1);
    for (size_t i = 0; i < METHODS; i++) {
        bpnn_net *single = problem_net(&p, BPNN_SINGLE, 0, 1), *twice = problem_net(&p, BPNN_DOUBLE, 0, 1);
        bpnn_train_options o = problem_options(methods[i], 5);
        size_t n = bpnn_net_parameter_count(single);
        bpnn_net_get_parameters(single, a);
        bpnn_net_set_parameters(twice, a);
        bpnn_train_result first = run(single, 0, &o), second = run(twice, 0, &o);
        bpnn_net_get_parameters(single, a);
        bpnn_net_get_parameters(twice, b);
        assert_true(first.loss == second.loss);
        for (size_t k = 0; k < n; k++)
            assert_true(a[k] == (double)(float)b[k]);
        bpnn_net_free(single);
        bpnn_net_free(twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refused_options), cmocka_unit_test(refused_losses),
                                       cmocka_unit_test(too_large),       cmocka_unit_test(ends),
                                       cmocka_unit_test(gradient_stop),   cmocka_unit_test(stops_early),
                                       cmocka_unit_test(bad_numbers),     cmocka_unit_test(precision)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
