/* A model from the weights of scikit-learn's multilayer perceptron, or of ours, in an .npz file: npz.c has the names. */
#include "base/memory.h"
#include "base/text.h"
#include "exchange/npz_read.h"
#include "exchange/plain.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

enum { MOST_LAYERS = 1024 };

typedef struct reading {
    bpnn__foreign *f;
    const unsigned char *bytes;
    size_t size;
} reading;

static bool find(reading *r, const char *name, bpnn__npz_array *array)
{
    return bpnn__npz_find(r->f, r->bytes, r->size, name, array);
}

static bool find_layer(reading *r, const char *name, size_t m, bpnn__npz_array *array)
{
    bpnn__text full = {0};
    bpnn__text_add(&full, name);
    bpnn__text_add_u64(&full, m);
    if (full.failed)
        bpnn__foreign_memory(r->f);
    bool found = !full.failed && find(r, full.data, array);
    bpnn__text_free(&full);
    return found;
}

static void read_bias(reading *r, size_t m, bpnn__foreign_layer *layer)
{
    bpnn__npz_array bias;
    if (!find_layer(r, "intercepts_", m, &bias))
        return;
    if (bias.kind == 'u' || bias.cols != 1 || bias.rows != layer->out)
        bpnn__foreign_refuse(r->f, "intercepts_%zu: expected %zu numbers", m, layer->out);
    else if (bpnn__foreign_bias(r->f, layer))
        for (size_t i = 0; i < layer->out; i++)
            layer->bias[i] = bpnn__npz_number(&bias, i, 0);
    bpnn__npz_free(&bias);
}

static bool read_layer(reading *r, size_t m)
{
    bpnn__npz_array coefs;
    if (!find_layer(r, "coefs_", m, &coefs))
        return false;
    bpnn__foreign_layer *layer = NULL;
    if (coefs.kind == 'u' || coefs.dimensions != 2)
        bpnn__foreign_refuse(r->f, "coefs_%zu: expected a matrix of numbers [inputs, outputs]", m);
    else
        layer = bpnn__foreign_add(r->f, coefs.rows, coefs.cols, false);
    for (size_t i = 0; layer && i < layer->in; i++)
        for (size_t j = 0; j < layer->out; j++)
            layer->weight[i * layer->out + j] = bpnn__npz_number(&coefs, i, j);
    r->f->precision = coefs.kind == 'e' ? BPNN_SINGLE : BPNN_DOUBLE;
    bpnn__npz_free(&coefs);
    if (layer)
        read_bias(r, m, layer);
    return r->f->status == BPNN_OK;
}

/* ---- activations ---- */

static void set_activation(reading *r, bpnn__foreign_layer *layer, const char *word)
{
    char shown[BPNN__SHOWN];
    const char *ours = strcmp(word, "logistic") == 0 ? "sigmoid" : word;
    if (bpnn__activation_parse(ours, &layer->activation, NULL) != BPNN_OK || layer->activation.kind == BPNN_ACT_USER)
        bpnn__foreign_refuse(r->f, "unknown activation '%s'", bpnn__shown(word, shown));
}

/* Layers first .. last - 1 take word i of the list, or its only one. */
static void take_words(reading *r, const bpnn__npz_array *words, size_t first, size_t last)
{
    for (size_t m = first; m < last && r->f->status == BPNN_OK; m++) {
        char *word = words->kind == 'u' ? bpnn__npz_text(r->f, words, words->rows == 1 ? 0 : m - first) : NULL;
        if (word)
            set_activation(r, &r->f->layers[m], word);
        else
            bpnn__foreign_refuse(r->f, "activations have to be texts");
        bpnn__free(word);
    }
}

static void read_activations(reading *r)
{
    bpnn__npz_array words;
    size_t depth = r->f->depth;
    if (find(r, "activations", &words)) {
        if (words.rows != depth || words.cols != 1)
            bpnn__foreign_refuse(r->f, "activations: expected one for each of %zu layers", depth);
        else
            take_words(r, &words, 0, depth);
        bpnn__npz_free(&words);
        return;
    }
    if (depth > 1 && !find(r, "activation", &words))
        bpnn__foreign_refuse(r->f, "'activation' is not there (identity, logistic, tanh, relu)");
    if (depth > 1 && r->f->status == BPNN_OK) {
        if (words.rows * words.cols != 1)
            bpnn__foreign_refuse(r->f, "activation: expected one text");
        else
            take_words(r, &words, 0, depth - 1);
        bpnn__npz_free(&words);
    }
    if (!find(r, "out_activation", &words)) {
        bpnn__foreign_refuse(r->f, "'out_activation' is not there (identity, logistic, softmax)");
        return;
    }
    if (words.rows * words.cols != 1)
        bpnn__foreign_refuse(r->f, "out_activation: expected one text");
    else
        take_words(r, &words, depth - 1, depth);
    bpnn__npz_free(&words);
}

/* ---- what else there may be ---- */

static double *read_list(reading *r, const char *name, size_t count)
{
    bpnn__npz_array list;
    double *x = NULL;
    if (!find(r, name, &list))
        return NULL;
    if (list.kind == 'u' || list.cols != 1 || list.rows != count)
        bpnn__foreign_refuse(r->f, "%s: expected %zu numbers", name, count);
    else if (!(x = bpnn__alloc(count, sizeof *x)))
        bpnn__foreign_memory(r->f);
    for (size_t i = 0; x && i < count; i++)
        x[i] = bpnn__npz_number(&list, i, 0);
    bpnn__npz_free(&list);
    return x;
}

static void read_classes(reading *r)
{
    bpnn__foreign *f = r->f;
    bpnn__npz_array list;
    if (!find(r, "classes", &list))
        return;
    if (list.cols != 1) {
        bpnn__foreign_refuse(f, "classes: expected a list");
        bpnn__npz_free(&list);
        return;
    }
    f->classes = bpnn__alloc(list.rows, sizeof *f->classes);
    if (!f->classes)
        bpnn__foreign_memory(f);
    for (; f->classes && f->class_count < list.rows && f->status == BPNN_OK; f->class_count++) {
        f->classes[f->class_count] = bpnn__npz_text(f, &list, f->class_count);
        if (!f->classes[f->class_count])
            bpnn__foreign_refuse(f, "class %zu cannot be read", f->class_count + 1);
    }
    bpnn__npz_free(&list);
}

bpnn_status bpnn__import_npz(bpnn_model **model, const void *bytes, size_t size, const char *file, bpnn_error *error)
{
    bpnn__foreign f = {.file = file, .error = error};
    reading r = {&f, bytes, size};
    *model = NULL;
    for (size_t m = 0; m < MOST_LAYERS && read_layer(&r, m); m++)
        ;
    if (f.status == BPNN_OK && f.depth == 0)
        bpnn__foreign_refuse(&f, "there is no array coefs_0, as scikit-learn's networks have it");
    if (f.status == BPNN_OK)
        read_activations(&r);
    if (f.status == BPNN_OK) {
        f.mean = read_list(&r, "input_mean", f.layers[0].in);
        f.scale = read_list(&r, "input_scale", f.layers[0].in);
        f.target_mean = read_list(&r, "target_mean", f.layers[f.depth - 1].out);
        f.target_scale = read_list(&r, "target_scale", f.layers[f.depth - 1].out);
        read_classes(&r);
    }
    bpnn_status status = bpnn__foreign_model(&f, model);
    bpnn__foreign_free(&f);
    return status;
}
