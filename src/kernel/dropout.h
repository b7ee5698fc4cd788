/* Dropout: masks are drawn again from identity alone (seed, row, layer, update) wherever they are needed; none is stored. */
#ifndef BPNN_KERNEL_DROPOUT_H
#define BPNN_KERNEL_DROPOUT_H

#include "base/random.h"
#include "kernel/kernels.h"

static void dropout(const BPNN_NAME(dropout_rule) * rule, size_t rows, size_t cols, const size_t *ids, real *y,
                    real *slope, size_t stride)
{
    for (size_t r = 0; r < rows; r++) {
        uint64_t id = ids[r];
        for (size_t i = 0; i < cols; i += 4) {
            bpnn__philox counter = {
                {(uint32_t)(i / 4), (uint32_t)id, (uint32_t)(id >> 32) ^ rule->layer << 24, rule->t}};
            bpnn__philox words = bpnn__philox4x32(counter, rule->key[0], rule->key[1]);
            for (size_t k = i; k < i + 4 && k < cols; k++) {
                size_t at = (k / LANES * stride + r) * LANES + k % LANES;
                real factor = words.v[k - i] < rule->threshold ? rule->scale : 0;
                y[at] *= factor;
                if (slope)
                    slope[at] *= factor;
            }
        }
    }
}

#endif
