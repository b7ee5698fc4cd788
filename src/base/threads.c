/* The pool. One 64-bit word holds (phase << 32 | next unit): threads claim units by compare-exchange, so a worker that
 * wakes late finds its phase over and goes back to sleep. Workers spin at most about 20 us before they sleep, and not at
 * all when there are more threads than usable CPUs. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/threads.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_NANOSECONDS = 20000, PAUSES_A_LOOK = 64, MAX_THREADS = 256 };

struct bpnn__pool {
    size_t threads; /* the caller counted */
    bool spin;
    pthread_t *workers;
    _Atomic uint64_t claim;    /* phase << 32 | next unit */
    _Atomic uint32_t finished; /* units of this phase */
    _Atomic uint32_t running;  /* workers between looking at the job and leaving it */
    _Atomic bool closing;
    /* the job of the phase: written by the caller while running == 0 */
    uint32_t units;
    size_t helpers; /* workers that may take part */
    void (*work)(void *context, size_t unit);
    void *context;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    _Atomic uint32_t sleepers; /* workers that sleep on `wake`, or are about to */
    _Atomic uint32_t waiting;  /* the caller sleeps on `done` */
};

typedef struct worker_start {
    bpnn__pool *pool;
    size_t number; /* from 1 */
} worker_start;

/* ---- how many CPUs ---- */

/* Whole CPUs of a cgroup v2 quota "MAX PERIOD"; 0 = no limit. */
static size_t cgroup_cpus(void)
{
    char text[64] = "";
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 0;
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = '\0';
    uint64_t number[2] = {0, 0};
    int field = 0;
    for (const char *c = text; *c && field < 2; c++) {
        if (*c >= '0' && *c <= '9')
            number[field] = number[field] * 10 + (uint64_t)(*c - '0');
        else if (*c == ' ')
            field++;
        else
            break;
    }
    if (number[0] == 0 || number[1] == 0)
        return 0;
    return (size_t)((number[0] + number[1] - 1) / number[1]);
}

size_t bpnn__usable_cpus(void)
{
    size_t cpus = 1;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        cpus = (size_t)CPU_COUNT(&set);
    } else {
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        cpus = online > 0 ? (size_t)online : 1;
    }
    size_t quota = cgroup_cpus();
    if (quota > 0 && quota < cpus)
        cpus = quota;
    return cpus > 0 ? cpus : 1;
}

/* ---- working ---- */

static uint32_t phase_of(uint64_t claim)
{
    return (uint32_t)(claim >> 32);
}

/* Takes units of `phase` until none is left. */
static void take_units(bpnn__pool *pool, uint32_t phase)
{
    uint64_t claim = atomic_load(&pool->claim);
    while (phase_of(claim) == phase && (uint32_t)claim < pool->units) {
        if (!atomic_compare_exchange_weak(&pool->claim, &claim, claim + 1))
            continue;
        pool->work(pool->context, (uint32_t)claim);
        if (atomic_fetch_add(&pool->finished, 1) + 1 == pool->units && atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
        claim = atomic_load(&pool->claim);
    }
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool phase_changed(bpnn__pool *pool, uint32_t seen)
{
    return phase_of(atomic_load(&pool->claim)) != seen || atomic_load(&pool->closing);
}

/* Waits for a phase other than `seen`: a short spin, then sleep. */
static void wait_for_phase(bpnn__pool *pool, uint32_t seen)
{
    uint64_t end = pool->spin ? nanoseconds() + SPIN_NANOSECONDS : 0;
    while (pool->spin) {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (phase_changed(pool, seen))
                return;
            pause_cpu();
        }
        if (nanoseconds() >= end)
            break;
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!phase_changed(pool, seen))
        pthread_cond_wait(&pool->wake, &pool->mutex);
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->mutex);
}

static void *worker(void *argument)
{
    worker_start start = *(worker_start *)argument;
    bpnn__free(argument);
    bpnn__pool *pool = start.pool;
    bpnn__fpmode_enter();
    uint32_t seen = 0;
    while (!atomic_load(&pool->closing)) {
        wait_for_phase(pool, seen);
        /* announce first, look at the phase afterwards: the caller changes the job only while nobody is announced */
        atomic_fetch_add(&pool->running, 1);
        seen = phase_of(atomic_load(&pool->claim));
        if (seen % 2 == 1 && start.number <= pool->helpers)
            take_units(pool, seen);
        atomic_fetch_sub(&pool->running, 1);
    }
    return NULL;
}

/* Odd phases are open for work; even ones are closed. */
static void set_phase(bpnn__pool *pool, uint32_t phase)
{
    atomic_store(&pool->claim, (uint64_t)phase << 32);
}

/* A worker counts itself among the sleepers before it looks at the phase for the last time, the caller changes the phase
 * before it looks at the sleepers: one of them sees the other. */
static void wake_workers(bpnn__pool *pool)
{
    if (atomic_load(&pool->sleepers) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

static void wait_for_units(bpnn__pool *pool)
{
    for (int i = 0; pool->spin && i < PAUSES_A_LOOK * PAUSES_A_LOOK; i++) {
        if (atomic_load(&pool->finished) == pool->units)
            return;
        pause_cpu();
    }
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->waiting, 1);
    while (atomic_load(&pool->finished) != pool->units)
        pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->mutex);
}

void bpnn__pool_run(bpnn__pool *pool, size_t threads, size_t units, void (*work)(void *context, size_t unit),
                    void *context)
{
    if (threads == 0 || threads > pool->threads)
        threads = pool->threads;
    if (threads <= 1 || units <= 1 || units > UINT32_MAX) {
        for (size_t unit = 0; unit < units; unit++)
            work(context, unit);
        return;
    }
    uint32_t phase = phase_of(atomic_load(&pool->claim)); /* even: closed */
    while (atomic_load(&pool->running) > 0)
        sched_yield(); /* a late worker is about to see that the last phase is closed */
    pool->units = (uint32_t)units;
    pool->helpers = threads - 1;
    pool->work = work;
    pool->context = context;
    atomic_store(&pool->finished, 0);
    set_phase(pool, phase + 1);
    wake_workers(pool);
    take_units(pool, phase + 1);
    wait_for_units(pool);
    set_phase(pool, phase + 2);
}

/* ---- making and freeing ---- */

static bool start_worker(bpnn__pool *pool, size_t number)
{
    worker_start *start = bpnn__alloc(1, sizeof *start);
    if (!start)
        return false;
    start->pool = pool;
    start->number = number;
    if (pthread_create(&pool->workers[number - 1], NULL, worker, start) == 0)
        return true;
    bpnn__free(start);
    return false;
}

/* Signals are for the program's own threads. */
static void start_workers(bpnn__pool *pool, size_t wanted)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pool->threads < wanted && start_worker(pool, pool->threads))
        pool->threads++;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bpnn_status bpnn__pool_new(bpnn__pool **out, size_t threads, bpnn_error *error)
{
    *out = NULL;
    size_t cpus = bpnn__usable_cpus();
    if (threads == 0)
        threads = cpus;
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    bpnn__pool *pool = bpnn__alloc(1, sizeof *pool);
    if (!pool)
        return bpnn__fail_memory(error);
    pool->threads = 1;
    pool->spin = threads <= cpus;
    pool->workers = bpnn__alloc(threads, sizeof *pool->workers);
    if (!pool->workers) {
        bpnn__free(pool);
        return bpnn__fail_memory(error);
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    start_workers(pool, threads);
    *out = pool;
    return BPNN_OK;
}

void bpnn__pool_free(bpnn__pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->closing, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 1; i < pool->threads; i++)
        pthread_join(pool->workers[i - 1], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    bpnn__free(pool->workers);
    bpnn__free(pool);
}

size_t bpnn__pool_threads(const bpnn__pool *pool)
{
    return pool->threads;
}
