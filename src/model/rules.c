/* What a fit chooses where the user said nothing: docs/methods.md, "--method auto", rule 3, and the defaults by task. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/fit.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

enum {
    NARROW_UNITS_BELOW = 20000,
    LEAST_BATCH = 16,
    MOST_BATCH = 128,
    ROWS_A_BATCH = 32,
    EPOCHS = 1000,
    EPOCHS_OF_BR = 300
};
#define LEAST_PENALTY 0.1
#define MOST_PENALTY 1.0
#define EPOCH_PENALTY 100.0 /* l2 times updates an epoch: what weights lose in an epoch must leave time to learn */

void bpnn_fit_options_default(bpnn_fit_options *o)
{
    memset(o, 0, sizeof *o);
    o->struct_size = sizeof *o;
    o->validation_share = (double)NAN;
    o->missing_indicator = true;
    o->scale = BPNN_SCALE_AUTO;
    o->target_scale = BPNN_SCALE_AUTO;
    o->loss_parameter = (double)NAN;
    o->init_parameter = (double)NAN;
    o->group_rows = 1024;
    o->restarts = o->ensemble = 1;
    bpnn_train_options_default(&o->train);
    o->train.method = NULL;
    o->schedule_by_rule = true;
    o->train.batch = SIZE_MAX;
    o->train.epochs = SIZE_MAX;
}

/* ---- checks ---- */

static bool is_share(double share)
{
    return share >= 0 && share < 1;
}

bpnn_status bpnn__check_fit_options(const bpnn_fit_options *o, bpnn_error *error)
{
    if (!o || o->struct_size != sizeof *o || o->train.struct_size != sizeof o->train)
        return bpnn__fail(error, BPNN_USAGE, "fit options: call bpnn_fit_options_default first");
    if ((unsigned)o->task >= BPNN_TASK_COUNT || (unsigned)o->scale >= BPNN_SCALE_COUNT ||
        (unsigned)o->target_scale >= BPNN_SCALE_COUNT || (unsigned)o->missing >= BPNN_MISSING_COUNT ||
        (unsigned)o->bias >= BPNN_BIAS_COUNT || (unsigned)o->init >= BPNN_INIT_COUNT ||
        (unsigned)o->precision >= BPNN_PRECISION_COUNT || (unsigned)o->reduction >= BPNN_REDUCTION_COUNT ||
        (unsigned)o->train.schedule >= BPNN_SCHEDULE_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "fit options: a choice is out of range");
    if (o->restarts < 1 || o->restarts > BPNN__MOST_STARTS || o->ensemble < 1 || o->ensemble > BPNN__MOST_MEMBERS)
        return bpnn__fail(error, BPNN_USAGE, "restarts and members of an ensemble are 1 to %d each",
                          BPNN__MOST_MEMBERS);
    if ((o->restarts > 1 || o->ensemble > 1) && (o->checkpoint || o->resume || o->init_from))
        return bpnn__fail(error, BPNN_USAGE,
                          "fit options: checkpoint, resume and init_from are for one network: restarts 1, ensemble 1");
    if (o->init_from && !o->resume && bpnn_model_members(o->init_from) > 1)
        return bpnn__fail(error, BPNN_USAGE, "an ensemble has several networks; training starts from a model of one");
    if (o->target_scale == BPNN_SCALE_POOLED)
        return bpnn__fail(error, BPNN_USAGE, "the scale of targets is auto, standard, minmax, robust or none");
    if (!(isnan(o->validation_share) || is_share(o->validation_share)) || !is_share(o->test_share))
        return bpnn__fail(error, BPNN_USAGE, "a share of rows to hold back is at least 0 and below 1");
    if (o->train.on_checkpoint || o->train.resume)
        return bpnn__fail(error, BPNN_USAGE,
                          "fit options: a fit has checkpoint and resume of its own, not those of train");
    return BPNN_OK;
}

/* ---- loss and output activation ---- */

static bpnn_status find_loss(const char *name, bpnn_loss *loss, bpnn_error *error)
{
    const char *words[BPNN_LOSS_COUNT];
    for (int i = 0; i < BPNN_LOSS_COUNT; i++)
        words[i] = bpnn_word(BPNN_WORDS_LOSS, i);
    int kind = bpnn_word_find(BPNN_WORDS_LOSS, name), near = bpnn__nearest_word(name, words, BPNN_LOSS_COUNT);
    loss->kind = (bpnn_loss_kind)kind;
    if (kind == BPNN_LOSS_USER)
        return bpnn__fail(error, BPNN_USAGE, "loss 'user' needs callbacks: train a bpnn_net with it instead");
    if (kind >= 0)
        return BPNN_OK;
    if (near >= 0)
        return bpnn__fail(error, BPNN_USAGE, "unknown loss '%s'; did you mean '%s'?", name, words[near]);
    return bpnn__fail(error, BPNN_USAGE, "unknown loss '%s'; known: mse, mae, huber, crossentropy ..", name);
}

static bpnn_loss_kind standard_loss(bpnn_task task)
{
    return task == BPNN_TASK_REGRESSION ? BPNN_LOSS_MSE
           : task == BPNN_TASK_BINARY   ? BPNN_LOSS_BINARY_CROSSENTROPY
                                        : BPNN_LOSS_CROSSENTROPY;
}

static bpnn_activation_kind standard_output(bpnn_task task)
{
    return task == BPNN_TASK_REGRESSION ? BPNN_ACT_IDENTITY
           : task == BPNN_TASK_BINARY   ? BPNN_ACT_SIGMOID
                                        : BPNN_ACT_SOFTMAX;
}

/* The task's own output activation, or the first that the loss allows. */
static bpnn_activation_kind output_for(bpnn_task task, bpnn_loss_kind loss)
{
    static const bpnn_activation_kind choice[] = {BPNN_ACT_IDENTITY, BPNN_ACT_SIGMOID, BPNN_ACT_SOFTMAX, BPNN_ACT_EXP};
    if (task != BPNN_TASK_REGRESSION && loss == BPNN_LOSS_HINGE)
        return BPNN_ACT_IDENTITY;
    if (task == BPNN_TASK_MULTICLASS && !bpnn__loss_allows(loss, BPNN_ACT_SOFTMAX) &&
        bpnn__loss_allows(loss, BPNN_ACT_SIGMOID))
        return BPNN_ACT_SIGMOID;
    if (bpnn__loss_allows(loss, standard_output(task)))
        return standard_output(task);
    for (size_t i = 0; i < sizeof choice / sizeof *choice; i++)
        if (bpnn__loss_allows(loss, choice[i]))
            return choice[i];
    return standard_output(task);
}

static bpnn_status check_pair(const bpnn__fitting *f)
{
    bpnn_activation_kind kind = f->output.kind;
    bool row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
    if (f->plan.task == BPNN_TASK_BINARY && row)
        return bpnn__fail(
            f->error, BPNN_USAGE,
            "two classes have one output, so softmax means nothing there; take sigmoid, or task multiclass");
    if (!bpnn__loss_allows(f->loss.kind, kind))
        return bpnn__fail(f->error, BPNN_USAGE, "loss %s does not go with output activation %s",
                          bpnn_word(BPNN_WORDS_LOSS, (int)f->loss.kind), bpnn_word(BPNN_WORDS_ACTIVATION, (int)kind));
    return BPNN_OK;
}

bpnn_status bpnn__choose_loss(bpnn__fitting *f)
{
    const bpnn_fit_options *o = f->options;
    bpnn_status status = BPNN_OK;
    f->loss.kind = standard_loss(f->plan.task);
    f->loss.parameter = o->loss_parameter;
    if (o->output_activation)
        status = bpnn__activation_parse(o->output_activation, &f->output, f->error);
    if (status == BPNN_OK && o->loss)
        status = find_loss(o->loss, &f->loss, f->error);
    if (status != BPNN_OK)
        return status;
    if (!o->output_activation) {
        f->output.kind = output_for(f->plan.task, f->loss.kind);
        f->output.parameter = bpnn__activation_default(f->output.kind);
    } else if (!o->loss && !bpnn__loss_allows(f->loss.kind, f->output.kind)) {
        f->loss.kind = BPNN_LOSS_MSE; /* stands on any output */
    }
    return check_pair(f);
}

/* ---- the network ---- */

bool bpnn__wants_validation(const bpnn__fitting *f)
{
    const bpnn__method *method = bpnn__method_find(f->method);
    return f->options->train.patience != 0 && !f->l2_auto && !(method && method->info.evidence);
}

bpnn_status bpnn__choose_net(bpnn__fitting *f)
{
    const bpnn_fit_options *o = f->options;
    const bpnn__method *method = bpnn__method_find(f->method);
    const bpnn__whole *whole = method ? method->whole : NULL;
    const char *by_rule = whole                                      ? (whole->curvature ? "10" : "32")
                          : f->plan.train_count < NARROW_UNITS_BELOW ? "64"
                                                                     : "128";
    bpnn_layer *layers;
    bpnn_net_options net;
    bpnn_net_options_default(&net);
    bpnn_status status = bpnn__hidden_parse(o->hidden ? o->hidden : by_rule, o->activation, whole ? "tanh" : "relu",
                                            o->bias, &layers, &net.layer_count, f->error);
    if (status != BPNN_OK)
        return status;
    layers[net.layer_count].size = bpnn__schema_outputs(&f->model->schema);
    layers[net.layer_count].activation = f->output;
    layers[net.layer_count++].bias = o->bias;
    net.layers = layers;
    net.inputs = f->model->schema.width;
    net.loss = f->loss;
    net.reduction = o->reduction;
    net.precision = o->precision;
    net.group_rows = o->group_rows;
    status = bpnn_net_new(&f->model->net, &net, f->error);
    bpnn__free(layers);
    return status;
}

/* ---- the training ---- */

/* 2^floor(log2(N / 32)) within 16 .. 128 */
static size_t batch_by_rule(size_t rows)
{
    size_t batch = LEAST_BATCH;
    while (2 * batch <= rows / ROWS_A_BATCH && batch < MOST_BATCH)
        batch *= 2;
    return batch;
}

/* .1 P / N, to two decimals (so that it can be given back as --l2), within .1 .. min(1, 100 / S): the more parameters a
 * row has to determine, the more noise they would learn. S: updates an epoch */
static double penalty_by_rule(size_t parameters, size_t rows, size_t batch)
{
    double updates = (double)rows / (double)(batch == 0 || batch > rows ? rows : batch);
    double most = EPOCH_PENALTY / updates < MOST_PENALTY ? EPOCH_PENALTY / updates : MOST_PENALTY;
    double penalty = 0.1 * (double)parameters / (double)rows;
    penalty = floor(100 * (penalty < most ? penalty : most) + 0.5) / 100;
    return penalty < LEAST_PENALTY ? LEAST_PENALTY : penalty;
}

/* Large tables: the rate halves when the validation loss has not fallen for three epochs, long before patience ends. */
static void schedule_by_rule(const bpnn__fitting *f, bpnn_train_options *t)
{
    static const bpnn_setting wait = {"wait", 3};
    bool validates = f->plan.valid_count > 0 || f->options->validation;
    if (!f->automatic || !f->options->schedule_by_rule || !validates || f->plan.train_count < NARROW_UNITS_BELOW)
        return;
    t->schedule = BPNN_SCHEDULE_PLATEAU;
    t->schedule_settings = &wait;
    t->schedule_setting_count = 1;
}

static bpnn_status explain_method(bpnn__fitting *f)
{
    bpnn__text why = {0};
    bpnn__text_add_u64(&why, f->plan.train_count);
    bpnn__text_add(&why, " rows, ");
    bpnn__text_add_u64(&why, bpnn_net_parameter_count(f->model->net));
    bpnn__text_add(&why, " parameters, ");
    bpnn__text_add(&why, bpnn_task_name(f->plan.task));
    if (f->settled.method->whole) {
        bpnn__text_add(&why, "; all rows train; --method adamw for mini-batches");
    } else {
        bpnn__text_add(&why, "; mini-batches of ");
        bpnn__text_add_u64(&why, f->settled.batch);
        bpnn__text_add(&why, "; l2 ");
        bpnn__text_add_double(&why, f->settled.l2);
        if (f->settled.schedule.kind != BPNN_SCHEDULE_CONSTANT) {
            bpnn__text_add(&why, "; schedule ");
            bpnn__text_add(&why, bpnn_schedule_name(f->settled.schedule.kind));
        }
    }
    if (why.failed) {
        bpnn__text_free(&why);
        return bpnn__fail_memory(f->error);
    }
    f->model->method_why = why.data;
    bpnn__notes_add(&f->model->notes, false, "method: %s (%s)", f->settled.method->info.name, why.data);
    return BPNN_OK;
}

/* Early stopping as bpnn_train does it by default, as a number. */
static size_t patience_by_rule(size_t batches)
{
    size_t epochs = (1000 + batches - 1) / batches;
    return epochs > 20 ? epochs : 20;
}

/* Methods that look at curvature start from Nguyen and Widrow's weights where every hidden unit saturates. */
static bpnn_init_kind init_by_rule(const bpnn__fitting *f)
{
    const bpnn_net *net = f->model->net;
    const bpnn__whole *whole = f->settled.method->whole;
    if (f->options->init != BPNN_INIT_AUTO || !whole || !whole->curvature || net->depth == 1)
        return f->options->init;
    for (size_t m = 1; m < net->depth; m++)
        if (net->layers[m - 1].activation.kind != BPNN_ACT_TANH &&
            net->layers[m - 1].activation.kind != BPNN_ACT_SIGMOID)
            return BPNN_INIT_AUTO;
    return BPNN_INIT_NGUYEN_WIDROW;
}

bpnn_status bpnn__choose_training(bpnn__fitting *f)
{
    bpnn_train_options *t = &f->train;
    const bpnn_method_info *info;
    *t = f->options->train;
    t->method = f->method;
    t->seed = f->seed;
    t->l2_auto = f->l2_auto;
    info = bpnn_method_find(t->method);
    if (info && info->full_batch && t->batch != SIZE_MAX && t->batch != 0)
        return bpnn__fail(f->error, BPNN_USAGE, "method %s uses all rows in every step; leave the batch out",
                          info->name);
    if (t->epochs == SIZE_MAX)
        t->epochs = info && info->evidence ? EPOCHS_OF_BR : EPOCHS;
    if (t->batch == SIZE_MAX)
        t->batch = (info && info->full_batch) || t->schedule == BPNN_SCHEDULE_ADAPTIVE
                       ? 0
                       : batch_by_rule(f->plan.train_count);
    if (f->automatic && isnan(t->l2) && info && !info->whole)
        t->l2 = penalty_by_rule(bpnn_net_parameter_count(f->model->net), f->plan.train_count, t->batch);
    if (info && !info->whole)
        schedule_by_rule(f, t);
    bpnn_status status = bpnn__settle(&f->settled, f->model->net, t, f->plan.train_count, f->error);
    if (status != BPNN_OK)
        return status;
    const bpnn__method *method = f->settled.method;
    if (t->patience == SIZE_MAX)
        t->patience = method->info.evidence || t->l2_auto ? 0
                      : method->whole                     ? BPNN__WHOLE_PATIENCE
                                                          : patience_by_rule(f->settled.batches);
    f->init = init_by_rule(f);
    if (method->whole && !f->automatic && f->model->net->precision == BPNN_SINGLE)
        bpnn__notes_add(&f->model->notes, false, "%s computes in double; the model is stored in single",
                        method->info.name);
    return f->automatic ? explain_method(f) : BPNN_OK;
}
