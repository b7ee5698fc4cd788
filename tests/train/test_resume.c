/* A run that was stopped and went on is the run that never was: random methods, schedules, batches, penalties, validation,
 * stopped after a random batch, epoch or moment, once to five times, each part with other threads and another instruction set.
 * Parameters, result and the state at the end have to be the same bits. test_resume [CASES] */
#include "train/problem.h"
#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 60, STOPS = 5, ROOM = 1 << 22 };

typedef struct state {
    unsigned char bytes[ROOM];
    size_t size;
} state;

/* One part of a run, and where it ends. */
typedef struct part {
    state *last;
    volatile int flag;
    size_t batches, epochs; /* the flag is set after so many; 0 = never */
    size_t seen_batches, seen_epochs, checkpoints;
} part;

typedef struct scene {
    problem *p;
    bpnn_net *initial;
    size_t train_rows;
    bool validates;
    bpnn_train_options options;
    bpnn_setting setting, schedule_setting;
} scene;

static uint64_t seed;

static double uniform(void)
{
    return problem_uniform(&seed);
}

static size_t below(size_t n)
{
    return (size_t)(uniform() * (double)n);
}

static const char *any_isa(const bpnn_net *net)
{
    static const char *const names[] = {NULL, "scalar", "avx2", "avx512", "neon"};
    for (;;) {
        const char *name = names[below(sizeof names / sizeof *names)];
        bpnn_predictor *predictor;
        if (bpnn_predictor_new(&predictor, net, name, NULL) != BPNN_OK)
            continue;
        bpnn_predictor_free(predictor);
        return name;
    }
}

/* ---- callbacks ---- */

static bool on_batch(const bpnn_progress *progress, void *context)
{
    part *p = context;
    (void)progress;
    p->flag |= ++p->seen_batches == p->batches;
    return true;
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    part *p = context;
    p->flag |= progress->epoch > 0 && ++p->seen_epochs == p->epochs;
    return true;
}

static void on_checkpoint(const void *bytes, size_t size, void *context)
{
    part *p = context;
    if (!bytes || size > ROOM)
        fail_msg("no checkpoint of %zu bytes", size);
    memcpy(p->last->bytes, bytes, size);
    p->last->size = size;
    p->checkpoints++;
}

/* ---- drawing ---- */

static void draw_steps(scene *s, const bpnn_method_info *info)
{
    bpnn_train_options *o = &s->options;
    if (!info->full_batch) {
        o->batch = below(8) == 0 ? 0 : 1 + below(2 * s->train_rows / 3);
        o->dropout = below(2) ? 0.3 * uniform() : 0;
        o->shuffle = below(4) > 0;
    }
    if (!isnan(info->momentum) && below(2))
        o->momentum = 0.9 * uniform();
    o->clip = below(3) ? 0 : 0.1 + uniform();
    o->l1 = below(3) ? 0 : 0.01 * uniform();
    o->schedule = (bpnn_schedule_kind)below(BPNN_SCHEDULE_COUNT);
    o->warmup = below(3);
    if (o->schedule == BPNN_SCHEDULE_PLATEAU) {
        s->schedule_setting = (bpnn_setting){"wait", 1};
        o->schedule_settings = &s->schedule_setting;
        o->schedule_setting_count = 1;
    }
    if (o->schedule == BPNN_SCHEDULE_ADAPTIVE && isnan(info->rate))
        o->schedule = BPNN_SCHEDULE_CONSTANT;
    if (o->schedule == BPNN_SCHEDULE_ADAPTIVE) { /* large enough for steps that are undone */
        o->batch = 0;
        o->dropout = 0;
        o->rate = info->rate * (1 + 30 * uniform());
    }
    if (below(4) == 0)
        o->on_batch = on_batch;
}

static void draw_scene(scene *s, size_t number)
{
    size_t count = 0, classes = below(2) ? 2 + below(3) : 0;
    while (bpnn_method(count))
        count++;
    const bpnn_method_info *info = bpnn_method(number % count);
    size_t rows = 20 + below(60);
    if (classes)
        problem_classes(s->p, rows, classes, number + 17);
    else
        problem_regression(s->p, rows, 1 + below(PROBLEM_INPUTS), 1 + below(3), number + 17);
    s->p->weighted = below(3) == 0;
    s->initial = problem_net(s->p, below(2) ? BPNN_SINGLE : BPNN_DOUBLE, classes, number + 3);
    s->options = problem_options(info->name, 2 + below(12));
    s->validates = below(2);
    s->train_rows = s->validates ? rows - rows / 4 : rows;
    s->options.seed = below(4) ? number : UINT64_MAX - number;
    s->options.patience = below(2) ? 0 : 1 + below(6);
    s->options.min_delta = below(3) ? 0 : 1e-3;
    if (info->whole)
        s->options.l2_auto = !info->evidence && below(4) == 0;
    else
        draw_steps(s, info);
    if (!info->evidence && !s->options.l2_auto && below(3))
        s->options.l2 = 0.05 * uniform();
    s->options.on_epoch = on_epoch;
    s->options.on_checkpoint = on_checkpoint;
}

/* ---- one part ---- */

static bpnn_train_result run(const scene *s, part *p, const state *from, bpnn_net *net)
{
    bpnn_data training = problem_data(s->p, 0, s->train_rows);
    bpnn_data validation = problem_data(s->p, s->train_rows, s->p->rows - s->train_rows);
    bpnn_train_options o = s->options;
    bpnn_train_result result;
    bpnn_error error = {0};
    o.context = p;
    o.interrupt = &p->flag;
    o.threads = 1 + below(4);
    o.isa = any_isa(net);
    o.checkpoint_epochs = below(3);
    o.checkpoint_seconds = below(4) ? 0 : 1e-6;
    o.time_limit = p->epochs == SIZE_MAX ? 1e-7 + 2e-3 * uniform() * uniform() : 0;
    if (p->batches > 0)
        o.on_batch = bpnn_method_find(o.method)->whole ? NULL : on_batch;
    o.resume = from ? from->bytes : NULL;
    o.resume_size = from ? from->size : 0;
    if (bpnn_train(net, &training, s->validates ? &validation : NULL, &o, &result, &error) != BPNN_OK)
        fail_msg("%s: %s", s->options.method, error.text);
    return result;
}

/* A part that ends after a batch, an epoch, a moment, or not before its end. */
static part draw_part(const scene *s, state *last)
{
    part p = {.last = last};
    switch (below(3)) {
    case 0:
        p.batches = 1 + below(20);
        break;
    case 1:
        p.epochs = 1 + below(s->options.epochs);
        break;
    default:
        p.epochs = SIZE_MAX; /* by time */
    }
    return p;
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool same_priors(const bpnn_train_result *a, const bpnn_train_result *b)
{
    bool same = a->prior_count == b->prior_count;
    for (size_t i = 0; same && i < a->prior_count; i++)
        same = a->prior[i].layer == b->prior[i].layer && a->prior[i].bias == b->prior[i].bias &&
               a->prior[i].size == b->prior[i].size && same_number(a->prior[i].alpha, b->prior[i].alpha) &&
               same_number(a->prior[i].effective, b->prior[i].effective);
    return same;
}

static bool same_penalties(const bpnn_train_result *a, const bpnn_train_result *b)
{
    bool same = a->penalty_count == b->penalty_count && same_number(a->l2, b->l2);
    for (size_t i = 0; same && i < a->penalty_count; i++)
        same = same_number(a->penalty[i].c, b->penalty[i].c) && same_number(a->penalty[i].loss, b->penalty[i].loss);
    return same;
}

static bool same(const bpnn_train_result *a, const bpnn_train_result *b)
{
    return a->stop == b->stop && a->epochs == b->epochs && a->best_epoch == b->best_epoch && a->updates == b->updates &&
           a->failures == b->failures && a->evaluations == b->evaluations && same_number(a->loss, b->loss) &&
           same_number(a->best_validation_loss, b->best_validation_loss) &&
           same_number(a->gradient_norm, b->gradient_norm) && same_number(a->step, b->step) &&
           same_number(a->damping, b->damping) && same_number(a->effective, b->effective) &&
           same_number(a->beta, b->beta) && same_number(a->noise, b->noise) &&
           same_number(a->log_evidence, b->log_evidence) && same_priors(a, b) && same_penalties(a, b);
}

static bool same_nets(const bpnn_net *a, const bpnn_net *b)
{
    static double x[PROBLEM_PARAMETERS], y[PROBLEM_PARAMETERS];
    size_t n = bpnn_net_parameter_count(a);
    bpnn_net_get_parameters(a, x);
    bpnn_net_get_parameters(b, y);
    return memcmp(x, y, n * sizeof *x) == 0;
}

static bool never(bpnn_stop stop)
{
    return stop != BPNN_STOP_INTERRUPTED && stop != BPNN_STOP_TIME;
}

static bool same_states(const state *a, const state *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool one_case(size_t number, problem *p, state *states)
{
    scene s = {.p = p};
    bpnn_net *whole, *net;
    draw_scene(&s, number);
    assert_int_equal(bpnn_net_clone(&whole, s.initial, NULL), BPNN_OK);
    part undisturbed = {.last = &states[0]};
    bpnn_train_result expected = run(&s, &undisturbed, NULL, whole), got = {.stop = BPNN_STOP_INTERRUPTED};
    const state *from = NULL;
    for (size_t stops = 0; !never(got.stop); stops++) {
        part now = stops < STOPS ? draw_part(&s, &states[1]) : (part){.last = &states[1]};
        assert_int_equal(bpnn_net_clone(&net, s.initial, NULL), BPNN_OK);
        states[2] = states[1];
        got = run(&s, &now, from ? &states[2] : NULL, net);
        bool good = now.checkpoints > 0 || from || got.stop == BPNN_STOP_DIVERGED;
        good = good && (!never(got.stop) || (same(&expected, &got) && same_nets(whole, net)));
        if (good && never(got.stop) && got.stop != BPNN_STOP_DIVERGED)
            good = same_states(&states[0], &states[1]);
        bpnn_net_free(net);
        if (!good) {
            printf("  case %zu: %s, after %zu stops: %s %zu %zu %zu, not %s %zu %zu %zu\n", number, s.options.method,
                   stops, bpnn_stop_name(got.stop), got.epochs, got.best_epoch, (size_t)got.updates,
                   bpnn_stop_name(expected.stop), expected.epochs, expected.best_epoch, (size_t)expected.updates);
            bpnn_net_free(whole);
            bpnn_net_free(s.initial);
            return false;
        }
        from = &states[1];
    }
    bpnn_net_free(whole);
    bpnn_net_free(s.initial);
    return true;
}

int main(int argc, char **argv)
{
    size_t cases = argc > 1 ? strtoul(argv[1], NULL, 10) : CASES, bad = 0;
    problem *p = malloc(sizeof *p);
    state *states = calloc(3, sizeof *states);
    seed = problem_seed();
    if (!p || !states)
        return 1;
    for (size_t number = 0; number < cases; number++)
        bad += !one_case(number, p, states);
    printf("resumed runs: %zu done, %zu bad\n", cases, bad);
    free(states);
    free(p);
    return bad > 0;
}
