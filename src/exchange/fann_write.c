/* A model as a FANN 2 text file (FANN_FLO_2.1), for fann_create_from_file. Scaling is FANN's own: fann_scale_input, fann_run, fann_descale_output. */
#include "base/error.h"
#include "exchange/fann.h"
#include "exchange/plain.h"
#include "net/net.h"

/* FANN cuts every sum at 150 / steepness. Outputs in the target's unit may be larger, so theirs is small; a power of two keeps the weights' digits. */
#define SMALL_STEEPNESS 0x1p-20

static void put_size(bpnn__text *text, size_t x)
{
    bpnn__text_add_u64(text, x);
}

static void put_number(bpnn__text *text, const bpnn_net *net, double x)
{
    char digits[BPNN__NUMBER_SIZE];
    if (net->precision == BPNN_SINGLE)
        bpnn__print_float((float)x, digits);
    else
        bpnn__print_double(x, digits);
    bpnn__text_add(text, digits);
}

/* What FANN trains with when the file is trained on: its defaults. */
static const char training[] =
    "learning_rate=0.700000\nconnection_rate=1.000000\nnetwork_type=0\nlearning_momentum=0.000000\n"
    "training_algorithm=2\ntrain_error_function=1\ntrain_stop_function=0\n"
    "cascade_output_change_fraction=0.010000\nquickprop_decay=-0.000100\nquickprop_mu=1.750000\n"
    "rprop_increase_factor=1.200000\nrprop_decrease_factor=0.500000\nrprop_delta_min=0.000000\n"
    "rprop_delta_max=50.000000\nrprop_delta_zero=0.100000\ncascade_output_stagnation_epochs=12\n"
    "cascade_candidate_change_fraction=0.010000\ncascade_candidate_stagnation_epochs=12\n"
    "cascade_max_out_epochs=150\ncascade_min_out_epochs=50\ncascade_max_cand_epochs=150\n"
    "cascade_min_cand_epochs=50\ncascade_num_candidate_groups=2\nbit_fail_limit=3.5e-01\n"
    "cascade_candidate_limit=1.0e+03\ncascade_weight_multiplier=4.0e-01\n"
    "cascade_activation_functions_count=2\ncascade_activation_functions=3 5 \n"
    "cascade_activation_steepnesses_count=1\ncascade_activation_steepnesses=5.0e-01 \n";

static void put_list(bpnn__text *text, const char *name, const double *x, double same, size_t count)
{
    bpnn__text_add(text, name);
    bpnn__text_add(text, "=");
    for (size_t i = 0; i < count; i++) {
        bpnn__text_add_double(text, x ? x[i] : same);
        bpnn__text_add(text, " ");
    }
    bpnn__text_add(text, "\n");
}

/* ((x - mean) / deviation + 1) factor + new_min with -1 and 1 is ours. */
static void put_scaling(bpnn__text *text, const bpnn__schema *s)
{
    bool targets = s->task == BPNN_TASK_REGRESSION;
    size_t outputs = bpnn__schema_outputs(s);
    bool scaled = bpnn__is_scaled(s->mean, s->scale, s->width) ||
                  (targets && bpnn__is_scaled(s->target_mean, s->target_scale, s->target_count));
    bpnn__text_add(text, scaled ? "scale_included=1\n" : "scale_included=0\n");
    if (!scaled)
        return;
    put_list(text, "scale_mean_in", s->mean, 0, s->width);
    put_list(text, "scale_deviation_in", s->scale, 0, s->width);
    put_list(text, "scale_new_min_in", NULL, -1, s->width);
    put_list(text, "scale_factor_in", NULL, 1, s->width);
    put_list(text, "scale_mean_out", targets ? s->target_mean : NULL, 0, outputs);
    put_list(text, "scale_deviation_out", targets ? s->target_scale : NULL, 1, outputs);
    put_list(text, "scale_new_min_out", NULL, -1, outputs);
    put_list(text, "scale_factor_out", NULL, 1, outputs);
}

static double steepness_of(const bpnn_model *model, size_t m, const bpnn__fann_activation *a)
{
    bool open =
        a->kind == BPNN_ACT_IDENTITY && m == model->net->depth && model->schema.target_scaling == BPNN_SCALE_NONE;
    return open ? SMALL_STEEPNESS : a->factor == 2 ? 0.5 : 1;
}

static void put_neurons(bpnn__text *text, const bpnn_model *model)
{
    const bpnn_net *net = model->net;
    bpnn__text_add(text, "neurons (num_inputs, activation_function, activation_steepness)=");
    for (size_t i = 0; i <= net->inputs; i++)
        bpnn__text_add(text, "(0, 0, 0.0e+00) ");
    for (size_t m = 1; m <= net->depth; m++) {
        const bpnn__fann_activation *a = bpnn__fann_of(net->layers[m - 1].activation.kind);
        for (size_t i = 0; i < net->layers[m - 1].size; i++) {
            bpnn__text_add(text, "(");
            put_size(text, bpnn__net_size(net, m - 1) + 1);
            bpnn__text_add(text, ", ");
            put_size(text, (size_t)a->number);
            bpnn__text_add(text, ", ");
            bpnn__text_add_double(text, steepness_of(model, m, a));
            bpnn__text_add(text, ") ");
        }
        bpnn__text_add(text, "(0, 0, 0.0e+00) ");
    }
    bpnn__text_add(text, "\n");
}

static void put_connection(bpnn__text *text, const bpnn_net *net, size_t from, double weight)
{
    bpnn__text_add(text, "(");
    put_size(text, from);
    bpnn__text_add(text, ", ");
    put_number(text, net, weight);
    bpnn__text_add(text, ") ");
}

/* Every unit takes the units of the layer before, then that layer's bias neuron. */
static void put_connections(bpnn__text *text, const bpnn_model *model)
{
    const bpnn_net *net = model->net;
    size_t first = 0;
    bpnn__text_add(text, "connections (connected_to_neuron, weight)=");
    for (size_t m = 1; m <= net->depth; m++) {
        const bpnn__fann_activation *a = bpnn__fann_of(net->layers[m - 1].activation.kind);
        size_t in = bpnn__net_size(net, m - 1);
        double factor = a->factor * steepness_of(model, m, a);
        for (size_t i = 0; i < net->layers[m - 1].size; i++) {
            for (size_t j = 0; j < in; j++)
                put_connection(text, net, first + j, bpnn__weight_of(net, m, j, i) / factor);
            put_connection(text, net, first + in, (bpnn__bias_of(net, m, i) - a->shift) / factor);
        }
        first += in + 1;
    }
    bpnn__text_add(text, "\n");
}

static bpnn_status check_activations(const bpnn_net *net, bpnn_error *error)
{
    for (size_t m = 1; m <= net->depth; m++) {
        bpnn_activation_kind kind = net->layers[m - 1].activation.kind;
        if (!bpnn__fann_of(kind))
            return bpnn__fail(
                error, BPNN_USAGE,
                "layer %zu: FANN has no activation '%s'; take onnx or json, or train with tanh or sigmoid", m,
                bpnn_word(BPNN_WORDS_ACTIVATION, (int)kind));
    }
    return BPNN_OK;
}

bpnn_status bpnn__export_fann(bpnn__text *text, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error)
{
    const bpnn_net *net = model->net;
    bpnn_status status = bpnn__check_plain(model, "FANN", error);
    if (status == BPNN_OK)
        status = check_activations(net, error);
    if (status != BPNN_OK)
        return status;
    bpnn__note_encoding(model, options, "FANN");
    bpnn__text_add(text, "FANN_FLO_2.1\nnum_layers=");
    put_size(text, net->depth + 1);
    bpnn__text_add(text, "\n");
    bpnn__text_add(text, training);
    bpnn__text_add(text, "layer_sizes=");
    for (size_t m = 0; m <= net->depth; m++) {
        put_size(text, bpnn__net_size(net, m) + 1);
        bpnn__text_add(text, " ");
    }
    bpnn__text_add(text, "\n");
    put_scaling(text, &model->schema);
    put_neurons(text, model);
    put_connections(text, model);
    return BPNN_OK;
}
