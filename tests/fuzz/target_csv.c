#include "fuzz/fuzz.h"

static bool holds(const unsigned char *bytes, size_t size)
{
    return fuzz_table("csv", bytes, size);
}

static void seeds(void)
{
    fuzz_table_seeds("csv");
}

const fuzz_target fuzz_csv = {.holds = holds, .seeds = seeds, .packed = true};
