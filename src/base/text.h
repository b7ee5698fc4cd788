/* Numbers and words as text, without the locale. */
#ifndef BPNN_BASE_TEXT_H
#define BPNN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for any number that bpnn__print_double and _float write, with the terminator. */
#define BPNN__NUMBER_SIZE 32

/* The shortest decimal that reads back as exactly `value`: "0.1", "1e+30", "-0", "nan", "inf". Returns its
 * length. buffer: BPNN__NUMBER_SIZE bytes. */
size_t bpnn__print_double(double value, char *buffer);
size_t bpnn__print_float(float value, char *buffer);

/* Reads one finite decimal number from text[0..size): [+-]digits[.digits][e[+-]digits], nothing else (no
 * hex, inf, nan, underscores, blanks). `point` is '.' or ','. Correctly rounded. False: not such a number
 * or out of double's range. */
bool bpnn__parse_double(const char *text, size_t size, char point, double *value);

/* digits * 10^exponent, correctly rounded, where whole numbers of 128 bits can tell (exponents -27 .. 22 nearly all); false: ask
 * bpnn__parse_double. */
bool bpnn__decimal_double(uint64_t digits, int exponent, double *value);

/* Decimal digits only, no sign. */
bool bpnn__parse_u64(const char *text, size_t size, uint64_t *value);

/* True if bytes[0..size) is valid UTF-8 (no surrogates, overlong forms; NUL is refused). On false
 * *bad is the offset of the first bad byte. */
bool bpnn__utf8_valid(const char *bytes, size_t size, size_t *bad);

/* Damerau-Levenshtein distance, both cut at 64 bytes. */
size_t bpnn__edit_distance(const char *a, const char *b);

/* Index of the nearest of `count` words if it is near enough to suggest (distance <= 2, or <= a third of
 * the length), else -1. */
int bpnn__nearest_word(const char *word, const char *const *words, size_t count);

/* A growing text. Zero-initialise; `failed` stays set once memory ran out, and everything after is ignored. */
typedef struct bpnn__text {
    char *data; /* terminated, or NULL while empty */
    size_t size, capacity;
    bool failed;
} bpnn__text;

void bpnn__text_add(bpnn__text *text, const char *more);
void bpnn__text_add_bytes(bpnn__text *text, const char *more, size_t size);
void bpnn__text_add_double(bpnn__text *text, double value);
void bpnn__text_add_u64(bpnn__text *text, uint64_t value);
void bpnn__text_free(bpnn__text *text);

#endif
