/* What a whole method sees: an objective F(w) of n numbers, in double, whatever stands behind it (a network with its
 * rows, a test function). */
#ifndef BPNN_METHOD_OBJECTIVE_H
#define BPNN_METHOD_OBJECTIVE_H

#include "core/engine.h"

/* Neighbouring parameters of one kind: of a network, the weights or the biases of one layer. */
typedef enum bpnn__part_kind { BPNN__PART_WEIGHTS, BPNN__PART_BIAS, BPNN__PART_OUTPUT_BIAS } bpnn__part_kind;
typedef struct bpnn__parameters {
    size_t first, count;
    bpnn__part_kind kind;
} bpnn__parameters;

typedef struct bpnn__objective {
    size_t size; /* n */
    void *context;
    /* F(w), the penalty in it; not finite means "too high" */
    double (*value)(void *context, const double *w);
    /* F(w) and g = dF/dw */
    double (*value_gradient)(void *context, const double *w, double *g);
    /* F, g and A: a positive semidefinite stand-in for the second derivatives (Gauss-Newton). NULL: there is none */
    double (*curvature)(void *context, const double *w, double *g, bpnn__dense *a);
    /* True once the run is to end in the middle of an iteration (flag, time limit); NULL: never */
    bool (*halted)(void *context);
    /* What F means, for lm and br: `half` F total = the sum of losses, squared errors halved (E); total: the sum of row
     * weights W (reduction sum: half F = E, so divide by total); observations: row weights summed over the known targets */
    double energy;                /* E = energy * F */
    double total;                 /* W */
    double observations;          /* N C */
    bool likelihood;              /* the loss is a negative log likelihood: no noise to estimate (beta = 1) */
    const bpnn__parameters *part; /* all n, in order */
    size_t part_count;
    const char *isa;  /* of work on matrices; NULL = auto */
    bpnn__pool *pool; /* NULL = one thread */
} bpnn__objective;

/* ---- a network's ---- */

typedef struct bpnn__net_objective bpnn__net_objective;

/* F of `net` (double; its parameters are not read) over all rows of the batch's data, l2 / 2 times the squares of all
 * weights in it. `curvature`: whether A will be wanted. The batch is copied; its arrays are borrowed. */
bpnn_status bpnn__net_objective_new(bpnn__net_objective **objective, const bpnn_net *net, const bpnn__batch *batch,
                                    double l2, bool curvature, size_t threads, const char *isa, bpnn_error *error);
void bpnn__net_objective_free(bpnn__net_objective *objective);

const bpnn__objective *bpnn__net_objective_face(const bpnn__net_objective *objective);
bpnn__engine *bpnn__net_objective_engine(bpnn__net_objective *objective);

/* R(w) */
double bpnn__net_objective_penalty(const bpnn__net_objective *objective, const double *w);

/* Who says that the run is to end inside an iteration. */
void bpnn__net_objective_halt(bpnn__net_objective *objective, bool (*halted)(void *context), void *context);

#endif
