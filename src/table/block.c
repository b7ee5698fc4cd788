#include "table/block.h"
#include "base/memory.h"

#include <math.h>

#define NONE ((double)NAN)
const double bpnn__narrow_powers[32] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10,
                                        1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
                                        1e22, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE};

bool bpnn__narrow_find(double x, uint32_t *cell)
{
    double size = fabs(x);
    if (isnan(x)) {
        *cell = BPNN__NARROW_MISSING;
        return true;
    }
    for (uint32_t e = 0; e <= BPNN__NARROW_DIGITS; e++) {
        double mantissa = rint(size * bpnn__narrow_powers[e]);
        if (!(mantissa < (double)BPNN__NARROW_LIMIT))
            return false;
        if (mantissa / bpnn__narrow_powers[e] == size) {
            *cell = bpnn__narrow_make(signbit(x) != 0, (uint32_t)mantissa, e);
            return true;
        }
    }
    return false;
}

/* An even distance keeps doubles aligned; columns a multiple of a page apart would share the cache's sets. */
static size_t stride_for(size_t rows)
{
    size_t stride = (rows + 1) / 2 * 2;
    return stride % 1024 == 0 ? stride + 16 : stride;
}

bool bpnn__desk_clear(bpnn__desk *desk, size_t columns, size_t rows, const bool *wide)
{
    bpnn__block *block = &desk->block;
    size_t places = columns, cells;
    block->rows = 0;
    block->stride = stride_for(rows);
    block->place = NULL;
    if (memchr(wide, 1, columns)) {
        if (!desk->place)
            desk->place = bpnn__alloc(columns, sizeof *desk->place);
        block->place = desk->place;
        if (!block->place)
            return false;
        places = 0;
        for (size_t c = 0; c < columns; c++) {
            block->place[c] = (uint32_t)(places << 1 | wide[c]);
            places += 1u + wide[c];
        }
    }
    if (!bpnn__mul(block->stride, places, &cells))
        return false;
    if (cells <= desk->capacity)
        return true;
    bpnn__free(block->cells);
    block->cells = bpnn__realloc(NULL, cells, sizeof *block->cells);
    desk->capacity = block->cells ? cells : 0;
    return block->cells != NULL;
}

void bpnn__desk_free(bpnn__desk *desk)
{
    bpnn__free(desk->block.cells);
    bpnn__free(desk->place);
    *desk = (bpnn__desk){0};
}

/* ---- slabs: large pieces of memory, which the system hands out in large pages ---- */

enum { LEAST_SLAB = 1 << 16, MOST_SLAB = 1 << 24, LARGE_PAGE = 1 << 21 };

static bool add_slab(bpnn__slabs *s, size_t size)
{
    size_t wanted = LEAST_SLAB;
    for (size_t i = 0; i < s->count && wanted < MOST_SLAB; i++)
        wanted *= 2;
    wanted = size > wanted ? size : wanted;
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 8;
        void **slabs = bpnn__realloc(s->slabs, capacity, sizeof *slabs);
        if (!slabs)
            return false;
        s->slabs = slabs;
        s->capacity = capacity;
    }
    size_t align = wanted >= 2 * LARGE_PAGE ? LARGE_PAGE : 1;
    unsigned char *slab = bpnn__realloc(NULL, wanted + align, 1);
    if (!slab)
        return false;
    s->slabs[s->count++] = slab;
    s->at = slab + (align - (uintptr_t)slab % align) % align;
    s->left = wanted;
    return true;
}

uint32_t *bpnn__slabs_take(bpnn__slabs *s, size_t cells)
{
    size_t size = cells * sizeof(uint32_t) + (cells & 1) * sizeof(uint32_t);
    if (size > s->left && !add_slab(s, size))
        return NULL;
    uint32_t *memory = (uint32_t *)(void *)s->at;
    s->at += size;
    s->left -= size;
    return memory;
}

void bpnn__slabs_free(bpnn__slabs *s)
{
    for (size_t i = 0; i < s->count; i++)
        bpnn__free(s->slabs[i]);
    bpnn__free(s->slabs);
    *s = (bpnn__slabs){0};
}

static bool copy_places(bpnn__block *copy, const bpnn__block *block, const bpnn__block *before, size_t columns,
                        bpnn__slabs *slabs)
{
    size_t size = columns * sizeof *block->place;
    copy->place = NULL;
    if (!block->place)
        return true;
    if (before && before->place && memcmp(before->place, block->place, size) == 0) {
        copy->place = before->place;
        return true;
    }
    copy->place = bpnn__slabs_take(slabs, columns);
    if (copy->place)
        memcpy(copy->place, block->place, size);
    return copy->place != NULL;
}

bool bpnn__block_copy(bpnn__block *copy, const bpnn__block *block, const bpnn__block *before, size_t columns,
                      bpnn__slabs *slabs)
{
    copy->rows = block->rows;
    copy->stride = (block->rows + 1) / 2 * 2;
    if (!copy_places(copy, block, before, columns, slabs))
        return false;
    copy->cells = bpnn__slabs_take(slabs, bpnn__block_places(block, columns) * copy->stride);
    for (size_t c = 0; copy->cells && c < columns; c++)
        memcpy(bpnn__block_column(copy, c), bpnn__block_column(block, c),
               block->rows * sizeof(uint32_t) * (1u + bpnn__block_is_wide(block, c)));
    return copy->cells != NULL;
}

void bpnn__block_run(const bpnn__block *block, size_t c, size_t from, size_t count, double *out)
{
    const uint32_t *column = bpnn__block_column(block, c);
    if (bpnn__block_is_wide(block, c)) {
        memcpy(out, column + 2 * from, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = bpnn__narrow_value(column[from + i]);
}
