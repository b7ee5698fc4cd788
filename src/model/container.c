/* Writing the container of a model file, and what writing and parsing share. */
#include "model/container.h"
#include "base/error.h"
#include "base/json.h"
#include "base/little.h"
#include "base/memory.h"
#include "model/header.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const struct {
    const char *name;
    size_t size;
} elements[BPNN__ELEMENTS] = {
    [BPNN__F64] = {"F64", 8},
    [BPNN__F32] = {"F32", 4},
    [BPNN__U32] = {"U32", 4},
};

size_t bpnn__element_size(bpnn__element element)
{
    return elements[element].size;
}

int bpnn__element_find(const char *name)
{
    for (int i = 0; i < BPNN__ELEMENTS; i++)
        if (strcmp(elements[i].name, name) == 0)
            return i;
    return -1;
}

bool bpnn__tensor_make(bpnn__tensor *tensor, const char *name, bpnn__element element, size_t rows, size_t cols,
                       const void *data)
{
    size_t length = strlen(name), count;
    memset(tensor, 0, sizeof *tensor);
    if (length >= sizeof tensor->name || !bpnn__mul(rows, cols ? cols : 1, &count))
        return false;
    memcpy(tensor->name, name, length + 1);
    tensor->element = element;
    tensor->dimensions = cols ? 2 : 1;
    tensor->shape[0] = rows;
    tensor->shape[1] = cols;
    tensor->data = data;
    return bpnn__mul(count, elements[element].size, &tensor->bytes) && tensor->bytes <= BPNN__FILE_MOST;
}

int bpnn__tensor_order(const bpnn__tensor *a, const bpnn__tensor *b)
{
    bool a_last = strcmp(a->name, BPNN__CHECKSUM) == 0, b_last = strcmp(b->name, BPNN__CHECKSUM) == 0;
    if (a_last != b_last)
        return a_last ? 1 : -1;
    size_t a_size = elements[a->element].size, b_size = elements[b->element].size;
    if (a_size != b_size)
        return a_size > b_size ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int compare(const void *a, const void *b)
{
    return bpnn__tensor_order(a, b);
}

static void add_tensor(bpnn__json *json, const bpnn__tensor *tensor)
{
    bpnn__json_key(json, tensor->name);
    bpnn__json_open(json, '{');
    bpnn__json_key(json, "dtype");
    bpnn__json_string(json, elements[tensor->element].name);
    bpnn__json_key(json, "shape");
    bpnn__json_open(json, '[');
    for (size_t d = 0; d < tensor->dimensions; d++)
        bpnn__json_u64(json, tensor->shape[d]);
    bpnn__json_close(json, ']');
    bpnn__json_key(json, "data_offsets");
    bpnn__json_open(json, '[');
    bpnn__json_u64(json, tensor->begin);
    bpnn__json_u64(json, tensor->begin + tensor->bytes);
    bpnn__json_close(json, ']');
    bpnn__json_close(json, '}');
}

bool bpnn__header_text(bpnn__text *text, const bpnn__tensor *tensors, size_t count, const char *metadata)
{
    bpnn__json json = {0};
    bpnn__json_open(&json, '{');
    bpnn__json_key(&json, "__metadata__");
    bpnn__json_open(&json, '{');
    bpnn__json_key(&json, "bpnn");
    bpnn__json_string(&json, metadata);
    bpnn__json_close(&json, '}');
    for (size_t i = 0; i < count; i++)
        add_tensor(&json, &tensors[i]);
    bpnn__json_close(&json, '}');
    while (!json.text.failed && json.text.size % 8 != 0)
        bpnn__text_add(&json.text, " ");
    *text = json.text;
    return !text->failed;
}

size_t bpnn__header_limit(size_t data_bytes)
{
    const size_t small = (size_t)1 << 20, most = (size_t)16 << 20;
    return data_bytes < small ? small : data_bytes > most ? most : data_bytes;
}

/* Offsets in the given order; *total counts all bytes. False: too large. */
static bool place(bpnn__tensor *tensors, size_t count, size_t *total)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        tensors[i].begin = at;
        if (!bpnn__add(at, tensors[i].bytes, &at) || at > BPNN__FILE_MOST)
            return false;
    }
    *total = at;
    return true;
}

static void put_u64(unsigned char *at, uint64_t x)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(x >> 8 * i);
}

static void fill(unsigned char *out, const bpnn__text *header, const bpnn__tensor *tensors, size_t count, size_t total)
{
    put_u64(out, header->size);
    memcpy(out + 8, header->data, header->size);
    unsigned char *data = out + 8 + header->size;
    for (size_t i = 0; i + 1 < count; i++)
        bpnn__little(data + tensors[i].begin, tensors[i].data, tensors[i].bytes / elements[tensors[i].element].size,
                     elements[tensors[i].element].size);
    uint32_t crc = (uint32_t)crc32_z(0, out, 8 + header->size + total - 4);
    bpnn__little(data + total - 4, &crc, 1, 4);
}

bpnn_status bpnn__container_write(bpnn__tensor *tensors, size_t count, const char *metadata, void **bytes, size_t *size,
                                  bpnn_error *error)
{
    size_t total;
    *bytes = NULL;
    *size = 0;
    qsort(tensors, count, sizeof *tensors, compare);
    bpnn__tensor_make(&tensors[count++], BPNN__CHECKSUM, BPNN__U32, 1, 0, NULL);
    if (!place(tensors, count, &total))
        return bpnn__fail(error, BPNN_USAGE, "the model is larger than a model file may be (16 GiB)");
    bpnn__text header = {0};
    bpnn_status status = BPNN_OK;
    if (!bpnn__header_text(&header, tensors, count, metadata))
        status = bpnn__fail_memory(error);
    else if ((uint64_t)8 + header.size + total > BPNN__FILE_MOST)
        status = bpnn__fail(error, BPNN_USAGE, "the model is larger than a model file may be (16 GiB)");
    else if (header.size > bpnn__header_limit(total))
        status =
            bpnn__fail(error, BPNN_USAGE,
                       "the model's description has %zu bytes, %zu are allowed; take fewer categories or columns, or "
                       "shorter names",
                       header.size, bpnn__header_limit(total));
    unsigned char *out = status == BPNN_OK ? bpnn__alloc(8 + header.size + total, 1) : NULL;
    if (out) {
        fill(out, &header, tensors, count, total);
        *bytes = out;
        *size = 8 + header.size + total;
    } else if (status == BPNN_OK) {
        status = bpnn__fail_memory(error);
    }
    bpnn__text_free(&header);
    return status;
}

const bpnn__tensor *bpnn__container_find(const bpnn__container *container, const char *name)
{
    bpnn__tensor key = {0};
    size_t length = strlen(name);
    if (length >= sizeof key.name)
        return NULL;
    memcpy(key.name, name, length);
    for (int element = 0; element < BPNN__ELEMENTS; element++) {
        key.element = (bpnn__element)element;
        const bpnn__tensor *found =
            bsearch(&key, container->tensors, container->count, sizeof *container->tensors, compare);
        if (found)
            return found;
    }
    return NULL;
}

void bpnn__container_free(bpnn__container *container)
{
    bpnn__free(container->metadata);
    bpnn__free(container->tensors);
    bpnn__free(container->owned);
    memset(container, 0, sizeof *container);
}
