/* bpnn cv: cross-validation of what train makes of the same options. */
#include "files.h"
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct crossing {
    run run;
    bpnn_cv_options options;
    bpnn_cv *cv;
} crossing;

/* ---- the table for people ---- */

enum { MOST_COLUMNS = 6, MOST_LINES = 60, WIDTH = 11 };

typedef struct column {
    const char *name;
    double value;
} column;

static size_t columns_of(const bpnn_metrics *m, column *c)
{
    size_t n = 0;
    if (m->task == BPNN_TASK_REGRESSION) {
        c[n++] = (column){"R2", m->r2};
        c[n++] = (column){"rmse", m->rmse};
        c[n++] = (column){"mae", m->mae};
        c[n++] = (column){"max error", m->max_error};
        return n;
    }
    c[n++] = (column){"accuracy", m->accuracy};
    if (m->task == BPNN_TASK_BINARY) {
        c[n++] = (column){"precision", m->precision};
        c[n++] = (column){"recall", m->recall};
        c[n++] = (column){"f1", m->f1};
        c[n++] = (column){"roc auc", m->roc_auc};
    } else {
        c[n++] = (column){"macro f1", m->macro_f1};
    }
    c[n++] = (column){"log loss", m->log_loss};
    return n;
}

/* rows SIZE_MAX: none to tell */
static void line(const char *title, size_t rows, const bpnn_metrics *m)
{
    column c[MOST_COLUMNS];
    size_t n = columns_of(m, c);
    printf("  %-9s", title);
    if (rows == SIZE_MAX)
        printf(" %7s", "");
    else
        printf(" %7zu", rows);
    for (size_t i = 0; i < n; i++)
        if (isnan(c[i].value))
            printf(" %*s", WIDTH, "-");
        else
            printf(" %*.4g", WIDTH, c[i].value);
}

static void summary(const char *title, size_t rows, const bpnn_metrics *m)
{
    line(title, rows, m);
    putchar('\n');
}

static void header(const bpnn_metrics *m)
{
    column c[MOST_COLUMNS];
    size_t n = columns_of(m, c);
    printf("  %-9s %7s", "fold", "rows");
    for (size_t i = 0; i < n; i++)
        printf(" %*s", WIDTH, c[i].name);
    printf("  epochs stop\n");
}

static void show_target(const bpnn_cv *cv, size_t k)
{
    char title[48];
    header(&cv->mean[k]);
    for (size_t u = 0; u < cv->fit_count && cv->fit_count <= MOST_LINES; u++) {
        const bpnn_fold *f = &cv->fit[u];
        if (!f->done)
            continue;
        if (cv->repeats > 1)
            snprintf(title, sizeof title, "%zu.%zu", f->repeat + 1, f->fold + 1);
        else
            snprintf(title, sizeof title, "%zu", f->fold + 1);
        line(title, f->rows_test, &f->test[k]);
        printf("  %6zu %s\n", f->epochs, bpnn_stop_name(f->stop));
    }
    summary("mean", SIZE_MAX, &cv->mean[k]);
    summary("+- sd", SIZE_MAX, &cv->deviation[k]);
    summary("together", cv->pooled[k].rows, &cv->pooled[k]);
    summary("training", SIZE_MAX, &cv->train_mean[k]);
}

static void show_cv(const bpnn_cv *cv)
{
    printf("%zu folds", cv->folds);
    if (cv->repeats > 1)
        printf(" x %zu repeats", cv->repeats);
    printf(", %zu rows", cv->rows);
    if (cv->group_count > 0)
        printf(" in %zu groups", cv->group_count);
    for (size_t u = 0; u < cv->fit_count; u++)
        if (cv->fit[u].done) {
            printf(": %s, %zu parameters", cv->fit[u].method, cv->fit[u].parameters);
            break;
        }
    printf(", %.*f s\n", cv->seconds < 1 ? 3 : 2, cv->seconds);
    for (size_t k = 0; k < cv->target_count; k++) {
        if (cv->target_count > 1)
            printf("%s\n", clean(bpnn_model_target_name(cv->example, k)));
        show_target(cv, k);
    }
    show_confusion(cv->pooled, cv->example);
}

/* ---- JSON ---- */

/* Pairs of one fit, without its metrics. */
static void put_fold(const void *what)
{
    const bpnn_fold *f = what;
    json_pair_count("repeat", f->repeat + 1);
    json_pair_count("fold", f->fold + 1);
    json_key("rows");
    json_open('{');
    json_pair_count("train", f->rows_train);
    json_pair_count("validation", f->rows_validation);
    json_pair_count("test", f->rows_test);
    json_close('}');
    json_pair_text("method", f->method);
    json_pair_count("parameters", f->parameters);
    json_pair_count("epochs", f->epochs);
    json_pair_count("best_epoch", f->best_epoch);
    json_pair_text("stop", bpnn_stop_name(f->stop));
    json_pair_number("seconds", f->seconds);
}

static void put_fits(const bpnn_cv *cv)
{
    json_key("fits");
    json_open('[');
    for (size_t u = 0; u < cv->fit_count; u++) {
        const bpnn_fold *f = &cv->fit[u];
        if (!f->done)
            continue;
        json_open('{');
        put_fold(f);
        json_key("train");
        json_metrics(f->train, cv->target_count, cv->example);
        json_key("test");
        json_metrics(f->test, cv->target_count, cv->example);
        json_pair_texts("warnings", f->warnings, f->warning_count);
        json_close('}');
    }
    json_close(']');
}

static void put_means(const bpnn_cv *cv)
{
    json_key("mean");
    json_measures(cv->mean, cv->target_count, cv->example);
    json_key("sd");
    json_measures(cv->deviation, cv->target_count, cv->example);
    json_key("train_mean");
    json_measures(cv->train_mean, cv->target_count, cv->example);
    json_key("together");
    json_metrics(cv->pooled, cv->target_count, cv->example);
}

static void put_outcome(const void *what)
{
    const bpnn_cv *cv = what;
    json_pair_text("task", bpnn_task_name(cv->mean[0].task));
    json_targets(cv->example, cv->target_count);
    json_pair_count("folds", cv->folds);
    json_pair_count("repeats", cv->repeats);
    json_pair_count("rows", cv->rows);
    json_key("groups");
    json_count_or_null(cv->group_count);
    json_pair_count("done", cv->done);
    json_pair_count("diverged", cv->diverged);
    json_pair_text("stop", bpnn_stop_name(cv->stop));
    json_pair_number("seconds", cv->seconds);
    json_pair_count("seed", cv->seed);
    put_means(cv);
}

static void report_cv(const bpnn_cv *cv)
{
    json_open('{');
    put_outcome(cv);
    put_fits(cv);
    json_pair_texts("warnings", cv->warnings, cv->warning_count);
    json_close('}');
    json_end();
}

/* ---- while it runs ---- */

/* The names of classes are not known yet: numbers alone. */
static void put_fit(const void *what)
{
    const bpnn_fold *f = what;
    put_fold(f);
    json_pair_number("loss", f->test[0].loss);
}

static bool on_fold(const bpnn_fold *fold, size_t done, size_t total, void *context)
{
    crossing *c = context;
    log_object(&c->run.log, put_fit, fold);
    show_fits(done, total);
    return true;
}

/* ---- the run ---- */

static int write_predictions(crossing *c)
{
    const arguments *a = c->run.a;
    bpnn_table *written = NULL;
    int code = a->append ? read_as_written(&written, a, a->place[0], c->run.table) : 0;
    if (code == 0 && written && bpnn_table_rows(written) != bpnn_table_rows(c->run.table))
        code = fail(BPNN_DATA, bpnn_table_source(c->run.table), "the file changed while it was read");
    bool single = bpnn_net_describe(bpnn_model_net(c->cv->example)).precision == BPNN_SINGLE && c->cv->repeats == 1;
    if (code == 0)
        code = write_csv(a, a->predictions, c->cv->example, a->append ? (written ? written : c->run.table) : NULL,
                         &c->cv->prediction, c->cv->repeats == 1 ? c->cv->fold_of_row : NULL, single);
    bpnn_table_free(written);
    return code;
}

/* The exit code that the way it ended asks for. */
static int outcome(const bpnn_cv *cv)
{
    if (cv->stop == BPNN_STOP_INTERRUPTED)
        fprintf(stderr, "bpnn: interrupted; %zu of %zu fits are done\n", cv->done, cv->fit_count);
    else if (cv->stop == BPNN_STOP_TIME)
        say_warning("the time limit came first: %zu of %zu fits are done", cv->done, cv->fit_count);
    if (cv->diverged > 0)
        fprintf(stderr, "bpnn: training diverged in %zu of %zu fits; take a smaller rate, or --clip 1\n", cv->diverged,
                cv->done);
    return cv->stop == BPNN_STOP_INTERRUPTED ? BPNN_INTERRUPTED : cv->diverged > 0 ? BPNN_DIVERGED : 0;
}

static int show(void *context)
{
    crossing *c = context;
    const arguments *a = c->run.a;
    int code = a->predictions ? write_predictions(c) : 0;
    if (code != 0)
        return code;
    if (a->json)
        report_cv(c->cv);
    else if (!a->predictions || strcmp(a->predictions, "-") != 0)
        show_cv(c->cv);
    log_object(&c->run.log, put_outcome, c->cv);
    code = outcome(c->cv);
    if (!finish_output())
        return BPNN_IO;
    say_next("bpnn train", a->place[0], NULL);
    return code;
}

static int check(void *context)
{
    crossing *c = context;
    const arguments *a = c->run.a;
    bpnn_cv_options_default(&c->options);
    c->options.folds = isnan(a->folds) ? c->options.folds : (size_t)a->folds;
    c->options.repeats = isnan(a->repeats) ? c->options.repeats : (size_t)a->repeats;
    c->options.on_fold = on_fold;
    c->options.context = c;
    if ((a->append || a->labels_only) && !a->predictions) {
        say_usage("--%s is of the predictions: add --predictions FILE", a->append ? "append" : "labels-only");
        return BPNN_USAGE;
    }
    return check_outputs(&c->run, "predictions", a->predictions);
}

static bpnn_status cross(void *context, bpnn_error *error)
{
    crossing *c = context;
    return bpnn_cross_validate(&c->cv, c->run.table, &c->run.fit, &c->options, error);
}

int verb_cv(const arguments *a)
{
    crossing c = {0};
    int code = run_many(a, &(many){check, cross, show, &c}, &c.run);
    bpnn_cv_free(c.cv);
    free_run(&c.run);
    return code;
}
