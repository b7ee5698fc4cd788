/* The random numbers of measurements: the same in every run (Marsaglia 2003, xorshift64 with 13, 7, 17). */
#ifndef BPNN_BENCH_UNIFORM_H
#define BPNN_BENCH_UNIFORM_H

#include <stdint.h>

/* [0, 1) */
static inline double uniform(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

#endif
