/* The engine: one precision's core behind one face. */
#include "core/engine.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/curvature.h"
#include "core/face.h"
#include "kernel/isa.h"

#include <math.h>

struct bpnn__engine {
    const bpnn__face *face;
    bpnn_precision precision;
    size_t last_rows; /* of the last step or gradient */
    bool stores_gradient;
    void *core;
    bpnn__curvature *curvature; /* NULL unless asked for */
};

const bpnn__face *bpnn__face_of(bpnn_precision precision)
{
    return precision == BPNN_SINGLE ? &bpnn__f32_face : &bpnn__f64_face;
}

bpnn_status bpnn__engine_new(bpnn__engine **out, const bpnn_net *net, const bpnn__engine_options *options,
                             bpnn_error *error)
{
    *out = NULL;
    bpnn__engine *engine = bpnn__alloc(1, sizeof *engine);
    if (!engine)
        return bpnn__fail_memory(error);
    engine->precision = net->precision;
    engine->stores_gradient = options->store_gradient || options->max_rows > net->group_rows;
    engine->face = bpnn__face_of(net->precision);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = engine->face->make(&engine->core, net, options, error);
    if (status == BPNN_OK && options->curvature)
        status = bpnn__curvature_new(&engine->curvature, engine->core, error);
    bpnn__fpmode_leave(mode);
    if (status == BPNN_OK)
        *out = engine;
    else
        bpnn__engine_free(engine);
    return status;
}

void bpnn__engine_free(bpnn__engine *engine)
{
    if (!engine)
        return;
    bpnn__curvature_free(engine->curvature);
    if (engine->core)
        engine->face->destroy(engine->core);
    bpnn__free(engine);
}

bpnn_precision bpnn__engine_precision(const bpnn__engine *engine)
{
    return engine->precision;
}

int bpnn__engine_isa(const bpnn__engine *engine)
{
    return bpnn__isa_find(engine->face->isa(engine->core));
}

size_t bpnn__engine_threads(const bpnn__engine *engine)
{
    return bpnn__pool_threads(engine->face->pool(engine->core));
}

bpnn__pool *bpnn__engine_pool(const bpnn__engine *engine)
{
    return engine->face->pool(engine->core);
}

bool bpnn__engine_stores_gradient(const bpnn__engine *engine)
{
    return engine->stores_gradient;
}

void bpnn__engine_load(bpnn__engine *engine, const bpnn_net *net)
{
    engine->face->load(engine->core, net);
}

void bpnn__engine_load_doubles(bpnn__engine *engine, const double *parameters)
{
    engine->face->load_doubles(engine->core, parameters);
}

void bpnn__engine_store(const bpnn__engine *engine, bpnn_net *net)
{
    engine->face->store(engine->core, net);
}

void bpnn__engine_fill_state(bpnn__engine *engine, size_t k, double value)
{
    engine->face->fill_state(engine->core, k, value);
}

void bpnn__engine_get_state(const bpnn__engine *engine, size_t k, double *out)
{
    engine->face->get_state(engine->core, k, out);
}

void bpnn__engine_set_state(bpnn__engine *engine, size_t k, const double *in)
{
    engine->face->set_state(engine->core, k, in);
}

void bpnn__engine_step(bpnn__engine *engine, const bpnn__batch *batch, const bpnn__update *update, double *loss)
{
    uint64_t mode = bpnn__fpmode_enter();
    engine->last_rows = batch->count;
    engine->face->step(engine->core, batch, update, loss);
    bpnn__fpmode_leave(mode);
}

size_t bpnn__engine_steps(bpnn__engine *engine, const bpnn__batch *batch, const bpnn__update *updates, bool same,
                          size_t count, double *losses)
{
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__batch now = *batch;
    size_t done = engine->face->steps(engine->core, batch, updates, same, count, losses);
    engine->last_rows = batch->count;
    now.rows += done * now.count;
    now.update += done;
    for (; done < count; done++, now.rows += now.count, now.update++) {
        engine->face->step(engine->core, &now, same ? updates : updates + done, &losses[done]);
        if (!isfinite(losses[done]))
            break;
    }
    bpnn__fpmode_leave(mode);
    return done;
}

void bpnn__engine_gradient(bpnn__engine *engine, const bpnn__batch *batch, double *loss, double *input_gradient)
{
    uint64_t mode = bpnn__fpmode_enter();
    engine->last_rows = batch->count;
    engine->face->gradient(engine->core, batch, loss, input_gradient);
    bpnn__fpmode_leave(mode);
}

bool bpnn__engine_apply(bpnn__engine *engine, const bpnn__update *update)
{
    uint64_t mode = bpnn__fpmode_enter();
    bool applied = engine->face->apply(engine->core, update);
    bpnn__fpmode_leave(mode);
    return applied;
}

void bpnn__engine_read_gradient(const bpnn__engine *engine, double *gradient)
{
    uint64_t mode = bpnn__fpmode_enter();
    engine->face->read_gradient(engine->core, gradient);
    bpnn__fpmode_leave(mode);
}

void bpnn__engine_evaluate(bpnn__engine *engine, const bpnn__batch *batch, double *loss, double *outputs)
{
    uint64_t mode = bpnn__fpmode_enter();
    engine->face->evaluate(engine->core, batch, loss, outputs);
    bpnn__fpmode_leave(mode);
}

void bpnn__engine_curvature(bpnn__engine *engine, const bpnn__batch *batch, bpnn__dense *a)
{
    uint64_t mode = bpnn__fpmode_enter();
    bpnn__curvature_sum(engine->curvature, batch, 0, a);
    bpnn__fpmode_leave(mode);
}

double bpnn__engine_penalty(const bpnn__engine *engine, double l1, double l2)
{
    uint64_t mode = bpnn__fpmode_enter();
    double penalty = engine->face->penalty(engine->core, l1, l2);
    bpnn__fpmode_leave(mode);
    return penalty;
}

size_t bpnn__engine_bad_parameters(const bpnn__engine *engine)
{
    return engine->face->bad_parameters(engine->core);
}

size_t bpnn__engine_bad_outputs(const bpnn__engine *engine)
{
    return engine->face->bad_outputs(engine->core, engine->last_rows);
}
