/* bpnn tune: a search for better options, and its result as a configuration for train. */
#include "files.h"
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10, MINUTES = 5, TRIALS = 60, WORDS = 160 };

typedef struct search {
    run run;
    bpnn_tune_options options;
    bpnn_tune *tune;
} search;

/* ---- a configuration in words ---- */

static void add(char *text, size_t room, const char *name, const char *value)
{
    size_t at = strlen(text);
    if (at < room)
        snprintf(text + at, room - at, "%s%s %s", at ? ", " : "", name, *value ? value : "none");
}

static void add_number(char *text, size_t room, const char *name, double value)
{
    char number[32];
    add(text, room, name, shortest(value, number));
}

static void words_of(const bpnn_trial *t, char *text, size_t room)
{
    const bpnn_choice *c = &t->choice;
    *text = '\0';
    if (c->set & BPNN_TUNED_METHOD)
        add(text, room, "method", c->method);
    if (c->set & BPNN_TUNED_HIDDEN)
        add(text, room, "hidden", c->hidden);
    if (c->set & BPNN_TUNED_ACTIVATION)
        add(text, room, "activation", c->activation);
    if (c->set & BPNN_TUNED_RATE)
        add_number(text, room, "rate", c->rate);
    if ((c->set & BPNN_TUNED_L2) && c->l2_auto)
        add(text, room, "l2", "auto");
    else if (c->set & BPNN_TUNED_L2)
        add_number(text, room, "l2", c->l2);
    if (c->set & BPNN_TUNED_DROPOUT)
        add_number(text, room, "dropout", c->dropout);
    if (c->set & BPNN_TUNED_BATCH)
        add_number(text, room, "batch", (double)c->batch);
    if (!c->set)
        snprintf(text, room, "%s", t->number == 1 ? "as given, the rest by the defaults" : "nothing left to search");
}

/* ---- the leaderboard ---- */

static void header(bpnn_task task)
{
    printf("  trial        loss          sd  %10s  folds  %-6s  configuration\n",
           task == BPNN_TASK_REGRESSION ? "R2" : "accuracy", "method");
}

static void line(const bpnn_trial *t)
{
    char words[WORDS];
    words_of(t, words, sizeof words);
    const bpnn_metrics *m = t->mean;
    printf("  %5zu  %10.4g  %10.3g  ", t->number, t->loss, t->deviation);
    if (m)
        printf("%10.4g  ", m->task == BPNN_TASK_REGRESSION ? m->r2 : m->accuracy);
    else
        printf("%10s  ", "-");
    printf("%5zu  %-6s  %s\n", t->fits, t->method ? t->method : "-", words);
}

/* The verdict on the first of the list. */
static void verdict(const bpnn_tune *t)
{
    const bpnn_trial *best = &t->trial[0];
    if (best->number == 1) {
        printf("the defaults are the best of what was tried\n");
        return;
    }
    bool noise = !(best->gain > best->gain_error);
    printf("trial %zu: loss lower than the defaults' by %.3g (standard error %.2g%s)\n", best->number, best->gain,
           best->gain_error, noise ? ": no more than noise" : "");
}

static void show_tune(const bpnn_tune *t, const char *output)
{
    size_t shown = t->trial_count < SHOWN ? t->trial_count : SHOWN;
    printf("%zu trials, %zu fits, %zu folds", t->trial_count, t->fits, t->folds);
    if (t->repeats > 1)
        printf(" x %zu repeats", t->repeats);
    printf(", %zu rows, %.*f s\n", t->rows, t->seconds < 1 ? 3 : 2, t->seconds);
    header(bpnn_model_task(t->example));
    for (size_t i = 0; i < shown; i++)
        if (t->trial[i].whole)
            line(&t->trial[i]);
    if (t->baseline >= shown)
        line(&t->trial[t->baseline]);
    verdict(t);
    printf("configuration: %s\n", clean(output));
}

/* ---- JSON ---- */

/* Options of train, by their names. */
static void put_choice(const bpnn_choice *c)
{
    if (c->set & BPNN_TUNED_METHOD)
        json_pair_text("method", c->method);
    if (c->set & BPNN_TUNED_HIDDEN)
        json_pair_text("hidden", c->hidden);
    if (c->set & BPNN_TUNED_ACTIVATION)
        json_pair_text("activation", c->activation);
    if (c->set & BPNN_TUNED_RATE)
        json_pair_number("rate", c->rate);
    if ((c->set & BPNN_TUNED_L2) && c->l2_auto)
        json_pair_text("l2", "auto");
    else if (c->set & BPNN_TUNED_L2)
        json_pair_number("l2", c->l2);
    if (c->set & BPNN_TUNED_DROPOUT)
        json_pair_number("dropout", c->dropout);
    if (c->set & BPNN_TUNED_BATCH)
        json_pair_count("batch", c->batch);
}

static void put_config(const arguments *a, const bpnn_choice *c)
{
    json_key("config");
    json_open('{');
    put_given_options(a, false);
    put_choice(c);
    json_close('}');
}

static void put_trial(const void *what)
{
    const bpnn_trial *t = what;
    json_pair_count("trial", t->number);
    json_key("choice");
    json_open('{');
    put_choice(&t->choice);
    json_close('}');
    json_pair_number("loss", t->loss);
    json_pair_number("sd", t->deviation);
    json_pair_number("gain", t->gain);
    json_pair_number("gain_error", t->gain_error);
    json_pair_count("fits", t->fits);
    json_key("whole");
    json_bool(t->whole);
    json_pair_text("method", t->method);
    json_pair_count("parameters", t->parameters);
    json_pair_number("seconds", t->seconds);
    json_pair_text("error", *t->error ? t->error : NULL);
}

static void put_outcome(const void *what)
{
    const search *s = what;
    const bpnn_tune *t = s->tune;
    json_pair_text("task", bpnn_task_name(bpnn_model_task(t->example)));
    json_pair_count("folds", t->folds);
    json_pair_count("repeats", t->repeats);
    json_pair_count("rows", t->rows);
    json_pair_count("fits", t->fits);
    json_pair_text("stop", bpnn_stop_name(t->stop));
    json_pair_number("seconds", t->seconds);
    json_pair_count("seed", t->seed);
    json_pair_count("best", t->trial[0].number);
    json_pair_number("loss", t->trial[0].loss);
    json_pair_number("baseline_loss", t->trial[t->baseline].loss);
    json_pair_number("gain", t->trial[0].gain);
    json_pair_number("gain_error", t->trial[0].gain_error);
    put_config(s->run.a, &t->trial[0].choice);
}

static void report_tune(const search *s)
{
    const bpnn_tune *t = s->tune;
    json_open('{');
    json_pair_text("output", s->run.output);
    put_outcome(s);
    json_key("trials");
    json_open('[');
    for (size_t i = 0; i < t->trial_count; i++) {
        json_open('{');
        put_trial(&t->trial[i]);
        if (t->trial[i].mean) {
            json_key("mean");
            json_measures(t->trial[i].mean, t->target_count, t->example);
        }
        json_close('}');
    }
    json_close(']');
    json_pair_texts("warnings", t->warnings, t->warning_count);
    json_close('}');
    json_end();
}

/* What `bpnn train --config` takes: {"config": {..}, ..}. */
static int write_config(const search *s)
{
    sink to;
    const bpnn_tune *t = s->tune;
    int code = open_sink(&to, s->run.output);
    if (code != 0)
        return code;
    json_to(to.file);
    json_open('{');
    put_config(s->run.a, &t->trial[0].choice);
    json_pair_text("data", s->run.a->place[0]);
    json_pair_count("trial", t->trial[0].number);
    json_pair_number("loss", t->trial[0].loss);
    json_pair_number("baseline_loss", t->trial[t->baseline].loss);
    json_pair_count("folds", t->folds);
    json_pair_count("repeats", t->repeats);
    json_pair_count("seed", t->seed);
    json_pair_text("version", bpnn_version());
    json_close('}');
    json_end();
    json_to(NULL);
    return close_sink(&to, 0);
}

/* ---- while it runs ---- */

static bool on_fit(size_t fits, size_t trials, void *context)
{
    (void)context;
    (void)trials;
    show_fits(fits, 0);
    return true;
}

static void on_trial(const bpnn_trial *trial, void *context)
{
    search *s = context;
    char words[WORDS];
    log_object(&s->run.log, put_trial, trial);
    words_of(trial, words, sizeof words);
    end_progress();
    if (*trial->error)
        say_detail("trial %zu: %s: %s", trial->number, words, trial->error);
    else
        say_detail("trial %zu: loss %.4g on %zu folds: %s", trial->number, trial->loss, trial->fits, words);
}

/* ---- the run ---- */

static int show(void *context)
{
    search *s = context;
    const bpnn_tune *t = s->tune;
    int code = write_config(s);
    if (code != 0)
        return code;
    if (s->run.a->json)
        report_tune(s);
    else if (strcmp(s->run.output, "-") != 0)
        show_tune(t, s->run.output);
    log_object(&s->run.log, put_outcome, s);
    if (t->stop == BPNN_STOP_INTERRUPTED)
        fprintf(stderr, "bpnn: interrupted; the best of %zu trials is written to %s\n", t->trial_count,
                clean(s->run.output));
    if (!finish_output())
        return BPNN_IO;
    say_next("bpnn train --config", s->run.output, s->run.a->place[0]);
    return t->stop == BPNN_STOP_INTERRUPTED ? BPNN_INTERRUPTED : 0;
}

/* Options that were given stay, also those that say what is the default. */
static unsigned fixed_by(void)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"hidden", BPNN_TUNED_HIDDEN}, {"activation", BPNN_TUNED_ACTIVATION}, {"rate", BPNN_TUNED_RATE},
                 {"l2", BPNN_TUNED_L2},         {"dropout", BPNN_TUNED_DROPOUT},       {"batch", BPNN_TUNED_BATCH}};
    unsigned fixed = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        fixed |= was_given_by_name(names[i].name) ? names[i].bit : 0;
    return fixed;
}

static int set_limits(search *s)
{
    const arguments *a = s->run.a;
    bpnn_train_options *t = &s->run.fit.train;
    bpnn_tune_options_default(&s->options);
    s->options.folds = isnan(a->folds) ? s->options.folds : (size_t)a->folds;
    s->options.repeats = isnan(a->repeats) ? s->options.repeats : (size_t)a->repeats;
    s->options.fixed = fixed_by();
    s->options.on_fit = on_fit;
    s->options.on_trial = on_trial;
    s->options.context = s;
    if (!isnan(a->trials) && a->trials < 1) {
        say_usage("--trials is a whole number from 1, not %.0f", a->trials);
        return BPNN_USAGE;
    }
    if (a->time_limit && !(t->time_limit > 0)) {
        say_usage("--time-limit of a search is above 0");
        return BPNN_USAGE;
    }
    if (isnan(a->trials) && !a->time_limit) {
        s->options.trials = TRIALS;
        t->time_limit = 60 * MINUTES;
        say_note("at most %d trials and %d minutes (--trials N, --time-limit TIME)", TRIALS, MINUTES);
    } else if (!isnan(a->trials)) {
        s->options.trials = (size_t)a->trials;
    }
    return 0;
}

static int check(void *context)
{
    search *s = context;
    run *r = &s->run;
    r->output = r->a->output ? strdup(r->a->output) : default_output(r->a->place[0], "tuned");
    int code = r->output ? check_outputs(r, "output", r->output) : fail_memory();
    return code ? code : set_limits(s);
}

static bpnn_status tune(void *context, bpnn_error *error)
{
    search *s = context;
    forget_input();
    return bpnn_tune_run(&s->tune, s->run.table, &s->run.fit, &s->options, error);
}

int verb_tune(const arguments *a)
{
    search s = {0};
    int code = run_many(a, &(many){check, tune, show, &s}, &s.run);
    bpnn_tune_free(s.tune);
    free_run(&s.run);
    return code;
}
