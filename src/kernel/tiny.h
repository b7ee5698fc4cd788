/* A whole small net in one call: every layer is one panel, so that a step costs the arithmetic and little else. The same
 * loops as everywhere, called directly: the same bits. */
#ifndef BPNN_KERNEL_TINY_H
#define BPNN_KERNEL_TINY_H

#include "kernel/kernels.h"
#include "kernel/outputs.h"
#include "kernel/products.h"

#define TINY BPNN_NAME(tiny_net)
#define TINY_LAYER BPNN_NAME(tiny_layer)

/* e^m = y^{m-1} w^m + b^m, y^m = Act_m(e^m) */
INLINE void tiny_forward(const TINY *net, size_t rows_, const TINY_LAYER *l, const real *below, bool slope)
{
    const real *w = net->w + l->weights, *b = l->biased ? net->w + l->bias : NULL;
    if (l->wide_out)
        rows(rows_, 1, l->in, below, 0, w, 0, b, 1, NULL, l->e, 0);
    else
        dots(rows_, l->out, 1, below, 0, w, 0, b, NULL, l->e, 0);
    if (l->over_row)
        softmax_rows(rows_, l->out, l->activation->kind == BPNN_ACT_LOG_SOFTMAX, l->e, l->y, 0);
    else
        activate_rows(l->activation, rows_, l->out, l->e, l->y, slope ? l->slope : NULL);
}

/* d^{m-1} = Act_{m-1}'(e^{m-1}) . [ d^m (w^m)^T ] */
INLINE void tiny_backward(const TINY *net, size_t rows_, const TINY_LAYER *l, const TINY_LAYER *below)
{
    const real *wt = l->has_twin ? net->twin + l->twin : net->w + l->weights;
    if (l->wide_in)
        rows(rows_, 1, l->out, l->slope, 0, wt, 0, NULL, 0, below->slope, below->slope, 0);
    else
        dots(rows_, l->in, 1, l->slope, 0, wt, 0, NULL, below->slope, below->slope, 0);
}

/* dw^m = (y^{m-1})^T d^m, db^m = column sums of d^m */
INLINE void tiny_layer_gradient(const TINY *net, size_t rows_, const TINY_LAYER *l, const real *below)
{
    real *dw = net->gradient + l->weights;
    if (l->wide_out)
        tile(rows_, l->in, below, l->slope, dw, false);
    else
        tile(rows_, l->out, l->slope, below, dw, false);
    if (l->biased)
        sums(rows_, l->slope, net->gradient + l->bias, false);
}

static void tiny_gradient(const TINY *net, size_t rows_, const real *x, const real *t, const real *scale, real *loss)
{
    const TINY_LAYER *layer = net->layer, *last = layer + net->depth - 1;
    for (size_t m = 0; m < net->depth; m++)
        tiny_forward(net, rows_, &layer[m], m ? layer[m - 1].y : x, &layer[m] != last || !net->closed_form);
    output_rows(net->output, rows_, last->e, last->y, last->slope, t, 0, scale, last->slope, loss);
    for (size_t m = net->depth - 1; m > 0; m--)
        tiny_backward(net, rows_, &layer[m], &layer[m - 1]);
    for (size_t m = 0; m < net->depth; m++)
        tiny_layer_gradient(net, rows_, &layer[m], m ? layer[m - 1].y : x);
}

static void tiny_twins(const TINY *net)
{
    for (size_t m = 0; m < net->depth; m++) {
        const TINY_LAYER *l = &net->layer[m];
        if (l->has_twin && l->wide_out)
            turn(l->in, l->out, net->w + l->weights, net->twin + l->twin);
        else if (l->has_twin)
            turn(l->out, l->in, net->w + l->weights, net->twin + l->twin);
    }
}

#endif
