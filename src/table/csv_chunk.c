/* The records of a piece: the common cells where they stand, everything else field by field, and what is wrong by cutting the whole
 * record, so that the same is found wrong first whatever way was taken. */
#include "table/csv_chunk.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/csv_number.h"

#include <math.h>
#include <string.h>

enum { LANES = 16, MANY_CELLS = 1 << 22 };

/* ---- memory ---- */

bool bpnn__chunk_prepare(bpnn__chunk *k, const bpnn__csv *csv)
{
    size_t columns = csv->columns;
    *k = (bpnn__chunk){.csv = csv, .record.limit = csv->limit};
    k->found = bpnn__alloc(columns, sizeof *k->found);
    k->wide = bpnn__alloc(columns, sizeof *k->wide);
    k->gaps = bpnn__alloc(columns, sizeof *k->gaps);
    bool own = !csv->table_words && memchr(csv->as_text, 1, columns);
    if (own)
        k->words = bpnn__alloc(columns, sizeof *k->words);
    bool good = k->found && k->wide && k->gaps && (!own || k->words);
    for (size_t c = 0; good && own && c < columns; c++)
        good = !csv->as_text[c] || (k->words[c] = bpnn__alloc(1, sizeof *k->words[c]));
    return good;
}

void bpnn__chunk_free(bpnn__chunk *k)
{
    for (size_t c = 0; k->words && c < k->csv->columns; c++)
        if (k->words[c]) {
            bpnn__dictionary_free(k->words[c]);
            bpnn__free(k->words[c]);
        }
    bpnn__free(k->words);
    bpnn__free(k->found);
    bpnn__free(k->wide);
    bpnn__free(k->gaps);
    bpnn__free(k->notes);
    bpnn__free(k->scratch);
    bpnn__free(k->record.fields);
    bpnn__desk_free(&k->desk);
    *k = (bpnn__chunk){0};
}

/* As before the first record; dictionaries stay: the same words come again in the same order. */
static void start_again(bpnn__chunk *k)
{
    for (size_t c = 0; c < k->csv->columns; c++)
        k->found[c] = (struct bpnn__found){0, UINT32_MAX};
    k->status = BPNN_OK;
    k->lines = 0;
    k->note_count = 0;
    k->again = k->widened = k->full = false;
}

/* How often a byte occurs: sixteen counters at a time, which compilers keep in one register. */
static size_t count_of(const char *c, size_t size, char wanted)
{
    size_t total = 0;
    while (size >= LANES) {
        unsigned char lane[LANES] = {0};
        size_t times = size / LANES < 255 ? size / LANES : 255;
        for (size_t i = 0; i < times; i++, c += LANES)
            for (size_t j = 0; j < LANES; j++)
                lane[j] = (unsigned char)(lane[j] + (c[j] == wanted));
        for (size_t j = 0; j < LANES; j++)
            total += lane[j];
        size -= times * LANES;
    }
    for (size_t i = 0; i < size; i++)
        total += c[i] == wanted;
    return total;
}

/* Rows to make room for: a line each, and at least a byte a cell. Line ends in quotes may promise many more than there are, so large
 * blocks begin small and are read again with more room. */
static size_t rows_expected(const bpnn__chunk *k)
{
    size_t size = (size_t)(k->end - k->from), columns = k->csv->columns;
    size_t returns = memchr(k->from, '\r', size) ? count_of(k->from, size, '\r') : 0;
    size_t feeds = count_of(k->from, size, '\n');
    size_t lines = (feeds > returns ? feeds : returns) + 1, fit = size / columns + 1, some = MANY_CELLS / columns + 1;
    lines = lines < fit ? lines : fit;
    return lines < some ? lines : some;
}

/* ---- what is wrong ---- */

static uint64_t line_here(const bpnn__chunk *k)
{
    return k->lines + 1;
}

bpnn_status bpnn__cut_fault(const char *name, uint64_t line, const bpnn__record *record, bpnn__cut cut,
                            bpnn_error *error)
{
    const char *what = cut == BPNN__CUT_OPEN_QUOTE
                           ? "a quote is opened and never closed; close it, or double quotes inside"
                       : cut == BPNN__CUT_AFTER_QUOTE
                           ? "text behind a closing quote; double the quotes inside a quoted cell"
                           : "a NUL byte; is this a text file? From UTF-16, convert it: iconv -f utf-16 -t utf-8";
    if (cut == BPNN__CUT_MEMORY)
        return bpnn__fail_memory(error);
    if (cut == BPNN__CUT_FIELDS)
        return bpnn__fail_at(error, BPNN_DATA, name, line, 0, "more columns than the limit of %zu; check the delimiter",
                             record->limit);
    return bpnn__fail_at(error, BPNN_DATA, name, line + record->lines, record->count + 1, "%s", what);
}

bpnn_status bpnn__long_record(const char *name, uint64_t line, bpnn_error *error)
{
    return bpnn__fail_at(error, BPNN_DATA, name, line, 0, "a record of more than 64 MiB; is a quote open?");
}

const char *bpnn__field_text(const bpnn__field *field, char **scratch, size_t *scratch_size, size_t *size)
{
    *size = field->size;
    if (!field->doubled)
        return field->text;
    if (*scratch_size < field->size) {
        char *grown = bpnn__realloc(*scratch, field->size, 1);
        if (!grown)
            return NULL;
        *scratch = grown;
        *scratch_size = field->size;
    }
    *size = 0;
    for (size_t i = 0; i < field->size; i++) {
        (*scratch)[(*size)++] = field->text[i];
        i += field->text[i] == '"';
    }
    return *scratch;
}

bpnn_status bpnn__check_text(const char *name, uint64_t line, size_t c, const char *text, size_t size,
                             bpnn_error *error)
{
    size_t bad;
    if (size > BPNN__MAX_CELL)
        return bpnn__fail_at(error, BPNN_DATA, name, line, c + 1,
                             "a cell of more than 16 MiB; is a quote or a line end missing?");
    if (bpnn__utf8_valid(text, size, &bad))
        return BPNN_OK;
    return bpnn__fail_at(error, BPNN_DATA, name, line, c + 1,
                         "byte %zu of the cell (0x%02x) is not UTF-8; convert the file, as in iconv -f latin1 -t utf-8",
                         bad + 1, (unsigned)(unsigned char)text[bad]);
}

/* ---- cells ---- */

/* Marks column c for double cells; the piece is read again. */
static void widen(bpnn__chunk *k, size_t c)
{
    k->wide[c] = k->widened = true;
}

static void put(bpnn__chunk *k, size_t c, double x)
{
    uint32_t *to = bpnn__block_column(&k->desk.block, c);
    if (bpnn__block_is_wide(&k->desk.block, c))
        memcpy(to + 2 * k->desk.block.rows, &x, sizeof x);
    else if (!bpnn__narrow_find(x, to + k->desk.block.rows))
        widen(k, c);
}

static bpnn__dictionary *words_of(bpnn__chunk *k, size_t c)
{
    return k->words ? k->words[c] : k->csv->table_words[c].words;
}

/* A text: checked, and in a column of text its code. The check comes first: a row may be read twice. */
static bpnn_status put_text(bpnn__chunk *k, size_t c, const bpnn__field *field)
{
    size_t size;
    const char *text = bpnn__field_text(field, &k->scratch, &k->scratch_size, &size);
    if (!text)
        return bpnn__fail_memory(&k->error);
    bpnn_status status = bpnn__check_text(k->csv->name, line_here(k), c, text, size, &k->error);
    if (status != BPNN_OK || !k->csv->as_text[c])
        return status;
    size_t code = bpnn__dictionary_add(words_of(k, c), text, size);
    if (code == SIZE_MAX)
        return bpnn__fail_memory(&k->error);
    put(k, c, (double)code);
    return BPNN_OK;
}

/* Any field. Missing cells are counted when the row is whole. */
static bpnn_status put_field(bpnn__chunk *k, size_t c, const bpnn__field *field)
{
    double x = 0;
    bpnn__cell cell =
        field->size > BPNN__MAX_CELL ? BPNN__CELL_TEXT : bpnn__read_cell(field, k->csv->decimal, k->csv->na, &x);
    if (cell == BPNN__CELL_MISSING) {
        k->gaps[k->gap_count++] = (uint32_t)c;
        put(k, c, (double)NAN);
        return BPNN_OK;
    }
    if (cell == BPNN__CELL_NUMBER && !k->csv->as_text[c]) {
        put(k, c, x);
        return BPNN_OK;
    }
    if (cell == BPNN__CELL_TEXT) {
        if (k->found[c].first_text == UINT32_MAX)
            k->found[c].first_text = (uint32_t)k->desk.block.rows;
        k->again = k->again || !k->csv->as_text[c];
    }
    return put_text(k, c, field);
}

/* ---- rows ---- */

static bpnn_status note_line(bpnn__chunk *k)
{
    const bpnn__line_note *last = k->note_count ? &k->notes[k->note_count - 1] : NULL;
    if (last && k->lines - last->line == k->desk.block.rows - last->row)
        return BPNN_OK;
    if (k->note_count == k->note_capacity) {
        size_t capacity = k->note_capacity ? 2 * k->note_capacity : 16;
        bpnn__line_note *notes = bpnn__realloc(k->notes, capacity, sizeof *notes);
        if (!notes)
            return bpnn__fail_memory(&k->error);
        k->notes = notes;
        k->note_capacity = capacity;
    }
    k->notes[k->note_count++] = (bpnn__line_note){k->desk.block.rows, k->lines};
    return BPNN_OK;
}

static bpnn_status end_row(bpnn__chunk *k, uint64_t lines)
{
    bpnn_status status = note_line(k);
    for (size_t i = 0; i < k->gap_count; i++)
        k->found[k->gaps[i]].missing++;
    k->desk.block.rows++;
    k->lines += lines;
    return status;
}

/* The cell at c of column `col`, whatever it is; *lines: line ends inside. NULL: the row needs the careful way. */
static const char *any_cell(bpnn__chunk *k, size_t col, const char *c, size_t *lines)
{
    const bpnn__csv *s = k->csv;
    k->record.count = k->record.lines = 0;
    if (bpnn__cut_field(&k->record, &c, k->end, s->delimiter, true) != BPNN__CUT_DONE)
        return NULL;
    *lines += k->record.lines;
    return put_field(k, col, &k->record.fields[0]) == BPNN_OK ? c : NULL;
}

/* A number that is not narrow as it stands, or of a wide column; false: it is not found out here. */
static bool long_number(bpnn__chunk *k, size_t col, const bpnn__decimal *d)
{
    double x;
    if (!bpnn__decimal_double(d->mantissa, d->power, &x))
        return false;
    put(k, col, d->negative ? -x : x);
    return true;
}

static const char *number_cell(bpnn__chunk *k, size_t col, uint32_t *to, const char *c, size_t *lines)
{
    const bpnn__csv *s = k->csv;
    const char *number = c, *end;
    bpnn__decimal d = {0};
    while (*number == ' ')
        number++;
    end = bpnn__plain_number(number, s->delimiter, s->decimal, &d);
    uint32_t behind = (uint32_t)-d.power;
    if (end && d.mantissa < BPNN__NARROW_LIMIT && behind <= BPNN__NARROW_DIGITS &&
        !bpnn__block_is_wide(&k->desk.block, col)) {
        to[k->desk.block.rows] = bpnn__narrow_make(d.negative, (uint32_t)d.mantissa, behind);
        return end;
    }
    return end && long_number(k, col, &d) ? end : any_cell(k, col, c, lines);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_end(char c)
{
    return c == '\n' || c == '\r' || c == '\0';
}

static const char *skip_run(const char *c)
{
    while (is_blank(*c))
        c++;
    return c;
}

/* The first cell of the record at c; NULL: a blank record. */
static const char *first_cell(const char *c, char delimiter)
{
    const char *text = c;
    while (is_blank(*text) && (*text != delimiter || delimiter == ' '))
        text++;
    return is_end(*text) ? NULL : delimiter == ' ' ? text : c;
}

/* The record at c, cell by cell; *lines: line ends inside. NULL: it is blank, not whole, or wrong, and the careful way finds out. */
static const char *fast_row(bpnn__chunk *k, const char *c, size_t *lines)
{
    const bpnn__csv *s = k->csv;
    bool blanks = s->delimiter == ' ';
    k->gap_count = 0;
    c = first_cell(c, s->delimiter);
    for (size_t col = 0; c && col < s->columns; col++) {
        if (col > 0 && *c++ != s->delimiter)
            return NULL;
        if (blanks && col > 0) {
            c = skip_run(c);
            if (is_end(*c))
                return NULL;
        }
        c = s->as_text[col] ? any_cell(k, col, c, lines)
                            : number_cell(k, col, bpnn__block_column(&k->desk.block, col), c, lines);
    }
    if (!c)
        return NULL;
    if (blanks)
        c = skip_run(c);
    c += *c == '\r';
    return *c == '\n' && c < k->end ? c + 1 : NULL;
}

static bpnn_status careful_row(bpnn__chunk *k, const char *c, const char **next)
{
    const bpnn__csv *s = k->csv;
    bpnn__record *record = &k->record;
    bpnn__cut cut = bpnn__cut_record(record, c, k->end, s->delimiter, true);
    if (cut != BPNN__CUT_DONE)
        return bpnn__cut_fault(s->name, line_here(k), record, cut, &k->error);
    *next = record->next;
    if (record->blank) {
        k->lines += record->lines;
        return BPNN_OK;
    }
    if (record->next - c > BPNN__MAX_RECORD)
        return bpnn__long_record(s->name, line_here(k), &k->error);
    if (record->count != s->columns) {
        const char delimiter[] = {s->delimiter, '\0'};
        return bpnn__fail_at(&k->error, BPNN_DATA, s->name, line_here(k), 0,
                             "expected %zu cells, found %zu; check quotes and the delimiter (%s)", s->columns,
                             record->count,
                             delimiter[0] == '\t'  ? "tab"
                             : delimiter[0] == ' ' ? "blank"
                                                   : delimiter);
    }
    k->gap_count = 0;
    bpnn_status status = BPNN_OK;
    for (size_t col = 0; col < s->columns && status == BPNN_OK; col++)
        status = put_field(k, col, &record->fields[col]);
    return status == BPNN_OK ? end_row(k, record->lines) : status;
}

static void read_rows(bpnn__chunk *k)
{
    const char *c = k->from;
    while (c < k->end && k->status == BPNN_OK) {
        size_t lines = 0;
        if (k->desk.block.rows == k->room) {
            k->full = true;
            return;
        }
        const char *next = k->csv->careful ? NULL : fast_row(k, c, &lines);
        if (next && next - c <= BPNN__MAX_RECORD)
            k->status = end_row(k, lines + 1);
        else
            k->status = careful_row(k, c, &next);
        c = next;
    }
}

void bpnn__chunk_read(bpnn__chunk *k)
{
    memcpy(k->wide, k->csv->wide, k->csv->columns);
    k->room = rows_expected(k);
    do {
        k->room *= k->full ? 2 : 1;
        start_again(k);
        if (bpnn__desk_clear(&k->desk, k->csv->columns, k->room, k->wide))
            read_rows(k);
        else
            k->status = bpnn__fail_memory(&k->error);
    } while (k->status == BPNN_OK && (k->widened || k->full));
}
