/* genann: double, sigmoid everywhere, a step a row, hidden layers of one width. Its rate has no factor 2 of the squared error. */
#include "side.h"

#include <genann.h>
#include <string.h>

static genann *net;
static double *x, *t;

/* Each neuron: the weight of -1 first, then those of its inputs. */
static void set_parameters(const task *k)
{
    double *to = net->weight;
    for (size_t l = 1; l <= k->depth; l++)
        for (size_t j = 0; j < k->size[l]; j++) {
            *to++ = -(double)k->w[side_biases(k, l) + j];
            for (size_t i = 0; i < k->size[l - 1]; i++)
                *to++ = (double)k->w[side_weights(k, l) + i * k->size[l] + j];
        }
}

const char *side_prepare(const task *k)
{
    for (size_t l = 2; l < k->depth; l++)
        if (k->size[l] != k->size[1])
            return "genann's hidden layers are of one width";
    if (!k->sigmoid || (k->train && k->batch != 1))
        return "genann knows sigmoid and single rows alone";
    net = genann_init((int)k->size[0], (int)k->depth - 1, (int)k->size[1], (int)k->size[k->depth]);
    set_parameters(k);
    x = side_memory(k->rows * k->size[0] * sizeof *x);
    t = side_memory(k->rows * k->size[k->depth] * sizeof *t);
    for (size_t i = 0; i < k->rows * k->size[0]; i++)
        x[i] = (double)k->x[i];
    for (size_t i = 0; i < k->rows * k->size[k->depth]; i++)
        t[i] = (double)k->t[i];
    return NULL;
}

void side_epoch(const task *k)
{
    for (size_t r = 0; r < k->rows; r++)
        genann_train(net, x + r * k->size[0], t + r * k->size[k->depth], 2 * SIDE_RATE_SGD);
}

static volatile double seen;

void side_call(const task *k)
{
    for (size_t r = 0; r < k->batch; r++)
        seen = genann_run(net, x + r * k->size[0])[0];
}

void side_outputs(const task *k, size_t rows, float *y)
{
    size_t out = k->size[k->depth];
    for (size_t r = 0; r < rows; r++) {
        const double *o = genann_run(net, x + r * k->size[0]);
        for (size_t j = 0; j < out; j++)
            y[r * out + j] = (float)o[j];
    }
}
