/* The training record of the summary: an entry an epoch. */
#include "base/memory.h"
#include "model/fit.h"

#include <string.h>

enum { FIRST_ROOM = 64, MOST = 65536 };

/* Room for one more: twice the memory, or, at the limit, every second record goes. */
static bool make_room(bpnn__recorder *r)
{
    bpnn_model *model = r->model;
    if (model->record_count < r->room)
        return true;
    if (r->room == MOST) {
        r->every *= 2;
        model->record_count = 0;
        for (size_t i = 0; i < MOST; i++)
            if (model->record[i].epoch % r->every == 0)
                model->record[model->record_count++] = model->record[i];
        return true;
    }
    size_t room = r->room ? 2 * r->room : FIRST_ROOM;
    bpnn_record *more = bpnn__alloc(room, sizeof *more);
    if (!more)
        return false;
    if (model->record)
        memcpy(more, model->record, model->record_count * sizeof *more);
    bpnn__free(model->record);
    model->record = more;
    r->room = room;
    return true;
}

static void record(bpnn__recorder *r, const bpnn_progress *p)
{
    if (!make_room(r)) {
        r->failed = true;
        return;
    }
    if (p->epoch % r->every == 0)
        r->model->record[r->model->record_count++] = (bpnn_record){.epoch = p->epoch,
                                                                   .loss = p->loss,
                                                                   .validation_loss = p->validation_loss,
                                                                   .rate = p->rate,
                                                                   .gradient_norm = p->gradient_norm,
                                                                   .step = p->step,
                                                                   .damping = p->damping,
                                                                   .effective = p->effective,
                                                                   .failures = p->failures,
                                                                   .seconds = p->seconds};
}

static bool record_epoch(const bpnn_progress *p, void *context)
{
    bpnn__recorder *r = context;
    record(r, p);
    return !r->failed && (!r->on_epoch || r->on_epoch(p, r->context));
}

static bool pass_batch(const bpnn_progress *p, void *context)
{
    const bpnn__recorder *r = context;
    return r->on_batch(p, r->context);
}

void bpnn__recorder_begin(bpnn__recorder *recorder, const bpnn_checkpoint *resumed, bpnn_model *model,
                          bpnn_train_options *options)
{
    bpnn_progress before;
    *recorder = (bpnn__recorder){.model = model,
                                 .on_epoch = options->on_epoch,
                                 .on_batch = options->on_batch,
                                 .context = options->context,
                                 .every = 1};
    for (size_t e = 1; resumed && !recorder->failed && bpnn_checkpoint_epoch(resumed, e, &before); e++)
        record(recorder, &before);
    options->on_epoch = record_epoch;
    options->on_batch = options->on_batch ? pass_batch : NULL;
    options->context = recorder;
}
