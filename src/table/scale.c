/* Statistics of columns: mean, quantiles in linear time, centre and width. */
#include "table/plan.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- mean and deviation: powers of two keep sums and squares finite and change no digit ---- */

/* 2^-e with |x| <= 2^e, kept a normal number. */
static double shrink_for(double x)
{
    int e;
    frexp(x, &e);
    return ldexp(1, e > 1000 ? -1000 : e < -1000 ? 1000 : -e);
}

double bpnn__mean(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    if (isfinite(sum))
        return n ? sum / (double)n : 0;
    sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += 0x1p-64 * x[i];
    return 0x1p64 * (sum / (double)n);
}

/* Population deviation around the mean, second pass. */
static double deviation(const double *x, size_t n, double mean, double low, double high)
{
    double most = high - mean > mean - low ? high - mean : mean - low, shrink = shrink_for(most), sum = 0;
    if (!isfinite(most))
        return most;
    for (size_t i = 0; i < n; i++) {
        double d = (x[i] - mean) * shrink;
        sum += d * d;
    }
    return sqrt(sum / (double)n) / shrink;
}

/* ---- quantiles ---- */

/* The order of these integers is that of the numbers. */
static uint64_t key_of(double x)
{
    uint64_t bits;
    x += 0.0; /* -0 is 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double number_of(uint64_t key)
{
    uint64_t bits = key >> 63 ? key ^ (uint64_t)1 << 63 : ~key;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

enum { DIGIT = 11, BINS = 1 << DIGIT };

static size_t digit_of(uint64_t key, int shift)
{
    return key >> shift & (BINS - 1);
}

/* The k-th smallest of the keys, from 0: a digit a pass, keeping those that share it. Linear whatever the keys are. */
static uint64_t select_key(uint64_t *keys, size_t n, size_t k)
{
    for (int shift = 64 - DIGIT;; shift = shift > DIGIT ? shift - DIGIT : 0) {
        size_t bins[BINS] = {0}, bin = 0, kept = 0;
        uint64_t differ = 0;
        for (size_t i = 0; i < n; i++) {
            bins[digit_of(keys[i], shift)]++;
            differ |= keys[i] ^ keys[0];
        }
        if (differ == 0)
            return keys[0];
        for (; k >= bins[bin]; bin++)
            k -= bins[bin];
        for (size_t i = 0; i < n; i++) {
            uint64_t key = keys[i];
            keys[kept] = key;
            kept += digit_of(key, shift) == bin;
        }
        n = kept;
    }
}

static uint64_t order_statistic(const double *x, size_t n, size_t k, uint64_t *work)
{
    for (size_t i = 0; i < n; i++)
        work[i] = key_of(x[i]);
    return select_key(work, n, k);
}

/* The order statistic that follows `low`, which is number k. */
static double following(const double *x, size_t n, size_t k, double low)
{
    double next = DBL_MAX;
    size_t up_to = 0;
    for (size_t i = 0; i < n; i++) {
        up_to += x[i] <= low;
        next = x[i] > low && x[i] < next ? x[i] : next;
    }
    return up_to > k + 1 ? low : next;
}

double bpnn__quantile(const double *x, size_t n, double q, uint64_t *work)
{
    if (n == 0)
        return 0;
    double at = q * (double)(n - 1), part = at - floor(at);
    size_t k = (size_t)at;
    double low = number_of(order_statistic(x, n, k, work));
    if (!(part > 0) || k + 1 >= n)
        return low;
    double high = following(x, n, k, low), step = high - low;
    return isfinite(step) ? low + part * step : (1 - part) * low + part * high;
}

/* ---- centre and width ---- */

static void find_range(const double *x, size_t n, double *low, double *high)
{
    *low = *high = x[0];
    for (size_t i = 1; i < n; i++) {
        *low = x[i] < *low ? x[i] : *low;
        *high = x[i] > *high ? x[i] : *high;
    }
}

/* pooled: the width is the column's own deviation, 0 for a constant one; whoever has all of them pools them. */
void bpnn__find_scale(bpnn_scale kind, const double *x, size_t n, uint64_t *work, double *centre, double *width)
{
    double low, high;
    *centre = 0;
    *width = 1;
    if (kind == BPNN_SCALE_NONE || n == 0)
        return;
    find_range(x, n, &low, &high);
    if (low == high) {
        *centre = low;
        *width = kind != BPNN_SCALE_POOLED;
        return;
    }
    if (kind == BPNN_SCALE_MINMAX) {
        *centre = low / 2 + high / 2;
        *width = high / 2 - low / 2;
    } else if (kind == BPNN_SCALE_ROBUST) {
        *centre = bpnn__quantile(x, n, 0.5, work);
        *width = bpnn__quantile(x, n, 0.75, work) - bpnn__quantile(x, n, 0.25, work);
    } else {
        *centre = bpnn__mean(x, n);
        *width = deviation(x, n, *centre, low, high);
    }
    /* what is left of rounding is no width */
    if (!(*width > 1e-14 * fabs(*centre)) || !isfinite(*width))
        *width = kind != BPNN_SCALE_POOLED;
}
