/* Applying a schema: rows of a raw table to numbers, a block of rows at a time, a column at a time. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"
#include "table/schema.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

/* ---- where the columns are ---- */

/* By exact name alone: a number in a name is a name here. */
static size_t column_called(const bpnn_table *table, const char *name)
{
    for (size_t c = 0; c < table->column_count; c++)
        if (strcmp(table->columns[c].name, name) == 0)
            return c;
    return SIZE_MAX;
}

static bpnn_status map_feature(const bpnn__feature *f, const bpnn_table *table, size_t *c, bpnn_error *error)
{
    size_t row, nearest = 0, best = SIZE_MAX;
    const char *cell;
    *c = column_called(table, f->name);
    for (size_t i = 0; *c == SIZE_MAX && i < table->column_count; i++) {
        size_t distance = bpnn__edit_distance(f->name, table->columns[i].name);
        nearest = distance < best ? i : nearest;
        best = distance < best ? distance : best;
    }
    if (*c == SIZE_MAX)
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                             "the model needs a column '%s', and the table has none (the nearest is '%s')", f->name,
                             table->columns[nearest].name);
    if (!f->categorical && bpnn__table_first_text(table, *c, &row, &cell))
        return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), *c + 1,
                             "column '%s': expected a number, found '%s'", f->name, cell);
    return BPNN_OK;
}

bpnn_status bpnn__schema_map(const bpnn__schema *s, const bpnn_table *table, bool targets_needed,
                             bpnn__mapping *mapping, bpnn_error *error)
{
    mapping->features = bpnn__alloc(s->feature_count, sizeof *mapping->features);
    mapping->targets = bpnn__alloc(s->target_count, sizeof *mapping->targets);
    bpnn_status status = mapping->features && mapping->targets ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t f = 0; f < s->feature_count && status == BPNN_OK; f++)
        status = map_feature(&s->features[f], table, &mapping->features[f], error);
    for (size_t k = 0; k < s->target_count && status == BPNN_OK; k++) {
        size_t row, c = mapping->targets[k] = column_called(table, s->targets[k]);
        const char *cell;
        if (c == SIZE_MAX && targets_needed)
            status = bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "the table has no column '%s', the target",
                                   s->targets[k]);
        else if (c != SIZE_MAX && targets_needed && s->task == BPNN_TASK_REGRESSION &&
                 bpnn__table_first_text(table, c, &row, &cell))
            status = bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, row), c + 1,
                                   "target '%s': expected a number, found '%s'", s->targets[k], cell);
    }
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

/* ---- levels: the table's own codes to the schema's ---- */

/* Numbers (codes or values) of this table's column -> level index; missing -> MISSING. */
enum { MISSING = -1, UNSEEN = -2 };

typedef struct level_map {
    const bpnn_table *table;
    size_t column;
    char *const *levels;
    size_t count;
    int *by_code; /* text columns: per dictionary word */
    double last;  /* number columns: the value looked up last */
    int last_level;
} level_map;

static bool map_levels(level_map *map, const bpnn_table *table, size_t column, char *const *levels, size_t count)
{
    *map = (level_map){.table = table, .column = column, .levels = levels, .count = count, .last = (double)NAN};
    if (!table->columns[column].text)
        return true;
    const bpnn__dictionary *words = &table->columns[column].words;
    map->by_code = bpnn__alloc(words->count, sizeof *map->by_code);
    for (size_t i = 0; map->by_code && i < words->count; i++) {
        size_t level = bpnn__label_find(levels, count, bpnn__dictionary_word(words, i));
        map->by_code[i] = level == SIZE_MAX ? UNSEEN : (int)level;
    }
    return map->by_code != NULL;
}

static int level_of(level_map *map, double x)
{
    if (isnan(x))
        return MISSING;
    if (map->by_code)
        return map->by_code[(size_t)x];
    if (x != map->last) {
        char number[32];
        map->last = x;
        /* a column of numbers: its texts are the shortest decimals */
        bpnn__print_double(x, number);
        size_t level = bpnn__label_find(map->levels, map->count, number);
        map->last_level = level == SIZE_MAX ? UNSEEN : (int)level;
    }
    return map->last_level;
}

/* ---- inputs ---- */

typedef struct sink {
    bpnn_dtype dtype;
    void *out;
    size_t width;
} sink;

static void put(const sink *to, size_t row, size_t column, double x)
{
    if (to->dtype == BPNN_F32)
        ((float *)to->out)[row * to->width + column] = (float)x;
    else
        ((double *)to->out)[row * to->width + column] = x;
}

/* One block of a numeric feature: imputed, scaled, and its indicator. */
static bpnn_status encode_numeric(const bpnn__schema *s, const bpnn__feature *f, const bpnn_table *table, size_t c,
                                  const double *x, const size_t *rows, size_t first, size_t count, const sink *to,
                                  bpnn__encode_counts *counts, bpnn_error *error)
{
    double mean = s->mean[f->first], scale = s->scale[f->first];
    for (size_t i = 0; i < count; i++) {
        bool missing = isnan(x[i]) != 0;
        if (missing && s->missing == BPNN_MISSING_ERROR)
            return bpnn__fail_at(error, BPNN_DATA, table->source, bpnn_table_line(table, rows ? rows[i] : first + i),
                                 c + 1, "column '%s': a cell is missing, and the model was made with --missing error",
                                 f->name);
        put(to, i, f->first, ((missing ? f->fill : x[i]) - mean) / scale);
        if (f->indicator)
            put(to, i, f->first + 1, missing);
        counts->imputed_cells += missing;
    }
    return BPNN_OK;
}

static void encode_categorical(const bpnn__feature *f, level_map *map, const double *x, size_t count, const sink *to,
                               bpnn__encode_counts *counts)
{
    for (size_t i = 0; i < count; i++) {
        int level = level_of(map, x[i]);
        for (size_t k = 0; k < f->width; k++)
            put(to, i, f->first + k, 0);
        if (level >= 0)
            put(to, i, f->first + (size_t)level, 1);
        else if (level == MISSING && f->missing_level)
            put(to, i, f->first + f->level_count, 1);
        else
            counts->unseen_cells++;
    }
}

static bpnn_status encode_feature(const bpnn__schema *s, size_t index, const bpnn_table *table, size_t c,
                                  const size_t *rows, size_t first, size_t count, sink to, bpnn__encode_counts *counts,
                                  bpnn_error *error)
{
    const bpnn__feature *f = &s->features[index];
    double x[BLOCK];
    level_map map = {0};
    if (f->categorical && !map_levels(&map, table, c, f->levels, f->level_count))
        return bpnn__fail_memory(error);
    size_t size = to.dtype == BPNN_F32 ? sizeof(float) : sizeof(double);
    bpnn_status status = BPNN_OK;
    for (size_t at = 0; at < count && status == BPNN_OK; at += BLOCK) {
        size_t n = count - at < BLOCK ? count - at : BLOCK;
        sink here = {to.dtype, (char *)to.out + at * to.width * size, to.width};
        const size_t *these = rows ? rows + at : NULL;
        if (f->categorical)
            bpnn__table_numbers(table, c, these, first + at, n, x);
        else
            bpnn__table_values(table, c, these, first + at, n, x);
        if (f->categorical)
            encode_categorical(f, &map, x, n, &here, counts);
        else
            status = encode_numeric(s, f, table, c, x, these, first + at, n, &here, counts, error);
    }
    bpnn__free(map.by_code);
    return status;
}

bpnn_status bpnn__schema_encode(const bpnn__schema *s, const bpnn_table *table, const bpnn__mapping *mapping,
                                const size_t *rows, size_t first, size_t count, bpnn_dtype dtype, void *out,
                                bpnn__encode_counts *counts, bpnn_error *error)
{
    bpnn__encode_counts ignored = {0};
    sink to = {dtype, out, s->width};
    bpnn_status status = BPNN_OK;
    for (size_t f = 0; f < s->feature_count && status == BPNN_OK; f++)
        status = encode_feature(s, f, table, mapping->features[f], rows, first, count, to, counts ? counts : &ignored,
                                error);
    return status;
}

/* ---- targets ---- */

static void encode_class(const bpnn__schema *s, level_map *map, const double *x, size_t count, bool hinge,
                         const sink *to, double *raw, bpnn__encode_counts *counts)
{
    for (size_t i = 0; i < count; i++) {
        int level = level_of(map, x[i]);
        double class = level >= 0 ? (double)level : (double)NAN;
        counts->unseen_labels += level == UNSEEN;
        put(to, i, 0, hinge && s->task == BPNN_TASK_BINARY ? 2 * class - 1 : class);
        if (raw)
            raw[i] = level == UNSEEN ? -1 : class; /* -1: a label that is not known; NaN: none */
    }
}

bpnn_status bpnn__schema_targets(const bpnn__schema *s, const bpnn_table *table, const bpnn__mapping *mapping,
                                 const size_t *rows, size_t first, size_t count, bool hinge, bpnn_dtype dtype,
                                 void *out, double *raw, bpnn__encode_counts *counts, bpnn_error *error)
{
    bpnn__encode_counts ignored = {0};
    sink to = {dtype, out, s->target_count};
    double *x = bpnn__alloc(count ? count : 1, sizeof *x);
    if (!x)
        return bpnn__fail_memory(error);
    if (s->task != BPNN_TASK_REGRESSION) {
        level_map map;
        bool good = map_levels(&map, table, mapping->targets[0], s->classes, s->class_count);
        bpnn__table_numbers(table, mapping->targets[0], rows, first, count, x);
        if (good)
            encode_class(s, &map, x, count, hinge, &to, raw, counts ? counts : &ignored);
        bpnn__free(map.by_code);
        bpnn__free(x);
        return good ? BPNN_OK : bpnn__fail_memory(error);
    }
    for (size_t k = 0; k < s->target_count; k++) {
        bpnn__table_values(table, mapping->targets[k], rows, first, count, x);
        for (size_t i = 0; i < count; i++) {
            put(&to, i, k, (x[i] - s->target_mean[k]) / s->target_scale[k]);
            if (raw)
                raw[i * s->target_count + k] = x[i];
        }
    }
    bpnn__free(x);
    return BPNN_OK;
}
