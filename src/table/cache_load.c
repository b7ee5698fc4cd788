/* Reading a cache. Its checksum is good for damage alone: whatever it says is checked as if somebody had made it up. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/cache.h"
#include "table/csv.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* ---- the description ---- */

typedef struct cursor {
    const unsigned char *at;
    size_t left;
    bool bad; /* something was not as it is written */
} cursor;

static uint64_t take(cursor *c)
{
    uint64_t number = 0;
    if (c->left < sizeof number) {
        c->bad = true;
        return 0;
    }
    memcpy(&number, c->at, sizeof number);
    c->at += sizeof number;
    c->left -= sizeof number;
    return number;
}

static uint64_t take_below(cursor *c, uint64_t limit)
{
    uint64_t number = take(c);
    c->bad = c->bad || number >= limit;
    return c->bad ? 0 : number;
}

/* `size` bytes of the description. */
static const unsigned char *take_raw(cursor *c, size_t size)
{
    const unsigned char *bytes = c->at;
    if (c->bad || size > c->left) {
        c->bad = true;
        return NULL;
    }
    c->at += size;
    c->left -= size;
    return bytes;
}

/* A size and as many bytes; copied with a terminator behind them. NULL: bad, or out of memory. */
static void *take_bytes(cursor *c, size_t *size)
{
    *size = (size_t)take(c);
    const unsigned char *bytes = take_raw(c, *size);
    unsigned char *copy = c->bad ? NULL : bpnn__realloc(NULL, *size + 1, 1);
    c->bad = !copy;
    if (!copy)
        return NULL;
    memcpy(copy, bytes, *size);
    copy[*size] = '\0';
    return copy;
}

/* A text without NUL, in UTF-8. */
static char *take_text(cursor *c)
{
    size_t size, at;
    char *text = take_bytes(c, &size);
    c->bad = c->bad || !bpnn__utf8_valid(text, size, &at);
    return text;
}

/* The texts stand behind each other, each terminated. */
static bool find_words(bpnn__dictionary *d)
{
    size_t at = 0, wrong;
    for (size_t i = 0; i < d->count; i++) {
        const char *end = at < d->arena_size ? memchr(d->arena + at, '\0', d->arena_size - at) : NULL;
        if (!end || !bpnn__utf8_valid(d->arena + at, (size_t)(end - d->arena) - at, &wrong))
            return false;
        d->offset[i] = at;
        at = (size_t)(end - d->arena) + 1;
    }
    return at == d->arena_size;
}

static void take_words(cursor *c, bpnn__column *column)
{
    size_t count = (size_t)take_below(c, UINT32_MAX - 1), size;
    bpnn__dictionary *d = column->words = bpnn__alloc(1, sizeof *d);
    if (!d) {
        c->bad = true;
        return;
    }
    d->arena = take_bytes(c, &d->arena_size);
    column->values = take_bytes(c, &size);
    c->bad = c->bad || count > d->arena_size;
    d->offset = c->bad ? NULL : bpnn__realloc(NULL, count, sizeof *d->offset);
    c->bad = c->bad || !d->offset;
    if (c->bad)
        return;
    d->count = d->capacity = count;
    d->arena_capacity = d->arena_size;
    column->text = count > 0;
    bool values = column->text && column->all_numbers;
    c->bad = !find_words(d) || size != (values ? count * sizeof *column->values : 0);
    for (size_t i = 0; !c->bad && values && i < count; i++)
        c->bad = !isfinite(column->values[i]);
    if (!values) {
        bpnn__free(column->values);
        column->values = NULL;
    }
}

static void take_column(cursor *c, bpnn__column *column, size_t rows)
{
    bpnn__free(column->name);
    column->name = take_text(c);
    column->missing = (size_t)take_below(c, rows + 1);
    uint64_t first = take(c);
    column->first_text = first < SIZE_MAX ? (size_t)first : SIZE_MAX;
    column->all_numbers = take_below(c, 2);
    if (take_below(c, 2))
        take_words(c, column);
    c->bad = c->bad || !column->name || !column->name[0] || column->all_numbers != (first == SIZE_MAX) ||
             (!column->all_numbers && (!column->text || first >= rows));
}

static void take_dialect(cursor *c, bpnn_table_dialect *d)
{
    size_t size;
    char *name = take_text(c);
    const bpnn__table_format *format = name ? bpnn__table_format_named(name) : NULL;
    d->format = format ? format->name : NULL;
    bpnn__free(name);
    char *flags = take_bytes(c, &size);
    c->bad = c->bad || !d->format || size != 6;
    if (!c->bad) {
        d->delimiter = flags[0];
        d->decimal = flags[1];
        d->header = flags[2] != 0;
        d->bom = flags[3] != 0;
        d->crlf = flags[4] != 0;
        d->compressed = flags[5] != 0;
    }
    bpnn__free(flags);
}

static void take_lines(cursor *c, bpnn_table *t)
{
    size_t size;
    t->first_line = take(c);
    t->shifts = take_bytes(c, &size);
    t->shift_count = t->shift_capacity = size / sizeof *t->shifts;
    c->bad = c->bad || size % sizeof *t->shifts != 0;
}

enum { LEAST_COLUMN = 5 * sizeof(uint64_t) }; /* bytes of a column's description, at least */

static bpnn_table *take_table(cursor *c, const char *source)
{
    uint64_t rows = take_below(c, SIZE_MAX / sizeof(double)), columns = take(c);
    c->bad = c->bad || rows == 0 || columns == 0 || columns > c->left / LEAST_COLUMN;
    bpnn_table *t = c->bad ? NULL : bpnn__table_new(source, (size_t)columns);
    if (!t)
        return NULL;
    t->rows = (size_t)rows;
    take_dialect(c, &t->dialect);
    take_lines(c, t);
    for (size_t i = 0; !c->bad && i < t->column_count; i++)
        take_column(c, &t->columns[i], t->rows);
    return t;
}

/* ---- cells ---- */

typedef struct body {
    int fd;
    uint64_t left; /* bytes of cells that were not read yet */
    bpnn__digest digest;
} body;

static bool read_bytes(body *b, void *bytes, size_t size)
{
    unsigned char *at = bytes;
    for (size_t got = 0; got < size;) {
        ssize_t n = bpnn__io_get()->read(b->fd, at + got, size - got);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        got += n > 0 ? (size_t)n : 0;
    }
    bpnn__digest_add(&b->digest, bytes, size);
    return true;
}

static bool read_cells(body *b, void *bytes, size_t size)
{
    if (size > b->left)
        return false;
    b->left -= size;
    return read_bytes(b, bytes, size);
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Counts the missing cells of a column of a block; false: a cell that no reading gives. */
static bool check_cells(const bpnn__block *b, size_t c, const bpnn__column *column, size_t *missing)
{
    const uint32_t *cells = bpnn__block_column(b, c);
    size_t count = 0, bad = 0, words = column->words ? column->words->count : 0;
    if (!bpnn__block_is_wide(b, c)) {
        uint32_t limit = words < BPNN__NARROW_LIMIT ? (uint32_t)words : (uint32_t)BPNN__NARROW_LIMIT;
        for (size_t r = 0; r < b->rows; r++) {
            count += (cells[r] >> 26 & 31) > BPNN__NARROW_DIGITS;
            bad += column->words && cells[r] >= limit && cells[r] != BPNN__NARROW_MISSING;
        }
    }
    for (size_t r = 0; bpnn__block_is_wide(b, c) && r < b->rows; r++) {
        double x = bpnn__block_cell(b, r, c);
        count += isnan(x) != 0;
        bad += isinf(x) || (column->words && !isnan(x) && !(x >= 0 && x < (double)words && same_bits(x, floor(x))));
    }
    *missing += count;
    return bad == 0;
}

/* The places of a block's columns: none, those of the block before, or a letter a column. */
static bool take_places(cursor *c, bpnn__block *b, const bpnn__block *before, size_t columns, bpnn__slabs *slabs)
{
    uint64_t how = take_below(c, 3);
    b->place = how == 1 && before ? before->place : NULL;
    if (how == 1)
        return b->place != NULL;
    if (c->bad || how == 0)
        return !c->bad;
    const unsigned char *letter = take_raw(c, columns);
    b->place = letter ? bpnn__slabs_take(slabs, columns) : NULL;
    uint32_t at = 0;
    for (size_t i = 0; b->place && i < columns; i++) {
        bool wide = letter[i] == 'w';
        b->place[i] = at << 1 | wide;
        at += 1u + wide;
    }
    return b->place != NULL;
}

/* Block i with its cells at *cells, which moves behind them. */
static bool take_block(cursor *c, body *b, bpnn_table *t, size_t i, uint32_t **cells, size_t *missing)
{
    bpnn__block *block = &t->blocks[i];
    block->first = i ? block[-1].first + block[-1].rows : 0;
    block->rows = (size_t)take_below(c, t->rows - block->first + 1);
    block->stride = (block->rows + 1) / 2 * 2;
    if (c->bad || block->rows == 0 || !take_places(c, block, i ? block - 1 : NULL, t->column_count, &t->slabs))
        return false;
    size_t places = bpnn__block_places(block, t->column_count), size;
    if (!bpnn__mul(places, block->stride, &size) || !bpnn__mul(size, sizeof **cells, &size))
        return false;
    block->cells = *cells;
    if (!read_cells(b, *cells, size))
        return false;
    *cells += size / sizeof **cells;
    for (size_t k = 0; k < t->column_count; k++)
        if (!check_cells(block, k, &t->columns[k], &missing[k]))
            return false;
    return true;
}

/* One piece of memory takes the cells of all blocks: no block is larger than what is left of the file. */
static bool take_blocks(cursor *c, body *b, bpnn_table *t, size_t count, size_t *missing)
{
    uint32_t *cells =
        b->left % (2 * sizeof *cells) == 0 ? bpnn__slabs_take(&t->slabs, (size_t)b->left / sizeof *cells) : NULL;
    t->blocks = cells ? bpnn__alloc(count, sizeof *t->blocks) : NULL;
    if (!t->blocks)
        return false;
    t->block_count = t->block_capacity = count;
    for (size_t i = 0; i < count; i++)
        if (!take_block(c, b, t, i, &cells, missing))
            return false;
    return t->blocks[count - 1].first + t->blocks[count - 1].rows == t->rows;
}

/* Infinite cells of a matrix count as missing when they are looked at. */
static void count_missing(const bpnn_matrix *m, size_t *missing)
{
    for (size_t i = 0; m->dtype != BPNN_U8 && i < m->rows * m->cols; i++) {
        double x = m->dtype == BPNN_F32 ? (double)((const float *)m->data)[i] : ((const double *)m->data)[i];
        missing[i % m->cols] += isfinite(x) ? 0 : 1;
    }
}

static bool take_matrix(cursor *c, body *b, bpnn_table *t, size_t i, size_t *missing)
{
    bpnn_dtype dtype = (bpnn_dtype)take_below(c, BPNN_U8 + 1);
    size_t columns = (size_t)take_below(c, t->column_count + 1), size;
    if (c->bad || (i == 0 && columns == 0))
        return false;
    if (columns == 0)
        return true;
    if (!bpnn__mul(t->rows, columns, &size) || !bpnn__mul(size, bpnn_dtype_size(dtype), &size) || size > b->left)
        return false;
    t->owned[i] = bpnn__realloc(NULL, size, 1);
    if (!t->owned[i] || !read_cells(b, t->owned[i], size))
        return false;
    t->part[i] = bpnn_matrix_make(t->owned[i], dtype, t->rows, columns);
    count_missing(&t->part[i], missing);
    return true;
}

static bool take_matrices(cursor *c, body *b, bpnn_table *t, size_t *missing)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (t->columns[i].words)
            return false;
    return take_matrix(c, b, t, 0, missing) && take_matrix(c, b, t, 1, missing + t->part[0].cols) &&
           t->part[0].cols + t->part[1].cols == t->column_count;
}

/* The first text of a column that has one is there, and missing cells are as many as it says. */
static bool check_columns(const bpnn_table *t, const size_t *missing)
{
    for (size_t c = 0; c < t->column_count; c++) {
        double first = 0;
        if (t->columns[c].first_text != SIZE_MAX)
            bpnn__table_numbers(t, c, NULL, t->columns[c].first_text, 1, &first);
        if (missing[c] != t->columns[c].missing || isnan(first))
            return false;
    }
    return true;
}

static bool take_cells(cursor *c, body *b, bpnn_table *t)
{
    size_t *missing = bpnn__alloc(t->column_count, sizeof *missing);
    uint64_t count = take_below(c, t->rows + 1);
    bool good = missing && !c->bad &&
                (count > 0 ? count <= c->left / (2 * sizeof(uint64_t)) && take_blocks(c, b, t, (size_t)count, missing)
                           : take_matrices(c, b, t, missing)) &&
                c->left == 0 && b->left == 0 && check_columns(t, missing);
    bpnn__free(missing);
    return good;
}

/* ---- the whole ---- */

/* The texts that are asked for are there, and those of numbers that are not are none any more. */
static bool suit(bpnn_table *t, const bpnn_table_options *options)
{
    if (t->block_count == 0)
        return true;
    bool *as_text = bpnn__alloc(t->column_count, sizeof *as_text);
    bool good = as_text && bpnn__mark_text(t, options, as_text, NULL) == BPNN_OK;
    for (size_t c = 0; good && c < t->column_count; c++)
        good = !as_text[c] || t->columns[c].words;
    good = good && bpnn__cache_to_numbers(t, as_text);
    bpnn__free(as_text);
    return good;
}

bpnn_table *bpnn__cache_read_body(int fd, const bpnn__cache_head *head, const char *source,
                                  const bpnn_table_options *options)
{
    body b = {.fd = fd, .left = head->cells};
    uint64_t found[2] = {0, 0};
    unsigned char *description =
        head->description < SIZE_MAX ? bpnn__realloc(NULL, (size_t)head->description + 1, 1) : NULL;
    cursor c = {.at = description, .left = (size_t)head->description};
    bpnn__digest_begin(&b.digest);
    bool good = description && read_bytes(&b, description, (size_t)head->description);
    bpnn_table *t = good ? take_table(&c, source) : NULL;
    good = t && !c.bad && take_cells(&c, &b, t);
    bpnn__free(description);
    if (good)
        bpnn__digest_end(&b.digest, found);
    if (good && memcmp(found, head->body, sizeof found) == 0 && suit(t, options))
        return t;
    bpnn_table_free(t);
    return NULL;
}
