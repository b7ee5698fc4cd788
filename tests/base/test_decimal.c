/* Decimal numbers against strtod: random digits and exponents, and numbers exactly half-way between two doubles. */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 400000 };

static uint64_t state;

static uint64_t roll(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static size_t done, bad;

static void check(uint64_t digits, int exponent)
{
    char text[64];
    double found = -1, expected;
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
    expected = strtod(text, NULL);
    bool parsed = bpnn__parse_double(text, strlen(text), '.', &found);
    bool good = parsed == (isfinite(expected) != 0) && (!parsed || memcmp(&found, &expected, sizeof found) == 0);
    double quick;
    if (bpnn__decimal_double(digits, exponent, &quick))
        good = good && memcmp(&quick, &expected, sizeof quick) == 0;
    done++;
    bad += !good;
    if (!good)
        printf("%s: %.17g, expected %.17g\n", text, found, expected);
}

/* n / 2^j = n 5^j / 10^j with an odd n of 54 bits: half-way; one less and one more are not. */
static void half_way(void)
{
    uint64_t n = (roll() >> 10) | (uint64_t)1 << 53 | 1;
    int places = (int)(roll() % 5);
    for (int j = 0; j < places; j++)
        n *= 5;
    check(n, -places);
    check(n - 1, -places);
    check(n + 1, -places);
}

int main(void)
{
    const char *given = getenv("BPNN_TEST_SEED");
    uint64_t seed = state = given ? strtoull(given, NULL, 10) : 1;
    for (size_t i = 0; i < CASES / 2; i++)
        check(roll() >> roll() % 64, (int)(roll() % 70) - 40);
    for (size_t i = 0; i < CASES / 6; i++)
        half_way();
    check(0, -5);
    check(UINT64_MAX, -27);
    check(1, -27);
    check((uint64_t)1 << 53, -22);
    check(((uint64_t)1 << 53) + 1, 0);
    check(((uint64_t)1 << 54) - 1, -1); /* rounding reaches the next power of two */
    printf("decimal numbers (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, done, bad);
    return bad != 0;
}
