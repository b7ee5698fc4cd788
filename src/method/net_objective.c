/* The objective of a network and its rows. */
#include "base/error.h"
#include "base/memory.h"
#include "method/objective.h"

#include <math.h>

struct bpnn__net_objective {
    bpnn__objective face;
    bpnn__engine *engine;
    bpnn__batch batch;
    double l2;
    bpnn__parameters *part;
    bool (*halted)(void *context);
    void *halt_context;
};

/* ---- F, g, A ---- */

double bpnn__net_objective_penalty(const bpnn__net_objective *o, const double *w)
{
    double sum = 0;
    for (size_t p = 0; o->l2 != 0 && p < o->face.part_count; p++) {
        double squares = 0;
        for (size_t i = 0; o->part[p].kind == BPNN__PART_WEIGHTS && i < o->part[p].count; i++)
            squares += w[o->part[p].first + i] * w[o->part[p].first + i];
        sum += squares;
    }
    return o->l2 / 2 * sum;
}

static double value(void *context, const double *w)
{
    bpnn__net_objective *o = context;
    double loss;
    bpnn__engine_load_doubles(o->engine, w);
    bpnn__engine_evaluate(o->engine, &o->batch, &loss, NULL);
    return loss + bpnn__net_objective_penalty(o, w);
}

static double value_gradient(void *context, const double *w, double *g)
{
    bpnn__net_objective *o = context;
    double loss;
    bpnn__engine_load_doubles(o->engine, w);
    bpnn__engine_gradient(o->engine, &o->batch, &loss, NULL);
    bpnn__engine_read_gradient(o->engine, g);
    for (size_t p = 0; o->l2 != 0 && p < o->face.part_count; p++)
        for (size_t i = 0; o->part[p].kind == BPNN__PART_WEIGHTS && i < o->part[p].count; i++)
            g[o->part[p].first + i] += o->l2 * w[o->part[p].first + i];
    return loss + bpnn__net_objective_penalty(o, w);
}

static double curvature(void *context, const double *w, double *g, bpnn__dense *a)
{
    bpnn__net_objective *o = context;
    double F = value_gradient(o, w, g);
    bpnn__engine_curvature(o->engine, &o->batch, a);
    for (size_t p = 0; o->l2 != 0 && p < o->face.part_count; p++)
        for (size_t i = 0; o->part[p].kind == BPNN__PART_WEIGHTS && i < o->part[p].count; i++)
            *bpnn__dense_at(a, o->part[p].first + i, o->part[p].first + i) += o->l2;
    return F;
}

static bool halted(void *context)
{
    const bpnn__net_objective *o = context;
    return o->halted && o->halted(o->halt_context);
}

/* ---- what F means ---- */

static bool is_known(const bpnn_matrix *m, size_t r, size_t k)
{
    size_t i = r * m->stride + k;
    return m->dtype == BPNN_F32 ? !isnan((double)((const float *)m->data)[i])
                                : m->dtype == BPNN_U8 || !isnan(((const double *)m->data)[i]);
}

static void weigh(bpnn__net_objective *o, const bpnn_net *net)
{
    const bpnn__batch *b = &o->batch;
    bool mean = net->reduction == BPNN_REDUCTION_MEAN;
    for (size_t r = 0; r < b->count; r++) {
        double weight = b->row_weights ? b->row_weights[r] * b->weight_scale : 1;
        o->face.total += weight;
        for (size_t k = 0; k < b->targets.cols; k++)
            o->face.observations += is_known(&b->targets, r, k) ? weight : 0;
    }
    bpnn_loss_kind kind = net->loss.kind;
    double half = kind == BPNN_LOSS_MSE ? 0.5 : 1;
    o->face.energy = half * (mean ? (double)b->count : 1);
    o->face.likelihood =
        kind == BPNN_LOSS_CROSSENTROPY || kind == BPNN_LOSS_BINARY_CROSSENTROPY || kind == BPNN_LOSS_POISSON;
}

static bool list_parts(bpnn__net_objective *o, const bpnn_net *net)
{
    o->part = bpnn__alloc(2 * net->depth, sizeof *o->part);
    if (!o->part)
        return false;
    for (size_t m = 1; m <= net->depth; m++) {
        size_t first = net->weight_offset[m], bias = net->bias_offset[m];
        size_t end = m < net->depth ? net->weight_offset[m + 1] : net->parameter_count;
        o->part[o->face.part_count++] = (bpnn__parameters){first, bias - first, BPNN__PART_WEIGHTS};
        if (end > bias)
            o->part[o->face.part_count++] =
                (bpnn__parameters){bias, end - bias, m < net->depth ? BPNN__PART_BIAS : BPNN__PART_OUTPUT_BIAS};
    }
    o->face.part = o->part;
    return true;
}

/* ---- making and freeing ---- */

bpnn_status bpnn__net_objective_new(bpnn__net_objective **out, const bpnn_net *net, const bpnn__batch *batch, double l2,
                                    bool with_curvature, size_t threads, const char *isa, bpnn_error *error)
{
    *out = NULL;
    bpnn__net_objective *o = bpnn__alloc(1, sizeof *o);
    if (!o)
        return bpnn__fail_memory(error);
    bpnn__engine_options options = {.max_rows = batch->count,
                                    .training = true,
                                    .store_gradient = true,
                                    .curvature = with_curvature,
                                    .threads = threads,
                                    .isa = isa};
    bpnn_status status = bpnn__engine_new(&o->engine, net, &options, error);
    if (status == BPNN_OK && !list_parts(o, net))
        status = bpnn__fail_memory(error);
    if (status != BPNN_OK) {
        bpnn__net_objective_free(o);
        return status;
    }
    o->batch = *batch;
    o->l2 = l2;
    o->face.size = net->parameter_count;
    o->face.context = o;
    o->face.value = value;
    o->face.value_gradient = value_gradient;
    o->face.curvature = with_curvature ? curvature : NULL;
    o->face.halted = halted;
    o->face.isa = isa;
    o->face.pool = bpnn__engine_pool(o->engine);
    weigh(o, net);
    *out = o;
    return BPNN_OK;
}

void bpnn__net_objective_free(bpnn__net_objective *o)
{
    if (!o)
        return;
    bpnn__engine_free(o->engine);
    bpnn__free(o->part);
    bpnn__free(o);
}

const bpnn__objective *bpnn__net_objective_face(const bpnn__net_objective *o)
{
    return &o->face;
}

bpnn__engine *bpnn__net_objective_engine(bpnn__net_objective *o)
{
    return o->engine;
}

void bpnn__net_objective_halt(bpnn__net_objective *o, bool (*halted_now)(void *context), void *context)
{
    o->halted = halted_now;
    o->halt_context = context;
}
