/* Nets of one hidden layer in one kernel call: many steps of plain gradient descent, of which nothing but their arithmetic is left, or the
 * outputs of a few rows. The same bits as steps and rows one by one. */
#include "core/core.h"

#define layer_of BPNN_NAME(layer)
#define SHALLOW BPNN_NAME(shallow_net)

/* A tiny net (tiny.c) with one wide hidden layer, narrow outputs and square error. */
static bool is_shallow(const CORE *core)
{
    if (core->tiny.depth != 2 || core->output.loss.kind != BPNN_LOSS_MSE)
        return false;
    const bpnn__layer_layout *hidden = layer_of(core, 1), *out = layer_of(core, 2);
    return hidden->wide_out && !out->wide_out && !hidden->has_twin && !out->has_twin;
}

static real *bias_of(const CORE *core, size_t m)
{
    return core->layers[m - 1].bias == BPNN_BIAS_NONE ? NULL : core->w + layer_of(core, m)->bias * LANES;
}

static void describe(CORE *core)
{
    core->shallow = (SHALLOW){.in = layer_of(core, 1)->in,
                              .hidden = layer_of(core, 1)->out,
                              .out = layer_of(core, 2)->out,
                              .hidden_kind = core->layers[0].activation.kind,
                              .out_kind = core->layers[1].activation.kind,
                              .w1 = core->w + layer_of(core, 1)->weights * LANES,
                              .b1 = bias_of(core, 1),
                              .w2 = core->w + layer_of(core, 2)->weights * LANES,
                              .b2 = bias_of(core, 2)};
}

void BPNN_NAME(shallow_new)(CORE *core)
{
    if (is_shallow(core))
        describe(core);
}

void BPNN_NAME(shallow_for_rows)(CORE *core)
{
    if (core->depth == 2 && layer_of(core, 1)->wide_out && layer_of(core, 1)->out_panels == 1 &&
        !layer_of(core, 2)->wide_out)
        describe(core);
}

static bool is_plain(const bpnn__update *u)
{
    return u->plain && u->clip == 0 && u->l2 == 0 && u->decay == 0 && u->shrink == 0;
}

size_t BPNN_NAME(shallow_steps)(CORE *core, const bpnn__batch *batch, const bpnn__update *updates, bool same,
                                size_t count, double *losses)
{
    enum { CHUNK = 64 };
    if (core->shallow.in == 0 || !batch->rows || !is_plain(updates) || batch->count > core->group_rows)
        return 0;
    BPNN_NAME(shallow_run)
    run = {.inputs = batch->inputs,
           .targets = batch->targets,
           .row_weights = batch->row_weights,
           .weight_scale = batch->weight_scale,
           .mean = core->mean,
           .steady = same,
           .rows = batch->count};
    size_t done = 0, here;
    do {
        real rate[CHUNK];
        run.steps = count - done < CHUNK ? count - done : CHUNK;
        for (size_t i = 0; i < (same ? 1 : run.steps); i++)
            rate[i] = (real)updates[same ? 0 : done + i].constants[0];
        run.ids = batch->rows + done * batch->count;
        run.rate = rate;
        run.losses = losses + done;
        here = core->kernels->shallow_steps(&core->shallow, &run);
        done += here;
    } while (here == run.steps && done < count);
    return done;
}
