/* A model to bytes and to a file. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"
#include "model/restore.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

/* ---- what cannot be stored ---- */

static bpnn_status check_net(const bpnn_net *net, bpnn_error *error)
{
    if (net->loss.kind == BPNN_LOSS_USER)
        return bpnn__fail(error, BPNN_USAGE, "a user loss is code: a model with it cannot be saved");
    for (size_t m = 1; m <= net->depth; m++)
        if (net->layers[m - 1].activation.kind == BPNN_ACT_USER)
            return bpnn__fail(error, BPNN_USAGE,
                              "layer %zu: a user activation is code: a model with it cannot be saved", m);
    for (size_t i = 0; i < net->parameter_count; i++)
        if (!isfinite(bpnn__net_get(net, i)))
            return bpnn__fail(error, BPNN_DIVERGED, "parameter %zu is not finite: such a model is not saved", i + 1);
    return BPNN_OK;
}

static bpnn_status check_text(const char *text, const char *what, bpnn_error *error)
{
    size_t size = strlen(text), bad;
    if (size > BPNN__STRING_MOST)
        return bpnn__fail(error, BPNN_DATA, "a %s has %zu bytes; a model file takes at most 65536", what, size);
    if (!bpnn__utf8_valid(text, size, &bad))
        return bpnn__fail(error, BPNN_DATA, "a %s is not UTF-8; convert the table (iconv -f latin1 -t utf8)", what);
    return BPNN_OK;
}

static bpnn_status check_list(char *const *texts, size_t count, const char *what, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < count && status == BPNN_OK; i++)
        status = check_text(texts[i], what, error);
    return status;
}

static bpnn_status check_texts(const bpnn__schema *schema, bpnn_error *error)
{
    bpnn_status status = check_list(schema->targets, schema->target_count, "target's name", error);
    if (status == BPNN_OK)
        status = check_list(schema->classes, schema->class_count, "class label", error);
    for (size_t i = 0; i < schema->feature_count && status == BPNN_OK; i++) {
        status = check_text(schema->features[i].name, "column's name", error);
        if (status == BPNN_OK)
            status = check_list(schema->features[i].levels, schema->features[i].level_count, "category", error);
    }
    return status;
}

/* ---- the tensors ---- */

/* Room for two tensors a layer, five of the schema, and the checksum. */
static bpnn__tensor *list_tensors(const bpnn_model *model, const double *fill, size_t *count)
{
    const bpnn__schema *s = &model->schema;
    const bpnn_net *net = model->net;
    bpnn__tensor *t = bpnn__alloc(2 * net->depth + 6, sizeof *t);
    bool good = t != NULL, has_bias;
    size_t n = 0;
    for (size_t m = 1; good && m <= net->depth; m++) {
        good = bpnn__layer_tensors(net, m, &t[n], &t[n + 1], &has_bias);
        n += 1u + has_bias;
    }
    good = good && bpnn__tensor_make(&t[n++], "input.mean", BPNN__F64, s->width, 0, s->mean) &&
           bpnn__tensor_make(&t[n++], "input.scale", BPNN__F64, s->width, 0, s->scale) &&
           bpnn__tensor_make(&t[n++], "input.fill", BPNN__F64, s->feature_count, 0, fill);
    if (s->task == BPNN_TASK_REGRESSION)
        good = good && bpnn__tensor_make(&t[n++], "target.mean", BPNN__F64, s->target_count, 0, s->target_mean) &&
               bpnn__tensor_make(&t[n++], "target.scale", BPNN__F64, s->target_count, 0, s->target_scale);
    if (!good) {
        bpnn__free(t);
        return NULL;
    }
    *count = n;
    return t;
}

static double *gather_fill(const bpnn__schema *schema)
{
    double *fill = bpnn__alloc(schema->feature_count, sizeof *fill);
    for (size_t i = 0; fill && i < schema->feature_count; i++)
        fill[i] = schema->features[i].categorical ? 0 : schema->features[i].fill;
    return fill;
}

static bpnn_status write_parts(const bpnn_model *model, const char *metadata, void **bytes, size_t *size,
                               bpnn_error *error)
{
    size_t count;
    double *fill = gather_fill(&model->schema);
    bpnn__tensor *tensors = fill ? list_tensors(model, fill, &count) : NULL;
    bpnn_status status =
        tensors ? bpnn__container_write(tensors, count, metadata, bytes, size, error) : bpnn__fail_memory(error);
    bpnn__free(tensors);
    bpnn__free(fill);
    return status;
}

bpnn_status bpnn_model_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error)
{
    char *metadata;
    size_t length;
    *bytes = NULL;
    *size = 0;
    bpnn_status status = check_net(model->net, error);
    if (status == BPNN_OK)
        status = check_texts(&model->schema, error);
    if (status != BPNN_OK)
        return status;
    status = bpnn__describe(model, false, &metadata, &length, error);
    if (status == BPNN_OK)
        status = write_parts(model, metadata, bytes, size, error);
    bpnn__free(metadata);
    return status;
}

bpnn_status bpnn_model_save(const bpnn_model *model, const char *path, bpnn_error *error)
{
    void *bytes;
    size_t size;
    bpnn_status status = bpnn_model_write(model, &bytes, &size, error);
    if (status == BPNN_OK)
        status = bpnn__replace_file(path, bytes, size, error);
    bpnn__free(bytes);
    return status;
}
