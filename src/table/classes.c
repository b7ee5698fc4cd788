/* Tasks and classes. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- labels ---- */

static bool as_number(const char *text, double *value)
{
    return bpnn__parse_double(text, strlen(text), '.', value);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    double x = 0, y = 0;
    as_number(*(char *const *)a, &x);
    as_number(*(char *const *)b, &y);
    return x < y ? -1 : x > y ? 1 : by_bytes(a, b);
}

void bpnn__labels_free(char **labels, size_t count)
{
    for (size_t i = 0; labels && i < count; i++)
        bpnn__free(labels[i]);
    bpnn__free(labels);
}

size_t bpnn__label_find(char *const *labels, size_t count, const char *text)
{
    double x, y;
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i], text) == 0)
            return i;
    if (as_number(text, &x))
        for (size_t i = 0; i < count; i++)
            if (as_number(labels[i], &y) && x == y)
                return i;
    return SIZE_MAX;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Distinct numbers (values or codes) of the rows, sorted; NaN left out. */
static bpnn_status distinct(const bpnn_table *table, size_t column, const size_t *rows, size_t count, double **values,
                            size_t *found, bpnn_error *error)
{
    *values = bpnn__alloc(count ? count : 1, sizeof **values);
    *found = 0;
    if (!*values)
        return bpnn__fail_memory(error);
    bpnn__table_numbers(table, column, rows, 0, count, *values);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan((*values)[i]))
            (*values)[kept++] = (*values)[i];
    qsort(*values, kept, sizeof **values, by_value);
    for (size_t i = 0; i < kept; i++)
        if (i == 0 || (*values)[i] != (*values)[i - 1])
            (*values)[(*found)++] = (*values)[i];
    return BPNN_OK;
}

static char *label_text(const bpnn_table *table, size_t column, double value)
{
    char number[BPNN__NUMBER_SIZE];
    if (table->columns[column].text)
        return bpnn__copy_text(bpnn__dictionary_word(&table->columns[column].words, (size_t)value));
    bpnn__print_double(value, number);
    return bpnn__copy_text(number);
}

bpnn_status bpnn__labels_of(const bpnn_table *table, size_t column, const size_t *rows, size_t count, char ***labels,
                            size_t *label_count, bpnn_error *error)
{
    double *values;
    size_t found;
    *labels = NULL;
    *label_count = 0;
    bpnn_status status = distinct(table, column, rows, count, &values, &found, error);
    if (status == BPNN_OK)
        *labels = bpnn__alloc(found ? found : 1, sizeof **labels);
    bool good = *labels != NULL, numbers = true;
    for (size_t i = 0; good && i < found; i++) {
        double ignored;
        (*labels)[i] = label_text(table, column, values[i]);
        good = (*labels)[i] != NULL;
        *label_count += good;
        numbers = numbers && good && as_number((*labels)[i], &ignored);
    }
    bpnn__free(values);
    if (status == BPNN_OK && !good)
        status = bpnn__fail_memory(error);
    if (status == BPNN_OK)
        qsort(*labels, *label_count, sizeof **labels, numbers ? by_number : by_bytes);
    return status;
}

/* ---- the task ---- */

enum { FEW = 20 }; /* integers with at most so many values are classes */

static bool looks_like_classes(const bpnn_table *table, size_t column, const size_t *rows, size_t count, size_t *values)
{
    double *list;
    *values = 0;
    if (!table->columns[column].all_numbers)
        return true;
    double *cells = bpnn__alloc(count ? count : 1, sizeof *cells);
    if (!cells)
        return false;
    bool whole = true;
    for (size_t i = 0; i < count && whole; i++) {
        double x = bpnn_table_number(table, rows[i], column);
        whole = isnan(x) || floor(x) == x;
    }
    bpnn__free(cells);
    if (!whole || distinct(table, column, rows, count, &list, values, NULL) != BPNN_OK)
        return false;
    bpnn__free(list);
    return *values >= 2 && *values <= FEW;
}

static bpnn_status choose_task(bpnn__plan *plan, const bpnn_table *table, bpnn_task wanted, const size_t *rows,
                               size_t count, bpnn__notes *notes, bpnn_error *error)
{
    size_t target = plan->targets[0], values;
    const char *name = table->columns[target].name;
    if (plan->target_count > 1 && wanted != BPNN_TASK_AUTO && wanted != BPNN_TASK_REGRESSION)
        return bpnn__fail(error, BPNN_USAGE, "several targets are for regression; give one --target for classes");
    plan->task = wanted;
    if (wanted == BPNN_TASK_AUTO && plan->target_count > 1)
        plan->task = BPNN_TASK_REGRESSION;
    if (plan->task != BPNN_TASK_AUTO)
        return BPNN_OK;
    bool classes = looks_like_classes(table, target, rows, count, &values);
    plan->task = classes ? BPNN_TASK_MULTICLASS : BPNN_TASK_REGRESSION; /* binary when there are two */
    if (classes && values > 0)
        bpnn__notes_add(notes, false,
                        "task: classes, '%s' has %zu different whole numbers (--task regression to predict the number)",
                        name, values);
    else
        bpnn__notes_add(notes, false,
                        classes ? "task: classes, '%s' holds text" : "task: regression, '%s' holds numbers", name);
    return BPNN_OK;
}

static bpnn_status check_numbers(const bpnn__plan *plan, const bpnn_table *table, bpnn_error *error)
{
    for (size_t k = 0; k < plan->target_count; k++) {
        size_t row, c = plan->targets[k];
        const char *cell;
        if (bpnn__table_first_text(table, c, &row, &cell))
            return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), c + 1,
                                 "target '%s': expected a number, found '%s'", table->columns[c].name, cell);
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
    if (plan->class_count > 10000)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, target + 1,
                             "target '%s' has %zu classes; --task regression, or another target", name,
                             plan->class_count);
    if (options->task == BPNN_TASK_BINARY && plan->class_count != 2)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, target + 1,
                             "target '%s' has %zu classes; binary has 2", name, plan->class_count);
    if (plan->class_count == 2 && options->task != BPNN_TASK_MULTICLASS)
        plan->task = BPNN_TASK_BINARY;
    plan->positive = plan->class_count - 1;
    if (!options->positive)
        return BPNN_OK;
    plan->positive = bpnn__label_find(plan->classes, plan->class_count, options->positive);
    if (plan->positive != SIZE_MAX)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "--positive '%s' is no class of '%s'; there are '%s', '%s' ..",
                      options->positive, name, plan->classes[0], plan->classes[1]);
}

bpnn_status bpnn__plan_task(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                            const size_t *rows, size_t count, bpnn__notes *notes, bpnn_error *error)
{
    bpnn_status status = choose_task(plan, table, options->task, rows, count, notes, error);
    if (status != BPNN_OK)
        return status;
    if (plan->task == BPNN_TASK_REGRESSION)
        return check_numbers(plan, table, error);
    return find_classes(plan, table, options, rows, count, error);
}
