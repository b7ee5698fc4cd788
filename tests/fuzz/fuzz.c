/* The promises that every target is held to, and what targets share. */
#include "fuzz/fuzz.h"
#include "base/watch.h"
#include "model/made.h"
#include "table/made_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* ---- memory ---- */

bool fuzz_holds(const fuzz_target *target, const unsigned char *bytes, size_t size)
{
    long before = watch_alive();
    watch_reset();
    bool good = target->holds(bytes, size);
    if (!good)
        fprintf(stderr, "fuzz: a promise of the reader is broken\n");
    size_t largest = watch_largest();
    bool bounded = largest <= ((size_t)64 << 20) + 80 * size;
    if (!bounded)
        fprintf(stderr, "fuzz: an allocation of %zu bytes for a file of %zu\n", largest, size);
    if (watch_alive() != before)
        fprintf(stderr, "fuzz: %ld allocations are left\n", watch_alive() - before);
    return good && bounded && watch_alive() == before;
}

/* ---- tables ---- */

bool fuzz_table_looked_at(bpnn_status status, bpnn_table *table, const bpnn_error *error)
{
    bool good = status == BPNN_OK ? table && look_at_table(table) != SIZE_MAX
                                  : !table && status == BPNN_DATA && error->status == status && error->text[0] &&
                                        !strchr(error->text, '\n') && error->file[0];
    bpnn_table_free(table);
    return good;
}

bool fuzz_table(const char *format, const unsigned char *bytes, size_t size)
{
    char name[32];
    bpnn_table *table = NULL;
    bpnn_table_options o;
    bpnn_error error = {0};
    snprintf(name, sizeof name, "t.%s", format);
    bpnn_table_options_default(&o);
    o.format = format;
    o.threads = 1;
    o.max_bytes = 1 << 20; /* large tables are slow, and no news */
    bpnn_status status = bpnn_table_read_memory(&table, bytes, size, name, &o, &error);
    return fuzz_table_looked_at(status, table, &error);
}

void fuzz_table_seeds(const char *format)
{
    made_file made[MADE_FILES];
    size_t count = made_files(format, made);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        unsigned char *packed = i % 4 == 0 ? fuzz_pack(made[i].bytes, made[i].size, &size) : NULL;
        fuzz_seed(made[i].bytes, made[i].size);
        if (packed)
            fuzz_seed(packed, size);
        free(packed);
    }
    made_files_free(made, count);
}

unsigned char *fuzz_pack(const unsigned char *bytes, size_t size, size_t *packed_size)
{
    z_stream z = {0};
    if (deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size_t room = (size_t)deflateBound(&z, (uLong)size) + 32;
    unsigned char *packed = malloc(room);
    z.next_in = (unsigned char *)(uintptr_t)bytes;
    z.avail_in = (unsigned)size;
    z.next_out = packed;
    z.avail_out = (unsigned)room;
    bool whole = packed && deflate(&z, Z_FINISH) == Z_STREAM_END;
    *packed_size = room - z.avail_out;
    deflateEnd(&z);
    if (whole)
        return packed;
    free(packed);
    return NULL;
}

/* ---- models ---- */

bool fuzz_import(const char *name, const unsigned char *bytes, size_t size)
{
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    bpnn_status status = bpnn_model_import_memory(&model, bytes, size, name, &error);
    bool good = status == BPNN_OK ? made_is_whole(model) : !model && status == BPNN_MODEL && error.text[0];
    bpnn_model_free(model);
    return good;
}
