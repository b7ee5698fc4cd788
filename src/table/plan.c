/* The plan: columns, usable rows, task, split, warnings, in this order. */
#include "table/plan.h"
#include "base/error.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 256, TOLD = 1, INCOMPLETE = 2 };

/* Sets `flag` in the rows where column c is missing, or where it is not. */
static void flag_rows(const bpnn_table *table, size_t c, bool missing, unsigned char flag, unsigned char *flags)
{
    double x[BLOCK];
    for (size_t at = 0; at < table->rows; at += BLOCK) {
        size_t n = table->rows - at < BLOCK ? table->rows - at : BLOCK;
        bpnn__table_numbers(table, c, NULL, at, n, x);
        for (size_t i = 0; i < n; i++)
            if ((isnan(x[i]) != 0) == missing)
                flags[at + i] |= flag;
    }
}

static bpnn_status check_count(const bpnn__plan *plan, const bpnn_table *table, size_t count, size_t untold,
                               bpnn_error *error)
{
    if (untold == table->rows)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, plan->targets[0] + 1, "no row has the target '%s'",
                             table->columns[plan->targets[0]].name);
    if (count == 0)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                             "no row is left: each has a missing cell (--missing median fills them)");
    if (count == 1)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "one row is not enough to train on; give more");
    return BPNN_OK;
}

/* Rows with a target (and with --missing drop, with every input). */
static bpnn_status usable_rows(const bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               size_t **rows, size_t *count, bpnn__notes *notes, bpnn_error *error)
{
    size_t untold = 0, incomplete = 0;
    *count = 0;
    *rows = bpnn__alloc(table->rows, sizeof **rows);
    unsigned char *flags = bpnn__alloc(table->rows, 1);
    if (!*rows || !flags) {
        bpnn__free(flags);
        return bpnn__fail_memory(error);
    }
    for (size_t k = 0; k < plan->target_count; k++)
        flag_rows(table, plan->targets[k], false, TOLD, flags);
    for (size_t f = 0; options->missing == BPNN_MISSING_DROP && f < plan->feature_count; f++)
        if (table->columns[plan->features[f]].missing > 0)
            flag_rows(table, plan->features[f], true, INCOMPLETE, flags);
    for (size_t r = 0; r < table->rows; r++) {
        untold += !(flags[r] & TOLD);
        incomplete += flags[r] == (TOLD | INCOMPLETE);
        if (flags[r] == TOLD)
            (*rows)[(*count)++] = r;
    }
    bpnn__free(flags);
    if (untold > 0 && untold < table->rows)
        bpnn__notes_add(notes, true, "%zu rows without a target are left out", untold);
    if (incomplete > 0)
        bpnn__notes_add(notes, true, "%zu rows with missing cells are left out (--missing drop)", incomplete);
    return check_count(plan, table, *count, untold, error);
}

bpnn_status bpnn__plan_make(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            bool hold_back_default, bpnn__notes *notes, bpnn_error *error)
{
    return bpnn__plan_make_member(plan, table, options, hold_back_default, options->train.seed, notes, error);
}

bpnn_status bpnn__plan_make_member(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                                   bool hold_back_default, uint64_t validation_seed, bpnn__notes *notes,
                                   bpnn_error *error)
{
    memset(plan, 0, sizeof *plan);
    plan->weight_column = plan->split_column = plan->group_column = SIZE_MAX;
    size_t *rows = NULL, count = 0;
    if (table->rows == 0)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "the table has no rows");
    bpnn_status status = bpnn__plan_columns(plan, table, options, notes, error);
    if (status == BPNN_OK)
        status = usable_rows(plan, table, options, &rows, &count, notes, error);
    if (status == BPNN_OK)
        status = bpnn__plan_task(plan, table, options, rows, count, notes, error);
    if (status == BPNN_OK)
        status = bpnn__plan_split(plan, table, options, rows, count, hold_back_default, validation_seed, notes, error);
    if (status == BPNN_OK)
        status = bpnn__plan_check_weights(plan, table, rows, count, error);
    if (status == BPNN_OK)
        status = bpnn__plan_warn(plan, table, notes, error);
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
