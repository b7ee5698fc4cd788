/* Eight lanes of 64 bits, each takes every eighth word: lane = rotate(lane + word * A, 31) * B with odd A, B. A step is a bijection
 * of the lane for every word and of the word for every lane, so a change of one word is never lost. */
#include "base/digest.h"

#include <string.h>

#define A 0x9e3779b97f4a7c15u /* 2^64 / golden ratio, made odd */
#define B 0xd6e8feb86659fd93u
enum { LANES = 8, LINE = 64 };

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* The same on machines of either byte order is not needed: what is stored stays on its machine. */
static void add_line(uint64_t *lane, const unsigned char *line)
{
    uint64_t word[LANES];
    memcpy(word, line, LINE);
    for (size_t i = 0; i < LANES; i++)
        lane[i] = rotate(lane[i] + word[i] * A, 31) * B;
}

void bpnn__digest_begin(bpnn__digest *d)
{
    memset(d, 0, sizeof *d);
    for (size_t i = 0; i < LANES; i++)
        d->lane[i] = (i + 1) * A;
}

void bpnn__digest_add(bpnn__digest *d, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    if (size == 0) /* bytes may be NULL */
        return;
    size_t held = (size_t)(d->size % LINE);
    d->size += size;
    if (held > 0) {
        size_t part = size < LINE - held ? size : LINE - held;
        memcpy(d->rest + held, at, part);
        if (held + part < LINE)
            return;
        add_line(d->lane, d->rest);
        at += part;
        size -= part;
    }
    uint64_t lane[LANES];
    memcpy(lane, d->lane, sizeof lane);
    for (; size >= LINE; size -= LINE, at += LINE)
        add_line(lane, at);
    memcpy(d->lane, lane, sizeof lane);
    if (size > 0)
        memcpy(d->rest, at, size);
}

/* Every bit of x reaches every bit. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * B;
    x = (x ^ x >> 29) * A;
    return x ^ x >> 32;
}

void bpnn__digest_end(const bpnn__digest *digest, uint64_t out[2])
{
    bpnn__digest d = *digest;
    size_t held = (size_t)(d.size % LINE);
    memset(d.rest + held, 0, LINE - held);
    add_line(d.lane, d.rest);
    out[0] = mix(d.size);
    out[1] = mix(d.size ^ A);
    for (size_t i = 0; i < LANES; i++) {
        out[0] = mix(out[0] + d.lane[i]);
        out[1] = mix(out[1] ^ mix(d.lane[i]));
    }
}
