/* Making and freeing one network at work. */
#include "core/core.h"
#include "base/error.h"
#include "base/memory.h"
#include "kernel/isa.h"

#include <string.h>

enum { LEAST_ROWS = 64 }; /* of the arrays: evaluation of many rows goes in blocks of as many */

static size_t array_rows(const bpnn__engine_options *options, size_t group)
{
    size_t rows = options->max_rows < LEAST_ROWS ? LEAST_ROWS : options->max_rows;
    return rows < group ? rows : group;
}

/* Gradients that can wait in the pairwise tree of `groups` groups beside the newest: bits of groups - 1. */
static size_t level_count(size_t groups)
{
    size_t levels = 0;
    while ((groups - 1) >> levels)
        levels++;
    return levels;
}

static bool new_lines(real **buffer, size_t lines)
{
    *buffer = bpnn__alloc_lines(lines ? lines : 1, BPNN__LINE);
    return *buffer != NULL;
}

static bool new_buffers(CORE *core, const bpnn__engine_options *o)
{
    size_t lines = core->layout.lines;
    if (!new_lines(&core->w, lines) || !new_lines(&core->twin, core->layout.twin_lines))
        return false;
    if (!o->training)
        return true;
    size_t groups = (o->max_rows + core->group_rows - 1) / core->group_rows;
    if ((o->store_gradient || groups > 1) && !new_lines(&core->gradient, lines))
        return false;
    core->levels = groups > 1 ? level_count(groups) : 0;
    core->level = bpnn__alloc(core->levels, sizeof(real *));
    core->state = bpnn__alloc(o->state_count, sizeof(real *));
    if (!core->level || !core->state)
        return false;
    core->state_count = o->state_count;
    for (size_t i = 0; i < core->levels; i++)
        if (!new_lines(&core->level[i], lines))
            return false;
    for (size_t k = 0; k < core->state_count; k++)
        if (!new_lines(&core->state[k], lines))
            return false;
    return true;
}

static bpnn_status describe(CORE *core, const bpnn_net *net, const bpnn__engine_options *o, bpnn_error *error)
{
    bpnn_layer *layers = bpnn__copy_bytes(net->layers, net->depth * sizeof *net->layers);
    core->layers = layers;
    if (!layers || !bpnn__layout_init(&core->layout, net, LANES, NARROW, o->input_deltas))
        return bpnn__fail_memory(error);
    core->depth = net->depth;
    core->mean = net->reduction == BPNN_REDUCTION_MEAN;
    core->group_rows = net->group_rows;
    core->training = o->training;
    core->dropout = o->dropout;
    core->seed = o->seed;
    core->output.activation = layers[net->depth - 1].activation;
    core->output.loss = net->loss;
    core->output.cols = bpnn__net_size(net, net->depth);
    core->closed_form = bpnn__loss_closed_form(net->loss.kind, core->output.activation.kind);
    core->kernels = BPNN_NAME(kernels_find)(o->isa);
    if (!core->kernels)
        return bpnn__fail(error, BPNN_USAGE,
                          "instruction set '%s' is not known here or this machine lacks it; take 'auto'", o->isa);
    return BPNN_OK;
}

bpnn_status BPNN_NAME(core_new)(CORE **out, const bpnn_net *net, const bpnn__engine_options *o, bpnn_error *error)
{
    *out = NULL;
    CORE *core = bpnn__alloc(1, sizeof *core);
    if (!core)
        return bpnn__fail_memory(error);
    bpnn_status status = describe(core, net, o, error);
    if (status == BPNN_OK && !new_buffers(core, o))
        status = bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = BPNN_NAME(arrays_new)(&core->arrays, &core->layout, array_rows(o, core->group_rows), false,
                                       o->training, true, o->training && o->input_deltas, error);
    if (status == BPNN_OK && !BPNN_NAME(tiny_new)(core))
        status = bpnn__fail_memory(error);
    if (status == BPNN_OK)
        BPNN_NAME(shallow_new)(core);
    if (status == BPNN_OK)
        status = bpnn__pool_new(&core->pool, o->threads, error);
    if (status != BPNN_OK) {
        BPNN_NAME(core_free)(core);
        return status;
    }
    BPNN_NAME(pack)(core, net, core->w);
    BPNN_NAME(write_twins)(core);
    *out = core;
    return BPNN_OK;
}

void BPNN_NAME(core_free)(CORE *core)
{
    if (!core)
        return;
    bpnn__pool_free(core->pool);
    BPNN_NAME(tiny_free)(core);
    BPNN_NAME(arrays_free)(&core->arrays);
    for (size_t i = 0; core->level && i < core->levels; i++)
        bpnn__free_lines(core->level[i]);
    for (size_t k = 0; core->state && k < core->state_count; k++)
        bpnn__free_lines(core->state[k]);
    bpnn__free(core->level);
    bpnn__free(core->state);
    bpnn__free_lines(core->gradient);
    bpnn__free_lines(core->w);
    bpnn__free_lines(core->twin);
    bpnn__layout_free(&core->layout);
    bpnn__free((void *)(uintptr_t)core->layers);
    bpnn__free(core);
}
