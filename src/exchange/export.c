/* Writing a model in another format: to memory, and from there to a file. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "exchange/exchange.h"

#include <string.h>

void bpnn_export_options_default(bpnn_export_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

bpnn_status bpnn_model_export_memory(const bpnn_model *model, bpnn_format format, const bpnn_export_options *options,
                                     void **bytes, size_t *size, bpnn_error *error)
{
    bpnn_export_options standard;
    bpnn__text buffer = {0};
    *bytes = NULL;
    *size = 0;
    if ((unsigned)format >= BPNN_FORMAT_COUNT || !bpnn__exporter_of(format)->write)
        return bpnn__fail(error, BPNN_USAGE, "models are not written in this format");
    bpnn_export_options_default(&standard);
    if (options && options->fixed && format != BPNN_FORMAT_C)
        return bpnn__fail(error, BPNN_USAGE, "only C is written in fixed point");
    bpnn_status status = bpnn__check_exportable(model, error);
    if (status == BPNN_OK)
        status = bpnn__exporter_of(format)->write(&buffer, model, options ? options : &standard, error);
    if (status == BPNN_OK && buffer.failed)
        status = bpnn__fail_memory(error);
    if (status != BPNN_OK) {
        bpnn__text_free(&buffer);
        return status;
    }
    *bytes = buffer.data;
    *size = buffer.size;
    return BPNN_OK;
}

bpnn_status bpnn_model_export(const bpnn_model *model, bpnn_format format, const bpnn_export_options *options,
                              const char *path, bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_status status = bpnn_model_export_memory(model, format, options, &bytes, &size, error);
    if (status == BPNN_OK)
        status = bpnn__replace_file(path, bytes, size, error);
    bpnn__free(bytes);
    return status;
}
