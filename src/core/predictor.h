/* Applying a network in one precision: contracts as in <bpnn/net.h>. */
#ifndef BPNN_CORE_PREDICTOR_H
#define BPNN_CORE_PREDICTOR_H

#include "kernel/real.h"
#include <bpnn/net.h>

bpnn_status BPNN_NAME(predictor_new)(void **predictor, const bpnn_net *net, const char *isa, bpnn_error *error);
void BPNN_NAME(predictor_free)(void *predictor);
size_t BPNN_NAME(predictor_workspace)(const void *predictor, size_t rows);
void BPNN_NAME(predictor_run)(const void *predictor, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype,
                              void *workspace, size_t workspace_size);
bpnn_status BPNN_NAME(trace)(const bpnn_net *net, bpnn_matrix inputs, double *const *preacts, double *const *outputs,
                             bpnn_error *error);

#endif
