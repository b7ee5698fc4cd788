/* A model from the metadata and tensors of a parsed container: every key known and of its type, every word known, every
 * size agreeing with a tensor that is really there before anything of that size is allocated, every number finite. */
#include "model/restore.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/model.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

#define MOST_UNITS ((size_t)1 << 31)
enum { MOST_LAYERS = 1024 };

/* ---- tensors ---- */

/* A tensor that the description asks for; NULL and a failure unless it is there with this shape. */
static const void *take(bpnn__restoring *r, const char *what, bpnn__element element, size_t rows, size_t cols)
{
    char name[BPNN__TENSOR_NAME];
    if (r->source.status != BPNN_OK)
        return NULL;
    bpnn__tensor_name(name, r->member, what);
    const bpnn__tensor *tensor = bpnn__container_find(r->container, name);
    if (!tensor)
        bpnn__refuse(&r->source, "there is no tensor", name);
    else if (tensor->element != element || tensor->dimensions != (cols ? 2u : 1u) || tensor->shape[0] != rows ||
             tensor->shape[1] != cols)
        bpnn__refuse(&r->source, "another type or shape is wanted of tensor", name);
    r->taken++;
    return r->source.status == BPNN_OK ? tensor->data : NULL;
}

/* A copy of a tensor of doubles, all finite (positive too where asked). */
static double *take_doubles(bpnn__restoring *r, const char *name, size_t count, bool positive)
{
    const void *data = take(r, name, BPNN__F64, count, 0);
    if (!data)
        return NULL;
    double *copy = bpnn__copy_bytes(data, count * sizeof *copy);
    if (!copy)
        bpnn__refuse_memory(&r->source);
    for (size_t i = 0; copy && i < count; i++)
        if (!isfinite(copy[i]) || (positive && !(copy[i] > 0)))
            bpnn__refuse(&r->source, "a number that cannot be in tensor", name);
    return copy;
}

/* ---- the network ---- */

static int find_loss(const char *word)
{
    return strcmp(word, "user") == 0 ? -1 : bpnn_word_find(BPNN_WORDS_LOSS, word);
}

static int find_bias(const char *word)
{
    return bpnn_word_find(BPNN_WORDS_BIAS, word);
}

static int find_reduction(const char *word)
{
    return bpnn_word_find(BPNN_WORDS_REDUCTION, word);
}

static int find_precision(const char *word)
{
    return bpnn_word_find(BPNN_WORDS_PRECISION, word);
}

static void read_layer(bpnn__restoring *r, json_t *object, bpnn_layer *layer)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "layers");
    layer->size = bpnn__scope_size(&s, "size", MOST_UNITS);
    const char *activation = bpnn__scope_text(&s, "activation");
    if (r->source.status == BPNN_OK && bpnn__activation_parse(activation, &layer->activation, NULL) != BPNN_OK)
        bpnn__refuse(&r->source, "unknown activation", activation);
    layer->bias = (bpnn_bias)bpnn__scope_word(&s, "bias", find_bias);
    bpnn__scope_close(&s);
}

/* `before`, the number, `after` */
static void numbered(char name[BPNN__TENSOR_NAME], const char *before, size_t number, const char *after)
{
    size_t at = strlen(before), power = 1;
    memcpy(name, before, at);
    while (number / power >= 10)
        power *= 10;
    for (; power > 0; power /= 10)
        name[at++] = (char)('0' + number / power % 10);
    memcpy(name + at, after, strlen(after) + 1);
}

void bpnn__tensor_name(char name[BPNN__TENSOR_NAME], size_t member, const char *what)
{
    char copy[BPNN__TENSOR_NAME];
    if (member == 0) {
        memcpy(name, what, strlen(what) + 1);
        return;
    }
    numbered(copy, "member.", member, ".");
    size_t size = strlen(copy);
    memcpy(name, copy, size);
    memcpy(name + size, what, strlen(what) + 1);
}

bool bpnn__layer_tensors(const bpnn_net *net, size_t member, size_t m, bpnn__tensor *weight, bpnn__tensor *bias,
                         bool *has_bias)
{
    char what[BPNN__TENSOR_NAME], name[BPNN__TENSOR_NAME];
    const bpnn_layer *layer = &net->layers[m - 1];
    bool single = net->precision == BPNN_SINGLE;
    const unsigned char *base = net->parameters;
    size_t size = single ? sizeof(float) : sizeof(double);
    bpnn__element element = single ? BPNN__F32 : BPNN__F64;
    numbered(what, "layer.", m, ".weight");
    bpnn__tensor_name(name, member, what);
    bool good = bpnn__tensor_make(weight, name, element, bpnn__net_size(net, m - 1), layer->size,
                                  base + net->weight_offset[m] * size);
    *has_bias = layer->bias != BPNN_BIAS_NONE;
    numbered(what, "layer.", m, ".bias");
    bpnn__tensor_name(name, member, what);
    return good && bpnn__tensor_make(bias, name, element, layer->bias == BPNN_BIAS_NEURON ? layer->size : 1, 0,
                                     base + net->bias_offset[m] * size);
}

/* Shapes of all layers against the tensors, before a network of these sizes is made. */
static void check_layers(bpnn__restoring *r, const bpnn_net_options *o)
{
    bpnn__element element = o->precision == BPNN_SINGLE ? BPNN__F32 : BPNN__F64;
    char name[BPNN__TENSOR_NAME];
    size_t in = o->inputs;
    for (size_t m = 1; m <= o->layer_count && r->source.status == BPNN_OK; m++) {
        const bpnn_layer *layer = &o->layers[m - 1];
        if (in == 0 || layer->size == 0) {
            bpnn__refuse(&r->source, "a layer without units:", "size");
            return;
        }
        numbered(name, "layer.", m, ".weight");
        take(r, name, element, in, layer->size);
        numbered(name, "layer.", m, ".bias");
        if (layer->bias != BPNN_BIAS_NONE)
            take(r, name, element, layer->bias == BPNN_BIAS_NEURON ? layer->size : 1, 0);
        in = layer->size;
    }
}

static bool all_finite(const bpnn_net *net)
{
    for (size_t i = 0; i < net->parameter_count; i++)
        if (!isfinite(bpnn__net_get(net, i)))
            return false;
    return true;
}

static void fill_net(bpnn__restoring *r, bpnn_net *net)
{
    bpnn__tensor part[2];
    bool has_bias;
    for (size_t m = 1; m <= net->depth && r->source.status == BPNN_OK; m++) {
        if (!bpnn__layer_tensors(net, r->member, m, &part[0], &part[1], &has_bias))
            bpnn__refuse(&r->source, "tensors too large for the", "network");
        for (int k = 0; k < 1 + has_bias && r->source.status == BPNN_OK; k++) {
            const bpnn__tensor *stored = bpnn__container_find(r->container, part[k].name);
            memcpy((void *)(uintptr_t)part[k].data, stored->data, part[k].bytes);
        }
    }
    if (r->source.status == BPNN_OK && !all_finite(net))
        bpnn__refuse(&r->source, "parameters that are not finite in", "network");
}

void bpnn__restore_net(bpnn__restoring *r, const bpnn_net_options *o)
{
    bpnn_error inner;
    check_layers(r, o);
    if (r->source.status != BPNN_OK)
        return;
    bpnn_status status = bpnn_net_new(&r->model->net, o, &inner);
    if (status == BPNN_MEMORY)
        bpnn__refuse_memory(&r->source);
    else if (status != BPNN_OK)
        bpnn__refuse(&r->source, "a network that cannot be:", inner.text);
    else
        fill_net(r, r->model->net);
}

static void read_network(bpnn__restoring *r, bpnn__scope *root)
{
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    bpnn__scope s = bpnn__scope_object(root, "network");
    o.inputs = bpnn__scope_size(&s, "inputs", MOST_UNITS);
    json_t *array = bpnn__scope_array(&s, "layers", 1, MOST_LAYERS);
    o.layer_count = json_array_size(array);
    bpnn_layer *layers = bpnn__alloc(o.layer_count, sizeof *layers);
    if (!layers)
        bpnn__refuse_memory(&r->source);
    for (size_t i = 0; layers && i < o.layer_count; i++)
        read_layer(r, json_array_get(array, i), &layers[i]);
    o.layers = layers;
    o.loss.kind = (bpnn_loss_kind)bpnn__scope_word(&s, "loss", find_loss);
    o.loss.parameter = bpnn__scope_number(&s, "loss_parameter");
    o.reduction = (bpnn_reduction)bpnn__scope_word(&s, "reduction", find_reduction);
    o.precision = (bpnn_precision)bpnn__scope_word(&s, "precision", find_precision);
    o.group_rows = bpnn__scope_size(&s, "group_rows", (size_t)1 << 20);
    bpnn__scope_close(&s);
    if (r->source.status == BPNN_OK)
        bpnn__restore_net(r, &o);
    bpnn__free(layers);
}

/* ---- the columns ---- */

static void read_feature(bpnn__restoring *r, json_t *object, bpnn__feature *f)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "features");
    f->name = bpnn__scope_copy(&s, "name");
    const char *type = bpnn__scope_text(&s, "type");
    f->categorical = strcmp(type, BPNN__CATEGORICAL) == 0;
    if (r->source.status == BPNN_OK && !f->categorical && strcmp(type, BPNN__NUMERIC) != 0)
        bpnn__refuse(&r->source, "unknown word at", "type");
    if (f->categorical) {
        f->levels = bpnn__scope_texts(&s, "levels", 0, &f->level_count);
        f->missing_level = bpnn__scope_bool(&s, "missing_level");
        f->width = f->level_count + f->missing_level;
    } else {
        f->indicator = bpnn__scope_bool(&s, "indicator");
        f->width = 1u + f->indicator;
    }
    bpnn__scope_close(&s);
}

static void read_features(bpnn__restoring *r, bpnn__scope *s)
{
    bpnn__schema *schema = &r->model->schema;
    json_t *array = bpnn__scope_array(s, "features", 1, SIZE_MAX);
    size_t count = json_array_size(array);
    schema->features = bpnn__alloc(count, sizeof *schema->features);
    if (!schema->features) {
        bpnn__refuse_memory(&r->source);
        return;
    }
    for (; schema->feature_count < count && r->source.status == BPNN_OK; schema->feature_count++) {
        bpnn__feature *f = &schema->features[schema->feature_count];
        read_feature(r, json_array_get(array, schema->feature_count), f);
        f->first = schema->width;
        schema->width += f->width;
    }
}

/* What replaces missing cells: one number a feature, 0 for categorical ones. */
static void read_fill(bpnn__restoring *r)
{
    bpnn__schema *schema = &r->model->schema;
    double *fill = take_doubles(r, "input.fill", schema->feature_count, false);
    for (size_t i = 0; fill && i < schema->feature_count; i++) {
        if (schema->features[i].categorical && (fill[i] != 0 || signbit(fill[i])))
            bpnn__refuse(&r->source, "a fill for the categories of", schema->features[i].name);
        schema->features[i].fill = fill[i];
    }
    bpnn__free(fill);
}

static void check_columns(bpnn__restoring *r)
{
    const bpnn__schema *schema = &r->model->schema;
    size_t classes = schema->class_count, least = schema->task == BPNN_TASK_MULTICLASS ? 2 : 0;
    if (schema->task == BPNN_TASK_BINARY)
        least = 2;
    if (classes < least || (schema->task == BPNN_TASK_BINARY && classes > 2) ||
        (schema->task == BPNN_TASK_REGRESSION && classes > 0))
        bpnn__refuse(&r->source, "the task does not go with the number of", "classes");
    if (schema->task != BPNN_TASK_REGRESSION && schema->target_count != 1)
        bpnn__refuse(&r->source, "classes have one column of", "targets");
    if (schema->positive >= (classes ? classes : 1))
        bpnn__refuse(&r->source, "no such class:", "positive");
    if (schema->input_scaling == BPNN_SCALE_AUTO || schema->target_scaling == BPNN_SCALE_AUTO)
        bpnn__refuse(&r->source, "unknown word at", "scale");
}

static void read_columns(bpnn__restoring *r, bpnn__scope *root)
{
    bpnn__schema *schema = &r->model->schema;
    bpnn__scope s = bpnn__scope_object(root, "columns");
    read_features(r, &s);
    schema->input_scaling = (bpnn_scale)bpnn__scope_word(&s, "scale", bpnn_scale_find);
    schema->missing = (bpnn_missing)bpnn__scope_word(&s, "missing", bpnn_missing_find);
    schema->targets = bpnn__scope_texts(&s, "targets", 1, &schema->target_count);
    schema->target_scaling = (bpnn_scale)bpnn__scope_word(&s, "target_scale", bpnn_scale_find);
    schema->classes = bpnn__scope_texts(&s, "classes", 0, &schema->class_count);
    schema->positive = bpnn__scope_size(&s, "positive", SIZE_MAX);
    bpnn__scope_close(&s);
    check_columns(r);
    bpnn__restore_numbers(r);
}

void bpnn__restore_numbers(bpnn__restoring *r)
{
    bpnn__schema *schema = &r->model->schema;
    read_fill(r);
    schema->mean = take_doubles(r, "input.mean", schema->width, false);
    schema->scale = take_doubles(r, "input.scale", schema->width, true);
    if (schema->task == BPNN_TASK_REGRESSION) {
        schema->target_mean = take_doubles(r, "target.mean", schema->target_count, false);
        schema->target_scale = take_doubles(r, "target.scale", schema->target_count, true);
    }
}

/* ---- the whole ---- */

static int find_task(const char *word)
{
    int task = bpnn_task_find(word);
    return task == BPNN_TASK_AUTO ? -1 : task;
}

static void check_whole(bpnn__restoring *r)
{
    const bpnn_model *model = bpnn_model_member(r->model, 0);
    if (r->source.status != BPNN_OK)
        return;
    if (model->net->inputs != model->schema.width)
        bpnn__refuse(&r->source, "the columns do not make as many", "inputs");
    if (bpnn__net_size(model->net, model->net->depth) != bpnn__schema_outputs(&model->schema))
        bpnn__refuse(&r->source, "the last layer does not fit the", "targets");
    if (r->taken != r->container->count)
        bpnn__refuse(&r->source, "there are tensors that belong to no part of the", "model");
}

/* A checkpoint says that it is one; a model's file says nothing. */
static void read_kind(bpnn__restoring *r, bpnn__scope *s)
{
    const char *kind = bpnn__scope_find(s, "kind") ? bpnn__scope_text(s, "kind") : NULL;
    const char *why = NULL;
    if (r->source.status != BPNN_OK)
        return;
    if (kind && strcmp(kind, BPNN__CHECKPOINT) != 0)
        bpnn__refuse(&r->source, "unknown word at", "kind");
    else if (kind && !r->run)
        why = "this is the checkpoint of a run, not a model; bpnn train --resume goes on with it and writes the model";
    else if (!kind && r->run)
        why = "this is a model, not the checkpoint of a run; bpnn train --init-from starts from a model";
    if (why)
        r->source.status = bpnn__fail_at(r->source.error, BPNN_MODEL, r->source.file, 0, 0, "%s", why);
}

/* The notes; the tensors of the run are checked when it goes on. */
static void read_run(bpnn__restoring *r, bpnn__scope *root)
{
    bpnn__scope s = bpnn__scope_object(root, "run");
    json_t *note = bpnn__scope_any(&s, "note");
    if (note && !json_is_null(note)) {
        s.used--;
        r->run->note = bpnn__scope_copy(&s, "note");
    }
    r->run->validation_fingerprint = (uint32_t)bpnn__scope_size(&s, "validation_fingerprint", UINT32_MAX);
    bpnn__scope_close(&s);
    for (size_t i = 0; i < r->container->count; i++)
        r->taken += strncmp(r->container->tensors[i].name, BPNN__RUN_PREFIX, sizeof BPNN__RUN_PREFIX - 1) == 0;
}

static void read_root(bpnn__restoring *r, json_t *object)
{
    bpnn__scope s = bpnn__scope_open(&r->source, object, "bpnn");
    size_t format = bpnn__scope_size(&s, "format", SIZE_MAX);
    if (r->source.status == BPNN_OK && format != BPNN__FORMAT) {
        r->source.status = bpnn__fail_at(r->source.error, BPNN_MODEL, r->source.file, 0, 0,
                                         "the model has format version %zu, this library (%s) reads version %d; %s",
                                         format, BPNN_VERSION_TEXT, BPNN__FORMAT,
                                         format > BPNN__FORMAT ? "install a newer bpnn" : "it was never released");
        return;
    }
    read_kind(r, &s);
    bpnn_model *whole = r->model;
    json_t *members = bpnn__scope_find(&s, "members") ? bpnn__scope_array(&s, "members", 2, BPNN__MOST_MEMBERS) : NULL;
    if (members && r->run)
        bpnn__refuse(&r->source, "a checkpoint has one network, not", "members");
    if (members && (r->source.status != BPNN_OK || !bpnn__make_members(r, whole, json_array_size(members))))
        return;
    r->model->library = bpnn__scope_copy(&s, "library");
    r->model->arithmetic = bpnn__scope_size(&s, "arithmetic", UINT32_MAX);
    r->model->schema.task = (bpnn_task)bpnn__scope_word(&s, "task", find_task);
    read_network(r, &s);
    read_columns(r, &s);
    if (members)
        bpnn__restore_members(r, whole, members);
    bpnn__restore_training(r, &s);
    if (r->run)
        read_run(r, &s);
    bpnn__scope_close(&s);
    check_whole(r);
}

/* Canonical: describing the model again gives the very same text. */
static void check_same(bpnn__restoring *r)
{
    char *text;
    size_t size;
    if (r->source.status != BPNN_OK)
        return;
    bpnn__model_link(r->model);
    r->source.status = bpnn__describe(r->model, false, &text, &size, r->source.error);
    if (r->source.status == BPNN_OK && strcmp(text, r->container->metadata) != 0)
        bpnn__refuse(&r->source, "not written in the one form of the format:", "bpnn");
    bpnn__free(text);
}

bpnn_status bpnn__restore(bpnn_model *model, bpnn__run_notes *run, const bpnn__container *container, const char *file,
                          bpnn_error *error)
{
    bpnn__restoring r = {.model = model, .run = run, .container = container, .source = {.file = file, .error = error}};
    model->run = run;
    json_error_t json_error;
    json_t *root = json_loads(container->metadata, JSON_REJECT_DUPLICATES, &json_error);
    if (root)
        read_root(&r, root);
    else if (json_error_code(&json_error) == json_error_out_of_memory)
        bpnn__refuse_memory(&r.source);
    else
        bpnn__refuse(&r.source, "this is not JSON:", "bpnn");
    json_decref(root);
    check_same(&r);
    return r.source.status;
}
