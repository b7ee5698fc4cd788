/* Records: named arrays, their bytes, and the walk over fields. */
#include "train/record.h"
#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

#define MOST_COUNT ((uint64_t)1 << 53)

/* ---- arrays ---- */

void bpnn__record_free(bpnn__record *record)
{
    for (size_t i = 0; i < record->count; i++)
        bpnn__free(record->arrays[i].data);
    bpnn__free(record->arrays);
    memset(record, 0, sizeof *record);
}

static size_t element(bool single)
{
    return single ? sizeof(float) : sizeof(double);
}

static size_t cells(size_t rows, size_t cols)
{
    return rows * (cols ? cols : 1);
}

size_t bpnn__array_bytes(const bpnn__array *array)
{
    return cells(array->rows, array->cols) * element(array->single);
}

static bool make_room(bpnn__record *record)
{
    if (record->count < record->capacity)
        return true;
    size_t capacity = record->capacity ? 2 * record->capacity : 32;
    bpnn__array *grown = bpnn__realloc(record->arrays, capacity, sizeof *grown);
    if (!grown)
        return false;
    record->arrays = grown;
    record->capacity = capacity;
    return true;
}

void *bpnn__record_add(bpnn__record *record, const char *name, bool single, size_t rows, size_t cols)
{
    size_t count, length = strlen(name);
    if (length >= BPNN__RECORD_NAME || !bpnn__mul(rows, cols ? cols : 1, &count) || !make_room(record))
        return NULL;
    void *data = bpnn__alloc(count, element(single));
    if (!data)
        return NULL;
    bpnn__array *array = &record->arrays[record->count++];
    *array = (bpnn__array){.single = single, .rows = rows, .cols = cols, .data = data};
    memcpy(array->name, name, length + 1);
    return data;
}

const bpnn__array *bpnn__record_find(const bpnn__record *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (strcmp(record->arrays[i].name, name) == 0)
            return &record->arrays[i];
    return NULL;
}

/* ---- bytes: "bpnnrun1", number of arrays; name, single, rows, cols of each; their data; FNV-1a of all before ---- */

static const char magic[8] = {'b', 'p', 'n', 'n', 'r', 'u', 'n', '1'};
enum { HEAD = 16, ENTRY = BPNN__RECORD_NAME + 24, TAIL = 8, MOST_ARRAYS = 4096 };

static void put(unsigned char *at, uint64_t x)
{
    bpnn__little(at, &x, 1, sizeof x);
}

static uint64_t get(const unsigned char *at)
{
    uint64_t x = 0;
    bpnn__little(&x, at, 1, sizeof x);
    return x;
}

static uint64_t hash(const unsigned char *bytes, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * 0x100000001b3u;
    return h;
}

bpnn_status bpnn__record_write(const bpnn__record *record, void **bytes, size_t *size, bpnn_error *error)
{
    size_t total = HEAD + record->count * ENTRY + TAIL, at = HEAD;
    bool fits = true;
    *bytes = NULL;
    *size = 0;
    for (size_t i = 0; i < record->count; i++)
        fits = fits && bpnn__add(total, bpnn__array_bytes(&record->arrays[i]), &total);
    unsigned char *out = fits ? bpnn__alloc(total, 1) : NULL;
    if (!out)
        return bpnn__fail_memory(error);
    memcpy(out, magic, sizeof magic);
    put(out + 8, record->count);
    for (size_t i = 0; i < record->count; i++, at += ENTRY) {
        const bpnn__array *array = &record->arrays[i];
        memcpy(out + at, array->name, strlen(array->name));
        put(out + at + BPNN__RECORD_NAME, array->single);
        put(out + at + BPNN__RECORD_NAME + 8, array->rows);
        put(out + at + BPNN__RECORD_NAME + 16, array->cols);
    }
    for (size_t i = 0; i < record->count; at += bpnn__array_bytes(&record->arrays[i++]))
        bpnn__little(out + at, record->arrays[i].data,
                     bpnn__array_bytes(&record->arrays[i]) / element(record->arrays[i].single),
                     element(record->arrays[i].single));
    put(out + at, hash(out, at));
    *bytes = out;
    *size = total;
    return BPNN_OK;
}

static bool is_name(const char *name)
{
    size_t length = 0;
    while (length < BPNN__RECORD_NAME && name[length])
        length++;
    bool good = length > 0 && length < BPNN__RECORD_NAME;
    for (size_t i = length; i < BPNN__RECORD_NAME; i++)
        good = good && name[i] == '\0';
    return good;
}

/* One entry; its data are the next of *left bytes. */
static bpnn_status read_entry(bpnn__record *record, const unsigned char *entry, const unsigned char *data, size_t *left,
                              bpnn_error *error)
{
    char name[BPNN__RECORD_NAME];
    const unsigned char *numbers = entry + BPNN__RECORD_NAME;
    uint64_t single = get(numbers), rows = get(numbers + 8), cols = get(numbers + 16);
    size_t count, size;
    memcpy(name, entry, sizeof name);
    if (!is_name(name) || bpnn__record_find(record, name) || single > 1 || rows == 0 || rows > *left || cols > *left ||
        !bpnn__mul((size_t)rows, cols ? (size_t)cols : 1, &count) || !bpnn__mul(count, element(single), &size) ||
        size > *left)
        return bpnn__fail(error, BPNN_MODEL, "the state describes an array that cannot be");
    void *to = bpnn__record_add(record, name, single, (size_t)rows, (size_t)cols);
    if (!to)
        return bpnn__fail_memory(error);
    bpnn__little(to, data, count, element(single));
    *left -= size;
    return BPNN_OK;
}

bpnn_status bpnn__record_read(bpnn__record *record, const void *bytes, size_t size, bpnn_error *error)
{
    const unsigned char *in = bytes;
    memset(record, 0, sizeof *record);
    if (!in || size < HEAD + TAIL || memcmp(in, magic, sizeof magic) != 0)
        return bpnn__fail(error, BPNN_MODEL, "these bytes are no state of a run");
    uint64_t count = get(in + 8);
    if (hash(in, size - TAIL) != get(in + size - TAIL) || count > MOST_ARRAYS || HEAD + count * ENTRY + TAIL > size)
        return bpnn__fail(error, BPNN_MODEL, "the state of the run is cut short or damaged");
    size_t at = HEAD + (size_t)count * ENTRY, left = size - at - TAIL;
    bpnn_status status = BPNN_OK;
    for (size_t i = 0; i < count && status == BPNN_OK; i++)
        status = read_entry(record, in + HEAD + i * ENTRY, in + size - TAIL - left, &left, error);
    if (status == BPNN_OK && left > 0)
        status = bpnn__fail(error, BPNN_MODEL, "the state of the run has bytes that belong to no part of it");
    if (status != BPNN_OK)
        bpnn__record_free(record);
    return status;
}

/* ---- walking ---- */

void bpnn__archive_refuse(bpnn__archive *a, const char *name)
{
    if (a->status == BPNN_OK)
        a->status = bpnn__fail(a->error, BPNN_MODEL, "the state of the run: '%s' is missing or cannot be", name);
}

static void write_reals(bpnn__archive *a, const char *name, bool single, size_t rows, size_t cols, const double *x)
{
    void *to = bpnn__record_add(a->to, name, single, rows, cols);
    if (!to)
        a->status = bpnn__fail_memory(a->error);
    for (size_t i = 0; to && i < cells(rows, cols); i++) {
        if (single)
            ((float *)to)[i] = (float)x[i];
        else
            ((double *)to)[i] = x[i];
    }
}

static void read_reals(bpnn__archive *a, const char *name, bool single, size_t rows, size_t cols, double *x)
{
    const bpnn__array *from = bpnn__record_find(a->from, name);
    if (!from || from->single != single || from->rows != rows || from->cols != cols) {
        bpnn__archive_refuse(a, name);
        return;
    }
    for (size_t i = 0; i < cells(rows, cols); i++)
        x[i] = single ? (double)((const float *)from->data)[i] : ((const double *)from->data)[i];
    a->taken++;
}

void bpnn__keep_reals(bpnn__archive *a, const char *name, bool single, size_t rows, size_t cols, double *x)
{
    if (a->status != BPNN_OK)
        return;
    if (a->to)
        write_reals(a, name, single, rows, cols, x);
    else
        read_reals(a, name, single, rows, cols, x);
}

void bpnn__keep_numbers(bpnn__archive *a, const char *name, size_t n, double *x)
{
    bpnn__keep_reals(a, name, false, n, 0, x);
}

void bpnn__keep_number(bpnn__archive *a, const char *name, double *x)
{
    bpnn__keep_numbers(a, name, 1, x);
}

void bpnn__keep_count(bpnn__archive *a, const char *name, uint64_t *x, uint64_t most)
{
    double number = (double)*x;
    bpnn__keep_number(a, name, &number);
    if (a->status != BPNN_OK || a->to)
        return;
    if (!(number >= 0 && number <= (double)(most < MOST_COUNT ? most : MOST_COUNT)) || floor(number) != number ||
        signbit(number))
        bpnn__archive_refuse(a, name);
    else
        *x = (uint64_t)number;
}

void bpnn__keep_size(bpnn__archive *a, const char *name, size_t *x, size_t most)
{
    uint64_t count = *x;
    bpnn__keep_count(a, name, &count, most);
    if (a->status == BPNN_OK)
        *x = (size_t)count;
}

void bpnn__keep_flag(bpnn__archive *a, const char *name, bool *x)
{
    uint64_t count = *x;
    bpnn__keep_count(a, name, &count, 1);
    if (a->status == BPNN_OK)
        *x = count != 0;
}

void bpnn__keep_same(bpnn__archive *a, const char *name, uint64_t here, const char *what)
{
    uint64_t there = here;
    bpnn__keep_count(a, name, &there, MOST_COUNT);
    if (a->status == BPNN_OK && there != here)
        a->status = bpnn__fail(a->error, BPNN_USAGE, "the run has another %s: %llu, not %llu", what,
                               (unsigned long long)there, (unsigned long long)here);
}

void bpnn__archive_end(bpnn__archive *a)
{
    if (a->from && a->status == BPNN_OK && a->taken != a->from->count)
        a->status = bpnn__fail(a->error, BPNN_MODEL, "the state of the run has parts that belong to no method");
}
