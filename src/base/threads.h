/* A pool of threads: each has a range of the units of work, and takes from the others when its own is empty. */
#ifndef BPNN_BASE_THREADS_H
#define BPNN_BASE_THREADS_H

#include <bpnn/status.h>
#include <bpnn/version.h>
#include <stddef.h>

typedef struct bpnn__pool bpnn__pool;

/* A pool of `threads` counting the caller (0 = bpnn_usable_cpus()); 1 starts no thread. Signals are
 * blocked in the workers. A forked child has no workers: there pool_run does all units itself, and pool_free frees memory alone. */
bpnn_status bpnn__pool_new(bpnn__pool **pool, size_t threads, bpnn_error *error);
void bpnn__pool_free(bpnn__pool *pool); /* NULL is fine */
size_t bpnn__pool_threads(const bpnn__pool *pool);

/* Calls work(context, unit) for unit = 0..units-1, each exactly once, from the caller and the workers;
 * returns when all are done. With at most `threads` of them (0 = all). Units must not depend on each other. The
 * caller can finish alone: a descheduled worker costs nothing but the unit it holds. */
void bpnn__pool_run(bpnn__pool *pool, size_t threads, size_t units, void (*work)(void *context, size_t unit),
                    void *context);

#endif
