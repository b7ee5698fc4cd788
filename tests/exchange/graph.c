#include "exchange/graph.h"
#include "exchange/onnx_graph.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64, MOST_BLOCKS = 4096, WORD = 64 };

/* Everything of the file being made. */
static void *blocks[MOST_BLOCKS];
static size_t block_count;

static void *keep(size_t size)
{
    void *block = calloc(1, size ? size : 1);
    if (!block || block_count == MOST_BLOCKS)
        abort();
    blocks[block_count++] = block;
    return block;
}

static char *keep_text(const char *text)
{
    return strcpy(keep(strlen(text) + 1), text);
}

static void free_all(void)
{
    while (block_count > 0)
        free(blocks[--block_count]);
}

/* The next word before `end` into `word`; false: there is none. Goes behind `end` then. */
static bool next_word(const char **text, char end, char word[WORD])
{
    size_t n = 0;
    *text += strspn(*text, " ");
    while (**text && **text != ' ' && **text != end && n < WORD - 1)
        word[n++] = *(*text)++;
    word[n] = '\0';
    if (n == 0 && **text == end)
        ++*text;
    return n > 0;
}

/* ---- constants ---- */

static void add_dims(onnx_tensor *t, const char *word)
{
    t->dims = keep(8 * sizeof *t->dims);
    for (; *word && *word != '.'; word += *word == 'x') {
        char *end;
        t->dims[t->n_dims++] = strtoll(word, &end, 10);
        word = end;
    }
}

static size_t element_size(char kind)
{
    return strchr("dDiI", kind) ? 8 : kind == 'h' ? 2 : 4;
}

static void put_number(onnx_tensor *t, char kind, size_t i, double x)
{
    float single = (float)x;
    int64_t whole = (int64_t)x;
    void *from = kind == 'd' ? (void *)&x : kind == 'i' ? (void *)&whole : (void *)&single;
    if (kind == 'F')
        t->float_data[i] = single;
    else if (kind == 'D')
        t->double_data[i] = x;
    else if (kind == 'I')
        t->int64_data[i] = whole;
    else
        memcpy(t->raw_data.data + i * element_size(kind), from, element_size(kind));
}

static void make_room(onnx_tensor *t, char kind, size_t count)
{
    t->has_data_type = true;
    t->data_type = strchr("dD", kind)   ? ONNX_DOUBLE
                   : strchr("iI", kind) ? ONNX_INT64
                   : kind == 's'        ? ONNX_STRING
                   : kind == 'h'        ? BPNN__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16
                                        : ONNX_FLOAT;
    if (kind == 'F')
        t->float_data = keep(count * sizeof(float)), t->n_float_data = count;
    else if (kind == 'D')
        t->double_data = keep(count * sizeof(double)), t->n_double_data = count;
    else if (kind == 'I')
        t->int64_data = keep(count * sizeof(int64_t)), t->n_int64_data = count;
    else if (kind != 's') {
        t->has_raw_data = true;
        t->raw_data.len = count * element_size(kind) + (kind == 'r');
        t->raw_data.data = keep(t->raw_data.len);
    }
}

static void add_texts(onnx_tensor *t, const char **text)
{
    char word[WORD];
    t->string_data = keep(MOST * sizeof *t->string_data);
    while (next_word(text, ';', word)) {
        char *copy = keep_text(word);
        t->string_data[t->n_string_data++] = (ProtobufCBinaryData){strlen(copy), (uint8_t *)copy};
    }
}

static onnx_tensor *add_constant(onnx_graph *graph, const char **text, const char *name)
{
    char word[WORD], kind;
    onnx_tensor *t = keep(sizeof *t);
    bpnn__onnx__tensor_proto__init(t);
    t->name = keep_text(name);
    next_word(text, ';', word);
    kind = *word;
    next_word(text, ';', word);
    add_dims(t, word);
    size_t count = 1;
    for (size_t i = 0; i < t->n_dims; i++)
        count *= t->dims[i] > 0 && t->dims[i] < 1000 ? (size_t)t->dims[i] : 1;
    make_room(t, kind, count);
    if (kind == 'e') {
        t->external_data = keep(sizeof *t->external_data);
        t->external_data[t->n_external_data++] = keep(sizeof **t->external_data);
        bpnn__onnx__string_string_entry_proto__init(t->external_data[0]);
    }
    t->has_data_location = kind == 'l';
    t->data_location = BPNN__ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (kind == 's') {
        add_texts(t, text);
    } else {
        double x = 0;
        for (size_t i = 0; i < count; i++) {
            x = next_word(text, ';', word) ? strtod(word, NULL) : x;
            *text -= *word == '\0'; /* the end is looked at again */
            put_number(t, kind, i, x);
        }
        while (next_word(text, ';', word))
            ;
    }
    graph->initializer[graph->n_initializer++] = t;
    return t;
}

/* ---- nodes ---- */

static onnx_tensor *constant_named(const onnx_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (strcmp(graph->initializer[i]->name, name) == 0)
            return graph->initializer[i];
    abort();
}

static void add_attribute(const onnx_graph *graph, onnx_node *node, const char *key, const char *value)
{
    onnx_attribute *a = keep(sizeof *a);
    bpnn__onnx__attribute_proto__init(a);
    a->name = *key ? keep_text(key) : NULL;
    if (*value == '@') {
        a->t = constant_named(graph, value + 1);
    } else if (value[strspn(value, "-0123456789.")]) {
        a->has_s = true;
        a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)keep_text(value)};
    } else if (strchr(value, '.')) {
        a->has_f = true;
        a->f = strtof(value, NULL);
    } else {
        a->has_i = true;
        a->i = strtoll(value, NULL, 10);
    }
    node->attribute[node->n_attribute++] = a;
}

static void add_node(onnx_graph *graph, const char **text, char *op)
{
    char word[WORD], *colon = strchr(op, ':');
    bool outputs = false;
    onnx_node *node = keep(sizeof *node);
    bpnn__onnx__node_proto__init(node);
    node->input = keep(MOST * sizeof *node->input);
    node->output = keep(MOST * sizeof *node->output);
    node->attribute = keep(MOST * sizeof *node->attribute);
    if (colon) {
        *colon = '\0';
        node->domain = keep_text(op);
        op = colon + 1;
    }
    node->op_type = strcmp(op, "-") == 0 ? NULL : keep_text(op);
    while (next_word(text, ';', word)) {
        char *equals = strchr(word, '=');
        const char *name = strcmp(word, "_") == 0 ? "" : word;
        if (strcmp(word, ">") == 0) {
            outputs = true;
        } else if (equals) {
            *equals = '\0';
            add_attribute(graph, node, word, equals + 1);
        } else if (outputs) {
            node->output[node->n_output++] = keep_text(name);
        } else {
            node->input[node->n_input++] = keep_text(name);
        }
    }
    graph->node[graph->n_node++] = node;
}

bytes graph_file(int opset, const char *inputs, const char *constants, const char *nodes)
{
    char word[WORD];
    onnx_model file = BPNN__ONNX__MODEL_PROTO__INIT;
    onnx_graph graph = BPNN__ONNX__GRAPH_PROTO__INIT;
    Bpnn__Onnx__OperatorSetIdProto other = BPNN__ONNX__OPERATOR_SET_ID_PROTO__INIT, standard = other,
                                   *sets[] = {&other, &standard};
    other.domain = keep_text("ai.onnx.ml");
    standard.has_version = opset > 0;
    standard.version = opset;
    file.n_opset_import = 2;
    file.opset_import = sets;
    file.graph = &graph;
    graph.node = keep(MOST * sizeof *graph.node);
    graph.initializer = keep(MOST * sizeof *graph.initializer);
    graph.input = keep(MOST * sizeof *graph.input);
    while (next_word(&inputs, ';', word)) {
        onnx_value *input = graph.input[graph.n_input++] = keep(sizeof *input);
        bpnn__onnx__value_info_proto__init(input);
        input->name = strcmp(word, "_") == 0 ? NULL : keep_text(word);
    }
    while (next_word(&constants, ';', word))
        add_constant(&graph, &constants, word);
    while (next_word(&nodes, ';', word))
        add_node(&graph, &nodes, word);
    bytes out = {malloc(bpnn__onnx__model_proto__get_packed_size(&file)), 0};
    out.size = bpnn__onnx__model_proto__pack(&file, out.data);
    free_all();
    return out;
}
