/* Fitting a schema on the plan's training rows: levels, fills, scalers. */
#include "table/schema.h"
#include "base/error.h"
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void free_texts(char **texts, size_t count)
{
    bpnn__labels_free(texts, count);
}

void bpnn__schema_free(bpnn__schema *s)
{
    for (size_t f = 0; s->features && f < s->feature_count; f++) {
        bpnn__free(s->features[f].name);
        free_texts(s->features[f].levels, s->features[f].level_count);
    }
    bpnn__free(s->features);
    bpnn__free(s->mean);
    bpnn__free(s->scale);
    free_texts(s->targets, s->target_count);
    bpnn__free(s->target_mean);
    bpnn__free(s->target_scale);
    free_texts(s->classes, s->class_count);
    memset(s, 0, sizeof *s);
}

size_t bpnn__schema_outputs(const bpnn__schema *s)
{
    return s->task == BPNN_TASK_REGRESSION ? s->target_count : s->task == BPNN_TASK_BINARY ? 1 : s->class_count;
}

/* ---- statistics of a column over the training rows, missing cells left out ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Quantile of sorted numbers, linear between neighbours. */
static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1), low = floor(at);
    size_t i = (size_t)low;
    return i + 1 < n ? sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static size_t known_only(double *x, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            x[kept++] = x[i];
    return kept;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : 0;
}

/* Population deviation, second pass. */
static double deviation_of(const double *x, size_t n, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return n ? sqrt(sum / (double)n) : 0;
}

/* Centre and width of n > 0 numbers; sorts them. */
static void find_scale(bpnn_scale kind, double *x, size_t n, double *centre, double *width)
{
    *centre = 0;
    *width = 1;
    if (kind == BPNN_SCALE_NONE || n == 0)
        return;
    if (kind == BPNN_SCALE_STANDARD) {
        *centre = mean_of(x, n);
        *width = deviation_of(x, n, *centre);
    } else {
        qsort(x, n, sizeof *x, by_value);
        bool range = kind == BPNN_SCALE_MINMAX;
        *centre = range ? (x[0] + x[n - 1]) / 2 : quantile(x, n, 0.5);
        *width = range ? (x[n - 1] - x[0]) / 2 : quantile(x, n, 0.75) - quantile(x, n, 0.25);
    }
    /* a constant column has scale 1; what is left of rounding is no width */
    if (!(*width > 1e-14 * fabs(*centre)) || !isfinite(*width))
        *width = 1;
}

/* ---- features ---- */

static bpnn_status fit_categorical(bpnn__feature *f, const bpnn_table *table, size_t c, const bpnn__plan *plan,
                                   bpnn_error *error)
{
    bpnn_status status = bpnn__labels_of(table, c, plan->train, plan->train_count, &f->levels, &f->level_count, error);
    for (size_t i = 0; status == BPNN_OK && i < plan->train_count && !f->missing_level; i++) {
        double x;
        bpnn__table_numbers(table, c, &plan->train[i], 0, 1, &x);
        f->missing_level = isnan(x) != 0;
    }
    f->width = f->level_count + f->missing_level;
    return status;
}

static bpnn_status fit_numeric(bpnn__feature *f, const bpnn_table *table, size_t c, const bpnn__plan *plan,
                               const bpnn_fit_options *options, bpnn_error *error)
{
    size_t n = plan->train_count;
    double *x = bpnn__alloc(n, sizeof *x);
    if (!x)
        return bpnn__fail_memory(error);
    bpnn__table_values(table, c, plan->train, 0, n, x);
    size_t known = known_only(x, n);
    bpnn_status status = BPNN_OK;
    if (known < n && options->missing == BPNN_MISSING_ERROR)
        status = bpnn__fail_at(error, BPNN_DATA, table->source, 0, c + 1,
                               "column '%s' has %zu missing cells (--missing median fills them)", f->name, n - known);
    f->indicator = known < n && options->missing_indicator;
    if (known > 0 && options->missing == BPNN_MISSING_MEAN) {
        f->fill = mean_of(x, known);
    } else if (known > 0) {
        qsort(x, known, sizeof *x, by_value);
        f->fill = quantile(x, known, 0.5);
    }
    f->width = 1 + f->indicator;
    bpnn__free(x);
    return status;
}

static bpnn_status fit_features(bpnn__schema *s, const bpnn_table *table, const bpnn__plan *plan,
                                const bpnn_fit_options *options, bpnn_error *error)
{
    s->features = bpnn__alloc(plan->feature_count, sizeof *s->features);
    if (!s->features)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < plan->feature_count; i++) {
        bpnn__feature *f = &s->features[i];
        size_t c = plan->features[i];
        s->feature_count = i + 1;
        f->name = bpnn__copy_text(table->columns[c].name);
        f->categorical = plan->categorical[i];
        if (!f->name)
            return bpnn__fail_memory(error);
        bpnn_status status =
            f->categorical ? fit_categorical(f, table, c, plan, error) : fit_numeric(f, table, c, plan, options, error);
        if (status != BPNN_OK)
            return status;
        f->first = s->width;
        s->width += f->width;
    }
    return BPNN_OK;
}

static bpnn_status fit_scales(bpnn__schema *s, const bpnn_table *table, const bpnn__plan *plan, bpnn_error *error)
{
    size_t n = plan->train_count;
    s->mean = bpnn__alloc(s->width, sizeof *s->mean);
    s->scale = bpnn__alloc(s->width, sizeof *s->scale);
    double *x = bpnn__alloc(n, sizeof *x);
    bool good = s->mean && s->scale && x;
    for (size_t k = 0; good && k < s->width; k++)
        s->scale[k] = 1;
    for (size_t i = 0; good && i < s->feature_count; i++) {
        const bpnn__feature *f = &s->features[i];
        if (f->categorical)
            continue;
        bpnn__table_values(table, plan->features[i], plan->train, 0, n, x);
        for (size_t r = 0; r < n; r++)
            x[r] = isnan(x[r]) ? f->fill : x[r];
        find_scale(s->input_scaling, x, n, &s->mean[f->first], &s->scale[f->first]);
    }
    bpnn__free(x);
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

/* ---- targets ---- */

static bool scales_targets(bpnn_loss_kind loss, bpnn_activation_kind output)
{
    switch (loss) {
    case BPNN_LOSS_MSE:
    case BPNN_LOSS_HALF_MSE:
    case BPNN_LOSS_MAE:
    case BPNN_LOSS_HUBER:
    case BPNN_LOSS_LOG_COSH:
    case BPNN_LOSS_QUANTILE:
        return output == BPNN_ACT_IDENTITY;
    default:
        return false;
    }
}

static bpnn_status fit_targets(bpnn__schema *s, const bpnn_table *table, const bpnn__plan *plan, bpnn_error *error)
{
    size_t n = plan->train_count;
    s->targets = bpnn__alloc(plan->target_count, sizeof *s->targets);
    s->target_mean = bpnn__alloc(plan->target_count, sizeof *s->target_mean);
    s->target_scale = bpnn__alloc(plan->target_count, sizeof *s->target_scale);
    double *x = bpnn__alloc(n, sizeof *x);
    bool good = s->targets && s->target_mean && s->target_scale && x;
    for (size_t k = 0; good && k < plan->target_count; k++) {
        size_t c = plan->targets[k];
        s->targets[k] = bpnn__copy_text(table->columns[c].name);
        good = s->targets[k] != NULL;
        s->target_count = k + 1;
        s->target_scale[k] = 1;
        if (!good || s->task != BPNN_TASK_REGRESSION)
            continue;
        bpnn__table_values(table, c, plan->train, 0, n, x);
        find_scale(s->target_scaling, x, known_only(x, n), &s->target_mean[k], &s->target_scale[k]);
    }
    bpnn__free(x);
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

static bpnn_status copy_classes(bpnn__schema *s, const bpnn__plan *plan, bpnn_error *error)
{
    if (plan->class_count == 0)
        return BPNN_OK;
    s->classes = bpnn__alloc(plan->class_count, sizeof *s->classes);
    for (size_t k = 0; s->classes && k < plan->class_count; k++) {
        s->class_count = k + 1;
        s->classes[k] = bpnn__copy_text(plan->classes[k]);
        if (!s->classes[k])
            return bpnn__fail_memory(error);
    }
    return s->classes ? BPNN_OK : bpnn__fail_memory(error);
}

bpnn_status bpnn__schema_fit(bpnn__schema *s, const bpnn_table *table, const bpnn__plan *plan,
                             const bpnn_fit_options *options, bpnn_loss_kind loss, bpnn_activation_kind output,
                             bpnn__notes *notes, bpnn_error *error)
{
    (void)notes;
    memset(s, 0, sizeof *s);
    s->task = plan->task;
    s->positive = plan->positive;
    s->missing = options->missing;
    s->input_scaling = options->scale == BPNN_SCALE_AUTO ? BPNN_SCALE_STANDARD : options->scale;
    bool scaled = s->task == BPNN_TASK_REGRESSION && scales_targets(loss, output);
    s->target_scaling = options->target_scale != BPNN_SCALE_AUTO ? options->target_scale
                        : scaled                                 ? BPNN_SCALE_STANDARD
                                                                 : BPNN_SCALE_NONE;
    if (s->task != BPNN_TASK_REGRESSION)
        s->target_scaling = BPNN_SCALE_NONE;
    bpnn_status status = fit_features(s, table, plan, options, error);
    if (status == BPNN_OK)
        status = fit_scales(s, table, plan, error);
    if (status == BPNN_OK)
        status = fit_targets(s, table, plan, error);
    if (status == BPNN_OK)
        status = copy_classes(s, plan, error);
    if (status != BPNN_OK)
        bpnn__schema_free(s);
    return status;
}
