/* Applying a schema: rows of a raw table to numbers, a block of rows at a time, a column at a time. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"
#include "table/schema.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rows of a block: 16 columns of it fill lines that fit the first cache. */
enum { BLOCK = 128 };

/* ---- where the columns are ---- */

/* The columns of a table by their exact names alone: a number in a name is a name here. */
typedef struct columns {
    const bpnn_table *table;
    bpnn__dictionary names;
    size_t distinct;
    size_t *first; /* of every name */
    bool *twice;
} columns;

static bpnn_status index_columns(columns *index, const bpnn_table *table, bpnn_error *error)
{
    *index = (columns){.table = table};
    index->first = bpnn__alloc(table->column_count, sizeof *index->first);
    index->twice = bpnn__alloc(table->column_count, sizeof *index->twice);
    bool good = index->first && index->twice;
    for (size_t c = 0; good && c < table->column_count; c++) {
        const char *name = table->columns[c].name;
        size_t at = bpnn__dictionary_add(&index->names, name, strlen(name));
        good = at != SIZE_MAX;
        if (good && at < index->distinct)
            index->twice[at] = true;
        else if (good)
            index->first[index->distinct++] = c;
    }
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

static void free_index(columns *index)
{
    bpnn__dictionary_free(&index->names);
    bpnn__free(index->first);
    bpnn__free(index->twice);
}

/* *c = SIZE_MAX if there is none. */
static bpnn_status column_called(columns *index, const char *name, size_t *c, bpnn_error *error)
{
    size_t at = bpnn__dictionary_add(&index->names, name, strlen(name));
    *c = at < index->distinct ? index->first[at] : SIZE_MAX;
    if (at == SIZE_MAX)
        return bpnn__fail_memory(error);
    if (*c != SIZE_MAX && index->twice[at])
        return bpnn__fail_at(error, BPNN_DATA, index->table->source, 0, 0, "two columns are called '%s'; rename one",
                             name);
    return BPNN_OK;
}

static bpnn_status no_column(const bpnn__feature *f, const bpnn_table *table, bpnn_error *error)
{
    size_t nearest = 0, best = SIZE_MAX;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t distance = bpnn__edit_distance(f->name, table->columns[i].name);
        nearest = distance < best ? i : nearest;
        best = distance < best ? distance : best;
    }
    return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                         "the model needs a column '%s', and the table has none (the nearest is '%s')", f->name,
                         table->columns[nearest].name);
}

static bpnn_status map_feature(const bpnn__feature *f, columns *index, size_t *c, bpnn_error *error)
{
    const bpnn_table *table = index->table;
    size_t row;
    const char *cell;
    bpnn_status status = column_called(index, f->name, c, error);
    if (status != BPNN_OK)
        return status;
    if (*c == SIZE_MAX)
        return no_column(f, table, error);
    if (!f->categorical && bpnn__table_first_text(table, *c, &row, &cell))
        return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), *c + 1,
                             "column '%s': expected a number, found '%s'", f->name, cell);
    return BPNN_OK;
}

static bpnn_status map_target(const bpnn__schema *s, const char *name, columns *index, size_t *c, bpnn_error *error)
{
    const bpnn_table *table = index->table;
    size_t row;
    const char *cell;
    bpnn_status status = column_called(index, name, c, error);
    if (status != BPNN_OK)
        return status;
    if (*c == SIZE_MAX)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "the table has no column '%s', the target", name);
    if (s->task == BPNN_TASK_REGRESSION && bpnn__table_first_text(table, *c, &row, &cell))
        return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), *c + 1,
                             "target '%s': expected a number, found '%s'", name, cell);
    return BPNN_OK;
}

bpnn_status bpnn__schema_map(const bpnn__schema *s, const bpnn_table *table, bool targets_needed,
                             bpnn__mapping *mapping, bpnn_error *error)
{
    columns index;
    mapping->features = bpnn__alloc(s->feature_count, sizeof *mapping->features);
    mapping->targets = bpnn__alloc(s->target_count, sizeof *mapping->targets);
    bpnn_status status = index_columns(&index, table, error);
    if (!mapping->features || !mapping->targets)
        status = bpnn__fail_memory(error);
    for (size_t f = 0; f < s->feature_count && status == BPNN_OK; f++)
        status = map_feature(&s->features[f], &index, &mapping->features[f], error);
    for (size_t k = 0; k < s->target_count && status == BPNN_OK; k++) {
        bpnn_status found = map_target(s, s->targets[k], &index, &mapping->targets[k], targets_needed ? error : NULL);
        if (targets_needed || found == BPNN_MEMORY)
            status = found;
        else if (found != BPNN_OK)
            mapping->targets[k] = SIZE_MAX;
    }
    free_index(&index);
    if (status != BPNN_OK)
        bpnn__mapping_free(mapping);
    return status;
}

void bpnn__mapping_free(bpnn__mapping *mapping)
{
    bpnn__free(mapping->features);
    bpnn__free(mapping->targets);
    mapping->features = mapping->targets = NULL;
}

/* ---- numbers out ---- */

typedef struct sink {
    bpnn_dtype dtype;
    void *out; /* of the block's first row */
    size_t width;
} sink;

static sink sink_at(bpnn_dtype dtype, void *out, size_t width, size_t row)
{
    return (sink){dtype, (char *)out + row * width * bpnn_dtype_size(dtype), width};
}

static void put(const sink *to, size_t row, size_t column, double x)
{
    if (to->dtype == BPNN_F32)
        ((float *)to->out)[row * to->width + column] = (float)x;
    else
        ((double *)to->out)[row * to->width + column] = x;
}

/* (x - mean) / scale of a block into one column, rounded once. False if one of them is no finite number of the dtype. */
static bool put_scaled(const sink *to, size_t column, const double *x, size_t count, double mean, double scale)
{
    double most = to->dtype == BPNN_F32 ? (double)FLT_MAX : DBL_MAX;
    bool fits = true;
    if (to->dtype == BPNN_F32) {
        float *out = (float *)to->out + column;
        for (size_t i = 0; i < count; i++) {
            double y = (x[i] - mean) / scale;
            fits &= !(fabs(y) > most);
            out[i * to->width] = (float)y;
        }
    } else {
        double *out = (double *)to->out + column;
        for (size_t i = 0; i < count; i++) {
            double y = (x[i] - mean) / scale;
            fits &= !(fabs(y) > most);
            out[i * to->width] = y;
        }
    }
    return fits;
}

/* The rows of a call, and what is counted on the way. */
typedef struct encoding {
    const bpnn__schema *schema;
    const bpnn_table *table;
    const size_t *rows; /* NULL: first, first + 1, .. */
    size_t first;
    bpnn__lookup *lookups; /* of every feature; empty for numeric ones */
    bpnn__encode_counts *counts;
    bpnn_error *error;
} encoding;

static uint64_t line_of(const encoding *e, size_t i)
{
    return bpnn_table_line(e->table, e->rows ? e->rows[i] : e->first + i);
}

/* The first of x that does not fit: a number so large that the network's arithmetic would leave the finite ones. */
static bpnn_status refuse_large(const encoding *e, const char *name, size_t c, size_t at, const double *x, size_t count,
                                double mean, double scale, bpnn_dtype dtype)
{
    double most = dtype == BPNN_F32 ? (double)FLT_MAX : DBL_MAX;
    size_t i = 0;
    while (i + 1 < count && !(fabs((x[i] - mean) / scale) > most))
        i++;
    char number[BPNN__NUMBER_SIZE];
    bpnn__print_double(x[i], number);
    return bpnn__fail_at(e->error, BPNN_DATA, e->table->source, line_of(e, at + i), c + 1,
                         "column '%s': %s is too large for %s precision; correct it, or scale the column", name, number,
                         dtype == BPNN_F32 ? "single" : "double");
}

/* ---- inputs ---- */

/* Fills the missing cells of a block. */
static bpnn_status impute(const encoding *e, const bpnn__feature *f, size_t c, size_t at, double *x, size_t count,
                          const sink *to)
{
    for (size_t i = 0; i < count; i++) {
        bool missing = isnan(x[i]) != 0;
        if (missing && e->schema->missing == BPNN_MISSING_ERROR)
            return bpnn__fail_at(e->error, BPNN_DATA, e->table->source, line_of(e, at + i), c + 1,
                                 "column '%s': a cell is missing, and the model was made with --missing error",
                                 f->name);
        if (f->indicator)
            put(to, i, f->first + 1, missing);
        if (missing)
            x[i] = f->fill;
        e->counts->imputed_cells += missing;
    }
    return BPNN_OK;
}

static bpnn_status encode_numeric(const encoding *e, const bpnn__feature *f, size_t c, size_t at, size_t count,
                                  const sink *to)
{
    double x[BLOCK], mean = e->schema->mean[f->first], scale = e->schema->scale[f->first];
    bpnn__table_values(e->table, c, e->rows ? e->rows + at : NULL, e->first + at, count, x);
    if (f->indicator || e->table->columns[c].missing > 0) {
        bpnn_status status = impute(e, f, c, at, x, count, to);
        if (status != BPNN_OK)
            return status;
    }
    if (put_scaled(to, f->first, x, count, mean, scale))
        return BPNN_OK;
    return refuse_large(e, f->name, c, at, x, count, mean, scale, to->dtype);
}

static void encode_categorical(const encoding *e, size_t index, size_t c, size_t at, size_t count, const sink *to)
{
    const bpnn__feature *f = &e->schema->features[index];
    double x[BLOCK];
    bpnn__table_numbers(e->table, c, e->rows ? e->rows + at : NULL, e->first + at, count, x);
    for (size_t i = 0; i < count; i++) {
        size_t level = bpnn__lookup_find(&e->lookups[index], x[i]);
        for (size_t k = 0; k < f->width; k++)
            put(to, i, f->first + k, 0);
        if (level < f->level_count)
            put(to, i, f->first + level, 1);
        else if (level == BPNN__MISSING && f->missing_level)
            put(to, i, f->first + f->level_count, 1);
        else
            e->counts->unseen_cells++;
    }
}

static bpnn_status make_lookups(encoding *e, const bpnn__mapping *mapping)
{
    const bpnn__schema *s = e->schema;
    e->lookups = bpnn__alloc(s->feature_count, sizeof *e->lookups);
    bpnn_status status = e->lookups ? BPNN_OK : bpnn__fail_memory(e->error);
    for (size_t i = 0; i < s->feature_count && status == BPNN_OK; i++) {
        const bpnn__feature *f = &s->features[i];
        if (f->categorical)
            status =
                bpnn__lookup_make(&e->lookups[i], e->table, mapping->features[i], f->levels, f->level_count, e->error);
    }
    return status;
}

static void free_lookups(encoding *e)
{
    for (size_t i = 0; e->lookups && i < e->schema->feature_count; i++)
        bpnn__lookup_free(&e->lookups[i]);
    bpnn__free(e->lookups);
}

bpnn_status bpnn__schema_encode(const bpnn__schema *s, const bpnn_table *table, const bpnn__mapping *mapping,
                                const size_t *rows, size_t first, size_t count, bpnn_dtype dtype, void *out,
                                bpnn__encode_counts *counts, bpnn_error *error)
{
    bpnn__encode_counts ignored = {0};
    encoding e = {s, table, rows, first, NULL, counts ? counts : &ignored, error};
    bpnn_status status = make_lookups(&e, mapping);
    for (size_t at = 0; at < count && status == BPNN_OK; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        sink to = sink_at(dtype, out, s->width, at);
        for (size_t i = 0; i < s->feature_count && status == BPNN_OK; i++)
            if (s->features[i].categorical)
                encode_categorical(&e, i, mapping->features[i], at, n, &to);
            else
                status = encode_numeric(&e, &s->features[i], mapping->features[i], at, n, &to);
    }
    free_lookups(&e);
    return status;
}

/* ---- targets ---- */

static void encode_classes(const encoding *e, const bpnn__lookup *lookup, size_t c, size_t at, size_t count, bool hinge,
                           const sink *to, double *raw)
{
    double x[BLOCK];
    bool signs = hinge && e->schema->task == BPNN_TASK_BINARY;
    bpnn__table_numbers(e->table, c, e->rows ? e->rows + at : NULL, e->first + at, count, x);
    for (size_t i = 0; i < count; i++) {
        size_t found = bpnn__lookup_find(lookup, x[i]);
        double class = found < e->schema->class_count ? (double)found : (double)NAN;
        e->counts->unseen_labels += found == BPNN__UNSEEN;
        put(to, i, 0, signs ? 2 * class - 1 : class);
        if (raw)
            raw[at + i] = found == BPNN__UNSEEN ? -1 : class; /* -1: a label that is not known; NaN: none */
    }
}

static bpnn_status encode_numbers(const encoding *e, size_t k, size_t c, size_t at, size_t count, const sink *to,
                                  double *raw)
{
    const bpnn__schema *s = e->schema;
    double x[BLOCK];
    bpnn__table_values(e->table, c, e->rows ? e->rows + at : NULL, e->first + at, count, x);
    for (size_t i = 0; raw && i < count; i++)
        raw[(at + i) * s->target_count + k] = x[i];
    if (put_scaled(to, k, x, count, s->target_mean[k], s->target_scale[k]))
        return BPNN_OK;
    return refuse_large(e, s->targets[k], c, at, x, count, s->target_mean[k], s->target_scale[k], to->dtype);
}

bpnn_status bpnn__schema_targets(const bpnn__schema *s, const bpnn_table *table, const bpnn__mapping *mapping,
                                 const size_t *rows, size_t first, size_t count, bool hinge, bpnn_dtype dtype,
                                 void *out, double *raw, bpnn__encode_counts *counts, bpnn_error *error)
{
    bpnn__encode_counts ignored = {0};
    encoding e = {s, table, rows, first, NULL, counts ? counts : &ignored, error};
    bool classes = s->task != BPNN_TASK_REGRESSION;
    bpnn__lookup lookup = {0};
    bpnn_status status = BPNN_OK;
    if (classes)
        status = bpnn__lookup_make(&lookup, table, mapping->targets[0], s->classes, s->class_count, error);
    for (size_t at = 0; at < count && status == BPNN_OK; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        sink to = sink_at(dtype, out, s->target_count, at);
        if (classes)
            encode_classes(&e, &lookup, mapping->targets[0], at, n, hinge, &to, raw);
        for (size_t k = 0; !classes && k < s->target_count && status == BPNN_OK; k++)
            status = encode_numbers(&e, k, mapping->targets[k], at, n, &to, raw);
    }
    bpnn__lookup_free(&lookup);
    return status;
}
