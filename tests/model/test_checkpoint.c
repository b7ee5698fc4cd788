/* Checkpoints of fits: a fit that was stopped and resumed gives the model of the one never stopped; what a checkpoint is not;
 * what is refused by its name; the one before; files of format 1 that were written once and for all. test_checkpoint [CASES] */
#include "base/file.h"
#include "model/made.h"
#include "model/runs.h"
#include <bpnn/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CASES = 52 };

static char folder[] = "/tmp/bpnn-checkpoint-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof *path, "%s/%s", folder, name);
    return path[turn];
}

static void clear(void)
{
    unlink(in_folder("c"));
    unlink(in_folder("c.prev"));
}

static bool same_models(const bpnn_model *a, const bpnn_model *b)
{
    void *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    bool same = bpnn_model_write(a, &x, &n, NULL) == BPNN_OK && bpnn_model_write(b, &y, &m, NULL) == BPNN_OK &&
                n == m && memcmp(x, y, n) == 0;
    bpnn_release(x);
    bpnn_release(y);
    return same;
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* Epoch by epoch; a resumed run has no epoch 0. */
static bool same_records(const bpnn_model *whole, const bpnn_model *part)
{
    const bpnn_summary *a = bpnn_model_summary(whole), *b = bpnn_model_summary(part);
    size_t skip = a->record_count - b->record_count;
    bool same = skip <= 1;
    for (size_t i = 0; same && i < b->record_count; i++) {
        const bpnn_record *x = &a->record[i + skip], *y = &b->record[i];
        same = x->epoch == y->epoch && x->failures == y->failures && same_number(x->loss, y->loss) &&
               same_number(x->validation_loss, y->validation_loss) && same_number(x->rate, y->rate) &&
               same_number(x->gradient_norm, y->gradient_norm) && same_number(x->step, y->step) &&
               same_number(x->damping, y->damping) && same_number(x->effective, y->effective);
    }
    return same;
}

/* ---- the same run ---- */

/* Stops after random numbers of batches or epochs until it is through. */
static bool resumed(size_t number, dice *d)
{
    made_run run;
    bpnn_model *whole = NULL, *part = NULL;
    bpnn_error error = {0};
    made_run_new(&run, number);
    bool good = made_run_fit(&run, NULL, NULL, 0, &whole, &error) == BPNN_OK;
    bpnn_checkpoint *from = NULL;
    for (size_t stops = 0; good; stops++) {
        run.options.checkpoint_epochs = roll_below(d, 3);
        run.options.train.threads = 1 + roll_below(d, 3);
        good = made_run_fit(&run, in_folder("c"), from, stops < 4 ? 1 + roll_below(d, 6) : 0, &part, &error) == BPNN_OK;
        bpnn_checkpoint_free(from);
        from = NULL;
        if (!good || bpnn_model_summary(part)->stop != BPNN_STOP_INTERRUPTED)
            break;
        bpnn_model_free(part);
        part = NULL;
        good = bpnn_checkpoint_load(&from, in_folder("c"), NULL, NULL, &error) == BPNN_OK &&
               strcmp(bpnn_checkpoint_note(from), run.note) == 0;
    }
    good = good && same_models(whole, part) && same_records(whole, part);
    if (!good)
        printf("  run %zu, %s: %s\n", number, run.options.train.method, error.text);
    bpnn_checkpoint_free(from);
    bpnn_model_free(whole);
    bpnn_model_free(part);
    made_run_free(&run);
    clear();
    return good;
}

/* ---- what is refused ---- */

static bool refuses(made_run *run, const bpnn_checkpoint *from, bpnn_status wanted, const char *text)
{
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    bpnn_status status = made_run_fit(run, NULL, from, 0, &model, &error);
    bool good = status == wanted && strstr(error.text, text);
    if (!good)
        printf("  wanted '%s', got status %d: %s\n", text, (int)status, error.text);
    bpnn_model_free(model);
    return good;
}

/* One option after the other is another. */
static size_t refusals(size_t *done)
{
    made_run run, other;
    bpnn_model *model = NULL;
    bpnn_checkpoint *from = NULL;
    size_t bad = 0;
    made_run_new(&run, 1);
    bad += made_run_fit(&run, in_folder("c"), NULL, 3, &model, NULL) != BPNN_OK;
    bad += bpnn_checkpoint_load(&from, in_folder("c"), NULL, NULL, NULL) != BPNN_OK;
    bpnn_fit_options kept = run.options;
    const bpnn_setting changed = {"beta2", 0.5};
#define REFUSED(change, status, text)                                                                                  \
    do {                                                                                                               \
        change;                                                                                                        \
        bad += !refuses(&run, from, status, text);                                                                     \
        ++*done;                                                                                                       \
        run.options = kept;                                                                                            \
    } while (0)
    REFUSED(run.options.train.rate = 0.5, BPNN_USAGE, "rate");
    REFUSED(run.options.train.l2 = 0.5, BPNN_USAGE, "l2");
    REFUSED(run.options.train.l1 = 0.5, BPNN_USAGE, "l1");
    REFUSED(run.options.train.dropout = 0.5, BPNN_USAGE, "dropout");
    REFUSED(run.options.train.clip = 0.5, BPNN_USAGE, "clip");
    REFUSED(run.options.train.batch = 8, BPNN_USAGE, "batch");
    REFUSED(run.options.train.seed = 99, BPNN_USAGE, "seed");
    REFUSED(run.options.train.shuffle = false, BPNN_USAGE, "shuffle");
    REFUSED(run.options.train.schedule = BPNN_SCHEDULE_STEP, BPNN_USAGE, "schedule is plateau");
    REFUSED(run.options.train.warmup = 2, BPNN_USAGE, "warmup");
    REFUSED(run.options.train.patience = 9, BPNN_USAGE, "patience");
    REFUSED(run.options.train.min_delta = 1, BPNN_USAGE, "min-delta");
    REFUSED(run.options.train.method = "sgd", BPNN_USAGE, "method");
    REFUSED(run.options.hidden = "6", BPNN_USAGE, "units");
    REFUSED(run.options.activation = "tanh", BPNN_USAGE, "layer 1");
    REFUSED(run.options.loss = "mae", BPNN_USAGE, "loss");
    REFUSED(run.options.precision = BPNN_SINGLE, BPNN_USAGE, "precision");
    REFUSED(run.options.group_rows = 512, BPNN_USAGE, "group-rows");
    REFUSED(run.options.scale = BPNN_SCALE_MINMAX, BPNN_USAGE, "scale");
    REFUSED(run.options.drop = "c,b", BPNN_DATA, "input columns");
    REFUSED(run.options.target = "b", BPNN_DATA, "target");
    REFUSED(run.options.group = "colour", BPNN_DATA, "input columns");
    REFUSED(run.options.hidden = "5,3", BPNN_USAGE, "2 layers");
    REFUSED(run.options.init = BPNN_INIT_NORMAL, BPNN_USAGE, "init");
    REFUSED(run.options.init = BPNN_INIT_HE_NORMAL, BPNN_USAGE, "init is");
    REFUSED(run.options.target_scale = BPNN_SCALE_MINMAX, BPNN_USAGE, "target-scale is");
    REFUSED((run.options.target = "c", run.options.drop = "y"), BPNN_DATA,
            "another task: regression there, multiclass here");
    REFUSED(run.options.missing = BPNN_MISSING_MEAN, BPNN_USAGE, "missing is");
    REFUSED(run.options.target = "y,a", BPNN_DATA, "1 targets there, 2 here");
    REFUSED((run.options.train.settings = &changed, run.options.train.setting_count = 1), BPNN_USAGE, changed.name);
    REFUSED(run.options.restarts = 2, BPNN_USAGE, "restarts 1");
    REFUSED(run.options.ensemble = 2, BPNN_USAGE, "ensemble 1");
    REFUSED(run.options.validation_share = 0.5, BPNN_DATA, "rows");
#undef REFUSED
    made_run_new(&other, 2);
    bpnn_table *table = run.table;
    run.table = other.table;
    bad += !refuses(&run, from, BPNN_DATA, "rows have changed");
    run.table = table;
    *done += 1;
    made_run_free(&other);
    made_run_free(&run);
    bpnn_model_free(model);
    bpnn_checkpoint_free(from);
    clear();
    return bad;
}

/* ---- files ---- */

static bool told_previous;

static void on_message(const char *text, bool warning, void *context)
{
    (void)context;
    told_previous |= warning && strstr(text, "c.prev");
}

static void damage(const char *path)
{
    FILE *f = fopen(path, "r+b");
    if (!f || fseek(f, 2000, SEEK_SET) != 0 || fputs("damage", f) < 0 || fclose(f) != 0)
        abort();
}

/* The newest damaged, then gone: the one before; a model is no checkpoint, nor the other way round. */
static size_t files(size_t *done)
{
    made_run run;
    bpnn_model *model = NULL, *none = NULL;
    bpnn_checkpoint *c = NULL;
    bpnn_error error = {0};
    size_t bad = 0;
    made_run_new(&run, 0);
    run.options.checkpoint_epochs = 2;
    bad += made_run_fit(&run, in_folder("c"), NULL, 0, &model, NULL) != BPNN_OK;
    bad += bpnn_model_load(&none, in_folder("c"), &error) != BPNN_MODEL || !strstr(error.text, "--resume");
    bad += bpnn_checkpoint_load(&c, in_folder("c"), on_message, NULL, NULL) != BPNN_OK || told_previous ||
           bpnn_checkpoint_where(c).epochs != 6;
    bpnn_checkpoint_free(c);
    damage(in_folder("c"));
    bad += bpnn_checkpoint_load(&c, in_folder("c"), on_message, NULL, NULL) != BPNN_OK || !told_previous ||
           bpnn_checkpoint_where(c).epochs != 4;
    bpnn_checkpoint_free(c);
    unlink(in_folder("c"));
    told_previous = false;
    bad += bpnn_checkpoint_load(&c, in_folder("c"), on_message, NULL, NULL) != BPNN_OK || !told_previous;
    bpnn_checkpoint_free(c);
    bad += bpnn_model_save(model, in_folder("m"), NULL) != BPNN_OK;
    bad += bpnn_checkpoint_load(&c, in_folder("m"), on_message, NULL, &error) != BPNN_MODEL ||
           !strstr(error.text, "this is a model");
    unlink(in_folder("m"));
    bpnn_model_free(model);
    made_run_free(&run);
    clear();
    *done += 6;
    return bad;
}

/* ---- files of format 1: tests/golden/README.md ---- */

#define GOLDEN BPNN_SOURCE_DIR "/tests/golden/format_1"

/* Spelled out: what run `number` is may change. */
static void golden_run(made_run *run)
{
    made_run_new(run, 13);
    run->by_epochs = false;
    run->options.train.method = "adamw";
    run->options.train.l2_auto = false;
    run->options.train.schedule = BPNN_SCHEDULE_PLATEAU;
    run->options.train.batch = 7;
    run->options.train.dropout = 0.2;
    run->options.validation_share = 0.25;
}

static bool writes_the_same(const char *path, bool checkpoint)
{
    void *bytes = NULL, *again = NULL;
    size_t size = 0, written = 0;
    bpnn_model *model = NULL;
    bpnn_checkpoint *c = NULL;
    bool good = bpnn__read_whole(path, 1 << 24, &bytes, &size, NULL) == BPNN_OK;
    if (good && checkpoint)
        good = bpnn_checkpoint_read(&c, bytes, size, path, NULL) == BPNN_OK &&
               bpnn_checkpoint_write(c, &again, &written, NULL) == BPNN_OK;
    else if (good)
        good = bpnn_model_read(&model, bytes, size, path, NULL) == BPNN_OK &&
               bpnn_model_write(model, &again, &written, NULL) == BPNN_OK;
    good = good && written == size && memcmp(again, bytes, size) == 0;
    bpnn_release(bytes);
    bpnn_release(again);
    bpnn_model_free(model);
    bpnn_checkpoint_free(c);
    return good;
}

/* The recorded predictions, bit for bit. */
static bool predicts_the_same(const made_run *run, const bpnn_model *model)
{
    bpnn_prediction p;
    FILE *f = fopen(GOLDEN ".predictions", "r");
    double expected;
    bool good = f && bpnn_model_predict(model, run->table, 1, NULL, &p, NULL) == BPNN_OK;
    for (size_t i = 0; good && i < p.rows * p.columns; i++)
        good = fscanf(f, "%la", &expected) == 1 && memcmp(&expected, &p.values[i], sizeof expected) == 0;
    if (f)
        fclose(f);
    bpnn_prediction_free(&p);
    return good;
}

static size_t golden(size_t *done)
{
    made_run run;
    bpnn_model *model = NULL, *ended = NULL;
    bpnn_checkpoint *c = NULL;
    size_t bad = !writes_the_same(GOLDEN ".bpnn", false) + !writes_the_same(GOLDEN ".ckpt", true);
    golden_run(&run);
    bad += bpnn_model_load(&model, GOLDEN ".bpnn", NULL) != BPNN_OK || !predicts_the_same(&run, model);
    bool good = bpnn_checkpoint_load(&c, GOLDEN ".ckpt", NULL, NULL, NULL) == BPNN_OK &&
                made_run_fit(&run, NULL, c, 0, &ended, NULL) == BPNN_OK;
    bad += !good || !model || bpnn_model_summary(ended)->epochs != bpnn_model_summary(model)->epochs ||
           !predicts_the_same(&run, ended);
    bpnn_checkpoint_free(c);
    bpnn_model_free(model);
    bpnn_model_free(ended);
    made_run_free(&run);
    *done += 4;
    return bad;
}

/* Writes them: test_checkpoint --record. */
static int record(void)
{
    made_run run;
    bpnn_model *part = NULL, *model = NULL;
    bpnn_prediction p;
    golden_run(&run);
    FILE *f = fopen(GOLDEN ".predictions", "w");
    if (!f || made_run_fit(&run, GOLDEN ".ckpt", NULL, 11, &part, NULL) != BPNN_OK ||
        made_run_fit(&run, NULL, NULL, 0, &model, NULL) != BPNN_OK ||
        bpnn_model_save(model, GOLDEN ".bpnn", NULL) != BPNN_OK ||
        bpnn_model_predict(model, run.table, 1, NULL, &p, NULL) != BPNN_OK)
        return 1;
    for (size_t i = 0; i < p.rows * p.columns; i++)
        fprintf(f, "%a\n", p.values[i]);
    unlink(GOLDEN ".ckpt.prev"); /* recorded before */
    bpnn_prediction_free(&p);
    bpnn_model_free(part);
    bpnn_model_free(model);
    made_run_free(&run);
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--record") == 0)
        return record();
    size_t cases = argc > 1 ? strtoul(argv[1], NULL, 10) : CASES, bad[4] = {0}, done[4] = {cases};
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    if (!mkdtemp(folder))
        return 1;
    for (size_t i = 0; i < cases; i++)
        bad[0] += !resumed(i, &d);
    bad[1] = refusals(&done[1]);
    bad[2] = files(&done[2]);
    bad[3] = golden(&done[3]);
    bad[2] += rmdir(folder) != 0;
    printf("resumed fits (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, done[0], bad[0]);
    printf("refused resumptions: %zu done, %zu bad\n", done[1], bad[1]);
    printf("kinds of files, the one before: %zu done, %zu bad\n", done[2], bad[2]);
    printf("files of format 1: %zu done, %zu bad\n", done[3], bad[3]);
    return bad[0] + bad[1] + bad[2] + bad[3] > 0;
}
