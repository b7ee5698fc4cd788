#include "fuzz/fuzz.h"

static bool holds(const unsigned char *bytes, size_t size)
{
    return fuzz_table("npy", bytes, size);
}

static void seeds(void)
{
    fuzz_table_seeds("npy");
}

const fuzz_target fuzz_npy = {.holds = holds, .seeds = seeds, .packed = true};
