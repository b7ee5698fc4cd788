/* The dense chain of a foreign graph, from its input to its last activation. A value is followed from node to node; what stands
 * before the first layer scales the inputs, what stands behind the last activation scales the outputs. */
#include "base/memory.h"
#include "exchange/onnx_read.h"

#include <string.h>

enum { MOST_NODES = 4096, MOST_BEFORE = 16 };

typedef struct chain {
    bpnn__foreign *f;
    bpnn__onnx_step step;
    bool open;                            /* the last layer has no activation yet */
    bool ended;                           /* nothing but a label comes behind */
    const onnx_node *before[MOST_BEFORE]; /* arithmetic before the first layer, whose width is not known yet */
    size_t before_count;
} chain;

static bool is(const onnx_node *node, const char *op)
{
    return node->op_type && strcmp(node->op_type, op) == 0;
}

static bool is_one_of(const char *op, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(op, *list) == 0)
            return true;
    return false;
}

/* ---- the list of what is taken ---- */

static void check_operators(bpnn__foreign *f, const onnx_graph *graph)
{
    static const char *const known[] = {
        "Gemm",        "MatMul", "Add",       "Sub",     "Div",      "Mul",  "Identity", "Flatten",
        "Reshape",     "Cast",   "Dropout",   "Clip",    "Constant", "Abs",  "Relu",     "Transpose",
        "Sigmoid",     "Tanh",   "LeakyRelu", "PRelu",   "Elu",      "Selu", "Softplus", "Softsign",
        "HardSigmoid", "Erf",    "Gelu",      "Mish",    "Exp",      "Sin",  "Cos",      "Softmax",
        "LogSoftmax",  "Concat", "ArgMax",    "Squeeze", NULL};
    static const char *const ml[] = {"ArrayFeatureExtractor", "ZipMap", NULL};
    char shown[BPNN__SHOWN];
    for (size_t i = 0; i < graph->n_node; i++) {
        const onnx_node *node = graph->node[i];
        const char *op = node->op_type ? node->op_type : "", *domain = node->domain ? node->domain : "";
        bool standard = *domain == '\0' || strcmp(domain, "ai.onnx") == 0;
        if ((standard && is_one_of(op, known)) || (strcmp(domain, "ai.onnx.ml") == 0 && is_one_of(op, ml)))
            continue;
        bpnn__foreign_refuse(f, "operator '%s' is none of a dense network", bpnn__shown(op, shown));
    }
}

static bool is_for_label(const onnx_node *node)
{
    return is(node, "ArgMax") || is(node, "ZipMap");
}

size_t bpnn__onnx_uses(const onnx_graph *graph, const char *name, const onnx_node *use[4])
{
    size_t count = 0;
    for (size_t i = 0; i < graph->n_node && count < 4; i++) {
        const onnx_node *node = graph->node[i];
        bool takes = false;
        for (size_t k = 0; k < node->n_input; k++)
            takes = takes || strcmp(node->input[k], name) == 0;
        if (takes && !is_for_label(node))
            use[count++] = node;
    }
    return count;
}

/* ---- layers ---- */

static bpnn__foreign_layer *last(const chain *c)
{
    return &c->f->layers[c->f->depth - 1];
}

/* Number i of a constant that is spread over a row of `width`. */
static double spread(const bpnn__constant *k, size_t i)
{
    return k->values[k->cols == 1 ? 0 : i];
}

static bool fits_row(chain *c, const bpnn__constant *k, size_t width)
{
    if (k->rows == 1 && (k->cols == 1 || k->cols == width))
        return true;
    bpnn__foreign_refuse(c->f, "a constant of %zu x %zu does not go with rows of %zu", k->rows, k->cols, width);
    return false;
}

/* Adds factor times the constant called `name` to the bias of the last layer. */
static void add_bias(chain *c, const char *name, double factor)
{
    bpnn__constant k;
    bpnn__foreign_layer *layer = last(c);
    if (!bpnn__onnx_constant(c->f, c->step.graph, name, &k))
        return;
    if (fits_row(c, &k, layer->out) && bpnn__foreign_bias(c->f, layer))
        for (size_t i = 0; i < layer->out; i++)
            layer->bias[i] += factor * spread(&k, i);
    bpnn__free(k.values);
}

static void fill_weights(bpnn__foreign_layer *layer, const bpnn__constant *w, bool transposed, double factor)
{
    for (size_t i = 0; i < layer->in; i++)
        for (size_t j = 0; j < layer->out; j++)
            layer->weight[i * layer->out + j] = factor * w->values[transposed ? j * w->cols + i : i * w->cols + j];
}

static void scale_input(chain *c, const onnx_node *node);

static void add_layer(chain *c, const char *weights, bool transposed, double factor)
{
    bpnn__constant w;
    if (!bpnn__onnx_constant(c->f, c->step.graph, weights, &w))
        return;
    if (w.dimensions != 2)
        bpnn__foreign_refuse(c->f, "weights of layer %zu have %zu dimensions (2)", c->f->depth + 1, w.dimensions);
    size_t in = transposed ? w.cols : w.rows, out = transposed ? w.rows : w.cols;
    if (!w.single)
        c->f->precision = BPNN_DOUBLE;
    bpnn__foreign_layer *layer = bpnn__foreign_add(c->f, in, out, false);
    if (layer)
        fill_weights(layer, &w, transposed, factor);
    bpnn__free(w.values);
    c->open = true;
    for (size_t i = 0; layer && c->f->depth == 1 && i < c->before_count; i++)
        scale_input(c, c->before[i]);
}

static void take_gemm(chain *c, const onnx_node *node)
{
    if (node->n_input < 2 || bpnn__onnx_int_of(node, "transA", 0) != 0 || strcmp(node->input[0], c->step.x) != 0) {
        bpnn__foreign_refuse(c->f, "a Gemm whose first operand is not the row of the network");
        return;
    }
    add_layer(c, node->input[1], bpnn__onnx_int_of(node, "transB", 0) != 0, bpnn__onnx_float_of(node, "alpha", 1));
    if (c->f->status == BPNN_OK && node->n_input > 2 && *node->input[2])
        add_bias(c, node->input[2], bpnn__onnx_float_of(node, "beta", 1));
}

static void take_matmul(chain *c, const onnx_node *node)
{
    if (node->n_input != 2 || strcmp(node->input[0], c->step.x) != 0)
        bpnn__foreign_refuse(c->f, "a MatMul whose first operand is not the row of the network");
    else
        add_layer(c, node->input[1], false, 1);
}

/* ---- arithmetic with constants ---- */

/* The constant operand, or NULL and a failure: c - x and c / x are no scaling. */
static const char *operand(chain *c, const onnx_node *node)
{
    bool first = node->n_input == 2 && strcmp(node->input[0], c->step.x) == 0;
    bool swaps = is(node, "Add") || is(node, "Mul");
    if (node->n_input == 2 && (first || swaps) && bpnn__onnx_is_constant(c->step.graph, node->input[first]))
        return node->input[first];
    bpnn__foreign_refuse(c->f, "%s of two values of the network is not known here", node->op_type);
    return NULL;
}

/* x -> x op k as a change of (x - mean) / scale. */
static void change_scale(const onnx_node *node, double k, double *mean, double *scale)
{
    if (is(node, "Sub"))
        *mean += k * *scale;
    else if (is(node, "Add"))
        *mean -= k * *scale;
    else if (is(node, "Div"))
        *scale *= k;
    else
        *scale /= k;
}

static void scale_input(chain *c, const onnx_node *node)
{
    bpnn__foreign *f = c->f;
    bpnn__constant k;
    size_t inputs = f->layers[0].in;
    bool constant_first = bpnn__onnx_is_constant(c->step.graph, node->input[0]);
    if (!bpnn__onnx_constant(f, c->step.graph, node->input[!constant_first], &k))
        return;
    if (!f->mean) {
        f->mean = bpnn__alloc(inputs, sizeof *f->mean);
        f->scale = bpnn__alloc(inputs, sizeof *f->scale);
        for (size_t i = 0; f->scale && i < inputs; i++)
            f->scale[i] = 1;
    }
    if (!f->mean || !f->scale)
        bpnn__foreign_memory(f);
    for (size_t i = 0; f->status == BPNN_OK && fits_row(c, &k, inputs) && i < inputs; i++)
        change_scale(node, spread(&k, i), &f->mean[i], &f->scale[i]);
    bpnn__free(k.values);
}

/* y -> y op k as a change of y scale + mean. */
static void change_target(const onnx_node *node, double k, double *mean, double *scale)
{
    if (is(node, "Sub"))
        *mean -= k;
    else if (is(node, "Add"))
        *mean += k;
    else if (is(node, "Div"))
        *mean /= k, *scale /= k;
    else
        *mean *= k, *scale *= k;
}

static void scale_output(chain *c, const onnx_node *node, const bpnn__constant *k)
{
    bpnn__foreign *f = c->f;
    size_t outputs = last(c)->out;
    if (!f->target_mean) {
        f->target_mean = bpnn__alloc(outputs, sizeof *f->target_mean);
        f->target_scale = bpnn__alloc(outputs, sizeof *f->target_scale);
        for (size_t i = 0; f->target_scale && i < outputs; i++)
            f->target_scale[i] = 1;
    }
    if (!f->target_mean || !f->target_scale)
        bpnn__foreign_memory(f);
    for (size_t i = 0; f->status == BPNN_OK && i < outputs; i++)
        change_target(node, spread(k, i), &f->target_mean[i], &f->target_scale[i]);
}

/* A factor or divisor of an open layer goes into its weights. */
static void scale_layer(bpnn__foreign_layer *layer, bool divide, const bpnn__constant *k)
{
    for (size_t j = 0; j < layer->out; j++) {
        double factor = spread(k, j);
        for (size_t i = 0; i < layer->in; i++) {
            double *w = &layer->weight[i * layer->out + j];
            *w = divide ? *w / factor : *w * factor;
        }
        if (layer->bias)
            layer->bias[j] = divide ? layer->bias[j] / factor : layer->bias[j] * factor;
    }
}

static void take_arithmetic(chain *c, const onnx_node *node)
{
    bpnn__constant k;
    const char *name = operand(c, node);
    if (!name)
        return;
    if (c->f->depth == 0) {
        if (c->before_count == MOST_BEFORE)
            bpnn__foreign_refuse(c->f, "more than %d steps of arithmetic before the first layer", MOST_BEFORE);
        else
            c->before[c->before_count++] = node;
        return;
    }
    if (c->open && (is(node, "Add") || is(node, "Sub"))) {
        add_bias(c, name, is(node, "Add") ? 1 : -1);
        return;
    }
    if (!bpnn__onnx_constant(c->f, c->step.graph, name, &k))
        return;
    if (fits_row(c, &k, last(c)->out)) {
        if (c->open)
            scale_layer(last(c), is(node, "Div"), &k);
        else
            scale_output(c, node, &k);
    }
    bpnn__free(k.values);
}

/* ---- forms ---- */

/* Reshape of known form: [-1 or 0, n]. */
static bool keeps_rows(const chain *c, const onnx_node *node)
{
    int64_t shape[2];
    size_t count;
    return node->n_input == 2 && bpnn__onnx_integers(c->step.graph, node->input[1], shape, 2, &count) && count == 2 &&
           (shape[0] == -1 || shape[0] == 0) && (shape[1] > 0 || (shape[1] == -1 && shape[0] == 0));
}

/* True: the node leaves the numbers of a row as they are. */
static bool passes(chain *c, const onnx_node *node)
{
    int64_t to = bpnn__onnx_int_of(node, "to", 0);
    if (is(node, "Identity") || is(node, "Dropout"))
        return true;
    if (is(node, "Flatten") && bpnn__onnx_int_of(node, "axis", 1) == 1)
        return true;
    if (is(node, "Reshape") && keeps_rows(c, node))
        return true;
    return is(node, "Cast") && (to == ONNX_FLOAT || to == ONNX_DOUBLE);
}

static bool is_one(const chain *c, const char *name)
{
    bpnn__constant k;
    if (!bpnn__onnx_is_constant(c->step.graph, name) || !bpnn__onnx_constant(c->f, c->step.graph, name, &k))
        return false;
    bool one = k.rows * k.cols == 1 && k.values[0] == 1;
    bpnn__free(k.values);
    return one;
}

/* p -> [1 - p, p], the two shares of a binary model. */
static bool ends_binary(const chain *c)
{
    const bpnn__onnx_step *s = &c->step;
    for (size_t i = 0; s->use_count == 2 && i < 2; i++) {
        const onnx_node *difference = s->use[i], *joined = s->use[1 - i];
        if (is(difference, "Sub") && is(joined, "Concat") && difference->n_input == 2 && difference->n_output == 1 &&
            strcmp(difference->input[1], s->x) == 0 && is_one(c, difference->input[0]) && joined->n_input == 2 &&
            strcmp(joined->input[0], difference->output[0]) == 0 && strcmp(joined->input[1], s->x) == 0)
            return true;
    }
    return false;
}

static void take_activation(chain *c, const bpnn_activation *activation)
{
    if (c->f->depth == 0 || !c->open) {
        bpnn__foreign_refuse(c->f, "an activation that does not follow a layer");
        return;
    }
    last(c)->activation = *activation;
    c->open = false;
}

/* ---- the walk ---- */

static bool is_layer(const onnx_node *node)
{
    return is(node, "Gemm") || is(node, "MatMul");
}

static void take_node(chain *c, const onnx_node *node)
{
    char shown[BPNN__SHOWN];
    bool arithmetic = is(node, "Add") || is(node, "Sub") || is(node, "Mul") || is(node, "Div");
    if (node->n_output < 1)
        bpnn__foreign_refuse(c->f, "a node without output");
    else if (is_layer(node) && c->f->target_mean)
        bpnn__foreign_refuse(c->f, "arithmetic between two layers behind an activation is not known here");
    else if (is(node, "Gemm"))
        take_gemm(c, node);
    else if (is(node, "MatMul"))
        take_matmul(c, node);
    else if (arithmetic)
        take_arithmetic(c, node);
    else if (!passes(c, node))
        bpnn__foreign_refuse(c->f, "operator '%s' is not known at this place", bpnn__shown(node->op_type, shown));
    if (c->f->status == BPNN_OK)
        c->step.x = node->output[0];
}

static void take_step(chain *c)
{
    bpnn_activation activation;
    const char *y = NULL;
    bpnn__onnx_step *s = &c->step;
    s->use_count = bpnn__onnx_uses(s->graph, s->x, s->use);
    if (s->use_count == 0) {
        c->ended = true;
    } else if (bpnn__onnx_find_activation(c->f, s, &activation, &y)) {
        take_activation(c, &activation);
        s->x = y;
    } else if (c->f->status == BPNN_OK && ends_binary(c)) {
        c->ended = true;
    } else if (c->f->status == BPNN_OK && s->use_count == 1) {
        take_node(c, s->use[0]);
    } else {
        bpnn__foreign_refuse(c->f, "the network branches: it is no chain of dense layers");
    }
}

/* The one input that is no constant. */
static const char *find_input(bpnn__foreign *f, const onnx_graph *graph)
{
    const char *found = NULL;
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = graph->input[i]->name;
        if (!name || bpnn__onnx_is_constant(graph, name))
            continue;
        if (found)
            bpnn__foreign_refuse(f, "the graph has several inputs; a dense network has one");
        found = name;
    }
    if (!found)
        bpnn__foreign_refuse(f, "the graph has no input");
    return found;
}

static int64_t opset_of(const onnx_model *file)
{
    for (size_t i = 0; i < file->n_opset_import; i++) {
        const Bpnn__Onnx__OperatorSetIdProto *set = file->opset_import[i];
        if ((!set->domain || !*set->domain || strcmp(set->domain, "ai.onnx") == 0) && set->has_version)
            return set->version;
    }
    return 0;
}

/* Names of the classes where scikit-learn's converter put them. */
static void find_classes(bpnn__foreign *f, const onnx_graph *graph)
{
    for (size_t i = 0; i < graph->n_node; i++) {
        bool transposed;
        const onnx_node *node = graph->node[i];
        if (!is(node, "ArrayFeatureExtractor") || node->n_input != 2)
            continue;
        const onnx_tensor *t = bpnn__onnx_find_tensor(graph, node->input[0], &transposed);
        if (!t || t->data_type != ONNX_STRING || t->n_string_data == 0 || f->classes)
            continue;
        f->classes = bpnn__alloc(t->n_string_data, sizeof *f->classes);
        for (; f->classes && f->class_count < t->n_string_data; f->class_count++) {
            ProtobufCBinaryData s = t->string_data[f->class_count];
            char *text = bpnn__alloc(s.len + 1, 1);
            if (text)
                memcpy(text, s.data, s.len);
            else
                bpnn__foreign_memory(f);
            f->classes[f->class_count] = text;
        }
        if (!f->classes)
            bpnn__foreign_memory(f);
    }
}

void bpnn__onnx_chain(bpnn__foreign *f, const onnx_model *file)
{
    const onnx_graph *graph = file->graph;
    chain c = {.f = f, .step = {.graph = graph, .opset = opset_of(file)}};
    if (graph->n_node > MOST_NODES || graph->n_initializer > MOST_NODES)
        bpnn__foreign_refuse(f, "the graph has more than %d nodes or constants", MOST_NODES);
    else if (c.step.opset < 7)
        bpnn__foreign_refuse(f, "opset %d is older than what is read here (7)", (int)c.step.opset);
    else
        check_operators(f, graph);
    if (f->status == BPNN_OK)
        c.step.x = find_input(f, graph);
    for (size_t i = 0; i <= graph->n_node && f->status == BPNN_OK && !c.ended; i++)
        take_step(&c);
    if (f->status == BPNN_OK && !c.ended)
        bpnn__foreign_refuse(f, "the graph goes round in a circle");
    if (f->status == BPNN_OK)
        find_classes(f, graph);
}
