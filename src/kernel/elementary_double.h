/* Elementary functions in double: branch-free but for huge arguments of sin and cos, so that loops over them vectorise;
 * only + - * / sqrt, fused multiply-add and integers, so that every machine gives the same bits. Errors <= 2 ulp.
 * Tables: tools/elementary.py. Results of exp below the smallest normal number are 0. */
#ifndef BPNN_KERNEL_ELEMENTARY_DOUBLE_H
#define BPNN_KERNEL_ELEMENTARY_DOUBLE_H

#include "kernel/fma.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

INLINE int64_t d_bits(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE double d_from_bits(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define D_INFINITY __builtin_inf()
#define D_MAGIC 0x1.8p52 /* added, it leaves the nearest integer in the low bits */
#define D_LOG2E 0x1.71547652b82fep0
#define D_LN2_HIGH 0x1.62e42fefa38p-1 /* the low 11 bits are zero: n D_LN2_HIGH is exact */
#define D_LN2_LOW 0x1.ef35793c7673p-45

/* |x| with x's bits otherwise, and the sign of s put on x >= 0. */
INLINE double d_abs(double x)
{
    return d_from_bits(d_bits(x) & INT64_MAX);
}

INLINE double d_with_sign(double x, double s)
{
    return d_from_bits(d_bits(x) | (d_bits(s) & INT64_MIN));
}

/* x = n ln 2 + r, |r| <= ln 2 / 2; returns r, n as a number in *n and in the low bits of *t. */
INLINE double d_reduce_exp(double x, double *n, double *t)
{
    *t = FMA_DOUBLE(x, D_LOG2E, D_MAGIC);
    *n = *t - D_MAGIC;
    return FMA_DOUBLE(-*n, D_LN2_LOW, FMA_DOUBLE(-*n, D_LN2_HIGH, x));
}

/* (exp(r) - 1 - r) / r^2, Taylor to r^13: the rest is below 4e-18. */
INLINE double d_exp_tail(double r)
{
    double p = 0x1.6124613a86d09p-33; /* 1/13! */
    p = FMA_DOUBLE(p, r, 0x1.1eed8eff8d898p-29);
    p = FMA_DOUBLE(p, r, 0x1.ae64567f544e4p-26);
    p = FMA_DOUBLE(p, r, 0x1.27e4fb7789f5cp-22);
    p = FMA_DOUBLE(p, r, 0x1.71de3a556c734p-19);
    p = FMA_DOUBLE(p, r, 0x1.a01a01a01a01ap-16);
    p = FMA_DOUBLE(p, r, 0x1.a01a01a01a01ap-13);
    p = FMA_DOUBLE(p, r, 0x1.6c16c16c16c17p-10);
    p = FMA_DOUBLE(p, r, 0x1.1111111111111p-7);
    p = FMA_DOUBLE(p, r, 0x1.5555555555555p-5);
    p = FMA_DOUBLE(p, r, 0x1.5555555555555p-3);
    return FMA_DOUBLE(p, r, 0.5);
}

INLINE double d_exp(double x)
{
    double n, t, r = d_reduce_exp(x, &n, &t);
    double p = FMA_DOUBLE(r * r, d_exp_tail(r), r) + 1;
    double y = d_from_bits((int64_t)((uint64_t)d_bits(p) + ((uint64_t)d_bits(t) << 52)));
    y = x > 0x1.62e42fefa39efp9 ? D_INFINITY : y;
    y = x < -0x1.6232bdd7abcd2p9 ? 0 : y;
    return x != x ? x : y;
}

/* 2^n for |n| <= 1022, n in the low bits of t. */
INLINE double d_power_of_two(double t)
{
    return d_from_bits((int64_t)(((uint64_t)d_bits(t) << 52) + 0x3ff0000000000000u));
}

/* exp(x) - 1 for |x| <= 40: (2^n - 1 + 2^n r) + 2^n q, q with what r lost in rounding: where n = 1 the bracket is smaller than
 * its parts. */
INLINE double d_expm1_near(double x)
{
    double n, t, r = d_reduce_exp(x, &n, &t), two = d_power_of_two(t);
    double lost = FMA_DOUBLE(-n, D_LN2_LOW, FMA_DOUBLE(-n, D_LN2_HIGH, x) - r);
    double q = FMA_DOUBLE(r * r, d_exp_tail(r), lost);
    return FMA_DOUBLE(two, q, FMA_DOUBLE(two, r, two - 1));
}

INLINE double d_expm1(double x)
{
    double inside = x > 40 ? 40 : x < -40 ? -40 : x;
    double y = d_expm1_near(inside);
    y = d_abs(x) < 0x1p-54 ? x : y;
    y = x > 40 ? d_exp(x) : y;
    return x != x ? x : y;
}

/* log(x) - less ln 2 + rest for a positive normal x = m 2^k, sqrt(1/2) <= m < sqrt(2); rest is small beside log(x) or all. */
INLINE double d_log_normal(double x, double less, double rest)
{
    int64_t bits = (int64_t)((uint64_t)d_bits(x) - 0x3fe6a09e667f3bcdu);
    int64_t k = bits >> 52;
    double m = d_from_bits((bits & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd);
    double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f;
    double R = 2.0 / 23; /* log((1 + s)/(1 - s)) = 2 s + s R(z) */
    R = FMA_DOUBLE(R, z, 2.0 / 21);
    R = FMA_DOUBLE(R, z, 2.0 / 19);
    R = FMA_DOUBLE(R, z, 2.0 / 17);
    R = FMA_DOUBLE(R, z, 2.0 / 15);
    R = FMA_DOUBLE(R, z, 2.0 / 13);
    R = FMA_DOUBLE(R, z, 2.0 / 11);
    R = FMA_DOUBLE(R, z, 2.0 / 9);
    R = FMA_DOUBLE(R, z, 2.0 / 7);
    R = FMA_DOUBLE(R, z, 2.0 / 5);
    R = FMA_DOUBLE(R, z, 2.0 / 3);
    R *= z;
    /* k as a number without a conversion that few machines have in vectors */
    double e = d_from_bits(k + d_bits(D_MAGIC)) - D_MAGIC - less;
    return FMA_DOUBLE(e, D_LN2_HIGH, f - (half - FMA_DOUBLE(s, half + R, FMA_DOUBLE(e, D_LN2_LOW, rest))));
}

INLINE double d_log(double x)
{
    bool small = x < 0x1p-1022;
    double y = d_log_normal(small ? x * 0x1p54 : x, small ? 54 : 0, 0);
    y = x == 0 ? -D_INFINITY : y;
    y = x < 0 ? D_INFINITY - D_INFINITY : y;
    return x == D_INFINITY || x != x ? x : y;
}

/* log(1 + x): the rounding of u = 1 + x is put back to first order. */
INLINE double d_log1p(double x)
{
    double u = 1 + x, lost = u > 2 ? 1 - (u - x) : x - (u - 1);
    double y = d_log_normal(u, 0, lost / u);
    y = d_abs(x) < 0x1p-54 ? x : y;
    y = u == 0 ? -D_INFINITY : y;
    y = u < 0 ? D_INFINITY - D_INFINITY : y;
    return x == D_INFINITY || x != x ? x : y;
}

/* log(1 + x) for 0 <= x <= 1: the same operations without the special cases. */
INLINE double d_log1p_unit(double x)
{
    double u = 1 + x;
    return d_log_normal(u, 0, (x - (u - 1)) / u);
}

/* q = p / (2 + p), p = expm1 2|x|; where p is small, p/2 - q p/2 is nearer: it has the errors of q only p/2 times. */
INLINE double d_tanh(double x)
{
    double a = d_abs(x), p = d_expm1_near(2 * (a > 20 ? 20 : a));
    double q = p / (2 + p), half = 0.5 * p;
    double y = p < 1 ? FMA_DOUBLE(-half, q, half) : q;
    y = a < 0x1p-28 ? a : y;
    y = a > 20 ? 1 : y;
    return x != x ? x : d_with_sign(y, x);
}

/* q = t / (1 + t), t = exp(-|x|), or 1 - q; for q stands t - q t, which has the errors of q only t times. */
INLINE double d_sigmoid(double x)
{
    double t = d_exp(-d_abs(x)), q = t / (1 + t);
    return x != x ? x : x < 0 ? FMA_DOUBLE(-t, q, t) : 1 - q;
}

/* ---- erf ---- */

/* erf(a) / a for z = a^2 <= 1 */
INLINE double d_erf_small(double z)
{
    double p = 0x1.05ffd737fb32ep-34;
    p = FMA_DOUBLE(p, z, -0x1.389d4f2641625p-30);
    p = FMA_DOUBLE(p, z, 0x1.f7b4bf3b13964p-27);
    p = FMA_DOUBLE(p, z, -0x1.5f1ecb6f0764cp-23);
    p = FMA_DOUBLE(p, z, 0x1.b9df224ca4b97p-20);
    p = FMA_DOUBLE(p, z, -0x1.f4d1e3183f7aep-17);
    p = FMA_DOUBLE(p, z, 0x1.f9a321d5b8e1ep-14);
    p = FMA_DOUBLE(p, z, -0x1.c02db3dac435fp-11);
    p = FMA_DOUBLE(p, z, 0x1.565bcd0dbaa38p-8);
    p = FMA_DOUBLE(p, z, -0x1.b82ce31284e00p-6);
    p = FMA_DOUBLE(p, z, 0x1.ce2f21a042b30p-4);
    p = FMA_DOUBLE(p, z, -0x1.812746b0379e6p-2);
    return FMA_DOUBLE(p, z, 0x1.20dd750429b6dp+0);
}

/* erfc(a) exp(a^2) for u = (a - 2) / (a + 2), 1 <= a <= 6 */
INLINE double d_erf_tail(double u)
{
    double p = -0x1.c49d5026d94f3p-22;
    p = FMA_DOUBLE(p, u, -0x1.1dc296ab25c2bp-21);
    p = FMA_DOUBLE(p, u, 0x1.3c3cdeef1f68fp-20);
    p = FMA_DOUBLE(p, u, 0x1.fc947548a0e7cp-19);
    p = FMA_DOUBLE(p, u, 0x1.75d432f39d289p-20);
    p = FMA_DOUBLE(p, u, -0x1.d4b0d3d3aaf27p-17);
    p = FMA_DOUBLE(p, u, -0x1.ceb69de6e21dbp-16);
    p = FMA_DOUBLE(p, u, 0x1.cdcd09b79ebebp-16);
    p = FMA_DOUBLE(p, u, 0x1.6da9701b2c57cp-13);
    p = FMA_DOUBLE(p, u, 0x1.6d5ef188bff89p-15);
    p = FMA_DOUBLE(p, u, -0x1.016b5cdbae621p-10);
    p = FMA_DOUBLE(p, u, -0x1.bc25a4763b3cap-11);
    p = FMA_DOUBLE(p, u, 0x1.ca95ed532b26cp-8);
    p = FMA_DOUBLE(p, u, 0x1.e947159797158p-9);
    p = FMA_DOUBLE(p, u, -0x1.437f0b68c0bdcp-4);
    p = FMA_DOUBLE(p, u, 0x1.eeea7dc8a78b7p-3);
    p = FMA_DOUBLE(p, u, -0x1.b57034efd3f72p-2);
    return FMA_DOUBLE(p, u, 0x1.058671b52c776p-2);
}

INLINE double d_erf(double x)
{
    double a = d_abs(x), z = a * a;
    double near = a * d_erf_small(z), far = 1 - d_exp(-z) * d_erf_tail((a - 2) / (a + 2));
    double y = a < 1 ? near : a > 6 ? 1 : far;
    return x != x ? x : d_with_sign(y, x);
}

/* ---- sin, cos ---- */

/* 2/pi: a word of zeros, then 1280 bits behind the point. */
static const uint64_t two_over_pi[] = {
    0,
    0xa2f9836e4e441529u,
    0xfc2757d1f534ddc0u,
    0xdb6295993c439041u,
    0xfe5163abdebbc561u,
    0xb7246e3a424dd2e0u,
    0x06492eea09d1921cu,
    0xfe1deb1cb129a73eu,
    0xe88235f52ebb4484u,
    0xe99c7026b45f7e41u,
    0x3991d639835339f4u,
    0x9c845f8bbdf9283bu,
    0x1ff897ffde05980fu,
    0xef2f118b5a0a6d1fu,
    0x6d367ecf27cb09b7u,
    0x4f463f669e5fea2du,
    0x7527bac7ebe5f17bu,
    0x3d0739f78a5292eau,
    0x6bfb5fb11f8d5d08u,
    0x56033046fc7b6babu,
    0xf0cfbc209af4361du,
};

typedef struct d_angle {
    double r;   /* x = q pi/2 + r, |r| <= pi/4 (a little more near the border) */
    uint64_t q; /* its two low bits count */
} d_angle;

#define D_MODERATE 0x1p20 /* smaller angles take the branch-free reduction */

/* Payne & Hanek 1983 for |x| >= D_MODERATE, x = M 2^e: bits of 2/pi in front of number e - 2 give multiples of 4 quarter turns
 * and are left out; 192 bits behind that are enough. */
static d_angle d_reduce_huge(double x)
{
    uint64_t bits = (uint64_t)d_bits(d_abs(x)), mantissa = (bits & 0xfffffffffffffu) | 0x10000000000000u;
    int first = (int)(bits >> 52) - 1075 - 2 + 64; /* the table has 64 zeros in front */
    int word = first / 64, shift = first % 64;
    uint64_t window[3];
    for (int i = 0; i < 3; i++)
        window[i] =
            shift ? two_over_pi[word + i] << shift | two_over_pi[word + i + 1] >> (64 - shift) : two_over_pi[word + i];
    __extension__ unsigned __int128 low = (unsigned __int128)mantissa * window[2];
    __extension__ unsigned __int128 middle = (unsigned __int128)mantissa * window[1] + (uint64_t)(low >> 64);
    uint64_t high = mantissa * window[0] + (uint64_t)(middle >> 64);
    uint64_t q = high >> 62;
    uint64_t f1 = high << 2 | (uint64_t)middle >> 62, f0 = (uint64_t)middle << 2 | (uint64_t)low >> 62;
    bool up = f1 >> 63 != 0; /* to the nearest multiple */
    if (up) {
        f1 = ~f1 + (f0 == 0);
        f0 = -f0;
        q++;
    }
    double tail = (double)(uint32_t)f1 * 0x1p-64 + (double)f0 * 0x1p-128;
    double head = (double)(f1 >> 32) * 0x1p-32, turns = head + tail, lost = (head - turns) + tail;
    double r =
        FMA_DOUBLE(turns, 0x1.921fb54442d18p0, FMA_DOUBLE(lost, 0x1.921fb54442d18p0, turns * 0x1.1a62633145c07p-54));
    r = up ? -r : r;
    return d_bits(x) < 0 ? (d_angle){-r, -q} : (d_angle){r, q};
}

/* Cody & Waite with pi/2 in three parts, for |x| < D_MODERATE: n times the first two is exact, and so is x less the first.
 * What is lost in taking off the second goes to the third, so that r is rounded once. */
INLINE d_angle d_reduce_moderate(double x)
{
    double t = FMA_DOUBLE(x, 0x1.45f306dc9c883p-1, D_MAGIC), n = t - D_MAGIC;
    double first = FMA_DOUBLE(-n, 0x1.921fb544p0, x), second = n * 0x1.0b4611a6p-34;
    double r = first - second, lost = (first - r) - second;
    return (d_angle){r + FMA_DOUBLE(-n, 0x1.3198a2e037073p-69, lost), (uint64_t)d_bits(t)};
}

/* sin r, Taylor to r^17 */
INLINE double d_sin_poly(double r)
{
    double z = r * r, p = 0x1.952c77030ad4ap-49; /* 1/17! */
    p = FMA_DOUBLE(p, z, -0x1.ae7f3e733b81fp-41);
    p = FMA_DOUBLE(p, z, 0x1.6124613a86d09p-33);
    p = FMA_DOUBLE(p, z, -0x1.ae64567f544e4p-26);
    p = FMA_DOUBLE(p, z, 0x1.71de3a556c734p-19);
    p = FMA_DOUBLE(p, z, -0x1.a01a01a01a01ap-13);
    p = FMA_DOUBLE(p, z, 0x1.1111111111111p-7);
    p = FMA_DOUBLE(p, z, -0x1.5555555555555p-3);
    return FMA_DOUBLE(p * z, r, r);
}

/* cos r, Taylor to r^18 */
INLINE double d_cos_poly(double r)
{
    double z = r * r, p = -0x1.6827863b97d97p-53; /* -1/18! */
    p = FMA_DOUBLE(p, z, 0x1.ae7f3e733b81fp-45);
    p = FMA_DOUBLE(p, z, -0x1.93974a8c07c9dp-37);
    p = FMA_DOUBLE(p, z, 0x1.1eed8eff8d898p-29);
    p = FMA_DOUBLE(p, z, -0x1.27e4fb7789f5cp-22);
    p = FMA_DOUBLE(p, z, 0x1.a01a01a01a01ap-16);
    p = FMA_DOUBLE(p, z, -0x1.6c16c16c16c17p-10);
    p = FMA_DOUBLE(p, z, 0x1.5555555555555p-5);
    double half = 0.5 * z, w = 1 - half;
    return w + FMA_DOUBLE(z * z, p, (1 - w) - half);
}

/* sin(angle + turn pi/2) */
INLINE double d_sin_turned(d_angle a, uint64_t turn)
{
    uint64_t q = a.q + turn;
    double s = d_sin_poly(a.r), c = d_cos_poly(a.r);
    double y = q & 1 ? c : s;
    return q & 2 ? -y : y;
}

/* |x| >= D_MODERATE or NaN; out of line, it is rare */
static __attribute__((noinline)) double d_sin_huge(double x, uint64_t turn)
{
    return d_abs(x) < D_INFINITY ? d_sin_turned(d_reduce_huge(x), turn) : D_INFINITY - D_INFINITY;
}

/* Branch-free, for |x| < D_MODERATE; the same bits as d_sin and d_cos. */
INLINE double d_sin_moderate(double x)
{
    double y = d_sin_turned(d_reduce_moderate(x), 0);
    return x == 0 ? x : y; /* keeps the sign of zero */
}

INLINE double d_cos_moderate(double x)
{
    return d_sin_turned(d_reduce_moderate(x), 1);
}

INLINE double d_sin(double x)
{
    return d_abs(x) < D_MODERATE ? d_sin_moderate(x) : d_sin_huge(x, 0);
}

INLINE double d_cos(double x)
{
    return d_abs(x) < D_MODERATE ? d_cos_moderate(x) : d_sin_huge(x, 1);
}

#endif
