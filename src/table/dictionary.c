#include "table/dictionary.h"
#include "base/memory.h"

#include <string.h>

/* FNV-1a over the bytes, then mixed so that the low bits are good. */
static uint32_t hash_of(const char *text, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (uint32_t)(h ^ h >> 32);
}

/* The slot where the text is, or where it would go. */
static size_t slot_of(const bpnn__dictionary *d, const char *text, size_t size, uint32_t hash)
{
    size_t mask = d->slot_count - 1, slot = hash & mask;
    for (; d->slots[slot].word; slot = (slot + 1) & mask) {
        if (d->slots[slot].hash != hash)
            continue;
        const char *word = bpnn__dictionary_word(d, d->slots[slot].word - 1);
        if (strncmp(word, text, size) == 0 && word[size] == '\0')
            break;
    }
    return slot;
}

static bool grow_slots(bpnn__dictionary *d)
{
    if (d->slot_count > 2 * d->count)
        return true;
    size_t wanted = d->slot_count ? 2 * d->slot_count : 64, mask = wanted - 1;
    struct bpnn__slot *slots = bpnn__alloc(wanted, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < d->slot_count; i++) {
        if (!d->slots[i].word)
            continue;
        size_t slot = d->slots[i].hash & mask;
        while (slots[slot].word)
            slot = (slot + 1) & mask;
        slots[slot] = d->slots[i];
    }
    bpnn__free(d->slots);
    d->slots = slots;
    d->slot_count = wanted;
    return true;
}

static bool grow_words(bpnn__dictionary *d, size_t size)
{
    if (d->count == d->capacity) {
        size_t capacity = d->capacity ? 2 * d->capacity : 16;
        size_t *offset = bpnn__realloc(d->offset, capacity, sizeof *offset);
        if (!offset)
            return false;
        d->offset = offset;
        d->capacity = capacity;
    }
    if (d->arena_capacity - d->arena_size > size)
        return true;
    size_t capacity = 2 * d->arena_capacity + size + 256;
    char *arena = bpnn__realloc(d->arena, capacity, 1);
    if (!arena)
        return false;
    d->arena = arena;
    d->arena_capacity = capacity;
    return true;
}

size_t bpnn__dictionary_add(bpnn__dictionary *d, const char *text, size_t size)
{
    if (d->count >= UINT32_MAX - 1 || !grow_slots(d))
        return SIZE_MAX;
    uint32_t hash = hash_of(text, size);
    size_t slot = slot_of(d, text, size, hash);
    if (d->slots[slot].word)
        return d->slots[slot].word - 1;
    if (!grow_words(d, size))
        return SIZE_MAX;
    d->offset[d->count] = d->arena_size;
    memcpy(d->arena + d->arena_size, text, size);
    d->arena[d->arena_size + size] = '\0';
    d->arena_size += size + 1;
    d->slots[slot] = (struct bpnn__slot){(uint32_t)++d->count, hash};
    return d->count - 1;
}

void bpnn__dictionary_clear(bpnn__dictionary *d)
{
    if (d->count > 0)
        memset(d->slots, 0, d->slot_count * sizeof *d->slots);
    d->count = d->arena_size = 0;
}

void bpnn__dictionary_free(bpnn__dictionary *d)
{
    bpnn__free(d->arena);
    bpnn__free(d->offset);
    bpnn__free(d->slots);
    memset(d, 0, sizeof *d);
}
