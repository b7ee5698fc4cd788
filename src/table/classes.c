/* Tasks and classes. */
#include "base/error.h"
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>

enum { FEW = 20, MOST = 10000 }; /* values of whole numbers that are classes; classes at all */

/* ---- the task ---- */

/* How many different whole numbers the rows hold, FEW + 1 for more; 0 if there are others. */
static size_t whole_numbers(const bpnn_table *table, size_t column, const size_t *rows, size_t count)
{
    double seen[FEW];
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        double x;
        size_t k = 0;
        bpnn__table_values(table, column, &rows[i], 0, 1, &x);
        if (isnan(x))
            continue;
        if (floor(x) != x)
            return 0;
        while (found <= FEW && k < found && seen[k] != x)
            k++;
        if (found <= FEW && k == found && ++found <= FEW)
            seen[k] = x;
    }
    return found;
}

static void tell_task(const bpnn__plan *plan, const bpnn_table *table, size_t values, bpnn__notes *notes)
{
    const bpnn__column *target = &table->columns[plan->targets[0]];
    if (plan->target_count > 1)
        bpnn__notes_add(notes, false, "task: regression, there are %zu targets", plan->target_count);
    else if (!target->all_numbers)
        bpnn__notes_add(notes, false, "task: classes, '%s' holds text", target->name);
    else if (plan->task != BPNN_TASK_REGRESSION)
        bpnn__notes_add(notes, false,
                        "task: classes, '%s' has %zu different whole numbers (--task regression to predict the number)",
                        target->name, values);
    else
        bpnn__notes_add(notes, false,
                        "task: regression, '%s' holds numbers (--task multiclass to take them as classes)",
                        target->name);
}

static bpnn_status choose_task(bpnn__plan *plan, const bpnn_table *table, bpnn_task wanted, const size_t *rows,
                               size_t count, bpnn__notes *notes, bpnn_error *error)
{
    size_t target = plan->targets[0], values = 0;
    bool several = plan->target_count > 1;
    if (several && wanted != BPNN_TASK_AUTO && wanted != BPNN_TASK_REGRESSION)
        return bpnn__fail(error, BPNN_USAGE, "several targets are for regression; give one --target for classes");
    plan->task = wanted;
    if (wanted != BPNN_TASK_AUTO)
        return BPNN_OK;
    bool classes = !several && !table->columns[target].all_numbers;
    if (!several && !classes) {
        values = whole_numbers(table, target, rows, count);
        classes = values >= 2 && values <= FEW;
    }
    plan->task = classes ? BPNN_TASK_MULTICLASS : BPNN_TASK_REGRESSION; /* binary when there are two */
    tell_task(plan, table, values, notes);
    return BPNN_OK;
}

static bpnn_status check_numbers(const bpnn__plan *plan, const bpnn_table *table, bpnn_error *error)
{
    for (size_t k = 0; k < plan->target_count; k++) {
        size_t row, c = plan->targets[k];
        const char *cell;
        if (bpnn__table_first_text(table, c, &row, &cell))
            return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), c + 1,
                                 "target '%s': expected a number, found '%s'; correct it, or --task multiclass",
                                 table->columns[c].name, cell);
    }
    return BPNN_OK;
}

static bpnn_status find_classes(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                                const size_t *rows, size_t count, bpnn_error *error)
{
    size_t target = plan->targets[0];
    const char *name = table->columns[target].name;
    bpnn_status status = bpnn__labels_of(table, target, rows, count, &plan->classes, &plan->class_count, error);
    if (status != BPNN_OK)
        return status;
    if (plan->class_count < 2)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, target + 1,
                             "target '%s' has one class, '%s'; two are needed", name,
                             plan->class_count ? plan->classes[0] : "");
    if (plan->class_count > MOST)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, target + 1,
                             "target '%s' has %zu classes; --task regression, or another target", name,
                             plan->class_count);
    if (options->task == BPNN_TASK_BINARY && plan->class_count != 2)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, target + 1,
                             "target '%s' has %zu classes; binary has 2", name, plan->class_count);
    if (plan->class_count == 2 && options->task != BPNN_TASK_MULTICLASS)
        plan->task = BPNN_TASK_BINARY;
    return BPNN_OK;
}

static bpnn_status find_positive(bpnn__plan *plan, const bpnn_table *table, const char *positive, bpnn__notes *notes,
                                 bpnn_error *error)
{
    plan->positive = plan->class_count - 1;
    if (!positive)
        return BPNN_OK;
    if (plan->class_count > 2) {
        bpnn__notes_add(notes, true, "--positive '%s' means nothing: there are %zu classes", positive,
                        plan->class_count);
        return BPNN_OK;
    }
    plan->positive = bpnn__label_find(plan->classes, plan->class_count, positive);
    if (plan->positive != SIZE_MAX)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "--positive '%s' is no class of '%s'; there are '%s' and '%s'", positive,
                      table->columns[plan->targets[0]].name, plan->classes[0], plan->classes[1]);
}

bpnn_status bpnn__plan_task(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            const size_t *rows, size_t count, bpnn__notes *notes, bpnn_error *error)
{
    bpnn_status status = choose_task(plan, table, options->task, rows, count, notes, error);
    if (status != BPNN_OK)
        return status;
    if (plan->task != BPNN_TASK_REGRESSION) {
        status = find_classes(plan, table, options, rows, count, error);
        return status == BPNN_OK ? find_positive(plan, table, options->positive, notes, error) : status;
    }
    if (options->positive || options->class_weight_balanced)
        bpnn__notes_add(notes, true, "%s means nothing: the task is regression",
                        options->positive ? "--positive" : "--class-weight balanced");
    return check_numbers(plan, table, error);
}

bpnn_status bpnn__plan_classes(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                               size_t *class, bpnn_error *error)
{
    memset(class, 0, count * sizeof *class);
    if (plan->class_count == 0)
        return BPNN_OK;
    bpnn__lookup lookup;
    bpnn_status status = bpnn__lookup_make(&lookup, table, plan->targets[0], plan->classes, plan->class_count, error);
    if (status != BPNN_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        double cell;
        bpnn__table_numbers(table, plan->targets[0], &rows[i], 0, 1, &cell);
        class[i] = bpnn__lookup_find(&lookup, cell);
    }
    bpnn__lookup_free(&lookup);
    return BPNN_OK;
}

size_t bpnn__schema_class(const bpnn__schema *schema, const char *label)
{
    return bpnn__label_find(schema->classes, schema->class_count, label);
}
