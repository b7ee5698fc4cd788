/* Levenberg-Marquardt (Levenberg 1944; Marquardt 1963; Hagan & Menhaj 1994) with Nielsen's damping (1999), on the
 * generalised Gauss-Newton matrix: p = -(H + mu D)^-1 g. F, g and H are taken over W, the sum of row weights, squared errors
 * halved: mu means the same at any number of rows and reduction. */
#include "method/descent.h"
#include "method/vectors.h"

#include <math.h>

/* options: mu, marquardt, matlab, tol, xtol, memory */
enum { MU_0, MARQUARDT, MATLAB, TOL, XTOL, MEMORY };
/* numbers: mu, nu */
enum { MU, NU };
enum { SCALING, VECTORS };
enum { STEP, TRIAL_W, ADD, WORKS };

#define MOST_MU 1e10
#define LEAST_MU 1e-20

static size_t vectors(const double *option)
{
    (void)option;
    return VECTORS;
}

static double memory(const double *option)
{
    return option[MEMORY] * 0x1p30;
}

static void begin(bpnn__descent *d)
{
    d->number[MU] = d->option[MU_0];
    d->number[NU] = 2;
    for (size_t i = 0; i < d->n; i++)
        d->vector[SCALING][i] = d->option[MARQUARDT] != 0 ? 0 : 1;
}

/* The running maximum of H_jj; 1 while it is 0. */
static void scale_damping(bpnn__descent *d, double c)
{
    double *D = d->vector[SCALING];
    for (size_t i = 0; d->option[MARQUARDT] != 0 && i < d->n; i++) {
        double h = c * *bpnn__dense_at(&d->curvature, i, i);
        D[i] = h > D[i] ? h : D[i];
    }
}

static double scaling_of(const bpnn__descent *d, size_t i)
{
    double D = d->vector[SCALING][i];
    return D > 0 ? D : 1;
}

static void reject(bpnn__descent *d)
{
    if (d->option[MATLAB] != 0) {
        d->number[MU] *= 10;
    } else {
        d->number[MU] *= d->number[NU];
        d->number[NU] *= 2;
    }
}

/* rho: the fall of F over the one foretold */
static void accept(bpnn__descent *d, double F, double rho)
{
    double factor = 0.1;
    if (d->option[MATLAB] == 0) {
        double t = 2 * rho - 1;
        factor = 1 - t * t * t;
        factor = factor > 1.0 / 3 ? factor : 1.0 / 3;
    }
    d->number[MU] *= factor;
    if (d->number[MU] < LEAST_MU)
        d->number[MU] = LEAST_MU;
    d->number[NU] = 2;
    bpnn__copy(d->n, d->work[TRIAL_W], d->w);
    d->F = F;
    d->step = bpnn__norm(d->n, d->work[STEP]);
    d->moved = true;
    d->curvature_known = false;
}

/* Solves for the step; false: H + mu D is not positive definite, mu has grown. */
static bool solve(bpnn__descent *d, double c)
{
    double *p = d->work[STEP], *add = d->work[ADD];
    for (size_t i = 0; i < d->n; i++)
        add[i] = d->number[MU] * scaling_of(d, i);
    if (!bpnn__factorise(d->factor, &d->curvature, c, add)) {
        d->number[MU] = 10 * (d->number[MU] > 1e-12 ? d->number[MU] : 1e-12);
        return false;
    }
    for (size_t i = 0; i < d->n; i++)
        p[i] = -c * d->g[i];
    bpnn__factor_solve(d->factor, p);
    return true;
}

/* One try: STEP where the step is too small to matter. */
static bpnn_stop attempt(bpnn__descent *d, double c)
{
    double *p = d->work[STEP], xtol = d->option[XTOL];
    if (!solve(d, c))
        return BPNN_STOP_NONE;
    if (bpnn__norm(d->n, p) <= xtol * (bpnn__norm(d->n, d->w) + xtol))
        return BPNN_STOP_STEP;
    bpnn__along(d->n, d->w, 1, p, d->work[TRIAL_W]);
    double F = bpnn__try_value(d, d->work[TRIAL_W]);
    double damped = 0; /* p.Dp mu */
    for (size_t i = 0; i < d->n; i++)
        damped += d->work[ADD][i] * p[i] * p[i];
    /* -g.p - p.Hp/2 with p.Hp = -g.p - mu p.Dp */
    double foretold = (damped - c * bpnn__dot(d->n, d->g, p)) / 2;
    if (F < d->F)
        accept(d, F, c * (d->F - F) / foretold);
    else
        reject(d);
    return BPNN_STOP_NONE;
}

static bpnn_stop iterate(bpnn__descent *d)
{
    double c = d->objective->energy / d->objective->total;
    bpnn_stop stop = BPNN_STOP_NONE;
    bpnn__renew_curvature(d);
    if (c * bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    scale_damping(d, c);
    while (!d->moved && stop == BPNN_STOP_NONE) {
        if (bpnn__is_halted(d))
            return BPNN_STOP_NONE;
        stop = d->number[MU] > MOST_MU ? BPNN_STOP_DAMPING : attempt(d, c);
    }
    d->damping = d->number[MU];
    return stop;
}

const bpnn__whole bpnn__lm = {
    .vectors = vectors, .works = WORKS, .curvature = true, .memory = memory, .begin = begin, .iterate = iterate};
