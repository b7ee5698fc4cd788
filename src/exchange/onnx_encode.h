/* The two ends of the graph: raw columns to the network's inputs, the network's outputs to predictions. */
#ifndef BPNN_EXCHANGE_ONNX_ENCODE_H
#define BPNN_EXCHANGE_ONNX_ENCODE_H

#include "exchange/onnx_graph.h"
#include "model/model.h"

/* raw [N, features] of the precision -> [N, width] of the precision. Computed in double and rounded once, as for tables. */
const char *bpnn__onnx_encode(bpnn__onnx *g, const bpnn__schema *schema, const char *prefix, const char *raw);

/* Outputs y^D [N, outputs] -> shares of the classes or targets in their unit, as bpnn_prediction has them. */
const char *bpnn__onnx_values(bpnn__onnx *g, const bpnn_model *model, const char *prefix, const char *y);

/* The class index [N], int64. y: outputs of the network; values: as above. */
const char *bpnn__onnx_label(bpnn__onnx *g, const bpnn_model *model, const char *y, const char *values);

#endif
