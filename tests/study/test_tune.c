/* The search: the same bits at any number of threads, what is given stays, nothing worse than the baseline. */
#include "study/space.h"
#include "study/study_tables.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bpnn_fit_options open_fit(void)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.drop = "part";
    o.train.epochs = 12;
    return o;
}

static bpnn_tune *search(const bpnn_table *table, const bpnn_fit_options *fit, size_t trials, unsigned fixed)
{
    bpnn_tune *tune;
    bpnn_error error = {0};
    bpnn_tune_options o;
    bpnn_tune_options_default(&o);
    o.folds = 3;
    o.trials = trials;
    o.fixed = fixed;
    if (bpnn_tune_run(&tune, table, fit, &o, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    return tune;
}

static bool same_tune(const bpnn_tune *a, const bpnn_tune *b)
{
    bool same = a->trial_count == b->trial_count && a->fits == b->fits && a->baseline == b->baseline;
    for (size_t i = 0; same && i < a->trial_count; i++) {
        const bpnn_trial *s = &a->trial[i], *t = &b->trial[i];
        same = s->number == t->number && s->fits == t->fits && memcmp(&s->loss, &t->loss, sizeof s->loss) == 0 &&
               memcmp(&s->gain, &t->gain, sizeof s->gain) == 0 && bpnn__same_choice(&s->choice, &t->choice);
    }
    return same;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        bpnn_table *table = study_table(31, 120, 5, (bpnn_task)task);
        bpnn_fit_options fit = open_fit();
        fit.train.threads = 1;
        bpnn_tune *one = search(table, &fit, 18, 0);
        assert_int_equal(one->trial_count, 18);
        for (size_t threads = 2; threads <= 5; threads += 3, done++) {
            fit.train.threads = threads;
            bpnn_tune *many = search(table, &fit, 18, 0);
            bad += !same_tune(one, many);
            bpnn_tune_free(many);
        }
        bpnn_tune_free(one);
        bpnn_table_free(table);
    }
    printf("searches at other threads: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* The first is no worse than the baseline, and its loss is what cross-validation gives for its options. */
static void the_best_is_what_cv_says(void **state)
{
    (void)state;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        bpnn_table *table = study_table(13, 150, 5, (bpnn_task)task);
        bpnn_fit_options fit = open_fit();
        bpnn_tune *tune = search(table, &fit, 12, 0);
        const bpnn_trial *best = &tune->trial[0], *base = &tune->trial[tune->baseline];
        bpnn_cv_options o;
        bpnn_cv *cv;
        bpnn_cv_options_default(&o);
        o.folds = 3;
        assert_true(best->whole && base->whole && base->number == 1 && best->loss <= base->loss && best->gain >= 0);
        assert_int_equal(base->choice.set, 0);
        for (size_t i = 1; i < tune->trial_count; i++)
            assert_true(!tune->trial[i].whole || tune->trial[i].loss >= best->loss);
        bpnn_choice_apply(&best->choice, &fit);
        assert_int_equal(bpnn_cross_validate(&cv, table, &fit, &o, NULL), BPNN_OK);
        assert_true(cv->mean[0].loss == best->loss && cv->deviation[0].loss == best->deviation);
        bpnn_cv_free(cv);
        bpnn_tune_free(tune);
        bpnn_table_free(table);
    }
}

/* Nothing that is given is set by a trial; what a method does not take is not set with it. */
static void what_is_given_stays(void **state)
{
    (void)state;
    static const struct {
        const char *hidden, *activation, *method;
        double rate, l2, dropout;
        bool l2_auto;
        size_t batch;
        unsigned also, fixed;
    } cases[] = {
        {"5", NULL, NULL, (double)NAN, (double)NAN, 0, false, SIZE_MAX, 0, BPNN_TUNED_HIDDEN},
        {"5:relu", NULL, NULL, (double)NAN, (double)NAN, 0, false, SIZE_MAX, 0,
         BPNN_TUNED_HIDDEN | BPNN_TUNED_ACTIVATION},
        {NULL, "tanh", "adamw", (double)NAN, (double)NAN, 0, false, SIZE_MAX, 0,
         BPNN_TUNED_ACTIVATION | BPNN_TUNED_METHOD},
        {NULL, NULL, "lbfgs", (double)NAN, (double)NAN, 0, true, SIZE_MAX, 0, BPNN_TUNED_METHOD | BPNN_TUNED_L2},
        {NULL, NULL, "br", (double)NAN, (double)NAN, 0, false, SIZE_MAX, 0, BPNN_TUNED_METHOD},
        {NULL, NULL, NULL, 0.01, (double)NAN, 0, false, 16, 0, BPNN_TUNED_RATE | BPNN_TUNED_BATCH},
        {NULL, NULL, NULL, (double)NAN, 0.1, 0.2, false, SIZE_MAX, 0, BPNN_TUNED_L2 | BPNN_TUNED_DROPOUT},
        {NULL, NULL, "sgd", (double)NAN, (double)NAN, 0, false, SIZE_MAX, BPNN_TUNED_DROPOUT,
         BPNN_TUNED_METHOD | BPNN_TUNED_DROPOUT},
        {NULL, NULL, "rprop", (double)NAN, (double)NAN, 0, false, SIZE_MAX, 0, BPNN_TUNED_METHOD}};
    size_t done = 0, bad = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bpnn_fit_options fit = open_fit();
        fit.hidden = cases[i].hidden;
        fit.activation = cases[i].activation;
        fit.train.method = cases[i].method;
        fit.train.rate = cases[i].rate;
        fit.train.l2 = cases[i].l2;
        fit.train.l2_auto = cases[i].l2_auto;
        fit.train.dropout = cases[i].dropout;
        fit.train.batch = cases[i].batch;
        bpnn__space space = bpnn__space_make(&fit, cases[i].also, 200, 6, 3);
        assert_int_equal(space.fixed, cases[i].fixed);
        bpnn_choice parent = {0};
        for (size_t n = 2; n < 300; n++, done++) {
            bpnn_choice c = bpnn__space_draw(&space, n, n % 3 ? &parent : NULL);
            bpnn_fit_options o = fit;
            bpnn_choice_apply(&c, &o);
            const bpnn_method_info *info = o.train.method ? bpnn_method_find(o.train.method) : NULL;
            bool good = (c.set & cases[i].fixed) == 0 && info;
            good = good && !(info->whole && (!isnan(o.train.rate) || o.train.dropout > 0 || o.train.batch != SIZE_MAX));
            good = good && !(info->evidence && (o.train.l2_auto || !isnan(o.train.l2)));
            good = good && !(o.train.l2_auto && !info->whole);
            bad += !good;
            parent = c;
        }
    }
    printf("draws: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

static bool stop_at_nine(size_t fits, size_t trials, void *context)
{
    (void)trials;
    (void)context;
    return fits < 9;
}

static void it_ends(void **state)
{
    (void)state;
    static volatile int interrupt = 1;
    bpnn_tune *tune;
    bpnn_error error = {0};
    bpnn_tune_options o;
    bpnn_table *table = study_table(3, 90, 5, BPNN_TASK_BINARY);
    bpnn_fit_options fit = open_fit();
    bpnn_tune_options_default(&o);
    o.folds = 3;
    o.on_fit = stop_at_nine;
    assert_int_equal(bpnn_tune_run(&tune, table, &fit, &o, &error), BPNN_OK);
    assert_true(tune->stop == BPNN_STOP_CALLBACK && tune->fits >= 9 && tune->trial[tune->baseline].whole);
    bpnn_tune_free(tune);
    fit.train.interrupt = &interrupt;
    assert_int_equal(bpnn_tune_run(&tune, table, &fit, &o, &error), BPNN_INTERRUPTED);
    fit.train.interrupt = NULL;
    fit.train.time_limit = 1e-9;
    assert_int_equal(bpnn_tune_run(&tune, table, &fit, &o, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "time limit"));
    fit.train.time_limit = 0;
    fit.train.dropout = 7;
    assert_int_equal(bpnn_tune_run(&tune, table, &fit, &o, &error), BPNN_USAGE);
    assert_null(tune);
    bpnn_table_free(table);
}

/* With one trial, or nothing left to search, the baseline is the answer. */
static void nothing_to_search(void **state)
{
    (void)state;
    bpnn_table *table = study_table(3, 90, 5, BPNN_TASK_BINARY);
    bpnn_fit_options fit = study_fit();
    bpnn_tune *tune = search(table, &fit, 1, 0);
    assert_true(tune->trial_count == 1 && tune->trial[0].number == 1);
    bpnn_tune_free(tune);
    tune = search(table, &fit, 20, 127);
    assert_true(tune->trial_count == 1 && tune->stop == BPNN_STOP_NONE);
    bpnn_tune_free(tune);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_matter), cmocka_unit_test(the_best_is_what_cv_says),
        cmocka_unit_test(what_is_given_stays),   cmocka_unit_test(it_ends),
        cmocka_unit_test(nothing_to_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
