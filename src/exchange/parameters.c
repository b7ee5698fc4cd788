/* What all exporters ask of a model. */
#include "base/error.h"
#include "exchange/exchange.h"
#include "net/net.h"

double bpnn__weight_of(const bpnn_net *net, size_t m, size_t j, size_t i)
{
    return bpnn__net_get(net, net->weight_offset[m] + j * bpnn__net_size(net, m) + i);
}

double bpnn__bias_of(const bpnn_net *net, size_t m, size_t i)
{
    bpnn_bias mode = net->layers[m - 1].bias;
    if (mode == BPNN_BIAS_NONE)
        return 0;
    return bpnn__net_get(net, net->bias_offset[m] + (mode == BPNN_BIAS_NEURON ? i : 0));
}

bpnn_status bpnn__check_exportable(const bpnn_model *model, bpnn_error *error)
{
    for (size_t k = 0; k < bpnn_model_members(model); k++) {
        const bpnn_net *net = bpnn_model_member(model, k)->net;
        for (size_t m = 1; m <= net->depth; m++)
            if (net->layers[m - 1].activation.kind == BPNN_ACT_USER)
                return bpnn__fail(error, BPNN_USAGE,
                                  "layer %zu: a user activation is code: a model with it cannot be exported", m);
    }
    return BPNN_OK;
}
