/* Elementary functions: errors against libm's wider type over every exponent, exact answers at the special values, and the
 * same bits from every instruction set, both compilers and src/kernel/scalar.h. */
#include "kernel/elementary_check.h"
#include "kernel/scalar.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BLOCK = ELEMENTARY_BLOCK, STRIDE = 4099 };

static elementary_row rows[ELEMENTARY_ROW_MOST];
static size_t row_count;
static uint64_t seed = 1;

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- accuracy ---- */

static void test_accuracy_double(void **state)
{
    (void)state;
    static double x[BLOCK], y[BLOCK];
    uint64_t bad = 0;
    for (int f = 0; f < FUNCTION_COUNT; f++) {
        elementary_result result = {0};
        uint64_t words = seed;
        for (size_t b = 0; b < 400; b++) {
            elementary_draw(&words, b, x);
            rows[row_count - 1].f64[f](BLOCK, x, y);
            elementary_judge_f64(f, BLOCK, x, y, &result);
        }
        elementary_report("double", f, &result);
        bad += result.bad;
    }
    assert_int_equal(bad, 0);
}

static void test_accuracy_float(void **state)
{
    (void)state;
    static float x[BLOCK], y[BLOCK];
    uint64_t bad = 0;
    for (int f = 0; f < FUNCTION_COUNT; f++) {
        elementary_result result = {0};
        for (uint64_t pattern = seed % STRIDE; pattern <= UINT32_MAX;) {
            size_t n = 0;
            for (; n < BLOCK && pattern <= UINT32_MAX; n++, pattern += STRIDE)
                x[n] = float_of((uint32_t)pattern);
            rows[row_count - 1].f32[f](n, x, y);
            elementary_judge_f32(f, n, x, y, &result);
        }
        elementary_report("float", f, &result);
        bad += result.bad;
    }
    assert_int_equal(bad, 0);
}

/* ---- thresholds: each with 200 neighbours on both sides ---- */

static const double thresholds[] = {
    0.0,        0x1p-54,   0x1p-28,
    0x1p-25,    0x1p-13,   0.5,
    1.0,        1.5,       2.0,
    6.0,        9.02,      10.0,
    20.0,       40.0,      87.33655,
    88.72284,   0x1p20,    708.3964,
    709.7827,   745.2,     0.3465736,
    0.70710678, 1.4142135, 0x1p-1022,
    DBL_MAX,    0x1p-126,  (double)FLT_MAX,
    0x1p24,     0x1p53,    0.7853981633974483,
};

static size_t neighbours_f64(double at, double *x)
{
    size_t n = 0;
    double up = at, down = at;
    for (int i = 0; i < 200; i++, up = nextafter(up, HUGE_VAL), down = nextafter(down, -HUGE_VAL)) {
        x[n++] = up, x[n++] = -up;
        x[n++] = down, x[n++] = -down;
    }
    return n;
}

static size_t neighbours_f32(float at, float *x)
{
    size_t n = 0;
    float up = at, down = at;
    for (int i = 0; i < 200; i++, up = nextafterf(up, INFINITY), down = nextafterf(down, -INFINITY)) {
        x[n++] = up, x[n++] = -up;
        x[n++] = down, x[n++] = -down;
    }
    return n;
}

static void test_thresholds(void **state)
{
    (void)state;
    static double x64[800], y64[800];
    static float x32[800], y32[800];
    elementary_result all = {0};
    for (int f = 0; f < FUNCTION_COUNT; f++)
        for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
            size_t n = neighbours_f64(thresholds[i], x64);
            rows[row_count - 1].f64[f](n, x64, y64);
            elementary_judge_f64(f, n, x64, y64, &all);
            n = neighbours_f32((float)thresholds[i], x32);
            rows[row_count - 1].f32[f](n, x32, y32);
            elementary_judge_f32(f, n, x32, y32, &all);
        }
    printf("elementary thresholds: %" PRIu64 " done, %" PRIu64 " bad\n", all.done, all.bad);
    assert_int_equal(all.bad, 0);
}

/* ---- special values ---- */

typedef struct special {
    int function;
    double x, y; /* the answer with its sign of zero; NaN: any NaN */
} special;

static bool same_answer(double expected, double y)
{
    return isnan(expected) ? isnan(y) : expected == y && signbit(expected) == signbit(y);
}

static void test_specials(void **state)
{
    (void)state;
    const double inf = (double)INFINITY, nan = (double)NAN;
    const special table[] = {
        {FUNCTION_exp, 0, 1},          {FUNCTION_exp, -0.0, 1},      {FUNCTION_exp, inf, inf},
        {FUNCTION_exp, -inf, 0},       {FUNCTION_exp, 1e30, inf},    {FUNCTION_exp, -1e30, 0},
        {FUNCTION_expm1, 0, 0},        {FUNCTION_expm1, -0.0, -0.0}, {FUNCTION_expm1, inf, inf},
        {FUNCTION_expm1, -inf, -1},    {FUNCTION_log, 1, 0},         {FUNCTION_log, 0, -inf},
        {FUNCTION_log, -0.0, -inf},    {FUNCTION_log, inf, inf},     {FUNCTION_log, -1, nan},
        {FUNCTION_log, -inf, nan},     {FUNCTION_log1p, 0, 0},       {FUNCTION_log1p, -0.0, -0.0},
        {FUNCTION_log1p, -1, -inf},    {FUNCTION_log1p, inf, inf},   {FUNCTION_log1p, -2, nan},
        {FUNCTION_log1p, -inf, nan},   {FUNCTION_tanh, 0, 0},        {FUNCTION_tanh, -0.0, -0.0},
        {FUNCTION_tanh, inf, 1},       {FUNCTION_tanh, -inf, -1},    {FUNCTION_tanh, 50, 1},
        {FUNCTION_sigmoid, 0, 0.5},    {FUNCTION_sigmoid, inf, 1},   {FUNCTION_sigmoid, -inf, 0},
        {FUNCTION_softplus, inf, inf}, {FUNCTION_softplus, -inf, 0}, {FUNCTION_softplus, 1e6, 1e6},
        {FUNCTION_erf, 0, 0},          {FUNCTION_erf, -0.0, -0.0},   {FUNCTION_erf, inf, 1},
        {FUNCTION_erf, -inf, -1},      {FUNCTION_sin, 0, 0},         {FUNCTION_sin, -0.0, -0.0},
        {FUNCTION_sin, inf, nan},      {FUNCTION_sin, -inf, nan},    {FUNCTION_cos, 0, 1},
        {FUNCTION_cos, -0.0, 1},       {FUNCTION_cos, inf, nan},     {FUNCTION_cos, -inf, nan},
    };
    size_t done = 0, bad = 0;
    for (size_t r = 0; r < row_count; r++)
        for (size_t i = 0; i < sizeof table / sizeof *table + FUNCTION_COUNT; i++, done += 2) {
            size_t count = sizeof table / sizeof *table;
            special s = i < count ? table[i] : (special){(int)(i - count), nan, nan};
            float x32 = (float)s.x, y32;
            double y64;
            rows[r].f32[s.function](1, &x32, &y32);
            rows[r].f64[s.function](1, &s.x, &y64);
            bool wrong = !same_answer(s.y, (double)y32) || !same_answer(s.y, y64);
            if (wrong)
                printf("%s %s(%g) = %g, %g\n", rows[r].isa, elementary_names[s.function], s.x, (double)y32, y64);
            bad += wrong;
        }
    printf("elementary specials: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* ---- same bits ---- */

/* FNV-1a over the bits; every NaN counts as one. */
static uint64_t hash_word(uint64_t hash, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        hash = (hash ^ (word >> 8 * i & 255)) * 0x100000001b3u;
    return hash;
}

static uint64_t hash_f64(uint64_t hash, size_t n, const double *y)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0x7ff8000000000000u;
        if (!isnan(y[i]))
            memcpy(&bits, &y[i], sizeof bits);
        hash = hash_word(hash, bits);
    }
    return hash;
}

static uint64_t hash_f32(uint64_t hash, size_t n, const float *y)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0x7fc00000u;
        if (!isnan(y[i]))
            memcpy(&bits, &y[i], sizeof bits);
        hash = hash_word(hash, bits);
    }
    return hash;
}

/* The bits of a function over 8 blocks of fixed arguments. */
static uint64_t bits_f64(elementary_loop loop)
{
    static double x[BLOCK], y[BLOCK];
    uint64_t words = 7, hash = 0xcbf29ce484222325u;
    for (size_t b = 0; b < 8; b++) {
        if (b % 2 == 0)
            elementary_draw_exponents(&words, b, x);
        else
            elementary_draw_range(&words, x);
        loop(BLOCK, x, y);
        hash = hash_f64(hash, BLOCK, y);
    }
    return hash;
}

static uint64_t bits_f32(elementary_loop loop)
{
    static float x[BLOCK], y[BLOCK];
    static double wide[BLOCK];
    uint64_t words = 7, hash = 0xcbf29ce484222325u;
    for (size_t b = 0; b < 8; b++) {
        elementary_draw_range(&words, wide);
        for (size_t i = 0; i < BLOCK; i++)
            x[i] = b % 2 ? (float)wide[i] : float_of((uint32_t)elementary_word(&words));
        loop(BLOCK, x, y);
        hash = hash_f32(hash, BLOCK, y);
    }
    return hash;
}

/* Arithmetic 1: a change of these numbers needs another arithmetic number. {float, double} */
static const uint64_t recorded[FUNCTION_COUNT][2] = {
#include "kernel/elementary_bits.inc"
};

static void test_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t r = 0; r < row_count; r++)
        for (int f = 0; rows[r].exact && f < FUNCTION_COUNT; f++, done += 2) {
            uint64_t single = bits_f32(rows[r].f32[f]), twice = bits_f64(rows[r].f64[f]);
            bool wrong = single != recorded[f][0] || twice != recorded[f][1];
            if (wrong)
                printf("%s: {0x%016" PRIx64 "u, 0x%016" PRIx64 "u}, /* %s */\n", rows[r].isa, single, twice,
                       elementary_names[f]);
            bad += wrong;
        }
    printf("elementary bits: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

static void test_scalar_functions(void **state)
{
    (void)state;
    static double x[BLOCK], y[BLOCK], z[BLOCK];
    static const struct {
        int function;
        double (*scalar)(double);
    } pairs[] = {
        {FUNCTION_exp, bpnn__exp}, {FUNCTION_log, bpnn__log}, {FUNCTION_sin, bpnn__sin}, {FUNCTION_cos, bpnn__cos}};
    uint64_t words = seed, bad = 0, done = 0;
    for (size_t p = 0; p < 4; p++)
        for (size_t b = 0; b < 6; b++, done += BLOCK) {
            if (b % 2)
                elementary_draw_range(&words, x);
            else
                elementary_draw_exponents(&words, b, x);
            rows[row_count - 1].f64[pairs[p].function](BLOCK, x, y);
            for (size_t i = 0; i < BLOCK; i++)
                z[i] = pairs[p].scalar(x[i]);
            bad += hash_f64(0, BLOCK, y) != hash_f64(0, BLOCK, z);
        }
    printf("elementary scalar functions: %" PRIu64 " done, %" PRIu64 " bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* exp(b log a): relative error grows with |b log a| */
static void test_power(void **state)
{
    (void)state;
    uint64_t words = seed, bad = 0;
    enum { COUNT = 20000 };
    for (int i = 0; i < COUNT; i++) {
        double base = (double)(elementary_word(&words) >> 11) * 0x1p-52,
               exponent = (double)(elementary_word(&words) % 4000) * 0.25;
        double exact = (double)powl((long double)base, (long double)exponent), y = bpnn__pow(base, exponent);
        double room = (4 + fabs(exponent * log(base)) * 2) * DBL_EPSILON * exact;
        bad += !(exact < DBL_MIN ? y <= DBL_MIN * 2 : fabs(y - exact) <= room);
    }
    bad += bpnn__pow(0, 2) != 0 || bpnn__pow(1, 100) != 1 || bpnn__pow(0.5, 0) != 1 || bpnn__pow(0, 0) != 0;
    printf("elementary pow: %d done, %" PRIu64 " bad\n", COUNT + 4, bad);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    if (text)
        seed = strtoull(text, NULL, 10);
    printf("seed %" PRIu64 "\n", seed);
    row_count = elementary_usable_rows(rows);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accuracy_double),
        cmocka_unit_test(test_accuracy_float),
        cmocka_unit_test(test_thresholds),
        cmocka_unit_test(test_specials),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_scalar_functions),
        cmocka_unit_test(test_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
