/* CSV: finding the dialect, and cutting bytes into records of fields. */
#ifndef BPNN_TABLE_CSV_H
#define BPNN_TABLE_CSV_H

#include "table/table.h"

/* One field of a record: text[0..size) without the outer quotes; doubled quotes inside are still doubled. */
typedef struct bpnn__field {
    const char *text;
    size_t size;
    bool quoted, doubled;
} bpnn__field;

typedef struct bpnn__record {
    bpnn__field *fields;
    size_t count, capacity;
    size_t lines;     /* line ends inside and behind it */
    bool blank;       /* nothing at all before the line end */
    const char *next; /* behind it */
} bpnn__record;

typedef enum bpnn__cut {
    BPNN__CUT_DONE,        /* a record */
    BPNN__CUT_MORE,        /* the bytes end inside the record */
    BPNN__CUT_OPEN_QUOTE,  /* the file ends inside quotes */
    BPNN__CUT_AFTER_QUOTE, /* text behind a closing quote */
    BPNN__CUT_NUL,
    BPNN__CUT_MEMORY
} bpnn__cut;

/* Cuts the record at [from, end). last: the file ends at `end`. On a fault record->count is the field's number. */
bpnn__cut bpnn__cut_record(bpnn__record *record, const char *from, const char *end, char delimiter, bool last);

/* A whole line of `columns` plain numbers at c, which must be in text that a NUL ends: writes them `step` apart and returns the next
 * line, or NULL where the line is anything else. */
const char *bpnn__fast_row(const char *c, char delimiter, char decimal, size_t columns, double *to, size_t step);

/* Dialect of the first bytes of a file; forced parts of the options are kept. False: out of memory. */
bool bpnn__find_dialect(bpnn_table_dialect *dialect, const char *from, const char *end, bool last,
                        const bpnn_table_options *options);

/* A cell: a number, a missing one, or text. `na`: texts of a missing cell, commas between (NULL = the default). */
typedef enum bpnn__cell { BPNN__CELL_NUMBER, BPNN__CELL_MISSING, BPNN__CELL_TEXT } bpnn__cell;
bpnn__cell bpnn__read_cell(const bpnn__field *field, char decimal, const char *na, double *value);

#endif
