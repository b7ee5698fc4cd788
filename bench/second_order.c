/* Second-order methods of this library, for second_order.py, which prints them beside other programs. One line a measurement:
 *
 *   second_order sine DATA STARTS     lm on 1-10-1 tanh from the starts of a file, and from Nguyen and Widrow's weights: seconds
 *                                     until mse < .011 (median over the starts that arrive), and how many arrive
 *   second_order lbfgs DATA HIDDEN CLASSES ITERATIONS L2    seconds and loss of lbfgs on rows of numbers whose last is the target
 *   second_order gram                 J^T J at 5,000 rows x 1,001 parameters: share of the double peak measured beside it; two threads
 *
 * Files hold rows of decimal numbers. Wall time, one thread unless it says two. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "core/engine.h"
#include <bpnn.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1 << 18, REPEATS = 9, STARTS = 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "second_order: %s\n", what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_value);
    return n ? x[n / 2] : (double)NAN;
}

/* All numbers of a file; *columns of its first line. */
static double *read_numbers(const char *path, size_t *count, size_t *columns)
{
    FILE *file = fopen(path, "r");
    double *x = malloc(MOST * sizeof *x);
    char after;
    if (!file || !x)
        fail(path);
    *columns = 0;
    for (*count = 0; *count < MOST && fscanf(file, "%lf%c", &x[*count], &after) == 2;) {
        ++*count;
        if (after == '\n' && *columns == 0)
            *columns = *count;
    }
    fclose(file);
    return x;
}

static bpnn_net *make_net(size_t inputs, size_t hidden, size_t outputs)
{
    const bpnn_layer layers[] = {
        {.size = hidden, .activation = {.kind = BPNN_ACT_TANH}},
        {.size = outputs, .activation = {.kind = outputs > 1 ? BPNN_ACT_SOFTMAX : BPNN_ACT_IDENTITY}}};
    bpnn_net_options o;
    bpnn_net *net;
    bpnn_error error;
    bpnn_net_options_default(&o);
    o.inputs = inputs;
    o.layer_count = 2;
    o.layers = layers;
    o.loss.kind = outputs > 1 ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    o.precision = BPNN_DOUBLE;
    if (bpnn_net_new(&net, &o, &error) != BPNN_OK)
        fail(error.text);
    return net;
}

static bpnn_train_result train(bpnn_net *net, const bpnn_data *data, const bpnn_train_options *o)
{
    bpnn_train_result result;
    bpnn_error error;
    if (bpnn_train(net, data, NULL, o, &result, &error) != BPNN_OK)
        fail(error.text);
    return result;
}

/* ---- small regression ---- */

typedef struct arrivals {
    double seconds[STARTS], iterations[STARTS];
    size_t count;
} arrivals;

static void arrive(bpnn_net *net, const bpnn_data *data, const double *w, arrivals *to)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = "lm";
    o.epochs = 500;
    o.threads = 1;
    o.patience = 0;
    o.target_loss = 0.011;
    double seconds[REPEATS];
    bpnn_train_result result = {0};
    for (size_t k = 0; k < REPEATS; k++) {
        bpnn_net_set_parameters(net, w);
        double begun = now();
        result = train(net, data, &o);
        seconds[k] = now() - begun;
    }
    if (result.stop != BPNN_STOP_TARGET)
        return;
    to->iterations[to->count] = (double)result.epochs;
    to->seconds[to->count++] = median(seconds, REPEATS);
}

static void tell(const char *name, arrivals *a)
{
    size_t count = a->count;
    printf("%s %.6g %zu %g\n", name, median(a->seconds, count), count, median(a->iterations, count));
}

static void sine(const char *data_path, const char *starts_path)
{
    size_t count, columns, start_count, size;
    double *xy = read_numbers(data_path, &count, &columns), *start = read_numbers(starts_path, &start_count, &size);
    size_t rows = count / 2;
    const bpnn_data data = {.inputs = {.dtype = BPNN_F64, .rows = rows, .cols = 1, .stride = 2, .data = xy},
                            .targets = {.dtype = BPNN_F64, .rows = rows, .cols = 1, .stride = 2, .data = xy + 1}};
    bpnn_net *net = make_net(1, 10, 1);
    arrivals same = {.count = 0}, own = {.count = 0};
    const double least = -1, most = 1;
    double w[31];
    if (size != 31 || start_count != 31 * STARTS)
        fail("the starts are no 20 x 31 numbers");
    for (size_t s = 0; s < STARTS; s++) {
        arrive(net, &data, start + 31 * s, &same);
        if (bpnn_net_initialise(net, BPNN_INIT_NGUYEN_WIDROW, (double)NAN, s, &least, &most, NULL) != BPNN_OK)
            fail("no start");
        bpnn_net_get_parameters(net, w);
        arrive(net, &data, w, &own);
    }
    tell("lm", &same);
    tell("lm-nguyen_widrow", &own);
    bpnn_net_free(net);
    free(xy);
    free(start);
}

/* ---- lbfgs ---- */

static void lbfgs(const char *path, size_t hidden, size_t classes, size_t iterations, double l2)
{
    size_t count, columns;
    double *x = read_numbers(path, &count, &columns), seconds[REPEATS], w[1 << 14];
    size_t rows = count / columns;
    const bpnn_data data = {
        .inputs = {.dtype = BPNN_F64, .rows = rows, .cols = columns - 1, .stride = columns, .data = x},
        .targets = {.dtype = BPNN_F64, .rows = rows, .cols = 1, .stride = columns, .data = x + columns - 1}};
    const bpnn_setting never[] = {{"tol", 0}, {"ftol", 0}};
    bpnn_net *net = make_net(columns - 1, hidden, classes > 1 ? classes : 1);
    bpnn_train_options o;
    bpnn_train_result result = {0};
    bpnn_train_options_default(&o);
    o.method = "lbfgs";
    o.epochs = iterations;
    o.l2 = l2;
    o.threads = 1;
    o.settings = never;
    o.setting_count = 2;
    if (bpnn_net_initialise(net, BPNN_INIT_GLOROT, (double)NAN, 1, NULL, NULL, NULL) != BPNN_OK ||
        bpnn_net_parameter_count(net) > sizeof w / sizeof *w)
        fail("no start");
    bpnn_net_get_parameters(net, w);
    for (size_t k = 0; k < 3; k++) {
        bpnn_net_set_parameters(net, w);
        double begun = now();
        result = train(net, &data, &o);
        seconds[k] = now() - begun;
    }
    printf("lbfgs %.6g %zu %llu %.6g\n", median(seconds, 3), result.epochs, (unsigned long long)result.evaluations,
           result.loss);
    bpnn_net_free(net);
    free(x);
}

/* ---- J^T J ---- */

#if defined(__x86_64__)
/* 12 chains of multiply-adds in vectors of `lanes` doubles, n times: 24 lanes n operations. */
#define CHAINS(name, isa, lanes)                                                                                       \
    __attribute__((target(isa), noinline)) static double name(size_t n)                                                \
    {                                                                                                                  \
        typedef double vec __attribute__((vector_size(lanes * 8)));                                                    \
        vec c[12] = {0}, a = c[0] + 1e-9, b = c[0] + 0.999;                                                            \
        for (size_t i = 0; i < 12; i++)                                                                                \
            c[i] = a * (double)i;                                                                                      \
        for (size_t k = 0; k < n; k++)                                                                                 \
            for (size_t i = 0; i < 12; i++)                                                                            \
                for (size_t l = 0; l < lanes; l++)                                                                     \
                    c[i][l] = __builtin_fma(c[i][l], b[l], a[l]);                                                      \
        double sum = 0;                                                                                                \
        for (size_t i = 0; i < 12; i++)                                                                                \
            sum += c[i][0];                                                                                            \
        return sum;                                                                                                    \
    }
CHAINS(chains_256, "avx2,fma", 4)
CHAINS(chains_512, "avx512f", 8)

/* Double multiply-adds, GFLOP/s: the best of several. */
static double peak(void)
{
    double sink = 0;
    bool wide = __builtin_cpu_supports("avx512f");
    if (!wide && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")))
        return (double)NAN;
    size_t n = 1000000;
    double best = 0;
    for (int k = 0; k < 9; k++) {
        double begun = now();
        sink += wide ? chains_512(n) : chains_256(n);
        double rate = (wide ? 192 : 96) * 1e-9 * (double)n / (now() - begun);
        best = rate > best ? rate : best;
    }
    return sink > 0 ? best : (double)NAN; /* the sums are used, so they are made */
}
#else
static double peak(void)
{
    return (double)NAN;
}
#endif

enum { ROWS = 5000, INPUTS = 8, UNITS = 100 };

/* Seconds of the matrix alone: the rows of J are in it, value and gradient are not. */
static double gram_seconds(const bpnn_net *net, const double *x, const double *t, size_t threads, size_t parameters)
{
    bpnn__batch batch = {.inputs = bpnn_matrix_of(x, ROWS, INPUTS),
                         .targets = bpnn_matrix_of(t, ROWS, 1),
                         .weight_scale = 1,
                         .count = ROWS};
    const bpnn__engine_options options = {
        .max_rows = ROWS, .training = true, .store_gradient = true, .curvature = true, .threads = threads};
    bpnn__engine *engine;
    bpnn__dense a;
    double best = (double)INFINITY;
    if (bpnn__engine_new(&engine, net, &options, NULL) != BPNN_OK || bpnn__dense_new(&a, parameters, NULL) != BPNN_OK)
        fail("out of memory");
    for (size_t k = 0; k < REPEATS; k++) {
        double begun = now();
        bpnn__engine_curvature(engine, &batch, &a);
        double seconds = now() - begun;
        best = seconds < best ? seconds : best;
    }
    bpnn__dense_free(&a);
    bpnn__engine_free(engine);
    return best;
}

static void gram(void)
{
    static double x[ROWS * INPUTS], t[ROWS];
    bpnn_net *net = make_net(INPUTS, UNITS, 1);
    size_t P = bpnn_net_parameter_count(net);
    for (size_t i = 0; i < ROWS * INPUTS; i++)
        x[i] = sin((double)(i * i % 1009));
    for (size_t r = 0; r < ROWS; r++)
        t[r] = sin(3 * x[INPUTS * r]);
    if (bpnn_net_initialise(net, BPNN_INIT_GLOROT, (double)NAN, 1, NULL, NULL, NULL) != BPNN_OK)
        fail("no start");
    double top = peak(), one = gram_seconds(net, x, t, 1, P), two = gram_seconds(net, x, t, 2, P), again = peak();
    double flops = (double)ROWS * (double)P * (double)(P + 1);
    top = again > top ? again : top;
    printf("gram %.6g %.4g %.4g %.4g %.4g\n", one, flops * 1e-9 / one, top, flops * 1e-9 / one / top, one / two);
    bpnn_net_free(net);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "sine") == 0)
        sine(argv[2], argv[3]);
    else if (argc == 7 && strcmp(argv[1], "lbfgs") == 0)
        lbfgs(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10),
              strtod(argv[6], NULL));
    else if (argc == 2 && strcmp(argv[1], "gram") == 0)
        gram();
    else
        fail("sine DATA STARTS, lbfgs DATA HIDDEN CLASSES ITERATIONS L2, or gram");
    return 0;
}
