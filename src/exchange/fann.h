/* Activations of FANN (fann_data.h) as ours, and back. */
#ifndef BPNN_EXCHANGE_FANN_H
#define BPNN_EXCHANGE_FANN_H

#include <bpnn/net.h>

/* FANN's function `number` at steepness s is our kind of factor * s * e + shift. */
typedef struct bpnn__fann_activation {
    int number;
    const char *name;
    bpnn_activation_kind kind;
    double factor, shift;
} bpnn__fann_activation;

const bpnn__fann_activation *bpnn__fann_find(int number);              /* NULL: none of ours */
const bpnn__fann_activation *bpnn__fann_of(bpnn_activation_kind kind); /* NULL: FANN has none */

#endif
