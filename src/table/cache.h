/* The inside of a table's cache file: a head, the description of the table, its cells; all in the byte order of this machine.
 *
 *   head         below
 *   description  rows, columns, dialect, lines; a column: name, flags, texts; a block: rows and which columns are wide, or the matrices
 *   cells        of the blocks, or of the matrices, behind each other
 *
 * The contents of the file that was parsed are recognised by a digest of all of its bytes, not by size and time: files are written
 * within one tick of the clock, copied with their times, and written over in place. Reading 100 MB for it takes a fraction of what
 * parsing takes. The bytes are read, not mapped: a mapped file that is cut short kills the program that looks at it. */
#ifndef BPNN_TABLE_CACHE_H
#define BPNN_TABLE_CACHE_H

#include "table/table.h"
#include <sys/types.h>

#define BPNN__CACHE_MAGIC "bpnncach"
#define BPNN__CACHE_ORDER 0x01020304u
#define BPNN__CACHE_FORMAT 1u /* raised with this layout, and whenever a reader makes another table of the same bytes */

typedef struct bpnn__cache_head {
    char magic[8];
    uint32_t order, format;
    uint64_t options[2];                      /* digests: how it was read, */
    uint64_t source[2];                       /* of what bytes, */
    uint64_t body[2];                         /* and description and cells */
    uint64_t source_size, description, cells; /* bytes */
    uint64_t spare;
} bpnn__cache_head;

typedef struct bpnn__cache {
    char *path;
    bool foreign;         /* something else has the name: it stays */
    uint64_t options[2];  /* as in the head */
    size_t files;         /* of the source */
    int fd[2];            /* open for reading */
    uint64_t source_size; /* of both */
    mode_t mode;          /* who may read them */
    uid_t owner[2];
} bpnn__cache;

/* The table of the body behind the head at fd, which ends the file; NULL if it is none, or has not the texts that the options ask for. */
bpnn_table *bpnn__cache_read_body(int fd, const bpnn__cache_head *head, const char *source,
                                  const bpnn_table_options *options);

/* Columns that were kept as text for another reading become columns of numbers, where `as_text` does not ask for them. False: out of
 * memory. */
bool bpnn__cache_to_numbers(bpnn_table *table, const bool *as_text);

/* Writes the cache; false: it cannot be. */
bool bpnn__cache_save(const bpnn__cache *cache, const bpnn_table *table, const uint64_t source[2]);

#endif
