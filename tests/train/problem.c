#include "train/problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

uint64_t problem_seed(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    printf("BPNN_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

double problem_uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

void problem_regression(problem *p, size_t rows, size_t inputs, size_t outputs, uint64_t seed)
{
    *p = (problem){.rows = rows, .inputs = inputs, .outputs = outputs};
    for (size_t r = 0; r < rows; r++) {
        double *x = p->x + r * inputs;
        for (size_t i = 0; i < inputs; i++)
            x[i] = 2 * problem_uniform(&seed) - 1;
        for (size_t k = 0; k < outputs; k++)
            p->t[r * outputs + k] = sin(2 * x[k % inputs]) + x[0] * x[inputs - 1] + 0.1 * problem_uniform(&seed);
        p->weight[r] = 0.25 + problem_uniform(&seed);
    }
}

void problem_classes(problem *p, size_t rows, size_t classes, uint64_t seed)
{
    *p = (problem){.rows = rows, .inputs = 4, .outputs = 1};
    for (size_t r = 0; r < rows; r++) {
        double angle = 6.283185307179586 * (double)(r % classes) / (double)classes;
        const double centre[] = {cos(angle), sin(angle), 0, 0};
        for (size_t i = 0; i < 4; i++)
            p->x[r * 4 + i] = centre[i] + 0.5 * (problem_uniform(&seed) - 0.5);
        p->t[r] = (double)(r % classes);
        p->weight[r] = 0.25 + problem_uniform(&seed);
    }
}

bpnn_data problem_data(const problem *p, size_t first, size_t count)
{
    return (bpnn_data){.inputs = bpnn_matrix_of(p->x + first * p->inputs, count, p->inputs),
                       .targets = bpnn_matrix_of(p->t + first * p->outputs, count, p->outputs),
                       .row_weights = p->weighted ? p->weight + first : NULL};
}

bpnn_net *problem_net(const problem *p, bpnn_precision precision, size_t classes, uint64_t seed)
{
    const bpnn_layer layers[] = {{.size = 9, .activation = {.kind = BPNN_ACT_TANH}},
                                 {.size = 6, .activation = {.kind = BPNN_ACT_RELU}},
                                 {.size = classes ? classes : p->outputs,
                                  .activation = {.kind = classes ? BPNN_ACT_SOFTMAX : BPNN_ACT_IDENTITY}}};
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = p->inputs;
    o.layer_count = 3;
    o.layers = layers;
    o.loss.kind = classes ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
    o.loss.parameter = (double)NAN;
    o.precision = precision;
    bpnn_net *net;
    assert_int_equal(bpnn_net_new(&net, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, seed, NULL, NULL, NULL), BPNN_OK);
    assert_true(bpnn_net_parameter_count(net) <= PROBLEM_PARAMETERS);
    return net;
}

bpnn_train_options problem_options(const char *method, size_t epochs)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = method;
    o.epochs = epochs;
    o.patience = 0;
    o.threads = 1;
    return o;
}

size_t problem_train(const problem *p, bpnn_precision precision, size_t classes, const bpnn_train_options *o, double *w)
{
    bpnn_net *net = problem_net(p, precision, classes, 5);
    bpnn_data data = problem_data(p, 0, p->rows);
    bpnn_error error;
    error.text[0] = '\0';
    bpnn_status status = bpnn_train(net, &data, NULL, o, NULL, &error);
    if (status != BPNN_OK)
        fail_msg("%s", error.text);
    bpnn_net_get_parameters(net, w);
    size_t count = bpnn_net_parameter_count(net);
    bpnn_net_free(net);
    return count;
}

double problem_distance(const double *a, const double *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double here = fabs(a[i] - b[i]) / fmax(1, fabs(a[i]));
        worst = here > worst || isnan(here) ? here : worst;
    }
    return worst;
}
