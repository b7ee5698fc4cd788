/* iRprop+ (Igel & Huesken 2000), full batch: per number a step size D that grows while the sign of the gradient stays
 * and shrinks when it changes; then the last step is undone if the objective has risen. Variant minus never undoes
 * (iRprop-, as torch.optim.Rprop). */
#include "method/step.h"

/* 1, -1 or 0; 0 for NaN */
static inline real sign_of(real x)
{
    return (real)(x > 0) - (real)(x < 0);
}

/* constants: grow, shrink, largest D, smallest D, 1 where the last step is undone on a change of sign;
 * states: last gradient, last step p, D */
DEFINE_UPDATE(rprop)
{
    const real *c = constants, grow = c[0], shrink = c[1], most = c[2], least = c[3], undo = -c[4];
    real *restrict w = weights, *restrict last = states[0], *restrict p = states[1], *restrict D = states[2];
    const real *restrict g = gradient;
    ELEMENTWISE
    for (size_t i = 0; i < lines * LANES; i++) {
        real s = sign_of(g[i]) * sign_of(last[i]), size = D[i];
        real up = size * grow, down = size * shrink;
        up = up > most ? most : up;
        down = down < least ? least : down;
        size = s > 0 ? up : s < 0 ? down : size;
        real ahead = -sign_of(g[i]) * size, back = undo * p[i], step = s < 0 ? back : ahead;
        D[i] = size;
        w[i] += step;
        p[i] = s < 0 ? 0 : step;
        last[i] = s < 0 ? 0 : g[i];
    }
}
