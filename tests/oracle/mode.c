#include "oracle/mode.h"

#include <fenv.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

void mode_poison(void)
{
    fesetround(FE_UPWARD);
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() | 0x8040);
#endif
}

void mode_cure(void)
{
    fesetround(FE_TONEAREST);
#if defined(__x86_64__)
    _mm_setcsr(_mm_getcsr() & ~0x8040u);
#endif
}
