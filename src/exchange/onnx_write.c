/* A model as an ONNX file: raw columns -> imputation, one-hot, scaling -> network -> unit of the target or shares and labels. */
#include "base/error.h"
#include "base/json.h"
#include "base/little.h"
#include "base/memory.h"
#include "exchange/onnx.h"
#include "exchange/onnx_encode.h"
#include "net/net.h"

#include <string.h>

bool bpnn__onnx_built(void)
{
    return true;
}

/* ---- the network ---- */

/* "layer.M.weight" or "layer.M.bias" */
static const char *layer_name(bpnn__onnx *g, size_t m, const char *what)
{
    char number[BPNN__NUMBER_SIZE];
    bpnn__print_double((double)m, number);
    const char *head = bpnn__onnx_text(g, "layer.", number);
    return head ? bpnn__onnx_text(g, head, what) : NULL;
}

/* Parameter `index` in the net's own memory. */
static const void *parameter(const bpnn_net *net, size_t index)
{
    size_t size = net->precision == BPNN_SINGLE ? sizeof(float) : sizeof(double);
    return (const unsigned char *)net->parameters + index * size;
}

static const char *layer(bpnn__onnx *g, const bpnn_net *net, size_t m, const char *prefix, const char *y)
{
    const bpnn_layer *l = &net->layers[m - 1];
    const char *weight_name = layer_name(g, m, ".weight"), *bias_name = layer_name(g, m, ".bias"), *bias = NULL;
    if (g->failed)
        return NULL;
    const char *weight = bpnn__onnx_tensor(g, prefix, weight_name, bpnn__onnx_real(g), bpnn__net_size(net, m - 1),
                                           l->size, parameter(net, net->weight_offset[m]));
    if (l->bias != BPNN_BIAS_NONE)
        bias = bpnn__onnx_tensor(g, prefix, bias_name, bpnn__onnx_real(g), l->bias == BPNN_BIAS_NEURON ? l->size : 1, 0,
                                 parameter(net, net->bias_offset[m]));
    const char *e = bpnn__onnx_node(g, "Gemm", y, weight, bias);
    return bpnn__onnx_activation(g, &l->activation, e);
}

/* y^D of the encoded inputs x. */
static const char *network(bpnn__onnx *g, const bpnn_net *net, const char *prefix, const char *x)
{
    for (size_t m = 1; m <= net->depth && !g->failed; m++)
        x = layer(g, net, m, prefix, x);
    return x;
}

/* ---- the members ---- */

/* What stands before the names of member k: nothing where the model has one network. */
static const char *prefix_of(bpnn__onnx *g, size_t k, size_t count)
{
    char number[BPNN__NUMBER_SIZE];
    bpnn__print_double((double)(k + 1), number);
    const char *head = count > 1 ? bpnn__onnx_text(g, "member.", number) : "";
    return head && *head ? bpnn__onnx_text(g, head, ".") : head;
}

/* One member's prediction; *y are its network's outputs. */
static const char *member_values(bpnn__onnx *g, const bpnn_model *model, size_t k, const char **y)
{
    const char *prefix = prefix_of(g, k, bpnn_model_members(model));
    const bpnn_model *member = bpnn_model_member(model, k);
    if (!prefix)
        return NULL;
    const char *x = bpnn__onnx_encode(g, &member->schema, prefix, "input");
    *y = network(g, member->net, prefix, x);
    return bpnn__onnx_values(g, member, prefix, *y);
}

/* The mean of the members' predictions; *decided is what the label is taken from. */
static const char *prediction(bpnn__onnx *g, const bpnn_model *model, const char **decided)
{
    size_t count = bpnn_model_members(model);
    const char *y = NULL, *sum = member_values(g, model, 0, &y);
    for (size_t k = 1; k < count && !g->failed; k++) {
        const char *next = member_values(g, model, k, &y);
        sum = bpnn__onnx_node(g, "Add", sum, next, NULL);
    }
    if (count > 1)
        sum = bpnn__onnx_node(g, "Div", sum, bpnn__onnx_scalar(g, (double)count), NULL);
    *decided = count == 1 && model->schema.task == BPNN_TASK_MULTICLASS ? y : sum;
    return sum;
}

/* ---- the graph ---- */

/* The last node becomes `name`, an output of the graph; a name that is no node's goes through Identity. */
static void output(bpnn__onnx *g, const char *name, const char *value, int type, size_t cols)
{
    onnx_graph *graph = &g->graph;
    bpnn__onnx_node(g, "Identity", value, NULL, NULL);
    bpnn__onnx_output(g, name);
    onnx_value *entry = bpnn__onnx_value(g, name, type, cols);
    if (!g->failed)
        graph->output[graph->n_output++] = entry;
}

static void fill_graph(bpnn__onnx *g, const bpnn_model *model)
{
    enum { MOST_OUTPUTS = 2 };
    const bpnn__schema *s = &model->schema;
    onnx_graph *graph = &g->graph;
    graph->name = bpnn__onnx_text(g, "bpnn", "");
    graph->input = bpnn__onnx_keep(g, 1, sizeof *graph->input);
    graph->output = bpnn__onnx_keep(g, MOST_OUTPUTS, sizeof *graph->output);
    onnx_value *input = bpnn__onnx_value(g, "input", bpnn__onnx_real(g), s->feature_count);
    if (g->failed)
        return;
    graph->input[graph->n_input++] = input;
    const char *decided = NULL, *values = prediction(g, model, &decided);
    if (s->task == BPNN_TASK_REGRESSION) {
        output(g, "prediction", values, bpnn__onnx_real(g), s->target_count);
        return;
    }
    output(g, "label", bpnn__onnx_label(g, s, decided), ONNX_INT64, 0);
    output(g, "probabilities", values, bpnn__onnx_real(g), s->class_count);
}

/* ---- metadata ---- */

static void put_texts(bpnn__json *json, char *const *texts, size_t count)
{
    bpnn__json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        bpnn__json_string(json, texts[i]);
    bpnn__json_close(json, ']');
}

/* [{"name": .., "levels": [..], "missing_level": ..}, ..] in the order of the input's columns */
static void put_columns(bpnn__json *json, const bpnn__schema *s)
{
    bpnn__json_open(json, '[');
    for (size_t i = 0; i < s->feature_count; i++) {
        const bpnn__feature *f = &s->features[i];
        bpnn__json_open(json, '{');
        bpnn__json_key(json, "name");
        bpnn__json_string(json, f->name);
        bpnn__json_key(json, "type");
        bpnn__json_string(json, f->categorical ? BPNN__CATEGORICAL : BPNN__NUMERIC);
        if (f->categorical) {
            bpnn__json_key(json, "levels");
            put_texts(json, f->levels, f->level_count);
            bpnn__json_key(json, "missing_level");
            bpnn__json_bool(json, f->missing_level);
        }
        bpnn__json_close(json, '}');
    }
    bpnn__json_close(json, ']');
}

static void put_hex(bpnn__json *json, const char *prefix, const char *name, const double *x, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    bpnn__text key = {0};
    bpnn__text_add(&key, prefix);
    bpnn__text_add(&key, name);
    bpnn__json_key(json, key.failed ? name : key.data);
    json->text.failed |= key.failed;
    bpnn__text_free(&key);
    bpnn__json_raw(json, "\"");
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[sizeof *x];
        char text[2 * sizeof *x];
        bpnn__little(bytes, &x[i], 1, sizeof bytes);
        for (size_t k = 0; k < sizeof bytes; k++) {
            text[2 * k] = digits[bytes[k] >> 4];
            text[2 * k + 1] = digits[bytes[k] & 15];
        }
        bpnn__text_add_bytes(&json->text, text, sizeof text);
    }
    bpnn__text_add(&json->text, "\"");
}

static void put_member(bpnn__json *json, const char *prefix, const bpnn__schema *s)
{
    double *fill = bpnn__alloc(s->feature_count, sizeof *fill);
    json->text.failed |= !fill;
    for (size_t i = 0; fill && i < s->feature_count; i++)
        fill[i] = s->features[i].categorical ? 0 : s->features[i].fill;
    put_hex(json, prefix, "input.mean", s->mean, s->width);
    put_hex(json, prefix, "input.scale", s->scale, s->width);
    put_hex(json, prefix, "input.fill", fill, fill ? s->feature_count : 0);
    if (s->task == BPNN_TASK_REGRESSION) {
        put_hex(json, prefix, "target.mean", s->target_mean, s->target_count);
        put_hex(json, prefix, "target.scale", s->target_scale, s->target_count);
    }
    bpnn__free(fill);
}

/* The numbers of the model file that the graph holds only in part. */
static void put_scaling(bpnn__onnx *g, bpnn__json *json, const bpnn_model *model)
{
    size_t count = bpnn_model_members(model);
    bpnn__json_open(json, '{');
    for (size_t k = 0; k < count; k++) {
        const char *prefix = prefix_of(g, k, count);
        if (prefix)
            put_member(json, prefix, &bpnn_model_member(model, k)->schema);
    }
    bpnn__json_close(json, '}');
}

static void add_entry(bpnn__onnx *g, onnx_model *file, const char *key, const char *value)
{
    onnx_entry *entry = bpnn__onnx_keep(g, 1, sizeof *entry);
    char *name = bpnn__onnx_text(g, key, ""), *text = bpnn__onnx_text(g, value, "");
    if (g->failed)
        return;
    bpnn__onnx__string_string_entry_proto__init(entry);
    entry->key = name;
    entry->value = text;
    file->metadata_props[file->n_metadata_props++] = entry;
}

/* The JSON is taken over and freed. */
static void add_json(bpnn__onnx *g, onnx_model *file, const char *key, bpnn__json *json)
{
    g->failed |= json->text.failed;
    if (!g->failed)
        add_entry(g, file, key, json->text.data);
    bpnn__text_free(&json->text);
}

static void fill_metadata(bpnn__onnx *g, onnx_model *file, const bpnn_model *model, const char *description,
                          const char *checksum)
{
    enum { MOST_ENTRIES = 7 };
    const bpnn__schema *s = &model->schema;
    bpnn__json columns = {0}, targets = {0}, labels = {0}, scaling = {0};
    file->metadata_props = bpnn__onnx_keep(g, MOST_ENTRIES, sizeof *file->metadata_props);
    if (g->failed)
        return;
    add_entry(g, file, "task", bpnn_task_name(s->task));
    put_columns(&columns, s);
    add_json(g, file, "columns", &columns);
    put_texts(&targets, s->targets, s->target_count);
    add_json(g, file, "targets", &targets);
    put_texts(&labels, s->classes, s->class_count);
    add_json(g, file, "labels", &labels);
    put_scaling(g, &scaling, model);
    add_json(g, file, BPNN__ONNX_SCALING, &scaling);
    add_entry(g, file, BPNN__ONNX_CHECKSUM, checksum);
    add_entry(g, file, BPNN__ONNX_DESCRIPTION, description);
}

/* ---- the file ---- */

static bpnn_status pack(const onnx_model *file, void **bytes, size_t *size, bpnn_error *error)
{
    size_t length = bpnn__onnx__model_proto__get_packed_size(file);
    if (length > BPNN__ONNX_MOST)
        return bpnn__fail(error, BPNN_USAGE, "the model is larger than an ONNX file may be (2 GiB)");
    unsigned char *out = bpnn__alloc(length, 1);
    if (!out)
        return bpnn__fail_memory(error);
    bpnn__onnx__model_proto__pack(file, out);
    *bytes = out;
    *size = length;
    return BPNN_OK;
}

static bpnn_status write_file(const bpnn_model *model, const char *description, const char *checksum, void **bytes,
                              size_t *size, bpnn_error *error)
{
    bpnn__onnx g = {.single = model->net->precision == BPNN_SINGLE};
    onnx_model file;
    Bpnn__Onnx__OperatorSetIdProto opset, *opsets = &opset;
    bpnn__onnx__graph_proto__init(&g.graph);
    bpnn__onnx__model_proto__init(&file);
    bpnn__onnx__operator_set_id_proto__init(&opset);
    fill_graph(&g, model);
    fill_metadata(&g, &file, model, description, checksum);
    opset.domain = (char *)(uintptr_t) "";
    opset.has_version = 1;
    opset.version = BPNN__ONNX_OPSET;
    file.n_opset_import = 1;
    file.opset_import = &opsets;
    file.has_ir_version = 1;
    file.ir_version = BPNN__ONNX_IR;
    file.producer_name = (char *)(uintptr_t) "bpnn";
    file.producer_version = model->library;
    file.graph = &g.graph;
    bpnn_status status = g.failed ? bpnn__fail_memory(error) : pack(&file, bytes, size, error);
    bpnn__onnx_free(&g);
    return status;
}

bpnn_status bpnn__onnx_write(const bpnn_model *model, void **bytes, size_t *size, bpnn_error *error)
{
    char *description;
    size_t length;
    void *own;
    char checksum[9] = "";
    *bytes = NULL;
    *size = 0;
    bpnn_status status = bpnn_model_write(model, &own, &length, error); /* refuses what no file can hold */
    if (status == BPNN_OK)
        bpnn__onnx_checksum(own, length, checksum);
    bpnn__free(own);
    if (status != BPNN_OK)
        return status;
    status = bpnn__describe(model, false, &description, &length, error);
    if (status == BPNN_OK)
        status = write_file(model, description, checksum, bytes, size, error);
    bpnn__free(description);
    return status;
}

bpnn_status bpnn__export_onnx(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error)
{
    void *bytes;
    size_t size;
    (void)options;
    bpnn_status status = bpnn__onnx_write(model, &bytes, &size, error);
    if (status == BPNN_OK)
        *buffer = (bpnn__text){.data = bytes, .size = size, .capacity = size};
    return status;
}
