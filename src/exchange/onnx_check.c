/* The wire format of an ONNX file, field by field, without allocating. */
#include "exchange/onnx_check.h"
#include "base/error.h"

#include <onnx.pb-c.h>
#include <stdbool.h>

enum { MOST_DEPTH = 32, MOST_FIELDS = 1 << 20, MOST_INTEGERS = 1 << 20, ONEOF_BIT = 63 };

typedef struct walk {
    const char *what; /* the first thing that is wrong */
    size_t fields, integers;
} walk;

typedef struct span {
    const uint8_t *at, *end;
} span;

static bool refuse(walk *w, const char *what)
{
    if (!w->what)
        w->what = what;
    return false;
}

static bool varint(walk *w, span *s, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (s->at == s->end)
            return refuse(w, "it ends inside a number");
        uint8_t byte = *s->at++;
        if (shift == 63 && byte > 1)
            break;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return refuse(w, "a number has more than 64 bits");
}

static bool skip(walk *w, span *s, uint64_t size)
{
    if (size > (uint64_t)(s->end - s->at))
        return refuse(w, "a length goes past the end");
    s->at += size;
    return true;
}

/* A field that may be there once must not be there twice: merging is of no use to a model. */
static bool once(walk *w, const ProtobufCMessageDescriptor *d, const ProtobufCFieldDescriptor *f, uint64_t *seen)
{
    size_t index = (size_t)(f - d->fields);
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    uint64_t bit = (uint64_t)1 << (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? ONEOF_BIT : index < ONEOF_BIT ? index : 0);
    if (*seen & bit)
        return refuse(w, "a field is there twice");
    *seen |= bit;
    return true;
}

static bool is_integer(ProtobufCType type)
{
    return type != PROTOBUF_C_TYPE_FLOAT && type != PROTOBUF_C_TYPE_DOUBLE && type != PROTOBUF_C_TYPE_STRING &&
           type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE;
}

static bool message(walk *w, const ProtobufCMessageDescriptor *d, span s, int depth);

/* Field f (NULL = not known) with `size` bytes of content. */
static bool content(walk *w, const ProtobufCFieldDescriptor *f, span *s, uint64_t size, int depth)
{
    span inner = {s->at, s->at};
    if (!skip(w, s, size))
        return false;
    inner.end = s->at;
    if (f && is_integer(f->type) && (w->integers += size) > MOST_INTEGERS)
        return refuse(w, "it has more than 1 MiB of integers; weights have to be float or double");
    return !f || f->type != PROTOBUF_C_TYPE_MESSAGE || message(w, f->descriptor, inner, depth + 1);
}

static bool field(walk *w, const ProtobufCMessageDescriptor *d, span *s, uint64_t *seen, int depth)
{
    uint64_t key, value;
    if (!varint(w, s, &key))
        return false;
    if (key >> 3 == 0 || key >> 3 >= (uint64_t)1 << 29)
        return refuse(w, "there is no such field number");
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(d, (unsigned)(key >> 3));
    if (++w->fields > MOST_FIELDS)
        return refuse(w, "it has more than 1,048,576 fields");
    if (f && !once(w, d, f, seen))
        return false;
    switch (key & 7) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        return varint(w, s, &value);
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        return skip(w, s, 8);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return varint(w, s, &value) && content(w, f, s, value, depth);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        return skip(w, s, 4);
    default:
        return refuse(w, "there is no such wire type");
    }
}

static bool message(walk *w, const ProtobufCMessageDescriptor *d, span s, int depth)
{
    uint64_t seen = 0;
    if (depth > MOST_DEPTH)
        return refuse(w, "it is nested deeper than 32");
    while (s.at < s.end)
        if (!field(w, d, &s, &seen, depth))
            return false;
    return true;
}

bpnn_status bpnn__onnx_check(const void *bytes, size_t size, const char *file, bpnn_error *error)
{
    walk w = {0};
    span whole = {bytes, (const uint8_t *)bytes + size};
    if (size == 0 || size > INT32_MAX)
        refuse(&w, size ? "it is larger than 2 GiB" : "it is empty");
    else
        message(&w, &bpnn__onnx__model_proto__descriptor, whole, 1);
    return w.what ? bpnn__fail_at(error, BPNN_MODEL, file, 0, 0, "this is no ONNX model: %s", w.what) : BPNN_OK;
}
