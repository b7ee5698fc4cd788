/* Streams and permutations from Philox words. */
#include "base/random.h"

void bpnn__random_key(uint64_t seed, bpnn__stream stream, uint32_t key[2])
{
    bpnn__philox counter = {{(uint32_t)seed, (uint32_t)(seed >> 32), (uint32_t)stream, 0}};
    bpnn__philox words = bpnn__philox4x32(counter, 0x62706E6Eu, 0x00000001u); /* "bpnn", arithmetic 1 */
    key[0] = words.v[0];
    key[1] = words.v[1];
}

/* Uniform in 0..bound-1 without bias (Lemire 2019): the high half of a 64 x 64 bit product, redrawn where it would be
 * unfair. Draw number `index` of round `round`; a redraw takes the other words of the block, then further blocks. */
static uint64_t below(const uint32_t key[2], uint64_t round, uint64_t index, uint64_t bound)
{
    uint64_t unfair = -bound % bound;
    for (uint32_t attempt = 0;; attempt++) {
        bpnn__philox counter = {
            {(uint32_t)index, (uint32_t)(index >> 32) ^ (attempt << 16), (uint32_t)round, (uint32_t)(round >> 32)}};
        bpnn__philox words = bpnn__philox4x32(counter, key[0], key[1]);
        for (int half = 0; half < 4; half += 2) {
            uint64_t word = (uint64_t)words.v[half] << 32 | words.v[half + 1];
            __extension__ unsigned __int128 product = (unsigned __int128)word * bound;
            if ((uint64_t)product >= unfair)
                return (uint64_t)(product >> 64);
        }
    }
}

void bpnn__random_permutation(const uint32_t key[2], uint64_t round, size_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)below(key, round, i, i);
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}
