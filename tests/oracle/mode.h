/* The floating-point mode of a caller. */
#ifndef ORACLE_MODE_H
#define ORACLE_MODE_H

/* Some other library's: flushing of small numbers, rounding upward. */
void mode_poison(void);

/* As a program begins. */
void mode_cure(void);

#endif
