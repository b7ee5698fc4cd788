/* KANN through its public calls. Its own optimizer is RMSprop; so that the steps are the same as the others', the update
 * here is a plain loop over its gradient, which the compiler makes vectors of. */
#include "side.h"

#include <kann.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static kann_t *net;
static float *x, *t, *m, *v;
static int count;
static size_t steps;

static kad_node_t *hidden_layers(const task *k)
{
    kad_node_t *n = kann_layer_input((int)k->size[0]);
    for (size_t l = 1; l < k->depth; l++) {
        n = kann_layer_dense(n, (int)k->size[l]);
        n = k->sigmoid ? kad_sigm(n) : k->activation[0] == 't' ? kad_tanh(n) : kad_relu(n);
    }
    return n;
}

/* Softmax is part of KANN's cost; squared errors on sigmoid outputs have to be put together. */
static kad_node_t *cost(const task *k, kad_node_t *n)
{
    int out = (int)k->size[k->depth];
    if (!k->sigmoid)
        return kann_layer_cost(n, out, k->classes ? KANN_C_CEM : KANN_C_MSE);
    n = kad_sigm(kann_layer_dense(n, out));
    kad_node_t *truth = kad_feed(2, 1, out);
    truth->ext_flag |= KANN_F_TRUTH;
    kad_node_t *c = kad_mse(n, truth);
    n->ext_flag |= KANN_F_OUT;
    c->ext_flag |= KANN_F_COST;
    return c;
}

/* Its weights are s_m x s_{m-1}; the variables come layer by layer, weights first. */
static void set_parameters(const task *k)
{
    size_t l = 0;
    for (int i = 0; i < net->n; i++) {
        kad_node_t *n = net->v[i];
        if (!kad_is_var(n))
            continue;
        if (n->n_d == 2) {
            l++;
            const float *w = k->w + side_weights(k, l);
            for (size_t a = 0; a < k->size[l - 1]; a++)
                for (size_t b = 0; b < k->size[l]; b++)
                    n->x[b * k->size[l - 1] + a] = w[a * k->size[l] + b];
        } else {
            memcpy(n->x, k->w + side_biases(k, l), k->size[l] * sizeof(float));
        }
    }
}

const char *side_prepare(const task *k)
{
    net = kann_new(cost(k, hidden_layers(k)), 0);
    set_parameters(k);
    if (k->train && k->threads > 1)
        kann_mt(net, (int)k->threads, (int)k->batch);
    count = kann_size_var(net);
    m = side_memory((size_t)count * sizeof *m);
    v = side_memory((size_t)count * sizeof *v);
    x = side_memory(k->batch * k->size[0] * sizeof *x);
    float *dense = side_dense_targets(k);
    t = dense;
    kann_set_batch_size(net, (int)k->batch);
    return NULL;
}

static void update(const task *k)
{
    float *w = net->x, *g = net->g;
    if (k->method[0] == 's') {
        kad_saxpy(count, -(float)SIDE_RATE_SGD, g, w);
        return;
    }
    steps++;
    float root = (float)(1 / sqrt(1 - pow(0.999, (double)steps)));
    float step = (float)(SIDE_RATE_ADAM / (1 - pow(0.9, (double)steps)));
    for (int i = 0; i < count; i++) {
        m[i] = 0.9f * m[i] + 0.1f * g[i];
        v[i] = 0.999f * v[i] + 0.001f * g[i] * g[i];
        w[i] -= step * m[i] / (sqrtf(v[i]) * root + 1e-8f);
    }
}

/* kann_mt gives each thread a copy of the graph with a part of the batch: it needs the batch in one place. */
void side_epoch(const task *k)
{
    size_t out = k->size[k->depth];
    float *xb = x, *tb = side_memory(k->batch * out * sizeof *tb);
    kann_feed_bind(net, KANN_F_IN, 0, &xb);
    kann_feed_bind(net, KANN_F_TRUTH, 0, &tb);
    kann_switch(net, 1);
    for (size_t r = 0; r < k->rows; r += k->batch) {
        memcpy(xb, k->x + r * k->size[0], k->batch * k->size[0] * sizeof *xb);
        memcpy(tb, t + r * out, k->batch * out * sizeof *tb);
        kann_cost(net, 0, 1);
        update(k);
    }
    free(tb);
}

void side_call(const task *k)
{
    (void)k;
    kann_eval_out(net);
}

void side_outputs(const task *k, size_t rows, float *y)
{
    size_t out = k->size[k->depth];
    int o = kann_find(net, KANN_F_OUT, 0);
    float *xb = x;
    kann_switch(net, 0);
    kann_feed_bind(net, KANN_F_IN, 0, &xb);
    for (size_t r = 0; r < rows; r += k->batch) {
        memcpy(xb, k->x + r * k->size[0], k->batch * k->size[0] * sizeof *xb);
        kann_eval_out(net);
        memcpy(y + r * out, net->v[o]->x, k->batch * out * sizeof *y);
    }
}
