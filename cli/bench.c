/* bpnn bench: training and prediction speed on random data. Medians of several measurements. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAYERS = 64, MEASUREMENTS = 5 };

typedef struct bench {
    const arguments *a;
    size_t size[LAYERS], layer_count; /* size[0] inputs */
    size_t rows, batch, threads;
    const char *method;
    bpnn_net *net;
    float *x, *t;
    size_t *order;
    double train_rate, predict_rate, single_us, gflops;
    double peak; /* GFLOP/s of one core, multiply-adds in registers */
} bench;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x)
{
    qsort(x, MEASUREMENTS, sizeof *x, by_value);
    return x[MEASUREMENTS / 2];
}

/* ---- the network ---- */

static bool read_layers(bench *b)
{
    const char *c = b->a->layers;
    size_t count = 0;
    if (!c) {
        say_usage("bench needs --layers, as in --layers 784-128-10");
        return false;
    }
    for (; count < LAYERS; count++) {
        char *end;
        unsigned long n = *c >= '0' && *c <= '9' ? strtoul(c, &end, 10) : 0;
        if (n < 1 || n > 1000000)
            break;
        b->size[count] = n;
        c = end;
        if (*c == '\0') {
            b->layer_count = count;
            break;
        }
        if (*c++ != '-')
            break;
    }
    if (b->layer_count >= 1 && *c == '\0')
        return true;
    say_usage("--layers is sizes with dashes, as in 784-128-10, not '%s'", b->a->layers);
    return false;
}

static bool pick(const char *name, const char *text, bpnn_vocabulary words, int initial, int *value)
{
    *value = text ? bpnn_word_find(words, text) : initial;
    if (*value >= 0)
        return true;
    say_usage("--%s: unknown name '%s'", name, text);
    return false;
}

static int make_net(bench *b)
{
    const arguments *a = b->a;
    bool one = b->size[b->layer_count] == 1;
    int hidden, output, loss, precision;
    if (!pick("activation", a->activation, BPNN_WORDS_ACTIVATION, BPNN_ACT_RELU, &hidden) ||
        !pick("output-activation", a->output_activation, BPNN_WORDS_ACTIVATION,
              one ? BPNN_ACT_IDENTITY : BPNN_ACT_SOFTMAX, &output) ||
        !pick("loss", a->loss, BPNN_WORDS_LOSS, output == BPNN_ACT_SOFTMAX ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE,
              &loss) ||
        !pick("precision", a->precision, BPNN_WORDS_PRECISION, BPNN_SINGLE, &precision))
        return BPNN_USAGE;
    bpnn_layer layers[LAYERS];
    memset(layers, 0, sizeof layers);
    for (size_t m = 1; m <= b->layer_count; m++) {
        layers[m - 1].size = b->size[m];
        layers[m - 1].activation.kind = (bpnn_activation_kind)(m < b->layer_count ? hidden : output);
        layers[m - 1].activation.parameter = (double)NAN;
    }
    bpnn_net_options o;
    bpnn_error error;
    bpnn_net_options_default(&o);
    o.inputs = b->size[0];
    o.layer_count = b->layer_count;
    o.layers = layers;
    o.loss.kind = (bpnn_loss_kind)loss;
    o.precision = (bpnn_precision)precision;
    if (bpnn_net_new(&b->net, &o, &error) != BPNN_OK ||
        bpnn_net_initialise(b->net, BPNN_INIT_AUTO, (double)NAN, (uint64_t)a->seed, NULL, NULL, &error) != BPNN_OK)
        return say_error(&error);
    return 0;
}

/* Random inputs in (-1, 1) and targets: classes, or numbers in (0, 1). */
static int make_data(bench *b)
{
    size_t inputs = b->size[0], outputs = b->size[b->layer_count];
    b->x = malloc(b->rows * inputs * sizeof *b->x);
    b->t = calloc(b->rows * outputs, sizeof *b->t);
    b->order = malloc(b->rows * sizeof *b->order);
    if (!b->x || !b->t || !b->order)
        return fail_memory();
    uint64_t state = (uint64_t)b->a->seed;
    for (size_t i = 0; i < b->rows * inputs; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        b->x[i] = (float)(state >> 40) * 0x1p-23f - 1;
    }
    for (size_t r = 0; r < b->rows; r++) {
        b->order[r] = r;
        state = state * 6364136223846793005u + 1442695040888963407u;
        if (outputs > 1)
            b->t[r * outputs + (state >> 33) % outputs] = 1;
        else
            b->t[r] = (float)(state >> 40) * 0x1p-24f;
    }
    return 0;
}

/* ---- measuring ---- */

static int measure_training(bench *b)
{
    bpnn_train_options o;
    bpnn_trainer *trainer;
    bpnn_error error;
    bpnn_train_options_default(&o);
    o.method = b->method;
    o.batch = b->batch;
    o.threads = b->threads;
    o.isa = b->a->isa;
    o.rate = bpnn_method_find(b->method) && isfinite(bpnn_method_find(b->method)->rate) ? 1e-4 : (double)NAN;
    o.l2 = 0;
    bpnn_data data = {.inputs = bpnn_matrix_of(b->x, b->rows, b->size[0]),
                      .targets = bpnn_matrix_of(b->t, b->rows, b->size[b->layer_count])};
    if (bpnn_trainer_new(&trainer, b->net, &data, &o, &error) != BPNN_OK)
        return say_error(&error);
    double rates[MEASUREMENTS], least = b->a->seconds / MEASUREMENTS;
    size_t at = 0;
    int code = 0;
    for (int i = -1; i < MEASUREMENTS && code == 0; i++) { /* the first warms up */
        double start = now(), done = 0, seconds = 0;
        while (seconds < least && code == 0) {
            if (bpnn_trainer_step(trainer, b->order + at, b->batch, NULL, &error) != BPNN_OK)
                code = say_error(&error);
            at = at + 2 * b->batch <= b->rows ? at + b->batch : 0;
            done += (double)b->batch;
            seconds = now() - start;
        }
        if (i >= 0)
            rates[i] = done / seconds;
    }
    if (code == 0)
        b->train_rate = median(rates);
    bpnn_trainer_free(trainer);
    return code;
}

static int measure_prediction(bench *b)
{
    bpnn_predictor *predictor;
    bpnn_error error;
    if (bpnn_predictor_new(&predictor, b->net, b->a->isa, &error) != BPNN_OK)
        return say_error(&error);
    size_t outputs = b->size[b->layer_count], size = bpnn_predictor_workspace(predictor, 256);
    void *workspace = malloc(size);
    float *y = malloc(b->rows * outputs * sizeof *y);
    int code = workspace && y ? 0 : fail_memory();
    double rates[MEASUREMENTS], least = b->a->seconds / MEASUREMENTS;
    for (int part = 0; part < 2 && code == 0; part++) {
        size_t rows = part == 0 ? b->rows : 1;
        for (int i = -1; i < MEASUREMENTS && code == 0; i++) {
            double start = now(), done = 0, seconds = 0;
            while (seconds < least && code == 0) {
                if (bpnn_predictor_run(predictor, bpnn_matrix_of(b->x, rows, b->size[0]), y, BPNN_F32, workspace, size,
                                       &error) != BPNN_OK)
                    code = say_error(&error);
                done += (double)rows;
                seconds = now() - start;
            }
            if (i >= 0)
                rates[i] = done / seconds;
        }
        if (part == 0)
            b->predict_rate = median(rates);
        else
            b->single_us = 1e6 / median(rates);
    }
    free(workspace);
    free(y);
    bpnn_predictor_free(predictor);
    return code;
}

/* The machine's peak at this moment: best of several measurements, as nothing is faster than the machine. */
static void measure_peak(bench *b)
{
    bpnn_precision precision = bpnn_net_describe(b->net).precision;
    uint64_t rounds = 1000;
    for (int i = 0; i < MEASUREMENTS;) {
        double start = now(), flops = bpnn_multiply_adds(b->a->isa, precision, rounds), seconds = now() - start;
        if (seconds < 2e-3 && rounds < UINT64_MAX / 2) {
            rounds *= 2; /* warms up, too */
            continue;
        }
        b->peak = fmax(b->peak, flops * 1e-9 / seconds);
        i++;
    }
}

/* CPUs that --threads means. */
static double cores(const bench *b)
{
    return (double)(b->threads ? b->threads : bpnn_usable_cpus());
}

/* Multiply-adds twice: 6 a weight and row, 4 in the first layer, whose inputs need no delta. */
static double flops_a_row(const bench *b)
{
    double sum = 0;
    for (size_t m = 1; m <= b->layer_count; m++)
        sum += (m == 1 ? 4.0 : 6.0) * (double)b->size[m - 1] * (double)b->size[m];
    return sum;
}

static void report(const bench *b)
{
    const char *precision = bpnn_word(BPNN_WORDS_PRECISION, (int)bpnn_net_describe(b->net).precision);
    const char *isa = b->a->isa && strcmp(b->a->isa, "auto") != 0 ? b->a->isa : bpnn_isa_name();
    double share = b->gflops / (b->peak * cores(b));
    if (!b->a->json) {
        printf("%s, batch %zu, %s, %s, %s\n", b->a->layers, b->batch, b->method, precision, isa);
        printf("training    %.4g rows/s  (%.3g GFLOP/s, %.3g %% of %.0f x %.4g, the multiply-add peak)\n",
               b->train_rate, b->gflops, 100 * share, cores(b), b->peak);
        printf("prediction  %.4g rows/s, one row %.3g us\n", b->predict_rate, b->single_us);
        return;
    }
    json_open('{');
    json_pair_text("layers", b->a->layers);
    json_pair_count("batch", b->batch);
    json_pair_text("method", b->method);
    json_pair_text("precision", precision);
    json_key("threads");
    if (b->threads)
        json_count(b->threads);
    else
        json_string("auto");
    json_pair_text("isa", isa);
    json_pair_number("train_rows_per_s", b->train_rate);
    json_pair_number("predict_rows_per_s", b->predict_rate);
    json_pair_number("single_row_us", b->single_us);
    json_pair_number("gflops", b->gflops);
    json_pair_number("fma_peak_gflops", b->peak);
    json_pair_number("peak_share", share);
    json_close('}');
    json_end();
}

static int prepare(bench *b)
{
    double batch = 32;
    if (!read_layers(b) || !read_threads(b->a, &b->threads))
        return BPNN_USAGE;
    b->rows = (size_t)b->a->rows;
    bool full = b->a->batch && strcmp(b->a->batch, "full") == 0;
    if (b->a->batch && !full && !parse_number(b->a->batch, &batch)) {
        say_usage("--batch is full or a whole number, not '%s'", b->a->batch);
        return BPNN_USAGE;
    }
    if (b->rows < 1 || b->rows > 100000000 || batch < 1 || batch > 1e8 || floor(batch) != batch ||
        !(b->a->seconds > 0)) {
        say_usage("--rows, --batch and --seconds begin at 1, 1 and above 0");
        return BPNN_USAGE;
    }
    b->batch = full ? b->rows : (size_t)batch;
    if (b->rows < b->batch)
        b->rows = b->batch;
    b->method = b->a->method && strcmp(b->a->method, "auto") != 0 ? b->a->method : "adam";
    const bpnn_method_info *info = bpnn_method_find(b->method);
    if (info && info->full_batch)
        b->batch = b->rows;
    return 0;
}

int verb_bench(const arguments *a)
{
    bench b = {.a = a};
    if (a->places != 0) {
        say_usage("bench takes no files; it makes random data");
        return BPNN_USAGE;
    }
    int code = prepare(&b);
    if (code == 0)
        code = make_net(&b);
    if (code == 0)
        code = make_data(&b);
    if (code == 0)
        code = measure_training(&b);
    if (code == 0)
        code = measure_prediction(&b);
    if (code == 0)
        measure_peak(&b);
    if (code == 0) {
        b.gflops = b.train_rate * flops_a_row(&b) * 1e-9;
        report(&b);
        code = finish_output() ? 0 : BPNN_IO;
    }
    bpnn_net_free(b.net);
    free(b.x);
    free(b.t);
    free(b.order);
    return code;
}
