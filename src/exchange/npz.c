/* NumPy .npz as scikit-learn's multilayer perceptron has its weights: coefs_0 [in, out], intercepts_0 [out] ..; activation (of hidden layers:
 * identity, logistic, tanh, relu), out_activation (also softmax), classes. Written here besides: activations (ours, of every layer), input_mean,
 * input_scale, target_mean, target_scale. A stored zip archive without times; numbers in double. */
#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"
#include "exchange/plain.h"
#include "exchange/put.h"
#include "exchange/zip.h"
#include "net/net.h"

#include <string.h>

enum { NPY_HEADER = 128 };

static void add_entry(bpnn__zip *a, const char *name, const bpnn__text *npy)
{
    bpnn__text file = {0};
    bpnn__text_add(&file, name);
    bpnn__text_add(&file, ".npy");
    a->out->failed |= file.failed || npy->failed;
    if (!a->out->failed)
        bpnn__zip_add(a, file.data, npy);
    bpnn__text_free(&file);
}

/* Four bytes, the lowest first. */
static void put_character(bpnn__text *npy, uint32_t c)
{
    char little[] = {(char)c, (char)(c >> 8), (char)(c >> 16), (char)(c >> 24)};
    bpnn__text_add_bytes(npy, little, sizeof little);
}

/* ---- arrays ---- */

/* The header of an .npy file, 128 bytes; shape "(3, 4)" .. */
static void put_npy_header(bpnn__text *npy, const char *type, const bpnn__text *shape)
{
    bpnn__text_add_bytes(npy, "\x93NUMPY\x01\x00\x76\x00", 10);
    bpnn__text_add(npy, "{'descr': '");
    bpnn__text_add(npy, type);
    bpnn__text_add(npy, "', 'fortran_order': False, 'shape': ");
    bpnn__text_add(npy, shape->failed ? "()" : shape->data);
    bpnn__text_add(npy, ", }");
    while (!npy->failed && npy->size < NPY_HEADER - 1)
        bpnn__text_add(npy, " ");
    bpnn__text_add(npy, "\n");
    npy->failed |= shape->failed;
}

static void put_shape(bpnn__text *shape, size_t rows, size_t cols)
{
    bpnn__text_add(shape, "(");
    bpnn__text_add_u64(shape, rows);
    bpnn__text_add(shape, cols ? ", " : ",");
    if (cols)
        bpnn__text_add_u64(shape, cols);
    bpnn__text_add(shape, ")");
}

static void add_numbers(bpnn__zip *a, const char *name, const double *x, size_t rows, size_t cols)
{
    bpnn__text npy = {0}, shape = {0};
    put_shape(&shape, rows, cols);
    put_npy_header(&npy, "<f8", &shape);
    for (size_t i = 0; i < rows * (cols ? cols : 1); i++) {
        char number[sizeof *x];
        bpnn__little(number, &x[i], 1, sizeof *x);
        bpnn__text_add_bytes(&npy, number, sizeof number);
    }
    add_entry(a, name, &npy);
    bpnn__text_free(&npy);
    bpnn__text_free(&shape);
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; count++)
        bpnn__next_character(&text);
    return count;
}

/* Texts as '<U' of the longest; alone: no dimension. */
static void add_texts(bpnn__zip *a, const char *name, const char *const *texts, size_t count, bool alone)
{
    bpnn__text npy = {0}, shape = {0}, type = {0};
    size_t longest = 1;
    for (size_t i = 0; i < count; i++) {
        size_t length = count_characters(texts[i]);
        longest = length > longest ? length : longest;
    }
    bpnn__text_add(&type, "<U");
    bpnn__text_add_u64(&type, longest);
    if (alone)
        bpnn__text_add(&shape, "()");
    else
        put_shape(&shape, count, 0);
    put_npy_header(&npy, type.failed ? "" : type.data, &shape);
    for (size_t i = 0; i < count; i++) {
        const char *at = texts[i];
        for (size_t k = 0; k < longest; k++)
            put_character(&npy, *at ? bpnn__next_character(&at) : 0);
    }
    add_entry(a, name, &npy);
    bpnn__text_free(&npy);
    bpnn__text_free(&shape);
    bpnn__text_free(&type);
}

static void add_text(bpnn__zip *a, const char *name, const char *text)
{
    add_texts(a, name, &text, 1, true);
}

/* ---- the model ---- */

/* "coefs_0" */
static void add_layer_numbers(bpnn__zip *a, const char *name, size_t m, const double *x, size_t rows, size_t cols)
{
    bpnn__text full = {0};
    bpnn__text_add(&full, name);
    bpnn__text_add_u64(&full, m - 1);
    a->out->failed |= full.failed;
    if (!full.failed)
        add_numbers(a, full.data, x, rows, cols);
    bpnn__text_free(&full);
}

static void add_layer(bpnn__zip *a, const bpnn_net *net, size_t m)
{
    size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    double *x = bpnn__alloc(in + 1, out * sizeof *x), *bias = x ? x + in * out : NULL;
    a->out->failed |= !x;
    for (size_t j = 0; x && j < in; j++)
        for (size_t i = 0; i < out; i++)
            x[j * out + i] = bpnn__weight_of(net, m, j, i);
    for (size_t i = 0; x && i < out; i++)
        bias[i] = bpnn__bias_of(net, m, i);
    if (x) {
        add_layer_numbers(a, "coefs_", m, x, in, out);
        add_layer_numbers(a, "intercepts_", m, bias, out, 0);
    }
    bpnn__free(x);
}

/* scikit-learn's word, or NULL. */
static const char *word_of(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_IDENTITY  ? "identity"
           : kind == BPNN_ACT_SIGMOID ? "logistic"
           : kind == BPNN_ACT_TANH    ? "tanh"
           : kind == BPNN_ACT_RELU    ? "relu"
           : kind == BPNN_ACT_SOFTMAX ? "softmax"
                                      : NULL;
}

static void add_activations(bpnn__zip *a, const bpnn_net *net)
{
    enum { WORD = 64 };
    const char **words = bpnn__alloc(net->depth, sizeof *words);
    char *texts = bpnn__alloc(net->depth, WORD);
    bool same = net->depth > 1;
    a->out->failed |= !words || !texts;
    for (size_t m = 0; words && texts && m < net->depth; m++) {
        bpnn__activation_print(&net->layers[m].activation, texts + m * WORD, WORD);
        words[m] = texts + m * WORD;
        same = same && (m + 1 == net->depth || net->layers[m].activation.kind == net->layers[0].activation.kind);
    }
    if (words && texts)
        add_texts(a, "activations", words, net->depth, false);
    const char *hidden = word_of(net->layers[0].activation.kind),
               *out = word_of(net->layers[net->depth - 1].activation.kind);
    if (same && hidden)
        add_text(a, "activation", hidden);
    if (out)
        add_text(a, "out_activation", out);
    bpnn__free(texts);
    bpnn__free(words);
}

static void add_scaling(bpnn__zip *a, const bpnn__schema *s)
{
    if (bpnn__is_scaled(s->mean, s->scale, s->width)) {
        add_numbers(a, "input_mean", s->mean, s->width, 0);
        add_numbers(a, "input_scale", s->scale, s->width, 0);
    }
    if (s->task == BPNN_TASK_REGRESSION && bpnn__is_scaled(s->target_mean, s->target_scale, s->target_count)) {
        add_numbers(a, "target_mean", s->target_mean, s->target_count, 0);
        add_numbers(a, "target_scale", s->target_scale, s->target_count, 0);
    }
}

bpnn_status bpnn__export_npz(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                             bpnn_error *error)
{
    const bpnn__schema *s = &model->schema;
    bpnn__zip a = {.out = buffer};
    bpnn_status status = bpnn__check_plain(model, "npz", error);
    if (status != BPNN_OK)
        return status;
    if (bpnn_net_parameter_count(model->net) > ((size_t)1 << 28))
        return bpnn__fail(error, BPNN_USAGE, "npz is written up to 2^28 parameters; take onnx or safetensors");
    bpnn__note_encoding(model, options, "npz");
    for (size_t m = 1; m <= model->net->depth; m++)
        add_layer(&a, model->net, m);
    add_activations(&a, model->net);
    add_scaling(&a, s);
    if (s->class_count > 0)
        add_texts(&a, "classes", (const char *const *)s->classes, s->class_count, false);
    bpnn__zip_finish(&a);
    return BPNN_OK;
}
