/* The gradient against the independent oracle, central differences of the library's own loss, and the complex step: every
 * activation x loss pair first, then random nets. test_gradient [NETS] [seed in BPNN_TEST_SEED]. */
#include "oracle/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUICK_NETS = 300 };

typedef struct tally {
    size_t nets, bad, skipped, checked;
    double worst_reference, worst_difference, worst_norm, worst_complex, worst_single;
} tally;

static double loss_at(drawn *d, bpnn_net *net, size_t i, double w)
{
    double kept = d->w[i], loss;
    d->w[i] = w;
    bpnn_net_set_parameters(net, d->w);
    draw_gradient(d, net, &loss, NULL, NULL);
    d->w[i] = kept;
    return loss;
}

/* Which piece of its activation every pre-activation lies on, and of the loss every output: one sum of products with
 * odd numbers, so that any single change shows. */
static uint64_t pieces(const drawn *d, const bpnn_net *net)
{
    static double e[REF_LAYERS][DRAW_ROWS * REF_UNITS], y[DRAW_ROWS * REF_UNITS];
    double *preacts[REF_LAYERS], *outputs[REF_LAYERS] = {NULL};
    uint64_t signature = 0, place = 1;
    for (size_t m = 0; m < d->net.depth; m++)
        preacts[m] = e[m];
    outputs[d->net.depth - 1] = y;
    bpnn_net_trace(net, bpnn_matrix_of(d->x, d->rows, d->net.n[0]), preacts, outputs, NULL);
    for (size_t m = 0; m < d->net.depth; m++)
        for (size_t i = 0; i < d->rows * d->net.n[m + 1]; i++, place += 2)
            signature += dice_word(&(dice){place}) * (uint64_t)ref_activation_piece(d->net.act[m], e[m][i]);
    for (size_t i = 0; i < d->rows * d->net.n[d->net.depth]; i++, place += 2)
        signature += dice_word(&(dice){place}) * (uint64_t)ref_loss_piece(&d->net, y[i], d->t[i]);
    return signature;
}

static bool leaves_its_piece(drawn *d, bpnn_net *net, size_t i, double h, uint64_t here)
{
    double kept = d->w[i];
    d->w[i] = kept + h;
    bpnn_net_set_parameters(net, d->w);
    bool leaves = pieces(d, net) != here;
    d->w[i] = kept - h;
    bpnn_net_set_parameters(net, d->w);
    leaves = leaves || pieces(d, net) != here;
    d->w[i] = kept;
    return leaves;
}

/* Central differences at h and 2 h, Richardson's combination: the h^2 term falls out. A weight is left out where a
 * pre-activation or an output changes its piece within +-2h. The loss's own rounding, 1e-16 |loss| / h, is allowed for.
 * Returns the largest |a - n| / max(1, |a|); *norm receives the same of the whole vectors. */
static double differences(drawn *d, bpnn_net *net, const double *gradient, size_t n, double *norm, tally *all)
{
    double worst = 0, loss, off2 = 0, size2 = 0;
    draw_gradient(d, net, &loss, NULL, NULL);
    bool smooth = ref_is_smooth(&d->net);
    uint64_t here = pieces(d, net);
    for (size_t i = 0; i < n; i++) {
        double h = 1e-5 * fmax(1, fabs(d->w[i])), unit = fmax(fmax(1, fabs(gradient[i])), 0.1 * fabs(loss));
        if (!smooth && leaves_its_piece(d, net, i, 2 * h, here)) {
            all->skipped++;
            continue;
        }
        double near = (loss_at(d, net, i, d->w[i] + h) - loss_at(d, net, i, d->w[i] - h)) / (2 * h);
        double far = (loss_at(d, net, i, d->w[i] + 2 * h) - loss_at(d, net, i, d->w[i] - 2 * h)) / (4 * h);
        double off = fabs((4 * near - far) / 3 - gradient[i]);
        worst = larger(off / unit, worst);
        off2 += off * off;
        size2 += gradient[i] * gradient[i];
        all->checked++;
    }
    bpnn_net_set_parameters(net, d->w);
    *norm = sqrt(off2) / fmax(fmax(1, sqrt(size2)), fabs(loss));
    return worst;
}

/* unit: max(1, |a|), and a part of the loss, whose rounding the sum over outputs and rows carries */
static double complex_step(const drawn *d, const double *gradient, size_t n, double loss)
{
    static double complex w[DRAW_PARAMETERS];
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        w[i] = d->w[i];
    for (size_t i = 0; i < n; i++) {
        w[i] = d->w[i] + 1e-30 * (double complex)I;
        double slope = cimag(ref_loss_complex(&d->net, w, d->x, d->t, d->weight, d->rows)) / 1e-30;
        w[i] = d->w[i];
        worst = larger(fabs(slope - gradient[i]) / fmax(fmax(1, fabs(gradient[i])), 0.1 * fabs(loss)), worst);
    }
    return worst;
}

static bool all_zero(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0)
            return false;
    return true;
}

static void report(const drawn *d, const char *what, double value)
{
    printf("  %s: %g (hidden %s, output %s, loss %s, %zu layers, %zu rows)\n", what, value,
           bpnn_word(BPNN_WORDS_ACTIVATION, (int)d->net.act[0]),
           bpnn_word(BPNN_WORDS_ACTIVATION, (int)d->net.act[d->net.depth - 1]),
           bpnn_word(BPNN_WORDS_LOSS, (int)d->net.loss), d->net.depth, d->rows);
}

static bool within(const drawn *d, const char *what, double value, double limit)
{
    if (value <= limit)
        return true;
    report(d, what, value);
    return false;
}

static bool check_double(drawn *d, bpnn_net *net, double *gradient, tally *all)
{
    static double expected[DRAW_PARAMETERS], dx[DRAW_ROWS * REF_UNITS], expected_dx[DRAW_ROWS * REF_UNITS];
    size_t n = ref_count(&d->net);
    double loss, reference = ref_loss(&d->net, d->w, d->x, d->t, d->weight, d->rows, expected, expected_dx);
    if (draw_gradient(d, net, &loss, gradient, dx) != BPNN_OK)
        return false;
    double off = larger(distance(expected, gradient, n), distance(expected_dx, dx, d->rows * d->net.n[0]));
    off = larger(off, fabs(loss - reference) / fmax(1, fabs(reference)));
    bool good = within(d, "against the oracle", off, 1e-12);
    if (all_zero(expected, n) != all_zero(gradient, n))
        good = within(d, "an all-zero gradient", 1, 0);
    double norm, difference = differences(d, net, gradient, n, &norm, all),
                 complex_off = complex_step(d, gradient, n, loss);
    good = within(d, "against central differences", difference, 1e-8) && good;
    good = within(d, "against central differences, normwise", norm, 1e-9) && good;
    good = within(d, "against the complex step", complex_off, 1e-12) && good;
    all->worst_complex = larger(complex_off, all->worst_complex);
    all->worst_norm = larger(norm, all->worst_norm);
    all->worst_reference = larger(off, all->worst_reference);
    all->worst_difference = larger(difference, all->worst_difference);
    return good;
}

static bool check_single(drawn *d, const double *gradient, tally *all)
{
    static double single[DRAW_PARAMETERS];
    double loss;
    bpnn_net *net = draw_library_net(d, BPNN_SINGLE, 1024);
    bool good = net && draw_gradient(d, net, &loss, single, NULL) == BPNN_OK;
    bpnn_net_free(net);
    double off = good ? distance(gradient, single, ref_count(&d->net)) : 1;
    all->worst_single = larger(off, all->worst_single);
    return good && within(d, "single precision", off, 2e-3);
}

/* A kink within single's rounding would be no fault: every pre-activation and output has to lie 1e-4 inside its piece. */
static bool clear_of_kinks(const drawn *d)
{
    static double e[REF_LAYERS][DRAW_ROWS * REF_UNITS], y[DRAW_ROWS * REF_UNITS];
    const double gap = 1e-4;
    double *preacts[REF_LAYERS], *outputs[REF_LAYERS] = {NULL};
    const ref_net *net = &d->net;
    for (size_t m = 0; m < net->depth; m++)
        preacts[m] = e[m];
    outputs[net->depth - 1] = y;
    bpnn_net *library = draw_library_net(d, BPNN_DOUBLE, 1024);
    bpnn_net_trace(library, bpnn_matrix_of(d->x, d->rows, net->n[0]), preacts, outputs, NULL);
    bpnn_net_free(library);
    bool clear = true;
    for (size_t m = 0; m < net->depth; m++)
        for (size_t i = 0; i < d->rows * net->n[m + 1]; i++)
            clear = clear && ref_activation_piece(net->act[m], e[m][i] - gap) ==
                                 ref_activation_piece(net->act[m], e[m][i] + gap);
    for (size_t i = 0; i < d->rows * net->n[net->depth]; i++)
        clear = clear && ref_loss_piece(net, y[i] - gap, d->t[i]) == ref_loss_piece(net, y[i] + gap, d->t[i]);
    return clear;
}

static void check(drawn *d, tally *all)
{
    static double gradient[DRAW_PARAMETERS];
    bpnn_net *net = draw_library_net(d, BPNN_DOUBLE, 1024);
    bool good = net && check_double(d, net, gradient, all);
    if (good && clear_of_kinks(d))
        good = check_single(d, gradient, all);
    bpnn_net_free(net);
    all->nets++;
    all->bad += !good;
}

/* The table of losses in docs/mathematics.md: which output activations go with a loss. */
static bool belongs(bpnn_activation_kind output, bpnn_loss_kind loss)
{
    bool over_row = output == BPNN_ACT_SOFTMAX || output == BPNN_ACT_LOG_SOFTMAX;
    switch (loss) {
    case BPNN_LOSS_MSE:
    case BPNN_LOSS_HALF_MSE:
        return true;
    case BPNN_LOSS_POISSON:
        return output == BPNN_ACT_EXP;
    case BPNN_LOSS_BINARY_CROSSENTROPY:
        return output == BPNN_ACT_SIGMOID;
    case BPNN_LOSS_CROSSENTROPY:
        return over_row;
    case BPNN_LOSS_FOCAL:
        return output == BPNN_ACT_SOFTMAX || output == BPNN_ACT_SIGMOID;
    case BPNN_LOSS_HINGE:
        return output == BPNN_ACT_IDENTITY || output == BPNN_ACT_TANH;
    default:
        return !over_row;
    }
}

typedef struct pair {
    bpnn_activation_kind output;
    bpnn_loss_kind loss;
} pair;

/* All pairs of the table; the library must refuse every other one. Returns their number. */
static size_t list_pairs(pair *pairs, tally *all)
{
    static drawn d;
    size_t count = 0;
    for (int output = 0; output <= BPNN_ACT_LOG_SOFTMAX; output++)
        for (int loss = 0; loss < BPNN_LOSS_USER; loss++) {
            pair here = {(bpnn_activation_kind)output, (bpnn_loss_kind)loss};
            draw(&d, &(dice){7}, BPNN_ACT_TANH, here.output, here.loss);
            bpnn_net *net = draw_library_net(&d, BPNN_DOUBLE, 1024);
            if ((net != NULL) != belongs(here.output, here.loss)) {
                report(&d, "accepted by the library", net != NULL);
                all->bad++;
            }
            bpnn_net_free(net);
            if (belongs(here.output, here.loss))
                pairs[count++] = here;
        }
    return count;
}

/* Every pair once, hidden activations in turn; then pairs and hidden activations as they fall. */
int main(int argc, char **argv)
{
    size_t nets = argc > 1 ? strtoul(argv[1], NULL, 10) : QUICK_NETS;
    dice die = {draw_seed()};
    static drawn d;
    tally all = {0};
    pair pairs[BPNN_ACT_COUNT * BPNN_LOSS_COUNT];
    size_t count = list_pairs(pairs, &all);
    for (size_t i = 0; i < nets; i++) {
        size_t hidden = i < count ? i % BPNN_ACT_SOFTMAX : dice_below(&die, BPNN_ACT_SOFTMAX);
        pair here = pairs[i < count ? i : dice_below(&die, count)];
        draw(&d, &die, (bpnn_activation_kind)hidden, here.output, here.loss);
        check(&d, &all);
    }
    printf("pairs %zu, weights by differences %zu, skipped at kinks %zu\n", count, all.checked, all.skipped);
    printf("worst: oracle %.2e, differences %.2e (normwise %.2e), complex step %.2e, single %.2e\n",
           all.worst_reference, all.worst_difference, all.worst_norm, all.worst_complex, all.worst_single);
    bool too_many_skipped = all.skipped * 20 > all.checked;
    printf("gradient: %zu done, %zu bad\n", all.nets, all.bad + too_many_skipped);
    return all.bad > 0 || too_many_skipped;
}
