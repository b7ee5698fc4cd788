/* ONNX: a model as one graph from raw columns to predictions, and dense networks back from graphs. docs/exporting.md. */
#ifndef BPNN_EXCHANGE_ONNX_H
#define BPNN_EXCHANGE_ONNX_H

#include "exchange/exchange.h"

/* False: the build went without protobuf-c or ONNX's onnx.proto, and the two calls below fail with USAGE. */
bool bpnn__onnx_built(void);

/* *bytes is freed with bpnn__free. Equal models give equal bytes. */
bpnn_status bpnn__onnx_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error);

/* The same as a row of the table of formats. */
bpnn_status bpnn__export_onnx(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error);

/* A model of bpnn__onnx_write comes back bit for bit; of other graphs dense chains are taken. MODEL errors name `name`. */
bpnn_status bpnn__onnx_read(bpnn_model **model, const void *bytes, size_t size, const char *name, bpnn_error *error);

/* Keys of metadata_props. */
#define BPNN__ONNX_DESCRIPTION "bpnn"       /* the model's description, as in the model file */
#define BPNN__ONNX_SCALING "bpnn_scaling"   /* input.mean .. of the model file: little-endian doubles in hex */
#define BPNN__ONNX_CHECKSUM "bpnn_checksum" /* CRC-32 of the model file, 8 hex digits */
#define BPNN__ONNX_MOST ((size_t)INT32_MAX) /* protobuf's own limit */

/* The last four bytes of a model file, in hex. */
static inline void bpnn__onnx_checksum(const void *file, size_t size, char text[9])
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *crc = (const unsigned char *)file + size - 4;
    for (int i = 0; i < 4; i++) {
        text[2 * i] = digits[crc[i] >> 4];
        text[2 * i + 1] = digits[crc[i] & 15];
    }
    text[8] = '\0';
}

#endif
