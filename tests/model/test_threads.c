/* Many threads at once; meant for ThreadSanitizer: training with a pool, fits beside each other, one model, table, net and
 * predictor shared by eight threads, a run interrupted from outside. Answers are compared with those of one thread alone.
 * test_threads [ROUNDS] (1). */
#include "model/made.h"
#include <bpnn/memory.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROWS = 320, INPUTS = 40, HIDDEN = 64, FEW = 4, OUTPUTS = 10, WEIGHTS = 4096, TEXT = 1 << 15 };

typedef struct tally {
    size_t done, bad;
} tally;

static void judge(tally *all, bool good, const char *what, const char *which)
{
    all->done++;
    all->bad += !good;
    if (!good)
        printf("  %s, %s: not as with one thread\n", what, which);
}

/* ---- training with a pool ---- */

static double x[ROWS * INPUTS], t[ROWS];

static bpnn_net *new_net(size_t hidden)
{
    const bpnn_layer layers[] = {{.size = hidden, .activation = {.kind = BPNN_ACT_RELU}},
                                 {.size = OUTPUTS, .activation = {.kind = BPNN_ACT_SOFTMAX}}};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    o.inputs = INPUTS;
    o.layer_count = 2;
    o.layers = layers;
    o.loss.kind = BPNN_LOSS_CROSSENTROPY;
    if (bpnn_net_new(&net, &o, NULL) != BPNN_OK ||
        bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, NULL) != BPNN_OK)
        abort();
    return net;
}

static bpnn_train_options options_of(const char *method, size_t threads)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = method;
    o.batch = 0;
    o.epochs = 3;
    o.patience = 0;
    o.threads = threads;
    return o;
}

static bpnn_train_result train(const char *method, size_t threads, double *w, const bpnn_train_options *other)
{
    /* the Gauss-Newton matrix grows with the square of the parameters */
    bpnn_net *net = new_net(bpnn_method_find(method)->whole ? FEW : HIDDEN);
    bpnn_data data = {.inputs = bpnn_matrix_of(x, ROWS, INPUTS), .targets = bpnn_matrix_of(t, ROWS, 1)};
    bpnn_train_options o = other ? *other : options_of(method, threads);
    bpnn_train_result result;
    if (bpnn_train(net, &data, &data, &o, &result, NULL) != BPNN_OK)
        abort();
    bpnn_net_get_parameters(net, w);
    bpnn_net_free(net);
    return result;
}

static void methods(tally *all)
{
    static double one[WEIGHTS], many[WEIGHTS];
    for (size_t i = 0; bpnn_method(i); i++) {
        const char *name = bpnn_method(i)->name;
        train(name, 1, one, NULL);
        for (size_t threads = 2; threads <= 8; threads *= 2) {
            train(name, threads, many, NULL);
            judge(all, memcmp(one, many, sizeof one) == 0, "training", name);
        }
    }
}

/* ---- interrupted from another thread ---- */

static atomic_size_t epochs_seen;
static volatile int flag;

static bool count_epoch(const bpnn_progress *now, void *context)
{
    (void)now, (void)context;
    atomic_fetch_add(&epochs_seen, 1);
    return true;
}

static void *press(void *context)
{
    (void)context;
    while (atomic_load(&epochs_seen) < 3)
        ;
    __atomic_store_n(&flag, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void interruption(tally *all)
{
    static double w[WEIGHTS];
    pthread_t other;
    bpnn_train_options o = options_of("sgd", 2);
    o.epochs = SIZE_MAX;
    o.rate = 1e-6;
    o.on_epoch = count_epoch;
    o.interrupt = &flag;
    atomic_store(&epochs_seen, 0);
    flag = 0;
    if (pthread_create(&other, NULL, press, NULL) != 0)
        abort();
    bpnn_train_result result = train("sgd", 2, w, &o);
    pthread_join(other, NULL);
    judge(all, result.stop == BPNN_STOP_INTERRUPTED && result.epochs >= 2, "interruption", "sgd");
}

/* ---- one model for all ---- */

static struct {
    bpnn_table *table;
    bpnn_model *model;
    bpnn_predictor *predictor;
    bpnn_net *net;
    void *bytes;
    size_t size;
    bpnn_prediction prediction;
    double loss;
    double y[ROWS * OUTPUTS], gradient[WEIGHTS];
} shared;

static bpnn_status fit(bpnn_model **model)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "16";
    o.train.method = "adamw";
    o.train.epochs = 4;
    o.train.threads = 2;
    o.validation_share = 0.2;
    return bpnn_fit(model, shared.table, &o, NULL);
}

static void set_up(void)
{
    static char text[TEXT];
    dice d = {seed_of_tests(1)};
    size_t at = (size_t)snprintf(text, TEXT, "a,b,colour,y\n");
    for (int r = 0; r < 600; r++)
        at += (size_t)snprintf(text + at, TEXT - at, "%.3f,%.3f,%s,k%d\n", roll_unit(&d), roll_unit(&d),
                               r % 3 ? "red" : "blue", r % 4);
    for (size_t i = 0; i < ROWS * INPUTS; i++)
        x[i] = roll_unit(&d);
    for (size_t i = 0; i < ROWS; i++)
        t[i] = (double)roll_below(&d, OUTPUTS);
    shared.net = new_net(HIDDEN);
    bpnn_matrix inputs = bpnn_matrix_of(x, ROWS, INPUTS), targets = bpnn_matrix_of(t, ROWS, 1);
    bpnn_metrics m;
    if (bpnn_table_read_memory(&shared.table, text, at, NULL, NULL, NULL) != BPNN_OK || fit(&shared.model) != BPNN_OK ||
        bpnn_model_write(shared.model, &shared.bytes, &shared.size, NULL) != BPNN_OK ||
        bpnn_model_predict(shared.model, shared.table, 1, NULL, &shared.prediction, NULL) != BPNN_OK ||
        bpnn_model_evaluate(shared.model, shared.table, 1, NULL, &m, NULL) != BPNN_OK ||
        bpnn_predictor_new(&shared.predictor, shared.net, NULL, NULL) != BPNN_OK ||
        bpnn_net_forward(shared.net, inputs, shared.y, NULL) != BPNN_OK ||
        bpnn_net_gradient(shared.net, inputs, targets, NULL, NULL, shared.gradient, NULL, NULL) != BPNN_OK)
        abort();
    shared.loss = m.loss;
    bpnn_metrics_free(&m);
}

static void tear_down(void)
{
    bpnn_prediction_free(&shared.prediction);
    bpnn_predictor_free(shared.predictor);
    bpnn_release(shared.bytes);
    bpnn_model_free(shared.model);
    bpnn_table_free(shared.table);
    bpnn_net_free(shared.net);
}

static bool predicts(size_t threads)
{
    bpnn_prediction p;
    bpnn_status status = bpnn_model_predict(shared.model, shared.table, threads, NULL, &p, NULL);
    bool same = status == BPNN_OK && p.rows == shared.prediction.rows && p.columns == shared.prediction.columns &&
                memcmp(p.values, shared.prediction.values, p.rows * p.columns * sizeof *p.values) == 0;
    bpnn_prediction_free(&p);
    return same;
}

static bool evaluates(void)
{
    bpnn_metrics m = {0};
    bool same = bpnn_model_evaluate(shared.model, shared.table, 2, NULL, &m, NULL) == BPNN_OK && m.loss == shared.loss;
    bpnn_metrics_free(&m);
    return same;
}

/* Describing, writing and fitting. */
static bool writes(void)
{
    void *bytes = NULL;
    size_t size = 0;
    char *json = NULL;
    bpnn_model *again = NULL;
    bool same = bpnn_model_describe(shared.model, &json, NULL) == BPNN_OK && fit(&again) == BPNN_OK &&
                bpnn_model_write(again, &bytes, &size, NULL) == BPNN_OK && size == shared.size &&
                memcmp(bytes, shared.bytes, size) == 0;
    bpnn_release(bytes);
    bpnn_release(json);
    bpnn_model_free(again);
    return same;
}

static bool applies(void)
{
    double *y = malloc(sizeof shared.y), *gradient = malloc(sizeof shared.gradient);
    size_t size = bpnn_predictor_workspace(shared.predictor, 100), count = bpnn_net_parameter_count(shared.net);
    void *workspace = malloc(size);
    bpnn_matrix inputs = bpnn_matrix_of(x, ROWS, INPUTS), targets = bpnn_matrix_of(t, ROWS, 1);
    bool same = bpnn_predictor_run(shared.predictor, inputs, y, BPNN_F64, workspace, size, NULL) == BPNN_OK &&
                memcmp(y, shared.y, sizeof shared.y) == 0 && bpnn_net_forward(shared.net, inputs, y, NULL) == BPNN_OK &&
                memcmp(y, shared.y, sizeof shared.y) == 0 &&
                bpnn_net_gradient(shared.net, inputs, targets, NULL, NULL, gradient, NULL, NULL) == BPNN_OK &&
                memcmp(gradient, shared.gradient, count * sizeof *gradient) == 0;
    free(workspace);
    free(gradient);
    free(y);
    return same;
}

static void *work(void *context)
{
    tally *all = context;
    judge(all, predicts(1), "predicting", "alone");
    judge(all, predicts(2), "predicting", "with a pool");
    judge(all, evaluates(), "evaluating", "with a pool");
    judge(all, writes(), "fitting and writing", "beside others");
    judge(all, applies(), "a net and a predictor", "beside others");
    return NULL;
}

static void together(tally *all)
{
    pthread_t threads[THREADS];
    tally parts[THREADS] = {{0, 0}};
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, &parts[i]) != 0)
            abort();
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all->done += parts[i].done;
        all->bad += parts[i].bad;
    }
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    tally all = {0};
    set_up();
    for (size_t i = 0; i < rounds; i++) {
        methods(&all);
        interruption(&all);
        together(&all);
    }
    tear_down();
    printf("threads: %zu done, %zu bad\n", all.done, all.bad);
    return all.bad > 0;
}
