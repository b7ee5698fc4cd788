/* `output` of every row of the kernel table, compiled once for each precision: loss and delta of every legal pair against the
 * plain formulas and their derivatives in long double; missing targets; extreme preactivations; the same bits from every
 * instruction set. */
#include "kernel/kernels.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef BPNN_NAME(kernels) kernels;
typedef BPNN_NAME(output_rule) rule_type;

enum { MOST_COLS = 40, MOST_ROWS = 5, PANELS = (MOST_COLS + LANES - 1) / LANES, STRIDE = MOST_ROWS + 2 };

#if BPNN_PRECISION == 32
#define EPSILON ((long double)FLT_EPSILON)
#else
#define EPSILON ((long double)DBL_EPSILON)
#endif
#define GARBAGE ((real)12345)

static uint64_t dice;

static uint64_t roll(void)
{
    uint64_t z = dice += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(double low, double high)
{
    return low + (double)(roll() >> 11) * 0x1p-53 * (high - low);
}

/* ---- the formulas ---- */

static double cubic(double y, double t, void *context)
{
    (void)context;
    return (y - t) * (y - t) * (y - t) + y * t;
}

static double cubic_slope(double y, double t, void *context)
{
    (void)context;
    return 3 * (y - t) * (y - t) + t;
}

typedef struct pair {
    bpnn_loss_kind loss;
    bpnn_activation_kind act;
    double parameter;
} pair;

static const pair pairs[] = {
    {BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, 0},
    {BPNN_LOSS_MSE, BPNN_ACT_TANH, 0},
    {BPNN_LOSS_MSE, BPNN_ACT_SOFTMAX, 0},
    {BPNN_LOSS_MSE, BPNN_ACT_LOG_SOFTMAX, 0},
    {BPNN_LOSS_HALF_MSE, BPNN_ACT_SIGMOID, 0},
    {BPNN_LOSS_HALF_MSE, BPNN_ACT_SOFTMAX, 0},
    {BPNN_LOSS_MAE, BPNN_ACT_IDENTITY, 0},
    {BPNN_LOSS_HUBER, BPNN_ACT_TANH, 0.4},
    {BPNN_LOSS_LOG_COSH, BPNN_ACT_IDENTITY, 0},
    {BPNN_LOSS_QUANTILE, BPNN_ACT_SIGMOID, 0.8},
    {BPNN_LOSS_POISSON, BPNN_ACT_EXP, 0},
    {BPNN_LOSS_BINARY_CROSSENTROPY, BPNN_ACT_SIGMOID, 0},
    {BPNN_LOSS_CROSSENTROPY, BPNN_ACT_SOFTMAX, 0},
    {BPNN_LOSS_CROSSENTROPY, BPNN_ACT_SOFTMAX, 0.1},
    {BPNN_LOSS_CROSSENTROPY, BPNN_ACT_LOG_SOFTMAX, 0.3},
    {BPNN_LOSS_FOCAL, BPNN_ACT_SOFTMAX, 2},
    {BPNN_LOSS_FOCAL, BPNN_ACT_SOFTMAX, 0.5},
    {BPNN_LOSS_FOCAL, BPNN_ACT_SIGMOID, 2},
    {BPNN_LOSS_FOCAL, BPNN_ACT_SIGMOID, 0},
    {BPNN_LOSS_HINGE, BPNN_ACT_IDENTITY, 0},
    {BPNN_LOSS_HINGE, BPNN_ACT_TANH, 0},
    {BPNN_LOSS_USER, BPNN_ACT_TANH, 0},
    {BPNN_LOSS_USER, BPNN_ACT_SOFTMAX, 0},
    {BPNN_LOSS_USER, BPNN_ACT_LOG_SOFTMAX, 0},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static bool over_row(const pair *p)
{
    return p->act == BPNN_ACT_SOFTMAX || p->act == BPNN_ACT_LOG_SOFTMAX;
}

static bool by_class(const pair *p)
{
    return over_row(p) && (p->loss == BPNN_LOSS_CROSSENTROPY || p->loss == BPNN_LOSS_FOCAL);
}

static long double plain_loss(const pair *p, size_t cols, long double y, long double t)
{
    long double d = y - t, q = (long double)p->parameter;
    switch (p->loss) {
    case BPNN_LOSS_MSE:
        return d * d;
    case BPNN_LOSS_HALF_MSE:
        return d * d / 2;
    case BPNN_LOSS_MAE:
        return fabsl(d);
    case BPNN_LOSS_HUBER:
        return fabsl(d) <= q ? d * d / 2 : q * (fabsl(d) - q / 2);
    case BPNN_LOSS_LOG_COSH:
        return logl(coshl(d));
    case BPNN_LOSS_QUANTILE:
        return fmaxl(-q * d, (1 - q) * d);
    case BPNN_LOSS_POISSON:
        return y - t * logl(y);
    case BPNN_LOSS_BINARY_CROSSENTROPY:
        return -t * logl(y) - (1 - t) * log1pl(-y);
    case BPNN_LOSS_CROSSENTROPY:
        return -((1 - q) * t + q / (long double)cols) * logl(y);
    case BPNN_LOSS_FOCAL:
        return -t * powl(1 - y, q) * logl(y) - (over_row(p) ? 0 : (1 - t) * powl(y, q) * log1pl(-y));
    case BPNN_LOSS_HINGE:
        return fmaxl(0, 1 - t * y);
    default:
        return d * d * d + y * t;
    }
}

static long double plain_activation(bpnn_activation_kind kind, long double e)
{
    switch (kind) {
    case BPNN_ACT_TANH:
        return tanhl(e);
    case BPNN_ACT_SIGMOID:
        return 1 / (1 + expl(-e));
    case BPNN_ACT_EXP:
        return expl(e);
    default:
        return e;
    }
}

/* The loss of a row of preactivations; targets that are NaN are left out. */
static long double row_loss(const pair *p, size_t cols, const long double *e, const real *t)
{
    long double sum = 0, total = 0;
    for (size_t i = 0; i < cols; i++) {
        sum += expl(e[i]);
        if (by_class(p) && isnan(t[i]))
            return 0;
    }
    for (size_t i = 0; i < cols; i++) {
        long double y = plain_activation(p->act, e[i]), probability = expl(e[i]) / sum;
        if (p->act == BPNN_ACT_SOFTMAX || (over_row(p) && by_class(p)))
            y = probability;
        else if (p->act == BPNN_ACT_LOG_SOFTMAX)
            y = logl(probability);
        if (!isnan(t[i]))
            total += plain_loss(p, cols, y, (long double)t[i]);
    }
    return total;
}

/* Fourth-order central difference by e_i. */
static long double row_slope(const pair *p, size_t cols, const long double *at, const real *t, size_t i)
{
    const long double h = 0x1p-13L;
    long double e[MOST_COLS], f[4];
    memcpy(e, at, cols * sizeof *e);
    for (int k = 0; k < 4; k++) {
        e[i] = at[i] + h * (long double)(k < 2 ? k - 2 : k - 1);
        f[k] = row_loss(p, cols, e, t);
    }
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h);
}

/* ---- a block of rows ---- */

typedef struct block {
    size_t rows, cols;
    real e[PANELS * STRIDE * LANES], y[PANELS * STRIDE * LANES], slope[PANELS * STRIDE * LANES],
        t[PANELS * STRIDE * LANES], d[PANELS * STRIDE * LANES];
    real scale[MOST_ROWS], loss[MOST_ROWS];
} __attribute__((aligned(64))) block;

static size_t place(size_t r, size_t i)
{
    return (i / LANES * STRIDE + r) * LANES + i % LANES;
}

static double draw_target(const pair *p)
{
    switch (p->loss) {
    case BPNN_LOSS_POISSON:
        return (double)(roll() % 5);
    case BPNN_LOSS_HINGE:
        return roll() % 2 ? 1 : -1;
    case BPNN_LOSS_BINARY_CROSSENTROPY:
    case BPNN_LOSS_FOCAL:
        return roll() % 3 ? (double)(roll() % 2) : uniform(0, 1);
    case BPNN_LOSS_CROSSENTROPY:
        return roll() % 3 ? 0 : uniform(0, 1);
    default:
        return uniform(-1.5, 1.5);
    }
}

/* holes: one target in so many is missing, 0 none */
static void draw_block(block *b, const pair *p, size_t rows, size_t cols, double range, size_t holes)
{
    memset(b, 0, sizeof *b);
    b->rows = rows;
    b->cols = cols;
    for (size_t r = 0; r < rows; r++) {
        b->scale[r] = (real)uniform(0.1, 2);
        for (size_t i = 0; i < cols; i++) {
            b->e[place(r, i)] = (real)uniform(-range, range);
            b->t[place(r, i)] = holes && roll() % holes == 0 ? (real)NAN : (real)draw_target(p);
        }
    }
    for (size_t i = 0; i < sizeof b->d / sizeof *b->d; i++)
        b->d[i] = GARBAGE;
}

static rule_type rule_of(const pair *p, size_t cols)
{
    rule_type rule = {.activation = {.kind = p->act},
                      .loss = {.kind = p->loss, .parameter = p->parameter, .value = cubic, .derivative = cubic_slope},
                      .cols = cols};
    return rule;
}

static void run(const kernels *k, const pair *p, block *b)
{
    rule_type rule = rule_of(p, b->cols);
    if (over_row(p))
        k->softmax(b->rows, b->cols, p->act == BPNN_ACT_LOG_SOFTMAX, b->e, b->y, STRIDE);
    else
        for (size_t q = 0; q * LANES < b->cols; q++) {
            size_t at = q * STRIDE * LANES, left = b->cols - q * LANES;
            k->activate(&rule.activation, b->rows, left < LANES ? left : LANES, b->e + at, b->y + at, b->slope + at);
        }
    k->output(&rule, b->rows, b->e, b->y, b->slope, b->t, STRIDE, b->scale, b->d, b->loss);
}

static const char *const isas[] = {"scalar", "avx2", "avx512", "neon"};
enum { ISAS = sizeof isas / sizeof *isas };

/* ---- tests ---- */

static bool near_kink(const pair *p, long double e, real t)
{
    long double d = plain_activation(p->act, e) - (long double)t, margin = 1e-2L;
    switch (p->loss) {
    case BPNN_LOSS_MAE:
    case BPNN_LOSS_QUANTILE:
        return fabsl(d) < margin;
    case BPNN_LOSS_HUBER:
        return fabsl(fabsl(d) - (long double)p->parameter) < margin;
    case BPNN_LOSS_HINGE:
        return fabsl(1 - (long double)t * plain_activation(p->act, e)) < margin;
    default:
        return false;
    }
}

/* A row against the formulas: wrong numbers. The user's loss is computed in double, whatever the precision. */
static size_t judge_row(const pair *p, const block *b, size_t r)
{
    long double e[MOST_COLS], size = 1;
    real t[MOST_COLS];
    for (size_t i = 0; i < b->cols; i++) {
        e[i] = (long double)b->e[place(r, i)];
        t[i] = b->t[place(r, i)];
        size += fabsl(e[i]) * (isnan(t[i]) ? 1 : 1 + fabsl((long double)t[i]));
    }
    long double loss = row_loss(p, b->cols, e, t), room = 8 * EPSILON * (size + fabsl(loss)),
                scale = (long double)b->scale[r];
    size_t bad = !(fabsl((long double)b->loss[r] - loss) <=
                   room * (p->loss == BPNN_LOSS_USER || p->loss == BPNN_LOSS_MSE ? 10 : 1));
    for (size_t i = 0; i < PANELS * LANES; i++) {
        long double d = (long double)b->d[place(r, i)];
        if (i >= (b->cols + LANES - 1) / LANES * LANES)
            bad += d != (long double)GARBAGE; /* panels that are not there are left alone */
        else if (i >= b->cols || isnan(t[i]))
            bad += (i >= b->cols || !over_row(p)) && d != 0;
        if (i < b->cols && !near_kink(p, e[i], t[i])) {
            long double exact = scale * row_slope(p, b->cols, e, t, i);
            bad += !(fabsl(d - exact) <= (60 * EPSILON + 1e-12L) * (1 + fabsl(exact) + scale * size / 4));
        }
    }
    return bad;
}

static void test_formulas(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static block b;
    size_t done = 0, bad = 0;
    for (size_t q = 0; q < PAIRS; q++) {
        size_t before = bad;
        for (size_t cols = over_row(&pairs[q]) ? 2 : 1; cols <= MOST_COLS; cols += cols < 4 ? 1 : 3) {
            draw_block(&b, &pairs[q], 1 + roll() % MOST_ROWS, cols, 4, cols % 3 == 1 ? 4 * cols : 0);
            run(k, &pairs[q], &b);
            for (size_t r = 0; r < b.rows; r++, done++)
                bad += judge_row(&pairs[q], &b, r) != 0;
        }
        if (bad != before)
            printf("pair %zu (%s, %s): %zu bad\n", q, bpnn_word(BPNN_WORDS_LOSS, (int)pairs[q].loss),
                   bpnn_word(BPNN_WORDS_ACTIVATION, (int)pairs[q].act), bad - before);
    }
    printf("losses f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* Missing targets: whole rows of them, and a class row with a single one, count for nothing. */
static void test_missing(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static block b;
    size_t done = 0, bad = 0;
    for (size_t q = 0; q < PAIRS; q++)
        for (size_t cols = 2; cols <= MOST_COLS; cols += 5, done++) {
            draw_block(&b, &pairs[q], 2, cols, 3, by_class(&pairs[q]) ? 0 : 1);
            b.t[place(0, cols - 1)] = b.t[place(1, 0)] = (real)NAN;
            run(k, &pairs[q], &b);
            for (size_t r = 0; r < 2; r++) {
                bad += b.loss[r] != 0;
                for (size_t i = 0; i < cols; i++)
                    bad += b.d[place(r, i)] != 0;
            }
        }
    printf("losses missing targets f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* Very sure answers, right and wrong: every number stays finite, the closed deltas are the limits. */
static void test_extremes(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static block b;
    static const double sizes[] = {30, 90, 110, 700, 800, 1e5, 1e30};
    size_t done = 0, bad = 0;
    for (size_t q = 0; q < PAIRS; q++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes && pairs[q].act >= BPNN_ACT_SIGMOID; s++) {
            if (pairs[q].act == BPNN_ACT_EXP || (pairs[q].act == BPNN_ACT_LOG_SOFTMAX && !by_class(&pairs[q])))
                continue; /* these overflow by nature */
            for (int sign = -1; sign <= 1; sign += 2, done++) {
                draw_block(&b, &pairs[q], 1, 5, 1, 0);
                for (size_t i = 0; i < 5; i++) {
                    b.t[i] = i == 2;
                    b.e[i] = (real)(i == 2 ? sign * sizes[s] : 0);
                }
                run(k, &pairs[q], &b);
                size_t before = bad;
                bad += !isfinite(b.loss[0]) || (pairs[q].loss != BPNN_LOSS_USER && b.loss[0] < 0);
                for (size_t i = 0; i < 5; i++)
                    bad += isfinite(b.d[i]) ? 0 : 1;
                if (by_class(&pairs[q]) && pairs[q].parameter == 0)
                    bad += fabs((double)(sign > 0 ? b.d[2] : b.d[2] + b.scale[0])) > 1e-10 ||
                           fabs((double)b.loss[0] - (sign > 0 ? 0 : sizes[s] + log(4))) > 1e-6 * sizes[s];
                if (pairs[q].loss == BPNN_LOSS_FOCAL && sign < 0) /* -log p = |e| (+ log 4), weight 1 */
                    bad += fabs((double)b.loss[0] / sizes[s] - 1) > 0.2;
                if (bad != before)
                    printf("pair %zu, e = %g: loss %g, d %g %g\n", q, sign * sizes[s], (double)b.loss[0],
                           (double)b.d[2], (double)b.d[0]);
            }
        }
    printf("losses extremes f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* Small losses keep their digits; NaN preactivations show in the loss. */
static void test_digits(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static block b;
    size_t done = 0, bad = 0;
    for (int i = 0; i < 60; i++, done += 3) {
        double x = ldexp(0.8, -i % 12);
        const pair log_cosh = {BPNN_LOSS_LOG_COSH, BPNN_ACT_IDENTITY, 0},
                   binary = {BPNN_LOSS_BINARY_CROSSENTROPY, BPNN_ACT_SIGMOID, 0},
                   classes = {BPNN_LOSS_CROSSENTROPY, BPNN_ACT_SOFTMAX, 0};
        draw_block(&b, &log_cosh, 1, 1, 1, 0);
        b.t[0] = 0;
        b.e[0] = (real)x;
        run(k, &log_cosh, &b);
        long double exact = log1pl(2 * sinhl((long double)b.e[0] / 2) * sinhl((long double)b.e[0] / 2));
        bad += !(fabsl((long double)b.loss[0] - exact) <= 8 * EPSILON * exact);
        b.t[0] = 1;
        b.e[0] = (real)(i / 4.0 + 0.5);
        run(k, &binary, &b);
        exact = log1pl(expl(-(long double)b.e[0]));
        bad += !(fabsl((long double)b.loss[0] - exact) <= 8 * EPSILON * exact);
        draw_block(&b, &classes, 1, 2, 1, 0);
        b.e[0] = 1000, b.e[1] = (real)(1000 - i / 10.0);
        b.t[0] = 1, b.t[1] = 0;
        run(k, &classes, &b);
        exact = log1pl(expl((long double)b.e[1] - (long double)b.e[0]));
        bad += !(fabsl((long double)b.loss[0] - exact) <= 8 * EPSILON);
    }
    for (size_t q = 0; q < PAIRS; q++, done++) {
        draw_block(&b, &pairs[q], 1, 3, 1, 0);
        b.e[1] = (real)NAN;
        run(k, &pairs[q], &b);
        if (!isnan(b.loss[0]))
            printf("pair %zu hides a NaN\n", q);
        bad += isnan(b.loss[0]) ? 0 : 1;
    }
    printf("losses digits f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* The corners of the derivatives: 0 where t = y. d may be slope; loss or d may be left out. */
static void test_corners(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static block b, c;
    size_t done = 0, bad = 0;
    for (size_t q = 0; q < PAIRS; q++, done++) {
        draw_block(&b, &pairs[q], 3, MOST_COLS - 3, 2, 0);
        if (pairs[q].loss == BPNN_LOSS_MAE || pairs[q].loss == BPNN_LOSS_QUANTILE) {
            c = b;
            run(k, &pairs[q], &c);
            memcpy(c.t, c.y, sizeof c.t);
            run(k, &pairs[q], &c);
            bad += c.loss[0] != 0 || c.d[0] != 0;
        }
        c = b;
        run(k, &pairs[q], &b);
        run(k, &pairs[q], &c);
        rule_type rule = rule_of(&pairs[q], c.cols);
        real loss[MOST_ROWS];
        k->output(&rule, 3, c.e, c.y, c.slope, c.t, STRIDE, c.scale, NULL, loss);
        bad += memcmp(loss, b.loss, 3 * sizeof(real)) != 0;
        k->output(&rule, 3, c.e, c.y, c.slope, c.t, STRIDE, c.scale, c.slope, NULL);
        for (size_t r = 0; r < 3; r++)
            for (size_t i = 0; i < c.cols; i++)
                bad += memcmp(&c.slope[place(r, i)], &b.d[place(r, i)], sizeof(real)) != 0;
    }
    printf("losses corners f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

static void test_bits(void **state)
{
    (void)state;
    static block b, c;
    size_t done = 0, bad = 0;
    const kernels *scalar = BPNN_NAME(kernels_find)("scalar");
    for (size_t i = 1; i < ISAS; i++) {
        const kernels *k = BPNN_NAME(kernels_find)(isas[i]);
        for (size_t q = 0; k && q < PAIRS; q++)
            for (size_t cols = 2; cols <= MOST_COLS; cols += 7, done++) {
                draw_block(&b, &pairs[q], 3, cols, 6, cols % 2 ? 9 : 0);
                c = b;
                run(scalar, &pairs[q], &b);
                run(k, &pairs[q], &c);
                bad += memcmp(b.loss, c.loss, sizeof b.loss) != 0 || memcmp(b.d, c.d, sizeof b.d) != 0 ||
                       memcmp(b.y, c.y, sizeof b.y) != 0;
            }
    }
    printf("losses bits f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    dice = text ? strtoull(text, NULL, 10) : 1;
    printf("seed %" PRIu64 "\n", dice);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas), cmocka_unit_test(test_missing), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_digits),   cmocka_unit_test(test_corners), cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
