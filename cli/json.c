#include "json.h"
#include "say.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static FILE *out;
static bool first = true, after_key, done;

void json_to(FILE *stream)
{
    out = stream;
    first = true;
    after_key = false;
}

static FILE *stream(void)
{
    return out ? out : stdout;
}

static void separate(void)
{
    if (!first && !after_key)
        fputs(", ", stream());
    first = after_key = false;
}

void json_open(char bracket)
{
    separate();
    putc(bracket, stream());
    first = true;
}

void json_close(char bracket)
{
    putc(bracket, stream());
    first = false;
}

/* Always valid UTF-8: what is none becomes U+FFFD. */
static void quoted(const char *text)
{
    putc('"', stream());
    while (*text) {
        unsigned char c = (unsigned char)*text;
        size_t size = character(text);
        if (c == '"' || c == '\\')
            fprintf(stream(), "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(stream(), "\\u%04x", c);
        else if (size > 0)
            fwrite(text, 1, size, stream());
        else
            fputs("\\ufffd", stream());
        text += size ? size : 1;
    }
    putc('"', stream());
}

void json_key(const char *key)
{
    separate();
    quoted(key);
    fputs(": ", stream());
    after_key = true;
}

void json_raw(const char *text)
{
    separate();
    fputs(text, stream());
}

void json_string(const char *value)
{
    if (!value) {
        json_null();
        return;
    }
    separate();
    quoted(value);
}

char *shortest(double value, char *buffer)
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return buffer;
}

char *shortest_single(float value, char *buffer)
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(buffer, 32, "%.*g", digits, (double)value);
        if (strtof(buffer, NULL) == value)
            break;
    }
    return buffer;
}

void json_number(double value)
{
    char text[32];
    json_raw(isfinite(value) ? shortest(value, text) : "null");
}

void json_single(float value)
{
    char text[32];
    json_raw(isfinite(value) ? shortest_single(value, text) : "null");
}

void json_count(uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    json_raw(text);
}

void json_count_or_null(uint64_t value)
{
    if (value)
        json_count(value);
    else
        json_null();
}

void json_bool(bool value)
{
    json_raw(value ? "true" : "false");
}

void json_null(void)
{
    json_raw("null");
}

void json_pair_text(const char *key, const char *value)
{
    json_key(key);
    json_string(value);
}

void json_pair_number(const char *key, double value)
{
    json_key(key);
    json_number(value);
}

void json_pair_count(const char *key, uint64_t value)
{
    json_key(key);
    json_count(value);
}

void json_pair_texts(const char *key, const char *const *texts, size_t count)
{
    json_key(key);
    json_open('[');
    for (size_t i = 0; i < count; i++)
        json_string(texts[i]);
    json_close(']');
}

void json_end(void)
{
    putc('\n', stream());
    done = done || stream() == stdout;
    first = true;
    after_key = false;
}

bool json_done(void)
{
    return done;
}

void json_targets(const bpnn_model *model, size_t targets)
{
    json_key("target");
    if (targets > 1)
        json_open('[');
    for (size_t k = 0; k < targets; k++)
        json_string(bpnn_model_target_name(model, k));
    if (targets > 1)
        json_close(']');
}

/* ---- metrics ---- */

static void confusion(const bpnn_metrics *m, const bpnn_model *model)
{
    json_key("confusion");
    json_open('[');
    for (size_t t = 0; t < m->class_count; t++) {
        json_open('[');
        for (size_t p = 0; p < m->class_count; p++)
            json_count(m->confusion[t * m->class_count + p]);
        json_close(']');
    }
    json_close(']');
    json_key("classes");
    json_open('[');
    for (size_t k = 0; k < m->class_count; k++)
        json_string(bpnn_model_class_label(model, k));
    json_close(']');
}

/* The numbers of a task, without its confusion. */
static void measures(const bpnn_metrics *m)
{
    json_pair_number("loss", m->loss);
    if (m->task == BPNN_TASK_REGRESSION) {
        json_pair_number("mse", m->mse);
        json_pair_number("rmse", m->rmse);
        json_pair_number("mae", m->mae);
        json_pair_number("r2", m->r2);
        json_pair_number("max_error", m->max_error);
        return;
    }
    json_pair_number("accuracy", m->accuracy);
    if (m->task == BPNN_TASK_BINARY) {
        json_pair_number("precision", m->precision);
        json_pair_number("recall", m->recall);
        json_pair_number("f1", m->f1);
        json_pair_number("roc_auc", m->roc_auc);
    } else {
        json_pair_number("macro_f1", m->macro_f1);
    }
    json_pair_number("log_loss", m->log_loss);
}

static void one(const bpnn_metrics *m, const bpnn_model *model)
{
    json_open('{');
    json_pair_text("task", bpnn_task_name(m->task));
    json_pair_count("rows", m->rows);
    measures(m);
    if (m->task != BPNN_TASK_REGRESSION)
        confusion(m, model);
    if (m->task == BPNN_TASK_BINARY) {
        json_pair_text("positive", bpnn_model_class_label(model, bpnn_model_positive_class(model)));
    }
    json_close('}');
}

void json_measures(const bpnn_metrics *metrics, size_t targets, const bpnn_model *model)
{
    json_open('{');
    if (targets == 1)
        measures(metrics);
    for (size_t k = 0; targets > 1 && k < targets; k++) {
        json_key(bpnn_model_target_name(model, k));
        json_open('{');
        measures(&metrics[k]);
        json_close('}');
    }
    json_close('}');
}

void json_metrics(const bpnn_metrics *metrics, size_t targets, const bpnn_model *model)
{
    if (!metrics) {
        json_null();
        return;
    }
    if (targets == 1) {
        one(metrics, model);
        return;
    }
    json_open('{');
    json_pair_text("task", bpnn_task_name(metrics[0].task));
    json_pair_count("rows", metrics[0].rows);
    json_pair_number("loss", metrics[0].loss);
    json_key("targets");
    json_open('{');
    for (size_t k = 0; k < targets; k++) {
        json_key(bpnn_model_target_name(model, k));
        one(&metrics[k], model);
    }
    json_close('}');
    json_close('}');
}

static void json_priors(const bpnn_summary *s)
{
    const bpnn_train_result *r = &s->result;
    json_open('{');
    json_pair_number("effective", r->effective);
    json_pair_number("beta", r->beta);
    json_pair_number("noise", s->noise);
    json_pair_number("log_evidence", r->log_evidence);
    json_key("priors");
    json_open('[');
    for (size_t i = 0; i < r->prior_count; i++) {
        json_open('{');
        json_key("layer");
        json_count_or_null(r->prior[i].layer);
        json_pair_text("of", r->prior[i].layer == 0 ? "all" : r->prior[i].bias ? "biases" : "weights");
        json_pair_count("size", r->prior[i].size);
        json_pair_number("alpha", r->prior[i].alpha);
        json_pair_number("effective", r->prior[i].effective);
        json_close('}');
    }
    json_close(']');
    json_close('}');
}

static void json_iteration(const bpnn_train_result *r)
{
    json_open('{');
    json_pair_count("evaluations", r->evaluations);
    json_pair_number("gradient_norm", r->gradient_norm);
    json_pair_number("step", r->step);
    json_pair_number("damping", r->damping);
    json_pair_count("failures", r->failures);
    json_close('}');
}

static void json_penalties(const bpnn_train_result *r)
{
    json_open('{');
    json_pair_number("value", r->l2);
    json_key("tried");
    json_open('[');
    for (size_t i = 0; i < r->penalty_count; i++) {
        json_open('{');
        json_pair_number("c", r->penalty[i].c);
        json_pair_number("loss", r->penalty[i].loss);
        json_close('}');
    }
    json_close(']');
    json_close('}');
}

void json_found(const bpnn_model *model)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    json_key("iteration");
    if (s->result.evaluations > 0)
        json_iteration(&s->result);
    else
        json_null();
    json_key("evidence");
    if (s->result.prior_count > 0)
        json_priors(s);
    else
        json_null();
    json_key("l2_auto");
    if (s->result.penalty_count > 0)
        json_penalties(&s->result);
    else
        json_null();
}

void json_parts(const bpnn_model *model)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    json_key("train");
    json_metrics(s->train, s->target_count, model);
    json_key("validation");
    json_metrics(s->validation, s->target_count, model);
    json_key("test");
    json_metrics(s->test, s->target_count, model);
}
