/* Rows dealt out into folds. */
#include "study/folds.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"

#include <string.h>

/* ---- row by row ---- */

/* Class after class in the order of the permutation, dealt out in turn: folds differ by one row at most, and so does a class in
 * them. start: of every class among all. */
static void deal_rows(const bpnn__folds *f, const size_t *order, size_t *start, size_t *fold)
{
    size_t classes = f->plan.class_count ? f->plan.class_count : 1, at = 0;
    memset(start, 0, classes * sizeof *start);
    for (size_t i = 0; i < f->rows; i++)
        start[f->class[i]]++;
    for (size_t k = 0; k < classes; k++) {
        size_t size = start[k];
        start[k] = at;
        at += size;
    }
    for (size_t j = 0; j < f->rows; j++)
        fold[order[j]] = start[f->class[order[j]]]++ % f->count;
}

/* ---- groups ---- */

/* Large groups first, each to the fold that has the least of the group's classes so far (then the fewest rows, then the first). */
typedef struct groups {
    size_t count;
    size_t *of_row;               /* rows */
    size_t *first, *rows;         /* rows of group g: rows[first[g]] .. rows[first[g + 1] - 1] */
    size_t *order;                /* groups, large ones first, else as they come in the permutation */
    size_t *taken, *size, *total; /* folds x classes; folds; classes */
} groups;

static void free_groups(groups *g)
{
    bpnn__free(g->of_row);
    bpnn__free(g->first);
    bpnn__free(g->rows);
    bpnn__free(g->order);
    bpnn__free(g->taken);
    bpnn__free(g->size);
    bpnn__free(g->total);
}

static bpnn_status make_groups(groups *g, const bpnn__folds *f, const bpnn_table *table, bpnn_error *error)
{
    size_t classes = f->plan.class_count ? f->plan.class_count : 1, cells;
    bool fits = bpnn__mul(classes, f->count, &cells);
    g->of_row = bpnn__alloc(f->rows, sizeof *g->of_row);
    g->first = bpnn__alloc(f->rows + 2, sizeof *g->first);
    g->rows = bpnn__alloc(f->rows, sizeof *g->rows);
    g->order = bpnn__alloc(f->rows, sizeof *g->order);
    g->taken = fits ? bpnn__alloc(cells, sizeof *g->taken) : NULL;
    g->size = bpnn__alloc(f->count, sizeof *g->size);
    g->total = bpnn__alloc(classes, sizeof *g->total);
    if (!g->of_row || !g->first || !g->rows || !g->order || !g->taken || !g->size || !g->total)
        return bpnn__fail_memory(error);
    bpnn_status status = bpnn__plan_groups(&f->plan, table, f->plan.train, f->rows, g->of_row, &g->count, error);
    for (size_t i = 0; i < f->rows && status == BPNN_OK; i++)
        g->total[f->class[i]]++;
    return status;
}

/* Rows of every group, in the order of the permutation. */
static void list_groups(groups *g, const bpnn__folds *f, const size_t *order)
{
    memset(g->first, 0, (f->rows + 2) * sizeof *g->first);
    for (size_t i = 0; i < f->rows; i++)
        g->first[g->of_row[i] + 2]++;
    for (size_t k = 2; k < g->count + 2; k++)
        g->first[k] += g->first[k - 1];
    for (size_t j = 0; j < f->rows; j++)
        g->rows[g->first[g->of_row[order[j]] + 1]++] = order[j];
}

static size_t group_size(const groups *g, size_t group)
{
    return g->first[group + 1] - g->first[group];
}

/* Groups by size, large ones first; equal ones as their first row comes in the permutation. Counting sort: a pass for every size that
 * there is would be slow, a list of sizes is not. `work`: rows + 2 numbers. */
static void order_groups(groups *g, const bpnn__folds *f, const size_t *order, size_t *work)
{
    memset(work, 0, (f->rows + 2) * sizeof *work);
    for (size_t k = 0; k < g->count; k++)
        work[f->rows - group_size(g, k) + 1]++; /* large ones first */
    for (size_t s = 1; s < f->rows + 1; s++)
        work[s] += work[s - 1];
    for (size_t j = 0; j < f->rows; j++) {
        size_t group = g->of_row[order[j]];
        if (g->rows[g->first[group]] == order[j])
            g->order[work[f->rows - group_size(g, group)]++] = group;
    }
}

/* What a fold has of the group's classes, a class counted by its share: sum over the group's rows of taken / total^2. */
static double presence(const groups *g, const bpnn__folds *f, size_t group, const size_t *taken)
{
    double sum = 0;
    for (size_t i = g->first[group]; i < g->first[group + 1]; i++) {
        size_t class = f->class[g->rows[i]];
        double total = (double)g->total[class];
        sum += (double)taken[class] / (total * total);
    }
    return sum;
}

static void deal_groups(groups *g, const bpnn__folds *f, size_t *fold)
{
    size_t classes = f->plan.class_count ? f->plan.class_count : 1;
    memset(g->taken, 0, classes * f->count * sizeof *g->taken);
    memset(g->size, 0, f->count * sizeof *g->size);
    for (size_t j = 0; j < g->count; j++) {
        size_t group = g->order[j], best = 0;
        double least = presence(g, f, group, g->taken);
        for (size_t k = 1; k < f->count; k++) {
            double here = presence(g, f, group, g->taken + k * classes);
            if (here < least || (!(here > least) && g->size[k] < g->size[best])) {
                least = here;
                best = k;
            }
        }
        for (size_t i = g->first[group]; i < g->first[group + 1]; i++) {
            fold[g->rows[i]] = best;
            g->taken[best * classes + f->class[g->rows[i]]]++;
        }
        g->size[best] += group_size(g, group);
    }
}

/* ---- all of it ---- */

static bpnn_status check(const bpnn__folds *f, const bpnn_table *table, bpnn_error *error)
{
    if (f->count > f->rows)
        return bpnn__fail_at(error, BPNN_USAGE, bpnn_table_source(table), 0, 0,
                             "%zu folds are more than its %zu rows with a target; ask for %zu folds at most", f->count,
                             f->rows, f->rows);
    if (f->group_count > 0 && f->count > f->group_count)
        return bpnn__fail_at(error, BPNN_USAGE, bpnn_table_source(table), 0, 0,
                             "%zu folds are more than its %zu groups; ask for %zu folds at most", f->count,
                             f->group_count, f->group_count);
    return BPNN_OK;
}

/* Classes that cannot be in every fold. */
static void warn_of_rare(const bpnn__folds *f, size_t *have, bpnn__notes *notes)
{
    size_t rare = 0, least = 0;
    memset(have, 0, f->plan.class_count * sizeof *have);
    for (size_t i = 0; i < f->rows && f->plan.class_count > 0; i++)
        have[f->class[i]]++;
    for (size_t k = 0; k < f->plan.class_count; k++) {
        rare += have[k] < f->count;
        least = have[k] < have[least] ? k : least;
    }
    if (rare == 1)
        bpnn__notes_add(notes, true, "class '%s' has %zu rows for %zu folds: some folds are without it",
                        f->plan.classes[least], have[least], f->count);
    else if (rare > 1)
        bpnn__notes_add(notes, true,
                        "%zu classes have fewer rows than %zu folds ('%s' has %zu): folds are without them", rare,
                        f->count, f->plan.classes[least], have[least]);
}

static bpnn_status deal(bpnn__folds *f, groups *g, uint64_t seed, bpnn__notes *notes, bpnn_error *error)
{
    size_t classes = f->plan.class_count, room = f->rows + 2 > classes ? f->rows + 2 : classes;
    size_t *order = bpnn__alloc(f->rows, sizeof *order), *work = bpnn__alloc(room, sizeof *work);
    if (order && work)
        warn_of_rare(f, work, notes);
    for (size_t r = 0; order && work && r < f->repeats; r++) {
        uint32_t key[2];
        bpnn__random_key(seed + r, BPNN__STREAM_FOLDS, key);
        bpnn__random_permutation(key, 0, order, f->rows);
        if (f->group_count == 0) {
            deal_rows(f, order, work, f->fold + r * f->rows);
            continue;
        }
        list_groups(g, f, order);
        order_groups(g, f, order, work);
        deal_groups(g, f, f->fold + r * f->rows);
    }
    bool made = order && work;
    bpnn__free(order);
    bpnn__free(work);
    return made ? BPNN_OK : bpnn__fail_memory(error);
}

static bpnn_status make(bpnn__folds *f, groups *g, const bpnn_table *table, const bpnn_fit_options *fit,
                        bpnn__notes *notes, bpnn_error *error)
{
    size_t cells;
    f->rows = f->plan.train_count;
    f->table_rows = bpnn_table_rows(table);
    bpnn_status status = check(f, table, error);
    if (status != BPNN_OK)
        return status;
    f->class = bpnn__alloc(f->rows, sizeof *f->class);
    f->fold = bpnn__mul(f->rows, f->repeats, &cells) ? bpnn__alloc(cells, sizeof *f->fold) : NULL;
    if (!f->class || !f->fold)
        return bpnn__fail_memory(error);
    status = bpnn__plan_classes(&f->plan, table, f->plan.train, f->rows, f->class, error);
    if (status == BPNN_OK && fit->group) {
        status = make_groups(g, f, table, error);
        f->group_count = g->count;
    }
    if (status == BPNN_OK)
        status = check(f, table, error);
    return status == BPNN_OK ? deal(f, g, fit->train.seed, notes, error) : status;
}

bpnn_status bpnn__folds_make(bpnn__folds *f, const bpnn_table *table, const bpnn_fit_options *fit, size_t count,
                             size_t repeats, bpnn__notes *notes, bpnn_error *error)
{
    *f = (bpnn__folds){.count = count, .repeats = repeats};
    groups g = {0};
    if (count < 2)
        return bpnn__fail(error, BPNN_USAGE, "cross-validation takes at least 2 folds");
    if (repeats < 1 || repeats > 10000)
        return bpnn__fail(error, BPNN_USAGE, "cross-validation takes 1 to 10000 repeats");
    if (fit->test || fit->test_share > 0 || fit->split_column || fit->held_out)
        return bpnn__fail(error, BPNN_USAGE, "every row is a test row of one fold: no other test, no split column");
    if (fit->checkpoint || fit->resume || fit->init_from)
        return bpnn__fail(error, BPNN_USAGE,
                          "many fits have no checkpoint, and a model to start from may have seen the rows held out");
    bpnn_fit_options whole = *fit;
    whole.validation_share = 0;
    bpnn_status status = bpnn__plan_make(&f->plan, table, &whole, false, notes, error);
    if (status == BPNN_OK)
        status = make(f, &g, table, fit, notes, error);
    free_groups(&g);
    if (status != BPNN_OK)
        bpnn__folds_free(f);
    return status;
}

void bpnn__folds_free(bpnn__folds *f)
{
    bpnn__plan_free(&f->plan);
    bpnn__free(f->class);
    bpnn__free(f->fold);
    f->class = f->fold = NULL;
}

size_t *bpnn__fold_rows(const bpnn__folds *f, size_t repeat, size_t fold, size_t *count, unsigned char **held_out)
{
    const size_t *of = f->fold + repeat * f->rows;
    *count = 0;
    for (size_t i = 0; i < f->rows; i++)
        *count += of[i] == fold;
    size_t *rows = bpnn__alloc(*count, sizeof *rows), at = 0;
    *held_out = bpnn__alloc(f->table_rows, 1);
    if (!rows || !*held_out) {
        bpnn__free(rows);
        bpnn__free(*held_out);
        *held_out = NULL;
        return NULL;
    }
    for (size_t i = 0; i < f->rows; i++)
        if (of[i] == fold) {
            rows[at++] = f->plan.train[i];
            (*held_out)[f->plan.train[i]] = 1;
        }
    return rows;
}
