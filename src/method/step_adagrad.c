/* AdaGrad (Duchi, Hazan & Singer 2011): v += g^2, w -= a g / (sqrt v + e). */
#include "method/step.h"

/* constants: a, e; states: v */
DEFINE_UPDATE(adagrad)
{
    const real *c = constants, a = c[0], e = c[1];
    real *restrict w = weights, *restrict v = states[0];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        v[i] = flush(FMA(g[i], g[i], v[i]));
        w[i] -= a * g[i] / (r_sqrt(v[i]) + e);
    }
}
