/* Training, validation and test rows. */
#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 1000 };

/* x and a class, or a number; class of row r: classes[r % n]. */
static bpnn_table *rows_of(size_t rows, size_t classes)
{
    char *csv = malloc(64 * (rows + 1));
    size_t at = (size_t)sprintf(csv, "x,y\n");
    for (size_t r = 0; r < rows; r++)
        at += classes ? (size_t)sprintf(csv + at, "%zu,c%zu\n", r * 37 % 101, r % classes)
                      : (size_t)sprintf(csv + at, "%zu,%zu.5\n", r * 37 % 101, r * 17 % 89);
    bpnn_table *table = table_of(csv, NULL);
    free(csv);
    return table;
}

/* Parts are ascending, disjoint and together all rows. Returns 1 if not. */
static int broken(const bpnn__plan *p, size_t rows)
{
    unsigned char seen[MOST] = {0};
    const size_t *parts[] = {p->train, p->valid, p->test}, counts[] = {p->train_count, p->valid_count, p->test_count};
    size_t total = 0;
    for (int k = 0; k < 3; k++)
        for (size_t i = 0; i < counts[k]; i++, total++)
            if (parts[k][i] >= rows || seen[parts[k][i]]++ || (i > 0 && parts[k][i] <= parts[k][i - 1]))
                return 1;
    return total != rows;
}

static bpnn__plan split(const bpnn_table *table, double validation, double test, uint64_t seed)
{
    bpnn_fit_options o = plain();
    o.validation_share = validation;
    o.test_share = test;
    o.train.seed = seed;
    return plan_of(table, &o, true, NULL);
}

static bool same(const bpnn__plan *a, const bpnn__plan *b)
{
    return a->valid_count == b->valid_count && a->test_count == b->test_count &&
           memcmp(a->valid, b->valid, a->valid_count * sizeof *a->valid) == 0 &&
           memcmp(a->test, b->test, a->test_count * sizeof *a->test) == 0;
}

static void seed_decides(void **state)
{
    (void)state;
    bpnn_table *table = rows_of(200, 3);
    bpnn__plan a = split(table, 0.2, 0.1, 1), b = split(table, 0.2, 0.1, 1), c = split(table, 0.2, 0.1, 2);
    assert_true(same(&a, &b));
    assert_false(same(&a, &c));
    assert_int_equal(a.valid_count, c.valid_count);
    bpnn__plan_free(&a);
    bpnn__plan_free(&b);
    bpnn__plan_free(&c);
    bpnn_table_free(table);
}

/* The rows depend on seed, rows and target alone: other columns and their order do not matter. */
static void features_do_not_matter(void **state)
{
    (void)state;
    char a[4096] = "x,y\n", b[8192] = "y,z,x\n";
    for (int r = 0; r < 100; r++) {
        snprintf(a + strlen(a), sizeof a - strlen(a), "%d,c%d\n", r * 37 % 101, r % 3);
        snprintf(b + strlen(b), sizeof b - strlen(b), "c%d,%d,%d.25\n", r % 3, r * r % 7, r * 11 % 23);
    }
    bpnn_table *one = table_of(a, NULL), *other = table_of(b, NULL);
    bpnn_fit_options o = plain();
    bpnn__plan p = plan_of(one, &o, true, NULL);
    o.target = "y";
    bpnn__plan q = plan_of(other, &o, true, NULL);
    assert_true(same(&p, &q));
    bpnn__plan_free(&p);
    bpnn__plan_free(&q);
    bpnn_table_free(one);
    bpnn_table_free(other);
}

/* Of each class as many as its size asks, to less than one row; totals rounded. Test rows first, validation from the rest. */
static void stratified(void **state)
{
    (void)state;
    dice d = {seed_of_tests(20261)};
    int done = 0, bad = 0;
    printf("seed %llu\n", (unsigned long long)d.state);
    for (int i = 0; i < 200; i++, done++) {
        size_t rows = 20 + roll(&d) % 300, classes = roll(&d) % 7, have[7] = {0}, test[7] = {0}, valid[7] = {0};
        classes = classes == 1 ? 0 : classes;
        double v = 0.5 * roll_unit(&d), t = 0.5 * roll_unit(&d);
        bpnn_table *table = rows_of(rows, classes);
        bpnn__plan p = split(table, v, t, roll(&d));
        size_t n = classes ? classes : 1;
        for (size_t r = 0; r < rows; r++)
            have[r % n]++;
        for (size_t k = 0; k < p.test_count; k++)
            test[p.test[k] % n]++;
        for (size_t k = 0; k < p.valid_count; k++)
            valid[p.valid[k] % n]++;
        bool wrong = broken(&p, rows) || p.test_count != (size_t)floor(t * (double)rows + 0.5) ||
                     p.valid_count != (size_t)floor(v * (double)(rows - p.test_count) + 0.5);
        for (size_t k = 0; k < n; k++)
            wrong = wrong || fabs((double)test[k] - t * (double)have[k]) >= 1 ||
                    fabs((double)valid[k] - v * (double)(have[k] - test[k])) >= 1;
        bad += wrong;
        bpnn__plan_free(&p);
        bpnn_table_free(table);
    }
    printf("stratified splits: %d done, %d bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* Classes of one and two rows stay in training, whatever the seed. */
static void no_class_is_emptied(void **state)
{
    (void)state;
    char csv[4096] = "x,y\n1,rare\n2,pair\n3,pair\n";
    for (int r = 0; r < 60; r++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,c%d\n", r * 37 % 101, r % 2);
    bpnn_table *table = table_of(csv, NULL);
    for (uint64_t seed = 1; seed <= 50; seed++) {
        bpnn__plan p = split(table, 0.4, 0.4, seed);
        size_t rare = 0, pair = 0;
        for (size_t i = 0; i < p.train_count; i++) {
            rare += p.train[i] == 0;
            pair += p.train[i] == 1 || p.train[i] == 2;
        }
        assert_int_equal(rare, 1);
        assert_true(pair >= 1);
        bpnn__plan_free(&p);
    }
    bpnn_table_free(table);
}

/* Every row is held back about as often as any other. */
static void every_row_has_its_chance(void **state)
{
    (void)state;
    enum { ROWS = 60, SEEDS = 400 };
    size_t times[ROWS] = {0};
    bpnn_table *table = rows_of(ROWS, 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        bpnn__plan p = split(table, 0.25, 0, seed);
        for (size_t i = 0; i < p.valid_count; i++)
            times[p.valid[i]]++;
        bpnn__plan_free(&p);
    }
    for (size_t r = 0; r < ROWS; r++) /* mean 100, deviation 8.7 */
        assert_in_range(times[r], 55, 145);
    bpnn_table_free(table);
}

static void default_share(void **state)
{
    (void)state;
    heard h;
    bpnn_fit_options o = plain();
    bpnn_table *table = rows_of(60, 0);
    bpnn__plan p = plan_of(table, &o, true, &h);
    assert_int_equal(p.valid_count, 9);
    assert_int_equal(p.test_count, 0);
    bpnn__plan_free(&p);
    p = plan_of(table, &o, false, &h); /* the method holds nothing back */
    assert_int_equal(p.valid_count, 0);
    bpnn__plan_free(&p);
    o.validation_share = 0;
    p = plan_of(table, &o, true, &h);
    assert_int_equal(p.valid_count, 0);
    assert_null(strstr(h.text, "held back"));
    bpnn__plan_free(&p);
    o.validation = table;
    o.validation_share = 0.5; /* a table of its own: no share is taken */
    p = plan_of(table, &o, true, &h);
    assert_int_equal(p.valid_count, 0);
    bpnn__plan_free(&p);
    o = plain();
    o.test = table;
    o.test_share = 0.5;
    p = plan_of(table, &o, false, &h);
    assert_int_equal(p.test_count, 0);
    bpnn__plan_free(&p);
    bpnn_table_free(table);
    o = plain();
    table = rows_of(59, 0);
    p = plan_of(table, &o, true, &h);
    assert_int_equal(p.valid_count, 0);
    assert_true(says(&h, "note: no rows are held back for validation: 59 rows are few (--validation 0.15"));
    bpnn__plan_free(&p);
    bpnn_table_free(table);
}

static void odd_shares(void **state)
{
    (void)state;
    static const double bad[] = {-0.1, 1, 7};
    bpnn_table *table = rows_of(3, 0);
    for (size_t i = 0; i < 3; i++) {
        bpnn_fit_options o = plain();
        o.validation_share = bad[i];
        refused(table, &o, BPNN_USAGE, "share");
        o = plain();
        o.test_share = bad[i];
        refused(table, &o, BPNN_USAGE, "share");
    }
    bpnn_fit_options o = plain();
    heard h;
    o.validation_share = 0.01;
    bpnn__plan p = plan_of(table, &o, true, &h);
    assert_true(says(&h, "warning: too few rows: none is held back for validation"));
    bpnn__plan_free(&p);
    o.validation_share = o.test_share = 0.999; /* a row stays in training */
    p = plan_of(table, &o, true, &h);
    assert_true(p.train_count >= 1);
    bpnn__plan_free(&p);
    bpnn_table_free(table);
}

/* ---- a split column ---- */

static void split_column(void **state)
{
    (void)state;
    bpnn_table *table = table_of("s,x,y\ntrain,1,0.5\nVALID,2,1.5\n Test ,3,2.5\nTraining,4,7.5\nValidation,5,3\n"
                                 "val,6,3.5\ntest,9,4\n",
                                 NULL);
    bpnn_fit_options o = plain();
    o.split_column = "s";
    bpnn__plan p = plan_of(table, &o, true, NULL);
    static const size_t train[] = {0, 3}, valid[] = {1, 4, 5}, test[] = {2, 6};
    assert_int_equal(p.train_count, 2);
    assert_int_equal(p.valid_count, 3);
    assert_int_equal(p.test_count, 2);
    assert_memory_equal(p.train, train, sizeof train);
    assert_memory_equal(p.valid, valid, sizeof valid);
    assert_memory_equal(p.test, test, sizeof test);
    assert_int_equal(p.feature_count, 1); /* the split column is no input */
    bpnn__plan_free(&p);
    o.test_share = 0.2;
    refused(table, &o, BPNN_USAGE, "--split-column");
    o.test_share = 0;
    o.validation = table;
    refused(table, &o, BPNN_USAGE, "--split-column");
    bpnn_table_free(table);
}

static void bad_split_columns(void **state)
{
    (void)state;
    bpnn_fit_options o = plain();
    o.split_column = "s";
    bpnn_table *table = table_of("s,x,y\ntrain,1,0.5\ndev,2,1.5\n", NULL);
    bpnn_error e = refused(table, &o, BPNN_DATA, "found 'dev'");
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 1);
    bpnn_table_free(table);
    table = table_of("x,s,y\n1,train,0.5\n2,,1.5\n", NULL);
    e = refused(table, &o, BPNN_DATA, "found ''");
    assert_int_equal(e.column, 2);
    bpnn_table_free(table);
    table = table_of("s,x,y\nvalid,1,0.5\ntest,2,1.5\n", NULL);
    refused(table, &o, BPNN_DATA, "no rows are left to train on");
    bpnn_table_free(table);
}

/* ---- rows that the caller holds out ---- */

static void held_out(void **state)
{
    (void)state;
    unsigned char out[200] = {0};
    bpnn_table *table = rows_of(200, 3);
    bpnn_fit_options o = plain();
    for (size_t r = 0; r < 200; r += 3)
        out[r] = 1;
    o.held_out = out;
    bpnn__plan p = plan_of(table, &o, true, NULL);
    assert_false(broken(&p, 200));
    assert_int_equal(p.test_count, 67);
    for (size_t i = 0; i < p.test_count; i++)
        assert_true(out[p.test[i]]);
    assert_int_equal(p.valid_count, 20); /* .15 of the other 133 */
    bpnn__plan_free(&p);
    o.test_share = 0.1;
    refused(table, &o, BPNN_USAGE, "no other test");
    memset(out, 1, sizeof out);
    o.test_share = 0;
    refused(table, &o, BPNN_DATA, "no rows are left");
    bpnn_table_free(table);
}

/* ---- groups ---- */

static size_t group_at(const bpnn_table *table, size_t r)
{
    return (size_t)bpnn_table_number(table, r, 0);
}

static void groups_stay_whole(void **state)
{
    (void)state;
    char csv[16384] = "g,x,y\n";
    for (int r = 0; r < 300; r++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%d,c%d\n", r * r % 41, r * 7 % 23, r % 2);
    bpnn_table *table = table_of(csv, NULL);
    bpnn_fit_options o = plain();
    o.group = "g";
    o.validation_share = 0.2;
    o.test_share = 0.2;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int part_of_group[41] = {0};
        o.train.seed = seed;
        bpnn__plan p = plan_of(table, &o, true, NULL);
        const size_t *parts[] = {p.train, p.valid, p.test}, counts[] = {p.train_count, p.valid_count, p.test_count};
        assert_false(broken(&p, 300));
        assert_int_equal(p.feature_count, 1);
        assert_in_range(p.test_count, 45, 75);
        assert_in_range(p.valid_count, 33, 63);
        for (int k = 0; k < 3; k++)
            for (size_t i = 0; i < counts[k]; i++) {
                int *of = &part_of_group[group_at(table, parts[k][i])];
                assert_true(*of == 0 || *of == k + 1);
                *of = k + 1;
            }
        bpnn__plan_free(&p);
    }
    o.target = "g";
    refused(table, &o, BPNN_USAGE, "is --group and the target");
    o.target = NULL;
    o.features = "g,x";
    refused(table, &o, BPNN_USAGE, "is a feature and --group");
    bpnn_table_free(table);
    table = table_of("g,x,y\n1,2,a\n,3,b\n2,4,a\n", NULL);
    o.features = NULL;
    bpnn_error error = refused(table, &o, BPNN_DATA, "belong together");
    assert_int_equal(error.line, 3);
    bpnn_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_decides),
        cmocka_unit_test(features_do_not_matter),
        cmocka_unit_test(stratified),
        cmocka_unit_test(no_class_is_emptied),
        cmocka_unit_test(every_row_has_its_chance),
        cmocka_unit_test(default_share),
        cmocka_unit_test(odd_shares),
        cmocka_unit_test(split_column),
        cmocka_unit_test(bad_split_columns),
        cmocka_unit_test(held_out),
        cmocka_unit_test(groups_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
