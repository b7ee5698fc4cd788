/* One trainer: an engine with a method, and the rows in their order. */
#include "train/trainer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <math.h>
#include <string.h>

/* ---- making ---- */

/* 1, or what makes the mean of the row weights 1 (reduction mean); summed in groups, in row order. */
static bpnn_status scale_weights(bpnn_trainer *trainer, bpnn_error *error)
{
    const double *weight = trainer->data.row_weights;
    size_t rows = trainer->data.inputs.rows, group = trainer->shape->group_rows;
    trainer->weight_scale = 1;
    if (!weight)
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
    if (trainer->shape->reduction == BPNN_REDUCTION_MEAN)
        trainer->weight_scale = (double)rows / sum;
    return BPNN_OK;
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
    memcpy(trainer->memory, s->method->memory_start, sizeof trainer->memory);
    for (size_t k = 0; s->method->state_start && k < options.state_count; k++)
        bpnn__engine_fill_state(trainer->engine, k, s->method->state_start(k, s->option));
    return BPNN_OK;
}

static bpnn_status fill(bpnn_trainer *trainer, const bpnn_net *net, const bpnn_data *training,
                        const bpnn_train_options *options, bpnn_error *error)
{
    bpnn_status status = bpnn__check_data(net, training, error);
    if (status == BPNN_OK)
        status = bpnn__settle(&trainer->settled, net, options, training->inputs.rows, error);
    if (status == BPNN_OK)
        status = bpnn__net_shape(&trainer->shape, net, error);
    if (status != BPNN_OK)
        return status;
    trainer->options = *options;
    trainer->data = *training;
    trainer->previous_loss = NAN;
    status = scale_weights(trainer, error);
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
    bpnn_status status = fill(trainer, net, training, options, error);
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
    bpnn__update update = {.function = trainer->update, .clip = s->clip, .shrink = now.rate * s->l1};
    s->method->prepare(&now, update.constants);
    if (s->method->decoupled)
        update.decay = now.rate * s->l2;
    else
        update.l2 = s->l2;
    trainer->rate = now.rate;
    return update;
}

static bpnn_status diverged(bpnn_trainer *trainer, bpnn_error *error)
{
    trainer->bad_layer = bpnn__engine_bad_outputs(trainer->engine);
    if (trainer->bad_layer == 0)
        trainer->bad_layer = bpnn__engine_bad_parameters(trainer->engine);
    return bpnn__fail(error, BPNN_DIVERGED, "the loss is not finite (update %llu, layer %zu); take a smaller rate",
                      (unsigned long long)trainer->updates + 1, trainer->bad_layer);
}

/* Methods that look at the objective first: gradient, then the update. */
static bool step_with_loss(bpnn_trainer *trainer, const bpnn__batch *batch, double *loss)
{
    bpnn__engine_gradient(trainer->engine, batch, loss, NULL);
    double objective = *loss + bpnn__trainer_penalty(trainer);
    if (!isfinite(objective))
        return false;
    bpnn__update update = make_update(trainer, objective);
    trainer->previous_loss = objective;
    return bpnn__engine_apply(trainer->engine, &update);
}

static bool step_fused(bpnn_trainer *trainer, const bpnn__batch *batch, double *loss)
{
    double kept[BPNN__MEMORY];
    memcpy(kept, trainer->memory, sizeof kept);
    bpnn__update update = make_update(trainer, NAN);
    bpnn__engine_step(trainer->engine, batch, &update, loss);
    if (isfinite(*loss))
        return true;
    memcpy(trainer->memory, kept, sizeof kept);
    return false;
}

static bpnn_status step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss, bpnn_error *error)
{
    bpnn__batch batch = batch_of(trainer, rows, count);
    bool done =
        trainer->settled.method->needs_loss ? step_with_loss(trainer, &batch, loss) : step_fused(trainer, &batch, loss);
    if (!done)
        return diverged(trainer, error);
    trainer->updates++;
    return BPNN_OK;
}

bpnn_status bpnn_trainer_step(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss, bpnn_error *error)
{
    double here;
    bpnn_status status = check_rows(trainer, rows, count, error);
    return status == BPNN_OK ? step(trainer, rows, count, loss ? loss : &here, error) : status;
}

bpnn_status bpnn_trainer_gradient(bpnn_trainer *trainer, const size_t *rows, size_t count, double *loss,
                                  double *gradient, bpnn_error *error)
{
    bpnn_status status = check_rows(trainer, rows, count, error);
    if (status != BPNN_OK)
        return status;
    if (!bpnn__engine_stores_gradient(trainer->engine))
        return bpnn__fail(error, BPNN_USAGE, "gradients are kept only by a trainer with option batch 0");
    bpnn__batch batch = batch_of(trainer, rows, count);
    double here;
    bpnn__engine_gradient(trainer->engine, &batch, &here, NULL);
    if (loss)
        *loss = here;
    if (gradient)
        bpnn__engine_read_gradient(trainer->engine, gradient);
    return BPNN_OK;
}

/* ---- an epoch ---- */

/* The order of an epoch is a function of (seed, epoch) alone. */
static void order_rows(bpnn_trainer *trainer)
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

/* False: the run is to end after this batch. */
static bool tell_batch(bpnn_trainer *trainer, size_t batch, double loss)
{
    const bpnn_train_options *o = &trainer->options;
    if (o->interrupt && *o->interrupt) {
        trainer->interrupted = true;
        return false;
    }
    if (!o->on_batch)
        return true;
    bpnn_progress progress = {.epoch = trainer->epoch,
                              .epochs = trainer->settled.epochs,
                              .batch = batch,
                              .batches = trainer->settled.batches,
                              .updates = trainer->updates,
                              .loss = loss,
                              .validation_loss = NAN,
                              .best_validation_loss = NAN,
                              .rate = trainer->rate,
                              .seconds = NAN,
                              .rows_per_second = NAN};
    return o->on_batch(&progress, o->context);
}

bpnn_status bpnn_trainer_epoch(bpnn_trainer *trainer, double *loss, bpnn_error *error)
{
    size_t rows = trainer->data.inputs.rows, done = 0;
    double sum = 0;
    bool mean = trainer->shape->reduction == BPNN_REDUCTION_MEAN;
    trainer->epoch++;
    trainer->stopped = false;
    trainer->bad_batch = trainer->bad_layer = 0;
    order_rows(trainer);
    for (size_t batch = 1; done < rows && !trainer->stopped; batch++) {
        size_t count = rows - done < trainer->settled.batch ? rows - done : trainer->settled.batch;
        double here;
        bpnn_status status = step(trainer, trainer->order + done, count, &here, error);
        if (status != BPNN_OK) {
            trainer->bad_batch = batch;
            return status;
        }
        sum += mean ? here * (double)count : here;
        done += count;
        trainer->stopped = !tell_batch(trainer, batch, here);
    }
    if (loss)
        *loss = mean ? sum / (double)done : sum;
    return BPNN_OK;
}

/* ---- looking ---- */

bpnn_status bpnn_trainer_evaluate(bpnn_trainer *trainer, const bpnn_data *data, double *loss, bpnn_error *error)
{
    bpnn_status status = bpnn__check_data(trainer->shape, data, error);
    if (status != BPNN_OK)
        return status;
    bpnn__batch batch = {.inputs = data->inputs,
                         .targets = data->targets,
                         .row_weights = data->row_weights,
                         .weight_scale = 1,
                         .count = data->inputs.rows};
    bpnn__engine_evaluate(trainer->engine, &batch, loss, NULL);
    return BPNN_OK;
}

void bpnn_trainer_get(const bpnn_trainer *trainer, bpnn_net *net)
{
    bpnn__engine_store(trainer->engine, net);
}

void bpnn_trainer_set(bpnn_trainer *trainer, const bpnn_net *net)
{
    bpnn__engine_load(trainer->engine, net);
}
