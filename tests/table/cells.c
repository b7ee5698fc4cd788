#include "table/cells.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static void add_escaped(bpnn__text *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            bpnn__text_add(out, "\\n");
        else if (*text == '\r')
            bpnn__text_add(out, "\\r");
        else
            bpnn__text_add_bytes(out, text, 1);
}

static void add_dialect(bpnn__text *out, const bpnn_table *table)
{
    bpnn_table_dialect d = bpnn_table_get_dialect(table);
    bpnn__text_add_bytes(out, d.delimiter == '\t' ? "t" : d.delimiter == ' ' ? "s" : &d.delimiter, 1);
    bpnn__text_add(out, d.decimal == ',' ? "d" : "");
    bpnn__text_add(out, d.header ? "h" : "");
    bpnn__text_add(out, d.bom ? "b" : "");
    bpnn__text_add(out, d.crlf ? "c" : "");
}

void render(bpnn__text *out, const bpnn_table *table)
{
    char buffer[BPNN__NUMBER_SIZE];
    size_t columns = bpnn_table_columns(table);
    add_dialect(out, table);
    for (size_t c = 0; c < columns; c++) {
        bpnn__text_add(out, c ? "|" : " ");
        add_escaped(out, bpnn_table_column_name(table, c));
        bpnn__text_add(out, bpnn_table_is_numeric(table, c) ? "#" : "$");
    }
    for (size_t r = 0; r < bpnn_table_rows(table); r++)
        for (size_t c = 0; c < columns; c++) {
            const char *cell = bpnn_table_text(table, r, c, buffer);
            bpnn__text_add(out, c ? "|" : "/");
            add_escaped(out, cell ? cell : "~");
        }
}

void render_csv(bpnn__text *out, const char *bytes, size_t size, size_t chunk, const bpnn_table_options *options)
{
    bpnn_table *table = NULL;
    bpnn_error error = {0};
    bpnn__source source = {.path = "t.csv", .bytes = bytes, .size = size, .chunk = chunk};
    if (bpnn__read_csv(&table, &source, options, &error) == BPNN_OK) {
        render(out, table);
    } else {
        bpnn__text_add(out, "!");
        bpnn__text_add_u64(out, error.line);
        bpnn__text_add(out, ":");
        bpnn__text_add_u64(out, error.column);
        bpnn__text_add(out, " ");
        bpnn__text_add(out, error.text);
    }
    bpnn_table_free(table);
}
