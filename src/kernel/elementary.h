/* Elementary functions in the precision at hand: r_exp, r_expm1, r_log, r_log1p, r_tanh, r_sigmoid, r_softplus, r_erf,
 * r_sin, r_cos. Same rules as elementary_double.h; the float forms work in float where speed matters (exp, tanh,
 * sigmoid, log) and through double elsewhere. Errors <= 2 ulp, tanh and sigmoid 2.5. */
#ifndef BPNN_KERNEL_ELEMENTARY_H
#define BPNN_KERNEL_ELEMENTARY_H

#include "kernel/elementary_double.h"

#if BPNN_PRECISION == 64

#define r_exp d_exp
#define r_expm1 d_expm1
#define r_log d_log
#define r_log1p d_log1p
#define r_log1p_unit d_log1p_unit
#define r_tanh d_tanh
#define r_sigmoid d_sigmoid
#define r_erf d_erf
#define r_sin d_sin
#define r_cos d_cos
#define r_sin_moderate d_sin_moderate
#define r_cos_moderate d_cos_moderate
#define r_abs d_abs
#define R_INFINITY D_INFINITY

#else

INLINE int32_t f_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

INLINE float f_from_bits(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define R_INFINITY __builtin_inff()
#define F_MAGIC 0x1.8p23f
#define F_LOG2E 0x1.715476p0f
#define F_LN2_HIGH 0x1.62e4p-1f /* the low 9 bits are zero */
#define F_LN2_LOW 0x1.7f7d1cp-20f

INLINE float r_abs(float x)
{
    return f_from_bits(f_bits(x) & INT32_MAX);
}

INLINE float f_with_sign(float x, float s)
{
    return f_from_bits(f_bits(x) | (f_bits(s) & INT32_MIN));
}

INLINE float f_reduce_exp(float x, float *n, float *t)
{
    *t = FMA(x, F_LOG2E, F_MAGIC);
    *n = *t - F_MAGIC;
    return FMA(-*n, F_LN2_LOW, FMA(-*n, F_LN2_HIGH, x));
}

/* (exp(r) - 1 - r) / r^2, Taylor to r^7: the rest is below 6e-9. */
INLINE float f_exp_tail(float r)
{
    float p = 0x1.a01a02p-13f;
    p = FMA(p, r, 0x1.6c16c2p-10f);
    p = FMA(p, r, 0x1.111112p-7f);
    p = FMA(p, r, 0x1.555556p-5f);
    p = FMA(p, r, 0x1.555556p-3f);
    return FMA(p, r, 0.5f);
}

INLINE float r_exp(float x)
{
    float n, t, r = f_reduce_exp(x, &n, &t);
    float p = FMA(r * r, f_exp_tail(r), r) + 1;
    float y = f_from_bits((int32_t)((uint32_t)f_bits(p) + ((uint32_t)f_bits(t) << 23)));
    y = x > 0x1.62e42ep6f ? R_INFINITY : y;
    y = x < -0x1.5d589ep6f ? 0 : y;
    return x != x ? x : y;
}

/* exp(x) - 1 for |x| <= 40. */
INLINE float f_expm1_near(float x)
{
    float n, t, r = f_reduce_exp(x, &n, &t);
    float p = FMA(r * r, f_exp_tail(r), r);
    float two = f_from_bits((int32_t)(((uint32_t)f_bits(t) << 23) + 0x3f800000u));
    return FMA(two, p, two - 1);
}

INLINE float r_expm1(float x)
{
    float inside = x > 40 ? 40 : x < -40 ? -40 : x;
    float y = f_expm1_near(inside);
    y = r_abs(x) < 0x1p-25f ? x : y;
    y = x > 40 ? r_exp(x) : y;
    return x != x ? x : y;
}

/* log(x) - less ln 2 + rest for a positive normal x = m 2^k, sqrt(1/2) <= m < sqrt(2). */
INLINE float f_log_normal(float x, float less, float rest)
{
    int32_t bits = (int32_t)((uint32_t)f_bits(x) - 0x3f3504f3u);
    int32_t k = bits >> 23;
    float m = f_from_bits((bits & 0x007fffff) + 0x3f3504f3);
    float f = m - 1, s = f / (2 + f), z = s * s, half = 0.5f * f * f;
    float R = 2.0f / 11;
    R = FMA(R, z, 2.0f / 9);
    R = FMA(R, z, 2.0f / 7);
    R = FMA(R, z, 2.0f / 5);
    R = FMA(R, z, 2.0f / 3);
    R *= z;
    float e = (float)k - less;
    return FMA(e, F_LN2_HIGH, f - (half - FMA(s, half + R, FMA(e, F_LN2_LOW, rest))));
}

INLINE float r_log(float x)
{
    bool small = x < 0x1p-126f;
    float y = f_log_normal(small ? x * 0x1p25f : x, small ? 25 : 0, 0);
    y = x == 0 ? -R_INFINITY : y;
    y = x < 0 ? R_INFINITY - R_INFINITY : y;
    return x == R_INFINITY || x != x ? x : y;
}

INLINE float r_log1p(float x)
{
    float u = 1 + x, lost = u > 2 ? 1 - (u - x) : x - (u - 1);
    float y = f_log_normal(u, 0, lost / u);
    y = r_abs(x) < 0x1p-25f ? x : y;
    y = u == 0 ? -R_INFINITY : y;
    y = u < 0 ? R_INFINITY - R_INFINITY : y;
    return x == R_INFINITY || x != x ? x : y;
}

INLINE float r_log1p_unit(float x)
{
    float u = 1 + x;
    return f_log_normal(u, 0, (x - (u - 1)) / u);
}

INLINE float r_tanh(float x)
{
    float a = r_abs(x), p = f_expm1_near(2 * (a > 10 ? 10 : a));
    float y = p / (p + 2);
    y = a < 0x1p-13f ? a : y;
    y = a > 9.02f ? 1 : y;
    return x != x ? x : f_with_sign(y, x);
}

/* exp(x) for x <= 0; anything for NaN */
INLINE float f_exp_below(float x)
{
    float n, t, r = f_reduce_exp(x, &n, &t);
    float p = FMA(r * r, f_exp_tail(r), r) + 1;
    float y = f_from_bits((int32_t)((uint32_t)f_bits(p) + ((uint32_t)f_bits(t) << 23)));
    return x < -0x1.5d589ep6f ? 0 : y;
}

INLINE float r_sigmoid(float x)
{
    float t = f_exp_below(-r_abs(x));
    return x != x ? x : (x < 0 ? t : 1) / (1 + t);
}

INLINE float r_erf(float x)
{
    return (float)d_erf((double)x);
}

INLINE float r_sin(float x)
{
    return (float)d_sin((double)x);
}

INLINE float r_cos(float x)
{
    return (float)d_cos((double)x);
}

INLINE float r_sin_moderate(float x)
{
    return (float)d_sin_moderate((double)x);
}

INLINE float r_cos_moderate(float x)
{
    return (float)d_cos_moderate((double)x);
}

#endif

/* log(1 + exp x), without overflow */
INLINE real r_softplus(real x)
{
    return (x > 0 ? x : 0) + r_log1p_unit(r_exp(-r_abs(x))) + (x != x ? x : 0);
}

INLINE real r_sqrt(real x)
{
#if BPNN_PRECISION == 32
    return __builtin_sqrtf(x);
#else
    return __builtin_sqrt(x);
#endif
}

#endif
