/* System calls that fail on purpose, through the table of base/file.h. */
#ifndef BPNN_TESTS_BASE_FAULTY_H
#define BPNN_TESTS_BASE_FAULTY_H

#include <stdbool.h>
#include <stddef.h>

typedef enum faulty_call {
    FAULTY_OPEN,
    FAULTY_READ,
    FAULTY_WRITE,
    FAULTY_FSYNC,
    FAULTY_CLOSE,
    FAULTY_RENAME,
    FAULTY_UNLINK,
    FAULTY_FSTAT,
    FAULTY_CALLS
} faulty_call;

extern const char *const faulty_names[FAULTY_CALLS];

/* The at-th call (from 1) of a kind fails with `number`; persistent: all behind it too, but EINTR at most 50 times in a
 * row, as no system interrupts for ever. number 0: reads and writes do one byte instead. */
typedef struct faulty_plan {
    faulty_call call;
    size_t at;
    int number;
    bool persistent;
    size_t piece; /* most bytes of any read or write; 0 = no limit */
} faulty_plan;

/* From now on; fsync does nothing on the disk. at 0: no fault. */
void faulty_begin(const faulty_plan *plan);

/* The system's calls again. True if the fault was met. */
bool faulty_end(void);

#endif
