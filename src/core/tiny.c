/* Steps of small nets, every layer one panel wide and few rows a batch: one kernel call for the gradient, one for the
 * update of all parameters. The same loops as the two phases, so the same bits. */
#include "base/memory.h"
#include "core/core.h"

#include <math.h>

#define layer_of BPNN_NAME(layer)
#define TINY BPNN_NAME(tiny_net)
#define TINY_LAYER BPNN_NAME(tiny_layer)

static bool is_tiny(const CORE *core)
{
    for (size_t m = 1; m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        if (l->in_panels > 1 || l->out_panels > 1 || core->layers[m - 1].bias == BPNN_BIAS_SHARED ||
            core->layers[m - 1].activation.kind == BPNN_ACT_USER)
            return false;
    }
    return core->training && core->dropout == 0 && !core->arrays.delta[0];
}

static void describe_layer(const CORE *core, size_t m, TINY_LAYER *to)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    const bpnn_layer *layer = &core->layers[m - 1];
    bpnn_activation_kind kind = layer->activation.kind;
    *to = (TINY_LAYER){.in = l->in,
                       .out = l->out,
                       .wide_out = l->wide_out,
                       .wide_in = l->wide_in,
                       .over_row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX,
                       .biased = layer->bias == BPNN_BIAS_NEURON,
                       .has_twin = l->has_twin,
                       .weights = l->weights * LANES,
                       .bias = l->bias * LANES,
                       .twin = l->twin * LANES,
                       .activation = &layer->activation,
                       .e = core->arrays.e[m],
                       .y = core->arrays.y[m],
                       .slope = core->arrays.slope[m]};
}

bool BPNN_NAME(tiny_new)(CORE *core)
{
    if (!core->training || !is_tiny(core))
        return true;
    TINY *net = &core->tiny;
    net->gradient = bpnn__alloc_lines(core->layout.lines, BPNN__LINE);
    net->layer = bpnn__alloc(core->depth, sizeof *net->layer);
    if (!net->gradient || !net->layer)
        return false;
    for (size_t m = 1; m <= core->depth; m++)
        describe_layer(core, m, &net->layer[m - 1]);
    net->output = &core->output;
    net->closed_form = core->closed_form;
    net->w = core->w;
    net->twin = core->twin;
    net->depth = core->depth;
    return true;
}

void BPNN_NAME(tiny_free)(CORE *core)
{
    bpnn__free_lines(core->tiny.gradient);
    bpnn__free(core->tiny.layer);
}

bool BPNN_NAME(tiny_fits)(const CORE *core, size_t rows)
{
    enum { TINY_ROWS = 64 };
    return core->tiny.depth > 0 && rows <= TINY_ROWS && rows <= core->group_rows;
}

/* The gradient to the method: all parameters at once where weights and biases are treated alike. */
static void update_all(const CORE *core, const bpnn__update *u)
{
    real constants[BPNN__CONSTANTS], *g = core->tiny.gradient;
    for (size_t i = 0; i < BPNN__CONSTANTS; i++)
        constants[i] = (real)u->constants[i];
    if (u->l2 == 0 && u->decay == 0 && u->shrink == 0) {
        BPNN_NAME(update_lines)(core, u, constants, 0, core->layout.lines, false, g);
        return;
    }
    for (size_t m = 1; m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        BPNN_NAME(update_lines)(core, u, constants, l->weights, l->weight_lines, true, g + l->weights * LANES);
        BPNN_NAME(update_lines)(core, u, constants, l->bias, 1, false, g + l->bias * LANES);
    }
}

void BPNN_NAME(tiny_step)(CORE *core, const bpnn__batch *batch, const bpnn__update *update, double *loss)
{
    const ARRAYS *a = &core->arrays;
    size_t rows = batch->count;
    BPNN_NAME(gather_rows)(core, a, batch, 0, (bpnn__span){0, rows}, rows);
    core->kernels->tiny_gradient(&core->tiny, rows, a->y[0], a->t, a->scale, a->loss);
    *loss = BPNN_NAME(loss_of_rows)(core, batch, rows) / (core->mean ? (double)rows : 1);
    if (!isfinite(*loss))
        return;
    update_all(core, update);
    core->kernels->tiny_twins(&core->tiny);
}
