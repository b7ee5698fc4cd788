/* The instruction sets: one list. X(name, CPU test). Scalar is the exact oracle and always there. */
#ifndef BPNN_KERNEL_ISA_H
#define BPNN_KERNEL_ISA_H

#include <stdbool.h>
#include <stddef.h>

/* Rows in rising order of preference; `auto` takes the last usable one. */
typedef enum bpnn__isa {
    BPNN__ISA_SCALAR,
    BPNN__ISA_SSE2, /* multiply and add apart: not bit-portable; taken by auto only on x86 without FMA */
    BPNN__ISA_AVX2,
    BPNN__ISA_AVX512,
    BPNN__ISA_NEON,
    BPNN__ISA_COUNT
} bpnn__isa;

const char *bpnn__isa_name(int isa);  /* "scalar", "sse2", "avx2", "avx512", "neon" */
bool bpnn__isa_usable(int isa);       /* compiled in, and this machine runs it */
int bpnn__isa_find(const char *name); /* NULL or "auto" = the best usable; -1 = no such or not usable */

#endif
