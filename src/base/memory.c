/* The allocator table and checked sizes. */
#include "base/memory.h"
#include "base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 << 20)

static void *system_allocate(size_t size, void *context)
{
    (void)context;
    return malloc(size);
}

static void *system_reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    return realloc(memory, size);
}

static void system_release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

static const bpnn_allocator system_allocator = {system_allocate, system_reallocate, system_release, NULL};
static bpnn_allocator allocator = {system_allocate, system_reallocate, system_release, NULL};

bpnn_status bpnn_set_allocator(const bpnn_allocator *wanted, bpnn_error *error)
{
    if (wanted && (!wanted->allocate || !wanted->reallocate || !wanted->release))
        return bpnn__fail(error, BPNN_USAGE, "an allocator needs allocate, reallocate and release");
    allocator = wanted ? *wanted : system_allocator;
    return BPNN_OK;
}

void bpnn_release(void *memory)
{
    bpnn__free(memory);
}

bool bpnn__mul(size_t a, size_t b, size_t *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

bool bpnn__add(size_t a, size_t b, size_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

/* Memory of many megabytes is asked for in large pages: a page that is touched for the first time costs the system far more than the
 * zeroes in it. It is advice; what becomes of it does not matter. */
static void advise(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t from = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)memory + size) & ~(uintptr_t)(LARGE_PAGE - 1);
    if (memory && size >= 2 * LARGE_PAGE && from < to)
        madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}

void *bpnn__alloc(size_t count, size_t size)
{
    size_t bytes;
    if (!bpnn__mul(count, size, &bytes))
        return NULL;
    void *memory = allocator.allocate(bytes ? bytes : 1, allocator.context);
    advise(memory, bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

/* The caller's allocator knows no alignment: one line more, and the distance to the block in front of the lines. */
void *bpnn__alloc_lines(size_t count, size_t size)
{
    size_t bytes;
    if (!bpnn__mul(count, size, &bytes) || !bpnn__add(bytes, BPNN__LINE + sizeof(void *), &bytes))
        return NULL;
    unsigned char *block = bpnn__alloc(bytes, 1);
    if (!block)
        return NULL;
    unsigned char *lines = block + sizeof(void *);
    lines += (BPNN__LINE - (uintptr_t)lines % BPNN__LINE) % BPNN__LINE;
    memcpy(lines - sizeof(void *), &block, sizeof block);
    return lines;
}

void bpnn__free_lines(void *memory)
{
    if (!memory)
        return;
    void *block;
    memcpy(&block, (unsigned char *)memory - sizeof block, sizeof block);
    bpnn__free(block);
}

void *bpnn__realloc(void *memory, size_t count, size_t size)
{
    size_t bytes;
    if (!bpnn__mul(count, size, &bytes))
        return NULL;
    memory = allocator.reallocate(memory, bytes ? bytes : 1, allocator.context);
    advise(memory, bytes);
    return memory;
}

void bpnn__free(void *memory)
{
    if (memory)
        allocator.release(memory, allocator.context);
}

char *bpnn__copy_text(const char *text)
{
    return text ? bpnn__copy_bytes(text, strlen(text) + 1) : NULL;
}

void *bpnn__copy_bytes(const void *bytes, size_t size)
{
    void *copy = bpnn__alloc(size, 1);
    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}
