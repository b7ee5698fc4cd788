/* What looks wrong with a table: said, not forbidden. */
#include "base/memory.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOO_MANY 50000000.0 /* cells: the looks below are skipped, and that is said */
enum { FEW_ROWS = 10, LEAK_ROWS = 30 };

typedef struct look {
    const bpnn__plan *plan;
    const bpnn_table *table;
    bpnn__notes *notes;
    size_t count;
    double *cells, *target; /* of the training rows */
    uint64_t *row_hash, *column_hash;
} look;

static uint64_t mix(uint64_t h, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    h = (h ^ bits) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* Rising by one from row to row, or text that is different in every row. */
static bool is_counter(const look *l)
{
    if (l->count < LEAK_ROWS)
        return false;
    for (size_t i = 1; i < l->count; i++)
        if (!(l->cells[i] > l->cells[i - 1]) || floor(l->cells[i]) != l->cells[i])
            return false;
    return l->cells[l->count - 1] - l->cells[0] < 2 * (double)l->table->rows;
}

static double correlation(const look *l)
{
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < l->count; i++) {
        if (isnan(l->cells[i]) || isnan(l->target[i]))
            continue;
        n++;
        sx += l->cells[i];
        sy += l->target[i];
    }
    if (n < LEAK_ROWS)
        return 0;
    for (size_t i = 0; i < l->count; i++) {
        if (isnan(l->cells[i]) || isnan(l->target[i]))
            continue;
        double x = l->cells[i] - sx / n, y = l->target[i] - sy / n;
        xx += x * x;
        yy += y * y;
        xy += x * y;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

typedef struct pair {
    double cell, target;
} pair;

static int by_cell(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->cell != y->cell)
        return x->cell < y->cell ? -1 : 1;
    return (x->target > y->target) - (x->target < y->target);
}

/* Few values, each with one class of its own: the column tells the target. */
static bool tells_class(const look *l)
{
    pair *pairs = bpnn__alloc(l->count, sizeof *pairs);
    size_t n = 0, values = 0;
    for (size_t i = 0; pairs && i < l->count; i++)
        if (!isnan(l->cells[i]))
            pairs[n++] = (pair){l->cells[i], l->target[i]};
    bool one = pairs && n >= LEAK_ROWS;
    if (one)
        qsort(pairs, n, sizeof *pairs, by_cell);
    for (size_t i = 0; one && i < n; i++) {
        bool same = i > 0 && pairs[i].cell == pairs[i - 1].cell;
        values += !same;
        one = !same || pairs[i].target == pairs[i - 1].target;
    }
    bpnn__free(pairs);
    return one && values >= 2 && values <= 2 * l->plan->class_count;
}

static void look_at(look *l, size_t f)
{
    size_t c = l->plan->features[f];
    const char *name = l->table->columns[c].name, *target = l->table->columns[l->plan->targets[0]].name;
    if (l->plan->categorical[f])
        bpnn__table_numbers(l->table, c, l->plan->train, 0, l->count, l->cells);
    else
        bpnn__table_values(l->table, c, l->plan->train, 0, l->count, l->cells);
    bool constant = true;
    uint64_t h = 1;
    for (size_t i = 0; i < l->count; i++) {
        constant = constant && (l->cells[i] == l->cells[0] || (isnan(l->cells[i]) && isnan(l->cells[0])));
        h = mix(h, l->cells[i]);
        l->row_hash[i] = mix(l->row_hash[i], l->cells[i]);
    }
    l->column_hash[f] = h;
    if (constant) {
        bpnn__notes_add(l->notes, true, "column '%s' is constant: it tells nothing (--drop)", name);
        return;
    }
    if (is_counter(l))
        bpnn__notes_add(l->notes, true, "column '%s' looks like a row number or an ID (--drop)", name);
    bool leak = l->plan->class_count > 0 ? tells_class(l) : !l->plan->categorical[f] && fabs(correlation(l)) > 0.9999;
    if (leak)
        bpnn__notes_add(l->notes, true, "column '%s' alone tells the target '%s': is it known before? (--drop)", name,
                        target);
    for (size_t other = 0; other < f; other++)
        if (l->column_hash[other] == h) {
            bpnn__notes_add(l->notes, true, "columns '%s' and '%s' are the same (--drop one)",
                            l->table->columns[l->plan->features[other]].name, name);
            break;
        }
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void look_at_rows(look *l)
{
    size_t repeated = 0;
    for (size_t i = 0; i < l->count; i++)
        l->row_hash[i] = mix(l->row_hash[i], l->target[i]);
    qsort(l->row_hash, l->count, sizeof *l->row_hash, by_hash);
    for (size_t i = 1; i < l->count; i++)
        repeated += l->row_hash[i] == l->row_hash[i - 1];
    if (repeated > 0)
        bpnn__notes_add(l->notes, true, "%zu training rows are repetitions of others", repeated);
}

static void look_at_classes(const look *l)
{
    for (size_t k = 0; k < l->plan->class_count; k++) {
        size_t n = 0;
        for (size_t i = 0; i < l->count; i++) {
            char buffer[32];
            const char *text = bpnn_table_text(l->table, l->plan->train[i], l->plan->targets[0], buffer);
            n += text && strcmp(text, l->plan->classes[k]) == 0;
        }
        if (n < FEW_ROWS)
            bpnn__notes_add(l->notes, true, "class '%s' has %zu training rows: few to learn from", l->plan->classes[k],
                            n);
    }
}

void bpnn__plan_warn(const bpnn__plan *plan, const bpnn_table *table, bpnn__notes *notes)
{
    look l = {.plan = plan, .table = table, .notes = notes, .count = plan->train_count};
    if ((double)l.count * (double)(plan->feature_count + plan->class_count) > TOO_MANY) {
        bpnn__notes_add(notes, false, "the table is large: constant, repeated and leaking columns are not looked for");
        return;
    }
    l.cells = bpnn__alloc(l.count, sizeof *l.cells);
    l.target = bpnn__alloc(l.count, sizeof *l.target);
    l.row_hash = bpnn__alloc(l.count, sizeof *l.row_hash);
    l.column_hash = bpnn__alloc(plan->feature_count, sizeof *l.column_hash);
    if (l.cells && l.target && l.row_hash && l.column_hash) {
        if (plan->class_count > 0)
            bpnn__table_numbers(table, plan->targets[0], plan->train, 0, l.count, l.target);
        else
            bpnn__table_values(table, plan->targets[0], plan->train, 0, l.count, l.target);
        for (size_t f = 0; f < plan->feature_count; f++)
            look_at(&l, f);
        look_at_rows(&l);
        look_at_classes(&l);
    }
    bpnn__free(l.cells);
    bpnn__free(l.target);
    bpnn__free(l.row_hash);
    bpnn__free(l.column_hash);
}
