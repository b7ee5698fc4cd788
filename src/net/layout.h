/* Where the parameters of each layer live in panel form. The only file that knows.
 *
 * A line is 64 bytes: `lanes` numbers (16 float, 8 double). A layer's weights stand in one or two forms:
 *
 *   O form (lines run over outputs): line (p, j) = w[j][p*lanes ..], at p * o_stride + j,  j < in
 *   I form (lines run over inputs):  line (q, i) = w[q*lanes ..][i], at q * i_stride + i,  i < out
 *
 * forward  wide   (out > NARROW):   chain product over O lines
 * forward  narrow (out <= NARROW):  lanes product over I lines
 * backward wide   (in > NARROW):    chain product over I lines
 * backward narrow (in <= NARROW):   lanes product over O lines
 *
 * The form that forward uses is the master: step methods and their states live there. The other one, where
 * backward needs it, is the twin. Biases are out_panels lines behind the master's weights (shared: the first
 * line alone, all lanes alike). Strides of several panels are odd, so that they do not fall into the same cache sets. Padding is
 * zero and stays zero. */
#ifndef BPNN_NET_LAYOUT_H
#define BPNN_NET_LAYOUT_H

#include "net/net.h"

typedef struct bpnn__layer_layout {
    size_t in, out;               /* s_{m-1}, s_m */
    size_t in_panels, out_panels; /* of `lanes` columns */
    bool wide_out, wide_in;       /* more than NARROW */
    bool master_is_o;             /* the master form; the twin is the other */
    bool has_twin;
    size_t o_stride, i_stride;    /* lines */
    size_t weights, weight_lines; /* master: offset and size in lines within the parameter buffer */
    size_t bias;                  /* offset in lines */
    size_t twin;                  /* offset in lines within the twin buffer */
    size_t blocks;                /* lanes x lanes blocks of w: in_panels * out_panels */
} bpnn__layer_layout;

typedef struct bpnn__layout {
    size_t depth, lanes;
    size_t lines; /* of the parameter buffer, and of every state and gradient */
    size_t twin_lines;
    size_t widest;             /* panels of the widest layer, s_0 included */
    bpnn__layer_layout *layer; /* [m - 1] */
} bpnn__layout;

/* input_deltas: layer 1 gets what backward needs too (dL/dX). False: out of memory or sizes too large. */
bool bpnn__layout_init(bpnn__layout *layout, const bpnn_net *net, size_t lanes, size_t narrow, bool input_deltas);
void bpnn__layout_free(bpnn__layout *layout);

#endif
