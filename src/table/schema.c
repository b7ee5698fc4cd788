/* Fitting a schema on the plan's training rows: levels, fills, scalers. */
#include "table/schema.h"
#include "base/error.h"
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>

void bpnn__schema_free(bpnn__schema *s)
{
    for (size_t f = 0; s->features && f < s->feature_count; f++) {
        bpnn__free(s->features[f].name);
        bpnn__labels_free(s->features[f].levels, s->features[f].level_count);
    }
    bpnn__free(s->features);
    bpnn__free(s->mean);
    bpnn__free(s->scale);
    bpnn__labels_free(s->targets, s->target_count);
    bpnn__free(s->target_mean);
    bpnn__free(s->target_scale);
    bpnn__labels_free(s->classes, s->class_count);
    memset(s, 0, sizeof *s);
}

size_t bpnn__schema_outputs(const bpnn__schema *s)
{
    return s->task == BPNN_TASK_REGRESSION ? s->target_count : s->task == BPNN_TASK_BINARY ? 1 : s->class_count;
}

/* ---- features ---- */

typedef struct fitting {
    bpnn__schema *schema;
    const bpnn_table *table;
    const bpnn__plan *plan;
    const bpnn_fit_options *options;
    bpnn_error *error;
    double *cells;          /* of some columns at a time, training rows each */
    double *known;          /* of one */
    uint64_t *work;         /* as many */
    double *centre, *width; /* of every feature */
} fitting;

/* Columns read together: a row of a matrix comes to the cache once for all of them. */
enum { TOGETHER = 16, BLOCK = 256, CELLS = 1 << 22 };

static size_t together(const fitting *f)
{
    size_t n = f->plan->train_count, most = n < CELLS / TOGETHER ? TOGETHER : CELLS / n;
    return most > 0 ? most : 1;
}

static void read_columns(const fitting *f, size_t first, size_t count)
{
    size_t n = f->plan->train_count;
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t rows = n - at < BLOCK ? n - at : BLOCK;
        for (size_t k = 0; k < count; k++)
            if (!f->plan->categorical[first + k])
                bpnn__table_values(f->table, f->plan->features[first + k], f->plan->train + at, 0, rows,
                                   f->cells + k * n + at);
    }
}

static bool any_missing(const fitting *f, size_t c, const size_t *rows, size_t count)
{
    bool found = false;
    if (f->table->columns[c].missing == 0)
        return false;
    for (size_t i = 0; i < count && !found; i++) {
        double x;
        bpnn__table_numbers(f->table, c, &rows[i], 0, 1, &x);
        found = isnan(x) != 0;
    }
    return found;
}

static bpnn_status fit_categorical(const fitting *f, bpnn__feature *feature, size_t c)
{
    const bpnn__plan *plan = f->plan;
    const size_t *rows = plan->seen ? plan->seen : plan->train;
    size_t count = plan->seen ? plan->seen_count : plan->train_count;
    bpnn_status status = bpnn__labels_of(f->table, c, rows, count, &feature->levels, &feature->level_count, f->error);
    if (status == BPNN_OK)
        feature->missing_level = any_missing(f, c, rows, count);
    feature->width = feature->level_count + feature->missing_level;
    return status;
}

static bpnn_status refuse_missing(const fitting *f, const bpnn__feature *feature, size_t c, const double *x,
                                  size_t missing)
{
    size_t i = 0;
    while (!isnan(x[i]))
        i++;
    return bpnn__fail_at(f->error, BPNN_DATA, f->table->source, bpnn_table_line(f->table, f->plan->train[i]), c + 1,
                         "column '%s' has %zu missing cells (--missing median fills them)", feature->name, missing);
}

/* x: its cells, where missing ones are filled. */
static bpnn_status fit_numeric(const fitting *f, size_t index, double *x)
{
    bpnn__feature *feature = &f->schema->features[index];
    size_t n = f->plan->train_count, known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i]))
            f->known[known++] = x[i];
    if (known < n && f->options->missing == BPNN_MISSING_ERROR)
        return refuse_missing(f, feature, f->plan->features[index], x, n - known);
    bool missing = known < n || any_missing(f, f->plan->features[index], f->plan->seen, f->plan->seen_count);
    feature->indicator = missing && f->options->missing_indicator;
    feature->width = 1 + feature->indicator;
    feature->fill = f->options->missing == BPNN_MISSING_MEAN ? bpnn__mean(f->known, known)
                                                             : bpnn__quantile(f->known, known, 0.5, f->work);
    for (size_t i = 0; known < n && i < n; i++)
        x[i] = isnan(x[i]) ? feature->fill : x[i];
    bpnn__find_scale(f->schema->input_scaling, x, n, f->work, &f->centre[index], &f->width[index]);
    return BPNN_OK;
}

static bpnn_status fit_columns(const fitting *f, size_t first, size_t count)
{
    bpnn__schema *s = f->schema;
    bpnn_status status = BPNN_OK;
    for (size_t k = 0; k < count && status == BPNN_OK; k++) {
        bpnn__feature *feature = &s->features[first + k];
        size_t c = f->plan->features[first + k];
        s->feature_count = first + k + 1;
        feature->name = bpnn__copy_text(f->table->columns[c].name);
        feature->categorical = f->plan->categorical[first + k];
        if (!feature->name)
            return bpnn__fail_memory(f->error);
        status = feature->categorical ? fit_categorical(f, feature, c)
                                      : fit_numeric(f, first + k, f->cells + k * f->plan->train_count);
        feature->first = s->width;
        s->width += feature->width;
    }
    return status;
}

/* One width for all numbers: the root of their mean variance. */
static void pool_widths(const fitting *f)
{
    const bpnn__schema *s = f->schema;
    size_t count = 0;
    double sum = 0;
    for (size_t i = 0; i < s->feature_count; i++)
        if (!s->features[i].categorical) {
            sum += f->width[i] * f->width[i];
            count++;
        }
    double pooled = count ? sqrt(sum / (double)count) : 1;
    for (size_t i = 0; i < s->feature_count; i++)
        f->width[i] = pooled > 0 && isfinite(pooled) ? pooled : 1;
}

static bpnn_status spread_scales(const fitting *f)
{
    bpnn__schema *s = f->schema;
    s->mean = bpnn__alloc(s->width, sizeof *s->mean);
    s->scale = bpnn__alloc(s->width, sizeof *s->scale);
    if (!s->mean || !s->scale)
        return bpnn__fail_memory(f->error);
    for (size_t k = 0; k < s->width; k++)
        s->scale[k] = 1;
    if (s->input_scaling == BPNN_SCALE_POOLED)
        pool_widths(f);
    for (size_t i = 0; i < s->feature_count; i++)
        if (!s->features[i].categorical) {
            s->mean[s->features[i].first] = f->centre[i];
            s->scale[s->features[i].first] = f->width[i];
        }
    return BPNN_OK;
}

static bpnn_status fit_features(const fitting *f)
{
    size_t all = f->plan->feature_count, most = together(f);
    f->schema->features = bpnn__alloc(all, sizeof *f->schema->features);
    if (!f->schema->features)
        return bpnn__fail_memory(f->error);
    bpnn_status status = BPNN_OK;
    for (size_t first = 0; first < all && status == BPNN_OK; first += most) {
        size_t count = all - first < most ? all - first : most;
        read_columns(f, first, count);
        status = fit_columns(f, first, count);
    }
    return status == BPNN_OK ? spread_scales(f) : status;
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

static bpnn_status fit_targets(const fitting *f)
{
    bpnn__schema *s = f->schema;
    const bpnn__plan *plan = f->plan;
    s->targets = bpnn__alloc(plan->target_count, sizeof *s->targets);
    s->target_mean = bpnn__alloc(plan->target_count, sizeof *s->target_mean);
    s->target_scale = bpnn__alloc(plan->target_count, sizeof *s->target_scale);
    if (!s->targets || !s->target_mean || !s->target_scale)
        return bpnn__fail_memory(f->error);
    for (size_t k = 0; k < plan->target_count; k++) {
        size_t c = plan->targets[k], known = 0;
        s->targets[k] = bpnn__copy_text(f->table->columns[c].name);
        s->target_count = k + 1;
        s->target_scale[k] = 1;
        if (!s->targets[k])
            return bpnn__fail_memory(f->error);
        if (s->task != BPNN_TASK_REGRESSION)
            continue;
        bpnn__table_values(f->table, c, plan->train, 0, plan->train_count, f->cells);
        for (size_t i = 0; i < plan->train_count; i++)
            if (!isnan(f->cells[i]))
                f->known[known++] = f->cells[i];
        bpnn__find_scale(s->target_scaling, f->known, known, f->work, &s->target_mean[k], &s->target_scale[k]);
    }
    return BPNN_OK;
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

/* Pixels have one unit, and one that is nearly always dark must not become the loudest: their deviation is pooled. */
static bpnn_scale standard_scaling(const bpnn_table *table)
{
    const char *format = table->dialect.format;
    return format && strcmp(format, "idx") == 0 ? BPNN_SCALE_POOLED : BPNN_SCALE_STANDARD;
}

static void choose_scaling(bpnn__schema *s, const bpnn_table *table, const bpnn_fit_options *options,
                           bpnn_loss_kind loss, bpnn_activation_kind output)
{
    s->input_scaling = options->scale == BPNN_SCALE_AUTO ? standard_scaling(table) : options->scale;
    s->target_scaling = options->target_scale;
    if (s->task != BPNN_TASK_REGRESSION)
        s->target_scaling = BPNN_SCALE_NONE;
    else if (options->target_scale == BPNN_SCALE_AUTO)
        s->target_scaling = scales_targets(loss, output) ? BPNN_SCALE_STANDARD : BPNN_SCALE_NONE;
}

static bool make_room(fitting *f)
{
    size_t n = f->plan->train_count, features = f->plan->feature_count, cells;
    f->cells = bpnn__mul(n, together(f), &cells) ? bpnn__alloc(cells ? cells : 1, sizeof *f->cells) : NULL;
    f->known = bpnn__alloc(n ? n : 1, sizeof *f->known);
    f->work = bpnn__alloc(n ? n : 1, sizeof *f->work);
    f->centre = bpnn__alloc(features, sizeof *f->centre);
    f->width = bpnn__alloc(features, sizeof *f->width);
    return f->cells && f->known && f->work && f->centre && f->width;
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
    choose_scaling(s, table, options, loss, output);
    fitting f = {.schema = s, .table = table, .plan = plan, .options = options, .error = error};
    bpnn_status status = make_room(&f) ? fit_features(&f) : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = fit_targets(&f);
    if (status == BPNN_OK)
        status = copy_classes(s, plan, error);
    bpnn__free(f.cells);
    bpnn__free(f.known);
    bpnn__free(f.work);
    bpnn__free(f.centre);
    bpnn__free(f.width);
    if (status != BPNN_OK)
        bpnn__schema_free(s);
    return status;
}
