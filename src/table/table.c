/* Tables once read: making, looking, finding columns, and choosing the reader. */
#include "table/table.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

/* ---- making and freeing ---- */

static char *number_name(size_t c)
{
    bpnn__text text = {0};
    bpnn__text_add_u64(&text, c + 1);
    if (text.failed)
        bpnn__text_free(&text);
    return text.data;
}

bool bpnn__table_rename(bpnn_table *table, size_t c, const char *name)
{
    char *copy = name && name[0] ? bpnn__copy_text(name) : number_name(c);
    if (!copy)
        return false;
    bpnn__free(table->columns[c].name);
    table->columns[c].name = copy;
    return true;
}

bpnn_table *bpnn__table_new(const char *source, size_t columns)
{
    bpnn_table *table = bpnn__alloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->source = bpnn__copy_text(source);
    table->columns = bpnn__alloc(columns, sizeof *table->columns);
    bool good = table->source && table->columns;
    for (size_t c = 0; good && c < columns; c++) {
        table->column_count = c + 1;
        table->columns[c].all_numbers = true;
        table->columns[c].first_text = SIZE_MAX;
        good = bpnn__table_rename(table, c, NULL);
    }
    if (good)
        return table;
    bpnn_table_free(table);
    return NULL;
}

void bpnn_table_free(bpnn_table *table)
{
    if (!table)
        return;
    for (size_t c = 0; table->columns && c < table->column_count; c++) {
        bpnn__free(table->columns[c].name);
        if (table->columns[c].words)
            bpnn__dictionary_free(table->columns[c].words);
        bpnn__free(table->columns[c].words);
        bpnn__free(table->columns[c].values);
    }
    bpnn__slabs_free(&table->slabs);
    bpnn__free(table->blocks);
    bpnn__free(table->owned[0]);
    bpnn__free(table->owned[1]);
    bpnn__free(table->shifts);
    bpnn__free(table->columns);
    bpnn__free(table->source);
    bpnn__free(table);
}

bpnn_status bpnn_table_from_matrix(bpnn_table **out, bpnn_matrix matrix, const char *const *names, bpnn_error *error)
{
    *out = NULL;
    if (!matrix.data || matrix.rows == 0 || matrix.cols == 0 || matrix.stride < matrix.cols)
        return bpnn__fail(error, BPNN_USAGE, "a table needs a matrix with rows and columns");
    bpnn_table *table = bpnn__table_new("matrix", matrix.cols);
    bool good = table != NULL;
    for (size_t c = 0; good && names && c < matrix.cols; c++)
        good = bpnn__table_rename(table, c, names[c]);
    if (!good) {
        bpnn_table_free(table);
        return bpnn__fail_memory(error);
    }
    table->rows = matrix.rows;
    table->part[0] = matrix;
    table->dialect.format = "matrix";
    bpnn__table_count_missing(table);
    *out = table;
    return BPNN_OK;
}

/* ---- cells ---- */

static double matrix_cell(const bpnn_matrix *m, size_t r, size_t c)
{
    size_t at = r * m->stride + c;
    if (m->dtype == BPNN_U8)
        return ((const unsigned char *)m->data)[at];
    double x = m->dtype == BPNN_F32 ? (double)((const float *)m->data)[at] : ((const double *)m->data)[at];
    return isfinite(x) ? x : (double)NAN;
}

static bool holds(const bpnn__block *block, size_t r)
{
    return r - block->first < block->rows;
}

/* The block with row r. */
static const bpnn__block *block_of(const bpnn_table *t, size_t r)
{
    size_t low = 0, high = t->block_count; /* the last block that begins at or before r */
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (t->blocks[middle].first <= r)
            low = middle;
        else
            high = middle;
    }
    return &t->blocks[low];
}

static double cell(const bpnn_table *t, size_t r, size_t c)
{
    if (t->blocks) {
        const bpnn__block *block = block_of(t, r);
        return bpnn__block_cell(block, r - block->first, c);
    }
    bool second = c >= t->part[0].cols;
    return matrix_cell(&t->part[second], r, second ? c - t->part[0].cols : c);
}

/* Runs of rows that lie behind each other in a block. */
static void block_run(const bpnn_table *t, size_t c, size_t first, size_t count, double *out)
{
    for (const bpnn__block *block = block_of(t, first); count > 0; block++) {
        size_t from = first - block->first, n = block->rows - from;
        n = n < count ? n : count;
        bpnn__block_run(block, c, from, n, out);
        first += n;
        out += n;
        count -= n;
    }
}

/* Listed rows: the block is looked for again only where it changes. */
static void block_pick(const bpnn_table *t, size_t c, const size_t *rows, size_t count, double *out)
{
    const bpnn__block *block = t->blocks;
    for (size_t i = 0; i < count; i++) {
        if (!holds(block, rows[i]))
            block = block_of(t, rows[i]);
        out[i] = bpnn__block_cell(block, rows[i] - block->first, c);
    }
}

/* Bytes need no look at each: none is missing. */
static void bytes_run(const bpnn_matrix *m, size_t c, const size_t *rows, size_t first, size_t count, double *out)
{
    const unsigned char *column = (const unsigned char *)m->data + c;
    for (size_t i = 0; i < count; i++)
        out[i] = column[(rows ? rows[i] : first + i) * m->stride];
}

void bpnn__table_numbers(const bpnn_table *t, size_t c, const size_t *rows, size_t first, size_t count, double *out)
{
    if (t->blocks) {
        if (rows)
            block_pick(t, c, rows, count, out);
        else
            block_run(t, c, first, count, out);
        return;
    }
    bool second = c >= t->part[0].cols;
    const bpnn_matrix *m = &t->part[second];
    c -= second ? t->part[0].cols : 0;
    if (m->dtype == BPNN_U8) {
        bytes_run(m, c, rows, first, count, out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = matrix_cell(m, rows ? rows[i] : first + i, c);
}

void bpnn__table_values(const bpnn_table *t, size_t c, const size_t *rows, size_t first, size_t count, double *out)
{
    const bpnn__column *column = &t->columns[c];
    bpnn__table_numbers(t, c, rows, first, count, out);
    for (size_t i = 0; column->text && i < count; i++)
        if (!isnan(out[i]))
            out[i] = column->values ? column->values[(size_t)out[i]] : (double)NAN;
}

void bpnn__table_count_missing(bpnn_table *t)
{
    for (size_t c = 0; c < t->column_count; c++) {
        bool second = c >= t->part[0].cols;
        if (t->part[second].dtype == BPNN_U8)
            continue;
        for (size_t r = 0; r < t->rows; r++)
            t->columns[c].missing += isnan(cell(t, r, c)) != 0;
    }
}

bool bpnn__table_note_line(bpnn_table *t, size_t row, uint64_t line)
{
    if (row == 0)
        t->first_line = line;
    uint64_t shift = line - t->first_line - row;
    if (shift == (t->shift_count ? t->shifts[t->shift_count - 1].shift : 0))
        return true;
    if (t->shift_count == t->shift_capacity) {
        size_t capacity = t->shift_capacity ? 2 * t->shift_capacity : 16;
        struct bpnn__shift *shifts = bpnn__realloc(t->shifts, capacity, sizeof *shifts);
        if (!shifts)
            return false;
        t->shifts = shifts;
        t->shift_capacity = capacity;
    }
    t->shifts[t->shift_count++] = (struct bpnn__shift){row, shift};
    return true;
}

bool bpnn__table_add_block(bpnn_table *t, const bpnn__block *block)
{
    if (t->block_count == t->block_capacity) {
        size_t capacity = t->block_capacity ? 2 * t->block_capacity : 16;
        bpnn__block *blocks = bpnn__realloc(t->blocks, capacity, sizeof *blocks);
        if (!blocks)
            return false;
        t->blocks = blocks;
        t->block_capacity = capacity;
    }
    bpnn__block *copy = &t->blocks[t->block_count];
    if (!bpnn__block_copy(copy, block, t->block_count ? copy - 1 : NULL, t->column_count, &t->slabs))
        return false;
    copy->first = t->rows;
    t->block_count++;
    t->rows += block->rows;
    return true;
}

bool bpnn__table_first_text(const bpnn_table *t, size_t c, size_t *row, const char **text)
{
    const bpnn__column *column = &t->columns[c];
    if (column->first_text == SIZE_MAX)
        return false;
    *row = column->first_text;
    *text = column->text ? bpnn__dictionary_word(column->words, (size_t)cell(t, *row, c)) : "";
    return true;
}

/* ---- the public look ---- */

size_t bpnn_table_rows(const bpnn_table *table)
{
    return table->rows;
}

size_t bpnn_table_columns(const bpnn_table *table)
{
    return table->column_count;
}

const char *bpnn_table_source(const bpnn_table *table)
{
    return table->source;
}

bpnn_cache_use bpnn_table_cache_use(const bpnn_table *table)
{
    return table->cache;
}

const char *bpnn_table_column_name(const bpnn_table *table, size_t c)
{
    return table->columns[c].name;
}

bool bpnn_table_is_numeric(const bpnn_table *table, size_t c)
{
    return table->columns[c].all_numbers;
}

bpnn_table_dialect bpnn_table_get_dialect(const bpnn_table *table)
{
    return table->dialect;
}

uint64_t bpnn_table_line(const bpnn_table *table, size_t r)
{
    if (table->first_line == 0)
        return 0;
    size_t low = 0, high = table->shift_count; /* the last shift at or before r */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table->shifts[middle].row <= r)
            low = middle + 1;
        else
            high = middle;
    }
    return table->first_line + r + (low > 0 ? table->shifts[low - 1].shift : 0);
}

static double number_of(const bpnn_table *table, size_t r, size_t c)
{
    double x = cell(table, r, c);
    const bpnn__column *column = &table->columns[c];
    if (!column->text || isnan(x))
        return x;
    if (column->values)
        return column->values[(size_t)x];
    const char *word = bpnn__dictionary_word(column->words, (size_t)x);
    size_t size = strlen(word);
    while (size > 0 && (word[0] == ' ' || word[0] == '\t')) {
        word++;
        size--;
    }
    while (size > 0 && (word[size - 1] == ' ' || word[size - 1] == '\t'))
        size--;
    double value;
    char point = table->dialect.decimal ? table->dialect.decimal : '.';
    return bpnn__parse_double(word, size, point, &value) ? value : (double)NAN;
}

double bpnn_table_number(const bpnn_table *table, size_t r, size_t c)
{
    uint64_t mode = bpnn__fpmode_enter();
    double x = number_of(table, r, c);
    bpnn__fpmode_leave(mode);
    return x;
}

const char *bpnn_table_text(const bpnn_table *table, size_t r, size_t c, char *buffer)
{
    uint64_t mode = bpnn__fpmode_enter();
    double x = cell(table, r, c);
    if (isnan(x))
        buffer = NULL;
    else if (!table->columns[c].text)
        bpnn__print_double(x, buffer);
    bpnn__fpmode_leave(mode);
    return isnan(x) || !table->columns[c].text ? buffer : bpnn__dictionary_word(table->columns[c].words, (size_t)x);
}

static bpnn_status no_column(const bpnn_table *table, const char *spec, bpnn_error *error)
{
    size_t nearest = 0, best = SIZE_MAX;
    for (size_t i = 0; error && i < table->column_count; i++) {
        size_t distance = bpnn__edit_distance(spec, table->columns[i].name);
        if (distance < best) {
            best = distance;
            nearest = i;
        }
    }
    size_t size = strlen(spec);
    if (best < size && (best <= 2 || best <= size / 3))
        return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0, "no column is called '%s'; did you mean '%s'?",
                             spec, table->columns[nearest].name);
    return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                         "no column is called '%s'; the first of %zu columns is '%s'", spec, table->column_count,
                         table->columns[0].name);
}

bpnn_status bpnn_table_find_column(const bpnn_table *table, const char *spec, size_t *c, bpnn_error *error)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].name, spec) != 0)
            continue;
        if (found != SIZE_MAX)
            return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                                 "two columns are called '%s'; give the number: %zu or %zu", spec, found + 1, i + 1);
        found = i;
    }
    uint64_t number;
    if (found == SIZE_MAX && bpnn__parse_u64(spec, strlen(spec), &number) && number >= 1 &&
        number <= table->column_count)
        found = (size_t)number - 1;
    if (found != SIZE_MAX) {
        *c = found;
        return BPNN_OK;
    }
    return no_column(table, spec, error);
}

/* ---- choosing the reader ---- */

void bpnn_table_options_default(bpnn_table_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->header = -1;
}

static const bpnn__table_format formats[] = {
    {".csv", "csv", bpnn__read_csv, true, false},
    {".tsv", "csv", bpnn__read_csv, true, false},
    {".txt", "csv", bpnn__read_csv, true, false},
    {".idx", "idx", bpnn__read_idx, false, true},
    {"-ubyte", "idx", bpnn__read_idx, false, true},
    {".npy", "npy", bpnn__read_npy, false, false},
    {".libsvm", "libsvm", bpnn__read_libsvm, true, false},
    {".svm", "libsvm", bpnn__read_libsvm, true, false},
    {".svmlight", "libsvm", bpnn__read_libsvm, true, false},
};

enum { FORMATS = sizeof formats / sizeof *formats };

static bool ends_with(const char *path, size_t size, const char *ending)
{
    size_t n = strlen(ending);
    return size >= n && memcmp(path + size - n, ending, n) == 0;
}

/* By the name without .gz; a pair with a comma is IDX; what is not known is CSV. */
static const bpnn__table_format *format_for(const char *path)
{
    size_t size = strlen(path);
    if (ends_with(path, size, ".gz"))
        size -= 3;
    for (size_t i = 0; i < FORMATS; i++)
        if (ends_with(path, size, formats[i].ending))
            return &formats[i];
    return &formats[0];
}

const bpnn__table_format *bpnn__table_format_named(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

static bpnn_status find_format(const char *path, const bpnn_table_options *o, const bpnn__table_format **found,
                               bpnn_error *error)
{
    *found = o->format ? bpnn__table_format_named(o->format) : format_for(path);
    if (*found)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "no table format is called '%s'; known: csv, idx, npy, libsvm", o->format);
}

static bpnn_status check_options(const bpnn_table_options *o, bpnn_error *error)
{
    if (o->struct_size != sizeof *o)
        return bpnn__fail(error, BPNN_USAGE, "table options: call bpnn_table_options_default first");
    unsigned char d = (unsigned char)o->delimiter;
    if (d == '"' || d >= 0x80 || (d > 0 && d < ' ' && d != '\t') || d == 0x7f)
        return bpnn__fail(error, BPNN_USAGE, "the delimiter must be a tab or a printable ASCII character but not '\"'");
    if (o->decimal != 0 && o->decimal != '.' && o->decimal != ',')
        return bpnn__fail(error, BPNN_USAGE, "the decimal sign must be '.' or ','");
    if (o->decimal != 0 && o->decimal == o->delimiter)
        return bpnn__fail(error, BPNN_USAGE, "the delimiter and the decimal sign cannot both be '%c'", o->decimal);
    return BPNN_OK;
}

static bpnn_status read_source(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                               bpnn_error *error)
{
    bpnn_table_options defaults;
    bpnn_table_options_default(&defaults);
    if (!options)
        options = &defaults;
    *table = NULL;
    const bpnn__table_format *f;
    bpnn_status status = check_options(options, error);
    if (status == BPNN_OK)
        status = find_format(source->path, options, &f, error);
    uint64_t mode = bpnn__fpmode_enter();
    if (status == BPNN_OK)
        status = bpnn__read_cached(table, source, options, f, error);
    bpnn__fpmode_leave(mode);
    if (status != BPNN_OK) {
        bpnn_table_free(*table);
        *table = NULL;
    }
    return status;
}

bpnn_status bpnn_table_read(bpnn_table **table, const char *path, const bpnn_table_options *options, bpnn_error *error)
{
    bpnn__source source = {.path = path};
    return read_source(table, &source, options, error);
}

bpnn_status bpnn_table_read_memory(bpnn_table **table, const void *bytes, size_t size, const char *name,
                                   const bpnn_table_options *options, bpnn_error *error)
{
    bpnn__source source = {.path = name ? name : "memory", .bytes = bytes ? bytes : "", .size = size};
    return read_source(table, &source, options, error);
}
