/* What a trainer remembers, as a record and back; the same as bytes for callers. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "net/net.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

/* ---- parameters ---- */

static void keep_present(bpnn__archive *a, bpnn_trainer *t, double *numbers)
{
    size_t n = t->shape->parameter_count;
    bool single = t->shape->precision == BPNN_SINGLE;
    bpnn_net view = *t->shape; /* with parameters of its own */
    view.parameters = bpnn__alloc(n, single ? sizeof(float) : sizeof(double));
    if (!view.parameters) {
        a->status = bpnn__fail_memory(a->error);
        return;
    }
    bpnn__engine_store(t->engine, &view);
    for (size_t i = 0; a->to && i < n; i++) {
        numbers[i] = bpnn__net_get(&view, i);
        if (!isfinite(numbers[i]))
            a->status = bpnn__fail(a->error, BPNN_DIVERGED, "parameter %zu is not finite", i + 1);
    }
    bpnn__keep_reals(a, "run.present", single, n, 0, numbers);
    for (size_t i = 0; a->from && a->status == BPNN_OK && i < n; i++) {
        if (!isfinite(numbers[i]))
            bpnn__archive_refuse(a, "run.present");
        bpnn__net_put(&view, i, numbers[i]);
    }
    if (a->from && a->status == BPNN_OK)
        bpnn__engine_load(t->engine, &view);
    bpnn__free(view.parameters);
}

/* "run.method.1" .. */
static void keep_states(bpnn__archive *a, bpnn_trainer *t, double *numbers)
{
    char name[] = "run.method.1";
    for (size_t k = 0; k < t->settled.method->info.state_count && a->status == BPNN_OK; k++) {
        name[sizeof name - 2] = (char)('1' + k);
        if (a->to)
            bpnn__engine_get_state(t->engine, k, numbers);
        bpnn__keep_reals(a, name, t->shape->precision == BPNN_SINGLE, t->shape->parameter_count, 0, numbers);
        if (a->from && a->status == BPNN_OK)
            bpnn__engine_set_state(t->engine, k, numbers);
    }
}

static void keep_parameters(bpnn__archive *a, bpnn_trainer *t)
{
    double *numbers = bpnn__alloc(t->shape->parameter_count, sizeof *numbers);
    if (!numbers) {
        a->status = bpnn__fail_memory(a->error);
        return;
    }
    keep_present(a, t, numbers);
    keep_states(a, t, numbers);
    bpnn__free(numbers);
}

/* ---- where it stands ---- */

static void keep_schedule(bpnn__archive *a, bpnn__schedule *schedule)
{
    double state[BPNN__SCHEDULE_STATE];
    bpnn__schedule_get_state(schedule, state);
    bpnn__keep_numbers(a, "run.schedule", BPNN__SCHEDULE_STATE, state);
    if (a->from && a->status == BPNN_OK && !bpnn__schedule_set_state(schedule, state))
        bpnn__archive_refuse(a, "run.schedule");
}

/* Rows and batches of the present epoch; they must be where such an epoch can stand. */
static void keep_place(bpnn__archive *a, bpnn_trainer *t, bool same)
{
    size_t rows = t->data.inputs.rows, batch = t->settled.batch;
    bpnn__keep_size(a, "run.rows_done", &t->rows_done, SIZE_MAX);
    bpnn__keep_size(a, "run.batches_done", &t->batches_done, SIZE_MAX);
    bpnn__keep_number(a, "run.loss_sum", &t->loss_sum);
    if (a->to || a->status != BPNN_OK)
        return;
    bool fits = t->rows_done < rows && t->rows_done % batch == 0 && t->rows_done / batch == t->batches_done;
    if (same && (!fits || !isfinite(t->loss_sum) || (t->rows_done > 0 && t->epoch == 0)))
        bpnn__archive_refuse(a, "run.rows_done");
    if (same || t->rows_done == 0)
        return;
    t->rows_done = t->batches_done = 0; /* other data: the epoch begins anew */
    t->loss_sum = 0;
    t->epoch -= t->epoch > 0;
}

void bpnn__keep_trainer(bpnn__archive *a, bpnn_trainer *t, bool lenient)
{
    size_t rows = t->data.inputs.rows, batch = t->settled.batch;
    uint64_t seed = t->settled.seed;
    if (lenient) {
        bpnn__keep_size(a, "run.rows", &rows, SIZE_MAX);
        bpnn__keep_size(a, "run.batch", &batch, SIZE_MAX);
    } else {
        bpnn__keep_same(a, "run.rows", rows, "number of training rows");
        bpnn__keep_same(a, "run.batch", batch, "number of rows a step");
    }
    bpnn__keep_same(a, "run.seed.high", seed >> 32, "seed (its upper half)");
    bpnn__keep_same(a, "run.seed.low", seed & 0xffffffffu, "seed");
    bpnn__keep_count(a, "run.updates", &t->updates, UINT64_MAX);
    bpnn__keep_size(a, "run.epochs_begun", &t->epoch, SIZE_MAX);
    keep_place(a, t, rows == t->data.inputs.rows && batch == t->settled.batch);
    bpnn__keep_number(a, "run.rate", &t->rate);
    bpnn__keep_numbers(a, "run.memory", BPNN__MEMORY, t->memory);
    bpnn__keep_number(a, "run.previous_loss", &t->previous_loss);
    keep_schedule(a, &t->settled.schedule);
    if (a->status == BPNN_OK)
        keep_parameters(a, t);
    if (a->from && a->status == BPNN_OK && t->rows_done > 0)
        bpnn__order_rows(t);
}

/* ---- whole methods ---- */

/* "run.vector.1" .. */
static void keep_vectors(bpnn__archive *a, bpnn__descent *d)
{
    char name[] = "run.vector.00";
    for (size_t k = 0; k < d->vector_count; k++) {
        name[sizeof name - 3] = (char)('0' + (k + 1) / 10);
        name[sizeof name - 2] = (char)('0' + (k + 1) % 10);
        bpnn__keep_numbers(a, name, d->n, d->vector[k]);
    }
}

void bpnn__keep_descent(bpnn__archive *a, bpnn__descent *d)
{
    bool known = d->curvature_known;
    double told[] = {d->step, d->damping, d->effective, d->noise, d->log_evidence};
    bpnn__keep_number(a, "run.F", &d->F);
    bpnn__keep_numbers(a, "run.w", d->n, d->w);
    bpnn__keep_numbers(a, "run.g", d->n, d->g);
    bpnn__keep_numbers(a, "run.number", BPNN__NUMBERS, d->number);
    keep_vectors(a, d);
    bpnn__keep_numbers(a, "run.told", sizeof told / sizeof *told, told);
    bpnn__keep_count(a, "run.evaluations", &d->evaluations, UINT64_MAX);
    bpnn__keep_flag(a, "run.curvature_known", &known);
    if (a->to || a->status != BPNN_OK)
        return;
    d->step = told[0];
    d->damping = told[1];
    d->effective = told[2];
    d->noise = told[3];
    d->log_evidence = told[4];
    if (!bpnn__descent_restore(d, known))
        bpnn__archive_refuse(a, "run.number");
}

/* ---- as bytes ---- */

bpnn_status bpnn_trainer_save(const bpnn_trainer *trainer, void **bytes, size_t *size, bpnn_error *error)
{
    bpnn__record record = {0};
    bpnn__archive a = {.to = &record, .error = error};
    *bytes = NULL;
    *size = 0;
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__keep_trainer(&a, (bpnn_trainer *)(uintptr_t)trainer, false); /* writing leaves it as it is */
    bpnn__fpmode_leave(mode);
    if (a.status == BPNN_OK)
        a.status = bpnn__record_write(&record, bytes, size, error);
    bpnn__record_free(&record);
    return a.status;
}

bpnn_status bpnn_trainer_restore(bpnn_trainer *trainer, const void *bytes, size_t size, bpnn_error *error)
{
    bpnn__record record = {0}, before = {0};
    bpnn_error here;
    bpnn__archive undo = {.to = &before, .error = error}, a = {.from = &record, .error = &here};
    bpnn_status status = bpnn__record_read(&record, bytes, size, error);
    if (status != BPNN_OK)
        return status;
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__keep_trainer(&undo, trainer, false);
    if (undo.status == BPNN_OK) {
        bpnn__keep_trainer(&a, trainer, false);
        bpnn__archive_end(&a);
    }
    status = undo.status == BPNN_OK ? a.status : undo.status;
    if (undo.status == BPNN_OK && a.status != BPNN_OK) {
        bpnn__archive back = {.from = &before};
        bpnn__keep_trainer(&back, trainer, false);
        if (error)
            *error = here;
    }
    bpnn__fpmode_leave(mode);
    bpnn__record_free(&before);
    bpnn__record_free(&record);
    return status;
}

/* ---- a run as bytes ---- */

typedef struct byte_run {
    bpnn_net *net;
    const bpnn_train_options *options;
} byte_run;

/* The parameters to keep go with the state: there is no model file around it. */
static bool add_kept(bpnn__record *record, const bpnn_net *net)
{
    bool single = net->precision == BPNN_SINGLE;
    void *kept = bpnn__record_add(record, "run.kept", single, net->parameter_count, 0);
    if (kept)
        memcpy(kept, net->parameters, net->parameter_count * (single ? sizeof(float) : sizeof(double)));
    return kept != NULL;
}

static void save_bytes(bpnn__record *record, bpnn_status status, const bpnn_train_result *result, void *context)
{
    const byte_run *r = context;
    void *bytes = NULL;
    size_t size = 0;
    (void)result;
    (void)status;
    if (record && add_kept(record, r->net))
        bpnn__record_write(record, &bytes, &size, NULL);
    r->options->on_checkpoint(bytes, size, r->options->context);
    bpnn__free(bytes);
}

/* The kept parameters go into the net. */
static bpnn_status take_kept(const bpnn__record *record, bpnn_net *net, bpnn_error *error)
{
    const bpnn__array *kept = bpnn__record_find(record, "run.kept");
    if (!kept || kept->single != (net->precision == BPNN_SINGLE) || kept->rows != net->parameter_count || kept->cols)
        return bpnn__fail(error, BPNN_MODEL, "the state of the run is that of another network");
    memcpy(net->parameters, kept->data, bpnn__array_bytes(kept));
    return BPNN_OK;
}

bpnn_status bpnn_train(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                       const bpnn_train_options *options, bpnn_train_result *result, bpnn_error *error)
{
    bpnn__record record = {0};
    byte_run run = {net, options};
    if (!options || !net || (!options->on_checkpoint && !options->resume))
        return bpnn__train(net, training, validation, options, NULL, result, error);
    bpnn__hooks hooks = {.save = options->on_checkpoint ? save_bytes : NULL,
                         .context = &run,
                         .epochs = options->checkpoint_epochs,
                         .seconds = options->checkpoint_seconds,
                         .at_end = true,
                         .resume = options->resume ? &record : NULL,
                         .taken = 1}; /* run.kept */
    bpnn_status status = BPNN_OK;
    if (options->resume)
        status = bpnn__record_read(&record, options->resume, options->resume_size, error);
    if (status == BPNN_OK && options->resume)
        status = take_kept(&record, net, error);
    if (status == BPNN_OK)
        status = bpnn__train(net, training, validation, options, &hooks, result, error);
    bpnn__record_free(&record);
    return status;
}
