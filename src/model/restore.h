/* What the two halves of restoring share. */
#ifndef BPNN_MODEL_RESTORE_H
#define BPNN_MODEL_RESTORE_H

#include "model/model.h"
#include "model/scope.h"

typedef struct bpnn__restoring {
    bpnn_model *model;    /* being filled: the whole, or a member */
    size_t member;        /* its number from 1; 0: no member */
    bpnn__run_notes *run; /* NULL: of a model's file */
    const bpnn__container *container;
    size_t taken; /* tensors asked for */
    bpnn__source source;
} bpnn__restoring;

/* restore_training.c: the key "training". */
void bpnn__restore_training(bpnn__restoring *r, bpnn__scope *root);

/* restore_members.c: empty members, the first of them to be filled next; false: r->source tells. Then all of them, once the first has
 * its network and columns: the others have the same, with numbers of their own; at last the whole is being filled again. */
bool bpnn__make_members(bpnn__restoring *r, bpnn_model *whole, size_t count);
void bpnn__restore_members(bpnn__restoring *r, bpnn_model *whole, json_t *members);

/* restore.c: the network of these options, and the numbers of the columns, from the tensors. */
void bpnn__restore_net(bpnn__restoring *r, const bpnn_net_options *options);
void bpnn__restore_numbers(bpnn__restoring *r);

/* restore.c: what, with "member.K." before it for member K; 0: no member. `what` is at most "layer.1024.weight". */
void bpnn__tensor_name(char name[BPNN__TENSOR_NAME], size_t member, const char *what);

/* restore.c: the tensors of layer m, over the net's own parameters. `bias` means nothing without has_bias. False: sizes
 * too large. */
bool bpnn__layer_tensors(const bpnn_net *net, size_t member, size_t m, bpnn__tensor *weight, bpnn__tensor *bias,
                         bool *has_bias);

#endif
