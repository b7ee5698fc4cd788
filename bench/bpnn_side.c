/* This library as a program of the comparison: peers/side.h. */
#include "peers/side.h"

#include <bpnn.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bpnn_net *net;
static bpnn_trainer *trainer;
static bpnn_predictor *predictor;
static float *outputs;
static void *workspace;
static size_t workspace_size;

static void make_net(const task *k)
{
    bpnn_layer layers[SIDE_LAYERS];
    bpnn_net_options o;
    bpnn_error error;
    memset(layers, 0, sizeof layers);
    int hidden = bpnn_word_find(BPNN_WORDS_ACTIVATION, k->activation);
    int last = k->classes ? BPNN_ACT_SOFTMAX : k->sigmoid ? BPNN_ACT_SIGMOID : BPNN_ACT_IDENTITY;
    for (size_t m = 1; m <= k->depth; m++) {
        layers[m - 1].size = k->size[m];
        layers[m - 1].activation.kind = (bpnn_activation_kind)(m < k->depth ? hidden : last);
        layers[m - 1].activation.parameter = (double)NAN;
    }
    bpnn_net_options_default(&o);
    o.inputs = k->size[0];
    o.layer_count = k->depth;
    o.layers = layers;
    o.loss.kind = k->classes ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    if (bpnn_net_new(&net, &o, &error) != BPNN_OK)
        side_fail(error.text);
    double *w = side_memory(k->parameter_count * sizeof *w);
    for (size_t i = 0; i < k->parameter_count; i++)
        w[i] = (double)k->w[i];
    bpnn_net_set_parameters(net, w);
    free(w);
}

static void make_trainer(const task *k)
{
    bpnn_train_options o;
    bpnn_error error;
    bool adam = strcmp(k->method, "adam") == 0, momentum = strcmp(k->method, "momentum") == 0;
    bpnn_train_options_default(&o);
    o.method = momentum ? "sgd" : k->method;
    o.momentum = momentum ? 0.9 : (double)NAN;
    o.rate = adam ? SIDE_RATE_ADAM : SIDE_RATE_SGD;
    o.batch = k->batch;
    o.shuffle = false;
    o.threads = k->threads;
    bpnn_data data = {.inputs = bpnn_matrix_of(k->x, k->rows, k->size[0]),
                      .targets = bpnn_matrix_of(k->t, k->rows, k->target_columns)};
    if (bpnn_trainer_new(&trainer, net, &data, &o, &error) != BPNN_OK)
        side_fail(error.text);
}

/* The parameters of the moment, packed for prediction. */
static void make_predictor(size_t rows)
{
    bpnn_error error;
    if (trainer)
        bpnn_trainer_get(trainer, net);
    bpnn_predictor_free(predictor);
    free(workspace);
    if (bpnn_predictor_new(&predictor, net, NULL, &error) != BPNN_OK)
        side_fail(error.text);
    workspace_size = bpnn_predictor_workspace(predictor, rows < 256 ? rows : 256);
    workspace = side_memory(workspace_size);
}

const char *side_prepare(const task *k)
{
    make_net(k);
    if (k->train)
        make_trainer(k);
    else
        outputs = side_memory(k->batch * k->size[k->depth] * sizeof *outputs);
    return NULL;
}

void side_epoch(const task *k)
{
    double loss;
    bpnn_error error;
    (void)k;
    if (bpnn_trainer_epoch(trainer, &loss, &error) != BPNN_OK)
        side_fail(error.text);
}

void side_call(const task *k)
{
    if (bpnn_predictor_run(predictor, bpnn_matrix_of(k->x, k->batch, k->size[0]), outputs, BPNN_F32, workspace,
                           workspace_size, NULL) != BPNN_OK)
        side_fail("prediction");
}

void side_outputs(const task *k, size_t rows, float *y)
{
    make_predictor(k->train ? rows : k->batch);
    if (bpnn_predictor_run(predictor, bpnn_matrix_of(k->x, rows, k->size[0]), y, BPNN_F32, workspace, workspace_size,
                           NULL) != BPNN_OK)
        side_fail("prediction");
}
