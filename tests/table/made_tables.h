/* Small whole files of every table format, for the tests of malformed ones. */
#ifndef BPNN_TESTS_TABLE_MADE_TABLES_H
#define BPNN_TESTS_TABLE_MADE_TABLES_H

#include <stddef.h>

typedef struct made_file {
    unsigned char *bytes;
    size_t size;
} made_file;

enum { MADE_FILES = 16 };

/* "csv", "idx", "npy", "libsvm": fills made[0..n), returns n. */
size_t made_files(const char *format, made_file *made);
void made_files_free(made_file *made, size_t count);

#endif
