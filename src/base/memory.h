/* The one door to the allocator, and checked sizes. */
#ifndef BPNN_BASE_MEMORY_H
#define BPNN_BASE_MEMORY_H

#include <bpnn/memory.h>
#include <stdbool.h>

#define BPNN__LINE 64 /* bytes of a line: panels are aligned to it on every ISA */

/* count * size zeroed bytes; NULL when out of memory or the product overflows. 0 gives a valid pointer. */
void *bpnn__alloc(size_t count, size_t size);

/* The same, aligned to BPNN__LINE; freed with bpnn__free_lines alone. */
void *bpnn__alloc_lines(size_t count, size_t size);
void bpnn__free_lines(void *memory);

/* Grows or shrinks to count * size bytes (new bytes not zeroed); the old block stays on failure. */
void *bpnn__realloc(void *memory, size_t count, size_t size);
void bpnn__free(void *memory);

char *bpnn__copy_text(const char *text); /* NULL in, NULL out; NULL when out of memory */
void *bpnn__copy_bytes(const void *bytes, size_t size);

/* *result = a * b (a + b); false when it does not fit. */
bool bpnn__mul(size_t a, size_t b, size_t *result);
bool bpnn__add(size_t a, size_t b, size_t *result);

#endif
