/* Which instruction sets this build has and this machine runs. The rows are those of BPNN_ISAS in cmake/rooms.cmake. */
#include "kernel/isa.h"
#include <bpnn/version.h>

#include <string.h>

static const char *const names[BPNN__ISA_COUNT] = {
    [BPNN__ISA_SCALAR] = "scalar", [BPNN__ISA_SSE2] = "sse2", [BPNN__ISA_AVX2] = "avx2",
    [BPNN__ISA_AVX512] = "avx512", [BPNN__ISA_NEON] = "neon",
};

const char *bpnn__isa_name(int isa)
{
    return isa >= 0 && isa < BPNN__ISA_COUNT ? names[isa] : "unknown";
}

bool bpnn__isa_usable(int isa)
{
    switch (isa) {
    case BPNN__ISA_SCALAR:
        return true;
#if defined(__x86_64__)
    case BPNN__ISA_SSE2:
        return true;
    case BPNN__ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case BPNN__ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("fma");
#elif defined(__aarch64__)
    case BPNN__ISA_NEON:
        return true;
#endif
    default:
        return false;
    }
}

/* The last usable row; sse2 rounds differently, so it is never preferred to an exact one that is fast. */
static int best(void)
{
    for (int isa = BPNN__ISA_COUNT - 1; isa > BPNN__ISA_SCALAR; isa--)
        if (bpnn__isa_usable(isa))
            return isa;
    return BPNN__ISA_SCALAR;
}

int bpnn__isa_find(const char *name)
{
    if (!name || strcmp(name, "auto") == 0)
        return best();
    for (int isa = 0; isa < BPNN__ISA_COUNT; isa++)
        if (strcmp(names[isa], name) == 0)
            return bpnn__isa_usable(isa) ? isa : -1;
    return -1;
}

const char *bpnn_isa_name(void)
{
    return names[best()];
}
