/* Multiply-adds in registers: CHAINS that do not wait for one another, enough to fill every pipe. Compiled once for every
 * instruction set and precision; peak_find.c chooses. */
#include "kernel/vector.h"

#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
enum { CHAINS = 12 };

/* As vec_fma; here gcc would take the loop over known lanes apart and never make a vector of it again. */
INLINE vec step(vec x, vec factor, vec term)
{
#ifdef BPNN_NO_FMA
    return x * factor + term;
#else
#if !defined(__clang__)
#pragma GCC unroll 1
#endif
    for (int l = 0; l < WIDTH; l++)
        x[l] = FMA(x[l], factor[l], term[l]);
    return x;
#endif
}

double BPNN_PASTE3(BPNN_NAME(multiply_adds), _, BPNN_ISA)(uint64_t rounds);

double BPNN_PASTE3(BPNN_NAME(multiply_adds), _, BPNN_ISA)(uint64_t rounds)
{
    static const volatile real numbers[2] = {(real)0.999, (real)0.001}; /* gcc takes vectors of known numbers apart */
    const vec factor = vec_all(numbers[0]), term = vec_all(numbers[1]);
#define BEGIN(i) vec x##i = term * (real)(i);
#define STEP(i) x##i = step(x##i, factor, term);
#define SUM(i) sum += x##i;
    EACH_CHAIN(BEGIN)
    for (uint64_t n = 0; n < rounds; n++) {
        EACH_CHAIN(STEP)
    }
    vec sum = vec_all(0);
    EACH_CHAIN(SUM)
    static const double flops = 2.0 * CHAINS * WIDTH;
    /* the sum is at least 0; it is asked for so that the chains are not left out */
    return sum[0] >= 0 ? flops * (double)rounds : 0;
}
