/* The metadata of a model as one JSON text: what a file holds besides numbers. Canonical: keys in one order, numbers in
 * one form. Nothing of time, host, path, dialect, threads or instruction set. restore.c reads it. */
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "model/model.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

static void put_text(bpnn__json *json, const char *key, const char *value)
{
    bpnn__json_key(json, key);
    bpnn__json_string(json, value);
}

static void put_size(bpnn__json *json, const char *key, uint64_t value)
{
    bpnn__json_key(json, key);
    bpnn__json_u64(json, value);
}

static void put_bool(bpnn__json *json, const char *key, bool value)
{
    bpnn__json_key(json, key);
    bpnn__json_bool(json, value);
}

/* -0 becomes 0: JSON readers take it for an integer. */
static void put_number(bpnn__json *json, const char *key, double value)
{
    bpnn__json_key(json, key);
    bpnn__json_double(json, value == 0 ? 0 : value);
}

static void open(bpnn__json *json, const char *key, char bracket)
{
    bpnn__json_key(json, key);
    bpnn__json_open(json, bracket);
}

static void put_texts(bpnn__json *json, const char *key, char *const *texts, size_t count)
{
    open(json, key, '[');
    for (size_t i = 0; i < count; i++)
        bpnn__json_string(json, texts[i]);
    bpnn__json_close(json, ']');
}

/* ---- the network ---- */

static void put_layer(bpnn__json *json, const bpnn_layer *layer)
{
    char activation[64];
    bpnn__activation_print(&layer->activation, activation, sizeof activation);
    json->text.failed |= activation[0] == '\0'; /* it found no memory */
    bpnn__json_open(json, '{');
    put_size(json, "size", layer->size);
    put_text(json, "activation", activation);
    put_text(json, "bias", bpnn_word(BPNN_WORDS_BIAS, (int)layer->bias));
    bpnn__json_close(json, '}');
}

static void put_network(bpnn__json *json, const bpnn_net *net)
{
    bpnn_net_options o = bpnn_net_describe(net);
    open(json, "network", '{');
    put_size(json, "inputs", o.inputs);
    open(json, "layers", '[');
    for (size_t m = 1; m <= o.layer_count; m++)
        put_layer(json, &o.layers[m - 1]);
    bpnn__json_close(json, ']');
    put_text(json, "loss", bpnn_word(BPNN_WORDS_LOSS, (int)o.loss.kind));
    put_number(json, "loss_parameter", o.loss.parameter);
    put_text(json, "reduction", bpnn_word(BPNN_WORDS_REDUCTION, (int)o.reduction));
    put_text(json, "precision", bpnn_word(BPNN_WORDS_PRECISION, (int)o.precision));
    put_size(json, "group_rows", o.group_rows);
    bpnn__json_close(json, '}');
}

/* ---- the table's columns ---- */

static void put_feature(bpnn__json *json, const bpnn__feature *feature)
{
    bpnn__json_open(json, '{');
    put_text(json, "name", feature->name);
    put_text(json, "type", feature->categorical ? BPNN__CATEGORICAL : BPNN__NUMERIC);
    if (feature->categorical) {
        put_texts(json, "levels", feature->levels, feature->level_count);
        put_bool(json, "missing_level", feature->missing_level);
    } else {
        put_bool(json, "indicator", feature->indicator);
    }
    bpnn__json_close(json, '}');
}

static void put_columns(bpnn__json *json, const bpnn__schema *schema)
{
    open(json, "columns", '{');
    open(json, "features", '[');
    for (size_t i = 0; i < schema->feature_count; i++)
        put_feature(json, &schema->features[i]);
    bpnn__json_close(json, ']');
    put_text(json, "scale", bpnn_scale_name(schema->input_scaling));
    put_text(json, "missing", bpnn_missing_name(schema->missing));
    put_texts(json, "targets", schema->targets, schema->target_count);
    put_text(json, "target_scale", bpnn_scale_name(schema->target_scaling));
    put_texts(json, "classes", schema->classes, schema->class_count);
    put_size(json, "positive", schema->positive);
    bpnn__json_close(json, '}');
}

/* ---- the training ---- */

static void put_schedule(bpnn__json *json, const bpnn__training *t)
{
    open(json, "schedule", '{');
    put_text(json, "name", bpnn_schedule_name(t->schedule));
    put_number(json, "factor", t->factor);
    put_number(json, "every", t->every);
    put_number(json, "wait", t->wait);
    put_number(json, "gain", t->gain);
    put_number(json, "least", t->least);
    put_size(json, "warmup", t->warmup);
    bpnn__json_close(json, '}');
}

static void put_options(bpnn__json *json, const bpnn__training *t)
{
    put_number(json, "rate", t->rate);
    put_number(json, "momentum", t->momentum);
    open(json, "options", '{');
    for (size_t i = 0; i < t->option_count; i++)
        put_number(json, t->options[i].name, t->options[i].value);
    bpnn__json_close(json, '}');
    put_size(json, "batch", t->batch);
    put_size(json, "max_epochs", t->epochs);
    put_bool(json, "shuffle", t->shuffle);
    put_number(json, "l1", t->l1);
    put_number(json, "l2", t->l2);
    put_number(json, "dropout", t->dropout);
    put_number(json, "clip", t->clip);
    put_schedule(json, t);
    put_size(json, "patience", t->patience);
    put_number(json, "min_delta", t->min_delta);
    put_number(json, "target_loss", t->target_loss);
    put_text(json, "init", bpnn_word(BPNN_WORDS_INIT, (int)t->init));
    put_number(json, "init_parameter", t->init_parameter);
}

static void put_confusion(bpnn__json *json, const bpnn_metrics *m)
{
    bpnn__json_key(json, "confusion");
    if (!m->confusion || m->class_count > BPNN__CONFUSION_STORED) {
        bpnn__json_null(json);
        return;
    }
    bpnn__json_open(json, '[');
    for (size_t t = 0; t < m->class_count; t++) {
        bpnn__json_open(json, '[');
        for (size_t p = 0; p < m->class_count; p++)
            bpnn__json_u64(json, m->confusion[t * m->class_count + p]);
        bpnn__json_close(json, ']');
    }
    bpnn__json_close(json, ']');
}

static void put_classification(bpnn__json *json, const bpnn_metrics *m)
{
    put_number(json, "accuracy", m->accuracy);
    if (m->task == BPNN_TASK_BINARY) {
        put_number(json, "precision", m->precision);
        put_number(json, "recall", m->recall);
        put_number(json, "f1", m->f1);
        put_number(json, "roc_auc", m->roc_auc);
    } else {
        put_number(json, "macro_f1", m->macro_f1);
    }
    put_number(json, "log_loss", m->log_loss);
    put_size(json, "unseen_labels", m->unseen_labels);
    put_confusion(json, m);
}

static void put_metrics(bpnn__json *json, const bpnn_metrics *m)
{
    bpnn__json_open(json, '{');
    put_size(json, "rows", m->rows);
    put_number(json, "loss", m->loss);
    if (m->task == BPNN_TASK_REGRESSION) {
        put_number(json, "mse", m->mse);
        put_number(json, "rmse", m->rmse);
        put_number(json, "mae", m->mae);
        put_number(json, "r2", m->r2);
        put_number(json, "max_error", m->max_error);
    } else {
        put_classification(json, m);
    }
    bpnn__json_close(json, '}');
}

static void put_part(bpnn__json *json, const char *key, const bpnn_metrics *metrics, size_t rows, size_t targets)
{
    open(json, key, '{');
    put_size(json, "rows", rows);
    bpnn__json_key(json, "metrics");
    if (metrics) {
        bpnn__json_open(json, '[');
        for (size_t i = 0; i < targets; i++)
            put_metrics(json, &metrics[i]);
        bpnn__json_close(json, ']');
    } else {
        bpnn__json_null(json);
    }
    bpnn__json_close(json, '}');
}

/* Seeds above 2^63 - 1 are texts: JSON readers keep integers in 64 bits with a sign. */
static void put_seed(bpnn__json *json, uint64_t seed)
{
    bpnn__text digits = {0};
    if (seed <= INT64_MAX) {
        put_size(json, "seed", seed);
        return;
    }
    bpnn__text_add_u64(&digits, seed);
    put_text(json, "seed", digits.data);
    json->text.failed |= digits.failed;
    bpnn__text_free(&digits);
}

/* Only where there were several. */
static void put_starts(bpnn__json *json, const bpnn_summary *s)
{
    if (s->start_count < 2)
        return;
    put_size(json, "start", s->start + 1); /* the number of the one that was kept */
    open(json, "starts", '[');
    for (size_t r = 0; r < s->start_count; r++) {
        bpnn__json_open(json, '{');
        put_seed(json, s->starts[r].seed);
        put_text(json, "stop", bpnn_stop_name(s->starts[r].stop));
        put_size(json, "epochs", s->starts[r].epochs);
        put_size(json, "best_epoch", s->starts[r].best_epoch);
        put_number(json, "score", s->starts[r].score);
        bpnn__json_close(json, '}');
    }
    bpnn__json_close(json, ']');
}

/* What a whole method came to; files of step methods have nothing of it. */
static void put_iteration(bpnn__json *json, const bpnn_train_result *r)
{
    if (r->evaluations == 0)
        return;
    open(json, "iteration", '{');
    put_size(json, "evaluations", r->evaluations);
    put_number(json, "gradient_norm", r->gradient_norm);
    put_number(json, "step", r->step);
    put_number(json, "damping", r->damping);
    put_size(json, "failures", r->failures);
    bpnn__json_close(json, '}');
}

static void put_evidence(bpnn__json *json, const bpnn_train_result *r)
{
    if (r->prior_count == 0)
        return;
    open(json, "evidence", '{');
    put_number(json, "effective", r->effective);
    put_number(json, "beta", r->beta);
    put_number(json, "log_evidence", r->log_evidence);
    open(json, "priors", '[');
    for (size_t i = 0; i < r->prior_count; i++) {
        bpnn__json_open(json, '{');
        put_size(json, "layer", r->prior[i].layer);
        put_bool(json, "bias", r->prior[i].bias);
        put_size(json, "size", r->prior[i].size);
        put_number(json, "alpha", r->prior[i].alpha);
        put_number(json, "effective", r->prior[i].effective);
        bpnn__json_close(json, '}');
    }
    bpnn__json_close(json, ']');
    bpnn__json_close(json, '}');
}

/* What l2 auto tried. */
static void put_penalties(bpnn__json *json, const bpnn_train_result *r)
{
    if (r->penalty_count == 0)
        return;
    open(json, "penalties", '[');
    for (size_t i = 0; i < r->penalty_count; i++) {
        bpnn__json_open(json, '{');
        put_number(json, "c", r->penalty[i].c);
        put_number(json, "loss", r->penalty[i].loss);
        bpnn__json_close(json, '}');
    }
    bpnn__json_close(json, ']');
}

static void put_training(bpnn__json *json, const bpnn_model *model)
{
    const bpnn_summary *s = &model->summary;
    size_t targets = model->schema.target_count;
    open(json, "training", '{');
    put_text(json, "method", s->method);
    put_options(json, &model->training);
    put_seed(json, s->seed);
    put_text(json, "stop", bpnn_stop_name(s->stop));
    put_size(json, "epochs", s->epochs);
    put_size(json, "best_epoch", s->best_epoch);
    put_size(json, "updates", s->updates);
    put_number(json, "loss", s->result.loss);
    put_number(json, "best_validation_loss", s->result.best_validation_loss);
    put_iteration(json, &s->result);
    put_evidence(json, &s->result);
    put_penalties(json, &s->result);
    put_part(json, "train", s->train, s->rows_train, targets);
    put_part(json, "validation", s->validation, s->rows_validation, targets);
    put_part(json, "test", s->test, s->rows_test, targets);
    put_size(json, "fingerprint", model->training.fingerprint);
    put_starts(json, s);
    bpnn__json_close(json, '}');
}

static void put_members(bpnn__json *json, const bpnn_model *model)
{
    if (!model->members)
        return;
    open(json, "members", '[');
    for (size_t k = 0; k < model->member_count; k++) {
        bpnn__json_open(json, '{');
        put_training(json, model->members[k]);
        bpnn__json_close(json, '}');
    }
    bpnn__json_close(json, ']');
}

static void put_run(bpnn__json *json, const bpnn__run_notes *run)
{
    open(json, "run", '{');
    put_text(json, "note", run->note);
    put_size(json, "validation_fingerprint", run->validation_fingerprint);
    bpnn__json_close(json, '}');
}

bpnn_status bpnn__describe(const bpnn_model *model, bool pretty, char **text, size_t *size, bpnn_error *error)
{
    bpnn__json json = {.pretty = pretty};
    *text = NULL;
    *size = 0;
    bpnn__json_open(&json, '{');
    put_size(&json, "format", BPNN__FORMAT);
    if (model->run)
        put_text(&json, "kind", BPNN__CHECKPOINT);
    put_text(&json, "library", model->library);
    put_size(&json, "arithmetic", model->arithmetic);
    put_text(&json, "task", bpnn_task_name(model->schema.task));
    put_network(&json, model->net);
    put_columns(&json, &model->schema);
    put_training(&json, model);
    put_members(&json, model);
    if (model->run)
        put_run(&json, model->run);
    bpnn__json_close(&json, '}');
    if (json.text.failed) {
        bpnn__text_free(&json.text);
        return bpnn__fail_memory(error);
    }
    *text = json.text.data;
    *size = json.text.size;
    return BPNN_OK;
}

bpnn_status bpnn_model_describe(const bpnn_model *model, char **json, bpnn_error *error)
{
    size_t size;
    return bpnn__describe(model, true, json, &size, error);
}
