/* iRprop+ (Igel & Huesken 2000), full batch: per number a step size D that grows while the sign of the gradient stays
 * and shrinks when it changes; then the last step is undone if the objective has risen. Variant minus never undoes
 * (iRprop-, as torch.optim.Rprop). */
#include "method/step.h"

static inline real sign_of(real x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

/* constants: grow, shrink, largest D, smallest D, 1 where the last step is undone on a change of sign;
 * states: last gradient, last step p, D */
DEFINE_UPDATE(rprop)
{
    const real *c = constants, grow = c[0], shrink = c[1], most = c[2], least = c[3];
    const int undo = c[4] != 0;
    real *restrict w = weights, *restrict last = states[0], *restrict p = states[1], *restrict D = states[2];
    const real *restrict g = gradient;
    for (size_t i = 0; i < lines * LANES; i++) {
        real s = sign_of(g[i]) * sign_of(last[i]);
        real up = D[i] * grow, down = D[i] * shrink;
        D[i] = s > 0 ? (up > most ? most : up) : s < 0 ? (down < least ? least : down) : D[i];
        real step = s < 0 ? (undo ? -p[i] : 0) : -sign_of(g[i]) * D[i];
        w[i] += step;
        p[i] = s < 0 ? 0 : step;
        last[i] = s < 0 ? 0 : g[i];
    }
}
