#include "base/watch.h"

#include <bpnn/memory.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic size_t largest;
static _Atomic long alive;
static _Atomic size_t most;
static _Atomic size_t count, fail_at;
static _Atomic bool persistent_now, failed;

static bool fails(void)
{
    size_t at = atomic_load(&fail_at), n = atomic_fetch_add(&count, 1) + 1;
    bool now = at > 0 && (n == at || (n > at && atomic_load(&persistent_now)));
    if (now)
        atomic_store(&failed, true);
    return now;
}

/* False: refused. */
static bool note(size_t size)
{
    size_t before = atomic_load(&largest);
    while (size > before && !atomic_compare_exchange_weak(&largest, &before, size))
        ;
    size_t above = atomic_load(&most);
    return (above == 0 || size <= above) && !fails();
}

static void *watch_allocate(size_t size, void *context)
{
    (void)context;
    void *memory = note(size) ? malloc(size) : NULL;
    alive += memory != NULL;
    return memory;
}

static void *watch_reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    void *grown = note(size) ? realloc(memory, size) : NULL;
    alive += !memory && grown;
    return grown;
}

static void watch_release(void *memory, void *context)
{
    (void)context;
    alive -= memory != NULL;
    free(memory);
}

bool watch_begin(void)
{
    static const bpnn_allocator watch = {watch_allocate, watch_reallocate, watch_release, NULL};
    return bpnn_set_allocator(&watch, NULL) == BPNN_OK;
}

void watch_reset(void)
{
    atomic_store(&largest, 0);
}

size_t watch_largest(void)
{
    return atomic_load(&largest);
}

long watch_alive(void)
{
    return atomic_load(&alive);
}

void watch_refuse(size_t above)
{
    atomic_store(&most, above);
}

void watch_fail(size_t at, bool persistent)
{
    atomic_store(&count, 0);
    atomic_store(&failed, false);
    atomic_store(&persistent_now, persistent);
    atomic_store(&fail_at, at);
}

bool watch_failed(void)
{
    return atomic_load(&failed);
}
