#include "fuzz/fuzz.h"

static bool holds(const unsigned char *bytes, size_t size)
{
    return fuzz_table("libsvm", bytes, size);
}

static void seeds(void)
{
    fuzz_table_seeds("libsvm");
}

const fuzz_target fuzz_libsvm = {.holds = holds, .seeds = seeds, .packed = true};
