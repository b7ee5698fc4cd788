/* The container of model files: a strict, canonical safetensors file with a checksum.
 *
 *   8 bytes  little-endian length of the header, a multiple of 8
 *   header   {"__metadata__":{"bpnn":TEXT},NAME:{"dtype":..,"shape":[..],"data_offsets":[a,b]},..}, padded with blanks
 *   data     little-endian tensors without gaps, by element size descending, then by the bytes of their names; last
 *            "checksum", U32: CRC-32 of all bytes of the file before it
 *
 * Limits: header 1 MiB, or as large as the data up to 16 MiB; file 16 GiB; texts 64 KiB. */
#ifndef BPNN_MODEL_CONTAINER_H
#define BPNN_MODEL_CONTAINER_H

#include <bpnn/status.h>
#include <stdbool.h>

#define BPNN__FILE_MOST ((uint64_t)16 << 30)
#define BPNN__STRING_MOST ((size_t)64 << 10)

typedef enum bpnn__element { BPNN__F64, BPNN__F32, BPNN__U32, BPNN__ELEMENTS } bpnn__element;

enum { BPNN__TENSOR_NAME = 32 };

typedef struct bpnn__tensor {
    char name[BPNN__TENSOR_NAME];
    bpnn__element element;
    size_t dimensions, shape[2];
    const void *data; /* of any alignment */
    size_t bytes, begin;
} bpnn__tensor;

/* A file that was checked whole. `tensors` (without the checksum) point into its bytes, on machines whose numbers are not
 * little-endian into `owned`. */
typedef struct bpnn__container {
    char *metadata;
    size_t count;
    bpnn__tensor *tensors;
    unsigned char *owned;
} bpnn__container;

/* cols 0 = one dimension. False: sizes too large. */
bool bpnn__tensor_make(bpnn__tensor *tensor, const char *name, bpnn__element element, size_t rows, size_t cols,
                       const void *data);

/* Sorts the tensors (room for one more is needed: the checksum). *bytes is freed with bpnn__free. */
bpnn_status bpnn__container_write(bpnn__tensor *tensors, size_t count, const char *metadata, void **bytes, size_t *size,
                                  bpnn_error *error);

/* MODEL unless the bytes are exactly what container_write makes. The bytes are borrowed. */
bpnn_status bpnn__container_parse(bpnn__container *container, const void *bytes, size_t size, const char *file,
                                  bpnn_error *error);
void bpnn__container_free(bpnn__container *container); /* contents; zeroes the struct */

/* The tensor of that name, or NULL. */
const bpnn__tensor *bpnn__container_find(const bpnn__container *container, const char *name);

#endif
