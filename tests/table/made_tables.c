#include "table/made_tables.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static made_file keep(const void *bytes, size_t size)
{
    made_file f = {malloc(size ? size : 1), size};
    memcpy(f.bytes, bytes, size);
    return f;
}

static size_t texts(made_file *made, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        made[i] = keep(list[i], strlen(list[i]));
    return count;
}

static size_t made_csv(made_file *made)
{
    static const char *const list[] = {
        "a,b,y\n1,2.5,x\n3,,\"y \"\"z\"\"\"\n5,6.5,x\n",
        "\xef\xbb\xbf\"a\";\"b\"\r\n1,5;\"x\r\ny\"\r\n-2,25e3;NA\r\n",
        "1 2 3\n4 5 6\n7 8 9\n",
        "name\tx\nalpha\t1\nbeta\t2\n\ngamma\t?\n",
        "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-virginica\n",
        "x\n1\n\n2\n\"\"\n3\n",
        "a|b\r1|2\r3|4",
        "sep=;\na;b\n1;2\n",
    };
    return texts(made, list, sizeof list / sizeof *list);
}

static size_t made_libsvm(made_file *made)
{
    static const char *const list[] = {
        "1 1:0.5 3:2\n-1 2:1e-3 # comment\n+1 3:7\n",
        "# head\n0 1:1\r\n\n2 2:-3.25\r\n",
        "3 1:1 2:2 3:3 4:4 5:5",
        "0.5 100:1\n1.5 50:2 99:1\n",
    };
    return texts(made, list, sizeof list / sizeof *list);
}

static made_file npy(int version, const char *type, const char *order, const char *shape, size_t bytes)
{
    char text[512] = "\x93NUMPY", header[256];
    size_t head = version == 1 ? 10 : 12;
    int size =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", type, order, shape);
    size_t length = ((size_t)size + 1 + head + 63) / 64 * 64 - head;
    memset(header + size, ' ', length - (size_t)size);
    header[length - 1] = '\n';
    text[6] = (char)version;
    text[7] = 0;
    text[8] = (char)(length & 0xff);
    text[9] = (char)(length >> 8);
    memcpy(text + head, header, length);
    for (size_t i = 0; i < bytes; i++)
        text[head + length + i] = (char)(i * 37 % 120);
    return keep(text, head + length + bytes);
}

static size_t made_npy(made_file *made)
{
    made[0] = npy(1, "<f8", "False", "(3, 4)", 96);
    made[1] = npy(1, "<f4", "False", "(5,)", 20);
    made[2] = npy(2, "|u1", "False", "(4, 6)", 24);
    made[3] = npy(3, ">i2", "True", "(3, 5)", 30);
    made[4] = npy(1, "|b1", "False", "(7, 1)", 7);
    made[5] = npy(1, ">f8", "True", "(2, 3)", 48);
    return 6;
}

static made_file idx(unsigned char type, size_t element, const uint32_t *sizes, unsigned char dimensions)
{
    unsigned char bytes[512] = {0, 0, type, dimensions};
    size_t at = 4, numbers = 1;
    for (size_t i = 0; i < dimensions; i++) {
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes[at++] = (unsigned char)(sizes[i] >> shift);
        numbers *= sizes[i];
    }
    for (size_t i = 0; i < numbers * element; i++)
        bytes[at++] = (unsigned char)(i * 31);
    return keep(bytes, at);
}

static size_t made_idx(made_file *made)
{
    made[0] = idx(0x08, 1, (const uint32_t[]){5, 4, 4}, 3);
    made[1] = idx(0x08, 1, (const uint32_t[]){9}, 1);
    made[2] = idx(0x09, 1, (const uint32_t[]){4, 3}, 2);
    made[3] = idx(0x0b, 2, (const uint32_t[]){4, 3}, 2);
    made[4] = idx(0x0c, 4, (const uint32_t[]){3, 2, 2}, 3);
    made[5] = idx(0x0d, 4, (const uint32_t[]){3, 5}, 2);
    made[6] = idx(0x0e, 8, (const uint32_t[]){2, 4}, 2);
    return 7;
}

size_t made_files(const char *format, made_file *made)
{
    return strcmp(format, "csv") == 0   ? made_csv(made)
           : strcmp(format, "idx") == 0 ? made_idx(made)
           : strcmp(format, "npy") == 0 ? made_npy(made)
                                        : made_libsvm(made);
}

void made_files_free(made_file *made, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(made[i].bytes);
}

/* ---- what a reader made ---- */

enum { MOST_CELLS = 100000 };

size_t look_at_table(const bpnn_table *t)
{
    char buffer[32];
    size_t sum = bpnn_table_get_dialect(t).header, columns = bpnn_table_columns(t), rows = MOST_CELLS / columns + 1;
    rows = rows < bpnn_table_rows(t) ? rows : bpnn_table_rows(t);
    for (size_t c = 0; c < columns && c < MOST_CELLS; c++)
        sum += strlen(bpnn_table_column_name(t, c)) + bpnn_table_is_numeric(t, c);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns && c < MOST_CELLS; c++) {
            const char *text = bpnn_table_text(t, r, c, buffer);
            sum += text ? strlen(text) : 0;
            sum += bpnn_table_number(t, r, c) > 0;
        }
    for (size_t r = 0; r < bpnn_table_rows(t); r++)
        sum += (size_t)bpnn_table_line(t, r);
    return sum;
}
