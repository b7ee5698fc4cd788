/* Reading the records of a piece of a CSV file, without knowledge of the other pieces: any number of threads read pieces at the same
 * time, and what they find is put together in the order of the file. */
#ifndef BPNN_TABLE_CSV_CHUNK_H
#define BPNN_TABLE_CSV_CHUNK_H

#include "table/block.h"
#include "table/csv.h"

/* Bytes of a record, and of a cell, at most. */
enum { BPNN__MAX_CELL = 1 << 24, BPNN__MAX_RECORD = 4 * BPNN__MAX_CELL };

/* What all pieces share; it stays as it is while they are read. */
typedef struct bpnn__csv {
    const char *name, *na; /* of the source, in messages; texts of missing cells */
    char delimiter, decimal;
    size_t columns, limit;     /* limit: of columns */
    bool careful;              /* no fast way: numbers may be missing cells, or the delimiter part of a number */
    bool *as_text, *wide;      /* a column: kept as text; known to hold long numbers */
    bpnn__column *table_words; /* columns with dictionaries to write to; NULL: pieces have their own */
} bpnn__csv;

/* The line where a row of the piece begins, for rows where line - row changes; both from 0. */
typedef struct bpnn__line_note {
    size_t row;
    uint64_t line;
} bpnn__line_note;

typedef struct bpnn__chunk {
    const bpnn__csv *csv;
    const char *from, *end; /* whole records; BPNN__NUMBER_READS_ON bytes behind `end` may be looked at, *end too */
    /* found: */
    bpnn_status status;
    bpnn_error error; /* its line counts from 1 in the piece */
    bpnn__desk desk;
    uint64_t lines;
    struct bpnn__found {
        uint32_t missing, first_text; /* UINT32_MAX: no text */
    } * found;                        /* a column */
    bpnn__dictionary **words;         /* a column of text; NULL where the table's are used */
    bpnn__line_note *notes;
    size_t note_count, note_capacity;
    bool again;   /* a text in a column of numbers: the file has to be read again with it as text */
    bool widened; /* a long number in a narrow column */
    bool full;    /* more rows than the block has room for */
    size_t room;  /* rows */
    bool *wide;   /* a column, as found */
    /* at work */
    bpnn__record record;
    char *scratch;
    size_t scratch_size;
    uint32_t *gaps; /* columns of the row at hand whose cell is missing */
    size_t gap_count;
    char apart[128]; /* threads write to neighbours: no cache line in common */
} bpnn__chunk;

/* Memory for pieces of `csv`; false: out of memory. */
bool bpnn__chunk_prepare(bpnn__chunk *chunk, const bpnn__csv *csv);
void bpnn__chunk_free(bpnn__chunk *chunk);

/* Reads from .. end. */
void bpnn__chunk_read(bpnn__chunk *chunk);

/* The end of the first record that ends at or behind `target`, for records from `from` on; NULL: none ends in these bytes. What
 * stands behind a fault in quotes may be cut anywhere: the fault is met first. */
const char *bpnn__csv_cut(const char *from, const char *target, const char *end, char delimiter);

/* The error of a record that cannot be cut; line: where it begins. */
bpnn_status bpnn__cut_fault(const char *name, uint64_t line, const bpnn__record *record, bpnn__cut cut,
                            bpnn_error *error);
bpnn_status bpnn__long_record(const char *name, uint64_t line, bpnn_error *error);

/* The text of a field, doubled quotes undone in *scratch; NULL: out of memory. */
const char *bpnn__field_text(const bpnn__field *field, char **scratch, size_t *scratch_size, size_t *size);
bpnn_status bpnn__check_text(const char *name, uint64_t line, size_t c, const char *text, size_t size,
                             bpnn_error *error);

#endif
