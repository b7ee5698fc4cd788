/* Tables from text, and plans and schemas of them, for the tests of what is decided about a table. */
#ifndef BPNN_TESTS_TABLE_PLANS_H
#define BPNN_TESTS_TABLE_PLANS_H

#include "table/plan.h"

/* A table of CSV text with a header; text: columns kept as written (NULL = none). Freed with bpnn_table_free. */
bpnn_table *table_of(const char *csv, const char *text);

/* The defaults of fitting, as far as tables go. */
bpnn_fit_options plain(void);

/* What was said: one line each, warnings begin with "warning: ". */
typedef struct heard {
    char text[16384];
    size_t notes, warnings;
} heard;
bpnn__notes listening(heard *h);

bool says(const heard *h, const char *words);

/* A plan that must succeed. said may be NULL. */
bpnn__plan plan_of(const bpnn_table *table, const bpnn_fit_options *options, bool hold_back, heard *said);

/* A plan that must fail with this status and words in its text; gives the whole error back. */
bpnn_error refused(const bpnn_table *table, const bpnn_fit_options *options, bpnn_status status, const char *words);

/* Plan and schema of a table; mse and identity. */
bpnn__schema schema_of(const bpnn_table *table, const bpnn_fit_options *options);

/* Random numbers: splitmix64. */
typedef struct dice {
    uint64_t state;
} dice;
uint64_t roll(dice *d);
double roll_unit(dice *d); /* [0, 1) */
uint64_t seed_of_tests(uint64_t standard);

#endif
