/* Parts of reading an ONNX file, a file each. */
#ifndef BPNN_EXCHANGE_ONNX_READ_H
#define BPNN_EXCHANGE_ONNX_READ_H

#include "exchange/foreign.h"
#include "exchange/onnx_graph.h"

/* A constant of the graph as doubles: at most two dimensions; a vector has one row. Freed with bpnn__free(values). */
typedef struct bpnn__constant {
    size_t dimensions, rows, cols; /* scalar: 0 dimensions, 1 x 1 */
    bool single;                   /* stored as FLOAT */
    double *values;
} bpnn__constant;

/* onnx_constant.c: true if `name` is an initializer or made by Constant, Identity or Transpose of one. */
bool bpnn__onnx_is_constant(const onnx_graph *graph, const char *name);

/* Its numbers; false and a failure where they cannot be read. */
bool bpnn__onnx_constant(bpnn__foreign *f, const onnx_graph *graph, const char *name, bpnn__constant *out);

/* The integers of a small constant (a shape), at most `most` of them; false: it has none. */
bool bpnn__onnx_integers(const onnx_graph *graph, const char *name, int64_t *out, size_t most, size_t *count);

/* The tensor behind a name, or NULL; *transposed is turned over by each Transpose on the way. */
const onnx_tensor *bpnn__onnx_find_tensor(const onnx_graph *graph, const char *name, bool *transposed);

/* Attribute of a node, NULL = it has none of this name. */
const onnx_attribute *bpnn__onnx_attribute(const onnx_node *node, const char *name);
int64_t bpnn__onnx_int_of(const onnx_node *node, const char *name, int64_t standard);
double bpnn__onnx_float_of(const onnx_node *node, const char *name, double standard);

/* onnx_chain.c: the dense chain of a graph. */
void bpnn__onnx_chain(bpnn__foreign *f, const onnx_model *file);

/* onnx_pattern.c: activations of one node, and of several nodes that belong together. *y is the name of their result. */
typedef struct bpnn__onnx_step {
    const onnx_graph *graph;
    int64_t opset;
    const onnx_node *use[4]; /* the nodes that take the present value; at most 3 are kept */
    size_t use_count;
    const char *x; /* the present value */
} bpnn__onnx_step;
bool bpnn__onnx_find_activation(bpnn__foreign *f, const bpnn__onnx_step *step, bpnn_activation *activation,
                                const char **y);

/* The nodes that take `name`, those of a label aside; at most 4 into use. Returns their number (4 = more). */
size_t bpnn__onnx_uses(const onnx_graph *graph, const char *name, const onnx_node *use[4]);

#endif
