/* The beginning of a CSV file: its dialect, the names of its columns, and how each is kept. */
#include "base/error.h"
#include "base/memory.h"
#include "table/csv_pass.h"

#include <string.h>

enum { SAMPLE = 1 << 16 };

/* ---- columns ---- */

bpnn_status bpnn__mark_text(const bpnn_table *t, const bpnn_table_options *options, bool *as_text, bpnn_error *error)
{
    const char *list = options->text;
    size_t c;
    if (!list) {
        as_text[t->column_count - 1] = as_text[t->column_count - 1] || options->text_target;
        return BPNN_OK;
    }
    if (bpnn_table_find_column(t, list, &c, NULL) == BPNN_OK) {
        as_text[c] = true;
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
            as_text[c] = true;
    }
    bpnn__free(copy);
    return BPNN_OK;
}

static bpnn_status name_columns(bpnn__pass *p, bpnn_error *error)
{
    for (size_t c = 0; c < p->table->column_count; c++) {
        size_t size;
        const char *text = bpnn__field_text(&p->record.fields[c], &p->scratch, &p->scratch_size, &size);
        if (!text)
            return bpnn__fail_memory(error);
        bpnn_status status = bpnn__check_text(p->csv.name, p->line + 1, c, text, size, error);
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

static bpnn_status make_dictionaries(bpnn__pass *p, bpnn_error *error)
{
    for (size_t c = 0; c < p->table->column_count; c++)
        if (p->csv.as_text[c] && !(p->table->columns[c].words = bpnn__alloc(1, sizeof(bpnn__dictionary))))
            return bpnn__fail_memory(error);
    return BPNN_OK;
}

bpnn_status bpnn__csv_changed(const bpnn__pass *p, uint64_t line, bpnn_error *error)
{
    return bpnn__fail_at(error, BPNN_DATA, p->csv.name, line, 0,
                         "the file was changed while it was read; read it again");
}

/* The table with the columns of the record at hand. */
static bpnn_status make_table(bpnn__pass *p, bpnn_table **out, bpnn_error *error)
{
    size_t columns = p->record.count;
    if (p->text_next && columns != p->known_columns)
        return bpnn__csv_changed(p, p->line + 1, error);
    p->table = *out = bpnn__table_new(p->csv.name, columns);
    if (!p->text_next)
        p->text_next = bpnn__alloc(columns, sizeof *p->text_next);
    p->known_columns = p->csv.columns = columns;
    p->csv.as_text = bpnn__alloc(columns, sizeof *p->csv.as_text);
    p->csv.wide = bpnn__alloc(columns, sizeof *p->csv.wide);
    if (!p->table || !p->text_next || !p->csv.as_text || !p->csv.wide)
        return bpnn__fail_memory(error);
    memcpy(p->csv.as_text, p->text_next, columns * sizeof *p->csv.as_text);
    p->table->dialect = p->dialect;
    bpnn_status status = p->dialect.header ? name_columns(p, error) : BPNN_OK;
    if (status == BPNN_OK)
        status = bpnn__mark_text(p->table, p->options, p->csv.as_text, error);
    return status == BPNN_OK ? make_dictionaries(p, error) : status;
}

/* ---- the first records ---- */

/* Enough to find the dialect in: some lines, and at least one. */
static void first_bytes(bpnn__pass *p, bpnn__window *w)
{
    size_t wanted = p->piece > SAMPLE ? p->piece : SAMPLE;
    do {
        bpnn__window_read(p, w, wanted);
        wanted = 2 * w->size;
    } while (w->status == BPNN_OK && !w->last && w->size < BPNN__MAX_RECORD && !memchr(w->bytes, '\n', w->size) &&
             !memchr(w->bytes, '\r', w->size));
}

/* The record at the window's place; *end if there is none. */
static bpnn_status first_record(bpnn__pass *p, bpnn__window *w, bool *end, bpnn_error *error)
{
    for (;;) {
        const char *from = w->bytes + w->at;
        *end = w->at == w->size && w->last;
        if (*end)
            return BPNN_OK;
        bpnn__cut cut = w->at == w->size
                            ? BPNN__CUT_MORE
                            : bpnn__cut_record(&p->record, from, w->bytes + w->size, p->dialect.delimiter, w->last);
        size_t size = cut == BPNN__CUT_DONE ? (size_t)(p->record.next - from) : w->size - w->at;
        if ((cut == BPNN__CUT_DONE || cut == BPNN__CUT_MORE) && size > BPNN__MAX_RECORD)
            return bpnn__long_record(p->csv.name, p->line + 1, error);
        if (cut == BPNN__CUT_MORE && w->status != BPNN_OK) {
            if (error)
                *error = w->error;
            return w->status;
        }
        if (cut == BPNN__CUT_MORE) {
            bpnn__window_read(p, w, 2 * w->size + SAMPLE);
            continue;
        }
        if (cut != BPNN__CUT_DONE)
            return bpnn__cut_fault(p->csv.name, p->line + 1, &p->record, cut, error);
        if (!p->record.blank)
            return BPNN_OK;
        w->at = (size_t)(p->record.next - w->bytes);
        p->line += p->record.lines;
    }
}

/* "sep=;" and a line end, as spreadsheets write and read it: the delimiter of what follows; 0 if it does not stand there. */
static char separator_line(const bpnn__window *w, size_t *size)
{
    const char *c = w->bytes + w->at;
    if (w->size - w->at < 6 || strncmp(c, "sep=", 4) != 0 || (c[5] != '\n' && c[5] != '\r'))
        return '\0';
    *size = c[5] == '\r' && c[6] == '\n' ? 7 : 6;
    return c[4] == '"' || (unsigned char)c[4] >= 0x7f || (c[4] < ' ' && c[4] != '\t') ? '\0' : c[4];
}

/* Byte order mark, separator line, dialect. */
static bpnn_status find_dialect(bpnn__pass *p, bpnn__window *w, bpnn_error *error)
{
    bpnn_table_options options = *p->options;
    p->dialect = (bpnn_table_dialect){.format = "csv"};
    if (w->size >= 3 && memcmp(w->bytes, "\xef\xbb\xbf", 3) == 0) {
        p->dialect.bom = true;
        w->at = 3;
    }
    size_t size;
    char separator = separator_line(w, &size);
    if (separator) {
        w->at += size;
        p->line++;
        if (!options.delimiter && separator != options.decimal)
            options.delimiter = separator;
    }
    bool good = bpnn__find_dialect(&p->dialect, w->bytes + w->at, w->bytes + w->size, w->last, &options);
    p->csv.delimiter = p->dialect.delimiter;
    p->csv.decimal = p->dialect.decimal;
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

bpnn_status bpnn__csv_begin(bpnn__pass *p, bpnn_table **out, bpnn_error *error)
{
    bpnn__window *w = p->now;
    first_bytes(p, w);
    if (w->status != BPNN_OK && w->size == 0) {
        if (error)
            *error = w->error;
        return w->status;
    }
    bpnn_status status = find_dialect(p, w, error);
    bool end = false;
    if (status == BPNN_OK)
        status = first_record(p, w, &end, error);
    if (status == BPNN_OK && end)
        status = bpnn__fail_at(error, BPNN_DATA, p->csv.name, 0, 0, "the file is empty; give one with a row at least");
    if (status == BPNN_OK)
        status = make_table(p, out, error);
    if (status != BPNN_OK || !p->dialect.header)
        return status;
    w->at = (size_t)(p->record.next - w->bytes);
    p->header_line = p->line + 1;
    p->line += p->record.lines;
    return BPNN_OK;
}
