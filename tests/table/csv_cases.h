/* What CSV files mean: bytes, options, and the table or the error that must come of them. */
#ifndef BPNN_TESTS_TABLE_CSV_CASES_H
#define BPNN_TESTS_TABLE_CSV_CASES_H

#include <stddef.h>

/* options: NULL, or letters: D; delimiter, H0 H1 header, P. P, decimal sign, N(list) missing texts, T(list) columns kept as
 * text. expected: what render_csv gives; of an error its beginning. size 0: strlen. */
typedef struct csv_case {
    const char *bytes, *options, *expected;
    size_t size;
} csv_case;

extern const csv_case csv_cases[];
extern const size_t csv_case_count;

#endif
