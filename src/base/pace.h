/* How many threads a piece of work that is done over and over is best done with: measured, since it depends on how far
 * apart the CPUs are and on who else uses them. Only times depend on it, never results. */
#ifndef BPNN_BASE_PACE_H
#define BPNN_BASE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. One thread uses it. */
typedef struct bpnn__pace {
    double work;            /* of the pieces that are compared */
    size_t strange;         /* pieces of other work in a row */
    size_t most, favourite; /* threads */
    unsigned step;          /* of the period, which starts with a trial */
    unsigned number;        /* the candidate of this step: 0, 1, 2 = favourite / 2, favourite, favourite * 2 threads */
    bool timed;
    uint64_t begun, least[3]; /* nanoseconds */
} bpnn__pace;

/* Threads to use for a piece of `work`, of which at most `most` are worth it; bpnn__pace_end when it is done. */
size_t bpnn__pace_begin(bpnn__pace *pace, double work, size_t most);
void bpnn__pace_end(bpnn__pace *pace);
void bpnn__pace_tell(bpnn__pace *pace, uint64_t took); /* the same, with nanoseconds somebody else has measured */

uint64_t bpnn__nanoseconds(void); /* of a clock that only goes forward */

#endif
