/* Malformed files from a seed, any format: what the tests of readers share. */
#ifndef BPNN_TESTS_EXCHANGE_HOSTILE_H
#define BPNN_TESTS_EXCHANGE_HOSTILE_H

#include "model/made.h"

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

/* A reader as the table of formats has it. */
typedef bpnn_status (*reader)(bpnn_model **model, const void *bytes, size_t size, const char *name, bpnn_error *error);

/* Reads the bytes, under watch_begin (base/watch.h): no allocation over 64 MiB + 2 x file, an error is MODEL with a text, and what is accepted
 * is whole (model/made.h). */
bool holds(reader read, bytes file, size_t *accepted);

/* Random bytes changed, cut off, doubled, or taken from `other`. The result has room for it: freed with free. */
bytes spoil(dice *d, bytes file, bytes other);

/* A copy with `removed` bytes at `at` replaced by new ones; freed with free. */
bytes spliced(bytes file, size_t at, size_t removed, const void *added, size_t count);

#endif
