/* The engine's calls for one precision, gathered in a table for engine.c. */
#include "core/face.h"
#include "core/core.h"
#include "core/predictor.h"

static bpnn_status face_new(void **core, const bpnn_net *net, const bpnn__engine_options *options, bpnn_error *error)
{
    CORE *made;
    bpnn_status status = BPNN_NAME(core_new)(&made, net, options, error);
    *core = made;
    return status;
}

static void face_free(void *core)
{
    BPNN_NAME(core_free)(core);
}

static void face_load(void *core, const bpnn_net *net)
{
    BPNN_NAME(pack)(core, net, ((CORE *)core)->w);
    BPNN_NAME(write_twins)(core);
}

static void face_load_doubles(void *core, const double *parameters)
{
    BPNN_NAME(pack_doubles)(core, parameters, ((CORE *)core)->w);
    BPNN_NAME(write_twins)(core);
}

static void face_store(const void *core, bpnn_net *net)
{
    BPNN_NAME(unpack)(core, ((const CORE *)core)->w, net);
}

static void face_get_state(const void *core, size_t k, double *out)
{
    BPNN_NAME(unpack_doubles)(core, ((const CORE *)core)->state[k], out, false);
}

static void face_set_state(void *core, size_t k, const double *in)
{
    BPNN_NAME(pack_doubles)(core, in, ((CORE *)core)->state[k]);
}

static void face_fill_state(void *core, size_t k, double value)
{
    BPNN_NAME(pack_value)(core, value, ((CORE *)core)->state[k]);
}

static void face_step(void *core, const bpnn__batch *batch, const bpnn__update *update, double *loss)
{
    BPNN_NAME(core_step)(core, batch, update, loss);
}

static void face_gradient(void *core, const bpnn__batch *batch, double *loss, double *input_gradient)
{
    BPNN_NAME(core_gradient)(core, batch, loss, input_gradient);
}

static size_t face_steps(void *core, const bpnn__batch *batch, const bpnn__update *updates, bool same, size_t count,
                         double *losses)
{
    return BPNN_NAME(shallow_steps)(core, batch, updates, same, count, losses);
}

static bool face_apply(void *core, const bpnn__update *update)
{
    return BPNN_NAME(core_apply)(core, update);
}

static void face_read_gradient(const void *core, double *gradient)
{
    BPNN_NAME(unpack_doubles)(core, ((const CORE *)core)->gradient, gradient, true);
}

static void face_evaluate(void *core, const bpnn__batch *batch, double *loss, double *outputs)
{
    BPNN_NAME(core_evaluate)(core, batch, loss, outputs);
}

static double face_penalty(const void *core, double l1, double l2)
{
    return BPNN_NAME(core_penalty)(core, l1, l2);
}

static size_t face_bad_parameters(const void *core)
{
    return BPNN_NAME(core_bad_parameters)(core);
}

static size_t face_bad_outputs(const void *core, size_t rows)
{
    return BPNN_NAME(core_bad_outputs)(core, rows);
}

static const char *face_isa(const void *core)
{
    return ((const CORE *)core)->kernels->isa;
}

static bpnn__pool *face_pool(const void *core)
{
    return ((const CORE *)core)->pool;
}

const bpnn__face BPNN_NAME(face) = {
    .make = face_new,
    .destroy = face_free,
    .load = face_load,
    .load_doubles = face_load_doubles,
    .store = face_store,
    .get_state = face_get_state,
    .set_state = face_set_state,
    .fill_state = face_fill_state,
    .step = face_step,
    .steps = face_steps,
    .gradient = face_gradient,
    .apply = face_apply,
    .read_gradient = face_read_gradient,
    .evaluate = face_evaluate,
    .penalty = face_penalty,
    .bad_parameters = face_bad_parameters,
    .bad_outputs = face_bad_outputs,
    .isa = face_isa,
    .pool = face_pool,
    .trace = BPNN_NAME(trace),
    .predictor_new = BPNN_NAME(predictor_new),
    .predictor_free = BPNN_NAME(predictor_free),
    .predictor_workspace = BPNN_NAME(predictor_workspace),
    .predictor_run = BPNN_NAME(predictor_run),
};
