/* MXCSR on x86, FPCR on ARM; elsewhere there is nothing to replace. */
#include "base/fpmode.h"

#if defined(__x86_64__)

enum { ROUND_TO_NEAREST_ALL_MASKED = 0x1f80 }; /* no flush to zero, no denormals are zero */

uint64_t bpnn__fpmode_enter(void)
{
    uint32_t old = __builtin_ia32_stmxcsr();
    if ((old & ~0x3fu) != ROUND_TO_NEAREST_ALL_MASKED) /* the low six bits are flags, not mode */
        __builtin_ia32_ldmxcsr(ROUND_TO_NEAREST_ALL_MASKED);
    return old;
}

void bpnn__fpmode_leave(uint64_t old)
{
    if ((old & ~0x3fu) != ROUND_TO_NEAREST_ALL_MASKED)
        __builtin_ia32_ldmxcsr((uint32_t)old);
}

#elif defined(__aarch64__)

uint64_t bpnn__fpmode_enter(void)
{
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    if (old != 0)
        __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0));
    return old;
}

void bpnn__fpmode_leave(uint64_t old)
{
    if (old != 0)
        __asm__ volatile("msr fpcr, %0" : : "r"(old));
}

#else

uint64_t bpnn__fpmode_enter(void)
{
    return 0;
}

void bpnn__fpmode_leave(uint64_t old)
{
    (void)old;
}

#endif
