/* What the two halves of restoring share. */
#ifndef BPNN_MODEL_RESTORE_H
#define BPNN_MODEL_RESTORE_H

#include "model/model.h"
#include "model/scope.h"

typedef struct bpnn__restoring {
    bpnn_model *model;
    const bpnn__container *container;
    size_t taken; /* tensors asked for */
    bpnn__source source;
} bpnn__restoring;

/* restore_training.c: the key "training". */
void bpnn__restore_training(bpnn__restoring *r, bpnn__scope *root);

/* restore.c: the tensors of layer m, over the net's own parameters. `bias` means nothing without has_bias. False: sizes
 * too large. */
bool bpnn__layer_tensors(const bpnn_net *net, size_t m, bpnn__tensor *weight, bpnn__tensor *bias, bool *has_bias);

#endif
