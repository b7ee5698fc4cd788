/* The arrays of a block of rows: one allocation, laid out by layer; and filling them from the caller's rows. */
#include "base/error.h"
#include "base/memory.h"
#include "core/core.h"

#include <string.h>

#define layer_of BPNN_NAME(layer)

static size_t panels_at(const bpnn__layout *layout, size_t m)
{
    return m == 0 ? layout->layer[0].in_panels : layout->layer[m - 1].out_panels;
}

/* Takes the next `panels` panels of the memory; only counts while there is none. */
static real *take(const ARRAYS *arrays, size_t *at, size_t panels)
{
    real *place = arrays->memory ? arrays->memory + *at * LANES : NULL;
    *at += panels * arrays->stride;
    return place;
}

/* Sets every pointer; returns the lines that are needed. */
static size_t place(ARRAYS *a, const bpnn__layout *layout, bool trace, bool with_slope, bool with_loss,
                    bool input_deltas)
{
    size_t at = 0;
    a->y[0] = take(a, &at, panels_at(layout, 0));
    for (size_t m = 1; m <= layout->depth; m++) {
        size_t panels = panels_at(layout, m);
        a->y[m] = take(a, &at, panels);
        bool apart = trace || (with_loss && m == layout->depth);
        a->e[m] = apart ? take(a, &at, panels) : a->y[m];
        if (with_slope)
            a->slope[m] = a->delta[m] = take(a, &at, panels);
    }
    if (input_deltas)
        a->delta[0] = take(a, &at, panels_at(layout, 0));
    if (with_loss)
        a->t = take(a, &at, panels_at(layout, layout->depth));
    size_t row_lines = (a->rows + LANES - 1) / LANES;
    a->scale = a->memory ? a->memory + at * LANES : NULL;
    a->loss = a->memory ? a->memory + (at + row_lines) * LANES : NULL;
    return at + 2 * row_lines;
}

bpnn_status BPNN_NAME(arrays_new)(ARRAYS *a, const bpnn__layout *layout, size_t rows, bool trace, bool with_slope,
                                  bool with_loss, bool input_deltas, bpnn_error *error)
{
    memset(a, 0, sizeof *a);
    a->rows = rows;
    a->stride = rows | 1;
    size_t count = layout->depth + 1;
    a->e = bpnn__alloc(count, sizeof(real *));
    a->y = bpnn__alloc(count, sizeof(real *));
    a->slope = with_slope ? bpnn__alloc(count, sizeof(real *)) : NULL;
    a->delta = with_slope ? bpnn__alloc(count, sizeof(real *)) : NULL;
    a->weight = bpnn__alloc(rows, sizeof(double));
    a->ids = bpnn__alloc(rows, sizeof(size_t));
    bool good = a->e && a->y && a->weight && a->ids && (!with_slope || (a->slope && a->delta));
    if (good) {
        size_t lines = place(a, layout, trace, with_slope, with_loss, input_deltas);
        a->memory = bpnn__alloc_lines(lines, BPNN__LINE);
        if (a->memory)
            place(a, layout, trace, with_slope, with_loss, input_deltas);
    }
    if (good && a->memory)
        return BPNN_OK;
    BPNN_NAME(arrays_free)(a);
    return bpnn__fail_memory(error);
}

void BPNN_NAME(arrays_free)(ARRAYS *a)
{
    bpnn__free(a->e);
    bpnn__free(a->y);
    bpnn__free(a->slope);
    bpnn__free(a->delta);
    bpnn__free(a->weight);
    bpnn__free(a->ids);
    bpnn__free_lines(a->memory);
    memset(a, 0, sizeof *a);
}

void BPNN_NAME(gather_rows)(const CORE *core, const ARRAYS *a, const bpnn__batch *batch, size_t from, bpnn__span span,
                            size_t batch_rows)
{
    const size_t *ids = batch->rows ? batch->rows + from : NULL;
    size_t first = batch->first + from;
    core->kernels->gather(batch->inputs, ids, first, span.count, LINE_AT(a->y[0], a->stride, 0, span.first), a->stride);
    if (!a->t || !batch->targets.data)
        return;
    size_t outputs = layer_of(core, core->depth)->out;
    real *t = LINE_AT(a->t, a->stride, 0, span.first);
    if (batch->targets.cols == 1 && outputs > 1)
        core->kernels->one_hot(batch->targets, ids, first, span.count, outputs, t, a->stride);
    else
        core->kernels->gather(batch->targets, ids, first, span.count, t, a->stride);
    for (size_t r = 0; r < span.count; r++) {
        size_t id = ids ? ids[r] : first + r;
        a->ids[span.first + r] = id;
        double weight = batch->row_weights ? batch->row_weights[id] * batch->weight_scale : 1;
        a->weight[span.first + r] = weight;
        a->scale[span.first + r] = (real)(core->mean ? weight / (double)batch_rows : weight);
    }
}

void BPNN_NAME(copy_out)(const real *panels, size_t stride, bpnn__span span, size_t cols, double *out)
{
    for (size_t r = 0; r < span.count; r++)
        for (size_t k = 0; k < cols; k++)
            out[r * cols + k] = (double)LINE_AT(panels, stride, k / LANES, span.first + r)[k % LANES];
}
