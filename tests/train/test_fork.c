/* A process with trainers whose threads exist forks: the child has no such threads, and must neither wait for them nor get other
 * bits; the parent goes on as if nothing had been. Whatever hangs is killed by an alarm.
 * Prints `fork: n done, n bad` */
#include "train/problem.h"

#include <bpnn.h>

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECONDS = 30, EPOCHS = 4, LAYERS = 3, MOST = 8192 };

static problem p;
static size_t done, bad;

static void count(bool good, const char *what, const char *detail)
{
    done++;
    bad += !good;
    if (!good)
        printf("fork: %s, %s\n", what, detail);
}

/* Large enough for steps that are worth several threads. */
static bpnn_net *wide_net(bpnn_precision precision, size_t hidden)
{
    const bpnn_layer layers[LAYERS] = {{.size = hidden, .activation = {.kind = BPNN_ACT_TANH}},
                                       {.size = hidden, .activation = {.kind = BPNN_ACT_TANH}},
                                       {.size = p.outputs, .activation = {.kind = BPNN_ACT_IDENTITY}}};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_net_options_default(&o);
    o.inputs = p.inputs;
    o.layer_count = LAYERS;
    o.layers = layers;
    o.loss.kind = BPNN_LOSS_MSE;
    o.precision = precision;
    assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 3, NULL, NULL, NULL), BPNN_OK);
    assert_true(bpnn_net_parameter_count(net) <= MOST);
    return net;
}

typedef struct run {
    const char *method;
    bpnn_precision precision;
    size_t threads, batch;
    uint64_t seed;
} run;

static bpnn_trainer *trainer_of(const run *r)
{
    bpnn_trainer *trainer;
    bpnn_net *net = wide_net(r->precision, 64);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_train_options o = problem_options(r->method, EPOCHS);
    o.batch = r->batch;
    o.threads = r->threads;
    o.seed = r->seed;
    assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
    bpnn_net_free(net);
    return trainer;
}

static bool epochs(bpnn_trainer *trainer, size_t n)
{
    bpnn_status status = BPNN_OK;
    while (status == BPNN_OK && n-- > 0)
        status = bpnn_trainer_epoch(trainer, NULL, NULL);
    return status == BPNN_OK;
}

static void parameters(const run *r, const bpnn_trainer *trainer, double *w)
{
    bpnn_net *net = wide_net(r->precision, 64);
    memset(w, 0, MOST * sizeof *w);
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, w);
    bpnn_net_free(net);
}

/* The bits after EPOCHS epochs by one thread in one process. */
static void undisturbed(const run *r, double *w)
{
    run alone = *r;
    alone.threads = 1;
    bpnn_trainer *trainer = trainer_of(&alone);
    assert_true(epochs(trainer, EPOCHS));
    parameters(r, trainer, w);
    bpnn_trainer_free(trainer);
}

static bool has_bits(const run *r, const bpnn_trainer *trainer, const double *wanted)
{
    double w[MOST];
    parameters(r, trainer, w);
    return memcmp(w, wanted, sizeof w) == 0;
}

/* ---- what a child does with the parent's trainer; true = as it should be ---- */

static bool child_frees(const run *r, bpnn_trainer *trainer, const double *wanted)
{
    (void)r, (void)wanted;
    bpnn_trainer_free(trainer);
    return true;
}

static bool child_goes_on(const run *r, bpnn_trainer *trainer, const double *wanted)
{
    bool good = epochs(trainer, EPOCHS - 1) && has_bits(r, trainer, wanted);
    bpnn_trainer_free(trainer);
    return good;
}

static bool child_evaluates(const run *r, bpnn_trainer *trainer, const double *wanted)
{
    double loss = (double)NAN;
    bpnn_data data = problem_data(&p, 0, p.rows);
    bool good = bpnn_trainer_evaluate(trainer, &data, &loss, NULL) == BPNN_OK && isfinite(loss);
    return child_goes_on(r, trainer, wanted) && good;
}

/* Threads of its own. */
static bool child_starts_anew(const run *r, bpnn_trainer *trainer, const double *wanted)
{
    bpnn_trainer *own = trainer_of(r);
    bool good = epochs(own, EPOCHS) && has_bits(r, own, wanted);
    bpnn_trainer_free(own);
    bpnn_trainer_free(trainer);
    return good;
}

/* A child of the child, and both go on. */
static bool child_forks(const run *r, bpnn_trainer *trainer, const double *wanted)
{
    int status = -1;
    pid_t grandchild = fork();
    if (grandchild == 0) {
        alarm(SECONDS);
        _exit(child_goes_on(r, trainer, wanted) ? 0 : 1);
    }
    bool good = child_goes_on(r, trainer, wanted);
    return grandchild > 0 && waitpid(grandchild, &status, 0) == grandchild && status == 0 && good;
}

static const struct {
    const char *name;
    bool (*act)(const run *r, bpnn_trainer *trainer, const double *wanted);
} acts[] = {{"the child frees the trainer", child_frees},
            {"the child trains on", child_goes_on},
            {"the child evaluates, then trains on", child_evaluates},
            {"the child makes a trainer of its own", child_starts_anew},
            {"the child forks in its turn", child_forks}};

enum { ACTS = sizeof acts / sizeof *acts };

static bool ended_well(pid_t child)
{
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* Parent and child train at the same time. */
static void fork_between_epochs(const run *r, size_t act)
{
    double wanted[MOST];
    char detail[160];
    undisturbed(r, wanted);
    bpnn_trainer *trainer = trainer_of(r);
    assert_true(epochs(trainer, 1));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        _exit(acts[act].act(r, trainer, wanted) ? 0 : 1);
    }
    bool parent = epochs(trainer, EPOCHS - 1) && has_bits(r, trainer, wanted);
    snprintf(detail, sizeof detail, "%s, %zu threads, batch %zu, seed %llu", r->method, r->threads, r->batch,
             (unsigned long long)r->seed);
    count(ended_well(child), acts[act].name, detail);
    count(parent, "the parent goes on", detail);
    bpnn_trainer_free(trainer);
}

/* ---- a fork in the middle of bpnn_train, from a callback ---- */

typedef struct forking {
    size_t at, seen;
    pid_t child; /* 0 in the child */
    bool is_child;
} forking;

static bool fork_once(const bpnn_progress *progress, void *context)
{
    forking *f = context;
    (void)progress;
    if (++f->seen == f->at) {
        fflush(stdout);
        f->child = fork();
        f->is_child = f->child == 0;
        if (f->is_child)
            alarm(SECONDS);
    }
    return true;
}

static void trained(const char *method, size_t threads, forking *f, double *w)
{
    bpnn_net *net = wide_net(BPNN_DOUBLE, 12);
    bpnn_data data = problem_data(&p, 0, p.rows);
    bpnn_train_options o = problem_options(method, EPOCHS);
    o.threads = threads;
    o.on_epoch = f ? fork_once : NULL;
    o.context = f;
    memset(w, 0, MOST * sizeof *w);
    assert_int_equal(bpnn_train(net, &data, NULL, &o, NULL, NULL), BPNN_OK);
    bpnn_net_get_parameters(net, w);
    bpnn_net_free(net);
}

static void fork_within_a_run(const char *method)
{
    double wanted[MOST], w[MOST];
    forking f = {.at = 2};
    trained(method, 1, NULL, wanted);
    trained(method, 4, &f, w);
    bool good = memcmp(w, wanted, sizeof w) == 0;
    if (f.is_child)
        _exit(good ? 0 : 1);
    count(ended_well(f.child), "the child ends a run that forked", method);
    count(good, "the parent ends a run that forked", method);
}

static void forks(void **state)
{
    (void)state;
    uint64_t seed = problem_seed();
    problem_regression(&p, 2500, PROBLEM_INPUTS, PROBLEM_OUTPUTS, seed);
    for (size_t i = 0; i < 4 * ACTS; i++) {
        run r = {.method = i % 4 < 2 ? "adam" : "sgd",
                 .precision = i % 2 ? BPNN_DOUBLE : BPNN_SINGLE,
                 .threads = 2 + (i / ACTS) % 3,
                 .batch = i % 3 ? 300 : 2000,
                 .seed = seed + i};
        fork_between_epochs(&r, i % ACTS);
    }
    const char *const methods[] = {"sgd", "rprop", "lbfgs", "lm"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        fork_within_a_run(methods[i]);
    printf("fork: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forks)};
    alarm(8 * SECONDS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
