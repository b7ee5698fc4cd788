/* The state of a run as named arrays, and one way to walk it: the same list of fields writes a record and reads one back, so
 * that neither can forget what the other knows. Numbers keep their bits. */
#ifndef BPNN_TRAIN_RECORD_H
#define BPNN_TRAIN_RECORD_H

#include <bpnn/matrix.h>
#include <bpnn/status.h>
#include <stdbool.h>

enum { BPNN__RECORD_NAME = 32 };

typedef struct bpnn__array {
    char name[BPNN__RECORD_NAME];
    bool single;       /* float, else double */
    size_t rows, cols; /* cols 0: one dimension */
    void *data;
} bpnn__array;

/* Zero-initialise. */
typedef struct bpnn__record {
    bpnn__array *arrays;
    size_t count, capacity;
} bpnn__record;

void bpnn__record_free(bpnn__record *record); /* contents; zeroes the struct */

/* A new zeroed array of the record; NULL: out of memory, or no name of that length. */
void *bpnn__record_add(bpnn__record *record, const char *name, bool single, size_t rows, size_t cols);
const bpnn__array *bpnn__record_find(const bpnn__record *record, const char *name); /* NULL: there is none */
size_t bpnn__array_bytes(const bpnn__array *array);

/* The record as bytes and back, for those who have no container: *bytes is freed with bpnn__free. MODEL unless the bytes are
 * exactly what _write makes. */
bpnn_status bpnn__record_write(const bpnn__record *record, void **bytes, size_t *size, bpnn_error *error);
bpnn_status bpnn__record_read(bpnn__record *record, const void *bytes, size_t size, bpnn_error *error);

/* ---- walking ---- */

/* Set `to` for writing, `from` for reading. After the first failure every call does nothing. */
typedef struct bpnn__archive {
    bpnn__record *to;
    const bpnn__record *from;
    size_t taken; /* arrays of `from` that were asked for */
    bpnn_status status;
    bpnn_error *error;
} bpnn__archive;

/* Reading: MODEL where the array is missing, of another shape, or not what the field can be. */
void bpnn__keep_number(bpnn__archive *a, const char *name, double *x);
void bpnn__keep_count(bpnn__archive *a, const char *name, uint64_t *x, uint64_t most); /* most: at most 2^53 */
void bpnn__keep_size(bpnn__archive *a, const char *name, size_t *x, size_t most);
void bpnn__keep_flag(bpnn__archive *a, const char *name, bool *x);
void bpnn__keep_numbers(bpnn__archive *a, const char *name, size_t n, double *x);

/* n doubles that are kept as float where `single`; rows x cols with cols > 0. */
void bpnn__keep_reals(bpnn__archive *a, const char *name, bool single, size_t rows, size_t cols, double *x);

/* A number that must be what it is here; else USAGE: "the run has another WHAT". */
void bpnn__keep_same(bpnn__archive *a, const char *name, uint64_t here, const char *what);

void bpnn__archive_refuse(bpnn__archive *a, const char *name); /* what was read for `name` cannot be */

/* Reading: MODEL if the record holds arrays that nobody asked for. */
void bpnn__archive_end(bpnn__archive *a);

#endif
