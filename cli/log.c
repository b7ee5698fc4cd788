/* The log: JSON lines; first the resolved configuration, then an object an epoch, last the outcome. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int log_open(logbook *log, const char *path)
{
    memset(log, 0, sizeof *log);
    log->path = path;
    if (!path)
        return 0;
    log->file = fopen(path, "we");
    return log->file ? 0 : fail_errno(path, "cannot write", errno);
}

static void begin(const logbook *log)
{
    json_to(log->file);
    json_open('{');
}

static void end(logbook *log)
{
    json_close('}');
    json_end();
    errno = 0;
    if (fflush(log->file) != 0 && !log->failed)
        log->failed = errno ? errno : EIO;
    json_to(NULL);
}

/* ---- the configuration: what `train --config` takes to do the same again ---- */

static void put_text(const char *key, const char *value)
{
    if (!value)
        return;
    json_pair_text(key, value);
}

static void put_number(const char *key, double value)
{
    if (isnan(value))
        return;
    json_pair_number(key, value);
}

static void put_flag(const char *key, bool value)
{
    put_text(key, value ? "yes" : "no");
}

static void put_data(const arguments *a, const bpnn_fit_options *r)
{
    double share;
    put_text("target", r->target);
    put_text("task", bpnn_task_name(r->task));
    put_text("positive", r->positive);
    put_text("scale", bpnn_scale_name(r->scale));
    put_text("target-scale", bpnn_scale_name(r->target_scale));
    put_text("missing", bpnn_missing_name(r->missing));
    put_flag("missing-indicator", r->missing_indicator);
    put_text("class-weight", r->class_weight_balanced ? "balanced" : "none");
    if (a->validation && !parse_number(a->validation, &share))
        put_text("validation", a->validation);
    else if (!r->split_column)
        put_number("validation", r->validation_share);
}

static void put_network(const bpnn_fit_options *r)
{
    put_text("hidden", r->hidden);
    put_text("output-activation", r->output_activation);
    put_text("loss", r->loss);
    put_text("bias", bpnn_word(BPNN_WORDS_BIAS, (int)r->bias));
    put_text("init", bpnn_word(BPNN_WORDS_INIT, (int)r->init));
    put_text("precision", bpnn_word(BPNN_WORDS_PRECISION, (int)r->precision));
    put_text("reduction", bpnn_word(BPNN_WORDS_REDUCTION, (int)r->reduction));
    json_pair_count("group-rows", r->group_rows);
}

static void put_training(const arguments *a, const bpnn_train_options *t)
{
    bool full = bpnn_method_find(t->method)->full_batch || (a->batch && strcmp(a->batch, "full") == 0);
    put_text("method", t->method);
    put_number("rate", t->rate);
    put_number("momentum", t->momentum);
    if (full)
        put_text("batch", "full");
    else
        json_pair_count("batch", t->batch);
    json_pair_count("epochs", t->epochs);
    put_flag("shuffle", t->shuffle);
    put_number("l1", t->l1);
    if (t->l2_auto)
        put_text("l2", "auto");
    else
        put_number("l2", t->l2);
    put_number("dropout", t->dropout);
    put_number("clip", t->clip);
    put_text("schedule", bpnn_schedule_name(t->schedule));
    json_pair_count("warmup", t->warmup);
    json_pair_count("patience", t->patience);
    put_number("min-delta", t->min_delta);
    put_number("target-loss", t->target_loss);
    put_number("time-limit", t->time_limit);
    json_pair_count("seed", t->seed);
}

/* "adamw-beta1": as given, else its default */
static void put_option(const char *owner, const bpnn_method_option *setting, const bpnn_setting *given, size_t count)
{
    char key[96];
    double value = setting->initial;
    for (size_t i = 0; i < count; i++)
        if (strcmp(given[i].name, setting->name) == 0)
            value = given[i].value;
    snprintf(key, sizeof key, "%s-%s", owner, setting->name);
    put_number(key, value);
}

static void put_parameter(const char *owner, const char *name, double value)
{
    char key[96];
    if (!name)
        return;
    snprintf(key, sizeof key, "%s-%s", owner, name);
    put_number(key, value);
}

static void put_specials(const bpnn_fit_options *r)
{
    const bpnn_train_options *t = &r->train;
    const bpnn_method_info *method = bpnn_method_find(t->method);
    const bpnn_method_option *setting;
    for (size_t i = 0; i < method->option_count; i++)
        put_option(method->name, &method->options[i], t->settings, t->setting_count);
    for (size_t i = 0; (setting = bpnn_schedule_setting(t->schedule, i)); i++)
        put_option(bpnn_schedule_name(t->schedule), setting, t->schedule_settings, t->schedule_setting_count);
    put_parameter(r->loss, loss_option(bpnn_word_find(BPNN_WORDS_LOSS, r->loss)), r->loss_parameter);
    put_parameter(bpnn_word(BPNN_WORDS_INIT, (int)r->init), init_option((int)r->init), r->init_parameter);
}

/* Texts that were given and name no choice a rule could make. */
static void put_given(const arguments *a, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        const char *value = given_text(a, names[i]);
        if (value && strcmp(value, "auto") != 0)
            put_text(names[i], value);
    }
}

static const char *const given_of_run[] = {"delimiter", "header",       "decimal",     "na",      "format",
                                           "features",  "drop",         "categorical", "numeric", "sample-weight",
                                           "test",      "split-column", "group",       "preset",  NULL};
static const char *const given_of_log[] = {"threads", "isa", "init-from", NULL};
static const char *const given_of_checkpoint[] = {"checkpoint-every", NULL};

static void put_config(const arguments *a, const bpnn_fit_options *resolved, const char *const *more)
{
    json_key("config");
    json_open('{');
    put_given(a, given_of_run);
    put_given(a, more);
    put_data(a, resolved);
    put_network(resolved);
    put_training(a, &resolved->train);
    json_pair_count("restarts", resolved->restarts);
    json_pair_count("ensemble", resolved->ensemble);
    put_specials(resolved);
    json_close('}');
}

char *config_text(const arguments *a, const bpnn_fit_options *resolved)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return NULL;
    json_to(file);
    json_open('{');
    put_config(a, resolved, given_of_checkpoint);
    json_close('}');
    json_to(NULL);
    if (fclose(file) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void log_config(logbook *log, const arguments *a, const bpnn_fit_options *resolved)
{
    if (!log->file)
        return;
    begin(log);
    put_config(a, resolved, given_of_log);
    json_pair_text("data", a->place[0]);
    json_pair_count("seed", resolved->train.seed);
    put_text("version", bpnn_version());
    json_pair_count("arithmetic", BPNN_ARITHMETIC);
    end(log);
}

/* ---- many fits: what was given, an object a fit, the end ---- */

void put_given_options(const arguments *a, bool machine)
{
    char key[96];
    for (size_t i = 0; option_at(i); i++) {
        const option *o = option_at(i);
        const char *field = (const char *)a + o->offset;
        if (!was_given(o) || !(o->verbs & TRAIN) || strcmp(o->group, "Output") == 0 ||
            (!machine && (strcmp(o->group, "Machine") == 0 || strcmp(o->name, "time-limit") == 0)))
            continue;
        if (o->kind == FLAG)
            put_flag(o->name, *(const bool *)(const void *)field);
        else if (o->kind == TEXT)
            put_text(o->name, *(const char *const *)(const void *)field);
        else
            put_number(o->name, *(const double *)(const void *)field);
    }
    for (int i = 0; i < a->special_count; i++) {
        snprintf(key, sizeof key, "%s-%s", a->specials[i].owner, a->specials[i].name);
        put_number(key, a->specials[i].value);
    }
}

void log_given(logbook *log, const arguments *a, uint64_t seed)
{
    if (!log->file)
        return;
    begin(log);
    json_key("config");
    json_open('{');
    put_given_options(a, true);
    json_close('}');
    json_pair_text("data", a->place[0]);
    json_pair_count("seed", seed);
    put_text("version", bpnn_version());
    json_pair_count("arithmetic", BPNN_ARITHMETIC);
    end(log);
}

void log_object(logbook *log, void (*put)(const void *what), const void *what)
{
    if (!log->file)
        return;
    begin(log);
    put(what);
    end(log);
}

/* ---- epochs and the end ---- */

void log_epoch(logbook *log, const bpnn_progress *p)
{
    if (!log->file || p->epoch == 0)
        return;
    begin(log);
    if (p->members > 1)
        json_pair_count("member", p->member);
    if (p->starts > 1)
        json_pair_count("start", p->start);
    json_pair_count("epoch", p->epoch);
    json_pair_number("loss", p->loss);
    json_pair_number("validation_loss", p->validation_loss);
    json_pair_number("rate", p->rate);
    json_pair_count("failures", p->failures);
    json_pair_number("seconds", p->seconds);
    if (p->evaluations > 0) { /* a whole method */
        put_number("gradient_norm", p->gradient_norm);
        put_number("step", p->step);
        put_number("damping", p->damping);
        put_number("effective", p->effective);
        json_pair_count("evaluations", (size_t)p->evaluations);
    }
    end(log);
}

void log_outcome(logbook *log, const bpnn_model *model)
{
    if (!log->file)
        return;
    const bpnn_summary *s = bpnn_model_summary(model);
    begin(log);
    json_pair_text("method", s->method);
    json_pair_text("stop", bpnn_stop_name(s->stop));
    json_pair_count("epochs", s->epochs);
    json_pair_count("best_epoch", s->best_epoch);
    json_runs(model);
    json_found(model);
    json_parts(model);
    end(log);
}

int log_close(logbook *log)
{
    if (!log->file)
        return 0;
    errno = 0;
    if (fclose(log->file) != 0 && !log->failed)
        log->failed = errno ? errno : EIO;
    return log->failed ? fail_errno(log->path, "cannot write all of the log", log->failed) : 0;
}
