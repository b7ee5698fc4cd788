/* Reading a model from another format: which one, and the way there. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "exchange/exchange.h"

#include <string.h>

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), tail = strlen(suffix);
    return length > tail && strcmp(name + length - tail, suffix) == 0;
}

/* By the first bytes, then by the name; BPNN_FORMAT_COUNT: none. */
static bpnn_format find_importer(const void *bytes, size_t size, const char *name)
{
    for (int i = 0; i < BPNN_FORMAT_COUNT; i++) {
        const bpnn__exporter *row = bpnn__exporter_of((bpnn_format)i);
        if (row->read && row->recognise && row->recognise(bytes, size))
            return (bpnn_format)i;
    }
    for (int i = 0; i < BPNN_FORMAT_COUNT; i++) {
        const bpnn__exporter *row = bpnn__exporter_of((bpnn_format)i);
        if (row->read && has_suffix(name, row->suffix))
            return (bpnn_format)i;
    }
    return BPNN_FORMAT_COUNT;
}

/* "these are: onnx, fann" */
static void add_readable(bpnn__text *list)
{
    for (int i = 0; i < BPNN_FORMAT_COUNT; i++) {
        if (!bpnn__exporter_of((bpnn_format)i)->read)
            continue;
        bpnn__text_add(list, list->size ? ", " : "");
        bpnn__text_add(list, bpnn_format_at((size_t)i).name);
    }
}

static bpnn_status refuse(const char *file, bpnn_error *error)
{
    bpnn__text list = {0};
    add_readable(&list);
    bpnn_status status =
        bpnn__fail_at(error, BPNN_MODEL, file, 0, 0, "this is in no format that models are imported from (%s)",
                      list.data ? list.data : "there is none");
    bpnn__text_free(&list);
    return status;
}

bpnn_status bpnn_model_import_memory(bpnn_model **model, const void *bytes, size_t size, const char *name,
                                     bpnn_error *error)
{
    const char *file = name ? name : "memory";
    bpnn_format format = find_importer(bytes, size, file);
    *model = NULL;
    if (format == BPNN_FORMAT_COUNT)
        return refuse(file, error);
    return bpnn__exporter_of(format)->read(model, bytes, size, file, error);
}

bpnn_status bpnn_model_import(bpnn_model **model, const char *path, bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_error inner;
    *model = NULL;
    bpnn_status status = bpnn__read_whole(path, BPNN__FILE_MOST, &bytes, &size, &inner);
    if (status == BPNN_DATA) /* too large, or a gzip file that is damaged */
        return bpnn__fail_at(error, BPNN_MODEL, path, 0, 0, "%s", inner.text);
    if (status != BPNN_OK) {
        if (error)
            *error = inner;
        return status;
    }
    status = bpnn_model_import_memory(model, bytes, size, path, error);
    bpnn__free(bytes);
    return status;
}
