/* The workloads of the speed targets, W1 to W7, for this library; one line a measurement, median of 5 chunks.
 *
 *   workloads train WORKLOAD BATCH THREADS sgd|momentum|adam [ISA]    samples/s over whole epochs, in order
 *   workloads predict WORKLOAD ROWS THREADS [ISA]                     rows/s and microseconds a call
 *   workloads peak                                                    multiply-adds in registers, GFLOP/s
 *
 * One thread is measured in processor time, several by the clock on the wall.
 * Data and networks are the ones the comparison programs use: random inputs, one-hot classes or a smooth target. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "uniform.h"
#include <bpnn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHUNKS = 5, LAYERS = 5 };

typedef struct workload {
    const char *name;
    size_t depth, size[LAYERS]; /* size[0] inputs */
    bpnn_activation_kind hidden;
    bool classes;
    size_t rows;
} workload;

static const workload workloads[] = {
    {"W1", 2, {2, 8, 1}, BPNN_ACT_SIGMOID, false, 4096},
    {"W2", 2, {4, 16, 3}, BPNN_ACT_RELU, true, 4096},
    {"W3", 2, {64, 64, 10}, BPNN_ACT_RELU, true, 4096},
    {"W4", 2, {784, 128, 10}, BPNN_ACT_RELU, true, 8192},
    {"W5", 3, {784, 512, 512, 10}, BPNN_ACT_RELU, true, 8192},
    {"W6", 3, {1024, 2048, 2048, 1000}, BPNN_ACT_RELU, true, 2048},
    {"W7", 3, {20, 64, 64, 1}, BPNN_ACT_TANH, false, 100000},
};

typedef struct data {
    float *x, *t, *y;
    bpnn_net *net;
} data;

static const double chunk_seconds = 0.08;
static clockid_t clock_used = CLOCK_PROCESS_CPUTIME_ID; /* one thread: what other programs take does not count */

static double now(void)
{
    struct timespec t;
    clock_gettime(clock_used, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void fail(const char *what)
{
    fprintf(stderr, "workloads: %s\n", what);
    exit(1);
}

static void make_rows(const workload *w, data *d)
{
    size_t in = w->size[0], out = w->size[w->depth];
    d->x = malloc(w->rows * in * sizeof *d->x);
    d->t = calloc(w->rows * out, sizeof *d->t);
    d->y = malloc(w->rows * out * sizeof *d->y);
    if (!d->x || !d->t || !d->y)
        fail("out of memory");
    for (size_t r = 0; r < w->rows; r++) {
        double sum = 0;
        for (size_t k = 0; k < in; k++) {
            double x = w->classes ? uniform() : 2 * uniform() - 1;
            d->x[r * in + k] = (float)x;
            sum += k % 2 ? -x : x;
        }
        if (w->classes)
            d->t[r * out + (size_t)(uniform() * (double)out)] = 1;
        for (size_t k = 0; !w->classes && k < out; k++)
            d->t[r * out + k] = (float)(0.5 + 0.4 * sin(sum + (double)k));
    }
}

static void make_net(const workload *w, data *d)
{
    bpnn_layer layers[LAYERS];
    bpnn_net_options o;
    bpnn_error error;
    memset(layers, 0, sizeof layers);
    bpnn_activation_kind last = w->classes ? BPNN_ACT_SOFTMAX : BPNN_ACT_IDENTITY;
    for (size_t m = 1; m <= w->depth; m++) {
        layers[m - 1].size = w->size[m];
        layers[m - 1].activation.kind = m < w->depth || w->hidden == BPNN_ACT_SIGMOID ? w->hidden : last;
        layers[m - 1].activation.parameter = (double)NAN;
    }
    bpnn_net_options_default(&o);
    o.inputs = w->size[0];
    o.layer_count = w->depth;
    o.layers = layers;
    o.loss.kind = w->classes ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    o.precision = BPNN_SINGLE;
    if (bpnn_net_new(&d->net, &o, &error) != BPNN_OK ||
        bpnn_net_initialise(d->net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, &error) != BPNN_OK)
        fail(error.text);
}

/* Calls f(context) in chunks of about chunk_seconds; the median chunk's calls a second, and the best's. */
static double measure(void (*f)(void *), void *context, double *best)
{
    double rates[CHUNKS], start = now();
    size_t calls = 0;
    do {
        f(context);
        calls++;
    } while (now() - start < chunk_seconds);
    calls = (size_t)((double)calls * chunk_seconds / (now() - start) + 0.5);
    calls = calls ? calls : 1;
    for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
        start = now();
        for (size_t i = 0; i < calls; i++)
            f(context);
        rates[chunk] = (double)calls / (now() - start);
    }
    qsort(rates, CHUNKS, sizeof *rates, by_value);
    *best = rates[CHUNKS - 1];
    return rates[CHUNKS / 2];
}

/* ---- training ---- */

static void one_epoch(void *trainer)
{
    double loss;
    bpnn_error error;
    if (bpnn_trainer_epoch(trainer, &loss, &error) != BPNN_OK)
        fail(error.text);
}

static void train(const workload *w, size_t batch, size_t threads, const char *method, const char *isa)
{
    data d;
    bpnn_trainer *trainer;
    bpnn_error error;
    bpnn_train_options o;
    make_rows(w, &d);
    make_net(w, &d);
    bpnn_train_options_default(&o);
    o.method = strcmp(method, "momentum") == 0 ? "sgd" : method;
    o.momentum = strcmp(method, "momentum") == 0 ? 0.9 : (double)NAN;
    o.rate = strcmp(method, "adam") == 0 ? 0.001 : 0.01;
    o.batch = batch;
    o.shuffle = false;
    o.threads = threads;
    o.isa = isa;
    size_t rows = w->rows / batch * batch;
    bpnn_data set = {.inputs = bpnn_matrix_of(d.x, rows, w->size[0]),
                     .targets = bpnn_matrix_of(d.t, rows, w->size[w->depth])};
    if (bpnn_trainer_new(&trainer, d.net, &set, &o, &error) != BPNN_OK)
        fail(error.text);
    double best, rate = measure(one_epoch, trainer, &best);
    printf("bpnn %s %zu %zu %.0f %s best=%.0f\n", w->name, batch, threads, rate * (double)rows, method,
           best * (double)rows);
}

/* ---- prediction ---- */

typedef struct prediction {
    bpnn_predictor *predictor;
    bpnn_matrix rows;
    float *y;
    void *workspace;
    size_t size, repeat;
} prediction;

static void predict_once(void *context)
{
    const prediction *p = context;
    bpnn_error error;
    for (size_t i = 0; i < p->repeat; i++)
        if (bpnn_predictor_run(p->predictor, p->rows, p->y, BPNN_F32, p->workspace, p->size, &error) != BPNN_OK)
            fail(error.text);
}

static void predict(const workload *w, size_t rows, size_t threads, const char *isa)
{
    workload set = *w;
    data d;
    prediction p;
    bpnn_error error;
    set.rows = rows;
    make_rows(&set, &d);
    make_net(&set, &d);
    if (bpnn_predictor_new(&p.predictor, d.net, isa, &error) != BPNN_OK)
        fail(error.text);
    p.size = bpnn_predictor_workspace(p.predictor, rows < 256 ? rows : 256);
    p.workspace = malloc(p.size);
    p.rows = bpnn_matrix_of(d.x, rows, w->size[0]);
    p.y = d.y;
    p.repeat = rows == 1 ? 1000 : 1;
    double best, rate = measure(predict_once, &p, &best) * (double)p.repeat;
    best *= (double)p.repeat;
    printf("bpnn %s %zu %zu %.0f %.4f best=%.0f\n", w->name, rows, threads, rate * (double)rows, 1e6 / rate,
           best * (double)rows);
}

/* ---- the machine ---- */

#if defined(__x86_64__)
#define ACC(r) "vfmadd213ps %%" r "12,%%" r "13,%%" r
#define TWELVE(r)                                                                                                      \
    ACC(r)                                                                                                             \
    "0\n" ACC(r) "1\n" ACC(r) "2\n" ACC(r) "3\n" ACC(r) "4\n" ACC(r) "5\n" ACC(r) "6\n" ACC(r) "7\n" ACC(r) "8\n" ACC( \
        r) "9\n" ACC(r) "10\n" ACC(r) "11\n"
#define CLOBBERED                                                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",         \
        "xmm13", "cc"

static void chains_256(void *context)
{
    size_t n = *(size_t *)context;
    float a = 0.999999f;
    __asm__ volatile(
        "vbroadcastss %[a],%%ymm12\n vmovaps %%ymm12,%%ymm13\n 1:\n" TWELVE("ymm") "dec %[n]\n jnz 1b\n vzeroupper\n"
        : [n] "+r"(n)
        : [a] "m"(a)
        : CLOBBERED);
}

static void chains_512(void *context)
{
    size_t n = *(size_t *)context;
    float a = 0.999999f;
    __asm__ volatile(
        "vbroadcastss %[a],%%zmm12\n vmovaps %%zmm12,%%zmm13\n 1:\n" TWELVE("zmm") "dec %[n]\n jnz 1b\n vzeroupper\n"
        : [n] "+r"(n)
        : [a] "m"(a)
        : CLOBBERED);
}

static void peak(void)
{
    size_t n = 100000;
    double best, rate;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        rate = measure(chains_256, &n, &best);
        printf("peak avx2 %.1f best=%.1f\n", rate * 12 * 16e-9 * (double)n, best * 12 * 16e-9 * (double)n);
    }
    if (__builtin_cpu_supports("avx512f")) {
        rate = measure(chains_512, &n, &best);
        printf("peak avx512 %.1f best=%.1f\n", rate * 12 * 32e-9 * (double)n, best * 12 * 32e-9 * (double)n);
    }
}
#else
static void peak(void)
{
    fail("the peak is measured on x86-64 only");
}
#endif

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "peak") == 0) {
        peak();
        return 0;
    }
    bool training = argc >= 6 && strcmp(argv[1], "train") == 0;
    if (!training && !(argc >= 5 && strcmp(argv[1], "predict") == 0))
        fail("train WORKLOAD BATCH THREADS METHOD [ISA], predict WORKLOAD ROWS THREADS [ISA], or peak");
    const char *isa = argc > (training ? 6 : 5) ? argv[training ? 6 : 5] : NULL;
    size_t rows = (size_t)strtoul(argv[3], NULL, 10), threads = (size_t)strtoul(argv[4], NULL, 10);
    clock_used = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        if (strcmp(workloads[i].name, argv[2]) == 0 && rows > 0) {
            if (training)
                train(&workloads[i], rows, threads, argv[5], isa);
            else
                predict(&workloads[i], rows, threads, isa);
            return 0;
        }
    fail("no such workload");
}
