/* A pool of threads that claim units of work from one atomic counter. */
#ifndef BPNN_BASE_THREADS_H
#define BPNN_BASE_THREADS_H

#include <bpnn/status.h>
#include <stddef.h>

typedef struct bpnn__pool bpnn__pool;

/* CPUs this process may use (affinity, cgroup quota), at least 1. */
size_t bpnn__usable_cpus(void);

/* A pool of `threads` counting the caller (0 = bpnn__usable_cpus()); 1 starts no thread. Signals are
 * blocked in the workers. */
bpnn_status bpnn__pool_new(bpnn__pool **pool, size_t threads, bpnn_error *error);
void bpnn__pool_free(bpnn__pool *pool); /* NULL is fine */
size_t bpnn__pool_threads(const bpnn__pool *pool);

/* Calls work(context, unit) for unit = 0..units-1, each exactly once, from the caller and the workers;
 * returns when all are done. With at most `threads` of them (0 = all). Units must not depend on each other. The
 * caller can finish alone: a descheduled worker costs nothing but the unit it holds. */
void bpnn__pool_run(bpnn__pool *pool, size_t threads, size_t units, void (*work)(void *context, size_t unit),
                    void *context);

#endif
