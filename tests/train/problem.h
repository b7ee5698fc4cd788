/* Small tables and nets to train on. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include <bpnn/train.h>
#include <stdint.h>

enum { PROBLEM_ROWS = 3000, PROBLEM_INPUTS = 7, PROBLEM_OUTPUTS = 5, PROBLEM_PARAMETERS = 4096 };

/* Random rows: targets depend on the inputs, with noise. */
typedef struct problem {
    size_t rows, inputs, outputs;
    double x[PROBLEM_ROWS * PROBLEM_INPUTS], t[PROBLEM_ROWS * PROBLEM_OUTPUTS], weight[PROBLEM_ROWS];
    bool weighted;
} problem;

/* BPNN_TEST_SEED or 1; printed. */
uint64_t problem_seed(void);

double problem_uniform(uint64_t *state); /* in [0, 1) */

void problem_regression(problem *p, size_t rows, size_t inputs, size_t outputs, uint64_t seed);

/* `classes` clusters; one column of class indices. */
void problem_classes(problem *p, size_t rows, size_t classes, uint64_t seed);

/* Rows first .. first + count - 1. */
bpnn_data problem_data(const problem *p, size_t first, size_t count);

/* inputs - 9 tanh - 6 relu - outputs, glorot, mse; or with classes softmax and crossentropy. */
bpnn_net *problem_net(const problem *p, bpnn_precision precision, size_t classes, uint64_t seed);

/* options with `epochs`, no early stopping, one thread */
bpnn_train_options problem_options(const char *method, size_t epochs);

/* Trains a fresh problem_net with the options and copies its parameters to w; returns their number. */
size_t problem_train(const problem *p, bpnn_precision precision, size_t classes, const bpnn_train_options *o,
                     double *w);

/* Largest |a - b| / max(1, |a|) */
double problem_distance(const double *a, const double *b, size_t n);

#endif
