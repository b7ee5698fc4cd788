/* Malformed tables from a seed: cut at every byte, every bit of the head flipped, counts set to wild numbers, random edits,
 * splices, appended bytes; plain and packed. What comes back is an error with a file, or a table whose every cell can be looked
 * at; no allocation is large, nothing is leaked. test_malformed_tables [CASES a format]. */
#include "base/watch.h"
#include "table/cells.h"
#include "table/made_tables.h"
#include "table/plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CASES = 2000, ROOM = 4096, HEAD = 128 };
#define ALLOCATION_MOST ((size_t)64 << 20)

typedef struct tally {
    size_t done, bad, accepted;
} tally;

typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

/* ---- one case ---- */

static bool right_error(const bpnn_error *e, bpnn_status status, const char *name)
{
    return status == BPNN_DATA && e->status == status && e->text[0] && !strchr(e->text, '\n') &&
           strcmp(e->file, name) == 0;
}

/* Reads a copy of exactly its size, so that reading past the end is seen. */
static void read_case(tally *t, const char *format, const bytes *b, const char *how)
{
    char name[32];
    snprintf(name, sizeof name, "t.%s", format);
    bpnn_table *table = NULL;
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = format;
    unsigned char *copy = malloc(b->size ? b->size : 1);
    memcpy(copy, b->data, b->size);
    long alive = watch_alive();
    watch_reset();
    bpnn_error error = {0};
    bpnn_status status = bpnn_table_read_memory(&table, copy, b->size, name, &o, &error);
    size_t largest = watch_largest();
    bool good = largest <= ALLOCATION_MOST + 2 * b->size;
    if (status == BPNN_OK)
        good = good && look_at_table(table) != SIZE_MAX;
    else
        good = good && !table && right_error(&error, status, name);
    t->accepted += status == BPNN_OK;
    bpnn_table_free(table);
    good = good && watch_alive() == alive;
    free(copy);
    t->done++;
    t->bad += !good;
    if (!good)
        printf("%s, %s, case %zu: status %d, allocation of %zu bytes, %ld alive, '%s'\n", format, how, t->done,
               (int)status, largest, watch_alive() - alive, error.text);
}

/* ---- gzip ---- */

static bytes packed(const bytes *b)
{
    z_stream z = {0};
    deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    bytes out = {.size = deflateBound(&z, b->size) + ROOM};
    out.data = malloc(out.size);
    z.next_in = b->data;
    z.avail_in = (unsigned)b->size;
    z.next_out = out.data;
    z.avail_out = (unsigned)out.size;
    deflate(&z, Z_FINISH);
    out.size = z.total_out;
    deflateEnd(&z);
    return out;
}

static void read_both(tally *t, const char *format, const bytes *b, const char *how)
{
    read_case(t, format, b, how);
    bytes p = packed(b);
    read_case(t, format, &p, how);
    free(p.data);
}

/* ---- every place of a file ---- */

static void every_place(tally *t, const char *format, const made_file *made)
{
    bytes whole = {malloc(made->size), made->size}, pack;
    memcpy(whole.data, made->bytes, made->size);
    pack = packed(&whole);
    for (size_t size = 0; size <= whole.size; size++) {
        bytes cut = {whole.data, size};
        read_both(t, format, &cut, "cut");
    }
    for (size_t size = 0; size <= pack.size; size++) {
        bytes cut = {pack.data, size};
        read_case(t, format, &cut, "packed, cut");
    }
    for (size_t bit = 0; bit < 8 * whole.size && bit < (size_t)8 * HEAD; bit++) {
        whole.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        read_case(t, format, &whole, "a bit of the head");
        whole.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * pack.size && bit < (size_t)8 * HEAD; bit++) {
        pack.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        read_case(t, format, &pack, "packed, a bit of the head");
        pack.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    free(whole.data);
    free(pack.data);
}

/* ---- random edits ---- */

static size_t below(dice *d, size_t n)
{
    return n ? (size_t)(roll(d) % n) : 0;
}

/* Replaces `removed` bytes at `at`. */
static void replace(bytes *b, size_t at, size_t removed, const void *added, size_t count)
{
    memmove(b->data + at + count, b->data + at + removed, b->size - at - removed);
    memcpy(b->data + at, added, count);
    b->size = b->size - removed + count;
}

static void wild_binary(dice *d, bytes *b)
{
    static const uint64_t wild[] = {0,
                                    1,
                                    2,
                                    0x7f,
                                    0x80,
                                    0xff,
                                    0xffff,
                                    0x7fffffff,
                                    0x80000000,
                                    0xffffffff,
                                    (uint64_t)1 << 32,
                                    (uint64_t)1 << 63,
                                    UINT64_MAX,
                                    1000000,
                                    1000001,
                                    0x10000};
    static const size_t widths[] = {1, 2, 4, 4, 4, 8};
    uint64_t n = wild[below(d, sizeof wild / sizeof *wild)];
    size_t width = widths[below(d, 6)], at = below(d, b->size < 32 ? b->size : 32);
    bool big = below(d, 2);
    for (size_t i = 0; i < width && at + i < b->size; i++)
        b->data[at + i] = (unsigned char)(n >> 8 * (big ? width - 1 - i : i));
}

/* One number of the text becomes another, or something stands in front of it. */
static void wild_text(dice *d, bytes *b)
{
    static const char *const wild[] = {"0",
                                       "1",
                                       "-1",
                                       "2147483647",
                                       "2147483648",
                                       "4294967295",
                                       "4294967296",
                                       "9223372036854775808",
                                       "18446744073709551615",
                                       "18446744073709551616",
                                       "99999999999999999999999",
                                       "1e999",
                                       "-1e-999",
                                       "nan",
                                       "inf",
                                       "0x10",
                                       "1_000",
                                       "",
                                       "1000000",
                                       "1000001",
                                       "\"",
                                       "\"\"",
                                       "\n",
                                       "\r",
                                       "\r\n",
                                       "\"\n\"",
                                       ",",
                                       ";",
                                       "\t",
                                       " ",
                                       ":",
                                       "#",
                                       "1:1",
                                       "1000000:1",
                                       "(",
                                       ")",
                                       "True",
                                       ",,,,,,,,",
                                       "\xef\xbb\xbf",
                                       "\xff",
                                       "\xc3\xa9",
                                       "sep=;\n"};
    size_t at = below(d, b->size), end;
    while (at < b->size && (b->data[at] < '0' || b->data[at] > '9'))
        at++;
    for (end = at; end < b->size && b->data[end] >= '0' && b->data[end] <= '9'; end++)
        ;
    const char *text = wild[below(d, sizeof wild / sizeof *wild)];
    replace(b, at, below(d, 3) ? end - at : 0, text, strlen(text));
}

static void edit(dice *d, bytes *b, const made_file *other)
{
    unsigned char piece[256];
    size_t at, count = below(d, sizeof piece), from = below(d, other->size);
    count = count < other->size - from ? count : other->size - from;
    switch (below(d, 7)) {
    case 0:
        for (size_t i = 1 + below(d, 8); i > 0 && b->size > 0; i--)
            b->data[below(d, b->size)] = (unsigned char)roll(d);
        break;
    case 1:
        wild_binary(d, b);
        break;
    case 2:
    case 3:
        wild_text(d, b);
        break;
    case 4:
        at = below(d, b->size);
        memcpy(piece, other->bytes + from, count);
        replace(b, at, below(d, b->size - at), piece, count);
        break;
    case 5:
        b->size = below(d, b->size);
        break;
    default:
        replace(b, b->size, 0, other->bytes + from, count);
    }
}

static void random_edits(tally *t, dice *d, const char *format, const made_file *made, size_t count, size_t cases)
{
    for (size_t i = 0; i < cases; i++) {
        const made_file *origin = &made[below(d, count)];
        bytes b = {malloc(origin->size + ROOM), origin->size};
        memcpy(b.data, origin->bytes, origin->size);
        for (size_t edits = 1 + below(d, 3); edits > 0; edits--)
            edit(d, &b, &made[below(d, count)]);
        if (below(d, 4)) {
            read_case(t, format, &b, "edited");
        } else {
            bytes p = packed(&b);
            if (below(d, 2))
                wild_binary(d, &p);
            read_case(t, format, &p, "edited, packed");
            free(p.data);
        }
        free(b.data);
    }
}

int main(int argc, char **argv)
{
    static const char *const formats[] = {"csv", "idx", "npy", "libsvm"};
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t cases = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : CASES, bad = 0;
    watch_begin();
    for (size_t f = 0; f < 4; f++) {
        made_file made[MADE_FILES];
        size_t count = made_files(formats[f], made);
        tally t = {0};
        for (size_t i = 0; i < count; i++)
            every_place(&t, formats[f], &made[i]);
        random_edits(&t, &d, formats[f], made, count, cases);
        printf("malformed %s and %s.gz (seed %llu, %zu accepted): %zu done, %zu bad\n", formats[f], formats[f],
               (unsigned long long)seed, t.accepted, t.done, t.bad);
        bad += t.bad;
        made_files_free(made, count);
    }
    return bad != 0;
}
