/* Initial parameters: every number is a function of (kind, seed, element) alone, in double, rounded to the net's
 * precision. Sources: Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998, Nguyen & Widrow 1990. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/random.h"
#include "kernel/scalar.h"
#include "net/net.h"

#include <math.h>

/* Streams of one layer: the weights and the biases never share numbers. */
enum { GROUP_WEIGHTS = 0, GROUP_BIASES = 1, GROUPS = 2 };

typedef struct draw {
    uint32_t key[2];
    size_t m;
} draw;

static double uniform(const draw *d, unsigned group, uint64_t index)
{
    bpnn__philox words = bpnn__random_words(d->key, index, (uint32_t)(d->m * GROUPS + group));
    return 2 * bpnn__uniform01(words.v[0], words.v[1]) - 1;
}

/* Box & Muller 1958 on the element's own four words. */
static double normal(const draw *d, unsigned group, uint64_t index)
{
    bpnn__philox words = bpnn__random_words(d->key, index, (uint32_t)(d->m * GROUPS + group));
    double u = bpnn__uniform01(words.v[0], words.v[1]), v = bpnn__uniform01(words.v[2], words.v[3]);
    return sqrt(-2 * bpnn__log(u)) * bpnn__cos(6.283185307179586 * v);
}

static bool relu_family(bpnn_activation_kind kind)
{
    switch (kind) {
    case BPNN_ACT_RELU:
    case BPNN_ACT_LEAKY_RELU:
    case BPNN_ACT_ELU:
    case BPNN_ACT_SELU:
    case BPNN_ACT_GELU:
    case BPNN_ACT_GELU_TANH:
    case BPNN_ACT_SILU:
    case BPNN_ACT_MISH:
    case BPNN_ACT_SOFTPLUS:
    case BPNN_ACT_RELU6:
        return true;
    default:
        return false;
    }
}

/* Half width (uniform) or standard deviation (normal) of w^m, by fan-in and fan-out. */
static double spread(bpnn_init_kind kind, double in, double out)
{
    switch (kind) {
    case BPNN_INIT_GLOROT:
        return sqrt(6 / (in + out));
    case BPNN_INIT_GLOROT_NORMAL:
        return sqrt(2 / (in + out));
    case BPNN_INIT_HE:
        return sqrt(6 / in);
    case BPNN_INIT_HE_NORMAL:
        return sqrt(2 / in);
    case BPNN_INIT_LECUN:
        return sqrt(3 / in);
    default: /* lecun_normal */
        return sqrt(1 / in);
    }
}

static bool is_normal(bpnn_init_kind kind)
{
    return kind == BPNN_INIT_GLOROT_NORMAL || kind == BPNN_INIT_HE_NORMAL || kind == BPNN_INIT_LECUN_NORMAL ||
           kind == BPNN_INIT_NORMAL;
}

static size_t bias_count(const bpnn_net *net, size_t m)
{
    bpnn_bias mode = net->layers[m - 1].bias;
    return mode == BPNN_BIAS_NEURON ? bpnn__net_size(net, m) : mode == BPNN_BIAS_SHARED;
}

static void fill(bpnn_net *net, const draw *d, unsigned group, size_t first, size_t count, bool gaussian, double width)
{
    for (size_t i = 0; i < count; i++)
        bpnn__net_put(net, first + i, width * (gaussian ? normal(d, group, i) : uniform(d, group, i)));
}

/* Weights by fans; hidden biases U(-q, q), q = 1/sqrt(s_{m-1}), so that relu kinks do not all meet at the origin;
 * output biases 0. */
static void by_fans(bpnn_net *net, const draw *d, bpnn_init_kind kind)
{
    size_t m = d->m, in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    bool hidden = m < net->depth;
    if (kind == BPNN_INIT_AUTO)
        kind = hidden && relu_family(net->layers[m - 1].activation.kind) ? BPNN_INIT_HE : BPNN_INIT_GLOROT;
    fill(net, d, GROUP_WEIGHTS, net->weight_offset[m], in * out, is_normal(kind),
         spread(kind, (double)in, (double)out));
    fill(net, d, GROUP_BIASES, net->bias_offset[m], bias_count(net, m), false, hidden ? 1 / sqrt((double)in) : 0);
}

/* ---- Nguyen & Widrow ---- */

/* Where the inputs of a layer lie: centre and half width of each; NULL = the range of the layer below. */
typedef struct input_range {
    const double *least, *most;
    double low, high;
} input_range;

static double centre_of(const input_range *r, size_t j)
{
    return r->least && r->most ? (r->most[j] + r->least[j]) / 2 : (r->high + r->low) / 2;
}

static double half_of(const input_range *r, size_t j)
{
    return r->least && r->most ? (r->most[j] - r->least[j]) / 2 : (r->high - r->low) / 2;
}

/* One neuron: a direction of length gain over inputs mapped to [-1, 1], then moved to the inputs' own ranges. */
static void spread_neuron(bpnn_net *net, const draw *d, size_t i, double gain, double bias, double stretch,
                          const input_range *range)
{
    size_t in = bpnn__net_size(net, d->m - 1), out = bpnn__net_size(net, d->m);
    double length = 0;
    for (size_t j = 0; j < in; j++) {
        double x = half_of(range, j) > 0 ? normal(d, GROUP_WEIGHTS, j * out + i) : 0;
        length += x * x;
    }
    length = length > 0 ? sqrt(length) : 1;
    for (size_t j = 0; j < in; j++) {
        double half = half_of(range, j);
        double w = half > 0 ? gain * normal(d, GROUP_WEIGHTS, j * out + i) / length / half : 0;
        bias -= w * centre_of(range, j);
        bpnn__net_put(net, net->weight_offset[d->m] + j * out + i, stretch * w);
    }
    bpnn__net_put(net, net->bias_offset[d->m] + i, stretch * bias);
}

static double least_of(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_SIGMOID || kind == BPNN_ACT_ELLIOT || kind == BPNN_ACT_HARD_SIGMOID ? 0 : -1;
}

static void nguyen_widrow(bpnn_net *net, const draw *d, const double *input_min, const double *input_max)
{
    size_t m = d->m, in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    if (net->layers[m - 1].bias != BPNN_BIAS_NEURON || m == net->depth) {
        by_fans(net, d, BPNN_INIT_GLOROT);
        return;
    }
    input_range range = {.low = m == 1 ? -1 : least_of(net->layers[m - 2].activation.kind), .high = 1};
    if (m == 1) {
        range.least = input_min;
        range.most = input_max;
    }
    size_t moving = 0;
    for (size_t j = 0; j < in; j++)
        moving += half_of(&range, j) > 0;
    double gain = moving ? 0.7 * bpnn__pow((double)out, 1 / (double)moving) : 0;
    double stretch = net->layers[m - 1].activation.kind == BPNN_ACT_SIGMOID ? 2 : 1;
    for (size_t i = 0; i < out; i++) {
        double bias = out > 1 ? gain * (2 * (double)i / (double)(out - 1) - 1) : 0;
        spread_neuron(net, d, i, gain, bias, stretch, &range);
    }
}

/* ---- all layers ---- */

static void initialise_layer(bpnn_net *net, const draw *d, bpnn_init_kind kind, double parameter,
                             const double *input_min, const double *input_max)
{
    size_t m = d->m, weights = bpnn__net_size(net, m - 1) * bpnn__net_size(net, m);
    switch (kind) {
    case BPNN_INIT_ZEROS:
    case BPNN_INIT_UNIFORM:
    case BPNN_INIT_NORMAL:
        parameter = kind == BPNN_INIT_ZEROS ? 0 : parameter;
        fill(net, d, GROUP_WEIGHTS, net->weight_offset[m], weights, is_normal(kind), parameter);
        fill(net, d, GROUP_BIASES, net->bias_offset[m], bias_count(net, m), is_normal(kind), parameter);
        break;
    case BPNN_INIT_NGUYEN_WIDROW:
        nguyen_widrow(net, d, input_min, input_max);
        break;
    default:
        by_fans(net, d, kind);
        break;
    }
}

bpnn_status bpnn_net_initialise(bpnn_net *net, bpnn_init_kind kind, double parameter, uint64_t seed,
                                const double *input_min, const double *input_max, bpnn_error *error)
{
    if ((unsigned)kind >= BPNN_INIT_COUNT)
        return bpnn__fail(error, BPNN_USAGE, "no initialiser has the number %d", (int)kind);
    if (isnan(parameter))
        parameter = 0.1; /* the list's default for uniform and normal */
    if (!isfinite(parameter) || parameter < 0)
        return bpnn__fail(error, BPNN_USAGE, "initialiser %s: its parameter cannot be %g",
                          bpnn_word(BPNN_WORDS_INIT, (int)kind), parameter);
    uint64_t mode = bpnn__fpmode_enter();
    draw d;
    bpnn__random_key(seed, BPNN__STREAM_INIT, d.key);
    for (d.m = 1; d.m <= net->depth; d.m++)
        initialise_layer(net, &d, kind, parameter, input_min, input_max);
    bpnn__fpmode_leave(mode);
    return BPNN_OK;
}
