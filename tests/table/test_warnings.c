/* What looks wrong with a table is said, and what does not is not. */
#include "base/text.h"
#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 80 };

/* A table of ROWS rows: `cell` writes the cells of row r without the line end. All rows train. */
static void look(const char *header, void (*cell)(char *out, size_t size, int r), const char *categorical, heard *h)
{
    char csv[16384];
    snprintf(csv, sizeof csv, "%s\n", header);
    for (int r = 0; r < ROWS; r++) {
        cell(csv + strlen(csv), sizeof csv - strlen(csv) - 1, r);
        strcat(csv, "\n");
    }
    bpnn_table *table = table_of(csv, categorical);
    bpnn_fit_options o = plain();
    o.categorical = categorical;
    bpnn__plan plan = plan_of(table, &o, false, h);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

/* Pseudo-random, repeatable, without a pattern of its own. */
static unsigned noise(int r, unsigned salt)
{
    dice d = {(uint64_t)r * 1000 + salt};
    return (unsigned)(roll(&d) % 100000);
}

static void sound(char *out, size_t n, int r)
{
    snprintf(out, n, "%u,%u.5,%s,%u.25", noise(r, 1), noise(r, 2) % 50, noise(r, 3) % 2 ? "red" : "blue", noise(r, 4));
}

static void nothing_to_say(void **state)
{
    (void)state;
    heard h;
    look("a,b,t,y", sound, NULL, &h);
    assert_int_equal(h.warnings, 0);
}

static void constants(char *out, size_t n, int r)
{
    snprintf(out, n, "7,%u,same,%s,%u.25", noise(r, 1), r % 2 ? "" : "5", noise(r, 4));
}

static void many_constants(char *out, size_t n, int r)
{
    snprintf(out, n, "1,2,3,4,5,6,7,%u,%u.25", noise(r, 1), noise(r, 4));
}

static void constant_columns(void **state)
{
    (void)state;
    heard h;
    look("k,a,t,m,y", constants, NULL, &h);
    assert_int_equal(h.warnings, 1);
    assert_true(
        says(&h, "columns 'k', 't' are constant: they tell nothing (--drop)")); /* 'm' tells where it is missing */
    look("a,b,c,d,e,f,g,x,y", many_constants, NULL, &h);
    assert_int_equal(h.warnings, 1);
    assert_true(says(&h, "columns 'a', 'b', 'c', 'd', 'e' and 2 more are constant"));
}

static void counters(char *out, size_t n, int r)
{
    snprintf(out, n, "%d,%d,N%d,%d,%u.25", r + 100, (r * 37 + 5) % ROWS, r, r / 2, noise(r, 4));
}

static void id_like_columns(void **state)
{
    (void)state;
    heard h;
    look("up,mixed,text,half,y", counters, "text", &h);
    assert_int_equal(h.warnings, 1);
    assert_true(says(&h, "columns 'up', 'mixed', 'text' look like row numbers or IDs"));
}

static void doubles(char *out, size_t n, int r)
{
    const char *colour = noise(r, 3) % 2 ? "red" : "blue", *code = noise(r, 3) % 2 ? "1" : "0";
    snprintf(out, n, "%u,%s,%u,%s,%s,%u.25", noise(r, 1), colour, noise(r, 1), colour, code, noise(r, 4));
}

static void same_columns(void **state)
{
    (void)state;
    heard h;
    look("a,t,b,u,code,y", doubles, "code", &h); /* the same partition under other names is not the same column */
    assert_int_equal(h.warnings, 1);
    assert_true(strstr(h.text, "'a' and 'b'") && strstr(h.text, "'t' and 'u'"));
    assert_null(strstr(h.text, "code"));
}

static void repeated(char *out, size_t n, int r)
{
    int q = r < 70 ? r : r - 70; /* the last ten are the first ten again */
    snprintf(out, n, "%u,%s,%u.25", noise(q, 1), noise(q, 3) % 2 ? "red" : "blue", noise(q, 4));
}

static void same_inputs(char *out, size_t n, int r)
{
    int q = r < 70 ? r : r - 70;
    snprintf(out, n, "%u,%u.25", noise(q, 1), noise(r, 4)); /* other targets: no repetition */
}

static void repeated_rows(void **state)
{
    (void)state;
    heard h;
    look("a,t,y", repeated, NULL, &h);
    assert_true(says(&h, "warning: 10 training rows are repetitions of others"));
    look("a,y", same_inputs, NULL, &h);
    assert_int_equal(h.warnings, 0);
}

static void leak_of_number(char *out, size_t n, int r)
{
    double y = noise(r, 4) / 7.0;
    snprintf(out, n, "%.6f,%.6f,%u,%.6f", 3 - 2 * y, y + noise(r, 5) / 50.0, noise(r, 1), y);
}

static void leak_of_class(char *out, size_t n, int r)
{
    unsigned k = noise(r, 4) % 3;
    snprintf(out, n, "%u,%s,%u,c%u", 10 * k, k == 1 ? "in" : k == 2 ? "out" : "none", k == 0 ? 1 : noise(r, 1) % 2, k);
}

static void leaks(void **state)
{
    (void)state;
    heard h;
    look("leak,near,a,y", leak_of_number, NULL, &h);
    assert_int_equal(h.warnings, 1);
    assert_true(says(&h, "column 'leak' alone tells the target"));
    look("code,text,part,y", leak_of_class, NULL, &h);
    assert_true(says(&h, "columns 'code', 'text' each tell the target alone"));
    assert_null(strstr(h.text, "part"));
}

static void few(char *out, size_t n, int r)
{
    snprintf(out, n, "%u,%s", noise(r, 1), r < 9 ? "rare" : r < 40 ? "a" : "b");
}

static void several_few(char *out, size_t n, int r)
{
    snprintf(out, n, "%u,%s", noise(r, 1), r < 9 ? "rare" : r < 12 ? "rarer" : r < 22 ? "ten" : "b");
}

static void few_rows_of_a_class(void **state)
{
    (void)state;
    heard h;
    look("a,y", few, NULL, &h);
    assert_int_equal(h.warnings, 1);
    assert_true(says(&h, "class 'rare' has 9 training rows"));
    look("a,y", several_few, NULL, &h);
    assert_int_equal(h.warnings, 1);
    assert_true(says(&h, "2 classes have less than 10 training rows, 'rarer' has 3"));
}

static void same_target(char *out, size_t n, int r)
{
    snprintf(out, n, "%u,4.5", noise(r, 1));
}

static void constant_target(void **state)
{
    (void)state;
    heard h;
    look("a,y", same_target, NULL, &h);
    assert_true(says(&h, "warning: the target 'y' is constant"));
}

/* Above the limit nothing is looked for, and that is said. */
static void large_tables(void **state)
{
    (void)state;
    enum { TALL = 60000, WIDE = 1000 };
    unsigned char *cells = calloc(TALL, WIDE);
    for (size_t r = 0; r < TALL; r++)
        cells[r * WIDE + WIDE - 1] = (unsigned char)(r % 2);
    bpnn_table *table;
    assert_int_equal(bpnn_table_from_matrix(&table, bpnn_matrix_of(cells, TALL, WIDE), NULL, NULL), BPNN_OK);
    bpnn_fit_options o = plain();
    heard h;
    bpnn__plan plan = plan_of(table, &o, true, &h);
    assert_int_equal(h.warnings, 0);
    assert_true(says(&h, "note: the table is large: constant, repeated and leaking columns are not looked for"));
    assert_int_equal(plan.valid_count, TALL * 15 / 100);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
    free(cells);
}

/* A note is one line of whole characters, however long the names are. */
static void long_names(void **state)
{
    (void)state;
    char csv[4096] = "x,", name[1024] = "";
    for (int i = 0; i < 400; i++)
        strcat(name, i % 3 ? "ä" : "b");
    snprintf(csv + 2, sizeof csv - 2, "%s,y\n1,,0.5\n2,,1.5\n4,,3.5\n", name);
    bpnn_table *table = table_of(csv, NULL);
    bpnn_fit_options o = plain();
    heard h;
    bpnn__notes notes = listening(&h);
    bpnn__plan plan;
    assert_int_equal(bpnn__plan_make(&plan, table, &o, false, &notes, NULL), BPNN_OK);
    assert_int_equal(notes.count, h.warnings);
    assert_true(notes.count >= 1);
    size_t bad, size = strlen(notes.texts[0]);
    assert_true(size < 512 && size > 400);
    assert_true(bpnn__utf8_valid(notes.texts[0], size, &bad));
    bpnn__notes_free(&notes);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_say),      cmocka_unit_test(constant_columns), cmocka_unit_test(id_like_columns),
        cmocka_unit_test(same_columns),        cmocka_unit_test(repeated_rows),    cmocka_unit_test(leaks),
        cmocka_unit_test(few_rows_of_a_class), cmocka_unit_test(constant_target),  cmocka_unit_test(large_tables),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
