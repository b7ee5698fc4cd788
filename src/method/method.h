/* The table of methods: one file a method, one row here.
 *
 * A step method's file (src/method/step_NAME.c) is compiled for each precision and instruction set and exports one
 * bpnn__update_fn; everything else about the method is its row in table.c. A whole method's file (whole_NAME.c) exports its
 * bpnn__whole: descent.h. */
#ifndef BPNN_METHOD_METHOD_H
#define BPNN_METHOD_METHOD_H

#include "core/engine.h"
#include "method/descent.h"

#define BPNN__METHOD_OPTIONS 8
#define BPNN__MEMORY 4

/* What prepare() is told for one update. */
typedef struct bpnn__moment {
    uint64_t t;  /* update number from 1 */
    double rate; /* after schedule and warm-up */
    double momentum;
    const double *options;      /* in the order of info.options */
    double loss, previous_loss; /* F with penalty, for methods with needs_loss; previous NAN at t = 1 */
    double *
        memory; /* BPNN__MEMORY numbers of the method's own, kept between updates and in checkpoints (running powers) */
} bpnn__moment;

typedef struct bpnn__method {
    bpnn_method_info info;
    bool decoupled;  /* l2 decays the weights instead of joining the gradient (adamw) */
    bool steady;     /* the constants depend on rate, momentum and options alone */
    bool plain;      /* w -= constants[0] g: kernels may do it themselves */
    bool needs_loss; /* full objective before the update (rprop) */
    double memory_start[BPNN__MEMORY];
    /* Initial value of state k (0 for most). */
    double (*state_start)(size_t k, const double *options);
    /* Constants of this update, in double. Advances memory. */
    void (*prepare)(const bpnn__moment *moment, double *constants);
    /* [precision][isa]; NULL where the instruction set is not compiled in. */
    bpnn__update_fn update[BPNN_PRECISION_COUNT][8];
    /* A whole method: everything between bool and here is empty then. NULL: a step method */
    const bpnn__whole *whole;
} bpnn__method;

const bpnn__method *bpnn__method_at(size_t index);
const bpnn__method *bpnn__method_find(const char *name); /* aliases included; NULL = none */

/* The method that does the same with momentum 0 and less state. */
const bpnn__method *bpnn__method_without_momentum(const bpnn__method *method);

#endif
