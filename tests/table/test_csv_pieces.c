/* Larger CSV files, whole and with one fault somewhere: read in pieces of several sizes by several threads they give the table, or the
 * error with its line, that one thread finds in one piece with every row read the careful way.
 * test_csv_pieces [FILES]. */
#include "table/cells.h"
#include "table/plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 12, MOST_COLUMNS = 12, ROOM = 1 << 20 };

typedef struct maker {
    dice d;
    char *text;
    size_t size, columns, rows;
    char delimiter;
    int kind[MOST_COLUMNS];
    const char *end;
} maker;

static size_t below(dice *d, size_t n)
{
    return (size_t)(roll(d) % n);
}

static void add(maker *m, const char *text)
{
    size_t size = strlen(text);
    memcpy(m->text + m->size, text, size + 1);
    m->size += size;
}

static void add_cell(maker *m, int kind)
{
    static const char *const words[] = {"red",
                                        "green",
                                        "blue",
                                        "\"a \"\"quoted\"\" one\"",
                                        "\"two\nlines\"",
                                        "\"1\r\n2\"",
                                        "\"x;y,z\"",
                                        "5\" in",
                                        "NA",
                                        "\xc3\xa9t\xc3\xa9",
                                        "",
                                        "\" 7 \""};
    char cell[64];
    double x = roll_unit(&m->d) * 200 - 100;
    switch (kind) {
    case 0:
        snprintf(cell, sizeof cell, "%.6g", x);
        break;
    case 1:
        snprintf(cell, sizeof cell, "%.17g", x);
        break;
    case 2:
        snprintf(cell, sizeof cell, "%d", (int)below(&m->d, 1000));
        break;
    case 3:
        snprintf(cell, sizeof cell, "%s", words[below(&m->d, sizeof words / sizeof *words)]);
        break;
    case 4:
        snprintf(cell, sizeof cell, "id%zu", below(&m->d, 100000));
        break;
    default: /* a column of numbers, with few long ones and missing cells */
        snprintf(cell, sizeof cell, "%s", below(&m->d, 500) ? below(&m->d, 9) ? "12.5" : "" : "0.12345678901");
    }
    add(m, cell);
}

static void add_row(maker *m)
{
    for (size_t c = 0; c < m->columns; c++) {
        if (c)
            memcpy(m->text + m->size++, &m->delimiter, 1);
        add_cell(m, m->kind[c]);
    }
    if (m->columns == 1 && (m->text[m->size - 1] == '\n' || m->size == 0))
        add(m, "1");
    add(m, m->end);
    if (below(&m->d, 200) == 0)
        add(m, m->end);
}

static void make(maker *m)
{
    static const char *const ends[] = {"\n", "\n", "\r\n", "\r"};
    m->size = 0;
    m->columns = 1 + below(&m->d, MOST_COLUMNS);
    m->end = ends[below(&m->d, 4)];
    bool plain = below(&m->d, 3) == 0;
    m->delimiter = ",;\t "[below(&m->d, plain ? 4 : 3)];
    for (size_t c = 0; c < m->columns; c++)
        m->kind[c] = (int)below(&m->d, plain ? 3 : 6);
    m->rows = 20 + below(&m->d, ROOM / 2 / (m->columns * 24));
    for (size_t r = 0; r < m->rows; r++)
        add_row(m);
}

/* Something wrong at a random place, or a text in a column of numbers. */
static void spoil(maker *m)
{
    static const char *const faults[] = {"\"", "\n1\n", "\xff", "x", "\"\"z", ",,", "\"\n\""};
    const char *fault = faults[below(&m->d, sizeof faults / sizeof *faults)];
    size_t at = below(&m->d, m->size), size = strlen(fault);
    memmove(m->text + at + size, m->text + at, m->size - at + 1);
    memcpy(m->text + at, fault, size);
    m->size += size;
}

static bool same(maker *m, bpnn_table_options *o, const bpnn__text *expected, size_t chunk, size_t threads)
{
    bpnn__text found = {0};
    o->threads = threads;
    render_csv(&found, m->text, m->size, chunk, o);
    bool good = strcmp(found.data, expected->data) == 0;
    if (!good)
        printf("pieces of %zu, %zu threads: expected '%.200s', found '%.200s'\n", chunk, threads, expected->data,
               found.data);
    bpnn__text_free(&found);
    return good;
}

static void check_file(maker *m, size_t *done, size_t *bad)
{
    static const size_t chunks[] = {0, 40, 1000, 30000};
    bpnn__text expected = {0};
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.header = 0;
    o.delimiter = m->delimiter;
    o.na = "NA,-987654.125"; /* a number among them: every cell is looked up */
    o.threads = 1;
    render_csv(&expected, m->text, m->size, 2 * ROOM, &o);
    o.na = "NA";
    for (size_t i = 0; i < 4; i++)
        for (size_t threads = 1; threads <= 5; threads += 2) {
            ++*done;
            *bad += !same(m, &o, &expected, chunks[i], threads);
        }
    bpnn__text_free(&expected);
}

int main(int argc, char **argv)
{
    size_t files = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : FILES;
    uint64_t seed = seed_of_tests(1);
    maker m = {.d = {seed}, .text = malloc(2 * ROOM)};
    size_t done = 0, bad = 0;
    for (size_t i = 0; i < files; i++) {
        make(&m);
        check_file(&m, &done, &bad);
        for (size_t k = 0; k < 3; k++) {
            spoil(&m);
            check_file(&m, &done, &bad);
        }
    }
    free(m.text);
    printf("CSV in pieces by threads (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, done, bad);
    return bad != 0;
}
