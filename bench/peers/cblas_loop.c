/* The plain loop over CBLAS that a good C programmer writes instead of taking a library: bias, activation, loss and update
 * are simple loops which the compiler makes vectors of (-O3 -march=native -ffast-math). */
#include "side.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *w, *g, *m, *v; /* parameters, gradient, state of the method */
static float *y[SIDE_LAYERS], *d[SIDE_LAYERS];
static size_t steps;

const char *side_prepare(const task *k)
{
    openblas_set_num_threads((int)k->threads);
    w = side_memory(k->parameter_count * sizeof *w);
    memcpy(w, k->w, k->parameter_count * sizeof *w);
    if (k->train) {
        g = side_memory(k->parameter_count * sizeof *g);
        m = side_memory(k->parameter_count * sizeof *m);
        v = side_memory(k->parameter_count * sizeof *v);
    }
    for (size_t l = 1; l <= k->depth; l++) {
        y[l] = side_memory(k->batch * k->size[l] * sizeof *y[l]);
        d[l] = side_memory(k->batch * k->size[l] * sizeof *d[l]);
    }
    return NULL;
}

static void softmax(float *y_, size_t rows, size_t n)
{
    for (size_t r = 0; r < rows; r++, y_ += n) {
        float most = y_[0], sum = 0;
        for (size_t j = 1; j < n; j++)
            most = y_[j] > most ? y_[j] : most;
        for (size_t j = 0; j < n; j++)
            sum += y_[j] = expf(y_[j] - most);
        for (size_t j = 0; j < n; j++)
            y_[j] /= sum;
    }
}

static void activate(const task *k, size_t l)
{
    float *e = y[l];
    size_t n = k->batch * k->size[l];
    bool hidden = l < k->depth;
    if (!hidden && k->classes)
        softmax(e, k->batch, k->size[l]);
    else if (k->sigmoid)
        for (size_t i = 0; i < n; i++)
            e[i] = 1 / (1 + expf(-e[i]));
    else if (hidden && k->activation[0] == 'r')
        for (size_t i = 0; i < n; i++)
            e[i] = e[i] > 0 ? e[i] : 0;
    else if (hidden)
        for (size_t i = 0; i < n; i++)
            e[i] = 1 - 2 / (1 + expf(2 * e[i]));
}

static void forward(const task *k, const float *x)
{
    for (size_t l = 1; l <= k->depth; l++) {
        int in = (int)k->size[l - 1], out = (int)k->size[l], rows = (int)k->batch;
        const float *from = l == 1 ? x : y[l - 1], *wl = w + side_weights(k, l), *bl = w + side_biases(k, l);
        for (size_t r = 0; r < k->batch; r++)
            memcpy(y[l] + r * k->size[l], bl, k->size[l] * sizeof *bl);
        if (rows == 1)
            cblas_sgemv(CblasRowMajor, CblasTrans, in, out, 1, wl, out, from, 1, 1, y[l], 1);
        else
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, out, in, 1, from, in, wl, out, 1, y[l], out);
        activate(k, l);
    }
}

static void output_delta(const task *k, const float *t)
{
    size_t out = k->size[k->depth], n = k->batch * out;
    float *o = y[k->depth], *e = d[k->depth], share = 1 / (float)k->batch;
    if (k->classes) {
        for (size_t i = 0; i < n; i++)
            e[i] = o[i] * share;
        for (size_t r = 0; r < k->batch; r++)
            e[r * out + (size_t)t[r]] -= share;
    } else {
        for (size_t i = 0; i < n; i++)
            e[i] = 2 * share * (o[i] - t[i]) * (k->sigmoid ? o[i] * (1 - o[i]) : 1);
    }
}

static void weights_gradient(const task *k, const float *from, size_t l)
{
    int in = (int)k->size[l - 1], out = (int)k->size[l], rows = (int)k->batch;
    float *gw = g + side_weights(k, l), *gb = g + side_biases(k, l);
    if (rows == 1) {
        memset(gw, 0, k->size[l - 1] * k->size[l] * sizeof *gw);
        cblas_sger(CblasRowMajor, in, out, 1, from, 1, d[l], 1, gw, out);
    } else {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, rows, 1, from, in, d[l], out, 0, gw, out);
    }
    memset(gb, 0, k->size[l] * sizeof *gb);
    for (size_t r = 0; r < k->batch; r++)
        for (size_t j = 0; j < k->size[l]; j++)
            gb[j] += d[l][r * k->size[l] + j];
}

static void delta_back(const task *k, size_t l)
{
    int in = (int)k->size[l - 1], out = (int)k->size[l], rows = (int)k->batch;
    const float *wl = w + side_weights(k, l), *a = y[l - 1];
    float *to = d[l - 1];
    if (rows == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, in, out, 1, wl, out, d[l], 1, 0, to, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, in, out, 1, d[l], out, wl, out, 0, to, in);
    size_t n = k->batch * k->size[l - 1];
    if (k->activation[0] == 'r')
        for (size_t i = 0; i < n; i++)
            to[i] = a[i] > 0 ? to[i] : 0;
    else if (k->sigmoid)
        for (size_t i = 0; i < n; i++)
            to[i] *= a[i] * (1 - a[i]);
    else
        for (size_t i = 0; i < n; i++)
            to[i] *= 1 - a[i] * a[i];
}

static void update(const task *k)
{
    size_t n = k->parameter_count;
    const float rate = (float)SIDE_RATE_SGD;
    if (k->method[0] == 's') {
        for (size_t i = 0; i < n; i++)
            w[i] -= rate * g[i];
    } else if (k->method[0] == 'm') {
        for (size_t i = 0; i < n; i++) {
            m[i] = 0.9f * m[i] + g[i];
            w[i] -= rate * m[i];
        }
    } else {
        steps++;
        float root = (float)(1 / sqrt(1 - pow(0.999, (double)steps)));
        float step = (float)(SIDE_RATE_ADAM / (1 - pow(0.9, (double)steps)));
        for (size_t i = 0; i < n; i++) {
            m[i] = 0.9f * m[i] + 0.1f * g[i];
            v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
            w[i] -= step * m[i] / (sqrtf(v[i]) * root + 1e-8f);
        }
    }
}

void side_epoch(const task *k)
{
    for (size_t r = 0; r < k->rows; r += k->batch) {
        const float *x = k->x + r * k->size[0];
        forward(k, x);
        output_delta(k, k->t + r * k->target_columns);
        for (size_t l = k->depth; l >= 1; l--) {
            weights_gradient(k, l == 1 ? x : y[l - 1], l);
            if (l > 1)
                delta_back(k, l);
        }
        update(k);
    }
}

void side_call(const task *k)
{
    forward(k, k->x);
}

void side_outputs(const task *k, size_t rows, float *out)
{
    for (size_t r = 0; r < rows; r += k->batch) {
        forward(k, k->x + r * k->size[0]);
        memcpy(out + r * k->size[k->depth], y[k->depth], k->batch * k->size[k->depth] * sizeof *out);
    }
}
