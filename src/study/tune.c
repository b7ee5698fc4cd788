/* The search: successive halving over the folds of a cross-validation. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/threads.h"
#include "study/run.h"
#include "study/space.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    BRACKET = 12,       /* configurations that compete */
    TRIALS = 60,        /* without a limit of the caller's */
    FEW_HELD_OUT = 200, /* rows that a first round measures on, if there are as many */
    SAME_DRAWS = 20
};

void bpnn_tune_options_default(bpnn_tune_options *o)
{
    memset(o, 0, sizeof *o);
    o->struct_size = sizeof *o;
    o->folds = 5;
    o->repeats = 1;
}

/* One configuration and its fits: fits[u] of repeat u / folds, fold u % folds. */
typedef struct trial {
    bpnn_trial told;
    bpnn__fold_fit *fits;
    bpnn_metrics *mean;
} trial;

typedef struct whole_tune {
    bpnn_tune tune; /* first: what the caller sees */
    bpnn_trial *told;
    trial **trials; /* by number */
    size_t capacity;
    bpnn__notes warnings;
} whole_tune;

typedef struct search {
    bpnn__run run;
    const bpnn_tune_options *options;
    whole_tune *out;
    bpnn__pool *pool;
    bpnn__space space;
    size_t units, limit; /* fits of a whole trial; trials */
    double at_most;      /* seconds of a fit; 0 = no limit */
    /* the round at work */
    trial **alive;
    size_t first, count, threads_a_fit; /* units first .. first + count - 1 of each */
} search;

/* ---- one round of fits ---- */

static void do_unit(void *context, size_t index)
{
    search *s = context;
    trial *t = s->alive[index / s->count];
    size_t unit = s->first + index % s->count;
    bpnn__fold_fit *fit = &t->fits[unit];
    bool baseline = t->told.number == 1;
    bpnn_fit_options o = *s->run.fit;
    bpnn_choice_apply(&t->told.choice, &o);
    bpnn__fold_job job = {.fit = &o,
                          .repeat = unit / s->options->folds,
                          .fold = unit % s->options->folds,
                          .threads = s->threads_a_fit,
                          .speaks = baseline && unit == 0,
                          .keeps_model = baseline && unit == 0,
                          .may_fail = !baseline,
                          .at_most = baseline ? 0 : s->at_most};
    bpnn__fit_fold(&s->run, &job, fit);
    if (!fit->fold.done)
        return;
    pthread_mutex_lock(&s->run.lock);
    s->out->tune.fits++;
    if (s->options->on_fit && !s->options->on_fit(s->out->tune.fits, s->out->tune.trial_count, s->options->context))
        bpnn__run_stop(&s->run, BPNN_STOP_CALLBACK);
    pthread_mutex_unlock(&s->run.lock);
}

/* Fits `alive` trials on units first .. first + count - 1. An error of memory, or of the baseline, ends the search. */
static bpnn_status fit_round(search *s, trial **alive, size_t trials, size_t first, size_t count, bpnn_error *error)
{
    size_t jobs = trials * count, threads = bpnn__pool_threads(s->pool);
    s->alive = alive;
    s->first = first;
    s->count = count;
    s->threads_a_fit = threads > jobs ? threads / jobs : 1;
    bpnn__pool_run(s->pool, 0, jobs, do_unit, s);
    for (size_t i = 0; i < trials; i++)
        for (size_t u = first; u < first + count; u++) {
            const bpnn__fold_fit *fit = &alive[i]->fits[u];
            if (fit->status != BPNN_OK && (alive[i]->told.number == 1 || fit->status == BPNN_MEMORY)) {
                if (error)
                    *error = fit->error;
                return fit->status;
            }
        }
    return BPNN_OK;
}

/* ---- what a trial is worth ---- */

static double loss_of(const bpnn__fold_fit *fit)
{
    double loss = fit->fold.done ? fit->test[0].loss : (double)INFINITY;
    return fit->fold.stop == BPNN_STOP_DIVERGED || isnan(loss) ? (double)INFINITY : loss;
}

static void find_losses(trial *t, size_t units)
{
    double sum = 0, squares = 0;
    for (size_t u = 0; u < units; u++)
        sum += loss_of(&t->fits[u]);
    t->told.loss = sum / (double)units;
    for (size_t u = 0; u < units; u++)
        squares += (loss_of(&t->fits[u]) - t->told.loss) * (loss_of(&t->fits[u]) - t->told.loss);
    t->told.deviation = units > 1 && isfinite(t->told.loss) ? sqrt(squares / (double)(units - 1)) : (double)NAN;
}

/* Paired with the baseline on the same folds. Their training rows overlap, so the variance of the mean is that of the differences times
 * 1 / units + 1 / (folds - 1). */
static void find_gain(const search *s, trial *t)
{
    const trial *base = s->out->trials[0];
    double n = (double)s->units, sum = 0, squares = 0;
    t->told.gain = 0;
    t->told.gain_error = (double)NAN;
    if (!t->told.whole || t == base || !isfinite(t->told.loss) || !isfinite(base->told.loss))
        return;
    for (size_t u = 0; u < s->units; u++)
        sum += loss_of(&base->fits[u]) - loss_of(&t->fits[u]);
    t->told.gain = sum / n;
    for (size_t u = 0; u < s->units; u++) {
        double d = loss_of(&base->fits[u]) - loss_of(&t->fits[u]) - t->told.gain;
        squares += d * d;
    }
    t->told.gain_error = sqrt(squares / (n - 1) * (1 / n + 1 / ((double)s->options->folds - 1)));
}

/* After the round that ended at unit `units`. */
static bpnn_status judge(search *s, trial *t, size_t units, bpnn_error *error)
{
    bool cut = false;
    t->told.fits = 0;
    t->told.seconds = 0;
    for (size_t u = 0; u < units; u++) {
        const bpnn__fold_fit *fit = &t->fits[u];
        t->told.fits += fit->fold.done;
        t->told.seconds += fit->fold.done ? fit->fold.seconds : 0;
        cut = cut || !fit->fold.done;
        if (fit->fold.done && !t->told.method) {
            t->told.method = fit->fold.method;
            t->told.parameters = fit->fold.parameters;
        }
        if (fit->status != BPNN_OK && !*t->told.error)
            snprintf(t->told.error, sizeof t->told.error, "%.159s", fit->error.text);
    }
    find_losses(t, units);
    t->told.whole = units == s->units && !cut;
    if (cut && !*t->told.error && !atomic_load(&s->run.stop))
        snprintf(t->told.error, sizeof t->told.error, "one fit would take more than a quarter of the time");
    find_gain(s, t);
    if (t->told.fits == 0)
        return BPNN_OK;
    size_t targets = 0;
    for (size_t u = 0; u < units; u++)
        targets = t->fits[u].fold.done ? t->fits[u].targets : targets;
    if (!t->mean)
        t->mean = bpnn__alloc(targets, sizeof *t->mean);
    if (!t->mean)
        return bpnn__fail_memory(error);
    bpnn__mean_metrics(t->fits, units, targets, false, t->mean, NULL);
    t->told.mean = t->mean;
    if (s->options->on_trial)
        s->options->on_trial(&t->told, s->options->context);
    return BPNN_OK;
}

/* Lower loss first; equal ones by their number. */
static bool better(const bpnn_trial *a, const bpnn_trial *b)
{
    return a->loss < b->loss || (!(a->loss > b->loss) && a->number < b->number);
}

/* The baseline stays, whatever became of it. */
static bool failed(const trial *t)
{
    return !isfinite(t->told.loss) && t->told.number != 1;
}

static void sort_alive(trial **alive, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && better(&alive[k]->told, &alive[k - 1]->told); k--) {
            trial *t = alive[k];
            alive[k] = alive[k - 1];
            alive[k - 1] = t;
        }
}

/* ---- trials ---- */

static trial *add_trial(search *s, const bpnn_choice *choice, bpnn_error *error)
{
    whole_tune *w = s->out;
    size_t n = w->tune.trial_count;
    if (n == w->capacity) {
        trial **more = bpnn__realloc(w->trials, 2 * n + 16, sizeof *more);
        if (!more) {
            bpnn__fail_memory(error);
            return NULL;
        }
        w->trials = more;
        w->capacity = 2 * n + 16;
    }
    trial *t = bpnn__alloc(1, sizeof *t);
    bpnn__fold_fit *fits = bpnn__alloc(s->units, sizeof *fits);
    if (!t || !fits) {
        bpnn__free(t);
        bpnn__free(fits);
        bpnn__fail_memory(error);
        return NULL;
    }
    t->fits = fits;
    t->told.number = n + 1;
    t->told.choice = *choice;
    t->told.loss = (double)INFINITY;
    t->told.deviation = t->told.gain_error = (double)NAN;
    w->trials[w->tune.trial_count++] = t;
    return t;
}

static trial *best_trial(const search *s)
{
    trial *best = s->out->trials[0];
    for (size_t i = 1; i < s->out->tune.trial_count; i++) {
        trial *t = s->out->trials[i];
        best = t->told.whole && !failed(t) && better(&t->told, &best->told) ? t : best;
    }
    return best;
}

static bool is_new(const search *s, const bpnn_choice *choice)
{
    for (size_t i = 0; i < s->out->tune.trial_count; i++)
        if (bpnn__same_choice(&s->out->trials[i]->told.choice, choice))
            return false;
    return true;
}

/* Up to `most` new configurations; *count 0: the space has no more. `drawn` counts draws from the first on. */
static bpnn_status draw_bracket(search *s, size_t most, size_t *drawn, trial **alive, size_t *count, bpnn_error *error)
{
    const trial *best = best_trial(s);
    *count = 0;
    for (size_t tries = 0; *count < most && tries < most * SAME_DRAWS; tries++) {
        bpnn_choice c = bpnn__space_draw(&s->space, 2 + (*drawn)++, best->told.number > 1 ? &best->told.choice : NULL);
        if (!is_new(s, &c))
            continue;
        alive[*count] = add_trial(s, &c, error);
        if (!alive[(*count)++])
            return BPNN_MEMORY;
    }
    return BPNN_OK;
}

/* ---- the search ---- */

/* Folds of a first round: enough rows held out that halves can be told apart. */
static size_t first_round(const search *s)
{
    size_t rows = s->run.folds.rows / s->options->folds, n = 1;
    while (n < s->units && n * rows < FEW_HELD_OUT)
        n++;
    return n;
}

static bpnn_status halve(search *s, trial **alive, size_t count, bpnn_error *error)
{
    size_t from = 0, to = first_round(s);
    bpnn_status status = BPNN_OK;
    while (count > 0 && status == BPNN_OK && bpnn__run_goes_on(&s->run)) {
        status = fit_round(s, alive, count, from, to - from, error);
        for (size_t i = 0; i < count && status == BPNN_OK; i++)
            status = judge(s, alive[i], to, error);
        sort_alive(alive, count);
        while (count > 0 && failed(alive[count - 1]))
            count--;
        if (to == s->units)
            break;
        count = (count + 1) / 2;
        from = to;
        to = 2 * to < s->units ? 2 * to : s->units;
    }
    return status;
}

static bpnn_status measure_baseline(search *s, bpnn_error *error)
{
    bpnn_choice nothing = {0};
    trial *base = add_trial(s, &nothing, error);
    if (!base)
        return BPNN_MEMORY;
    bpnn_status status = fit_round(s, &base, 1, 0, s->units, error);
    if (status == BPNN_OK)
        status = judge(s, base, s->units, error);
    if (status != BPNN_OK || base->told.whole)
        return status;
    if (atomic_load(&s->run.why) == BPNN_STOP_TIME)
        return bpnn__fail(error, BPNN_USAGE, "the time limit came before the defaults were measured; give more time");
    return bpnn__fail(error, BPNN_INTERRUPTED, "interrupted before the defaults were measured");
}

static bpnn_status run_search(search *s, bpnn_error *error)
{
    trial *alive[BRACKET];
    size_t drawn = 0, count = 1;
    bpnn_status status = measure_baseline(s, error);
    if (status != BPNN_OK)
        return status;
    const bpnn_model *model = s->out->trials[0]->fits[0].model;
    bpnn_net_options net = bpnn_net_describe(bpnn_model_net(model));
    s->space = bpnn__space_make(s->run.fit, s->options->fixed, s->out->trials[0]->fits[0].fold.rows_train, net.inputs,
                                net.layers[net.layer_count - 1].size);
    while (status == BPNN_OK && count > 0 && s->out->tune.trial_count < s->limit && bpnn__run_goes_on(&s->run)) {
        size_t left = s->limit - s->out->tune.trial_count;
        status = draw_bracket(s, left < BRACKET ? left : BRACKET, &drawn, alive, &count, error);
        if (status == BPNN_OK)
            status = halve(s, alive, count, error);
    }
    return status;
}

/* ---- the result ---- */

/* Whole ones first, then those that saw more folds, then by loss. */
static bool stands_before(const bpnn_trial *a, const bpnn_trial *b)
{
    if (a->whole != b->whole)
        return a->whole;
    if (a->fits != b->fits)
        return a->fits > b->fits;
    return better(a, b);
}

static bpnn_status gather(search *s, bpnn_error *error)
{
    whole_tune *w = s->out;
    bpnn_tune *t = &w->tune;
    w->told = bpnn__alloc(t->trial_count, sizeof *w->told);
    if (!w->told)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < t->trial_count; i++) {
        size_t k = i;
        for (; k > 0 && stands_before(&w->trials[i]->told, &w->told[k - 1]); k--)
            w->told[k] = w->told[k - 1];
        w->told[k] = w->trials[i]->told;
    }
    for (size_t i = 0; i < t->trial_count; i++)
        t->baseline = w->told[i].number == 1 ? i : t->baseline;
    t->trial = w->told;
    t->stop = (bpnn_stop)atomic_load(&s->run.why);
    t->seed = s->run.fit->train.seed;
    t->rows = s->run.folds.rows;
    t->example = w->trials[0]->fits[0].model;
    t->target_count = w->trials[0]->fits[0].targets;
    w->warnings = s->run.warned;
    memset(&s->run.warned, 0, sizeof s->run.warned);
    t->warning_count = w->warnings.count;
    t->warnings = (const char *const *)w->warnings.texts;
    return BPNN_OK;
}

static bpnn_status tune(search *s, bpnn_error *error)
{
    const bpnn_tune_options *o = s->options;
    bpnn_tune *t = &s->out->tune;
    t->folds = o->folds;
    t->repeats = o->repeats;
    if (!bpnn__mul(o->folds, o->repeats, &s->units))
        return bpnn__fail_memory(error);
    s->limit = o->trials ? o->trials : s->run.end > 0 ? SIZE_MAX : TRIALS;
    s->at_most = s->run.fit->train.time_limit / 4;
    bpnn_status status = bpnn__pool_new(&s->pool, s->run.fit->train.threads, error);
    if (status == BPNN_OK)
        status = run_search(s, error);
    bpnn__pool_free(s->pool);
    if (status == BPNN_OK)
        status = gather(s, error);
    t->seconds = bpnn__steady_seconds() - s->run.begin;
    return status;
}

bpnn_status bpnn_tune_run(bpnn_tune **out, const bpnn_table *table, const bpnn_fit_options *fit,
                          const bpnn_tune_options *options, bpnn_error *error)
{
    *out = NULL;
    bpnn_tune_options standard;
    bpnn_tune_options_default(&standard);
    search s = {.options = options ? options : &standard};
    if (s.options->struct_size != sizeof *s.options)
        return bpnn__fail(error, BPNN_USAGE, "tune options: call bpnn_tune_options_default first");
    if (!fit || fit->struct_size != sizeof *fit || fit->train.struct_size != sizeof fit->train)
        return bpnn__fail(error, BPNN_USAGE, "fit options: call bpnn_fit_options_default first");
    s.out = bpnn__alloc(1, sizeof *s.out);
    if (!s.out)
        return bpnn__fail_memory(error);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = bpnn__run_begin(&s.run, table, fit, s.options->folds, s.options->repeats, error);
    if (status == BPNN_OK)
        status = tune(&s, error);
    bpnn__fpmode_leave(mode);
    bpnn__run_end(&s.run);
    if (status == BPNN_OK)
        *out = &s.out->tune;
    else
        bpnn_tune_free(&s.out->tune);
    return status;
}

void bpnn_tune_free(bpnn_tune *tune)
{
    whole_tune *w = (whole_tune *)(void *)tune;
    if (!w)
        return;
    for (size_t i = 0; i < tune->trial_count; i++) {
        trial *t = w->trials[i];
        for (size_t u = 0; u < tune->folds * tune->repeats; u++)
            bpnn__fold_fit_free(&t->fits[u]);
        bpnn__free(t->fits);
        bpnn__free(t->mean);
        bpnn__free(t);
    }
    bpnn__notes_free(&w->warnings);
    bpnn__free(w->trials);
    bpnn__free(w->told);
    bpnn__free(w);
}
