/* From a table to a model and its predictions: every task, what is chosen, parts held back, bits, and what goes wrong. */
#include "model/made.h"
#include "oracle/mode.h"
#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT = 1 << 16 };

/* x1, x2 in [-1, 1], colour by x1's sign, some cells missing; y by the task. */
static bpnn_table *make_table(uint64_t seed, size_t rows, bpnn_task task)
{
    static const char *const classes[] = {"low", "mid", "top"};
    static char text[TEXT];
    dice d = {seed};
    size_t at = (size_t)snprintf(text, TEXT, "x1,x2,colour,y\n");
    for (size_t r = 0; r < rows; r++) {
        double a = roll_unit(&d), b = roll_unit(&d), s = a + b;
        int k = task == BPNN_TASK_BINARY ? 2 * (s > 0) : s < -0.4 ? 0 : s < 0.4 ? 1 : 2;
        at += (size_t)snprintf(text + at, TEXT - at, "%.4f,", a);
        at += r % 17 == 5 ? (size_t)snprintf(text + at, TEXT - at, "NA,")
                          : (size_t)snprintf(text + at, TEXT - at, "%.4f,", b);
        at += (size_t)snprintf(text + at, TEXT - at, "%s,", a > 0 ? "red" : "blue");
        at += task == BPNN_TASK_REGRESSION ? (size_t)snprintf(text + at, TEXT - at, "%.4f\n", 50 + 10 * s)
                                           : (size_t)snprintf(text + at, TEXT - at, "%s\n", classes[k]);
        assert_true(at < TEXT - 64);
    }
    bpnn_table *table;
    bpnn_error error = {0};
    bpnn_status status = bpnn_table_read_memory(&table, text, at, "made.csv", NULL, &error);
    if (status != BPNN_OK)
        printf("%s\n", error.text);
    assert_int_equal(status, BPNN_OK);
    return table;
}

static bpnn_fit_options quick(void)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "8";
    o.train.epochs = 60;
    o.train.rate = 0.01;
    o.train.threads = 1;
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

static bpnn_prediction predict(const bpnn_model *model, const bpnn_table *table, size_t threads, const char *isa)
{
    bpnn_prediction p;
    assert_int_equal(bpnn_model_predict(model, table, threads, isa, &p, NULL), BPNN_OK);
    return p;
}

static bool same_prediction(const bpnn_prediction *a, const bpnn_prediction *b)
{
    return a->rows == b->rows && a->columns == b->columns &&
           memcmp(a->values, b->values, a->rows * a->columns * sizeof *a->values) == 0 &&
           (!a->label || memcmp(a->label, b->label, a->rows * sizeof *a->label) == 0);
}

/* Written and read: the same bytes, the same predictions, at any number of threads and on the exact scalar row. */
static void check_copies(const bpnn_model *model, const bpnn_table *table)
{
    bpnn_model *again;
    void *bytes;
    size_t size;
    bpnn_error error = {0};
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_OK);
    bpnn_status status = bpnn_model_read(&again, bytes, size, NULL, &error);
    if (status != BPNN_OK)
        printf("%s\n", error.text);
    assert_int_equal(status, BPNN_OK);
    assert_true(same_bytes(model, again));
    bpnn_prediction p = predict(model, table, 1, NULL), q = predict(again, table, 3, NULL),
                    r = predict(again, table, 2, "scalar");
    assert_true(same_prediction(&p, &q));
    assert_true(same_prediction(&p, &r));
    bpnn_prediction_free(&p);
    bpnn_prediction_free(&q);
    bpnn_prediction_free(&r);
    bpnn_model_free(again);
    bpnn_release(bytes);
}

/* The summary's metrics are what evaluate gives on the same rows, and what the predictions say. */
static void check_metrics(const bpnn_model *model, const bpnn_table *table, bpnn_task task)
{
    bpnn_metrics m, n;
    bpnn_prediction p = predict(model, table, 1, NULL);
    char buffer[32];
    double right = 0, squares = 0;
    size_t rows = bpnn_table_rows(table);
    assert_int_equal(bpnn_model_evaluate(model, table, 1, NULL, &m, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_evaluate(model, table, 3, "scalar", &n, NULL), BPNN_OK);
    assert_int_equal(m.rows, rows);
    assert_true(m.loss == n.loss && (m.mse == n.mse || isnan(m.mse)) &&
                (m.log_loss == n.log_loss || isnan(m.log_loss)));
    for (size_t r = 0; r < rows; r++)
        if (task == BPNN_TASK_REGRESSION)
            squares += pow(p.values[r] - bpnn_table_number(table, r, 3), 2);
        else
            right += strcmp(bpnn_model_class_label(model, p.label[r]), bpnn_table_text(table, r, 3, buffer)) == 0;
    if (task == BPNN_TASK_REGRESSION)
        assert_true(fabs(m.mse - squares / (double)rows) <= 1e-12 * m.mse);
    else
        assert_true(m.accuracy == right / (double)rows);
    bpnn_prediction_free(&p);
    bpnn_metrics_free(&m);
    bpnn_metrics_free(&n);
}

static void check_quality(const bpnn_model *model, bpnn_task task)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    assert_non_null(s->train);
    assert_non_null(s->validation);
    assert_null(s->test);
    assert_int_equal(s->rows_train + s->rows_validation, 300);
    if (task == BPNN_TASK_REGRESSION)
        assert_true(s->validation->r2 > 0.7);
    else
        assert_true(s->validation->accuracy > 0.8);
    if (task == BPNN_TASK_BINARY)
        assert_true(s->validation->roc_auc > 0.85);
}

static void test_tasks(void **state)
{
    static const bpnn_task tasks[] = {BPNN_TASK_REGRESSION, BPNN_TASK_BINARY, BPNN_TASK_MULTICLASS};
    size_t done = 0;
    (void)state;
    for (int i = 0; i < 6; i++) {
        bpnn_table *table = make_table((uint64_t)i + 1, 300, tasks[i % 3]);
        bpnn_fit_options o = quick();
        o.precision = i < 3 ? BPNN_SINGLE : BPNN_DOUBLE;
        bpnn_model *model = fit(table, &o);
        assert_int_equal(bpnn_model_task(model), tasks[i % 3]);
        assert_int_equal(bpnn_model_feature_count(model), 3);
        assert_true(bpnn_model_feature_is_categorical(model, 2));
        check_quality(model, tasks[i % 3]);
        check_metrics(model, table, tasks[i % 3]);
        check_copies(model, table);
        bpnn_model_free(model);
        bpnn_table_free(table);
        done++;
    }
    printf("fits of all tasks: %zu done, 0 bad\n", done);
}

/* Every loss and output a task may have can be fitted, saved and read, and gives finite numbers. */
static void test_losses(void **state)
{
    static const struct {
        bpnn_task task;
        const char *loss, *output;
    } cases[] = {
        {BPNN_TASK_REGRESSION, "mae", NULL},
        {BPNN_TASK_REGRESSION, "huber", "tanh"},
        {BPNN_TASK_REGRESSION, "quantile", NULL},
        {BPNN_TASK_REGRESSION, "poisson", NULL},
        {BPNN_TASK_REGRESSION, NULL, "softplus"},
        {BPNN_TASK_BINARY, "hinge", NULL},
        {BPNN_TASK_BINARY, "hinge", "tanh"},
        {BPNN_TASK_BINARY, "mse", "identity"},
        {BPNN_TASK_BINARY, "focal", NULL},
        {BPNN_TASK_BINARY, NULL, "tanh"},
        {BPNN_TASK_MULTICLASS, "focal", NULL},
        {BPNN_TASK_MULTICLASS, "mse", NULL},
        {BPNN_TASK_MULTICLASS, "hinge", NULL},
        {BPNN_TASK_MULTICLASS, "binary_crossentropy", NULL},
        {BPNN_TASK_MULTICLASS, "crossentropy", "log_softmax"},
    };
    size_t count = sizeof cases / sizeof *cases;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        bpnn_table *table = make_table(i + 10, 200, cases[i].task);
        bpnn_fit_options o = quick();
        o.loss = cases[i].loss;
        o.output_activation = cases[i].output;
        bpnn_model *model = fit(table, &o);
        bpnn_prediction p = predict(model, table, 1, NULL);
        for (size_t r = 0; r < p.rows && p.label; r++) {
            double sum = 0;
            for (size_t k = 0; k < p.columns; k++)
                sum += p.values[r * p.columns + k];
            assert_true(fabs(sum - 1) < 1e-5);
        }
        if (p.label && !(bpnn_model_summary(model)->train->accuracy > 0.7))
            printf("case %zu: accuracy %g\n", i, bpnn_model_summary(model)->train->accuracy);
        assert_true(!p.label || bpnn_model_summary(model)->train->accuracy > 0.7);
        check_copies(model, table);
        bpnn_prediction_free(&p);
        bpnn_model_free(model);
        bpnn_table_free(table);
    }
    printf("fits of losses: %zu done, 0 bad\n", count);
}

typedef struct told {
    int notes, warnings;
    char all[4096];
} told;

static void listen(const char *text, bool warning, void *context)
{
    told *t = context;
    t->notes += !warning;
    t->warnings += warning;
    if (strlen(t->all) + strlen(text) + 2 < sizeof t->all)
        strcat(strcat(t->all, text), "\n");
}

static void test_parts(void **state)
{
    bpnn_table *table = make_table(1, 300, BPNN_TASK_BINARY), *other = make_table(2, 100, BPNN_TASK_BINARY);
    bpnn_fit_options o = quick();
    told t = {0};
    (void)state;
    o.message = listen;
    o.message_context = &t;
    o.validation = other;
    o.test_share = 0.2;
    o.class_weight_balanced = true;
    bpnn_model *model = fit(table, &o);
    const bpnn_summary *s = bpnn_model_summary(model);
    assert_int_equal(s->rows_validation, 100);
    assert_true(s->rows_test >= 58 && s->rows_test <= 62);
    assert_int_equal(s->rows_train + s->rows_test, 300);
    assert_non_null(s->test);
    assert_non_null(strstr(t.all, "method: adamw"));
    assert_non_null(s->method_why);
    assert_int_equal((int)s->warning_count, t.warnings);
    bpnn_model_free(model);
    o = quick();
    o.train.epochs = 0;
    o.validation_share = 0;
    model = fit(table, &o);
    assert_int_equal(bpnn_model_summary(model)->epochs, 0);
    assert_int_equal(bpnn_model_summary(model)->stop, BPNN_STOP_EPOCHS);
    assert_null(bpnn_model_summary(model)->validation);
    check_copies(model, table);
    bpnn_model_free(model);
    bpnn_table_free(table);
    bpnn_table_free(other);
}

/* Same data, options and seed: the same file, for any number of threads. Another seed: another one. */
static void test_same_bytes(void **state)
{
    bpnn_table *table = make_table(5, 300, BPNN_TASK_MULTICLASS);
    bpnn_fit_options o = quick();
    (void)state;
    o.train.epochs = 5;
    bpnn_model *a = fit(table, &o);
    for (size_t threads = 2; threads <= 4; threads++) {
        o.train.threads = threads;
        o.train.isa = threads == 4 ? "scalar" : NULL;
        bpnn_model *b = fit(table, &o);
        assert_true(same_bytes(a, b));
        bpnn_model_free(b);
    }
    o.train.seed = UINT64_MAX;
    bpnn_model *c = fit(table, &o);
    assert_false(same_bytes(a, c));
    check_copies(c, table);
    bpnn_model_free(a);
    bpnn_model_free(c);
    bpnn_table_free(table);
}

/* Scalers, metrics and predictions too are what they are in the promised floating-point mode. */
static void test_foreign_mode(void **state)
{
    bpnn_table *table = make_table(9, 300, BPNN_TASK_REGRESSION);
    bpnn_fit_options o = quick();
    bpnn_prediction p, q;
    bpnn_metrics m, n;
    (void)state;
    o.train.epochs = 3;
    bpnn_model *a = fit(table, &o);
    assert_int_equal(bpnn_model_predict(a, table, 1, NULL, &p, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_evaluate(a, table, 1, NULL, &m, NULL), BPNN_OK);
    mode_poison();
    bpnn_model *b = fit(table, &o);
    bpnn_status predicted = bpnn_model_predict(b, table, 1, NULL, &q, NULL);
    bpnn_status evaluated = bpnn_model_evaluate(b, table, 1, NULL, &n, NULL);
    mode_cure();
    assert_true(predicted == BPNN_OK && evaluated == BPNN_OK);
    assert_true(same_bytes(a, b));
    assert_memory_equal(p.values, q.values, p.rows * p.columns * sizeof *p.values);
    assert_true(m.rmse == n.rmse && m.r2 == n.r2 && m.loss == n.loss);
    bpnn_prediction_free(&p);
    bpnn_prediction_free(&q);
    bpnn_metrics_free(&m);
    bpnn_metrics_free(&n);
    bpnn_model_free(a);
    bpnn_model_free(b);
    bpnn_table_free(table);
}

static bool stop_at_three(const bpnn_progress *progress, void *context)
{
    (void)context;
    return progress->epoch < 3;
}

/* Every method, a broken run and a stopped one all give a model that can be saved. */
static void test_endings(void **state)
{
    bpnn_table *table = make_table(6, 200, BPNN_TASK_REGRESSION);
    bpnn_model *model;
    (void)state;
    for (size_t i = 0; bpnn_method(i); i++) {
        bpnn_fit_options o = quick();
        o.train.method = bpnn_method(i)->name;
        o.train.rate = (double)NAN;
        o.train.epochs = 5;
        o.init = BPNN_INIT_NGUYEN_WIDROW;
        o.activation = "tanh";
        model = fit(table, &o);
        assert_string_equal(bpnn_model_summary(model)->method, o.train.method);
        assert_null(bpnn_model_summary(model)->method_why);
        check_copies(model, table);
        bpnn_model_free(model);
    }
    bpnn_fit_options o = quick();
    o.train.method = "sgd";
    o.train.rate = 1e30;
    model = fit(table, &o);
    assert_int_equal(bpnn_model_summary(model)->stop, BPNN_STOP_DIVERGED);
    assert_true(bpnn_model_summary(model)->warning_count > 0);
    check_copies(model, table);
    bpnn_model_free(model);
    o.train.epochs = 1; /* a single update: no loss of the run's own comes after it */
    o.train.batch = 0;
    o.validation_share = 0;
    model = fit(table, &o);
    assert_int_equal(bpnn_model_summary(model)->stop, BPNN_STOP_DIVERGED);
    assert_int_equal(bpnn_model_summary(model)->result.stop, BPNN_STOP_DIVERGED);
    assert_true(bpnn_model_summary(model)->warning_count > 0);
    check_copies(model, table);
    bpnn_model_free(model);
    o = quick();
    o.train.on_epoch = stop_at_three;
    model = fit(table, &o);
    assert_int_equal(bpnn_model_summary(model)->stop, BPNN_STOP_CALLBACK);
    assert_int_equal(bpnn_model_summary(model)->epochs, 3);
    check_copies(model, table);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

static void refuse(const bpnn_table *table, const bpnn_fit_options *o, bpnn_status expected, const char *word)
{
    bpnn_model *model;
    bpnn_error error = {0};
    bpnn_status status = bpnn_fit(&model, table, o, &error);
    if (status != expected || !strstr(error.text, word))
        printf("expected %d '%s', got %d: %s\n", (int)expected, word, (int)status, error.text);
    assert_int_equal(status, expected);
    assert_non_null(strstr(error.text, word));
    assert_null(model);
}

#define REFUSE(change, word)                                                                                           \
    do {                                                                                                               \
        bpnn_fit_options o = quick();                                                                                  \
        change;                                                                                                        \
        refuse(table, &o, BPNN_USAGE, word);                                                                           \
        refused++;                                                                                                     \
    } while (0)

static void test_refusals(void **state)
{
    static const bpnn_setting wrong = {"nosuch", 1};
    size_t refused = 0;
    bpnn_table *table = make_table(7, 100, BPNN_TASK_BINARY);
    (void)state;
    REFUSE(o.struct_size = 0, "default");
    REFUSE(o.train.struct_size = 0, "default");
    REFUSE(o.task = (bpnn_task)99, "range");
    REFUSE(o.target_scale = BPNN_SCALE_POOLED, "scale");
    REFUSE(o.validation_share = 1, "share");
    REFUSE(o.test_share = -0.1, "share");
    REFUSE(o.test_share = (double)NAN, "share");
    REFUSE(o.hidden = "8,x", "hidden");
    REFUSE(o.activation = "tanhh", "tanh");
    REFUSE(o.output_activation = "softmax", "sigmoid");
    REFUSE(o.loss = "huberr", "huber");
    REFUSE(o.loss = "user", "callbacks");
    REFUSE(o.loss = "crossentropy", "two classes");
    REFUSE(o.loss = "poisson"; o.output_activation = "tanh", "poisson");
    REFUSE(o.loss = "focal"; o.loss_parameter = -1, "parameter");
    REFUSE(o.group_rows = 0, "group");
    REFUSE(o.train.method = "adamm", "adam");
    REFUSE(o.train.method = "rprop"; o.train.batch = 32, "all rows");
    REFUSE(o.train.rate = -1, "rate");
    REFUSE(o.train.rate = (double)INFINITY, "rate");
    REFUSE(o.train.l2 = -1, "l2");
    REFUSE(o.train.dropout = 1, "dropout");
    REFUSE(o.train.settings = &wrong; o.train.setting_count = 1, "nosuch");
    REFUSE(o.train.isa = "pentium", "pentium");
    printf("refused fits: %zu done, 0 bad\n", refused);
    bpnn_table_free(table);
}

/* Labels that training never saw count as wrong; rows without a label are skipped; unseen categories are counted. */
static void test_strange_rows(void **state)
{
    static const char text[] = "y,colour,x2,x1\nlow,red,0.5,0.5\nwhat,red,0.5,-0.5\n,blue,NA,0.1\ntop,green,0,\n";
    bpnn_table *table = make_table(8, 200, BPNN_TASK_MULTICLASS), *strange;
    bpnn_fit_options o = quick();
    bpnn_metrics m;
    (void)state;
    assert_int_equal(bpnn_table_read_memory(&strange, text, sizeof text - 1, "strange.csv", NULL, NULL), BPNN_OK);
    bpnn_model *model = fit(table, &o);
    assert_int_equal(bpnn_model_evaluate(model, strange, 1, NULL, &m, NULL), BPNN_OK);
    assert_int_equal(m.rows, 3);
    assert_int_equal(m.unseen_labels, 1);
    assert_true(m.accuracy <= 2.0 / 3 + 1e-12);
    assert_true(isfinite(m.loss));
    bpnn_prediction p = predict(model, strange, 2, NULL);
    assert_int_equal(p.rows, 4);
    assert_int_equal(p.unseen_cells, 1);
    assert_int_equal(p.imputed_cells, 2);
    bpnn_prediction_free(&p);
    bpnn_metrics_free(&m);
    bpnn_model_free(model);
    bpnn_table_free(strange);
    bpnn_table_free(table);
}

/* A name that no model file takes is told before training, and refused when saving. */
static void test_unsavable(void **state)
{
    static char name[70000];
    static float cells[80];
    const char *names[] = {name, "y"};
    bpnn_table *table;
    told t = {0};
    void *bytes;
    size_t size;
    (void)state;
    memset(name, 'n', sizeof name - 1);
    for (int i = 0; i < 80; i++)
        cells[i] = (float)(i * i % 37);
    assert_int_equal(bpnn_table_from_matrix(&table, bpnn_matrix_of(cells, 40, 2), names, NULL), BPNN_OK);
    bpnn_fit_options o = quick();
    o.task = BPNN_TASK_REGRESSION;
    o.train.epochs = 1;
    o.message = listen;
    o.message_context = &t;
    bpnn_model *model = fit(table, &o);
    assert_non_null(strstr(t.all, "cannot be saved"));
    assert_int_equal(bpnn_model_write(model, &bytes, &size, NULL), BPNN_DATA);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

/* ---- what the rules choose ---- */

/* l2 of --method auto, as it is told, for a net of `hidden` units on `table` in batches of `batch`. */
static double penalty(const bpnn_table *table, const char *hidden, size_t batch, double *ratio)
{
    bpnn_fit_options o = quick();
    size_t rows, parameters, told_batch;
    double l2;
    o.hidden = hidden;
    o.train.epochs = 0;
    o.train.batch = batch;
    bpnn_model *model = fit(table, &o);
    assert_int_equal(sscanf(bpnn_model_summary(model)->method_why,
                            "%zu rows, %zu parameters, %*[^;]; mini-batches of %zu; l2 %lf", &rows, &parameters,
                            &told_batch, &l2),
                     4);
    *ratio = 0.1 * (double)parameters / (double)rows;
    bpnn_model_free(model);
    return l2;
}

static void test_penalty(void **state)
{
    (void)state;
    bpnn_table *table = make_table(3, 300, BPNN_TASK_REGRESSION);
    double ratio, l2 = penalty(table, "2", SIZE_MAX, &ratio);
    assert_true(ratio < 0.1 && l2 == 0.1);
    l2 = penalty(table, "100", SIZE_MAX, &ratio);
    assert_true(ratio > 0.2 && ratio < 0.5 && fabs(l2 - ratio) <= 0.005 + 1e-12);
    l2 = penalty(table, "1000", SIZE_MAX, &ratio);
    assert_true(ratio > 2 && l2 == 1);
    l2 = penalty(table, "1000", 1, &ratio); /* 100 / 255 updates an epoch */
    assert_true(l2 == 0.39);
    bpnn_table_free(table);
}

/* Numbers of an IDX file have one unit. */
static void test_scale(void **state)
{
    static const unsigned char idx[] = {0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 3, 0, 9, 1, 4, 9, 2, 0, 9, 3, 2, 8, 4};
    bpnn_table *table = make_table(3, 60, BPNN_TASK_REGRESSION);
    bpnn_table_options read;
    bpnn_error error;
    bpnn_fit_options o = quick();
    (void)state;
    o.train.epochs = 0;
    o.task = BPNN_TASK_REGRESSION;
    bpnn_model *model = fit(table, &o);
    assert_int_equal(model->schema.input_scaling, BPNN_SCALE_STANDARD);
    bpnn_model_free(model);
    bpnn_table_free(table);
    bpnn_table_options_default(&read);
    read.format = "idx";
    assert_int_equal(bpnn_table_read_memory(&table, idx, sizeof idx, "made", &read, &error), BPNN_OK);
    model = fit(table, &o);
    assert_int_equal(model->schema.input_scaling, BPNN_SCALE_POOLED);
    assert_true(model->schema.scale[0] == model->schema.scale[1]);
    bpnn_model_free(model);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tasks),      cmocka_unit_test(test_losses),       cmocka_unit_test(test_parts),
        cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_foreign_mode), cmocka_unit_test(test_endings),
        cmocka_unit_test(test_refusals),   cmocka_unit_test(test_strange_rows), cmocka_unit_test(test_unsavable),
        cmocka_unit_test(test_penalty),    cmocka_unit_test(test_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
