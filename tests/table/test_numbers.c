/* The matrix of a table's columns is what its cells give one by one: every format, lists of columns, both types, threads.
 * test_numbers [TABLES]. */
#include "table/made_tables.h"
#include "table/plans.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES = 20, MOST = 9, ROWS = 30000 };

static struct {
    size_t done, bad;
} tally;

static dice d;

static void check(bool good, const char *what, const char *where)
{
    tally.done++;
    if (good)
        return;
    tally.bad++;
    printf("%s: %s\n", where, what);
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

/* Both matrices have the cells of these columns. */
static bool is_right(const bpnn_table *t, const size_t *columns, size_t count, const float *f, const double *x)
{
    for (size_t r = 0; r < bpnn_table_rows(t); r++)
        for (size_t i = 0; i < count; i++) {
            double cell = bpnn_table_number(t, r, columns ? columns[i] : i);
            if (!same(x[r * count + i], cell) || !same((double)f[r * count + i], (double)(float)cell))
                return false;
        }
    return true;
}

static void compare(const bpnn_table *t, const char *where)
{
    size_t all = bpnn_table_columns(t), columns[MOST];
    bool listed = all > MOST || roll(&d) % 2;
    size_t count = listed ? 1 + roll(&d) % MOST : all, threads = 1 + roll(&d) % 4;
    for (size_t i = 0; i < MOST; i++)
        columns[i] = roll(&d) % all;
    float *f = malloc(bpnn_table_rows(t) * count * sizeof *f);
    double *x = malloc(bpnn_table_rows(t) * count * sizeof *x);
    bpnn_error error;
    const size_t *list = listed ? columns : NULL;
    bool good = f && x &&
                bpnn_table_copy_numbers(t, list, listed ? count : 0, BPNN_F32, f, threads, &error) == BPNN_OK &&
                bpnn_table_copy_numbers(t, list, listed ? count : 0, BPNN_F64, x, roll(&d) % 2 ? 0 : threads, &error) ==
                    BPNN_OK;
    check(good && is_right(t, list, count, f, x), "other numbers than cell by cell", where);
    columns[0] = all;
    check(bpnn_table_copy_numbers(t, columns, 1, BPNN_F64, x, 1, &error) == BPNN_USAGE, "a column that is not there",
          where);
    check(bpnn_table_copy_numbers(t, NULL, 0, BPNN_U8, x, 1, NULL) == BPNN_USAGE, "bytes", where);
    free(f);
    free(x);
}

static void of_format(const char *format)
{
    made_file made[MADE_FILES];
    size_t count = made_files(format, made);
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.format = format;
    for (size_t i = 0; i < count; i++) {
        bpnn_table *t;
        bpnn_error error;
        if (bpnn_table_read_memory(&t, made[i].bytes, made[i].size, NULL, &o, &error) != BPNN_OK) {
            check(false, error.text, format);
            continue;
        }
        compare(t, format);
        bpnn_table_free(t);
    }
    made_files_free(made, count);
}

/* Short numbers, long ones, whole ones, words, words and numbers, gaps. */
static void drawn(size_t rows)
{
    char *text = malloc(rows * 80 + 100), *at = text;
    if (!text)
        exit(1);
    at += sprintf(at, "short,long,whole,word,mixed,gaps\n");
    for (size_t r = 0; r < rows; r++) {
        double u = roll_unit(&d) * 200 - 100;
        at += sprintf(at, "%.4f,%.17g,%d,%s,", u, u / 3, (int)(u * 10), roll(&d) % 2 ? "red" : "green");
        at += roll(&d) % 3 ? sprintf(at, "%.3g,", u) : sprintf(at, "none,");
        at += roll(&d) % 3 ? sprintf(at, "%.3g\n", u) : sprintf(at, "\n");
    }
    bpnn_table *t;
    bpnn_error error;
    bool good = bpnn_table_read_memory(&t, text, (size_t)(at - text), NULL, NULL, &error) == BPNN_OK;
    check(good, good ? "" : error.text, "drawn");
    if (good) {
        compare(t, "drawn");
        bpnn_table_free(t);
    }
    free(text);
}

int main(int count, char **argument)
{
    static const char *const formats[] = {"csv", "idx", "npy", "libsvm"};
    uint64_t seed = seed_of_tests(1);
    size_t tables = count > 1 ? strtoul(argument[1], NULL, 10) : TABLES;
    d.state = seed;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        of_format(formats[i]);
    for (size_t i = 0; i < tables; i++)
        drawn(i == 0 ? ROWS : 1 + roll(&d) % 1000);
    printf("numbers of tables as matrices (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, tally.done,
           tally.bad);
    return tally.bad != 0;
}
