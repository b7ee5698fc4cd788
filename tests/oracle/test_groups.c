/* Sums over many rows, and the promise of bits (docs/house.md): sums of several groups agree with the oracle; the weights
 * after 50 updates of 12 networks in both precisions are the same bits for every instruction set, number of threads and
 * floating-point mode of the caller, fused or not, and the ones recorded in tests/golden/bits.txt.
 *
 * test_groups [--sums | --recorded | --record]: the sums alone; these and the recorded bits; writes the file first. sse2 promises other bits and is left out. */
#include "oracle/draw.h"
#include "oracle/mode.h"
#include <bpnn/train.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BITS_FILE BPNN_SOURCE_DIR "/tests/golden/bits.txt"
enum { UPDATES = 50, NETS = 12, LAYERS = 3 };

/* ---- sums over groups of rows ---- */

/* Loss, gradient, dX and outputs against the oracle. */
static double against_oracle(const drawn *d, size_t group_rows)
{
    static double expected[DRAW_PARAMETERS], gradient[DRAW_PARAMETERS], dx[DRAW_ROWS * REF_UNITS],
        expected_dx[DRAW_ROWS * REF_UNITS], y[DRAW_ROWS * REF_UNITS], expected_y[DRAW_ROWS * REF_UNITS];
    size_t in = d->net.n[0], out = d->net.n[d->net.depth];
    double loss, reference = ref_loss(&d->net, d->w, d->x, d->t, d->weight, d->rows, expected, expected_dx);
    bpnn_net *net = draw_library_net(d, BPNN_DOUBLE, group_rows);
    bpnn_status status = net ? draw_gradient(d, net, &loss, gradient, dx) : BPNN_USAGE;
    if (status == BPNN_OK)
        status = bpnn_net_forward(net, bpnn_matrix_of(d->x, d->rows, in), y, NULL);
    bpnn_net_free(net);
    if (status != BPNN_OK)
        return (double)NAN;
    for (size_t r = 0; r < d->rows; r++)
        ref_forward(&d->net, d->w, d->x + r * in, expected_y + r * out);
    double off = larger(distance(expected, gradient, ref_count(&d->net)), distance(&reference, &loss, 1));
    off = larger(off, distance(expected_dx, dx, d->rows * in));
    return larger(off, distance(expected_y, y, d->rows * out));
}

static const bpnn_loss_kind drawn_losses[] = {BPNN_LOSS_MSE, BPNN_LOSS_CROSSENTROPY, BPNN_LOSS_BINARY_CROSSENTROPY};
static const bpnn_activation_kind drawn_outputs[] = {BPNN_ACT_TANH, BPNN_ACT_SOFTMAX, BPNN_ACT_SIGMOID};

static size_t check_groups(size_t *done, double *worst)
{
    static drawn d;
    dice die = {draw_seed()};
    static const size_t groups[] = {4, 1, 3};
    size_t bad = 0;
    for (size_t rows = 1; rows <= 40; rows++) {
        size_t k = rows % 3;
        draw(&d, &die, (bpnn_activation_kind)(rows % BPNN_ACT_EXP), drawn_outputs[k], drawn_losses[k]);
        draw_rows(&d, &die, rows, 1);
        for (size_t g = 0; g < 3; g++, ++*done) {
            double off = against_oracle(&d, groups[g]);
            *worst = larger(off, *worst);
            if (off <= 1e-12)
                continue;
            printf("  %zu rows in groups of %zu: off by %g\n", rows, groups[g], off);
            bad++;
        }
    }
    return bad;
}

/* Wide enough for several panels, strips and blocks of rows and of k. */
static size_t check_wide(size_t *done, double *worst)
{
    static const size_t widths[][3] = {{70, 30, 5},  {130, 9, 40},  {519, 33, 4},
                                       {3, 519, 20}, {20, 24, 519}, {500, 3, 2}};
    static drawn d;
    dice die = {11};
    size_t bad = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++, ++*done) {
        draw(&d, &die, BPNN_ACT_TANH, drawn_outputs[i % 3], drawn_losses[i % 3]);
        d.net.depth = 2;
        memcpy(d.net.n, widths[i], sizeof widths[i]);
        d.net.act[1] = drawn_outputs[i % 3];
        draw_parameters(&d, &die, 1.5);
        draw_rows(&d, &die, 130 + i, 1);
        double off = against_oracle(&d, i % 2 ? 100 : 1024);
        *worst = larger(off, *worst);
        if (off <= 1e-12)
            continue;
        printf("  %zu-%zu-%zu: off by %g\n", widths[i][0], widths[i][1], widths[i][2], off);
        bad++;
    }
    return bad;
}

/* ---- bits ---- */

typedef struct bits_net {
    size_t n[LAYERS + 1]; /* 0 ends */
    bpnn_activation_kind act[LAYERS];
    bpnn_bias bias[LAYERS];
    bpnn_loss_kind loss;
    size_t rows, batch, group_rows;
    const char *method;
    double rate, momentum, l1, l2, dropout, clip;
    bpnn_setting setting;
    bpnn_schedule_kind schedule;
} bits_net;

#define ACT(name) BPNN_ACT_##name
#define NEURON BPNN_BIAS_NEURON
#define SHARED BPNN_BIAS_SHARED
#define NONE BPNN_BIAS_NONE

/* The last four are large enough for several threads to be woken. */
static const bits_net nets[NETS] = {
    {{3, 5, 1},
     {ACT(TANH), ACT(IDENTITY)},
     {NEURON, NEURON},
     BPNN_LOSS_MSE,
     20,
     7,
     1024,
     .method = "sgd",
     .rate = 0.05},
    {{17, 9, 4},
     {ACT(RELU), ACT(SOFTMAX)},
     {SHARED, NEURON},
     BPNN_LOSS_CROSSENTROPY,
     60,
     60,
     16,
     .method = "sgd",
     .rate = 0.1,
     .momentum = 0.9,
     .clip = 0.5},
    {{8, 16, 3},
     {ACT(GELU), ACT(SIGMOID)},
     {NEURON, SHARED},
     BPNN_LOSS_BINARY_CROSSENTROPY,
     40,
     13,
     4,
     .method = "adam",
     .rate = 0.01,
     .l2 = 0.01,
     .schedule = BPNN_SCHEDULE_COSINE},
    {{4, 33, 12, 2},
     {ACT(MISH), ACT(SIN), ACT(SOFTPLUS)},
     {NEURON, NONE, NEURON},
     BPNN_LOSS_HUBER,
     70,
     70,
     1024,
     .method = "adamw",
     .rate = 0.01,
     .l2 = 0.1,
     .dropout = 0.2},
    {{6, 15, 7, 1},
     {ACT(ELU), ACT(GAUSSIAN), ACT(EXP)},
     {SHARED, NEURON, NEURON},
     BPNN_LOSS_POISSON,
     50,
     11,
     1024,
     .method = "nadam",
     .rate = 0.005,
     .schedule = BPNN_SCHEDULE_ONECYCLE},
    {{1, 1, 1},
     {ACT(SELU), ACT(LEAKY_RELU)},
     {NEURON, NEURON},
     BPNN_LOSS_LOG_COSH,
     9,
     2,
     1,
     .method = "rmsprop",
     .rate = 0.01,
     .l1 = 0.01},
    {{12, 5, 17}, {ACT(SILU), ACT(LOG_SOFTMAX)}, {NONE, NEURON}, BPNN_LOSS_CROSSENTROPY, 33, 33, 8, .method = "rprop"},
    {{5, 4, 4, 3},
     {ACT(GELU_TANH), ACT(COS), ACT(TANH)},
     {NEURON, SHARED, NONE},
     BPNN_LOSS_HINGE,
     30,
     8,
     1024,
     .method = "adadelta",
     .rate = 1},
    {{100, 64, 10},
     {ACT(RELU), ACT(SOFTMAX)},
     {NEURON, NEURON},
     BPNN_LOSS_CROSSENTROPY,
     320,
     320,
     1024,
     .method = "adam",
     .rate = 0.003},
    {{90, 70, 20},
     {ACT(TANH), ACT(SIGMOID)},
     {SHARED, SHARED},
     BPNN_LOSS_BINARY_CROSSENTROPY,
     320,
     300,
     100,
     .method = "sgd",
     .rate = 0.1,
     .momentum = 0.9,
     .setting = {"nesterov", 1},
     .dropout = 0.1},
    {{200, 40, 3},
     {ACT(SIGMOID), ACT(IDENTITY)},
     {NEURON, NEURON},
     BPNN_LOSS_MSE,
     300,
     200,
     1024,
     .method = "adagrad",
     .rate = 0.02,
     .clip = 1},
    {{3, 300, 40},
     {ACT(SOFTSIGN), ACT(ELLIOT)},
     {NEURON, NONE},
     BPNN_LOSS_MAE,
     310,
     310,
     64,
     .method = "rprop",
     .setting = {"minus", 1}},
};

static void describe(drawn *d, const bits_net *b)
{
    memset(&d->net, 0, sizeof d->net);
    for (size_t m = 0; m < LAYERS && b->n[m + 1]; m++, d->net.depth++) {
        d->net.act[m] = b->act[m];
        d->net.act_parameter[m] = b->act[m] == BPNN_ACT_LEAKY_RELU ? 0.01 : 1;
        d->net.bias[m] = b->bias[m];
    }
    memcpy(d->net.n, b->n, sizeof b->n);
    d->net.loss = b->loss;
    d->net.loss_parameter = b->loss == BPNN_LOSS_CROSSENTROPY ? 0 : 1;
    d->net.mean = true;
    dice die = {5};
    draw_parameters(d, &die, 1.5);
    draw_rows(d, &die, b->rows, 1);
}

static bpnn_train_options options_of(const bits_net *b, const char *isa, size_t threads, double clip)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    bool rprop = strcmp(b->method, "rprop") == 0;
    o.method = b->method;
    o.rate = rprop ? (double)NAN : b->rate;
    o.momentum = strcmp(b->method, "sgd") == 0 ? b->momentum : (double)NAN;
    o.settings = &b->setting;
    o.setting_count = b->setting.name != NULL;
    o.batch = rprop ? 0 : b->batch;
    o.epochs = UPDATES;
    o.l1 = b->l1;
    o.l2 = b->l2;
    o.dropout = b->dropout;
    o.clip = clip;
    o.schedule = b->schedule;
    o.threads = threads;
    o.isa = isa;
    return o;
}

static uint64_t hash(const double *x, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        uint64_t word;
        memcpy(&word, &x[i], sizeof word);
        for (int byte = 0; byte < 8; byte++, word >>= 8)
            h = (h ^ (word & 255)) * 0x100000001b3u;
    }
    return h;
}

/* UPDATES steps; batches go round and round through the rows. */
static bpnn_status steps(bpnn_trainer *trainer, size_t rows, size_t batch)
{
    size_t indices[DRAW_ROWS], next = 0;
    bpnn_status status = BPNN_OK;
    for (int u = 0; u < UPDATES && status == BPNN_OK; u++) {
        for (size_t i = 0; i < batch; i++, next = (next + 1) % rows)
            indices[i] = next;
        status = bpnn_trainer_step(trainer, indices, batch, NULL, NULL);
    }
    return status;
}

typedef struct variant {
    const char *isa;
    size_t threads;
    bool poisoned, unfused; /* unfused: clipping at a norm that is never reached */
} variant;

/* Hash of the weights after the steps; 0 where the library refuses. */
static uint64_t bits(const bits_net *b, bpnn_precision precision, const variant *v)
{
    static drawn d;
    static double w[DRAW_PARAMETERS];
    describe(&d, b);
    bpnn_net *net = draw_library_net(&d, precision, b->group_rows);
    bpnn_data data = {.inputs = bpnn_matrix_of(d.x, d.rows, d.net.n[0]),
                      .targets = draw_target_matrix(&d),
                      .row_weights = d.weighted ? d.weight : NULL};
    bpnn_train_options options = options_of(b, v->isa, v->threads, v->unfused && b->clip == 0 ? 1e30 : b->clip);
    bpnn_error error = {0};
    bpnn_trainer *trainer;
    if (v->poisoned)
        mode_poison();
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, &error);
    if (status == BPNN_OK)
        status = steps(trainer, d.rows, b->batch);
    if (status == BPNN_OK)
        bpnn_trainer_get(trainer, net);
    mode_cure();
    bpnn_net_get_parameters(net, w);
    bpnn_trainer_free(trainer);
    bpnn_net_free(net);
    if (status != BPNN_OK)
        printf("  %s: %s\n", b->method, error.text);
    return status == BPNN_OK ? hash(w, ref_count(&d.net)) : 0;
}

static bool usable(const char *isa)
{
    static drawn d;
    describe(&d, &nets[0]);
    bpnn_net *net = draw_library_net(&d, BPNN_SINGLE, 1024);
    bpnn_predictor *predictor;
    bpnn_status status = bpnn_predictor_new(&predictor, net, isa, NULL);
    bpnn_predictor_free(predictor);
    bpnn_net_free(net);
    return status == BPNN_OK;
}

/* Every variant against the first. Returns the number of those that differ. */
static size_t compare_variants(size_t net, bpnn_precision precision, uint64_t expected, size_t *done)
{
    static const variant variants[] = {
        {"avx2", 1, false, false},   {"avx2", 2, false, false},  {"avx2", 7, false, true},  {"avx512", 1, false, false},
        {"avx512", 4, false, false}, {"avx512", 8, false, true}, {"neon", 1, false, false}, {"neon", 5, false, true},
        {"auto", 2, true, false},    {"auto", 1, false, true},   {"auto", 3, true, true},   {"auto", 6, false, false},
        {"auto", 8, false, false},
    };
    size_t bad = 0;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const variant *v = &variants[i];
        if (!usable(v->isa))
            continue;
        ++*done;
        if (bits(&nets[net], precision, v) == expected)
            continue;
        printf("  net %zu, %s: other bits with %s, %zu threads%s%s\n", net,
               bpnn_word(BPNN_WORDS_PRECISION, (int)precision), v->isa, v->threads, v->poisoned ? ", foreign mode" : "",
               v->unfused ? ", unfused" : "");
        bad++;
    }
    return bad;
}

/* The bits of gradients and predictions do not depend on the caller's floating-point mode either. */
static bool calm_under_poison(size_t which, bpnn_precision precision)
{
    static drawn d;
    static double clean[DRAW_PARAMETERS], poisoned[DRAW_PARAMETERS], y[2][DRAW_ROWS * REF_UNITS];
    double loss[2];
    describe(&d, &nets[which]);
    bpnn_net *net = draw_library_net(&d, precision, 7);
    size_t outputs = d.rows * d.net.n[d.net.depth], count = ref_count(&d.net);
    bpnn_matrix inputs = bpnn_matrix_of(d.x, d.rows, d.net.n[0]);
    draw_gradient(&d, net, &loss[0], clean, NULL);
    bpnn_net_forward(net, inputs, y[0], NULL);
    mode_poison();
    bpnn_status status = draw_gradient(&d, net, &loss[1], poisoned, NULL);
    if (status == BPNN_OK)
        status = bpnn_net_forward(net, inputs, y[1], NULL);
    mode_cure();
    bpnn_net_free(net);
    bool same = memcmp(clean, poisoned, count * sizeof *clean) == 0 &&
                memcmp(y[0], y[1], outputs * sizeof *y[0]) == 0 && memcmp(&loss[0], &loss[1], sizeof loss[0]) == 0;
    if (status == BPNN_OK && same)
        return true;
    printf("  net %zu, %s: gradient or outputs depend on the caller's floating-point mode\n", which,
           bpnn_word(BPNN_WORDS_PRECISION, (int)precision));
    return false;
}

/* ---- the recorded bits ---- */

static bool record(uint64_t hashes[NETS][2])
{
    FILE *f = fopen(BITS_FILE, "w");
    if (!f)
        return false;
    fprintf(
        f,
        "# Hashes of the parameters after %d updates of the nets of tests/oracle/test_groups.c: net, single, double.\n",
        UPDATES);
    fprintf(f, "# Arithmetic 1. Written by test_groups --record.\n");
    for (size_t i = 0; i < NETS; i++)
        fprintf(f, "%zu %016" PRIx64 " %016" PRIx64 "\n", i, hashes[i][0], hashes[i][1]);
    return fclose(f) == 0;
}

static size_t compare_recorded(uint64_t hashes[NETS][2])
{
    char line[160];
    size_t good = 0;
    FILE *f = fopen(BITS_FILE, "r");
    while (f && fgets(line, sizeof line, f)) {
        size_t net;
        uint64_t single, twice;
        if (sscanf(line, "%zu %" SCNx64 " %" SCNx64, &net, &single, &twice) != 3 || net >= NETS)
            continue;
        good += (size_t)(single == hashes[net][0]) + (twice == hashes[net][1]);
        if (single != hashes[net][0] || twice != hashes[net][1])
            printf("  net %zu: not the recorded bits\n", net);
    }
    if (f)
        fclose(f);
    return 2 * NETS - good;
}

static size_t check_bits(bool variants, bool write, size_t *done)
{
    static uint64_t hashes[NETS][2];
    size_t bad = 0;
    for (size_t i = 0; i < NETS; i++)
        for (int precision = 0; precision < BPNN_PRECISION_COUNT; precision++) {
            uint64_t h = bits(&nets[i], (bpnn_precision)precision, &(variant){"scalar", 1, false, false});
            hashes[i][precision] = h;
            bad += h == 0;
            *done += 2;
            if (!variants)
                continue;
            bad += compare_variants(i, (bpnn_precision)precision, h, done);
            bad += !calm_under_poison(i, (bpnn_precision)precision);
            ++*done;
        }
    if (write)
        bad += !record(hashes);
    return bad + compare_recorded(hashes);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    size_t done = 0, bad;
    double worst = 0;
    bad = check_groups(&done, &worst) + check_wide(&done, &worst);
    printf("worst sum: %.2e\n", worst);
    if (strcmp(mode, "--sums") != 0)
        bad += check_bits(strcmp(mode, "--recorded") != 0, strcmp(mode, "--record") == 0, &done);
    printf("groups: %zu done, %zu bad\n", done, bad);
    return bad > 0;
}
