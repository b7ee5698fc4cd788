/* `activate` and `softmax` of every row of the kernel table, compiled once for each precision: values against the plain
 * formulas, slopes against their derivatives in long double; corners, padding, overflow; the same bits everywhere. */
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

#if BPNN_PRECISION == 32
#define EPSILON ((long double)FLT_EPSILON)
#define MOST FLT_MAX
#define SMALLEST FLT_MIN
#else
#define EPSILON ((long double)DBL_EPSILON)
#define MOST DBL_MAX
#define SMALLEST DBL_MIN
#endif
enum { LINES = 40, COUNT = LINES * LANES };

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

static long double clip(long double x, long double low, long double high)
{
    return x < low ? low : x > high ? high : x;
}

static long double softplus(long double x)
{
    return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

static const long double pi = 3.14159265358979323846264338327950288L;

static long double smooth(bpnn_activation_kind kind, long double x)
{
    switch (kind) {
    case BPNN_ACT_SIGMOID:
        return 1 / (1 + expl(-x));
    case BPNN_ACT_TANH:
        return tanhl(x);
    case BPNN_ACT_GELU:
        return x * erfcl(-x / sqrtl(2)) / 2;
    case BPNN_ACT_GELU_TANH:
        return x * (1 + tanhl(sqrtl(2 / pi) * (x + 0.044715L * x * x * x))) / 2;
    case BPNN_ACT_SILU:
        return x / (1 + expl(-x));
    case BPNN_ACT_MISH:
        return x * tanhl(softplus(x));
    case BPNN_ACT_SOFTPLUS:
        return softplus(x);
    case BPNN_ACT_SOFTSIGN:
        return x / (1 + fabsl(x));
    case BPNN_ACT_ELLIOT:
        return x / (2 * (1 + fabsl(x))) + 0.5L;
    case BPNN_ACT_GAUSSIAN:
        return expl(-x * x);
    case BPNN_ACT_SIN:
        return sinl(x);
    case BPNN_ACT_COS:
        return cosl(x);
    case BPNN_ACT_EXP:
        return expl(x);
    default:
        return x;
    }
}

static long double plain(bpnn_activation_kind kind, long double p, long double x)
{
    switch (kind) {
    case BPNN_ACT_RELU:
        return fmaxl(x, 0);
    case BPNN_ACT_LEAKY_RELU:
        return x < 0 ? p * x : x;
    case BPNN_ACT_ELU:
        return x < 0 ? p * expm1l(x) : x;
    case BPNN_ACT_SELU:
        return 1.0507009873554805L * (x < 0 ? 1.6732632423543772L * expm1l(x) : x);
    case BPNN_ACT_HARD_SIGMOID:
        return clip(x / 5 + 0.5L, 0, 1);
    case BPNN_ACT_HARD_TANH:
        return clip(x, -1, 1);
    case BPNN_ACT_RELU6:
        return clip(x, 0, 6);
    case BPNN_ACT_THRESHOLD:
        return x < 0 ? 0 : 1;
    default:
        return smooth(kind, x);
    }
}

static long double plain_slope(bpnn_activation_kind kind, long double p, long double x)
{
    const long double h = 0x1p-12L * (fabsl(x) > 1 ? 1 : 0.25L);
    return (plain(kind, p, x - 2 * h) - 8 * plain(kind, p, x - h) + 8 * plain(kind, p, x + h) -
            plain(kind, p, x + 2 * h)) /
           (12 * h);
}

/* Within the difference's reach of a place where the slope jumps, or its derivative does. */
static bool near_kink(bpnn_activation_kind kind, long double x)
{
    static const long double clips[] = {0, 1, 6, 2.5L};
    bool kinked = kind == BPNN_ACT_HARD_SIGMOID || kind == BPNN_ACT_HARD_TANH || kind == BPNN_ACT_RELU6;
    for (size_t i = 0; i < (kinked ? 4 : 1); i++)
        if (fabsl(fabsl(x) - clips[i]) < 2e-3L)
            return true;
    return false;
}

static bool elementwise(int kind)
{
    return kind != BPNN_ACT_SOFTMAX && kind != BPNN_ACT_LOG_SOFTMAX && kind != BPNN_ACT_USER;
}

static double parameter_of(int kind)
{
    return kind == BPNN_ACT_LEAKY_RELU ? 0.2 : kind == BPNN_ACT_ELU ? 0.5 : 0;
}

static void activate(const kernels *k, int kind, size_t lines, size_t cols, const real *e, real *y, real *slope)
{
    bpnn_activation activation = {.kind = (bpnn_activation_kind)kind, .parameter = parameter_of(kind)};
    k->activate(&activation, lines, cols, e, y, slope);
}

typedef struct strip {
    real e[COUNT], y[COUNT], slope[COUNT];
} __attribute__((aligned(64))) strip;

/* ---- tests ---- */

/* How much the formula magnifies a rounding: gaussian that of e^2, gelu_tanh that of 1 - tanh^2. */
static long double value_room(int kind, long double x, long double exact)
{
    long double scale = kind == BPNN_ACT_GAUSSIAN ? x * x * exact : fminl(fabsl(x), 1);
    return 6 * EPSILON * (fabsl(exact) + scale) + (long double)SMALLEST;
}

static long double slope_room(int kind, long double x, long double exact)
{
    long double scale = kind == BPNN_ACT_EXP ? exact : kind == BPNN_ACT_GELU_TANH ? fminl(fabsl(x), 4) : 0;
    return (8 * EPSILON + 4e-14L) * (1 + 2 * fabsl(exact) + scale);
}

static bool judge(int kind, real e, real y, real slope)
{
    bpnn_activation_kind name = (bpnn_activation_kind)kind;
    long double x = (long double)e, p = (long double)(real)parameter_of(kind), exact = plain(name, p, x);
    bool good = fabsl((long double)y - exact) <= value_room(kind, x, exact);
    if (near_kink(name, x))
        return good;
    exact = plain_slope(name, p, x);
    return good && fabsl((long double)slope - exact) <= slope_room(kind, x, exact);
}

static void test_formulas(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static strip s;
    static const double ranges[] = {0.1, 1, 8, 30};
    size_t done = 0, bad = 0;
    for (int kind = 0; kind < BPNN_ACT_COUNT; kind++) {
        size_t before = bad;
        for (size_t i = 0; elementwise(kind) && i < 16; i++) {
            for (size_t j = 0; j < COUNT; j++)
                s.e[j] = (real)uniform(-ranges[i % 4], ranges[i % 4]);
            activate(k, kind, LINES, LANES, s.e, s.y, s.slope);
            for (size_t j = 0; j < COUNT; j++, done++) {
                bool good = judge(kind, s.e[j], s.y[j], s.slope[j]);
                if (!good && bad == before)
                    printf("%s(%.17g) = %.17g, slope %.17g\n", bpnn_word(BPNN_WORDS_ACTIVATION, kind), (double)s.e[j],
                           (double)s.y[j], (double)s.slope[j]);
                bad += good ? 0 : 1;
            }
        }
    }
    printf("activations f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

typedef struct corner {
    int kind;
    double e, y, slope;
} corner;

static void test_corners(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static strip s;
    const double p = 0.2, selu = 1.0507009873554805 * 1.6732632423543772;
    const corner corners[] = {
        {BPNN_ACT_RELU, 0, 0, 0},
        {BPNN_ACT_RELU, -0.0, 0, 0},
        {BPNN_ACT_LEAKY_RELU, 0, 0, p},
        {BPNN_ACT_ELU, 0, 0, 0.5},
        {BPNN_ACT_SELU, 0, 0, selu},
        {BPNN_ACT_HARD_TANH, 1, 1, 0},
        {BPNN_ACT_HARD_TANH, -1, -1, 0},
        {BPNN_ACT_HARD_TANH, 7, 1, 0},
        {BPNN_ACT_HARD_SIGMOID, 2.5, 1, 0},
        {BPNN_ACT_HARD_SIGMOID, -2.5, 0, 0},
        {BPNN_ACT_HARD_SIGMOID, 0, 0.5, 0.2},
        {BPNN_ACT_RELU6, 0, 0, 0},
        {BPNN_ACT_RELU6, 6, 6, 0},
        {BPNN_ACT_RELU6, 3, 3, 1},
        {BPNN_ACT_THRESHOLD, 0, 1, 0},
        {BPNN_ACT_THRESHOLD, -1e-30, 0, 0},
        {BPNN_ACT_SIGMOID, 0, 0.5, 0.25},
        {BPNN_ACT_TANH, 0, 0, 1},
        {BPNN_ACT_GELU, 0, 0, 0.5},
        {BPNN_ACT_SILU, 0, 0, 0.5},
        {BPNN_ACT_SOFTSIGN, 0, 0, 1},
        {BPNN_ACT_ELLIOT, 0, 0.5, 0.5},
        {BPNN_ACT_GAUSSIAN, 0, 1, 0},
        {BPNN_ACT_IDENTITY, 4, 4, 1},
    };
    size_t count = sizeof corners / sizeof *corners, bad = 0;
    for (size_t i = 0; i < count; i++) {
        const corner *c = &corners[i];
        s.e[0] = (real)c->e;
        activate(k, c->kind, 1, LANES, s.e, s.y, s.slope);
        bool good = fabs((double)s.y[0] - c->y) <= (double)EPSILON &&
                    fabs((double)s.slope[0] - c->slope) <= 2 * (double)EPSILON;
        if (!good)
            printf("%s(%g) = %g, slope %g\n", bpnn_word(BPNN_WORDS_ACTIVATION, c->kind), c->e, (double)s.y[0],
                   (double)s.slope[0]);
        bad += good ? 0 : 1;
    }
    printf("activations corners f%d: %zu done, %zu bad\n", BPNN_PRECISION, count, bad);
    assert_int_equal(bad, 0);
}

/* Huge finite numbers give finite slopes and the limits; NaN passes through every value. */
static void test_extremes(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static strip s;
    const real sizes[] = {(real)50, (real)100, (real)800, (real)0x1p20, (real)1e10, (real)1e30, MOST / 4};
    size_t done = 0, bad = 0;
    for (int kind = 0; kind < BPNN_ACT_COUNT; kind++) {
        if (!elementwise(kind))
            continue;
        for (size_t i = 0; i < 14; i++, done++) {
            real e = s.e[0] = i % 2 ? -sizes[i / 2] : sizes[i / 2];
            activate(k, kind, 1, LANES, s.e, s.y, s.slope);
            long double exact =
                plain((bpnn_activation_kind)kind, (long double)(real)parameter_of(kind), (long double)e);
            bool overflow = fabsl(exact) > (long double)MOST;
            bool good = overflow ? isinf(s.y[0])
                                 : fabsl((long double)s.y[0] - exact) <= 300 * EPSILON * (1 + fabsl(exact)) &&
                                       isfinite(s.slope[0]);
            if (!good)
                printf("%s(%g) = %g, slope %g\n", bpnn_word(BPNN_WORDS_ACTIVATION, kind), (double)e, (double)s.y[0],
                       (double)s.slope[0]);
            bad += good ? 0 : 1;
        }
        s.e[0] = (real)NAN;
        activate(k, kind, 1, LANES, s.e, s.y, NULL);
        bad += isnan(s.y[0]) ? 0 : 1;
        done++;
    }
    printf("activations extremes f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* Padding columns become 0 in value and slope; in place and without slope give the same values. */
static void test_forms(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static strip s, in_place;
    size_t done = 0, bad = 0;
    for (int kind = 0; kind < BPNN_ACT_COUNT; kind++)
        for (size_t cols = 1; elementwise(kind) && cols <= LANES; cols++, done++) {
            for (size_t j = 0; j < COUNT; j++)
                in_place.y[j] = s.e[j] = (real)uniform(-3, 3);
            activate(k, kind, LINES, cols, s.e, s.y, s.slope);
            activate(k, kind, LINES, cols, in_place.y, in_place.y, in_place.slope);
            bad += memcmp(s.y, in_place.y, sizeof s.y) != 0 || memcmp(s.slope, in_place.slope, sizeof s.y) != 0;
            activate(k, kind, LINES, cols, s.e, in_place.y, NULL);
            bad += memcmp(s.y, in_place.y, sizeof s.y) != 0;
            for (size_t j = 0; j < COUNT; j++)
                bad += j % LANES >= cols && (s.y[j] != 0 || s.slope[j] != 0);
        }
    printf("activations forms f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* ---- over a row ---- */

enum { ROWS = 3, COLS = 37, STRIDE = 5, PANELS = (COLS + LANES - 1) / LANES };

static size_t place(size_t r, size_t i)
{
    return (i / LANES * STRIDE + r) * LANES + i % LANES;
}

typedef struct table {
    real e[PANELS * STRIDE * LANES], y[PANELS * STRIDE * LANES];
} __attribute__((aligned(64))) table;

static size_t judge_row(const table *s, size_t r, size_t cols, bool logarithm)
{
    long double sum = 0, most = (long double)s->e[place(r, 0)];
    size_t bad = 0;
    for (size_t i = 0; i < cols; i++)
        most = fmaxl(most, (long double)s->e[place(r, i)]);
    for (size_t i = 0; i < cols; i++)
        sum += expl((long double)s->e[place(r, i)] - most);
    for (size_t i = 0; i < (cols + LANES - 1) / LANES * LANES; i++) {
        long double y = (long double)s->y[place(r, i)], e = i < cols ? (long double)s->e[place(r, i)] - most : 0;
        long double exact = i >= cols ? 0 : logarithm ? e - logl(sum) : expl(e) / sum;
        long double room = logarithm ? 4 + fabsl(exact) : (6 + fabsl(e)) * exact;
        bad += !(fabsl(y - exact) <= room * EPSILON + (i < cols ? 1e-37L * (BPNN_PRECISION == 32) : 0));
    }
    return bad;
}

static void test_softmax(void **state)
{
    (void)state;
    const kernels *k = BPNN_NAME(kernels_find)(NULL);
    static table s, in_place;
    size_t done = 0, bad = 0;
    for (size_t cols = 1; cols <= COLS; cols++)
        for (int logarithm = 0; logarithm < 2; logarithm++) {
            double range = cols % 3 == 0 ? 1 : cols % 3 == 1 ? 20 : 80, shift = cols % 5 == 0 ? 1000 : 0;
            memset(&s, 0, sizeof s);
            for (size_t r = 0; r < ROWS; r++)
                for (size_t i = 0; i < cols; i++)
                    s.e[place(r, i)] = (real)(shift + uniform(-range, range));
            k->softmax(ROWS, cols, logarithm, s.e, s.y, STRIDE);
            memcpy(in_place.y, s.e, sizeof s.e);
            k->softmax(ROWS, cols, logarithm, in_place.y, in_place.y, STRIDE);
            bad += memcmp(in_place.y, s.y, sizeof s.y) != 0;
            for (size_t r = 0; r < ROWS; r++, done++)
                bad += judge_row(&s, r, cols, logarithm) != 0;
        }
    printf("activations softmax f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

/* ---- same bits ---- */

static bool same_bits(size_t n, const real *a, const real *b)
{
    for (size_t i = 0; i < n; i++)
        if (!(isnan(a[i]) && isnan(b[i])) && memcmp(&a[i], &b[i], sizeof *a) != 0)
            return false;
    return true;
}

static void test_bits(void **state)
{
    (void)state;
    static const char *const isas[] = {"avx2", "avx512", "neon"};
    static strip s, other;
    const kernels *scalar = BPNN_NAME(kernels_find)("scalar");
    size_t done = 0, bad = 0;
    for (size_t i = 0; i < 3; i++) {
        const kernels *k = BPNN_NAME(kernels_find)(isas[i]);
        for (int kind = 0; k && kind < BPNN_ACT_COUNT; kind++)
            for (int range = -12; elementwise(kind) && range < 36; range += 4, done++) {
                for (size_t j = 0; j < COUNT; j++)
                    s.e[j] = (real)ldexp(uniform(-1, 1), range);
                activate(scalar, kind, LINES, LANES, s.e, s.y, s.slope);
                activate(k, kind, LINES, LANES, s.e, other.y, other.slope);
                bad += same_bits(COUNT, s.y, other.y) && same_bits(COUNT, s.slope, other.slope) ? 0 : 1;
            }
    }
    printf("activations bits f%d: %zu done, %zu bad\n", BPNN_PRECISION, done, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    dice = text ? strtoull(text, NULL, 10) : 1;
    printf("seed %" PRIu64 "\n", dice);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formulas), cmocka_unit_test(test_corners), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_softmax), cmocka_unit_test(test_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
