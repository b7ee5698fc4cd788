/* Numbers in files are little-endian, whatever the machine is. */
#ifndef BPNN_BASE_LITTLE_H
#define BPNN_BASE_LITTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { BPNN__LITTLE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };

/* count numbers of `size` bytes from the machine's order to that of files, or back. `from` and `to` may be the same. */
static inline void bpnn__little(void *to, const void *from, size_t count, size_t size)
{
    unsigned char *out = to;
    if (to != from && count * size > 0)
        memcpy(to, from, count * size);
    for (size_t i = 0; !BPNN__LITTLE && i < count; i++, out += size)
        for (size_t k = 0; k < size / 2; k++) {
            unsigned char c = out[k];
            out[k] = out[size - 1 - k];
            out[size - 1 - k] = c;
        }
}

#endif
