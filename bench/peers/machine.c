/* What the bounds of docs/roofline.md stand on: one line a figure, best of several passes. One thread.
 *   read LEVEL GB/s, change LEVEL GB/s (x = a x + b: bytes read and written), exp ns an element, adam ns a weight in L1
 * Built with -O3 -march=native -ffast-math: plain loops, exp is the C library's vector one. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static volatile float seen;

static void read_all(float *x, size_t n)
{
    float sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    seen = sum;
}

static void change_all(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.999f * x[i] + 1e-3f;
}

static void exp_all(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = expf(-x[i]);
}

static void adam_all(float *x, size_t n)
{
    float *w = x, *g = x + n, *m = x + 2 * n, *v = x + 3 * n;
    for (size_t i = 0; i < n; i++) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] -= 1e-3f * m[i] / (sqrtf(v[i]) + 1e-8f);
    }
}

/* Seconds an element, best of 7 passes of about 20 ms. x has room for 4 n numbers. */
static double measure(void (*f)(float *, size_t), float *x, size_t n)
{
    double best = 1e9;
    for (size_t i = 0; i < 4 * n; i++)
        x[i] = 0.5f;
    for (int pass = 0; pass < 7; pass++) {
        double start = now(), passed = 0;
        size_t times = 0;
        for (size_t batch = 1; passed < 0.02; batch *= 2) {
            for (size_t i = 0; i < batch; i++)
                f(x, n);
            times += batch;
            passed = now() - start;
        }
        double each = passed / (double)times / (double)n;
        best = each < best ? each : best;
    }
    return best;
}

int main(void)
{
    static const struct {
        const char *name;
        size_t bytes;
    } levels[] = {{"L1", 16 << 10}, {"L2", 256 << 10}, {"L3", 8 << 20}, {"memory", 256 << 20}};
    float *x = aligned_alloc(64, 4 * (size_t)levels[3].bytes);
    if (!x)
        return 1;
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t n = levels[i].bytes / sizeof *x;
        printf("read %s %.1f\n", levels[i].name, 4e-9 / measure(read_all, x, n));
        printf("change %s %.1f\n", levels[i].name, 8e-9 / measure(change_all, x, n));
    }
    printf("exp L1 %.3f\n", 1e9 * measure(exp_all, x, 2048));
    printf("adam L1 %.3f\n", 1e9 * measure(adam_all, x, 1024));
    free(x);
    return 0;
}
