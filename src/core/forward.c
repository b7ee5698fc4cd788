/* The forward pass:  e^m = y^{m-1} w^m + b^m,   y^m = Act_m(e^m),   m = 1 .. D. */
#include "base/random.h"
#include "core/core.h"

#define layer_of BPNN_NAME(layer)
#define columns_of BPNN_NAME(columns)

/* e^m = y^{m-1} w^m + b^m */
static void preactivate(const CORE *core, const ARRAYS *a, bpnn__span rows, size_t m)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    const real *w = core->w + l->weights * LANES;
    bpnn_bias mode = core->layers[m - 1].bias;
    const real *b = mode == BPNN_BIAS_NONE ? NULL : core->w + l->bias * LANES;
    const real *y = LINE_AT(a->y[m - 1], a->stride, 0, rows.first);
    real *e = LINE_AT(a->e[m], a->stride, 0, rows.first);
    if (l->wide_out)
        core->kernels->rows(rows.count, l->out_panels, l->in, y, a->stride, w, l->o_stride, b, mode == BPNN_BIAS_NEURON,
                            NULL, e, a->stride);
    else
        core->kernels->dots(rows.count, l->out, l->in_panels, y, a->stride, w, l->i_stride, b, NULL, e, a->stride);
}

/* y^m = Act_m(e^m), and Act_m'(e^m) where a backward pass will want it */
static void activate(const CORE *core, const ARRAYS *a, bpnn__span rows, size_t m)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    const bpnn_activation *act = &core->layers[m - 1].activation;
    bool slope = a->slope && (m < core->depth || !core->closed_form);
    if (act->kind == BPNN_ACT_SOFTMAX || act->kind == BPNN_ACT_LOG_SOFTMAX) {
        core->kernels->softmax(rows.count, l->out, act->kind == BPNN_ACT_LOG_SOFTMAX,
                               LINE_AT(a->e[m], a->stride, 0, rows.first), LINE_AT(a->y[m], a->stride, 0, rows.first),
                               a->stride);
        return;
    }
    for (size_t p = 0; p < l->out_panels; p++) {
        const real *e = LINE_AT(a->e[m], a->stride, p, rows.first);
        real *y = LINE_AT(a->y[m], a->stride, p, rows.first);
        real *s = slope ? LINE_AT(a->slope[m], a->stride, p, rows.first) : NULL;
        size_t cols = columns_of(l->out, p);
        if (act->kind == BPNN_ACT_USER)
            BPNN_NAME(user_activate)(act, rows.count, cols, e, y, s);
        else
            core->kernels->activate(act, rows.count, cols, e, y, s);
    }
}

/* y^m <- mask y^m / (1 - p), and the slope with it: a function of (seed, row, layer, t) alone */
static void drop_out(const CORE *core, const ARRAYS *a, bpnn__span rows, size_t m, uint64_t t)
{
    double keep = 1 - core->dropout;
    BPNN_NAME(dropout_rule)
    rule = {.threshold = (uint32_t)(keep * 0x1p32), .scale = (real)(1 / keep), .layer = (uint32_t)m, .t = (uint32_t)t};
    bpnn__random_key(core->seed, BPNN__STREAM_DROPOUT, rule.key);
    real *slope = a->slope ? LINE_AT(a->slope[m], a->stride, 0, rows.first) : NULL;
    core->kernels->dropout(&rule, rows.count, layer_of(core, m)->out, a->ids + rows.first,
                           LINE_AT(a->y[m], a->stride, 0, rows.first), slope, a->stride);
}

void BPNN_NAME(forward)(const CORE *core, const ARRAYS *arrays, bpnn__span span, bool drop, uint64_t t)
{
    for (size_t m = 1; m <= core->depth; m++) {
        preactivate(core, arrays, span, m);
        activate(core, arrays, span, m);
        if (drop && core->dropout > 0 && m < core->depth)
            drop_out(core, arrays, span, m, t);
    }
}
