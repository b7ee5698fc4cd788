/* Zip archives whose entries are stored, without times: equal contents give equal bytes. */
#include "exchange/zip.h"

#include <string.h>
#include <zlib.h>

static void put(bpnn__text *text, uint64_t x, int bytes)
{
    char little[8];
    for (int i = 0; i < bytes; i++)
        little[i] = (char)(x >> 8 * i);
    bpnn__text_add_bytes(text, little, (size_t)bytes);
}

/* What the local and the central header share: from the version to the lengths. */
static void put_common(bpnn__text *text, uint32_t crc, size_t size, size_t name)
{
    put(text, 20, 2);
    put(text, 0, 2);
    put(text, 0, 2); /* stored */
    put(text, 0, 2); /* time, and date: 1980-01-01 */
    put(text, 0x21, 2);
    put(text, crc, 4);
    put(text, size, 4);
    put(text, size, 4);
    put(text, name, 2);
    put(text, 0, 2);
}

void bpnn__zip_add(bpnn__zip *a, const char *name, const bpnn__text *content)
{
    size_t at = a->out->size, length = strlen(name);
    a->out->failed |= content->failed;
    if (a->out->failed)
        return;
    uint32_t crc = (uint32_t)crc32_z(0, (const unsigned char *)content->data, content->size);
    put(a->out, 0x04034b50, 4);
    put_common(a->out, crc, content->size, length);
    bpnn__text_add_bytes(a->out, name, length);
    bpnn__text_add_bytes(a->out, content->data, content->size);
    put(&a->central, 0x02014b50, 4);
    put(&a->central, 20, 2);
    put_common(&a->central, crc, content->size, length);
    put(&a->central, 0, 8); /* comment, disk, attributes */
    put(&a->central, 0, 2);
    put(&a->central, at, 4);
    bpnn__text_add_bytes(&a->central, name, length);
    a->entries++;
}

void bpnn__zip_finish(bpnn__zip *a)
{
    size_t at = a->out->size;
    a->out->failed |= a->central.failed;
    if (!a->out->failed) {
        bpnn__text_add_bytes(a->out, a->central.data, a->central.size);
        put(a->out, 0x06054b50, 4);
        put(a->out, 0, 4);
        put(a->out, a->entries, 2);
        put(a->out, a->entries, 2);
        put(a->out, a->central.size, 4);
        put(a->out, at, 4);
        put(a->out, 0, 2);
    }
    bpnn__text_free(&a->central);
}
