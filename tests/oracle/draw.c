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
        return (double)dice_below(d, 2);
    case BPNN_LOSS_HINGE:
        return dice_below(d, 2) ? 1 : -1;
    case BPNN_LOSS_POISSON:
        return (double)dice_below(d, 5);
    default:
        return dice_uniform(d, -1, 1);
    }
}

static void draw_targets(drawn *d, dice *die)
{
    size_t k = d->net.n[d->net.depth];
    bool classes = d->net.act[d->net.depth - 1] >= BPNN_ACT_SOFTMAX &&
                   d->net.act[d->net.depth - 1] <= BPNN_ACT_LOG_SOFTMAX &&
                   (d->net.loss == BPNN_LOSS_CROSSENTROPY || d->net.loss == BPNN_LOSS_FOCAL);
    for (size_t r = 0; r < d->rows; r++) {
        size_t class = dice_below(die, k);
        for (size_t i = 0; i < k; i++) {
            d->t[r * k + i] = classes ? i == class : target_for(die, &d->net);
            if (dice_below(die, 12) == 0)
                d->t[r * k + i] = NAN;
        }
    }
    d->t[0] = isnan(d->t[0]) ? 1 : d->t[0];
}

void draw(drawn *d, dice *die, bpnn_activation_kind hidden, bpnn_activation_kind output, bpnn_loss_kind loss)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17};
    ref_net *net = &d->net;
    net->depth = 2 + dice_below(die, 4);
    net->n[0] = sizes[dice_below(die, 12)];
    for (size_t m = 0; m < net->depth; m++) {
        net->n[m + 1] = sizes[dice_below(die, 12)];
        net->act[m] = m + 1 < net->depth ? hidden : output;
        net->act_parameter[m] = net->act[m] == BPNN_ACT_LEAKY_RELU ? 0.2 : 0.7;
        net->bias[m] = (bpnn_bias)dice_below(die, 3);
    }
    net->loss = loss;
    net->loss_parameter = loss == BPNN_LOSS_CROSSENTROPY ? 0.1 * (double)dice_below(die, 2)
                          : loss == BPNN_LOSS_QUANTILE   ? 0.3
                          : loss == BPNN_LOSS_HUBER      ? 0.5
                                                         : 2;
    net->mean = dice_below(die, 2) != 0;
    d->rows = 1 + dice_below(die, 9);
    d->weighted = dice_below(die, 2) != 0;
    double bound = hidden == BPNN_ACT_EXP ? 0.3 : 1;
    for (size_t i = 0; i < ref_count(net); i++)
        d->w[i] = dice_uniform(die, -bound, bound);
    for (size_t i = 0; i < d->rows * net->n[0]; i++)
        d->x[i] = dice_uniform(die, -1, 1);
    for (size_t r = 0; r < d->rows; r++)
        d->weight[r] = d->weighted ? dice_uniform(die, 0.1, 2) : 1;
    draw_targets(d, die);
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
