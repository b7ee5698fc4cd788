/* What writing and parsing a container share. */
#ifndef BPNN_MODEL_HEADER_H
#define BPNN_MODEL_HEADER_H

#include "base/text.h"
#include "model/container.h"

#define BPNN__CHECKSUM "checksum"

size_t bpnn__element_size(bpnn__element element);
int bpnn__element_find(const char *name); /* "F64" ..; -1: no such */

/* < 0: a stands before b in the file. */
int bpnn__tensor_order(const bpnn__tensor *a, const bpnn__tensor *b);

/* The header's bytes for placed tensors (checksum included), padded. False: out of memory. */
bool bpnn__header_text(bpnn__text *text, const bpnn__tensor *tensors, size_t count, const char *metadata);

/* Bytes a header may have before so many bytes of tensors: a JSON reader takes up to 80 bytes a byte of text. */
size_t bpnn__header_limit(size_t data_bytes);

#endif
