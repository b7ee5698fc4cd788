/* The weights as PyTorch names and turns them: a Sequential of Linear (0, 2, 4 ..) and activations (1, 3 ..), weight
 * [out, in]; the description and the scaling are texts of __metadata__. */
#include "base/error.h"
#include "base/json.h"
#include "base/little.h"
#include "base/memory.h"
#include "exchange/plain.h"
#include "net/net.h"

#include <string.h>

static size_t number_size(const bpnn_net *net)
{
    return net->precision == BPNN_SINGLE ? sizeof(float) : sizeof(double);
}

/* Numbers of layer m in the file: weights, then biases. */
static size_t weights_of(const bpnn_net *net, size_t m)
{
    return bpnn__net_size(net, m - 1) * bpnn__net_size(net, m);
}

static size_t biases_of(const bpnn_net *net, size_t m)
{
    return net->layers[m - 1].bias == BPNN_BIAS_NONE ? 0 : bpnn__net_size(net, m);
}

static void put_tensor(bpnn__json *json, const bpnn_net *net, size_t m, const char *what, size_t rows, size_t cols,
                       size_t *at)
{
    bpnn__text name = {0};
    size_t size = rows * (cols ? cols : 1) * number_size(net);
    bpnn__text_add_u64(&name, 2 * (m - 1));
    bpnn__text_add(&name, what);
    json->text.failed |= name.failed;
    bpnn__json_key(json, name.failed ? "" : name.data);
    bpnn__text_free(&name);
    bpnn__json_open(json, '{');
    bpnn__json_key(json, "dtype");
    bpnn__json_string(json, net->precision == BPNN_SINGLE ? "F32" : "F64");
    bpnn__json_key(json, "shape");
    bpnn__json_open(json, '[');
    bpnn__json_u64(json, rows);
    if (cols)
        bpnn__json_u64(json, cols);
    bpnn__json_close(json, ']');
    bpnn__json_key(json, "data_offsets");
    bpnn__json_open(json, '[');
    bpnn__json_u64(json, *at);
    bpnn__json_u64(json, *at + size);
    bpnn__json_close(json, ']');
    bpnn__json_close(json, '}');
    *at += size;
}

/* {"input_mean": [..], ..}: a text, as all of __metadata__ is */
static void put_scaling(bpnn__json *json, const bpnn__schema *s)
{
    const struct {
        const char *name;
        const double *x;
        size_t count;
    } lists[] = {{"input_mean", s->mean, s->width},
                 {"input_scale", s->scale, s->width},
                 {"target_mean", s->target_mean, s->target_count},
                 {"target_scale", s->target_scale, s->target_count}};
    bpnn__json inner = {0};
    bpnn__json_open(&inner, '{');
    for (size_t k = 0; k < (s->task == BPNN_TASK_REGRESSION ? 4u : 2u); k++) {
        bpnn__json_key(&inner, lists[k].name);
        bpnn__json_open(&inner, '[');
        for (size_t i = 0; i < lists[k].count; i++)
            bpnn__json_double(&inner, lists[k].x[i]);
        bpnn__json_close(&inner, ']');
    }
    bpnn__json_close(&inner, '}');
    json->text.failed |= inner.text.failed;
    bpnn__json_key(json, "scaling");
    bpnn__json_string(json, inner.text.failed ? "" : inner.text.data);
    bpnn__text_free(&inner.text);
}

static void put_header(bpnn__json *json, const bpnn_model *model, const char *description)
{
    const bpnn_net *net = model->net;
    size_t at = 0;
    bpnn__json_open(json, '{');
    bpnn__json_key(json, "__metadata__");
    bpnn__json_open(json, '{');
    bpnn__json_key(json, "format");
    bpnn__json_string(json, "pt");
    bpnn__json_key(json, "bpnn");
    bpnn__json_string(json, description);
    put_scaling(json, &model->schema);
    bpnn__json_close(json, '}');
    for (size_t m = 1; m <= net->depth; m++) {
        put_tensor(json, net, m, ".weight", bpnn__net_size(net, m), bpnn__net_size(net, m - 1), &at);
        if (biases_of(net, m) > 0)
            put_tensor(json, net, m, ".bias", bpnn__net_size(net, m), 0, &at);
    }
    bpnn__json_close(json, '}');
    while (!json->text.failed && json->text.size % 8 != 0)
        bpnn__text_add(&json->text, " ");
}

static unsigned char *put_number(unsigned char *at, const bpnn_net *net, double x)
{
    float single = (float)x;
    size_t size = number_size(net);
    bpnn__little(at, size == sizeof single ? (const void *)&single : (const void *)&x, 1, size);
    return at + size;
}

static void put_numbers(unsigned char *at, const bpnn_net *net)
{
    for (size_t m = 1; m <= net->depth; m++) {
        size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
        for (size_t i = 0; i < out; i++)
            for (size_t j = 0; j < in; j++)
                at = put_number(at, net, bpnn__weight_of(net, m, j, i));
        for (size_t i = 0; i < biases_of(net, m); i++)
            at = put_number(at, net, bpnn__bias_of(net, m, i));
    }
}

/* Length, header, numbers in one piece of memory. */
static bpnn_status join(bpnn__text *buffer, const bpnn_net *net, const bpnn__text *header, bpnn_error *error)
{
    size_t numbers = 0;
    for (size_t m = 1; m <= net->depth; m++)
        numbers += (weights_of(net, m) + biases_of(net, m)) * number_size(net);
    size_t size = 8 + header->size + numbers;
    unsigned char *bytes = bpnn__alloc(size + 1, 1);
    if (!bytes)
        return bpnn__fail_memory(error);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)header->size >> 8 * i);
    memcpy(bytes + 8, header->data, header->size);
    put_numbers(bytes + 8 + header->size, net);
    *buffer = (bpnn__text){.data = (char *)bytes, .size = size, .capacity = size + 1};
    return BPNN_OK;
}

bpnn_status bpnn__export_safetensors(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                     bpnn_error *error)
{
    bpnn__json json = {0};
    char *description;
    size_t length;
    bpnn_status status = bpnn__check_plain(model, "safetensors", error);
    if (status == BPNN_OK)
        status = bpnn__describe(model, false, &description, &length, error);
    if (status != BPNN_OK)
        return status;
    bpnn__note_encoding(model, options, "safetensors");
    put_header(&json, model, description);
    bpnn__free(description);
    status = json.text.failed ? bpnn__fail_memory(error) : join(buffer, model->net, &json.text, error);
    bpnn__text_free(&json.text);
    return status;
}
