/* Fitting a schema and encoding rows: fills, indicators, scalers, levels, targets, and other tables later. */
#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 64 };

typedef struct coded {
    double x[MOST];
    bpnn__encode_counts counts;
} coded;

/* All rows of a table, inputs in double. */
static coded encode(const bpnn__schema *s, const bpnn_table *table)
{
    coded c = {0};
    bpnn__mapping m;
    assert_true(bpnn_table_rows(table) * s->width <= MOST);
    assert_int_equal(bpnn__schema_map(s, table, false, &m, NULL), BPNN_OK);
    assert_int_equal(bpnn__schema_encode(s, table, &m, NULL, 0, bpnn_table_rows(table), BPNN_F64, c.x, &c.counts, NULL),
                     BPNN_OK);
    bpnn__mapping_free(&m);
    return c;
}

static void near(const double *found, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(found[i] - expected[i]) <= 1e-14))
            printf("%zu: %.17g instead of %.17g\n", i, found[i], expected[i]);
        assert_true(fabs(found[i] - expected[i]) <= 1e-14);
    }
}

/* Encodes a table by its own schema. */
static void encodes(const char *csv, const bpnn_fit_options *o, size_t width, const double *expected)
{
    bpnn_table *table = table_of(csv, o->categorical);
    bpnn__schema s = schema_of(table, o);
    assert_int_equal(s.width, width);
    coded c = encode(&s, table);
    near(c.x, expected, width * bpnn_table_rows(table));
    bpnn__schema_free(&s);
    bpnn_table_free(table);
}

/* ---- numbers ---- */

static void scalers(void **state)
{
    (void)state;
    const char *csv = "x,k,y\n1,7,0.5\n2,7,1.5\n3,7,2.5\n6,7,3.5\n8,7,9.5\n";
    bpnn_fit_options o = plain();
    double d = sqrt((9 + 4 + 1 + 4 + 16) / 5.0); /* mean 4, population deviation */
    encodes(csv, &o, 2, (double[]){-3 / d, 0, -2 / d, 0, -1 / d, 0, 2 / d, 0, 4 / d, 0});
    o.scale = BPNN_SCALE_MINMAX;
    encodes(csv, &o, 2, (double[]){-1, 0, -5 / 7., 0, -3 / 7., 0, 3 / 7., 0, 1, 0});
    o.scale = BPNN_SCALE_ROBUST; /* median 3, quartiles 2 and 6 */
    encodes(csv, &o, 2, (double[]){-.5, 0, -.25, 0, 0, 0, .75, 0, 1.25, 0});
    o.scale = BPNN_SCALE_POOLED; /* of 34 / 5 and 0 */
    d = sqrt(34 / 5.0 / 2);
    encodes(csv, &o, 2, (double[]){-3 / d, 0, -2 / d, 0, -1 / d, 0, 2 / d, 0, 4 / d, 0});
    o.scale = BPNN_SCALE_NONE;
    encodes(csv, &o, 2, (double[]){1, 7, 2, 7, 3, 7, 6, 7, 8, 7});
    o.scale = BPNN_SCALE_AUTO;
    d = sqrt(34 / 5.0);
    encodes(csv, &o, 2, (double[]){-3 / d, 0, -2 / d, 0, -1 / d, 0, 2 / d, 0, 4 / d, 0});
}

/* Columns that are constant, nearly so, huge and tiny. */
static void scale_of_odd_columns(void **state)
{
    (void)state;
    uint64_t work[4];
    double centre, width;
    const bpnn_scale kinds[] = {BPNN_SCALE_STANDARD, BPNN_SCALE_MINMAX, BPNN_SCALE_ROBUST};
    for (int k = 0; k < 3; k++) {
        bpnn__find_scale(kinds[k], (double[]){0.1, 0.1, 0.1}, 3, work, &centre, &width);
        assert_true(centre == 0.1 && width == 1);
        bpnn__find_scale(kinds[k], (double[]){1e308, -1e308, 1e308, -1e308}, 4, work, &centre, &width);
        /* the distance of the quartiles is no number: not scaled, and refused as too large where it is encoded */
        assert_true(isfinite(centre) && isfinite(width) && (k == 2 ? width == 1 : width > 0.9e308));
        bpnn__find_scale(kinds[k], (double[]){1e-200, 3e-200, 1e-200, 3e-200}, 4, work, &centre, &width);
        assert_true(fabs(centre - 2e-200) < 1e-214 && fabs(width - (k == 2 ? 2e-200 : 1e-200)) < 1e-214);
    }
    bpnn__find_scale(BPNN_SCALE_STANDARD, (double[]){1e308, 1e308, 1.5e308}, 3, work, &centre, &width);
    assert_true(centre > 1.1e308 && centre < 1.2e308 && width > 2e307 && width < 3e307);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Against sorting, on numbers of every size with many equal ones. */
static void quantiles(void **state)
{
    (void)state;
    enum { SIZE = 500 };
    dice d = {seed_of_tests(77)};
    double x[SIZE], sorted[SIZE];
    uint64_t work[SIZE];
    int done = 0, bad = 0;
    printf("seed %llu\n", (unsigned long long)d.state);
    for (; done < 2000; done++) {
        size_t n = 1 + roll(&d) % SIZE;
        int kind = (int)(roll(&d) % 4);
        for (size_t i = 0; i < n; i++)
            x[i] = kind == 0   ? (double)(roll(&d) % 5) - 2
                   : kind == 1 ? 2 * roll_unit(&d) - 1
                   : kind == 2 ? ldexp(roll_unit(&d) - 0.5, (int)(roll(&d) % 1800) - 900)
                               : (roll(&d) % 4 ? 0.0 : -0.0);
        memcpy(sorted, x, sizeof x);
        qsort(sorted, n, sizeof *sorted, by_value);
        double q = roll(&d) % 2 ? 0.25 * (double)(roll(&d) % 5) : roll_unit(&d), at = q * (double)(n - 1);
        size_t i = (size_t)at;
        double expected = i + 1 < n ? sorted[i] + (at - floor(at)) * (sorted[i + 1] - sorted[i]) : sorted[i];
        bad += bpnn__quantile(x, n, q, work) != expected;
    }
    printf("quantiles: %d done, %d bad\n", done, bad);
    assert_int_equal(bad, 0);
}

static void missing_numbers(void **state)
{
    (void)state;
    const char *csv = "x,z,y\n1,2,0.5\n,4,1.5\n3,6,2.5\n8,8,3.5\n";
    bpnn_fit_options o = plain();
    o.scale = BPNN_SCALE_NONE;
    /* median 3 and an indicator, for the column that has missing cells alone */
    encodes(csv, &o, 3, (double[]){1, 0, 2, 3, 1, 4, 3, 0, 6, 8, 0, 8});
    o.missing = BPNN_MISSING_MEAN;
    encodes(csv, &o, 3, (double[]){1, 0, 2, 4, 1, 4, 3, 0, 6, 8, 0, 8});
    o.missing_indicator = false;
    encodes(csv, &o, 2, (double[]){1, 2, 4, 4, 3, 6, 8, 8});
    /* the scaler sees the filled column: 1 3 3 5, mean 3, deviation sqrt 2; the indicator is not scaled */
    o = plain();
    double d = sqrt(2);
    encodes("x,y\n1,0.5\n,1.5\n3,2.5\n5,3.5\n", &o, 2, (double[]){-2 / d, 0, 0, 1, 0, 0, 2 / d, 0});
}

/* Statistics come from training rows alone. */
static void training_rows_alone(void **state)
{
    (void)state;
    bpnn_table *table = table_of("s,x,t,y\ntrain,1,a,2\ntrain,,b,4\ntrain,5,a,6.5\nvalid,100,c,100\ntest,,d,1\n", NULL);
    bpnn_fit_options o = plain();
    o.split_column = "s";
    bpnn__schema s = schema_of(table, &o);
    assert_int_equal(s.feature_count, 2);
    assert_true(s.features[0].fill == 3 && s.mean[0] == 3);
    assert_true(fabs(s.scale[0] - sqrt(8. / 3)) < 1e-15);
    assert_int_equal(s.features[1].level_count, 2);
    assert_true(fabs(s.target_mean[0] - 12.5 / 3) < 1e-15);
    coded c = encode(&s, table);
    assert_int_equal(c.counts.imputed_cells, 2);
    assert_int_equal(c.counts.unseen_cells, 2);
    bpnn__schema_free(&s);
    bpnn_table_free(table);
}

static void missing_refused_or_filled_later(void **state)
{
    (void)state;
    bpnn_table *whole = table_of("x,y\n1,0.5\n3,1.5\n5,2.5\n", NULL), *gaps = table_of("x\n1\nNA\n", NULL),
               *holes = table_of("x,y\n1,0.5\n,1.5\n5,2.5\n", NULL);
    bpnn_fit_options o = plain();
    bpnn_error e;
    bpnn__mapping m;
    double x[8];
    o.missing = BPNN_MISSING_ERROR;
    bpnn__plan p = plan_of(holes, &o, false, NULL);
    bpnn__schema s;
    bpnn__notes notes = {0};
    assert_int_equal(bpnn__schema_fit(&s, holes, &p, &o, BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, &notes, &e), BPNN_DATA);
    assert_true(e.line == 3 && e.column == 1 && strstr(e.text, "'x' has 1 missing"));
    bpnn__plan_free(&p);
    s = schema_of(whole, &o);
    assert_int_equal(bpnn__schema_map(&s, gaps, false, &m, &e), BPNN_OK);
    assert_int_equal(bpnn__schema_encode(&s, gaps, &m, NULL, 0, 2, BPNN_F64, x, NULL, &e), BPNN_DATA);
    assert_true(e.line == 3 && strstr(e.text, "--missing error"));
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    o.missing = BPNN_MISSING_DROP; /* rows to predict are not dropped: the median stands in */
    o.scale = BPNN_SCALE_NONE;
    s = schema_of(whole, &o);
    assert_int_equal(s.width, 1);
    coded c = encode(&s, gaps);
    assert_true(c.x[0] == 1 && c.x[1] == 3 && c.counts.imputed_cells == 1);
    bpnn__schema_free(&s);
    bpnn_table_free(whole);
    bpnn_table_free(gaps);
    bpnn_table_free(holes);
}

/* Numbers that leave the precision are refused where they stand. */
static void too_large(void **state)
{
    (void)state;
    bpnn_table *table = table_of("x,y\n1,0.5\n1e39,1.5\n5,2e39\n", NULL);
    bpnn_fit_options o = plain();
    o.scale = o.target_scale = BPNN_SCALE_NONE;
    bpnn__schema s = schema_of(table, &o);
    bpnn__mapping m;
    bpnn_error e;
    float x[3];
    double wide[3];
    assert_int_equal(bpnn__schema_map(&s, table, true, &m, &e), BPNN_OK);
    assert_int_equal(bpnn__schema_encode(&s, table, &m, NULL, 0, 3, BPNN_F32, x, NULL, &e), BPNN_DATA);
    assert_true(e.line == 3 && e.column == 1 && strstr(e.text, "column 'x': 1e+39 is too large for single"));
    assert_int_equal(bpnn__schema_targets(&s, table, &m, NULL, 0, 3, false, BPNN_F32, x, NULL, NULL, &e), BPNN_DATA);
    assert_true(e.line == 4 && e.column == 2);
    assert_int_equal(bpnn__schema_encode(&s, table, &m, NULL, 0, 3, BPNN_F64, wide, NULL, &e), BPNN_OK);
    assert_true(wide[1] == 1e39);
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    bpnn_table_free(table);
}

/* ---- categories ---- */

static void one_hot(void **state)
{
    (void)state;
    bpnn_fit_options o = plain();
    /* bytes of UTF-8: B a b; no column for missing cells where there are none */
    encodes("t,y\nb,0.5\na,1.5\nB,2.5\nb,3.5\n", &o, 3, (double[]){0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1});
    encodes("t,y\nb,0.5\n,1.5\na,2.5\n", &o, 3, (double[]){0, 1, 0, 0, 0, 1, 1, 0, 0});
    o.categorical = "t"; /* by number: 2 9 10 */
    encodes("t,y\n10,0.5\n9,1.5\n2,2.5\n", &o, 3, (double[]){0, 0, 1, 0, 1, 0, 1, 0, 0});
}

static void unseen_categories(void **state)
{
    (void)state;
    bpnn_table *seen = table_of("t,y\na,0.5\nb,1.5\na,2.5\n", NULL), *more = table_of("t\nb\nz\n\"\"\na\n", NULL);
    bpnn_fit_options o = plain();
    bpnn__schema s = schema_of(seen, &o);
    coded c = encode(&s, more);
    near(c.x, (double[]){0, 1, 0, 0, 0, 0, 1, 0}, 8);
    assert_int_equal(c.counts.unseen_cells, 2); /* a missing cell too: training had none */
    assert_int_equal(c.counts.imputed_cells, 0);
    bpnn__schema_free(&s);
    bpnn_table_free(seen);
    bpnn_table_free(more);
}

/* Levels that are numbers are found in columns of numbers and of text, however they are written. */
static void levels_as_numbers(void **state)
{
    (void)state;
    bpnn_table *seen = table_of("t,y\n1.0,0.5\n2.5,1.5\n30,2.5\n", "t");
    bpnn_fit_options o = plain();
    o.categorical = "t";
    bpnn__schema s = schema_of(seen, &o);
    assert_string_equal(s.features[0].levels[0], "1.0");
    bpnn_table *numbers = table_of("t\n30\n1\n2\n2.50\n", NULL), *texts = table_of("t\n3e1\n1\nx\n2.5\n", NULL);
    static const double expected[] = {0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0};
    coded c = encode(&s, numbers);
    near(c.x, expected, 12);
    c = encode(&s, texts);
    near(c.x, expected, 12);
    assert_int_equal(c.counts.unseen_cells, 1);
    bpnn__schema_free(&s);
    bpnn_table_free(seen);
    bpnn_table_free(numbers);
    bpnn_table_free(texts);
}

/* Lookup of many labels against looking through them one by one. */
static void lookups(void **state)
{
    (void)state;
    char csv[8192] = "t\n";
    char *labels[] = {"0", "1", "1.5", "02", "abc", "-7", "1e3", "x y", "1000.5", "2.0"};
    dice d = {seed_of_tests(5)};
    for (int i = 0; i < 400; i++) {
        char cell[32];
        snprintf(cell, sizeof cell, "%s", labels[roll(&d) % 10]);
        if (roll(&d) % 2)
            snprintf(cell, sizeof cell, "%d", (int)(roll(&d) % 1002));
        else if (roll(&d) % 2)
            snprintf(cell, sizeof cell, "%d.0", (int)(roll(&d) % 4));
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%s\n", cell);
    }
    bpnn_table *table = table_of(csv, NULL);
    bpnn__lookup lookup;
    int bad = 0;
    assert_int_equal(bpnn__lookup_make(&lookup, table, 0, labels, 10, NULL), BPNN_OK);
    for (size_t r = 0; r < 400; r++) {
        double code;
        bpnn__table_numbers(table, 0, &r, 0, 1, &code);
        const char *text = bpnn_table_text(table, r, 0, NULL);
        size_t found = bpnn__lookup_find(&lookup, code), expected = bpnn__label_find(labels, 10, text);
        bad += found != expected;
    }
    printf("lookups: 400 done, %d bad\n", bad);
    assert_int_equal(bad, 0);
    bpnn__lookup_free(&lookup);
    bpnn_table_free(table);
}

/* ---- other tables ---- */

static void columns_by_name(void **state)
{
    (void)state;
    bpnn_table *one = table_of("a,t,y\n1,u,0.5\n2,v,1.5\n4,u,3.5\n", NULL),
               *other = table_of("extra,t,y,more,a\nq,u,9,1,1\nq,v,9,2,2\nq,u,9,3,4\n", NULL);
    bpnn_fit_options o = plain();
    bpnn__schema s = schema_of(one, &o);
    coded x = encode(&s, one), z = encode(&s, other);
    assert_memory_equal(x.x, z.x, sizeof x.x);
    bpnn__schema_free(&s);
    bpnn_table_free(one);
    bpnn_table_free(other);
}

static void maps_not(const bpnn__schema *s, const char *csv, bool targets, const char *words, uint64_t line,
                     uint64_t column)
{
    bpnn_table *table = table_of(csv, NULL);
    bpnn__mapping m;
    bpnn_error e = {0};
    assert_int_equal(bpnn__schema_map(s, table, targets, &m, &e), BPNN_DATA);
    if (!strstr(e.text, words))
        printf("'%s' is not in '%s'\n", words, e.text);
    assert_non_null(strstr(e.text, words));
    assert_int_equal(e.line, line);
    assert_int_equal(e.column, column);
    bpnn_table_free(table);
}

static void tables_that_do_not_fit(void **state)
{
    (void)state;
    bpnn_table *table = table_of("width,t,y\n1,u,0.5\n2,v,1.5\n4,u,3.5\n", NULL);
    bpnn_fit_options o = plain();
    bpnn__schema s = schema_of(table, &o);
    maps_not(&s, "t,y,widht\nu,1,2\n", false, "needs a column 'width', and the table has none (the nearest is 'widht')",
             0, 0);
    maps_not(&s, "width,t\n1,u\n", true, "no column 'y', the target", 0, 0);
    maps_not(&s, "t,width\nu,1\nv,wide\n", false, "column 'width': expected a number, found 'wide'", 3, 2);
    maps_not(&s, "t,width,y\nu,1,2\nv,2,high\n", true, "target 'y': expected a number, found 'high'", 3, 3);
    maps_not(&s, "t,width,t\nu,1,v\n", false, "two columns are called 't'", 0, 0);
    bpnn_table *without = table_of("width,t\n1,u\n", NULL), *odd = table_of("width,t,y\n1,u,high\n", NULL);
    bpnn__mapping m;
    assert_int_equal(bpnn__schema_map(&s, without, false, &m, NULL), BPNN_OK);
    assert_true(m.targets[0] == SIZE_MAX);
    bpnn__mapping_free(&m);
    assert_int_equal(bpnn__schema_map(&s, odd, false, &m, NULL), BPNN_OK); /* a target nobody asks for */
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    bpnn_table_free(table);
    bpnn_table_free(without);
    bpnn_table_free(odd);
}

/* ---- blocks ---- */

/* Rows listed or in a run, in blocks of any size, in both precisions, from blocks and from matrices: the same numbers. */
static void blocks_and_lists(void **state)
{
    (void)state;
    enum { ROWS = 700 };
    static double cells[ROWS * 3], all[ROWS * 2], part[ROWS * 2];
    static float single[ROWS * 2];
    static size_t rows[ROWS];
    static char csv[ROWS * 80];
    dice d = {seed_of_tests(9)};
    size_t at = (size_t)snprintf(csv, sizeof csv, "1,2,3\n");
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < 3; c++)
            cells[3 * r + c] = 20 * roll_unit(&d) - 10;
        at += (size_t)snprintf(csv + at, sizeof csv - at, "%.17g,%.17g,%.17g\n", cells[3 * r], cells[3 * r + 1],
                               cells[3 * r + 2]);
        rows[r] = roll(&d) % ROWS;
    }
    bpnn_table *tables[2] = {table_of(csv, NULL), NULL};
    assert_int_equal(bpnn_table_from_matrix(&tables[1], bpnn_matrix_of(cells, ROWS, 3), NULL, NULL), BPNN_OK);
    bpnn_fit_options o = plain();
    bpnn__schema s = schema_of(tables[0], &o);
    for (int k = 0; k < 2; k++) {
        bpnn__mapping m;
        assert_int_equal(bpnn__schema_map(&s, tables[k], true, &m, NULL), BPNN_OK);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t c = 0; c < 2; c++)
                all[2 * r + c] = (cells[3 * r + c] - s.mean[c]) / s.scale[c];
        bpnn__schema_encode(&s, tables[k], &m, NULL, 0, ROWS, BPNN_F64, part, NULL, NULL);
        assert_memory_equal(part, all, sizeof all);
        bpnn__schema_encode(&s, tables[k], &m, NULL, 130, 260, BPNN_F64, part, NULL, NULL);
        assert_memory_equal(part, all + 260, 520 * sizeof *all);
        bpnn__schema_encode(&s, tables[k], &m, rows, 0, ROWS, BPNN_F32, single, NULL, NULL);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t c = 0; c < 2; c++)
                assert_true(single[2 * r + c] == (float)all[2 * rows[r] + c]);
        bpnn__mapping_free(&m);
    }
    bpnn__schema_free(&s);
    bpnn_table_free(tables[0]);
    bpnn_table_free(tables[1]);
}

/* Listed rows of a table that is wide, so that its blocks have few rows. */
static void rows_of_many_blocks(void **state)
{
    (void)state;
    enum { ROWS = 700, COLUMNS = 2000 };
    char *csv = malloc((size_t)ROWS * COLUMNS * 4 + 16 * COLUMNS), *at = csv;
    for (int c = 0; c < COLUMNS; c++)
        at += sprintf(at, "c%d%c", c, c + 1 < COLUMNS ? ',' : '\n');
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            at += sprintf(at, "%d%c", (r * 31 + c * 7) % 997, c + 1 < COLUMNS ? ',' : '\n');
    bpnn_table *table = table_of(csv, NULL);
    assert_true(table->block_count > 2);
    dice d = {seed_of_tests(3)};
    int bad = 0;
    for (int c = 0; c < COLUMNS; c += 37) {
        size_t rows[ROWS];
        double x[ROWS], y[ROWS];
        for (size_t i = 0; i < ROWS; i++)
            rows[i] = roll(&d) % 3 ? roll(&d) % ROWS : i;
        bpnn__table_numbers(table, (size_t)c, rows, 0, ROWS, x);
        bpnn__table_numbers(table, (size_t)c, NULL, 100, ROWS - 100, y);
        for (size_t i = 0; i < ROWS; i++) {
            bad += x[i] != (double)(((int)rows[i] * 31 + c * 7) % 997);
            bad += i >= 100 && y[i - 100] != (double)(((int)i * 31 + c * 7) % 997);
        }
    }
    assert_int_equal(bad, 0);
    bpnn_table_free(table);
    free(csv);
}

/* ---- targets ---- */

static void scaled_targets(void **state)
{
    (void)state;
    bpnn_table *table = table_of("x,a,b\n1,1,10\n2,3,\n4,5,30\n", NULL);
    bpnn_fit_options o = plain();
    o.target = "a,b";
    bpnn__schema s = schema_of(table, &o);
    assert_int_equal(s.target_scaling, BPNN_SCALE_STANDARD);
    assert_int_equal(bpnn__schema_outputs(&s), 2);
    bpnn__mapping m;
    double y[6], raw[6], d = sqrt(8. / 3);
    assert_int_equal(bpnn__schema_map(&s, table, true, &m, NULL), BPNN_OK);
    assert_int_equal(bpnn__schema_targets(&s, table, &m, NULL, 0, 3, false, BPNN_F64, y, raw, NULL, NULL), BPNN_OK);
    near(y, (double[]){-2 / d, -1, 0}, 3);
    near(y + 4, (double[]){2 / d, 1}, 2);
    assert_true(isnan(y[3]) && isnan(raw[3]));
    near(raw, (double[]){1, 10, 3}, 3);
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    bpnn_table_free(table);
}

/* auto: standard for losses of differences with identity output. */
static void target_scaling(void **state)
{
    (void)state;
    static const struct {
        bpnn_loss_kind loss;
        bpnn_activation_kind output;
        bpnn_scale asked, expected;
    } cases[] = {
        {BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_HALF_MSE, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_MAE, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_HUBER, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_LOG_COSH, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_QUANTILE, BPNN_ACT_IDENTITY, BPNN_SCALE_AUTO, BPNN_SCALE_STANDARD},
        {BPNN_LOSS_POISSON, BPNN_ACT_EXP, BPNN_SCALE_AUTO, BPNN_SCALE_NONE},
        {BPNN_LOSS_MSE, BPNN_ACT_SIGMOID, BPNN_SCALE_AUTO, BPNN_SCALE_NONE},
        {BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, BPNN_SCALE_MINMAX, BPNN_SCALE_MINMAX},
        {BPNN_LOSS_MSE, BPNN_ACT_SIGMOID, BPNN_SCALE_MINMAX, BPNN_SCALE_MINMAX},
        {BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, BPNN_SCALE_NONE, BPNN_SCALE_NONE},
    };
    bpnn_table *table = table_of("x,y\n1,1.5\n2,3\n4,5\n", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bpnn_fit_options o = plain();
        bpnn__notes notes = {0};
        bpnn__schema s;
        o.target_scale = cases[i].asked;
        bpnn__plan p = plan_of(table, &o, false, NULL);
        assert_int_equal(bpnn__schema_fit(&s, table, &p, &o, cases[i].loss, cases[i].output, &notes, NULL), BPNN_OK);
        assert_int_equal(s.target_scaling, cases[i].expected);
        bpnn__schema_free(&s);
        bpnn__plan_free(&p);
    }
    bpnn_table_free(table);
    printf("target scalings: %zu done, 0 bad\n", sizeof cases / sizeof *cases);
}

static void class_targets(void **state)
{
    (void)state;
    bpnn_table *two = table_of("x,y\n1,no\n2,yes\n3,no\n", NULL), *three = table_of("x,y\n1,c\n2,a\n3,b\n", NULL),
               *later = table_of("x,y\n1,yes\n2,maybe\n3,\n", NULL);
    bpnn_fit_options o = plain();
    o.target_scale = BPNN_SCALE_STANDARD; /* means nothing for classes */
    bpnn__schema s = schema_of(two, &o);
    assert_int_equal(s.target_scaling, BPNN_SCALE_NONE);
    assert_int_equal(bpnn__schema_outputs(&s), 1);
    assert_int_equal(s.positive, 1);
    assert_string_equal(s.classes[1], "yes");
    bpnn__mapping m;
    bpnn__encode_counts counts = {0};
    double y[3], raw[3];
    assert_int_equal(bpnn__schema_map(&s, two, true, &m, NULL), BPNN_OK);
    bpnn__schema_targets(&s, two, &m, NULL, 0, 3, false, BPNN_F64, y, raw, NULL, NULL);
    near(y, (double[]){0, 1, 0}, 3);
    near(raw, (double[]){0, 1, 0}, 3);
    bpnn__schema_targets(&s, two, &m, NULL, 0, 3, true, BPNN_F64, y, raw, NULL, NULL);
    near(y, (double[]){-1, 1, -1}, 3);
    near(raw, (double[]){0, 1, 0}, 3);
    bpnn__mapping_free(&m);
    assert_int_equal(bpnn__schema_map(&s, later, true, &m, NULL), BPNN_OK);
    bpnn__schema_targets(&s, later, &m, NULL, 0, 3, false, BPNN_F64, y, raw, &counts, NULL);
    assert_true(y[0] == 1 && isnan(y[1]) && isnan(y[2]));
    assert_true(raw[0] == 1 && raw[1] == -1 && isnan(raw[2]));
    assert_int_equal(counts.unseen_labels, 1);
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    s = schema_of(three, &o);
    assert_int_equal(bpnn__schema_outputs(&s), 3);
    assert_int_equal(bpnn__schema_map(&s, three, true, &m, NULL), BPNN_OK);
    bpnn__schema_targets(&s, three, &m, NULL, 0, 3, false, BPNN_F64, y, NULL, NULL, NULL);
    near(y, (double[]){2, 0, 1}, 3);
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    bpnn_table_free(two);
    bpnn_table_free(three);
    bpnn_table_free(later);
}

/* Targets of more rows than a block has. */
static void targets_of_many_rows(void **state)
{
    (void)state;
    enum { ROWS = 500 };
    static char csv[ROWS * 16];
    static double y[ROWS], raw[ROWS];
    size_t at = (size_t)snprintf(csv, sizeof csv, "x,y\n");
    for (int r = 0; r < ROWS; r++)
        at += (size_t)snprintf(csv + at, sizeof csv - at, "%d,k%d\n", r * 7 % 31, r * 11 % 5);
    bpnn_table *table = table_of(csv, NULL);
    bpnn_fit_options o = plain();
    bpnn__schema s = schema_of(table, &o);
    bpnn__mapping m;
    int bad = 0;
    assert_int_equal(bpnn__schema_map(&s, table, true, &m, NULL), BPNN_OK);
    bpnn__schema_targets(&s, table, &m, NULL, 0, ROWS, false, BPNN_F64, y, raw, NULL, NULL);
    for (int r = 0; r < ROWS; r++)
        bad += y[r] != r * 11 % 5 || raw[r] != r * 11 % 5;
    assert_int_equal(bad, 0);
    bpnn__mapping_free(&m);
    bpnn__schema_free(&s);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalers),
        cmocka_unit_test(scale_of_odd_columns),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(missing_numbers),
        cmocka_unit_test(training_rows_alone),
        cmocka_unit_test(missing_refused_or_filled_later),
        cmocka_unit_test(too_large),
        cmocka_unit_test(one_hot),
        cmocka_unit_test(unseen_categories),
        cmocka_unit_test(levels_as_numbers),
        cmocka_unit_test(lookups),
        cmocka_unit_test(columns_by_name),
        cmocka_unit_test(tables_that_do_not_fit),
        cmocka_unit_test(blocks_and_lists),
        cmocka_unit_test(rows_of_many_blocks),
        cmocka_unit_test(scaled_targets),
        cmocka_unit_test(target_scaling),
        cmocka_unit_test(class_targets),
        cmocka_unit_test(targets_of_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
