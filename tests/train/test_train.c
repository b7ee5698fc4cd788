/* The whole run: learning, early stopping and the best parameters, every stop reason, divergence, callbacks. */
#include "train/problem.h"

#include "train/trainer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static problem p;
static double a[PROBLEM_PARAMETERS], b[PROBLEM_PARAMETERS];

/* What a callback has seen, and when it says stop. */
typedef struct watcher {
    size_t epoch_calls, batch_calls, stop_at_epoch, stop_at_batch;
    const bpnn_data *validation;
    double best;
    size_t best_epoch, wrong;
    double w[PROBLEM_PARAMETERS]; /* parameters of the last epoch call */
    int flag;                     /* set at batch call `interrupt_at` */
    size_t interrupt_at;
} watcher;

static bool watch_epoch(const bpnn_progress *now, void *context)
{
    watcher *w = context;
    w->wrong += now->epoch != w->epoch_calls || now->batch != 0 || now->net == NULL;
    w->epoch_calls++;
    bpnn_net_get_parameters(now->net, w->w);
    if (now->validation_loss < w->best) {
        w->best = now->validation_loss;
        w->best_epoch = now->epoch;
    }
    w->wrong += w->validation && (now->best_epoch != w->best_epoch || now->best_validation_loss != w->best);
    w->wrong += w->validation && now->failures != now->epoch - now->best_epoch;
    return w->stop_at_epoch == 0 || now->epoch < w->stop_at_epoch;
}

static bool watch_batch(const bpnn_progress *now, void *context)
{
    watcher *w = context;
    w->batch_calls++;
    w->wrong += now->net != NULL || now->batch < 1 || now->batch > now->batches || now->updates != w->batch_calls ||
                !isfinite(now->loss) || !(now->seconds >= 0);
    if (w->batch_calls == w->interrupt_at)
        w->flag = 1;
    return w->stop_at_batch == 0 || w->batch_calls < w->stop_at_batch;
}

static bpnn_train_result train(bpnn_net *net, const bpnn_data *validation, const bpnn_train_options *o)
{
    bpnn_train_result result;
    bpnn_error error = {0};
    bpnn_data data = problem_data(&p, 0, 200);
    if (bpnn_train(net, &data, validation, o, &result, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return result;
}

/* ---- learning ---- */

static void learns_xor(void **state)
{
    (void)state;
    size_t learned = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        const bpnn_layer layers[] = {{.size = 8, .activation = {.kind = BPNN_ACT_TANH}},
                                     {.size = 1, .activation = {.kind = BPNN_ACT_SIGMOID}}};
        bpnn_net_options no;
        bpnn_net_options_default(&no);
        no.inputs = 2;
        no.layer_count = 2;
        no.layers = layers;
        no.loss.kind = BPNN_LOSS_BINARY_CROSSENTROPY;
        const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, t[] = {0, 1, 1, 0};
        bpnn_data data = {.inputs = bpnn_matrix_of(x, 4, 2), .targets = bpnn_matrix_of(t, 4, 1)};
        bpnn_train_options o = problem_options("adam", 4000);
        o.rate = 0.02;
        o.target_loss = 0.02;
        bpnn_net *net;
        bpnn_train_result result;
        assert_int_equal(bpnn_net_new(&net, &no, NULL), BPNN_OK);
        assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, seed, NULL, NULL, NULL), BPNN_OK);
        assert_int_equal(bpnn_train(net, &data, NULL, &o, &result, NULL), BPNN_OK);
        double y[4];
        assert_int_equal(bpnn_net_forward(net, data.inputs, y, NULL), BPNN_OK);
        learned += result.stop == BPNN_STOP_TARGET && y[0] < 0.1 && y[1] > 0.9 && y[2] > 0.9 && y[3] < 0.1;
        bpnn_net_free(net);
    }
    printf("xor: %d done, %d bad\n", 10, 10 - (int)learned);
    assert_int_equal(learned, 10);
}

/* Every method separates four clusters. */
static void learns_classes(void **state)
{
    (void)state;
    problem_classes(&p, 400, 4, 3);
    for (size_t i = 0; bpnn_method(i); i++) {
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 100);
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 4, 1);
        bpnn_data rest = problem_data(&p, 200, 200);
        double y[800];
        train(net, NULL, &o);
        assert_int_equal(bpnn_net_forward(net, rest.inputs, y, NULL), BPNN_OK);
        size_t right = 0;
        for (size_t r = 0; r < 200; r++)
            right += y[4 * r + (size_t)p.t[200 + r]] > 0.5;
        if (right < 190)
            fail_msg("%s: %zu of 200", o.method, right);
        bpnn_net_free(net);
    }
}

/* ---- early stopping ---- */

/* Few rows, many epochs: the net has the parameters of the best epoch, of which the caller was told the present ones. */
static void best_parameters(void **state)
{
    (void)state;
    problem_regression(&p, 400, 5, 2, 8);
    for (size_t r = 0; r < 400; r++)
        p.t[2 * r] += (double)(r % 7) - 3; /* noise worth overfitting to */
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_data validation = problem_data(&p, 200, 200);
    bpnn_data training = problem_data(&p, 0, 200);
    static watcher w;
    w = (watcher){.validation = &validation, .best = (double)INFINITY};
    bpnn_train_options o = problem_options("adam", 500);
    o.rate = 0.01;
    o.patience = 15;
    o.on_epoch = watch_epoch;
    o.on_batch = watch_batch;
    o.context = &w;
    bpnn_train_result result = train(net, &validation, &o);
    assert_int_equal(result.stop, BPNN_STOP_PATIENCE);
    assert_int_equal(result.epochs, result.best_epoch + 15);
    assert_int_equal(w.wrong, 0);
    assert_int_equal(w.epoch_calls, result.epochs + 1);
    assert_int_equal(w.batch_calls, result.updates);
    assert_true(result.best_validation_loss == w.best && result.best_epoch == w.best_epoch);
    bpnn_trainer *trainer;
    double v;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &training, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_trainer_evaluate(trainer, &validation, &v, NULL), BPNN_OK);
    assert_true(v == result.best_validation_loss);
    bpnn_net_get_parameters(net, a);
    assert_memory_not_equal(a, w.w, bpnn_net_parameter_count(net) * sizeof *a);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    net = problem_net(&p, BPNN_SINGLE, 0, 1); /* what the last call was shown: as many epochs, undisturbed */
    o = problem_options("adam", result.epochs);
    o.rate = 0.01;
    train(net, NULL, &o);
    bpnn_net_get_parameters(net, a);
    assert_memory_equal(a, w.w, bpnn_net_parameter_count(net) * sizeof *a);
    bpnn_net_free(net);
}

/* A rate that can only spoil: the initial parameters are the best. */
static void initial_is_best(void **state)
{
    (void)state;
    problem_regression(&p, 400, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
    bpnn_data validation = problem_data(&p, 200, 200);
    bpnn_train_options o = problem_options("adam", 100);
    train(net, NULL, &o);
    bpnn_net_get_parameters(net, a);
    o.method = "rmsprop";
    o.rate = 0.05;
    o.epochs = 4;
    o.patience = 3;
    bpnn_train_result result = train(net, &validation, &o);
    bpnn_net_get_parameters(net, b);
    assert_int_equal(result.stop, BPNN_STOP_PATIENCE);
    assert_int_equal(result.best_epoch, 0);
    assert_int_equal(result.epochs, 3);
    assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    bpnn_net_free(net);
}

/* SIZE_MAX: max(20 epochs, 1000 updates). A rate of 0 never gets better. */
static void default_patience(void **state)
{
    (void)state;
    problem_regression(&p, 400, 5, 2, 8);
    static const size_t batch[] = {1, 10, 20, 0}, epochs[] = {20, 50, 100, 1000};
    for (size_t i = 0; i < 4; i++) {
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_data validation = problem_data(&p, 200, 1);
        bpnn_train_options o = problem_options("sgd", 2000);
        o.rate = 0;
        o.batch = batch[i];
        o.patience = SIZE_MAX;
        bpnn_train_result result = train(net, &validation, &o);
        assert_int_equal(result.stop, BPNN_STOP_PATIENCE);
        assert_int_equal(result.epochs, epochs[i]);
        bpnn_net_free(net);
    }
}

/* ---- ends ---- */

static void no_epochs(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_train_options o = problem_options("adam", 0);
    bpnn_net_get_parameters(net, a);
    bpnn_train_result result = train(net, NULL, &o);
    bpnn_net_get_parameters(net, b);
    assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    assert_int_equal(result.stop, BPNN_STOP_EPOCHS);
    assert_true(result.epochs == 0 && result.updates == 0 && result.best_epoch == 0 &&
                isnan(result.best_validation_loss));
    p.x[3 * 5 + 1] = (double)NAN; /* no epoch would tell */
    result = train(net, NULL, &o);
    assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
    assert_true(result.diverged_epoch == 1 && result.diverged_batch == 0);
    assert_non_null(strstr(result.advice, "input 2 of row 4"));
    bpnn_net_free(net);
}

/* Called off after batch 10 of 7 an epoch: one whole epoch counts, the net has the parameters of the moment. */
static void called_off_inside(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    for (int by_flag = 0; by_flag < 2; by_flag++) {
        static watcher w;
        w = (watcher){.stop_at_batch = by_flag ? 0 : 10, .interrupt_at = by_flag ? 10 : 0};
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_data data = problem_data(&p, 0, 200);
        bpnn_train_options o = problem_options("adam", 5);
        bpnn_trainer *trainer;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        o.on_batch = watch_batch;
        o.on_epoch = watch_epoch;
        o.interrupt = &w.flag;
        o.context = &w;
        bpnn_train_result result = train(net, NULL, &o);
        assert_int_equal(result.stop, by_flag ? BPNN_STOP_INTERRUPTED : BPNN_STOP_CALLBACK);
        assert_int_equal(result.epochs, 1);
        assert_int_equal(result.updates, 10);
        assert_int_equal(w.epoch_calls, 2);
        assert_int_equal(w.wrong, 0);
        bpnn_net_get_parameters(net, a);
        assert_memory_not_equal(a, w.w, bpnn_net_parameter_count(net) * sizeof *a);
        bpnn_trainer_free(trainer);
        bpnn_net_free(net);
    }
}

static void other_ends(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    static watcher w;
    w = (watcher){.stop_at_epoch = 3};
    bpnn_train_options o = problem_options("adam", 5);
    o.on_epoch = watch_epoch;
    o.context = &w;
    bpnn_train_result result = train(net, NULL, &o);
    assert_true(result.stop == BPNN_STOP_CALLBACK && result.epochs == 3 && result.best_epoch == 3);
    bpnn_net_get_parameters(net, a);
    assert_memory_equal(a, w.w, bpnn_net_parameter_count(net) * sizeof *a);
    o = problem_options("adam", SIZE_MAX);
    o.time_limit = 0.02;
    result = train(net, NULL, &o);
    assert_int_equal(result.stop, BPNN_STOP_TIME);
    assert_true(result.seconds >= 0.02 && result.seconds < 2);
    o = problem_options("adam", 2);
    o.target_loss = 1e9;
    result = train(net, NULL, &o);
    assert_true(result.stop == BPNN_STOP_TARGET && result.epochs == 1);
    bpnn_net_free(net);
}

/* ---- leaving the finite numbers ---- */

/* A huge rate: the run says where, and the net has the parameters of the last epoch whose end was finite. */
static void diverges(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_train_options o = problem_options("sgd", 50);
    bpnn_net_get_parameters(net, a);
    static const double rates[] = {1e15, 1e30};
    for (size_t i = 0; i < 2; i++) {
        o.rate = rates[i];
        bpnn_train_result result = train(net, NULL, &o);
        bpnn_net_get_parameters(net, b);
        assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
        assert_true(result.epochs == 0 && result.diverged_epoch == 1 && result.diverged_batch > 1);
        /* outputs of 1e20 are finite, their squares are not: no layer but the loss */
        assert_true(i == 0 ? result.diverged_layer == 0 : result.diverged_layer >= 1 && result.diverged_layer <= 3);
        assert_non_null(strstr(result.advice, "smaller rate"));
        assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    }
    bpnn_net_free(net);
}

/* Data that no rate helps is named. */
static void bad_numbers(void **state)
{
    (void)state;
    bpnn_train_options o = problem_options("adam", 2);
    for (int i = 0; i < 3; i++) {
        problem_regression(&p, 200, 5, 2, 8);
        if (i < 2)
            p.x[3 * 5 + 1] = i ? 1e300 : (double)NAN;
        else
            p.t[3 * 2] = (double)INFINITY;
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_train_result result = train(net, NULL, &o);
        bpnn_net_get_parameters(net, a);
        assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
        assert_non_null(strstr(result.advice, i < 2 ? "input 2 of row 4" : "target 1 of row 4"));
        for (size_t k = 0; k < bpnn_net_parameter_count(net); k++)
            assert_true(isfinite(a[k]));
        bpnn_net_free(net);
    }
}

/* Finite, but beyond 1000 times the first objective at an epoch's end. */
static void explodes(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
    bpnn_train_options o = problem_options("adam", 50);
    bpnn_net_get_parameters(net, a);
    o.rate = 1000;
    bpnn_train_result result = train(net, NULL, &o);
    bpnn_net_get_parameters(net, b);
    assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
    assert_true(result.diverged_epoch == 1 && result.diverged_batch == 0 && result.diverged_layer == 0);
    assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    bpnn_net_free(net);
}

/* A loss beyond the precision: the step that met it has updated nothing and can be followed by others. */
static void bad_row(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    p.t[3 * 2] = 1e30;
    for (size_t i = 0; bpnn_method(i) && !bpnn_method(i)->whole; i++) {
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 2);
        bpnn_data data = problem_data(&p, 0, 200);
        o.batch = 200;
        o.clip = i % 2 ? 1 : 0;
        bpnn_train_result result = train(net, NULL, &o);
        assert_int_equal(result.stop, BPNN_STOP_DIVERGED);
        assert_non_null(strstr(result.advice, "scale"));
        const size_t rows[] = {3, 4, 5};
        bpnn_trainer *trainer, *other;
        bpnn_net *twin = problem_net(&p, BPNN_SINGLE, 0, 1);
        double loss, loss_other;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        assert_int_equal(bpnn_trainer_new(&other, net, &data, &o, NULL), BPNN_OK);
        for (int t = 0; t < 3; t++) {
            assert_int_equal(bpnn_trainer_step(trainer, rows, 3, NULL, NULL), BPNN_DIVERGED);
            bpnn_trainer_get(trainer, net);
            bpnn_trainer_get(other, twin);
            bpnn_net_get_parameters(net, a);
            bpnn_net_get_parameters(twin, b);
            assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
            assert_int_equal(bpnn_trainer_step(trainer, rows + 1, 2, &loss, NULL), BPNN_OK);
            assert_int_equal(bpnn_trainer_step(other, rows + 1, 2, &loss_other, NULL), BPNN_OK);
            assert_true(loss == loss_other);
        }
        bpnn_trainer_free(trainer);
        bpnn_trainer_free(other);
        bpnn_net_free(net);
        bpnn_net_free(twin);
    }
}

/* ---- loops of one's own ---- */

/* A loop over bpnn_trainer_epoch does what bpnn_train does, plateau included. */
static void own_loop(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1), *own = problem_net(&p, BPNN_SINGLE, 0, 1);
    bpnn_data data = problem_data(&p, 0, 200);
    const bpnn_setting wait[] = {{"wait", 1}, {"gain", 0.5}};
    bpnn_train_options o = problem_options("adam", 8);
    o.schedule = BPNN_SCHEDULE_PLATEAU;
    o.schedule_settings = wait;
    o.schedule_setting_count = 2;
    bpnn_train_result result = train(net, NULL, &o);
    bpnn_trainer *trainer;
    double loss;
    assert_int_equal(bpnn_trainer_new(&trainer, own, &data, &o, NULL), BPNN_OK);
    for (int e = 0; e < 8; e++)
        assert_int_equal(bpnn_trainer_epoch(trainer, &loss, NULL), BPNN_OK);
    assert_true(loss == result.loss);
    assert_true(trainer->rate < 0.1 * bpnn_method_find("adam")->rate);
    bpnn_trainer_get(trainer, own);
    bpnn_net_get_parameters(net, a);
    bpnn_net_get_parameters(own, b);
    assert_memory_equal(a, b, bpnn_net_parameter_count(net) * sizeof *a);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    bpnn_net_free(own);
}

/* Gradient and plain descent by hand: set(get - a g) is a step of sgd. */
static void own_descent(void **state)
{
    (void)state;
    problem_regression(&p, 200, 5, 2, 8);
    bpnn_net *net = problem_net(&p, BPNN_DOUBLE, 0, 1);
    bpnn_data data = problem_data(&p, 0, 200);
    bpnn_train_options o = problem_options("sgd", 1);
    o.batch = 0;
    bpnn_trainer *trainer;
    const size_t rows[] = {7, 3, 150}, n = bpnn_net_parameter_count(net);
    static double g[PROBLEM_PARAMETERS];
    double loss, again;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_trainer_gradient(trainer, rows, 3, &loss, g, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, a);
    for (size_t i = 0; i < n; i++)
        a[i] -= 0.01 * g[i];
    assert_int_equal(bpnn_trainer_step(trainer, rows, 3, &again, NULL), BPNN_OK);
    assert_true(loss == again);
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, b);
    assert_true(problem_distance(a, b, n) < 1e-15);
    bpnn_net_set_parameters(net, g);
    bpnn_trainer_set(trainer, net);
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, b);
    assert_memory_equal(g, b, n * sizeof *b);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_xor),        cmocka_unit_test(learns_classes),   cmocka_unit_test(best_parameters),
        cmocka_unit_test(initial_is_best),   cmocka_unit_test(default_patience), cmocka_unit_test(no_epochs),
        cmocka_unit_test(called_off_inside), cmocka_unit_test(other_ends),       cmocka_unit_test(diverges),
        cmocka_unit_test(explodes),          cmocka_unit_test(bad_numbers),      cmocka_unit_test(bad_row),
        cmocka_unit_test(own_loop),          cmocka_unit_test(own_descent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
