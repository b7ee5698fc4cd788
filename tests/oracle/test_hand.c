/* Networks worked out on paper, and the derivation's own rule over a few steps: gradient descent on the summed loss, each
 * layer its own activation, all deltas taken with the weights before the update. */
#include "oracle/draw.h"
#include <bpnn/train.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 16 };

/* One layer chain with its numbers; the expected ones in the order of the seed form. */
typedef struct hand {
    const char *what;
    size_t inputs, depth;
    bpnn_layer layers[2];
    bpnn_loss_kind loss;
    bpnn_reduction reduction;
    size_t rows;
    double x[MOST], t[MOST], weight[MOST], w[MOST]; /* weight[0] = 0: none */
    double expected_loss, gradient[MOST], dx[MOST];
} hand;

#define LAYER(units, act, mode)                                                                                        \
    {                                                                                                                  \
        .size = (units), .activation = {.kind = BPNN_ACT_##act}, .bias = BPNN_BIAS_##mode                              \
    }
#define LN2 0.69314718055994530942
#define LN3 1.09861228866810969140
#define LN4 1.38629436111989061883

/* One network a paragraph: its name, inputs, depth, layers, loss, reduction, rows; then x, t, weights, w, and what is
 * expected: L, the gradient, dX. */
/* clang-format off */
static const hand hands[] = {
    /* e = 2*3 + 1/2 = 13/2, y - t = 3/2; L = 9/4, d = 3, dw = 3 d, dx = 2 d */
    {"identity, mse", 1, 1, {LAYER(1, IDENTITY, NEURON)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {3}, {5}, {0}, {2, 0.5}, 2.25, {9, 3}, {6}},
    /* the same with d = y - t */
    {"identity, half_mse", 1, 1, {LAYER(1, IDENTITY, NEURON)}, BPNN_LOSS_HALF_MSE, BPNN_REDUCTION_MEAN, 1,
     {3}, {5}, {0}, {2, 0.5}, 1.125, {4.5, 1.5}, {3}},
    /* rows 1 and 2 with weights 1 and 3, w = 1, t = 0: L = 1 + 3*4; dw = 2*1*1 + 3*(2*2)*2 */
    {"weights, sum", 1, 1, {LAYER(1, IDENTITY, NONE)}, BPNN_LOSS_MSE, BPNN_REDUCTION_SUM, 2,
     {1, 2}, {0, 0}, {1, 3}, {1}, 13, {26}, {2, 12}},
    {"weights, mean", 1, 1, {LAYER(1, IDENTITY, NONE)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 2,
     {1, 2}, {0, 0}, {1, 3}, {1}, 6.5, {13}, {1, 6}},
    /* e = 0, y = 1/2, t = 1: L = ln 2, d = -1/2 */
    {"sigmoid, binary_crossentropy", 1, 1, {LAYER(1, SIGMOID, NEURON)}, BPNN_LOSS_BINARY_CROSSENTROPY,
     BPNN_REDUCTION_MEAN, 1,
     {1}, {1}, {0}, {1, -1}, LN2, {-0.5, -0.5}, {-0.5}},
    /* e = 0, y = 1/2, Act' = 1/4, 2 (y - t) = 1: d = 1/4 */
    {"sigmoid, mse", 1, 1, {LAYER(1, SIGMOID, NEURON)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {2}, {0}, {0}, {1, -2}, 0.25, {0.5, 0.25}, {0.25}},
    /* e = -2: nothing passes */
    {"relu, off", 1, 1, {LAYER(1, RELU, NEURON)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {2}, {3}, {0}, {-1, 0}, 9, {0, 0}, {0}},
    /* relu'(0) = 0 */
    {"relu at 0", 1, 1, {LAYER(1, RELU, NEURON)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {2}, {3}, {0}, {0, 0}, 9, {0, 0}, {0}},
    /* the derivative of |y - t| at 0 is 0 */
    {"mae at 0", 1, 1, {LAYER(1, IDENTITY, NEURON)}, BPNN_LOSS_MAE, BPNN_REDUCTION_MEAN, 1,
     {2}, {3}, {0}, {1, 1}, 0, {0, 0}, {0}},
    /* e = (0, ln 3), p = (1/4, 3/4), t = (1, 0): L = ln 4, d = p - t */
    {"softmax, crossentropy", 1, 1, {LAYER(2, SOFTMAX, NONE)}, BPNN_LOSS_CROSSENTROPY, BPNN_REDUCTION_MEAN, 1,
     {1}, {1, 0}, {0}, {0, LN3}, LN4, {-0.75, 0.75}, {0.75 * LN3}},
    /* t = (2, 1): L = 3 ln 4 - ln 3, d = 3 p - t */
    {"softmax, targets of sum 3", 1, 1, {LAYER(2, SOFTMAX, NONE)}, BPNN_LOSS_CROSSENTROPY, BPNN_REDUCTION_MEAN,
     1,
     {1}, {2, 1}, {0}, {0, LN3}, 3 * LN4 - LN3, {-1.25, 1.25}, {1.25 * LN3}},
    /* one class: p = 1, and (1-p)^2 log p = 0 with every derivative */
    {"softmax of one unit, focal", 1, 1, {LAYER(1, SOFTMAX, NEURON)}, BPNN_LOSS_FOCAL, BPNN_REDUCTION_MEAN, 1,
     {1}, {1}, {0}, {2, 1}, 0, {0, 0}, {0}},
    /* g = 2 (p - t) = (-3/2, 3/2), sum g p = 3/4, d = p (g - 3/4) = (-9/16, 9/16); L = 9/8 */
    {"softmax, mse", 1, 1, {LAYER(2, SOFTMAX, NONE)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {1}, {1, 0}, {0}, {0, LN3}, 1.125, {-0.5625, 0.5625}, {0.5625 * LN3}},
    /* y = log p = (-ln 4, ln 3 - ln 4); t = y - (1, 0): g = (2, 0), d = g - p sum g = (3/2, -3/2); L = 1 */
    {"log_softmax, mse", 1, 1, {LAYER(2, LOG_SOFTMAX, NONE)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 1,
     {1}, {-LN4 - 1, LN3 - LN4}, {0}, {0, LN3}, 1, {1.5, -1.5}, {-1.5 * LN3}},
    /* w = (1, 2), shared b = 1, x = 1 and -1: e = (2, 3) and (0, -1); t = (0, NaN) and (1, 1): y - t = (2, -) and
     * (-1, -2); the mean divides by 2 rows: d = (2, 0) and (-1, -2); dw = (2 + 1, 0 + 2); db = 2 - 1 - 2; L = (4 + 1 + 4)/2 */
    {"shared bias, NaN target", 1, 1, {LAYER(2, IDENTITY, SHARED)}, BPNN_LOSS_MSE, BPNN_REDUCTION_MEAN, 2,
     {1, -1}, {0, (double)NAN, 1, 1}, {0}, {1, 2, 1}, 4.5, {3, 2, -1}, {2, -5}},
    /* e^1 = (1, 1), y^1 = (1/2, 1/2), Act_1' = 1/4; e^2 = 2/2 - 4/2 + 1 = 0; d^2 = -1, L = 1/2;
     * dw^2 = (-1/2, -1/2), db^2 = -1; d^1 = -1 (2, -4) / 4 = (-1/2, 1);
     * dw^1 = ((-1/2, 1), (-1, 2)), db^1 = d^1; dX = (-1/2 - 1, 1) */
    {"2-2-1", 2, 2, {LAYER(2, SOFTSIGN, NEURON), LAYER(1, IDENTITY, NEURON)}, BPNN_LOSS_HALF_MSE,
     BPNN_REDUCTION_SUM, 1,
     {1, 2}, {1}, {0}, {1, -1, 0, 1, 0, 0, 2, -4, 1}, 0.5, {-0.5, 1, -1, 2, -0.5, 1, -0.5, -0.5, -1}, {-1.5,
     1}},
    /* 1-1-1 through relu, e^1 = -1 + 3 = 2, y = 2*2 + 1/2 = 9/2, t = 1/2: d^2 = 8, d^1 = 16 */
    {"1-1-1, relu", 1, 2, {LAYER(1, RELU, SHARED), LAYER(1, IDENTITY, SHARED)}, BPNN_LOSS_MSE,
     BPNN_REDUCTION_MEAN, 1,
     {1}, {0.5}, {0}, {-1, 3, 2, 0.5}, 16, {16, 16, 16, 8}, {-16}},
};
/* clang-format on */

static bpnn_net *net_of(const hand *h, bpnn_precision precision)
{
    bpnn_net_options options;
    bpnn_net_options_default(&options);
    options.inputs = h->inputs;
    options.layer_count = h->depth;
    options.layers = h->layers;
    options.loss.kind = h->loss;
    options.loss.parameter = (double)NAN;
    options.reduction = h->reduction;
    options.precision = precision;
    bpnn_net *net = NULL;
    if (bpnn_net_new(&net, &options, NULL) == BPNN_OK)
        bpnn_net_set_parameters(net, h->w);
    return net;
}

static bpnn_data data_of(const hand *h)
{
    return (bpnn_data){.inputs = bpnn_matrix_of(h->x, h->rows, h->inputs),
                       .targets = bpnn_matrix_of(h->t, h->rows, h->layers[h->depth - 1].size),
                       .row_weights = h->weight[0] != 0 ? h->weight : NULL};
}

static bool check_hand(const hand *h, bpnn_precision precision)
{
    double loss = (double)NAN, gradient[MOST] = {0}, dx[MOST] = {0}, limit = precision == BPNN_DOUBLE ? 1e-15 : 1e-6;
    bpnn_net *net = net_of(h, precision);
    bpnn_data data = data_of(h);
    bpnn_status status =
        net ? bpnn_net_gradient(net, data.inputs, data.targets, data.row_weights, &loss, gradient, dx, NULL)
            : BPNN_USAGE;
    bpnn_net_free(net);
    double off = larger(distance(h->gradient, gradient, MOST), distance(h->dx, dx, MOST));
    off = larger(off, distance(&h->expected_loss, &loss, 1));
    if (status == BPNN_OK && off <= limit)
        return true;
    printf("  %s: off by %g\n", h->what, off);
    return false;
}

/* One step of the derivation's rule on every hand: w - a dw with a = 1/2, from the same numbers. */
static bool check_hand_step(const hand *h)
{
    double after[MOST] = {0}, expected[MOST] = {0};
    bpnn_net *net = net_of(h, BPNN_DOUBLE);
    bpnn_data data = data_of(h);
    bpnn_train_options options;
    bpnn_train_options_default(&options);
    options.method = "sgd";
    options.rate = 0.5;
    options.l2 = 0;
    options.threads = 1;
    bpnn_trainer *trainer;
    double scale = 1; /* a trainer brings the mean weight to 1 */
    if (h->weight[0] != 0 && h->reduction == BPNN_REDUCTION_MEAN)
        scale = (double)h->rows / (h->weight[0] + h->weight[1]);
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, NULL);
    if (status == BPNN_OK)
        status = bpnn_trainer_step(trainer, (size_t[]){1, 0} + (h->rows == 1), h->rows, NULL, NULL);
    if (status == BPNN_OK)
        bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, after);
    size_t count = bpnn_net_parameter_count(net);
    for (size_t i = 0; i < count; i++)
        expected[i] = h->w[i] - 0.5 * scale * h->gradient[i];
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    double off = distance(expected, after, count);
    if (status == BPNN_OK && off <= 1e-15)
        return true;
    printf("  %s, one step: off by %g\n", h->what, off);
    return false;
}

/* relu lets NaN through, forward */
static bool check_nan_passes(void)
{
    double y = 0;
    const double x = (double)NAN;
    bpnn_net *net = net_of(&hands[6], BPNN_DOUBLE);
    bpnn_status status = bpnn_net_forward(net, bpnn_matrix_of(&x, 1, 1), &y, NULL);
    bpnn_net_free(net);
    return status == BPNN_OK && isnan(y);
}

/* dw = -2e200: its square overflows, so that the norm is not finite: refused, and nothing changes */
static bool check_clip_refuses(void)
{
    static const hand huge = {.inputs = 1,
                              .depth = 1,
                              .layers = {LAYER(1, IDENTITY, NONE)},
                              .rows = 1,
                              .x = {1e200},
                              .t = {1},
                              .loss = BPNN_LOSS_MSE};
    double w = 1;
    bpnn_net *net = net_of(&huge, BPNN_DOUBLE);
    bpnn_data data = data_of(&huge);
    bpnn_train_options options;
    bpnn_train_options_default(&options);
    options.method = "sgd";
    options.l2 = 0;
    options.clip = 1;
    bpnn_trainer *trainer;
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, NULL);
    if (status == BPNN_OK)
        status = bpnn_trainer_step(trainer, (size_t[]){0}, 1, NULL, NULL);
    bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, &w);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    return status == BPNN_DIVERGED && w == 0;
}

/* ---- the derivation's rule over steps ---- */

static void reference_step(drawn *d, const size_t *rows, size_t count, double rate)
{
    static drawn batch;
    static double gradient[DRAW_PARAMETERS];
    size_t in = d->net.n[0], out = d->net.n[d->net.depth];
    for (size_t r = 0; r < count; r++) {
        memcpy(batch.x + r * in, d->x + rows[r] * in, in * sizeof *d->x);
        memcpy(batch.t + r * out, d->t + rows[r] * out, out * sizeof *d->t);
        batch.weight[r] = d->weight[rows[r]];
    }
    ref_loss(&d->net, d->w, batch.x, batch.t, batch.weight, count, gradient, NULL);
    for (size_t i = 0; i < ref_count(&d->net); i++)
        d->w[i] -= rate * gradient[i];
}

enum { STEPS = 5 };

/* Steps over shuffled subsets of the rows; the largest difference of a parameter, relative to max(1, |w|). */
static double follow(drawn *d, dice *die, double rate)
{
    static double w[DRAW_PARAMETERS];
    bpnn_net *net = draw_library_net(d, BPNN_DOUBLE, 1024);
    bpnn_data data = {.inputs = bpnn_matrix_of(d->x, d->rows, d->net.n[0]),
                      .targets = draw_target_matrix(d),
                      .row_weights = d->weighted ? d->weight : NULL};
    bpnn_train_options options;
    bpnn_train_options_default(&options);
    options.method = "sgd";
    options.rate = rate;
    options.l2 = 0;
    options.threads = 1;
    options.batch = d->rows;
    bpnn_trainer *trainer;
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, NULL);
    for (int step = 0; step < STEPS && status == BPNN_OK; step++) {
        size_t rows[DRAW_ROWS], count = 1 + dice_below(die, d->rows);
        for (size_t r = 0; r < count; r++)
            rows[r] = dice_below(die, d->rows);
        status = bpnn_trainer_step(trainer, rows, count, NULL, NULL);
        reference_step(d, rows, count, rate);
    }
    if (status == BPNN_OK)
        bpnn_trainer_get(trainer, net);
    bpnn_net_get_parameters(net, w);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    return status == BPNN_OK ? distance(d->w, w, ref_count(&d->net)) : (double)NAN;
}

static size_t check_rule(size_t nets, double *worst)
{
    static drawn d;
    dice die = {draw_seed()};
    size_t bad = 0;
    for (size_t i = 0; i < nets; i++) {
        bpnn_loss_kind loss = i % 2 ? BPNN_LOSS_MSE : BPNN_LOSS_HALF_MSE;
        draw(&d, &die, (bpnn_activation_kind)(i % BPNN_ACT_EXP), (bpnn_activation_kind)(i / 3 % BPNN_ACT_EXP), loss);
        d.net.mean = false;
        double off = follow(&d, &die, 1e-3);
        *worst = larger(off, *worst);
        if (off <= 2e-15)
            continue;
        printf("  net %zu of the rule: off by %g\n", i, off);
        bad++;
    }
    return bad;
}

int main(void)
{
    size_t count = sizeof hands / sizeof *hands, bad = 0, nets = 60;
    double worst = 0;
    for (size_t i = 0; i < count; i++) {
        bad += !check_hand(&hands[i], BPNN_DOUBLE);
        bad += !check_hand(&hands[i], BPNN_SINGLE);
        bad += !check_hand_step(&hands[i]);
    }
    bad += !check_nan_passes();
    bad += !check_clip_refuses();
    bad += check_rule(nets, &worst);
    printf("worst after %d steps: %.2e\n", STEPS, worst);
    printf("hand: %zu done, %zu bad\n", 3 * count + 2 + nets, bad);
    return bad > 0;
}
