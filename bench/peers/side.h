/* What every program of the comparison has in common: the task it is given, the data it reads, the clock. side.c has the
 * main function; a program supplies the side_ functions at the end.
 *
 * A program reads lines from standard input and answers each by one line:
 *   train FILES LAYERS ACTIVATION LOSS ROWS BATCH THREADS METHOD     prepare; one epoch; "ok first=LOSS last=LOSS rss=KIB"
 *   predict FILES LAYERS ACTIVATION LOSS ROWS BATCH THREADS -        prepare; "ok first=LOSS last=LOSS rss=KIB"
 *   go SECONDS                                                       work for about so long; "ROWS SECONDS"
 * or "no REASON". A task comes once a process. FILES.x, FILES.t, FILES.w are floats, row-major: inputs, targets (one
 * column of classes with crossentropy), and the initial parameters w^1, b^1, w^2, ..; w^m is s_{m-1} x s_m.
 * ACTIVATION is of the hidden layers. LOSS: crossentropy = softmax outputs, mse = identity outputs (sigmoid where
 * the hidden layers have it) and the sum of squares over a row's outputs, mean over the rows. Batches come in order. */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SIDE_LAYERS = 40, SIDE_LOSS_ROWS = 1024 };

typedef struct task {
    bool train;
    size_t depth, size[SIDE_LAYERS]; /* size[0] inputs */
    char activation[16], method[16]; /* relu tanh sigmoid | sgd momentum adam */
    bool classes, sigmoid;           /* softmax and crossentropy; sigmoid everywhere */
    size_t rows, batch, threads;     /* batch: rows a step, or rows a call of prediction; rows: a multiple of it */
    size_t parameter_count, target_columns;
    float *x, *t, *w;
} task;

/* Learning rates of the three methods; momentum 0.9; adam 0.9, 0.999, 1e-8. */
#define SIDE_RATE_SGD 0.01
#define SIDE_RATE_ADAM 0.001

/* Where w^m and b^m (m = 1..depth) begin in the parameters. */
size_t side_weights(const task *k, size_t m);
size_t side_biases(const task *k, size_t m);

/* A dense matrix of targets: t itself, or one column a class. The caller's to free. */
float *side_dense_targets(const task *k);

void *side_memory(size_t bytes); /* 64-byte aligned, or ends the program */
void side_fail(const char *what);

/* ---- what a program supplies ---- */

/* NULL, or why it cannot do this task. */
const char *side_prepare(const task *k);
/* All rows of the data, a step a batch, in order. */
void side_epoch(const task *k);
/* One call of prediction: `batch` rows from the first on. */
void side_call(const task *k);
/* Outputs of the first `rows` rows (a multiple of batch), rows x size[depth]. */
void side_outputs(const task *k, size_t rows, float *y);

#ifdef __cplusplus
}
#endif

#endif
