/* Constants and attributes of a foreign graph. */
#include "base/little.h"
#include "base/memory.h"
#include "exchange/onnx_read.h"

#include <string.h>

enum { MOST_HOPS = 8 };

/* ---- attributes ---- */

const onnx_attribute *bpnn__onnx_attribute(const onnx_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

int64_t bpnn__onnx_int_of(const onnx_node *node, const char *name, int64_t standard)
{
    const onnx_attribute *a = bpnn__onnx_attribute(node, name);
    return a && a->has_i ? a->i : standard;
}

double bpnn__onnx_float_of(const onnx_node *node, const char *name, double standard)
{
    const onnx_attribute *a = bpnn__onnx_attribute(node, name);
    return a && a->has_f ? (double)a->f : standard;
}

/* ---- finding ---- */

static const onnx_tensor *initializer(const onnx_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name && strcmp(graph->initializer[i]->name, name) == 0)
            return graph->initializer[i];
    return NULL;
}

static const onnx_node *maker(const onnx_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 0; k < graph->node[i]->n_output; k++)
            if (strcmp(graph->node[i]->output[k], name) == 0)
                return graph->node[i];
    return NULL;
}

const onnx_tensor *bpnn__onnx_find_tensor(const onnx_graph *graph, const char *name, bool *transposed)
{
    *transposed = false;
    for (int hop = 0; hop < MOST_HOPS && *name; hop++) {
        const onnx_tensor *tensor = initializer(graph, name);
        if (tensor)
            return tensor;
        const onnx_node *node = maker(graph, name);
        if (!node || !node->op_type)
            return NULL;
        const onnx_attribute *value = bpnn__onnx_attribute(node, "value");
        if (strcmp(node->op_type, "Constant") == 0)
            return value ? value->t : NULL;
        if (strcmp(node->op_type, "Transpose") == 0)
            *transposed = !*transposed;
        else if (strcmp(node->op_type, "Identity") != 0)
            return NULL;
        if (node->n_input != 1)
            return NULL;
        name = node->input[0];
    }
    return NULL;
}

bool bpnn__onnx_is_constant(const onnx_graph *graph, const char *name)
{
    bool transposed;
    return bpnn__onnx_find_tensor(graph, name, &transposed) != NULL;
}

/* ---- numbers ---- */

static bool is_external(const onnx_tensor *t)
{
    return t->n_external_data > 0 ||
           (t->has_data_location && t->data_location != BPNN__ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT);
}

/* Numbers that are really there. */
static size_t stored(const onnx_tensor *t)
{
    size_t size = t->data_type == ONNX_FLOAT ? sizeof(float) : sizeof(double);
    if (t->has_raw_data)
        return t->raw_data.len % size ? SIZE_MAX : t->raw_data.len / size;
    return t->data_type == ONNX_FLOAT ? t->n_float_data : t->n_double_data;
}

static double number(const onnx_tensor *t, size_t i)
{
    float single;
    double value;
    if (t->data_type == ONNX_FLOAT) {
        if (!t->has_raw_data)
            return (double)t->float_data[i];
        bpnn__little(&single, t->raw_data.data + i * sizeof single, 1, sizeof single);
        return (double)single;
    }
    if (!t->has_raw_data)
        return t->double_data[i];
    bpnn__little(&value, t->raw_data.data + i * sizeof value, 1, sizeof value);
    return value;
}

static bool read_shape(bpnn__foreign *f, const onnx_tensor *t, const char *shown, bpnn__constant *out)
{
    size_t dims[2] = {1, 1}, count;
    out->dimensions = t->n_dims;
    for (size_t i = 0; i < t->n_dims; i++) {
        if (t->n_dims > 2 || t->dims[i] < 1 || t->dims[i] > INT32_MAX) {
            bpnn__foreign_refuse(f, "tensor '%s': expected one or two dimensions, each at least 1", shown);
            return false;
        }
        dims[2 - t->n_dims + i] = (size_t)t->dims[i];
    }
    out->rows = dims[0];
    out->cols = dims[1];
    if (bpnn__mul(dims[0], dims[1], &count) && count == stored(t))
        return true;
    bpnn__foreign_refuse(f, "tensor '%s': its shape is not that of its numbers", shown);
    return false;
}

static void read_numbers(bpnn__foreign *f, const onnx_tensor *t, bool transposed, bpnn__constant *out)
{
    size_t rows = out->rows, cols = out->cols;
    out->values = bpnn__alloc(rows * cols, sizeof *out->values);
    if (!out->values) {
        bpnn__foreign_memory(f);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            out->values[transposed ? c * rows + r : r * cols + c] = number(t, r * cols + c);
    if (transposed) {
        out->rows = cols;
        out->cols = rows;
    }
}

bool bpnn__onnx_constant(bpnn__foreign *f, const onnx_graph *graph, const char *name, bpnn__constant *out)
{
    char shown[BPNN__SHOWN];
    bool transposed;
    const onnx_tensor *t = bpnn__onnx_find_tensor(graph, name, &transposed);
    memset(out, 0, sizeof *out);
    bpnn__shown(name, shown);
    if (f->status != BPNN_OK)
        return false;
    if (!t)
        bpnn__foreign_refuse(f, "'%s' is no constant of the graph", shown);
    else if (is_external(t))
        bpnn__foreign_refuse(f, "tensor '%s' lies in another file; save the model with its data inside", shown);
    else if (t->data_type != ONNX_FLOAT && t->data_type != ONNX_DOUBLE)
        bpnn__foreign_refuse(f, "tensor '%s': expected float or double, found data type %d", shown, t->data_type);
    else if (read_shape(f, t, shown, out)) {
        out->single = t->data_type == ONNX_FLOAT;
        read_numbers(f, t, transposed && t->n_dims == 2, out);
    }
    return f->status == BPNN_OK;
}

bool bpnn__onnx_integers(const onnx_graph *graph, const char *name, int64_t *out, size_t most, size_t *count)
{
    bool transposed;
    const onnx_tensor *t = bpnn__onnx_find_tensor(graph, name, &transposed);
    if (!t || is_external(t) || t->data_type != ONNX_INT64)
        return false;
    *count = t->has_raw_data ? t->raw_data.len / sizeof *out : t->n_int64_data;
    if (*count > most)
        return false;
    for (size_t i = 0; i < *count; i++)
        if (t->has_raw_data)
            bpnn__little(&out[i], t->raw_data.data + i * sizeof *out, 1, sizeof *out);
        else
            out[i] = t->int64_data[i];
    return true;
}
