/* The public functions of a network that compute: checks, then the face of its precision. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/face.h"

#include <math.h>

struct bpnn_predictor {
    const bpnn__face *face;
    size_t inputs, outputs, least_workspace;
    void *core;
};

/* ---- checks ---- */

static bpnn_status check_inputs(size_t inputs, bpnn_matrix m, bpnn_error *error)
{
    if (!m.data && m.rows > 0)
        return bpnn__fail(error, BPNN_USAGE, "the input matrix has no data");
    if (m.cols != inputs || m.stride < m.cols)
        return bpnn__fail(error, BPNN_USAGE, "the network has %zu inputs, the matrix has %zu columns (stride %zu)",
                          inputs, m.cols, m.stride);
    return BPNN_OK;
}

static bpnn_status check_targets(const bpnn_net *net, bpnn_matrix inputs, bpnn_matrix targets, bpnn_error *error)
{
    size_t outputs = bpnn__net_size(net, net->depth);
    bool classes = net->loss.kind == BPNN_LOSS_CROSSENTROPY || net->loss.kind == BPNN_LOSS_FOCAL;
    if (!targets.data || targets.rows != inputs.rows)
        return bpnn__fail(error, BPNN_USAGE, "%zu rows of inputs need as many rows of targets, not %zu", inputs.rows,
                          targets.data ? targets.rows : 0);
    if (targets.stride < targets.cols || !(targets.cols == outputs || (targets.cols == 1 && classes)))
        return bpnn__fail(error, BPNN_USAGE, "the network has %zu outputs, the targets have %zu columns", outputs,
                          targets.cols);
    return BPNN_OK;
}

bpnn_status bpnn__check_data(const bpnn_net *net, const bpnn_data *data, bpnn_error *error)
{
    bpnn_status status = check_inputs(net->inputs, data->inputs, error);
    return status == BPNN_OK ? check_targets(net, data->inputs, data->targets, error) : status;
}

/* ---- forward, trace ---- */

bpnn_status bpnn_net_trace(const bpnn_net *net, bpnn_matrix inputs, double *const *preacts, double *const *outputs,
                           bpnn_error *error)
{
    bpnn_status status = check_inputs(net->inputs, inputs, error);
    if (status != BPNN_OK)
        return status;
    uint64_t mode = bpnn__fpmode_enter();
    status = bpnn__face_of(net->precision)->trace(net, inputs, preacts, outputs, error);
    bpnn__fpmode_leave(mode);
    return status;
}

bpnn_status bpnn_net_forward(const bpnn_net *net, bpnn_matrix inputs, double *outputs, bpnn_error *error)
{
    enum { BLOCK = 256 };
    bpnn_predictor *predictor;
    bpnn_status status = bpnn_predictor_new(&predictor, net, NULL, error);
    if (status != BPNN_OK)
        return status;
    size_t size = bpnn_predictor_workspace(predictor, inputs.rows < BLOCK ? inputs.rows : BLOCK);
    void *workspace = bpnn__alloc(size, 1);
    if (workspace)
        status = bpnn_predictor_run(predictor, inputs, outputs, BPNN_F64, workspace, size, error);
    else
        status = bpnn__fail_memory(error);
    bpnn__free(workspace);
    bpnn_predictor_free(predictor);
    return status;
}

/* ---- gradient ---- */

bpnn_status bpnn_net_gradient(const bpnn_net *net, bpnn_matrix inputs, bpnn_matrix targets, const double *row_weights,
                              double *loss, double *gradient, double *input_gradient, bpnn_error *error)
{
    bpnn_data data = {.inputs = inputs, .targets = targets};
    bpnn_status status = bpnn__check_data(net, &data, error);
    if (status == BPNN_OK)
        status = bpnn__net_check_trainable(net, error);
    if (status == BPNN_OK && inputs.rows == 0)
        status = bpnn__fail(error, BPNN_USAGE, "a gradient needs at least one row");
    if (status != BPNN_OK)
        return status;
    bpnn__engine_options options = {
        .max_rows = inputs.rows, .training = true, .input_deltas = input_gradient != NULL, .store_gradient = true};
    /* a pool of threads is worth making only for long work */
    options.threads = (double)inputs.rows * (double)net->parameter_count < 1e8;
    bpnn__engine *engine;
    status = bpnn__engine_new(&engine, net, &options, error);
    if (status != BPNN_OK)
        return status;
    bpnn__batch batch = {
        .inputs = inputs, .targets = targets, .row_weights = row_weights, .weight_scale = 1, .count = inputs.rows};
    double sum;
    bpnn__engine_gradient(engine, &batch, &sum, input_gradient);
    if (loss)
        *loss = sum;
    if (gradient)
        bpnn__engine_read_gradient(engine, gradient);
    bpnn__engine_free(engine);
    return BPNN_OK;
}

/* ---- predictor ---- */

bpnn_status bpnn_predictor_new(bpnn_predictor **out, const bpnn_net *net, const char *isa, bpnn_error *error)
{
    *out = NULL;
    bpnn_predictor *predictor = bpnn__alloc(1, sizeof *predictor);
    if (!predictor)
        return bpnn__fail_memory(error);
    predictor->face = bpnn__face_of(net->precision);
    predictor->inputs = net->inputs;
    predictor->outputs = bpnn__net_size(net, net->depth);
    bpnn_status status = predictor->face->predictor_new(&predictor->core, net, isa, error);
    if (status != BPNN_OK) {
        bpnn__free(predictor);
        return status;
    }
    predictor->least_workspace = bpnn_predictor_workspace(predictor, 1);
    *out = predictor;
    return BPNN_OK;
}

void bpnn_predictor_free(bpnn_predictor *predictor)
{
    if (!predictor)
        return;
    predictor->face->predictor_free(predictor->core);
    bpnn__free(predictor);
}

size_t bpnn_predictor_workspace(const bpnn_predictor *predictor, size_t rows)
{
    return predictor->face->predictor_workspace(predictor->core, rows ? rows : 1);
}

bpnn_status bpnn_predictor_run(const bpnn_predictor *predictor, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype,
                               void *workspace, size_t workspace_size, bpnn_error *error)
{
    bpnn_status status = check_inputs(predictor->inputs, inputs, error);
    if (status != BPNN_OK)
        return status;
    if (dtype != BPNN_F32 && dtype != BPNN_F64)
        return bpnn__fail(error, BPNN_USAGE, "predictions are float or double");
    size_t least = predictor->least_workspace;
    if (!workspace || workspace_size < least)
        return bpnn__fail(error, BPNN_USAGE, "the workspace has %zu bytes; at least %zu are needed",
                          workspace ? workspace_size : 0, least);
    uint64_t mode = bpnn__fpmode_enter();
    predictor->face->predictor_run(predictor->core, inputs, outputs, dtype, workspace, workspace_size);
    bpnn__fpmode_leave(mode);
    return BPNN_OK;
}

/* ---- checking the caller's derivatives ---- */

static double at_least_one(double x)
{
    return fabs(x) > 1 ? fabs(x) : 1;
}

static double fraction(double x)
{
    return x - floor(x);
}

static bool derivative_is_off(double claimed, double up, double down, double h)
{
    double measured = (up - down) / (2 * h);
    return !(fabs(claimed - measured) <= 1e-5 * at_least_one(claimed));
}

static bpnn_status check_activation_at(const bpnn_activation *a, size_t m, double x, bpnn_error *error)
{
    double h = 1e-6 * at_least_one(x);
    if (!derivative_is_off(a->derivative(x, a->context), a->value(x + h, a->context), a->value(x - h, a->context), h))
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "layer %zu: the derivative of the user activation is off at e = %g", m, x);
}

static bpnn_status check_loss_at(const bpnn_loss *l, double y, double t, bpnn_error *error)
{
    double h = 1e-6 * at_least_one(y);
    if (!derivative_is_off(l->derivative(y, t, l->context), l->value(y + h, t, l->context),
                           l->value(y - h, t, l->context), h))
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "the derivative of the user loss is off at y = %g, t = %g", y, t);
}

bpnn_status bpnn_net_check_user(const bpnn_net *net, size_t points, double range, bpnn_error *error)
{
    bpnn_status status = bpnn__net_check_trainable(net, error);
    for (size_t k = 0; status == BPNN_OK && k < points; k++) {
        /* irrational steps: not on the kinks that people put at round numbers */
        double x = range * (2 * fraction(0.6180339887498949 * (double)(k + 1)) - 1);
        double t = range * (2 * fraction(0.7548776662466927 * (double)(k + 1)) - 1);
        for (size_t m = 1; status == BPNN_OK && m <= net->depth; m++)
            if (net->layers[m - 1].activation.kind == BPNN_ACT_USER)
                status = check_activation_at(&net->layers[m - 1].activation, m, x, error);
        if (status == BPNN_OK && net->loss.kind == BPNN_LOSS_USER)
            status = check_loss_at(&net->loss, x, t, error);
    }
    return status;
}
