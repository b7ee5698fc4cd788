/* CSV: finding the dialect, and cutting bytes into records of fields.
 *
 * Records: RFC 4180 with LF, CRLF or lone CR. A line of blanks alone is no record, in a table of one column neither (there a missing
 * cell is written "" or NA). Blanks around an outer quote are dropped, text behind a closing quote is refused, a quote inside an
 * unquoted field is a quote. Delimiter ' ' means runs of blanks and tabs; those at the ends of a line do not count.
 * Cells: blanks around numbers and texts of missing cells are tolerated, quoted or not; other text is kept as written. Empty is
 * always missing; the list of missing texts is exact (case, "-999" is not "-999.0") and goes before numbers. */
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
    size_t limit;     /* of fields; 0 = none */
    size_t lines;     /* line ends inside and behind it; of an open quote: those before it */
    bool blank;       /* nothing but blanks before the line end */
    const char *next; /* behind it */
} bpnn__record;

typedef enum bpnn__cut {
    BPNN__CUT_DONE,        /* a record */
    BPNN__CUT_MORE,        /* the bytes end inside the record */
    BPNN__CUT_OPEN_QUOTE,  /* the file ends inside quotes */
    BPNN__CUT_AFTER_QUOTE, /* text behind a closing quote */
    BPNN__CUT_NUL,
    BPNN__CUT_FIELDS, /* more than the limit */
    BPNN__CUT_MEMORY
} bpnn__cut;

/* Cuts the record at [from, end). last: the file ends at `end`. On a fault record->count is the field's number. */
bpnn__cut bpnn__cut_record(bpnn__record *record, const char *from, const char *end, char delimiter, bool last);

/* The same for one field at *at, which moves behind it. */
bpnn__cut bpnn__cut_field(bpnn__record *record, const char **at, const char *end, char delimiter, bool last);

/* Marks the columns whose texts are kept even if all are numbers: the options' list, or the last one. */
bpnn_status bpnn__mark_text(const bpnn_table *table, const bpnn_table_options *options, bool *as_text,
                            bpnn_error *error);

/* Dialect of the first bytes of a file; forced parts of the options are kept. False: out of memory. */
bool bpnn__find_dialect(bpnn_table_dialect *dialect, const char *from, const char *end, bool last,
                        const bpnn_table_options *options);

/* True if `na` lists a number: then a number may be a missing cell. */
bool bpnn__na_has_numbers(const char *na, char decimal);

/* A cell: a number, a missing one, or text. `na`: texts of a missing cell, commas between (NULL = the default). */
typedef enum bpnn__cell { BPNN__CELL_NUMBER, BPNN__CELL_MISSING, BPNN__CELL_TEXT } bpnn__cell;
bpnn__cell bpnn__read_cell(const bpnn__field *field, char decimal, const char *na, double *value);

#endif
