/* The gradients of one group of rows:
 *   dw^m = (y^{m-1})^T d^m           a block of LANES x LANES at a time, in the master's form
 *   db^m = column sums of d^m        (bias per neuron)
 *   db^m = sum of all of d^m         (one shared scalar) */
#include "core/core.h"

#define layer_of BPNN_NAME(layer)
#define columns_of BPNN_NAME(columns)

void BPNN_NAME(weight_block)(const CORE *core, size_t m, size_t q, size_t p, size_t *at, size_t *count)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    if (l->master_is_o) {
        *at = l->weights + p * l->o_stride + q * LANES;
        *count = columns_of(l->in, q);
    } else {
        *at = l->weights + q * l->i_stride + p * LANES;
        *count = columns_of(l->out, p);
    }
}

void BPNN_NAME(weight_gradient)(const CORE *core, const ARRAYS *arrays, size_t rows, size_t m, size_t q, size_t p,
                                real *out)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    const real *y = LINE_AT(arrays->y[m - 1], arrays->stride, q, 0);
    const real *d = LINE_AT(arrays->delta[m], arrays->stride, p, 0);
    if (l->master_is_o)
        core->kernels->tile(rows, columns_of(l->in, q), y, d, out, false);
    else
        core->kernels->tile(rows, columns_of(l->out, p), d, y, out, false);
}

void BPNN_NAME(bias_sums)(const CORE *core, const ARRAYS *arrays, size_t rows, size_t m, size_t p, real *out)
{
    core->kernels->sums(rows, LINE_AT(arrays->delta[m], arrays->stride, p, 0), out, false);
}

void BPNN_NAME(share_lanes)(const real *line, real *out)
{
    real sum[LANES];
    for (size_t l = 0; l < LANES; l++)
        sum[l] = line[l];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            sum[l] += sum[l + half];
    for (size_t l = 0; l < LANES; l++)
        out[l] = sum[0];
}

void BPNN_NAME(share_bias)(const CORE *core, size_t m, const real *column_sums, real *out)
{
    /* lanes over the columns, then the halving tree */
    real line[LANES] = {0};
    for (size_t p = 0; p < layer_of(core, m)->out_panels; p++)
        for (size_t l = 0; l < LANES; l++)
            line[l] += column_sums[p * LANES + l];
    BPNN_NAME(share_lanes)(line, out);
}
