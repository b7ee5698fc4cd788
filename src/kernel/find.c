/* Choosing a row of the kernel table. Compiled once a precision. */
#include "kernel/isa.h"
#include "kernel/kernels.h"

#define ROW(isa) BPNN_PASTE3(BPNN_NAME(kernels), _, isa)

extern const BPNN_NAME(kernels) ROW(scalar);
#if defined(__x86_64__)
extern const BPNN_NAME(kernels) ROW(sse2), ROW(avx2), ROW(avx512);
#elif defined(__aarch64__)
extern const BPNN_NAME(kernels) ROW(neon);
#endif

static const BPNN_NAME(kernels) *const table[BPNN__ISA_COUNT] = {
    [BPNN__ISA_SCALAR] = &ROW(scalar),
#if defined(__x86_64__)
    [BPNN__ISA_SSE2] = &ROW(sse2),
    [BPNN__ISA_AVX2] = &ROW(avx2),
    [BPNN__ISA_AVX512] = &ROW(avx512),
#elif defined(__aarch64__)
    [BPNN__ISA_NEON] = &ROW(neon),
#endif
};

const BPNN_NAME(kernels) * BPNN_NAME(kernels_find)(const char *isa)
{
    int found = bpnn__isa_find(isa);
    return found < 0 ? NULL : table[found];
}
