/* Labels of classes and categories: their order, and which one a cell is. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bpnn__labels_free(char **labels, size_t count)
{
    for (size_t i = 0; labels && i < count; i++)
        bpnn__free(labels[i]);
    bpnn__free(labels);
}

static bool as_number(const char *text, double *value)
{
    return bpnn__parse_double(text, strlen(text), '.', value);
}

size_t bpnn__label_find(char *const *labels, size_t count, const char *text)
{
    double x, y;
    for (size_t i = 0; i < count; i++)
        if (strcmp(labels[i], text) == 0)
            return i;
    if (as_number(text, &x))
        for (size_t i = 0; i < count; i++)
            if (as_number(labels[i], &y) && x == y)
                return i;
    return SIZE_MAX;
}

/* ---- the labels of a column ---- */

typedef struct label {
    double value; /* NaN: no number */
    char *text;
} label;

static int by_bytes(const void *a, const void *b)
{
    const label *x = a, *y = b;
    return strcmp(x->text, y->text);
}

static int by_number(const void *a, const void *b)
{
    const label *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    size_t m = strlen(x->text), n = strlen(y->text);
    return m != n ? (m < n ? -1 : 1) : strcmp(x->text, y->text);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct codes of a column of text among x[0..count). */
static bool distinct_codes(const bpnn_table *table, size_t column, double *x, size_t count, size_t *found)
{
    size_t words = table->columns[column].words->count;
    unsigned char *seen = bpnn__alloc(words ? words : 1, 1);
    if (!seen)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i]))
            seen[(size_t)x[i]] = 1;
    for (size_t w = 0; w < words && *found < count; w++)
        if (seen[w])
            x[(*found)++] = (double)w;
    bpnn__free(seen);
    return true;
}

static void distinct_values(double *x, size_t count, size_t *found)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(x[i]))
            x[known++] = x[i];
    qsort(x, known, sizeof *x, by_value);
    for (size_t i = 0; i < known; i++)
        if (i == 0 || x[i] != x[i - 1])
            x[(*found)++] = x[i];
}

/* What a distinct cell is called, and its number. */
static label make_label(const bpnn_table *table, size_t column, double cell)
{
    const bpnn__column *c = &table->columns[column];
    char number[BPNN__NUMBER_SIZE];
    label made = {.value = cell + 0.0}; /* -0 is 0 */
    if (!c->text) {
        bpnn__print_double(made.value, number);
        made.text = bpnn__copy_text(number);
        return made;
    }
    const char *word = bpnn__dictionary_word(c->words, (size_t)cell);
    char point = table->dialect.decimal ? table->dialect.decimal : '.';
    made.value = (double)NAN;
    if (c->values)
        made.value = c->values[(size_t)cell];
    else if (!bpnn__parse_double(word, strlen(word), point, &made.value))
        made.value = (double)NAN;
    made.text = bpnn__copy_text(word);
    return made;
}

/* Sorts, and leaves one of those that are equal numbers. */
static size_t put_in_order(label *list, size_t count)
{
    bool numbers = true;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        numbers = numbers && !isnan(list[i].value);
    qsort(list, count, sizeof *list, numbers ? by_number : by_bytes);
    for (size_t i = 0; i < count; i++)
        if (numbers && kept > 0 && list[kept - 1].value == list[i].value)
            bpnn__free(list[i].text);
        else
            list[kept++] = list[i];
    return kept;
}

bpnn_status bpnn__labels_of(const bpnn_table *table, size_t column, const size_t *rows, size_t count, char ***labels,
                            size_t *label_count, bpnn_error *error)
{
    *labels = NULL;
    *label_count = 0;
    size_t found = 0, made = 0;
    double *x = bpnn__alloc(count ? count : 1, sizeof *x);
    if (!x)
        return bpnn__fail_memory(error);
    bpnn__table_numbers(table, column, rows, 0, count, x);
    bool good = true;
    if (table->columns[column].text)
        good = distinct_codes(table, column, x, count, &found);
    else
        distinct_values(x, count, &found);
    label *list = bpnn__alloc(found ? found : 1, sizeof *list);
    *labels = bpnn__alloc(found ? found : 1, sizeof **labels);
    good = good && list && *labels;
    for (; good && made < found; made++) {
        list[made] = make_label(table, column, x[made]);
        good = list[made].text != NULL;
    }
    if (good)
        made = put_in_order(list, made);
    for (size_t i = 0; list && i < made; i++) {
        if (*labels)
            (*labels)[(*label_count)++] = list[i].text;
        else
            bpnn__free(list[i].text);
    }
    bpnn__free(list);
    bpnn__free(x);
    return good ? BPNN_OK : bpnn__fail_memory(error);
}

/* ---- from cells to labels ---- */

static int by_number_then_length(const void *a, const void *b)
{
    const struct bpnn__number *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

static bool gather_numbers(bpnn__lookup *lookup, char *const *labels, size_t count)
{
    lookup->numbers = bpnn__alloc(count ? count : 1, sizeof *lookup->numbers);
    if (!lookup->numbers)
        return false;
    for (size_t i = 0; i < count; i++) {
        double value;
        if (as_number(labels[i], &value))
            lookup->numbers[lookup->count++] = (struct bpnn__number){value, strlen(labels[i]), i};
    }
    qsort(lookup->numbers, lookup->count, sizeof *lookup->numbers, by_number_then_length);
    return true;
}

/* The first of the labels that are this number. */
static size_t find_number(const bpnn__lookup *lookup, double x)
{
    size_t low = 0, high = lookup->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lookup->numbers[middle].value < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lookup->count && lookup->numbers[low].value == x ? lookup->numbers[low].label : BPNN__UNSEEN;
}

/* Every word of the column: the label of the same text, else of the same number. `all` holds the labels first, then other words. */
static bool map_words(bpnn__lookup *lookup, const bpnn__column *column, char *const *labels, size_t count)
{
    bpnn__dictionary all = {0};
    size_t *label_of = bpnn__alloc(count ? count : 1, sizeof *label_of), distinct = 0;
    lookup->by_code = bpnn__alloc(column->words->count, sizeof *lookup->by_code);
    bool good = lookup->by_code && label_of;
    for (size_t i = 0; good && i < count; i++) {
        size_t at = bpnn__dictionary_add(&all, labels[i], strlen(labels[i]));
        good = at != SIZE_MAX;
        if (good && at == distinct)
            label_of[distinct++] = i;
    }
    for (size_t w = 0; good && w < column->words->count; w++) {
        const char *word = bpnn__dictionary_word(column->words, w);
        size_t at = bpnn__dictionary_add(&all, word, strlen(word));
        double value;
        good = at != SIZE_MAX;
        if (good && at < distinct)
            lookup->by_code[w] = label_of[at];
        else if (column->values)
            lookup->by_code[w] = find_number(lookup, column->values[w]);
        else
            lookup->by_code[w] = as_number(word, &value) ? find_number(lookup, value) : BPNN__UNSEEN;
    }
    bpnn__dictionary_free(&all);
    bpnn__free(label_of);
    return good;
}

bpnn_status bpnn__lookup_make(bpnn__lookup *lookup, const bpnn_table *table, size_t column, char *const *labels,
                              size_t count, bpnn_error *error)
{
    *lookup = (bpnn__lookup){0};
    bool good = gather_numbers(lookup, labels, count);
    if (good && table->columns[column].text)
        good = map_words(lookup, &table->columns[column], labels, count);
    if (good)
        return BPNN_OK;
    bpnn__lookup_free(lookup);
    return bpnn__fail_memory(error);
}

size_t bpnn__lookup_find(const bpnn__lookup *lookup, double cell)
{
    if (isnan(cell))
        return BPNN__MISSING;
    return lookup->by_code ? lookup->by_code[(size_t)cell] : find_number(lookup, cell);
}

void bpnn__lookup_free(bpnn__lookup *lookup)
{
    bpnn__free(lookup->by_code);
    bpnn__free(lookup->numbers);
    *lookup = (bpnn__lookup){0};
}
