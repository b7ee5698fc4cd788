/* Records, cells and dialects of CSV (RFC 4180 and what people really send). */
#include "base/memory.h"
#include "base/text.h"
#include "table/csv.h"

#include <string.h>

/* ---- records ---- */

static bool add_field(bpnn__record *record, bpnn__field field)
{
    if (record->count == record->capacity) {
        size_t capacity = record->capacity ? 2 * record->capacity : 64;
        bpnn__field *fields = bpnn__realloc(record->fields, capacity, sizeof *fields);
        if (!fields)
            return false;
        record->fields = fields;
        record->capacity = capacity;
    }
    record->fields[record->count++] = field;
    return true;
}

/* The closing quote of a field that begins behind its opening one; NULL: not in these bytes. */
static const char *closing_quote(bpnn__record *record, const char *c, const char *end, bool *doubled)
{
    for (; c < end; c++) {
        record->lines += *c == '\n' || (*c == '\r' && c + 1 < end && c[1] != '\n');
        if (*c != '"')
            continue;
        if (c + 1 < end && c[1] == '"') {
            *doubled = true;
            c++;
            continue;
        }
        return c;
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static bool is_delimiter(char c, char delimiter)
{
    return delimiter == ' ' ? is_blank(c) : c == delimiter;
}

/* Blanks that are not delimiters. */
static const char *skip_blanks(const char *c, const char *end, char delimiter)
{
    while (c < end && is_blank(*c) && !is_delimiter(*c, delimiter))
        c++;
    return c;
}

/* The quoted field whose opening quote is at `quote`; *at moves behind it and its blanks. */
static bpnn__cut cut_quoted(bpnn__record *record, bpnn__field *field, const char *quote, const char **at,
                            const char *end, char delimiter, bool last)
{
    size_t lines = record->lines;
    const char *close = closing_quote(record, quote + 1, end, &field->doubled);
    if (!close) {
        record->lines = lines;
        return last ? BPNN__CUT_OPEN_QUOTE : BPNN__CUT_MORE;
    }
    field->quoted = true;
    field->text = quote + 1;
    field->size = (size_t)(close - field->text);
    *at = skip_blanks(close + 1, end, delimiter);
    bool good = *at == end || is_delimiter(**at, delimiter) || is_line_end(**at);
    return good ? BPNN__CUT_DONE : BPNN__CUT_AFTER_QUOTE;
}

bpnn__cut bpnn__cut_field(bpnn__record *record, const char **at, const char *end, char delimiter, bool last)
{
    const char *c = *at;
    bpnn__field field = {.text = c};
    const char *quote = skip_blanks(c, end, delimiter);
    if (quote < end && *quote == '"') {
        bpnn__cut cut = cut_quoted(record, &field, quote, &c, end, delimiter, last);
        if (cut != BPNN__CUT_DONE)
            return cut;
    } else {
        char other = delimiter == ' ' ? '\t' : delimiter;
        while (c < end && *c != delimiter && *c != other && !is_line_end(*c))
            c++;
        field.size = (size_t)(c - field.text);
    }
    if (c == end && !last)
        return BPNN__CUT_MORE;
    if (memchr(field.text, '\0', field.size))
        return BPNN__CUT_NUL;
    if (record->limit > 0 && record->count == record->limit)
        return BPNN__CUT_FIELDS;
    *at = c;
    return add_field(record, field) ? BPNN__CUT_DONE : BPNN__CUT_MEMORY;
}

/* All fields of a record; *at moves to its line end. */
static bpnn__cut cut_fields(bpnn__record *record, const char **at, const char *end, char delimiter, bool last)
{
    const char *c = *at;
    bpnn__cut cut = BPNN__CUT_DONE;
    while (delimiter == ' ' && c < end && is_blank(*c))
        c++;
    for (;;) {
        cut = bpnn__cut_field(record, &c, end, delimiter, last);
        if (cut != BPNN__CUT_DONE || c == end || is_line_end(*c))
            break;
        c++;
        while (delimiter == ' ' && c < end && is_blank(*c))
            c++;
        if (c == end && !last)
            return BPNN__CUT_MORE;
        if (delimiter == ' ' && (c == end || is_line_end(*c)))
            break;
    }
    *at = c;
    return cut;
}

static bool all_blank(const bpnn__record *record)
{
    const bpnn__field *field = record->fields;
    if (record->count != 1 || field->quoted)
        return false;
    for (size_t i = 0; i < field->size; i++)
        if (!is_blank(field->text[i]))
            return false;
    return true;
}

bpnn__cut bpnn__cut_record(bpnn__record *record, const char *from, const char *end, char delimiter, bool last)
{
    record->count = 0;
    record->lines = 0;
    const char *c = from;
    bpnn__cut cut = cut_fields(record, &c, end, delimiter, last);
    if (cut != BPNN__CUT_DONE)
        return cut;
    record->blank = all_blank(record);
    if (c < end && *c == '\r') {
        if (c + 1 == end && !last)
            return BPNN__CUT_MORE;
        c += c + 1 < end && c[1] == '\n';
    }
    record->lines += c < end;
    record->next = c + (c < end);
    return BPNN__CUT_DONE;
}

/* ---- cells ---- */

static bool in_list(const char *list, const char *text, size_t size)
{
    while (list) {
        const char *comma = strchr(list, ',');
        size_t n = comma ? (size_t)(comma - list) : strlen(list);
        if (n == size && memcmp(list, text, size) == 0)
            return true;
        list = comma ? comma + 1 : NULL;
    }
    return false;
}

bool bpnn__na_has_numbers(const char *na, char decimal)
{
    double x;
    while (na) {
        const char *comma = strchr(na, ',');
        size_t size = comma ? (size_t)(comma - na) : strlen(na);
        if (bpnn__parse_double(na, size, decimal, &x))
            return true;
        na = comma ? comma + 1 : NULL;
    }
    return false;
}

bpnn__cell bpnn__read_cell(const bpnn__field *field, char decimal, const char *na, double *value)
{
    const char *text = field->text;
    size_t size = field->size;
    while (size > 0 && is_blank(text[0])) {
        text++;
        size--;
    }
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    if (size == 0 || (na && in_list(na, text, size)))
        return BPNN__CELL_MISSING;
    if (bpnn__parse_double(text, size, decimal, value))
        return BPNN__CELL_NUMBER;
    return !na && in_list("NA,NaN,?,null", text, size) ? BPNN__CELL_MISSING : BPNN__CELL_TEXT;
}
