/* What is looked at before protobuf-c unpacks the bytes of a stranger. */
#ifndef BPNN_EXCHANGE_ONNX_CHECK_H
#define BPNN_EXCHANGE_ONNX_CHECK_H

#include <bpnn/status.h>

/* Walks the wire format of a ModelProto: lengths inside their message, depth <= 32, no groups, no field twice that may be there
 * once, at most 2^20 fields, at most 1 MiB of packed integers (each takes 8 bytes in memory). MODEL names `file`. */
bpnn_status bpnn__onnx_check(const void *bytes, size_t size, const char *file, bpnn_error *error);

#endif
