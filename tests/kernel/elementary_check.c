#include "kernel/elementary_check.h"
#include "kernel/isa.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FUNCTION_NAME(f) #f,
const char *const elementary_names[FUNCTION_COUNT] = {FUNCTIONS(FUNCTION_NAME)};

double elementary_limit(int function)
{
    return function == FUNCTION_tanh || function == FUNCTION_sigmoid ? 2.5 : 2;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static long double sigmoidl(long double x)
{
    return 1 / (1 + expl(-x));
}

static long double softplusl(long double x)
{
    return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
}

#define EXACT_F32(f) f,
#define EXACT_F64(f) f##l,
static double (*const exact_f32[FUNCTION_COUNT])(double) = {FUNCTIONS(EXACT_F32)};
static long double (*const exact_f64[FUNCTION_COUNT])(long double) = {FUNCTIONS(EXACT_F64)};

/* The functions built on exp alone: their results below the smallest normal number are 0. */
static bool flushes(int function)
{
    return function == FUNCTION_exp || function == FUNCTION_sigmoid || function == FUNCTION_softplus;
}

/* |y - r| in units of the last place of r, at least the smallest subnormal number. */
static double ulps_f32(float y, double r)
{
    uint64_t bits, scale;
    memcpy(&bits, &r, sizeof bits);
    uint64_t exponent = bits >> 52 & 2047; /* + 1023 */
    exponent = exponent < 1023 - 126 ? 1023 - 126 : exponent;
    scale = (2 * 1023 + 23 - exponent) << 52;
    double inverse;
    memcpy(&inverse, &scale, sizeof inverse);
    return fabs((double)y - r) * inverse;
}

static double ulps_f64(double y, long double r)
{
    int exponent = r == 0 ? -1074 : ilogbl(r) - 52;
    return (double)fabsl(ldexpl((long double)y - r, -(exponent < -1074 ? -1074 : exponent)));
}

/* The error in ulp; INFINITY where only the exact answer will do. */
#define DEFINE_JUDGE(suffix, type, wide, MIN_NORMAL)                                                                   \
    static double error_##suffix(int function, type x, type y)                                                         \
    {                                                                                                                  \
        wide r = exact_##suffix[function]((wide)x);                                                                    \
        if (isnan(r) || isnan(y))                                                                                      \
            return isnan(r) && isnan(y) ? 0 : (double)INFINITY;                                                        \
        if (isinf((type)r) || isinf(y))                                                                                \
            return (type)r == y ? 0 : (double)INFINITY;                                                                \
        if (flushes(function) && r < (wide)MIN_NORMAL && r > -(wide)MIN_NORMAL &&                                      \
            (y == 0 || fabs((double)y) == (double)MIN_NORMAL))                                                         \
            return 0;                                                                                                  \
        return ulps_##suffix(y, r);                                                                                    \
    }                                                                                                                  \
    void elementary_judge_##suffix(int function, size_t n, const type *x, const type *y, elementary_result *result)    \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++) {                                                                               \
            double off = error_##suffix(function, x[i], y[i]);                                                         \
            result->bad += !(off <= elementary_limit(function));                                                       \
            if (off > result->worst) {                                                                                 \
                result->worst = off;                                                                                   \
                result->worst_at = (double)x[i];                                                                       \
            }                                                                                                          \
        }                                                                                                              \
        result->done += n;                                                                                             \
    }

DEFINE_JUDGE(f32, float, double, FLT_MIN)
DEFINE_JUDGE(f64, double, long double, DBL_MIN)

void elementary_report(const char *precision, int function, const elementary_result *result)
{
    printf("elementary %s %s: %" PRIu64 " done, %" PRIu64 " bad (max %.3f ulp at %a)\n", elementary_names[function],
           precision, result->done, result->bad, result->worst, result->worst_at);
}

uint64_t elementary_word(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double double_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void elementary_draw_exponents(uint64_t *state, size_t block, double *x)
{
    for (size_t i = 0; i < ELEMENTARY_BLOCK; i++) {
        uint64_t exponent = (block * ELEMENTARY_BLOCK + i) % 2047, word = elementary_word(state);
        x[i] = double_of((word & 0x800fffffffffffffu) | exponent << 52);
    }
}

void elementary_draw_range(uint64_t *state, double *x)
{
    static const double ranges[] = {1, 3, 20, 45, 750, 1e4, 0x1p21};
    for (size_t i = 0; i < ELEMENTARY_BLOCK; i++) {
        double unit = (double)(elementary_word(state) >> 11) * 0x1p-52 - 1;
        x[i] = unit * ranges[i % (sizeof ranges / sizeof *ranges)];
    }
}

/* Exponents -56 .. 7, where most functions are neither their limit nor their argument. */
static void draw_bends(uint64_t *state, double *x)
{
    for (size_t i = 0; i < ELEMENTARY_BLOCK; i++) {
        uint64_t word = elementary_word(state);
        x[i] = double_of((word & 0x800fffffffffffffu) | (967 + i % 64) << 52);
    }
}

/* Near multiples of pi/2, where the reduction loses most. */
static void draw_multiples(uint64_t *state, double *x)
{
    for (size_t i = 0; i < ELEMENTARY_BLOCK; i++) {
        uint64_t word = elementary_word(state);
        int shift = (int)(word % 50);
        double multiple = (double)(word >> 12 >> (51 - shift));
        x[i] = (word & 1 ? -multiple : multiple) * 1.5707963267948966;
    }
}

void elementary_draw(uint64_t *state, size_t block, double *x)
{
    if (block % 4 == 0)
        elementary_draw_exponents(state, block / 4, x);
    else if (block % 4 == 1)
        elementary_draw_range(state, x);
    else if (block % 4 == 2)
        draw_bends(state, x);
    else
        draw_multiples(state, x);
}

size_t elementary_usable_rows(elementary_row rows[ELEMENTARY_ROW_MOST])
{
#define ROW_ENTRY(isa) {#isa, elementary_f32_##isa, elementary_f64_##isa, strcmp(#isa, "sse2") != 0},
    const elementary_row all[] = {ELEMENTARY_ROWS(ROW_ENTRY)};
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (bpnn__isa_find(all[i].isa) >= 0)
            rows[n++] = all[i];
    return n;
}
