/* NumPy's .npy, versions 1 to 3: one or two dimensions of numbers. One dimension is one column. */
#define _GNU_SOURCE /* memmem */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "table/table.h"

#include <math.h>
#include <string.h>

typedef struct npy_file {
    unsigned char *bytes;
    size_t size, offset, element, rows, cols;
    char kind; /* f i u b */
    bool big, fortran, compressed;
} npy_file;

/* What stands behind 'key': in the header's dictionary; NULL if it is not there. */
static const char *value_of(const char *header, size_t size, const char *key)
{
    const char *at = memmem(header, size, key, strlen(key));
    const char *end = header + size;
    if (!at)
        return NULL;
    at += strlen(key);
    while (at < end && (*at == '\'' || *at == ':' || *at == ' '))
        at++;
    return at < end ? at : NULL;
}

static bool read_shape(npy_file *f, const char *c, const char *end)
{
    size_t dimension[2] = {1, 1}, count = 0;
    if (c == end || *c++ != '(')
        return false;
    while (c < end && *c != ')') {
        size_t digits = 0;
        uint64_t n;
        while (c + digits < end && c[digits] >= '0' && c[digits] <= '9')
            digits++;
        if (digits == 0 || count == 2 || !bpnn__parse_u64(c, digits, &n))
            return false;
        dimension[count++] = (size_t)n;
        c += digits;
        while (c < end && (*c == ',' || *c == ' '))
            c++;
    }
    f->rows = dimension[0];
    f->cols = dimension[1];
    return count > 0 && c < end;
}

/* "<f8", "|u1" .. */
static bool read_type(npy_file *f, const char *c, const char *end)
{
    if (end - c < 4 || !strchr("<>|=", c[0]) || !strchr("fiub", c[1]))
        return false;
    f->big = c[0] == '>';
    f->kind = c[1];
    f->element = (size_t)(c[2] - '0');
    bool size = f->element == 1 || f->element == 2 || f->element == 4 || f->element == 8;
    return size && !(f->kind == 'f' && f->element < 4) && !(c[3] >= '0' && c[3] <= '9');
}

static bpnn_status damaged(const char *path, const char *what, bpnn_error *error)
{
    return bpnn__fail_at(error, BPNN_DATA, path, 0, 0, "%s; save it with numpy.save as float, int, uint or bool", what);
}

static bpnn_status check_header(npy_file *f, const char *path, bpnn_error *error)
{
    if (f->size < 12 || memcmp(f->bytes, "\x93NUMPY", 6) != 0 || f->bytes[6] < 1 || f->bytes[6] > 3)
        return damaged(path, "this is no .npy file", error);
    size_t head = f->bytes[6] == 1 ? 10 : 12;
    size_t length = f->bytes[8] | (size_t)f->bytes[9] << 8;
    if (head == 12)
        length |= (size_t)f->bytes[10] << 16 | (size_t)f->bytes[11] << 24;
    if (length > f->size - head)
        return damaged(path, "the header is cut off", error);
    const char *header = (const char *)f->bytes + head, *end = header + length;
    const char *type = value_of(header, length, "descr"), *order = value_of(header, length, "fortran_order");
    const char *shape = value_of(header, length, "shape");
    if (!type || !order || !shape || !read_type(f, type, end))
        return damaged(path, "the array's type is not one of numbers", error);
    if (!read_shape(f, shape, end))
        return damaged(path, "the array has not one or two dimensions", error);
    f->fortran = *order == 'T';
    f->offset = head + length;
    size_t numbers, bytes;
    if (!bpnn__mul(f->rows, f->cols, &numbers) || !bpnn__mul(numbers, f->element, &bytes) ||
        bytes != f->size - f->offset)
        return damaged(path, "the array's shape does not go with the file's size", error);
    if (f->rows == 0 || f->cols == 0)
        return damaged(path, "the array has no rows or no columns", error);
    return BPNN_OK;
}

static double number_at(const npy_file *f, size_t i)
{
    const unsigned char *b = f->bytes + f->offset + i * f->element;
    uint64_t bits = 0;
    for (size_t k = 0; k < f->element; k++)
        bits = bits << 8 | b[f->big ? k : f->element - 1 - k];
    unsigned shift = (unsigned)(64 - 8 * f->element);
    if (f->kind == 'f' && f->element == 4) {
        uint32_t half = (uint32_t)bits;
        float x;
        memcpy(&x, &half, sizeof x);
        return (double)x;
    }
    if (f->kind == 'f') {
        double x;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    if (f->kind == 'i')
        return (double)((int64_t)(bits << shift) >> shift);
    return (double)bits;
}

/* The dtype of a matrix over the bytes as they lie there; -1 if they have to be converted. */
static int dtype_in_place(const npy_file *f)
{
    bool rows_first = !f->fortran || f->cols == 1, little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    if (!rows_first || f->offset % f->element != 0)
        return -1;
    if (f->element == 1 && f->kind != 'i')
        return BPNN_U8;
    if (f->kind != 'f' || f->big == little)
        return -1;
    return f->element == 4 ? BPNN_F32 : BPNN_F64;
}

static double *converted(const npy_file *f)
{
    double *numbers = bpnn__alloc(f->rows * f->cols, sizeof *numbers);
    for (size_t r = 0; numbers && r < f->rows; r++)
        for (size_t c = 0; c < f->cols; c++)
            numbers[r * f->cols + c] = number_at(f, f->fortran ? c * f->rows + r : r * f->cols + c);
    return numbers;
}

/* NaN is a missing cell; an infinite one is no number, as in CSV. */
static bpnn_status refuse_infinite(const bpnn_table *table, bpnn_error *error)
{
    const bpnn_matrix *m = &table->part[0];
    for (size_t i = 0; m->dtype != BPNN_U8 && i < m->rows * m->cols; i++) {
        double x = m->dtype == BPNN_F32 ? (double)((const float *)m->data)[i] : ((const double *)m->data)[i];
        if (isinf(x))
            return bpnn__fail_at(error, BPNN_DATA, table->source, 0, 0,
                                 "column %zu of row %zu is infinite; NaN is a missing cell, every other one has to be "
                                 "finite",
                                 i % m->cols + 1, i / m->cols + 1);
    }
    return BPNN_OK;
}

static bpnn_status build(bpnn_table **out, const char *path, npy_file *f, bpnn_error *error)
{
    bpnn_table *table = *out = bpnn__table_new(path, f->cols);
    if (!table)
        return bpnn__fail_memory(error);
    int dtype = dtype_in_place(f);
    void *numbers = dtype < 0 ? (void *)converted(f) : f->bytes + f->offset;
    if (!numbers)
        return bpnn__fail_memory(error);
    table->owned[0] = dtype < 0 ? numbers : f->bytes;
    if (dtype >= 0)
        f->bytes = NULL; /* the table's now */
    table->rows = f->rows;
    table->dialect.format = "npy";
    table->dialect.compressed = f->compressed;
    table->part[0] = bpnn_matrix_make(numbers, dtype < 0 ? BPNN_F64 : (bpnn_dtype)dtype, f->rows, f->cols);
    bpnn__table_count_missing(table);
    return refuse_infinite(table, error);
}

bpnn_status bpnn__read_npy(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error)
{
    bpnn__whole whole;
    bpnn_status status = bpnn__source_whole(source, options, &whole, error);
    npy_file f = {.bytes = whole.bytes, .size = whole.size, .compressed = whole.compressed};
    if (status == BPNN_OK)
        status = check_header(&f, source->path, error);
    if (status == BPNN_OK)
        status = bpnn__check_columns(source->path, f.cols, options, error);
    if (status == BPNN_OK)
        status = build(table, source->path, &f, error);
    bpnn__free(f.bytes);
    return status;
}
