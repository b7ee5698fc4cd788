/* Strict reading of JSON objects. */
#include "model/scope.h"
#include "base/error.h"
#include "base/memory.h"
#include "model/container.h"

#include <math.h>
#include <string.h>

void bpnn__refuse(bpnn__source *source, const char *what, const char *name)
{
    if (source->status == BPNN_OK)
        source->status =
            bpnn__fail_at(source->error, BPNN_MODEL, source->file, 0, 0, "the description: %s '%s'", what, name);
}

void bpnn__refuse_memory(bpnn__source *source)
{
    if (source->status == BPNN_OK)
        source->status = bpnn__fail_memory(source->error);
}

bpnn__scope bpnn__scope_open(bpnn__source *source, json_t *object, const char *name)
{
    bpnn__scope scope = {source, object, name, 0};
    if (!json_is_object(object))
        bpnn__refuse(source, "expected an object at", name);
    if (source->status != BPNN_OK)
        scope.object = NULL;
    return scope;
}

json_t *bpnn__scope_any(bpnn__scope *scope, const char *key)
{
    json_t *value = scope->source->status == BPNN_OK ? json_object_get(scope->object, key) : NULL;
    if (!value)
        bpnn__refuse(scope->source, "missing", key);
    scope->used++;
    return value;
}

json_t *bpnn__scope_optional(bpnn__scope *scope, const char *key)
{
    json_t *value = scope->source->status == BPNN_OK ? json_object_get(scope->object, key) : NULL;
    scope->used += value != NULL;
    return value;
}

bpnn__scope bpnn__scope_object(bpnn__scope *scope, const char *key)
{
    return bpnn__scope_open(scope->source, bpnn__scope_any(scope, key), key);
}

void bpnn__scope_close(bpnn__scope *scope)
{
    if (scope->source->status == BPNN_OK && json_object_size(scope->object) != scope->used)
        bpnn__refuse(scope->source, "unknown keys in", scope->name);
}

size_t bpnn__scope_size(bpnn__scope *scope, const char *key, size_t most)
{
    json_t *value = bpnn__scope_any(scope, key);
    if (!value)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > most) {
        bpnn__refuse(scope->source, "out of range:", key);
        return 0;
    }
    return (size_t)json_integer_value(value);
}

double bpnn__scope_number(bpnn__scope *scope, const char *key)
{
    json_t *value = bpnn__scope_any(scope, key);
    if (!value || json_is_null(value))
        return (double)NAN;
    if (!json_is_number(value) || !isfinite(json_number_value(value)))
        bpnn__refuse(scope->source, "expected a number at", key);
    return json_number_value(value);
}

bool bpnn__scope_bool(bpnn__scope *scope, const char *key)
{
    json_t *value = bpnn__scope_any(scope, key);
    if (value && !json_is_boolean(value))
        bpnn__refuse(scope->source, "expected true or false at", key);
    return json_is_true(value);
}

static const char *text_of(bpnn__scope *scope, json_t *value, const char *key)
{
    const char *text = json_string_value(value);
    if (!text || json_string_length(value) > BPNN__STRING_MOST) {
        bpnn__refuse(scope->source, "expected a text of at most 64 KiB at", key);
        return "";
    }
    return text;
}

const char *bpnn__scope_text(bpnn__scope *scope, const char *key)
{
    return text_of(scope, bpnn__scope_any(scope, key), key);
}

static char *copy_of(bpnn__scope *scope, const char *text)
{
    char *copy = bpnn__copy_text(text);
    if (!copy)
        bpnn__refuse_memory(scope->source);
    return copy;
}

char *bpnn__scope_copy(bpnn__scope *scope, const char *key)
{
    return copy_of(scope, bpnn__scope_text(scope, key));
}

int bpnn__scope_word(bpnn__scope *scope, const char *key, int (*find)(const char *))
{
    int found = find(bpnn__scope_text(scope, key));
    if (found < 0)
        bpnn__refuse(scope->source, "unknown word at", key);
    return found < 0 ? 0 : found;
}

json_t *bpnn__scope_array(bpnn__scope *scope, const char *key, size_t least, size_t most)
{
    json_t *value = bpnn__scope_any(scope, key);
    if (!value)
        return NULL;
    if (!json_is_array(value) || json_array_size(value) < least || json_array_size(value) > most) {
        bpnn__refuse(scope->source, "expected a list of another length at", key);
        return NULL;
    }
    return value;
}

char **bpnn__scope_texts(bpnn__scope *scope, const char *key, size_t least, size_t *count)
{
    json_t *array = bpnn__scope_array(scope, key, least, SIZE_MAX);
    size_t size = json_array_size(array);
    char **texts = bpnn__alloc(size, sizeof *texts);
    *count = 0;
    if (!texts) {
        bpnn__refuse_memory(scope->source);
        return NULL;
    }
    for (; *count < size && scope->source->status == BPNN_OK; (*count)++)
        texts[*count] = copy_of(scope, text_of(scope, json_array_get(array, *count), key));
    return texts;
}

bool bpnn__scope_find(const bpnn__scope *scope, const char *key)
{
    return scope->object && json_object_get(scope->object, key) != NULL;
}
