/* The main function of the programs of the comparison: side.h. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "side.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void side_fail(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

void *side_memory(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (!memory)
        side_fail("out of memory");
    return memset(memory, 0, bytes);
}

size_t side_weights(const task *k, size_t m)
{
    size_t at = 0;
    for (size_t l = 1; l < m; l++)
        at += (k->size[l - 1] + 1) * k->size[l];
    return at;
}

size_t side_biases(const task *k, size_t m)
{
    return side_weights(k, m) + k->size[m - 1] * k->size[m];
}

float *side_dense_targets(const task *k)
{
    size_t out = k->size[k->depth];
    float *t = side_memory(k->rows * out * sizeof *t);
    for (size_t r = 0; r < k->rows; r++)
        if (k->classes)
            t[r * out + (size_t)k->t[r]] = 1;
        else
            memcpy(t + r * out, k->t + r * out, out * sizeof *t);
    return t;
}

/* ---- the task ---- */

static float *read_floats(const char *files, const char *ending, size_t count)
{
    char path[1000];
    float *numbers = side_memory(count * sizeof *numbers);
    snprintf(path, sizeof path, "%s.%s", files, ending);
    FILE *f = fopen(path, "rb");
    if (!f || fread(numbers, sizeof *numbers, count, f) != count)
        side_fail(path);
    fclose(f);
    return numbers;
}

static void read_layers(task *k, const char *text)
{
    char *end = (char *)text;
    for (size_t m = 0; m < SIDE_LAYERS; m++) {
        k->size[m] = strtoul(end, &end, 10);
        k->depth = m;
        if (*end++ != '-')
            break;
    }
}

static void read_task(task *k, const char *line)
{
    char verb[16], files[900], layers[400], loss[16];
    if (sscanf(line, "%15s %899s %399s %15s %15s %zu %zu %zu %15s", verb, files, layers, k->activation, loss, &k->rows,
               &k->batch, &k->threads, k->method) != 9)
        side_fail("the task cannot be read");
    k->train = strcmp(verb, "train") == 0;
    k->classes = strcmp(loss, "crossentropy") == 0;
    k->sigmoid = strcmp(k->activation, "sigmoid") == 0;
    read_layers(k, layers);
    k->parameter_count = side_weights(k, k->depth + 1);
    k->target_columns = k->classes ? 1 : k->size[k->depth];
    k->x = read_floats(files, "x", k->rows * k->size[0]);
    k->t = read_floats(files, "t", k->rows * k->target_columns);
    k->w = read_floats(files, "w", k->parameter_count);
}

/* Mean loss of the first rows of the data. */
static double loss(const task *k)
{
    size_t out = k->size[k->depth], rows = k->rows < SIDE_LOSS_ROWS ? k->rows : SIDE_LOSS_ROWS;
    rows = rows < k->batch ? k->batch : rows / k->batch * k->batch;
    float *y = side_memory(rows * out * sizeof *y);
    double sum = 0;
    side_outputs(k, rows, y);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < out; j++) {
            double p = (double)y[r * out + j], t = (double)k->t[r * k->target_columns + (k->classes ? 0 : j)];
            if (!k->classes)
                sum += (p - t) * (p - t);
            else if ((size_t)t == j)
                sum -= log(p > 1e-30 ? p : 1e-30);
        }
    free(y);
    return sum / (double)rows;
}

/* ---- the work ---- */

static size_t repeat = 1; /* units of work between two looks at the clock */

static void work(const task *k)
{
    for (size_t i = 0; i < repeat; i++)
        if (k->train)
            side_epoch(k);
        else
            side_call(k);
}

static void go(const task *k, double seconds)
{
    double start = now(), passed = 0, units = 0;
    while (passed < seconds) {
        double before = passed;
        work(k);
        units += (double)repeat;
        passed = now() - start;
        if (passed - before < 1e-3)
            repeat *= 2;
    }
    printf("%.0f %.9f\n", units * (double)(k->train ? k->rows : k->batch), passed);
}

/* The most memory of this process so far, in KiB. */
static long peak_memory(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
}

static void prepare(task *k, const char *line)
{
    read_task(k, line);
    const char *reason = side_prepare(k);
    if (reason) {
        printf("no %s\n", reason);
        return;
    }
    double first = loss(k);
    if (k->train)
        side_epoch(k);
    printf("ok first=%.8g last=%.8g rss=%ld\n", first, loss(k), peak_memory());
}

int main(void)
{
    char line[2000];
    static task k;
    while (fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "go ", 3) == 0)
            go(&k, strtod(line + 3, NULL));
        else
            prepare(&k, line);
        fflush(stdout);
    }
    return 0;
}
