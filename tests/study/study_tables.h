/* Tables for the tests of many fits. */
#ifndef BPNN_TESTS_STUDY_TABLES_H
#define BPNN_TESTS_STUDY_TABLES_H

#include <bpnn/study.h>

enum { STUDY_TEXT = 1 << 16 };

/* CSV: a, b (some missing), colour, part (the group: row % groups), y by the task; from a seed. Into text[STUDY_TEXT]; returns its
 * size. */
size_t study_text(char *text, uint64_t seed, size_t rows, size_t groups, bpnn_task task);

/* The same as a table, freed with bpnn_table_free. */
bpnn_table *study_table(uint64_t seed, size_t rows, size_t groups, bpnn_task task);
bpnn_table *table_of_text(const char *text, size_t size);

/* A small quick fit of it; b and colour are inputs. */
bpnn_fit_options study_fit(void);

uint64_t seed_of_tests(uint64_t standard);

#endif
