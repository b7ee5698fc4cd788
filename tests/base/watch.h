/* An allocator that watches: how large allocations are, and how many are alive. Threads may allocate. */
#ifndef BPNN_TESTS_BASE_WATCH_H
#define BPNN_TESTS_BASE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the place of the library's; call it before anything else. False: it was refused. */
bool watch_begin(void);

void watch_reset(void);
size_t watch_largest(void); /* bytes, since watch_reset */
long watch_alive(void);     /* blocks */

/* From now on larger blocks are refused (0: none); watch_largest counts them as well. */
void watch_refuse(size_t above);

/* The at-th allocation from now on (from 1) fails; persistent: all behind it too; 0: none any more. */
void watch_fail(size_t at, bool persistent);
bool watch_failed(void); /* whether one has, since then */

#endif
