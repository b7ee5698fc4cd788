/* The training summary from the metadata. */
#include "base/memory.h"
#include "base/text.h"
#include "model/restore.h"

#include <math.h>
#include <string.h>

enum { MOST_OPTIONS = 64 };

/* ---- options ---- */

static int find_init(const char *word)
{
    return bpnn_word_find(BPNN_WORDS_INIT, word);
}

static int find_stop(const char *word)
{
    for (int i = 0; i < BPNN_STOP_COUNT; i++)
        if (strcmp(bpnn_stop_name((bpnn_stop)i), word) == 0)
            return i;
    return -1;
}

static void read_method(bpnn__restoring *r, bpnn__scope *s)
{
    const char *name = bpnn__scope_text(s, "method");
    const bpnn_method_info *info = bpnn_method_find(name);
    if (!info || strcmp(info->name, name) != 0) {
        bpnn__refuse(&r->source, "unknown method", name);
        return;
    }
    r->model->summary.method = info->name;
}

/* The method's own options: names are kept as they are, so that a method may gain options. */
static void read_options(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn__training *t = &r->model->training;
    bpnn__scope options = bpnn__scope_object(s, "options");
    const char *name;
    json_t *value;
    size_t count = json_object_size(options.object);
    if (count > MOST_OPTIONS)
        bpnn__refuse(&r->source, "too many entries in", "options");
    t->options = bpnn__alloc(count <= MOST_OPTIONS ? count : 0, sizeof *t->options);
    if (!t->options)
        bpnn__refuse_memory(&r->source);
    if (r->source.status != BPNN_OK)
        return;
    json_object_foreach(options.object, name, value)
    {
        (void)value;
        bpnn_setting *setting = &t->options[t->option_count++];
        setting->name = bpnn__copy_text(name);
        if (!setting->name)
            bpnn__refuse_memory(&r->source);
        setting->value = bpnn__scope_number(&options, name);
    }
}

static void read_schedule(bpnn__scope *s, bpnn__training *t)
{
    bpnn__scope schedule = bpnn__scope_object(s, "schedule");
    t->schedule = (bpnn_schedule_kind)bpnn__scope_word(&schedule, "name", bpnn_schedule_find);
    t->factor = bpnn__scope_number(&schedule, "factor");
    t->every = bpnn__scope_number(&schedule, "every");
    t->wait = bpnn__scope_number(&schedule, "wait");
    t->gain = bpnn__scope_number(&schedule, "gain");
    t->least = bpnn__scope_number(&schedule, "least");
    t->warmup = bpnn__scope_size(&schedule, "warmup", SIZE_MAX);
    bpnn__scope_close(&schedule);
}

static void read_settings(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn__training *t = &r->model->training;
    t->rate = bpnn__scope_number(s, "rate");
    t->momentum = bpnn__scope_number(s, "momentum");
    read_options(r, s);
    t->batch = bpnn__scope_size(s, "batch", SIZE_MAX);
    t->epochs = bpnn__scope_size(s, "max_epochs", SIZE_MAX);
    t->shuffle = bpnn__scope_bool(s, "shuffle");
    t->l1 = bpnn__scope_number(s, "l1");
    t->l2 = bpnn__scope_number(s, "l2");
    t->dropout = bpnn__scope_number(s, "dropout");
    t->clip = bpnn__scope_number(s, "clip");
    read_schedule(s, t);
    t->patience = bpnn__scope_size(s, "patience", SIZE_MAX);
    t->min_delta = bpnn__scope_number(s, "min_delta");
    t->target_loss = bpnn__scope_number(s, "target_loss");
    t->init = (bpnn_init_kind)bpnn__scope_word(s, "init", find_init);
    t->init_parameter = bpnn__scope_number(s, "init_parameter");
}

/* ---- metrics ---- */

static void read_confusion_row(bpnn__restoring *r, json_t *row, uint64_t *out, size_t classes)
{
    if (json_array_size(row) != classes)
        bpnn__refuse(&r->source, "expected a square at", "confusion");
    for (size_t p = 0; p < classes && r->source.status == BPNN_OK; p++) {
        json_t *cell = json_array_get(row, p);
        if (!json_is_integer(cell) || json_integer_value(cell) < 0)
            bpnn__refuse(&r->source, "expected counts at", "confusion");
        else
            out[p] = (uint64_t)json_integer_value(cell);
    }
}

static void read_confusion(bpnn__restoring *r, bpnn__scope *s, bpnn_metrics *m)
{
    json_t *rows = bpnn__scope_any(s, "confusion");
    if (!rows || json_is_null(rows))
        return;
    if (json_array_size(rows) != m->class_count || m->class_count > BPNN__CONFUSION_STORED) {
        bpnn__refuse(&r->source, "expected one row a class at", "confusion");
        return;
    }
    m->confusion = bpnn__alloc(m->class_count * m->class_count, sizeof *m->confusion);
    if (!m->confusion)
        bpnn__refuse_memory(&r->source);
    for (size_t t = 0; t < m->class_count && r->source.status == BPNN_OK; t++)
        read_confusion_row(r, json_array_get(rows, t), m->confusion + t * m->class_count, m->class_count);
}

static void read_classification(bpnn__restoring *r, bpnn__scope *s, bpnn_metrics *m)
{
    m->accuracy = bpnn__scope_number(s, "accuracy");
    if (m->task == BPNN_TASK_BINARY) {
        m->precision = bpnn__scope_number(s, "precision");
        m->recall = bpnn__scope_number(s, "recall");
        m->f1 = bpnn__scope_number(s, "f1");
        m->roc_auc = bpnn__scope_number(s, "roc_auc");
    } else {
        m->macro_f1 = bpnn__scope_number(s, "macro_f1");
    }
    m->log_loss = bpnn__scope_number(s, "log_loss");
    m->unseen_labels = bpnn__scope_size(s, "unseen_labels", SIZE_MAX);
    read_confusion(r, s, m);
}

static void read_metrics(bpnn__restoring *r, json_t *object, bpnn_metrics *m)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "metrics");
    bpnn__metrics_clear(m, r->model->schema.task, r->model->schema.class_count);
    m->rows = bpnn__scope_size(&s, "rows", SIZE_MAX);
    m->loss = bpnn__scope_number(&s, "loss");
    if (m->task == BPNN_TASK_REGRESSION) {
        m->mse = bpnn__scope_number(&s, "mse");
        m->rmse = bpnn__scope_number(&s, "rmse");
        m->mae = bpnn__scope_number(&s, "mae");
        m->r2 = bpnn__scope_number(&s, "r2");
        m->max_error = bpnn__scope_number(&s, "max_error");
    } else {
        read_classification(r, &s, m);
    }
    bpnn__scope_close(&s);
}

static size_t read_part(bpnn__restoring *r, bpnn__scope *s, const char *key, bpnn_metrics **metrics)
{
    size_t targets = r->model->schema.target_count;
    bpnn__scope part = bpnn__scope_object(s, key);
    size_t rows = bpnn__scope_size(&part, "rows", SIZE_MAX);
    json_t *array = bpnn__scope_any(&part, "metrics");
    bpnn__scope_close(&part);
    if (!array || json_is_null(array) || r->source.status != BPNN_OK)
        return rows;
    if (json_array_size(array) != targets) {
        bpnn__refuse(&r->source, "expected one entry a target at", "metrics");
        return rows;
    }
    *metrics = bpnn__alloc(targets, sizeof **metrics);
    if (!*metrics)
        bpnn__refuse_memory(&r->source);
    for (size_t i = 0; *metrics && i < targets; i++)
        read_metrics(r, json_array_get(array, i), &(*metrics)[i]);
    return rows;
}

/* ---- what whole methods came to: files of step methods, and older ones, have nothing of it ---- */

static void read_iteration(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn_train_result *result = &r->model->summary.result;
    json_t *value = bpnn__scope_optional(s, "iteration");
    if (!value)
        return;
    bpnn__scope iteration = bpnn__scope_open(&r->source, value, "iteration");
    result->evaluations = bpnn__scope_size(&iteration, "evaluations", SIZE_MAX);
    result->gradient_norm = bpnn__scope_number(&iteration, "gradient_norm");
    result->step = bpnn__scope_number(&iteration, "step");
    result->damping = bpnn__scope_number(&iteration, "damping");
    result->failures = bpnn__scope_size(&iteration, "failures", SIZE_MAX);
    bpnn__scope_close(&iteration);
}

static void read_prior(bpnn__restoring *r, json_t *object, bpnn_prior *prior)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "priors");
    prior->layer = bpnn__scope_size(&s, "layer", bpnn_net_describe(r->model->net).layer_count);
    prior->bias = bpnn__scope_bool(&s, "bias");
    prior->size = bpnn__scope_size(&s, "size", bpnn_net_parameter_count(r->model->net));
    prior->alpha = bpnn__scope_number(&s, "alpha");
    prior->effective = bpnn__scope_number(&s, "effective");
    bpnn__scope_close(&s);
}

static void read_evidence(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn_train_result *result = &r->model->summary.result;
    json_t *value = bpnn__scope_optional(s, "evidence");
    if (!value)
        return;
    bpnn__scope evidence = bpnn__scope_open(&r->source, value, "evidence");
    result->effective = bpnn__scope_number(&evidence, "effective");
    result->beta = bpnn__scope_number(&evidence, "beta");
    result->noise = 1 / sqrt(result->beta);
    result->log_evidence = bpnn__scope_number(&evidence, "log_evidence");
    json_t *priors = bpnn__scope_array(&evidence, "priors", 1, BPNN_PRIORS);
    for (size_t i = 0; i < json_array_size(priors) && r->source.status == BPNN_OK; i++)
        read_prior(r, json_array_get(priors, i), &result->prior[result->prior_count++]);
    bpnn__scope_close(&evidence);
}

static void read_penalties(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn_train_result *result = &r->model->summary.result;
    if (!bpnn__scope_optional(s, "penalties"))
        return;
    s->used--; /* counted once */
    json_t *tried = bpnn__scope_array(s, "penalties", 1, BPNN_PENALTIES);
    for (size_t i = 0; i < json_array_size(tried) && r->source.status == BPNN_OK; i++) {
        bpnn__scope one = bpnn__scope_open(&r->source, json_array_get(tried, i), "penalties");
        bpnn_penalty *penalty = &result->penalty[result->penalty_count++];
        penalty->c = bpnn__scope_number(&one, "c");
        penalty->loss = bpnn__scope_number(&one, "loss");
        bpnn__scope_close(&one);
    }
}

/* ---- the whole ---- */

static uint64_t read_seed(bpnn__restoring *r, bpnn__scope *s)
{
    json_t *value = bpnn__scope_any(s, "seed");
    uint64_t seed = 0;
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return (uint64_t)json_integer_value(value);
    if (!json_is_string(value) || !bpnn__parse_u64(json_string_value(value), json_string_length(value), &seed))
        bpnn__refuse(&r->source, "expected a number at", "seed");
    return seed;
}

static void read_start(bpnn__restoring *r, json_t *object, bpnn_start *start)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "starts");
    start->seed = read_seed(r, &s);
    start->stop = (bpnn_stop)bpnn__scope_word(&s, "stop", find_stop);
    start->epochs = bpnn__scope_size(&s, "epochs", SIZE_MAX);
    start->best_epoch = bpnn__scope_size(&s, "best_epoch", SIZE_MAX);
    start->score = bpnn__scope_number(&s, "score");
    bpnn__scope_close(&s);
}

/* What stands there where a fit had several starts. */
static void read_starts(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn_model *model = r->model;
    if (!bpnn__scope_find(s, "starts"))
        return;
    json_t *array = bpnn__scope_array(s, "starts", 2, BPNN__MOST_STARTS);
    size_t count = json_array_size(array);
    size_t start = bpnn__scope_size(s, "start", count);
    if (start == 0)
        bpnn__refuse(&r->source, "starts count from 1 at", "start");
    model->summary.start = start ? start - 1 : 0;
    model->starts = bpnn__alloc(count, sizeof *model->starts);
    if (!model->starts)
        bpnn__refuse_memory(&r->source);
    for (size_t i = 0; model->starts && i < count; i++)
        read_start(r, json_array_get(array, i), &model->starts[i]);
    model->start_count = model->starts ? count : 0;
}

void bpnn__restore_training(bpnn__restoring *r, bpnn__scope *root)
{
    bpnn_summary *summary = &r->model->summary;
    bpnn_metrics **metrics = r->model->metrics;
    bpnn__scope s = bpnn__scope_object(root, "training");
    if (r->source.status != BPNN_OK)
        return;
    read_method(r, &s);
    read_settings(r, &s);
    summary->seed = read_seed(r, &s);
    summary->stop = (bpnn_stop)bpnn__scope_word(&s, "stop", find_stop);
    summary->epochs = bpnn__scope_size(&s, "epochs", SIZE_MAX);
    summary->best_epoch = bpnn__scope_size(&s, "best_epoch", SIZE_MAX);
    summary->updates = bpnn__scope_size(&s, "updates", SIZE_MAX);
    summary->result.loss = bpnn__scope_number(&s, "loss");
    summary->result.best_validation_loss = bpnn__scope_number(&s, "best_validation_loss");
    summary->result.gradient_norm = summary->result.step = summary->result.damping = (double)NAN;
    summary->result.effective = summary->result.beta = summary->result.noise = (double)NAN;
    summary->result.log_evidence = (double)NAN;
    summary->result.l2 = r->model->training.l2;
    read_iteration(r, &s);
    read_evidence(r, &s);
    read_penalties(r, &s);
    summary->rows_train = read_part(r, &s, "train", &metrics[BPNN__TRAIN]);
    summary->rows_validation = read_part(r, &s, "validation", &metrics[BPNN__VALIDATION]);
    summary->rows_test = read_part(r, &s, "test", &metrics[BPNN__TEST]);
    r->model->training.fingerprint = (uint32_t)bpnn__scope_size(&s, "fingerprint", UINT32_MAX);
    read_starts(r, &s);
    bpnn__scope_close(&s);
    summary->seconds = (double)NAN;
    summary->result.seconds = (double)NAN;
    summary->result.stop = summary->stop;
    summary->result.epochs = summary->epochs;
    summary->result.best_epoch = summary->best_epoch;
    summary->result.updates = summary->updates;
}
