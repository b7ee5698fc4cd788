/* One small table in every format that is read, as bytes. */
#ifndef BPNN_TESTS_MODEL_SAMPLES_H
#define BPNN_TESTS_MODEL_SAMPLES_H

#include <bpnn/table.h>

enum { SAMPLE_ROOM = 4096 };

typedef struct sample {
    const char *name;   /* also the file's name: "table.csv", "table.csv.gz" .. */
    const char *format; /* as in bpnn_table_options */
    unsigned char bytes[SAMPLE_ROOM];
    size_t size;
} sample;

/* NULL past the end. The same memory at every call. */
const sample *sample_at(size_t index);

/* A hash of every cell, name and the kind of every column. */
uint64_t sample_hash(const bpnn_table *table);

#endif
