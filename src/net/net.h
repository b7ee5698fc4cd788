/* The inside of a network: its shape and its parameters in seed form. */
#ifndef BPNN_NET_NET_H
#define BPNN_NET_NET_H

#include <bpnn/net.h>

struct bpnn_net {
    size_t inputs;      /* s_0 */
    size_t depth;       /* D */
    bpnn_layer *layers; /* D, layers[m-1] is layer m; activation parameters resolved (no NAN) */
    bpnn_loss loss;     /* parameter resolved */
    bpnn_reduction reduction;
    bpnn_precision precision;
    size_t group_rows;
    size_t parameter_count;
    size_t *weight_offset; /* D + 1 entries, [m] for layer m; [0] unused */
    size_t *bias_offset;
    void *parameters; /* parameter_count floats or doubles, seed form */
};

/* s_m for m = 0..D. */
static inline size_t bpnn__net_size(const bpnn_net *net, size_t m)
{
    return m == 0 ? net->inputs : net->layers[m - 1].size;
}

/* Units of the widest layer, the inputs too. */
static inline size_t bpnn__net_widest(const bpnn_net *net)
{
    size_t most = net->inputs;
    for (size_t m = 1; m <= net->depth; m++)
        most = bpnn__net_size(net, m) > most ? bpnn__net_size(net, m) : most;
    return most;
}

/* One parameter as double; writing rounds to the net's precision. */
double bpnn__net_get(const bpnn_net *net, size_t index);
void bpnn__net_put(bpnn_net *net, size_t index, double value);

/* A net of the same description without parameters (they are NULL): for those who keep them elsewhere. */
bpnn_status bpnn__net_shape(bpnn_net **shape, const bpnn_net *net, bpnn_error *error);

/* USAGE with the reason when the description cannot be trained or applied. */
bpnn_status bpnn__net_check(const bpnn_net_options *options, bpnn_error *error);

/* USAGE when some part can only be applied (threshold, a user activation without derivative). */
bpnn_status bpnn__net_check_trainable(const bpnn_net *net, bpnn_error *error);

/* Activations by their text: "relu", "leaky_relu(0.2)". USAGE names the nearest known one. */
bpnn_status bpnn__activation_parse(const char *text, bpnn_activation *activation, bpnn_error *error);

/* The text again, shortest number; the parameter only where it is not the default. size >= 48. */
void bpnn__activation_print(const bpnn_activation *activation, char *text, size_t size);

/* True if the loss may stand on the activation (the table of docs/mathematics.md). */
bool bpnn__loss_allows(bpnn_loss_kind loss, bpnn_activation_kind activation);

/* Default parameters of the lists in <bpnn/net.h>. */
double bpnn__activation_default(bpnn_activation_kind kind);
bool bpnn__activation_has_parameter(bpnn_activation_kind kind);
double bpnn__loss_default(bpnn_loss_kind kind);

/* True if the pair's delta is taken without the elementwise slope: softmax forms, and closed forms from e. */
bool bpnn__loss_closed_form(bpnn_loss_kind loss, bpnn_activation_kind activation);

#endif
