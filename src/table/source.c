/* The bytes of a table, and how many of them and of its columns are taken. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "table/table.h"

#define MAX_BYTES ((uint64_t)16 << 30)
enum { SPARE = 1 << 16 };

uint64_t bpnn__limit_bytes(const bpnn_table_options *options)
{
    return options->max_bytes ? options->max_bytes : MAX_BYTES;
}

size_t bpnn__limit_columns(const bpnn_table_options *options)
{
    uint64_t limit = options->max_columns ? options->max_columns : BPNN__MAX_COLUMNS;
    return limit < SIZE_MAX / sizeof(bpnn__column) ? (size_t)limit : SIZE_MAX / sizeof(bpnn__column);
}

bpnn_status bpnn__check_columns(const char *path, size_t columns, const bpnn_table_options *options, bpnn_error *error)
{
    size_t limit = bpnn__limit_columns(options);
    return columns <= limit ? BPNN_OK
                            : bpnn__fail_at(error, BPNN_DATA, path, 0, 0, "%zu columns are more than the limit of %zu",
                                            columns, limit);
}

bpnn_status bpnn__check_bytes(const char *path, bool exceeds, const bpnn_table_options *options, bpnn_error *error)
{
    return exceeds ? bpnn__fail_at(error, BPNN_DATA, path, 0, 0, "more than the limit of %llu bytes",
                                   (unsigned long long)bpnn__limit_bytes(options))
                   : BPNN_OK;
}

bpnn_status bpnn__source_open(const bpnn__source *source, bpnn__reader **reader, bpnn_error *error)
{
    *reader = NULL;
    if (source->bytes)
        return bpnn__reader_from_memory(reader, source->bytes, source->size, source->path, error);
    bpnn_status status = bpnn__reader_open(reader, source->path, error);
    if (status == BPNN_OK && source->seen && source->seen->count < 2) {
        bpnn__digest *digest = &source->seen->of[source->seen->count++];
        bpnn__digest_begin(digest);
        bpnn__reader_watch(*reader, digest);
    }
    return status;
}

/* Room behind the bytes: at first what the file's size promises, then twice as much. */
static bpnn_status grow(bpnn__whole *whole, size_t *capacity, uint64_t hint, bpnn_error *error)
{
    size_t wanted = (hint < SIZE_MAX / 2 ? (size_t)hint : 0) + SPARE;
    if (*capacity > 0 && !bpnn__mul(*capacity, 2, &wanted))
        return bpnn__fail_memory(error);
    void *grown = bpnn__realloc(whole->bytes, wanted, 1);
    if (!grown)
        return bpnn__fail_memory(error);
    whole->bytes = grown;
    *capacity = wanted;
    return BPNN_OK;
}

bpnn_status bpnn__reader_whole(bpnn__reader *reader, const char *path, const bpnn_table_options *options,
                               bpnn__whole *whole, bpnn_error *error)
{
    uint64_t limit = bpnn__limit_bytes(options), hint = bpnn__reader_size_hint(reader);
    size_t capacity = 0;
    *whole = (bpnn__whole){.compressed = bpnn__reader_is_compressed(reader)};
    bpnn_status status = bpnn__check_bytes(path, bpnn__reader_exceeds(reader, limit), options, error);
    if (status != BPNN_OK)
        return status;
    do {
        size_t got = 0;
        status = grow(whole, &capacity, hint <= limit ? hint : 0, error);
        if (status == BPNN_OK)
            status = bpnn__reader_read(reader, (char *)whole->bytes + whole->size, capacity - whole->size, &got, error);
        whole->size += got;
        if (status == BPNN_OK)
            status = bpnn__check_bytes(path, whole->size > limit, options, error);
    } while (status == BPNN_OK && whole->size == capacity);
    if (status == BPNN_OK)
        return BPNN_OK;
    bpnn__free(whole->bytes);
    *whole = (bpnn__whole){0};
    return status;
}

bpnn_status bpnn__source_whole(const bpnn__source *source, const bpnn_table_options *options, bpnn__whole *whole,
                               bpnn_error *error)
{
    bpnn__reader *reader;
    *whole = (bpnn__whole){0};
    bpnn_status status = bpnn__source_open(source, &reader, error);
    if (status == BPNN_OK)
        status = bpnn__reader_whole(reader, source->path, options, whole, error);
    bpnn__reader_close(reader);
    return status;
}
