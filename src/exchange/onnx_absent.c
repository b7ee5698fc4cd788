/* A build without ONNX. */
#include "base/error.h"
#include "exchange/onnx.h"

bool bpnn__onnx_built(void)
{
    return false;
}

static bpnn_status refuse(bpnn_error *error)
{
    return bpnn__fail(
        error, BPNN_USAGE,
        "this build has no ONNX; install libprotobuf-c-dev, protobuf-c-compiler and libonnx-dev and build "
        "again with -DBPNN_ONNX=ON");
}

bpnn_status bpnn__onnx_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error)
{
    (void)model;
    *bytes = NULL;
    *size = 0;
    return refuse(error);
}

bpnn_status bpnn__onnx_read(bpnn_model **model, const void *bytes, size_t size, const char *name, bpnn_error *error)
{
    (void)bytes;
    (void)size;
    (void)name;
    *model = NULL;
    return refuse(error);
}

bpnn_status bpnn__export_onnx(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error)
{
    (void)buffer;
    (void)model;
    (void)options;
    return refuse(error);
}
