/* What every step method's file has: the update's name for this instruction set, and small helpers. */
#ifndef BPNN_METHOD_STEP_H
#define BPNN_METHOD_STEP_H

#include "kernel/elementary.h"
#include "kernel/real.h"

#include <stddef.h>

#define STEP_PASTE_(a, b, c, d) a##b##c##d
#define STEP_PASTE(a, b, c, d) STEP_PASTE_(a, b, c, d)
/* bpnn__f32_avx2_update_adam .. */
#define STEP_NAME(method) STEP_PASTE(BPNN_NAME(update), _##method, _, BPNN_ISA)

/* Declares and opens the update of a method: numbers i < n of w, g and the states. */
#define DEFINE_UPDATE(method)                                                                                          \
    void STEP_NAME(method)(const void *constants, size_t lines, void *weights, const void *gradient,                   \
                           void *const *states);                                                                       \
    void STEP_NAME(method)(const void *constants, size_t lines, void *weights, const void *gradient,                   \
                           void *const *states)

/* Before an update's loop: its arrays never overlap, so the compiler need not test that on every call. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a sanitizer's build does not vectorise */
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#else
#define ELEMENTWISE _Pragma("GCC ivdep")
#endif

/* Numbers that linger below 2^-100 become 0: denormals are slow and carry nothing. */
static inline real flush(real x)
{
    return r_abs(x) < (real)0x1p-100 ? 0 : x;
}

#endif
