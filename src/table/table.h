/* The inside of a table. Two storages: blocks of rows with columns behind each other (CSV), or up to two matrices side by side (IDX,
 * .npy, LIBSVM, the caller's). In a column of text a cell's number is its code in the column's dictionary; a missing cell is NaN
 * everywhere. */
#ifndef BPNN_TABLE_TABLE_H
#define BPNN_TABLE_TABLE_H

#include "base/digest.h"
#include "table/block.h"
#include "table/dictionary.h"
#include <bpnn/table.h>

typedef struct bpnn__column {
    char *name;
    bool text;        /* cells are codes of `words` */
    bool all_numbers; /* every cell that is not missing is a finite decimal number */
    size_t missing;
    bpnn__dictionary *words; /* NULL: none */
    double *values;          /* text of numbers alone: the number of every word; else NULL */
    size_t first_text;       /* the first row whose cell is no number; SIZE_MAX = none */
} bpnn__column;

struct bpnn_table {
    char *source;
    bpnn_cache_use cache;
    size_t rows, column_count;
    bpnn__column *columns;
    bpnn_table_dialect dialect;
    /* blocks of rows, in their order */
    size_t block_count, block_capacity;
    bpnn__block *blocks;
    bpnn__slabs slabs; /* their memory */
    /* or matrices: columns 0 .. part[0].cols - 1, then part[1] */
    bpnn_matrix part[2];
    void *owned[2];
    /* lines: row r begins at line first_line + r, shifted from some rows on */
    uint64_t first_line;
    struct bpnn__shift {
        size_t row;
        uint64_t shift;
    } * shifts;
    size_t shift_count, shift_capacity;
};

/* An empty table of `columns` columns named "1", "2", ..; NULL when out of memory. */
bpnn_table *bpnn__table_new(const char *source, size_t columns);

/* Renames column c (copied); an empty name becomes the column's number. False: out of memory. */
bool bpnn__table_rename(bpnn_table *table, size_t c, const char *name);

/* Cells of column c as numbers (codes for text), rows[0..count) or first .. first + count - 1 when rows is NULL. */
void bpnn__table_numbers(const bpnn_table *table, size_t c, const size_t *rows, size_t first, size_t count,
                         double *out);

/* The same as values: a column of text that holds numbers gives the numbers, other text NaN. */
void bpnn__table_values(const bpnn_table *table, size_t c, const size_t *rows, size_t first, size_t count, double *out);

/* The first cell of column c that is no number, as written; false if there is none. In messages its place is
 * bpnn_table_line(table, row) and, as column, c + 1: columns are fields everywhere, not bytes of a line. */
bool bpnn__table_first_text(const bpnn_table *table, size_t c, size_t *row, const char **cell);

/* Row `row`, at or behind the last one noted, begins at `line`. False: out of memory. */
bool bpnn__table_note_line(bpnn_table *table, size_t row, uint64_t line);

/* Appends a copy of a block; its rows are the next ones. False: out of memory. */
bool bpnn__table_add_block(bpnn_table *table, const bpnn__block *block);

/* Counts missing cells of a table made of matrices. */
void bpnn__table_count_missing(bpnn_table *table);

/* The files of a source as a reading met them, byte for byte. */
typedef struct bpnn__seen {
    size_t count;
    bpnn__digest of[2];
} bpnn__seen;

/* The readers: one row a format. `bytes` NULL: read from path. */
typedef struct bpnn__source {
    const char *path; /* or the name of the memory */
    const void *bytes;
    size_t size;
    size_t chunk;     /* CSV: bytes of a piece; 0 = 256 KiB */
    bpnn__seen *seen; /* NULL: nobody asks */
} bpnn__source;

bpnn_status bpnn__read_csv(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error);
bpnn_status bpnn__read_idx(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error);
bpnn_status bpnn__read_npy(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error);
bpnn_status bpnn__read_libsvm(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                              bpnn_error *error);

/* A way a file's name ends, and what is behind it; several rows have the same name. */
typedef struct bpnn__table_format {
    const char *ending, *name;
    bpnn_status (*read)(bpnn_table **, const bpnn__source *, const bpnn_table_options *, bpnn_error *);
    bool parsed; /* text; else a plain matrix, which is read as fast as a cache of it */
    bool pairs;  /* "images,labels" are two files */
} bpnn__table_format;

/* The first of that name; NULL: none. */
const bpnn__table_format *bpnn__table_format_named(const char *name);

/* What format->read gives, from the cache of the options if it has it; else the cache is made. */
bpnn_status bpnn__read_cached(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                              const bpnn__table_format *format, bpnn_error *error);

struct bpnn__reader;
bpnn_status bpnn__source_open(const bpnn__source *source, struct bpnn__reader **reader, bpnn_error *error);

/* The rest of a reader, or the whole of a source, in memory, unpacked; freed with bpnn__free. More than options' max_bytes is DATA. */
typedef struct bpnn__whole {
    void *bytes; /* NULL after a failure */
    size_t size;
    bool compressed;
} bpnn__whole;
bpnn_status bpnn__reader_whole(struct bpnn__reader *reader, const char *path, const bpnn_table_options *options,
                               bpnn__whole *whole, bpnn_error *error);
bpnn_status bpnn__source_whole(const bpnn__source *source, const bpnn_table_options *options, bpnn__whole *whole,
                               bpnn_error *error);

#define BPNN__MAX_COLUMNS 1000000u

/* The limits of the options, or the defaults. */
uint64_t bpnn__limit_bytes(const bpnn_table_options *options);
size_t bpnn__limit_columns(const bpnn_table_options *options);

/* DATA if that many columns are too many. */
bpnn_status bpnn__check_bytes(const char *path, bool exceeds, const bpnn_table_options *options, bpnn_error *error);
bpnn_status bpnn__check_columns(const char *path, size_t columns, const bpnn_table_options *options, bpnn_error *error);

#endif
