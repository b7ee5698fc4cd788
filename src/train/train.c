/* The whole run: epochs, validation, early stopping, stop reasons. The best (or last finite) parameters are kept in the
 * caller's net, so that a run needs no further copy of them. */
#include "train/advice.h"
#include "train/keeper.h"

#include <math.h>
#include <string.h>

#define BPNN_X(id, name) name,
static const char *const stop_words[] = {BPNN_STOPS(BPNN_X)};
#undef BPNN_X

const char *bpnn_stop_name(bpnn_stop stop)
{
    return (unsigned)stop < BPNN_STOP_COUNT ? stop_words[stop] : "unknown";
}

enum { PATIENCE_EPOCHS = 20, PATIENCE_UPDATES = 1000 };
#define EXPLODED 1e3 /* times max(F_0, 1): the objective is past hope */

/* One run. */
typedef struct run {
    bpnn_trainer *trainer;
    bpnn_net *net;     /* the best parameters so far; without validation rows the last finite ones */
    bpnn_net *present; /* what callbacks see: net, or with validation rows and on_epoch a net of its own */
    const bpnn_data *validation;
    const bpnn_train_options *options;
    bpnn_train_result *result;
    bpnn__stopping stopping;
    double objective_0, validation_loss;
    bpnn__keeper keeper;
} run;

static size_t patience_of(const run *r)
{
    if (r->options->patience != SIZE_MAX)
        return r->options->patience;
    size_t S = r->trainer->settled.batches, epochs = (PATIENCE_UPDATES + S - 1) / S;
    return epochs > PATIENCE_EPOCHS ? epochs : PATIENCE_EPOCHS;
}

/* ---- telling the caller ---- */

static void show_epoch(const run *r, double loss, double epoch_seconds)
{
    bpnn_trainer *trainer = r->trainer;
    double rows = (double)trainer->data.inputs.rows;
    trainer->shown = (bpnn_progress){.epoch = r->result->epochs,
                                     .epochs = r->options->epochs,
                                     .updates = trainer->updates,
                                     .loss = loss,
                                     .validation_loss = r->validation_loss,
                                     .best_validation_loss = r->validation ? r->stopping.best : (double)NAN,
                                     .best_epoch = r->result->best_epoch,
                                     .failures = r->stopping.failures,
                                     .rate = trainer->rate,
                                     .seconds = bpnn__now() - trainer->began,
                                     .rows_per_second = epoch_seconds > 0 ? rows / epoch_seconds : (double)NAN,
                                     .net = r->present,
                                     BPNN__NO_ITERATION};
}

/* After an epoch, and once before the first. False: the callback wants an end. */
static bool tell_epoch(const run *r)
{
    bpnn_trainer *trainer = r->trainer;
    if (!r->options->on_epoch)
        return true;
    if (r->present != r->net)
        bpnn_trainer_get(trainer, r->present);
    return r->options->on_epoch(&trainer->shown, r->options->context);
}

static void end_diverged(const run *r, size_t batch, size_t layer)
{
    r->result->stop = BPNN_STOP_DIVERGED;
    r->result->diverged_epoch = r->result->epochs + 1;
    r->result->diverged_batch = batch;
    r->result->diverged_layer = layer;
    bpnn__advise(&r->trainer->data, bpnn__engine_precision(r->trainer->engine), &r->trainer->settled,
                 r->trainer->updates == 0, r->result);
}

/* ---- one epoch ---- */

/* Loss or parameters past hope after the batches of an epoch. */
static bool exploded(const run *r, double loss)
{
    size_t layer = bpnn__engine_bad_parameters(r->trainer->engine);
    double objective = loss + bpnn__trainer_penalty(r->trainer);
    if (layer == 0 && objective <= EXPLODED * (r->objective_0 > 1 ? r->objective_0 : 1))
        return false;
    end_diverged(r, 0, layer);
    return true;
}

/* The epoch's validation loss, if there are such rows. A loss that is not finite ends the run. */
static bpnn_status validate(run *r, bpnn_error *error)
{
    if (!r->validation)
        return BPNN_OK;
    bpnn_status status = bpnn_trainer_evaluate(r->trainer, r->validation, &r->validation_loss, error);
    if (status == BPNN_OK && !isfinite(r->validation_loss))
        end_diverged(r, 0, 0);
    return status;
}

/* A whole, finite epoch: counts it, keeps its parameters if they are the ones to keep. */
static void count_epoch(run *r, double loss)
{
    bpnn_train_result *result = r->result;
    bool keep = true;
    result->epochs++;
    result->loss = loss;
    if (r->validation) {
        if (bpnn__stopping_tell(&r->stopping, result->epochs, r->validation_loss, &keep))
            result->stop = BPNN_STOP_PATIENCE;
        bpnn__schedule_epoch(&r->trainer->settled.schedule, r->validation_loss);
    }
    if (keep) {
        bpnn_trainer_get(r->trainer, r->net);
        result->best_epoch = result->epochs;
    }
}

/* Why the run ends here; NONE: it goes on. The first reason counts. */
static bpnn_stop reason(const run *r, double loss, bool go_on)
{
    const bpnn_train_options *o = r->options;
    const bpnn_trainer *t = r->trainer;
    if (r->result->stop != BPNN_STOP_NONE)
        return r->result->stop;
    if (t->interrupted || bpnn__flag_is_set(o->interrupt))
        return BPNN_STOP_INTERRUPTED;
    if (t->called_off || !go_on)
        return BPNN_STOP_CALLBACK;
    if (t->whole && loss <= o->target_loss)
        return BPNN_STOP_TARGET;
    if (t->late || (o->time_limit > 0 && bpnn__now() - t->began >= o->time_limit))
        return BPNN_STOP_TIME;
    return r->result->epochs >= o->epochs ? BPNN_STOP_EPOCHS : BPNN_STOP_NONE;
}

/* An epoch that was called off between two batches. */
static void end_inside(run *r, double loss)
{
    r->result->stop = reason(r, loss, true);
    r->result->updates = r->trainer->updates;
    bpnn__keeper_epoch(&r->keeper); /* the net still is that of the last whole epoch */
    if (!r->validation)
        bpnn_trainer_get(r->trainer, r->net);
}

static bpnn_status one_epoch(run *r, bpnn_error *error)
{
    double begun = bpnn__now(), loss;
    bpnn_trainer *trainer = r->trainer;
    bpnn_status status = bpnn_trainer_epoch(trainer, &loss, NULL);
    if (status != BPNN_OK) { /* it can only be DIVERGED */
        end_diverged(r, trainer->bad_batch, trainer->bad_layer);
        return BPNN_OK;
    }
    double seconds = bpnn__now() - begun;
    if (exploded(r, loss))
        return BPNN_OK;
    if (!trainer->whole) {
        end_inside(r, loss);
        return BPNN_OK;
    }
    status = validate(r, error);
    if (status != BPNN_OK || r->result->stop != BPNN_STOP_NONE)
        return status;
    count_epoch(r, loss);
    show_epoch(r, loss, seconds);
    bpnn__keeper_note(&r->keeper, &trainer->shown);
    r->result->stop = reason(r, loss, tell_epoch(r));
    r->result->updates = trainer->updates;
    bpnn__keeper_epoch(&r->keeper);
    return BPNN_OK;
}

/* ---- the run ---- */

/* F_0, v_0 and the callback before the first epoch. */
static bpnn_status begin(run *r, bpnn_error *error)
{
    bpnn_train_result *result = r->result;
    bpnn_data all = r->trainer->data;
    bpnn_status status = bpnn_trainer_evaluate(r->trainer, &all, &result->loss, error);
    if (status == BPNN_OK && r->validation)
        status = bpnn_trainer_evaluate(r->trainer, r->validation, &r->validation_loss, error);
    if (status != BPNN_OK)
        return status;
    r->objective_0 = isfinite(result->loss) ? result->loss + bpnn__trainer_penalty(r->trainer) : 1;
    r->trainer->plateau_outside = r->validation != NULL;
    if (r->validation)
        bpnn__stopping_begin(&r->stopping, isfinite(r->validation_loss) ? r->validation_loss : (double)INFINITY,
                             r->options->min_delta, patience_of(r));
    show_epoch(r, result->loss, 0);
    if (!tell_epoch(r))
        result->stop = BPNN_STOP_CALLBACK;
    else if (r->options->epochs == 0 && !isfinite(result->loss)) /* no epoch will tell */
        end_diverged(r, 0, 0);
    else if (r->options->epochs == 0)
        result->stop = BPNN_STOP_EPOCHS;
    if (result->stop != BPNN_STOP_NONE)
        bpnn__keeper_epoch(&r->keeper);
    return BPNN_OK;
}

/* ---- checkpoints ---- */

static void keep_run(bpnn__archive *a, void *context)
{
    run *r = context;
    bpnn__keep_trainer(a, r->trainer, r->keeper.hooks->lenient);
    bpnn__keep_result(a, r->result);
    bpnn__keep_number(a, "run.objective_0", &r->objective_0);
    if (r->validation)
        bpnn__keep_stopping(a, &r->stopping, &r->validation_loss);
    bpnn__keep_history(a, &r->keeper, r->result->epochs);
}

/* Goes on from a record in place of begin(). */
static bpnn_status go_on(run *r, bpnn_error *error)
{
    bpnn__archive a = {.from = r->keeper.hooks->resume, .taken = r->keeper.hooks->taken, .error = error};
    r->stopping.min_delta = r->options->min_delta;
    r->stopping.patience = patience_of(r);
    r->trainer->plateau_outside = r->validation != NULL;
    keep_run(&a, r);
    bpnn__archive_end(&a);
    if (a.status != BPNN_OK)
        return a.status;
    show_epoch(r, r->result->loss, 0);
    if (r->result->stop == BPNN_STOP_NONE && r->trainer->rows_done == 0 && r->result->epochs >= r->options->epochs)
        r->result->stop = BPNN_STOP_EPOCHS;
    return BPNN_OK;
}

static void pause(void *context)
{
    run *r = context;
    r->result->updates = r->trainer->updates;
    bpnn__keeper_pause(&r->keeper);
}

static void set_keeper(run *r, const bpnn__hooks *hooks)
{
    r->keeper = (bpnn__keeper){.hooks = hooks, .keep = keep_run, .run = r, .result = r->result, .last = bpnn__now()};
    r->trainer->pause = hooks && hooks->save && hooks->seconds > 0 ? pause : NULL;
    r->trainer->pause_context = r;
}

static bpnn_status go(run *r, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    r->present = r->net;
    if (r->validation && r->options->on_epoch)
        status = bpnn_net_clone(&r->present, r->net, error);
    if (status == BPNN_OK)
        status = r->keeper.hooks && r->keeper.hooks->resume ? go_on(r, error) : begin(r, error);
    while (status == BPNN_OK && r->result->stop == BPNN_STOP_NONE)
        status = one_epoch(r, error);
    r->result->updates = r->trainer->updates;
    r->result->best_validation_loss = r->validation ? r->stopping.best : (double)NAN;
    r->result->failures = r->stopping.failures;
    r->result->seconds = bpnn__now() - r->trainer->began;
    if (r->present != r->net)
        bpnn_net_free(r->present);
    return status;
}

bpnn_status bpnn__train(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                        const bpnn_train_options *options, const bpnn__hooks *hooks, bpnn_train_result *result,
                        bpnn_error *error)
{
    bpnn_train_result here;
    run r = {.net = net, .options = options, .result = result ? result : &here, .validation_loss = (double)NAN};
    const bpnn__method *method = options && options->method ? bpnn__method_find(options->method) : NULL;
    memset(r.result, 0, sizeof *r.result);
    r.result->gradient_norm = r.result->step = r.result->damping = (double)NAN;
    r.result->effective = r.result->beta = r.result->noise = r.result->log_evidence = (double)NAN;
    if (method && method->whole && options->l2_auto)
        return bpnn__train_with_penalty(net, training, validation, options, hooks, r.result, error);
    if (method && method->whole)
        return bpnn__train_whole(net, training, validation, options, hooks, r.result, error);
    if (validation && validation->inputs.rows > 0)
        r.validation = validation;
    bpnn_status status = bpnn_trainer_new(&r.trainer, net, training, options, error);
    if (status == BPNN_OK) {
        r.result->l2 = r.trainer->settled.l2;
        set_keeper(&r, hooks);
        status = go(&r, error);
    }
    bpnn__keeper_free(&r.keeper);
    bpnn_trainer_free(r.trainer);
    return status;
}
