/* What a fuzz target is: one reader, what it promises, and files to begin with. */
#ifndef BPNN_TESTS_FUZZ_FUZZ_H
#define BPNN_TESTS_FUZZ_FUZZ_H

#include "fuzz/targets.h"
#include <bpnn.h>

typedef struct fuzz_target {
    /* Reads the bytes; false: a promise is broken. Memory is looked after by the caller (fuzz_holds). */
    bool (*holds)(const unsigned char *bytes, size_t size);
    /* Calls fuzz_seed for every whole file. The same files each time. */
    void (*seeds)(void);
    /* After a mutation: puts lengths and checksums right, so that what stands behind them is reached. Returns the new
     * size, at most room. NULL: nothing guards. */
    size_t (*mend)(unsigned char *bytes, size_t size, size_t room);
    /* A mutation that knows the format, from a seed. NULL: none. */
    size_t (*mutate)(unsigned char *bytes, size_t size, size_t room, unsigned seed);
    bool packed; /* gzip files are mutated inside */
} fuzz_target;

#define FUZZ_X(name) extern const fuzz_target fuzz_##name;
FUZZ_TARGETS(FUZZ_X)
#undef FUZZ_X

/* holds(), and: no allocation over 64 MiB + 80 x size, nothing left allocated. Prints what is broken. */
bool fuzz_holds(const fuzz_target *target, const unsigned char *bytes, size_t size);

/* Given by the program that asks for seeds. */
void fuzz_seed(const void *bytes, size_t size);

/* ---- what targets share ---- */

/* A table of the format from memory: an error is DATA, one line, with the file's name; every cell of a table can be looked at. */
bool fuzz_table(const char *format, const unsigned char *bytes, size_t size);

/* The same for a table that was read already; frees it. */
bool fuzz_table_looked_at(bpnn_status status, bpnn_table *table, const bpnn_error *error);

/* The whole files of tests/table/made_tables.c, plain and packed. */
void fuzz_table_seeds(const char *format);

/* The bytes as a gzip file: malloc, *packed_size; NULL when out of memory. */
unsigned char *fuzz_pack(const unsigned char *bytes, size_t size, size_t *packed_size);

/* Of a model file or checkpoint: the header's length and padding, then the checksum. */
size_t fuzz_mend_model(unsigned char *bytes, size_t size, size_t room);

/* A model from another format: an error is MODEL with a text; a model can be written and read back. */
bool fuzz_import(const char *name, const unsigned char *bytes, size_t size);

#endif
