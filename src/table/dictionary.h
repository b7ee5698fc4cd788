/* Distinct texts of a column, numbered in the order of their first appearance. */
#ifndef BPNN_TABLE_DICTIONARY_H
#define BPNN_TABLE_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bpnn__dictionary {
    char *arena; /* the texts, each terminated */
    size_t arena_size, arena_capacity;
    size_t *offset; /* of word i */
    size_t count, capacity;
    struct bpnn__slot {
        uint32_t word; /* + 1, 0 = free */
        uint32_t hash;
    } * slots; /* open addressing */
    size_t slot_count;
} bpnn__dictionary;

/* The number of a text, added if new; SIZE_MAX when out of memory. */
size_t bpnn__dictionary_add(bpnn__dictionary *dictionary, const char *text, size_t size);

/* Empties it and keeps its memory. */
void bpnn__dictionary_clear(bpnn__dictionary *dictionary);

static inline const char *bpnn__dictionary_word(const bpnn__dictionary *dictionary, size_t i)
{
    return dictionary->arena + dictionary->offset[i];
}

void bpnn__dictionary_free(bpnn__dictionary *dictionary);

#endif
