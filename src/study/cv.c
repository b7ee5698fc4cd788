/* Cross-validation. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/threads.h"
#include "study/run.h"

#include <string.h>

void bpnn_cv_options_default(bpnn_cv_options *o)
{
    memset(o, 0, sizeof *o);
    o->struct_size = sizeof *o;
    o->folds = 5;
    o->repeats = 1;
}

/* The result and what stands behind its pointers. */
typedef struct whole_cv {
    bpnn_cv cv; /* first: what the caller sees */
    bpnn__fold_fit *fits;
    bpnn_fold *folds;
    bpnn_metrics *mean, *deviation, *train_mean, *pooled;
    size_t *fold_of_row;
    bpnn__notes warnings;
} whole_cv;

typedef struct crossing {
    bpnn__run run;
    const bpnn_cv_options *options;
    whole_cv *out;
    size_t threads_a_fit;
    bpnn__fold_fit *named; /* the first fit that is done: the one whose model stays, for its names */
} crossing;

/* ---- the fits ---- */

/* One model is enough for the names. */
static void keep_first(crossing *c, bpnn__fold_fit *fit)
{
    bpnn__fold_fit *kept = c->named, *spare = !kept ? NULL : kept < fit ? fit : kept;
    c->named = kept && kept < fit ? kept : fit;
    if (spare) {
        bpnn_model_free(spare->model);
        spare->model = NULL;
    }
}

static void tell_fold(crossing *c, bpnn__fold_fit *fit)
{
    const bpnn_fold *fold = &fit->fold;
    pthread_mutex_lock(&c->run.lock);
    keep_first(c, fit);
    c->out->cv.done++;
    if (c->options->on_fold && !c->options->on_fold(fold, c->out->cv.done, c->out->cv.fit_count, c->options->context))
        bpnn__run_stop(&c->run, BPNN_STOP_CALLBACK);
    pthread_mutex_unlock(&c->run.lock);
}

static void do_unit(void *context, size_t unit)
{
    crossing *c = context;
    bpnn__fold_fit *fit = &c->out->fits[unit];
    bpnn__fold_job job = {.fit = c->run.fit,
                          .repeat = unit / c->options->folds,
                          .fold = unit % c->options->folds,
                          .threads = c->threads_a_fit,
                          .speaks = unit == 0,
                          .predicts = true,
                          .keeps_model = true};
    bpnn__fit_fold(&c->run, &job, fit);
    if (fit->fold.done)
        tell_fold(c, fit);
}

static bpnn_status run_units(crossing *c, bpnn_error *error)
{
    bpnn__pool *pool;
    size_t units = c->out->cv.fit_count, threads = c->run.fit->train.threads;
    threads = threads ? threads : bpnn_usable_cpus();
    c->threads_a_fit = threads > units ? threads / units : 1;
    bpnn_status status = bpnn__pool_new(&pool, threads < units ? threads : units, error);
    if (status != BPNN_OK)
        return status;
    bpnn__pool_run(pool, 0, units, do_unit, c);
    bpnn__pool_free(pool);
    for (size_t u = 0; u < units; u++)
        if (c->out->fits[u].status != BPNN_OK) {
            if (error)
                *error = c->out->fits[u].error;
            return c->out->fits[u].status;
        }
    return BPNN_OK;
}

/* ---- the result ---- */

/* Fits as the caller sees them, and what was warned of. */
static void list_fits(whole_cv *w, bpnn__notes *warned)
{
    w->warnings = *warned;
    memset(warned, 0, sizeof *warned);
    for (size_t u = 0; u < w->cv.fit_count; u++) {
        bpnn__fold_fit *fit = &w->fits[u];
        w->folds[u] = fit->fold;
        w->cv.diverged += fit->fold.done && fit->fold.stop == BPNN_STOP_DIVERGED;
    }
    w->cv.warning_count = w->warnings.count;
    w->cv.warnings = (const char *const *)w->warnings.texts;
}

static bpnn_status make_metrics(whole_cv *w, bpnn_error *error)
{
    size_t targets = w->cv.example->schema.target_count;
    w->mean = bpnn__alloc(targets, sizeof *w->mean);
    w->deviation = bpnn__alloc(targets, sizeof *w->deviation);
    w->train_mean = bpnn__alloc(targets, sizeof *w->train_mean);
    w->pooled = bpnn__alloc(targets, sizeof *w->pooled);
    if (!w->mean || !w->deviation || !w->train_mean || !w->pooled)
        return bpnn__fail_memory(error);
    w->cv.target_count = targets;
    w->cv.mean = w->mean;
    w->cv.deviation = w->deviation;
    w->cv.train_mean = w->train_mean;
    w->cv.pooled = w->pooled;
    return BPNN_OK;
}

static bpnn_status list_folds(whole_cv *w, const bpnn__folds *f, bpnn_error *error)
{
    w->fold_of_row = bpnn__alloc(f->table_rows, sizeof *w->fold_of_row);
    if (!w->fold_of_row)
        return bpnn__fail_memory(error);
    for (size_t r = 0; r < f->table_rows; r++)
        w->fold_of_row[r] = SIZE_MAX;
    for (size_t i = 0; i < f->rows; i++)
        w->fold_of_row[f->plan.train[i]] = f->fold[i];
    w->cv.fold_of_row = w->fold_of_row;
    return BPNN_OK;
}

static bpnn_status gather(crossing *c, bpnn_error *error)
{
    whole_cv *w = c->out;
    list_fits(w, &c->run.warned);
    w->cv.example = c->named ? c->named->model : NULL;
    w->cv.stop = w->cv.done < w->cv.fit_count ? (bpnn_stop)atomic_load(&c->run.why) : BPNN_STOP_NONE;
    if (!w->cv.example && w->cv.stop == BPNN_STOP_TIME)
        return bpnn__fail(error, BPNN_USAGE, "the time limit came before the first fold was done; give more time");
    if (!w->cv.example)
        return bpnn__fail(error, BPNN_INTERRUPTED, "interrupted before the first fold was done");
    bpnn_status status = make_metrics(w, error);
    if (status == BPNN_OK)
        status = list_folds(w, &c->run.folds, error);
    if (status != BPNN_OK)
        return status;
    bpnn__mean_metrics(w->fits, w->cv.fit_count, w->cv.target_count, false, w->mean, w->deviation);
    bpnn__mean_metrics(w->fits, w->cv.fit_count, w->cv.target_count, true, w->train_mean, NULL);
    status = bpnn__pool_metrics(&c->run, w->fits, w->cv.fit_count, w->cv.example, w->pooled, error);
    if (status == BPNN_OK)
        status = bpnn__mean_predictions(&c->run, w->fits, w->cv.fit_count, w->cv.example, &w->cv.prediction, error);
    return status;
}

/* ---- all of it ---- */

static bpnn_status make_room(crossing *c, bpnn_error *error)
{
    whole_cv *w = c->out;
    bpnn_cv *cv = &w->cv;
    *cv = (bpnn_cv){.folds = c->options->folds,
                    .repeats = c->options->repeats,
                    .seed = c->run.fit->train.seed,
                    .rows = c->run.folds.rows,
                    .group_count = c->run.folds.group_count};
    if (!bpnn__mul(cv->folds, cv->repeats, &cv->fit_count))
        return bpnn__fail_memory(error);
    w->fits = bpnn__alloc(cv->fit_count, sizeof *w->fits);
    w->folds = bpnn__alloc(cv->fit_count, sizeof *w->folds);
    cv->fit = w->folds;
    return w->fits && w->folds ? BPNN_OK : bpnn__fail_memory(error);
}

static bpnn_status cross(crossing *c, bpnn_error *error)
{
    bpnn_status status = make_room(c, error);
    if (status == BPNN_OK)
        status = run_units(c, error);
    if (status == BPNN_OK)
        status = gather(c, error);
    c->out->cv.seconds = bpnn__steady_seconds() - c->run.begin;
    return status;
}

bpnn_status bpnn_cross_validate(bpnn_cv **cv, const bpnn_table *table, const bpnn_fit_options *fit,
                                const bpnn_cv_options *options, bpnn_error *error)
{
    *cv = NULL;
    bpnn_cv_options standard;
    bpnn_cv_options_default(&standard);
    crossing c = {.options = options ? options : &standard};
    if (c.options->struct_size != sizeof *c.options)
        return bpnn__fail(error, BPNN_USAGE, "cv options: call bpnn_cv_options_default first");
    if (!fit || fit->struct_size != sizeof *fit || fit->train.struct_size != sizeof fit->train)
        return bpnn__fail(error, BPNN_USAGE, "fit options: call bpnn_fit_options_default first");
    c.out = bpnn__alloc(1, sizeof *c.out);
    if (!c.out)
        return bpnn__fail_memory(error);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = bpnn__run_begin(&c.run, table, fit, c.options->folds, c.options->repeats, error);
    if (status == BPNN_OK)
        status = cross(&c, error);
    bpnn__fpmode_leave(mode);
    bpnn__run_end(&c.run);
    if (status == BPNN_OK)
        *cv = &c.out->cv;
    else
        bpnn_cv_free(&c.out->cv);
    return status;
}

void bpnn_cv_free(bpnn_cv *cv)
{
    whole_cv *w = (whole_cv *)(void *)cv;
    if (!w)
        return;
    bpnn_metrics *const metrics[] = {w->mean, w->deviation, w->train_mean, w->pooled};
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        for (size_t k = 0; metrics[i] && k < cv->target_count; k++)
            bpnn_metrics_free(&metrics[i][k]);
        bpnn__free(metrics[i]);
    }
    for (size_t u = 0; w->fits && u < cv->fit_count; u++)
        bpnn__fold_fit_free(&w->fits[u]);
    bpnn_prediction_free(&w->cv.prediction);
    bpnn__notes_free(&w->warnings);
    bpnn__free(w->fits);
    bpnn__free(w->folds);
    bpnn__free(w->fold_of_row);
    bpnn__free(w);
}
