/* Cross-validation: folds, leaks, bits, what it says together, and what it refuses. */
#include "study/folds.h"
#include "study/study_tables.h"
#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bpnn_cv *cross(const bpnn_table *table, const bpnn_fit_options *fit, size_t folds, size_t repeats)
{
    bpnn_cv *cv;
    bpnn_error error = {0};
    bpnn_cv_options o;
    bpnn_cv_options_default(&o);
    o.folds = folds;
    o.repeats = repeats;
    if (bpnn_cross_validate(&cv, table, fit, &o, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return cv;
}

static void refused(const bpnn_table *table, const bpnn_fit_options *fit, size_t folds, bpnn_status status,
                    const char *words)
{
    bpnn_cv *cv;
    bpnn_error error = {0};
    bpnn_cv_options o;
    bpnn_cv_options_default(&o);
    o.folds = folds;
    assert_int_equal(bpnn_cross_validate(&cv, table, fit, &o, &error), status);
    assert_null(cv);
    if (!strstr(error.text, words))
        fail_msg("'%s' does not say '%s'", error.text, words);
}

/* ---- folds ---- */

static bpnn__folds folds_of(const bpnn_table *table, const bpnn_fit_options *fit, size_t count, size_t repeats)
{
    bpnn__folds f;
    bpnn__notes notes = {0};
    bpnn_error error = {0};
    if (bpnn__folds_make(&f, table, fit, count, repeats, &notes, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    bpnn__notes_free(&notes);
    return f;
}

/* Fold sizes, and rows of a class in them, differ by one at most. */
static size_t uneven(const bpnn__folds *f, size_t repeat)
{
    size_t classes = f->plan.class_count ? f->plan.class_count : 1, bad = 0;
    for (size_t k = 0; k <= classes; k++) { /* the last: all classes together */
        size_t least = SIZE_MAX, most = 0;
        for (size_t fold = 0; fold < f->count; fold++) {
            size_t n = 0;
            for (size_t i = 0; i < f->rows; i++)
                n += f->fold[repeat * f->rows + i] == fold && (k == classes || f->class[i] == k);
            least = n < least ? n : least;
            most = n > most ? n : most;
        }
        bad += most - least > 1;
    }
    return bad;
}

static void folds_are_even(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    uint64_t seed = seed_of_tests(7);
    printf("seed %llu\n", (unsigned long long)seed);
    for (size_t rows = 5; rows <= 205; rows += 20)
        for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
            bpnn_table *table = study_table(seed + rows, rows, 3, (bpnn_task)task);
            bpnn_fit_options fit = study_fit();
            for (size_t count = 2; count <= rows && count <= 12; count++) {
                bpnn__folds f = folds_of(table, &fit, count, 3);
                for (size_t r = 0; r < 3; r++, done++)
                    bad += uneven(&f, r) > 0;
                bpnn__folds_free(&f);
            }
            bpnn_table_free(table);
        }
    printf("even folds: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* A function of (seed, rows, target): other columns do not matter, another seed does; repeat r is seed + r. */
static void seed_decides(void **state)
{
    (void)state;
    bpnn_table *table = study_table(3, 100, 4, BPNN_TASK_MULTICLASS);
    bpnn_fit_options fit = study_fit(), other = study_fit();
    other.features = "a";
    other.drop = NULL;
    bpnn__folds f = folds_of(table, &fit, 5, 3), g = folds_of(table, &other, 5, 3);
    assert_memory_equal(f.fold, g.fold, 300 * sizeof *f.fold);
    assert_memory_not_equal(f.fold, f.fold + 100, 100 * sizeof *f.fold);
    other.train.seed = fit.train.seed + 2;
    bpnn__folds_free(&g);
    g = folds_of(table, &other, 5, 1);
    assert_memory_equal(f.fold + 200, g.fold, 100 * sizeof *f.fold);
    bpnn__folds_free(&f);
    bpnn__folds_free(&g);
    bpnn_table_free(table);
}

static void groups_stay_in_one_fold(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t groups = 5; groups <= 60; groups += 11)
        for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
            bpnn_table *table = study_table(groups, 240, groups, (bpnn_task)task);
            bpnn_fit_options fit = study_fit();
            fit.drop = NULL;
            fit.group = "part";
            bpnn__folds f = folds_of(table, &fit, 5, 4);
            assert_int_equal(f.group_count, groups);
            for (size_t r = 0; r < 4; r++, done++) {
                size_t size[5] = {0}, of[64];
                memset(of, 0xff, sizeof of);
                for (size_t i = 0; i < f.rows; i++) {
                    size_t group = (size_t)bpnn_table_number(table, f.plan.train[i], 3), fold = f.fold[r * f.rows + i];
                    bad += of[group] != SIZE_MAX && of[group] != fold;
                    of[group] = fold;
                    size[fold]++;
                }
                for (size_t k = 0; k < 5; k++) /* the largest group is 48 rows */
                    bad += size[k] == 0 || size[k] > 48 + 240 / groups;
            }
            bpnn__folds_free(&f);
            bpnn_table_free(table);
        }
    printf("groups: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* ---- leaks ---- */

/* The table again with the inputs of the rows held out made absurd: other numbers, missing cells, another colour. */
static bpnn_table *disturbed(const bpnn_table *table, const unsigned char *held_out)
{
    static char text[STUDY_TEXT];
    char buffer[32];
    size_t at = (size_t)snprintf(text, sizeof text, "a,b,colour,part,y\n");
    for (size_t r = 0; r < bpnn_table_rows(table); r++) {
        const char *b = bpnn_table_text(table, r, 1, buffer);
        if (held_out[r])
            at += (size_t)snprintf(text + at, sizeof text - at, "%zu,%s,%s", 1000 * r, r % 2 ? "" : "-77", "green");
        else
            at += (size_t)snprintf(text + at, sizeof text - at, "%.4f,%s,%s", bpnn_table_number(table, r, 0),
                                   b ? b : "NA", bpnn_table_text(table, r, 2, (char[32]){0}));
        at += (size_t)snprintf(text + at, sizeof text - at, ",%s,%s\n", bpnn_table_text(table, r, 3, (char[32]){0}),
                               bpnn_table_text(table, r, 4, (char[32]){0}));
    }
    return table_of_text(text, at);
}

static bool same_bytes(const bpnn_model *a, const bpnn_model *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    assert_int_equal(bpnn_model_write(a, &x, &n, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_write(b, &y, &m, NULL), BPNN_OK);
    bool same = n == m && memcmp(x, y, n) == 0;
    bpnn_release(x);
    bpnn_release(y);
    return same;
}

static bool same_net(const bpnn_model *a, const bpnn_model *b)
{
    size_t n = bpnn_net_parameter_count(bpnn_model_net(a));
    double *x = malloc(2 * n * sizeof *x);
    bool same = x && n == bpnn_net_parameter_count(bpnn_model_net(b));
    if (same) {
        bpnn_net_get_parameters(bpnn_model_net(a), x);
        bpnn_net_get_parameters(bpnn_model_net(b), x + n);
        same = memcmp(x, x + n, n * sizeof *x) == 0;
    }
    free(x);
    return same;
}

static const char *const every_method[] = {NULL, "adamw", "lbfgs", "br", "rprop"};
enum { EVERY_METHOD = sizeof every_method / sizeof *every_method };

/* What a fit learns does not depend on the inputs of the rows that are held out: scalers, fills, categories, rows for early stopping,
 * the method that is chosen, the weights. Returns 1 if it does. */
static size_t leaks(bpnn_task task, const char *method)
{
    unsigned char out[150] = {0};
    bpnn_table *table = study_table(11, 150, 5, task);
    bpnn_fit_options fit = study_fit();
    bpnn_model *a, *b;
    fit.train.method = method;
    fit.train.rate = (double)NAN;
    fit.held_out = out;
    for (size_t r = 0; r < 150; r++)
        out[r] = r % 5 == 2;
    bpnn_table *other = disturbed(table, out);
    assert_int_equal(bpnn_fit(&a, table, &fit, NULL), BPNN_OK);
    assert_int_equal(bpnn_fit(&b, other, &fit, NULL), BPNN_OK);
    const bpnn_summary *s = bpnn_model_summary(a), *t = bpnn_model_summary(b);
    bool same = same_net(a, b) && s->rows_test == 30 && t->rows_test == 30 && s->train[0].loss == t->train[0].loss &&
                strcmp(s->method, t->method) == 0;
    same = same && !same_bytes(a, b); /* the metrics of the test are another: the disturbance is there */
    bpnn_model_free(a);
    bpnn_model_free(b);
    bpnn_table_free(table);
    bpnn_table_free(other);
    return !same;
}

static void nothing_leaks(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++)
        for (size_t m = 0; m < EVERY_METHOD; m++, done++) {
            size_t leak = leaks((bpnn_task)task, every_method[m]);
            if (leak)
                printf("%s, %s: the rows held out were seen\n", bpnn_task_name((bpnn_task)task),
                       every_method[m] ? every_method[m] : "auto");
            bad += leak;
        }
    printf("leaks: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* ---- a fold is a fit ---- */

/* Fold k of cv is what bpnn_fit makes with a split column that says the same. */
static void a_fold_is_a_fit(void **state)
{
    (void)state;
    static char text[STUDY_TEXT], split[STUDY_TEXT];
    study_text(text, 5, 120, 4, BPNN_TASK_MULTICLASS);
    bpnn_table *table = table_of_text(text, strlen(text));
    bpnn_fit_options fit = study_fit();
    fit.validation_share = 0;
    bpnn_cv *cv = cross(table, &fit, 4, 1);
    for (size_t k = 0; k < 4; k++) {
        size_t at = 0, row = 0;
        for (char *line = text; *line; row++) {
            size_t n = strcspn(line, "\n");
            const char *part = row == 0 ? "s" : cv->fold_of_row[row - 1] == k ? "test" : "train";
            at += (size_t)snprintf(split + at, sizeof split - at, "%s,%.*s\n", part, (int)n, line);
            line += n + 1;
        }
        bpnn_table *parts = table_of_text(split, at);
        bpnn_fit_options alone = fit;
        bpnn_model *model;
        alone.validation_share = (double)NAN;
        alone.split_column = "s";
        assert_int_equal(bpnn_fit(&model, parts, &alone, NULL), BPNN_OK);
        const bpnn_summary *s = bpnn_model_summary(model);
        assert_int_equal(s->rows_test, cv->fit[k].rows_test);
        assert_true(s->test[0].loss == cv->fit[k].test[0].loss && s->train[0].loss == cv->fit[k].train[0].loss);
        assert_true(s->test[0].accuracy == cv->fit[k].test[0].accuracy);
        bpnn_model_free(model);
        bpnn_table_free(parts);
    }
    bpnn_cv_free(cv);
    bpnn_table_free(table);
}

/* ---- bits ---- */

static bool same_numbers(const bpnn_metrics *a, const bpnn_metrics *b)
{
    return a->rows == b->rows && memcmp(&a->loss, &b->loss, 13 * sizeof a->loss) == 0;
}

static bool same_cv(const bpnn_cv *a, const bpnn_cv *b)
{
    const bpnn_prediction *p = &a->prediction, *q = &b->prediction;
    bool same = a->done == b->done && same_numbers(a->mean, b->mean) && same_numbers(a->deviation, b->deviation) &&
                same_numbers(a->pooled, b->pooled) && same_numbers(a->train_mean, b->train_mean);
    for (size_t u = 0; u < a->fit_count; u++)
        same = same && same_numbers(a->fit[u].test, b->fit[u].test) && a->fit[u].epochs == b->fit[u].epochs;
    return same && memcmp(p->values, q->values, p->rows * p->columns * sizeof *p->values) == 0 &&
           (!p->label || memcmp(p->label, q->label, p->rows * sizeof *p->label) == 0);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++)
        for (size_t m = 0; m < EVERY_METHOD; m++) {
            bpnn_table *table = study_table(9, 130, 7, (bpnn_task)task);
            bpnn_fit_options fit = study_fit();
            fit.train.method = every_method[m];
            fit.train.rate = (double)NAN;
            fit.train.threads = 1;
            bpnn_cv *one = cross(table, &fit, 3, 2);
            for (size_t threads = 2; threads <= 14; threads += 4, done++) { /* 14: two threads a fit */
                fit.train.threads = threads;
                bpnn_cv *many = cross(table, &fit, 3, 2);
                bad += !same_cv(one, many);
                bpnn_cv_free(many);
            }
            bpnn_cv_free(one);
            bpnn_table_free(table);
        }
    printf("cv at other threads: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* ---- what is said together ---- */

static void predictions_are_the_metrics(void **state)
{
    (void)state;
    char buffer[32];
    bpnn_table *table = study_table(21, 170, 7, BPNN_TASK_BINARY);
    bpnn_fit_options fit = study_fit();
    bpnn_cv *cv = cross(table, &fit, 5, 1);
    double right[5] = {0}, rows[5] = {0}, all = 0, mean = 0, squares = 0;
    for (size_t r = 0; r < 170; r++) {
        const char *label = bpnn_model_class_label(cv->example, cv->prediction.label[r]);
        bool hit = strcmp(label, bpnn_table_text(table, r, 4, buffer)) == 0;
        right[cv->fold_of_row[r]] += hit;
        rows[cv->fold_of_row[r]]++;
        all += hit;
        assert_true(fabs(cv->prediction.values[2 * r] + cv->prediction.values[2 * r + 1] - 1) < 1e-6);
    }
    for (size_t k = 0; k < 5; k++) {
        assert_true(cv->fit[k].test[0].accuracy == right[k] / rows[k]);
        mean += right[k] / rows[k] / 5;
    }
    for (size_t k = 0; k < 5; k++)
        squares += pow(right[k] / rows[k] - mean, 2);
    assert_true(fabs(cv->mean[0].accuracy - mean) < 1e-12);
    assert_true(fabs(cv->deviation[0].accuracy - sqrt(squares / 4)) < 1e-12);
    assert_true(cv->pooled[0].accuracy == all / 170);
    assert_int_equal(cv->pooled[0].confusion[0] + cv->pooled[0].confusion[3], (uint64_t)all);
    bpnn_cv_free(cv);
    bpnn_table_free(table);
}

/* Two targets, one of them missing here and there, a row without any: the mean over the repeats, R2 by hand. */
static void two_targets(void **state)
{
    (void)state;
    static char text[STUDY_TEXT];
    size_t at = (size_t)snprintf(text, sizeof text, "x,y,z\n"), known = 0;
    for (int r = 0; r < 90; r++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               r == 40      ? "%d,,\n"
                               : r % 9 == 4 ? "%d,,%d\n"
                                            : "%d,%d,%d\n",
                               r, r % 9 == 4 ? 90 - r : 2 * r, 90 - r);
    bpnn_table *table = table_of_text(text, at);
    bpnn_fit_options fit = study_fit();
    fit.drop = NULL;
    fit.target = "y,z";
    bpnn_cv *cv = cross(table, &fit, 3, 2), *first = cross(table, &fit, 3, 1);
    fit.train.seed++;
    bpnn_cv *second = cross(table, &fit, 3, 1);
    double squares = 0;
    assert_int_equal(cv->target_count, 2);
    assert_int_equal(cv->rows, 89);
    assert_int_equal(cv->fold_of_row[40], SIZE_MAX);
    assert_true(isnan(cv->prediction.values[80]) && isnan(cv->prediction.values[81]));
    for (size_t r = 0; r < 90; r++) {
        double a = first->prediction.values[2 * r], b = second->prediction.values[2 * r], truth = 2 * (double)r;
        if (r == 40)
            continue;
        assert_true(cv->prediction.values[2 * r] == (a + b) / 2);
        squares += r % 9 == 4 ? 0 : (a - truth) * (a - truth);
        known += r % 9 != 4;
    }
    assert_int_equal(first->pooled[0].rows, known);
    assert_true(fabs(first->pooled[0].mse - squares / (double)known) <= 1e-12 * first->pooled[0].mse);
    assert_int_equal(cv->pooled[1].rows, 2 * 89);
    bpnn_cv_free(cv);
    bpnn_cv_free(first);
    bpnn_cv_free(second);
    bpnn_table_free(table);
}

/* ---- ends and refusals ---- */

static bool stop_at_two(const bpnn_fold *fold, size_t done, size_t total, void *context)
{
    assert_true(fold->done && done <= total && fold->test[0].rows == fold->rows_test);
    ++*(size_t *)context;
    return done < 2;
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    static volatile int interrupt;
    size_t calls = 0;
    bpnn_cv *cv;
    bpnn_error error = {0};
    bpnn_table *table = study_table(2, 100, 5, BPNN_TASK_MULTICLASS);
    bpnn_fit_options fit = study_fit();
    bpnn_cv_options o;
    bpnn_cv_options_default(&o);
    o.folds = 10;
    o.on_fold = stop_at_two;
    o.context = &calls;
    fit.train.threads = 1;
    assert_int_equal(bpnn_cross_validate(&cv, table, &fit, &o, NULL), BPNN_OK);
    assert_true(cv->stop == BPNN_STOP_CALLBACK && cv->done == 2 && calls == 2);
    assert_true(cv->fit[1].done && !cv->fit[2].done && cv->mean[0].rows == 20);
    bpnn_cv_free(cv);
    interrupt = 1;
    fit.train.interrupt = &interrupt;
    assert_int_equal(bpnn_cross_validate(&cv, table, &fit, &o, &error), BPNN_INTERRUPTED);
    assert_non_null(strstr(error.text, "interrupted"));
    fit.train.interrupt = NULL;
    fit.train.time_limit = 1e-9;
    refused(table, &fit, 5, BPNN_USAGE, "time limit");
    bpnn_table_free(table);
}

static char heard[4096];

static void hear(const char *text, bool warning, void *context)
{
    (void)context;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s\n", warning ? "warning: " : "", text);
}

static void what_is_refused(void **state)
{
    (void)state;
    bpnn_table *table = study_table(2, 40, 5, BPNN_TASK_MULTICLASS);
    bpnn_fit_options fit = study_fit();
    refused(table, &fit, 1, BPNN_USAGE, "at least 2 folds");
    refused(table, &fit, 41, BPNN_USAGE, "more than its 40 rows");
    fit.test_share = 0.2;
    refused(table, &fit, 5, BPNN_USAGE, "no other test");
    fit = study_fit();
    fit.checkpoint = "c";
    refused(table, &fit, 5, BPNN_USAGE, "no checkpoint");
    fit = study_fit();
    fit.drop = NULL;
    fit.group = "part";
    refused(table, &fit, 6, BPNN_USAGE, "more than its 5 groups");
    fit.group = "colur";
    refused(table, &fit, 3, BPNN_DATA, "colour");
    fit = study_fit();
    fit.train.dropout = 3;
    refused(table, &fit, 3, BPNN_USAGE, "dropout");
    fit = study_fit();
    fit.train.rate = -1;
    refused(table, &fit, 3, BPNN_USAGE, "rate");
    bpnn_table_free(table);
}

static void rare_classes_are_said(void **state)
{
    (void)state;
    char text[2048] = "x,y\n";
    for (int r = 0; r < 40; r++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%d,%s\n", r * 7 % 40,
                 r < 2   ? "rare"
                 : r % 2 ? "b"
                         : "a");
    bpnn_table *table = table_of_text(text, strlen(text));
    bpnn_fit_options fit = study_fit();
    fit.drop = NULL;
    fit.message = hear;
    *heard = '\0';
    bpnn_cv *cv = cross(table, &fit, 5, 1);
    assert_non_null(strstr(heard, "warning: class 'rare' has 2 rows for 5 folds"));
    assert_true(cv->warning_count > 0 && cv->prediction.columns == 3);
    bpnn_cv_free(cv);
    cv = cross(table, &fit, 40, 1); /* a row at a time */
    assert_true(cv->done == 40 && cv->pooled[0].rows == 40 && cv->fit[3].rows_test == 1);
    bpnn_cv_free(cv);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_are_even),
        cmocka_unit_test(seed_decides),
        cmocka_unit_test(groups_stay_in_one_fold),
        cmocka_unit_test(nothing_leaks),
        cmocka_unit_test(a_fold_is_a_fit),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(predictions_are_the_metrics),
        cmocka_unit_test(two_targets),
        cmocka_unit_test(it_can_be_stopped),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(rare_classes_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
