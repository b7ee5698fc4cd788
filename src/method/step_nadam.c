/* NAdam (Dozat 2016): Adam's m and v; w -= a ((1-q) g / (1-M) + q' m / (1 - M q')) / (sqrt(v/c2) + e). */
#include "method/step.h"

/* constants: a (1-q)/(1-M), a q'/(1 - M q'), 1/c2, b1, 1-b1, b2, 1-b2, e; states: m, v */
DEFINE_UPDATE(nadam)
{
    const real *c = constants, ag = c[0], am = c[1], over_c2 = c[2], b1 = c[3], rest1 = c[4], b2 = c[5], rest2 = c[6],
               e = c[7];
    real *restrict w = weights, *restrict m = states[0], *restrict v = states[1];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        m[i] = flush(FMA(m[i], b1, rest1 * g[i]));
        v[i] = flush(FMA(v[i], b2, (rest2 * g[i]) * g[i]));
        w[i] -= FMA(am, m[i], ag * g[i]) / (r_sqrt(v[i] * over_c2) + e);
    }
}
