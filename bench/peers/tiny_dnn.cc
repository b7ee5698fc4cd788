// tiny-dnn: fully connected layers, plain gradient (its Adam counts its corrections once a tensor, so its steps differ).
#include "side.h"

#include <tiny_dnn/tiny_dnn.h>

using namespace tiny_dnn;

static network<sequential> net;
static std::vector<vec_t> x, t;
static gradient_descent method;

static void set_parameters(const task *k)
{
    size_t m = 0;
    for (size_t l = 0; l < net.depth(); l++) {
        auto all = net[l]->weights();
        if (all.empty())
            continue;
        m++;
        const float *w = k->w + side_weights(k, m), *b = k->w + side_biases(k, m);
        std::copy(w, w + k->size[m - 1] * k->size[m], all[0]->begin()); // s_{m-1} x s_m too
        std::copy(b, b + k->size[m], all[1]->begin());
    }
}

static void add_activation(const task *k, bool hidden)
{
    if (!hidden && k->classes)
        net << softmax_layer();
    else if (k->sigmoid)
        net << sigmoid_layer();
    else if (hidden && k->activation[0] == 'r')
        net << relu_layer();
    else if (hidden)
        net << tanh_layer();
}

const char *side_prepare(const task *k)
{
    if (k->train && k->method[0] != 's')
        return "tiny-dnn's other methods make other steps";
    if (k->threads > 1)
        return "tiny-dnn is built without threads";
    for (size_t m = 1; m <= k->depth; m++) {
        net << fully_connected_layer(k->size[m - 1], k->size[m]);
        add_activation(k, m < k->depth);
    }
    net.init_weight();
    set_parameters(k);
    float *dense = side_dense_targets(k);
    size_t out = k->size[k->depth];
    for (size_t r = 0; r < k->rows; r++) {
        x.emplace_back(k->x + r * k->size[0], k->x + (r + 1) * k->size[0]);
        t.emplace_back(dense + r * out, dense + (r + 1) * out);
    }
    method.alpha = (float)(k->classes ? SIDE_RATE_SGD : SIDE_RATE_SGD * (double)out); // its mse is a mean over outputs
    return NULL;
}

void side_epoch(const task *k)
{
    auto nothing = [] {};
    if (k->classes)
        net.fit<cross_entropy_multiclass>(method, x, t, k->batch, 1, nothing, nothing, false, 1);
    else
        net.fit<mse>(method, x, t, k->batch, 1, nothing, nothing, false, 1);
}

void side_call(const task *k)
{
    for (size_t r = 0; r < k->batch; r++)
        net.predict(x[r]);
}

void side_outputs(const task *k, size_t rows, float *y)
{
    size_t out = k->size[k->depth];
    for (size_t r = 0; r < rows; r++) {
        vec_t o = net.predict(x[r]);
        std::copy(o.begin(), o.end(), y + r * out);
    }
}
