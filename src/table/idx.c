/* IDX (the format of MNIST): a pair "images,labels", or one file. Features are named 1, 2, .. and the labels "label". */
#include "base/error.h"
#include "base/memory.h"
#include "table/table.h"

#include <math.h>
#include <string.h>

/* One file: items of `width` numbers each. */
typedef struct idx_file {
    unsigned char *bytes; /* the whole file */
    size_t size, offset;  /* where the numbers begin */
    size_t items, width, element;
    unsigned char type;
    bool compressed;
} idx_file;

static size_t element_size(unsigned char type)
{
    switch (type) {
    case 0x08:
    case 0x09:
        return 1;
    case 0x0b:
        return 2;
    case 0x0c:
    case 0x0d:
        return 4;
    case 0x0e:
        return 8;
    default:
        return 0;
    }
}

static uint64_t big_endian(const unsigned char *b, size_t size)
{
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++)
        n = n << 8 | b[i];
    return n;
}

static double number_at(const idx_file *f, size_t i)
{
    uint64_t bits = big_endian(f->bytes + f->offset + i * f->element, f->element);
    double d;
    float s;
    uint32_t half = (uint32_t)bits;
    switch (f->type) {
    case 0x08:
        return (double)bits;
    case 0x09:
        return (double)(int8_t)bits;
    case 0x0b:
        return (double)(int16_t)bits;
    case 0x0c:
        return (double)(int32_t)half;
    case 0x0d:
        memcpy(&s, &half, sizeof s);
        return (double)s;
    default:
        memcpy(&d, &bits, sizeof d);
        return d;
    }
}

static bpnn_status check_header(idx_file *f, const char *path, bpnn_error *error)
{
    size_t dimensions = f->size >= 4 ? f->bytes[3] : 0;
    if (f->size < 4 || f->bytes[0] != 0 || f->bytes[1] != 0 || dimensions < 1 || dimensions > 8)
        return bpnn__fail_at(
            error, BPNN_DATA, path, 0, 0,
            "this is no IDX file (its first bytes are not 0 0 type dimensions); name another format, or copy it again");
    f->type = f->bytes[2];
    f->element = element_size(f->type);
    f->offset = 4 + 4 * dimensions;
    if (f->element == 0 || f->size < f->offset)
        return bpnn__fail_at(error, BPNN_DATA, path, 0, 0,
                             "the IDX header is damaged (type 0x%02x); copy the file again", (unsigned)f->type);
    f->width = 1;
    f->items = (size_t)big_endian(f->bytes + 4, 4);
    for (size_t i = 1; i < dimensions; i++)
        if (!bpnn__mul(f->width, (size_t)big_endian(f->bytes + 4 + 4 * i, 4), &f->width))
            return bpnn__fail_at(error, BPNN_DATA, path, 0, 0,
                                 "the IDX header is damaged (its sizes overflow); copy the file again");
    size_t numbers, bytes;
    if (!bpnn__mul(f->items, f->width, &numbers) || !bpnn__mul(numbers, f->element, &bytes) ||
        bytes != f->size - f->offset)
        return bpnn__fail_at(
            error, BPNN_DATA, path, 0, 0,
            "the header promises %zu items of %zu numbers, the file has %zu bytes of them; copy the file again",
            f->items, f->width, f->size - f->offset);
    if (f->items == 0 || f->width == 0 || f->width > 1000000)
        return bpnn__fail_at(error, BPNN_DATA, path, 0, 0, "%zu items of %zu numbers cannot be used", f->items,
                             f->width);
    return BPNN_OK;
}

static bpnn_status read_file(idx_file *f, const bpnn__source *source, const bpnn_table_options *options,
                             bpnn_error *error)
{
    bpnn__whole whole;
    bpnn_status status = bpnn__source_whole(source, options, &whole, error);
    *f = (idx_file){.bytes = whole.bytes, .size = whole.size, .compressed = whole.compressed};
    return status == BPNN_OK ? check_header(f, source->path, error) : status;
}

/* The numbers as a matrix: bytes stay bytes where they are, others become double. */
static bpnn_status to_matrix(idx_file *f, bpnn_matrix *matrix, void **owned, bpnn_error *error)
{
    if (f->type == 0x08) {
        *matrix = bpnn_matrix_make(f->bytes + f->offset, BPNN_U8, f->items, f->width);
        *owned = f->bytes;
        f->bytes = NULL;
        return BPNN_OK;
    }
    double *numbers = bpnn__alloc(f->items * f->width, sizeof *numbers);
    if (!numbers)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < f->items * f->width; i++)
        numbers[i] = number_at(f, i);
    *matrix = bpnn_matrix_make(numbers, BPNN_F64, f->items, f->width);
    *owned = numbers;
    return BPNN_OK;
}

static bpnn_status build(bpnn_table **out, const char *source, idx_file *images, idx_file *labels, bpnn_error *error)
{
    if (labels->bytes && (labels->width != 1 || labels->items != images->items))
        return bpnn__fail_at(error, BPNN_DATA, source, 0, 0,
                             "%zu images but %zu labels of %zu numbers; are these two a pair?", images->items,
                             labels->items, labels->width);
    size_t columns = images->width + (labels->bytes ? 1 : 0);
    bpnn_table *table = *out = bpnn__table_new(source, columns);
    if (!table)
        return bpnn__fail_memory(error);
    table->rows = images->items;
    table->dialect.format = "idx";
    table->dialect.compressed = images->compressed;
    bool named = !labels->bytes || bpnn__table_rename(table, columns - 1, "label");
    bpnn_status status = named ? to_matrix(images, &table->part[0], &table->owned[0], error) : bpnn__fail_memory(error);
    if (status == BPNN_OK && labels->bytes)
        status = to_matrix(labels, &table->part[1], &table->owned[1], error);
    if (status == BPNN_OK)
        bpnn__table_count_missing(table);
    return status;
}

bpnn_status bpnn__read_idx(bpnn_table **table, const bpnn__source *source, const bpnn_table_options *options,
                           bpnn_error *error)
{
    idx_file images = {0}, labels = {0};
    char *first = bpnn__copy_text(source->path);
    if (!first)
        return bpnn__fail_memory(error);
    char *comma = source->bytes ? NULL : strchr(first, ',');
    if (comma)
        *comma = '\0';
    bpnn__source one = *source;
    one.path = first;
    bpnn_status status = read_file(&images, &one, options, error);
    if (status == BPNN_OK && comma) {
        bpnn__source two = {.path = comma + 1, .seen = source->seen};
        status = read_file(&labels, &two, options, error);
    }
    if (status == BPNN_OK)
        status = bpnn__check_columns(source->path, images.width, options, error);
    if (status == BPNN_OK)
        status = build(table, source->path, &images, &labels, error);
    bpnn__free(images.bytes);
    bpnn__free(labels.bytes);
    bpnn__free(first);
    return status;
}
