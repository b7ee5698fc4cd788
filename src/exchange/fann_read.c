/* A FANN 2 text file (FANN_FLO_2.1, 2.0) of layers, with or without missing connections, as a model. Numbers are read without the locale; every
 * count is held against the bytes that are there, every index against its layer. */
#include "base/memory.h"
#include "exchange/fann.h"
#include "exchange/foreign.h"
#include "exchange/plain.h"

#include <math.h>
#include <string.h>

enum { MOST_LAYERS = 1024, LEAST_NEURON = 9, LEAST_CONNECTION = 6 }; /* bytes of "(0, 0, 0)" and "(0, 0)" */

typedef struct scan {
    bpnn__foreign *f;
    const char *at, *end;
} scan;

typedef struct fann {
    size_t layers;
    size_t *size;                                          /* with the bias neuron */
    size_t *inputs;                                        /* of every neuron */
    double *mean[2], *deviation[2], *least[2], *factor[2]; /* inputs, outputs; NULL: no scaling */
} fann;

bool bpnn__is_fann(const void *bytes, size_t size)
{
    return size > 8 && memcmp(bytes, "FANN_FL", 7) == 0;
}

/* ---- words and numbers ---- */

static bool refuse(scan *s, const char *what)
{
    bpnn__foreign_refuse(s->f, "a damaged FANN file: %s", what);
    return false;
}

static bool take(scan *s, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0)
        return false;
    s->at += size;
    return true;
}

/* The length of what a number may be made of. */
static size_t number_length(const scan *s)
{
    size_t n = 0;
    while (s->at + n < s->end && n < 400 && strchr("+-.0123456789eE", s->at[n]) && s->at[n])
        n++;
    return n;
}

static bool take_size(scan *s, size_t *x)
{
    uint64_t value;
    size_t n = number_length(s);
    if (!bpnn__parse_u64(s->at, n, &value) || value > INT32_MAX)
        return refuse(s, "expected a count");
    s->at += n;
    *x = (size_t)value;
    return true;
}

static bool take_number(scan *s, double *x)
{
    size_t n = number_length(s);
    if (!bpnn__parse_double(s->at, n, '.', x) || !isfinite(*x))
        return refuse(s, "expected a finite number");
    s->at += n;
    return true;
}

/* Goes behind "name=" at the beginning of a line further on. */
static bool find(scan *s, const char *name)
{
    while (s->at < s->end) {
        if (take(s, name))
            return true;
        const char *line = memchr(s->at, '\n', (size_t)(s->end - s->at));
        s->at = line ? line + 1 : s->end;
    }
    bpnn__foreign_refuse(s->f, "a damaged FANN file: '%s' is not there", name);
    return false;
}

/* count numbers, each with a blank behind it; there have to be two bytes for each. */
static double *take_list(scan *s, const char *name, size_t count)
{
    if (!find(s, name))
        return NULL;
    if (count > (size_t)(s->end - s->at) / 2) {
        refuse(s, "it is shorter than its counts say");
        return NULL;
    }
    double *x = bpnn__alloc(count, sizeof *x);
    if (!x)
        bpnn__foreign_memory(s->f);
    for (size_t i = 0; x && i < count; i++)
        if (!take_number(s, &x[i]) || (!take(s, " ") && !refuse(s, "expected a blank"))) {
            bpnn__free(x);
            return NULL;
        }
    return x;
}

/* ---- the parts ---- */

static bool read_layers(scan *s, fann *net)
{
    size_t type = 0;
    if (!find(s, "num_layers=") || !take_size(s, &net->layers))
        return false;
    if (net->layers < 2 || net->layers > MOST_LAYERS)
        return refuse(s, "a number of layers that cannot be");
    if (!find(s, "network_type=") || !take_size(s, &type))
        return false;
    if (type != 0) {
        bpnn__foreign_refuse(s->f, "a shortcut network of FANN: layers see all before them, which is not known here");
        return false;
    }
    net->size = bpnn__alloc(net->layers, sizeof *net->size);
    if (!net->size) {
        bpnn__foreign_memory(s->f);
        return false;
    }
    bool good = find(s, "layer_sizes=");
    for (size_t i = 0; good && i < net->layers; i++) {
        good = take_size(s, &net->size[i]) && (take(s, " ") || refuse(s, "expected a blank"));
        if (good && net->size[i] < 2)
            good = refuse(s, "a layer without units");
    }
    return good;
}

static bool read_scaling(scan *s, fann *net)
{
    static const char *const names[2][4] = {
        {"scale_mean_in=", "scale_deviation_in=", "scale_new_min_in=", "scale_factor_in="},
        {"scale_mean_out=", "scale_deviation_out=", "scale_new_min_out=", "scale_factor_out="}};
    size_t included = 0;
    if (!find(s, "scale_included=") || !take_size(s, &included))
        return false;
    for (int side = 0; included && side < 2 && s->f->status == BPNN_OK; side++) {
        size_t count = net->size[side ? net->layers - 1 : 0] - 1;
        net->mean[side] = take_list(s, names[side][0], count);
        net->deviation[side] = take_list(s, names[side][1], count);
        net->least[side] = take_list(s, names[side][2], count);
        net->factor[side] = take_list(s, names[side][3], count);
    }
    return s->f->status == BPNN_OK;
}

static bool take_neuron(scan *s, size_t *inputs, size_t *function, double *steepness)
{
    return (take(s, "(") || refuse(s, "expected a neuron")) && take_size(s, inputs) &&
           (take(s, ", ") || refuse(s, "expected a neuron")) && take_size(s, function) &&
           (take(s, ", ") || refuse(s, "expected a neuron")) && take_number(s, steepness) &&
           (take(s, ") ") || refuse(s, "expected a neuron"));
}

/* The neurons of layer m >= 1: one function; the bias holds the steepness of each until its connections are read. */
static bool read_units(scan *s, fann *net, size_t m, size_t first)
{
    bpnn__foreign_layer *layer = bpnn__foreign_add(s->f, net->size[m - 1] - 1, net->size[m] - 1, true);
    size_t function = 0, first_function = 0, none;
    double steepness;
    for (size_t i = 0; layer && i < layer->out; i++) {
        if (!take_neuron(s, &net->inputs[first + i], &function, &layer->bias[i]))
            return false;
        first_function = i == 0 ? function : first_function;
        if (function != first_function) {
            bpnn__foreign_refuse(s->f, "layer %zu has units of different activations, which is not known here", m);
            return false;
        }
    }
    const bpnn__fann_activation *a = bpnn__fann_find((int)first_function);
    if (layer && !a) {
        bpnn__foreign_refuse(s->f, "layer %zu: FANN's activation %zu is not known here%s", m, first_function,
                             first_function == 4   ? " (stepwise: an approximation; FANN_SIGMOID is 3)"
                             : first_function == 6 ? " (stepwise: an approximation; FANN_SIGMOID_SYMMETRIC is 5)"
                                                   : "");
        return false;
    }
    if (layer)
        layer->activation.kind = a->kind;
    return layer && take_neuron(s, &none, &function, &steepness) &&
           (none == 0 || refuse(s, "a bias neuron with inputs"));
}

static bool read_neurons(scan *s, fann *net)
{
    size_t total = 0, inputs, function;
    double steepness;
    for (size_t m = 0; m < net->layers; m++)
        total += net->size[m]; /* at most 1024 x 2^31 */
    if (!find(s, "neurons (num_inputs, activation_function, activation_steepness)="))
        return false;
    if (total > (size_t)(s->end - s->at) / LEAST_NEURON)
        return refuse(s, "it is shorter than its counts say");
    net->inputs = bpnn__alloc(total, sizeof *net->inputs);
    if (!net->inputs) {
        bpnn__foreign_memory(s->f);
        return false;
    }
    for (size_t i = 0; i < net->size[0]; i++)
        if (!take_neuron(s, &inputs, &function, &steepness) ||
            (inputs != 0 && !refuse(s, "an input neuron with inputs")))
            return false;
    size_t first = net->size[0], weights = 0;
    for (size_t m = 1; m < net->layers; m++) { /* before memory for the weights is taken */
        size_t more = 0;
        if (!bpnn__mul(net->size[m - 1], net->size[m], &more) || !bpnn__add(weights, more, &weights) ||
            weights > ((size_t)4 << 20) + (size_t)(s->end - s->at))
            return refuse(s, "it is shorter than its counts say");
    }
    for (size_t m = 1; m < net->layers; first += net->size[m++])
        if (!read_units(s, net, m, first))
            return false;
    return true;
}

/* Connections of one unit: weight * factor, the bias neuron's + shift. */
static bool read_unit(scan *s, bpnn__foreign_layer *layer, size_t unit, size_t count, size_t first)
{
    const bpnn__fann_activation *a = bpnn__fann_of(layer->activation.kind);
    double factor = a->factor * layer->bias[unit], bias = a->shift, weight;
    size_t from;
    if (count > (size_t)(s->end - s->at) / LEAST_CONNECTION)
        return refuse(s, "it is shorter than its counts say");
    for (size_t i = 0; i < count; i++) {
        bool good = (take(s, "(") || refuse(s, "expected a connection")) && take_size(s, &from) &&
                    (take(s, ", ") || refuse(s, "expected a connection")) && take_number(s, &weight) &&
                    (take(s, ") ") || refuse(s, "expected a connection"));
        if (!good)
            return false;
        if (from < first || from - first > layer->in)
            return refuse(s, "a connection that does not come from the layer before");
        if (from - first == layer->in)
            bias += weight * factor;
        else
            layer->weight[(from - first) * layer->out + unit] += weight * factor;
    }
    layer->bias[unit] = bias;
    return true;
}

static bool read_connections(scan *s, const fann *net)
{
    size_t first = 0, neuron = net->size[0];
    if (!find(s, "connections (connected_to_neuron, weight)="))
        return false;
    for (size_t m = 1; m < net->layers; m++) {
        for (size_t i = 0; i + 1 < net->size[m]; i++)
            if (!read_unit(s, &s->f->layers[m - 1], i, net->inputs[neuron + i], first))
                return false;
        first += net->size[m - 1];
        neuron += net->size[m];
    }
    return true;
}

/* FANN: ((x - mean) / deviation + 1) factor + least, for outputs the way back; ours: (x - mean') / scale'. Refused: a
 * deviation of 0, by which FANN divides. */
static void take_scaling(bpnn__foreign *f, fann *net, int side, double **mean, double **scale)
{
    size_t count = net->size[side ? net->layers - 1 : 0] - 1;
    for (size_t i = 0; i < count; i++) {
        double deviation = net->deviation[side][i], factor = net->factor[side][i];
        if (!(deviation > 0) || !(factor > 0)) {
            bpnn__foreign_refuse(f, "FANN's scaling of %s %zu has a deviation or factor that is not positive",
                                 side ? "output" : "input", i + 1);
            return;
        }
        net->mean[side][i] -= (1 + net->least[side][i] / factor) * deviation;
        net->deviation[side][i] = deviation / factor;
    }
    *mean = net->mean[side];
    *scale = net->deviation[side];
    net->mean[side] = net->deviation[side] = NULL;
}

static void read_file(scan *s, fann *net)
{
    bpnn__foreign *f = s->f;
    if (!take(s, "FANN_FLO_2.1\n") && !take(s, "FANN_FLO_2.0\n")) {
        bpnn__foreign_refuse(f, "this is no file of FANN 2 with floating-point weights (FANN_FLO_2.1)");
        return;
    }
    if (!read_layers(s, net) || !read_scaling(s, net) || !read_neurons(s, net) || !read_connections(s, net))
        return;
    if (net->mean[0])
        take_scaling(f, net, 0, &f->mean, &f->scale);
    bool classes = f->layers[f->depth - 1].out == 1 && f->layers[f->depth - 1].activation.kind == BPNN_ACT_SIGMOID;
    for (size_t i = 0; net->mean[1] && i + 1 < net->size[net->layers - 1]; i++) /* outputs that are left alone */
        classes = classes && net->mean[1][i] == 0 && net->deviation[1][i] == 1 && net->least[1][i] == -1 &&
                  net->factor[1][i] == 1;
    if (net->mean[1] && !classes && f->status == BPNN_OK)
        take_scaling(f, net, 1, &f->target_mean, &f->target_scale);
}

bpnn_status bpnn__import_fann(bpnn_model **model, const void *bytes, size_t size, const char *file, bpnn_error *error)
{
    bpnn__foreign f = {.file = file, .error = error, .precision = BPNN_DOUBLE};
    scan s = {&f, bytes, (const char *)bytes + size};
    fann net = {0};
    *model = NULL;
    read_file(&s, &net);
    bpnn_status status = bpnn__foreign_model(&f, model);
    bpnn__foreign_free(&f);
    bpnn__free(net.size);
    bpnn__free(net.inputs);
    for (int side = 0; side < 2; side++) {
        bpnn__free(net.mean[side]);
        bpnn__free(net.deviation[side]);
        bpnn__free(net.least[side]);
        bpnn__free(net.factor[side]);
    }
    return status;
}
