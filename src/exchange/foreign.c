/* A model around a network that came from elsewhere. */
#include "exchange/foreign.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { MOST_LAYERS = 1024 };

/* ---- failures ---- */

void bpnn__foreign_refuse(bpnn__foreign *f, const char *format, ...)
{
    va_list arguments;
    bpnn_error inner;
    if (f->status != BPNN_OK)
        return;
    va_start(arguments, format);
    bpnn__fail_list(&inner, BPNN_MODEL, format, arguments);
    va_end(arguments);
    f->status = bpnn__fail_at(f->error, BPNN_MODEL, f->file, 0, 0, "%s", inner.text);
}

void bpnn__foreign_memory(bpnn__foreign *f)
{
    if (f->status == BPNN_OK)
        f->status = bpnn__fail_memory(f->error);
}

const char *bpnn__shown(const char *text, char shown[BPNN__SHOWN])
{
    size_t i = 0;
    for (; i < BPNN__SHOWN - 1 && text[i]; i++)
        shown[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    shown[i] = '\0';
    return shown;
}

/* ---- layers ---- */

bool bpnn__foreign_bias(bpnn__foreign *f, bpnn__foreign_layer *layer)
{
    if (!layer->bias)
        layer->bias = bpnn__alloc(layer->out, sizeof *layer->bias);
    if (!layer->bias)
        bpnn__foreign_memory(f);
    return layer->bias != NULL;
}

static bool room_for_layer(bpnn__foreign *f)
{
    if (f->depth < f->room)
        return true;
    size_t room = f->room ? 2 * f->room : 8;
    bpnn__foreign_layer *more = bpnn__realloc(f->layers, room, sizeof *more);
    if (!more)
        return false;
    f->layers = more;
    f->room = room;
    return true;
}

bpnn__foreign_layer *bpnn__foreign_add(bpnn__foreign *f, size_t in, size_t out, bool bias)
{
    size_t count;
    if (f->status != BPNN_OK)
        return NULL;
    if (f->depth == MOST_LAYERS || in == 0 || out == 0 || in > INT32_MAX || out > INT32_MAX ||
        !bpnn__mul(in, out, &count))
        bpnn__foreign_refuse(f, "layer %zu of %zu x %zu weights: more than a network may have", f->depth + 1, in, out);
    else if (f->depth > 0 && f->layers[f->depth - 1].out != in)
        bpnn__foreign_refuse(f, "layer %zu takes %zu numbers and the one before gives %zu", f->depth + 1, in,
                             f->layers[f->depth - 1].out);
    else if (!room_for_layer(f))
        bpnn__foreign_memory(f);
    if (f->status != BPNN_OK)
        return NULL;
    bpnn__foreign_layer *layer = &f->layers[f->depth++];
    *layer = (bpnn__foreign_layer){.in = in, .out = out, .activation = {.kind = BPNN_ACT_IDENTITY}};
    layer->weight = bpnn__alloc(count, sizeof *layer->weight);
    if (!layer->weight)
        bpnn__foreign_memory(f);
    if (bias)
        bpnn__foreign_bias(f, layer);
    return f->status == BPNN_OK ? layer : NULL;
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; texts && i < count; i++)
        bpnn__free(texts[i]);
    bpnn__free(texts);
}

void bpnn__foreign_free(bpnn__foreign *f)
{
    free_texts(f->features, f->feature_count);
    free_texts(f->classes, f->class_count);
    for (size_t m = 0; m < f->depth; m++) {
        bpnn__free(f->layers[m].weight);
        bpnn__free(f->layers[m].bias);
    }
    bpnn__free(f->layers);
    bpnn__free(f->mean);
    bpnn__free(f->scale);
    bpnn__free(f->target_mean);
    bpnn__free(f->target_scale);
    memset(f, 0, sizeof *f);
}

/* ---- the model ---- */

static const bpnn__foreign_layer *last(const bpnn__foreign *f)
{
    return &f->layers[f->depth - 1];
}

static bpnn_task task_of(const bpnn__foreign *f)
{
    bpnn_activation_kind kind = last(f)->activation.kind;
    size_t outputs = last(f)->out;
    if (outputs == 1 && kind == BPNN_ACT_SIGMOID && !f->target_mean)
        return BPNN_TASK_BINARY;
    bool row = kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
    return outputs > 1 && (row || f->class_count == outputs) ? BPNN_TASK_MULTICLASS : BPNN_TASK_REGRESSION;
}

/* prefix and a number; with number 0 the prefix alone */
static char *numbered(const char *prefix, size_t number)
{
    bpnn__text text = {0};
    bpnn__text_add(&text, prefix);
    if (number > 0 || !*prefix)
        bpnn__text_add_u64(&text, number);
    if (!text.failed)
        return text.data;
    bpnn__text_free(&text);
    return NULL;
}

static char **numbered_list(const char *prefix, size_t first, size_t count)
{
    char **texts = bpnn__alloc(count, sizeof *texts);
    for (size_t i = 0; texts && i < count; i++) {
        texts[i] = numbered(prefix, first + i);
        if (texts[i])
            continue;
        free_texts(texts, count);
        return NULL;
    }
    return texts;
}

/* A copy, or count numbers of `standard`. */
static double *numbers_or(const double *numbers, size_t count, double standard)
{
    double *copy = bpnn__alloc(count, sizeof *copy);
    for (size_t i = 0; copy && i < count; i++)
        copy[i] = numbers ? numbers[i] : standard;
    return copy;
}

static bool make_features(const bpnn__foreign *f, bpnn__schema *s)
{
    size_t inputs = f->layers[0].in;
    bool named = f->feature_count == inputs && f->features;
    s->features = bpnn__alloc(inputs, sizeof *s->features);
    if (!s->features)
        return false;
    for (; s->feature_count < inputs; s->feature_count++, s->width++) {
        size_t i = s->feature_count;
        bpnn__feature *feature = &s->features[i];
        feature->name = named ? bpnn__copy_text(f->features[i]) : numbered("", i + 1);
        feature->first = i;
        feature->width = 1;
        feature->fill = f->mean ? f->mean[i] : 0;
        if (!feature->name)
            return false;
    }
    return true;
}

static bool make_classes(bpnn__foreign *f, bpnn__schema *s)
{
    size_t classes = s->task == BPNN_TASK_BINARY ? 2 : s->task == BPNN_TASK_MULTICLASS ? last(f)->out : 0;
    s->positive = s->task == BPNN_TASK_BINARY;
    if (classes > 0 && f->classes && f->class_count == classes) {
        s->classes = f->classes;
        f->classes = NULL;
        f->class_count = 0;
    } else {
        s->classes = numbered_list("", 0, classes);
    }
    s->class_count = s->classes ? classes : 0;
    return s->classes != NULL;
}

static bool make_schema(bpnn__foreign *f, bpnn__schema *s)
{
    size_t inputs = f->layers[0].in, outputs = last(f)->out;
    s->task = task_of(f);
    s->input_scaling = f->mean ? BPNN_SCALE_STANDARD : BPNN_SCALE_NONE;
    s->target_scaling = f->target_mean ? BPNN_SCALE_STANDARD : BPNN_SCALE_NONE;
    s->missing = BPNN_MISSING_ERROR;
    s->mean = numbers_or(f->mean, inputs, 0);
    s->scale = numbers_or(f->scale, inputs, 1);
    size_t targets = s->task == BPNN_TASK_REGRESSION ? outputs : 1;
    s->targets = numbered_list("y", targets > 1, targets);
    s->target_count = s->targets ? targets : 0;
    if (s->task == BPNN_TASK_REGRESSION) {
        s->target_mean = numbers_or(f->target_mean, outputs, 0);
        s->target_scale = numbers_or(f->target_scale, outputs, 1);
    }
    bool made = s->mean && s->scale && s->targets;
    made = made && (s->task != BPNN_TASK_REGRESSION || (s->target_mean && s->target_scale));
    return make_features(f, s) && made && make_classes(f, s);
}

static bpnn_loss_kind loss_of(bpnn_task task, bpnn_activation_kind output)
{
    if (task == BPNN_TASK_BINARY)
        return BPNN_LOSS_BINARY_CROSSENTROPY;
    bool row = output == BPNN_ACT_SOFTMAX || output == BPNN_ACT_LOG_SOFTMAX;
    return task == BPNN_TASK_MULTICLASS && row ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE;
}

static void fill_net(const bpnn__foreign *f, bpnn_net *net)
{
    for (size_t m = 1; m <= f->depth; m++) {
        const bpnn__foreign_layer *layer = &f->layers[m - 1];
        for (size_t i = 0; i < layer->in * layer->out; i++)
            bpnn__net_put(net, net->weight_offset[m] + i, layer->weight[i]);
        for (size_t i = 0; layer->bias && i < layer->out; i++)
            bpnn__net_put(net, net->bias_offset[m] + i, layer->bias[i]);
    }
}

static void make_net(bpnn__foreign *f, bpnn_model *model)
{
    bpnn_net_options o;
    bpnn_error inner = {0};
    bpnn_layer *layers = bpnn__alloc(f->depth, sizeof *layers);
    if (!layers) {
        bpnn__foreign_memory(f);
        return;
    }
    for (size_t m = 0; m < f->depth; m++)
        layers[m] = (bpnn_layer){f->layers[m].out, f->layers[m].activation,
                                 f->layers[m].bias ? BPNN_BIAS_NEURON : BPNN_BIAS_NONE};
    bpnn_net_options_default(&o);
    o.inputs = f->layers[0].in;
    o.layer_count = f->depth;
    o.layers = layers;
    o.precision = f->precision;
    o.loss.kind = loss_of(model->schema.task, last(f)->activation.kind);
    bpnn_status status = bpnn_net_new(&model->net, &o, &inner);
    bpnn__free(layers);
    if (status == BPNN_MEMORY)
        bpnn__foreign_memory(f);
    else if (status != BPNN_OK)
        bpnn__foreign_refuse(f, "a network that cannot be: %s", inner.text);
    else
        fill_net(f, model->net);
}

/* Nothing is known of its training. */
static bool make_training(bpnn_model *model)
{
    bpnn__training *t = &model->training;
    bpnn_summary *s = &model->summary;
    t->rate = t->momentum = t->target_loss = t->init_parameter = (double)NAN;
    t->factor = t->every = t->wait = t->gain = t->least = (double)NAN;
    t->options = bpnn__alloc(0, sizeof *t->options);
    s->method = "sgd";
    s->stop = BPNN_STOP_EPOCHS;
    s->result.loss = s->result.best_validation_loss = (double)NAN;
    model->library = bpnn__copy_text(BPNN_VERSION_TEXT);
    model->arithmetic = BPNN_ARITHMETIC;
    return t->options && model->library;
}

/* Through the bytes of a model file: whatever a file may not hold is refused here. */
static void through_bytes(bpnn__foreign *f, const bpnn_model *made, bpnn_model **model)
{
    void *bytes = NULL;
    size_t size;
    bpnn_error inner = {0};
    bpnn_status status = bpnn_model_write(made, &bytes, &size, &inner);
    if (status == BPNN_OK)
        status = bpnn_model_read(model, bytes, size, f->file, &inner);
    bpnn__free(bytes);
    if (status == BPNN_MEMORY)
        bpnn__foreign_memory(f);
    else if (status != BPNN_OK)
        bpnn__foreign_refuse(f, "%s", inner.text);
}

bpnn_status bpnn__foreign_model(bpnn__foreign *f, bpnn_model **model)
{
    *model = NULL;
    if (f->status == BPNN_OK && f->depth == 0)
        bpnn__foreign_refuse(f, "there is no layer with weights");
    if (f->status != BPNN_OK)
        return f->status;
    bpnn_model *made = bpnn__alloc(1, sizeof *made);
    if (!made || !make_schema(f, &made->schema) || !make_training(made))
        bpnn__foreign_memory(f);
    else
        make_net(f, made);
    if (f->status == BPNN_OK) {
        bpnn__model_link(made);
        through_bytes(f, made, model);
    }
    bpnn_model_free(made);
    return f->status;
}
