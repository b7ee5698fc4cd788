/* bpnn train: read, fit, save, report. */
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything one run holds. */
typedef struct run {
    const arguments *a;
    bpnn_fit_options fit;
    bpnn_setting method_settings[SPECIALS], schedule_settings[SPECIALS];
    bpnn_table *table, *validation, *test;
    bpnn_model *model;
    logbook log;
    char *output;
    bool logged;
} run;

/* ---- options ---- */

static bool word(const char *name, const char *text, int (*find)(const char *), const char *known, int *value)
{
    if (!text)
        return true;
    *value = find(text);
    if (*value >= 0)
        return true;
    say_usage("--%s: unknown name '%s'; known: %s", name, text, known);
    return false;
}

static bool vocabulary(const char *name, const char *text, bpnn_vocabulary words, int *value)
{
    const char *names[64];
    size_t count = 0;
    if (!text)
        return true;
    *value = bpnn_word_find(words, text);
    if (*value >= 0)
        return true;
    for (; count < 64 && bpnn_word(words, (int)count); count++)
        names[count] = bpnn_word(words, (int)count);
    const char *near = nearest(text, names, count);
    if (near)
        say_usage("--%s: unknown name '%s'; did you mean '%s'?", name, text, near);
    else
        say_usage("--%s: unknown name '%s'; known: %s, %s ..", name, text, names[0], names[1]);
    return false;
}

/* "0.15", "0", or a file. */
static bool share_or_file(const char *name, const char *text, double *share, const char **file)
{
    *file = NULL;
    if (!text)
        return true;
    if (!parse_number(text, share)) {
        *file = text;
        return true;
    }
    if (*share >= 0 && *share < 1)
        return true;
    say_usage("--%s is a share below 1 or a file, not %s", name, text);
    return false;
}

static bool set_words(run *r)
{
    const arguments *a = r->a;
    bpnn_fit_options *f = &r->fit;
    int task = (int)f->task, scale = (int)f->scale, target_scale = (int)f->target_scale, missing = (int)f->missing;
    int bias = (int)f->bias, init = (int)f->init, precision = (int)f->precision, reduction = (int)f->reduction;
    int schedule = (int)f->train.schedule, loss = 0;
    if (!word("task", a->task, bpnn_task_find, "auto, regression, binary, multiclass", &task) ||
        !word("scale", a->scale, bpnn_scale_find, "standard, minmax, robust, none", &scale) ||
        !word("target-scale", a->target_scale, bpnn_scale_find, "auto, standard, minmax, robust, none",
              &target_scale) ||
        !word("missing", a->missing, bpnn_missing_find, "median, mean, drop, error", &missing) ||
        !vocabulary("bias", a->bias, BPNN_WORDS_BIAS, &bias) || !vocabulary("init", a->init, BPNN_WORDS_INIT, &init) ||
        !vocabulary("precision", a->precision, BPNN_WORDS_PRECISION, &precision) ||
        !vocabulary("reduction", a->reduction, BPNN_WORDS_REDUCTION, &reduction) ||
        !vocabulary("loss", a->loss, BPNN_WORDS_LOSS, &loss) ||
        !word("schedule", a->schedule, bpnn_schedule_find, "constant, step, exponential, cosine, plateau, onecycle",
              &schedule))
        return false;
    f->task = (bpnn_task)task;
    f->scale = (bpnn_scale)scale;
    f->target_scale = (bpnn_scale)target_scale;
    f->missing = (bpnn_missing)missing;
    f->bias = (bpnn_bias)bias;
    f->init = (bpnn_init_kind)init;
    f->precision = (bpnn_precision)precision;
    f->reduction = (bpnn_reduction)reduction;
    f->train.schedule = (bpnn_schedule_kind)schedule;
    return yes_or_no("missing-indicator", a->missing_indicator, true, &f->missing_indicator) &&
           yes_or_no("shuffle", a->shuffle, true, &f->train.shuffle);
}

static void set_columns(run *r)
{
    const arguments *a = r->a;
    bpnn_fit_options *f = &r->fit;
    f->target = a->target;
    f->features = a->features;
    f->drop = a->drop;
    f->categorical = a->categorical;
    f->numeric = a->numeric;
    f->sample_weight = a->sample_weight;
    f->split_column = a->split_column;
    f->positive = a->positive;
    f->hidden = a->hidden;
    f->activation = a->activation;
    f->output_activation = a->output_activation;
    f->loss = a->loss;
}

static bool set_counts(run *r)
{
    const arguments *a = r->a;
    bpnn_train_options *t = &r->fit.train;
    double n;
    if (a->batch && strcmp(a->batch, "full") == 0) {
        t->batch = 0;
    } else if (a->batch) {
        if (!parse_number(a->batch, &n) || n < 1 || floor(n) != n) {
            say_usage("--batch is full or a whole number from 1, not '%s'", a->batch);
            return false;
        }
        t->batch = (size_t)n;
    }
    if (a->patience) {
        if (!parse_number(a->patience, &n) || n < 0 || floor(n) != n) {
            say_usage("--patience is a whole number from 0, not '%s'", a->patience);
            return false;
        }
        t->patience = (size_t)n;
    }
    if (a->time_limit && !parse_time(a->time_limit, &t->time_limit)) {
        say_usage("--time-limit is a time such as 30s, 10m or 1h, not '%s'", a->time_limit);
        return false;
    }
    if (!isnan(a->epochs))
        t->epochs = (size_t)a->epochs;
    if (!isnan(a->warmup))
        t->warmup = (size_t)a->warmup;
    if (!isnan(a->group_rows))
        r->fit.group_rows = (size_t)a->group_rows;
    return read_threads(a, &t->threads);
}

static bool set_training(run *r)
{
    const arguments *a = r->a;
    bpnn_train_options *t = &r->fit.train;
    t->method = a->method && strcmp(a->method, "auto") != 0 ? a->method : NULL;
    t->rate = a->rate;
    t->momentum = a->momentum;
    t->l1 = a->l1;
    t->l2 = a->l2;
    t->dropout = a->dropout;
    t->clip = a->clip;
    t->min_delta = a->min_delta;
    t->target_loss = a->target_loss;
    t->seed = (uint64_t)a->seed;
    t->isa = a->isa;
    if (a->class_weight && strcmp(a->class_weight, "none") != 0 && strcmp(a->class_weight, "balanced") != 0) {
        say_usage("--class-weight is none or balanced, not '%s'", a->class_weight);
        return false;
    }
    r->fit.class_weight_balanced = a->class_weight && strcmp(a->class_weight, "balanced") == 0;
    return set_counts(r);
}

/* "--huber-delta 1" and the like go where they belong. */
static bool set_specials(run *r)
{
    const arguments *a = r->a;
    bpnn_train_options *t = &r->fit.train;
    for (int i = 0; i < a->special_count; i++) {
        const special *s = &a->specials[i];
        const bpnn_method_info *owner = bpnn_method_find(s->owner),
                               *used = bpnn_method_find(a->method ? a->method : "adamw");
        if (owner && owner == used) {
            r->method_settings[t->setting_count++] = (bpnn_setting){s->name, s->value};
        } else if (a->schedule && strcmp(a->schedule, s->owner) == 0) {
            r->schedule_settings[t->schedule_setting_count++] = (bpnn_setting){s->name, s->value};
        } else if (a->loss && strcmp(a->loss, s->owner) == 0) {
            r->fit.loss_parameter = s->value;
        } else if (a->init && strcmp(a->init, s->owner) == 0) {
            r->fit.init_parameter = s->value;
        } else {
            say_usage("--%s-%s: %s is not what this run uses", s->owner, s->name, s->owner);
            return false;
        }
    }
    t->settings = r->method_settings;
    t->schedule_settings = r->schedule_settings;
    return true;
}

/* ---- callbacks ---- */

static void on_message(const char *text, bool warning, void *context)
{
    (void)context;
    if (warning)
        say_warning("%s", text);
    else
        say_note("%s", text);
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    run *r = context;
    if (!r->logged) {
        log_config(&r->log, r->a, &r->fit);
        r->logged = true;
    }
    log_epoch(&r->log, progress);
    return show_progress(progress, NULL);
}

/* ---- tables ---- */

/* Columns that keep their text: the target and --categorical. */
static char *text_columns(const arguments *a)
{
    if (!a->target && !a->categorical)
        return NULL;
    size_t size = (a->target ? strlen(a->target) : 0) + (a->categorical ? strlen(a->categorical) : 0) + 2;
    char *list = malloc(size);
    if (list)
        snprintf(list, size, "%s%s%s", a->target ? a->target : "", a->target && a->categorical ? "," : "",
                 a->categorical ? a->categorical : "");
    return list;
}

static int read_tables(run *r)
{
    const arguments *a = r->a;
    const char *validation, *test;
    if (!share_or_file("validation", a->validation, &r->fit.validation_share, &validation) ||
        !share_or_file("test", a->test, &r->fit.test_share, &test))
        return BPNN_USAGE;
    char *text = text_columns(a);
    int code = read_table(&r->table, a, a->place[0], text, !a->target);
    if (code == 0 && validation)
        code = read_table(&r->validation, a, validation, text, !a->target);
    if (code == 0 && test)
        code = read_table(&r->test, a, test, text, !a->target);
    free(text);
    r->fit.validation = r->validation;
    r->fit.test = r->test;
    if (code == 0)
        say_note("%s: %zu rows, %zu columns", clean(bpnn_table_source(r->table)), bpnn_table_rows(r->table),
                 bpnn_table_columns(r->table));
    return code;
}

/* DATA's name without folder and endings, in the current folder. */
static char *default_output(const char *data)
{
    const char *name = strrchr(data, '/') ? strrchr(data, '/') + 1 : data;
    if (strcmp(name, "-") == 0)
        name = "model";
    size_t size = strcspn(name, ","); /* an IDX pair: the first */
    static const char *const endings[] = {".gz",  ".csv",    ".tsv", ".txt",     ".idx",
                                          ".npy", ".libsvm", ".svm", ".svmlight"};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            size_t n = strlen(endings[i]);
            if (size > n && memcmp(name + size - n, endings[i], n) == 0)
                size -= n;
        }
    char *path = malloc(size + 6);
    if (path) {
        memcpy(path, name, size);
        memcpy(path + size, ".bpnn", 6);
    }
    return path;
}

/* ---- the report ---- */

static void print_json(const run *r)
{
    const bpnn_summary *s = bpnn_model_summary(r->model);
    const bpnn_net *net = bpnn_model_net(r->model);
    bpnn_net_options shape = bpnn_net_describe(net);
    json_open('{');
    json_key("model");
    json_string(r->output);
    json_key("task");
    json_string(bpnn_task_name(bpnn_model_task(r->model)));
    json_key("target");
    if (s->target_count == 1) {
        json_string(bpnn_model_target_name(r->model, 0));
    } else {
        json_open('[');
        for (size_t k = 0; k < s->target_count; k++)
            json_string(bpnn_model_target_name(r->model, k));
        json_close(']');
    }
    json_key("inputs");
    json_count(shape.inputs);
    json_key("layers");
    json_open('[');
    json_count(shape.inputs);
    for (size_t m = 0; m < shape.layer_count; m++)
        json_count(shape.layers[m].size);
    json_close(']');
    json_key("parameters");
    json_count(bpnn_net_parameter_count(net));
    json_key("method");
    json_string(s->method);
    json_key("rows");
    json_open('{');
    json_key("train");
    json_count(s->rows_train);
    json_key("validation");
    json_count(s->rows_validation);
    json_key("test");
    json_count(s->rows_test);
    json_close('}');
    json_key("epochs");
    json_count(s->epochs);
    json_key("best_epoch");
    json_count(s->best_epoch);
    json_key("stop");
    json_string(bpnn_stop_name(s->stop));
    json_key("seconds");
    json_number(s->seconds);
    json_key("train");
    json_metrics(s->train, s->target_count, r->model);
    json_key("validation");
    json_metrics(s->validation, s->target_count, r->model);
    json_key("test");
    json_metrics(s->test, s->target_count, r->model);
    json_key("seed");
    json_count(s->seed);
    json_key("auto");
    json_open('{');
    if (s->method_why) {
        json_key("method");
        json_open('{');
        json_key("value");
        json_string(s->method);
        json_key("why");
        json_string(s->method_why);
        json_close('}');
    }
    json_close('}');
    json_key("warnings");
    json_open('[');
    for (size_t i = 0; i < s->warning_count; i++)
        json_string(s->warnings[i]);
    json_close(']');
    json_close('}');
    json_end();
}

static void print_report(const run *r)
{
    const bpnn_summary *s = bpnn_model_summary(r->model);
    printf("%s: %zu epochs, best %zu, stop: %s, %.2f s\n", s->method, s->epochs, s->best_epoch, bpnn_stop_name(s->stop),
           s->seconds);
    show_metrics("training", s->train, s->target_count, r->model);
    show_metrics("validation", s->validation, s->target_count, r->model);
    show_metrics("test", s->test, s->target_count, r->model);
    show_confusion(s->test ? s->test : s->validation ? s->validation : s->train, r->model);
    printf("model: %s\n", clean(r->output));
}

/* The exit code that the way it ended asks for. */
static int outcome(const run *r)
{
    const bpnn_summary *s = bpnn_model_summary(r->model);
    if (s->stop == BPNN_STOP_DIVERGED) {
        const bpnn_train_result *t = &s->result;
        fprintf(stderr, "bpnn: training diverged in epoch %zu", t->diverged_epoch);
        if (t->diverged_batch)
            fprintf(stderr, ", batch %zu", t->diverged_batch);
        if (t->diverged_layer)
            fprintf(stderr, ", layer %zu", t->diverged_layer);
        fprintf(stderr, "; the last finite model is saved; %s\n", t->advice);
        return BPNN_DIVERGED;
    }
    if (s->stop == BPNN_STOP_INTERRUPTED) {
        fprintf(stderr, "bpnn: interrupted; the best model so far is saved as %s\n", clean(r->output));
        return BPNN_INTERRUPTED;
    }
    return 0;
}

static int save_and_report(run *r)
{
    bpnn_error error;
    if (bpnn_model_save(r->model, r->output, &error) != BPNN_OK)
        return say_error(&error);
    if (r->a->json)
        print_json(r);
    else
        print_report(r);
    log_outcome(&r->log, r->model);
    int code = outcome(r);
    if (!finish_output())
        return BPNN_IO;
    say_next("bpnn predict %s %s", clean(r->output), clean(r->a->place[0]));
    return code;
}

static int fit(run *r)
{
    bpnn_error error;
    r->output = r->a->output ? strdup(r->a->output) : default_output(r->a->place[0]);
    if (!r->output) {
        fprintf(stderr, "bpnn: out of memory\n");
        return BPNN_MEMORY;
    }
    int code = read_tables(r);
    if (code == 0)
        code = log_open(&r->log, r->a->log);
    if (code != 0)
        return code;
    r->fit.message = on_message;
    r->fit.train.on_epoch = on_epoch;
    r->fit.train.context = r;
    r->fit.train.interrupt = catch_signals();
    bpnn_status status = bpnn_fit(&r->model, r->table, &r->fit, &error);
    end_progress();
    if (status != BPNN_OK)
        return say_error(&error);
    code = save_and_report(r);
    int log_code = log_close(&r->log);
    return code ? code : log_code;
}

int verb_train(const arguments *a)
{
    if (a->help && a->places == 1)
        return help_method(a->place[0]);
    if (a->places != 1) {
        say_usage(a->places ? "train takes one DATA; name a second table with --validation or --test"
                            : "train needs DATA; bpnn train --help tells more");
        return BPNN_USAGE;
    }
    run *r = calloc(1, sizeof *r);
    if (!r) {
        fprintf(stderr, "bpnn: out of memory\n");
        return BPNN_MEMORY;
    }
    r->a = a;
    bpnn_fit_options_default(&r->fit);
    set_columns(r);
    int code = set_words(r) && set_training(r) && set_specials(r) ? fit(r) : BPNN_USAGE;
    bpnn_model_free(r->model);
    bpnn_table_free(r->table);
    bpnn_table_free(r->validation);
    bpnn_table_free(r->test);
    free(r->output);
    free(r);
    return code;
}
