/* Scaled conjugate gradients (Moller 1993): the curvature along p by a difference of gradients, made positive by lam,
 * instead of a line search. r = -g. */
#include "method/descent.h"
#include "method/vectors.h"

#include <math.h>

/* options: tol, ftol, sigma, lambda */
enum { TOL, FTOL, SIGMA, LAMBDA };
/* numbers: lam, lamb (what is already in the curvature), the curvature d, 1 where it is new, successes, flat iterations */
enum { LAM, LAMB, CURVATURE, OK, SUCCESSES, FLAT };
enum { DIRECTION, VECTORS };
enum { TRIAL_W, TRIAL_G, WORKS };

#define LEAST_LAM 1e-15
#define MOST_LAM 1e20
#define ROUNDING 1e-14

static size_t vectors(const double *option)
{
    (void)option;
    return VECTORS;
}

static void steepest(bpnn__descent *d)
{
    bpnn__copy(d->n, d->g, d->vector[DIRECTION]);
    bpnn__scale(d->n, -1, d->vector[DIRECTION]);
}

static void begin(bpnn__descent *d)
{
    d->number[LAM] = d->option[LAMBDA];
    d->number[LAMB] = d->number[SUCCESSES] = d->number[FLAT] = 0;
    d->number[OK] = 1;
    steepest(d);
}

/* p.(g(w + sig p) - g(w)) / sig */
static double curvature_along(bpnn__descent *d, const double *p, double squares)
{
    double sigma = d->option[SIGMA] / sqrt(squares);
    bpnn__along(d->n, d->w, sigma, p, d->work[TRIAL_W]);
    if (!isfinite(bpnn__try_gradient(d, d->work[TRIAL_W], d->work[TRIAL_G])))
        return 0;
    bpnn__add_scaled(d->n, -1, d->g, d->work[TRIAL_G]);
    return bpnn__dot(d->n, p, d->work[TRIAL_G]) / sigma;
}

/* d + (lam - lamb)|p|^2, made positive. */
static double positive_curvature(bpnn__descent *d, double squares)
{
    double *x = d->number, with = x[CURVATURE] + (x[LAM] - x[LAMB]) * squares;
    if (with <= 0) {
        x[LAMB] = 2 * (x[LAM] - with / squares);
        with = -with + x[LAM] * squares;
        x[LAM] = x[LAMB];
    }
    x[CURVATURE] = with;
    return with;
}

/* How well the quadratic foretold F(w + s p): 1 is perfect. Where rounding makes it random, the gradients tell. */
static double comparison(const bpnn__descent *d, double F, double curvature, double u)
{
    if (!isfinite(F))
        return -1;
    if (fabs(d->F - F) <= ROUNDING * fabs(d->F) && bpnn__norm(d->n, d->work[TRIAL_G]) < bpnn__norm(d->n, d->g))
        return 1;
    return 2 * curvature * (d->F - F) / (u * u);
}

/* Moves to the trial point; p = r' or conjugate to the old one. u = p.r */
static void take(bpnn__descent *d, double F, double s, double u)
{
    double *p = d->vector[DIRECTION], *after = d->work[TRIAL_G];
    double square = bpnn__dot(d->n, after, after), mixed = bpnn__dot(d->n, after, d->g);
    d->step = s * bpnn__norm(d->n, p);
    d->number[SUCCESSES]++;
    bool restart = (uint64_t)d->number[SUCCESSES] % d->n == 0;
    bpnn__scale(d->n, restart ? 0 : (square - mixed) / u, p);
    bpnn__add_scaled(d->n, -1, after, p);
    bpnn__copy(d->n, d->work[TRIAL_W], d->w);
    bpnn__copy(d->n, after, d->g);
    d->F = F;
    d->moved = true;
    d->number[LAMB] = 0;
    d->number[OK] = 1;
}

/* One try along p. */
static void attempt(bpnn__descent *d)
{
    double *p = d->vector[DIRECTION], *x = d->number, u = -bpnn__dot(d->n, p, d->g);
    if (!(u > 0)) {
        steepest(d);
        u = bpnn__dot(d->n, d->g, d->g);
        x[OK] = 1;
    }
    double squares = bpnn__dot(d->n, p, p);
    if (x[OK] != 0)
        x[CURVATURE] = curvature_along(d, p, squares);
    double curvature = positive_curvature(d, squares), s = u / curvature;
    bpnn__along(d->n, d->w, s, p, d->work[TRIAL_W]);
    double F = bpnn__try_gradient(d, d->work[TRIAL_W], d->work[TRIAL_G]), D = comparison(d, F, curvature, u);
    if (D >= 0) {
        take(d, F, s, u);
        if (D >= 0.75)
            x[LAM] = x[LAM] / 4 > LEAST_LAM ? x[LAM] / 4 : LEAST_LAM;
    } else {
        x[LAMB] = x[LAM];
        x[OK] = 0;
    }
    if (D < 0.25)
        x[LAM] += curvature * (1 - D) / squares;
    if (!(x[LAM] < MOST_LAM))
        x[LAM] = MOST_LAM;
}

static bpnn_stop iterate(bpnn__descent *d)
{
    double before = d->F;
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    while (!d->moved) {
        if (bpnn__is_halted(d))
            return BPNN_STOP_NONE;
        if (d->number[LAM] >= MOST_LAM)
            return BPNN_STOP_DAMPING;
        attempt(d);
    }
    d->damping = d->number[LAM];
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    return bpnn__is_flat(before, d->F, d->option[FTOL], &d->number[FLAT]) ? BPNN_STOP_FLAT : BPNN_STOP_NONE;
}

static bool restored(bpnn__descent *d)
{
    return bpnn__is_whole(d->number[SUCCESSES], 0x1p53);
}

const bpnn__whole bpnn__scg = {
    .vectors = vectors, .works = WORKS, .begin = begin, .iterate = iterate, .restored = restored};
