/* The decimal number [-]digits[.digits][e[+-]digits] at a place of a text, eight bytes at a time. */
#ifndef BPNN_TABLE_CSV_NUMBER_H
#define BPNN_TABLE_CSV_NUMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BPNN__NUMBER_READS_ON = 24 }; /* bytes behind the text's end that may be looked at */

typedef struct bpnn__decimal {
    uint64_t mantissa; /* value = mantissa * 10^power */
    int power;
    bool negative;
} bpnn__decimal;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* The digits at the front of eight bytes: 0 .. 8 of them. */
static inline unsigned bpnn__digits_in(uint64_t word)
{
    uint64_t t = word ^ 0x3030303030303030u; /* a digit becomes 0 .. 9 */
    uint64_t others = (t | (t + 0x7676767676767676u)) & 0x8080808080808080u;
    return others ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}

/* The number of the first `count` (1 .. 8) digits: pairs, fours, eights. */
static inline uint64_t bpnn__digits_value(uint64_t word, unsigned count)
{
    uint64_t t = (word ^ 0x3030303030303030u) << (64 - 8 * count);
    t = t * 10 + (t >> 8);
    t = (t & 0x000000ff000000ffu) * (100 + ((uint64_t)1000000 << 32)) +
        (t >> 16 & 0x000000ff000000ffu) * (1 + ((uint64_t)10000 << 32));
    return t >> 32;
}

static const uint32_t bpnn__tens[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* At most `most` (a multiple of 8) digits at c, appended to *mantissa; 19 in all fit. */
static inline const char *bpnn__digit_run(const char *c, uint64_t *mantissa, unsigned most)
{
    uint64_t word;
    for (unsigned used = 0; used < most; used += 8) {
        memcpy(&word, c, sizeof word);
        unsigned count = bpnn__digits_in(word);
        if (count == 0)
            break;
        *mantissa = *mantissa * bpnn__tens[count] + bpnn__digits_value(word, count);
        c += count;
        if (count < 8)
            break;
    }
    return c;
}

#else

static inline const char *bpnn__digit_run(const char *c, uint64_t *mantissa, unsigned most)
{
    for (unsigned i = 0; i < most && *c >= '0' && *c <= '9'; i++, c++)
        *mantissa = *mantissa * 10 + (uint64_t)(*c - '0');
    return c;
}

#endif

/* The exponent whose 'e' is at c, added to *power; any end behind at most three digits. */
static inline const char *bpnn__plain_exponent(const char *c, int *power)
{
    bool minus = *++c == '-';
    int number = 0;
    c += *c == '-' || *c == '+';
    const char *first = c;
    for (; c < first + 3 && *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (*c - '0');
    *power += minus ? -number : number;
    return c > first ? c : NULL;
}

/* Reads the number of at most 19 digits at c, which ends before `stop` or a line end. NULL: something else, or a longer one. */
static inline const char *bpnn__plain_number(const char *c, char stop, char decimal, bpnn__decimal *d)
{
    d->negative = *c == '-';
    c += d->negative;
    const char *first = c;
    uint64_t mantissa = 0;
    c = bpnn__digit_run(c, &mantissa, 16);
    long digits = c - first, behind = 0;
    if (*c == decimal) {
        const char *point = ++c;
        c = bpnn__digit_run(c, &mantissa, 24);
        behind = c - point;
        digits += behind;
    }
    d->mantissa = mantissa;
    d->power = -(int)behind;
    if (digits < 1 || digits > 19)
        return NULL;
    if ((*c == 'e' || *c == 'E') && !(c = bpnn__plain_exponent(c, &d->power)))
        return NULL;
    return *c == stop || *c == '\n' || *c == '\r' ? c : NULL;
}

#endif
