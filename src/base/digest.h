/* A digest of 128 bits that tells contents apart at the speed of memory. Two different contents meet in it by chance once in 2^64;
 * it is no protection against somebody who makes them meet. */
#ifndef BPNN_BASE_DIGEST_H
#define BPNN_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct bpnn__digest {
    uint64_t lane[8];
    uint64_t size;
    unsigned char rest[64]; /* size % 64 bytes that fill no line yet */
} bpnn__digest;

void bpnn__digest_begin(bpnn__digest *digest);
void bpnn__digest_add(bpnn__digest *digest, const void *bytes, size_t size); /* in pieces of any size */
void bpnn__digest_end(const bpnn__digest *digest, uint64_t out[2]);

#endif
