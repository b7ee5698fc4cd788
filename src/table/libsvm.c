/* LIBSVM text: "LABEL INDEX:VALUE ..", indices from 1 and ascending; '#' begins a comment. It becomes a dense table whose last
 * column is "label". */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/table.h"

#include <string.h>

enum { SPARSE_BYTES = 64, FREE_BYTES = 64 << 20 }; /* of the table a byte of the file; of any table */

typedef struct svm_file {
    const char *path, *bytes;
    size_t size, rows, features, max_features;
    uint64_t max_cells;
    bpnn_table *table; /* NULL in the pass that counts */
    double *cells;     /* NULL in the pass that counts */
} svm_file;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *word_end(const char *c, const char *end)
{
    while (c < end && !is_blank(*c) && *c != '#')
        c++;
    return c;
}

static bpnn_status bad(const svm_file *f, uint64_t line, const char *what, const char *word, size_t size,
                       bpnn_error *error)
{
    return bpnn__fail_at(error, BPNN_DATA, f->path, line, 0, "%s, found '%.*s'", what, size > 40 ? 40 : (int)size,
                         word);
}

/* "INDEX:VALUE" of the row at hand. */
static bpnn_status read_pair(svm_file *f, uint64_t line, const char *word, size_t size, uint64_t *last,
                             bpnn_error *error)
{
    const char *colon = memchr(word, ':', size);
    uint64_t index;
    double value;
    if (!colon || !bpnn__parse_u64(word, (size_t)(colon - word), &index) ||
        !bpnn__parse_double(colon + 1, size - (size_t)(colon + 1 - word), '.', &value))
        return bad(f, line, "expected INDEX:VALUE", word, size, error);
    if (index <= *last)
        return bad(f, line, "indices must begin at 1 and rise", word, size, error);
    if (index > f->max_features)
        return bad(f, line, "the index is beyond the limit of columns", word, size, error);
    *last = index;
    if (f->cells)
        f->cells[f->rows * (f->features + 1) + index - 1] = value;
    else if (index > f->features)
        f->features = (size_t)index;
    return BPNN_OK;
}

static bpnn_status read_line(svm_file *f, uint64_t line, const char *c, const char *end, bpnn_error *error)
{
    uint64_t last = 0;
    bool label = false;
    for (;;) {
        while (c < end && is_blank(*c))
            c++;
        if (c == end || *c == '#')
            break;
        const char *stop = word_end(c, end);
        size_t size = (size_t)(stop - c);
        double value;
        if (!label) {
            if (!bpnn__parse_double(c, size, '.', &value))
                return bad(f, line, "expected a number as label", c, size, error);
            if (f->cells)
                f->cells[f->rows * (f->features + 1) + f->features] = value;
            label = true;
        } else {
            bpnn_status status = read_pair(f, line, c, size, &last, error);
            if (status != BPNN_OK)
                return status;
        }
        c = stop;
    }
    if (label && f->table && !bpnn__table_note_line(f->table, f->rows, line))
        return bpnn__fail_memory(error);
    f->rows += label;
    if (f->table)
        f->table->rows = f->rows;
    return BPNN_OK;
}

static bpnn_status read_lines(svm_file *f, bpnn_error *error)
{
    const char *c = f->bytes, *end = f->bytes + f->size;
    f->rows = 0;
    for (uint64_t line = 1; c < end; line++) {
        const char *stop = memchr(c, '\n', (size_t)(end - c));
        stop = stop ? stop : end;
        bpnn_status status = read_line(f, line, c, stop, error);
        if (status != BPNN_OK)
            return status;
        c = stop < end ? stop + 1 : end;
    }
    if (f->rows == 0 || f->features == 0)
        return bpnn__fail_at(error, BPNN_DATA, f->path, 0, 0,
                             "there is no row with a value; give one with a row at least");
    return BPNN_OK;
}

static bpnn_status build(bpnn_table **out, svm_file *f, bpnn_error *error)
{
    bpnn_status status = read_lines(f, error);
    if (status != BPNN_OK)
        return status;
    size_t columns = f->features + 1;
    if ((uint64_t)f->rows > f->max_cells / columns)
        return bpnn__fail_at(error, BPNN_DATA, f->path, 0, 0,
                             "%zu rows x %zu columns are too many for a dense table of a file of this size; leave out "
                             "rare features, or raise max_bytes",
                             f->rows, columns);
    bpnn_table *table = *out = bpnn__table_new(f->path, columns);
    f->cells = bpnn__alloc(f->rows * columns, sizeof *f->cells);
    if (!table || !f->cells || !bpnn__table_rename(table, columns - 1, "label")) {
        bpnn__free(f->cells);
        return bpnn__fail_memory(error);
    }
    table->owned[0] = f->cells;
    f->table = table;
    status = read_lines(f, error);
    table->dialect.format = "libsvm";
    table->part[0] = bpnn_matrix_make(f->cells, BPNN_F64, f->rows, columns);
    return status;
}

/* A few bytes can name a far column: without an explicit limit the table stays in proportion to the file. */
static uint64_t most_cells(const bpnn_table_options *options, size_t size)
{
    uint64_t limit = bpnn__limit_bytes(options), fair = (uint64_t)SPARSE_BYTES * size;
    fair = fair > FREE_BYTES ? fair : FREE_BYTES;
    return (options->max_bytes || limit < fair ? limit : fair) / sizeof(double);
}

bpnn_status bpnn__read_libsvm(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                              bpnn_error *error)
{
    bpnn__whole whole;
    bpnn_status status = bpnn__source_whole(source, options, &whole, error);
    svm_file f = {.path = source->path,
                  .bytes = whole.bytes,
                  .size = whole.size,
                  .max_features = bpnn__limit_columns(options) - 1, /* the label is a column */
                  .max_cells = most_cells(options, whole.size)};
    if (status == BPNN_OK)
        status = build(table, &f, error);
    if (status == BPNN_OK)
        (*table)->dialect.compressed = whole.compressed;
    bpnn__free(whole.bytes);
    return status;
}
