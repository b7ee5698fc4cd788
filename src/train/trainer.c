/* One trainer: an engine with a method, and the rows in their order. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "train/trainer.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <string.h>
#include <time.h>

double bpnn__now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- making ---- */

bpnn_status bpnn__scale_weights(const bpnn_net *shape, const bpnn_data *data, double *scale, bpnn_error *error)
{
    const double *weight = data->row_weights;
    size_t rows = data->inputs.rows, group = shape->group_rows;
    *scale = 1;
    if (!weight || rows == 0)
        return BPNN_OK;
    double sum = 0;
    for (size_t from = 0; from < rows; from += group) {
        double part = 0;
        for (size_t r = from; r < rows && r < from + group; r++) {
            if (!(weight[r] >= 0) || isinf(weight[r]))
                return bpnn__fail(error, BPNN_DATA, "row %zu: its weight %g is not a number from 0 up", r + 1,
                                  weight[r]);
            part += weight[r];
        }
        sum += part;
    }
    if (!(sum > 0))
        return bpnn__fail(error, BPNN_DATA, "all row weights are 0");
    if (shape->reduction == BPNN_REDUCTION_MEAN)
        *scale = (double)rows / sum;
    return BPNN_OK;
}

/* The method as it was before its first update. */
static void begin_state(bpnn_trainer *trainer)
{
    const bpnn__method *method = trainer->settled.method;
    memcpy(trainer->memory, method->memory_start, sizeof trainer->memory);
    for (size_t k = 0; k < method->info.state_count; k++)
        bpnn__engine_fill_state(trainer->engine, k,
                                method->state_start ? method->state_start(k, trainer->settled.option) : 0);
}

static bpnn_status make_engine(bpnn_trainer *trainer, const bpnn_net *net, const bpnn_train_options *o,
                               bpnn_error *error)
{
    const bpnn__settled *s = &trainer->settled;
    bpnn__engine_options options = {.max_rows = s->batch,
                                    .training = true,
                                    .store_gradient = s->clip > 0 || s->method->needs_loss || o->batch == 0,
                                    .state_count = s->method->info.state_count,
                                    .dropout = s->dropout,
                                    .seed = s->seed,
                                    .threads = o->threads,
                                    .isa = o->isa};
    bpnn_status status = bpnn__engine_new(&trainer->engine, net, &options, error);
    if (status != BPNN_OK)
        return status;
    trainer->update = s->method->update[net->precision][bpnn__engine_isa(trainer->engine)];
    begin_state(trainer);
    return s->schedule.kind == BPNN_SCHEDULE_ADAPTIVE ? bpnn_net_clone(&trainer->kept, net, error) : BPNN_OK;
}

static bpnn_status fill(bpnn_trainer *trainer, const bpnn_net *net, const bpnn_data *training,
                        const bpnn_train_options *options, bpnn_error *error)
{
    if (!net || !training)
        return bpnn__fail(error, BPNN_USAGE, "training needs a network and data");
    bpnn_status status = bpnn__check_data(net, training, error);
    if (status == BPNN_OK)
        status = bpnn__settle(&trainer->settled, net, options, training->inputs.rows, error);
    if (status == BPNN_OK)
        status = bpnn__net_shape(&trainer->shape, net, error);
    if (status != BPNN_OK)
        return status;
    if (trainer->settled.method->whole)
        return bpnn__fail(error, BPNN_USAGE,
                          "method %s works on the whole objective: bpnn_train runs it, no trainer can",
                          trainer->settled.method->info.name);
    trainer->options = *options;
    trainer->data = *training;
    trainer->previous_loss = (double)NAN;
    trainer->began = bpnn__now();
    trainer->shown = (bpnn_progress){.validation_loss = (double)NAN,
                                     .best_validation_loss = (double)NAN,
                                     .rows_per_second = (double)NAN,
                                     BPNN__NO_ITERATION};
    status = bpnn__scale_weights(trainer->shape, &trainer->data, &trainer->weight_scale, error);
    if (status != BPNN_OK)
        return status;
    trainer->order = bpnn__alloc(training->inputs.rows, sizeof *trainer->order);
    if (!trainer->order)
        return bpnn__fail_memory(error);
    return make_engine(trainer, net, options, error);
}

bpnn_status bpnn_trainer_new(bpnn_trainer **out, const bpnn_net *net, const bpnn_data *training,
                             const bpnn_train_options *options, bpnn_error *error)
{
    *out = NULL;
    bpnn_trainer *trainer = bpnn__alloc(1, sizeof *trainer);
    if (!trainer)
        return bpnn__fail_memory(error);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = fill(trainer, net, training, options, error);
    bpnn__fpmode_leave(mode);
    if (status != BPNN_OK) {
        bpnn_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return BPNN_OK;
}

void bpnn_trainer_free(bpnn_trainer *trainer)
{
    if (!trainer)
        return;
    bpnn__engine_free(trainer->engine);
    bpnn_net_free(trainer->shape);
    bpnn_net_free(trainer->kept);
    bpnn__free(trainer->order);
    bpnn__free(trainer);
}

/* ---- one step ---- */

static bpnn__batch batch_of(const bpnn_trainer *trainer, const size_t *rows, size_t count)
{
    return (bpnn__batch){.inputs = trainer->data.inputs,
                         .targets = trainer->data.targets,
                         .row_weights = trainer->data.row_weights,
                         .weight_scale = trainer->weight_scale,
                         .rows = rows,
                         .count = count,
                         .update = trainer->updates + 1};
}

static bpnn_status check_rows(const bpnn_trainer *trainer, const size_t *rows, size_t count, bpnn_error *error)
{
    if (count < 1 || count > trainer->settled.batch)
        return bpnn__fail(error, BPNN_USAGE, "a step takes 1 to %zu rows (option batch), not %zu",
                          trainer->settled.batch, count);
    for (size_t i = 0; i < count; i++)
        if (rows[i] >= trainer->data.inputs.rows)
            return bpnn__fail(error, BPNN_USAGE, "row %zu is not in the training data (%zu rows)", rows[i],
                              trainer->data.inputs.rows);
    return BPNN_OK;
}

double bpnn__trainer_penalty(const bpnn_trainer *trainer)
{
    double l2 = trainer->settled.method->decoupled ? 0 : trainer->settled.l2;
    return bpnn__engine_penalty(trainer->engine, trainer->settled.l1, l2);
}

/* What this update does; advances the method's memory. */
static bpnn__update make_update(bpnn_trainer *trainer, double objective)
{
    const bpnn__settled *s = &trainer->settled;
    bpnn__moment now = {.t = trainer->updates + 1,
                        .rate = bpnn__schedule_rate(&s->schedule, s->rate, trainer->updates),
                        .momentum = s->momentum,
                        .options = s->option,
                        .loss = objective,
                        .previous_loss = trainer->previous_loss,
                        .memory = trainer->memory};
    bpnn__update update = {
        .function = trainer->update, .plain = s->method->plain, .clip = s->clip, .shrink = now.rate * s->l1};
    s->method->prepare(&now, update.constants);
    if (s->method->decoupled)
        update.decay = now.rate * s->l2;
    else
        update.l2 = s->l2;
    trainer->rate = now.rate;
    return update;
}

/* Remembers where the step left the finite numbers, and says so. batch 0: a step outside an epoch. */
static bpnn_status diverged(bpnn_trainer *trainer, size_t batch, bpnn_error *error)
{
    size_t layer = bpnn__engine_bad_outputs(trainer->engine);
    if (layer == 0)
        layer = bpnn__engine_bad_parameters(trainer->engine);
    trainer->bad_batch = batch;
    trainer->bad_layer = layer;
    if (batch == 0)
        return bpnn__fail(
            error, BPNN_DIVERGED,
            "update %llu: loss or gradient not finite (first layer whose outputs are not: %zu, 0 = none); "
            "nothing was updated",
            (unsigned long long)trainer->updates + 1, layer);
    return bpnn__fail(error, BPNN_DIVERGED,
                      "epoch %zu, batch %zu: loss or gradient not finite (first layer whose outputs are not: %zu, "
                      "0 = none); take a smaller rate",
                      trainer->epoch, batch, layer);
}

/* Methods that look at the objective first: gradient, then the update. */
static bool step_with_loss(bpnn_trainer *trainer, const bpnn__batch *batch, double *loss)
{
    bpnn__engine_gradient(trainer->engine, batch, loss, NULL);
    double objective = *loss + bpnn__trainer_penalty(trainer);
    if (!isfinite(objective))
        return false;
    bpnn__update update = make_update(trainer, objective);
    if (!bpnn__engine_apply(trainer->engine, &update))
        return false;
    trainer->previous_loss = objective;
    return true;
}

static bool step_fused(bpnn_trainer *trainer, const bpnn__batch *batch, double *loss)
{
    bpnn__update update = make_update(trainer, (double)NAN);
    bpnn__engine_step(trainer->engine, batch, &update, loss);
    return isfinite(*loss);
}

/* False: the loss or the gradient's norm was not finite, and nothing has changed. */
static bool plain_step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss)
{
    bpnn__batch batch = batch_of(trainer, rows, count);
    double kept[BPNN__MEMORY];
    memcpy(kept, trainer->memory, sizeof kept);
    bool done =
        trainer->settled.method->needs_loss ? step_with_loss(trainer, &batch, loss) : step_fused(trainer, &batch, loss);
    if (done)
        trainer->updates++;
    else
        memcpy(trainer->memory, kept, sizeof kept);
    return done;
}

/* One step. Schedule adaptive: where F has risen too far the parameters are those of before and the method begins anew. */
static bool step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss)
{
    if (!trainer->kept)
        return plain_step(trainer, rows, count, loss);
    bpnn__batch batch = batch_of(trainer, rows, count);
    double before = bpnn__trainer_penalty(trainer), after;
    bpnn__engine_store(trainer->engine, trainer->kept);
    if (!plain_step(trainer, rows, count, loss))
        return false;
    bpnn__engine_evaluate(trainer->engine, &batch, &after, NULL);
    before += *loss;
    after += bpnn__trainer_penalty(trainer);
    if (!bpnn__schedule_judge(&trainer->settled.schedule, trainer->updates - 1, before, after)) {
        bpnn__engine_load(trainer->engine, trainer->kept);
        begin_state(trainer);
    }
    return true;
}

/* ---- many short steps in one call ---- */

enum { MANY = 32 };

/* Steps that go into one call: several where a step is a matter of microseconds and nobody looks at every batch. */
static size_t steps_at_once(const bpnn_trainer *trainer)
{
    double work = (double)trainer->settled.batch * (double)bpnn_net_parameter_count(trainer->shape);
    bool looks = trainer->options.on_batch || trainer->settled.method->needs_loss || trainer->kept;
    return looks || work > 1e5 ? 1 : MANY;
}

/* The same update for every step from here on. */
static bool is_steady(const bpnn_trainer *trainer)
{
    const bpnn__schedule *schedule = &trainer->settled.schedule;
    return trainer->settled.method->steady && schedule->kind == BPNN_SCHEDULE_CONSTANT &&
           trainer->updates >= schedule->warmup * schedule->batches;
}

/* The updates of the next `count` steps; the method's memory goes on with them. */
static void make_updates(bpnn_trainer *trainer, size_t count, bpnn__update *updates)
{
    for (size_t i = 0; i < count; i++, trainer->updates++)
        updates[i] = make_update(trainer, (double)NAN);
}

/* `steps` (1 to MANY) steps of `count` rows each; returns how many were done before one that was not finite. */
static size_t step_many(bpnn_trainer *trainer, const size_t *rows, size_t count, size_t steps, double *losses)
{
    bpnn__update updates[MANY];
    bpnn__batch batch = batch_of(trainer, rows, count);
    double kept[BPNN__MEMORY];
    uint64_t before = trainer->updates;
    bool same = is_steady(trainer);
    memcpy(kept, trainer->memory, sizeof kept);
    updates[0] = make_update(trainer, (double)NAN);
    trainer->updates++;
    make_updates(trainer, same ? 0 : steps - 1, updates + 1);
    size_t done = bpnn__engine_steps(trainer->engine, &batch, updates, same, steps, losses);
    if (done < steps) {
        memcpy(trainer->memory, kept, sizeof kept);
        trainer->updates = before;
        make_updates(trainer, done, updates);
    }
    trainer->updates = before + done;
    return done;
}

bpnn_status bpnn_trainer_step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss, bpnn_error *error)
{
    double here;
    bpnn_status status = check_rows(trainer, rows, count, error);
    if (status != BPNN_OK)
        return status;
    uint64_t mode = bpnn__fpmode_enter();
    if (!step(trainer, rows, count, loss ? loss : &here))
        status = diverged(trainer, 0, error);
    bpnn__fpmode_leave(mode);
    return status;
}

bpnn_status bpnn_trainer_gradient(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss,
                                  double *gradient, bpnn_error *error)
{
    bpnn_status status = check_rows(trainer, rows, count, error);
    if (status != BPNN_OK)
        return status;
    if (!bpnn__engine_stores_gradient(trainer->engine))
        return bpnn__fail(error, BPNN_USAGE,
                          "this trainer keeps no gradient: make it with option batch 0 (steps may have any size then)");
    bpnn__batch batch = batch_of(trainer, rows, count);
    double here;
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__engine_gradient(trainer->engine, &batch, loss ? loss : &here, NULL);
    if (gradient)
        bpnn__engine_read_gradient(trainer->engine, gradient);
    bpnn__fpmode_leave(mode);
    return BPNN_OK;
}

/* ---- an epoch ---- */

/* The order of an epoch is a function of (seed, epoch) alone. */
void bpnn__order_rows(bpnn_trainer *trainer)
{
    size_t rows = trainer->data.inputs.rows;
    if (trainer->settled.shuffle) {
        uint32_t key[2];
        bpnn__random_key(trainer->settled.seed, BPNN__STREAM_SHUFFLE, key);
        bpnn__random_permutation(key, trainer->epoch, trainer->order, rows);
        return;
    }
    for (size_t i = 0; i < rows; i++)
        trainer->order[i] = i;
}

static bool call_on_batch(const bpnn_trainer *trainer, size_t batch, double loss)
{
    bpnn_progress progress = trainer->shown;
    progress.epoch = trainer->epoch;
    progress.epochs = trainer->settled.epochs;
    progress.batch = batch;
    progress.batches = trainer->settled.batches;
    progress.updates = trainer->updates;
    progress.loss = loss;
    progress.rate = trainer->rate;
    progress.seconds = bpnn__now() - trainer->began;
    progress.net = NULL;
    return trainer->options.on_batch(&progress, trainer->options.context);
}

/* After a batch. False: the epoch is to end here. */
static bool go_on(bpnn_trainer *trainer, double loss)
{
    const bpnn_train_options *o = &trainer->options;
    if (trainer->pause && trainer->rows_done < trainer->data.inputs.rows)
        trainer->pause(trainer->pause_context);
    if (o->on_batch && !call_on_batch(trainer, trainer->batches_done, loss))
        trainer->called_off = true;
    if (bpnn__flag_is_set(o->interrupt))
        trainer->interrupted = true;
    if (o->time_limit > 0 && bpnn__now() - trainer->began >= o->time_limit)
        trainer->late = true;
    return !trainer->called_off && !trainer->interrupted && !trainer->late;
}

/* The next epoch, or the one that was broken off. */
static void begin_epoch(bpnn_trainer *trainer)
{
    if (trainer->rows_done == 0) {
        trainer->epoch++;
        bpnn__order_rows(trainer);
    }
    trainer->whole = trainer->called_off = trainer->interrupted = trainer->late = false;
    trainer->bad_batch = trainer->bad_layer = 0;
}

static void end_epoch(bpnn_trainer *trainer)
{
    trainer->rows_done = trainer->batches_done = 0;
    trainer->loss_sum = 0;
}

/* The next steps of an epoch: *count rows each, *steps of them. */
static void next_steps(const bpnn_trainer *trainer, size_t *count, size_t *steps)
{
    size_t left = trainer->data.inputs.rows - trainer->rows_done, most = steps_at_once(trainer);
    *count = left < trainer->settled.batch ? left : trainer->settled.batch;
    *steps = left / *count < most ? left / *count : most;
}

/* False: the step after the last good one was not finite. */
static bool run_steps(bpnn_trainer *trainer, double *last)
{
    bool mean = trainer->shape->reduction == BPNN_REDUCTION_MEAN;
    double here[MANY];
    size_t count, steps;
    next_steps(trainer, &count, &steps);
    const size_t *rows = trainer->order + trainer->rows_done;
    size_t good = steps == 1 ? step(trainer, rows, count, here) : step_many(trainer, rows, count, steps, here);
    for (size_t i = 0; i < good; i++)
        trainer->loss_sum += mean ? here[i] * (double)count : here[i];
    trainer->batches_done += good;
    trainer->rows_done += good * count;
    *last = good > 0 ? here[good - 1] : (double)NAN;
    return good == steps;
}

static bpnn_status run_epoch(bpnn_trainer *trainer, double *loss, bpnn_error *error)
{
    size_t rows = trainer->data.inputs.rows;
    double last;
    bool more = true;
    begin_epoch(trainer);
    while (trainer->rows_done < rows && more) {
        if (!run_steps(trainer, &last)) {
            size_t batch = trainer->batches_done + 1;
            end_epoch(trainer);
            return diverged(trainer, batch, error);
        }
        more = go_on(trainer, last);
    }
    trainer->whole = trainer->rows_done == rows;
    bool mean = trainer->shape->reduction == BPNN_REDUCTION_MEAN;
    *loss = mean ? trainer->loss_sum / (double)trainer->rows_done : trainer->loss_sum;
    if (trainer->whole)
        end_epoch(trainer);
    if (trainer->whole && !trainer->plateau_outside)
        bpnn__schedule_epoch(&trainer->settled.schedule, *loss);
    return BPNN_OK;
}

bpnn_status bpnn_trainer_epoch(bpnn_trainer *trainer, double *loss, bpnn_error *error)
{
    double here;
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = run_epoch(trainer, loss ? loss : &here, error);
    bpnn__fpmode_leave(mode);
    return status;
}

/* ---- looking ---- */

bpnn_status bpnn_trainer_evaluate(bpnn_trainer *trainer, const bpnn_data *data, double *loss, bpnn_error *error)
{
    bpnn__batch batch = {
        .inputs = data->inputs, .targets = data->targets, .row_weights = data->row_weights, .count = data->inputs.rows};
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = bpnn__check_data(trainer->shape, data, error);
    if (status == BPNN_OK)
        status = bpnn__scale_weights(trainer->shape, data, &batch.weight_scale, error);
    if (status == BPNN_OK)
        bpnn__engine_evaluate(trainer->engine, &batch, loss, NULL);
    bpnn__fpmode_leave(mode);
    return status;
}

void bpnn_trainer_get(const bpnn_trainer *trainer, bpnn_net *net)
{
    bpnn__engine_store(trainer->engine, net);
}

void bpnn_trainer_set(bpnn_trainer *trainer, const bpnn_net *net)
{
    bpnn__engine_load(trainer->engine, net);
}
