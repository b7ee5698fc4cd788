/* From a table to a model: plan, schema, network, training, metrics. */
#include "model/fit.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/checkpoint.h"
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what the model keeps of its training ---- */

/* JSON readers keep integers in 64 bits with a sign. */
static size_t storable(size_t x)
{
    return x > (size_t)INT64_MAX ? (size_t)INT64_MAX : x;
}

static bpnn_status keep_options(bpnn__fitting *f)
{
    bpnn__training *t = &f->model->training;
    const bpnn_method_info *info = &f->settled.method->info;
    t->options = bpnn__alloc(info->option_count, sizeof *t->options);
    if (!t->options)
        return bpnn__fail_memory(f->error);
    for (; t->option_count < info->option_count; t->option_count++) {
        t->options[t->option_count].name = bpnn__copy_text(info->options[t->option_count].name);
        t->options[t->option_count].value = f->settled.option[t->option_count];
        if (!t->options[t->option_count].name)
            return bpnn__fail_memory(f->error);
    }
    return BPNN_OK;
}

static bpnn_status keep_training(bpnn__fitting *f)
{
    bpnn__training *t = &f->model->training;
    const bpnn__settled *s = &f->settled;
    const bpnn_method_info *info = &s->method->info;
    *t = (bpnn__training){.rate = isnan(info->rate) ? (double)NAN : s->rate,
                          .momentum = isnan(info->momentum) ? (double)NAN : s->momentum,
                          .l1 = s->l1,
                          .l2 = s->l2,
                          .dropout = s->dropout,
                          .clip = s->clip,
                          .min_delta = f->train.min_delta,
                          .target_loss = f->train.target_loss,
                          .batch = s->batch,
                          .epochs = storable(s->epochs),
                          .warmup = storable(s->schedule.warmup),
                          .patience = storable(f->train.patience),
                          .shuffle = s->shuffle,
                          .schedule = s->schedule.kind,
                          .factor = s->schedule.factor,
                          .every = s->schedule.every,
                          .wait = s->schedule.wait,
                          .gain = s->schedule.gain,
                          .least = s->schedule.least,
                          .init = f->init,
                          .init_parameter = f->options->init_parameter};
    f->model->summary.method = info->name;
    f->model->summary.seed = f->train.seed;
    f->model->arithmetic = BPNN_ARITHMETIC;
    f->model->library = bpnn__copy_text(BPNN_VERSION_TEXT);
    return f->model->library ? keep_options(f) : bpnn__fail_memory(f->error);
}

/* What br found: how many parameters the data determine, and the noise in the target's own unit. */
static void note_evidence(bpnn__fitting *f, const bpnn_train_result *result)
{
    const bpnn__schema *schema = &f->model->schema;
    bpnn__notes *notes = &f->model->notes;
    double P = (double)bpnn_net_parameter_count(f->model->net);
    if (isnan(result->effective))
        return;
    if (isnan(result->noise) || schema->target_count != 1)
        bpnn__notes_add(notes, false, "br: the data determine %g of %g parameters; log evidence %g", result->effective,
                        P, result->log_evidence);
    else
        bpnn__notes_add(
            notes, false,
            "br: the data determine %g of %g parameters; noise sd %g in units of the target; log evidence %g",
            result->effective, P, result->noise * schema->target_scale[0], result->log_evidence);
    if (result->effective > 0.95 * P)
        bpnn__notes_add(notes, true, "br uses nearly all parameters: too few rows for these units; try --hidden 5");
}

/* Four digits. */
static void add_short(bpnn__text *text, double value)
{
    bpnn_error line;
    bpnn__fail(&line, BPNN_OK, "%.4g", value);
    bpnn__text_add(text, line.text);
}

/* What l2 auto took, and the table of what it tried. */
static void note_penalty(bpnn__fitting *f, const bpnn_train_result *result)
{
    bpnn__text tried = {0};
    bpnn__notes *notes = &f->model->notes;
    bool late = result->epochs == 0 && result->stop == BPNN_STOP_TIME;
    if (result->penalty_count == 0)
        return;
    for (size_t i = 0; i < result->penalty_count; i++) {
        bpnn__text_add(&tried, i ? ", " : "");
        bpnn__text_add_double(&tried, result->penalty[i].c);
        bpnn__text_add(&tried, ": ");
        add_short(&tried, result->penalty[i].loss);
    }
    bpnn__notes_add(notes, false, "l2 auto: took %g; losses of the rows held out by c: %s", result->l2,
                    tried.failed ? "" : tried.data);
    if (late)
        bpnn__notes_add(notes, true,
                        "the time limit ended the choice of l2: the model is the best fit of a part of the rows");
    bpnn__text_free(&tried);
}

void bpnn__fit_outcome(bpnn__fitting *f, const bpnn_train_result *result)
{
    bpnn_summary *s = &f->model->summary;
    f->model->training.l2 = result->l2;
    s->result = *result;
    s->stop = result->stop;
    s->epochs = result->epochs;
    s->best_epoch = result->best_epoch;
    s->updates = result->updates;
    s->seconds = result->seconds;
    s->rows_train = f->part[BPNN__TRAIN].count;
    s->rows_validation = f->part[BPNN__VALIDATION].count;
    s->rows_test = f->part[BPNN__TEST].count;
}

void bpnn__fit_result(bpnn__fitting *f, const bpnn_train_result *result)
{
    bpnn__fit_outcome(f, result);
    note_evidence(f, result);
    note_penalty(f, result);
    if (result->stop == BPNN_STOP_DIVERGED)
        bpnn__notes_add(&f->model->notes, true, "training diverged in epoch %zu; %s", result->diverged_epoch,
                        result->advice);
}

/* ---- stages ---- */

/* Said before hours of training, not after: names that no file takes, a description that is too long. */
bpnn_status bpnn__warn_unsavable(bpnn_model *model, bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_error why;
    bpnn__model_link(model);
    bpnn_status status = bpnn_model_write(model, &bytes, &size, &why);
    bpnn__free(bytes);
    if (status == BPNN_MEMORY)
        return bpnn__fail_memory(error);
    if (status != BPNN_OK)
        bpnn__notes_add(&model->notes, true, "this model cannot be saved: %s", why.text);
    return BPNN_OK;
}

bpnn_status bpnn__fit_plan(bpnn__fitting *f)
{
    if (!f->method)
        bpnn__choose_method(f);
    return bpnn__plan_make_member(&f->plan, f->table, f->options, bpnn__wants_validation(f), f->seed, &f->model->notes,
                                  f->error);
}

/* Everything else that can be said before numbers are made. */
bpnn_status bpnn__fit_shape(bpnn__fitting *f)
{
    const bpnn_fit_options *o = f->options;
    bpnn__notes *notes = &f->model->notes;
    bpnn_status status = bpnn__choose_loss(f);
    if (status == BPNN_OK && f->base)
        status = bpnn__take_schema(f);
    else if (status == BPNN_OK)
        status =
            bpnn__schema_fit(&f->model->schema, f->table, &f->plan, o, f->loss.kind, f->output.kind, notes, f->error);
    if (status == BPNN_OK)
        status = bpnn__choose_net(f);
    if (status == BPNN_OK)
        status = bpnn__choose_training(f);
    if (status == BPNN_OK)
        status = keep_training(f);
    if (status == BPNN_OK)
        status = bpnn__find_parts(f);
    return status == BPNN_OK ? bpnn__check_same_run(f) : status;
}

bpnn_status bpnn__fit_initialise(const bpnn__fitting *f, const bpnn__encoded *training, bpnn_net *net, uint64_t seed,
                                 bpnn_error *error)
{
    double *ranges = NULL;
    if (f->base) {
        bpnn__take_parameters(f, net);
        return BPNN_OK;
    }
    if (f->init == BPNN_INIT_NGUYEN_WIDROW) {
        ranges = bpnn__input_ranges(training);
        if (!ranges)
            return bpnn__fail_memory(error);
    }
    bpnn_status status = bpnn_net_initialise(net, f->init, f->options->init_parameter, seed, ranges,
                                             ranges ? ranges + f->model->schema.width : NULL, error);
    bpnn__free(ranges);
    return status;
}

bpnn_status bpnn__fit_encode(bpnn__fitting *f, bpnn__encoded *training, bpnn__encoded *validation)
{
    bpnn_status status = bpnn__encode_part(f, BPNN__TRAIN, training);
    if (status == BPNN_OK && f->part[BPNN__VALIDATION].count > 0)
        status = bpnn__encode_part(f, BPNN__VALIDATION, validation);
    if (status == BPNN_OK)
        f->model->training.fingerprint = bpnn__fingerprint(training);
    return status;
}

/* One start, with all threads. */
static bpnn_status train_alone(bpnn__fitting *f)
{
    bpnn__encoded training = {0}, validation = {0};
    bpnn_train_result result;
    bpnn__recorder recorder;
    bpnn_train_options options = f->train;
    bool validates = f->part[BPNN__VALIDATION].count > 0;
    bpnn__recorder_begin(&recorder, f->options->resume, f->model, &options);
    bpnn_status status = bpnn__fit_encode(f, &training, &validation);
    if (status == BPNN_OK)
        status =
            bpnn__check_same_data(f, f->model->training.fingerprint, validates ? bpnn__fingerprint(&validation) : 0);
    if (status == BPNN_OK)
        status = bpnn__fit_initialise(f, &training, f->model->net, f->seed, f->error);
    bpnn__set_hooks(f);
    if (status == BPNN_OK)
        status = bpnn__train(f->model->net, &training.data, validates ? &validation.data : NULL, &options, &f->hooks,
                             &result, f->error);
    if (status == BPNN_OK && recorder.failed)
        status = bpnn__fail_memory(f->error);
    if (status == BPNN_OK)
        bpnn__fit_result(f, &result);
    bpnn__encoded_free(&training);
    bpnn__encoded_free(&validation);
    return status;
}

static bpnn_status train(bpnn__fitting *f)
{
    bpnn_stop stop;
    if (f->options->restarts < 2)
        return train_alone(f);
    bpnn_status status = bpnn__train_starts(f, 1, &stop);
    if (status == BPNN_OK && stop != BPNN_STOP_NONE)
        f->model->summary.stop = f->model->summary.result.stop = stop;
    return status;
}

static bpnn_status measure(bpnn__fitting *f)
{
    bpnn_model *model = f->model;
    bpnn_status status = BPNN_OK;
    for (int i = 0; i < BPNN__PARTS && status == BPNN_OK; i++) {
        const bpnn__rows *part = &f->part[i];
        if (part->count == 0)
            continue;
        model->metrics[i] = bpnn__alloc(model->schema.target_count, sizeof *model->metrics[i]);
        if (!model->metrics[i])
            return bpnn__fail_memory(f->error);
        bpnn__measured what = {
            .table = part->table, .mapping = part->mapping, .rows = part->rows, .count = part->count};
        status = bpnn__evaluate_rows(model, &what, f->train.threads, f->train.isa, model->metrics[i], f->error);
    }
    return status;
}

/* Without validation rows nothing but the metrics sees what the last update has done. */
static void judge_end(bpnn__fitting *f)
{
    bpnn_train_result result = f->model->summary.result;
    bool finite = true;
    for (size_t k = 0; k < f->model->schema.target_count; k++)
        finite = finite && isfinite(f->model->metrics[BPNN__TRAIN][k].loss);
    if (finite || result.stop == BPNN_STOP_DIVERGED)
        return;
    result.stop = BPNN_STOP_DIVERGED;
    result.diverged_epoch = result.epochs;
    snprintf(result.advice, sizeof result.advice, "the loss after the last update is not finite: take a smaller rate");
    bpnn__fit_result(f, &result);
}

bpnn_status bpnn__fit_measure(bpnn__fitting *f)
{
    bpnn_status status = measure(f);
    if (status == BPNN_OK)
        judge_end(f);
    return status;
}

static bpnn_status fit(bpnn__fitting *f)
{
    bpnn_status status = bpnn__fit_plan(f);
    if (status == BPNN_OK)
        status = bpnn__fit_shape(f);
    if (status == BPNN_OK)
        status = bpnn__warn_unsavable(f->model, f->error);
    if (status == BPNN_OK && f->options->on_resolved)
        status = bpnn__tell_resolved(f);
    if (status == BPNN_OK)
        status = train(f);
    if (status == BPNN_OK)
        status = bpnn__fit_measure(f);
    if (status == BPNN_OK)
        status = bpnn_predictor_new(&f->model->predictor, f->model->net, NULL, f->error);
    return status;
}

void bpnn__free_fitting(bpnn__fitting *f)
{
    for (int i = 0; i < BPNN__PARTS; i++) {
        bpnn__mapping_free(&f->part[i].own);
        bpnn__free(f->part[i].picked);
    }
    bpnn__mapping_free(&f->mapping);
    bpnn__plan_free(&f->plan);
    bpnn_model_free(f->copy);
    bpnn__free(f->start_target);
    bpnn__free(f->start_hidden);
}

bpnn_status bpnn_fit(bpnn_model **out, const bpnn_table *table, const bpnn_fit_options *options, bpnn_error *error)
{
    *out = NULL;
    bpnn_status status = bpnn__check_fit_options(options, error);
    if (status != BPNN_OK)
        return status;
    bpnn__fitting f = {
        .options = options, .asked = options, .table = table, .error = error, .seed = options->train.seed};
    f.model = bpnn__alloc(1, sizeof *f.model);
    if (!f.model)
        return bpnn__fail_memory(error);
    f.model->notes.message = options->message;
    f.model->notes.context = options->message_context;
    f.base = options->resume ? options->resume->model : options->init_from;
    bpnn_fit_options filled;
    uint64_t mode = bpnn__fpmode_enter();
    if (options->init_from && !options->resume)
        status = bpnn__start_options(&f, &filled);
    if (status == BPNN_OK)
        status = options->ensemble > 1 ? bpnn__fit_ensemble(&f) : fit(&f);
    bpnn__fpmode_leave(mode);
    bpnn__free_fitting(&f);
    if (status != BPNN_OK) {
        bpnn_model_free(f.model);
        return status;
    }
    f.model->notes.message = NULL;
    bpnn__model_link(f.model);
    *out = f.model;
    return BPNN_OK;
}
