/* Runs that go on: is this the same run, and where its checkpoints go. Models that training starts from. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/checkpoint.h"
#include "model/fit.h"
#include "net/net.h"
#include "train/keeper.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- writing ---- */

static void warn_unwritten(bpnn__fitting *f, const char *why)
{
    if (!f->checkpoint_failed)
        bpnn__notes_add(&f->model->notes, true, "no checkpoint was written: %s; training goes on", why);
    f->checkpoint_failed = true;
}

static bpnn_status write_checkpoint(bpnn__fitting *f, const bpnn__record *record, bpnn_error *error)
{
    void *bytes;
    size_t size;
    f->run.note = (char *)(uintptr_t)f->asked->checkpoint_note;
    f->model->run = &f->run;
    bpnn__model_link(f->model);
    bpnn_status status = bpnn__write(f->model, record, &bytes, &size, error);
    f->model->run = NULL;
    if (status == BPNN_OK)
        status = bpnn__replace_file_keeping(f->options->checkpoint, bytes, size, error);
    bpnn__free(bytes);
    return status;
}

/* A hook: the summary so far, and the file. */
static void save(bpnn__record *record, bpnn_status status, const bpnn_train_result *result, void *context)
{
    bpnn__fitting *f = context;
    bpnn_error error, why;
    char text[sizeof why.file + sizeof why.text + 64];
    bpnn_train_result so_far = *result;
    if (!record) {
        warn_unwritten(f, status == BPNN_MEMORY ? "out of memory" : "there are numbers that are not finite");
        return;
    }
    so_far.stop = bpnn__is_final(result->stop) ? result->stop : BPNN_STOP_NONE;
    so_far.best_validation_loss = (double)NAN; /* the arrays have it */
    bpnn__fit_outcome(f, &so_far);
    if (write_checkpoint(f, record, &error) != BPNN_OK) {
        warn_unwritten(f, bpnn_error_message(&error, text, sizeof text));
        return;
    }
    f->checkpoint_failed = false;
    f->model->summary.checkpoint = f->options->checkpoint;
}

void bpnn__set_hooks(bpnn__fitting *f)
{
    const bpnn_fit_options *o = f->options;
    f->hooks = (bpnn__hooks){.epochs = o->checkpoint_epochs,
                             .seconds = o->checkpoint_seconds,
                             .at_end = o->checkpoint_epochs > 0 || o->checkpoint_seconds > 0,
                             .save = o->checkpoint ? save : NULL,
                             .context = f,
                             .resume = o->resume ? &o->resume->record : NULL,
                             .lenient = o->resume_anyway};
}

/* ---- is it the same run? ---- */

/* Fails, or warns where that is wanted: "the run had WHAT there, here" */
static bpnn_status differ(bpnn__fitting *f, bpnn_status status, const char *what)
{
    if (f->options->resume_anyway) {
        bpnn__notes_add(&f->model->notes, true, "this is not the run of the checkpoint: %s", what);
        return BPNN_OK;
    }
    return bpnn__fail(f->error, status,
                      "this is not the run of the checkpoint: %s (resume anyway: --resume-anyway, another result)",
                      what);
}

static bpnn_status differ_in(bpnn__fitting *f, bpnn_status status, const char *what, const char *there,
                             const char *here)
{
    bpnn_error text;
    bpnn__fail(&text, BPNN_OK, "%s %s there, %s here", what, there, here);
    return differ(f, status, text.text);
}

static bpnn_status differ_in_number(bpnn__fitting *f, bpnn_status status, const char *what, double there, double here)
{
    bpnn_error text;
    if ((isnan(there) && isnan(here)) || there == here)
        return BPNN_OK;
    bpnn__fail(&text, BPNN_OK, "%s is %.9g there, %.9g here", what, there, here);
    return differ(f, status, text.text);
}

#define NUMBER(name, field)                                                                                            \
    {                                                                                                                  \
        name, offsetof(bpnn__training, field), 0                                                                       \
    }
#define COUNT(name, field)                                                                                             \
    {                                                                                                                  \
        name, offsetof(bpnn__training, field), 1                                                                       \
    }

/* What the training summary has of a run's options; not the epochs, which may be others. */
static const struct {
    const char *name;
    size_t offset;
    bool count;
} fields[] = {NUMBER("rate", rate),
              NUMBER("momentum", momentum),
              NUMBER("l1", l1),
              NUMBER("l2", l2),
              NUMBER("dropout", dropout),
              NUMBER("clip", clip),
              NUMBER("min-delta", min_delta),
              NUMBER("target-loss", target_loss),
              NUMBER("schedule's factor", factor),
              NUMBER("schedule's every or share", every),
              NUMBER("schedule's wait", wait),
              NUMBER("schedule's gain", gain),
              NUMBER("schedule's least", least),
              NUMBER("init's parameter", init_parameter),
              COUNT("batch", batch),
              COUNT("warmup", warmup),
              COUNT("patience", patience)};

static bpnn_status same_fields(bpnn__fitting *f, const bpnn__training *there, const bpnn__training *here)
{
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && status == BPNN_OK; i++) {
        const char *a = (const char *)there + fields[i].offset, *b = (const char *)here + fields[i].offset;
        double x = fields[i].count ? (double)*(const size_t *)(const void *)a : *(const double *)(const void *)a;
        double y = fields[i].count ? (double)*(const size_t *)(const void *)b : *(const double *)(const void *)b;
        if (fields[i].offset != offsetof(bpnn__training, l2) || !f->l2_auto)
            status = differ_in_number(f, BPNN_USAGE, fields[i].name, x, y);
    }
    return status;
}

static bpnn_status same_options(bpnn__fitting *f, const bpnn__training *there, const bpnn__training *here)
{
    if (there->schedule != here->schedule) /* before its numbers, which differ too */
        return differ_in(f, BPNN_USAGE, "schedule is", bpnn_schedule_name(there->schedule),
                         bpnn_schedule_name(here->schedule));
    bpnn_status status = same_fields(f, there, here);
    if (status == BPNN_OK && there->shuffle != here->shuffle)
        status = differ_in(f, BPNN_USAGE, "shuffle is", there->shuffle ? "yes" : "no", here->shuffle ? "yes" : "no");
    if (status == BPNN_OK && there->init != here->init)
        status = differ_in(f, BPNN_USAGE, "init is", bpnn_word(BPNN_WORDS_INIT, (int)there->init),
                           bpnn_word(BPNN_WORDS_INIT, (int)here->init));
    if (status == BPNN_OK && there->option_count != here->option_count)
        status = differ(f, BPNN_USAGE, "the method had other options");
    for (size_t i = 0; i < there->option_count && i < here->option_count && status == BPNN_OK; i++)
        if (strcmp(there->options[i].name, here->options[i].name) != 0)
            status = differ_in(f, BPNN_USAGE, "an option is", there->options[i].name, here->options[i].name);
        else
            status = differ_in_number(f, BPNN_USAGE, there->options[i].name, there->options[i].value,
                                      here->options[i].value);
    return status;
}

/* ---- networks: the same shape, whatever the parameters ---- */

static const char *origin(const bpnn__fitting *f)
{
    return f->options->resume ? "checkpoint" : "model";
}

static bpnn_status other_net(bpnn__fitting *f, const char *what, const char *there, const char *here)
{
    return bpnn__fail(f->error, BPNN_USAGE, "another network: %s %s in the %s, %s here", what, there, origin(f), here);
}

static bpnn_status same_word(bpnn__fitting *f, const char *what, bpnn_vocabulary words, int there, int here)
{
    return there == here ? BPNN_OK : other_net(f, what, bpnn_word(words, there), bpnn_word(words, here));
}

static bpnn_status same_layer(bpnn__fitting *f, const bpnn_layer *there, const bpnn_layer *here, size_t m)
{
    char a[64], b[64];
    bpnn_error what;
    bpnn__fail(&what, BPNN_OK, "layer %zu is", m);
    bpnn__activation_print(&there->activation, a, sizeof a);
    bpnn__activation_print(&here->activation, b, sizeof b);
    if (a[0] == '\0' || b[0] == '\0') /* they found no memory */
        return bpnn__fail_memory(f->error);
    if (strcmp(a, b) != 0)
        return other_net(f, what.text, a, b);
    bpnn_status status = same_word(f, "bias is", BPNN_WORDS_BIAS, (int)there->bias, (int)here->bias);
    if (status != BPNN_OK || there->size == here->size)
        return status;
    return bpnn__fail(f->error, BPNN_USAGE, "another network: layer %zu has %zu units in the %s, %zu here", m,
                      there->size, origin(f), here->size);
}

static bpnn_status same_net(bpnn__fitting *f, const bpnn_net *there, const bpnn_net *here)
{
    if (there->depth != here->depth)
        return bpnn__fail(f->error, BPNN_USAGE, "another network: %zu layers in the %s, %zu here", there->depth,
                          origin(f), here->depth);
    bpnn_status status = BPNN_OK;
    for (size_t m = 1; m <= there->depth && status == BPNN_OK; m++)
        status = same_layer(f, &there->layers[m - 1], &here->layers[m - 1], m);
    if (status == BPNN_OK)
        status = same_word(f, "precision is", BPNN_WORDS_PRECISION, (int)there->precision, (int)here->precision);
    if (status == BPNN_OK)
        status = same_word(f, "loss is", BPNN_WORDS_LOSS, (int)there->loss.kind, (int)here->loss.kind);
    if (status == BPNN_OK)
        status = same_word(f, "reduction is", BPNN_WORDS_REDUCTION, (int)there->reduction, (int)here->reduction);
    if (status == BPNN_OK && there->inputs != here->inputs)
        status = bpnn__fail(f->error, BPNN_USAGE, "another network: %zu inputs there, %zu here", there->inputs,
                            here->inputs);
    if (status != BPNN_OK || !f->options->resume)
        return status;
    status = differ_in_number(f, BPNN_USAGE, "the loss's parameter", there->loss.parameter, here->loss.parameter);
    return status == BPNN_OK
               ? differ_in_number(f, BPNN_USAGE, "group-rows", (double)there->group_rows, (double)here->group_rows)
               : status;
}

/* ---- columns ---- */

static bpnn_status same_scaling(bpnn__fitting *f, const bpnn__schema *there)
{
    const bpnn_fit_options *o = f->options;
    bpnn_status status = BPNN_OK;
    if (o->scale != BPNN_SCALE_AUTO && o->scale != there->input_scaling)
        status = differ_in(f, BPNN_USAGE, "scale is", bpnn_scale_name(there->input_scaling), bpnn_scale_name(o->scale));
    if (status == BPNN_OK && there->task == BPNN_TASK_REGRESSION && o->target_scale != BPNN_SCALE_AUTO &&
        o->target_scale != there->target_scaling)
        status = differ_in(f, BPNN_USAGE, "target-scale is", bpnn_scale_name(there->target_scaling),
                           bpnn_scale_name(o->target_scale));
    if (status == BPNN_OK && there->missing != o->missing)
        status =
            differ_in(f, BPNN_USAGE, "missing is", bpnn_missing_name(there->missing), bpnn_missing_name(o->missing));
    return status;
}

/* Features in their order, for a run that goes on. */
static bpnn_status same_features(bpnn__fitting *f, const bpnn__schema *there)
{
    bpnn_status status = differ_in_number(f, BPNN_DATA, "the number of input columns", (double)there->feature_count,
                                          (double)f->plan.feature_count);
    for (size_t i = 0; i < there->feature_count && i < f->plan.feature_count && status == BPNN_OK; i++) {
        const char *name = bpnn_table_column_name(f->table, f->plan.features[i]);
        if (strcmp(there->features[i].name, name) != 0)
            status = differ_in(f, BPNN_DATA, "an input column is", there->features[i].name, name);
        else if (there->features[i].categorical != f->plan.categorical[i])
            status = differ_in(f, BPNN_DATA, name, there->features[i].categorical ? "has categories" : "has numbers",
                               f->plan.categorical[i] ? "categories" : "numbers");
    }
    return status;
}

/* Task, targets and classes must be the model's, whatever else may differ. */
static bpnn_status same_targets(bpnn__fitting *f, const bpnn__schema *there)
{
    const bpnn__plan *p = &f->plan;
    if (there->task != p->task)
        return bpnn__fail(f->error, BPNN_DATA, "another task: %s there, %s here (--task says which)",
                          bpnn_task_name(there->task), bpnn_task_name(p->task));
    if (there->target_count != p->target_count)
        return bpnn__fail(f->error, BPNN_DATA, "%zu targets there, %zu here", there->target_count, p->target_count);
    for (size_t k = 0; k < p->target_count; k++) {
        const char *name = bpnn_table_column_name(f->table, p->targets[k]);
        if (strcmp(there->targets[k], name) != 0)
            return bpnn__fail(f->error, BPNN_DATA, "another target: '%s' there, '%s' here", there->targets[k], name);
    }
    for (size_t k = 0; k < p->class_count; k++)
        if (bpnn__schema_class(there, p->classes[k]) == SIZE_MAX)
            return bpnn__fail(f->error, BPNN_DATA, "a class that is not known there: '%s'", p->classes[k]);
    return BPNN_OK;
}

bpnn_status bpnn__take_schema(bpnn__fitting *f)
{
    bpnn_status status = same_targets(f, &f->base->schema);
    if (status == BPNN_OK && f->options->resume)
        status = same_scaling(f, &f->base->schema);
    if (status == BPNN_OK && f->options->resume)
        status = same_features(f, &f->base->schema);
    if (status == BPNN_OK)
        status = bpnn__model_copy(&f->copy, f->base, f->error);
    if (status != BPNN_OK)
        return status;
    f->model->schema = f->copy->schema;
    memset(&f->copy->schema, 0, sizeof f->copy->schema);
    return BPNN_OK;
}

/* ---- the checks in their order ---- */

static bpnn_status same_rows(bpnn__fitting *f, const bpnn_summary *there)
{
    bpnn_status status = differ_in_number(f, BPNN_DATA, "the number of training rows", (double)there->rows_train,
                                          (double)f->part[BPNN__TRAIN].count);
    if (status == BPNN_OK && (there->rows_validation > 0) != (f->part[BPNN__VALIDATION].count > 0))
        return bpnn__fail(f->error, BPNN_DATA, "validation rows are there in one of the two runs alone");
    if (status == BPNN_OK)
        status = differ_in_number(f, BPNN_DATA, "the number of validation rows", (double)there->rows_validation,
                                  (double)f->part[BPNN__VALIDATION].count);
    return status;
}

bpnn_status bpnn__check_same_run(bpnn__fitting *f)
{
    const bpnn_model *there = f->base;
    const bpnn__training *training = &f->model->training;
    if (!f->base)
        return BPNN_OK;
    bpnn_status status = same_net(f, there->net, f->model->net);
    if (status != BPNN_OK || !f->options->resume)
        return status;
    if (strcmp(there->summary.method, f->model->summary.method) != 0)
        return bpnn__fail(f->error, BPNN_USAGE, "another method: %s in the checkpoint, %s here", there->summary.method,
                          f->model->summary.method);
    status = differ_in_number(f, BPNN_USAGE, "arithmetic", (double)there->arithmetic, BPNN_ARITHMETIC);
    if (status == BPNN_OK && there->summary.seed != f->train.seed)
        status = differ(f, BPNN_USAGE, "another seed");
    if (status == BPNN_OK)
        status = same_options(f, &there->training, training);
    if (status == BPNN_OK)
        status = same_rows(f, &there->summary);
    bool by_epochs = training->schedule == BPNN_SCHEDULE_COSINE || training->schedule == BPNN_SCHEDULE_ONECYCLE;
    if (status == BPNN_OK && by_epochs && there->training.epochs != training->epochs)
        bpnn__notes_add(&f->model->notes, true, "schedule %s is laid out for %zu epochs now, not for %zu",
                        bpnn_schedule_name(training->schedule), training->epochs, there->training.epochs);
    return status;
}

bpnn_status bpnn__check_same_data(bpnn__fitting *f, uint32_t training, uint32_t validation)
{
    f->run.validation_fingerprint = validation;
    if (!f->options->resume)
        return BPNN_OK;
    const bpnn_checkpoint *there = f->options->resume;
    if (there->model->training.fingerprint != training)
        return differ(f, BPNN_DATA, "the training rows have changed");
    return there->notes.validation_fingerprint == validation ? BPNN_OK
                                                             : differ(f, BPNN_DATA, "the validation rows have changed");
}

void bpnn__take_parameters(const bpnn__fitting *f, bpnn_net *net)
{
    const bpnn_net *from = f->base->net;
    memcpy(net->parameters, from->parameters,
           from->parameter_count * (from->precision == BPNN_SINGLE ? sizeof(float) : sizeof(double)));
}
