/* Reading CSV: one pass of optimistic numbers. A column in which a text turns up is read again as text, from its beginning. */
#include "table/csv.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

enum { CHUNK = 1 << 20, SAMPLE = 1 << 16, MAX_FIELD = 1 << 24, MAX_RECORD = 4 * MAX_FIELD, BLOCK_BYTES = 1 << 22 };

/* One reading of the file. */
typedef struct pass {
    const bpnn__source *source;
    const char *name; /* of the source, in messages */
    const bpnn_table_options *options;
    bpnn__reader *reader;
    bpnn_table *table;
    char *buffer;
    size_t size, capacity, at; /* bytes in the buffer, and where the next record begins */
    bool last;                 /* the buffer ends with the file */
    uint64_t line, bytes;      /* line of the next record, from 1 */
    bpnn__record record;
    char *scratch; /* a field without doubled quotes */
    size_t scratch_size;
    bool *as_text;    /* a column */
    size_t columns;   /* of as_text: what the first pass found */
    bool careful;     /* numbers may be missing cells: no fast way */
    bool again;       /* a text turned up in a column of numbers */
    bpnn__whole kept; /* of what can be read only once */
} pass;

/* ---- bytes ---- */

/* What is no regular file (standard input, a pipe) cannot be read twice: it is kept in memory. */
static bpnn_status open_source(pass *p, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    if (!p->kept.bytes) {
        status = bpnn__source_open(p->source, &p->reader, error);
        if (status != BPNN_OK || p->source->bytes || bpnn__reader_size_hint(p->reader) > 0)
            return status;
        status = bpnn__reader_whole(p->reader, p->name, p->options, &p->kept, error);
        bpnn__reader_close(p->reader);
        p->reader = NULL;
    }
    return status == BPNN_OK ? bpnn__reader_from_memory(&p->reader, p->kept.bytes, p->kept.size, p->name, error)
                             : status;
}

/* Moves the rest to the front and reads on behind it. */
static bpnn_status more_bytes(pass *p, bpnn_error *error)
{
    size_t left = p->size - p->at;
    if (left > 0 && p->at > 0)
        memmove(p->buffer, p->buffer + p->at, left);
    p->at = 0;
    p->size = left;
    size_t chunk = p->source->chunk ? p->source->chunk : CHUNK;
    if (p->capacity - left < chunk) {
        size_t capacity = p->capacity < chunk ? 2 * chunk : 2 * p->capacity;
        char *buffer = bpnn__realloc(p->buffer, capacity + 1, 1);
        if (!buffer)
            return bpnn__fail_memory(error);
        p->buffer = buffer;
        p->capacity = capacity;
    }
    size_t got;
    size_t room = p->source->chunk ? p->source->chunk : p->capacity - left;
    bpnn_status status = bpnn__reader_read(p->reader, p->buffer + left, room, &got, error);
    if (status != BPNN_OK)
        return status;
    p->last = got < room;
    p->size = left + got;
    p->buffer[p->size] = '\0'; /* what the fast way stops at */
    p->bytes += got;
    uint64_t limit = bpnn__limit_bytes(p->options);
    if (p->bytes > limit)
        return bpnn__fail_at(error, BPNN_DATA, p->name, 0, 0, "more than the limit of %llu bytes",
                             (unsigned long long)limit);
    return BPNN_OK;
}

static bpnn_status cut_fault(const pass *p, bpnn__cut cut, bpnn_error *error)
{
    const char *what =
        cut == BPNN__CUT_OPEN_QUOTE    ? "a quote is opened and never closed; close it, or double quotes inside"
        : cut == BPNN__CUT_AFTER_QUOTE ? "text behind a closing quote; double the quotes inside a quoted cell"
                                       : "a NUL byte; is this a text file?";
    if (cut == BPNN__CUT_MEMORY)
        return bpnn__fail_memory(error);
    if (cut == BPNN__CUT_FIELDS)
        return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, 0,
                             "more columns than the limit of %zu; check the delimiter", p->record.limit);
    return bpnn__fail_at(error, BPNN_DATA, p->name, p->line + p->record.lines, p->record.count + 1, "%s", what);
}

/* The next record that is not blank; *end at the end of the file. */
static bpnn_status next_record(pass *p, bool *end, bpnn_error *error)
{
    for (*end = false;;) {
        if (p->at == p->size && p->last) {
            *end = true;
            return BPNN_OK;
        }
        bpnn__cut cut = p->at == p->size ? BPNN__CUT_MORE
                                         : bpnn__cut_record(&p->record, p->buffer + p->at, p->buffer + p->size,
                                                            p->table->dialect.delimiter, p->last);
        if (cut == BPNN__CUT_MORE) {
            if (p->size - p->at > MAX_RECORD)
                return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, 0,
                                     "a record of more than 64 MiB; is a quote open?");
            bpnn_status status = more_bytes(p, error);
            if (status != BPNN_OK)
                return status;
            continue;
        }
        if (cut != BPNN__CUT_DONE)
            return cut_fault(p, cut, error);
        p->at = (size_t)(p->record.next - p->buffer);
        if (!p->record.blank)
            return BPNN_OK;
        p->line += p->record.lines;
    }
}

/* ---- fields ---- */

/* The text of a field, doubled quotes undone; NULL: out of memory. */
static const char *plain_text(pass *p, const bpnn__field *field, size_t *size)
{
    *size = field->size;
    if (!field->doubled)
        return field->text;
    if (p->scratch_size < field->size) {
        char *scratch = bpnn__realloc(p->scratch, field->size, 1);
        if (!scratch)
            return NULL;
        p->scratch = scratch;
        p->scratch_size = field->size;
    }
    *size = 0;
    for (size_t i = 0; i < field->size; i++) {
        p->scratch[(*size)++] = field->text[i];
        i += field->text[i] == '"';
    }
    return p->scratch;
}

static bpnn_status check_text(const pass *p, size_t c, const char *text, size_t size, bpnn_error *error)
{
    size_t bad;
    if (size > MAX_FIELD)
        return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, c + 1, "a cell of more than 16 MiB");
    if (bpnn__utf8_valid(text, size, &bad))
        return BPNN_OK;
    return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, c + 1,
                         "byte %zu of the cell (0x%02x) is not UTF-8; convert the file, as in iconv -f latin1 -t utf-8",
                         bad + 1, (unsigned)(unsigned char)text[bad]);
}

/* A cell of a column of text: its code. */
static bpnn_status store_text(pass *p, size_t c, const bpnn__field *field, double *to, bpnn_error *error)
{
    size_t size;
    const char *text = plain_text(p, field, &size);
    if (!text)
        return bpnn__fail_memory(error);
    bpnn__dictionary *words = &p->table->columns[c].words;
    size_t known = words->count;
    if (size > MAX_FIELD)
        return check_text(p, c, text, size, error);
    size_t code = bpnn__dictionary_add(words, text, size);
    if (code == SIZE_MAX)
        return bpnn__fail_memory(error);
    *to = (double)code;
    return code < known ? BPNN_OK : check_text(p, c, text, size, error);
}

static bpnn_status store_field(pass *p, size_t c, const bpnn__field *field, double *to, bpnn_error *error)
{
    bpnn__column *column = &p->table->columns[c];
    bpnn__cell cell = bpnn__read_cell(field, p->table->dialect.decimal, p->options->na, to);
    if (cell == BPNN__CELL_NUMBER && !p->as_text[c])
        return BPNN_OK;
    if (cell == BPNN__CELL_MISSING) {
        column->missing++;
        *to = (double)NAN;
        return BPNN_OK;
    }
    if (cell == BPNN__CELL_TEXT && column->all_numbers) {
        column->all_numbers = false;
        column->first_text = p->table->rows;
    }
    if (p->as_text[c])
        return store_text(p, c, field, to, error);
    p->as_text[c] = p->again = true;
    *to = (double)NAN;
    return BPNN_OK;
}

/* ---- rows ---- */

static bpnn_status new_block(bpnn_table *t, bpnn_error *error)
{
    if (t->block_count == t->block_capacity) {
        size_t capacity = t->block_capacity ? 2 * t->block_capacity : 16;
        double **blocks = bpnn__realloc(t->blocks, capacity, sizeof *blocks);
        if (!blocks)
            return bpnn__fail_memory(error);
        t->blocks = blocks;
        t->block_capacity = capacity;
    }
    double *block = bpnn__alloc(t->block_rows * t->column_count, sizeof *block);
    if (!block)
        return bpnn__fail_memory(error);
    t->blocks[t->block_count++] = block;
    return BPNN_OK;
}

/* Room for the next row; *to is its first cell. */
static bpnn_status next_row(pass *p, double **to, bpnn_error *error)
{
    bpnn_table *t = p->table;
    bpnn_status status = bpnn__table_note_line(t, p->line) ? BPNN_OK : bpnn__fail_memory(error);
    size_t in_block = t->rows % t->block_rows;
    if (status == BPNN_OK && in_block == 0 && t->rows / t->block_rows == t->block_count)
        status = new_block(t, error);
    if (status == BPNN_OK)
        *to = t->blocks[t->block_count - 1] + in_block;
    return status;
}

/* An unquoted cell of a column of text that is not missing; NULL: the careful way finds out what it is. */
static const char *fast_text(pass *p, size_t c, const char *at, double *to, bpnn_status *status, bpnn_error *error)
{
    const char *end = bpnn__fast_text(at, p->table->dialect.delimiter);
    if (!end)
        return NULL;
    bpnn__field field = {.text = at, .size = (size_t)(end - at)};
    bpnn__cell cell = bpnn__read_cell(&field, p->table->dialect.decimal, p->options->na, to);
    if (cell == BPNN__CELL_MISSING || (cell == BPNN__CELL_TEXT && p->table->columns[c].all_numbers))
        return NULL;
    *status = store_text(p, c, &field, to, error);
    return *status == BPNN_OK ? end : NULL;
}

/* The line at the present place, of unquoted cells that are not missing: runs of numbers, and texts between them. NULL: no such
 * line. What it has written by then is written again by the careful way. */
static const char *fast_row(pass *p, double *to, bpnn_status *status, bpnn_error *error)
{
    const bpnn_table *t = p->table;
    const char *c = p->buffer + p->at;
    char delimiter = t->dialect.delimiter;
    for (size_t k = 0; k < t->column_count;) {
        const bool *text = memchr(p->as_text + k, true, t->column_count - k);
        size_t run = text ? (size_t)(text - p->as_text) - k : t->column_count - k;
        if (k > 0 && *c++ != delimiter)
            return NULL;
        c = run > 0 ? bpnn__fast_numbers(c, delimiter, t->dialect.decimal, run, to + k * t->block_rows, t->block_rows)
                    : fast_text(p, k, c, to + k * t->block_rows, status, error);
        if (!c)
            return NULL;
        k += run > 0 ? run : 1;
    }
    return bpnn__fast_line_end(c);
}

/* Plain lines, as far as they go. */
static bpnn_status fast_rows(pass *p, bpnn_error *error)
{
    bpnn_table *t = p->table;
    for (;;) {
        double *to;
        bpnn_status status = next_row(p, &to, error);
        if (status != BPNN_OK)
            return status;
        const char *next = fast_row(p, to, &status, error);
        if (!next)
            return status;
        p->at = (size_t)(next - p->buffer);
        p->line++;
        t->rows++;
    }
}

static bpnn_status store_row(pass *p, bpnn_error *error)
{
    bpnn_table *t = p->table;
    if (p->record.count != t->column_count) {
        const char delimiter[] = {t->dialect.delimiter, '\0'};
        return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, 0,
                             "expected %zu cells, found %zu; check quotes and the delimiter (%s)", t->column_count,
                             p->record.count, delimiter[0] == '\t' ? "tab" : delimiter);
    }
    double *to;
    bpnn_status status = next_row(p, &to, error);
    for (size_t c = 0; c < t->column_count && status == BPNN_OK; c++)
        status = store_field(p, c, &p->record.fields[c], to + c * t->block_rows, error);
    t->rows++;
    p->line += p->record.lines;
    return status;
}

/* ---- the first record ---- */

/* Columns whose texts are kept although they are numbers: the options' list, or the last one. */
static bpnn_status mark_text(pass *p, bpnn_error *error)
{
    bpnn_table *t = p->table;
    const char *list = p->options->text;
    size_t c;
    if (!list) {
        p->as_text[t->column_count - 1] = p->as_text[t->column_count - 1] || p->options->text_target;
        return BPNN_OK;
    }
    if (bpnn_table_find_column(t, list, &c, NULL) == BPNN_OK) {
        p->as_text[c] = true;
        return BPNN_OK;
    }
    char *copy = bpnn__copy_text(list);
    if (!copy)
        return bpnn__fail_memory(error);
    for (char *spec = copy, *comma; spec; spec = comma ? comma + 1 : NULL) {
        comma = strchr(spec, ',');
        if (comma)
            *comma = '\0';
        /* a column that is not there is for the caller to name */
        if (bpnn_table_find_column(t, spec, &c, NULL) == BPNN_OK)
            p->as_text[c] = true;
    }
    bpnn__free(copy);
    return BPNN_OK;
}

static bpnn_status name_columns(pass *p, bpnn_error *error)
{
    for (size_t c = 0; c < p->table->column_count; c++) {
        size_t size;
        const char *text = plain_text(p, &p->record.fields[c], &size);
        if (!text)
            return bpnn__fail_memory(error);
        bpnn_status status = check_text(p, c, text, size, error);
        if (status != BPNN_OK)
            return status;
        char *name = bpnn__alloc(size + 1, 1);
        if (name)
            memcpy(name, text, size);
        bool good = name && bpnn__table_rename(p->table, c, name);
        bpnn__free(name);
        if (!good)
            return bpnn__fail_memory(error);
    }
    return BPNN_OK;
}

/* Rows a block: about 4 MiB. */
static size_t block_rows_for(size_t columns)
{
    size_t rows = BLOCK_BYTES / (columns * sizeof(double)), power = 1;
    while (power * 2 <= rows && power < 65536)
        power *= 2;
    return power;
}

/* The table with the columns of the record at hand, in the dialect that was found. */
static bpnn_status make_table(pass *p, bpnn_table **out, bpnn_table_dialect dialect, bpnn_error *error)
{
    size_t columns = p->record.count;
    if (p->as_text && columns != p->columns)
        return bpnn__fail_at(error, BPNN_DATA, p->name, p->line, 0,
                             "the file was changed while it was read; read it again");
    bpnn_table *table = bpnn__table_new(p->name, columns);
    bpnn_table_free(p->table);
    p->table = *out = table;
    if (!table)
        return bpnn__fail_memory(error);
    table->dialect = dialect;
    table->block_rows = block_rows_for(columns);
    if (!p->as_text)
        p->as_text = bpnn__alloc(columns, sizeof *p->as_text);
    p->columns = columns;
    if (!p->as_text)
        return bpnn__fail_memory(error);
    bpnn_status status = dialect.header ? name_columns(p, error) : BPNN_OK;
    return status == BPNN_OK ? mark_text(p, error) : status;
}

/* Enough to find the dialect in: some lines, and at least one. */
static bpnn_status first_bytes(pass *p, bpnn_error *error)
{
    bpnn_status status;
    do
        status = more_bytes(p, error);
    while (status == BPNN_OK && !p->last && p->size < MAX_RECORD &&
           (p->size < SAMPLE || (!memchr(p->buffer, '\n', p->size) && !memchr(p->buffer, '\r', p->size))));
    return status;
}

static bpnn_status begin(pass *p, bpnn_table **out, bpnn_error *error)
{
    bpnn_status status = first_bytes(p, error);
    bpnn_table_dialect dialect = {.format = "csv",
                                  .compressed = p->kept.compressed || bpnn__reader_is_compressed(p->reader)};
    if (status != BPNN_OK)
        return status;
    if (p->size >= 3 && memcmp(p->buffer, "\xef\xbb\xbf", 3) == 0) {
        dialect.bom = true;
        p->at = 3;
    }
    if (!bpnn__find_dialect(&dialect, p->buffer + p->at, p->buffer + p->size, p->last, p->options))
        return bpnn__fail_memory(error);
    /* the first record cuts itself with the dialect of a table without columns yet */
    p->table = bpnn__table_new(p->name, 0);
    if (!p->table)
        return bpnn__fail_memory(error);
    *out = p->table;
    p->table->dialect = dialect;
    bool end;
    status = next_record(p, &end, error);
    if (status == BPNN_OK && end)
        status = bpnn__fail_at(error, BPNN_DATA, p->name, 0, 0, "the file is empty");
    if (status == BPNN_OK)
        status = make_table(p, out, dialect, error);
    if (status != BPNN_OK)
        return status;
    if (dialect.header) {
        p->line += p->record.lines;
        return BPNN_OK;
    }
    return store_row(p, error);
}

static bpnn_status read_rows(pass *p, bpnn_table **out, bpnn_error *error)
{
    bpnn_status status = begin(p, out, error);
    if (status == BPNN_OK)
        p->careful = bpnn__na_has_numbers(p->options->na, p->table->dialect.decimal);
    for (bool end = false; status == BPNN_OK;) {
        if (!p->careful && p->at < p->size)
            status = fast_rows(p, error);
        if (status == BPNN_OK)
            status = next_record(p, &end, error);
        if (status != BPNN_OK || end)
            break;
        status = store_row(p, error);
    }
    if (status == BPNN_OK && p->table->rows == 0)
        status = bpnn__fail_at(error, BPNN_DATA, p->name, 1, 0,
                               "there is a header and no row below it (--header no if the first line is data)");
    return status;
}

/* ---- passes ---- */

static void end_pass(pass *p)
{
    bpnn__reader_close(p->reader);
    bpnn__free(p->buffer);
    bpnn__free(p->scratch);
    bpnn__free(p->record.fields);
    p->reader = NULL;
    p->buffer = p->scratch = NULL;
    p->record = (bpnn__record){.limit = p->record.limit};
    p->size = p->capacity = p->at = p->scratch_size = 0;
    p->last = false;
    p->bytes = 0;
}

/* The numbers of a column that was kept as text although all of it is numbers. */
static bpnn_status find_values(bpnn_table *t, size_t c, bpnn_error *error)
{
    bpnn__column *column = &t->columns[c];
    column->text = column->words.count > 0;
    if (!column->text || !column->all_numbers)
        return BPNN_OK;
    column->values = bpnn__alloc(column->words.count, sizeof *column->values);
    if (!column->values)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < column->words.count; i++) {
        const char *word = bpnn__dictionary_word(&column->words, i);
        bpnn__field field = {.text = word, .size = strlen(word)};
        bpnn__read_cell(&field, t->dialect.decimal, NULL, &column->values[i]);
    }
    return BPNN_OK;
}

bpnn_status bpnn__read_csv(bpnn_table **out, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error)
{
    bool standard = !source->bytes && strcmp(source->path, "-") == 0;
    pass p = {.source = source,
              .name = standard ? "standard input" : source->path,
              .options = options,
              .record.limit = bpnn__limit_columns(options)};
    bpnn_status status = BPNN_OK;
    do {
        p.again = false;
        p.line = 1;
        bpnn_table_free(*out);
        *out = p.table = NULL;
        status = open_source(&p, error);
        if (status == BPNN_OK)
            status = read_rows(&p, out, error);
        end_pass(&p);
    } while (status == BPNN_OK && p.again);
    bpnn__free(p.as_text);
    bpnn__free(p.kept.bytes);
    for (size_t c = 0; status == BPNN_OK && c < (*out)->column_count; c++)
        status = find_values(*out, c, error);
    return status;
}
