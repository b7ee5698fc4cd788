/* Replacing the allocator. */
#ifndef BPNN_MEMORY_H
#define BPNN_MEMORY_H

#include <bpnn/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* malloc, realloc and free with a context. `allocate` returns memory aligned as malloc's or NULL.
 * All three are called from any thread. */
typedef struct bpnn_allocator {
    void *(*allocate)(size_t size, void *context);
    void *(*reallocate)(void *memory, size_t size, void *context);
    void (*release)(void *memory, void *context);
    void *context;
} bpnn_allocator;

/* Replaces the allocator of the whole process; NULL restores malloc. The one piece of process-wide
 * state in this library: call it before any other function and while no object exists.
 * Fails with USAGE when one of the three functions is missing. Not thread-safe. */
BPNN_API bpnn_status bpnn_set_allocator(const bpnn_allocator *allocator, bpnn_error *error);

/* Frees a text or array that a function of this library gave to the caller. NULL is fine. */
BPNN_API void bpnn_release(void *memory);

#ifdef __cplusplus
}
#endif

#endif
