/* The log: JSON lines; first the resolved configuration, then an object an epoch, last the outcome. */
#include "verbs.h"

#include <errno.h>
#include <math.h>
#include <string.h>

int log_open(logbook *log, const char *path)
{
    memset(log, 0, sizeof *log);
    log->path = path;
    if (!path)
        return 0;
    log->file = fopen(path, "w");
    if (log->file)
        return 0;
    fprintf(stderr, "bpnn: %s: cannot write: %s\n", clean(path), strerror(errno));
    return BPNN_IO;
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
    log->failed = log->failed || fflush(log->file) != 0;
    json_to(NULL);
}

static void number(const char *key, double value)
{
    if (isnan(value))
        return;
    json_key(key);
    json_number(value);
}

/* Every option that was given, and what the rest resolved to. */
void log_config(logbook *log, const arguments *a, const bpnn_fit_options *o)
{
    if (!log->file)
        return;
    begin(log);
    json_key("config");
    json_open('{');
    for (size_t i = 0; option_at(i); i++) {
        const option *entry = option_at(i);
        const char *field = (const char *)a + entry->offset;
        bool skip =
            !(entry->verbs & TRAIN) || strcmp(entry->group, "Output") == 0 || strcmp(entry->name, "seed") == 0;
        if (skip)
            continue;
        if (entry->kind == TEXT && *(const char *const *)(const void *)field) {
            json_key(entry->name);
            json_string(*(const char *const *)(const void *)field);
        } else if (entry->kind == NUMBER || entry->kind == COUNT) {
            double value = *(const double *)(const void *)field;
            if (!isnan(value) && (value != 0 || entry->kind == COUNT))
                number(entry->name, value);
        }
    }
    for (int i = 0; i < a->special_count; i++) {
        char key[72];
        snprintf(key, sizeof key, "%s-%s", a->specials[i].owner, a->specials[i].name);
        number(key, a->specials[i].value);
    }
    number("seed", (double)o->train.seed);
    json_close('}');
    json_key("seed");
    json_count(o->train.seed);
    json_key("version");
    json_string(bpnn_version());
    json_key("arithmetic");
    json_count(BPNN_ARITHMETIC);
    end(log);
}

void log_epoch(logbook *log, const bpnn_progress *p)
{
    if (!log->file)
        return;
    begin(log);
    json_key("epoch");
    json_count(p->epoch);
    json_key("loss");
    json_number(p->loss);
    json_key("validation_loss");
    json_number(p->validation_loss);
    json_key("rate");
    json_number(p->rate);
    json_key("failures");
    json_count(p->failures);
    json_key("seconds");
    json_number(p->seconds);
    end(log);
}

void log_outcome(logbook *log, const bpnn_model *model)
{
    if (!log->file)
        return;
    const bpnn_summary *s = bpnn_model_summary(model);
    begin(log);
    json_key("method");
    json_string(s->method);
    json_key("stop");
    json_string(bpnn_stop_name(s->stop));
    json_key("epochs");
    json_count(s->epochs);
    json_key("best_epoch");
    json_count(s->best_epoch);
    json_key("validation");
    json_metrics(s->validation, s->target_count, model);
    json_key("test");
    json_metrics(s->test, s->target_count, model);
    end(log);
}

int log_close(logbook *log)
{
    if (!log->file)
        return 0;
    if (fclose(log->file) == 0 && !log->failed)
        return 0;
    fprintf(stderr, "bpnn: %s: cannot write all of the log\n", clean(log->path));
    return BPNN_IO;
}
