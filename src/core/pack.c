/* Seed form <-> panel form, and the twins. */
#include "core/core.h"

#define layer_of BPNN_NAME(layer)
#define columns_of BPNN_NAME(columns)

/* Where w^m_{ji} stands in the master form. */
static real *weight_at(const bpnn__layer_layout *l, real *buffer, size_t j, size_t i)
{
    if (l->master_is_o)
        return LINE_AT(buffer + l->weights * LANES, l->o_stride, i / LANES, j) + i % LANES;
    return LINE_AT(buffer + l->weights * LANES, l->i_stride, j / LANES, i) + j % LANES;
}

/* Visits every parameter in seed order: f(context, place in the panel form, index in seed form). A shared bias is
 * visited once a lane, with one index. */
typedef void (*visitor)(void *context, real *place, size_t index);

static void visit(const CORE *core, real *buffer, visitor f, void *context)
{
    size_t index = 0;
    for (size_t m = 1; m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        bpnn_bias mode = core->layers[m - 1].bias;
        for (size_t j = 0; j < l->in; j++)
            for (size_t i = 0; i < l->out; i++)
                f(context, weight_at(l, buffer, j, i), index++);
        real *b = buffer + l->bias * LANES;
        for (size_t i = 0; mode == BPNN_BIAS_NEURON && i < l->out; i++)
            f(context, b + i, index++);
        for (size_t i = 0; mode == BPNN_BIAS_SHARED && i < LANES; i++)
            f(context, b + i, index);
        index += mode == BPNN_BIAS_SHARED;
    }
}

static void from_net(void *net, real *place, size_t index)
{
    *place = ((const real *)((const bpnn_net *)net)->parameters)[index];
}

static void to_net(void *net, real *place, size_t index)
{
    ((real *)((bpnn_net *)net)->parameters)[index] = *place;
}

static void from_doubles(void *in, real *place, size_t index)
{
    *place = (real)((const double *)in)[index];
}

static void from_value(void *value, real *place, size_t index)
{
    (void)index;
    *place = (real) * (const double *)value;
}

static void to_doubles(void *out, real *place, size_t index)
{
    ((double *)out)[index] = (double)*place;
}

void BPNN_NAME(pack)(const CORE *core, const bpnn_net *net, real *to)
{
    visit(core, to, from_net, (void *)(uintptr_t)net);
}

void BPNN_NAME(unpack)(const CORE *core, const real *from, bpnn_net *net)
{
    visit(core, (real *)(uintptr_t)from, to_net, net);
}

void BPNN_NAME(pack_doubles)(const CORE *core, const double *in, real *to)
{
    visit(core, to, from_doubles, (void *)(uintptr_t)in);
}

void BPNN_NAME(pack_value)(const CORE *core, double value, real *to)
{
    visit(core, to, from_value, &value);
}

void BPNN_NAME(unpack_doubles)(const CORE *core, const real *from, double *out, bool gradient)
{
    visit(core, (real *)(uintptr_t)from, to_doubles, out);
    /* a gradient buffer holds the column sums of a shared bias, not the sum */
    size_t index = 0;
    for (size_t m = 1; gradient && m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        bpnn_bias mode = core->layers[m - 1].bias;
        index += l->in * l->out;
        if (mode == BPNN_BIAS_SHARED) {
            real line[LANES] __attribute__((aligned(64)));
            BPNN_NAME(share_bias)(core, m, from + l->bias * LANES, line);
            out[index] = (double)line[0];
        }
        index += mode == BPNN_BIAS_NEURON ? l->out : mode == BPNN_BIAS_SHARED;
    }
}

void BPNN_NAME(write_twin)(CORE *core, size_t m, size_t q, size_t p)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    if (!l->has_twin)
        return;
    size_t at, count;
    real block[LANES * LANES] __attribute__((aligned(64)));
    BPNN_NAME(weight_block)(core, m, q, p, &at, &count);
    core->kernels->transpose(count, core->w + at * LANES, block);
    real *twin = core->twin + l->twin * LANES;
    real *to = l->master_is_o ? LINE_AT(twin, l->i_stride, q, p * LANES) : LINE_AT(twin, l->o_stride, p, q * LANES);
    size_t lines = l->master_is_o ? columns_of(l->out, p) : columns_of(l->in, q);
    for (size_t i = 0; i < lines * LANES; i++)
        to[i] = block[i];
}

void BPNN_NAME(write_twins)(CORE *core)
{
    for (size_t m = 1; m <= core->depth; m++)
        for (size_t q = 0; q < layer_of(core, m)->in_panels; q++)
            for (size_t p = 0; p < layer_of(core, m)->out_panels; p++)
                BPNN_NAME(write_twin)(core, m, q, p);
}
