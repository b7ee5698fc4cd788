#include "kernel/small_net.h"
#include "kernel/fma.h"

#include <string.h>

#define ALIGNED __attribute__((aligned(64)))

typedef struct pass {
    real e[SMALL_DEPTH][LANES] ALIGNED, y[SMALL_DEPTH][LANES] ALIGNED, slope[SMALL_DEPTH][LANES] ALIGNED;
    real x[LANES] ALIGNED, t[LANES] ALIGNED;
} pass;

static real lanes_tree(real *lane)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* sum_k a[k] b[k * step] + start: a chain, or in lanes where there are few columns */
static real product(size_t columns, size_t n, const real *a, const real *b, size_t step, const real *start)
{
    real lane[LANES] = {0}, sum = start ? *start : 0;
    if (columns > NARROW) {
        for (size_t k = 0; k < n; k++)
            sum = FMA(a[k], b[k * step], sum);
        return sum;
    }
    for (size_t k = 0; k < n; k++)
        lane[k] = FMA(a[k], b[k * step], lane[k]);
    sum = lanes_tree(lane);
    return start ? sum + *start : sum;
}

static void forward(const kernels *scalar, const small_net *net, pass *p)
{
    for (size_t m = 0; m < net->depth; m++) {
        const real *below = m ? p->y[m - 1] : p->x;
        bpnn_activation_kind kind = net->act[m].kind;
        memset(p->e[m], 0, sizeof p->e[m]);
        for (size_t j = 0; j < net->n[m + 1]; j++)
            p->e[m][j] = product(net->n[m + 1], net->n[m], below, &net->w[m][0][j], LANES,
                                 net->biased[m] ? &net->b[m][j] : NULL);
        if (kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX)
            scalar->softmax(1, net->n[m + 1], kind == BPNN_ACT_LOG_SOFTMAX, p->e[m], p->y[m], 1);
        else
            scalar->activate(&net->act[m], 1, net->n[m + 1], p->e[m], p->y[m], p->slope[m]);
    }
}

static void backward(const small_net *net, pass *p)
{
    for (size_t m = net->depth - 1; m > 0; m--)
        for (size_t k = 0; k < net->n[m]; k++)
            p->slope[m - 1][k] *= product(net->n[m], net->n[m + 1], p->slope[m], net->w[m][k], 1, NULL);
}

static void add_row(const small_net *net, const pass *p, small_gradient *g)
{
    for (size_t m = 0; m < net->depth; m++) {
        const real *below = m ? p->y[m - 1] : p->x;
        for (size_t j = 0; j < net->n[m + 1]; j++) {
            for (size_t k = 0; k < net->n[m]; k++)
                g->w[m][k][j] = FMA(below[k], p->slope[m][j], g->w[m][k][j]);
            g->b[m][j] += p->slope[m][j];
        }
    }
}

void small_net_gradient(const kernels *scalar, const small_net *net, size_t rows, real (*x)[LANES], real (*t)[LANES],
                        const real *scale, small_gradient *gradient, real *loss)
{
    size_t last = net->depth - 1;
    BPNN_NAME(output_rule) rule = {net->act[last], net->loss, net->n[net->depth]};
    memset(gradient, 0, sizeof *gradient);
    for (size_t r = 0; r < rows; r++) {
        pass p;
        memcpy(p.x, x[r], sizeof p.x);
        memcpy(p.t, t[r], sizeof p.t);
        forward(scalar, net, &p);
        scalar->output(&rule, 1, p.e[last], p.y[last], p.slope[last], p.t, 1, &scale[r], p.slope[last], &loss[r]);
        backward(net, &p);
        add_row(net, &p, gradient);
    }
}

void small_net_descend(small_net *net, const small_gradient *g, real rate)
{
    for (size_t m = 0; m < net->depth; m++)
        for (size_t j = 0; j < net->n[m + 1]; j++) {
            for (size_t k = 0; k < net->n[m]; k++)
                net->w[m][k][j] = FMA(-rate, g->w[m][k][j], net->w[m][k][j]);
            if (net->biased[m])
                net->b[m][j] = FMA(-rate, g->b[m][j], net->b[m][j]);
        }
}
