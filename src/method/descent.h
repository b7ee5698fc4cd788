/* One run of a whole method on an objective: the state, and what every method shares.
 *
 * All that a method remembers from one iteration to the next stands in `number` and `vector` (and w, g, F): copying them into a
 * fresh run continues the old one, bit for bit. Work vectors and matrices carry nothing over. */
#ifndef BPNN_METHOD_DESCENT_H
#define BPNN_METHOD_DESCENT_H

#include "method/objective.h"

enum { BPNN__NUMBERS = 48 };

struct bpnn__whole;

typedef struct bpnn__descent {
    const struct bpnn__whole *method;
    const bpnn__objective *objective;
    const double *option; /* in the order of the method's info.options */
    size_t n;
    /* the state */
    double F, *w, *g;             /* g may be of an earlier w where `g_known` is not set */
    double number[BPNN__NUMBERS]; /* the method's */
    double **vector;              /* the method's, n numbers each */
    size_t vector_count;
    /* work */
    double **work;
    size_t work_count;
    bpnn__dense curvature; /* A; no lines where the method wants none */
    bpnn__factor *factor;
    bool curvature_known; /* A and g belong to w */
    /* what the last iteration tells */
    bool moved;           /* w has changed */
    bool halted;          /* called off inside the iteration: nothing has changed */
    double step;          /* |step| in w */
    double damping;       /* mu or lambda; NAN where there is none */
    uint64_t evaluations; /* of F, with or without g and A */
    /* of br: NAN elsewhere */
    double effective, beta, noise, log_evidence;
    const double *alpha, *gamma; /* alpha_g and gamma_g of part g; single: of the first part alone, for all */
    bool single;
} bpnn__descent;

/* A method that works on the whole objective. */
typedef struct bpnn__whole {
    size_t (*vectors)(const double *option); /* of state */
    size_t works;
    bool curvature;                         /* wants A and a factor */
    bool evidence;                          /* balances fit and penalty itself: no validation rows, no --l2 */
    double (*memory)(const double *option); /* bytes that matrices may take; NULL: there are none */
    void (*begin)(bpnn__descent *d);        /* F and g are known; sets numbers and vectors */
    bpnn_stop (*iterate)(bpnn__descent *d); /* one iteration; NONE: go on */
    /* After numbers and vectors were read back: false where they cannot be. NULL: any can */
    bool (*restored)(bpnn__descent *d);
} bpnn__whole;

extern const bpnn__whole bpnn__lbfgs, bpnn__cg, bpnn__scg, bpnn__lm, bpnn__br;

/* USAGE: n parameters whose matrices are beyond the memory limit. */
bpnn_status bpnn__whole_check(const bpnn__whole *method, size_t n, const double *option, bpnn_error *error);

/* w is copied. USAGE as above. */
bpnn_status bpnn__descent_new(bpnn__descent **descent, const bpnn__whole *method, const bpnn__objective *objective,
                              const double *option, const double *w, bpnn_error *error);
void bpnn__descent_free(bpnn__descent *descent);

/* F and g at w; false: not finite, there is nothing to begin with. */
bool bpnn__descent_begin(bpnn__descent *d);

/* Goes on from numbers, vectors, w, g and F that were put back; `curvature_known`: A and g belong to w. False: the method cannot
 * have such numbers. */
bool bpnn__descent_restore(bpnn__descent *d, bool curvature_known);

/* One iteration. The stop reason GRADIENT .. EVIDENCE, or NONE. */
bpnn_stop bpnn__descent_iterate(bpnn__descent *d);

/* ---- for the methods ---- */

/* F(w), F and g, and with A at w itself: counted; +infinity for what is not finite. */
double bpnn__try_value(bpnn__descent *d, const double *w);
double bpnn__try_gradient(bpnn__descent *d, const double *w, double *g);
double bpnn__renew_curvature(bpnn__descent *d);

bool bpnn__is_halted(bpnn__descent *d);

/* A whole number from 0 to `most`, which may be used as an index. */
bool bpnn__is_whole(double x, double most);

/* Counts iterations whose relative decrease is at most ftol in *count; true at the fifth running. */
bool bpnn__is_flat(double before, double after, double ftol, double *count);

/* ---- line_search.c: strong Wolfe conditions (Nocedal & Wright, algorithms 3.5 and 3.6) ---- */

typedef struct bpnn__line {
    const double *p; /* direction, with slope p.g below 0 */
    double slope;    /* p.g */
    double first;    /* first trial step */
    double c1, c2;
    double *w, *g;  /* work: the trial point and its gradient; on success the accepted one */
    double step, F; /* the accepted step */
} bpnn__line;

/* False: no step was found that lowers F enough. */
bool bpnn__line_search(bpnn__descent *d, bpnn__line *line);

/* Takes the accepted point over: w, g, F, step. */
void bpnn__line_take(bpnn__descent *d, const bpnn__line *line);

#endif
