/* One reading of a CSV file: its windows of bytes, the pieces in them, and the table that comes of them. */
#ifndef BPNN_TABLE_CSV_PASS_H
#define BPNN_TABLE_CSV_PASS_H

#include "table/csv_chunk.h"

struct bpnn__pool;

enum { BPNN__MOST_PIECES = 128 };

/* Bytes of the file: the pieces of one round, and the beginning of what follows. */
typedef struct bpnn__window {
    char *bytes;
    size_t size, capacity;
    size_t at, end; /* the pieces stand in [at, end) */
    size_t pieces, cut[BPNN__MOST_PIECES];
    bool last;          /* the file ends with these bytes */
    bool too_long;      /* the record at `end` */
    bpnn_status status; /* of reading behind these bytes */
    bpnn_error error;
} bpnn__window;

typedef struct bpnn__pass {
    const bpnn__source *source;
    const bpnn_table_options *options;
    bpnn__csv csv;
    struct bpnn__reader *reader;
    bpnn__whole kept; /* of what can be read only once */
    struct bpnn__pool *pool;
    size_t piece, piece_count; /* bytes of a piece, pieces of a round */
    bpnn__window window[2], *now, *next;
    bpnn__chunk *chunks; /* piece_count of them */
    bpnn_table *table;
    bpnn_table_dialect dialect;
    bpnn__record record; /* the first one */
    char *scratch;
    size_t scratch_size;
    uint64_t line, bytes; /* lines put together so far, bytes read so far */
    uint64_t header_line;
    bool again;           /* some column turned out to be text: */
    bool *text_next;      /* a column */
    size_t known_columns; /* of text_next */
} bpnn__pass;

/* Adds what a piece holds to the table, or its failure to *error. */
bpnn_status bpnn__csv_merge(bpnn__pass *pass, bpnn__chunk *chunk, bpnn_error *error);

/* Bytes of the first records, dialect, header, and the empty table. */
bpnn_status bpnn__csv_begin(bpnn__pass *pass, bpnn_table **table, bpnn_error *error);

/* The error of a file that is another one in the next pass. */
bpnn_status bpnn__csv_changed(const bpnn__pass *pass, uint64_t line, bpnn_error *error);

/* Reads on until the window holds `wanted` bytes or the file ends. A failure is kept: what was read before it is looked at first. */
void bpnn__window_read(bpnn__pass *pass, bpnn__window *window, size_t wanted);

#endif
