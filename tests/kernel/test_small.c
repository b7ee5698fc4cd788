/* The kernels for small nets, compiled once for each precision: every instruction set's bits against plain loops and the scalar row
 * taken a row at a time.
 *
 *   output layers   softmax, losses and activations of several rows at once
 *   gradient        tiny_gradient and tiny_twins
 *   steps           shallow_steps: row counts, types of data, class indices, missing targets, row weights, a loss that is not finite
 *
 * BPNN_TEST_SEED replays; sse2 is left out, it does not promise these bits. */
#include "kernel/small_net.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNED __attribute__((aligned(64)))

enum { MOST_ROWS = 40, MOST_STEPS = 70, DATA_ROWS = 50, ROUNDS = 400 };

static uint64_t dice;
static size_t done, bad;

static uint64_t roll(void)
{
    uint64_t z = dice += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static size_t below(size_t bound)
{
    return (size_t)(roll() % bound);
}

static real uniform(double low, double high)
{
    return (real)(low + (double)(roll() >> 11) * 0x1p-53 * (high - low));
}

/* Equal bits, or both NaN. */
static bool same(size_t n, const real *a, const real *b)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(a[i] != a[i] && b[i] != b[i]))
            return false;
    return true;
}

static void check(bool good, const char *isa, const char *what, size_t rows, size_t cols)
{
    done++;
    bad += !good;
    if (!good)
        printf("  %s: %s, %zu rows, %zu columns: other bits\n", isa, what, rows, cols);
}

/* ---- output layers ---- */

typedef struct lines {
    real at[MOST_ROWS][LANES] ALIGNED;
} lines;

static void draw_lines(lines *to, size_t rows, size_t cols, double range, size_t missing)
{
    memset(to, 0, sizeof *to);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++)
            to->at[r][k] = missing && below(missing) == 0 ? (real)NAN : uniform(-range, range);
}

static void check_softmax(const kernels *k, const kernels *scalar, size_t rows, size_t cols)
{
    static lines e, y, expected;
    bool logarithm = below(4) == 0;
    draw_lines(&e, rows, cols, below(3) ? 5 : 200, 0);
    if (below(8) == 0)
        e.at[below(rows)][below(cols)] = below(2) ? (real)NAN : (real)INFINITY;
    for (size_t r = 0; r < rows; r++)
        scalar->softmax(1, cols, logarithm, e.at[r], expected.at[r], 1);
    k->softmax(rows, cols, logarithm, e.at[0], y.at[0], rows | 1);
    check(same(rows * LANES, y.at[0], expected.at[0]), k->isa, logarithm ? "log softmax" : "softmax", rows, cols);
}

static void check_activate(const kernels *k, const kernels *scalar, size_t rows, size_t cols)
{
    static lines e, y, slope, expected, expected_slope;
    bpnn_activation act = {.kind = (bpnn_activation_kind)below(BPNN_ACT_COUNT), .parameter = 0.7};
    if (act.kind == BPNN_ACT_SOFTMAX || act.kind == BPNN_ACT_LOG_SOFTMAX || act.kind == BPNN_ACT_USER)
        act.kind = BPNN_ACT_SIGMOID;
    bool wanted = below(3);
    draw_lines(&e, rows, cols, below(3) ? 3 : 100, 0);
    memset(&slope, 0, sizeof slope);
    memset(&expected_slope, 0, sizeof expected_slope);
    for (size_t r = 0; r < rows; r++)
        scalar->activate(&act, 1, cols, e.at[r], expected.at[r], wanted ? expected_slope.at[r] : NULL);
    k->activate(&act, rows, cols, e.at[0], y.at[0], wanted ? slope.at[0] : NULL);
    check(same(rows * LANES, y.at[0], expected.at[0]) && same(rows * LANES, slope.at[0], expected_slope.at[0]), k->isa,
          bpnn_word(BPNN_WORDS_ACTIVATION, (int)act.kind), rows, cols);
}

static void check_output(const kernels *k, const kernels *scalar, size_t rows, size_t cols)
{
    static lines e, y, slope, t, d, expected;
    static real scale[MOST_ROWS], loss[MOST_ROWS], expected_loss[MOST_ROWS];
    bool classes = below(2);
    BPNN_NAME(output_rule)
    rule = {.activation = {.kind = classes ? BPNN_ACT_SOFTMAX : BPNN_ACT_TANH},
            .loss = {.kind = classes ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE},
            .cols = cols};
    draw_lines(&e, rows, cols, 4, 0);
    draw_lines(&t, rows, cols, 1, below(2) ? 20 : 0);
    for (size_t r = 0; r < rows; r++) {
        scale[r] = uniform(0, 1);
        if (classes)
            scalar->softmax(1, cols, false, e.at[r], y.at[r], 1);
        else
            scalar->activate(&rule.activation, 1, cols, e.at[r], y.at[r], slope.at[r]);
        scalar->output(&rule, 1, e.at[r], y.at[r], slope.at[r], t.at[r], 1, &scale[r], expected.at[r],
                       &expected_loss[r]);
    }
    bool loss_alone = below(4) == 0, delta_alone = below(4) == 0;
    k->output(&rule, rows, e.at[0], y.at[0], slope.at[0], t.at[0], rows | 1, scale, loss_alone ? NULL : d.at[0],
              delta_alone ? NULL : loss);
    bool good = loss_alone || same(rows * LANES, d.at[0], expected.at[0]);
    check(good && (delta_alone || same(rows, loss, expected_loss)), k->isa,
          classes ? "softmax and crossentropy" : "square error", rows, cols);
}

/* ---- a drawn net ---- */

static void draw_net(small_net *net, size_t depth)
{
    static const bpnn_activation_kind hidden[] = {BPNN_ACT_SIGMOID, BPNN_ACT_TANH, BPNN_ACT_RELU, BPNN_ACT_IDENTITY,
                                                  BPNN_ACT_SOFTPLUS};
    memset(net, 0, sizeof *net);
    net->depth = depth;
    for (size_t m = 0; m <= depth; m++)
        net->n[m] = 1 + below(below(2) ? NARROW : LANES);
    for (size_t m = 0; m < depth; m++) {
        net->act[m] = (bpnn_activation){.kind = hidden[below(5)]};
        net->biased[m] = below(4);
        for (size_t j = 0; j < net->n[m + 1]; j++) {
            net->b[m][j] = net->biased[m] ? uniform(-1, 1) : 0;
            for (size_t k = 0; k < net->n[m]; k++)
                net->w[m][k][j] = uniform(-1, 1);
        }
    }
    net->loss = (bpnn_loss){.kind = BPNN_LOSS_MSE};
    if (below(3) == 0 && net->n[depth] > 1) {
        net->act[depth - 1].kind = BPNN_ACT_SOFTMAX;
        net->loss.kind = BPNN_LOSS_CROSSENTROPY;
        net->closed_form = true;
    }
}

/* Parameters as lines: for each layer LANES lines of weights, LANES lines of the twin, one of the bias. */
typedef struct packed {
    real w[SMALL_DEPTH][2 * LANES + 1][LANES] ALIGNED;
} packed;

static void pack(const small_net *net, bool over_outputs, size_t m, real (*to)[LANES])
{
    for (size_t k = 0; k < net->n[m]; k++)
        for (size_t j = 0; j < net->n[m + 1]; j++)
            if (over_outputs)
                to[k][j] = net->w[m][k][j];
            else
                to[j][k] = net->w[m][k][j];
}

static bool has_twin(const small_net *net, size_t m)
{
    return m > 0 && (net->n[m + 1] > NARROW) == (net->n[m] > NARROW);
}

static void pack_net(const small_net *net, packed *to)
{
    memset(to, 0, sizeof *to);
    for (size_t m = 0; m < net->depth; m++) {
        pack(net, net->n[m + 1] > NARROW, m, to->w[m]);
        if (has_twin(net, m))
            pack(net, net->n[m + 1] <= NARROW, m, to->w[m] + LANES);
        memcpy(to->w[m][2 * LANES], net->b[m], sizeof net->b[m]);
    }
}

/* ---- tiny_gradient, tiny_twins ---- */

static void describe(const small_net *net, BPNN_NAME(tiny_layer) * layer, lines *e, lines *y, lines *slope)
{
    for (size_t m = 0; m < net->depth; m++) {
        size_t from = m * (2 * LANES + 1) * LANES;
        layer[m] = (BPNN_NAME(tiny_layer)){.in = net->n[m],
                                           .out = net->n[m + 1],
                                           .wide_out = net->n[m + 1] > NARROW,
                                           .wide_in = net->n[m] > NARROW,
                                           .over_row = net->act[m].kind == BPNN_ACT_SOFTMAX,
                                           .biased = net->biased[m],
                                           .has_twin = has_twin(net, m),
                                           .weights = from,
                                           .bias = from + 2 * LANES * LANES,
                                           .twin = from + LANES * LANES,
                                           .activation = &net->act[m],
                                           .e = e[m].at[0],
                                           .y = y[m].at[0],
                                           .slope = slope[m].at[0]};
    }
}

static bool same_gradient(const small_net *net, const small_gradient *g, const packed *have)
{
    static packed want;
    small_net as_net = *net;
    memcpy(as_net.w, g->w, sizeof as_net.w);
    memcpy(as_net.b, g->b, sizeof as_net.b);
    pack_net(&as_net, &want);
    for (size_t m = 0; m < net->depth; m++) {
        size_t count = net->n[m + 1] > NARROW ? net->n[m] : net->n[m + 1];
        if (!same(count * LANES, have->w[m][0], want.w[m][0]) ||
            (net->biased[m] && !same(LANES, have->w[m][2 * LANES], want.w[m][2 * LANES])))
            return false;
    }
    return true;
}

static void check_gradient(const kernels *k, const kernels *scalar)
{
    static lines e[SMALL_DEPTH], y[SMALL_DEPTH], slope[SMALL_DEPTH], x, t;
    static packed w, gradient, twins;
    static real scale[MOST_ROWS], loss[MOST_ROWS], expected[MOST_ROWS];
    small_net net;
    small_gradient g;
    BPNN_NAME(tiny_layer) layer[SMALL_DEPTH];
    size_t rows = 1 + below(below(2) ? 4 : MOST_ROWS);
    draw_net(&net, 1 + below(SMALL_DEPTH));
    draw_lines(&x, rows, net.n[0], 1, 0);
    draw_lines(&t, rows, net.n[net.depth], 1, 15);
    for (size_t r = 0; r < rows; r++)
        scale[r] = uniform(0, 1);
    small_net_gradient(scalar, &net, rows, x.at, t.at, scale, &g, expected);
    pack_net(&net, &w);
    twins = w;
    describe(&net, layer, e, y, slope);
    BPNN_NAME(output_rule) rule = {net.act[net.depth - 1], net.loss, net.n[net.depth]};
    BPNN_NAME(tiny_net)
    tiny = {.depth = net.depth,
            .layer = layer,
            .output = &rule,
            .closed_form = net.closed_form,
            .w = w.w[0][0],
            .twin = w.w[0][0],
            .gradient = gradient.w[0][0]};
    k->tiny_gradient(&tiny, rows, x.at[0], t.at[0], scale, loss);
    check(same(rows, loss, expected), k->isa, "losses of a tiny net", rows, net.n[net.depth]);
    check(same_gradient(&net, &g, &gradient), k->isa, "gradient of a tiny net", rows, net.n[net.depth]);
    for (size_t m = 0; m < SMALL_DEPTH; m++)
        if (m < net.depth && has_twin(&net, m))
            for (size_t l = LANES; l < 2 * LANES; l++)
                memset(w.w[m][l], 0xff, sizeof w.w[m][l]);
    k->tiny_twins(&tiny);
    bool good = true;
    for (size_t m = 0; m < net.depth; m++) {
        size_t count = net.n[m + 1] > NARROW ? net.n[m + 1] : net.n[m];
        good = good && (!has_twin(&net, m) || same(count * LANES, w.w[m][LANES], twins.w[m][LANES]));
    }
    check(good, k->isa, "twins of a tiny net", rows, net.n[net.depth]);
}

/* ---- shallow_steps ---- */

typedef struct data_set {
    bpnn_dtype dtype;
    bool classes, weighted, mean;
    size_t in, out;
    float f[2][DATA_ROWS * (LANES + 2)];
    double d[2][DATA_ROWS * (LANES + 2)], weight[DATA_ROWS];
    size_t ids[MOST_STEPS * 5];
} data_set;

static void draw_data(data_set *set, size_t in, size_t out)
{
    memset(set, 0, sizeof *set);
    set->dtype = below(2) ? BPNN_F32 : BPNN_F64;
    set->in = in;
    set->out = out;
    set->classes = out > 1 && below(3) == 0;
    set->weighted = below(2);
    set->mean = below(2);
    for (size_t i = 0; i < DATA_ROWS * (LANES + 2); i++) {
        set->d[0][i] = (double)(float)uniform(-1, 1);
        set->d[1][i] = set->classes ? (double)below(out) : below(20) == 0 ? (double)NAN : (double)(float)uniform(0, 1);
        set->f[0][i] = (float)set->d[0][i];
        set->f[1][i] = (float)set->d[1][i];
    }
    for (size_t r = 0; r < DATA_ROWS; r++)
        set->weight[r] = below(8) ? (double)uniform(0.1, 2) : 0;
    for (size_t i = 0; i < MOST_STEPS * 5; i++)
        set->ids[i] = below(DATA_ROWS);
}

static bpnn_matrix matrix_of(const data_set *set, size_t which, size_t cols)
{
    const void *data = set->dtype == BPNN_F32 ? (const void *)set->f[which] : (const void *)set->d[which];
    return (bpnn_matrix){.dtype = set->dtype, .rows = DATA_ROWS, .cols = cols, .stride = LANES + 2, .data = data};
}

/* One step of the plain loops; false: its loss is not finite. */
static bool plain_step(const kernels *scalar, small_net *net, const data_set *set, const size_t *ids, size_t rows,
                       real rate, double *loss)
{
    static lines x, t;
    small_gradient g;
    real scale[8], losses[8];
    *loss = 0;
    memset(&x, 0, sizeof x);
    memset(&t, 0, sizeof t);
    for (size_t r = 0; r < rows; r++) {
        double weight = set->weighted ? set->weight[ids[r]] * 1.25 : 1;
        for (size_t k = 0; k < set->in; k++)
            x.at[r][k] = (real)set->d[0][ids[r] * (LANES + 2) + k];
        for (size_t k = 0; k < set->out; k++)
            t.at[r][k] = set->classes ? (real)((size_t)set->d[1][ids[r] * (LANES + 2)] == k)
                                      : (real)set->d[1][ids[r] * (LANES + 2) + k];
        scale[r] = (real)(set->mean ? weight / (double)rows : weight);
    }
    small_net_gradient(scalar, net, rows, x.at, t.at, scale, &g, losses);
    for (size_t r = 0; r < rows; r++)
        *loss += (set->weighted ? set->weight[ids[r]] * 1.25 : 1) * (double)losses[r];
    *loss /= set->mean ? (double)rows : 1;
    if (!isfinite(*loss))
        return false;
    small_net_descend(net, &g, rate);
    return true;
}

static void draw_shallow(small_net *net)
{
    static const bpnn_activation_kind kinds[] = {BPNN_ACT_SIGMOID, BPNN_ACT_TANH, BPNN_ACT_RELU, BPNN_ACT_IDENTITY};
    do
        draw_net(net, 2);
    while (net->n[1] <= NARROW || net->n[2] > NARROW || net->loss.kind != BPNN_LOSS_MSE);
    net->act[0].kind = kinds[below(4)];
    net->act[1].kind = kinds[below(4)];
    if (below(3) == 0)
        net->n[2] = 1;
}

static void check_steps(const kernels *k, const kernels *scalar)
{
    static const size_t row_counts[] = {1, 2, 4, 3};
    static packed w, after;
    static data_set set;
    static double loss[MOST_STEPS], expected[MOST_STEPS];
    real rate[MOST_STEPS];
    small_net net;
    size_t rows = row_counts[below(16) ? below(3) : 3], steps = 1 + below(MOST_STEPS), plain = 0;
    draw_shallow(&net);
    draw_data(&set, net.n[0], net.n[2]);
    bool steady = below(2);
    double most = below(6) ? 0.2 : 1e15; /* that does not end well */
    for (size_t i = 0; i < steps; i++)
        rate[i] = steady && i > 0 ? rate[0] : uniform(0, most);
    pack_net(&net, &w);
    BPNN_NAME(shallow_net)
    shallow = {.in = net.n[0],
               .hidden = net.n[1],
               .out = net.n[2],
               .hidden_kind = net.act[0].kind,
               .out_kind = net.act[1].kind,
               .w1 = w.w[0][0],
               .b1 = net.biased[0] ? w.w[0][2 * LANES] : NULL,
               .w2 = w.w[1][0],
               .b2 = net.biased[1] ? w.w[1][2 * LANES] : NULL};
    BPNN_NAME(shallow_run)
    run = {.inputs = matrix_of(&set, 0, net.n[0]),
           .targets = matrix_of(&set, 1, set.classes ? 1 : net.n[2]),
           .ids = set.ids,
           .row_weights = set.weighted ? set.weight : NULL,
           .weight_scale = 1.25,
           .mean = set.mean,
           .steady = steady,
           .rows = rows,
           .steps = steps,
           .rate = rate,
           .losses = loss};
    size_t here = k->shallow_steps(&shallow, &run);
    if (rows == 3 || strcmp(k->isa, "scalar") == 0 || strcmp(k->isa, "neon") == 0) {
        check(here == 0, k->isa, "no steps", rows, net.n[2]);
        return;
    }
    while (plain < steps &&
           plain_step(scalar, &net, &set, set.ids + plain * rows, rows, rate[steady ? 0 : plain], &expected[plain]))
        plain++;
    pack_net(&net, &after);
    check(here == plain && memcmp(loss, expected, plain * sizeof *loss) == 0, k->isa, "losses of steps", rows,
          net.n[2]);
    bool good = same(net.n[0] * LANES, w.w[0][0], after.w[0][0]) && same(net.n[2] * LANES, w.w[1][0], after.w[1][0]) &&
                same(LANES, w.w[0][2 * LANES], after.w[0][2 * LANES]) &&
                same(LANES, w.w[1][2 * LANES], after.w[1][2 * LANES]);
    check(good, k->isa, "weights after steps", rows, net.n[2]);
}

int main(void)
{
    static const char *const isas[] = {"scalar", "avx2", "avx512", "neon"};
    const char *text = getenv("BPNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    const kernels *scalar = BPNN_NAME(kernels_find)("scalar");
    printf("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        const kernels *k = BPNN_NAME(kernels_find)(isas[i]);
        dice = seed;
        for (size_t n = 0; k && n < ROUNDS; n++) {
            size_t rows = 1 + below(MOST_ROWS), cols = 1 + below(LANES);
            check_softmax(k, scalar, rows, cols);
            check_activate(k, scalar, rows, cols);
            check_output(k, scalar, rows, cols);
            check_gradient(k, scalar);
            check_steps(k, scalar);
        }
    }
    printf("small nets: %zu done, %zu bad\n", done, bad);
    return bad > 0;
}
