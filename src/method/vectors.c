#include "method/vectors.h"

#include <math.h>
#include <string.h>

enum { LANES = 8 };

static double tree(double *s)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            s[l] += s[l + half];
    return s[0];
}

double bpnn__dot(size_t n, const double *a, const double *b)
{
    double s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            s[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        s[i % LANES] += a[i] * b[i];
    return tree(s);
}

double bpnn__norm(size_t n, const double *a)
{
    return sqrt(bpnn__dot(n, a, a));
}

double bpnn__absolute_sum(size_t n, const double *a)
{
    double s[LANES] = {0};
    for (size_t i = 0; i < n; i++)
        s[i % LANES] += fabs(a[i]);
    return tree(s);
}

double bpnn__max_abs(size_t n, const double *a)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a[i]) <= most))
            most = fabs(a[i]);
    return most;
}

bool bpnn__all_finite(size_t n, const double *a)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(a[i]))
            return false;
    return true;
}

void bpnn__copy(size_t n, const double *from, double *to)
{
    memcpy(to, from, n * sizeof *to);
}

void bpnn__scale(size_t n, double factor, double *a)
{
    for (size_t i = 0; i < n; i++)
        a[i] *= factor;
}

void bpnn__add_scaled(size_t n, double factor, const double *x, double *a)
{
    for (size_t i = 0; i < n; i++)
        a[i] += factor * x[i];
}

void bpnn__along(size_t n, const double *w, double s, const double *p, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = w[i] + s * p[i];
}
