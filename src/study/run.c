/* Fits side by side. */
#define _POSIX_C_SOURCE 200809L
#include "study/run.h"
#include "base/error.h"
#include "base/memory.h"

#include <string.h>
#include <time.h>

double bpnn__steady_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- messages: every text once, one at a time ---- */

static bool was_told(const bpnn__notes *told, const char *text)
{
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->texts[i], text) == 0)
            return true;
    return false;
}

static void tell(bpnn__run *run, const char *text, bool warning)
{
    pthread_mutex_lock(&run->lock);
    if (!was_told(&run->told, text)) {
        bpnn__notes_add(&run->told, true, "%s", text);
        if (warning)
            bpnn__notes_add(&run->warned, true, "%s", text);
        if (run->fit->message)
            run->fit->message(text, warning, run->fit->message_context);
    }
    pthread_mutex_unlock(&run->lock);
}

static void on_plan_message(const char *text, bool warning, void *context)
{
    tell(context, text, warning);
}

/* ---- the run ---- */

bpnn_status bpnn__run_begin(bpnn__run *run, const bpnn_table *table, const bpnn_fit_options *fit, size_t folds,
                            size_t repeats, bpnn_error *error)
{
    memset(run, 0, sizeof *run);
    run->table = table;
    run->fit = fit;
    run->begin = bpnn__steady_seconds();
    run->end = fit->train.time_limit > 0 ? run->begin + fit->train.time_limit : 0;
    atomic_init(&run->stop, false);
    atomic_init(&run->why, BPNN_STOP_NONE);
    pthread_mutex_init(&run->lock, NULL);
    bpnn__notes notes = {.message = on_plan_message, .context = run};
    bpnn_status status = bpnn__folds_make(&run->folds, table, fit, folds, repeats, &notes, error);
    bpnn__notes_free(&notes);
    return status;
}

void bpnn__run_end(bpnn__run *run)
{
    bpnn__folds_free(&run->folds);
    bpnn__notes_free(&run->told);
    bpnn__notes_free(&run->warned);
    pthread_mutex_destroy(&run->lock);
}

void bpnn__run_stop(bpnn__run *run, bpnn_stop why)
{
    int none = BPNN_STOP_NONE;
    atomic_compare_exchange_strong(&run->why, &none, (int)why);
    atomic_store(&run->stop, true);
}

bool bpnn__run_goes_on(bpnn__run *run)
{
    const volatile int *interrupt = run->fit->train.interrupt;
    if (interrupt && *interrupt)
        bpnn__run_stop(run, BPNN_STOP_INTERRUPTED);
    if (run->end > 0 && bpnn__steady_seconds() >= run->end)
        bpnn__run_stop(run, BPNN_STOP_TIME);
    return !atomic_load(&run->stop);
}

/* ---- one fit ---- */

typedef struct fitting {
    bpnn__run *run;
    const bpnn__fold_job *job;
    bool resolved; /* what is noted from now on is of this fit, not of its options */
} fitting;

static void on_message(const char *text, bool warning, void *context)
{
    fitting *f = context;
    if (f->job->speaks && (warning || !f->resolved))
        tell(f->run, text, warning);
}

static void on_resolved(const bpnn_fit_options *resolved, void *context)
{
    fitting *f = context;
    bpnn__run *run = f->run;
    f->resolved = true;
    if (!f->job->speaks || !run->fit->on_resolved)
        return;
    pthread_mutex_lock(&run->lock);
    run->fit->on_resolved(resolved, run->fit->resolved_context);
    pthread_mutex_unlock(&run->lock);
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    fitting *f = context;
    (void)progress;
    return !atomic_load(&f->run->stop);
}

/* The options of this fit: without its fold, quiet, and no longer than the run may last. */
static bpnn_fit_options options_of(fitting *f, const unsigned char *held_out)
{
    bpnn__run *run = f->run;
    bpnn_fit_options o = *f->job->fit;
    o.held_out = held_out;
    o.message = on_message;
    o.message_context = f;
    o.on_resolved = on_resolved;
    o.resolved_context = f;
    o.train.seed = run->fit->train.seed + f->job->repeat;
    o.train.threads = f->job->threads;
    o.train.on_epoch = on_epoch;
    o.train.on_batch = NULL;
    o.train.context = f;
    if (run->end > 0) {
        double left = run->end - bpnn__steady_seconds();
        left = f->job->at_most > 0 && f->job->at_most < left ? f->job->at_most : left;
        o.train.time_limit = left > 1e-3 ? left : 1e-3;
    }
    return o;
}

/* What is told of the fit, taken out of its model. */
static void take(bpnn__fold_fit *out, bpnn_model *model)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    bpnn_fold *fold = &out->fold;
    fold->done = true;
    out->targets = s->target_count;
    fold->rows_train = s->rows_train;
    fold->rows_validation = s->rows_validation;
    fold->rows_test = s->rows_test;
    fold->method = s->method;
    fold->parameters = bpnn_net_parameter_count(bpnn_model_net(model));
    fold->epochs = s->epochs;
    fold->best_epoch = s->best_epoch;
    fold->stop = s->stop;
    fold->seconds = s->seconds;
    fold->train = out->train = model->metrics[BPNN__TRAIN];
    fold->test = out->test = model->metrics[BPNN__TEST];
    model->metrics[BPNN__TRAIN] = model->metrics[BPNN__TEST] = NULL;
    out->warnings = model->notes;
    out->warnings.message = NULL;
    memset(&model->notes, 0, sizeof model->notes);
    fold->warning_count = out->warnings.count;
    fold->warnings = (const char *const *)out->warnings.texts;
    bpnn__model_link(model);
}

/* A fit that the run's end cut short is no fit. */
static bool cut_short(bpnn__run *run, const bpnn_model *model)
{
    bpnn_stop stop = bpnn_model_summary(model)->stop;
    if (stop == BPNN_STOP_INTERRUPTED)
        bpnn__run_stop(run, stop);
    bpnn__run_goes_on(run); /* the time of the run may be over, or that of the fit alone */
    return stop == BPNN_STOP_INTERRUPTED || stop == BPNN_STOP_TIME || stop == BPNN_STOP_CALLBACK;
}

static bpnn_status fit_rows(fitting *f, const unsigned char *held_out, bpnn__fold_fit *out)
{
    const bpnn__fold_job *job = f->job;
    bpnn_fit_options o = options_of(f, held_out);
    bpnn_model *model;
    bpnn_status status = bpnn_fit(&model, f->run->table, &o, &out->error);
    if (status != BPNN_OK || cut_short(f->run, model)) {
        bpnn_model_free(model);
        return status;
    }
    if (job->predicts)
        status = bpnn__predict_rows(model, f->run->table, out->rows, out->row_count, job->threads, o.train.isa,
                                    &out->prediction, &out->error);
    if (status == BPNN_OK)
        take(out, model);
    if (status == BPNN_OK && job->keeps_model)
        out->model = model;
    else
        bpnn_model_free(model);
    return status;
}

void bpnn__fit_fold(bpnn__run *run, const bpnn__fold_job *job, bpnn__fold_fit *out)
{
    fitting f = {.run = run, .job = job};
    unsigned char *held_out;
    out->fold.repeat = job->repeat;
    out->fold.fold = job->fold;
    if (!bpnn__run_goes_on(run))
        return;
    out->rows = bpnn__fold_rows(&run->folds, job->repeat, job->fold, &out->row_count, &held_out);
    out->status = out->rows ? fit_rows(&f, held_out, out) : bpnn__fail_memory(&out->error);
    bpnn__free(held_out);
    if (!job->predicts) {
        bpnn__free(out->rows);
        out->rows = NULL;
        out->row_count = 0;
    }
    if (out->status != BPNN_OK && !(job->may_fail && out->status != BPNN_MEMORY))
        atomic_store(&run->stop, true);
}

void bpnn__fold_fit_free(bpnn__fold_fit *fit)
{
    bpnn__free(fit->rows);
    bpnn_prediction_free(&fit->prediction);
    bpnn__notes_free(&fit->warnings);
    bpnn_metrics *const metrics[] = {fit->train, fit->test};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; metrics[i] && k < fit->targets; k++)
            bpnn_metrics_free(&metrics[i][k]);
        bpnn__free(metrics[i]);
    }
    bpnn_model_free(fit->model);
    memset(fit, 0, sizeof *fit);
}
