/* Blocks of a CSV table: some rows, their columns behind each other.
 *
 * Most decimal numbers of real files are short: a mantissa below 2^26 and at most 22 digits behind the point. Both are kept in 32 bits,
 * sign 1, exponent 5, mantissa 26, and value = mantissa / 10^exponent is the correctly rounded double, as both parts are exact and one
 * operation rounds once (Clinger 1990). Codes of texts are such numbers too. A column of a block is narrow (32 bits a cell) or wide
 * (double); a missing cell is NaN in both. */
#ifndef BPNN_TABLE_BLOCK_H
#define BPNN_TABLE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BPNN__NARROW_LIMIT ((uint64_t)1 << 26) /* mantissas are below it */
#define BPNN__NARROW_DIGITS 22                 /* behind the point, at most */
#define BPNN__NARROW_MISSING ((uint32_t)31 << 26)

extern const double bpnn__narrow_powers[32]; /* 10^0 .. 10^22, then NaN */

static inline uint32_t bpnn__narrow_make(bool negative, uint32_t mantissa, uint32_t exponent)
{
    return (uint32_t)negative << 31 | exponent << 26 | mantissa;
}

static inline double bpnn__narrow_value(uint32_t cell)
{
    double x = (double)(int32_t)(cell & (BPNN__NARROW_LIMIT - 1)) / bpnn__narrow_powers[cell >> 26 & 31];
    uint64_t bits; /* the sign without a branch, which random signs mislead */
    memcpy(&bits, &x, sizeof bits);
    bits |= (uint64_t)(cell >> 31) << 63;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The narrow cell of x (NaN: missing); false if there is none. */
bool bpnn__narrow_find(double x, uint32_t *cell);

typedef struct bpnn__block {
    size_t first, rows, stride; /* first: of the table's rows */
    uint32_t *cells;            /* columns `stride` apart, wide ones twice as far */
    uint32_t *place;            /* of a column, in strides << 1, + 1 if it is wide; NULL: all narrow */
} bpnn__block;

/* A block to write into, again and again. */
typedef struct bpnn__desk {
    bpnn__block block;
    size_t capacity; /* of cells */
    uint32_t *place; /* a column */
} bpnn__desk;

/* Room for `rows` rows, none of them there yet. False: out of memory. */
bool bpnn__desk_clear(bpnn__desk *desk, size_t columns, size_t rows, const bool *wide);
void bpnn__desk_free(bpnn__desk *desk);

/* Memory for the blocks of a table, in slabs. */
typedef struct bpnn__slabs {
    void **slabs;
    size_t count, capacity;
    unsigned char *at;
    size_t left;
} bpnn__slabs;

/* A copy without the room that is not used; `before` (NULL: none) may have the same places, which are shared then. False: out of
 * memory. */
bool bpnn__block_copy(bpnn__block *copy, const bpnn__block *block, const bpnn__block *before, size_t columns,
                      bpnn__slabs *slabs);
void bpnn__slabs_free(bpnn__slabs *slabs);

/* That many cells, aligned to eight bytes; NULL: out of memory. */
uint32_t *bpnn__slabs_take(bpnn__slabs *slabs, size_t cells);

static inline bool bpnn__block_is_wide(const bpnn__block *block, size_t c)
{
    return block->place && (block->place[c] & 1);
}

/* Narrow columns that the block has room for, a wide one counted twice; and its cells. */
static inline size_t bpnn__block_places(const bpnn__block *block, size_t columns)
{
    return block->place ? (block->place[columns - 1] >> 1) + 1 + (block->place[columns - 1] & 1) : columns;
}

static inline size_t bpnn__block_cells(const bpnn__block *block, size_t columns)
{
    return bpnn__block_places(block, columns) * block->stride;
}

static inline uint32_t *bpnn__block_column(const bpnn__block *block, size_t c)
{
    return block->cells + block->stride * (block->place ? block->place[c] >> 1 : c);
}

/* Row counts within the block. */
static inline double bpnn__block_cell(const bpnn__block *block, size_t row, size_t c)
{
    const uint32_t *column = bpnn__block_column(block, c);
    double x;
    if (!bpnn__block_is_wide(block, c))
        return bpnn__narrow_value(column[row]);
    memcpy(&x, column + 2 * row, sizeof x);
    return x;
}

/* Rows from .. from + count - 1 of a column. */
void bpnn__block_run(const bpnn__block *block, size_t c, size_t from, size_t count, double *out);

#endif
