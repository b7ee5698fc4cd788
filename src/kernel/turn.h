/* Turning numbers: lines of rows into lines of columns. */
#ifndef BPNN_KERNEL_TURN_H
#define BPNN_KERNEL_TURN_H

#include "kernel/vector.h"

#include <stdbool.h>
#include <stddef.h>

#define QUAD (16 / (int)sizeof(real))
typedef real quad __attribute__((vector_size(16)));

/* LANES x LANES numbers, [unit][row] */
typedef real square[LANES * LANES] __attribute__((aligned(64)));

/* x[i][j] = x[j][i] */
INLINE void turn_quads(quad *x)
{
#if BPNN_PRECISION == 32
    quad a = __builtin_shufflevector(x[0], x[1], 0, 4, 1, 5), b = __builtin_shufflevector(x[0], x[1], 2, 6, 3, 7);
    quad c = __builtin_shufflevector(x[2], x[3], 0, 4, 1, 5), d = __builtin_shufflevector(x[2], x[3], 2, 6, 3, 7);
    x[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    x[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    x[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    x[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
#else
    quad a = __builtin_shufflevector(x[0], x[1], 0, 2);
    x[1] = __builtin_shufflevector(x[0], x[1], 1, 3);
    x[0] = a;
#endif
}

INLINE quad quad_of(const real *line, bool there)
{
    return there ? *(const quad *)__builtin_assume_aligned(line, 16) : (quad){0};
}

INLINE void put_quad(real *line, quad v, bool wanted)
{
    if (wanted)
        *(quad *)__builtin_assume_aligned(line, 16) = v;
}

/* out[k][r] = in[r][k] for r < rows (0 for the others), k < cols, cols > 0: lines of LANES numbers. */
INLINE void turn(size_t rows, size_t cols, const real *in, real *out)
{
    size_t k = 0;
    do {
        for (size_t r = 0; r < LANES; r += QUAD) {
            const real *from = in + r * LANES + k;
            real *to = out + k * LANES + r;
            quad part[QUAD];
            for (size_t i = 0; i < QUAD; i++)
                part[i] = quad_of(from + i * LANES, r + i < rows);
            turn_quads(part);
            for (size_t i = 0; i < QUAD; i++)
                put_quad(to + i * LANES, part[i], k + i < cols);
        }
        k += QUAD;
    } while (k < cols);
}

/* Back: row r of in[k][r], k < cols, to a line whose other columns are 0. */
INLINE void turn_back(size_t rows, size_t cols, const real *in, real *out)
{
    turn(cols, rows, in, out);
}

#endif
