/* Malformed model files from a seed: random edits, wrong numbers in the header (and every number of three headers and an ensemble's), splices, appended bytes, repeated
 * entries; the checksum is repaired in half of them, so that what stands behind it is reached. A file may be accepted only
 * if writing the model gives the very same bytes, and no allocation may be large. test_malformed [CASES]. */
#include "base/memory.h"
#include "model/made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 3000, SINGLES = 12, MODELS = 18, ROOM = 4096 }; /* behind the single models: ensembles */
#define ALLOCATION_MOST ((size_t)64 << 20)

static size_t largest;

static void *watch_allocate(size_t size, void *context)
{
    (void)context;
    largest = size > largest ? size : largest;
    return malloc(size);
}

static void *watch_reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    largest = size > largest ? size : largest;
    return realloc(memory, size);
}

static void watch_release(void *memory, void *context)
{
    (void)context;
    free(memory);
}

typedef struct file {
    unsigned char *bytes;
    size_t size;
} file;

/* Replaces `removed` bytes at `at` by new ones. */
static void splice(file *f, size_t at, size_t removed, const void *added, size_t count)
{
    memmove(f->bytes + at + count, f->bytes + at + removed, f->size - at - removed);
    memcpy(f->bytes + at, added, count);
    f->size = f->size - removed + count;
}

/* After the header's text changed by any number of bytes: its length and padding are put right. */
static void mend_header(file *f, size_t header)
{
    size_t end = 8 + header;
    static const char blanks[] = "        ";
    while (end > 8 && f->bytes[end - 1] == ' ')
        splice(f, --end, 1, blanks, 0);
    size_t pad = (8 - (end - 8) % 8) % 8;
    splice(f, end, 0, blanks, pad);
    set_header_size(f->bytes, end - 8 + pad);
}

static void edit_bytes(dice *d, file *f, size_t most)
{
    size_t count = 1 + roll_below(d, 8);
    for (size_t i = 0; i < count; i++)
        f->bytes[roll_below(d, most)] = (unsigned char)roll(d);
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* The number at `at` in the header becomes another. */
static void replace_number(file *f, size_t at, const char *number)
{
    size_t header = (size_t)header_size(f->bytes), end = at;
    while (end < 8 + header && is_digit(f->bytes[end]))
        end++;
    splice(f, at, end - at, number, strlen(number));
    mend_header(f, header - (end - at) + strlen(number));
}

static const char *const numbers[] = {"0",
                                      "1",
                                      "-1",
                                      "2",
                                      "7",
                                      "2147483647",
                                      "2147483648",
                                      "4294967296",
                                      "9223372036854775807",
                                      "1.5",
                                      "18446744073709551616",
                                      "1e400",
                                      "null",
                                      "true",
                                      "[]"};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static void edit_number(dice *d, file *f)
{
    size_t header = (size_t)header_size(f->bytes), at = 8 + roll_below(d, header);
    while (at < 8 + header && !is_digit(f->bytes[at]))
        at++;
    replace_number(f, at, numbers[roll_below(d, NUMBERS)]);
}

/* A piece of the header is repeated, dropped or swapped for one of another file. */
static void edit_piece(dice *d, file *f, const file *other)
{
    unsigned char piece[128];
    size_t header = (size_t)header_size(f->bytes), at = 8 + roll_below(d, header), length = 1 + roll_below(d, 100);
    const file *from = roll_below(d, 2) ? other : f;
    size_t start = 8 + roll_below(d, (size_t)header_size(from->bytes));
    if (length > from->size - start)
        length = from->size - start;
    memcpy(piece, from->bytes + start, length);
    size_t removed = roll_below(d, 2) ? 0 : roll_below(d, 100);
    if (removed > 8 + header - at)
        removed = 8 + header - at;
    splice(f, at, removed, piece, length);
    mend_header(f, header - removed + length);
}

static void edit_length(dice *d, file *f)
{
    static const uint64_t sizes[] = {
        0, 1, 8, (uint64_t)1 << 20, (uint64_t)1 << 31, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX};
    uint64_t now = header_size(f->bytes), pick = roll_below(d, 12);
    set_header_size(f->bytes, pick < 8 ? sizes[pick] : now + 8 * pick - 80);
}

static void edit(dice *d, file *f, const file *other)
{
    size_t header = 8 + (size_t)header_size(f->bytes);
    switch (roll_below(d, 8)) {
    case 0:
        edit_bytes(d, f, f->size);
        break;
    case 1:
        edit_bytes(d, f, header);
        break;
    case 2:
    case 3:
        edit_number(d, f);
        break;
    case 4:
        edit_piece(d, f, other);
        break;
    case 5:
        edit_length(d, f);
        break;
    case 6:
        f->size = roll_below(d, f->size);
        break;
    default:
        splice(f, f->size, 0, other->bytes, roll_below(d, other->size < ROOM / 2 ? other->size : ROOM / 2));
    }
}

static bool holds(const file *f, size_t *accepted)
{
    bpnn_model *model;
    bpnn_error error = {0};
    unsigned char *copy = malloc(f->size ? f->size : 1); /* exact, so that reading past it is seen */
    memcpy(copy, f->bytes, f->size);
    largest = 0;
    bpnn_status status = bpnn_model_read(&model, copy, f->size, "made", &error);
    bool good = largest <= ALLOCATION_MOST;
    if (status == BPNN_OK) {
        void *again = NULL;
        size_t size = 0;
        good = good && bpnn_model_write(model, &again, &size, NULL) == BPNN_OK && size == f->size &&
               memcmp(again, copy, size) == 0;
        bpnn_release(again);
        ++*accepted;
    } else {
        good = good && status == BPNN_MODEL && error.text[0] && !model;
    }
    bpnn_model_free(model);
    free(copy);
    return good;
}

/* Every number of a header becomes every other one, with the checksum put right. Returns the bad ones. */
static size_t every_number(const file *origin, size_t *done, size_t *accepted)
{
    size_t header = (size_t)header_size(origin->bytes), bad = 0;
    file f = {malloc(origin->size + ROOM), 0};
    for (size_t at = 8; at < 8 + header; at++) {
        if (!is_digit(origin->bytes[at]) || is_digit(origin->bytes[at - 1]))
            continue;
        for (size_t i = 0; i < NUMBERS; i++, ++*done) {
            f.size = origin->size;
            memcpy(f.bytes, origin->bytes, origin->size);
            replace_number(&f, at, numbers[i]);
            repair_checksum(f.bytes, f.size);
            if (holds(&f, accepted))
                continue;
            printf("  number at %zu becomes %s\n", at, numbers[i]);
            bad++;
        }
    }
    free(f.bytes);
    return bad;
}

int main(int argc, char **argv)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t cases = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : CASES, bad = 0, accepted = 0;
    bpnn_allocator watch = {watch_allocate, watch_reallocate, watch_release, NULL};
    file made[MODELS];
    if (bpnn_set_allocator(&watch, NULL) != BPNN_OK)
        return 1;
    for (size_t i = 0; i < MODELS; i++) {
        bpnn_task task = (bpnn_task)(1 + i % 3);
        bpnn_precision precision = (bpnn_precision)(i % 2);
        bpnn_model *model =
            i < SINGLES ? made_model(&d, task, precision, 4) : made_ensemble(&d, task, precision, 2, 2 + i % 2);
        void *bytes;
        if (bpnn_model_write(model, &bytes, &made[i].size, NULL) != BPNN_OK)
            return 1;
        made[i].bytes = bytes;
        bpnn_model_free(model);
    }
    for (size_t i = 0; i < cases; i++) {
        const file *origin = &made[roll_below(&d, MODELS)];
        file f = {malloc(origin->size + ROOM), origin->size};
        memcpy(f.bytes, origin->bytes, origin->size);
        edit(&d, &f, &made[roll_below(&d, MODELS)]);
        if (roll_below(&d, 2))
            repair_checksum(f.bytes, f.size);
        if (!holds(&f, &accepted)) {
            printf("case %zu of seed %llu\n", i, (unsigned long long)seed);
            bad++;
        }
        free(f.bytes);
    }
    size_t swept = 0, unswept = 0, passed = 0;
    for (size_t i = 0; i < 4; i++)
        unswept += every_number(&made[i < 3 ? i : SINGLES + 1], &swept, &passed);
    for (size_t i = 0; i < MODELS; i++)
        bpnn_release(made[i].bytes);
    printf("numbers of model headers (%zu accepted): %zu done, %zu bad\n", passed, swept, unswept);
    printf("malformed models (seed %llu, %zu accepted): %zu done, %zu bad\n", (unsigned long long)seed, accepted, cases,
           bad);
    return bad + unswept != 0;
}
