/* The plan: columns, usable rows, task, split, warnings, in this order. */
#include "table/plan.h"
#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static bool has_target(const bpnn__plan *plan, const bpnn_table *table, size_t r)
{
    for (size_t k = 0; k < plan->target_count; k++) {
        double x;
        bpnn__table_numbers(table, plan->targets[k], &r, 0, 1, &x);
        if (!isnan(x))
            return true;
    }
    return false;
}

static bool has_every_input(const bpnn__plan *plan, const bpnn_table *table, size_t r)
{
    for (size_t f = 0; f < plan->feature_count; f++) {
        double x;
        bpnn__table_numbers(table, plan->features[f], &r, 0, 1, &x);
        if (isnan(x))
            return false;
    }
    return true;
}

/* Rows with a target (and with --missing drop, with every input). */
static bpnn_status usable_rows(const bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               size_t **rows, size_t *count, bpnn__notes *notes, bpnn_error *error)
{
    size_t untold = 0, incomplete = 0;
    *count = 0;
    *rows = bpnn__alloc(table->rows ? table->rows : 1, sizeof **rows);
    if (!*rows)
        return bpnn__fail_memory(error);
    for (size_t r = 0; r < table->rows; r++) {
        if (!has_target(plan, table, r))
            untold++;
        else if (options->missing == BPNN_MISSING_DROP && !has_every_input(plan, table, r))
            incomplete++;
        else
            (*rows)[(*count)++] = r;
    }
    if (untold > 0)
        bpnn__notes_add(notes, true, "%zu rows without a target are left out", untold);
    if (incomplete > 0)
        bpnn__notes_add(notes, true, "%zu rows with missing cells are left out (--missing drop)", incomplete);
    if (*count == 0)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, plan->targets[0] + 1, "no row has the target '%s'",
                             table->columns[plan->targets[0]].name);
    if (*count < 2)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "one row is not enough to train on");
    return BPNN_OK;
}

bpnn_status bpnn__plan_make(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            bool hold_back_default, bpnn__notes *notes, bpnn_error *error)
{
    memset(plan, 0, sizeof *plan);
    plan->weight_column = plan->split_column = SIZE_MAX;
    size_t *rows = NULL, count = 0;
    bpnn_status status = bpnn__plan_columns(plan, table, options, notes, error);
    if (status == BPNN_OK)
        status = usable_rows(plan, table, options, &rows, &count, notes, error);
    if (status == BPNN_OK)
        status = bpnn__plan_task(plan, table, options, rows, count, notes, error);
    if (status == BPNN_OK)
        status = bpnn__plan_split(plan, table, options, rows, count, hold_back_default, notes, error);
    if (status == BPNN_OK)
        bpnn__plan_warn(plan, table, notes);
    bpnn__free(rows);
    if (status != BPNN_OK)
        bpnn__plan_free(plan);
    return status;
}

void bpnn__plan_free(bpnn__plan *plan)
{
    bpnn__labels_free(plan->classes, plan->class_count);
    bpnn__free(plan->features);
    bpnn__free(plan->categorical);
    bpnn__free(plan->targets);
    bpnn__free(plan->train);
    bpnn__free(plan->valid);
    bpnn__free(plan->test);
    memset(plan, 0, sizeof *plan);
}

/* ---- row weights ---- */

static bpnn_status sample_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                  double *weights, bpnn_error *error)
{
    for (size_t i = 0; i < count; i++) {
        weights[i] = bpnn_table_number(table, rows[i], plan->weight_column);
        if (!(weights[i] >= 0))
            return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, rows[i]),
                                 plan->weight_column + 1, "a row's weight is a number from 0 up");
    }
    return BPNN_OK;
}

static size_t class_of(const bpnn__plan *plan, const bpnn_table *table, size_t row)
{
    char buffer[32];
    const char *text = bpnn_table_text(table, row, plan->targets[0], buffer);
    return text ? bpnn__label_find(plan->classes, plan->class_count, text) : SIZE_MAX;
}

/* N / (classes N_c) */
static bpnn_status class_weights(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                                 double *weights, bpnn_error *error)
{
    size_t *have = bpnn__alloc(plan->class_count, sizeof *have);
    if (!have)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < count; i++)
        have[class_of(plan, table, rows[i])]++;
    for (size_t i = 0; i < count; i++)
        weights[i] *= (double)count / ((double)plan->class_count * (double)have[class_of(plan, table, rows[i])]);
    bpnn__free(have);
    return BPNN_OK;
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
