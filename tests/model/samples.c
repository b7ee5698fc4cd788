#include "model/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ROWS = 40, COLUMNS = 4 };

static void add(sample *s, const void *bytes, size_t size)
{
    if (s->size + size > SAMPLE_ROOM)
        abort();
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

static void add_text(sample *s, const char *text)
{
    add(s, text, strlen(text));
}

static void make_csv(sample *s)
{
    char line[80];
    add_text(s, "a,\"b, c\",colour,y\n");
    for (int r = 0; r < ROWS; r++) {
        snprintf(line, sizeof line, "%d.%d,%s,%s,%d\n", r, r * 7 % 10, r % 9 ? "2" : "",
                 r % 3 ? "red" : "\"gr\"\"een\"", r % 5);
        add_text(s, line);
    }
}

static void make_gzip(sample *s)
{
    sample plain = {0};
    z_stream z = {0};
    make_csv(&plain);
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = plain.bytes;
    z.avail_in = (unsigned)plain.size;
    z.next_out = s->bytes;
    z.avail_out = SAMPLE_ROOM;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    s->size = z.total_out;
    deflateEnd(&z);
}

/* unsigned bytes, ROWS x COLUMNS */
static void make_idx(sample *s)
{
    static const unsigned char head[] = {0, 0, 8, 2, 0, 0, 0, ROWS, 0, 0, 0, COLUMNS};
    add(s, head, sizeof head);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        add(s, &(unsigned char){(unsigned char)(i * 37)}, 1);
}

static void make_npy(sample *s)
{
    char head[128];
    int length =
        snprintf(head, sizeof head, "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }", ROWS, COLUMNS);
    memset(head + length, ' ', sizeof head - (size_t)length);
    head[117] = '\n'; /* 10 + 118 = 128 bytes before the numbers */
    add(s, "\x93NUMPY\x01\x00\x76\x00", 10);
    add(s, head, 118);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        add(s, &(double){i / 8.0 - 3}, sizeof(double));
}

static void make_libsvm(sample *s)
{
    char line[80];
    for (int r = 0; r < ROWS; r++) {
        snprintf(line, sizeof line, "%d 1:%d.5 %s4:%d # row\n", r % 2 ? 1 : -1, r, r % 4 ? "2:1e-3 " : "", r % 7);
        add_text(s, line);
    }
}

const sample *sample_at(size_t index)
{
    static sample samples[] = {{.name = "table.csv", .format = "csv"},
                               {.name = "table.csv.gz", .format = "csv"},
                               {.name = "table.idx", .format = "idx"},
                               {.name = "table.npy", .format = "npy"},
                               {.name = "table.libsvm", .format = "libsvm"}};
    static void (*const makers[])(sample *) = {make_csv, make_gzip, make_idx, make_npy, make_libsvm};
    if (index >= sizeof makers / sizeof *makers)
        return NULL;
    if (samples[index].size == 0)
        makers[index](&samples[index]);
    return &samples[index];
}

static uint64_t mix(uint64_t h, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        h = (h ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
    return h;
}

uint64_t sample_hash(const bpnn_table *table)
{
    uint64_t h = 0xcbf29ce484222325u;
    char buffer[32];
    for (size_t c = 0; c < bpnn_table_columns(table); c++) {
        const char *name = bpnn_table_column_name(table, c);
        h = mix(h, name, strlen(name) + 1);
        h = mix(h, &(bool){bpnn_table_is_numeric(table, c)}, sizeof(bool));
        for (size_t r = 0; r < bpnn_table_rows(table); r++) {
            const char *text = bpnn_table_text(table, r, c, buffer);
            h = mix(h, text ? text : "?", text ? strlen(text) + 1 : 2);
        }
    }
    return h;
}
