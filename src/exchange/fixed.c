/* A model in whole numbers, made of what its ranges are. */
#include "exchange/fixed.h"
#include "base/error.h"
#include "base/memory.h"
#include "exchange/formula.h"
#include "exchange/plain.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

static bool make_layers(bpnn__fixed *f)
{
    const bpnn_net *net = f->model->net;
    bool made = true;
    f->layers = bpnn__alloc(f->depth, sizeof *f->layers);
    for (size_t m = 1; f->layers && m <= f->depth; m++) {
        bpnn__fixed_layer *layer = &f->layers[m - 1];
        size_t weights = 0;
        layer->in = bpnn__net_size(net, m - 1);
        layer->out = bpnn__net_size(net, m);
        made = bpnn__mul(layer->in, layer->out, &weights) && made;
        layer->weight = bpnn__alloc(weights, sizeof *layer->weight);
        layer->bias = bpnn__alloc(layer->out, sizeof *layer->bias);
        layer->factor = bpnn__alloc(layer->out, sizeof *layer->factor);
        layer->shift = bpnn__alloc(layer->out, sizeof *layer->shift);
        made = made && layer->weight && layer->bias && layer->factor && layer->shift;
    }
    return made && f->layers;
}

static bool make_room(bpnn__fixed *f)
{
    f->zero = bpnn__alloc(f->width, sizeof *f->zero);
    f->step = bpnn__alloc(f->width, sizeof *f->step);
    f->flag = bpnn__alloc(f->width, sizeof *f->flag);
    return f->zero && f->step && f->flag && make_layers(f);
}

static void mark_flags(bpnn__fixed *f)
{
    const bpnn__schema *s = &f->model->schema;
    for (size_t i = 0; i < s->feature_count; i++)
        for (size_t k = 0; k < s->features[i].width; k++)
            f->flag[s->features[i].first + k] = s->features[i].categorical || k > 0;
}

/* Where q = 0 and q = 1 stand: of the encoded inputs into centre and step, of the raw columns into f. */
static void place_inputs(bpnn__fixed *f, const bpnn__ranges *ranges, double *centre, double *step)
{
    const bpnn__schema *s = &f->model->schema;
    for (size_t j = 0; j < f->width; j++) {
        double low = f->flag[j] ? 0 : ranges->low[j], high = f->flag[j] ? 1 : ranges->high[j];
        double half = high / 2 - low / 2;
        centre[j] = low / 2 + high / 2;
        if (!(half > fabs(centre[j]) * 0x1p-40))
            half = fabs(centre[j]) * 0x1p-20 + 1;
        else if (f->bits == 16 && !f->flag[j])
            half *= 2;
        step[j] = half / f->most;
        f->zero[j] = f->flag[j] ? 0 : centre[j] * s->scale[j] + s->mean[j];
        f->step[j] = f->flag[j] ? 1 : step[j] * s->scale[j];
    }
    f->schema = *s;
    f->schema.mean = f->zero;
    f->schema.scale = f->step;
}

static bpnn_status make_numbers(bpnn__fixed *f, const bpnn__ranges *ranges, double *centre, double *step,
                                bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    place_inputs(f, ranges, centre, step);
    for (size_t m = 1; m <= f->depth && status == BPNN_OK; m++) {
        bpnn__fixed_layer *layer = &f->layers[m - 1];
        double low = ranges->e_low[m - 1], high = ranges->e_high[m - 1];
        bpnn__fixed_form_of(f, layer, m, &low, &high);
        status = bpnn__fixed_sums(f, layer, m, step, centre, low, high, error);
        if (status == BPNN_OK)
            status = bpnn__fixed_outputs(f, layer, m, low, high, error);
        for (size_t i = 0; i < layer->out && m < f->depth; i++) {
            step[i] = layer->out_step;
            centre[i] = layer->out_centre;
        }
    }
    return status;
}

static bpnn_status check(const bpnn_model *model, int bits, bpnn_error *error)
{
    if (bits != 8 && bits != 16)
        return bpnn__fail(error, BPNN_USAGE, "fixed point has 8 or 16 bits");
    if (model->schema.task == BPNN_TASK_REGRESSION && bpnn__output_of(model) == BPNN_ACT_LOG_SOFTMAX)
        return bpnn__fail(error, BPNN_USAGE, "fixed-point C has no log_softmax for regression");
    if (bpnn_model_members(model) == 1)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "fixed-point C holds one network, and the model is an ensemble of %zu",
                      bpnn_model_members(model));
}

bpnn_status bpnn__fixed_new(bpnn__fixed **fixed, const bpnn_model *model, int bits, const bpnn__ranges *ranges,
                            bpnn_error *error)
{
    *fixed = NULL;
    bpnn_status status = check(model, bits, error);
    if (status != BPNN_OK)
        return status;
    bpnn__fixed *f = bpnn__alloc(1, sizeof *f);
    if (!f)
        return bpnn__fail_memory(error);
    *f = (bpnn__fixed){.model = model, .bits = bits, .index = bits == 8 ? 7 : 10, .most = bits == 8 ? 127 : 32767};
    f->depth = model->net->depth;
    f->width = model->net->inputs;
    size_t widest = bpnn__net_widest(model->net);
    double *centre = bpnn__alloc(widest, sizeof *centre), *step = bpnn__alloc(widest, sizeof *step);
    status = make_room(f) && centre && step ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK) {
        mark_flags(f);
        status = make_numbers(f, ranges, centre, step, error);
    }
    bpnn__free(step);
    bpnn__free(centre);
    if (status == BPNN_OK)
        *fixed = f;
    else
        bpnn__fixed_free(f);
    return status;
}

void bpnn__fixed_free(bpnn__fixed *f)
{
    if (!f)
        return;
    for (size_t m = 0; f->layers && m < f->depth; m++) {
        bpnn__free(f->layers[m].weight);
        bpnn__free(f->layers[m].bias);
        bpnn__free(f->layers[m].factor);
        bpnn__free(f->layers[m].shift);
        bpnn__free(f->layers[m].table);
    }
    bpnn__free(f->layers);
    bpnn__free(f->zero);
    bpnn__free(f->step);
    bpnn__free(f->flag);
    bpnn__free(f);
}
