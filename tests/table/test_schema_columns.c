/* Which columns do what: targets, lists of columns, types, the task, classes, and what is refused. */
#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- targets ---- */

static void target_is(const char *header, const char *spec, size_t expected)
{
    char csv[256];
    snprintf(csv, sizeof csv, "%s\n1,2,3.5\n4,5,6.5\n7,8,10.5\n", header);
    bpnn_table *table = table_of(csv, NULL);
    bpnn_fit_options o = plain();
    o.target = spec;
    bpnn__plan plan = plan_of(table, &o, false, NULL);
    assert_int_equal(plan.target_count, 1);
    assert_int_equal(plan.targets[0], expected);
    assert_int_equal(plan.feature_count, 2);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

static void targets_by_name_then_number(void **state)
{
    (void)state;
    target_is("a,b,c", NULL, 2);
    target_is("a,b,c", "a", 0);
    target_is("a,b,c", "2", 1);
    target_is("a,1,c", "1", 1);         /* a name before a number */
    target_is("\"a,b\",b,a", "a,b", 0); /* the whole text before its parts */
    bpnn_table *table = table_of("a,b,c,d\n1,2,3.5,4\n4,5,6.5,5\n7,8,9.5,7\n", NULL);
    bpnn_fit_options o = plain();
    o.target = "d,1";
    heard h;
    bpnn__plan plan = plan_of(table, &o, false, &h);
    assert_int_equal(plan.target_count, 2);
    assert_int_equal(plan.targets[0], 3);
    assert_int_equal(plan.targets[1], 0);
    assert_int_equal(plan.task, BPNN_TASK_REGRESSION);
    assert_true(says(&h, "note: task: regression, there are 2 targets"));
    bpnn__plan_free(&plan);
    o.target = "d,d";
    refused(table, &o, BPNN_USAGE, "twice");
    o.target = "d,a";
    o.task = BPNN_TASK_MULTICLASS;
    refused(table, &o, BPNN_USAGE, "several targets are for regression");
    o.target = "dd";
    refused(table, &o, BPNN_DATA, "'dd'");
    bpnn_table_free(table);
}

/* ---- lists ---- */

static void features_are(const bpnn_table *table, const char *features, const char *drop, const char *expected)
{
    bpnn_fit_options o = plain();
    o.features = features;
    o.drop = drop;
    bpnn__plan plan = plan_of(table, &o, false, NULL);
    char found[32] = "";
    for (size_t f = 0; f < plan.feature_count; f++)
        strcat(found, bpnn_table_column_name(table, plan.features[f]));
    assert_string_equal(found, expected);
    bpnn__plan_free(&plan);
}

static void lists_of_columns(void **state)
{
    (void)state;
    bpnn_table *table = table_of("a,b,c,d,e,y\n1,2,3,4,5,0.5\n2,1,4,3,6,1.5\n3,3,1,1,9,2.5\n", NULL);
    features_are(table, NULL, NULL, "abcde");
    features_are(table, "2-4", NULL, "bcd");
    features_are(table, "e,a", NULL, "ae"); /* table order */
    features_are(table, "a,3-4,5", "d", "ace");
    features_are(table, NULL, "1,c", "bde");
    bpnn_table_free(table);
}

static void no_such_columns(void **state)
{
    (void)state;
    bpnn_table *table = table_of("alpha,beta,y\n1,2,0.5\n2,1,1.5\n3,5,4.5\n", NULL);
    bpnn_fit_options o = plain();
    o.features = "alpah";
    refused(table, &o, BPNN_DATA, "'alpha'");
    o.features = "1-9";
    refused(table, &o, BPNN_DATA, "1-9");
    o.features = "2-4";
    refused(table, &o, BPNN_DATA, "2-4");
    o.features = "0-1";
    refused(table, &o, BPNN_DATA, "0-1");
    o.features = "3-1";
    refused(table, &o, BPNN_DATA, "3-1");
    o.features = "1-3";
    refused(table, &o, BPNN_USAGE, "column 'y' is both target and feature");
    o.features = NULL;
    o.drop = "y";
    refused(table, &o, BPNN_USAGE, "both target and dropped");
    o.drop = "1,2";
    refused(table, &o, BPNN_DATA, "no column is left as input");
    o.drop = NULL;
    o.categorical = o.numeric = "alpha";
    refused(table, &o, BPNN_USAGE, "both --categorical and --numeric");
    o.categorical = o.numeric = NULL;
    o.sample_weight = "y";
    refused(table, &o, BPNN_USAGE, "'y' is --sample-weight and, as the last one, the target");
    o.sample_weight = o.split_column = "alpha";
    refused(table, &o, BPNN_USAGE, "both --sample-weight and --split-column");
    o.split_column = NULL;
    o.features = "alpha,beta";
    refused(table, &o, BPNN_USAGE, "is a feature and --sample-weight");
    bpnn_table_free(table);
}

/* Two columns of one name cannot be told apart by a model; they do no harm where neither is used. */
static void names_twice(void **state)
{
    (void)state;
    bpnn_table *table = table_of("a,a,b,y\n1,2,3,0.5\n2,1,4,1.5\n3,3,1,2.5\n", NULL);
    bpnn_fit_options o = plain();
    refused(table, &o, BPNN_DATA, "columns 1 and 2 are both called 'a'");
    o.drop = "2";
    refused(table, &o, BPNN_DATA, "rename one");
    o.drop = "1-2";
    bpnn__plan plan = plan_of(table, &o, false, NULL);
    assert_int_equal(plan.feature_count, 1);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

/* ---- types ---- */

static void types(void **state)
{
    (void)state;
    bpnn_table *table = table_of("n,t,m,e,y\n1,red,1,,0.5\n2,blue,x,,1.5\n3,red,2,,4.5\n", NULL);
    bpnn_fit_options o = plain();
    heard h;
    bpnn__plan plan = plan_of(table, &o, false, &h);
    assert_int_equal(plan.feature_count, 3);
    assert_false(plan.categorical[0]);
    assert_true(plan.categorical[1]);
    assert_true(plan.categorical[2]); /* one cell is no number */
    assert_true(says(&h, "warning: column 'e' is dropped: every cell is missing"));
    bpnn__plan_free(&plan);
    o.categorical = "n";
    plan = plan_of(table, &o, false, NULL);
    assert_true(plan.categorical[0]);
    bpnn__plan_free(&plan);
    o.numeric = "m";
    bpnn_error e = refused(table, &o, BPNN_DATA, "column 'm': expected a number, found 'x'");
    assert_int_equal(e.line, 3);
    assert_int_equal(e.column, 3);
    assert_string_equal(e.file, "t.csv");
    bpnn_table_free(table);
}

/* Text with more than max(20, rows/20) levels. */
static void text_with_many_levels(void **state)
{
    (void)state;
    for (int levels = 20; levels <= 21; levels++) {
        char csv[4096] = "t,x,y\n";
        for (int r = 0; r < 100; r++)
            snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "L%d,%d,%d.5\n", r % levels, r * r % 31, r * 7 % 13);
        bpnn_table *table = table_of(csv, NULL);
        bpnn_fit_options o = plain();
        heard h;
        bpnn__plan plan = plan_of(table, &o, false, &h);
        assert_int_equal(plan.feature_count, levels == 20 ? 2 : 1);
        if (levels == 21)
            assert_true(says(&h, "warning: column 't' is dropped: text with 21 different values"));
        bpnn__plan_free(&plan);
        o.categorical = "t";
        plan = plan_of(table, &o, false, NULL);
        assert_int_equal(plan.feature_count, 2);
        bpnn__plan_free(&plan);
        bpnn_table_free(table);
    }
}

/* ---- tasks and classes ---- */

/* cells: the target, one cell a row, blanks between. */
static bpnn_table *target_table(const char *cells, const char *text)
{
    char csv[4096] = "x,y\n";
    int x = 0;
    for (const char *c = cells; *c; x++) {
        size_t n = strcspn(c, " ");
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d.5,%.*s\n", x * 7 % 11, (int)n, c);
        c += n + (c[n] == ' ');
    }
    return table_of(csv, text);
}

static void task_is(const char *cells, const char *text, bpnn_task wanted, bpnn_task task, const char *classes,
                    const char *said)
{
    bpnn_table *table = target_table(cells, text);
    bpnn_fit_options o = plain();
    o.task = wanted;
    heard h;
    bpnn__plan plan = plan_of(table, &o, false, &h);
    char found[1024] = "";
    for (size_t k = 0; k < plan.class_count; k++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", k ? " " : "", plan.classes[k]);
    assert_int_equal(plan.task, task);
    assert_string_equal(found, classes);
    if (plan.class_count > 0)
        assert_int_equal(plan.positive, plan.class_count - 1);
    if (said)
        assert_true(says(&h, said));
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

static void tasks(void **state)
{
    (void)state;
    const bpnn_task automatic = BPNN_TASK_AUTO, number = BPNN_TASK_REGRESSION, two = BPNN_TASK_BINARY,
                    many = BPNN_TASK_MULTICLASS;
    task_is("no yes no yes", NULL, automatic, two, "no yes", "note: task: classes, 'y' holds text");
    task_is("true false true", NULL, automatic, two, "false true", NULL);
    task_is("0 1 1 0", NULL, automatic, two, "0 1", "2 different whole numbers (--task regression");
    task_is("10 9 2 10", NULL, automatic, many, "2 9 10", NULL); /* by number */
    task_is("10 9 b 10", NULL, automatic, many, "10 9 b", NULL); /* by bytes */
    task_is("b a ä B", NULL, automatic, many, "B a b ä", NULL);
    task_is("0.5 1 1 0", NULL, automatic, number, "", "note: task: regression, 'y' holds numbers (--task multiclass");
    task_is("3 3 3", NULL, automatic, number, "", "the target 'y' is constant");
    task_is("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", NULL, automatic, many,
            "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20", NULL);
    task_is("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", NULL, automatic, number, "", NULL);
    task_is("0 1 1 0", NULL, number, number, "", NULL);
    task_is("0 1 1 0", NULL, many, many, "0 1", NULL);
    task_is("0.5 1.5 1.5", NULL, two, two, "0.5 1.5", NULL);
    task_is("-1 1 -1", NULL, automatic, two, "-1 1", NULL);
    task_is("1 NA 0 NA", NULL, automatic, two, "0 1", "warning: 2 rows without a target are left out");
}

/* Labels are as written where they are kept; equal numbers are one class, by the shortest of their texts. */
static void labels_verbatim(void **state)
{
    (void)state;
    task_is("1.0 2.0 1.0", "y", BPNN_TASK_AUTO, BPNN_TASK_BINARY, "1.0 2.0", NULL);
    task_is("1.0 2.0 1.0", NULL, BPNN_TASK_AUTO, BPNN_TASK_BINARY, "1 2", NULL);
    task_is("007 1 1.0 1", "y", BPNN_TASK_AUTO, BPNN_TASK_BINARY, "1 007", NULL);
    task_is("a a.0 a", "y", BPNN_TASK_AUTO, BPNN_TASK_BINARY, "a a.0", NULL);
}

static void refused_targets(void **state)
{
    (void)state;
    static const struct {
        const char *cells;
        bpnn_task task;
        bpnn_status status;
        const char *words;
    } cases[] = {
        {"a a a", BPNN_TASK_AUTO, BPNN_DATA, "target 'y' has one class, 'a'"},
        {"5 5 5", BPNN_TASK_MULTICLASS, BPNN_DATA, "target 'y' has one class, '5'"},
        {"a b c", BPNN_TASK_BINARY, BPNN_DATA, "has 3 classes; binary has 2"},
        {"NA NA", BPNN_TASK_AUTO, BPNN_DATA, "no row has the target 'y'"},
        {"1 NA", BPNN_TASK_AUTO, BPNN_DATA, "one row is not enough"},
        {"1", BPNN_TASK_AUTO, BPNN_DATA, "one row is not enough"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bpnn_table *table = target_table(cases[i].cells, NULL);
        bpnn_fit_options o = plain();
        o.task = cases[i].task;
        refused(table, &o, cases[i].status, cases[i].words);
        bpnn_table_free(table);
    }
    bpnn_table *table = target_table("1 2 x 3", NULL);
    bpnn_fit_options o = plain();
    o.task = BPNN_TASK_REGRESSION;
    bpnn_error e = refused(table, &o, BPNN_DATA, "target 'y': expected a number, found 'x'");
    assert_int_equal(e.line, 4);
    assert_int_equal(e.column, 2);
    bpnn_table_free(table);
    printf("refused targets: %zu done, 0 bad\n", sizeof cases / sizeof *cases + 1);
}

static void positive_classes(void **state)
{
    (void)state;
    bpnn_table *table = target_table("no yes no yes", NULL);
    bpnn_fit_options o = plain();
    o.positive = "no";
    bpnn__plan plan = plan_of(table, &o, false, NULL);
    assert_int_equal(plan.positive, 0);
    bpnn__plan_free(&plan);
    o.positive = "maybe";
    refused(table, &o, BPNN_USAGE, "'maybe' is no class of 'y'; there are 'no' and 'yes'");
    bpnn_table_free(table);
    heard h;
    table = target_table("a b c a", NULL);
    o.positive = "a";
    plan = plan_of(table, &o, false, &h);
    assert_true(says(&h, "warning: --positive 'a' means nothing: there are 3 classes"));
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

/* ---- rows ---- */

static void rows_left_out(void **state)
{
    (void)state;
    /* a row goes only where all of its targets are missing */
    bpnn_table *table = table_of("x,a,b\n1,1.5,2\n2,,3\n3,,\n4,2.5,\n5,7.5,1\n", NULL);
    bpnn_fit_options o = plain();
    o.target = "a,b";
    heard h;
    bpnn__plan plan = plan_of(table, &o, false, &h);
    static const size_t expected[] = {0, 1, 3, 4};
    assert_int_equal(plan.train_count, 4);
    assert_memory_equal(plan.train, expected, sizeof expected);
    assert_true(says(&h, "warning: 1 rows without a target"));
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
    table = table_of("x,t,y\n1,a,0.5\n,b,1.5\n3,,2.5\n4,b,3.5\n5,a,\n", NULL);
    o = plain();
    o.missing = BPNN_MISSING_DROP;
    plan = plan_of(table, &o, false, &h);
    static const size_t complete[] = {0, 3};
    assert_int_equal(plan.train_count, 2);
    assert_memory_equal(plan.train, complete, sizeof complete);
    assert_true(says(&h, "warning: 2 rows with missing cells"));
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
    table = table_of("x,z,y\n1,,0.5\n,2,1.5\n3,,2.5\n", NULL);
    refused(table, &o, BPNN_DATA, "each has a missing cell");
    bpnn_table_free(table);
}

/* ---- weights ---- */

static void weights_are(const bpnn_table *table, const bpnn_fit_options *o, bool expected_any, const double *expected)
{
    bpnn__plan plan = plan_of(table, o, false, NULL);
    double weights[16];
    bool any;
    assert_int_equal(bpnn__plan_weights(&plan, table, o, plan.train, plan.train_count, weights, &any, NULL), BPNN_OK);
    assert_int_equal(any, expected_any);
    for (size_t i = 0; i < plan.train_count; i++)
        assert_true(fabs(weights[i] - expected[i]) < 1e-15);
    bpnn__plan_free(&plan);
}

static void row_weights(void **state)
{
    (void)state;
    bpnn_table *table = table_of("w,x,y\n1,1,a\n0,2,a\n2.5,3,a\n1,5,b\n", NULL);
    bpnn_fit_options o = plain();
    weights_are(table, &o, false, (double[]){1, 1, 1, 1});
    o.sample_weight = "w";
    weights_are(table, &o, true, (double[]){1, 0, 2.5, 1});
    o.class_weight_balanced = true;
    weights_are(table, &o, true, (double[]){2. / 3, 0, 2.5 * 2 / 3, 2});
    bpnn_table_free(table);
    static const char *const bad[] = {"-1", "", "x"};
    for (size_t i = 0; i < 3; i++) {
        char csv[128];
        snprintf(csv, sizeof csv, "w,x,y\n1,1,a\n%s,2,a\n2,3,b\n", bad[i]);
        table = table_of(csv, NULL);
        bpnn_error e = refused(table, &o, BPNN_DATA, "number from 0 up");
        assert_int_equal(e.line, 3);
        assert_int_equal(e.column, 1);
        bpnn_table_free(table);
    }
    table = table_of("w,x,y\n0,1,a\n0,2,a\n0,3,b\n", NULL);
    refused(table, &o, BPNN_DATA, "every training row has the weight 0");
    bpnn_table_free(table);
}

/* Balanced weights of held-back rows are those of the training rows' classes. */
static void class_weights_come_from_training(void **state)
{
    (void)state;
    bpnn_table *table =
        table_of("s,x,y\ntrain,1,a\ntrain,2,a\ntrain,3,a\ntrain,4,b\nvalid,5,b\nvalid,7,b\nvalid,6,a\n", NULL);
    bpnn_fit_options o = plain();
    o.split_column = "s";
    o.class_weight_balanced = true;
    bpnn__plan plan = plan_of(table, &o, false, NULL);
    double weights[3];
    bool any;
    assert_int_equal(bpnn__plan_weights(&plan, table, &o, plan.valid, plan.valid_count, weights, &any, NULL), BPNN_OK);
    assert_true(weights[0] == 2 && weights[1] == 2 && fabs(weights[2] - 2. / 3) < 1e-15);
    bpnn__plan_free(&plan);
    bpnn_table_free(table);
}

static void words(void **state)
{
    (void)state;
    for (int i = 0; i < BPNN_TASK_COUNT; i++)
        assert_int_equal(bpnn_task_find(bpnn_task_name((bpnn_task)i)), i);
    for (int i = 0; i < BPNN_SCALE_COUNT; i++)
        assert_int_equal(bpnn_scale_find(bpnn_scale_name((bpnn_scale)i)), i);
    for (int i = 0; i < BPNN_MISSING_COUNT; i++)
        assert_int_equal(bpnn_missing_find(bpnn_missing_name((bpnn_missing)i)), i);
    assert_string_equal(bpnn_scale_name(BPNN_SCALE_ROBUST), "robust");
    assert_int_equal(bpnn_task_find("Binary"), -1);
    assert_int_equal(bpnn_task_find(NULL), -1);
    assert_string_equal(bpnn_task_name((bpnn_task)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_by_name_then_number),
        cmocka_unit_test(lists_of_columns),
        cmocka_unit_test(no_such_columns),
        cmocka_unit_test(names_twice),
        cmocka_unit_test(types),
        cmocka_unit_test(text_with_many_levels),
        cmocka_unit_test(tasks),
        cmocka_unit_test(labels_verbatim),
        cmocka_unit_test(refused_targets),
        cmocka_unit_test(positive_classes),
        cmocka_unit_test(rows_left_out),
        cmocka_unit_test(row_weights),
        cmocka_unit_test(class_weights_come_from_training),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
