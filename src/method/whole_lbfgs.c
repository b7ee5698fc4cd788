/* L-BFGS (Nocedal 1980; Liu & Nocedal 1989): p = -H g by the two-loop recursion over the newest pairs s = w' - w,
 * y = g' - g, H_0 = (s.y / y.y) I of the newest; strong Wolfe steps. */
#include "method/descent.h"
#include "method/vectors.h"

#include <math.h>

/* options: memory, tol, ftol, c2 */
enum { MEMORY, TOL, FTOL, C2 };
enum { MOST_MEMORY = 40 };
/* numbers: pairs kept, place of the newest, pairs skipped, flat iterations; 1/(s.y) stands behind them */
enum { PAIRS, NEWEST, SKIPPED, FLAT, RHO };
enum { TRIAL_W, TRIAL_G, DIRECTION, MOVE, CHANGE, WORKS }; /* work */

_Static_assert(RHO + MOST_MEMORY <= BPNN__NUMBERS, "every pair has its 1/(s.y)");

static size_t capacity(const double *option)
{
    return (size_t)option[MEMORY];
}

static size_t vectors(const double *option)
{
    return 2 * capacity(option);
}

static double *s_of(const bpnn__descent *d, size_t k)
{
    return d->vector[2 * k];
}

static double *y_of(const bpnn__descent *d, size_t k)
{
    return d->vector[2 * k + 1];
}

/* Place of the pair that is `back` before the newest. */
static size_t pair(const bpnn__descent *d, size_t back)
{
    size_t m = capacity(d->option);
    return ((size_t)d->number[NEWEST] + m - back) % m;
}

static void begin(bpnn__descent *d)
{
    d->number[PAIRS] = d->number[NEWEST] = d->number[SKIPPED] = d->number[FLAT] = 0;
}

/* p = -H g */
static void direct(bpnn__descent *d, double *p)
{
    double alpha[MOST_MEMORY];
    size_t pairs = (size_t)d->number[PAIRS];
    bpnn__copy(d->n, d->g, p);
    bpnn__scale(d->n, -1, p);
    for (size_t i = 0; i < pairs; i++) {
        size_t k = pair(d, i);
        alpha[i] = d->number[RHO + k] * bpnn__dot(d->n, s_of(d, k), p);
        bpnn__add_scaled(d->n, -alpha[i], y_of(d, k), p);
    }
    if (pairs == 0)
        return;
    size_t newest = pair(d, 0);
    bpnn__scale(d->n, 1 / (d->number[RHO + newest] * bpnn__dot(d->n, y_of(d, newest), y_of(d, newest))), p);
    for (size_t i = pairs; i-- > 0;) {
        size_t k = pair(d, i);
        double beta = d->number[RHO + k] * bpnn__dot(d->n, y_of(d, k), p);
        bpnn__add_scaled(d->n, alpha[i] - beta, s_of(d, k), p);
    }
}

/* Keeps the pair of the step from w to the trial point if its curvature is above rounding. */
static void keep_pair(bpnn__descent *d)
{
    size_t next = d->number[PAIRS] == 0 ? (size_t)d->number[NEWEST] : (pair(d, 0) + 1) % capacity(d->option);
    double *s = d->work[MOVE], *y = d->work[CHANGE];
    bpnn__along(d->n, d->work[TRIAL_W], -1, d->w, s);
    bpnn__along(d->n, d->work[TRIAL_G], -1, d->g, y);
    double product = bpnn__dot(d->n, s, y);
    if (!(product > 1e-10 * bpnn__norm(d->n, s) * bpnn__norm(d->n, y))) {
        d->number[SKIPPED]++;
        return;
    }
    bpnn__copy(d->n, s, s_of(d, next));
    bpnn__copy(d->n, y, y_of(d, next));
    d->number[RHO + next] = 1 / product;
    d->number[NEWEST] = (double)next;
    d->number[PAIRS] += d->number[PAIRS] < d->option[MEMORY];
}

static bool search(bpnn__descent *d, bpnn__line *line)
{
    double *p = d->work[DIRECTION];
    direct(d, p);
    line->slope = bpnn__dot(d->n, p, d->g);
    if (!(line->slope < 0))
        return false;
    double length = bpnn__absolute_sum(d->n, d->g);
    line->first = d->number[PAIRS] > 0 || length < 1 ? 1 : 1 / length;
    return bpnn__line_search(d, line);
}

static bpnn_stop iterate(bpnn__descent *d)
{
    bpnn__line line = {
        .p = d->work[DIRECTION], .c1 = 1e-4, .c2 = d->option[C2], .w = d->work[TRIAL_W], .g = d->work[TRIAL_G]};
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    bool found = search(d, &line);
    if (!found && !d->halted && d->number[PAIRS] > 0) { /* steepest descent */
        d->number[PAIRS] = 0;
        found = search(d, &line);
    }
    if (d->halted)
        return BPNN_STOP_NONE;
    if (!found)
        return BPNN_STOP_LINE_SEARCH;
    double before = d->F;
    keep_pair(d);
    bpnn__line_take(d, &line);
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    return bpnn__is_flat(before, d->F, d->option[FTOL], &d->number[FLAT]) ? BPNN_STOP_FLAT : BPNN_STOP_NONE;
}

static bool restored(bpnn__descent *d)
{
    double most = d->option[MEMORY];
    return bpnn__is_whole(d->number[PAIRS], most) && bpnn__is_whole(d->number[NEWEST], most - 1);
}

const bpnn__whole bpnn__lbfgs = {
    .vectors = vectors, .works = WORKS, .begin = begin, .iterate = iterate, .restored = restored};
