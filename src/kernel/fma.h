/* One multiply-add, rounded once; the sse2 row alone rounds twice and is announced as not bit-portable. */
#ifndef BPNN_KERNEL_FMA_H
#define BPNN_KERNEL_FMA_H

#include "kernel/real.h"

#ifdef BPNN_NO_FMA
#define FMA(a, b, c) ((a) * (b) + (c))
#define FMA_DOUBLE(a, b, c) ((a) * (b) + (c))
#elif BPNN_PRECISION == 32
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define FMA_DOUBLE(a, b, c) __builtin_fma(a, b, c)
#else
#define FMA(a, b, c) __builtin_fma(a, b, c)
#define FMA_DOUBLE(a, b, c) __builtin_fma(a, b, c)
#endif

/* gcc leaves longer functions out of line, and then loops over them stay scalar. */
#define INLINE static inline __attribute__((always_inline))

#endif
