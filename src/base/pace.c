/* Trials: now and then a few steps each with half, just as many and twice as many threads as the favourite; the least time
 * of each counts, the best becomes the favourite. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "base/pace.h"

#include <string.h>
#include <time.h>

enum {
    SAMPLES = 5, /* steps a candidate; the first is not counted: it finds its data where the last candidate left them */
    CANDIDATES = 3,
    PERIOD = 512,  /* steps from trial to trial */
    PATIENCE = 16, /* pieces of other work before that is taken for the usual */
};

uint64_t bpnn__nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t candidate(const bpnn__pace *pace, unsigned number)
{
    size_t threads = number == 0 ? pace->favourite / 2 : number == 1 ? pace->favourite : pace->favourite * 2;
    return threads > pace->most ? pace->most : threads;
}

/* Half of one is none, and twice the most are the most: nothing to try. */
static bool same_as_favourite(const bpnn__pace *pace, unsigned number)
{
    return number != 1 && (candidate(pace, number) == 0 || candidate(pace, number) == pace->favourite);
}

static void judge(bpnn__pace *pace)
{
    unsigned best = 1;
    for (unsigned i = 0; i < CANDIDATES; i++)
        if (pace->least[i] && pace->least[i] < pace->least[best])
            best = i;
    pace->favourite = candidate(pace, best);
}

static void start_over(bpnn__pace *pace, double work, size_t most)
{
    *pace = (bpnn__pace){.work = work, .most = most, .favourite = most};
}

size_t bpnn__pace_begin(bpnn__pace *pace, double work, size_t most)
{
    pace->timed = false;
    if (most <= 1)
        return 1;
    if (pace->most == 0 || (work != pace->work && ++pace->strange >= PATIENCE))
        start_over(pace, work, most);
    if (work != pace->work)
        return pace->favourite < most ? pace->favourite : most;
    pace->strange = 0;
    unsigned step = pace->step;
    pace->step = (step + 1) % PERIOD;
    if (step == 0)
        memset(pace->least, 0, sizeof pace->least);
    if (step == CANDIDATES * SAMPLES)
        judge(pace);
    pace->number = step / SAMPLES;
    if (pace->number >= CANDIDATES || same_as_favourite(pace, pace->number))
        return pace->favourite;
    pace->timed = step % SAMPLES > 0;
    pace->begun = bpnn__nanoseconds();
    return candidate(pace, pace->number);
}

void bpnn__pace_tell(bpnn__pace *pace, uint64_t took)
{
    uint64_t *least = &pace->least[pace->number];
    if (pace->timed && (*least == 0 || took < *least))
        *least = took;
}

void bpnn__pace_end(bpnn__pace *pace)
{
    if (pace->timed)
        bpnn__pace_tell(pace, bpnn__nanoseconds() - pace->begun + 1); /* 0 stands for none */
}
