/* Reading the container of a model file. Everything is checked before the first tensor is used: the checksum first, the
 * header's JSON, then that the tensors fill the data without gap or overlap, at last that writing the same parts gives
 * the same header. */
#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"
#include "model/header.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char beginning[] = "{\"__metadata__\":{\"bpnn\":\"";

/* A file being parsed. */
typedef struct parsing {
    const unsigned char *bytes, *data;
    size_t size, header, data_size;
    const char *file;
    bpnn_error *error;
} parsing;

static bpnn_status refuse(const parsing *p, const char *why)
{
    return bpnn__fail_at(p->error, BPNN_MODEL, p->file, 0, 0, "%s", why);
}

static uint64_t get_u64(const unsigned char *at)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | at[i];
    return x;
}

/* Sizes and checksum: what can be said before any JSON is read. */
static bpnn_status check_frame(parsing *p)
{
    const size_t least = sizeof beginning - 1;
    uint64_t header = p->size < 8 ? 0 : get_u64(p->bytes);
    if (p->size < 8 + least || memcmp(p->bytes + 8, beginning, least) != 0)
        return refuse(p, "this is not a bpnn model file, or its beginning is damaged");
    if (p->size > BPNN__FILE_MOST)
        return refuse(p, "the file is larger than a model file may be (16 GiB)");
    if (header > p->size - 8 || p->size - 8 - header < 4)
        return refuse(p, "the file is cut short or damaged; copy it again");
    p->header = (size_t)header;
    p->data = p->bytes + 8 + p->header;
    p->data_size = p->size - 8 - p->header;
    if (p->header % 8 != 0 || p->header < least || p->header > bpnn__header_limit(p->data_size))
        return refuse(p, "the file's header has a length that no model file has");
    uint32_t stored;
    bpnn__little(&stored, p->bytes + p->size - 4, 1, 4);
    if (stored != (uint32_t)crc32_z(0, p->bytes, p->size - 4))
        return refuse(p, "the checksum does not fit: the file is cut short or damaged; copy it again");
    return BPNN_OK;
}

static bool get_size(json_t *value, size_t *size)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    uint64_t x = (uint64_t)json_integer_value(value);
    *size = (size_t)x;
    return x <= BPNN__FILE_MOST;
}

/* One entry of the header. False: not as the format has it. */
static bool read_tensor(const char *name, json_t *entry, bpnn__tensor *tensor)
{
    json_t *shape = json_object_get(entry, "shape"), *offsets = json_object_get(entry, "data_offsets");
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    int element = dtype ? bpnn__element_find(dtype) : -1;
    size_t dimensions = json_array_size(shape), sizes[2] = {0, 0}, end;
    if (json_object_size(entry) != 3 || element < 0 || dimensions < 1 || dimensions > 2 ||
        json_array_size(offsets) != 2)
        return false;
    for (size_t d = 0; d < dimensions; d++)
        if (!get_size(json_array_get(shape, d), &sizes[d]) || sizes[d] == 0)
            return false;
    if (!bpnn__tensor_make(tensor, name, (bpnn__element)element, sizes[0], sizes[1], NULL))
        return false;
    return get_size(json_array_get(offsets, 0), &tensor->begin) && get_size(json_array_get(offsets, 1), &end) &&
           end >= tensor->begin && end - tensor->begin == tensor->bytes;
}

static int by_begin(const void *a, const void *b)
{
    const bpnn__tensor *x = a, *y = b;
    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static bpnn_status read_header(parsing *p, json_t *root, bpnn__container *c)
{
    json_t *metadata = json_object_get(root, "__metadata__"), *entry;
    const char *text = json_string_value(json_object_get(metadata, "bpnn")), *name;
    if (!json_is_object(root) || !text || json_object_size(metadata) != 1)
        return refuse(p, "the header is not that of a model file");
    c->metadata = bpnn__copy_text(text);
    c->tensors = bpnn__alloc(json_object_size(root), sizeof *c->tensors);
    if (!c->metadata || !c->tensors)
        return bpnn__fail_memory(p->error);
    json_object_foreach(root, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        if (!read_tensor(name, entry, &c->tensors[c->count]))
            return refuse(p, "the header describes a tensor that cannot be");
        c->count++;
    }
    return BPNN_OK;
}

/* Tensors one after the other, in the canonical order, exactly as many bytes as there are. */
static bpnn_status check_places(parsing *p, bpnn__container *c)
{
    size_t at = 0;
    qsort(c->tensors, c->count, sizeof *c->tensors, by_begin);
    for (size_t i = 0; i < c->count; i++) {
        bpnn__tensor *t = &c->tensors[i];
        if (t->begin != at || t->bytes > p->data_size - at)
            return refuse(p, "tensors overlap, leave a gap or pass the end of the file");
        if (i > 0 && bpnn__tensor_order(t - 1, t) >= 0)
            return refuse(p, "tensors are not in the order of the format");
        t->data = p->data + at;
        at += t->bytes;
    }
    const bpnn__tensor *last = c->count ? &c->tensors[c->count - 1] : NULL;
    if (at != p->data_size || !last || strcmp(last->name, BPNN__CHECKSUM) != 0 || last->element != BPNN__U32 ||
        last->dimensions != 1 || last->bytes != 4)
        return refuse(p, "the tensors do not fill the file up to its checksum");
    return BPNN_OK;
}

static bpnn_status check_canonical(const parsing *p, const bpnn__container *c)
{
    bpnn__text header = {0};
    bpnn_status status = BPNN_OK;
    if (!bpnn__header_text(&header, c->tensors, c->count, c->metadata))
        status = bpnn__fail_memory(p->error);
    else if (header.size != p->header || memcmp(header.data, p->bytes + 8, p->header) != 0)
        status = refuse(p, "the header is not written in the one form that the format has");
    bpnn__text_free(&header);
    return status;
}

/* The tensors as the machine has numbers: in place where it is little-endian, else a copy. */
static bpnn_status to_machine(const parsing *p, bpnn__container *c)
{
    if (BPNN__LITTLE)
        return BPNN_OK;
    c->owned = bpnn__copy_bytes(p->data, p->data_size);
    if (!c->owned)
        return bpnn__fail_memory(p->error);
    for (size_t i = 0; i < c->count; i++) {
        bpnn__tensor *t = &c->tensors[i];
        size_t size = bpnn__element_size(t->element);
        t->data = c->owned + t->begin;
        bpnn__little(c->owned + t->begin, t->data, t->bytes / size, size);
    }
    return BPNN_OK;
}

bpnn_status bpnn__container_parse(bpnn__container *c, const void *bytes, size_t size, const char *file,
                                  bpnn_error *error)
{
    parsing p = {.bytes = bytes, .size = size, .file = file, .error = error};
    json_error_t json_error;
    memset(c, 0, sizeof *c);
    bpnn_status status = check_frame(&p);
    if (status != BPNN_OK)
        return status;
    json_t *root = json_loadb((const char *)p.bytes + 8, p.header, JSON_REJECT_DUPLICATES, &json_error);
    if (root)
        status = read_header(&p, root, c);
    else if (json_error_code(&json_error) == json_error_out_of_memory)
        status = bpnn__fail_memory(error);
    else
        status = refuse(&p, "the header is not JSON");
    json_decref(root);
    if (status == BPNN_OK)
        status = check_places(&p, c);
    if (status == BPNN_OK)
        status = check_canonical(&p, c);
    if (status == BPNN_OK)
        status = to_machine(&p, c);
    if (status == BPNN_OK)
        c->count--; /* the checksum is no tensor of the model */
    else
        bpnn__container_free(c);
    return status;
}
