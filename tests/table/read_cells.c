/* Prints the cells of tables, for tests that know the format by themselves: read_cells [-d DELIMITER] [-p DECIMAL] [-t] [-c BYTES] [-j THREADS] FILE..
 * -t keeps every cell as text and takes no word for a missing cell. For each file a line "ok ROWS COLUMNS", then a line a row: its
 * line in the file, and its cells, each behind a unit separator (0x1f): "~" missing, "=TEXT" a text, "#HEX" the bits of a number; line ends in cells are written 0x1d (feed) and 0x1e
 * (return). Or "error LINE COLUMN TEXT". */
#include "table/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_text(const char *text)
{
    putchar('=');
    for (; *text; text++)
        putchar(*text == '\n' ? 0x1d : *text == '\r' ? 0x1e : *text);
}

static void print_cell(const bpnn_table *table, size_t r, size_t c)
{
    char buffer[64];
    const char *text = bpnn_table_text(table, r, c, buffer);
    if (!text) {
        putchar('~');
    } else if (text != buffer) {
        print_text(text);
    } else {
        double x = bpnn_table_number(table, r, c);
        unsigned long long bits;
        memcpy(&bits, &x, sizeof bits);
        printf("#%016llx", bits);
    }
}

static void print_table(const bpnn_table *table)
{
    size_t columns = bpnn_table_columns(table);
    printf("ok %zu %zu\n", bpnn_table_rows(table), columns);
    for (size_t r = 0; r < bpnn_table_rows(table); r++) {
        printf("%llu", (unsigned long long)bpnn_table_line(table, r));
        for (size_t c = 0; c < columns; c++) {
            putchar(0x1f);
            print_cell(table, r, c);
        }
        putchar('\n');
    }
}

static void read_one(const char *path, size_t chunk, const bpnn_table_options *options)
{
    bpnn_table *table = NULL;
    bpnn_error error = {0};
    bpnn__source source = {.path = path, .chunk = chunk};
    if (bpnn__read_csv(&table, &source, options, &error) == BPNN_OK)
        print_table(table);
    else
        printf("error %llu %llu %s\n", (unsigned long long)error.line, (unsigned long long)error.column, error.text);
    bpnn_table_free(table);
}

/* "1,2,3, .." */
static const char *all_columns(void)
{
    static char list[256];
    for (int c = 1; c < 64; c++)
        snprintf(list + strlen(list), sizeof list - strlen(list), c > 1 ? ",%d" : "%d", c);
    return list;
}

int main(int argc, char **argv)
{
    bpnn_table_options options;
    bpnn_table_options_default(&options);
    options.header = 0;
    size_t chunk = 0;
    int i = 1;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        char letter = argv[i][1];
        if (letter == 't') {
            options.text = all_columns();
            options.na = "";
        } else if (i + 1 < argc) {
            const char *value = argv[++i];
            options.delimiter = letter == 'd' ? value[0] : options.delimiter;
            options.decimal = letter == 'p' ? value[0] : options.decimal;
            chunk = letter == 'c' ? strtoul(value, NULL, 10) : chunk;
            options.threads = letter == 'j' ? strtoul(value, NULL, 10) : options.threads;
        }
    }
    for (; i < argc; i++)
        read_one(argv[i], chunk, &options);
    return 0;
}
