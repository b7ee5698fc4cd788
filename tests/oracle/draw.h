/* Random networks and data for the oracle tests: a function of the seed. */
#ifndef DRAW_H
#define DRAW_H

#include "oracle/reference.h"
#include <stdint.h>

enum { DRAW_ROWS = 320, DRAW_PARAMETERS = 20000 };

typedef struct drawn {
    ref_net net;
    size_t rows;
    bool weighted, indices; /* indices: one class a row, and the library is given `class` instead of t */
    double w[DRAW_PARAMETERS], x[DRAW_ROWS * REF_UNITS], t[DRAW_ROWS * REF_UNITS], weight[DRAW_ROWS], class[DRAW_ROWS];
} drawn;

typedef struct dice {
    uint64_t state;
} dice;

uint64_t dice_word(dice *d); /* splitmix64 */
double dice_uniform(dice *d, double low, double high);
size_t dice_below(dice *d, size_t bound);

/* The seed of this run: BPNN_TEST_SEED or 1; printed. */
uint64_t draw_seed(void);

/* A net of 1-4 hidden layers of 1-17 units with the given output pair; `hidden` is the first hidden activation, the
 * others are drawn. 1-9 rows. */
void draw(drawn *d, dice *die, bpnn_activation_kind hidden, bpnn_activation_kind output, bpnn_loss_kind loss);

/* Weights that keep |e| near 1 (spread 1.5) or 3, biases in [-1, 1]. */
void draw_parameters(drawn *d, dice *die, double spread);

/* Draws n rows of inputs, targets and weights for d->net. */
void draw_rows(drawn *d, dice *die, size_t n, double range);

/* The targets as the library is given them. */
bpnn_matrix draw_target_matrix(const drawn *d);

/* The library's loss and gradients of d at the net's parameters. */
bpnn_status draw_gradient(const drawn *d, const bpnn_net *net, double *loss, double *gradient, double *dx);

/* The library's net of the same description and parameters. NULL when the library refuses it. */
bpnn_net *draw_library_net(const drawn *d, bpnn_precision precision, size_t group_rows);

/* The larger; NaN wins. */
double larger(double a, double b);

/* Largest |a - b| / max(1, |a|); NaN where either has one. */
double distance(const double *a, const double *b, size_t n);

#endif
