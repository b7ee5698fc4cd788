/* What the network's outputs mean: values in the target's unit, probabilities, labels. */
#include "base/memory.h"
#include "kernel/scalar.h"
#include "model/model.h"
#include "net/net.h"

#include <math.h>

/* NaN stays NaN. */
static double clip01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static bool is_hinge(const bpnn_model *model)
{
    return model->net->loss.kind == BPNN_LOSS_HINGE;
}

static bool is_log(const bpnn_model *model)
{
    return model->net->layers[model->net->depth - 1].activation.kind == BPNN_ACT_LOG_SOFTMAX;
}

/* One output as a share of certainty: sigmoid and softmax as they are, log_softmax by exp, the hinge's score in
 * -1 .. 1 as (1 + y) / 2, anything else cut to 0 .. 1. */
static double share_of(const bpnn_model *model, double y)
{
    return is_log(model) ? bpnn__exp(y) : clip01(is_hinge(model) ? (1 + y) / 2 : y);
}

double bpnn__score(const bpnn_model *model, const double *y)
{
    return model->schema.positive == 1 ? y[0] : -y[0];
}

size_t bpnn__value_count(const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    return s->task == BPNN_TASK_REGRESSION ? s->target_count : s->class_count;
}

static void present_targets(const bpnn_model *model, const double *y, double *values)
{
    const bpnn__schema *s = &model->schema;
    for (size_t i = 0; i < s->target_count; i++)
        values[i] = y[i] * s->target_scale[i] + s->target_mean[i];
}

static size_t present_binary(const bpnn_model *model, const double *y, double *values)
{
    double p = share_of(model, y[0]);
    values[0] = 1 - p;
    values[1] = p;
    return p >= 0.5;
}

/* Shares divided by their sum where they are no distribution already; the first of the largest outputs wins. */
static size_t present_classes(const bpnn_model *model, const double *y, double *values)
{
    size_t best = 0, classes = model->schema.class_count;
    bpnn_activation_kind kind = model->net->layers[model->net->depth - 1].activation.kind;
    double sum = 0;
    for (size_t k = 0; k < classes; k++) {
        values[k] = share_of(model, y[k]);
        sum += values[k];
        if (y[k] > y[best])
            best = k;
    }
    if (kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX)
        return best;
    for (size_t k = 0; k < classes; k++)
        values[k] = sum > 0 ? values[k] / sum : isnan(sum) ? sum : 1 / (double)classes;
    return best;
}

void bpnn__present(const bpnn_model *model, const double *y, double *values, size_t *label)
{
    size_t found = 0;
    if (model->schema.task == BPNN_TASK_REGRESSION)
        present_targets(model, y, values);
    else if (model->schema.task == BPNN_TASK_BINARY)
        found = present_binary(model, y, values);
    else
        found = present_classes(model, y, values);
    if (label)
        *label = found;
}

void bpnn__average(const bpnn_model *model, size_t count, double *values, size_t *label)
{
    size_t all = bpnn__value_count(model), best = 0;
    for (size_t i = 0; i < all; i++) {
        values[i] /= (double)count;
        if (values[i] > values[best])
            best = i;
    }
    if (label && model->schema.task == BPNN_TASK_BINARY)
        *label = values[1] >= 0.5;
    else if (label)
        *label = best;
}

bool bpnn__one_hot_targets(const bpnn_model *model)
{
    bpnn_loss_kind loss = model->net->loss.kind;
    return model->schema.task == BPNN_TASK_MULTICLASS && loss != BPNN_LOSS_CROSSENTROPY && loss != BPNN_LOSS_FOCAL;
}

void bpnn__one_hot(bpnn_dtype dtype, const void *index, size_t count, size_t classes, double off, void *out)
{
    for (size_t r = 0; r < count; r++) {
        double k = dtype == BPNN_F32 ? (double)((const float *)index)[r] : ((const double *)index)[r];
        for (size_t c = 0; c < classes; c++) {
            double t = isnan(k) ? k : k == (double)c ? 1 : off;
            if (dtype == BPNN_F32)
                ((float *)out)[r * classes + c] = (float)t;
            else
                ((double *)out)[r * classes + c] = t;
        }
    }
}
