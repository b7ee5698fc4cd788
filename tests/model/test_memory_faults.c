/* The n-th allocation fails, n = 1, 2, .. until an operation is done without a failure; once, and from then on. The answer
 * is "out of memory" (or success, where only a warning's text was lost), nothing leaks, nothing crashes. */
#include "model/made.h"
#include <bpnn/memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    size_t count, fail_at; /* allocations so far; 0 = none fails */
    bool persistent, failed;
    long live;
} faults;

static bool fails(void)
{
    faults.count++;
    bool now = faults.fail_at && (faults.persistent ? faults.count >= faults.fail_at : faults.count == faults.fail_at);
    faults.failed |= now;
    return now;
}

static void *fault_allocate(size_t size, void *context)
{
    (void)context;
    void *memory = fails() ? NULL : malloc(size);
    faults.live += memory != NULL;
    return memory;
}

static void *fault_reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    void *grown = fails() ? NULL : realloc(memory, size);
    faults.live += grown && !memory;
    return grown;
}

static void fault_release(void *memory, void *context)
{
    (void)context;
    faults.live -= memory != NULL;
    free(memory);
}

/* What the operations work on. */
static struct {
    bpnn_table *table;
    bpnn_model *model;
    void *bytes;
    size_t size;
    bpnn_task task;
} given;

static bpnn_status do_fit(bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_model *model;
    bpnn_fit_options_default(&o);
    o.hidden = "3";
    o.task = given.task;
    o.train.epochs = 2;
    o.train.threads = 1;
    o.class_weight_balanced = given.task != BPNN_TASK_REGRESSION;
    o.init = BPNN_INIT_NGUYEN_WIDROW;
    o.activation = "tanh";
    bpnn_status status = bpnn_fit(&model, given.table, &o, error);
    bpnn_model_free(model);
    return status;
}

static bpnn_status do_write(bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_status status = bpnn_model_write(given.model, &bytes, &size, error);
    bpnn_release(bytes);
    return status;
}

static bpnn_status do_read(bpnn_error *error)
{
    bpnn_model *model;
    bpnn_status status = bpnn_model_read(&model, given.bytes, given.size, NULL, error);
    bpnn_model_free(model);
    return status;
}

static bpnn_status do_predict(bpnn_error *error)
{
    bpnn_prediction p;
    bpnn_status status = bpnn_model_predict(given.model, given.table, 1, "scalar", &p, error);
    bpnn_prediction_free(&p);
    return status;
}

static bpnn_status do_evaluate(bpnn_error *error)
{
    bpnn_metrics m;
    bpnn_status status = bpnn_model_evaluate(given.model, given.table, 1, NULL, &m, error);
    bpnn_metrics_free(&m);
    return status;
}

static bpnn_status do_describe(bpnn_error *error)
{
    char *json;
    bpnn_status status = bpnn_model_describe(given.model, &json, error);
    bpnn_release(json);
    return status;
}

static const struct {
    const char *name;
    bpnn_status (*run)(bpnn_error *error);
} operations[] = {{"fit", do_fit},         {"write", do_write},       {"read", do_read},
                  {"predict", do_predict}, {"evaluate", do_evaluate}, {"describe", do_describe}};

static size_t sweep(size_t which, bool persistent, size_t *bad)
{
    size_t n = 1;
    for (;; n++) {
        bpnn_error error = {0};
        long before = faults.live;
        faults.count = 0;
        faults.fail_at = n;
        faults.persistent = persistent;
        faults.failed = false;
        bpnn_status status = operations[which].run(&error);
        faults.fail_at = 0;
        bool good = faults.live == before && (status == BPNN_OK || (status == BPNN_MEMORY && faults.failed));
        if (!good) {
            printf("%s: allocation %zu%s: status %d (%s), %ld blocks lost\n", operations[which].name, n,
                   persistent ? " on" : "", (int)status, error.text, faults.live - before);
            ++*bad;
        }
        if (!faults.failed)
            return n;
    }
}

static bool set_up(bpnn_task task)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "a,b,c,y\n");
    for (int r = 0; r < 90; r++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%d.5,%s,%s,%s%d\n", r % 13, r % 11 ? "2" : "",
                               r % 3 ? "x" : "z", task == BPNN_TASK_REGRESSION ? "0." : "k",
                               r % (task == BPNN_TASK_BINARY ? 2 : 3));
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.hidden = "3";
    o.task = given.task = task;
    o.train.epochs = 2;
    o.train.threads = 1;
    return bpnn_table_read_memory(&given.table, text, at, NULL, NULL, NULL) == BPNN_OK &&
           bpnn_fit(&given.model, given.table, &o, NULL) == BPNN_OK &&
           bpnn_model_write(given.model, &given.bytes, &given.size, NULL) == BPNN_OK;
}

int main(void)
{
    bpnn_allocator allocator = {fault_allocate, fault_reallocate, fault_release, NULL};
    size_t done = 0, bad = 0;
    if (bpnn_set_allocator(&allocator, NULL) != BPNN_OK)
        return 1;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        if (!set_up((bpnn_task)task))
            return 1;
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
            for (int persistent = 0; persistent < 2; persistent++)
                done += sweep(i, persistent, &bad);
        bpnn_release(given.bytes);
        bpnn_model_free(given.model);
        bpnn_table_free(given.table);
    }
    bad += faults.live != 0;
    printf("failed allocations around models: %zu done, %zu bad\n", done, bad);
    return bad != 0;
}
