/* The geometry of panel form: sizes, strides, offsets. */
#include "net/layout.h"
#include "base/memory.h"

#include <string.h>

static size_t panels_of(size_t columns, size_t lanes)
{
    return (columns + lanes - 1) / lanes;
}

static void place_layer(bpnn__layer_layout *l, size_t in, size_t out, size_t lanes, size_t narrow, bool backward)
{
    l->in = in;
    l->out = out;
    l->in_panels = panels_of(in, lanes);
    l->out_panels = panels_of(out, lanes);
    l->wide_out = out > narrow;
    l->wide_in = in > narrow;
    l->o_stride = l->out_panels > 1 ? in | 1 : in;
    l->i_stride = l->in_panels > 1 ? out | 1 : out;
    l->master_is_o = l->wide_out;
    /* backward reads I lines when wide_in, O lines otherwise */
    l->has_twin = backward && l->wide_in == l->master_is_o;
    l->weight_lines = l->master_is_o ? l->out_panels * l->o_stride : l->in_panels * l->i_stride;
    l->blocks = l->in_panels * l->out_panels;
}

bool bpnn__layout_init(bpnn__layout *layout, const bpnn_net *net, size_t lanes, size_t narrow, bool input_deltas)
{
    memset(layout, 0, sizeof *layout);
    layout->depth = net->depth;
    layout->lanes = lanes;
    layout->widest = panels_of(net->inputs, lanes);
    layout->layer = bpnn__alloc(net->depth, sizeof *layout->layer);
    if (!layout->layer)
        return false;
    for (size_t m = 1; m <= net->depth; m++) {
        bpnn__layer_layout *l = &layout->layer[m - 1];
        place_layer(l, bpnn__net_size(net, m - 1), bpnn__net_size(net, m), lanes, narrow, m > 1 || input_deltas);
        l->weights = layout->lines;
        l->bias = l->weights + l->weight_lines;
        layout->lines = l->bias + l->out_panels;
        l->twin = layout->twin_lines;
        if (l->has_twin)
            layout->twin_lines += l->master_is_o ? l->in_panels * l->i_stride : l->out_panels * l->o_stride;
        if (l->out_panels > layout->widest)
            layout->widest = l->out_panels;
    }
    return true;
}

void bpnn__layout_free(bpnn__layout *layout)
{
    bpnn__free(layout->layer);
    memset(layout, 0, sizeof *layout);
}
