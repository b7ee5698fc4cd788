#include "oracle/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t dice_word(dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

double dice_uniform(dice *d, double low, double high)
{
    return low + (high - low) * (double)(dice_word(d) >> 11) * 0x1p-53;
}

size_t dice_below(dice *d, size_t bound)
{
    return (size_t)(dice_word(d) % bound);
}

uint64_t draw_seed(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    printf("seed %llu\n", (unsigned long long)seed);
    return seed;
}

static double target_for(dice *d, const ref_net *net)
{
    switch (net->loss) {
    case BPNN_LOSS_BINARY_CROSSENTROPY:
    case BPNN_LOSS_FOCAL:
        return dice_below(d, 3) ? (double)dice_below(d, 2) : dice_uniform(d, 0, 1);
    case BPNN_LOSS_HINGE:
        return dice_below(d, 2) ? 1 : -1;
    case BPNN_LOSS_POISSON:
        return (double)dice_below(d, 5);
    default:
        return dice_uniform(d, -1, 1);
    }
}

static bool has_classes(const ref_net *net)
{
    bpnn_activation_kind output = net->act[net->depth - 1];
    return (output == BPNN_ACT_SOFTMAX || output == BPNN_ACT_LOG_SOFTMAX) &&
           (net->loss == BPNN_LOSS_CROSSENTROPY || net->loss == BPNN_LOSS_FOCAL);
}

static void draw_targets(drawn *d, dice *die)
{
    size_t k = d->net.n[d->net.depth];
    bool classes = has_classes(&d->net), soft = dice_below(die, 3) == 0;
    d->indices = classes && !soft && k > 1 && dice_below(die, 2);
    for (size_t r = 0; r < d->rows; r++) {
        size_t class = dice_below(die, k);
        d->class[r] = (double)class;
        for (size_t i = 0; i < k; i++) {
            d->t[r * k + i] = !classes ? target_for(die, &d->net) : soft ? dice_uniform(die, 0, 1) : i == class;
            if (!d->indices && r > 0 && dice_below(die, 12) == 0)
                d->t[r * k + i] = (double)NAN;
        }
    }
}

void draw_rows(drawn *d, dice *die, size_t n, double range)
{
    d->rows = n;
    d->weighted = dice_below(die, 2) != 0;
    for (size_t i = 0; i < n * d->net.n[0]; i++)
        d->x[i] = dice_uniform(die, -range, range);
    for (size_t r = 0; r < n; r++)
        d->weight[r] = !d->weighted ? 1 : r > 0 && dice_below(die, 8) == 0 ? 0 : dice_uniform(die, 0.1, 2);
    draw_targets(d, die);
}

static double loss_parameter(dice *die, bpnn_loss_kind loss)
{
    static const double gammas[] = {0, 1, 2, 2.5};
    return loss == BPNN_LOSS_CROSSENTROPY ? 0.1 * (double)dice_below(die, 2)
           : loss == BPNN_LOSS_QUANTILE   ? 0.3
           : loss == BPNN_LOSS_HUBER      ? 0.5
                                          : gammas[dice_below(die, 4)];
}

void draw_parameters(drawn *d, dice *die, double spread)
{
    double *w = d->w;
    for (size_t m = 0; m < d->net.depth; m++) {
        double bound = spread / sqrt((double)d->net.n[m]);
        for (size_t i = 0; i < d->net.n[m] * d->net.n[m + 1]; i++)
            *w++ = dice_uniform(die, -bound, bound);
        size_t biases = d->net.bias[m] == BPNN_BIAS_NEURON ? d->net.n[m + 1] : d->net.bias[m] == BPNN_BIAS_SHARED;
        for (size_t i = 0; i < biases; i++)
            *w++ = dice_uniform(die, -1, 1);
    }
}

void draw(drawn *d, dice *die, bpnn_activation_kind hidden, bpnn_activation_kind output, bpnn_loss_kind loss)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17};
    ref_net *net = &d->net;
    bool exponential = false;
    net->depth = 2 + dice_below(die, 4);
    net->n[0] = sizes[dice_below(die, 12)];
    for (size_t m = 0; m < net->depth; m++) {
        net->n[m + 1] = sizes[dice_below(die, 12)];
        net->act[m] = m + 1 == net->depth ? output
                      : m == 0            ? hidden
                                          : (bpnn_activation_kind)dice_below(die, BPNN_ACT_SOFTMAX);
        net->act_parameter[m] = net->act[m] == BPNN_ACT_LEAKY_RELU ? 0.2 : 0.7;
        net->bias[m] = (bpnn_bias)dice_below(die, 3);
        exponential = exponential || net->act[m] == BPNN_ACT_EXP;
    }
    net->loss = loss;
    net->loss_parameter = loss_parameter(die, loss);
    net->mean = dice_below(die, 2) != 0;
    draw_parameters(d, die, exponential ? 1 : dice_below(die, 2) ? 3 : 1.5);
    size_t rows = 1 + dice_below(die, 9);
    draw_rows(d, die, rows, exponential || dice_below(die, 4) ? 1 : 4);
}

bpnn_matrix draw_target_matrix(const drawn *d)
{
    return d->indices ? bpnn_matrix_of(d->class, d->rows, 1) : bpnn_matrix_of(d->t, d->rows, d->net.n[d->net.depth]);
}

bpnn_status draw_gradient(const drawn *d, const bpnn_net *net, double *loss, double *gradient, double *dx)
{
    return bpnn_net_gradient(net, bpnn_matrix_of(d->x, d->rows, d->net.n[0]), draw_target_matrix(d),
                             d->weighted ? d->weight : NULL, loss, gradient, dx, NULL);
}

bpnn_net *draw_library_net(const drawn *d, bpnn_precision precision, size_t group_rows)
{
    bpnn_layer layers[REF_LAYERS] = {0};
    for (size_t m = 0; m < d->net.depth; m++) {
        layers[m].size = d->net.n[m + 1];
        layers[m].activation.kind = d->net.act[m];
        layers[m].activation.parameter = d->net.act_parameter[m];
        layers[m].bias = d->net.bias[m];
    }
    bpnn_net_options options;
    bpnn_net_options_default(&options);
    options.inputs = d->net.n[0];
    options.layer_count = d->net.depth;
    options.layers = layers;
    options.loss.kind = d->net.loss;
    options.loss.parameter = d->net.loss_parameter;
    options.reduction = d->net.mean ? BPNN_REDUCTION_MEAN : BPNN_REDUCTION_SUM;
    options.precision = precision;
    options.group_rows = group_rows;
    bpnn_net *net;
    if (bpnn_net_new(&net, &options, NULL) != BPNN_OK)
        return NULL;
    bpnn_net_set_parameters(net, d->w);
    return net;
}

double larger(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

double distance(const double *a, const double *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = larger(fabs(a[i] - b[i]) / fmax(1, fabs(a[i])), worst);
    return worst;
}
