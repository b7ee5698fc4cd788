/* bpnn train: read, fit, save, report. */
#include "files.h"
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static bool set_words(run *r)
{
    const arguments *a = r->a;
    bpnn_fit_options *f = &r->fit;
    int task = (int)f->task, scale = (int)f->scale, target_scale = (int)f->target_scale, missing = (int)f->missing;
    int bias = (int)f->bias, init = (int)f->init, precision = (int)f->precision, reduction = (int)f->reduction;
    int schedule = (int)f->train.schedule, loss = 0;
    if (!word("task", a->task, bpnn_task_find, "auto, regression, binary, multiclass", &task) ||
        !word("scale", a->scale, bpnn_scale_find, "auto, standard, minmax, robust, pooled, none", &scale) ||
        !word("target-scale", a->target_scale, bpnn_scale_find, "auto, standard, minmax, robust, none",
              &target_scale) ||
        !word("missing", a->missing, bpnn_missing_find, "median, mean, drop, error", &missing) ||
        !vocabulary("bias", a->bias, BPNN_WORDS_BIAS, &bias) || !vocabulary("init", a->init, BPNN_WORDS_INIT, &init) ||
        !vocabulary("precision", a->precision, BPNN_WORDS_PRECISION, &precision) ||
        !vocabulary("reduction", a->reduction, BPNN_WORDS_REDUCTION, &reduction) ||
        !vocabulary("loss", a->loss, BPNN_WORDS_LOSS, &loss) ||
        !word("schedule", a->schedule, bpnn_schedule_find,
              "constant, step, exponential, cosine, plateau, onecycle, adaptive", &schedule))
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
    f->schedule_by_rule = !a->schedule;
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
    f->group = a->group;
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
        if (!parse_count(a->batch, 1, &n)) {
            say_usage("--batch is full or a whole number from 1, not '%s'", a->batch);
            return false;
        }
        t->batch = (size_t)n;
    }
    if (a->patience) {
        if (!parse_count(a->patience, 0, &n)) {
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
    if (a->restarts < 1 || a->restarts > 1000 || a->ensemble < 1 || a->ensemble > 1000) {
        say_usage("--restarts and --ensemble are 1 to 1000");
        return false;
    }
    r->fit.restarts = (size_t)a->restarts;
    r->fit.ensemble = (size_t)a->ensemble;
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
    t->l2_auto = a->l2 && strcmp(a->l2, "auto") == 0;
    if (a->l2 && !t->l2_auto && !parse_number(a->l2, &t->l2)) {
        say_usage("--l2 is a number or auto, not '%s'", a->l2);
        return false;
    }
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
    bpnn_train_options *t = &r->fit.train;
    special_values *s = &r->specials;
    if (!resolve_specials(r->a, s))
        return false;
    t->settings = s->method;
    t->setting_count = s->method_count;
    t->schedule_settings = s->schedule;
    t->schedule_setting_count = s->schedule_count;
    r->fit.loss_parameter = s->loss;
    r->fit.init_parameter = s->init;
    if (*s->activation)
        r->fit.activation = s->activation;
    return true;
}

bool set_fit(run *r)
{
    bpnn_fit_options_default(&r->fit);
    set_columns(r);
    return set_words(r) && set_training(r) && set_specials(r);
}

/* ---- callbacks ---- */

static void on_resolved(const bpnn_fit_options *resolved, void *context)
{
    run *r = context;
    log_config(&r->log, r->a, resolved);
    if (r->a->preset && strcmp(r->a->preset, "patternnet") == 0 && resolved->task == BPNN_TASK_REGRESSION)
        say_warning("patternnet is for classes, and the target holds numbers: --preset fitnet, or --task multiclass");
    log_history(&r->log, r->resumed);
    free(r->note);
    r->note = config_text(r->a, resolved);
    r->fit.checkpoint_note = r->note;
}

/* The log begins with epoch 0: the initial network. */
static bool on_epoch(const bpnn_progress *progress, void *context)
{
    run *r = context;
    log_epoch(&r->log, progress);
    return show_progress(progress, NULL);
}

/* ---- the end ---- */

static int say_diverged(const bpnn_train_result *t)
{
    fprintf(stderr, "bpnn: training diverged in epoch %zu", t->diverged_epoch);
    if (t->diverged_batch)
        fprintf(stderr, ", batch %zu", t->diverged_batch);
    if (t->diverged_layer)
        fprintf(stderr, ", layer %zu", t->diverged_layer);
    fprintf(stderr, "; the last finite model is saved; %s\n", t->advice);
    return BPNN_DIVERGED;
}

/* The exit code that the way it ended asks for. */
static int outcome(const run *r)
{
    const bpnn_summary *s = bpnn_model_summary(r->model);
    if (s->stop == BPNN_STOP_DIVERGED)
        return say_diverged(&s->result);
    if (s->stop == BPNN_STOP_INTERRUPTED) {
        fprintf(stderr, "bpnn: interrupted; the best model so far is saved as %s\n", clean(r->output));
        if (s->checkpoint)
            fprintf(stderr, "bpnn: the run goes on with: bpnn train --resume %s%s%s %s\n", clean(s->checkpoint),
                    r->a->output ? " --output " : "", r->a->output ? clean(r->a->output) : "", clean(r->a->place[0]));
        return BPNN_INTERRUPTED;
    }
    return 0;
}

static void suggest(const run *r)
{
    const bpnn_summary *s = bpnn_model_summary(r->model);
    bool file = strcmp(r->a->place[0], "-") != 0 && strcmp(r->output, "-") != 0;
    if (s->stop == BPNN_STOP_DIVERGED)
        say_next("bpnn train --rate SMALLER", r->a->place[0], NULL);
    else if (file)
        say_next("bpnn predict", r->output, r->a->place[0]);
    else
        say_next("bpnn predict --help", NULL, NULL);
}

static int save_and_report(run *r)
{
    int code = save_model(r->model, r->output);
    if (code != 0)
        return code;
    if (r->a->json)
        report_json(r->model, r->output);
    else if (strcmp(r->output, "-") != 0)
        report_text(r->model, r->output);
    log_outcome(&r->log, r->model);
    code = outcome(r);
    if (!finish_output())
        return BPNN_IO;
    suggest(r);
    return code;
}

/* A checkpoint that was asked for by name is no other file of the run. */
static int check_checkpoint(const run *r)
{
    const char *path = r->a->checkpoint, *others[] = {r->output, r->a->log};
    if (!path)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        size_t n = others[i] ? strlen(path) : 0;
        bool previous = n > 0 && strncmp(others[i], path, n) == 0 && strcmp(others[i] + n, ".prev") == 0;
        if (others[i] && (previous || strcmp(path, others[i]) == 0 || same_file(path, others[i]))) {
            say_usage("--checkpoint and --%s are the same file", i ? "log" : "output");
            return BPNN_USAGE;
        }
    }
    return check_written(r, "checkpoint", path);
}

static int open_start(run *r)
{
    int code = r->a->init_from && !r->resumed ? load_model(&r->start, r->a->init_from) : 0;
    r->fit.init_from = r->start;
    r->fit.resume = r->resumed;
    r->fit.resume_anyway = r->a->resume_anyway;
    return code;
}

static int fit(run *r)
{
    bpnn_error error;
    r->output = r->a->output ? strdup(r->a->output) : default_output(r->a->place[0], "bpnn");
    int code = r->output ? check_outputs(r, "output", r->output) : fail_memory();
    if (code == 0)
        code = check_checkpoint(r);
    if (code == 0 &&
        !set_checkpoint(&r->own, strcmp(r->output, "-") == 0 ? "model.bpnn" : r->output, &r->fit, &r->checkpoint))
        code = BPNN_USAGE;
    if (code == 0)
        code = open_start(r);
    if (code == 0)
        code = read_tables(r);
    forget_input();
    if (code == 0)
        code = log_open(&r->log, r->a->log);
    if (code != 0)
        return code;
    if (r->resumed)
        say_place(r->resumed);
    r->fit.message = on_message;
    r->fit.on_resolved = on_resolved;
    r->fit.resolved_context = r;
    r->fit.train.on_epoch = on_epoch;
    r->fit.train.context = r;
    r->fit.train.interrupt = catch_signals();
    bpnn_status status = bpnn_fit(&r->model, r->table, &r->fit, &error);
    end_progress();
    code = status == BPNN_OK ? save_and_report(r) : say_error(&error);
    int log_code = log_close(&r->log);
    return code ? code : log_code;
}

int verb_train(const arguments *a)
{
    if (a->places != 1) {
        say_usage(a->places ? "train takes one DATA; name a second table with --validation or --test"
                            : "train needs DATA; bpnn train --help tells more");
        return BPNN_USAGE;
    }
    run r = {.own = *a}; /* a resumed run's options are put beneath */
    r.a = &r.own;
    int code = r.a->resume ? open_run(&r.own, &r.resumed, &r.config) : 0;
    if (code == 0)
        code = set_fit(&r) ? fit(&r) : BPNN_USAGE;
    free_run(&r);
    return code;
}
