/* Numbers as text and back, without the locale. */
#define _GNU_SOURCE /* strtod_l, newlocale */
#include "base/memory.h"
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the C locale for strtod_l: made once, never freed ---- */

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static locale_t get_c_locale(void)
{
    pthread_once(&c_locale_once, make_c_locale);
    return c_locale;
}

/* ---- printing ---- */

enum { MAX_DIGITS = 17, PLAIN_FROM = -5, PLAIN_TO = 16 };

/* `count` significant digits of |value| into digits; returns the exponent of the first. snprintf's digits are exact; its
 * decimal point, which depends on the locale, is skipped. */
static int digits_of(double value, int count, char *digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, fabs(value));
    int at = 0;
    const char *c = text;
    for (; *c && *c != 'e'; c++)
        if (*c >= '0' && *c <= '9' && at < count)
            digits[at++] = *c;
    return *c ? (int)strtol(c + 1, NULL, 10) : 0;
}

static size_t strip_zeros(const char *digits, size_t count)
{
    while (count > 1 && digits[count - 1] == '0')
        count--;
    return count;
}

/* "ddd.ddd", or "d.ddde+XX" outside [1e-5, 1e16). */
static size_t lay_out(const char *digits, int count, int exponent, bool negative, char *buffer)
{
    char *out = buffer;
    if (negative)
        *out++ = '-';
    bool plain = exponent >= PLAIN_FROM && exponent < PLAIN_TO;
    int point = plain ? exponent + 1 : 1; /* digits before the point */
    if (point <= 0) {
        *out++ = '0';
        *out++ = '.';
        for (int i = point; i < 0; i++)
            *out++ = '0';
    }
    for (int i = 0; i < count || i < point; i++) {
        if (i == point && i > 0)
            *out++ = '.';
        *out++ = i < count ? digits[i] : '0';
    }
    if (!plain) {
        int magnitude = exponent < 0 ? -exponent : exponent;
        *out++ = 'e';
        *out++ = exponent < 0 ? '-' : '+';
        if (magnitude >= 100)
            *out++ = (char)('0' + magnitude / 100);
        *out++ = (char)('0' + magnitude / 10 % 10);
        *out++ = (char)('0' + magnitude % 10);
    }
    *out = '\0';
    return (size_t)(out - buffer);
}

/* What is not an ordinary number, or an integer that needs no search. Returns 0 when it is neither. */
static size_t print_simple(double value, char *buffer)
{
    if (isnan(value) || isinf(value)) {
        const char *word = isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
        memcpy(buffer, word, strlen(word) + 1);
        return strlen(word);
    }
    if (fabs(value) >= 1e15 || floor(value) != value)
        return 0;
    char digits[24];
    size_t at = sizeof digits;
    uint64_t whole = (uint64_t)fabs(value);
    do
        digits[--at] = (char)('0' + whole % 10);
    while (whole /= 10);
    if (signbit(value))
        digits[--at] = '-';
    memcpy(buffer, digits + at, sizeof digits - at);
    buffer[sizeof digits - at] = '\0';
    return sizeof digits - at;
}

static size_t print_shortest(double value, bool single, char *buffer)
{
    size_t simple = print_simple(value, buffer);
    if (simple > 0)
        return simple;
    char digits[MAX_DIGITS];
    double least_normal = single ? (double)FLT_MIN : DBL_MIN; /* below it fewer digits may tell numbers apart */
    for (int count = fabs(value) < least_normal ? 1 : single ? 6 : 15;; count++) {
        int exponent = digits_of(value, count, digits);
        size_t kept = strip_zeros(digits, (size_t)count);
        size_t size = lay_out(digits, (int)kept, exponent, signbit(value) != 0, buffer);
        if (count == (single ? 9 : MAX_DIGITS))
            return size;
        double back = single ? (double)strtof_l(buffer, NULL, get_c_locale()) : strtod_l(buffer, NULL, get_c_locale());
        if (back == value)
            return size;
    }
}

size_t bpnn__print_double(double value, char *buffer)
{
    return print_shortest(value, false, buffer);
}

size_t bpnn__print_float(float value, char *buffer)
{
    return print_shortest((double)value, true, buffer);
}

/* ---- reading ---- */

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The slow and always right way: a copy with '.', then strtod_l. */
static bool parse_long(const char *text, size_t size, char point, double *value)
{
    char small[128];
    char *copy = size < sizeof small ? small : bpnn__alloc(size + 1, 1);
    if (!copy)
        return false;
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i] == point ? '.' : text[i];
    copy[size] = '\0';
    *value = strtod_l(copy, NULL, get_c_locale());
    if (copy != small)
        bpnn__free(copy);
    return isfinite(*value);
}

typedef struct scanned {
    uint64_t digits; /* the first 19 significant ones */
    int kept, exponent;
    bool any, exact, negative;
} scanned;

static const char *scan_digits(const char *c, const char *end, bool after_point, scanned *s)
{
    for (; c < end && *c >= '0' && *c <= '9'; c++) {
        s->any = true;
        s->exponent -= after_point;
        if (s->kept == 0 && *c == '0')
            continue; /* leading zero */
        if (s->kept < 19) {
            s->digits = s->digits * 10 + (uint64_t)(*c - '0');
            s->kept++;
        } else {
            s->exact = s->exact && *c == '0';
            s->exponent++;
        }
    }
    return c;
}

/* The part behind 'e'; NULL if it is not one. */
static const char *scan_exponent(const char *c, const char *end, scanned *s)
{
    bool minus = c < end && *c == '-';
    if (c < end && (*c == '-' || *c == '+'))
        c++;
    if (c == end || *c < '0' || *c > '9')
        return NULL;
    int number = 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++)
        number = number < 100000 ? number * 10 + (*c - '0') : number;
    s->exponent += minus ? -number : number;
    return c;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* digits / 10^places for places 1 .. 27: the quotient of both with their first bits at the top has 63 or 64 bits, and rounds to 53 with
 * the rest as the sticky bit. 10^places = 5^places 2^places, and 5^27 < 2^63. */
static double quotient(uint64_t digits, int places)
{
    static const uint64_t fives[] = {1,
                                     5,
                                     25,
                                     125,
                                     625,
                                     3125,
                                     15625,
                                     78125,
                                     390625,
                                     1953125,
                                     9765625,
                                     48828125,
                                     244140625,
                                     1220703125,
                                     6103515625,
                                     30517578125,
                                     152587890625,
                                     762939453125,
                                     3814697265625,
                                     19073486328125,
                                     95367431640625,
                                     476837158203125,
                                     2384185791015625,
                                     11920928955078125,
                                     59604644775390625,
                                     298023223876953125,
                                     1490116119384765625,
                                     7450580596923828125};
    uint64_t five = fives[places];
    int up = __builtin_clzll(digits), down = __builtin_clzll(five);
    wide top = (wide)(digits << up) << 63;
    uint64_t bottom = five << down, q = (uint64_t)(top / bottom);
    bool rest = (uint64_t)top - q * bottom != 0; /* modulo 2^64: the rest is below `bottom` */
    int shift = 11 - __builtin_clzll(q);
    uint64_t half = (uint64_t)1 << (shift - 1), low = q & (2 * half - 1), mantissa = q >> shift;
    mantissa += low > half || (low == half && (rest || (mantissa & 1)));
    return (double)mantissa * power_of_two(shift - 63 + down - up - places);
}
#endif

bool bpnn__decimal_double(uint64_t digits, int exponent, double *value)
{
    /* Clinger 1990: both parts exact in double, so one operation rounds once */
    if (digits <= (uint64_t)1 << 53 && exponent >= -22 && exponent <= 22) {
        double x = (double)digits;
        *value = exponent < 0 ? x / powers_of_ten[-exponent] : x * powers_of_ten[exponent];
        return true;
    }
#ifdef __SIZEOF_INT128__
    if (exponent < 0 && exponent >= -27 && digits > 0) {
        *value = quotient(digits, -exponent);
        return true;
    }
#endif
    if (exponent == 0)
        *value = (double)digits;
    return exponent == 0;
}

bool bpnn__parse_double(const char *text, size_t size, char point, double *value)
{
    scanned s = {.exact = true};
    const char *c = text, *end = text + size;
    if (c < end && (*c == '-' || *c == '+'))
        s.negative = *c++ == '-';
    c = scan_digits(c, end, false, &s);
    if (c < end && *c == point)
        c = scan_digits(c + 1, end, true, &s);
    if (!s.any)
        return false;
    if (c < end && (*c == 'e' || *c == 'E'))
        c = scan_exponent(c + 1, end, &s);
    if (c != end)
        return false;
    double x;
    if (s.exact && bpnn__decimal_double(s.digits, s.exponent, &x)) {
        *value = s.negative ? -x : x;
        return true;
    }
    return parse_long(text, size, point, value);
}

bool bpnn__parse_u64(const char *text, size_t size, uint64_t *value)
{
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) || __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
            return false;
    }
    *value = n;
    return size > 0;
}
