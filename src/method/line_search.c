/* phi(s) = F(w + s p): a step with phi(s) <= phi(0) + c1 s phi'(0) and |phi'(s)| <= c2 |phi'(0)| (Nocedal & Wright,
 * algorithms 3.5 and 3.6); where phi is flat to rounding, the approximate conditions of Hager & Zhang 2005. */
#include "method/descent.h"
#include "method/vectors.h"

#include <math.h>

enum { MOST_EVALUATIONS = 25 };
#define LONGEST 1e10
#define ROUNDING 1e-14

/* A step, phi and phi' there. */
typedef struct trial {
    double s, F, slope;
} trial;

typedef struct search {
    bpnn__descent *d;
    bpnn__line *line;
    trial start, best; /* best: the lowest that meets the first condition; s = 0: none yet */
    trial last;        /* whose point stands in line->w */
    int evaluations;
} search;

static trial evaluate(search *x, double s)
{
    bpnn__line *line = x->line;
    bpnn__along(x->d->n, x->d->w, s, line->p, line->w);
    x->last.s = s;
    x->last.F = bpnn__try_gradient(x->d, line->w, line->g);
    x->last.slope = isfinite(x->last.F) ? bpnn__dot(x->d->n, line->g, line->p) : (double)INFINITY;
    x->evaluations++;
    return x->last;
}

static bool is_level(const search *x, const trial *t)
{
    return fabs(t->F - x->start.F) <= ROUNDING * fabs(x->start.F);
}

/* The first condition; where phi cannot tell, by the slope. */
static bool descends(const search *x, const trial *t)
{
    if (is_level(x, t))
        return t->slope <= (2 * x->line->c1 - 1) * x->start.slope;
    return t->F <= x->start.F + x->line->c1 * t->s * x->start.slope;
}

/* Both conditions. */
static bool is_good(const search *x, const trial *t)
{
    if (is_level(x, t))
        return descends(x, t) && t->slope >= x->line->c2 * x->start.slope;
    return descends(x, t) && fabs(t->slope) <= -x->line->c2 * x->start.slope;
}

static void remember(search *x, const trial *t)
{
    if (descends(x, t) && (x->best.s == 0 || t->F < x->best.F))
        x->best = *t;
}

/* The minimum of the cubic through both ends, kept in the middle 80 %, else the middle. */
static double between(const trial *a, const trial *b)
{
    double width = b->s - a->s, middle = a->s + width / 2;
    double d1 = a->slope + b->slope - 3 * (a->F - b->F) / (a->s - b->s);
    double root = d1 * d1 - a->slope * b->slope;
    if (!(root >= 0) || isinf(root))
        return middle;
    double d2 = width > 0 ? sqrt(root) : -sqrt(root);
    double s = b->s - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
    double low = a->s < b->s ? a->s : b->s, size = fabs(width);
    return s >= low + 0.1 * size && s <= low + 0.9 * size ? s : middle;
}

/* low: the lower end, which descends; high: the other. */
static bool zoom(search *x, trial low, trial high)
{
    while (x->evaluations < MOST_EVALUATIONS && !bpnn__is_halted(x->d)) {
        trial t = evaluate(x, between(&low, &high));
        remember(x, &t);
        if (is_good(x, &t))
            return true;
        if (!descends(x, &t) || (t.F >= low.F && !is_level(x, &t))) {
            high = t;
        } else {
            if (t.slope * (high.s - low.s) >= 0)
                high = low;
            low = t;
        }
    }
    return false;
}

static bool bracket(search *x)
{
    trial before = x->start;
    double s = x->line->first;
    for (int i = 0; x->evaluations < MOST_EVALUATIONS && s <= LONGEST && !bpnn__is_halted(x->d); i++) {
        trial t = evaluate(x, s);
        remember(x, &t);
        if (is_good(x, &t))
            return true;
        if (!descends(x, &t) || (i > 0 && t.F >= before.F && !is_level(x, &t)))
            return zoom(x, before, t);
        if (t.slope >= 0)
            return zoom(x, t, before);
        before = t;
        s *= i == 0 ? 2 : 4;
    }
    return false;
}

bool bpnn__line_search(bpnn__descent *d, bpnn__line *line)
{
    search x = {.d = d, .line = line, .start = {0, d->F, line->slope}};
    bool found = bracket(&x);
    if (d->halted) { /* it begins anew when the run goes on */
        d->evaluations -= (uint64_t)x.evaluations;
        return false;
    }
    if (!found && x.best.s == 0)
        return false;
    if (!found && x.last.s != x.best.s)
        evaluate(&x, x.best.s);
    line->step = x.last.s;
    line->F = x.last.F;
    return isfinite(line->F);
}

void bpnn__line_take(bpnn__descent *d, const bpnn__line *line)
{
    bpnn__copy(d->n, line->w, d->w);
    bpnn__copy(d->n, line->g, d->g);
    d->F = line->F;
    d->step = line->step * bpnn__norm(d->n, line->p);
    d->moved = true;
}
