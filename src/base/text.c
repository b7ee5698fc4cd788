/* Words: growing texts, UTF-8, near names. Numbers are in number.c. */
#include "base/text.h"
#include "base/memory.h"

#include <string.h>

/* ---- a growing text ---- */

static bool reserve(bpnn__text *text, size_t more)
{
    size_t wanted;
    if (text->failed || !bpnn__add(text->size, more, &wanted) || !bpnn__add(wanted, 1, &wanted)) {
        text->failed = true;
        return false;
    }
    if (wanted <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < wanted && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *data = capacity < wanted ? NULL : bpnn__realloc(text->data, capacity, 1);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void bpnn__text_add_bytes(bpnn__text *text, const char *more, size_t size)
{
    if (!reserve(text, size))
        return;
    if (size > 0)
        memcpy(text->data + text->size, more, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void bpnn__text_add(bpnn__text *text, const char *more)
{
    bpnn__text_add_bytes(text, more, strlen(more));
}

void bpnn__text_add_double(bpnn__text *text, double value)
{
    char number[BPNN__NUMBER_SIZE];
    bpnn__text_add_bytes(text, number, bpnn__print_double(value, number));
}

void bpnn__text_add_u64(bpnn__text *text, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    bpnn__text_add_bytes(text, digits + at, sizeof digits - at);
}

void bpnn__text_free(bpnn__text *text)
{
    bpnn__free(text->data);
    memset(text, 0, sizeof *text);
}

/* ---- UTF-8 (RFC 3629) ---- */

/* Bytes of the character at s, 0 if it is not one. */
static size_t character(const unsigned char *s, size_t left)
{
    if (s[0] == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

/* True if the next eight bytes are ASCII without NUL. */
static bool plain_eight(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    const uint64_t high = 0x8080808080808080u, ones = 0x0101010101010101u;
    return ((word | (word - ones)) & high) == 0;
}

bool bpnn__utf8_valid(const char *bytes, size_t size, size_t *bad)
{
    size_t at = 0;
    while (at < size) {
        if (size - at >= 8 && plain_eight(bytes + at)) {
            at += 8;
            continue;
        }
        size_t step = character((const unsigned char *)bytes + at, size - at);
        if (step == 0) {
            *bad = at;
            return false;
        }
        at += step;
    }
    return true;
}

/* ---- near names ---- */

enum { NEAR_SIZE = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t bpnn__edit_distance(const char *a, const char *b)
{
    size_t n = least(strlen(a), NEAR_SIZE), m = least(strlen(b), NEAR_SIZE);
    size_t row[3][NEAR_SIZE + 1];
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

int bpnn__nearest_word(const char *word, const char *const *words, size_t count)
{
    size_t best = SIZE_MAX;
    int index = -1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = bpnn__edit_distance(word, words[i]);
        if (distance < best) {
            best = distance;
            index = (int)i;
        }
    }
    size_t length = strlen(word);
    return best <= 2 || best <= length / 3 ? (best < length ? index : -1) : -1;
}
