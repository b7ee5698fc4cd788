/* Writing a cache. */
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/cache.h"

#include <string.h>

static void put(bpnn__text *to, uint64_t number)
{
    bpnn__text_add_bytes(to, (const char *)&number, sizeof number);
}

static void put_bytes(bpnn__text *to, const void *bytes, size_t size)
{
    put(to, size);
    bpnn__text_add_bytes(to, bytes, size);
}

static void describe_column(bpnn__text *to, const bpnn__column *c)
{
    put_bytes(to, c->name, strlen(c->name));
    put(to, c->missing);
    put(to, c->first_text);
    put(to, c->all_numbers);
    put(to, c->words != NULL);
    if (!c->words)
        return;
    put(to, c->words->count);
    put_bytes(to, c->words->arena, c->words->arena_size);
    put_bytes(to, c->values, c->values ? c->words->count * sizeof *c->values : 0);
}

static void describe_table(bpnn__text *to, const bpnn_table *t)
{
    const bpnn_table_dialect *d = &t->dialect;
    const char flags[] = {d->delimiter, d->decimal, d->header, d->bom, d->crlf, d->compressed};
    put(to, t->rows);
    put(to, t->column_count);
    put_bytes(to, d->format, strlen(d->format));
    put_bytes(to, flags, sizeof flags);
    put(to, t->first_line);
    put_bytes(to, t->shifts, t->shift_count * sizeof *t->shifts);
    for (size_t c = 0; c < t->column_count; c++)
        describe_column(to, &t->columns[c]);
}

/* Which columns are wide: nothing at all, the same as in the block before, or a byte each. */
static void describe_block(bpnn__text *to, const bpnn__block *b, const bpnn__block *before, size_t columns)
{
    size_t size = columns * sizeof *b->place;
    put(to, b->rows);
    bool same = b->place && before && before->place && memcmp(b->place, before->place, size) == 0;
    put(to, !b->place ? 0 : same ? 1 : 2);
    for (size_t c = 0; b->place && !same && c < columns; c++)
        bpnn__text_add_bytes(to, bpnn__block_is_wide(b, c) ? "w" : "n", 1);
}

static void describe_cells(bpnn__text *to, const bpnn_table *t, bpnn__piece *cells)
{
    put(to, t->block_count);
    for (size_t i = 0; i < t->block_count; i++) {
        const bpnn__block *b = &t->blocks[i];
        describe_block(to, b, i ? b - 1 : NULL, t->column_count);
        cells[i] = (bpnn__piece){b->cells, bpnn__block_cells(b, t->column_count) * sizeof *b->cells};
    }
    for (size_t i = 0; t->block_count == 0 && i < 2; i++) {
        const bpnn_matrix *m = &t->part[i];
        put(to, (uint64_t)m->dtype);
        put(to, m->cols);
        cells[i] = (bpnn__piece){m->data, m->data ? m->rows * m->cols * bpnn_dtype_size(m->dtype) : 0};
    }
}

bool bpnn__cache_save(const bpnn__cache *k, const bpnn_table *t, const uint64_t source[2])
{
    size_t pieces = t->block_count ? t->block_count : 2;
    bpnn__piece *piece = bpnn__alloc(pieces + 2, sizeof *piece);
    bpnn__text description = {0};
    bpnn__cache_head head = {.order = BPNN__CACHE_ORDER, .format = BPNN__CACHE_FORMAT, .source_size = k->source_size};
    memcpy(head.magic, BPNN__CACHE_MAGIC, sizeof head.magic);
    memcpy(head.options, k->options, sizeof head.options);
    memcpy(head.source, source, sizeof head.source);
    describe_table(&description, t);
    if (piece)
        describe_cells(&description, t, piece + 2);
    bool good = piece && !description.failed;
    if (good) {
        bpnn__digest digest;
        bpnn__digest_begin(&digest);
        piece[0] = (bpnn__piece){&head, sizeof head};
        piece[1] = (bpnn__piece){description.data, description.size};
        head.description = description.size;
        for (size_t i = 1; i < pieces + 2; i++) {
            bpnn__digest_add(&digest, piece[i].bytes, piece[i].size);
            head.cells += i > 1 ? piece[i].size : 0;
        }
        bpnn__digest_end(&digest, head.body);
        good = bpnn__replace_pieces(k->path, piece, pieces + 2, k->mode, NULL) == BPNN_OK;
    }
    bpnn__text_free(&description);
    bpnn__free(piece);
    return good;
}
