/* A model from an ONNX file: one of ours bit for bit, of others the dense chain. */
#include "exchange/onnx_read.h"
#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"
#include "base/text.h"
#include "exchange/onnx.h"
#include "exchange/onnx_check.h"
#include "model/header.h"

#include <jansson.h>
#include <string.h>

/* ---- unpacking ---- */

static void *unpack_allocate(void *context, size_t size)
{
    bool *short_of_memory = context;
    void *memory = bpnn__alloc(size, 1);
    *short_of_memory |= !memory;
    return memory;
}

static void unpack_free(void *context, void *memory)
{
    (void)context;
    bpnn__free(memory);
}

typedef struct unpacked {
    bool short_of_memory;
    ProtobufCAllocator allocator;
    onnx_model *file;
} unpacked;

static bpnn_status unpack(unpacked *u, const void *bytes, size_t size, const char *name, bpnn_error *error)
{
    *u = (unpacked){.allocator = {unpack_allocate, unpack_free, &u->short_of_memory}};
    bpnn_status status = bpnn__onnx_check(bytes, size, name, error);
    if (status != BPNN_OK)
        return status;
    u->file = bpnn__onnx__model_proto__unpack(&u->allocator, size, bytes);
    if (u->file && u->file->graph)
        return BPNN_OK;
    if (u->short_of_memory)
        return bpnn__fail_memory(error);
    return bpnn__fail_at(error, BPNN_MODEL, name, 0, 0, "this is no ONNX model: %s",
                         u->file ? "it has no graph" : "a field is of another type");
}

/* ---- our own ---- */

/* The model file's tensors, gathered. */
typedef struct gathered {
    bpnn__tensor *tensors;
    size_t count;
    void **owned; /* decoded numbers */
    size_t owned_count;
    const char *what; /* the first thing that is wrong; "" = memory */
} gathered;

static const char *entry_of(const onnx_model *file, const char *key)
{
    for (size_t i = 0; i < file->n_metadata_props; i++) {
        const onnx_entry *entry = file->metadata_props[i];
        if (entry->key && entry->value && strcmp(entry->key, key) == 0)
            return entry->value;
    }
    return NULL;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(const char *text, size_t size, unsigned char *out)
{
    for (size_t i = 0; i < size; i++) {
        int high = hex(text[2 * i]), low = hex(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

/* A list of doubles in hex becomes the tensor `name`. */
static void add_numbers(gathered *g, const char *name, json_t *value)
{
    size_t length = json_string_length(value), count = length / 16;
    if (!json_is_string(value) || length % 16 != 0) {
        g->what = "its scaling";
        return;
    }
    unsigned char *numbers = bpnn__alloc(count, sizeof(double));
    if (!numbers) {
        g->what = "";
        return;
    }
    g->owned[g->owned_count++] = numbers;
    bool decoded = decode(json_string_value(value), count * sizeof(double), numbers);
    bpnn__little(numbers, numbers, count, sizeof(double));
    if (!decoded || !bpnn__tensor_make(&g->tensors[g->count++], name, BPNN__F64, count, 0, numbers))
        g->what = "its scaling";
}

/* Every entry is a tensor; `room` for them is made behind those of the layers. */
static void gather_scaling(gathered *g, json_t *root)
{
    const char *key;
    json_t *value;
    size_t entries = json_object_size(root);
    bpnn__tensor *more = bpnn__realloc(g->tensors, g->count + entries + 1, sizeof *more); /* 1: the checksum */
    g->tensors = more ? more : g->tensors;
    g->owned = bpnn__alloc(entries, sizeof *g->owned);
    if (!more || !g->owned)
        g->what = "";
    json_object_foreach(root, key, value)
    {
        if (!g->what)
            add_numbers(g, key, value);
    }
}

static void read_scaling(gathered *g, const char *text)
{
    json_error_t json_error = {0};
    json_t *root = text ? json_loads(text, JSON_REJECT_DUPLICATES, &json_error) : NULL;
    if (json_is_object(root))
        gather_scaling(g, root);
    else
        g->what = text && !root && json_error_code(&json_error) == json_error_out_of_memory ? "" : "its scaling";
    json_decref(root);
}

/* "layer.1.weight", "member.2.layer.1.weight" */
static bool is_layer(const char *name)
{
    return strncmp(name, "layer.", 6) == 0 || (strncmp(name, "member.", 7) == 0 && strstr(name, ".layer."));
}

static void gather_layers(gathered *g, const onnx_graph *graph)
{
    for (size_t i = 0; i < graph->n_initializer && !g->what; i++) {
        const onnx_tensor *t = graph->initializer[i];
        bool single = t->data_type == ONNX_FLOAT;
        if (!t->name || !is_layer(t->name))
            continue;
        bool shaped = t->n_dims >= 1 && t->n_dims <= 2 && t->dims[0] > 0 && (t->n_dims == 1 || t->dims[1] > 0);
        if (!shaped || !t->has_raw_data || (!single && t->data_type != ONNX_DOUBLE)) {
            g->what = "its weights";
            return;
        }
        bpnn__tensor *tensor = &g->tensors[g->count++];
        size_t cols = t->n_dims == 2 ? (size_t)t->dims[1] : 0;
        if (!bpnn__tensor_make(tensor, t->name, single ? BPNN__F32 : BPNN__F64, (size_t)t->dims[0], cols,
                               t->raw_data.data) ||
            tensor->bytes != t->raw_data.len)
            g->what = "its weights";
        else
            bpnn__little(t->raw_data.data, t->raw_data.data, tensor->bytes / bpnn__element_size(tensor->element),
                         bpnn__element_size(tensor->element));
    }
}

/* The model file that the ONNX file was written from. */
static bpnn_status rebuild(const onnx_model *file, const char *description, gathered *g, void **bytes, size_t *size,
                           const char *name, bpnn_error *error)
{
    g->tensors = bpnn__alloc(file->graph->n_initializer, sizeof *g->tensors);
    if (!g->tensors)
        return bpnn__fail_memory(error);
    gather_layers(g, file->graph);
    if (!g->what)
        read_scaling(g, entry_of(file, BPNN__ONNX_SCALING));
    if (g->what)
        return *g->what ? bpnn__fail_at(error, BPNN_MODEL, name, 0, 0, "a damaged model of bpnn: %s", g->what)
                        : bpnn__fail_memory(error);
    char checksum[9];
    const char *wanted = entry_of(file, BPNN__ONNX_CHECKSUM);
    bpnn_status status = bpnn__container_write(g->tensors, g->count, description, bytes, size, error);
    if (status != BPNN_OK)
        return status;
    bpnn__onnx_checksum(*bytes, *size, checksum);
    return wanted && strcmp(checksum, wanted) == 0
               ? BPNN_OK
               : bpnn__fail_at(error, BPNN_MODEL, name, 0, 0,
                               "the checksum does not fit: the file is damaged, or its numbers were edited");
}

static bpnn_status read_ours(bpnn_model **model, const onnx_model *file, const char *description, const char *name,
                             bpnn_error *error)
{
    gathered g = {0};
    void *bytes = NULL;
    size_t size;
    bpnn_error inner = {0};
    bpnn_status status = rebuild(file, description, &g, &bytes, &size, name, &inner);
    if (status == BPNN_OK)
        status = bpnn_model_read(model, bytes, size, name, &inner);
    bpnn__free(bytes);
    for (size_t i = 0; i < g.owned_count; i++)
        bpnn__free(g.owned[i]);
    bpnn__free(g.owned);
    bpnn__free(g.tensors);
    if (status == BPNN_MEMORY)
        return bpnn__fail_memory(error);
    return status == BPNN_OK ? BPNN_OK : bpnn__fail_at(error, BPNN_MODEL, name, 0, 0, "%s", inner.text);
}

/* The graph has to be the one that export writes for the model. */
static bpnn_status check_same(const bpnn_model *model, const void *bytes, size_t size, const char *name,
                              bpnn_error *error)
{
    void *again;
    size_t again_size;
    bpnn_status status = bpnn__onnx_write(model, &again, &again_size, error);
    if (status != BPNN_OK)
        return status;
    bool same = again_size == size && memcmp(again, bytes, size) == 0;
    bpnn__free(again);
    return same ? BPNN_OK
                : bpnn__fail_at(error, BPNN_MODEL, name, 0, 0,
                                "the graph is not the one that bpnn writes for this description: it was edited, or "
                                "another version wrote it");
}

/* ---- the whole ---- */

static bpnn_status read_chain(bpnn_model **model, const onnx_model *file, const char *name, bpnn_error *error)
{
    bpnn__foreign f = {.file = name, .error = error};
    bpnn__onnx_chain(&f, file);
    bpnn_status status = bpnn__foreign_model(&f, model);
    bpnn__foreign_free(&f);
    return status;
}

bpnn_status bpnn__onnx_read(bpnn_model **model, const void *bytes, size_t size, const char *name, bpnn_error *error)
{
    unpacked u;
    *model = NULL;
    bpnn_status status = unpack(&u, bytes, size, name, error);
    const char *description = status == BPNN_OK ? entry_of(u.file, BPNN__ONNX_DESCRIPTION) : NULL;
    if (description)
        status = read_ours(model, u.file, description, name, error);
    else if (status == BPNN_OK)
        status = read_chain(model, u.file, name, error);
    if (u.file)
        bpnn__onnx__model_proto__free_unpacked(u.file, &u.allocator);
    if (status == BPNN_OK && description)
        status = check_same(*model, bytes, size, name, error);
    if (status != BPNN_OK) {
        bpnn_model_free(*model);
        *model = NULL;
    }
    return status;
}
