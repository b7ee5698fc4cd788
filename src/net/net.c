/* A network's description and its parameters in seed form. */
#include "net/net.h"
#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { MAX_LAYERS = 1024, MAX_GROUP = 1 << 20 };
#define MAX_PARAMETERS ((size_t)1 << 31)

void bpnn_net_options_default(bpnn_net_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->loss.kind = BPNN_LOSS_MSE;
    options->loss.parameter = (double)NAN;
    options->group_rows = 1024;
}

/* ---- checks ---- */

static bpnn_status check_activation(const bpnn_layer *layer, size_t m, size_t depth, bpnn_error *error)
{
    bpnn_activation_kind kind = layer->activation.kind;
    if ((unsigned)kind >= BPNN_ACT_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "layer %zu: no activation has the number %d", m, (int)kind);
    bool row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
    if (row && m < depth)
        return bpnn__fail(error, BPNN_USAGE, "layer %zu: %s is for the output layer alone", m,
                          bpnn_word(BPNN_WORDS_ACTIVATION, (int)kind));
    if (kind == BPNN_ACT_USER && !layer->activation.value)
        return bpnn__fail(error, BPNN_USAGE, "layer %zu: a user activation needs its value callback", m);
    if (bpnn__activation_has_parameter(kind) && isinf(layer->activation.parameter))
        return bpnn__fail(error, BPNN_USAGE, "layer %zu: the activation's parameter is not finite", m);
    return BPNN_OK;
}

static bpnn_status check_loss(const bpnn_loss *loss, bpnn_activation_kind output, bpnn_error *error)
{
    if ((unsigned)loss->kind >= BPNN_LOSS_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "no loss has the number %d", (int)loss->kind);
    if (loss->kind == BPNN_LOSS_USER && (!loss->value || !loss->derivative))
        return bpnn__fail(error, BPNN_USAGE, "a user loss needs its value and derivative callbacks");
    const char *name = bpnn_word(BPNN_WORDS_LOSS, (int)loss->kind);
    if (!bpnn__loss_allows(loss->kind, output))
        return bpnn__fail(error, BPNN_USAGE, "loss %s does not go with output activation %s", name,
                          bpnn_word(BPNN_WORDS_ACTIVATION, (int)output));
    double p = isnan(loss->parameter) ? bpnn__loss_default(loss->kind) : loss->parameter;
    bool good = isfinite(p);
    if (loss->kind == BPNN_LOSS_HUBER)
        good = good && p > 0;
    if (loss->kind == BPNN_LOSS_QUANTILE)
        good = good && p > 0 && p < 1;
    if (loss->kind == BPNN_LOSS_CROSSENTROPY)
        good = good && p >= 0 && p < 1;
    if (loss->kind == BPNN_LOSS_FOCAL)
        good = good && p >= 0;
    if (!good)
        return bpnn__fail(error, BPNN_USAGE, "loss %s: its parameter cannot be %g", name, p);
    return BPNN_OK;
}

bpnn_status bpnn__net_check(const bpnn_net_options *o, bpnn_error *error)
{
    if (!o || o->struct_size != sizeof *o)
        return bpnn__fail(error, BPNN_USAGE, "net options: call bpnn_net_options_default first");
    if (o->inputs < 1)
        return bpnn__fail(error, BPNN_USAGE, "a network needs at least one input");
    if (o->layer_count < 1 || o->layer_count > MAX_LAYERS || !o->layers)
        return bpnn__fail(error, BPNN_USAGE, "a network has 1 to %d layers", MAX_LAYERS);
    if ((unsigned)o->reduction >= BPNN_REDUCTION_COUNT || (unsigned)o->precision >= BPNN_PRECISION_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "reduction or precision out of range");
    if (o->group_rows < 1 || o->group_rows > MAX_GROUP)
        return bpnn__fail(error, BPNN_USAGE, "group rows must be 1 to %d", MAX_GROUP);
    for (size_t m = 1; m <= o->layer_count; m++) {
        const bpnn_layer *layer = &o->layers[m - 1];
        if (layer->size < 1)
            return bpnn__fail(error, BPNN_USAGE, "layer %zu: a layer has at least one unit", m);
        if ((unsigned)layer->bias >= BPNN_BIAS_COUNT)
            return bpnn__fail(error, BPNN_USAGE, "layer %zu: no bias mode has the number %d", m, (int)layer->bias);
        bpnn_status status = check_activation(layer, m, o->layer_count, error);
        if (status != BPNN_OK)
            return status;
    }
    return check_loss(&o->loss, o->layers[o->layer_count - 1].activation.kind, error);
}

bpnn_status bpnn__net_check_trainable(const bpnn_net *net, bpnn_error *error)
{
    for (size_t m = 1; m <= net->depth; m++) {
        const bpnn_activation *activation = &net->layers[m - 1].activation;
        if (activation->kind == BPNN_ACT_THRESHOLD)
            return bpnn__fail(error, BPNN_USAGE,
                              "layer %zu: threshold has no slope to train with; it is for prediction", m);
        if (activation->kind == BPNN_ACT_USER && !activation->derivative)
            return bpnn__fail(error, BPNN_USAGE, "layer %zu: the user activation has no derivative callback", m);
    }
    return BPNN_OK;
}

/* ---- making ---- */

static size_t bias_count(const bpnn_layer *layer)
{
    return layer->bias == BPNN_BIAS_NEURON ? layer->size : layer->bias == BPNN_BIAS_SHARED ? 1 : 0;
}

/* Offsets in seed form: w^1, b^1, w^2, .. False: too many parameters. */
static bool place_parameters(bpnn_net *net)
{
    size_t at = 0;
    for (size_t m = 1; m <= net->depth; m++) {
        size_t weights;
        if (!bpnn__mul(bpnn__net_size(net, m - 1), bpnn__net_size(net, m), &weights) || weights > MAX_PARAMETERS)
            return false;
        net->weight_offset[m] = at;
        net->bias_offset[m] = at + weights;
        if (!bpnn__add(at, weights, &at) || !bpnn__add(at, bias_count(&net->layers[m - 1]), &at) || at > MAX_PARAMETERS)
            return false;
    }
    net->parameter_count = at;
    return true;
}

static void resolve_parameters(bpnn_net *net)
{
    for (size_t m = 1; m <= net->depth; m++) {
        bpnn_activation *activation = &net->layers[m - 1].activation;
        if (!bpnn__activation_has_parameter(activation->kind))
            activation->parameter = 0;
        else if (isnan(activation->parameter))
            activation->parameter = bpnn__activation_default(activation->kind);
    }
    if (isnan(net->loss.parameter))
        net->loss.parameter = bpnn__loss_default(net->loss.kind);
}

static size_t real_size(const bpnn_net *net)
{
    return net->precision == BPNN_SINGLE ? sizeof(float) : sizeof(double);
}

static bpnn_status fill(bpnn_net *net, const bpnn_net_options *o, bool parameters, bpnn_error *error)
{
    net->inputs = o->inputs;
    net->depth = o->layer_count;
    net->loss = o->loss;
    net->reduction = o->reduction;
    net->precision = o->precision;
    net->group_rows = o->group_rows;
    net->layers = bpnn__alloc(net->depth, sizeof *net->layers);
    net->weight_offset = bpnn__alloc(net->depth + 1, sizeof *net->weight_offset);
    net->bias_offset = bpnn__alloc(net->depth + 1, sizeof *net->bias_offset);
    if (!net->layers || !net->weight_offset || !net->bias_offset)
        return bpnn__fail_memory(error);
    memcpy(net->layers, o->layers, net->depth * sizeof *net->layers);
    resolve_parameters(net);
    if (!place_parameters(net))
        return bpnn__fail(error, BPNN_USAGE, "a network has at most 2^31 parameters; take fewer units");
    if (!parameters)
        return BPNN_OK;
    net->parameters = bpnn__alloc(net->parameter_count, real_size(net));
    return net->parameters ? BPNN_OK : bpnn__fail_memory(error);
}

static bpnn_status make(bpnn_net **out, const bpnn_net_options *options, bool parameters, bpnn_error *error)
{
    *out = NULL;
    bpnn_status status = bpnn__net_check(options, error);
    if (status != BPNN_OK)
        return status;
    bpnn_net *net = bpnn__alloc(1, sizeof *net);
    if (!net)
        return bpnn__fail_memory(error);
    status = fill(net, options, parameters, error);
    if (status != BPNN_OK) {
        bpnn_net_free(net);
        return status;
    }
    *out = net;
    return BPNN_OK;
}

bpnn_status bpnn_net_new(bpnn_net **net, const bpnn_net_options *options, bpnn_error *error)
{
    return make(net, options, true, error);
}

bpnn_status bpnn__net_shape(bpnn_net **shape, const bpnn_net *net, bpnn_error *error)
{
    bpnn_net_options options = bpnn_net_describe(net);
    return make(shape, &options, false, error);
}

bpnn_status bpnn_net_clone(bpnn_net **copy, const bpnn_net *net, bpnn_error *error)
{
    bpnn_net_options options = bpnn_net_describe(net);
    bpnn_status status = bpnn_net_new(copy, &options, error);
    if (status == BPNN_OK)
        memcpy((*copy)->parameters, net->parameters, net->parameter_count * real_size(net));
    return status;
}

void bpnn_net_free(bpnn_net *net)
{
    if (!net)
        return;
    bpnn__free(net->layers);
    bpnn__free(net->weight_offset);
    bpnn__free(net->bias_offset);
    bpnn__free(net->parameters);
    bpnn__free(net);
}

/* ---- looking and changing ---- */

bpnn_net_options bpnn_net_describe(const bpnn_net *net)
{
    bpnn_net_options options;
    bpnn_net_options_default(&options);
    options.inputs = net->inputs;
    options.layer_count = net->depth;
    options.layers = net->layers;
    options.loss = net->loss;
    options.reduction = net->reduction;
    options.precision = net->precision;
    options.group_rows = net->group_rows;
    return options;
}

size_t bpnn_net_parameter_count(const bpnn_net *net)
{
    return net->parameter_count;
}

size_t bpnn_net_weight_offset(const bpnn_net *net, size_t m)
{
    return net->weight_offset[m];
}

size_t bpnn_net_bias_offset(const bpnn_net *net, size_t m)
{
    return net->bias_offset[m];
}

double bpnn__net_get(const bpnn_net *net, size_t index)
{
    return net->precision == BPNN_SINGLE ? (double)((const float *)net->parameters)[index]
                                         : ((const double *)net->parameters)[index];
}

void bpnn__net_put(bpnn_net *net, size_t index, double value)
{
    if (net->precision == BPNN_SINGLE)
        ((float *)net->parameters)[index] = (float)value;
    else
        ((double *)net->parameters)[index] = value;
}

void bpnn_net_get_parameters(const bpnn_net *net, double *out)
{
    for (size_t i = 0; i < net->parameter_count; i++)
        out[i] = bpnn__net_get(net, i);
}

void bpnn_net_set_parameters(bpnn_net *net, const double *in)
{
    for (size_t i = 0; i < net->parameter_count; i++)
        bpnn__net_put(net, i, in[i]);
}
