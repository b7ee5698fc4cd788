/* Rows that belong together: those that are equal in one column. */
#include "base/error.h"
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>

/* A cell of the group column; texts are their codes. */
typedef struct cell {
    double value;
    size_t at;
} cell;

static int by_value(const void *a, const void *b)
{
    const cell *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->at < y->at ? -1 : x->at > y->at;
}

bpnn_status bpnn__plan_groups(const bpnn__plan *plan, const bpnn_table *table, const size_t *rows, size_t count,
                              size_t *group, size_t *group_count, bpnn_error *error)
{
    size_t c = plan->group_column, groups = 0;
    cell *cells = bpnn__alloc(count, sizeof *cells);
    double *x = bpnn__alloc(count, sizeof *x);
    bpnn_status status = cells && x ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        bpnn__table_numbers(table, c, rows, 0, count, x);
    for (size_t i = 0; i < count && status == BPNN_OK; i++) {
        cells[i] = (cell){x[i], i};
        if (isnan(x[i]))
            status = bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, rows[i]), c + 1,
                                   "column '%s' says which rows belong together, and this cell is missing; fill it",
                                   table->columns[c].name);
    }
    if (status == BPNN_OK) {
        qsort(cells, count, sizeof *cells, by_value);
        for (size_t i = 0; i < count; i++) {
            groups += i == 0 || cells[i].value > cells[i - 1].value;
            group[cells[i].at] = groups - 1;
        }
        *group_count = groups;
    }
    bpnn__free(cells);
    bpnn__free(x);
    return status;
}
