/* The dialect of a CSV file from its first records: delimiter, decimal sign, header. */
#include "base/memory.h"
#include "table/csv.h"

#include <string.h>

enum { SAMPLE = 32, NAMES = 256 }; /* records that are looked at, and names that are compared */

/* The bytes that are looked at, and a record to cut them with. */
typedef struct sample {
    const char *from, *end;
    bool last;
    const char *na;
    bpnn__record record;
} sample;

/* The next record that is not blank, from *at on; false at the sample's end or a fault. */
static bool next(sample *s, const char **at, char delimiter, bool *memory)
{
    while (*at < s->end) {
        bpnn__cut cut = bpnn__cut_record(&s->record, *at, s->end, delimiter, s->last);
        *memory = *memory && cut != BPNN__CUT_MEMORY;
        if (cut != BPNN__CUT_DONE)
            return false;
        *at = s->record.next;
        if (!s->record.blank)
            return true;
    }
    return false;
}

/* Cells of a sample that are not missing: all, and those that are numbers with a point, with a comma, with that sign alone. */
typedef struct tally {
    size_t cells, point, comma, point_only, comma_only;
} tally;

static void count_cells(const sample *s, tally *t)
{
    double x;
    for (size_t i = 0; i < s->record.count; i++) {
        bpnn__cell cell = bpnn__read_cell(&s->record.fields[i], '.', s->na, &x);
        if (cell == BPNN__CELL_MISSING)
            continue;
        bool point = cell == BPNN__CELL_NUMBER;
        bool comma = bpnn__read_cell(&s->record.fields[i], ',', s->na, &x) == BPNN__CELL_NUMBER;
        t->cells++;
        t->point += point;
        t->comma += comma;
        t->point_only += point && !comma;
        t->comma_only += comma && !point;
    }
}

/* How well a delimiter fits: the share of records that have as many fields as the first, times one plus the share of cells that
 * are numbers, in millionths; 0 if it does not occur in the first record, or only as blanks of an empty file. */
static size_t score(sample *s, char delimiter, char decimal, bool *memory)
{
    size_t first = 0, same = 0, all = 0;
    tally t = {0};
    for (const char *at = s->from; all < SAMPLE && next(s, &at, delimiter, memory); all++) {
        if (first == 0)
            first = s->record.count;
        same += s->record.count == first;
        count_cells(s, &t);
    }
    if (first < 2 || (t.cells == 0 && (delimiter == '\t' || delimiter == ' ')))
        return 0;
    size_t numbers = decimal == ',' || (!decimal && delimiter != ',' && t.comma > t.point) ? t.comma : t.point;
    return 1000 * same / all * (1000 + (t.cells > 0 ? 1000 * numbers / t.cells : 0));
}

/* Of equals the first: what is rarer in texts says more. */
static char find_delimiter(sample *s, char decimal, bool *memory)
{
    static const char candidates[] = {'\t', ';', ',', '|', ' '};
    char best = decimal == ',' ? ';' : ',';
    size_t most = 0;
    for (size_t i = 0; i < sizeof candidates; i++) {
        size_t here = candidates[i] == decimal ? 0 : score(s, candidates[i], decimal, memory);
        if (here > most) {
            most = here;
            best = candidates[i];
        }
    }
    return best;
}

/* ',' if there are cells that are numbers only with a decimal comma, and none only with a point. */
static char find_decimal(sample *s, char delimiter, bool *memory)
{
    tally t = {0};
    if (delimiter == ',')
        return '.';
    const char *at = s->from;
    for (size_t i = 0; i < SAMPLE && next(s, &at, delimiter, memory); i++)
        count_cells(s, &t);
    return t.comma_only > 0 && t.point_only == 0 ? ',' : '.';
}

static bool has_twins(const bpnn__record *record)
{
    size_t count = record->count < NAMES ? record->count : NAMES;
    for (size_t i = 1; i < count; i++)
        for (size_t k = 0; k < i; k++) {
            const bpnn__field *a = &record->fields[i], *b = &record->fields[k];
            if (a->size > 0 && a->size == b->size && memcmp(a->text, b->text, a->size) == 0)
                return true;
        }
    return false;
}

/* A first line of names has text and no number. Where there are no numbers further down either, one name twice tells data. */
static bool find_header(sample *s, char delimiter, char decimal, bool *memory)
{
    const char *at = s->from;
    if (!next(s, &at, delimiter, memory))
        return false;
    tally names = {0}, below = {0};
    count_cells(s, &names);
    size_t numbers = decimal == ',' ? names.comma : names.point;
    bool twins = has_twins(&s->record);
    if (names.cells == 0 || numbers > 0)
        return false;
    size_t rows = 0;
    for (; rows < SAMPLE && next(s, &at, delimiter, memory); rows++)
        count_cells(s, &below);
    return !(twins && rows > 0 && below.point + below.comma == 0);
}

bool bpnn__find_dialect(bpnn_table_dialect *d, const char *from, const char *end, bool last,
                        const bpnn_table_options *options)
{
    sample s = {.from = from, .end = end, .last = last, .na = options->na};
    s.record.limit = bpnn__limit_columns(options);
    bool memory = true;
    d->delimiter = options->delimiter ? options->delimiter : find_delimiter(&s, options->decimal, &memory);
    d->decimal = options->decimal ? options->decimal : find_decimal(&s, d->delimiter, &memory);
    d->header = options->header >= 0 ? options->header != 0 : find_header(&s, d->delimiter, d->decimal, &memory);
    const char *line = from < end ? memchr(from, '\n', (size_t)(end - from)) : NULL;
    d->crlf = line && line > from && line[-1] == '\r';
    bpnn__free(s.record.fields);
    return memory;
}
