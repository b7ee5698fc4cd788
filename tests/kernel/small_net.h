/* Small nets in plain loops over single numbers, in the orders of summation that kernel/kernels.h promises: what the kernels for
 * small nets are held against. Elementwise parts come from the scalar row, one row at a time. */
#ifndef BPNN_TESTS_KERNEL_SMALL_NET_H
#define BPNN_TESTS_KERNEL_SMALL_NET_H

#include "kernel/kernels.h"

enum { SMALL_DEPTH = 3 };

typedef BPNN_NAME(kernels) kernels;

typedef struct small_net {
    size_t depth, n[SMALL_DEPTH + 1]; /* n[0] inputs; at most LANES each */
    bpnn_activation act[SMALL_DEPTH];
    bpnn_loss loss;
    bool biased[SMALL_DEPTH], closed_form;
    real w[SMALL_DEPTH][LANES][LANES], b[SMALL_DEPTH][LANES]; /* w[m][input][unit] */
} small_net;

typedef struct small_gradient {
    real w[SMALL_DEPTH][LANES][LANES], b[SMALL_DEPTH][LANES];
} small_gradient;

/* Losses and gradient over `rows` rows: x[r] and t[r] are lines. */
void small_net_gradient(const kernels *scalar, const small_net *net, size_t rows, real (*x)[LANES], real (*t)[LANES],
                        const real *scale, small_gradient *gradient, real *loss);

/* w -= rate * gradient */
void small_net_descend(small_net *net, const small_gradient *gradient, real rate);

#endif
