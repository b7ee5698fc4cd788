/* Cholesky by blocks: against the plain three loops, bits for any number of threads, refusals, and what is done with a
 * factor. */
#include "core/dense.h"
#include "kernel/isa.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 333 };
static double a[MOST][MOST], l[MOST][MOST], inverse[MOST][MOST], add[MOST], x[MOST], b[MOST], diagonal[MOST];
static uint64_t seed;

static double draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53 - 0.5;
}

/* a = G G^T / n + I / 10, so that its condition is moderate; the lower triangle also in `m`. */
static void make(size_t n, bpnn__dense *m)
{
    static double g[MOST][MOST];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            g[i][j] = draw();
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = i == j ? 0.1 : 0;
            for (size_t k = 0; k < n; k++)
                sum += g[i][k] * g[j][k] / (double)n;
            a[i][j] = a[j][i] = *bpnn__dense_at(m, i, j) = sum;
        }
    for (size_t i = 0; i < n; i++)
        add[i] = 0.05 + draw() / 20;
}

static void factor_plainly(size_t n, double scale)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = scale * a[i][j] + (i == j ? add[i] : 0);
            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
}

/* Diagonal of (L L^T)^-1 by solving for every unit vector. */
static void invert_plainly(size_t n)
{
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < n; i++) {
            double sum = i == c;
            for (size_t k = 0; k < i; k++)
                sum -= l[i][k] * inverse[k][c];
            inverse[i][c] = sum / l[i][i];
        }
        diagonal[c] = 0;
        for (size_t i = 0; i < n; i++)
            diagonal[c] += inverse[i][c] * inverse[i][c];
    }
}

static double worst(const double *p, const double *q, size_t n)
{
    double most = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs(p[i] - q[i]));
        size = fmax(size, fabs(q[i]));
    }
    return most / size;
}

static void plain_loops(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    static const size_t sizes[] = {1, 2, 7, 8, 9, 63, 64, 65, 72, 130, 200, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = sizes[s];
        bpnn__dense m;
        bpnn__factor *f;
        assert_int_equal(bpnn__dense_new(&m, n, NULL), BPNN_OK);
        assert_int_equal(bpnn__factor_new(&f, n, NULL, NULL, NULL), BPNN_OK);
        assert_true(bpnn__factor_prepare_inverse(f));
        make(n, &m);
        factor_plainly(n, 0.7);
        invert_plainly(n);
        assert_true(bpnn__factorise(f, &m, 0.7, add));
        double log_det = 0, residual[MOST];
        for (size_t i = 0; i < n; i++) {
            log_det += 2 * log(l[i][i]);
            x[i] = b[i] = draw();
        }
        bpnn__factor_solve(f, x);
        for (size_t i = 0; i < n; i++) {
            residual[i] = add[i] * x[i];
            for (size_t j = 0; j < n; j++)
                residual[i] += 0.7 * a[i][j] * x[j];
        }
        double trace[MOST], solved = worst(residual, b, n);
        bpnn__factor_inverse_diagonal(f, trace);
        double inverted = worst(trace, diagonal, n), determined = fabs(bpnn__factor_log_det(f) - log_det);
        done += 3;
        bad += (size_t) !(solved < 1e-12) + (size_t) !(inverted < 1e-12);
        bad += !(determined < 1e-11 * (double)(n + 1));
        if (!(solved < 1e-12) || !(inverted < 1e-12))
            printf("n %zu: %g %g %g\n", n, solved, inverted, determined);
        bpnn__factor_free(f);
        bpnn__dense_free(&m);
    }
    printf("plain loops: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* Threads and instruction sets change no bits. */
static void same_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0, n = MOST;
    static double first[MOST], trace[MOST], other[MOST], other_trace[MOST];
    bpnn__dense m;
    assert_int_equal(bpnn__dense_new(&m, n, NULL), BPNN_OK);
    make(n, &m);
    for (size_t i = 0; i < n; i++)
        b[i] = draw();
    for (int run = 0; run < 8 + BPNN__ISA_COUNT; run++) {
        int isa = run - 8;
        if (isa >= 0 && (!bpnn__isa_usable(isa) || isa == BPNN__ISA_SSE2 || !bpnn__isa_usable(BPNN__ISA_AVX2)))
            continue;
        bpnn__pool *pool;
        bpnn__factor *f;
        assert_int_equal(bpnn__pool_new(&pool, isa < 0 ? (size_t)run + 1 : 2, NULL), BPNN_OK);
        assert_int_equal(bpnn__factor_new(&f, n, isa < 0 ? NULL : bpnn__isa_name(isa), pool, NULL), BPNN_OK);
        assert_true(bpnn__factor_prepare_inverse(f));
        assert_true(bpnn__factorise(f, &m, 1, add));
        memcpy(other, b, sizeof other);
        bpnn__factor_solve(f, other);
        bpnn__factor_inverse_diagonal(f, other_trace);
        if (run == 0) {
            memcpy(first, other, sizeof first);
            memcpy(trace, other_trace, sizeof trace);
        }
        bad += memcmp(first, other, sizeof first) != 0 || memcmp(trace, other_trace, sizeof trace) != 0;
        done++;
        bpnn__factor_free(f);
        bpnn__pool_free(pool);
    }
    bpnn__dense_free(&m);
    printf("same bits: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* A pivot that is not above 0, or not a number, wherever it stands. */
static void refusals(void **state)
{
    (void)state;
    enum { N = 150 };
    static const size_t places[] = {0, 5, 8, 63, 64, 70, 149};
    bpnn__dense m;
    bpnn__factor *f;
    assert_int_equal(bpnn__dense_new(&m, N, NULL), BPNN_OK);
    assert_int_equal(bpnn__factor_new(&f, N, NULL, NULL, NULL), BPNN_OK);
    make(N, &m);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        double kept = add[places[i]];
        assert_true(bpnn__factorise(f, &m, 1, add));
        add[places[i]] = -10;
        assert_false(bpnn__factorise(f, &m, 1, add));
        add[places[i]] = (double)NAN;
        assert_false(bpnn__factorise(f, &m, 1, add));
        add[places[i]] = (double)INFINITY;
        assert_false(bpnn__factorise(f, &m, 1, add));
        add[places[i]] = kept;
    }
    bpnn__factor_free(f);
    bpnn__dense_free(&m);
    assert_int_equal(bpnn__dense_new(&m, SIZE_MAX / 4, NULL), BPNN_MEMORY);
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : 1;
    printf("BPNN_TEST_SEED=%llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain_loops), cmocka_unit_test(same_bits),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
