/* What the written file computes, step by step: its text stands in c_fixed.c. */
#include "exchange/fixed.h"
#include "exchange/formula.h"
#include "net/net.h"

static int32_t cut(int64_t x, int32_t least, int32_t most)
{
    return x < least ? least : x > most ? most : (int32_t)x;
}

static int32_t encode(const bpnn__fixed *f, size_t j, double x)
{
    if (f->flag[j])
        return x > 0 ? f->most : -f->most;
    x = x < -f->most ? -f->most : x > f->most ? f->most : x;
    return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

static void sums(const bpnn__fixed_layer *layer, const int32_t *x, int32_t *e)
{
    for (size_t i = 0; i < layer->out; i++) {
        int64_t sum = layer->bias[i];
        for (size_t j = 0; j < layer->in; j++)
            sum += (int64_t)layer->weight[i * layer->in + j] * x[j];
        sum = bpnn__rounded(sum, layer->drop) * layer->factor[i];
        e[i] = cut(bpnn__rounded(sum, layer->shift[i]), -layer->limit, layer->limit);
    }
}

/* place: from the table's first value on, FRACTION bits between two */
static int32_t look_up(const int32_t *table, int32_t place)
{
    const int32_t *at = table + (place >> BPNN__FIXED_FRACTION);
    int32_t part = place & ((1 << BPNN__FIXED_FRACTION) - 1);
    return at[0] + (int32_t)bpnn__rounded((int64_t)(at[1] - at[0]) * part, BPNN__FIXED_FRACTION);
}

static void activate(const bpnn__fixed *f, const bpnn__fixed_layer *layer, const int32_t *e, int32_t *q)
{
    int coarse = f->bits == 8 ? BPNN__FIXED_COARSE : 0;
    for (size_t i = 0; i < layer->out; i++) {
        int s = e[i] >= 0;
        if (layer->form == BPNN__FIXED_TABLE)
            q[i] = (int32_t)bpnn__rounded(look_up(layer->table, e[i] + layer->limit + 1), coarse);
        else
            q[i] =
                cut(bpnn__rounded((int64_t)e[i] * layer->a[s], layer->turn) + layer->b[s], layer->least, layer->most);
    }
}

static void finish_lines(const bpnn__fixed_layer *layer, const int32_t *e, double *y)
{
    const bpnn__lines *l = &layer->real;
    for (size_t i = 0; i < layer->out; i++) {
        double x = (double)e[i] * layer->step, line = l->a[e[i] >= 0] * x, v = line + l->b[e[i] >= 0];
        y[i] = v < l->least ? l->least : v > l->most ? l->most : v;
    }
}

static void finish_shares(const bpnn__fixed *f, const bpnn__fixed_layer *layer, const int32_t *e, double *y)
{
    int32_t most = e[0], last = (1 << (f->index + BPNN__FIXED_FRACTION)) - 1;
    int64_t sum = 0;
    for (size_t i = 1; i < layer->out; i++)
        most = e[i] > most ? e[i] : most;
    for (size_t i = 0; i < layer->out; i++) {
        int64_t place = bpnn__rounded(((int64_t)most - e[i]) * layer->share_factor, layer->share_shift);
        int32_t v = look_up(layer->table, cut(place, 0, last));
        sum += v;
        y[i] = (double)v;
    }
    for (size_t i = 0; i < layer->out; i++)
        y[i] = y[i] / (double)sum;
}

static void finish_table(const bpnn__fixed_layer *layer, const int32_t *e, double *y)
{
    for (size_t i = 0; i < layer->out; i++) {
        double v = (double)look_up(layer->table, e[i] + layer->limit + 1) * layer->out_step;
        y[i] = v + layer->out_centre;
    }
}

/* As bpnn__present, but that log_softmax has given shares here, not their logarithms. */
static void present(const bpnn__fixed *f, const double *y, double *values, size_t *label)
{
    size_t best = 0, count = bpnn__value_count(f->model);
    if (bpnn__output_of(f->model) != BPNN_ACT_LOG_SOFTMAX) {
        bpnn__present(f->model, y, values, label);
        return;
    }
    if (f->model->schema.task == BPNN_TASK_BINARY) {
        values[0] = 1 - y[0];
        values[1] = y[0];
        *label = y[0] >= 0.5;
        return;
    }
    for (size_t k = 0; k < count; k++) {
        values[k] = y[k];
        best = y[k] > y[best] ? k : best;
    }
    *label = best;
}

void bpnn__fixed_run(const bpnn__fixed *f, const double *encoded, int32_t *room, double *y, double *values,
                     size_t *label)
{
    int32_t *q = room, *e = room + bpnn__net_widest(f->model->net);
    const bpnn__fixed_layer *last = &f->layers[f->depth - 1];
    for (size_t j = 0; j < f->width; j++)
        q[j] = encode(f, j, encoded[j]);
    for (size_t m = 1; m < f->depth; m++) {
        sums(&f->layers[m - 1], q, e);
        activate(f, &f->layers[m - 1], e, q);
    }
    sums(last, q, e);
    if (last->form == BPNN__FIXED_TABLE)
        finish_table(last, e, y);
    else if (last->form == BPNN__FIXED_LINES)
        finish_lines(last, e, y);
    else
        finish_shares(f, last, e, y);
    present(f, y, values, label);
}
