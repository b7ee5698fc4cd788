/* Weights of rows: a column's, times those that balance classes. */
#include "base/error.h"
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>

static bpnn_status bad_weight(const bpnn__plan *plan, const bpnn_table *table, size_t row, bpnn_error *error)
{
    char buffer[32];
    const char *cell = bpnn_table_text(table, row, plan->weight_column, buffer);
    return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), plan->weight_column + 1,
                         "the weight of a row is a number from 0 up, found '%s'", cell ? cell : "");
}

static bpnn_status sample_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                  double *weights, bpnn_error *error)
{
    size_t text;
    const char *cell;
    if (bpnn__table_first_text(table, plan->weight_column, &text, &cell))
        return bad_weight(plan, table, text, error);
    bpnn__table_values(table, plan->weight_column, rows, 0, count, weights);
    for (size_t i = 0; i < count; i++)
        if (!(weights[i] >= 0))
            return bad_weight(plan, table, rows[i], error);
    return BPNN_OK;
}

bpnn_status bpnn__plan_check_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                     bpnn_error *error)
{
    if (plan->weight_column == SIZE_MAX)
        return BPNN_OK;
    double *weights = bpnn__alloc(count ? count : 1, sizeof *weights), most = 0;
    if (!weights)
        return bpnn__fail_memory(error);
    bpnn_status status = sample_weights(plan, table, rows, count, weights, error);
    if (status == BPNN_OK)
        bpnn__table_values(table, plan->weight_column, plan->train, 0, plan->train_count, weights);
    for (size_t i = 0; status == BPNN_OK && i < plan->train_count; i++)
        most = weights[i] > most ? weights[i] : most;
    bpnn__free(weights);
    if (status == BPNN_OK && most <= 0)
        status =
            bpnn__fail_at(error, BPNN_DATA, table->source, 0, plan->weight_column + 1,
                          "column '%s': every training row has the weight 0", table->columns[plan->weight_column].name);
    return status;
}

/* N / (classes N_c), counted over the training rows whatever the rows; a class that training never saw keeps its weights. */
static bpnn_status class_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                 double *weights, bpnn_error *error)
{
    size_t n = plan->train_count, most = n > count ? n : count;
    size_t *have = bpnn__alloc(plan->class_count, sizeof *have);
    size_t *class = bpnn__alloc(most ? most : 1, sizeof *class);
    bpnn_status status = have && class ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = bpnn__plan_classes(plan, table, plan->train, n, class, error);
    for (size_t i = 0; status == BPNN_OK && i < n; i++)
        have[class[i]]++;
    if (status == BPNN_OK)
        status = bpnn__plan_classes(plan, table, rows, count, class, error);
    for (size_t i = 0; status == BPNN_OK && i < count; i++)
        if (class[i] < plan -> class_count && have[class[i]] > 0)
            weights[i] *= (double)n / ((double)plan->class_count * (double)have[class[i]]);
    bpnn__free(have);
    bpnn__free(class);
    return status;
}

bpnn_status bpnn__plan_weights(const bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               const size_t *rows, size_t count, double *weights, bool *any, bpnn_error *error)
{
    bool balanced = options->class_weight_balanced && plan->class_count > 0;
    *any = balanced || plan->weight_column != SIZE_MAX;
    for (size_t i = 0; i < count; i++)
        weights[i] = 1;
    bpnn_status status = BPNN_OK;
    if (plan->weight_column != SIZE_MAX)
        status = sample_weights(plan, table, rows, count, weights, error);
    if (status == BPNN_OK && balanced)
        status = class_weights(plan, table, rows, count, weights, error);
    return status;
}
