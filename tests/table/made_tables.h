/* Small whole files of every table format, for the tests of malformed ones, and a look at what came of them. */
#ifndef BPNN_TESTS_TABLE_MADE_TABLES_H
#define BPNN_TESTS_TABLE_MADE_TABLES_H

#include <bpnn/table.h>

typedef struct made_file {
    unsigned char *bytes;
    size_t size;
} made_file;

enum { MADE_FILES = 16 };

/* "csv", "idx", "npy", "libsvm": fills made[0..n), returns n. */
size_t made_files(const char *format, made_file *made);
void made_files_free(made_file *made, size_t count);

/* Touches everything, of large tables the first cells; the sum keeps the compiler from leaving it out. */
size_t look_at_table(const bpnn_table *table);

#endif
