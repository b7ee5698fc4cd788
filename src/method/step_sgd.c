/* Gradient descent: w -= a g (the derivation's own rule);
 * momentum (Polyak 1964): v = mu v + g, w -= a v;  Nesterov (Sutskever et al. 2013): w -= a (g + mu v). */
#include "method/step.h"

/* constants: a */
DEFINE_UPDATE(sgd)
{
    const real a = ((const real *)constants)[0];
    real *restrict w = weights;
    const real *restrict g = gradient;
    (void)states;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++)
        w[i] = FMA(-a, g[i], w[i]);
}

/* constants: a, mu, 1 for Nesterov; states: v */
DEFINE_UPDATE(momentum)
{
    const real a = ((const real *)constants)[0], mu = ((const real *)constants)[1];
    const int nesterov = ((const real *)constants)[2] != 0;
    real *restrict w = weights, *restrict v = states[0];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        real next = flush(FMA(v[i], mu, g[i]));
        v[i] = next;
        w[i] = FMA(-a, nesterov ? FMA(mu, next, g[i]) : next, w[i]);
    }
}
