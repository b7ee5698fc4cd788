/* The deltas, from the deepest layer to the first, all at the parameters before the update:
 *   d^D     = dL/dy^D . Act_D'(e^D)            (or the pair's closed form)
 *   d^{m-1} = Act_{m-1}'(e^{m-1}) . [ d^m (w^m)^T ]      m = D .. 2
 *   dX      = d^1 (w^1)^T                                on request */
#include "core/core.h"

#define layer_of BPNN_NAME(layer)

/* d^D, and the loss of every row */
static void output_delta(const CORE *core, const ARRAYS *a, bpnn__span rows, bool delta)
{
    size_t m = core->depth;
    real *d = delta ? LINE_AT(a->delta[m], a->stride, 0, rows.first) : NULL;
    const real *slope = delta ? LINE_AT(a->slope[m], a->stride, 0, rows.first) : NULL;
    core->kernels->output(&core->output, rows.count, LINE_AT(a->e[m], a->stride, 0, rows.first),
                          LINE_AT(a->y[m], a->stride, 0, rows.first), slope, LINE_AT(a->t, a->stride, 0, rows.first),
                          a->stride, a->scale + rows.first, d, a->loss + rows.first);
}

/* d^{m-1} = Act_{m-1}'(e^{m-1}) . [ d^m (w^m)^T ]; for m = 1 without the slope: dL/dX */
static void delta_below(const CORE *core, const ARRAYS *a, bpnn__span rows, size_t m)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    const real *wt = l->has_twin ? core->twin + l->twin * LANES : core->w + l->weights * LANES;
    const real *d = LINE_AT(a->delta[m], a->stride, 0, rows.first);
    real *below = LINE_AT(a->delta[m - 1], a->stride, 0, rows.first);
    const real *slope = m > 1 ? LINE_AT(a->slope[m - 1], a->stride, 0, rows.first) : NULL;
    if (l->wide_in)
        core->kernels->rows(rows.count, l->in_panels, l->out, d, a->stride, wt, l->i_stride, NULL, 0, slope, below,
                            a->stride);
    else
        core->kernels->dots(rows.count, l->in, l->out_panels, d, a->stride, wt, l->o_stride, NULL, slope, below,
                            a->stride);
}

void BPNN_NAME(deltas_below)(const CORE *core, const ARRAYS *arrays, bpnn__span span)
{
    for (size_t m = core->depth; m > 1; m--)
        delta_below(core, arrays, span, m);
}

void BPNN_NAME(backward)(const CORE *core, const ARRAYS *arrays, bpnn__span span)
{
    output_delta(core, arrays, span, true);
    BPNN_NAME(deltas_below)(core, arrays, span);
    if (arrays->delta[0])
        delta_below(core, arrays, span, 1);
}

void BPNN_NAME(row_losses)(const CORE *core, const ARRAYS *arrays, bpnn__span span)
{
    output_delta(core, arrays, span, false);
}
