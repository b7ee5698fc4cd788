/* Building the graph of an ONNX model: nodes, initializers, names. All of it lives in one list of memory blocks and is freed
 * at once; numbers of initializers may be borrowed. Once memory ran out, `failed` stays set and the rest is ignored. */
#ifndef BPNN_EXCHANGE_ONNX_GRAPH_H
#define BPNN_EXCHANGE_ONNX_GRAPH_H

#include <onnx.pb-c.h>

#include <bpnn/net.h>
#include <stdbool.h>

typedef Bpnn__Onnx__ModelProto onnx_model;
typedef Bpnn__Onnx__GraphProto onnx_graph;
typedef Bpnn__Onnx__NodeProto onnx_node;
typedef Bpnn__Onnx__TensorProto onnx_tensor;
typedef Bpnn__Onnx__AttributeProto onnx_attribute;
typedef Bpnn__Onnx__ValueInfoProto onnx_value;
typedef Bpnn__Onnx__StringStringEntryProto onnx_entry;

enum {
    ONNX_FLOAT = BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    ONNX_DOUBLE = BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
    ONNX_INT32 = BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    ONNX_INT64 = BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    ONNX_STRING = BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__STRING
};

enum { BPNN__ONNX_OPSET = 13, BPNN__ONNX_IR = 7 };

typedef struct bpnn__onnx {
    onnx_graph graph;
    bool single; /* precision of the network: FLOAT, else DOUBLE */
    bool failed;
    size_t node_room, tensor_room, values; /* values: names given so far */
    void **blocks;
    size_t block_count, block_room;
} bpnn__onnx;

/* The precision's element type. */
static inline int bpnn__onnx_real(const bpnn__onnx *g)
{
    return g->single ? ONNX_FLOAT : ONNX_DOUBLE;
}

void *bpnn__onnx_keep(bpnn__onnx *g, size_t count, size_t size); /* zeroed, freed with the graph; NULL = failed */
char *bpnn__onnx_text(bpnn__onnx *g, const char *prefix, const char *text);
void bpnn__onnx_free(bpnn__onnx *g);

/* A node with up to three inputs (NULL = fewer) and one output, whose name is returned and is new. */
const char *bpnn__onnx_node(bpnn__onnx *g, const char *op, const char *a, const char *b, const char *c);

/* Attributes of the node made last, and its output called otherwise. */
void bpnn__onnx_int(bpnn__onnx *g, const char *name, int64_t value);
void bpnn__onnx_float(bpnn__onnx *g, const char *name, double value);
void bpnn__onnx_output(bpnn__onnx *g, const char *name);

/* An initializer called prefix + name, over borrowed numbers; rows x cols, cols 0 = one dimension. Returns its name. */
const char *bpnn__onnx_tensor(bpnn__onnx *g, const char *prefix, const char *name, int type, size_t rows, size_t cols,
                              const void *data);

/* The scalar of the precision; made once for equal numbers. */
const char *bpnn__onnx_scalar(bpnn__onnx *g, double value);

/* An input or output of the graph: [N, cols], or [N] with cols 0. */
onnx_value *bpnn__onnx_value(bpnn__onnx *g, const char *name, int type, size_t cols);

/* onnx_activation.c: Act(e) by standard operators. softmax forms over the last axis. */
const char *bpnn__onnx_activation(bpnn__onnx *g, const bpnn_activation *activation, const char *e);

#endif
