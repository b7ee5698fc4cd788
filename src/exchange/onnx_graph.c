/* Building the graph of an ONNX model. */
#include "exchange/onnx_graph.h"
#include "base/little.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* ---- memory ---- */

/* *list with room for one more pointer. */
static bool grow(bpnn__onnx *g, void **list, size_t count, size_t *room)
{
    if (count < *room)
        return true;
    size_t wanted = *room ? 2 * *room : 16;
    void *more = bpnn__realloc(*list, wanted, sizeof(void *));
    if (!more) {
        g->failed = true;
        return false;
    }
    *list = more;
    *room = wanted;
    return true;
}

void *bpnn__onnx_keep(bpnn__onnx *g, size_t count, size_t size)
{
    void *list = g->blocks;
    bool room = !g->failed && grow(g, &list, g->block_count, &g->block_room);
    g->blocks = list;
    void *block = room ? bpnn__alloc(count, size) : NULL;
    if (!block) {
        g->failed = true;
        return NULL;
    }
    return g->blocks[g->block_count++] = block;
}

char *bpnn__onnx_text(bpnn__onnx *g, const char *prefix, const char *text)
{
    size_t head = strlen(prefix), tail = strlen(text);
    char *copy = bpnn__onnx_keep(g, head + tail + 1, 1);
    if (copy) {
        memcpy(copy, prefix, head);
        memcpy(copy + head, text, tail + 1);
    }
    return copy;
}

void bpnn__onnx_free(bpnn__onnx *g)
{
    for (size_t i = 0; i < g->block_count; i++)
        bpnn__free(g->blocks[i]);
    bpnn__free(g->blocks);
    bpnn__free(g->graph.node);
    bpnn__free(g->graph.initializer);
    memset(g, 0, sizeof *g);
}

/* ---- nodes ---- */

/* "v" and the count of names so far */
static char *new_name(bpnn__onnx *g)
{
    char digits[BPNN__NUMBER_SIZE];
    bpnn__print_double((double)++g->values, digits);
    return bpnn__onnx_text(g, "v", digits);
}

const char *bpnn__onnx_node(bpnn__onnx *g, const char *op, const char *a, const char *b, const char *c)
{
    const char *inputs[] = {a, b, c};
    size_t count = c ? 3 : b ? 2 : 1;
    onnx_node *node = bpnn__onnx_keep(g, 1, sizeof *node);
    char **names = bpnn__onnx_keep(g, count + 1, sizeof *names);
    char *output = new_name(g), *type = bpnn__onnx_text(g, op, "");
    void *list = g->graph.node;
    if (g->failed || !grow(g, &list, g->graph.n_node, &g->node_room))
        return NULL;
    g->graph.node = list;
    bpnn__onnx__node_proto__init(node);
    for (size_t i = 0; i < count; i++)
        names[i] = (char *)(uintptr_t)inputs[i];
    names[count] = output;
    node->n_input = count;
    node->input = names;
    node->n_output = 1;
    node->output = &names[count];
    node->name = output;
    node->op_type = type;
    g->graph.node[g->graph.n_node++] = node;
    return output;
}

static onnx_attribute *add_attribute(bpnn__onnx *g, const char *name)
{
    enum { MOST = 4 };
    onnx_attribute *attribute = bpnn__onnx_keep(g, 1, sizeof *attribute);
    char *copy = bpnn__onnx_text(g, name, "");
    if (g->failed)
        return NULL;
    onnx_node *node = g->graph.node[g->graph.n_node - 1];
    if (!node->attribute)
        node->attribute = bpnn__onnx_keep(g, MOST, sizeof *node->attribute);
    if (g->failed || node->n_attribute == MOST)
        return NULL;
    bpnn__onnx__attribute_proto__init(attribute);
    attribute->name = copy;
    attribute->has_type = 1;
    node->attribute[node->n_attribute++] = attribute;
    return attribute;
}

void bpnn__onnx_int(bpnn__onnx *g, const char *name, int64_t value)
{
    onnx_attribute *attribute = add_attribute(g, name);
    if (!attribute)
        return;
    attribute->type = BPNN__ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    attribute->has_i = 1;
    attribute->i = value;
}

void bpnn__onnx_float(bpnn__onnx *g, const char *name, double value)
{
    onnx_attribute *attribute = add_attribute(g, name);
    if (!attribute)
        return;
    attribute->type = BPNN__ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    attribute->has_f = 1;
    attribute->f = (float)value;
}

void bpnn__onnx_output(bpnn__onnx *g, const char *name)
{
    char *copy = bpnn__onnx_text(g, name, "");
    if (g->failed)
        return;
    onnx_node *node = g->graph.node[g->graph.n_node - 1];
    node->output[0] = node->name = copy;
}

/* ---- numbers ---- */

static size_t size_of(int type)
{
    return type == ONNX_FLOAT ? 4 : 8;
}

static onnx_tensor *add_tensor(bpnn__onnx *g, int type, size_t dimensions)
{
    onnx_tensor *tensor = bpnn__onnx_keep(g, 1, sizeof *tensor);
    int64_t *dims = bpnn__onnx_keep(g, dimensions, sizeof *dims);
    void *list = g->graph.initializer;
    if (g->failed || !grow(g, &list, g->graph.n_initializer, &g->tensor_room))
        return NULL;
    g->graph.initializer = list;
    bpnn__onnx__tensor_proto__init(tensor);
    tensor->n_dims = dimensions;
    tensor->dims = dims;
    tensor->has_data_type = tensor->has_raw_data = 1;
    tensor->data_type = type;
    g->graph.initializer[g->graph.n_initializer++] = tensor;
    return tensor;
}

const char *bpnn__onnx_tensor(bpnn__onnx *g, const char *prefix, const char *name, int type, size_t rows, size_t cols,
                              const void *data)
{
    char *full = bpnn__onnx_text(g, prefix, name);
    onnx_tensor *tensor = add_tensor(g, type, cols ? 2 : 1);
    if (!tensor || g->failed)
        return NULL;
    tensor->name = full;
    tensor->dims[0] = (int64_t)rows;
    if (cols)
        tensor->dims[1] = (int64_t)cols;
    size_t count = rows * (cols ? cols : 1), size = size_of(type);
    void *swapped = BPNN__LITTLE ? NULL : bpnn__onnx_keep(g, count, size);
    if (swapped)
        bpnn__little(swapped, data, count, size);
    tensor->raw_data.data = swapped ? swapped : (uint8_t *)(uintptr_t)data;
    tensor->raw_data.len = count * size;
    return full;
}

const char *bpnn__onnx_scalar(bpnn__onnx *g, double value)
{
    char digits[BPNN__NUMBER_SIZE];
    if (g->single)
        bpnn__print_float((float)value, digits);
    else
        bpnn__print_double(value, digits);
    char *name = bpnn__onnx_text(g, "number ", digits);
    for (size_t i = 0; name && i < g->graph.n_initializer; i++)
        if (strcmp(g->graph.initializer[i]->name, name) == 0)
            return g->graph.initializer[i]->name;
    onnx_tensor *tensor = add_tensor(g, bpnn__onnx_real(g), 0);
    uint8_t *bytes = bpnn__onnx_keep(g, 1, sizeof(double));
    if (!tensor || !bytes || !name)
        return NULL;
    if (g->single)
        bpnn__little(bytes, &(float){(float)value}, 1, sizeof(float));
    else
        bpnn__little(bytes, &value, 1, sizeof value);
    tensor->name = name;
    tensor->raw_data.data = bytes;
    tensor->raw_data.len = size_of(bpnn__onnx_real(g));
    return name;
}

/* ---- the graph's edge ---- */

onnx_value *bpnn__onnx_value(bpnn__onnx *g, const char *name, int type, size_t cols)
{
    struct parts {
        onnx_value value;
        Bpnn__Onnx__TypeProto type;
        Bpnn__Onnx__TypeProto__Tensor tensor;
        Bpnn__Onnx__TensorShapeProto shape;
        Bpnn__Onnx__TensorShapeProto__Dimension dimension[2], *list[2];
    } *p = bpnn__onnx_keep(g, 1, sizeof *p);
    if (!p)
        return NULL;
    bpnn__onnx__value_info_proto__init(&p->value);
    bpnn__onnx__type_proto__init(&p->type);
    bpnn__onnx__type_proto__tensor__init(&p->tensor);
    bpnn__onnx__tensor_shape_proto__init(&p->shape);
    for (int i = 0; i < 2; i++) {
        bpnn__onnx__tensor_shape_proto__dimension__init(&p->dimension[i]);
        p->list[i] = &p->dimension[i];
    }
    p->dimension[0].value_case = BPNN__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    p->dimension[0].dim_param = (char *)(uintptr_t) "N";
    p->dimension[1].value_case = BPNN__ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    p->dimension[1].dim_value = (int64_t)cols;
    p->shape.n_dim = cols ? 2 : 1;
    p->shape.dim = p->list;
    p->tensor.has_elem_type = 1;
    p->tensor.elem_type = type;
    p->tensor.shape = &p->shape;
    p->type.value_case = BPNN__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    p->type.tensor_type = &p->tensor;
    p->value.name = (char *)(uintptr_t)name;
    p->value.type = &p->type;
    return &p->value;
}
