/* Imputation, one-hot and scaling as nodes; shares, labels and units as nodes. */
#include "exchange/onnx_encode.h"
#include "net/net.h"

#include <math.h>

static const char *cast(bpnn__onnx *g, const char *x, int type)
{
    const char *y = bpnn__onnx_node(g, "Cast", x, NULL, NULL);
    bpnn__onnx_int(g, "to", type);
    return y;
}

static const char *in_double(bpnn__onnx *g, const char *x)
{
    return g->single ? cast(g, x, ONNX_DOUBLE) : x;
}

static const char *in_precision(bpnn__onnx *g, const char *x)
{
    return g->single ? cast(g, x, ONNX_FLOAT) : x;
}

static const char *along(bpnn__onnx *g, const char *op, const char *a, const char *b, const char *c)
{
    const char *y = bpnn__onnx_node(g, op, a, b, c);
    bpnn__onnx_int(g, "axis", 1);
    return y;
}

/* Columns `index` of x. */
static const char *columns_of(bpnn__onnx *g, const char *x, const char *prefix, const char *name, const int64_t *index,
                              size_t count)
{
    const char *list = bpnn__onnx_tensor(g, prefix, name, ONNX_INT64, count, 0, index);
    return along(g, "Gather", x, list, NULL);
}

/* ---- inputs ---- */

/* The three kinds of encoded columns: what they are made of, and where they go. */
typedef struct encoded {
    size_t numbers, flags, levels;                       /* counts */
    int64_t *number_column, *flag_column, *level_column; /* raw columns */
    double *mean, *scale;                                /* of the numbers */
    double *level;                                       /* index that makes a 1 */
    int64_t *order;                                      /* place in [numbers, flags, levels] of every encoded column */
    double *fill;                                        /* of every raw column; NaN stays what has none */
    bool scaled;
} encoded;

static bool make_room(bpnn__onnx *g, const bpnn__schema *s, encoded *e)
{
    size_t width = s->width, count = s->feature_count;
    e->number_column = bpnn__onnx_keep(g, count, sizeof(int64_t));
    e->flag_column = bpnn__onnx_keep(g, count, sizeof(int64_t));
    e->level_column = bpnn__onnx_keep(g, width, sizeof(int64_t));
    e->mean = bpnn__onnx_keep(g, count, sizeof(double));
    e->scale = bpnn__onnx_keep(g, count, sizeof(double));
    e->level = bpnn__onnx_keep(g, width, sizeof(double));
    e->order = bpnn__onnx_keep(g, width, sizeof(int64_t));
    e->fill = bpnn__onnx_keep(g, count, sizeof(double));
    return !g->failed;
}

static void sort_number(const bpnn__schema *s, size_t i, encoded *e)
{
    const bpnn__feature *f = &s->features[i];
    size_t k = e->numbers++;
    e->fill[i] = s->missing == BPNN_MISSING_ERROR ? (double)NAN : f->fill;
    e->number_column[k] = (int64_t)i;
    e->mean[k] = s->mean[f->first];
    e->scale[k] = s->scale[f->first];
    e->scaled |= e->mean[k] != 0 || e->scale[k] != 1;
    e->order[f->first] = (int64_t)k;
    if (f->indicator) {
        e->order[f->first + 1] = (int64_t)e->flags;
        e->flag_column[e->flags++] = (int64_t)i;
    }
}

static void sort_levels(const bpnn__schema *s, size_t i, encoded *e)
{
    const bpnn__feature *f = &s->features[i];
    e->fill[i] = f->missing_level ? (double)f->level_count : -1;
    for (size_t k = 0; k < f->width; k++) {
        e->order[f->first + k] = (int64_t)e->levels;
        e->level_column[e->levels] = (int64_t)i;
        e->level[e->levels++] = (double)k;
    }
}

/* Fills the lists; order becomes places in the joined columns. */
static void sort_columns(const bpnn__schema *s, encoded *e)
{
    for (size_t i = 0; i < s->feature_count; i++)
        if (s->features[i].categorical)
            sort_levels(s, i, e);
        else
            sort_number(s, i, e);
    for (size_t i = 0; i < s->feature_count; i++) {
        const bpnn__feature *f = &s->features[i];
        for (size_t k = 0; k < f->width; k++)
            if (f->categorical)
                e->order[f->first + k] += (int64_t)(e->numbers + e->flags);
            else if (k == 1)
                e->order[f->first + k] += (int64_t)e->numbers;
    }
}

static const char *scale_numbers(bpnn__onnx *g, const encoded *e, const char *prefix, const char *x, size_t features)
{
    if (e->numbers < features)
        x = columns_of(g, x, prefix, "input.numbers", e->number_column, e->numbers);
    if (e->scaled) {
        const char *mean = bpnn__onnx_tensor(g, prefix, "input.mean", ONNX_DOUBLE, e->numbers, 0, e->mean);
        const char *scale = bpnn__onnx_tensor(g, prefix, "input.scale", ONNX_DOUBLE, e->numbers, 0, e->scale);
        x = bpnn__onnx_node(g, "Sub", x, mean, NULL);
        x = bpnn__onnx_node(g, "Div", x, scale, NULL);
    }
    return in_precision(g, x);
}

static const char *flags_of(bpnn__onnx *g, const encoded *e, const char *prefix, const char *missing)
{
    const char *flags = columns_of(g, missing, prefix, "input.flags", e->flag_column, e->flags);
    return cast(g, flags, bpnn__onnx_real(g));
}

static const char *one_hot(bpnn__onnx *g, const encoded *e, const char *prefix, const char *x)
{
    const char *wanted = bpnn__onnx_tensor(g, prefix, "input.level", ONNX_DOUBLE, e->levels, 0, e->level);
    const char *given = columns_of(g, x, prefix, "input.levels", e->level_column, e->levels);
    return cast(g, bpnn__onnx_node(g, "Equal", given, wanted, NULL), bpnn__onnx_real(g));
}

static bool in_order(const encoded *e, size_t width)
{
    for (size_t i = 0; i < width; i++)
        if (e->order[i] != (int64_t)i)
            return false;
    return true;
}

const char *bpnn__onnx_encode(bpnn__onnx *g, const bpnn__schema *s, const char *prefix, const char *raw)
{
    encoded e = {0};
    const char *parts[3] = {0};
    size_t count = 0;
    if (!make_room(g, s, &e))
        return NULL;
    sort_columns(s, &e);
    const char *fill = bpnn__onnx_tensor(g, prefix, "input.fill", ONNX_DOUBLE, s->feature_count, 0, e.fill);
    const char *wide = in_double(g, raw), *missing = bpnn__onnx_node(g, "IsNaN", wide, NULL, NULL);
    const char *x = bpnn__onnx_node(g, "Where", missing, fill, wide);
    if (e.numbers > 0)
        parts[count++] = scale_numbers(g, &e, prefix, x, s->feature_count);
    if (e.flags > 0)
        parts[count++] = flags_of(g, &e, prefix, missing);
    if (e.levels > 0)
        parts[count++] = one_hot(g, &e, prefix, x);
    const char *joined = count > 1 ? along(g, "Concat", parts[0], parts[1], parts[2]) : parts[0];
    return in_order(&e, s->width) ? joined : columns_of(g, joined, prefix, "input.order", e.order, s->width);
}

/* ---- outputs ---- */

static const char *with(bpnn__onnx *g, const char *op, const char *x, double number)
{
    return bpnn__onnx_node(g, op, x, bpnn__onnx_scalar(g, number), NULL);
}

static bpnn_activation_kind output_of(const bpnn_model *member)
{
    return member->net->layers[member->net->depth - 1].activation.kind;
}

static const char *targets_of(bpnn__onnx *g, const bpnn__schema *s, const char *prefix, const char *y)
{
    bool scaled = false;
    for (size_t i = 0; i < s->target_count; i++)
        scaled |= s->target_mean[i] != 0 || s->target_scale[i] != 1;
    if (!scaled)
        return y;
    const char *scale = bpnn__onnx_tensor(g, prefix, "target.scale", ONNX_DOUBLE, s->target_count, 0, s->target_scale);
    const char *mean = bpnn__onnx_tensor(g, prefix, "target.mean", ONNX_DOUBLE, s->target_count, 0, s->target_mean);
    const char *x = bpnn__onnx_node(g, "Mul", in_double(g, y), scale, NULL);
    return in_precision(g, bpnn__onnx_node(g, "Add", x, mean, NULL));
}

/* One output as a share of certainty: present.c. */
static const char *share_of(bpnn__onnx *g, const bpnn_model *member, const char *y)
{
    bpnn_activation_kind kind = output_of(member);
    if (kind == BPNN_ACT_LOG_SOFTMAX)
        return bpnn__onnx_node(g, "Exp", y, NULL, NULL);
    if (member->net->loss.kind == BPNN_LOSS_HINGE)
        y = with(g, "Mul", with(g, "Add", y, 1), 0.5);
    else if (kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_SIGMOID)
        return y;
    const char *least = bpnn__onnx_scalar(g, 0), *most = bpnn__onnx_scalar(g, 1);
    return bpnn__onnx_node(g, "Clip", y, least, most);
}

static const char *both_classes(bpnn__onnx *g, const char *share)
{
    const char *other = bpnn__onnx_node(g, "Sub", bpnn__onnx_scalar(g, 1), share, NULL);
    return along(g, "Concat", other, share, NULL);
}

/* Divided by their sum; equal shares where it is 0. */
static const char *distribution(bpnn__onnx *g, const char *shares, size_t classes)
{
    static const int64_t row[] = {1};
    const char *axis = bpnn__onnx_tensor(g, "", "row", ONNX_INT64, 1, 0, row);
    const char *sum = bpnn__onnx_node(g, "ReduceSum", shares, axis, NULL);
    bpnn__onnx_int(g, "keepdims", 1);
    const char *none = with(g, "Equal", sum, 0), *equal = bpnn__onnx_scalar(g, 1 / (double)classes);
    return bpnn__onnx_node(g, "Where", none, equal, bpnn__onnx_node(g, "Div", shares, sum, NULL));
}

const char *bpnn__onnx_values(bpnn__onnx *g, const bpnn_model *member, const char *prefix, const char *y)
{
    const bpnn__schema *s = &member->schema;
    bpnn_activation_kind kind = output_of(member);
    if (s->task == BPNN_TASK_REGRESSION)
        return targets_of(g, s, prefix, y);
    const char *share = share_of(g, member, y);
    if (s->task == BPNN_TASK_BINARY)
        return both_classes(g, share);
    return kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX ? share : distribution(g, share, s->class_count);
}

const char *bpnn__onnx_label(bpnn__onnx *g, const bpnn__schema *s, const char *x)
{
    static const int64_t first[] = {1};
    if (s->task == BPNN_TASK_MULTICLASS) {
        const char *label = along(g, "ArgMax", x, NULL, NULL);
        bpnn__onnx_int(g, "keepdims", 0);
        return label;
    }
    const char *index = bpnn__onnx_tensor(g, "", "positive", ONNX_INT64, 1, 0, first);
    const char *share = along(g, "Gather", x, index, NULL);
    const char *label = cast(g, with(g, "GreaterOrEqual", share, 0.5), ONNX_INT64);
    return bpnn__onnx_node(g, "Squeeze", label, index, NULL);
}
