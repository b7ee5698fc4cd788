/* The multiply-adds of peak.c by instruction set and precision. */
#include "kernel/isa.h"
#include <bpnn/net.h>

typedef double (*multiply_adds)(uint64_t rounds);

#define DECLARED(isa) double bpnn__f32_multiply_adds_##isa(uint64_t), bpnn__f64_multiply_adds_##isa(uint64_t);
#define BOTH(isa)                                                                                                      \
    {                                                                                                                  \
        bpnn__f32_multiply_adds_##isa, bpnn__f64_multiply_adds_##isa                                                   \
    }

DECLARED(scalar)
#if defined(__x86_64__)
DECLARED(sse2)
DECLARED(avx2)
DECLARED(avx512)
#elif defined(__aarch64__)
DECLARED(neon)
#endif

static const multiply_adds table[BPNN__ISA_COUNT][BPNN_PRECISION_COUNT] = {
    [BPNN__ISA_SCALAR] = BOTH(scalar),
#if defined(__x86_64__)
    [BPNN__ISA_SSE2] = BOTH(sse2),
    [BPNN__ISA_AVX2] = BOTH(avx2),
    [BPNN__ISA_AVX512] = BOTH(avx512),
#elif defined(__aarch64__)
    [BPNN__ISA_NEON] = BOTH(neon),
#endif
};

double bpnn_multiply_adds(const char *isa, bpnn_precision precision, uint64_t rounds)
{
    int found = bpnn__isa_find(isa);
    if (found < 0 || precision < 0 || precision >= BPNN_PRECISION_COUNT)
        return 0;
    return table[found][precision](rounds);
}
