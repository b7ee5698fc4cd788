#include "model/runs.h"
#include "base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 40 rows: numbers, a category, a missing cell now and then; y a number, c one of three classes. */
static bpnn_table *table_of(size_t number)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "a,b,colour,y,c\n");
    for (size_t r = 0; r < 40; r++) {
        double a = (double)((r * 37 + number) % 40) / 10 - 2, b = (double)((r * 11) % 17) / 5;
        at += (size_t)snprintf(text + at, sizeof text - at, "%g,", a);
        if (r % 9 == 4)
            at += (size_t)snprintf(text + at, sizeof text - at, ",");
        else
            at += (size_t)snprintf(text + at, sizeof text - at, "%g,", b);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s,%.3f,%s\n", r % 3 ? "red" : "green",
                               a * a - b + 0.1 * (double)(r % 4),
                               a < -0.5 ? "low"
                               : a > 1  ? "high"
                                        : "mid");
    }
    bpnn_table *table;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    if (bpnn_table_read_memory(&table, text, at, "made", &o, NULL) != BPNN_OK)
        abort();
    return table;
}

static bool on_batch(const bpnn_progress *progress, void *context)
{
    made_run *run = context;
    (void)progress;
    run->flag |= ++run->seen == run->stop_after;
    return true;
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    made_run *run = context;
    if (run->by_epochs && progress->epoch > 0)
        run->flag |= ++run->seen == run->stop_after;
    return true;
}

void made_run_new(made_run *run, size_t number)
{
    static const bpnn_schedule_kind schedules[] = {BPNN_SCHEDULE_CONSTANT, BPNN_SCHEDULE_PLATEAU, BPNN_SCHEDULE_COSINE};
    size_t methods = 0;
    while (bpnn_method(methods))
        methods++;
    const bpnn_method_info *info = bpnn_method(number % methods);
    memset(run, 0, sizeof *run);
    run->table = table_of(number);
    run->by_epochs = info->whole;
    bpnn_fit_options *o = &run->options;
    bpnn_fit_options_default(o);
    o->target = number % 2 ? "y" : "c";
    o->drop = number % 2 ? "c" : "y";
    o->hidden = number % 3 ? "5" : "4:tanh,3";
    o->validation_share = (number % 4 < 2 || number % 8 == 2) && !info->evidence ? 0.25 : 0; /* some of l2 auto too */
    o->test_share = number % 5 == 0 ? 0.1 : 0;
    o->precision = number % 2 ? BPNN_DOUBLE : BPNN_SINGLE;
    o->train.method = info->name;
    o->train.epochs = 6;
    o->train.seed = number + 1;
    o->train.threads = 1;
    o->train.patience = number % 3 ? 0 : 4;
    o->schedule_by_rule = false;
    if (!info->whole) {
        o->train.schedule = schedules[number % 3];
        o->train.batch = info->full_batch ? 0 : 7;
        o->train.dropout = number % 2 && !info->full_batch ? 0.2 : 0;
        if (number % 7 == 5 && !isnan(info->rate)) { /* large enough for steps that are undone */
            o->train.schedule = BPNN_SCHEDULE_ADAPTIVE;
            o->train.rate = 20 * info->rate;
            o->train.batch = 0;
            o->train.dropout = 0;
        }
    } else {
        o->train.l2_auto = number % 4 == 2 && !info->evidence;
    }
    o->train.on_epoch = on_epoch;
    o->train.context = run;
    o->train.interrupt = &run->flag;
    snprintf(run->note, sizeof run->note, "run %zu", number);
    o->checkpoint_note = run->note;
}

void made_run_free(made_run *run)
{
    bpnn_table_free(run->table);
}

bpnn_status made_run_fit(made_run *run, const char *path, const bpnn_checkpoint *from, size_t stop_after,
                         bpnn_model **model, bpnn_error *error)
{
    run->flag = 0;
    run->seen = 0;
    run->stop_after = stop_after;
    run->options.train.on_batch = run->by_epochs || stop_after == 0 ? NULL : on_batch;
    run->options.checkpoint = path;
    run->options.resume = from;
    return bpnn_fit(model, run->table, &run->options, error);
}

bool made_checkpoint(size_t number, size_t stop_after, const char *folder, void **bytes, size_t *size)
{
    made_run run;
    bpnn_model *model = NULL;
    char path[128];
    made_run_new(&run, number);
    snprintf(path, sizeof path, "%s/made.ckpt", folder);
    bool good = made_run_fit(&run, path, NULL, stop_after, &model, NULL) == BPNN_OK &&
                bpnn__read_whole(path, 1 << 24, bytes, size, NULL) == BPNN_OK;
    bpnn_model_free(model);
    made_run_free(&run);
    unlink(path);
    return good;
}
