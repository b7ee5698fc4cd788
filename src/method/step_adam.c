/* Adam (Kingma & Ba 2015), and with decoupled decay AdamW (Loshchilov & Hutter 2019):
 * m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= (a/c1) m / (sqrt(v/c2) + e), cj = 1 - bj^t. */
#include "method/step.h"

/* constants: a/c1, 1/c2, b1, 1-b1, b2, 1-b2, e; states: m, v */
DEFINE_UPDATE(adam)
{
    const real *c = constants, a = c[0], over_c2 = c[1], b1 = c[2], rest1 = c[3], b2 = c[4], rest2 = c[5], e = c[6];
    real *restrict w = weights, *restrict m = states[0], *restrict v = states[1];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        m[i] = flush(FMA(m[i], b1, rest1 * g[i]));
        v[i] = flush(FMA(v[i], b2, (rest2 * g[i]) * g[i]));
        w[i] -= a * m[i] / (r_sqrt(v[i] * over_c2) + e);
    }
}
