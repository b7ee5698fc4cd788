/* A zip archive of .npy arrays: the central directory is the truth, entries are stored or deflated, an entry has at most 64 MiB + twice
 * the archive. No pickles, no zip64. */
#include "exchange/npz_read.h"
#include "base/little.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>
#include <zlib.h>

enum { LOCAL = 30, CENTRAL = 46, END = 22, MOST_COMMENT = 65535, MOST_CHARACTERS = 1024 };

typedef struct entry {
    size_t method, packed, size, local;
    uint32_t crc;
} entry;

static uint64_t get(const unsigned char *at, int bytes)
{
    uint64_t x = 0;
    for (int i = 0; i < bytes; i++)
        x |= (uint64_t)at[i] << 8 * i;
    return x;
}

static bool refuse(bpnn__foreign *f, const char *what)
{
    bpnn__foreign_refuse(f, "a damaged .npz file: %s", what);
    return false;
}

/* ---- the archive ---- */

static const unsigned char *find_end(const unsigned char *bytes, size_t size)
{
    for (size_t back = END; back <= size && back <= END + MOST_COMMENT; back++)
        if (get(bytes + size - back, 4) == 0x06054b50)
            return bytes + size - back;
    return NULL;
}

static bool find_entry(bpnn__foreign *f, const unsigned char *bytes, size_t size, const char *name, entry *e)
{
    const unsigned char *end = find_end(bytes, size);
    if (!end)
        return refuse(f, "it has no directory");
    size_t count = (size_t)get(end + 10, 2), at = (size_t)get(end + 16, 4), length = strlen(name);
    for (size_t i = 0; i < count; i++) {
        if (at > size || size - at < CENTRAL || get(bytes + at, 4) != 0x02014b50)
            return refuse(f, "its directory");
        const unsigned char *c = bytes + at;
        size_t n = (size_t)get(c + 28, 2), rest = n + (size_t)get(c + 30, 2) + (size_t)get(c + 32, 2);
        if (rest > size - at - CENTRAL)
            return refuse(f, "its directory");
        if (n == length + 4 && memcmp(c + CENTRAL, name, length) == 0 && memcmp(c + CENTRAL + length, ".npy", 4) == 0) {
            *e = (entry){(size_t)get(c + 10, 2), (size_t)get(c + 20, 4), (size_t)get(c + 24, 4), (size_t)get(c + 42, 4),
                         (uint32_t)get(c + 16, 4)};
            return true;
        }
        at += CENTRAL + rest;
    }
    return false;
}

static bool inflate_into(const unsigned char *from, size_t packed, unsigned char *to, size_t size)
{
    z_stream z = {0};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return false;
    z.next_in = (unsigned char *)(uintptr_t)from;
    z.avail_in = (unsigned)packed;
    z.next_out = to;
    z.avail_out = (unsigned)size;
    bool whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_out == 0;
    inflateEnd(&z);
    return whole;
}

static unsigned char *unpack(bpnn__foreign *f, const unsigned char *bytes, size_t size, const entry *e)
{
    if (e->local > size || size - e->local < LOCAL || get(bytes + e->local, 4) != 0x04034b50) {
        refuse(f, "an entry that is not there");
        return NULL;
    }
    size_t skip = LOCAL + (size_t)get(bytes + e->local + 26, 2) + (size_t)get(bytes + e->local + 28, 2);
    if (skip > size - e->local || e->packed > size - e->local - skip || (e->method == 0 && e->packed != e->size) ||
        (e->method != 0 && e->method != 8) || e->size > ((size_t)64 << 20) + 2 * size || e->size == UINT32_MAX) {
        refuse(f, "sizes or packing of an entry");
        return NULL;
    }
    const unsigned char *from = bytes + e->local + skip;
    unsigned char *out = bpnn__alloc(e->size, 1);
    if (!out) {
        bpnn__foreign_memory(f);
        return NULL;
    }
    bool good = true;
    if (e->method == 8)
        good = inflate_into(from, e->packed, out, e->size);
    else
        memcpy(out, from, e->size);
    if (good && (uint32_t)crc32_z(0, out, e->size) == e->crc)
        return out;
    refuse(f, "an entry whose bytes are not those it was written with");
    bpnn__free(out);
    return NULL;
}

/* ---- the array ---- */

/* The value behind 'key': in the header's dictionary; NULL = none. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    return at ? at + strlen(key) + strspn(at + strlen(key), " ") : NULL;
}

static bool read_type(bpnn__foreign *f, const char *type, bpnn__npz_array *a)
{
    static const struct {
        const char *name;
        char kind;
    } known[] = {{"'<f8'", 'f'}, {"'<f4'", 'e'}, {"'<i8'", 'i'}};
    uint64_t characters = 0;
    for (size_t i = 0; type && i < sizeof known / sizeof *known; i++)
        if (strncmp(type, known[i].name, 5) == 0) {
            a->kind = known[i].kind;
            return true;
        }
    if (type && strncmp(type, "'<U", 3) == 0 &&
        bpnn__parse_u64(type + 3, strspn(type + 3, "0123456789"), &characters) && characters > 0 &&
        characters <= MOST_CHARACTERS) {
        a->kind = 'u';
        a->characters = (size_t)characters;
        return true;
    }
    bpnn__foreign_refuse(f, "an array of another type than <f8, <f4, <i8 or <U%s",
                         type && strncmp(type, "'|O", 3) == 0 ? ": pickled objects are not read" : "");
    return false;
}

/* "()", "(3,)", "(3, 4)" */
static bool read_shape(bpnn__foreign *f, const char *at, bpnn__npz_array *a)
{
    size_t dims[2] = {1, 1};
    if (!at || *at++ != '(')
        return refuse(f, "the shape of an array");
    while (*at != ')') {
        uint64_t n = 0;
        size_t digits = strspn(at, "0123456789");
        if (a->dimensions == 2 || !bpnn__parse_u64(at, digits, &n) || n < 1 || n > INT32_MAX)
            return refuse(f, "the shape of an array (one or two dimensions)");
        dims[a->dimensions++] = (size_t)n;
        at += digits;
        at += *at == ',';
        at += *at == ' ';
    }
    a->rows = dims[0];
    a->cols = dims[1];
    return true;
}

static bool parse(bpnn__foreign *f, size_t size, bpnn__npz_array *a)
{
    size_t count = 0, header = 0;
    if (size < 12 || memcmp(a->file, "\x93NUMPY", 6) != 0 || a->file[6] < 1 || a->file[6] > 3)
        return refuse(f, "an array without the header of NumPy");
    size_t width = a->file[6] == 1 ? 2 : 4;
    header = (size_t)get(a->file + 8, (int)width);
    if (header > size - 8 - width || header > 4096 || header == 0)
        return refuse(f, "the header of an array");
    char *text = (char *)a->file + 8 + width;
    char last = text[header - 1];
    text[header - 1] = '\0'; /* it ends with a newline */
    const char *order = value_of(text, "'fortran_order':");
    a->fortran = order && strncmp(order, "True", 4) == 0;
    a->data = a->file + 8 + width + header;
    if (last != '\n' || !order || !read_type(f, value_of(text, "'descr':"), a) ||
        !read_shape(f, value_of(text, "'shape':"), a))
        return f->status == BPNN_OK ? refuse(f, "the header of an array") : false;
    size_t element = a->kind == 'u' ? 4 * a->characters : a->kind == 'e' ? 4 : 8;
    if (!bpnn__mul(a->rows, a->cols, &count) || !bpnn__mul(count, element, &count) ||
        count != size - 8 - width - header)
        return refuse(f, "the shape of an array is not that of its numbers");
    return true;
}

bool bpnn__npz_find(bpnn__foreign *f, const unsigned char *bytes, size_t size, const char *name, bpnn__npz_array *out)
{
    entry e;
    memset(out, 0, sizeof *out);
    if (f->status != BPNN_OK || !find_entry(f, bytes, size, name, &e))
        return false;
    out->file = unpack(f, bytes, size, &e);
    if (out->file && parse(f, e.size, out))
        return true;
    bpnn__npz_free(out);
    return false;
}

void bpnn__npz_free(bpnn__npz_array *array)
{
    bpnn__free(array->file);
    memset(array, 0, sizeof *array);
}

/* ---- elements ---- */

double bpnn__npz_number(const bpnn__npz_array *a, size_t row, size_t col)
{
    size_t i = a->fortran ? col * a->rows + row : row * a->cols + col;
    double value;
    float single;
    int64_t whole;
    if (a->kind == 'e') {
        bpnn__little(&single, a->data + i * sizeof single, 1, sizeof single);
        return (double)single;
    }
    if (a->kind == 'i') {
        bpnn__little(&whole, a->data + i * sizeof whole, 1, sizeof whole);
        return (double)whole;
    }
    bpnn__little(&value, a->data + i * sizeof value, 1, sizeof value);
    return value;
}

static void add_character(bpnn__text *text, uint32_t c)
{
    char utf8[4];
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--, c >>= 6)
        utf8[i] = (char)(0x80 | (c & 0x3f));
    utf8[0] = (char)(heads[more] | c);
    bpnn__text_add_bytes(text, utf8, more + 1);
}

char *bpnn__npz_text(bpnn__foreign *f, const bpnn__npz_array *a, size_t i)
{
    bpnn__text text = {0};
    bool good = true;
    bpnn__text_add(&text, "");
    if (a->kind != 'u')
        bpnn__text_add_double(&text, bpnn__npz_number(a, i, 0));
    for (size_t k = 0; k < a->characters; k++) {
        uint32_t c = (uint32_t)get(a->data + 4 * (i * a->characters + k), 4);
        if (c > 0x10ffff)
            good = false;
        else if (c > 0)
            add_character(&text, c);
    }
    if (text.failed)
        bpnn__foreign_memory(f);
    if (text.failed || !good) {
        bpnn__text_free(&text);
        return NULL;
    }
    return text.data;
}
