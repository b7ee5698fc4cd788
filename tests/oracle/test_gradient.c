/* The gradient against the independent oracle, central differences of the library's own loss, and the complex step: every
 * activation x loss pair first, then random nets. test_gradient [NETS] [seed in BPNN_TEST_SEED]. */
#include "oracle/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUICK_NETS = 300 };

typedef struct tally {
    size_t nets, bad, skipped, checked;
    double worst_reference, worst_difference, worst_complex, worst_single;
} tally;

static bpnn_status library_gradient(const drawn *d, const bpnn_net *net, double *loss, double *gradient, double *dx)
{
    return bpnn_net_gradient(net, bpnn_matrix_of(d->x, d->rows, d->net.n[0]),
                             bpnn_matrix_of(d->t, d->rows, d->net.n[d->net.depth]), d->weighted ? d->weight : NULL,
                             loss, gradient, dx, NULL);
}

static double loss_at(drawn *d, bpnn_net *net, size_t i, double w)
{
    double kept = d->w[i], loss;
    d->w[i] = w;
    bpnn_net_set_parameters(net, d->w);
    library_gradient(d, net, &loss, NULL, NULL);
    d->w[i] = kept;
    return loss;
}

/* Central differences at h and 2 h, Richardson's combination: the h^2 term falls out. A weight is left out where a kink
 * lies between (the two disagree; smooth nets have none). The loss's own rounding, 1e-16 |loss| / h, is allowed for. */
static double differences(drawn *d, bpnn_net *net, const double *gradient, size_t n, tally *all)
{
    double worst = 0, loss;
    library_gradient(d, net, &loss, NULL, NULL);
    for (size_t i = 0; i < n; i++) {
        double h = 1e-5 * fmax(1, fabs(d->w[i])), unit = fmax(fmax(1, fabs(gradient[i])), 0.1 * fabs(loss));
        double near = (loss_at(d, net, i, d->w[i] + h) - loss_at(d, net, i, d->w[i] - h)) / (2 * h);
        double far = (loss_at(d, net, i, d->w[i] + 2 * h) - loss_at(d, net, i, d->w[i] - 2 * h)) / (4 * h);
        if (!ref_is_smooth(&d->net) && fabs(near - far) > 1e-8 * unit) {
            all->skipped++;
            continue;
        }
        worst = larger(fabs((4 * near - far) / 3 - gradient[i]) / unit, worst);
        all->checked++;
    }
    bpnn_net_set_parameters(net, d->w);
    return worst;
}

static double complex_step(const drawn *d, const double *gradient, size_t n)
{
    static double complex w[DRAW_PARAMETERS];
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        w[i] = d->w[i];
    for (size_t i = 0; i < n; i++) {
        w[i] = d->w[i] + 1e-30 * (double complex)I;
        double slope = cimag(ref_loss_complex(&d->net, w, d->x, d->t, d->weight, d->rows)) / 1e-30;
        w[i] = d->w[i];
        worst = larger(fabs(slope - gradient[i]) / fmax(1, fabs(gradient[i])), worst);
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
    if (library_gradient(d, net, &loss, gradient, dx) != BPNN_OK)
        return false;
    double off = larger(distance(expected, gradient, n), distance(expected_dx, dx, d->rows * d->net.n[0]));
    off = larger(off, fabs(loss - reference) / fmax(1, fabs(reference)));
    bool good = within(d, "against the oracle", off, 1e-11);
    if (all_zero(expected, n) != all_zero(gradient, n))
        good = within(d, "an all-zero gradient", 1, 0);
    double difference = differences(d, net, gradient, n, all);
    good = within(d, "against central differences", difference, 1e-8) && good;
    if (ref_is_smooth(&d->net)) {
        double complex_off = complex_step(d, gradient, n);
        good = within(d, "against the complex step", complex_off, 1e-11) && good;
        all->worst_complex = larger(complex_off, all->worst_complex);
    }
    all->worst_reference = larger(off, all->worst_reference);
    all->worst_difference = larger(difference, all->worst_difference);
    return good;
}

static bool check_single(drawn *d, const double *gradient, tally *all)
{
    static double single[DRAW_PARAMETERS];
    double loss;
    bpnn_net *net = draw_library_net(d, BPNN_SINGLE, 1024);
    bool good = net && library_gradient(d, net, &loss, single, NULL) == BPNN_OK;
    bpnn_net_free(net);
    double off = good ? distance(gradient, single, ref_count(&d->net)) : 1;
    all->worst_single = larger(off, all->worst_single);
    return good && within(d, "single precision", off, 2e-3);
}

static bool smooth_enough_for_single(const drawn *d)
{
    return ref_is_smooth(&d->net); /* a kink within single's rounding would be no fault */
}

static void check(drawn *d, tally *all)
{
    static double gradient[DRAW_PARAMETERS];
    bpnn_net *net = draw_library_net(d, BPNN_DOUBLE, 1024);
    bool good = net && check_double(d, net, gradient, all);
    if (good && smooth_enough_for_single(d))
        good = check_single(d, gradient, all);
    bpnn_net_free(net);
    all->nets++;
    all->bad += !good;
}

/* Output activations that a loss may stand on, by trying: the library refuses the others. */
static bool pair_exists(bpnn_activation_kind output, bpnn_loss_kind loss)
{
    if (output == BPNN_ACT_THRESHOLD || output == BPNN_ACT_USER || loss == BPNN_LOSS_USER)
        return false;
    dice die = {7};
    static drawn d;
    draw(&d, &die, BPNN_ACT_TANH, output, loss);
    bpnn_net *net = draw_library_net(&d, BPNN_DOUBLE, 1024);
    bpnn_net_free(net);
    return net != NULL;
}

static bool elementwise(int kind)
{
    return kind < BPNN_ACT_SOFTMAX;
}

int main(int argc, char **argv)
{
    size_t nets = argc > 1 ? strtoul(argv[1], NULL, 10) : QUICK_NETS;
    dice die = {draw_seed()};
    static drawn d;
    tally all = {0};
    struct {
        bpnn_activation_kind output;
        bpnn_loss_kind loss;
    } pairs[BPNN_ACT_COUNT * BPNN_LOSS_COUNT];
    size_t count = 0;
    for (int output = 0; output < BPNN_ACT_COUNT; output++)
        for (int loss = 0; loss < BPNN_LOSS_COUNT; loss++)
            if (pair_exists((bpnn_activation_kind)output, (bpnn_loss_kind)loss)) {
                pairs[count].output = (bpnn_activation_kind)output;
                pairs[count++].loss = (bpnn_loss_kind)loss;
            }
    for (size_t i = 0; i < count || all.nets < nets; i++) {
        bpnn_activation_kind hidden =
            (bpnn_activation_kind)(i < count ? i % BPNN_ACT_SOFTMAX : dice_below(&die, BPNN_ACT_SOFTMAX));
        size_t pick = i < count ? i : dice_below(&die, count);
        if (!elementwise((int)hidden))
            continue;
        draw(&d, &die, hidden, pairs[pick].output, pairs[pick].loss);
        check(&d, &all);
    }
    printf("pairs %zu, weights by differences %zu, skipped at kinks %zu\n", count, all.checked, all.skipped);
    printf("worst: oracle %.2e, differences %.2e, complex step %.2e, single %.2e\n", all.worst_reference,
           all.worst_difference, all.worst_complex, all.worst_single);
    bool too_many_skipped = all.skipped * 4 > all.checked;
    printf("gradient: %zu done, %zu bad\n", all.nets, all.bad + too_many_skipped);
    return all.bad > 0 || too_many_skipped;
}
