#include "method/functions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Rosenbrock ---- */

static double rosenbrock_gradient(void *context, const double *w, double *g)
{
    size_t n = *(const size_t *)context;
    double F = 0;
    for (size_t i = 0; g && i < n; i++)
        g[i] = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        double a = w[i + 1] - w[i] * w[i], b = 1 - w[i];
        F += 100 * a * a + b * b;
        if (g) {
            g[i + 1] += 200 * a;
            g[i] += -400 * a * w[i] - 2 * b;
        }
    }
    return F;
}

static double rosenbrock_value(void *context, const double *w)
{
    return rosenbrock_gradient(context, w, NULL);
}

/* residuals 10 (w_{i+1} - w_i^2) and 1 - w_i */
static double rosenbrock_curvature(void *context, const double *w, double *g, bpnn__dense *a)
{
    size_t n = *(const size_t *)context;
    bpnn__dense_clear(a);
    for (size_t i = 0; i + 1 < n; i++) {
        double left = -20 * w[i], right = 10;
        *bpnn__dense_at(a, i, i) += 2 * (left * left + 1);
        *bpnn__dense_at(a, i + 1, i) += 2 * left * right;
        *bpnn__dense_at(a, i + 1, i + 1) += 2 * right * right;
    }
    return rosenbrock_gradient(context, w, g);
}

/* ---- a quadratic ---- */

static double matrix[FUNCTION_MOST][FUNCTION_MOST];

static double quadratic_gradient(void *context, const double *w, double *g)
{
    size_t n = *(const size_t *)context;
    double F = 0;
    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = 0; j < n; j++)
            row += matrix[i][j] * (w[j] - 1);
        F += row * (w[i] - 1) / 2;
        if (g)
            g[i] = row;
    }
    return F;
}

static double quadratic_value(void *context, const double *w)
{
    return quadratic_gradient(context, w, NULL);
}

static double quadratic_curvature(void *context, const double *w, double *g, bpnn__dense *a)
{
    size_t n = *(const size_t *)context;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            *bpnn__dense_at(a, i, j) = matrix[i][j];
    return quadratic_gradient(context, w, g);
}

/* Q = H diag H with the reflection H = I - 2 v v^T, v = (1, 2, .. n) / norm */
static void make_matrix(size_t n, double condition)
{
    double v[FUNCTION_MOST], norm = 0;
    for (size_t i = 0; i < n; i++)
        norm += (double)((i + 1) * (i + 1));
    for (size_t i = 0; i < n; i++)
        v[i] = (double)(i + 1) / sqrt(norm);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            matrix[i][j] = 0;
            for (size_t k = 0; k < n; k++) {
                double left = (double)(i == k) - 2 * v[i] * v[k], right = (double)(j == k) - 2 * v[j] * v[k];
                matrix[i][j] += left * pow(condition, (double)k / (double)(n - 1)) * right;
            }
        }
}

/* ---- the door ---- */

static bpnn__objective make(size_t n, double (*value)(void *, const double *),
                            double (*gradient)(void *, const double *, double *),
                            double (*curvature)(void *, const double *, double *, bpnn__dense *))
{
    static size_t sizes[FUNCTION_MOST + 1];
    static bpnn__parameters parts[FUNCTION_MOST + 1];
    sizes[n] = n;
    parts[n] = (bpnn__parameters){0, n, BPNN__PART_WEIGHTS};
    return (bpnn__objective){.size = n,
                             .context = &sizes[n],
                             .value = value,
                             .value_gradient = gradient,
                             .curvature = curvature,
                             .energy = 0.5,
                             .total = 1,
                             .observations = (double)n,
                             .part = &parts[n],
                             .part_count = 1};
}

bpnn__objective function_rosenbrock(size_t n)
{
    return make(n, rosenbrock_value, rosenbrock_gradient, rosenbrock_curvature);
}

bpnn__objective function_quadratic(size_t n, double condition)
{
    make_matrix(n, condition);
    return make(n, quadratic_value, quadratic_gradient, quadratic_curvature);
}

void function_start(size_t n, bool rosenbrock, double *w)
{
    for (size_t i = 0; i < n; i++)
        w[i] = !rosenbrock ? 0 : i % 2 ? 1 : -1.2;
}

double *function_options(const char *method, const char *name, double value)
{
    static double option[BPNN__METHOD_OPTIONS];
    const bpnn_method_info *info = bpnn_method_find(method);
    for (size_t i = 0; i < info->option_count; i++)
        option[i] = name && strcmp(info->options[i].name, name) == 0 ? value : info->options[i].initial;
    return option;
}
