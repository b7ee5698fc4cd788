/* The elementary functions of src/kernel/elementary.h as loops over arrays, compiled as the kernels are: once for each
 * instruction set and precision. */
#ifndef ELEMENTARY_ROWS_H
#define ELEMENTARY_ROWS_H

#include <stddef.h>

#define FUNCTIONS(X) X(exp) X(expm1) X(log) X(log1p) X(tanh) X(sigmoid) X(softplus) X(erf) X(sin) X(cos)

#define FUNCTION_ID(f) FUNCTION_##f,
enum { FUNCTIONS(FUNCTION_ID) FUNCTION_COUNT };
#undef FUNCTION_ID

/* y[i] = f(x[i]): n floats or doubles, by the row's precision. */
typedef void (*elementary_loop)(size_t n, const void *x, void *y);

#if defined(__x86_64__)
#define ELEMENTARY_ROWS(X) X(scalar) X(sse2) X(avx2) X(avx512)
#elif defined(__aarch64__)
#define ELEMENTARY_ROWS(X) X(scalar) X(neon)
#else
#define ELEMENTARY_ROWS(X) X(scalar)
#endif

#define DECLARE_ROW(isa)                                                                                               \
    extern const elementary_loop elementary_f32_##isa[FUNCTION_COUNT];                                                 \
    extern const elementary_loop elementary_f64_##isa[FUNCTION_COUNT];
ELEMENTARY_ROWS(DECLARE_ROW)
#undef DECLARE_ROW

#endif
