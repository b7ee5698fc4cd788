/* Checkpoints to and from bytes and files, and looking at them. */
#include "model/checkpoint.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "train/keeper.h"

#include <stdio.h>
#include <string.h>

void bpnn_checkpoint_free(bpnn_checkpoint *c)
{
    if (!c)
        return;
    bpnn_model_free(c->model);
    bpnn__record_free(&c->record);
    bpnn__free(c->notes.note);
    bpnn__free(c);
}

/* ---- reading ---- */

static bpnn_status take_arrays(bpnn_checkpoint *c, const bpnn__container *container, bpnn_error *error)
{
    for (size_t i = 0; i < container->count; i++) {
        const bpnn__tensor *t = &container->tensors[i];
        if (strncmp(t->name, BPNN__RUN_PREFIX, sizeof BPNN__RUN_PREFIX - 1) != 0)
            continue;
        if (t->element != BPNN__F64 && t->element != BPNN__F32)
            return bpnn__fail(error, BPNN_MODEL, "another type is wanted of tensor '%s'", t->name);
        void *to = bpnn__record_add(&c->record, t->name, t->element == BPNN__F32, t->shape[0], t->shape[1]);
        if (!to)
            return bpnn__fail_memory(error);
        memcpy(to, t->data, t->bytes);
    }
    return BPNN_OK;
}

static bpnn_status read_into(bpnn_checkpoint *c, const void *bytes, size_t size, const char *file, bpnn_error *error)
{
    bpnn__container container;
    bpnn_error inner;
    bpnn_status status = bpnn__container_parse(&container, bytes, size, file, error);
    if (status != BPNN_OK)
        return status;
    status = bpnn__restore(c->model, &c->notes, &container, file, error);
    if (status == BPNN_OK) {
        status = take_arrays(c, &container, &inner);
        if (status != BPNN_OK)
            bpnn__fail_at(error, status, status == BPNN_MODEL ? file : NULL, 0, 0, "%s", inner.text);
    }
    bpnn__container_free(&container);
    return status == BPNN_OK ? bpnn_predictor_new(&c->model->predictor, c->model->net, NULL, error) : status;
}

bpnn_status bpnn_checkpoint_read(bpnn_checkpoint **out, const void *bytes, size_t size, const char *name,
                                 bpnn_error *error)
{
    *out = NULL;
    bpnn_checkpoint *c = bpnn__alloc(1, sizeof *c);
    bpnn_model *model = bpnn__alloc(1, sizeof *model);
    if (!c || !model) {
        bpnn__free(c);
        bpnn__free(model);
        return bpnn__fail_memory(error);
    }
    c->model = model;
    bpnn_status status = read_into(c, bytes, size, name ? name : "memory", error);
    if (status != BPNN_OK) {
        bpnn_checkpoint_free(c);
        return status;
    }
    bpnn__model_link(model);
    *out = c;
    return BPNN_OK;
}

static bpnn_status load(bpnn_checkpoint **out, const char *path, bpnn_error *error)
{
    void *bytes;
    size_t size;
    *out = NULL;
    bpnn_status status = bpnn__read_file(path, &bytes, &size, error);
    if (status == BPNN_OK)
        status = bpnn_checkpoint_read(out, bytes, size, path, error);
    bpnn__free(bytes);
    return status;
}

/* The one before, where the newest is damaged or a killed writer had just put it aside. */
bpnn_status bpnn_checkpoint_load(bpnn_checkpoint **out, const char *path, bpnn_message_fn message, void *context,
                                 bpnn_error *error)
{
    bpnn_error first, second;
    char told[900], why[sizeof first.file + sizeof first.text + 64];
    bpnn_status status = load(out, path, &first);
    char *previous = status == BPNN_MODEL || status == BPNN_IO ? bpnn__previous_name(path) : NULL;
    if (previous && load(out, previous, &second) == BPNN_OK) {
        bpnn_error_message(&first, why, sizeof why);
        snprintf(told, sizeof told, "%.400s; the one before it is taken: %.400s", why, previous);
        if (message)
            message(told, true, context);
        status = BPNN_OK;
    }
    bpnn__free(previous);
    if (status != BPNN_OK && error)
        *error = first;
    return status;
}

bpnn_status bpnn_checkpoint_write(const bpnn_checkpoint *c, void **bytes, size_t *size, bpnn_error *error)
{
    return bpnn__write(c->model, &c->record, bytes, size, error);
}

/* ---- looking ---- */

const bpnn_model *bpnn_checkpoint_model(const bpnn_checkpoint *c)
{
    return c->model;
}

const char *bpnn_checkpoint_note(const bpnn_checkpoint *c)
{
    return c->notes.note;
}

static size_t count_of(const bpnn_checkpoint *c, const char *name)
{
    const bpnn__array *array = bpnn__record_find(&c->record, name);
    bool good = array && !array->single && array->rows == 1 && array->cols == 0;
    double x = good ? *(const double *)array->data : 0;
    return x >= 0 && x <= 0x1p53 ? (size_t)x : 0;
}

bpnn_checkpoint_place bpnn_checkpoint_where(const bpnn_checkpoint *c)
{
    const bpnn_summary *s = &c->model->summary;
    return (bpnn_checkpoint_place){.epochs = s->epochs,
                                   .best_epoch = s->best_epoch,
                                   .updates = s->updates,
                                   .batches = count_of(c, "run.batches_done"),
                                   .over = s->stop != BPNN_STOP_NONE};
}

bool bpnn_checkpoint_epoch(const bpnn_checkpoint *c, size_t epoch, bpnn_progress *p)
{
    const bpnn__array *history = bpnn__record_find(&c->record, "run.history");
    if (!history || history->single || history->cols != BPNN__HISTORY || epoch < 1 || epoch > history->rows)
        return false;
    *p = bpnn__history_epoch((const double *)history->data + (epoch - 1) * BPNN__HISTORY, epoch);
    p->epochs = c->model->training.epochs;
    return true;
}

/* ---- copies ---- */

bpnn_status bpnn__model_copy(bpnn_model **copy, const bpnn_model *model, bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_model plain = *model;
    plain.run = NULL;
    plain.summary.train = plain.summary.validation = plain.summary.test = NULL;
    *copy = NULL;
    bpnn_status status = bpnn_model_write(&plain, &bytes, &size, error);
    if (status == BPNN_OK)
        status = bpnn_model_read(copy, bytes, size, NULL, error);
    bpnn__free(bytes);
    return status;
}
