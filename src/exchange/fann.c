/* FANN's activations. Not among them: those with the range -1 .. 1 of threshold and gaussian, sin and cos moved into 0 .. 1, and the stepwise ones, which
 * are approximations of others. */
#include "exchange/fann.h"

#include <stddef.h>

static const bpnn__fann_activation list[] = {
    {0, "FANN_LINEAR", BPNN_ACT_IDENTITY, 1, 0},
    {1, "FANN_THRESHOLD", BPNN_ACT_THRESHOLD, 1, 0},
    {3, "FANN_SIGMOID", BPNN_ACT_SIGMOID, 2, 0},
    {5, "FANN_SIGMOID_SYMMETRIC", BPNN_ACT_TANH, 1, 0},
    {7, "FANN_GAUSSIAN", BPNN_ACT_GAUSSIAN, 1, 0},
    {10, "FANN_ELLIOT", BPNN_ACT_ELLIOT, 1, 0},
    {11, "FANN_ELLIOT_SYMMETRIC", BPNN_ACT_SOFTSIGN, 1, 0},
    {12, "FANN_LINEAR_PIECE", BPNN_ACT_HARD_SIGMOID, 5, -2.5},
    {13, "FANN_LINEAR_PIECE_SYMMETRIC", BPNN_ACT_HARD_TANH, 1, 0},
    {14, "FANN_SIN_SYMMETRIC", BPNN_ACT_SIN, 1, 0},
    {15, "FANN_COS_SYMMETRIC", BPNN_ACT_COS, 1, 0},
};

const bpnn__fann_activation *bpnn__fann_find(int number)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].number == number)
            return &list[i];
    return NULL;
}

const bpnn__fann_activation *bpnn__fann_of(bpnn_activation_kind kind)
{
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (list[i].kind == kind)
            return &list[i];
    return NULL;
}
