/* Several starts and several members: what they are equal to, bits over threads, and what happens when some of them end badly. */
#include "model/made.h"
#include <bpnn/memory.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT = 1 << 15, ROWS = 160, APPLIERS = 4 };

/* Two numbers, one with gaps, and a colour; y by the task. */
static bpnn_table *make_table(uint64_t seed, bpnn_task task)
{
    static char text[TEXT];
    dice d = {seed};
    size_t at = (size_t)snprintf(text, TEXT, "x1,x2,colour,y\n");
    for (size_t r = 0; r < ROWS; r++) {
        double a = roll_unit(&d), b = roll_unit(&d), s = a + b + 0.3 * roll_unit(&d);
        int k = task == BPNN_TASK_BINARY ? s > 0 : s < -0.4 ? 0 : s < 0.4 ? 1 : 2;
        char second[16];
        snprintf(second, sizeof second, "%.4f", b);
        at += (size_t)snprintf(text + at, TEXT - at, "%.4f,%s,%s,", a, r % 19 == 5 ? "NA" : second,
                               a > 0 ? "red" : "blue");
        at += task == BPNN_TASK_REGRESSION ? (size_t)snprintf(text + at, TEXT - at, "%.4f\n", 50 + 10 * s)
                                           : (size_t)snprintf(text + at, TEXT - at, "k%d\n", k);
    }
    bpnn_table *table;
    assert_int_equal(bpnn_table_read_memory(&table, text, at, "made.csv", NULL, NULL), BPNN_OK);
    return table;
}

static bpnn_fit_options quick(void)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.train.method = "adamw";
    o.hidden = "6";
    o.train.epochs = 25;
    o.train.rate = 0.01;
    o.train.threads = 1;
    o.features = "x1,x2,colour";
    return o;
}

static bpnn_model *fit(const bpnn_table *table, const bpnn_fit_options *o)
{
    bpnn_model *model;
    bpnn_error error = {0};
    bpnn_status status = bpnn_fit(&model, table, o, &error);
    if (status != BPNN_OK)
        printf("%s\n", error.text);
    assert_int_equal(status, BPNN_OK);
    return model;
}

static bool same_bytes(const bpnn_model *a, const bpnn_model *b)
{
    void *x, *y;
    size_t nx, ny;
    assert_int_equal(bpnn_model_write(a, &x, &nx, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_write(b, &y, &ny, NULL), BPNN_OK);
    bool same = nx == ny && memcmp(x, y, nx) == 0;
    bpnn_release(x);
    bpnn_release(y);
    return same;
}

static bool same_net(const bpnn_model *a, const bpnn_model *b)
{
    size_t n = bpnn_net_parameter_count(bpnn_model_net(a));
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    bpnn_net_get_parameters(bpnn_model_net(a), x);
    bpnn_net_get_parameters(bpnn_model_net(b), y);
    bool same = n == bpnn_net_parameter_count(bpnn_model_net(b)) && memcmp(x, y, n * sizeof *x) == 0;
    free(x);
    free(y);
    return same;
}

static bpnn_prediction predict(const bpnn_model *model, const bpnn_table *table, size_t threads)
{
    bpnn_prediction p;
    assert_int_equal(bpnn_model_predict(model, table, threads, NULL, &p, NULL), BPNN_OK);
    return p;
}

static bool same_values(const bpnn_prediction *p, const bpnn_prediction *q)
{
    return p->rows == q->rows && memcmp(p->values, q->values, p->rows * p->columns * sizeof *p->values) == 0 &&
           (!p->label || memcmp(p->label, q->label, p->rows * sizeof *p->label) == 0);
}

static bpnn_model *copy_of(const bpnn_model *model)
{
    void *bytes;
    size_t size;
    bpnn_model *copy;
    assert_int_equal(bpnn_model_write(model, &bytes, &size, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_read(&copy, bytes, size, NULL, NULL), BPNN_OK);
    bpnn_release(bytes);
    return copy;
}

/* Member k is, byte for byte, the fit with seed + k alone; copies too; and the values are the members' mean. */
static void check_members(const bpnn_model *model, const bpnn_table *table, const bpnn_fit_options *o)
{
    bpnn_model *copy = copy_of(model);
    size_t members = bpnn_model_members(model);
    bpnn_prediction p = predict(copy, table, 3), q[8];
    assert_int_equal(members, o->ensemble);
    assert_true(same_bytes(model, copy));
    for (size_t k = 0; k < members; k++) {
        bpnn_fit_options one = *o;
        one.ensemble = 1;
        one.train.seed = o->train.seed + k;
        bpnn_model *alone = fit(table, &one), *read = copy_of(bpnn_model_member(copy, k));
        assert_true(same_bytes(alone, bpnn_model_member(model, k)));
        assert_true(same_bytes(alone, read));
        q[k] = predict(alone, table, 1);
        bpnn_model_free(read);
        bpnn_model_free(alone);
    }
    for (size_t i = 0; i < p.rows * p.columns; i++) {
        double sum = q[0].values[i];
        for (size_t k = 1; k < members; k++)
            sum += q[k].values[i];
        assert_true(p.values[i] == sum / (double)members);
    }
    for (size_t r = 0; p.label && r < p.rows; r++)
        for (size_t c = 0; c < p.columns; c++)
            assert_true(p.values[r * p.columns + p.label[r]] >= p.values[r * p.columns + c]);
    for (size_t k = 0; k < members; k++)
        bpnn_prediction_free(&q[k]);
    bpnn_prediction_free(&p);
    bpnn_model_free(copy);
}

static void test_members(void **state)
{
    (void)state;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        bpnn_table *table = make_table(7 + (uint64_t)task, (bpnn_task)task);
        bpnn_fit_options o = quick();
        o.ensemble = 3;
        o.train.seed = UINT64_MAX - 1; /* seeds go round */
        bpnn_model *model = fit(table, &o);
        check_members(model, table, &o);
        assert_null(bpnn_model_member(model, 3));
        bpnn_model_free(model);
        bpnn_table_free(table);
    }
}

/* The rows tested are nobody's; every row that some member held back is judged by those who did. */
static void test_parts(void **state)
{
    (void)state;
    bpnn_table *table = make_table(3, BPNN_TASK_MULTICLASS);
    bpnn_fit_options o = quick();
    o.ensemble = 4;
    o.test_share = 0.25;
    bpnn_model *model = fit(table, &o);
    const bpnn_summary *s = bpnn_model_summary(model), *m = bpnn_model_summary(bpnn_model_member(model, 1));
    assert_int_equal(s->rows_test, ROWS / 4);
    assert_int_equal(m->rows_test, ROWS / 4);
    assert_int_equal(s->rows_train, ROWS - ROWS / 4);
    assert_true(s->rows_validation > m->rows_validation && s->rows_validation <= 4 * m->rows_validation);
    assert_int_equal(s->validation->rows, s->rows_validation);
    bpnn_metrics again;
    assert_int_equal(bpnn_model_evaluate(model, table, 2, NULL, &again, NULL), BPNN_OK);
    assert_int_equal(again.rows, ROWS);
    bpnn_metrics_free(&again);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

/* The winner is the best of starts that each are a fit of their own; every method, with and without rows held back. */
static void check_starts(const bpnn_table *table, const bpnn_fit_options *o, bool more_is_better)
{
    bpnn_model *model = fit(table, o);
    const bpnn_summary *s = bpnn_model_summary(model);
    assert_int_equal(s->start_count, o->restarts);
    for (size_t r = 0; r < s->start_count; r++) {
        assert_int_equal(s->starts[r].seed, o->train.seed + r);
        double worse = more_is_better ? s->starts[s->start].score - s->starts[r].score
                                      : s->starts[r].score - s->starts[s->start].score;
        assert_true(worse > 0 || (worse == 0 && s->start <= r));
    }
    bpnn_fit_options one = *o;
    one.restarts = 1;
    one.train.seed = s->starts[s->start].seed;
    bpnn_model *alone = fit(table, &one);
    assert_true(same_net(model, alone));
    bpnn_model_free(alone);
    bpnn_model_free(model);
}

static void test_starts(void **state)
{
    static const char *const methods[] = {"adamw", "sgd", "rprop", "lbfgs", "cg", "scg", "lm", "br"};
    (void)state;
    bpnn_table *table = make_table(5, BPNN_TASK_REGRESSION), *held = make_table(6, BPNN_TASK_REGRESSION);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (int validates = 0; validates < 2; validates++) {
            bpnn_fit_options o = quick();
            o.train.method = methods[i];
            o.train.rate = (double)NAN;
            o.train.epochs = 12;
            o.validation = validates ? held : NULL; /* the same rows whatever the seed */
            o.validation_share = 0;
            o.restarts = 3;
            check_starts(table, &o, strcmp(methods[i], "br") == 0);
        }
    bpnn_fit_options o = quick();
    o.train.method = "lbfgs";
    o.train.rate = (double)NAN;
    o.train.l2_auto = true;
    o.validation = held;
    o.restarts = 3;
    check_starts(table, &o, false);
    bpnn_table_free(held);
    bpnn_table_free(table);
}

/* Starts with equal scores: the first. No epoch is done, and nothing is drawn. */
static void test_ties(void **state)
{
    (void)state;
    bpnn_table *table = make_table(5, BPNN_TASK_REGRESSION);
    bpnn_fit_options o = quick();
    o.train.epochs = 0;
    o.init = BPNN_INIT_ZEROS;
    o.restarts = 4;
    o.train.threads = 2;
    bpnn_model *model = fit(table, &o);
    assert_int_equal(bpnn_model_summary(model)->start, 0);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

static void test_threads(void **state)
{
    (void)state;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        bpnn_table *table = make_table(11, (bpnn_task)task);
        bpnn_fit_options o = quick();
        o.ensemble = 3;
        o.restarts = 2;
        bpnn_model *one = fit(table, &o);
        for (size_t threads = 2; threads < 9; threads += 3) {
            o.train.threads = threads;
            bpnn_model *many = fit(table, &o);
            assert_true(same_bytes(one, many));
            bpnn_model_free(many);
        }
        bpnn_model_free(one);
        bpnn_table_free(table);
    }
}

typedef struct applier {
    const bpnn_model *model;
    const bpnn_table *table;
    bpnn_prediction found;
} applier;

static void *apply(void *context)
{
    applier *a = context;
    a->found = predict(a->model, a->table, 1);
    return NULL;
}

static void test_applied_together(void **state)
{
    (void)state;
    bpnn_table *table = make_table(12, BPNN_TASK_BINARY);
    bpnn_fit_options o = quick();
    o.ensemble = 3;
    bpnn_model *model = fit(table, &o);
    applier appliers[APPLIERS];
    pthread_t threads[APPLIERS];
    for (size_t i = 0; i < APPLIERS; i++) {
        appliers[i] = (applier){.model = model, .table = table};
        assert_int_equal(pthread_create(&threads[i], NULL, apply, &appliers[i]), 0);
    }
    bpnn_prediction p = predict(model, table, 1);
    for (size_t i = 0; i < APPLIERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(same_values(&p, &appliers[i].found));
        bpnn_prediction_free(&appliers[i].found);
    }
    bpnn_prediction_free(&p);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

/* ---- what ends badly ---- */

/* Says stop, or sets the flag, when member `member` has done `epoch` epochs. */
static struct {
    size_t member, epoch, calls, messages;
    bool stops;
    int flag;
} watch;

static bool watch_epoch(const bpnn_progress *p, void *context)
{
    (void)context;
    watch.calls++;
    assert_true(p->member >= 1 && p->member <= p->members && p->start >= 1 && p->start <= p->starts);
    if (p->member != watch.member || p->epoch != watch.epoch)
        return true;
    if (!watch.stops)
        __atomic_store_n(&watch.flag, 1, __ATOMIC_RELAXED);
    return !watch.stops;
}

static void count_message(const char *text, bool warning, void *context)
{
    (void)context;
    watch.messages += warning && strstr(text, "is left out") != NULL;
}

/* One thread: members before the one that is called off are whole, those behind it are not begun. */
static void check_called_off(size_t member, size_t epoch, bool stops, size_t left)
{
    bpnn_table *table = make_table(9, BPNN_TASK_REGRESSION);
    bpnn_fit_options o = quick();
    o.ensemble = 4;
    o.train.on_epoch = watch_epoch;
    o.train.interrupt = &watch.flag;
    o.message = count_message;
    memset(&watch, 0, sizeof watch);
    watch.member = member;
    watch.epoch = epoch;
    watch.stops = stops;
    bpnn_model *model = fit(table, &o), *copy = copy_of(model);
    assert_int_equal(bpnn_model_summary(model)->stop, stops ? BPNN_STOP_CALLBACK : BPNN_STOP_INTERRUPTED);
    assert_int_equal(bpnn_model_members(model), left);
    assert_int_equal(bpnn_model_members(copy), left);
    assert_int_equal(watch.messages, 4 - left);
    assert_true(isfinite(bpnn_model_summary(model)->train->rmse));
    bpnn_model_free(copy);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

static void test_called_off(void **state)
{
    (void)state;
    for (int stops = 0; stops < 2; stops++) {
        check_called_off(1, 0, stops, 1);
        check_called_off(1, 5, stops, 1); /* one that is left is no ensemble */
        check_called_off(3, 5, stops, 3);
        check_called_off(3, 0, stops, 2);
        check_called_off(4, 25, stops, 4);
    }
}

static void test_starts_called_off(void **state)
{
    (void)state;
    bpnn_table *table = make_table(9, BPNN_TASK_REGRESSION);
    bpnn_fit_options o = quick();
    o.restarts = 3;
    o.train.on_epoch = watch_epoch;
    o.train.interrupt = &watch.flag;
    memset(&watch, 0, sizeof watch);
    watch.member = 1;
    watch.epoch = 4;
    bpnn_model *model = fit(table, &o);
    const bpnn_summary *s = bpnn_model_summary(model);
    assert_int_equal(s->stop, BPNN_STOP_INTERRUPTED);
    assert_int_equal(s->start, 0);
    assert_int_equal(s->starts[1].stop, BPNN_STOP_NONE);
    assert_true(isnan(s->starts[2].score));
    bpnn_model_free(copy_of(model));
    bpnn_model_free(model);
    bpnn_table_free(table);
}

/* A time limit is shared out: every member comes to some epochs. */
static void test_time_limit(void **state)
{
    (void)state;
    bpnn_table *table = make_table(9, BPNN_TASK_REGRESSION);
    bpnn_fit_options o = quick();
    o.ensemble = 3;
    o.train.epochs = 100000000;
    o.train.patience = 0;
    o.train.time_limit = 0.6;
    for (o.train.threads = 1; o.train.threads <= 2; o.train.threads++) {
        bpnn_model *model = fit(table, &o);
        assert_int_equal(bpnn_model_summary(model)->stop, BPNN_STOP_TIME);
        assert_int_equal(bpnn_model_members(model), 3);
        bpnn_model_free(model);
    }
    bpnn_table_free(table);
}

/* Rates from harmless to hopeless: somewhere between, some members diverge; they are left out, and the others are what they are
 * alone. Beyond, all diverge, and all stay. */
static void test_divergence(void **state)
{
    size_t some = 0, all = 0;
    (void)state;
    bpnn_table *table = make_table(9, BPNN_TASK_REGRESSION);
    for (double rate = 0.05; rate < 1e6; rate *= 1.15) {
        bpnn_fit_options o = quick();
        o.train.method = "sgd";
        o.train.rate = rate;
        o.train.epochs = 8;
        o.train.patience = 0;
        o.ensemble = 5;
        bpnn_model *model = fit(table, &o);
        bpnn_stop stop = bpnn_model_summary(model)->stop;
        size_t left = bpnn_model_members(model);
        some += left < 5;
        all += stop == BPNN_STOP_DIVERGED;
        assert_true(left == 5 || stop != BPNN_STOP_DIVERGED);
        for (size_t k = 0; k < left && stop != BPNN_STOP_DIVERGED; k++)
            assert_int_not_equal(bpnn_model_summary(bpnn_model_member(model, k))->stop, BPNN_STOP_DIVERGED);
        bpnn_model_free(copy_of(model));
        bpnn_model_free(model);
    }
    printf("rates: %zu with members left out, %zu hopeless\n", some, all);
    assert_true(some > 0 && all > 0);
    bpnn_table_free(table);
}

static void test_refusals(void **state)
{
    (void)state;
    bpnn_table *table = make_table(9, BPNN_TASK_REGRESSION);
    bpnn_model *model;
    for (size_t i = 0; i < 4; i++) {
        bpnn_fit_options o = quick();
        *(i % 2 ? &o.restarts : &o.ensemble) = i < 2 ? 0 : 1001;
        assert_int_equal(bpnn_fit(&model, table, &o, NULL), BPNN_USAGE);
        assert_null(model);
    }
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),    cmocka_unit_test(test_parts),
        cmocka_unit_test(test_starts),     cmocka_unit_test(test_ties),
        cmocka_unit_test(test_threads),    cmocka_unit_test(test_applied_together),
        cmocka_unit_test(test_called_off), cmocka_unit_test(test_starts_called_off),
        cmocka_unit_test(test_time_limit), cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
