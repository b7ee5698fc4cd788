/* --method auto: a table of rows, inputs, task and options -> what is chosen. */
#include <bpnn/model.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct choice {
    char method[16], hidden[32];
    bool l2_auto;
    bpnn_init_kind init;
    bpnn_schedule_kind schedule;
    size_t epochs, patience;
    double validation;
} choice;

static void note(const bpnn_fit_options *resolved, void *context)
{
    choice *c = context;
    snprintf(c->method, sizeof c->method, "%s", resolved->train.method);
    snprintf(c->hidden, sizeof c->hidden, "%s", resolved->hidden);
    c->l2_auto = resolved->train.l2_auto;
    c->init = resolved->init;
    c->schedule = resolved->train.schedule;
    c->epochs = resolved->train.epochs;
    c->patience = resolved->train.patience;
    c->validation = resolved->validation_share;
}

static bool stop(const bpnn_progress *now, void *context)
{
    (void)now, (void)context;
    return false;
}

/* What a fit of `rows` x `inputs` numbers chooses; the target has `classes` values (0: it is continuous). */
static choice choose(size_t rows, size_t inputs, size_t classes, bpnn_fit_options *o)
{
    size_t cols = inputs + 1;
    double *x = malloc(rows * cols * sizeof *x);
    uint64_t state = 1;
    assert_non_null(x);
    for (size_t i = 0; i < rows * cols; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (double)(state >> 11) * 0x1p-53;
    }
    for (size_t r = 0; classes && r < rows; r++)
        x[r * cols + inputs] = (double)(r % classes);
    bpnn_table *table;
    bpnn_model *model;
    bpnn_error error;
    choice c = {.method = ""};
    o->on_resolved = note;
    o->resolved_context = &c;
    o->train.on_epoch = stop;
    o->task = classes == 0 ? BPNN_TASK_REGRESSION : classes == 2 ? BPNN_TASK_BINARY : BPNN_TASK_MULTICLASS;
    assert_int_equal(bpnn_table_from_matrix(&table, bpnn_matrix_of(x, rows, cols), NULL, &error), BPNN_OK);
    if (bpnn_fit(&model, table, o, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    bpnn_model_free(model);
    bpnn_table_free(table);
    free(x);
    return c;
}

static bpnn_fit_options quick(void)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.train.threads = 1;
    return o;
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        size_t rows, inputs, classes;
        const char *activation, *loss, *method;
    } row[] = {
        {100, 5, 0, NULL, NULL, "br"},       {100, 5, 0, "tanh", NULL, "br"},    {100, 5, 0, "relu", NULL, "lbfgs"},
        {100, 5, 0, NULL, "huber", "lbfgs"}, {100, 5, 2, NULL, NULL, "lbfgs"},   {100, 5, 3, NULL, NULL, "adamw"},
        {15, 5, 0, NULL, NULL, "lbfgs"},     {9, 5, 0, NULL, NULL, "adamw"},     {100, 80, 0, NULL, NULL, "br"},
        {100, 99, 0, NULL, NULL, "lbfgs"},   {10001, 3, 0, NULL, NULL, "br"},    {10001, 3, 2, NULL, NULL, "adamw"},
        {20001, 3, 0, NULL, NULL, "adamw"},  {3000, 700, 2, NULL, NULL, "adamw"}};
    size_t bad = 0, count = sizeof row / sizeof *row;
    for (size_t i = 0; i < count; i++) {
        bpnn_fit_options o = quick();
        o.activation = row[i].activation;
        o.loss = row[i].loss;
        o.train.epochs = 0;
        choice c = choose(row[i].rows, row[i].inputs, row[i].classes, &o);
        bool good = strcmp(c.method, row[i].method) == 0 && c.l2_auto == (strcmp(c.method, "lbfgs") == 0);
        if (!good)
            printf("%zu rows, %zu inputs, %zu classes: %s, not %s\n", row[i].rows, row[i].inputs, row[i].classes,
                   c.method, row[i].method);
        bad += !good;
    }
    printf("sizes: %zu done, %zu bad\n", count, bad);
    assert_int_equal(bad, 0);
}

/* What comes with a choice. */
static void nets(void **state)
{
    (void)state;
    bpnn_fit_options o = quick();
    choice c = choose(100, 5, 0, &o);
    assert_string_equal(c.method, "br");
    assert_string_equal(c.hidden, "10:tanh");
    assert_true(c.init == BPNN_INIT_NGUYEN_WIDROW && c.epochs == 300 && c.patience == 0 && c.validation == 0);
    o = quick();
    o.hidden = "4:sigmoid";
    c = choose(100, 5, 0, &o);
    assert_string_equal(c.method, "br");
    assert_string_equal(c.hidden, "4:sigmoid");
    o = quick();
    o.train.epochs = 0;
    c = choose(100, 5, 2, &o);
    assert_string_equal(c.method, "lbfgs");
    assert_string_equal(c.hidden, "32:tanh");
    assert_true(c.init == BPNN_INIT_AUTO && c.patience == 0 && c.validation == 0);
    assert_int_equal(c.schedule, BPNN_SCHEDULE_CONSTANT);
    o = quick();
    o.train.epochs = 0;
    c = choose(24000, 3, 3, &o);
    assert_true(strcmp(c.hidden, "128:relu") == 0 && c.schedule == BPNN_SCHEDULE_PLATEAU);
    o.schedule_by_rule = false;
    assert_int_equal(choose(24000, 3, 3, &o).schedule, BPNN_SCHEDULE_CONSTANT);
    o = quick();
    o.train.clip = 1;
    c = choose(100, 5, 3, &o);
    assert_string_equal(c.hidden, "64:relu");
    assert_true(c.epochs == 1000 && c.patience >= 100 && c.validation > 0);
}

/* What only step methods do, or early stopping, asks for mini-batches; l2 auto for lbfgs. */
static void options(void **state)
{
    (void)state;
    size_t bad = 0;
    enum { COUNT = 9 };
    for (int i = 0; i < COUNT; i++) {
        bpnn_fit_options o = quick();
        bpnn_train_options *t = &o.train;
        t->l1 = i == 0 ? 0.1 : 0;
        t->dropout = i == 1 ? 0.1 : 0;
        t->clip = i == 2 ? 0.1 : 0;
        t->batch = i == 3 ? 8 : SIZE_MAX;
        t->rate = i == 4 ? 0.1 : (double)NAN;
        t->schedule = i == 5 ? BPNN_SCHEDULE_COSINE : BPNN_SCHEDULE_CONSTANT;
        t->warmup = i == 6;
        t->patience = i == 7 ? 5 : SIZE_MAX;
        t->l2 = i == 8 ? 0.1 : (double)NAN;
        choice c = choose(100, 5, 0, &o);
        bad += strcmp(c.method, "adamw") != 0;
    }
    bpnn_fit_options o = quick();
    o.train.l2_auto = true;
    o.train.epochs = 0;
    choice c = choose(100, 5, 0, &o);
    bad += strcmp(c.method, "lbfgs") != 0 || !c.l2_auto;
    printf("options: %d done, %zu bad\n", COUNT + 1, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes), cmocka_unit_test(nets), cmocka_unit_test(options)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
