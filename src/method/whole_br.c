/* Bayesian regularisation (MacKay 1992; Foresee & Hagan 1997): Levenberg-Marquardt steps on
 *   M(w) = beta E_D + sum_g alpha_g E_g,   E_D the loss (half the sum of squares), E_g = |w_g|^2 / 2,
 * and after each of them new alpha_g = gamma_g / (2 E_g), beta = (N C - gamma) / (2 E_D), where
 * gamma_g = P_g - alpha_g tr_g(H^-1), H = beta A + diag(alpha): the evidence framework. Likelihood losses have beta = 1. */
#include "kernel/scalar.h"
#include "method/descent.h"
#include "method/vectors.h"

#include <math.h>

/* options: mu, single, tol, gamma_tol, ftol, memory */
enum { MU_0, SINGLE, TOL, GAMMA_TOL, FTOL, MEMORY };
/* numbers: mu, beta, gamma, calm iterations */
enum { MU, BETA, GAMMA, CALM };
enum { ALPHA, GAMMAS, VECTORS }; /* alpha_g and gamma_g stand at [g] */
enum { STEP, TRIAL_W, ADD, DIAGONAL, SLOPE, WORKS };
enum { CALM_ENOUGH = 3 };

#define MOST_MU 1e10
#define LEAST_MU 1e-20
#define LEAST_ALPHA 1e-8
#define MOST_ALPHA 1e8
#define TRACE 1e-6 /* of the rows' weight */
#define LEAST_BETA 1e-12
#define MOST_BETA 1e12
#define ROUNDING 1e-14

static size_t vectors(const double *option)
{
    (void)option;
    return VECTORS;
}

static double memory(const double *option)
{
    return option[MEMORY] * 0x1p30;
}

/* ---- groups of parameters under one prior ---- */

/* A free parameter: no prior. */
#define FREE SIZE_MAX

/* The group of part `part`: with a layer's prior each part but the output biases is one; else all parts are one. */
static size_t group_of(const bpnn__descent *d, size_t part)
{
    if (d->option[SINGLE] != 0)
        return 0;
    return d->objective->part[part].kind == BPNN__PART_OUTPUT_BIAS ? FREE : part;
}

/* alpha of a part. Output biases are free, but for a trace where nothing else holds them: softmax does not feel it when all of
 * them move together, and H would be singular. */
static double alpha_of(const bpnn__descent *d, size_t part)
{
    size_t g = group_of(d, part);
    if (g != FREE)
        return d->vector[ALPHA][g];
    return d->objective->likelihood ? TRACE * d->objective->total : 0;
}

/* to[i] = alpha of parameter i, times w[i] where w is given; added to `extra`. */
static void spread_alpha(const bpnn__descent *d, const double *w, double extra, double *to)
{
    for (size_t k = 0; k < d->objective->part_count; k++) {
        const bpnn__parameters *part = &d->objective->part[k];
        double alpha = alpha_of(d, k);
        for (size_t i = part->first; i < part->first + part->count; i++)
            to[i] = extra + (w ? alpha * w[i] : alpha);
    }
}

/* sum_g alpha_g E_g */
static double prior_energy(const bpnn__descent *d, const double *w)
{
    double sum = 0;
    for (size_t k = 0; k < d->objective->part_count; k++) {
        const bpnn__parameters *part = &d->objective->part[k];
        sum += alpha_of(d, k) * bpnn__dot(part->count, w + part->first, w + part->first) / 2;
    }
    return sum;
}

static double M_of(const bpnn__descent *d, double F, const double *w)
{
    return d->number[BETA] * d->objective->energy * F + prior_energy(d, w);
}

static void begin(bpnn__descent *d)
{
    d->number[MU] = d->option[MU_0];
    d->number[BETA] = 1;
    d->number[GAMMA] = (double)d->n;
    d->number[CALM] = 0;
    for (size_t i = 0; i < d->n; i++)
        d->vector[ALPHA][i] = d->vector[GAMMAS][i] = 1;
}

/* ---- the step ---- */

/* One Levenberg-Marquardt step on M with damping mu beta W. `stay`: M is flat to rounding here. */
static bpnn_stop step(bpnn__descent *d, double M, bool *stay)
{
    double *p = d->work[STEP], *x = d->number, scale = x[BETA] * d->objective->energy;
    spread_alpha(d, NULL, x[MU] * x[BETA] * d->objective->total, d->work[ADD]);
    if (x[MU] > MOST_MU)
        return BPNN_STOP_DAMPING;
    if (!bpnn__factorise(d->factor, &d->curvature, scale, d->work[ADD])) {
        x[MU] = 10 * (x[MU] > 1e-12 ? x[MU] : 1e-12);
        return BPNN_STOP_NONE;
    }
    bpnn__copy(d->n, d->work[SLOPE], p);
    bpnn__scale(d->n, -1, p);
    bpnn__factor_solve(d->factor, p);
    bpnn__along(d->n, d->w, 1, p, d->work[TRIAL_W]);
    double F = bpnn__try_value(d, d->work[TRIAL_W]), next = M_of(d, F, d->work[TRIAL_W]);
    if (next < M) {
        x[MU] = x[MU] / 10 > LEAST_MU ? x[MU] / 10 : LEAST_MU;
        bpnn__copy(d->n, d->work[TRIAL_W], d->w);
        d->step = bpnn__norm(d->n, p);
        d->F = F;
        d->moved = true;
        d->curvature_known = false;
    } else if (next - M <= ROUNDING * fabs(M)) {
        *stay = true;
    } else {
        x[MU] *= 10;
    }
    return BPNN_STOP_NONE;
}

/* ---- the evidence ---- */

static double within(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x; /* a NaN stays */
}

/* ln p(data | alpha, beta) = -M - ln det H / 2 + sum_g (P_g / 2) ln alpha_g + (N C / 2) ln(beta / 2 pi) */
static double log_evidence(const bpnn__descent *d, double M)
{
    double sum = -M - bpnn__factor_log_det(d->factor) / 2, beta = d->number[BETA];
    for (size_t k = 0; k < d->objective->part_count; k++)
        if (group_of(d, k) != FREE)
            sum += (double)d->objective->part[k].count / 2 * bpnn__log(d->vector[ALPHA][group_of(d, k)]);
    if (!d->objective->likelihood)
        sum += d->objective->observations / 2 * bpnn__log(beta / 6.283185307179586);
    return sum;
}

/* P_g, 2 E_g and tr_g(H^-1) of one group */
typedef struct group_sums {
    double size, squares, trace;
} group_sums;

static group_sums sum_group(const bpnn__descent *d, size_t g)
{
    group_sums sums = {0};
    for (size_t k = 0; k < d->objective->part_count; k++) {
        const bpnn__parameters *part = &d->objective->part[k];
        if (group_of(d, k) != g)
            continue;
        sums.size += (double)part->count;
        sums.squares += bpnn__dot(part->count, d->w + part->first, d->w + part->first);
        for (size_t i = part->first; i < part->first + part->count; i++)
            sums.trace += d->work[DIAGONAL][i];
    }
    return sums;
}

/* New alpha_g, beta, gamma at w; keeps them where H cannot be factored. */
static void update_evidence(bpnn__descent *d)
{
    double *x = d->number, *alpha = d->vector[ALPHA], NC = d->objective->observations, gamma = 0;
    spread_alpha(d, NULL, 0, d->work[ADD]);
    if (!bpnn__factorise(d->factor, &d->curvature, x[BETA] * d->objective->energy, d->work[ADD]))
        return;
    d->log_evidence = log_evidence(d, M_of(d, d->F, d->w));
    bpnn__factor_inverse_diagonal(d->factor, d->work[DIAGONAL]);
    for (size_t k = 0; k < d->objective->part_count; k++) {
        size_t g = group_of(d, k);
        if (g == FREE)
            gamma += (double)d->objective->part[k].count;
        if (g != k)
            continue; /* free, or counted with its group */
        group_sums s = sum_group(d, g);
        double gamma_g = within(s.size - alpha[g] * s.trace, 1e-6 * s.size, s.size);
        alpha[g] = within(gamma_g / s.squares, LEAST_ALPHA, MOST_ALPHA);
        d->vector[GAMMAS][g] = gamma_g;
        gamma += gamma_g;
    }
    double left = NC - gamma > 0.01 * NC ? NC - gamma : 0.01 * NC;
    if (!d->objective->likelihood)
        x[BETA] = within(left / (2 * d->objective->energy * d->F), LEAST_BETA, MOST_BETA);
    x[GAMMA] = gamma;
}

static void report(bpnn__descent *d)
{
    d->damping = d->number[MU];
    d->effective = d->number[GAMMA];
    d->beta = d->objective->likelihood ? (double)NAN : d->number[BETA];
    d->noise = 1 / sqrt(d->beta);
    d->alpha = d->vector[ALPHA];
    d->gamma = d->vector[GAMMAS];
    d->single = d->option[SINGLE] != 0;
}

static bpnn_stop iterate(bpnn__descent *d)
{
    double *x = d->number;
    bpnn_stop stop = BPNN_STOP_NONE;
    bool stay = false;
    bpnn__renew_curvature(d);
    spread_alpha(d, d->w, 0, d->work[SLOPE]);
    bpnn__add_scaled(d->n, x[BETA] * d->objective->energy, d->g, d->work[SLOPE]);
    if (bpnn__max_abs(d->n, d->work[SLOPE]) <= d->option[TOL] * x[BETA] * d->objective->total)
        return BPNN_STOP_GRADIENT;
    double M = M_of(d, d->F, d->w), gamma = x[GAMMA];
    while (!d->moved && !stay && stop == BPNN_STOP_NONE) {
        if (bpnn__is_halted(d))
            return BPNN_STOP_NONE;
        stop = step(d, M, &stay);
    }
    if (stop != BPNN_STOP_NONE)
        return stop;
    double fall = M - M_of(d, d->F, d->w);
    bpnn__renew_curvature(d);
    update_evidence(d);
    d->moved = true;
    report(d);
    bool calm = fabs(x[GAMMA] - gamma) < d->option[GAMMA_TOL] && fall < d->option[FTOL] * fabs(M);
    x[CALM] = calm ? x[CALM] + 1 : 0;
    return x[CALM] >= CALM_ENOUGH ? BPNN_STOP_EVIDENCE : BPNN_STOP_NONE;
}

/* What is told of the last iteration points into the vectors. */
static bool restored(bpnn__descent *d)
{
    if (!isnan(d->effective))
        report(d);
    return true;
}

const bpnn__whole bpnn__br = {.vectors = vectors,
                              .works = WORKS,
                              .curvature = true,
                              .evidence = true,
                              .memory = memory,
                              .begin = begin,
                              .iterate = iterate,
                              .restored = restored};
