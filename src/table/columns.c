/* Which columns do what. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"

#include <math.h>
#include <string.h>

/* ---- column lists: names, numbers, ranges ---- */

static bool parse_range(const char *spec, size_t columns, size_t *first, size_t *last)
{
    const char *dash = strchr(spec, '-');
    uint64_t a, b;
    if (!dash || !bpnn__parse_u64(spec, (size_t)(dash - spec), &a) || !bpnn__parse_u64(dash + 1, strlen(dash + 1), &b))
        return false;
    *first = (size_t)a - 1;
    *last = (size_t)b - 1;
    return a >= 1 && a <= b && b <= columns;
}

/* Marks the columns of a list; whole: the text as one exact name comes first. */
static bpnn_status mark_list(const bpnn_table *table, const char *list, bool *marked, bpnn_error *error)
{
    size_t c;
    for (c = 0; c < table->column_count; c++)
        if (strcmp(table->columns[c].name, list) == 0) {
            marked[c] = true;
            return BPNN_OK;
        }
    char *copy = bpnn__copy_text(list);
    if (!copy)
        return bpnn__fail_memory(error);
    bpnn_status status = BPNN_OK;
    for (char *spec = copy, *comma; spec && status == BPNN_OK; spec = comma ? comma + 1 : NULL) {
        comma = strchr(spec, ',');
        if (comma)
            *comma = '\0';
        size_t first, last;
        status = bpnn_table_find_column(table, spec, &c, error);
        if (status == BPNN_OK)
            marked[c] = true;
        else if (parse_range(spec, table->column_count, &first, &last)) {
            status = BPNN_OK;
            for (c = first; c <= last; c++)
                marked[c] = true;
        }
    }
    bpnn__free(copy);
    return status;
}

/* ---- targets: in the order they are named ---- */

static bpnn_status add_target(bpnn__plan *plan, size_t c, bpnn_error *error)
{
    for (size_t k = 0; k < plan->target_count; k++)
        if (plan->targets[k] == c)
            return bpnn__fail(error, BPNN_USAGE, "--target names column %zu twice", c + 1);
    plan->targets[plan->target_count++] = c;
    return BPNN_OK;
}

static bpnn_status find_targets(bpnn__plan *plan, const bpnn_table *table, const char *spec, bpnn_error *error)
{
    plan->targets = bpnn__alloc(table->column_count, sizeof *plan->targets);
    char *copy = bpnn__copy_text(spec ? spec : "");
    if (!plan->targets || !copy) {
        bpnn__free(copy);
        return bpnn__fail_memory(error);
    }
    size_t c;
    bpnn_status status = BPNN_OK;
    if (!spec) {
        plan->targets[plan->target_count++] = table->column_count - 1;
    } else if (bpnn_table_find_column(table, spec, &c, NULL) == BPNN_OK) {
        status = add_target(plan, c, error);
    } else {
        for (char *part = copy, *comma; part && status == BPNN_OK; part = comma ? comma + 1 : NULL) {
            comma = strchr(part, ',');
            if (comma)
                *comma = '\0';
            status = bpnn_table_find_column(table, part, &c, error);
            if (status == BPNN_OK)
                status = add_target(plan, c, error);
        }
    }
    bpnn__free(copy);
    return status;
}

/* ---- roles ---- */

static bpnn_status find_one(const bpnn_table *table, const char *spec, size_t *c, bpnn_error *error)
{
    *c = SIZE_MAX;
    return spec ? bpnn_table_find_column(table, spec, c, error) : BPNN_OK;
}

static bool is_target(const bpnn__plan *plan, size_t c)
{
    for (size_t k = 0; k < plan->target_count; k++)
        if (plan->targets[k] == c)
            return true;
    return false;
}

/* Weight, split or group. */
static bool has_role(const bpnn__plan *plan, size_t c)
{
    return c == plan->weight_column || c == plan->split_column || c == plan->group_column;
}

/* No column has two roles. */
static bpnn_status check_roles(const bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *o,
                               bpnn_error *error)
{
    enum { ROLES = 3 };
    const size_t roles[ROLES] = {plan->weight_column, plan->split_column, plan->group_column};
    static const char *const names[ROLES] = {"--sample-weight", "--split-column", "--group"};
    for (int i = 0; i < ROLES; i++)
        if (roles[i] != SIZE_MAX && is_target(plan, roles[i]))
            return bpnn__fail(error, BPNN_USAGE, "column '%s' is %s and%s the target; name another --target",
                              table->columns[roles[i]].name, names[i], o->target ? "" : ", as the last one,");
    for (int i = 0; i < ROLES; i++)
        for (int k = i + 1; k < ROLES; k++)
            if (roles[i] != SIZE_MAX && roles[i] == roles[k])
                return bpnn__fail(error, BPNN_USAGE, "column '%s' is both %s and %s", table->columns[roles[i]].name,
                                  names[i], names[k]);
    return BPNN_OK;
}

/* A model knows columns by their names: those it uses must be told apart by them. */
static bpnn_status check_names(const bpnn__plan *plan, const bpnn_table *table, bpnn_error *error)
{
    bpnn__dictionary names = {0};
    size_t *first = bpnn__alloc(table->column_count, sizeof *first), distinct = 0;
    bpnn_status status = first ? BPNN_OK : bpnn__fail_memory(error);
    unsigned char *used = bpnn__alloc(table->column_count, 1);
    if (!used)
        status = bpnn__fail_memory(error);
    for (size_t k = 0; status == BPNN_OK && k < plan->target_count; k++)
        used[plan->targets[k]] = 1;
    for (size_t f = 0; status == BPNN_OK && f < plan->feature_count; f++)
        used[plan->features[f]] = 1;
    for (size_t c = 0; status == BPNN_OK && c < table->column_count; c++) {
        const char *name = table->columns[c].name;
        size_t at = bpnn__dictionary_add(&names, name, strlen(name));
        if (at == SIZE_MAX)
            status = bpnn__fail_memory(error);
        else if (at == distinct)
            first[distinct++] = c;
        else if (used[c] || used[first[at]])
            status = bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                                   "columns %zu and %zu are both called '%s'; rename one", first[at] + 1, c + 1, name);
    }
    bpnn__dictionary_free(&names);
    bpnn__free(first);
    bpnn__free(used);
    return status;
}

/* Levels of a text column, missing not counted. */
static size_t levels_of(const bpnn_table *table, size_t c)
{
    return table->columns[c].text ? table->columns[c].words->count : 0;
}

/* Whether column c can be a feature; says why not. */
static bpnn_status usable(const bpnn_table *table, size_t c, bool categorical, bool forced, bpnn__notes *notes,
                          bool *use, bpnn_error *error)
{
    const bpnn__column *column = &table->columns[c];
    size_t limit = table->rows / 20 > 20 ? table->rows / 20 : 20, row;
    const char *cell;
    *use = true;
    if (column->missing == table->rows) {
        bpnn__notes_add(notes, true, "column '%s' is dropped: every cell is missing", column->name);
        *use = false;
    } else if (categorical && !forced && levels_of(table, c) > limit) {
        bpnn__notes_add(notes, true, "column '%s' is dropped: text with %zu different values (--categorical keeps it)",
                        column->name, levels_of(table, c));
        *use = false;
    } else if (!categorical && bpnn__table_first_text(table, c, &row, &cell)) {
        return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), c + 1,
                             "column '%s': expected a number, found '%s'; correct it, or leave out --numeric",
                             column->name, cell);
    }
    return BPNN_OK;
}

/* Marks from the options, NULL lists leave `marked` alone. */
static bpnn_status mark_option(const bpnn_table *table, const char *list, bool **marked, bpnn_error *error)
{
    *marked = bpnn__alloc(table->column_count, sizeof **marked);
    if (!*marked)
        return bpnn__fail_memory(error);
    return list ? mark_list(table, list, *marked, error) : BPNN_OK;
}

typedef struct marks {
    bool *features, *drop, *categorical, *numeric;
} marks;

static bpnn_status mark_all(marks *m, const bpnn_table *table, const bpnn_fit_options *o, bpnn_error *error)
{
    bpnn_status status = mark_option(table, o->features, &m->features, error);
    if (status == BPNN_OK)
        status = mark_option(table, o->drop, &m->drop, error);
    if (status == BPNN_OK)
        status = mark_option(table, o->categorical, &m->categorical, error);
    if (status == BPNN_OK)
        status = mark_option(table, o->numeric, &m->numeric, error);
    return status;
}

static bpnn_status check_marks(const bpnn__plan *plan, const bpnn_table *table, const marks *m, size_t c,
                               bpnn_error *error)
{
    const char *name = table->columns[c].name;
    bool target = is_target(plan, c);
    if (target && m->features[c])
        return bpnn__fail(error, BPNN_USAGE, "column '%s' is both target and feature", name);
    if (target && m->drop[c])
        return bpnn__fail(error, BPNN_USAGE, "column '%s' is both target and dropped; name another --target", name);
    if (m->features[c] && has_role(plan, c))
        return bpnn__fail(error, BPNN_USAGE, "column '%s' is a feature and %s", name,
                          c == plan->weight_column  ? "--sample-weight"
                          : c == plan->split_column ? "--split-column"
                                                    : "--group");
    if (m->categorical[c] && m->numeric[c])
        return bpnn__fail(error, BPNN_USAGE, "column '%s' is both --categorical and --numeric", name);
    return BPNN_OK;
}

static bpnn_status choose_features(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *o, const marks *m,
                                   bpnn__notes *notes, bpnn_error *error)
{
    for (size_t c = 0; c < table->column_count; c++) {
        bpnn_status status = check_marks(plan, table, m, c, error);
        bool role = is_target(plan, c) || has_role(plan, c), use;
        if (status == BPNN_OK && (role || m->drop[c] || (o->features && !m->features[c])))
            continue;
        bool categorical = m->categorical[c] || (!table->columns[c].all_numbers && !m->numeric[c]);
        if (status == BPNN_OK)
            status = usable(table, c, categorical, m->categorical[c], notes, &use, error);
        if (status != BPNN_OK)
            return status;
        if (!use)
            continue;
        plan->features[plan->feature_count] = c;
        plan->categorical[plan->feature_count++] = categorical;
    }
    if (plan->feature_count == 0)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "no column is left as input besides the target");
    return BPNN_OK;
}

bpnn_status bpnn__plan_columns(bpnn__plan *plan, const bpnn_table *table, const bpnn_fit_options *options,
                               bpnn__notes *notes, bpnn_error *error)
{
    marks m = {0};
    plan->features = bpnn__alloc(table->column_count, sizeof *plan->features);
    plan->categorical = bpnn__alloc(table->column_count, sizeof *plan->categorical);
    bpnn_status status = plan->features && plan->categorical ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        status = find_targets(plan, table, options->target, error);
    if (status == BPNN_OK)
        status = find_one(table, options->sample_weight, &plan->weight_column, error);
    if (status == BPNN_OK)
        status = find_one(table, options->split_column, &plan->split_column, error);
    if (status == BPNN_OK)
        status = find_one(table, options->group, &plan->group_column, error);
    if (status == BPNN_OK)
        status = check_roles(plan, table, options, error);
    if (status == BPNN_OK)
        status = mark_all(&m, table, options, error);
    if (status == BPNN_OK)
        status = choose_features(plan, table, options, &m, notes, error);
    if (status == BPNN_OK)
        status = check_names(plan, table, error);
    bpnn__free(m.features);
    bpnn__free(m.drop);
    bpnn__free(m.categorical);
    bpnn__free(m.numeric);
    return status;
}
