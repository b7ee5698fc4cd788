/* Vectors of a fixed number of lanes that stay in registers: multiply-add, broadcast, and activations with their slopes. Loops over the
 * lanes of one vector: the compilers make vector instructions of them. The same operations as kernel/activations.h. */
#ifndef BPNN_KERNEL_LANEWISE_H
#define BPNN_KERNEL_LANEWISE_H

#include "kernel/elementary.h"
#include "kernel/vector.h"
#include <bpnn/net.h>

#include <stdbool.h>
#include <stddef.h>

/* Activations that NAME_activate knows. */
INLINE bool is_lanewise(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_IDENTITY || kind == BPNN_ACT_SIGMOID || kind == BPNN_ACT_TANH || kind == BPNN_ACT_RELU;
}

/* Before a loop over the lanes of one vector: clang would unroll it instead. */
#ifdef __clang__
#define PRAGMA(text) _Pragma(#text)
#define AS_VECTOR(lanes) PRAGMA(clang loop unroll(disable) vectorize_width(lanes))
#else
#define AS_VECTOR(lanes)
#endif

#define DEFINE_MAP(name, type, lanes, value)                                                                           \
    INLINE type name(type v)                                                                                           \
    {                                                                                                                  \
        real lane[lanes] __attribute__((aligned(sizeof(type))));                                                       \
        memcpy(lane, &v, sizeof v);                                                                                    \
        AS_VECTOR(lanes)                                                                                               \
        for (size_t l = 0; l < lanes; l++) {                                                                           \
            real x = lane[l];                                                                                          \
            lane[l] = (value);                                                                                         \
        }                                                                                                              \
        memcpy(&v, lane, sizeof v);                                                                                    \
        return v;                                                                                                      \
    }

/* gcc would take a multiply-add by one number apart into scalar ones: an empty asm on its vector keeps it whole. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define KEPT_WHOLE(v) __asm__("" : "+x"(v));
#else
#define KEPT_WHOLE(v)
#endif
#define AS_IT_IS(v)

/* A type of so many reals (whole: KEPT_WHOLE where a register holds one), and NAME_load, _store, _all, _fma, _activate. */
#define DEFINE_LANEWISE(type, lanes, whole)                                                                            \
    typedef real type __attribute__((vector_size((lanes) * sizeof(real))));                                            \
    typedef word type##_words __attribute__((vector_size((lanes) * sizeof(word))));                                    \
    DEFINE_MAP(type##_sigmoid, type, lanes, r_sigmoid(x))                                                              \
    DEFINE_MAP(type##_tanh, type, lanes, r_tanh(x))                                                                    \
    INLINE type type##_load(const real *from)                                                                          \
    {                                                                                                                  \
        return *(const type *)__builtin_assume_aligned(from, sizeof(type));                                            \
    }                                                                                                                  \
    INLINE void type##_store(real *to, type v)                                                                         \
    {                                                                                                                  \
        *(type *)__builtin_assume_aligned(to, sizeof(type)) = v;                                                       \
    }                                                                                                                  \
    INLINE type type##_all(real x)                                                                                     \
    {                                                                                                                  \
        type v = x - (type){0};                                                                                        \
        whole(v) return v;                                                                                             \
    }                                                                                                                  \
    INLINE type type##_fma(type a, type b, type c)                                                                     \
    {                                                                                                                  \
        for (int l = 0; l < (lanes); l++)                                                                              \
            c[l] = FMA(a[l], b[l], c[l]);                                                                              \
        return c;                                                                                                      \
    }                                                                                                                  \
    INLINE type type##_where(type##_words kept, type x)                                                                \
    {                                                                                                                  \
        type##_words words = (type##_words)x & kept;                                                                   \
        return (type)words;                                                                                            \
    }                                                                                                                  \
    INLINE type type##_activate(bpnn_activation_kind kind, type x, type *slope)                                        \
    {                                                                                                                  \
        type one = 1 - (type){0}, zero = {0}, v;                                                                       \
        switch (kind) {                                                                                                \
        case BPNN_ACT_SIGMOID:                                                                                         \
            v = type##_sigmoid(x);                                                                                     \
            *slope = v * (one - v);                                                                                    \
            return v;                                                                                                  \
        case BPNN_ACT_TANH:                                                                                            \
            v = type##_tanh(x);                                                                                        \
            *slope = type##_fma(-v, v, one);                                                                           \
            return v;                                                                                                  \
        case BPNN_ACT_RELU:                                                                                            \
            *slope = type##_where((type##_words)(x > zero), one);                                                      \
            return type##_where(~(type##_words)(x < zero), x);                                                         \
        default: /* identity */                                                                                        \
            *slope = one;                                                                                              \
            return x;                                                                                                  \
        }                                                                                                              \
    }

#endif
