/* A cache that was made when a column of numbers was asked for as text serves a reading that does not ask: the column gets back the
 * cells that a parse would give it. */
#include "base/memory.h"
#include "table/cache.h"

#include <math.h>
#include <string.h>

/* The numbers in the place of the codes; false: some number has no narrow cell, and the column no room for others. */
static bool in_place(const bpnn__block *b, size_t c, const double *values)
{
    uint32_t *cells = bpnn__block_column(b, c), cell;
    bool wide = bpnn__block_is_wide(b, c);
    for (size_t r = 0; !wide && r < b->rows; r++)
        if (cells[r] != BPNN__NARROW_MISSING && !bpnn__narrow_find(values[cells[r]], &cell))
            return false;
    for (size_t r = 0; r < b->rows; r++) {
        double x = bpnn__block_cell(b, r, c);
        if (isnan(x))
            continue;
        x = values[(size_t)x];
        if (wide)
            memcpy(cells + 2 * r, &x, sizeof x);
        else
            bpnn__narrow_find(x, &cells[r]);
    }
    return true;
}

static bool is_wide(const bpnn__block *b, size_t c, const double *values)
{
    uint32_t cell;
    bool wide = bpnn__block_is_wide(b, c);
    for (size_t r = 0; values && !wide && r < b->rows; r++) {
        double x = bpnn__block_cell(b, r, c);
        wide = !isnan(x) && !bpnn__narrow_find(values[(size_t)x], &cell);
    }
    return wide;
}

/* Column c of `from` in the block `to`, whose cells may be wider. */
static void copy_column(const bpnn__block *from, bpnn__block *to, size_t c)
{
    uint32_t *cells = bpnn__block_column(to, c);
    for (size_t r = 0; r < from->rows; r++) {
        double x = bpnn__block_cell(from, r, c);
        if (!bpnn__block_is_wide(to, c))
            cells[r] = bpnn__block_column(from, c)[r];
        else
            memcpy(cells + 2 * r, &x, sizeof x);
    }
}

/* The block again, with room for wide numbers in column c. */
static bool widen(bpnn_table *t, bpnn__block *b, size_t c, bpnn__desk *desk, bool *wide)
{
    for (size_t i = 0; i < t->column_count; i++)
        wide[i] = is_wide(b, i, i == c ? t->columns[c].values : NULL);
    if (!bpnn__desk_clear(desk, t->column_count, b->rows, wide))
        return false;
    desk->block.rows = b->rows;
    for (size_t i = 0; i < t->column_count; i++)
        copy_column(b, &desk->block, i);
    size_t first = b->first;
    bool good = bpnn__block_copy(b, &desk->block, NULL, t->column_count, &t->slabs);
    b->first = first;
    return good;
}

static bool to_numbers(bpnn_table *t, size_t c, bpnn__desk *desk, bool *wide)
{
    bpnn__column *column = &t->columns[c];
    for (size_t i = 0; column->text && i < t->block_count; i++) {
        bpnn__block *b = &t->blocks[i];
        if (!in_place(b, c, column->values) && !(widen(t, b, c, desk, wide) && in_place(b, c, column->values)))
            return false;
    }
    bpnn__dictionary_free(column->words);
    bpnn__free(column->words);
    bpnn__free(column->values);
    column->words = NULL;
    column->values = NULL;
    column->text = false;
    return true;
}

bool bpnn__cache_to_numbers(bpnn_table *t, const bool *as_text)
{
    bpnn__desk desk = {0};
    bool *wide = bpnn__alloc(t->column_count, sizeof *wide), good = wide != NULL;
    for (size_t c = 0; good && c < t->column_count; c++)
        if (!as_text[c] && t->columns[c].words && t->columns[c].all_numbers)
            good = to_numbers(t, c, &desk, wide);
    bpnn__desk_free(&desk);
    bpnn__free(wide);
    return good;
}
