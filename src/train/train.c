/* The whole run: epochs, validation, early stopping, stop reasons. The best (or last finite) parameters are kept in the
 * caller's net, so that a run needs no further copy of them. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "base/error.h"
#include "train/stopping.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>
#include <time.h>

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
    bpnn_net *net; /* the best parameters so far */
    const bpnn_data *validation;
    const bpnn_train_options *options;
    bpnn_train_result *result;
    bpnn__stopping stopping;
    double start, objective_0, validation_loss;
} run;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t patience_of(const run *r)
{
    if (r->options->patience != SIZE_MAX)
        return r->options->patience;
    size_t S = r->trainer->settled.batches, epochs = (PATIENCE_UPDATES + S - 1) / S;
    return epochs > PATIENCE_EPOCHS ? epochs : PATIENCE_EPOCHS;
}

/* ---- telling the caller ---- */

static bool tell_epoch(const run *r, double loss, double epoch_seconds)
{
    if (!r->options->on_epoch)
        return true;
    size_t rows = r->trainer->data.inputs.rows;
    bpnn_progress progress = {.epoch = r->result->epochs,
                              .epochs = r->options->epochs,
                              .updates = r->trainer->updates,
                              .loss = loss,
                              .validation_loss = r->validation_loss,
                              .best_validation_loss = r->validation ? r->stopping.best : (double)NAN,
                              .best_epoch = r->validation ? r->stopping.best_epoch : r->result->epochs,
                              .failures = r->stopping.failures,
                              .rate = r->trainer->rate,
                              .seconds = now() - r->start,
                              .rows_per_second = epoch_seconds > 0 ? (double)rows / epoch_seconds : (double)NAN,
                              .net = r->net};
    return r->options->on_epoch(&progress, r->options->context);
}

static void say_diverged(const run *r, size_t batch, size_t layer, const char *advice)
{
    r->result->diverged_epoch = r->result->epochs + 1;
    r->result->diverged_batch = batch;
    r->result->diverged_layer = layer;
    r->result->stop = BPNN_STOP_DIVERGED;
    size_t size = strlen(advice);
    memcpy(r->result->advice, advice, size < sizeof r->result->advice ? size + 1 : sizeof r->result->advice - 1);
}

static const char *rate_advice(const run *r)
{
    return r->trainer->settled.clip > 0 ? "take a smaller --rate" : "take a smaller --rate, or --clip 1";
}

/* ---- one epoch ---- */

/* Loss or parameters past hope at an epoch's end. */
static bool exploded(const run *r, double loss)
{
    size_t layer = bpnn__engine_bad_parameters(r->trainer->engine);
    double objective = loss + bpnn__trainer_penalty(r->trainer), limit = (r->objective_0 > 1 ? r->objective_0 : 1) * EXPLODED;
    if (layer == 0 && objective <= limit)
        return false;
    say_diverged(r, 0, layer, rate_advice(r));
    return true;
}

/* Validation after an epoch (0 = before the first). *end: the run is over. */
static bpnn_status validate(run *r, bool *end, bpnn_error *error)
{
    if (!r->validation) {
        bpnn_trainer_get(r->trainer, r->net);
        r->result->best_epoch = r->result->epochs;
        return BPNN_OK;
    }
    bpnn_status status = bpnn_trainer_evaluate(r->trainer, r->validation, &r->validation_loss, error);
    if (status != BPNN_OK)
        return status;
    if (!isfinite(r->validation_loss)) {
        r->result->epochs--; /* the epoch broke */
        say_diverged(r, 0, 0, rate_advice(r));
        *end = true;
        return BPNN_OK;
    }
    bool is_best;
    if (bpnn__stopping_tell(&r->stopping, r->result->epochs, r->validation_loss, &is_best)) {
        r->result->stop = BPNN_STOP_PATIENCE;
        *end = true;
    }
    if (is_best)
        bpnn_trainer_get(r->trainer, r->net);
    r->result->best_epoch = r->stopping.best_epoch;
    return BPNN_OK;
}

/* Reasons to end that are looked at after every epoch; the first one counts. */
static bool finished(run *r, double loss, double epoch_seconds)
{
    const bpnn_train_options *o = r->options;
    bpnn_train_result *result = r->result;
    bool go_on = tell_epoch(r, loss, epoch_seconds);
    if (result->stop != BPNN_STOP_NONE)
        return true;
    if (r->trainer->interrupted || (o->interrupt && *o->interrupt))
        result->stop = BPNN_STOP_INTERRUPTED;
    else if (r->trainer->stopped || !go_on)
        result->stop = BPNN_STOP_CALLBACK;
    else if (loss <= o->target_loss)
        result->stop = BPNN_STOP_TARGET;
    else if (o->time_limit > 0 && now() - r->start >= o->time_limit)
        result->stop = BPNN_STOP_TIME;
    else if (result->epochs >= o->epochs)
        result->stop = BPNN_STOP_EPOCHS;
    return result->stop != BPNN_STOP_NONE;
}

static bpnn_status one_epoch(run *r, bool *end, bpnn_error *error)
{
    double begun = now(), loss;
    bpnn_error inner;
    bpnn_status status = bpnn_trainer_epoch(r->trainer, &loss, &inner);
    if (status == BPNN_DIVERGED) {
        say_diverged(r, r->trainer->bad_batch, r->trainer->bad_layer, rate_advice(r));
        *end = true;
        return BPNN_OK;
    }
    if (status != BPNN_OK) {
        if (error)
            *error = inner;
        return status;
    }
    if (exploded(r, loss)) {
        *end = true;
        return BPNN_OK;
    }
    double seconds = now() - begun;
    r->result->epochs++;
    r->result->loss = loss;
    status = validate(r, end, error);
    if (status != BPNN_OK || r->result->stop == BPNN_STOP_DIVERGED)
        return status;
    bpnn__schedule_epoch(&r->trainer->settled.schedule, r->validation ? r->validation_loss : loss);
    *end = finished(r, loss, seconds) || *end;
    return BPNN_OK;
}

/* F_0, v_0 and the callback before the first epoch. */
static bpnn_status begin(run *r, bool *end, bpnn_error *error)
{
    bpnn_data all = r->trainer->data;
    double loss;
    bpnn_status status = bpnn_trainer_evaluate(r->trainer, &all, &loss, error);
    if (status != BPNN_OK)
        return status;
    r->objective_0 = isfinite(loss) ? loss + bpnn__trainer_penalty(r->trainer) : 1;
    r->validation_loss = NAN;
    if (r->validation) {
        status = bpnn_trainer_evaluate(r->trainer, r->validation, &r->validation_loss, error);
        double v0 = isfinite(r->validation_loss) ? r->validation_loss : (double)INFINITY;
        bpnn__stopping_begin(&r->stopping, v0, r->options->min_delta, patience_of(r));
    }
    if (status == BPNN_OK && r->options->epochs == 0) {
        r->result->loss = loss;
        r->result->stop = BPNN_STOP_EPOCHS;
        *end = true;
    }
    if (!tell_epoch(r, loss, 0)) {
        r->result->stop = BPNN_STOP_CALLBACK;
        *end = true;
    }
    return status;
}

static bpnn_status go(run *r, bpnn_error *error)
{
    bool end = false;
    bpnn_status status = begin(r, &end, error);
    while (status == BPNN_OK && !end)
        status = one_epoch(r, &end, error);
    r->result->updates = r->trainer->updates;
    r->result->best_validation_loss = r->validation ? r->stopping.best : (double)NAN;
    r->result->seconds = now() - r->start;
    return status;
}

bpnn_status bpnn_train(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                       const bpnn_train_options *options, bpnn_train_result *result, bpnn_error *error)
{
    bpnn_train_result here;
    run r = {.net = net, .options = options, .result = result ? result : &here, .start = now()};
    memset(r.result, 0, sizeof *r.result);
    if (validation && validation->inputs.rows > 0)
        r.validation = validation;
    bpnn_status status = bpnn_trainer_new(&r.trainer, net, training, options, error);
    if (status == BPNN_OK)
        status = go(&r, error);
    bpnn_trainer_free(r.trainer);
    return status;
}
