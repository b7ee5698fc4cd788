/* AdaDelta (Zeiler 2012): v = r v + (1-r) g^2, d = g sqrt(u+e) / sqrt(v+e), u = r u + (1-r) d^2, w -= a d. */
#include "method/step.h"

/* constants: a, r, 1-r, e; states: v, u */
DEFINE_UPDATE(adadelta)
{
    const real *c = constants, a = c[0], r = c[1], rest = c[2], e = c[3];
    real *restrict w = weights, *restrict v = states[0], *restrict u = states[1];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        v[i] = flush(FMA(v[i], r, (rest * g[i]) * g[i]));
        real d = g[i] * (r_sqrt(u[i] + e) / r_sqrt(v[i] + e));
        u[i] = flush(FMA(u[i], r, (rest * d) * d));
        w[i] = FMA(-a, d, w[i]);
    }
}
