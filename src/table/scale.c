/* Statistics of columns: mean, quantiles in linear time, centre and width. */
#include "table/plan.h"

#include <math.h>
#include <string.h>

/* ---- mean and deviation: powers of two keep sums and squares finite and change no digit ---- */

static double most_of(const double *x, size_t n, double centre)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double size = fabs(x[i] - centre);
        most = size > most ? size : most;
    }
    return most;
}

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
static double deviation(const double *x, size_t n, double mean)
{
    double most = most_of(x, n, mean), shrink = shrink_for(most), sum = 0;
    if (!(most > 0) || !isfinite(most))
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

/* The k-th smallest of the keys, from 0: a digit a pass, keeping those that share it. Linear whatever the keys are. */
static uint64_t select_key(uint64_t *keys, size_t n, size_t k)
{
    for (int shift = 64 - DIGIT; n > 1; shift = shift > DIGIT ? shift - DIGIT : 0) {
        size_t bins[BINS] = {0}, bin = 0, kept = 0;
        for (size_t i = 0; i < n; i++)
            bins[keys[i] >> shift & (BINS - 1)]++;
        for (; k >= bins[bin]; bin++)
            k -= bins[bin];
        for (size_t i = 0; i < n; i++)
            if ((keys[i] >> shift & (BINS - 1)) == bin)
                keys[kept++] = keys[i];
        n = kept;
        if (shift == 0)
            break; /* what is left is equal */
    }
    return keys[0];
}

static uint64_t order_statistic(const double *x, size_t n, size_t k, uint64_t *work)
{
    for (size_t i = 0; i < n; i++)
        work[i] = key_of(x[i]);
    return select_key(work, n, k);
}

/* The order statistic that follows `key`, which is number k. */
static uint64_t following(const double *x, size_t n, size_t k, uint64_t key)
{
    uint64_t next = UINT64_MAX;
    size_t up_to = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t other = key_of(x[i]);
        up_to += other <= key;
        next = other > key && other < next ? other : next;
    }
    return up_to > k + 1 ? key : next;
}

double bpnn__quantile(const double *x, size_t n, double q, uint64_t *work)
{
    if (n == 0)
        return 0;
    double at = q * (double)(n - 1), part = at - floor(at);
    size_t k = (size_t)at;
    uint64_t key = order_statistic(x, n, k, work);
    double low = number_of(key);
    if (!(part > 0) || k + 1 >= n)
        return low;
    double high = number_of(following(x, n, k, key)), step = high - low;
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
        *width = deviation(x, n, *centre);
    }
    /* what is left of rounding is no width */
    if (!(*width > 1e-14 * fabs(*centre)) || !isfinite(*width))
        *width = 1;
}
