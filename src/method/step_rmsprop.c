/* RMSProp (Tieleman & Hinton 2012): v = r v + (1-r) g^2, w -= a g / (sqrt v + e). */
#include "method/step.h"

/* constants: a, r, 1-r, e; states: v */
DEFINE_UPDATE(rmsprop)
{
    const real *c = constants, a = c[0], r = c[1], rest = c[2], e = c[3];
    real *restrict w = weights, *restrict v = states[0];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        v[i] = flush(FMA(v[i], r, (rest * g[i]) * g[i]));
        w[i] -= a * g[i] / (r_sqrt(v[i]) + e);
    }
}
