/* The floating-point mode: round to nearest, no flushing of denormals, whatever a foreign library has set. */
#ifndef BPNN_BASE_FPMODE_H
#define BPNN_BASE_FPMODE_H

#include <stdint.h>

/* Sets the mode that the arithmetic promises and returns the old one; _leave puts that back. Every public
 * computing call and every pool thread is wrapped in the pair. */
uint64_t bpnn__fpmode_enter(void);
void bpnn__fpmode_leave(uint64_t old);

#endif
