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

/* Tensors of one model, at `t`: two a layer and five of the schema at most. `member`: its number from 1, 0: no member. */
typedef struct listing {
    bpnn__tensor *t;
    size_t count, member;
    bool good;
} listing;

static void list_numbers(listing *l, const char *what, size_t count, const double *data)
{
    char name[BPNN__TENSOR_NAME];
    bpnn__tensor_name(name, l->member, what);
    l->good = l->good && bpnn__tensor_make(&l->t[l->count++], name, BPNN__F64, count, 0, data);
}

static void list_model(listing *l, const bpnn_model *model, double *fill)
{
    const bpnn__schema *s = &model->schema;
    const bpnn_net *net = model->net;
    bool has_bias = false;
    for (size_t m = 1; l->good && m <= net->depth; m++) {
        l->good = bpnn__layer_tensors(net, l->member, m, &l->t[l->count], &l->t[l->count + 1], &has_bias);
        l->count += 1u + has_bias;
    }
    for (size_t i = 0; i < s->feature_count; i++)
        fill[i] = s->features[i].categorical ? 0 : s->features[i].fill;
    list_numbers(l, "input.mean", s->width, s->mean);
    list_numbers(l, "input.scale", s->width, s->scale);
    list_numbers(l, "input.fill", s->feature_count, fill);
    if (s->task != BPNN_TASK_REGRESSION)
        return;
    list_numbers(l, "target.mean", s->target_count, s->target_mean);
    list_numbers(l, "target.scale", s->target_count, s->target_scale);
}

/* The arrays of a run behind the tensors of its model. */
static void list_record(listing *l, const bpnn__record *record)
{
    for (size_t i = 0; record && l->good && i < record->count; i++) {
        const bpnn__array *array = &record->arrays[i];
        l->good = bpnn__tensor_make(&l->t[l->count++], array->name, array->single ? BPNN__F32 : BPNN__F64, array->rows,
                                    array->cols, array->data);
    }
}

/* With room for the checksum; NULL: out of memory, or too large. */
static bpnn__tensor *list_tensors(const bpnn_model *model, const bpnn__record *record, double *fill, size_t *count)
{
    size_t members = bpnn_model_members(model), each = 2 * model->net->depth + 5, all;
    listing l = {.good = true};
    l.t = bpnn__mul(members, each, &all) ? bpnn__alloc(all + (record ? record->count : 0) + 1, sizeof *l.t) : NULL;
    for (size_t k = 0; l.t && k < members; k++) {
        l.member = model->members ? k + 1 : 0;
        list_model(&l, bpnn_model_member(model, k), fill + k * model->schema.feature_count);
    }
    if (l.t)
        list_record(&l, record);
    if (!l.good) {
        bpnn__free(l.t);
        return NULL;
    }
    *count = l.count;
    return l.t;
}

static bpnn_status write_parts(const bpnn_model *model, const bpnn__record *record, const char *metadata, void **bytes,
                               size_t *size, bpnn_error *error)
{
    size_t count, fills;
    double *fill = bpnn__mul(bpnn_model_members(model), model->schema.feature_count, &fills)
                       ? bpnn__alloc(fills, sizeof *fill)
                       : NULL;
    bpnn__tensor *tensors = fill ? list_tensors(model, record, fill, &count) : NULL;
    bpnn_status status =
        tensors ? bpnn__container_write(tensors, count, metadata, bytes, size, error) : bpnn__fail_memory(error);
    bpnn__free(tensors);
    bpnn__free(fill);
    return status;
}

bpnn_status bpnn__write(const bpnn_model *model, const bpnn__record *record, void **bytes, size_t *size,
                        bpnn_error *error)
{
    char *metadata;
    size_t length;
    *bytes = NULL;
    *size = 0;
    bpnn_status status = BPNN_OK;
    for (size_t k = 0; status == BPNN_OK && k < bpnn_model_members(model); k++)
        status = check_net(bpnn_model_member(model, k)->net, error);
    if (status == BPNN_OK)
        status = check_texts(&model->schema, error);
    if (status == BPNN_OK && model->run && model->run->note)
        status = check_text(model->run->note, "checkpoint's note", error);
    if (status != BPNN_OK)
        return status;
    status = bpnn__describe(model, false, &metadata, &length, error);
    if (status == BPNN_OK)
        status = write_parts(model, record, metadata, bytes, size, error);
    bpnn__free(metadata);
    return status;
}

bpnn_status bpnn_model_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error)
{
    return bpnn__write(model, NULL, bytes, size, error);
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
