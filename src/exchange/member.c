/* What all exporters ask of a model. */
#include "base/error.h"
#include "exchange/exchange.h"
#include "net/net.h"

size_t bpnn__member_count(const bpnn_model *model)
{
    (void)model;
    return 1;
}

bpnn__member bpnn__member_at(const bpnn_model *model, size_t k)
{
    const bpnn__schema *s = &model->schema;
    (void)k;
    return (bpnn__member){model->net, s->mean, s->scale, s->target_mean, s->target_scale};
}

double bpnn__member_weight(const bpnn__member *member, size_t m, size_t j, size_t i)
{
    return bpnn__net_get(member->net, member->net->weight_offset[m] + j * bpnn__net_size(member->net, m) + i);
}

double bpnn__member_bias(const bpnn__member *member, size_t m, size_t i)
{
    bpnn_bias mode = member->net->layers[m - 1].bias;
    if (mode == BPNN_BIAS_NONE)
        return 0;
    return bpnn__net_get(member->net, member->net->bias_offset[m] + (mode == BPNN_BIAS_NEURON ? i : 0));
}

bpnn_status bpnn__check_exportable(const bpnn_model *model, bpnn_error *error)
{
    for (size_t k = 0; k < bpnn__member_count(model); k++) {
        bpnn__member member = bpnn__member_at(model, k);
        for (size_t m = 1; m <= member.net->depth; m++)
            if (member.net->layers[m - 1].activation.kind == BPNN_ACT_USER)
                return bpnn__fail(error, BPNN_USAGE,
                                  "layer %zu: a user activation is code: a model with it cannot be exported", m);
    }
    return BPNN_OK;
}
