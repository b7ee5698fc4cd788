/* Reading CSV: the file is cut into pieces at ends of records, threads read the pieces of a round while the next round is fetched, and
 * what they found is put together in the order of the file. Columns are taken for numbers; one in which a text turns up is read again
 * as text, with the whole file. */
#include "table/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/threads.h"
#include "table/csv_number.h"
#include "table/csv_pass.h"

#include <string.h>

enum { PIECE = 1 << 18, EARLY = 1 << 23, PAD = BPNN__NUMBER_READS_ON };

/* ---- bytes ---- */

/* Standard input, even from a file, and pipes cannot be read twice: they are kept in memory. */
static bpnn_status open_source(bpnn__pass *p, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    if (!p->kept.bytes) {
        status = bpnn__source_open(p->source, &p->reader, error);
        bool standard = !p->source->bytes && strcmp(p->source->path, "-") == 0;
        if (status == BPNN_OK)
            status = bpnn__check_bytes(p->csv.name, bpnn__reader_exceeds(p->reader, bpnn__limit_bytes(p->options)),
                                       p->options, error);
        if (status != BPNN_OK || p->source->bytes || (!standard && bpnn__reader_size_hint(p->reader) > 0))
            return status;
        status = bpnn__reader_whole(p->reader, p->csv.name, p->options, &p->kept, error);
        bpnn__reader_close(p->reader);
        p->reader = NULL;
    }
    return status == BPNN_OK ? bpnn__reader_from_memory(&p->reader, p->kept.bytes, p->kept.size, p->csv.name, error)
                             : status;
}

static bool reserve(bpnn__window *w, size_t capacity)
{
    if (w->bytes && w->capacity >= capacity)
        return true;
    char *bytes = bpnn__realloc(w->bytes, capacity + PAD, 1);
    if (!bytes)
        return false;
    w->bytes = bytes;
    w->capacity = capacity;
    return true;
}

void bpnn__window_read(bpnn__pass *p, bpnn__window *w, size_t wanted)
{
    uint64_t limit = bpnn__limit_bytes(p->options);
    size_t got = 0;
    if (!reserve(w, wanted)) {
        w->status = bpnn__fail_memory(&w->error);
        return;
    }
    size_t room = wanted - w->size;
    w->status = bpnn__reader_read(p->reader, w->bytes + w->size, room, &got, &w->error);
    w->size += got;
    w->last = w->status == BPNN_OK && got < room;
    p->bytes += got;
    if (w->status == BPNN_OK)
        w->status = bpnn__check_bytes(p->csv.name, p->bytes > limit, p->options, &w->error);
    memset(w->bytes + w->size, 0, PAD);
}

/* ---- rounds ---- */

/* Ends of records about a piece apart, until the pieces are used up or no further record is whole. */
static void cut_pieces(const bpnn__pass *p, bpnn__window *w)
{
    const char *end = w->bytes + w->size, *from = w->bytes + w->at;
    for (w->pieces = 0; w->pieces < p->piece_count && from < end;) {
        size_t left = (size_t)(end - from);
        const char *cut = left > p->piece ? bpnn__csv_cut(from, from + p->piece - 1, end, p->csv.delimiter) : NULL;
        if (!cut && w->last)
            cut = end;
        if (!cut)
            break;
        w->cut[w->pieces++] = (size_t)(cut - w->bytes);
        from = cut;
    }
    w->end = (size_t)(from - w->bytes);
}

/* Reads and cuts a round; more is read while not one record is whole. */
static void fill(bpnn__pass *p, bpnn__window *w)
{
    size_t wanted = (p->piece + p->piece / 8) * p->piece_count;
    for (;;) {
        if (w->status == BPNN_OK && !w->last && w->size < wanted)
            bpnn__window_read(p, w, wanted);
        cut_pieces(p, w);
        if (w->pieces > 0 || w->last)
            return;
        if (w->size - w->at > BPNN__MAX_RECORD)
            w->too_long = true;
        if (w->status != BPNN_OK || w->too_long)
            return;
        wanted = 2 * (w->size > p->piece ? w->size : p->piece);
    }
}

/* What the other window left over, and the bytes behind it. */
static void fill_next(bpnn__pass *p)
{
    bpnn__window *w = p->next, *before = p->now;
    size_t left = before->size - before->end;
    *w = (bpnn__window){.bytes = w->bytes, .capacity = w->capacity};
    if (!reserve(w, left)) {
        w->status = bpnn__fail_memory(&w->error);
        return;
    }
    memcpy(w->bytes, before->bytes + before->end, left);
    memset(w->bytes + left, 0, PAD);
    w->size = left;
    w->last = before->last;
    w->too_long = before->too_long;
    w->status = before->status;
    w->error = before->error;
    fill(p, w);
}

/* Unit 0 fetches the next round, the others read the pieces of this one. */
static void work(void *context, size_t unit)
{
    bpnn__pass *p = context;
    if (unit == 0)
        fill_next(p);
    else
        bpnn__chunk_read(&p->chunks[unit - 1]);
}

static bpnn_status read_round(bpnn__pass *p, bpnn_error *error)
{
    bpnn__window *w = p->now;
    size_t from = w->at;
    for (size_t i = 0; i < w->pieces; i++) {
        p->chunks[i].from = w->bytes + from;
        p->chunks[i].end = w->bytes + w->cut[i];
        from = w->cut[i];
    }
    bpnn__pool_run(p->pool, 0, w->pieces + 1, work, p);
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < w->pieces && status == BPNN_OK; i++)
        status = bpnn__csv_merge(p, &p->chunks[i], error);
    return status;
}

/* What stopped the reading of the bytes behind the pieces. */
static bpnn_status stopped(const bpnn__pass *p, const bpnn__window *w, bpnn_error *error)
{
    if (w->too_long)
        return bpnn__long_record(p->csv.name, p->line + 1, error);
    if (w->status != BPNN_OK && error)
        *error = w->error;
    return w->status;
}

static bpnn_status read_rounds(bpnn__pass *p, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    fill(p, p->now);
    while (status == BPNN_OK && p->now->pieces > 0) {
        status = read_round(p, error);
        if (p->again && p->bytes <= EARLY)
            return status; /* little is lost by beginning again at once */
        bpnn__window *done = p->now;
        p->now = p->next;
        p->next = done;
    }
    return status == BPNN_OK ? stopped(p, p->now, error) : status;
}

/* ---- passes ---- */

/* Threads that the size is worth, a round of pieces for them, and the places where those are read. */
static bpnn_status prepare(bpnn__pass *p, bpnn_error *error)
{
    size_t threads = p->options->threads;
    uint64_t worth = bpnn__reader_size_hint(p->reader) / p->piece + 1;
    if (!p->pool) {
        threads = threads ? threads : bpnn_usable_cpus();
        bpnn_status status = bpnn__pool_new(&p->pool, worth < threads ? (size_t)worth : threads, error);
        if (status != BPNN_OK)
            return status;
    }
    threads = bpnn__pool_threads(p->pool);
    p->piece_count = threads == 1 ? 1 : 3 * threads;
    p->piece_count = p->piece_count < BPNN__MOST_PIECES ? p->piece_count : BPNN__MOST_PIECES;
    p->csv.careful = bpnn__na_has_numbers(p->options->na, p->csv.decimal) ||
                     strchr("0123456789+-.eE", p->csv.delimiter) || p->csv.delimiter == p->csv.decimal;
    p->csv.table_words = threads == 1 ? p->table->columns : NULL;
    p->chunks = bpnn__alloc(p->piece_count, sizeof *p->chunks);
    bool good = p->chunks != NULL;
    for (size_t i = 0; good && i < p->piece_count; i++)
        good = bpnn__chunk_prepare(&p->chunks[i], &p->csv);
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

/* A text that made column c one of text in an earlier pass stands there in this one too, so that the table is what the bytes of this
 * pass alone give. */
static bpnn_status check_unchanged(const bpnn__pass *p, bpnn_error *error)
{
    for (size_t c = 0; c < p->table->column_count; c++)
        if (p->text_next[c] && p->table->columns[c].first_text == SIZE_MAX)
            return bpnn__csv_changed(p, 0, error);
    return BPNN_OK;
}

static bpnn_status read_table(bpnn__pass *p, bpnn_table **out, bpnn_error *error)
{
    bpnn_status status = bpnn__csv_begin(p, out, error);
    if (status != BPNN_OK)
        return status;
    p->table->dialect.compressed = p->kept.compressed || bpnn__reader_is_compressed(p->reader);
    status = prepare(p, error);
    if (status == BPNN_OK)
        status = read_rounds(p, error);
    if (status == BPNN_OK && !p->again && p->table->rows == 0)
        status = bpnn__fail_at(error, BPNN_DATA, p->csv.name, p->header_line, 0,
                               "there is a header and no row below it (--header no if the first line is data)");
    if (status == BPNN_OK && !p->again)
        status = check_unchanged(p, error);
    return status;
}

static void end_pass(bpnn__pass *p)
{
    for (size_t i = 0; p->chunks && i < p->piece_count; i++)
        bpnn__chunk_free(&p->chunks[i]);
    bpnn__free(p->chunks);
    bpnn__reader_close(p->reader);
    bpnn__free(p->window[0].bytes);
    bpnn__free(p->window[1].bytes);
    bpnn__free(p->scratch);
    bpnn__free(p->record.fields);
    bpnn__free(p->csv.as_text);
    bpnn__free(p->csv.wide);
    bpnn__pool_free(p->pool);
}

/* The numbers of a column that was kept as text although all of it is numbers. */
static bpnn_status find_values(bpnn_table *t, size_t c, bpnn_error *error)
{
    bpnn__column *column = &t->columns[c];
    column->text = column->words && column->words->count > 0;
    if (!column->text || !column->all_numbers)
        return BPNN_OK;
    column->values = bpnn__alloc(column->words->count, sizeof *column->values);
    if (!column->values)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < column->words->count; i++) {
        const char *word = bpnn__dictionary_word(column->words, i);
        bpnn__field field = {.text = word, .size = strlen(word)};
        bpnn__read_cell(&field, t->dialect.decimal, NULL, &column->values[i]);
    }
    return BPNN_OK;
}

static bpnn_status one_pass(bpnn__pass *p, const bpnn__source *source, bpnn_table **out,
                            const bpnn_table_options *options, bpnn_error *error)
{
    bool standard = !source->bytes && strcmp(source->path, "-") == 0;
    size_t limit = bpnn__limit_columns(options);
    *p = (bpnn__pass){.source = source,
                      .options = options,
                      .csv = {.name = standard ? "standard input" : source->path, .na = options->na, .limit = limit},
                      .record.limit = limit,
                      .piece = source->chunk ? source->chunk : PIECE,
                      .kept = p->kept,
                      .text_next = p->text_next,
                      .known_columns = p->known_columns};
    p->now = &p->window[0];
    p->next = &p->window[1];
    if (source->seen)
        source->seen->count = 0; /* the last pass counts */
    bpnn_status status = open_source(p, error);
    if (status == BPNN_OK)
        status = read_table(p, out, error);
    end_pass(p);
    return status;
}

bpnn_status bpnn__read_csv(bpnn_table **out, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error)
{
    bpnn__pass p = {0};
    bpnn_status status = BPNN_OK;
    do {
        bpnn_table_free(*out);
        *out = NULL;
        status = one_pass(&p, source, out, options, error);
    } while (status == BPNN_OK && p.again);
    bpnn__free(p.text_next);
    bpnn__free(p.kept.bytes);
    for (size_t c = 0; status == BPNN_OK && c < (*out)->column_count; c++)
        status = find_values(*out, c, error);
    return status;
}
