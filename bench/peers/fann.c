/* FANN (float): sigmoid, squared error, plain gradient. A step of a batch is an epoch over a set of so many rows. Its rate has no
 * factor 2 of the squared error; its sigmoid's slope is taken at outputs cut to [0.01, 0.99]. */
#include "side.h"

#include <fann.h>
#include <stdlib.h>
#include <string.h>

static struct fann *net;
static struct fann_train_data **sets;

/* Connections come neuron by neuron, the bias last. */
static void set_parameters(const task *k)
{
    unsigned n = fann_get_total_connections(net), c = 0;
    struct fann_connection *all = calloc(n, sizeof *all);
    if (!all)
        side_fail("out of memory");
    fann_get_connection_array(net, all);
    for (size_t l = 1; l <= k->depth; l++)
        for (size_t j = 0; j < k->size[l]; j++) {
            for (size_t i = 0; i < k->size[l - 1]; i++)
                all[c++].weight = k->w[side_weights(k, l) + i * k->size[l] + j];
            all[c++].weight = k->w[side_biases(k, l) + j];
        }
    fann_set_weight_array(net, all, n);
    free(all);
}

static void make_sets(const task *k)
{
    size_t count = k->rows / k->batch, out = k->size[k->depth];
    sets = side_memory(count * sizeof *sets);
    for (size_t s = 0; s < count; s++) {
        sets[s] = fann_create_train((unsigned)k->batch, (unsigned)k->size[0], (unsigned)out);
        for (size_t i = 0; i < k->batch; i++) {
            size_t r = s * k->batch + i;
            memcpy(sets[s]->input[i], k->x + r * k->size[0], k->size[0] * sizeof(float));
            memcpy(sets[s]->output[i], k->t + r * out, out * sizeof(float));
        }
    }
}

const char *side_prepare(const task *k)
{
    unsigned size[SIDE_LAYERS];
    if (!k->sigmoid)
        return "FANN has neither softmax nor Adam";
    for (size_t l = 0; l <= k->depth; l++)
        size[l] = (unsigned)k->size[l];
    net = fann_create_standard_array((unsigned)k->depth + 1, size);
    fann_set_activation_function_hidden(net, FANN_SIGMOID);
    fann_set_activation_function_output(net, FANN_SIGMOID);
    fann_set_activation_steepness_hidden(net, 0.5f); /* 1 / (1 + exp(-2 s e)) */
    fann_set_activation_steepness_output(net, 0.5f);
    fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
    fann_set_training_algorithm(net, k->batch == 1 ? FANN_TRAIN_INCREMENTAL : FANN_TRAIN_BATCH);
    fann_set_learning_rate(net, (float)(2 * SIDE_RATE_SGD));
    set_parameters(k);
    if (k->train && k->batch > 1)
        make_sets(k);
    return NULL;
}

void side_epoch(const task *k)
{
    if (k->batch == 1)
        for (size_t r = 0; r < k->rows; r++)
            fann_train(net, k->x + r * k->size[0], k->t + r * k->size[k->depth]);
    else
        for (size_t s = 0; s < k->rows / k->batch; s++)
            fann_train_epoch(net, sets[s]);
}

static volatile float seen;

void side_call(const task *k)
{
    for (size_t r = 0; r < k->batch; r++)
        seen = fann_run(net, k->x + r * k->size[0])[0];
}

void side_outputs(const task *k, size_t rows, float *y)
{
    size_t out = k->size[k->depth];
    for (size_t r = 0; r < rows; r++)
        memcpy(y + r * out, fann_run(net, k->x + r * k->size[0]), out * sizeof *y);
}
