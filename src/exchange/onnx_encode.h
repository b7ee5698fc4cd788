/* The two ends of the graph: raw columns to the network's inputs, the network's outputs to predictions. */
#ifndef BPNN_EXCHANGE_ONNX_ENCODE_H
#define BPNN_EXCHANGE_ONNX_ENCODE_H

#include "exchange/exchange.h"
#include "exchange/onnx_graph.h"

/* raw [N, features] of the precision -> [N, width] of the precision. Computed in double and rounded once, as for tables. */
const char *bpnn__onnx_encode(bpnn__onnx *g, const bpnn__schema *schema, const char *prefix, const char *raw);

/* Outputs y^D [N, outputs] -> shares of the classes or targets in their unit, as bpnn_prediction has them. */
const char *bpnn__onnx_values(bpnn__onnx *g, const bpnn_model *member, const char *prefix, const char *y);

/* The class index [N], int64: where the first of the largest of `x` [N, classes] stands (shares, or outputs of the network); of
 * two classes the second from 1/2 on, x being the shares. */
const char *bpnn__onnx_label(bpnn__onnx *g, const bpnn__schema *schema, const char *x);

#endif
