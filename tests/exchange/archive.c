#include "exchange/archive.h"
#include "base/little.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROOM = 1 << 16, WORD = 64, MOST_ENTRIES = 32 };

typedef struct zip {
    unsigned char *data, *directory;
    size_t size, directory_size, count;
} zip;

static uint64_t get(const unsigned char *at, int count)
{
    uint64_t x = 0;
    for (int i = 0; i < count; i++)
        x |= (uint64_t)at[i] << 8 * i;
    return x;
}

static void put(unsigned char *at, int count, uint64_t x)
{
    for (int i = 0; i < count; i++)
        at[i] = (unsigned char)(x >> 8 * i);
}

void archive_repair(bytes file)
{
    for (size_t at = 0; at + 46 < file.size; at++) {
        if (get(file.data + at, 4) != 0x02014b50 || get(file.data + at + 10, 2) != 0)
            continue;
        size_t local = (size_t)get(file.data + at + 42, 4), size = (size_t)get(file.data + at + 24, 4);
        if (local + 30 > file.size)
            continue;
        size_t from = local + 30 + (size_t)get(file.data + local + 26, 2) + (size_t)get(file.data + local + 28, 2);
        if (from <= file.size && size <= file.size - from)
            put(file.data + at + 16, 4, crc32_z(0, file.data + from, size));
    }
}

/* ---- arrays ---- */

static bool next_word(const char **text, char word[WORD])
{
    size_t n = 0;
    *text += strspn(*text, " ");
    while (**text && **text != ' ' && **text != ';' && n < WORD - 1)
        word[n++] = *(*text)++;
    word[n] = '\0';
    if (n == 0 && **text == ';')
        ++*text;
    return n > 0;
}

static size_t put_text(unsigned char *at, const char *word, size_t characters)
{
    for (size_t k = 0; k < characters && *word; k++, word++)
        put(at + 4 * k, 4, *word == '\\' ? 0x110000 : (unsigned char)*word);
    return 4 * characters;
}

static size_t put_value(unsigned char *at, const char *type, const char *word)
{
    double x = strtod(word, NULL);
    float single = (float)x;
    if (*type == 'U')
        return put_text(at, word, strtoul(type + 1, NULL, 10));
    if (strcmp(type, "f4") == 0) {
        bpnn__little(at, &single, 1, 4);
        return 4;
    }
    if (strcmp(type, "i8") == 0)
        put(at, 8, (uint64_t)strtoll(word, NULL, 10));
    else
        bpnn__little(at, &x, 1, 8);
    return 8;
}

/* The .npy file; returns its size. */
static size_t put_array(unsigned char *at, const char **text)
{
    char type[WORD], shape[WORD], word[WORD], header[256];
    next_word(text, type);
    next_word(text, shape);
    bool fortran = *type == '^', known = strchr("fiU", type[fortran]) != NULL;
    int length = snprintf(header, sizeof header, "{'descr': '%s%s', 'fortran_order': %s, 'shape': (%s), }\n",
                          known ? "<" : "", type + fortran, fortran ? "True" : "False", *shape == '.' ? "" : shape);
    memcpy(at, "\x93NUMPY\1\0", 8);
    put(at + 8, 2, (uint64_t)length);
    memcpy(at + 10, header, (size_t)length);
    size_t size = 10 + (size_t)length;
    while (next_word(text, word))
        size += put_value(at + size, type + fortran, word);
    return size;
}

/* ---- the archive ---- */

static size_t deflated(const unsigned char *from, size_t size, unsigned char *to)
{
    z_stream z = {
        .next_in = (unsigned char *)(uintptr_t)from, .avail_in = (unsigned)size, .next_out = to, .avail_out = ROOM};
    if (deflateInit2(&z, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    deflateEnd(&z);
    return (size_t)z.total_out;
}

static void add_entry(zip *z, const char *name, bool deflate, const unsigned char *array, size_t size)
{
    char full[WORD + 4];
    unsigned char *local = z->data + z->size, *central = z->directory + z->directory_size;
    size_t length = (size_t)snprintf(full, sizeof full, "%s.npy", name), packed = size;
    if (deflate)
        packed = deflated(array, size, local + 30 + length);
    else
        memcpy(local + 30 + length, array, size);
    put(local, 4, 0x04034b50);
    put(local + 26, 2, length);
    memcpy(local + 30, full, length);
    put(central, 4, 0x02014b50);
    put(central + 10, 2, deflate ? 8 : 0);
    put(central + 16, 4, crc32_z(0, array, size));
    put(central + 20, 4, packed);
    put(central + 24, 4, size);
    put(central + 28, 2, length);
    put(central + 42, 4, z->size);
    memcpy(central + 46, full, length);
    z->size += 30 + length + packed;
    z->directory_size += 46 + length;
    z->count++;
}

bytes archive_file(const char *arrays)
{
    char name[WORD];
    zip z = {calloc(ROOM, 1), calloc(ROOM, 1), 0, 0, 0};
    unsigned char *array = calloc(ROOM, 1);
    while (next_word(&arrays, name)) {
        memset(array, 0, ROOM);
        size_t size = put_array(array, &arrays);
        add_entry(&z, name + (*name == '*'), *name == '*', array, size);
    }
    unsigned char *end = z.data + z.size + z.directory_size;
    memcpy(z.data + z.size, z.directory, z.directory_size);
    put(end, 4, 0x06054b50);
    put(end + 10, 2, z.count);
    put(end + 16, 4, z.size);
    free(z.directory);
    free(array);
    return (bytes){z.data, z.size + z.directory_size + 22};
}
