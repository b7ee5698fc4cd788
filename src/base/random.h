/* Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers:
 * as easy as 1, 2, 3"). A value depends on its key and counter alone: no state, no order. */
#ifndef BPNN_BASE_RANDOM_H
#define BPNN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct bpnn__philox {
    uint32_t v[4];
} bpnn__philox;

/* What the numbers are for: part of the key, so that streams never meet. */
typedef enum bpnn__stream {
    BPNN__STREAM_INIT = 1,
    BPNN__STREAM_SHUFFLE = 2,
    BPNN__STREAM_DROPOUT = 3,
    BPNN__STREAM_SPLIT = 4,
    BPNN__STREAM_BENCH = 5,
    BPNN__STREAM_FOLDS = 8,
    BPNN__STREAM_TUNE = 9
} bpnn__stream;

/* The key of a stream: seed and stream mixed into 64 bits (one Philox call); key[0], key[1]. */
void bpnn__random_key(uint64_t seed, bpnn__stream stream, uint32_t key[2]);

static inline bpnn__philox bpnn__philox4x32(bpnn__philox counter, uint32_t k0, uint32_t k1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * counter.v[0];
        uint64_t p1 = (uint64_t)0xCD9E8D57u * counter.v[2];
        bpnn__philox next = {{(uint32_t)(p1 >> 32) ^ counter.v[1] ^ k0, (uint32_t)p1,
                              (uint32_t)(p0 >> 32) ^ counter.v[3] ^ k1, (uint32_t)p0}};
        counter = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return counter;
}

/* Uniform in (0, 1): the top 52 bits of two words, plus one half: exact in double, never 0 or 1. */
static inline double bpnn__uniform01(uint32_t high, uint32_t low)
{
    uint64_t bits = ((uint64_t)high << 20) | (low >> 12);
    return ((double)bits + 0.5) * 0x1p-52;
}

/* Words of element `index` of a stream; `group` tells matrices of one stream apart. */
static inline bpnn__philox bpnn__random_words(const uint32_t key[2], uint64_t index, uint32_t group)
{
    bpnn__philox counter = {{(uint32_t)index, (uint32_t)(index >> 32), group, 0}};
    return bpnn__philox4x32(counter, key[0], key[1]);
}

/* A permutation of 0..n-1: Fisher-Yates from the end, unbiased, a function of (key, round) alone. */
void bpnn__random_permutation(const uint32_t key[2], uint64_t round, size_t *order, size_t n);

#endif
