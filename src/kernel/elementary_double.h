/* Elementary functions in double: branch-free but for huge arguments of sin and cos, so that loops over them vectorise;
 * only + - * / sqrt, fused multiply-add and integers, so that every machine gives the same bits. Errors <= 2 ulp.
 * Tables: tools/elementary.py. Results of exp below the smallest normal number are 0. */
#ifndef BPNN_KERNEL_ELEMENTARY_DOUBLE_H
#define BPNN_KERNEL_ELEMENTARY_DOUBLE_H

#include "kernel/fma.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline int64_t d_bits(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double d_from_bits(int64_t bits)
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
static inline double d_abs(double x)
{
    return d_from_bits(d_bits(x) & INT64_MAX);
}

static inline double d_with_sign(double x, double s)
{
    return d_from_bits(d_bits(x) | (d_bits(s) & INT64_MIN));
}

/* x = n ln 2 + r, |r| <= ln 2 / 2; returns r, n as a number in *n and in the low bits of *t. */
static inline double d_reduce_exp(double x, double *n, double *t)
{
    *t = FMA_DOUBLE(x, D_LOG2E, D_MAGIC);
    *n = *t - D_MAGIC;
    return FMA_DOUBLE(-*n, D_LN2_LOW, FMA_DOUBLE(-*n, D_LN2_HIGH, x));
}

/* (exp(r) - 1 - r) / r^2, Taylor to r^13: the rest is below 4e-18. */
static inline double d_exp_tail(double r)
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

static inline double d_exp(double x)
{
    double n, t, r = d_reduce_exp(x, &n, &t);
    double p = FMA_DOUBLE(r * r, d_exp_tail(r), r) + 1;
    double y = d_from_bits((int64_t)((uint64_t)d_bits(p) + ((uint64_t)d_bits(t) << 52)));
    y = x > 0x1.62e42fefa39efp9 ? D_INFINITY : y;
    y = x < -0x1.6232bdd7abcd2p9 ? 0 : y;
    return x != x ? x : y;
}

/* 2^n for |n| <= 1022, n in the low bits of t. */
static inline double d_power_of_two(double t)
{
    return d_from_bits((int64_t)(((uint64_t)d_bits(t) << 52) + 0x3ff0000000000000u));
}

/* exp(x) - 1 for |x| <= 40. */
static inline double d_expm1_near(double x)
{
    double n, t, r = d_reduce_exp(x, &n, &t);
    double p = FMA_DOUBLE(r * r, d_exp_tail(r), r), two = d_power_of_two(t);
    return FMA_DOUBLE(two, p, two - 1);
}

static inline double d_expm1(double x)
{
    double inside = x > 40 ? 40 : x < -40 ? -40 : x;
    double y = d_expm1_near(inside);
    y = d_abs(x) < 0x1p-54 ? x : y;
    y = x > 40 ? d_exp(x) : y;
    return x != x ? x : y;
}

static inline double d_log(double x)
{
    double scaled = x < 0x1p-1022 ? x * 0x1p54 : x;
    /* scaled = m 2^k, sqrt(1/2) <= m < sqrt(2) */
    int64_t bits = d_bits(scaled) - 0x3fe6a09e667f3bcd;
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
    double e = d_from_bits(k + d_bits(D_MAGIC)) - D_MAGIC;
    e = x < 0x1p-1022 ? e - 54 : e;
    double y = FMA_DOUBLE(e, D_LN2_HIGH, f - (half - FMA_DOUBLE(s, half + R, e * D_LN2_LOW)));
    y = x == 0 ? -D_INFINITY : y;
    y = x < 0 ? D_INFINITY - D_INFINITY : y;
    return x == D_INFINITY || x != x ? x : y;
}

/* log(1 + x): the rounding of 1 + x is put back to first order. */
static inline double d_log1p(double x)
{
    double u = 1 + x;
    double lost = u > 2 ? 1 - (u - x) : x - (u - 1);
    double y = d_log(u) + lost / u;
    y = d_abs(x) < 0x1p-54 ? x : y;
    y = u == 0 ? -D_INFINITY : y;
    return x == D_INFINITY || x != x ? x : y;
}

static inline double d_tanh(double x)
{
    double a = d_abs(x), p = d_expm1_near(2 * (a > 20 ? 20 : a));
    double y = p / (p + 2);
    y = a < 0x1p-28 ? a : y;
    y = a > 20 ? 1 : y;
    return x != x ? x : d_with_sign(y, x);
}

static inline double d_sigmoid(double x)
{
    double t = d_exp(-d_abs(x));
    return (x < 0 ? t : 1) / (1 + t) + (x != x ? x : 0);
}

/* ---- erf ---- */

static const double erf_small[] = {
    0x1.20dd750429b6dp+0,  -0x1.812746b0379e6p-2,  0x1.ce2f21a042b30p-4,  -0x1.b82ce31284e00p-6,
    0x1.565bcd0dbaa38p-8,  -0x1.c02db3dac435fp-11, 0x1.f9a321d5b8e1ep-14, -0x1.f4d1e3183f7aep-17,
    0x1.b9df224ca4b97p-20, -0x1.5f1ecb6f0764cp-23, 0x1.f7b4bf3b13964p-27, -0x1.389d4f2641625p-30,
    0x1.05ffd737fb32ep-34,
};
static const double erf_tail[] = {
    0x1.058671b52c776p-2,  -0x1.b57034efd3f72p-2,  0x1.eeea7dc8a78b7p-3,   -0x1.437f0b68c0bdcp-4, 0x1.e947159797158p-9,
    0x1.ca95ed532b26cp-8,  -0x1.bc25a4763b3cap-11, -0x1.016b5cdbae621p-10, 0x1.6d5ef188bff89p-15, 0x1.6da9701b2c57cp-13,
    0x1.cdcd09b79ebebp-16, -0x1.ceb69de6e21dbp-16, -0x1.d4b0d3d3aaf27p-17, 0x1.75d432f39d289p-20, 0x1.fc947548a0e7cp-19,
    0x1.3c3cdeef1f68fp-20, -0x1.1dc296ab25c2bp-21, -0x1.c49d5026d94f3p-22,
};

static inline double d_erf(double x)
{
    enum { SMALL = sizeof erf_small / sizeof *erf_small, TAIL = sizeof erf_tail / sizeof *erf_tail };
    double a = d_abs(x), z = a * a, u = (a - 2) / (a + 2);
    double p = erf_small[SMALL - 1], q = erf_tail[TAIL - 1];
    for (int i = SMALL - 2; i >= 0; i--)
        p = FMA_DOUBLE(p, z, erf_small[i]);
    for (int i = TAIL - 2; i >= 0; i--)
        q = FMA_DOUBLE(q, u, erf_tail[i]);
    double near = a * p, far = 1 - d_exp(-z) * q;
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

/* Payne & Hanek 1983 for |x| >= 2^20, x = M 2^e: bits of 2/pi in front of number e - 2 give multiples of 4 quarter turns
 * and are left out; 192 bits behind that are enough. */
static inline d_angle d_reduce_huge(double x)
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

/* Cody & Waite with pi/2 in three parts. */
static inline d_angle d_reduce_angle(double x)
{
    if (d_abs(x) >= 0x1p20)
        return d_reduce_huge(x);
    double t = FMA_DOUBLE(x, 0x1.45f306dc9c883p-1, D_MAGIC), n = t - D_MAGIC;
    double r = FMA_DOUBLE(-n, 0x1.921fb544p0, x);
    double high = FMA_DOUBLE(-n, 0x1.0b4611a6p-34, r);
    return (d_angle){FMA_DOUBLE(-n, 0x1.3198a2e037073p-69, high), (uint64_t)d_bits(t)};
}

static inline double d_sin_near(double r)
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

static inline double d_cos_near(double r)
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

/* sin(x + turn pi/2) */
static inline double d_sin_turned(double x, uint64_t turn)
{
    if (!(d_abs(x) < D_INFINITY))
        return D_INFINITY - D_INFINITY;
    d_angle a = d_reduce_angle(x);
    uint64_t q = a.q + turn;
    double y = q & 1 ? d_cos_near(a.r) : d_sin_near(a.r);
    return q & 2 ? -y : y;
}

static inline double d_sin(double x)
{
    return d_sin_turned(x, 0);
}

static inline double d_cos(double x)
{
    return d_sin_turned(x, 1);
}

#endif
