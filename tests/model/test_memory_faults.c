/* The n-th allocation fails, n = 1, 2, .. until an operation is done without a failure: once, from then on, and every third
 * from then on. The answer is "out of memory" (or success, where only a warning's text was lost), nothing leaks, nothing
 * crashes, a file that was there is whole. test_memory_faults [RUNS]: so many more in which every allocation fails with a
 * chance of 1 %. */
#include "base/faulty.h"
#include "model/made.h"
#include "model/runs.h"
#include "model/samples.h"
#include <bpnn/memory.h>
#include <bpnn/study.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum mode { ONCE, ON, EVERY_THIRD, MODES, CHANCE = MODES } mode;
static const char *const modes[] = {"", " on", " on, every third", ", by chance"};

static struct {
    size_t count, fail_at; /* allocations so far; 0 = none fails */
    mode mode;
    dice dice;
    bool failed;
    long live;
} faults;

static bool fails(void)
{
    size_t n = ++faults.count, at = faults.fail_at;
    bool now = at && (faults.mode == ONCE     ? n == at
                      : faults.mode == CHANCE ? roll_below(&faults.dice, 100) == 0
                                              : n >= at && (faults.mode == ON || (n - at) % 3 == 0));
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
    size_t which; /* method or sample */
    char path[64];
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

/* Two members, two starts each. */
static bpnn_status do_fit_many(bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_model *model;
    bpnn_fit_options_default(&o);
    o.hidden = "2";
    o.task = given.task;
    o.train.epochs = 1;
    o.train.threads = 1;
    o.restarts = o.ensemble = 2;
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

static bpnn_status do_cv(bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_cv_options folds;
    bpnn_cv *cv;
    bpnn_fit_options_default(&o);
    bpnn_cv_options_default(&folds);
    o.hidden = "3";
    o.task = given.task;
    o.train.epochs = 1;
    o.train.threads = 1;
    o.group = given.task == BPNN_TASK_BINARY ? "a" : NULL;
    folds.folds = 2;
    bpnn_status status = bpnn_cross_validate(&cv, given.table, &o, &folds, error);
    bpnn_cv_free(cv);
    return status;
}

/* The baseline and one trial: every allocation more is one more run of all of it. */
static bpnn_status do_tune(bpnn_error *error)
{
    bpnn_fit_options o;
    bpnn_tune_options limits;
    bpnn_tune *tune;
    bpnn_fit_options_default(&o);
    bpnn_tune_options_default(&limits);
    o.task = given.task;
    o.hidden = "2";
    o.train.method = "adamw";
    o.train.epochs = 1;
    o.train.threads = 1;
    limits.folds = 2;
    limits.trials = 2;
    bpnn_status status = bpnn_tune_run(&tune, given.table, &o, &limits, error);
    bpnn_tune_free(tune);
    return status;
}

/* ---- what does not depend on the task ---- */

static bpnn_status do_read_table(bpnn_error *error)
{
    const sample *s = sample_at(given.which);
    bpnn_table *table;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = s->format;
    bpnn_status status = bpnn_table_read_memory(&table, s->bytes, s->size, s->name, &o, error);
    bpnn_table_free(table);
    return status;
}

static bpnn_status do_load_table(bpnn_error *error)
{
    bpnn_table *table;
    bpnn_status status = bpnn_table_read(&table, BPNN_SOURCE_DIR "/examples/data/digits.csv.gz", NULL, error);
    bpnn_table_free(table);
    return status;
}

static bpnn_status do_matrix(bpnn_error *error)
{
    static const float cells[] = {1, 2, 3, 4, 5, 6};
    static const char *const names[] = {"a", "b", "c"};
    bpnn_table *table;
    bpnn_status status = bpnn_table_from_matrix(&table, bpnn_matrix_of(cells, 2, 3), names, error);
    bpnn_table_free(table);
    return status;
}

static bpnn_status new_net(bpnn_net **net, bpnn_error *error)
{
    const bpnn_layer layers[] = {{.size = 5, .activation = {.kind = BPNN_ACT_TANH}}, {.size = 2}};
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = 3;
    o.layer_count = 2;
    o.layers = layers;
    return bpnn_net_new(net, &o, error);
}

/* Create, initialise, clone, pack, apply, differentiate. */
static bpnn_status do_net(bpnn_error *error)
{
    static const float x[] = {1, 2, 3, 4, 5, 6}, t[] = {1, 0, 0, 1};
    static double y[4], gradient[64], dx[6];
    bpnn_net *net, *copy = NULL;
    bpnn_predictor *predictor = NULL;
    bpnn_matrix inputs = bpnn_matrix_of(x, 2, 3), targets = bpnn_matrix_of(t, 2, 2);
    bpnn_status status = new_net(&net, error);
    if (status == BPNN_OK)
        status = bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, error);
    if (status == BPNN_OK)
        status = bpnn_net_clone(&copy, net, error);
    if (status == BPNN_OK)
        status = bpnn_predictor_new(&predictor, copy, NULL, error);
    if (status == BPNN_OK)
        status = bpnn_net_forward(copy, inputs, y, error);
    if (status == BPNN_OK)
        status = bpnn_net_gradient(copy, inputs, targets, NULL, NULL, gradient, dx, error);
    bpnn_predictor_free(predictor);
    bpnn_net_free(copy);
    bpnn_net_free(net);
    return status;
}

/* Two epochs of a method. */
static bpnn_status do_train(bpnn_error *error)
{
    static double x[90], t[60];
    bpnn_net *net;
    bpnn_data data = {.inputs = bpnn_matrix_of(x, 30, 3), .targets = bpnn_matrix_of(t, 30, 2)};
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = bpnn_method(given.which)->name;
    o.batch = bpnn_method(given.which)->full_batch ? 0 : 8;
    o.epochs = 2;
    o.threads = 2;
    o.clip = 1;
    for (size_t i = 0; i < 90; i++)
        x[i] = sin((double)i);
    for (size_t i = 0; i < 60; i++)
        t[i] = cos((double)i);
    bpnn_status status = new_net(&net, error);
    if (status == BPNN_OK)
        status = bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, error);
    if (status == BPNN_OK)
        status = bpnn_train(net, &data, &data, &o, NULL, error);
    bpnn_net_free(net);
    return status;
}

/* The file is the model's bytes before and after; a failure leaves nothing beside it. */
static bpnn_status do_save(bpnn_error *error)
{
    return bpnn_model_save(given.model, given.path, error);
}

static bpnn_status do_load(bpnn_error *error)
{
    bpnn_model *model;
    bpnn_status status = bpnn_model_load(&model, given.path, error);
    bpnn_model_free(model);
    return status;
}

/* ---- runs with checkpoints: adamw, lbfgs with l2 auto, br ---- */

enum { RUNS = 3 };
static const size_t run_numbers[RUNS] = {0, 34, 12};
static made_run runs[RUNS];
static void *run_bytes[RUNS];
static size_t run_sizes[RUNS];
static char run_path[80];

static bpnn_status do_checkpoints(bpnn_error *error)
{
    bpnn_model *model = NULL;
    bpnn_status status = made_run_fit(&runs[given.which], run_path, NULL, 0, &model, error);
    bpnn_model_free(model);
    return status;
}

static bpnn_status do_resume(bpnn_error *error)
{
    bpnn_model *model = NULL;
    bpnn_checkpoint *from;
    bpnn_status status = bpnn_checkpoint_read(&from, run_bytes[given.which], run_sizes[given.which], NULL, error);
    if (status == BPNN_OK)
        status = made_run_fit(&runs[given.which], NULL, from, 0, &model, error);
    bpnn_checkpoint_free(from);
    bpnn_model_free(model);
    return status;
}

static bpnn_status do_start(bpnn_error *error)
{
    bpnn_model *model = NULL;
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.train.epochs = 2;
    o.train.threads = 1;
    o.init_from = bpnn_model_member(given.model, 0);
    bpnn_status status = bpnn_fit(&model, given.table, &o, error);
    bpnn_model_free(model);
    return status;
}

static bool set_up_runs(const char *folder)
{
    bool good = true;
    snprintf(run_path, sizeof run_path, "%s.ckpt", given.path);
    for (size_t k = 0; k < RUNS && good; k++) {
        made_run_new(&runs[k], run_numbers[k]);
        runs[k].options.train.epochs = 3;
        runs[k].options.checkpoint_epochs = 1;
        good = made_checkpoint(run_numbers[k], 2, folder, &run_bytes[k], &run_sizes[k]);
    }
    return good;
}

static void tear_down_runs(void)
{
    char previous[96];
    snprintf(previous, sizeof previous, "%s.prev", run_path);
    for (size_t k = 0; k < RUNS; k++) {
        made_run_free(&runs[k]);
        bpnn_release(run_bytes[k]);
    }
    unlink(run_path);
    unlink(previous);
}

static bool file_is_whole(void)
{
    static unsigned char bytes[1 << 16];
    FILE *f = fopen(given.path, "rb");
    size_t size = f ? fread(bytes, 1, sizeof bytes, f) : 0;
    if (f)
        fclose(f);
    return f && size == given.size && memcmp(bytes, given.bytes, size) == 0;
}

/* count: variants; 0 = once for every task */
typedef struct operation {
    const char *name;
    bpnn_status (*run)(bpnn_error *error);
    size_t count;
} operation;

static const operation operations[] = {{"fit", do_fit, 0},
                                       {"fit many", do_fit_many, 0},
                                       {"cv", do_cv, 0},
                                       {"write", do_write, 0},
                                       {"read", do_read, 0},
                                       {"predict", do_predict, 0},
                                       {"evaluate", do_evaluate, 0},
                                       {"describe", do_describe, 0},
                                       {"save", do_save, 0},
                                       {"load", do_load, 0},
                                       {"read a table", do_read_table, 5},
                                       {"load digits", do_load_table, 1},
                                       {"a matrix", do_matrix, 1},
                                       {"tune", do_tune, 1},
                                       {"a net", do_net, 1},
                                       {"train", do_train, 8},
                                       {"start from a model", do_start, 0},
                                       {"checkpoints", do_checkpoints, RUNS},
                                       {"resume", do_resume, RUNS}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* One run with failures. Returns whether any allocation failed. */
static bool run(const operation *o, mode how, size_t n, size_t *bad)
{
    bpnn_error error = {0};
    long before = faults.live;
    faults.count = 0;
    faults.fail_at = n;
    faults.mode = how;
    faults.failed = false;
    bpnn_status status = o->run(&error);
    faults.fail_at = 0;
    bool good = faults.live == before && (status == BPNN_OK || (status == BPNN_MEMORY && faults.failed));
    good = good && (status == BPNN_OK || (error.status == BPNN_MEMORY && error.text[0]));
    good = good && (o->run != do_save || file_is_whole());
    if (good)
        return faults.failed;
    printf("%s %zu: allocation %zu%s: status %d (%s), %ld blocks lost\n", o->name, given.which, n, modes[how],
           (int)status, error.text, faults.live - before);
    ++*bad;
    return faults.failed;
}

static size_t sweep(const operation *o, size_t *bad)
{
    size_t done = 0;
    for (int m = 0; m < MODES; m++) {
        size_t n = 1;
        while (run(o, (mode)m, n, bad))
            n++;
        done += n;
    }
    return done;
}

static bool set_up(bpnn_task task, size_t members)
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
    o.ensemble = members;
    return bpnn_table_read_memory(&given.table, text, at, NULL, NULL, NULL) == BPNN_OK &&
           bpnn_fit(&given.model, given.table, &o, NULL) == BPNN_OK &&
           bpnn_model_write(given.model, &given.bytes, &given.size, NULL) == BPNN_OK &&
           bpnn_model_save(given.model, given.path, NULL) == BPNN_OK;
}

static void tear_down(void)
{
    bpnn_release(given.bytes);
    bpnn_model_free(given.model);
    bpnn_table_free(given.table);
}

/* members > 1: what looks at a model, once more with an ensemble. */
static size_t sweep_all(size_t members, size_t *bad)
{
    size_t done = 0;
    for (int task = BPNN_TASK_REGRESSION; task <= BPNN_TASK_MULTICLASS; task++) {
        if (!set_up((bpnn_task)task, members))
            abort();
        for (size_t i = 0; i < OPERATIONS; i++) {
            size_t count = operations[i].count ? operations[i].count : 1;
            bool fits =
                operations[i].run == do_fit || operations[i].run == do_fit_many || operations[i].run == do_start;
            bool other = operations[i].count > 0 && task != BPNN_TASK_REGRESSION;
            if (other || (operations[i].run == do_fit_many && task != BPNN_TASK_BINARY) ||
                (members > 1 && (fits || operations[i].count > 0)))
                continue;
            for (given.which = 0; given.which < count; given.which++)
                done += sweep(&operations[i], bad);
        }
        tear_down();
    }
    return done;
}

static size_t by_chance(size_t count, size_t *bad)
{
    dice d = {seed_of_tests(1)};
    faults.dice = d;
    for (size_t i = 0; i < count; i++) {
        if (i % 1000 == 0) {
            if (i > 0)
                tear_down();
            if (!set_up((bpnn_task)(BPNN_TASK_REGRESSION + roll_below(&d, 3)), 1 + roll_below(&d, 2)))
                abort();
        }
        const operation *o = &operations[roll_below(&d, OPERATIONS)];
        given.which = roll_below(&d, o->count ? o->count : 1);
        run(o, CHANCE, 1, bad);
    }
    if (count > 0)
        tear_down();
    return count;
}

int main(int argc, char **argv)
{
    bpnn_allocator allocator = {fault_allocate, fault_reallocate, fault_release, NULL};
    char folder[] = "/tmp/bpnn-memory-XXXXXX";
    size_t done, bad = 0;
    if (bpnn_set_allocator(&allocator, NULL) != BPNN_OK || !mkdtemp(folder))
        return 1;
    snprintf(given.path, sizeof given.path, "%s/m.bpnn", folder);
    faulty_begin(&(faulty_plan){0}); /* fsync does nothing on the disk */
    if (!set_up_runs(folder))
        return 1;
    done = sweep_all(1, &bad) + sweep_all(2, &bad);
    done += by_chance(argc > 1 ? strtoul(argv[1], NULL, 10) : 0, &bad);
    unlink(given.path);
    tear_down_runs();
    faulty_end();
    bad += rmdir(folder) != 0; /* nothing else was left in it */
    bad += faults.live != 0;
    printf("failed allocations: %zu done, %zu bad\n", done, bad);
    return bad != 0;
}
