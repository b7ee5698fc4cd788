/* Moving numbers into panels, and small loops over lines. */
#ifndef BPNN_KERNEL_MOVES_H
#define BPNN_KERNEL_MOVES_H

#include "kernel/elementary.h"
#include "kernel/vector.h"
#include <bpnn/matrix.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* `count` < LANES numbers of another type into a line, the rest 0. A whole line may be read where `whole`. */
#define DEFINE_GATHER(type)                                                                                            \
    INLINE void whole_line_of_##type(const type *restrict from, real *restrict out)                                    \
    {                                                                                                                  \
        if (sizeof(type) == sizeof(real))                                                                              \
            for (size_t v = 0; v < LANES; v += WIDTH)                                                                  \
                vec_store(out + v, vec_loose((const real *)(const void *)(from + v)));                                 \
        else                                                                                                           \
            for (size_t l = 0; l < LANES; l++)                                                                         \
                out[l] = (real)from[l];                                                                                \
    }                                                                                                                  \
    INLINE void line_of_##type(const type *from, size_t count, bool whole, real *out)                                  \
    {                                                                                                                  \
        if (whole) {                                                                                                   \
            real line[LANES] __attribute__((aligned(64)));                                                             \
            whole_line_of_##type(from, line);                                                                          \
            keep_first(count, line, out);                                                                              \
            return;                                                                                                    \
        }                                                                                                              \
        for (size_t l = 0; l < LANES; l++)                                                                             \
            out[l] = l < count ? (real)from[l] : 0;                                                                    \
    }                                                                                                                  \
    static void gather_##type(bpnn_matrix m, const size_t *ids, size_t first, size_t rows, real *out, size_t stride)   \
    {                                                                                                                  \
        size_t panels = m.cols / LANES, rest = m.cols % LANES;                                                         \
        size_t numbers = (m.rows - 1) * m.stride + m.cols;                                                             \
        for (size_t r = 0; r < rows; r++) {                                                                            \
            size_t at = (ids ? ids[r] : first + r) * m.stride;                                                         \
            const type *from = (const type *)m.data + at;                                                              \
            real *to = out + r * LANES;                                                                                \
            for (size_t p = 0; p < panels; p++, to += stride * LANES)                                                  \
                whole_line_of_##type(from + p * LANES, to);                                                            \
            if (rest)                                                                                                  \
                line_of_##type(from + panels * LANES, rest, at + (panels + 1) * LANES <= numbers, to);                 \
        }                                                                                                              \
    }

typedef unsigned char byte;
DEFINE_GATHER(float)
DEFINE_GATHER(double)
DEFINE_GATHER(byte)

static void gather(bpnn_matrix m, const size_t *ids, size_t first, size_t rows, real *out, size_t stride)
{
    if (m.dtype == BPNN_F32)
        gather_float(m, ids, first, rows, out, stride);
    else if (m.dtype == BPNN_F64)
        gather_double(m, ids, first, rows, out, stride);
    else
        gather_byte(m, ids, first, rows, out, stride);
}

static double class_at(bpnn_matrix m, size_t row)
{
    size_t at = row * m.stride;
    if (m.dtype == BPNN_F32)
        return (double)((const float *)m.data)[at];
    return m.dtype == BPNN_F64 ? ((const double *)m.data)[at] : ((const byte *)m.data)[at];
}

static void one_hot(bpnn_matrix m, const size_t *ids, size_t first, size_t rows, size_t cols, real *out, size_t stride)
{
    for (size_t r = 0; r < rows; r++) {
        double class = class_at(m, ids ? ids[r] : first + r);
        bool known = class >= 0 && class < (double)cols;
        for (size_t p = 0; p * LANES < cols; p++)
            for (size_t l = 0; l < LANES; l++)
                out[(p * stride + r) * LANES + l] = known || p * LANES + l >= cols ? 0 : (real)__builtin_nan("");
        if (known) {
            size_t k = (size_t) class;
            out[(k / LANES * stride + r) * LANES + k % LANES] = 1;
        }
    }
}

static void add_scaled(size_t lines, real factor, const real *y, real *x)
{
    for (size_t i = 0; i < lines * LANES; i++)
        x[i] = FMA(factor, y[i], x[i]);
}

static void scale(size_t lines, real factor, real *x)
{
    for (size_t i = 0; i < lines * LANES; i++)
        x[i] *= factor;
}

/* The proximal step of amount |x|: soft threshold. */
static void shrink(size_t lines, real amount, real *x)
{
    for (size_t i = 0; i < lines * LANES; i++) {
        real left = r_abs(x[i]) - amount;
        x[i] = left > 0 ? (x[i] < 0 ? -left : left) : x[i] != x[i] ? x[i] : 0;
    }
}

/* Lanes of the line's width in double, then the tree. */
static double squares(size_t lines, const real *x)
{
    double sums[LANES] = {0};
    for (size_t i = 0; i < lines; i++)
        for (size_t l = 0; l < LANES; l++)
            sums[l] = FMA_DOUBLE((double)x[i * LANES + l], (double)x[i * LANES + l], sums[l]);
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            sums[l] += sums[l + half];
    return sums[0];
}

/* x - x is 0 for finite x and NaN for the others. */
static bool all_finite(size_t lines, const real *x)
{
    real worst = 0;
    for (size_t i = 0; i < lines * LANES; i++)
        worst = x[i] - x[i] == 0 ? worst : 1;
    return worst == 0;
}

#endif
