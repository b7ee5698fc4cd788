/* The vector vocabulary: one line is VECTORS vectors of BPNN_BYTES bytes. GCC's and clang's vector extensions, no
 * instruction set's headers. */
#ifndef BPNN_KERNEL_VECTOR_H
#define BPNN_KERNEL_VECTOR_H

#include "kernel/fma.h"
#include "kernel/real.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIDTH (BPNN_BYTES / (int)sizeof(real)) /* numbers in a vector */
#define VECTORS (64 / BPNN_BYTES)              /* vectors in a line */

typedef real vec __attribute__((vector_size(BPNN_BYTES)));

/* EACH_VECTOR(X, i): X(i, v) for every vector v of a line. Accumulators must be named variables: arrays of them
 * end up in memory. */
#if VECTORS == 1
#define EACH_VECTOR(X, i) X(i, 0)
#elif VECTORS == 2
#define EACH_VECTOR(X, i) X(i, 0) X(i, 1)
#else
#define EACH_VECTOR(X, i) X(i, 0) X(i, 1) X(i, 2) X(i, 3)
#endif

INLINE vec vec_load(const real *from)
{
    return *(const vec *)__builtin_assume_aligned(from, BPNN_BYTES);
}

/* From any address of a real. */
INLINE vec vec_loose(const real *from)
{
    typedef real loose __attribute__((vector_size(BPNN_BYTES), aligned(sizeof(real))));
    return *(const loose *)from;
}

INLINE void vec_store(real *to, vec v)
{
    *(vec *)__builtin_assume_aligned(to, BPNN_BYTES) = v;
}

/* All lanes x. gcc would fuse eight broadcasts into one strided load and shuffles: the empty asm keeps them apart. */
INLINE vec vec_all(real x)
{
    vec v = x - (vec){0};
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
    __asm__("" : "+x"(v));
#elif defined(__GNUC__) && !defined(__clang__) && defined(__aarch64__)
    __asm__("" : "+w"(v));
#endif
    return v;
}

/* a b + c, rounded once (sse2: twice). */
INLINE vec vec_fma(vec a, vec b, vec c)
{
#ifdef BPNN_NO_FMA
    return a * b + c;
#else
    for (int l = 0; l < WIDTH; l++)
        c[l] = FMA(a[l], b[l], c[l]);
    return c;
#endif
}

#if BPNN_PRECISION == 32
typedef int32_t word;
#else
typedef int64_t word;
#endif
typedef word word_vec __attribute__((vector_size(BPNN_BYTES), aligned(sizeof(word)), may_alias));

/* From LANES - n on: n words of ones, then zeros. */
#if BPNN_PRECISION == 32
static const word kept_words[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
#else
static const word kept_words[2 * LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
#endif

/* A line's first `count` numbers, the rest 0. */
INLINE void keep_first(size_t count, const real *line, real *out)
{
    for (size_t v = 0; v < LANES; v += WIDTH)
        *(word_vec *)(void *)(out + v) =
            *(const word_vec *)(const void *)(line + v) & *(const word_vec *)(kept_words + LANES - count + v);
}

/* The halving tree over a line: l with l + LANES/2, .. ; destroys the line, returns its sum. */
INLINE real line_tree(real *line)
{
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int l = 0; l < half; l++)
            line[l] += line[l + half];
    return line[0];
}

#endif
