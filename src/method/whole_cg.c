/* Nonlinear conjugate gradients: p = -g + b p with b of Polak & Ribiere 1969, not below 0, or of Fletcher & Reeves
 * 1964; restarts where successive gradients are far from orthogonal (Powell 1977). */
#include "method/descent.h"
#include "method/vectors.h"

/* options: rule (0 Polak-Ribiere, 1 Fletcher-Reeves), tol, ftol, c2 */
enum { RULE, TOL, FTOL, C2 };
/* numbers: 1 where p is the next direction; the last step and its slope; flat iterations */
enum { RUNNING, STEP, SLOPE, FLAT };
enum { DIRECTION, VECTORS };
enum { TRIAL_W, TRIAL_G, EARLIER_G, WORKS };

static size_t vectors(const double *option)
{
    (void)option;
    return VECTORS;
}

static void begin(bpnn__descent *d)
{
    d->number[RUNNING] = d->number[FLAT] = 0;
}

static void steepest(bpnn__descent *d)
{
    bpnn__copy(d->n, d->g, d->vector[DIRECTION]);
    bpnn__scale(d->n, -1, d->vector[DIRECTION]);
}

/* Trial step: the last one, scaled by how the slopes compare. */
static double first_step(const bpnn__descent *d, double slope)
{
    double length = bpnn__absolute_sum(d->n, d->g);
    if (d->number[STEP] == 0)
        return length < 1 ? 1 : 1 / length;
    double factor = d->number[SLOPE] / slope;
    return d->number[STEP] * (factor < 10 ? factor : 10);
}

static bool search(bpnn__descent *d, bpnn__line *line)
{
    line->slope = bpnn__dot(d->n, line->p, d->g);
    if (!(line->slope < 0)) {
        steepest(d);
        line->slope = bpnn__dot(d->n, line->p, d->g);
    }
    if (!(line->slope < 0))
        return false;
    line->first = first_step(d, line->slope);
    return bpnn__line_search(d, line);
}

/* b from the gradients before and after the step; then p = -g' + b p. */
static void turn(bpnn__descent *d, const double *before)
{
    double square = bpnn__dot(d->n, before, before), next = bpnn__dot(d->n, d->g, d->g);
    double mixed = bpnn__dot(d->n, d->g, before);
    double b = d->option[RULE] != 0 ? next / square : (next - mixed) / square;
    if (b < 0 || mixed >= 0.2 * next || mixed <= -0.2 * next)
        b = 0;
    bpnn__scale(d->n, b, d->vector[DIRECTION]);
    bpnn__add_scaled(d->n, -1, d->g, d->vector[DIRECTION]);
}

static bpnn_stop iterate(bpnn__descent *d)
{
    bpnn__line line = {
        .p = d->vector[DIRECTION], .c1 = 1e-4, .c2 = d->option[C2], .w = d->work[TRIAL_W], .g = d->work[TRIAL_G]};
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    if (d->number[RUNNING] == 0)
        steepest(d);
    uint64_t counted = d->evaluations;
    double step = d->number[STEP];
    bpnn__copy(d->n, d->vector[DIRECTION], d->work[EARLIER_G]);
    bool found = search(d, &line);
    if (!found && !d->halted) {
        steepest(d);
        d->number[STEP] = 0;
        found = search(d, &line);
    }
    if (d->halted) { /* all as it was: the iteration begins anew when the run goes on */
        d->evaluations = counted;
        d->number[STEP] = step;
        bpnn__copy(d->n, d->work[EARLIER_G], d->vector[DIRECTION]);
        return BPNN_STOP_NONE;
    }
    if (!found)
        return BPNN_STOP_LINE_SEARCH;
    double before = d->F;
    bpnn__copy(d->n, d->g, d->work[EARLIER_G]);
    bpnn__line_take(d, &line);
    turn(d, d->work[EARLIER_G]);
    d->number[RUNNING] = 1;
    d->number[STEP] = line.step;
    d->number[SLOPE] = line.slope;
    if (bpnn__max_abs(d->n, d->g) <= d->option[TOL])
        return BPNN_STOP_GRADIENT;
    return bpnn__is_flat(before, d->F, d->option[FTOL], &d->number[FLAT]) ? BPNN_STOP_FLAT : BPNN_STOP_NONE;
}

const bpnn__whole bpnn__cg = {.vectors = vectors, .works = WORKS, .begin = begin, .iterate = iterate};
