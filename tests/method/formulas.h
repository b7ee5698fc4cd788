/* Step methods in plain doubles, one line a formula, written from docs/methods.md alone. */
#ifndef FORMULAS_H
#define FORMULAS_H

#include <stddef.h>

/* One number w, its state s[0..2], and what the method carries from update to update. */
typedef struct plain_weight {
    double w, s[3];
} plain_weight;

typedef struct plain_moment {
    double t; /* from 1 */
    double a, momentum, F, F_previous;
    const double *o; /* options in the table's order */
    double M;        /* nadam: product of all q so far, this update's included */
} plain_moment;

typedef void (*plain_update)(const plain_moment *now, double g, plain_weight *x);

/* NULL: no such method here. momentum 0 is plain descent. */
plain_update plain_find(const char *name);

/* nadam's q at update t. */
double plain_q(const double *o, double t);

#endif
