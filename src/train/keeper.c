#include "train/keeper.h"
#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

void bpnn__keeper_free(bpnn__keeper *k)
{
    bpnn__free(k->history);
    k->history = NULL;
}

/* ---- the history ---- */

static bool make_room(bpnn__keeper *k, size_t rows)
{
    if (rows <= k->capacity)
        return true;
    size_t capacity = rows < 64 ? 64 : 2 * rows;
    double *grown = bpnn__realloc(k->history, capacity, BPNN__HISTORY * sizeof *grown);
    if (!grown)
        return false;
    k->history = grown;
    k->capacity = capacity;
    return true;
}

void bpnn__keeper_note(bpnn__keeper *k, const bpnn_progress *p)
{
    if (!k->hooks || k->failed)
        return;
    if (!make_room(k, k->rows + 1)) {
        k->failed = true;
        return;
    }
    double row[BPNN__HISTORY] = {p->loss, p->validation_loss, p->rate,      (double)p->failures,   p->gradient_norm,
                                 p->step, p->damping,         p->effective, (double)p->evaluations};
    memcpy(k->history + BPNN__HISTORY * k->rows++, row, sizeof row);
}

static uint64_t count_in(double x)
{
    return x >= 0 && x <= 0x1p53 ? (uint64_t)x : 0;
}

bpnn_progress bpnn__history_epoch(const double *row, size_t epoch)
{
    return (bpnn_progress){.epoch = epoch,
                           .loss = row[0],
                           .validation_loss = row[1],
                           .rate = row[2],
                           .failures = (size_t)count_in(row[3]),
                           .gradient_norm = row[4],
                           .step = row[5],
                           .damping = row[6],
                           .effective = row[7],
                           .evaluations = count_in(row[8]),
                           .seconds = (double)NAN,
                           .rows_per_second = (double)NAN,
                           .best_validation_loss = (double)NAN};
}

/* ---- when ---- */

bool bpnn__is_final(bpnn_stop stop)
{
    switch (stop) {
    case BPNN_STOP_NONE:
    case BPNN_STOP_EPOCHS:
    case BPNN_STOP_TIME:
    case BPNN_STOP_CALLBACK:
    case BPNN_STOP_INTERRUPTED:
        return false;
    default:
        return true;
    }
}

static void write(bpnn__keeper *k)
{
    bpnn__record record = {0};
    bpnn__archive a = {.to = &record};
    if (k->failed)
        a.status = BPNN_MEMORY;
    else
        k->keep(&a, k->run);
    k->hooks->save(a.status == BPNN_OK ? &record : NULL, a.status, k->result, k->hooks->context);
    bpnn__record_free(&record);
    k->last = bpnn__now();
}

static bool is_time(const bpnn__keeper *k)
{
    return k->hooks->seconds > 0 && bpnn__now() - k->last >= k->hooks->seconds;
}

void bpnn__keeper_pause(bpnn__keeper *k)
{
    if (is_time(k))
        write(k);
}

void bpnn__keeper_epoch(bpnn__keeper *k)
{
    bpnn_stop stop = k->result->stop;
    if (!k->hooks || !k->hooks->save || stop == BPNN_STOP_DIVERGED)
        return;
    bool due = k->hooks->epochs > 0 && k->result->epochs > 0 && k->result->epochs % k->hooks->epochs == 0;
    if (stop == BPNN_STOP_NONE ? due || is_time(k) : stop == BPNN_STOP_INTERRUPTED || k->hooks->at_end)
        write(k);
}

/* ---- fields ---- */

void bpnn__keep_result(bpnn__archive *a, bpnn_train_result *result)
{
    size_t stop = bpnn__is_final(result->stop) ? (size_t)result->stop : BPNN_STOP_NONE;
    bpnn__keep_size(a, "run.stop", &stop, BPNN_STOP_COUNT - 1);
    bpnn__keep_size(a, "run.epochs", &result->epochs, SIZE_MAX);
    bpnn__keep_size(a, "run.best_epoch", &result->best_epoch, SIZE_MAX);
    bpnn__keep_number(a, "run.loss", &result->loss);
    if (a->to || a->status != BPNN_OK)
        return;
    if (stop != BPNN_STOP_NONE && (!bpnn__is_final((bpnn_stop)stop) || stop == BPNN_STOP_DIVERGED))
        bpnn__archive_refuse(a, "run.stop");
    if (result->best_epoch > result->epochs)
        bpnn__archive_refuse(a, "run.best_epoch");
    result->stop = (bpnn_stop)stop;
}

void bpnn__keep_stopping(bpnn__archive *a, bpnn__stopping *s, double *validation_loss)
{
    bpnn__keep_number(a, "run.validation_loss", validation_loss);
    bpnn__keep_number(a, "run.best", &s->best);
    bpnn__keep_number(a, "run.reference", &s->reference);
    bpnn__keep_size(a, "run.stopping_epoch", &s->best_epoch, SIZE_MAX);
    bpnn__keep_size(a, "run.failures", &s->failures, SIZE_MAX);
}

void bpnn__keep_history(bpnn__archive *a, bpnn__keeper *k, size_t epochs)
{
    if (a->status != BPNN_OK || epochs == 0)
        return;
    const bpnn__array *from = a->from ? bpnn__record_find(a->from, "run.history") : NULL;
    if (a->from && (!from || from->rows != epochs))
        bpnn__archive_refuse(a, "run.history");
    else if (a->from && !make_room(k, epochs))
        a->status = bpnn__fail_memory(a->error);
    if (a->status == BPNN_OK)
        bpnn__keep_reals(a, "run.history", false, epochs, BPNN__HISTORY, k->history);
    if (a->from && a->status == BPNN_OK)
        k->rows = epochs;
}
