/* Tables of real data: reading files of numbers and text. What the columns mean for a network
 * (types, scaling, categories, splits) is decided by bpnn_fit and stored in the model.
 *
 * Formats: CSV (.csv .tsv .txt), IDX pairs "images.idx,labels.idx", NumPy .npy (1 or 2 dimensions),
 * LIBSVM text (.libsvm .svm .svmlight), each also with .gz behind; "-" = CSV from standard input. */
#ifndef BPNN_TABLE_H
#define BPNN_TABLE_H

#include <bpnn/matrix.h>
#include <bpnn/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A table that was read whole. Immutable: any number of threads may look at it. */
typedef struct bpnn_table bpnn_table;

/* How to read. Set by bpnn_table_options_default (everything detected), then changed. Borrowed
 * during the call. */
typedef struct bpnn_table_options {
    size_t struct_size;
    char delimiter;       /* 0 = detect among , ; tab | and blanks */
    int header;           /* -1 = detect, 0 = the first line is data, 1 = it has names */
    char decimal;         /* 0 = detect, '.' or ',' */
    const char *na;       /* texts of a missing cell, separated by commas; NULL = empty,NA,NaN,?,null */
    const char *text;     /* column specs (names or numbers, commas) whose cells are kept as written even
                            if all are numbers; NULL = none. The program passes target and --categorical */
    bool text_target;     /* keep the last column so when `text` is NULL */
    const char *format;   /* NULL = by the file name: "csv", "idx", "npy", "libsvm" */
    uint64_t max_columns; /* 0 = 1,000,000; more are refused */
    uint64_t max_bytes;   /* 0 = 16 GiB after decompression */
    const char *cache;    /* a file that keeps the table once it is parsed: see below; "" = the (first) file's name +
                             ".bpnncache", NULL = none */
    size_t
        threads; /* that read CSV; 0 = the CPUs, as far as the file is worth it. The table is the same for any number */
} bpnn_table_options;

BPNN_API void bpnn_table_options_default(bpnn_table_options *options);

/* A cache is taken only if a digest of all bytes of the file is the one it was made of, with the same options, by the same version of the
 * library; else the file is parsed and the cache replaced. So it can be removed at any time, and a damaged one is as good as none. It can
 * be read by whom the file can be read, and one that belongs to neither the file's owner nor the caller is not taken. Plain .npy and IDX
 * files, which need no parsing, and whatever is no file have none; that a cache cannot be written is no error. */
typedef enum bpnn_cache_use {
    BPNN_CACHE_NONE,      /* not asked for, or not for such a file */
    BPNN_CACHE_READ,      /* the table comes from it */
    BPNN_CACHE_WRITTEN,   /* the file was parsed, the cache is new */
    BPNN_CACHE_UNWRITABLE /* the file was parsed, the cache cannot be written */
} bpnn_cache_use;

/* Reads a file whole and checks all of it. DATA errors name line, column and value. options NULL = default. */
BPNN_API bpnn_status bpnn_table_read(bpnn_table **table, const char *path, const bpnn_table_options *options,
                                     bpnn_error *error);

/* The same from memory; `name` (NULL = "memory") stands in messages. */
BPNN_API bpnn_status bpnn_table_read_memory(bpnn_table **table, const void *bytes, size_t size, const char *name,
                                            const bpnn_table_options *options, bpnn_error *error);

/* A table over the caller's matrix (borrowed until it is freed); names NULL = "1", "2", .. (copied). */
BPNN_API bpnn_status bpnn_table_from_matrix(bpnn_table **table, bpnn_matrix matrix, const char *const *names,
                                            bpnn_error *error);
BPNN_API void bpnn_table_free(bpnn_table *table);

BPNN_API size_t bpnn_table_rows(const bpnn_table *table);
BPNN_API size_t bpnn_table_columns(const bpnn_table *table);

/* The path or name it was read from. */
BPNN_API const char *bpnn_table_source(const bpnn_table *table);

/* What its cache was good for. */
BPNN_API bpnn_cache_use bpnn_table_cache_use(const bpnn_table *table);

/* Name of column c (0-based), UTF-8. Lives as long as the table. */
BPNN_API const char *bpnn_table_column_name(const bpnn_table *table, size_t c);

/* The column that `spec` means: an exact name first, else a 1-based number. DATA: none; the text
 * suggests the nearest name. */
BPNN_API bpnn_status bpnn_table_find_column(const bpnn_table *table, const char *spec, size_t *c, bpnn_error *error);

/* True if every non-missing cell of column c is a finite decimal number. */
BPNN_API bool bpnn_table_is_numeric(const bpnn_table *table, size_t c);

/* The line of the file where row r (0-based) begins, from 1; 0 for formats without lines. */
BPNN_API uint64_t bpnn_table_line(const bpnn_table *table, size_t r);

/* Cell as a number: NAN if missing or not a number. */
BPNN_API double bpnn_table_number(const bpnn_table *table, size_t r, size_t c);

/* The same cells of all rows as a matrix of rows x count in row order, into the caller's `data`: float for BPNN_F32 (rounded once), double
 * for BPNN_F64; BPNN_U8 is USAGE. columns: `count` of them, 0-based, in any order; NULL = all columns, whatever count says. threads: 0 = the
 * CPUs, as far as the table is worth it; the numbers are the same for any. Any number of callers may read one table. */
BPNN_API bpnn_status bpnn_table_copy_numbers(const bpnn_table *table, const size_t *columns, size_t count,
                                             bpnn_dtype dtype, void *data, size_t threads, bpnn_error *error);

/* Cell as text, exactly as written (quotes removed): kept for columns that are not numeric and those
 * of options.text; other columns give the shortest decimal. NULL if missing. `buffer` of 32 bytes
 * serves the second case. */
BPNN_API const char *bpnn_table_text(const bpnn_table *table, size_t r, size_t c, char *buffer);

/* The dialect that was found, for `inspect`: delimiter 0 for formats without one. */
typedef struct bpnn_table_dialect {
    const char *format; /* "csv", "idx", "npy", "libsvm", "matrix" */
    char delimiter, decimal;
    bool header, bom, crlf, compressed;
} bpnn_table_dialect;
BPNN_API bpnn_table_dialect bpnn_table_get_dialect(const bpnn_table *table);

#ifdef __cplusplus
}
#endif

#endif
