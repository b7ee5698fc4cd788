/* A row's outputs do not depend on how many rows a call has: single rows, a few and many, of every instruction set, have the bits
 * of the scalar batch. Random nets, mostly of one hidden layer, for which single rows have a kernel of their own; numbers of both
 * types, also not finite ones.
 * Prints `single rows: n done, n bad` */
#include <bpnn/net.h>

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 1500, ROWS = 19, WIDEST = 40, MOST = 8192 };

static uint64_t dice;

static uint64_t word(void)
{
    uint64_t z = dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(size_t bound)
{
    return (size_t)(word() % bound);
}

static double uniform(double most)
{
    return most * (2 * ((double)(word() >> 11) * 0x1p-53) - 1);
}

static double odd_number(void)
{
    static const double odd[] = {0.0, -0.0, 1e30, -1e30, 1e-40, (double)INFINITY, -(double)INFINITY, (double)NAN};
    return below(12) ? uniform(2) : odd[below(sizeof odd / sizeof *odd)];
}

typedef struct rows_case {
    size_t inputs, outputs;
    bpnn_net *net;
    double x[ROWS * WIDEST];
    float x_single[ROWS * WIDEST];
} rows_case;

static void draw_net(rows_case *c)
{
    static const bpnn_activation_kind kinds[] = {BPNN_ACT_SIGMOID, BPNN_ACT_TANH, BPNN_ACT_RELU, BPNN_ACT_IDENTITY,
                                                 BPNN_ACT_GELU};
    static double w[MOST];
    size_t depth = below(4) ? 2 : 1 + below(3);
    bpnn_layer layers[3];
    memset(layers, 0, sizeof layers);
    for (size_t m = 0; m < depth; m++) {
        layers[m].size = 1 + (m + 1 < depth ? below(20) : below(6));
        layers[m].activation.kind = kinds[below(12) ? below(4) : 4];
        layers[m].activation.parameter = (double)NAN;
        layers[m].bias = below(3) ? BPNN_BIAS_NEURON : below(2) ? BPNN_BIAS_SHARED : BPNN_BIAS_NONE;
    }
    if (below(5) == 0)
        layers[depth - 1].activation.kind = BPNN_ACT_SOFTMAX;
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = c->inputs = 1 + below(below(4) ? 6 : WIDEST);
    c->outputs = layers[depth - 1].size;
    o.layer_count = depth;
    o.layers = layers;
    o.loss.kind = layers[depth - 1].activation.kind == BPNN_ACT_SOFTMAX ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    o.precision = below(2) ? BPNN_SINGLE : BPNN_DOUBLE;
    if (c->outputs == 1 && o.loss.kind == BPNN_LOSS_CROSSENTROPY) {
        layers[depth - 1].activation.kind = BPNN_ACT_SIGMOID;
        o.loss.kind = BPNN_LOSS_MSE;
    }
    assert_int_equal(bpnn_net_new(&c->net, &o, NULL), BPNN_OK);
    assert_true(bpnn_net_parameter_count(c->net) <= MOST);
    double most = below(8) ? 1.5 : 30;
    for (size_t i = 0; i < bpnn_net_parameter_count(c->net); i++)
        w[i] = below(20) ? uniform(most) : below(2) ? -0.0 : 0.0;
    bpnn_net_set_parameters(c->net, w);
}

static void draw_case(rows_case *c)
{
    draw_net(c);
    bool odd = below(3) == 0;
    for (size_t i = 0; i < ROWS * WIDEST; i++) {
        c->x_single[i] = (float)(odd ? odd_number() : uniform(2));
        c->x[i] = (double)c->x_single[i];
    }
}

static bpnn_matrix some_rows(const rows_case *c, bool single, size_t first, size_t count)
{
    const void *data = single ? (const void *)(c->x_single + first * WIDEST) : (const void *)(c->x + first * WIDEST);
    return (bpnn_matrix){
        .dtype = single ? BPNN_F32 : BPNN_F64, .rows = count, .cols = c->inputs, .stride = WIDEST, .data = data};
}

/* All rows in calls of `at_once`, outputs as doubles; false where the machine has no such instruction set. */
static bool predict(const rows_case *c, const char *isa, bool single, bpnn_dtype dtype, size_t at_once, double *y)
{
    static unsigned char workspace[1 << 20];
    static float narrow[ROWS * WIDEST];
    bpnn_predictor *predictor;
    if (bpnn_predictor_new(&predictor, c->net, isa, NULL) != BPNN_OK)
        return false;
    size_t size = bpnn_predictor_workspace(predictor, at_once);
    assert_true(size <= sizeof workspace);
    for (size_t first = 0; first < ROWS; first += at_once) {
        size_t count = ROWS - first < at_once ? ROWS - first : at_once;
        void *to = dtype == BPNN_F32 ? (void *)(narrow + first * c->outputs) : (void *)(y + first * c->outputs);
        assert_int_equal(
            bpnn_predictor_run(predictor, some_rows(c, single, first, count), to, dtype, workspace, size, NULL),
            BPNN_OK);
    }
    for (size_t i = 0; dtype == BPNN_F32 && i < ROWS * c->outputs; i++)
        y[i] = (double)narrow[i];
    bpnn_predictor_free(predictor);
    return true;
}

/* Any NaN is a NaN; outputs as float are those as double, rounded. */
static bool same(size_t n, const double *a, const double *b, bpnn_dtype dtype)
{
    for (size_t i = 0; i < n; i++) {
        double wanted = dtype == BPNN_F32 ? (double)(float)a[i] : a[i];
        if (memcmp(&wanted, &b[i], sizeof wanted) != 0 && !(isnan(wanted) && isnan(b[i])))
            return false;
    }
    return true;
}

static void rows_alone(void **state)
{
    (void)state;
    static const char *const isas[] = {"scalar", "avx2", "avx512", "neon"};
    static rows_case c;
    static double wanted[ROWS * WIDEST], y[ROWS * WIDEST];
    const char *text = getenv("BPNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    size_t done = 0, bad = 0;
    printf("BPNN_TEST_SEED=%" PRIu64 "\n", seed);
    dice = seed;
    for (size_t round = 0; round < ROUNDS; round++) {
        draw_case(&c);
        assert_true(predict(&c, "scalar", false, BPNN_F64, ROWS, wanted));
        for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
            bool single = below(2);
            size_t at_once = below(3) ? 1 : 1 + below(ROWS);
            bpnn_dtype dtype = below(2) ? BPNN_F32 : BPNN_F64;
            if (!predict(&c, isas[i], single, dtype, at_once, y))
                continue;
            bool good = same(ROWS * c.outputs, wanted, y, dtype);
            done++;
            bad += !good;
            if (!good)
                printf("single rows: round %zu, %s, %zu at once, inputs as %s\n", round, isas[i], at_once,
                       single ? "float" : "double");
        }
        bpnn_net_free(c.net);
    }
    printf("single rows: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
