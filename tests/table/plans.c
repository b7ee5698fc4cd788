#include "table/plans.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_ok(bpnn_status status, const bpnn_error *error)
{
    char line[1024];
    if (status != BPNN_OK)
        printf("%s\n", bpnn_error_message(error, line, sizeof line));
    assert_int_equal(status, BPNN_OK);
}

bpnn_table *table_of(const char *csv, const char *text)
{
    bpnn_table *table;
    bpnn_error error = {0};
    bpnn_table_options o;
    bpnn_table_options_default(&o);
    o.text = text;
    o.header = 1;
    o.delimiter = ',';
    expect_ok(bpnn_table_read_memory(&table, csv, strlen(csv), "t.csv", &o, &error), &error);
    return table;
}

bpnn_fit_options plain(void)
{
    bpnn_fit_options o = {.struct_size = sizeof o,
                          .validation_share = (double)NAN,
                          .target_scale = BPNN_SCALE_AUTO,
                          .missing_indicator = true};
    bpnn_train_options_default(&o.train);
    return o;
}

static void hear(const char *text, bool warning, void *context)
{
    heard *h = context;
    size_t at = strlen(h->text);
    snprintf(h->text + at, sizeof h->text - at, "%s%s\n", warning ? "warning: " : "note: ", text);
    h->notes += !warning;
    h->warnings += warning;
}

bpnn__notes listening(heard *h)
{
    memset(h, 0, sizeof *h);
    return (bpnn__notes){.message = hear, .context = h};
}

bool says(const heard *h, const char *words)
{
    bool found = strstr(h->text, words) != NULL;
    if (!found)
        printf("not said: '%s' in\n%s", words, h->text);
    return found;
}

bpnn__plan plan_of(const bpnn_table *table, const bpnn_fit_options *options, bool hold_back, heard *said)
{
    heard unheard;
    bpnn__notes notes = listening(said ? said : &unheard);
    bpnn__plan plan;
    bpnn_error error = {0};
    expect_ok(bpnn__plan_make(&plan, table, options, hold_back, &notes, &error), &error);
    bpnn__notes_free(&notes);
    return plan;
}

bpnn_error refused(const bpnn_table *table, const bpnn_fit_options *options, bpnn_status status, const char *words)
{
    bpnn__notes notes = {0};
    bpnn__plan plan;
    bpnn_error error = {0};
    bpnn_status found = bpnn__plan_make(&plan, table, options, true, &notes, &error);
    bpnn__notes_free(&notes);
    if (found != status || !strstr(error.text, words))
        printf("expected %s '%s', got %s '%s'\n", bpnn_status_name(status), words, bpnn_status_name(found), error.text);
    assert_int_equal(found, status);
    assert_non_null(strstr(error.text, words));
    assert_null(strchr(error.text, '\n'));
    return error;
}

bpnn__schema schema_of(const bpnn_table *table, const bpnn_fit_options *options)
{
    bpnn__plan plan = plan_of(table, options, false, NULL);
    bpnn__schema schema;
    bpnn__notes notes = {0};
    bpnn_error error = {0};
    expect_ok(bpnn__schema_fit(&schema, table, &plan, options, BPNN_LOSS_MSE, BPNN_ACT_IDENTITY, &notes, &error),
              &error);
    bpnn__plan_free(&plan);
    return schema;
}

uint64_t roll(dice *d)
{
    uint64_t z = d->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double roll_unit(dice *d)
{
    return (double)(roll(d) >> 11) * 0x1p-53;
}

uint64_t seed_of_tests(uint64_t standard)
{
    const char *given = getenv("BPNN_TEST_SEED");
    return given ? strtoull(given, NULL, 10) : standard;
}
