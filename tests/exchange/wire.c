#include "exchange/wire.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_OPEN = 8 };

/* ---- the wire format ---- */

static size_t put_varint(unsigned char *out, uint64_t x)
{
    size_t n = 0;
    for (; x >= 0x80; x >>= 7)
        out[n++] = (unsigned char)(x | 0x80);
    out[n++] = (unsigned char)x;
    return n;
}

static uint64_t get_varint(const unsigned char **at, const unsigned char *end)
{
    uint64_t x = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char byte = *(*at)++;
        x |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return x;
}

/* A field of a file: its key, the messages that it stands in (where their length is written), its content. */
typedef struct field {
    size_t key, content, size;
    int wire;
    size_t open[MOST_OPEN], open_size[MOST_OPEN];
    int depth;
} field;

typedef struct picking {
    dice *d;
    const unsigned char *base;
    field now, picked;
    size_t seen;
} picking;

/* Is the content of a field perhaps a message? As far as its fields end where it does. */
static bool looks_like_message(const unsigned char *at, const unsigned char *end)
{
    if (at == end)
        return false;
    while (at < end) {
        uint64_t key = get_varint(&at, end), length = 0;
        switch (key & 7) {
        case 0:
            get_varint(&at, end);
            break;
        case 1:
            length = 8;
            break;
        case 2:
            length = get_varint(&at, end);
            break;
        case 5:
            length = 4;
            break;
        default:
            return false;
        }
        if (key >> 3 == 0 || key >> 3 > 40 || length > (uint64_t)(end - at))
            return false;
        at += length;
    }
    return true;
}

static void walk(picking *p, const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        field *f = &p->now;
        f->key = (size_t)(at - p->base);
        uint64_t key = get_varint(&at, end);
        size_t length_at = (size_t)(at - p->base);
        f->wire = (int)(key & 7);
        const unsigned char *number = at;
        uint64_t size = f->wire == 0   ? (get_varint(&number, end), (uint64_t)(number - at))
                        : f->wire == 1 ? 8
                        : f->wire == 5 ? 4
                                       : get_varint(&at, end);
        if (size > (uint64_t)(end - at))
            return;
        f->content = (size_t)(at - p->base);
        f->size = (size_t)size;
        if (roll_below(p->d, ++p->seen) == 0)
            p->picked = *f;
        if (f->wire == 2 && f->depth < MOST_OPEN && looks_like_message(at, at + size)) {
            field outer = *f;
            f->open[f->depth] = length_at;
            f->open_size[f->depth++] = (size_t)size;
            walk(p, at, at + size);
            *f = outer;
        }
        at += size;
    }
}

/* Replaces `removed` bytes at `at` inside the picked field's messages, whose lengths follow. */
static bytes replace(bytes file, const field *f, size_t at, size_t removed, const void *added, size_t count)
{
    bytes out = spliced(file, at, removed, added, count);
    size_t change = count - removed; /* modulo 2^64 */
    for (int i = f->depth - 1; i >= 0; i--) {
        unsigned char old[10], new[10];
        size_t old_size = put_varint(old, f->open_size[i]), new_size = put_varint(new, f->open_size[i] + change);
        bytes next = spliced(out, f->open[i], old_size, new, new_size);
        free(out.data);
        out = next;
        change += new_size - old_size;
    }
    return out;
}

bytes edit_field(dice *d, bytes file)
{
    static const uint64_t numbers[] = {
        0, 1, 2, 7, 11, 127, 128, 65535, (uint64_t)1 << 31, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX};
    picking p = {.d = d, .base = file.data};
    unsigned char text[10];
    walk(&p, file.data, file.data + file.size);
    const field *f = &p.picked;
    if (p.seen == 0 || f->key + 2 > file.size)
        return spliced(file, 0, 0, NULL, 0);
    size_t end = f->content + f->size, whole = end - f->key;
    uint64_t x = numbers[roll_below(d, sizeof numbers / sizeof *numbers)];
    switch (roll_below(d, 6)) {
    case 0: /* gone */
        return replace(file, f, f->key, whole, NULL, 0);
    case 1: /* twice */
        return replace(file, f, end, 0, file.data + f->key, whole);
    case 2: /* another number or length: the length of a field lies; a number is wrong */
        return f->wire == 0 ? replace(file, f, f->content, f->size, text, put_varint(text, x))
                            : spliced(file, f->key + 1, 1, text, put_varint(text, x));
    case 3: /* another field number or type */
        text[0] = (unsigned char)roll(d);
        return replace(file, f, f->key, 1, text, 1);
    case 4: /* shorter by some, or emptied */
        x = f->wire == 2 && f->size > 0 ? roll_below(d, f->size) : 0;
        if (f->wire == 2) {
            bytes half = replace(file, f, f->content + (size_t)x, f->size - (size_t)x, NULL, 0);
            return half; /* its own length is left behind: it swallows what follows */
        }
        return replace(file, f, f->key, whole, NULL, 0);
    default: /* content replaced by random bytes of the same length */
    {
        bytes out = spliced(file, 0, 0, NULL, 0);
        for (size_t i = 0; i < f->size && i < 16; i++)
            out.data[f->content + roll_below(d, f->size)] = (unsigned char)roll(d);
        return out;
    }
    }
}

/* ---- a foreign file ---- */

bytes as_stranger(bytes file)
{
    picking p = {.d = &(dice){1}, .base = file.data};
    for (uint64_t seed = 0;; seed++) {
        p.d = &(dice){seed};
        p.seen = 0;
        walk(&p, file.data, file.data + file.size);
        const field *f = &p.picked;
        if (f->wire == 2 && f->depth == 0 && f->size > 6 &&
            memcmp(file.data + f->content,
                   "\x0a\x04"
                   "bpnn",
                   6) == 0)
            return replace(file, f, f->key, f->content + f->size - f->key, NULL, 0);
    }
}
