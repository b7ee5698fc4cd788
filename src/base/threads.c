/* The pool. Every thread has a lane: a range of units (end << 32 | next) in one 64-bit word. Equal calls give a thread equal
 * units, so what these have written stays in its cache; a thread whose lane is empty takes units off the ends of the
 * others, so a descheduled worker costs nothing. Whatever threads write stands in lines of its own: handing a line to
 * another CPU and back takes a microsecond. A thread that waits looks about 20 us without a pause, then gives way to whoever
 * wants the CPU between its looks, and sleeps after 200 us: waking it costs 50 to 130. It sleeps at once when there are more
 * threads than usable CPUs. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/threads.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/pace.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SPIN_NANOSECONDS = 20000, YIELD_NANOSECONDS = 200000, PAUSES_A_LOOK = 64, MAX_THREADS = 256 };

typedef struct lane {
    _Alignas(BPNN__LINE) _Atomic uint64_t claim;    /* end << 32 | next */
    _Alignas(BPNN__LINE) _Atomic uint64_t finished; /* units this thread has done since the pool was made */
} lane;

struct bpnn__pool {
    size_t threads; /* the caller, number 0, counted */
    bool spin;
    pthread_t *workers;
    lane *lanes;
    const volatile int *alive; /* a page that reads 0 in a forked child: there are no workers */
    pid_t owner;               /* whose workers they are, where the system wipes no pages; else 0 */
    /* the job: written by the caller before it fills the lanes, read by those who have taken a unit */
    void (*work)(void *context, size_t unit);
    void *context;
    uint64_t handed_out; /* units since the pool was made */
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    /* looked at by all, seldom written */
    _Alignas(BPNN__LINE) _Atomic bool closing;
    _Atomic bool waiting;      /* the caller sleeps on `done`, or is about to */
    _Atomic uint32_t sleepers; /* workers that sleep on `wake`, or are about to */
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

size_t bpnn_usable_cpus(void)
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

static uint64_t range(uint64_t next, uint64_t end)
{
    return end << 32 | next;
}

static bool empty(uint64_t claim)
{
    return (uint32_t)claim >= claim >> 32;
}

/* Takes a unit of the lane, its owner from the front and others from the back; false when none is left. */
static bool take(lane *from, bool own, uint32_t *unit)
{
    uint64_t claim = atomic_load_explicit(&from->claim, memory_order_acquire);
    while (!empty(claim)) {
        uint64_t next = (uint32_t)claim, end = claim >> 32;
        uint64_t left = own ? range(next + 1, end) : range(next, end - 1);
        if (atomic_compare_exchange_weak(&from->claim, &claim, left)) {
            *unit = (uint32_t)(own ? next : end - 1);
            return true;
        }
    }
    return false;
}

/* A unit that is taken is not finished, so the job stays as it is until work() has returned. */
static void do_unit(bpnn__pool *pool, lane *own, uint32_t unit)
{
    pool->work(pool->context, unit);
    uint64_t finished = atomic_load_explicit(&own->finished, memory_order_relaxed);
    atomic_store(&own->finished, finished + 1);
}

static void take_units(bpnn__pool *pool, size_t number)
{
    lane *own = &pool->lanes[number];
    uint32_t unit;
    while (take(own, true, &unit))
        do_unit(pool, own, unit);
    for (size_t i = 1; i < pool->threads; i++) {
        lane *other = &pool->lanes[(number + i) % pool->threads];
        while (take(other, false, &unit))
            do_unit(pool, own, unit);
    }
}

static bool all_finished(const bpnn__pool *pool)
{
    uint64_t finished = 0;
    for (size_t i = 0; i < pool->threads; i++)
        finished += atomic_load(&pool->lanes[i].finished);
    return finished == pool->handed_out;
}

static void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool called(const bpnn__pool *pool, const lane *own)
{
    return !empty(atomic_load_explicit(&own->claim, memory_order_acquire)) || atomic_load(&pool->closing);
}

static bool caller_done(const bpnn__pool *pool, const lane *own)
{
    (void)own;
    return all_finished(pool);
}

/* Looks at the condition for a while; false: it is time to sleep. */
static bool spin(const bpnn__pool *pool, const lane *own, bool (*condition)(const bpnn__pool *pool, const lane *own))
{
    uint64_t begin = pool->spin ? bpnn__nanoseconds() : 0, waited = 0;
    while (pool->spin && waited < YIELD_NANOSECONDS) {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (condition(pool, own))
                return true;
            pause_cpu();
        }
        waited = bpnn__nanoseconds() - begin;
        if (waited > SPIN_NANOSECONDS)
            sched_yield();
    }
    return condition(pool, own);
}

/* Waits for units in the own lane: a short spin, then sleep. */
static void wait_for_call(bpnn__pool *pool, const lane *own)
{
    if (spin(pool, own, called))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->sleepers, 1);
    while (!called(pool, own))
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
    for (;;) {
        wait_for_call(pool, &pool->lanes[start.number]);
        if (atomic_load(&pool->closing))
            return NULL;
        take_units(pool, start.number);
        if (atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
}

/* A worker counts itself among the sleepers before it looks at its lane for the last time. One that does so in the very
 * moment may miss the call: then the others take its units, and nothing waits for it. */
static void wake_workers(bpnn__pool *pool)
{
    if (atomic_load_explicit(&pool->sleepers, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

/* `waiting` is set before the last look at the lanes, `finished` before the look at `waiting`: one sees the other (all four
 * in the one order of sequentially consistent operations). */
static void wait_for_units(bpnn__pool *pool)
{
    if (spin(pool, NULL, caller_done))
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->waiting, true);
    while (!all_finished(pool))
        pthread_cond_wait(&pool->done, &pool->mutex);
    atomic_store(&pool->waiting, false);
    pthread_mutex_unlock(&pool->mutex);
}

/* False in a forked child. */
static bool has_workers(const bpnn__pool *pool)
{
    return *pool->alive && (pool->owner == 0 || pool->owner == getpid());
}

static void run_alone(size_t units, void (*work)(void *context, size_t unit), void *context)
{
    for (size_t unit = 0; unit < units; unit++)
        work(context, unit);
}

void bpnn__pool_run(bpnn__pool *pool, size_t threads, size_t units, void (*work)(void *context, size_t unit),
                    void *context)
{
    if (threads == 0 || threads > pool->threads)
        threads = pool->threads;
    if (threads > units)
        threads = units;
    if (threads <= 1 || units > UINT32_MAX || !has_workers(pool)) {
        run_alone(units, work, context);
        return;
    }
    pool->work = work;
    pool->context = context;
    pool->handed_out += units;
    for (size_t i = threads; i-- > 0;)
        atomic_store_explicit(&pool->lanes[i].claim, range(units * i / threads, units * (i + 1) / threads),
                              memory_order_release);
    wake_workers(pool);
    take_units(pool, 0);
    wait_for_units(pool);
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

/* A page that a forked child finds wiped: looking at it costs nothing. Where the system knows no such thing it never is, and the
 * process is asked who it is. */
static const volatile int *page_of_life(pid_t *owner)
{
    *owner = getpid();
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    int *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
#ifdef MADV_WIPEONFORK
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        *owner = 0;
#endif
    *page = 1;
    return page;
}

static void free_parts(bpnn__pool *pool)
{
    if (pool->alive)
        munmap((void *)(uintptr_t)pool->alive, (size_t)sysconf(_SC_PAGESIZE));
    bpnn__free(pool->workers);
    bpnn__free_lines(pool->lanes);
    bpnn__free_lines(pool);
}

bpnn_status bpnn__pool_new(bpnn__pool **out, size_t threads, bpnn_error *error)
{
    *out = NULL;
    size_t cpus = bpnn_usable_cpus();
    if (threads == 0)
        threads = cpus;
    if (threads > MAX_THREADS)
        threads = MAX_THREADS;
    bpnn__pool *pool = bpnn__alloc_lines(1, sizeof *pool);
    if (!pool)
        return bpnn__fail_memory(error);
    pool->threads = 1;
    pool->spin = threads <= cpus;
    pool->workers = bpnn__alloc(threads, sizeof *pool->workers);
    pool->lanes = bpnn__alloc_lines(threads, sizeof *pool->lanes);
    pool->alive = page_of_life(&pool->owner);
    if (!pool->workers || !pool->lanes || !pool->alive) {
        free_parts(pool);
        return bpnn__fail_memory(error);
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    start_workers(pool, threads);
    *out = pool;
    return BPNN_OK;
}

static void stop_workers(bpnn__pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->closing, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 1; i < pool->threads; i++)
        pthread_join(pool->workers[i - 1], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
}

void bpnn__pool_free(bpnn__pool *pool)
{
    if (!pool)
        return;
    if (has_workers(pool)) /* a forked child has no workers to stop, and a lock that one of them may hold */
        stop_workers(pool);
    free_parts(pool);
}

size_t bpnn__pool_threads(const bpnn__pool *pool)
{
    return pool->threads;
}
