/* A model from bytes and from a file. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/model.h"

/* Packs the nets, so that predicting changes nothing. */
static bpnn_status pack(bpnn_model *model, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    for (size_t k = 0; k < model->member_count && status == BPNN_OK; k++)
        status = bpnn_predictor_new(&model->members[k]->predictor, model->members[k]->net, NULL, error);
    return model->members ? status : bpnn_predictor_new(&model->predictor, model->net, NULL, error);
}

static bpnn_status read_into(bpnn_model *model, const void *bytes, size_t size, const char *file, bpnn_error *error)
{
    bpnn__container container;
    bpnn_status status = bpnn__container_parse(&container, bytes, size, file, error);
    if (status != BPNN_OK)
        return status;
    status = bpnn__restore(model, NULL, &container, file, error);
    bpnn__container_free(&container);
    return status == BPNN_OK ? pack(model, error) : status;
}

bpnn_status bpnn_model_read(bpnn_model **out, const void *bytes, size_t size, const char *name, bpnn_error *error)
{
    *out = NULL;
    bpnn_model *model = bpnn__alloc(1, sizeof *model);
    if (!model)
        return bpnn__fail_memory(error);
    bpnn_status status = read_into(model, bytes, size, name ? name : "memory", error);
    if (status != BPNN_OK) {
        bpnn_model_free(model);
        return status;
    }
    bpnn__model_link(model);
    *out = model;
    return BPNN_OK;
}

bpnn_status bpnn__read_file(const char *path, void **bytes, size_t *size, bpnn_error *error)
{
    bpnn_error inner;
    bpnn_status status = bpnn__read_whole(path, BPNN__FILE_MOST, bytes, size, &inner);
    if (status == BPNN_DATA) /* too large, or a gzip file that is damaged */
        return bpnn__fail_at(error, BPNN_MODEL, path, 0, 0, "%s", inner.text);
    if (status != BPNN_OK && error)
        *error = inner;
    return status;
}

bpnn_status bpnn_model_load(bpnn_model **model, const char *path, bpnn_error *error)
{
    void *bytes;
    size_t size;
    *model = NULL;
    bpnn_status status = bpnn__read_file(path, &bytes, &size, error);
    if (status != BPNN_OK)
        return status;
    status = bpnn_model_read(model, bytes, size, path, error);
    bpnn__free(bytes);
    return status;
}
