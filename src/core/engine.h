/* The mathematics of one network in one precision behind one face: rows in, loss and gradient out,
 * parameters updated. Floors above choose nothing here by precision; the engine carries it.
 *
 * An engine holds the parameters in panel form (they are the truth while it works), the batch's arrays, and the
 * method's state. One thread at a time calls it; it spreads work over its own pool. Nothing after _new allocates. */
#ifndef BPNN_CORE_ENGINE_H
#define BPNN_CORE_ENGINE_H

#include "core/dense.h"
#include "net/net.h"
#include <bpnn/train.h>

typedef struct bpnn__engine bpnn__engine;

typedef struct bpnn__engine_options {
    size_t max_rows;   /* rows of the largest batch; memory is for min(max_rows, group_rows) */
    bool training;     /* false: forward and evaluate alone */
    bool input_deltas; /* dL/dX wanted */
    bool
        store_gradient; /* true where apply() or read_gradient() will be used; steps of more than group_rows rows and clipping need it too */
    bool curvature;     /* curvature() will be used; double alone, no dropout */
    size_t state_count; /* numbers of method state a parameter */
    double dropout;     /* probability p, hidden layers */
    uint64_t seed;      /* of the dropout stream */
    size_t threads;     /* 0 = what the machine offers */
    const char *isa;    /* NULL = auto */
} bpnn__engine_options;

/* Rows of a batch. */
typedef struct bpnn__batch {
    bpnn_matrix inputs;        /* the whole data set: N x s_0 */
    bpnn_matrix targets;       /* N x s_D, or N x 1 class indices (s_D > 1 and crossentropy or focal) */
    const double *row_weights; /* N or NULL */
    double weight_scale;       /* multiplies every row weight (1, or what makes their mean 1) */
    const size_t *rows;        /* indices of the batch's rows, or NULL = first, first + 1, .. */
    size_t first, count;
    uint64_t update; /* t, from 1: the dropout masks depend on it */
} bpnn__batch;

/* One elementwise update of a method on whole lines: lines * LANES numbers each. constants and arrays are of the
 * engine's precision; states[k] are the method's state arrays, g the gradient (of the loss, l2 * w added for weights). */
typedef void (*bpnn__update_fn)(const void *constants, size_t lines, void *w, const void *g, void *const *states);

#define BPNN__CONSTANTS 12

/* What a step does with the gradient, in this order: clip, g += l2 w (weights), w *= 1 - decay (weights), update,
 * shrink by l1 (weights). */
typedef struct bpnn__update {
    bpnn__update_fn function;
    bool plain;                        /* it is w -= constants[0] g */
    double constants[BPNN__CONSTANTS]; /* computed in double, rounded once to the engine's precision */
    double l2;                         /* added to the gradient of weights */
    double decay;                      /* a * l2 of decoupled decay */
    double shrink;                     /* a * l1 */
    double clip;                       /* global norm C; 0 = off */
} bpnn__update;

/* USAGE when inputs or targets do not have the network's shape. */
bpnn_status bpnn__check_data(const bpnn_net *net, const bpnn_data *data, bpnn_error *error);

bpnn_status bpnn__engine_new(bpnn__engine **engine, const bpnn_net *net, const bpnn__engine_options *options,
                             bpnn_error *error);
void bpnn__engine_free(bpnn__engine *engine);

bpnn_precision bpnn__engine_precision(const bpnn__engine *engine);
int bpnn__engine_isa(const bpnn__engine *engine); /* bpnn__isa: for choosing the update function */
size_t bpnn__engine_threads(const bpnn__engine *engine);
bpnn__pool *bpnn__engine_pool(const bpnn__engine *engine); /* lives as long as the engine */
bool bpnn__engine_stores_gradient(const bpnn__engine *engine);

/* Parameters from and to a net of the same shape. load also builds the twins; states are left alone. */
void bpnn__engine_load(bpnn__engine *engine, const bpnn_net *net);
void bpnn__engine_store(const bpnn__engine *engine, bpnn_net *net);

/* The same from seed form: parameter_count doubles. */
void bpnn__engine_load_doubles(bpnn__engine *engine, const double *parameters);

/* Sets every number of state k to `value` (padding stays 0). */
void bpnn__engine_fill_state(bpnn__engine *engine, size_t k, double value);

/* State k in seed form, out and in: parameter_count doubles (a shared bias is one). */
void bpnn__engine_get_state(const bpnn__engine *engine, size_t k, double *out);
void bpnn__engine_set_state(bpnn__engine *engine, size_t k, const double *in);

/* One fused update: rows phase, then weights phase block by block. *loss = reduced loss of the batch before the
 * update (no penalty). When the loss is not finite nothing is updated (look at *loss). Batches larger than group_rows, clipping:
 * gradient() and apply() with the same bits (needs store_gradient). */
void bpnn__engine_step(bpnn__engine *engine, const bpnn__batch *batch, const bpnn__update *update, double *loss);

/* `count` such steps: step i takes batch->count rows from batch->rows + i * batch->count and updates[i] (or updates[0] for
 * all: `same`). Returns how many were done; the next one's loss, losses[done], was not finite. */
size_t bpnn__engine_steps(bpnn__engine *engine, const bpnn__batch *batch, const bpnn__update *updates, bool same,
                          size_t count, double *losses);

/* Loss and gradient, stored in the engine (store_gradient). input_gradient: count x s_0 doubles (dL/dX of the
 * batch's rows, in their order) or NULL. */
void bpnn__engine_gradient(bpnn__engine *engine, const bpnn__batch *batch, double *loss, double *input_gradient);

/* Applies the stored gradient. False: clipping met a norm that is not finite; nothing was updated. */
bool bpnn__engine_apply(bpnn__engine *engine, const bpnn__update *update);

/* The stored gradient in seed form (shared bias: the sum). */
void bpnn__engine_read_gradient(const bpnn__engine *engine, double *gradient);

/* Reduced loss over the batch's rows without dropout, any count; y^D of every row into outputs (count x s_D doubles) unless NULL. */
void bpnn__engine_evaluate(bpnn__engine *engine, const bpnn__batch *batch, double *loss, double *outputs);

/* USAGE for a loss that has no curvature. */
bpnn_status bpnn__curvature_check(bpnn_loss_kind loss, bpnn_error *error);

/* The generalised Gauss-Newton matrix of the batch's loss at the parameters, in seed form order (option curvature). */
void bpnn__engine_curvature(bpnn__engine *engine, const bpnn__batch *batch, bpnn__dense *a);

/* R(w) = l2/2 sum w^2 + l1 sum |w| over the weights, in double, fixed order. */
double bpnn__engine_penalty(const bpnn__engine *engine, double l1, double l2);

/* The first layer (1..D) whose parameters are not all finite, 0 = none; and, after a step or gradient, the first
 * layer whose outputs were not all finite in that batch (0 = none). */
size_t bpnn__engine_bad_parameters(const bpnn__engine *engine);
size_t bpnn__engine_bad_outputs(const bpnn__engine *engine);

#endif
