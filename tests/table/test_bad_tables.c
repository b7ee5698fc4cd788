/* Files that cannot be used, or hardly: one line with the file, the line and the column where there is one, and what to do. */
#include "base/memory.h"
#include "base/watch.h"
#include "table/cells.h"
#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bpnn_status read_text(bpnn_table **table, const char *bytes, size_t size, const char *format, uint64_t columns,
                             bpnn_error *error)
{
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = format;
    o.max_columns = columns;
    *error = (bpnn_error){0};
    return bpnn_table_read_memory(table, bytes, size, format ? "t" : "t.csv", &o, error);
}

/* The whole message. */
static void says_exactly(const char *bytes, size_t size, const char *format, const char *expected)
{
    bpnn_table *table;
    bpnn_error error;
    char message[1024];
    bpnn_status status = read_text(&table, bytes, size, format, 0, &error);
    assert_int_equal(status, BPNN_DATA);
    assert_null(table);
    assert_string_equal(bpnn_error_message(&error, message, sizeof message), expected);
}

#define SAYS(bytes, expected) says_exactly(bytes, sizeof(bytes) - 1, NULL, expected)

static void unusable_files(void **state)
{
    (void)state;
    SAYS("", "t.csv: the file is empty; give one with a row at least");
    SAYS("\n \n", "t.csv: the file is empty; give one with a row at least");
    SAYS("a,b\n", "t.csv:1: there is a header and no row below it (--header no if the first line is data)");
    SAYS("\n\na,b\n", "t.csv:3: there is a header and no row below it (--header no if the first line is data)");
    SAYS("a,b\n1,2\n3\n", "t.csv:3: expected 2 cells, found 1; check quotes and the delimiter (,)");
    SAYS("a\tb\n1\t2\n3\t4\t5\n", "t.csv:3: expected 2 cells, found 3; check quotes and the delimiter (tab)");
    SAYS("a b\n1 2\n3 4 5\n", "t.csv:3: expected 2 cells, found 3; check quotes and the delimiter (blank)");
    SAYS("a,b\n1,2\n3,\0\n",
         "t.csv:3:2: a NUL byte; is this a text file? From UTF-16, convert it: iconv -f utf-16 -t utf-8");
    SAYS("a,b\n1,x\n3,\xe9\n",
         "t.csv:3:2: byte 1 of the cell (0xe9) is not UTF-8; convert the file, as in iconv -f latin1 -t utf-8");
    SAYS("a,b\n1,\"x\n", "t.csv:2:2: a quote is opened and never closed; close it, or double quotes inside");
    SAYS("a,b\n1,\"x\"y\n", "t.csv:2:2: text behind a closing quote; double the quotes inside a quoted cell");
}

/* One row of two little-endian numbers in version 1. */
static void npy_with(const char *type, const void *numbers, size_t size, const char *expected)
{
    char file[192] = "\x93NUMPY\x01";
    file[8] = 118;
    memset(file + 10, ' ', 118);
    int used = snprintf(file + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': (1, 2), }", type);
    file[10 + used] = ' ';
    file[127] = '\n';
    memcpy(file + 128, numbers, size);
    says_exactly(file, 128 + size, "npy", expected);
}

static void unusable_formats(void **state)
{
    (void)state;
    npy_with("<f8", (double[]){1, (double)INFINITY}, 16,
             "t: column 2 of row 1 is infinite; NaN is a missing cell, every other one has to be finite");
    npy_with("<f4", (float[]){-INFINITY, 1}, 8,
             "t: column 1 of row 1 is infinite; NaN is a missing cell, every other one has to be finite");
    says_exactly("", 0, "npy", "t: this is no .npy file; save it with numpy.save as float, int, uint or bool");
    says_exactly("\0\0\x08\x01\0\0\0\x05xx", 10, "idx",
                 "t: the header promises 5 items of 1 numbers, the file has 2 bytes of them; copy the file again");
    says_exactly("1 2:x\n", 6, "libsvm", "t:1: expected INDEX:VALUE, found '2:x'");
    says_exactly("1 1:1\nx 1:1\n", 12, "libsvm", "t:2: expected a number as label, found 'x'");
    says_exactly("1 2:1 1:1\n", 10, "libsvm", "t:1: indices must begin at 1 and rise, found '1:1'");
    says_exactly("", 0, "libsvm", "t: there is no row with a value; give one with a row at least");
}

/* ---- size ---- */

static void one_row(void **state)
{
    (void)state;
    bpnn_table *table;
    bpnn_error error;
    assert_int_equal(read_text(&table, "a,b\n1,2\n", 8, NULL, 0, &error), BPNN_OK);
    assert_int_equal(bpnn_table_rows(table), 1);
    bpnn_table_free(table);
}

static char *row_of_columns(size_t columns, size_t *size)
{
    char *text = malloc(2 * columns);
    for (size_t c = 0; c < columns; c++) {
        text[2 * c] = (char)('0' + c % 10);
        text[2 * c + 1] = c + 1 < columns ? ',' : '\n';
    }
    *size = 2 * columns;
    return text;
}

/* A million columns are read, one more is not; both in bounded memory. */
static void many_columns(void **state)
{
    (void)state;
    size_t size;
    bpnn_table *table;
    bpnn_error error;
    char message[256];
    char *text = row_of_columns(BPNN__MAX_COLUMNS + 1, &size);
    watch_reset();
    assert_int_equal(read_text(&table, text, size, NULL, 0, &error), BPNN_DATA);
    assert_string_equal(bpnn_error_message(&error, message, sizeof message),
                        "t.csv:1: more columns than the limit of 1000000; check the delimiter");
    free(text);
    text = row_of_columns(BPNN__MAX_COLUMNS, &size);
    assert_int_equal(read_text(&table, text, size, NULL, 0, &error), BPNN_OK);
    assert_int_equal(bpnn_table_columns(table), BPNN__MAX_COLUMNS);
    assert_true(bpnn_table_number(table, 0, BPNN__MAX_COLUMNS - 1) == 9);
    bpnn_table_free(table);
    assert_true(watch_largest() <= ((size_t)64 << 20) + 2 * size);
    assert_int_equal(read_text(&table, text, 20, NULL, 9, &error), BPNN_DATA);
    free(text);
    assert_int_equal(read_text(&table, "1 1000000:1\n", 12, "libsvm", 0, &error), BPNN_DATA);
    assert_non_null(strstr(error.text, "limit"));
}

static void large_cells(void **state)
{
    (void)state;
    bpnn_table *table;
    bpnn_error error;
    size_t size = (size_t)100 << 20;
    char *text = malloc(size);
    memset(text, 'x', size);
    memcpy(text, "a,b\n1,", 6);
    watch_reset();
    assert_int_equal(read_text(&table, text, size, NULL, 0, &error), BPNN_DATA);
    assert_int_equal(error.line, 2);
    assert_string_equal(error.text, "a record of more than 64 MiB; is a quote open?");
    text[20 << 20] = '\n';
    assert_int_equal(read_text(&table, text, (20 << 20) + 1, NULL, 0, &error), BPNN_DATA);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 2);
    assert_string_equal(error.text, "a cell of more than 16 MiB; is a quote or a line end missing?");
    assert_true(watch_largest() <= ((size_t)64 << 20) + 2 * size);
    memset(text + 6, '1', 20 << 20);
    text[20 << 20] = '\n'; /* digits are no number of that length either */
    assert_int_equal(read_text(&table, text, (20 << 20) + 1, NULL, 0, &error), BPNN_DATA);
    assert_int_equal(error.column, 2);
    free(text);
}

/* A dense table of a sparse file must stay in proportion to it. */
static void sparse_files(void **state)
{
    (void)state;
    bpnn_table *table;
    bpnn_error error;
    char *text = malloc(1 << 20);
    size_t size = 0;
    for (int i = 0; i < 100; i++)
        size += (size_t)sprintf(text + size, "1 %d:1\n", i == 50 ? 999999 : 1);
    watch_reset();
    assert_int_equal(read_text(&table, text, size, "libsvm", 0, &error), BPNN_DATA);
    assert_non_null(strstr(error.text, "100 rows x 1000000 columns"));
    assert_true(watch_largest() <= (size_t)64 << 20);
    free(text);
}

/* ---- text where numbers are wanted ---- */

static void text_in_the_last_row(void **state)
{
    (void)state;
    enum { ROWS = 200000 };
    char *csv = malloc(ROWS * 16 + 64);
    size_t size = (size_t)sprintf(csv, "a,b,y\n");
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(csv + size, "%d,%s,%d\n", i % 1000, i == ROWS - 1 ? "oops" : "2", i % 7);
    bpnn_table *table;
    bpnn_error error;
    assert_int_equal(read_text(&table, csv, size, NULL, 0, &error), BPNN_OK);
    free(csv);
    assert_true(bpnn_table_is_numeric(table, 0));
    assert_false(bpnn_table_is_numeric(table, 1));
    assert_string_equal(bpnn_table_text(table, ROWS - 1, 1, NULL), "oops");
    assert_true(bpnn_table_number(table, 0, 1) == 2);
    bpnn_fit_options o = plain();
    o.numeric = "b";
    error = refused(table, &o, BPNN_DATA,
                    "column 'b': expected a number, found 'oops'; correct it, or leave out --numeric");
    assert_int_equal(error.line, ROWS + 1);
    assert_int_equal(error.column, 2);
    bpnn_table_free(table);
}

static void not_finite(void **state)
{
    (void)state;
    static const char *const words[] = {"nan", "inf", "-inf", "Infinity", "1e999", "-1e400", "0x10", "1_000", "1,000"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char csv[128], words_of[64];
        snprintf(csv, sizeof csv, "a,b,y\n1,2,3.5\n4,\"%s\",6.5\n7,8,9.5\n", words[i]);
        bpnn_table *table = table_of(csv, NULL);
        bpnn_fit_options o = plain();
        o.numeric = "b";
        snprintf(words_of, sizeof words_of, "expected a number, found '%s'", words[i]);
        bpnn_error error = refused(table, &o, BPNN_DATA, words_of);
        assert_int_equal(error.line, 3);
        assert_int_equal(error.column, 2);
        bpnn_table_free(table);
    }
}

static void missing_column(void **state)
{
    (void)state;
    bpnn_table *table = table_of("a,b,y\n1,,0.5\n2,NA,1.5\n3,?,2.5\n", NULL);
    heard said;
    bpnn_fit_options o = plain();
    bpnn__plan plan = plan_of(table, &o, false, &said);
    assert_int_equal(plan.feature_count, 1);
    assert_true(says(&said, "column 'b' is dropped: every cell is missing"));
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

static void unknown_columns(void **state)
{
    (void)state;
    bpnn_table *table = table_of("sepal_length,sepal_width,species\n1,2,x\n3,4,y\n", NULL);
    bpnn_error error = {0};
    size_t c;
    assert_int_equal(bpnn_table_find_column(table, "sepal_lenght", &c, &error), BPNN_DATA);
    assert_string_equal(error.file, "t.csv");
    assert_string_equal(error.text, "no column is called 'sepal_lenght'; did you mean 'sepal_length'?");
    assert_int_equal(bpnn_table_find_column(table, "Species", &c, &error), BPNN_DATA);
    assert_string_equal(error.text, "no column is called 'Species'; did you mean 'species'?");
    assert_int_equal(bpnn_table_find_column(table, "zzz", &c, &error), BPNN_DATA);
    assert_string_equal(error.text, "no column is called 'zzz'; the first of 3 columns is 'sepal_length'");
    assert_int_equal(bpnn_table_find_column(table, "4", &c, &error), BPNN_DATA);
    assert_int_equal(bpnn_table_find_column(table, "0", &c, &error), BPNN_DATA);
    assert_int_equal(bpnn_table_find_column(table, "", &c, &error), BPNN_DATA);
    bpnn_table_free(table);
}

int main(void)
{
    watch_begin();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unusable_files),       cmocka_unit_test(unusable_formats), cmocka_unit_test(one_row),
        cmocka_unit_test(many_columns),         cmocka_unit_test(large_cells),      cmocka_unit_test(sparse_files),
        cmocka_unit_test(text_in_the_last_row), cmocka_unit_test(not_finite),       cmocka_unit_test(missing_column),
        cmocka_unit_test(unknown_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
