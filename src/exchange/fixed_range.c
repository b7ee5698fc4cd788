/* What a network's inputs and sums come to on a table. The layers are run one by one as networks of their own, in double. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/fixed.h"
#include "net/net.h"

#include <math.h>

enum { BLOCK = 1024 };

/* A network of one layer in double, without parameters. */
static bpnn_status make_layer(bpnn_net **net, size_t in, size_t out, bpnn_activation activation, bpnn_bias bias,
                              bpnn_error *error)
{
    bpnn_layer layer = {.size = out, .activation = activation, .bias = bias};
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = in;
    o.layer_count = 1;
    o.layers = &layer;
    o.precision = BPNN_DOUBLE;
    o.loss.kind = BPNN_LOSS_MSE;
    return bpnn_net_new(net, &o, error);
}

/* The outputs of a network for `count` rows. */
static bpnn_status run_net(const bpnn_net *net, const double *x, size_t count, double *y, bpnn_error *error)
{
    bpnn_predictor *predictor;
    bpnn_status status = bpnn_predictor_new(&predictor, net, NULL, error);
    if (status != BPNN_OK)
        return status;
    size_t size = bpnn_predictor_workspace(predictor, count);
    void *workspace = bpnn__alloc(size, 1);
    status = workspace ? bpnn_predictor_run(predictor, bpnn_matrix_make(x, BPNN_F64, count, net->inputs), y, BPNN_F64,
                                            workspace, size, error)
                       : bpnn__fail_memory(error);
    bpnn__free(workspace);
    bpnn_predictor_free(predictor);
    return status;
}

bpnn_status bpnn__activate(const bpnn_activation *activation, const double *e, size_t count, double *y,
                           bpnn_error *error)
{
    bpnn_net *net;
    bpnn_status status = make_layer(&net, 1, 1, *activation, BPNN_BIAS_NONE, error);
    if (status != BPNN_OK)
        return status;
    bpnn__net_put(net, net->weight_offset[1], 1);
    status = run_net(net, e, count, y, error);
    bpnn_net_free(net);
    return status;
}

/* e of layer m for `count` rows of its inputs. */
static bpnn_status run_sums(const bpnn_net *net, size_t m, const double *x, size_t count, double *e, bpnn_error *error)
{
    bpnn_net *layer;
    size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    bpnn_activation identity = {.kind = BPNN_ACT_IDENTITY};
    bpnn_status status = make_layer(&layer, in, out, identity, net->layers[m - 1].bias, error);
    if (status != BPNN_OK)
        return status;
    for (size_t i = 0; i < layer->parameter_count; i++)
        bpnn__net_put(layer, i, bpnn__net_get(net, net->weight_offset[m] + i));
    status = run_net(layer, x, count, e, error);
    bpnn_net_free(layer);
    return status;
}

static void widen(double *low, double *high, double x)
{
    *low = x < *low ? x : *low;
    *high = x > *high ? x : *high;
}

/* One block of encoded rows through all layers; x, e: room for BLOCK rows of the widest layer. */
static bpnn_status look_at_block(bpnn__ranges *ranges, const bpnn_net *net, double *x, double *e, size_t count,
                                 bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < count * net->inputs; i++)
        widen(&ranges->low[i % net->inputs], &ranges->high[i % net->inputs], x[i]);
    for (size_t m = 1; m <= net->depth && status == BPNN_OK; m++) {
        size_t numbers = count * bpnn__net_size(net, m);
        status = run_sums(net, m, x, count, e, error);
        for (size_t i = 0; i < numbers && status == BPNN_OK; i++) {
            if (!isfinite(e[i]))
                return bpnn__fail(error, BPNN_USAGE, "layer %zu leaves the finite numbers on this table", m);
            widen(&ranges->e_low[m - 1], &ranges->e_high[m - 1], e[i]);
        }
        if (status == BPNN_OK && m < net->depth)
            status = bpnn__activate(&net->layers[m - 1].activation, e, numbers, x, error);
    }
    return status;
}

static bpnn_status look(bpnn__ranges *ranges, const bpnn_model *model, const bpnn_table *table,
                        const bpnn__mapping *mapping, bpnn_error *error)
{
    const bpnn_net *net = model->net;
    size_t rows = bpnn_table_rows(table), numbers = 0;
    bool fits = bpnn__mul(BLOCK, bpnn__net_widest(net), &numbers);
    double *x = fits ? bpnn__alloc(numbers, sizeof *x) : NULL, *e = fits ? bpnn__alloc(numbers, sizeof *e) : NULL;
    bpnn_status status = x && e ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t first = 0; first < rows && status == BPNN_OK; first += BLOCK) {
        size_t count = rows - first < BLOCK ? rows - first : BLOCK;
        status = bpnn__schema_encode(&model->schema, table, mapping, NULL, first, count, BPNN_F64, x, NULL, error);
        if (status == BPNN_OK)
            status = look_at_block(ranges, net, x, e, count, error);
    }
    bpnn__free(e);
    bpnn__free(x);
    return status;
}

bpnn_status bpnn__ranges_find(bpnn__ranges *ranges, const bpnn_model *model, const bpnn_table *table, bpnn_error *error)
{
    size_t width = model->net->inputs, depth = model->net->depth;
    bpnn__mapping mapping = {0};
    double **const lists[] = {&ranges->low, &ranges->high, &ranges->e_low, &ranges->e_high};
    bool made = true;
    for (size_t k = 0; k < 4; k++) {
        size_t count = k < 2 ? width : depth;
        *lists[k] = bpnn__alloc(count, sizeof **lists[k]);
        made = made && *lists[k];
        for (size_t i = 0; *lists[k] && i < count; i++)
            (*lists[k])[i] = k % 2 ? -HUGE_VAL : HUGE_VAL;
    }
    bpnn_status status = made ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK && bpnn_table_rows(table) == 0)
        status = bpnn__fail(error, BPNN_DATA, "the table has no rows to find the ranges on");
    if (status == BPNN_OK)
        status = bpnn__schema_map(&model->schema, table, false, &mapping, error);
    if (status == BPNN_OK)
        status = look(ranges, model, table, &mapping, error);
    bpnn__mapping_free(&mapping);
    return status;
}

void bpnn__ranges_free(bpnn__ranges *ranges)
{
    bpnn__free(ranges->low);
    bpnn__free(ranges->high);
    bpnn__free(ranges->e_low);
    bpnn__free(ranges->e_high);
}
