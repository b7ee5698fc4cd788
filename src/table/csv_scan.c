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
        if (*c == '\n')
            record->lines++;
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

static const char *skip_blanks(const char *c, const char *end, char delimiter)
{
    while (c < end && *c == ' ' && delimiter != ' ')
        c++;
    return c;
}

/* One field; *at moves behind it. */
static bpnn__cut cut_field(bpnn__record *record, const char **at, const char *end, char delimiter, bool last)
{
    const char *c = *at;
    bpnn__field field = {.text = c};
    const char *quote = skip_blanks(c, end, delimiter);
    if (quote < end && *quote == '"') {
        const char *close = closing_quote(record, quote + 1, end, &field.doubled);
        if (!close || (close + 1 == end && !last))
            return last ? BPNN__CUT_OPEN_QUOTE : BPNN__CUT_MORE;
        field.quoted = true;
        field.text = quote + 1;
        field.size = (size_t)(close - field.text);
        c = skip_blanks(close + 1, end, delimiter);
        if (c < end && *c != delimiter && *c != '\n' && *c != '\r')
            return BPNN__CUT_AFTER_QUOTE;
    } else {
        while (c < end && *c != delimiter && *c != '\n' && *c != '\r')
            c++;
        field.size = (size_t)(c - field.text);
    }
    if (c == end && !last)
        return BPNN__CUT_MORE;
    if (memchr(field.text, '\0', field.size))
        return BPNN__CUT_NUL;
    *at = c;
    return add_field(record, field) ? BPNN__CUT_DONE : BPNN__CUT_MEMORY;
}

bpnn__cut bpnn__cut_record(bpnn__record *record, const char *from, const char *end, char delimiter, bool last)
{
    record->count = 0;
    record->lines = 0;
    for (const char *c = from;;) {
        bpnn__cut cut = cut_field(record, &c, end, delimiter, last);
        if (cut != BPNN__CUT_DONE)
            return cut;
        if (c < end && *c == delimiter) {
            c++;
            /* blanks as delimiter: runs of them count once */
            while (delimiter == ' ' && c < end && *c == ' ')
                c++;
            if (c == end && !last)
                return BPNN__CUT_MORE;
            continue;
        }
        record->blank = c == from;
        if (c < end && *c == '\r') {
            if (c + 1 == end && !last)
                return BPNN__CUT_MORE;
            c += c + 1 < end && c[1] == '\n' ? 2 : 1;
            record->lines++;
        } else if (c < end) {
            c++;
            record->lines++;
        }
        record->next = c;
        return BPNN__CUT_DONE;
    }
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

bpnn__cell bpnn__read_cell(const bpnn__field *field, char decimal, const char *na, double *value)
{
    const char *text = field->text;
    size_t size = field->size;
    while (size > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    if (size > 0 && bpnn__parse_double(text, size, decimal, value))
        return BPNN__CELL_NUMBER;
    return size == 0 || in_list(na ? na : "NA,NaN,?,null", text, size) ? BPNN__CELL_MISSING : BPNN__CELL_TEXT;
}

/* ---- the dialect ---- */

enum { SAMPLE = 32 }; /* records looked at */

/* How well a delimiter fits: records that have as many fields as the first, times the fields; 0 if it never occurs. */
static bool score(bpnn__record *record, const char *from, const char *end, char delimiter, bool last, size_t *result)
{
    size_t first = 0, same = 0, all = 0;
    for (const char *c = from; c < end && all < SAMPLE; c = record->next) {
        bpnn__cut cut = bpnn__cut_record(record, c, end, delimiter, last);
        if (cut == BPNN__CUT_MEMORY)
            return false;
        if (cut != BPNN__CUT_DONE)
            break;
        if (record->blank)
            continue;
        if (first == 0)
            first = record->count;
        same += record->count == first;
        all++;
    }
    *result = first > 1 && all > 0 ? 1000 * same / all * 100 + (first < 99 ? first : 99) : 0;
    return true;
}

static bool find_delimiter(bpnn_table_dialect *d, bpnn__record *record, const char *from, const char *end, bool last)
{
    static const char candidates[] = {'\t', ';', ',', '|', ' '};
    size_t best = 0;
    d->delimiter = ',';
    for (size_t i = 0; i < sizeof candidates; i++) {
        size_t here;
        if (!score(record, from, end, candidates[i], last, &here))
            return false;
        if (here > best) {
            best = here;
            d->delimiter = candidates[i];
        }
    }
    return true;
}

/* ',' if there are cells that are numbers only with a decimal comma, and none only with a point. */
static bool find_decimal(bpnn_table_dialect *d, bpnn__record *record, const char *from, const char *end, bool last)
{
    size_t commas = 0, points = 0, all = 0;
    d->decimal = '.';
    if (d->delimiter == ',')
        return true;
    for (const char *c = from; c < end && all < SAMPLE; c = record->next, all++) {
        bpnn__cut cut = bpnn__cut_record(record, c, end, d->delimiter, last);
        if (cut == BPNN__CUT_MEMORY)
            return false;
        if (cut != BPNN__CUT_DONE)
            break;
        for (size_t i = 0; i < record->count; i++) {
            double x;
            bool point = bpnn__read_cell(&record->fields[i], '.', NULL, &x) == BPNN__CELL_NUMBER;
            bool comma = bpnn__read_cell(&record->fields[i], ',', NULL, &x) == BPNN__CELL_NUMBER;
            commas += comma && !point;
            points += point && !comma;
        }
    }
    if (commas > 0 && points == 0)
        d->decimal = ',';
    return true;
}

/* A first line of names has no number in it (and is not all missing). */
static bool find_header(bpnn_table_dialect *d, bpnn__record *record, const char *from, const char *end, bool last)
{
    bpnn__cut cut = BPNN__CUT_DONE;
    const char *c = from;
    do
        cut = bpnn__cut_record(record, c, end, d->delimiter, last);
    while (cut == BPNN__CUT_DONE && record->blank && (c = record->next) < end);
    d->header = false;
    if (cut != BPNN__CUT_DONE)
        return cut != BPNN__CUT_MEMORY;
    bool any_text = false, any_number = false;
    for (size_t i = 0; i < record->count; i++) {
        double x;
        bpnn__cell cell = bpnn__read_cell(&record->fields[i], d->decimal, NULL, &x);
        any_text = any_text || cell == BPNN__CELL_TEXT;
        any_number = any_number || cell == BPNN__CELL_NUMBER;
    }
    d->header = any_text && !any_number;
    return true;
}

bool bpnn__find_dialect(bpnn_table_dialect *d, const char *from, const char *end, bool last,
                        const bpnn_table_options *options)
{
    bpnn__record record = {0};
    bool good = true;
    if (options->delimiter)
        d->delimiter = options->delimiter;
    else
        good = find_delimiter(d, &record, from, end, last);
    if (options->decimal)
        d->decimal = options->decimal;
    else
        good = good && find_decimal(d, &record, from, end, last);
    if (options->header >= 0)
        d->header = options->header != 0;
    else
        good = good && find_header(d, &record, from, end, last);
    const char *line = memchr(from, '\n', (size_t)(end - from));
    d->crlf = line && line > from && line[-1] == '\r';
    bpnn__free(record.fields);
    return good;
}
