/* JSON: the description that stands in the model file, and every number. Numbers are the shortest that read back the
 * same: a reader in double gets all parameters bit for bit. */
#include "base/json.h"
#include "base/memory.h"
#include "exchange/exchange.h"
#include "net/net.h"

static void put_numbers(bpnn__json *json, const char *key, const double *numbers, size_t count)
{
    bpnn__json_key(json, key);
    bpnn__json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        bpnn__json_double(json, numbers[i]);
    bpnn__json_close(json, ']');
}

static void put_parameter(bpnn__json *json, const bpnn_net *net, double value)
{
    if (net->precision == BPNN_SINGLE)
        bpnn__json_float(json, (float)value);
    else
        bpnn__json_double(json, value);
}

/* {"weight": [[row of one input] ..], "bias": [..]}; a shared bias is one number, none is [] */
static void put_layer(bpnn__json *json, const bpnn_net *net, size_t m)
{
    size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    bpnn_bias mode = net->layers[m - 1].bias;
    size_t biases = mode == BPNN_BIAS_NEURON ? out : mode == BPNN_BIAS_SHARED;
    bpnn__json_open(json, '{');
    bpnn__json_key(json, "weight");
    bpnn__json_open(json, '[');
    for (size_t j = 0; j < in; j++) {
        bpnn__json_open(json, '[');
        for (size_t i = 0; i < out; i++)
            put_parameter(json, net, bpnn__weight_of(net, m, j, i));
        bpnn__json_close(json, ']');
    }
    bpnn__json_close(json, ']');
    bpnn__json_key(json, "bias");
    bpnn__json_open(json, '[');
    for (size_t i = 0; i < biases; i++)
        put_parameter(json, net, bpnn__bias_of(net, m, i));
    bpnn__json_close(json, ']');
    bpnn__json_close(json, '}');
}

static void put_fill(bpnn__json *json, const bpnn__schema *schema)
{
    bpnn__json_key(json, "input_fill");
    bpnn__json_open(json, '[');
    for (size_t f = 0; f < schema->feature_count; f++)
        bpnn__json_double(json, schema->features[f].categorical ? 0 : schema->features[f].fill);
    bpnn__json_close(json, ']');
}

static void put_member(bpnn__json *json, const bpnn_model *member)
{
    const bpnn__schema *schema = &member->schema;
    bpnn__json_open(json, '{');
    put_fill(json, schema);
    put_numbers(json, "input_mean", schema->mean, schema->width);
    put_numbers(json, "input_scale", schema->scale, schema->width);
    if (schema->task == BPNN_TASK_REGRESSION) {
        put_numbers(json, "target_mean", schema->target_mean, schema->target_count);
        put_numbers(json, "target_scale", schema->target_scale, schema->target_count);
    }
    bpnn__json_key(json, "layers");
    bpnn__json_open(json, '[');
    for (size_t m = 1; m <= member->net->depth; m++)
        put_layer(json, member->net, m);
    bpnn__json_close(json, ']');
    bpnn__json_close(json, '}');
}

bpnn_status bpnn__export_json(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error)
{
    bpnn__json json = {0};
    char *description;
    size_t length;
    (void)options;
    bpnn_status status = bpnn__describe(model, false, &description, &length, error);
    if (status != BPNN_OK)
        return status;
    bpnn__json_open(&json, '{');
    bpnn__json_key(&json, "bpnn");
    bpnn__json_raw(&json, description);
    bpnn__json_key(&json, "members");
    bpnn__json_open(&json, '[');
    for (size_t k = 0; k < bpnn_model_members(model); k++)
        put_member(&json, bpnn_model_member(model, k));
    bpnn__json_close(&json, ']');
    bpnn__json_close(&json, '}');
    bpnn__text_add(&json.text, "\n");
    bpnn__free(description);
    *buffer = json.text;
    return BPNN_OK;
}
