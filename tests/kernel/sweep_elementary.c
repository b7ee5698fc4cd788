/* The errors of the elementary functions of the best row, and their times; seed: BPNN_TEST_SEED.
 *
 * sweep_elementary float STRIDE [FUNCTION ..]   every STRIDE-th (1: all 2^32) float, against libm in double
 * sweep_elementary double BLOCKS [FUNCTION ..]  BLOCKS times 4096 drawn doubles, against libm in long double
 * sweep_elementary time                         ns an element of every function, row and precision, in cache */
#include "kernel/elementary_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = ELEMENTARY_BLOCK };

static elementary_result sweep_float(const elementary_loop *row, int function, uint64_t stride)
{
    static float x[BLOCK], y[BLOCK];
    elementary_result result = {0};
    for (uint64_t pattern = 0; pattern <= UINT32_MAX;) {
        size_t n = 0;
        for (; n < BLOCK && pattern <= UINT32_MAX; n++, pattern += stride) {
            uint32_t bits = (uint32_t)pattern;
            memcpy(&x[n], &bits, sizeof bits);
        }
        row[function](n, x, y);
        elementary_judge_f32(function, n, x, y, &result);
    }
    return result;
}

static elementary_result sweep_double(const elementary_loop *row, int function, uint64_t blocks, uint64_t words)
{
    static double x[BLOCK], y[BLOCK];
    elementary_result result = {0};
    for (uint64_t b = 0; b < blocks; b++) {
        elementary_draw(&words, b, x);
        row[function](BLOCK, x, y);
        elementary_judge_f64(function, BLOCK, x, y, &result);
    }
    return result;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The best of 200 passes over n numbers. */
static double best_time(elementary_loop loop, size_t n, const void *x, void *y)
{
    double best = 1;
    for (int i = 0; i < 200; i++) {
        double start = seconds();
        loop(n, x, y);
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    return best / (double)n * 1e9;
}

static void time_rows(const elementary_row *rows, size_t count)
{
    enum { N = 2048 };
    static float x32[N], y32[N];
    static double x64[N], y64[N];
    for (size_t i = 0; i < N; i++) {
        x64[i] = 0.01 + (double)i * (8.0 / N);
        x32[i] = (float)x64[i];
    }
    for (size_t r = 0; r < count; r++)
        for (int f = 0; f < FUNCTION_COUNT; f++)
            printf("%-7s %-9s float %6.2f ns  double %6.2f ns\n", rows[r].isa, elementary_names[f],
                   best_time(rows[r].f32[f], N, x32, y32), best_time(rows[r].f64[f], N, x64, y64));
}

static bool wanted(int argc, char **argv, const char *name)
{
    for (int i = 3; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc <= 3;
}

static uint64_t sweep(const elementary_row *row, bool wide, uint64_t count, int argc, char **argv)
{
    const char *text = getenv("BPNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1, bad = 0;
    if (wide)
        printf("seed %" PRIu64 "\n", seed);
    for (int f = 0; f < FUNCTION_COUNT; f++) {
        if (!wanted(argc, argv, elementary_names[f]))
            continue;
        elementary_result result = wide ? sweep_double(row->f64, f, count, seed) : sweep_float(row->f32, f, count);
        elementary_report(argv[1], f, &result);
        fflush(stdout);
        bad += result.bad;
    }
    return bad;
}

int main(int argc, char **argv)
{
    elementary_row rows[ELEMENTARY_ROW_MOST];
    size_t count = elementary_usable_rows(rows);
    if (argc == 2 && strcmp(argv[1], "time") == 0) {
        time_rows(rows, count);
        return 0;
    }
    uint64_t number = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    bool wide = argc > 1 && strcmp(argv[1], "double") == 0;
    if (number == 0 || (!wide && strcmp(argv[1], "float") != 0)) {
        fprintf(stderr, "usage: sweep_elementary float STRIDE [FUNCTION ..] | double BLOCKS [FUNCTION ..] | time\n");
        return 2;
    }
    return sweep(&rows[count - 1], wide, number, argc, argv) != 0;
}
