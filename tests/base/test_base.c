/* The ground floor: random numbers against published answers, numbers as text, texts, files under faults, the pool. */
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/pace.h"
#include "base/random.h"
#include "base/text.h"
#include "base/threads.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t seed(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

/* Known answers of Random123's kat_vectors, philox4x32-10. */
static void philox(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bpnn__philox counter;
        memcpy(counter.v, known[i].counter, sizeof counter.v);
        bpnn__philox got = bpnn__philox4x32(counter, known[i].key[0], known[i].key[1]);
        assert_memory_equal(got.v, known[i].answer, sizeof got.v);
    }
}

static void permutation(void **state)
{
    (void)state;
    enum { N = 1000, SMALL = 3, DRAWS = 6000 };
    uint32_t key[2];
    size_t order[N], again[N], count[6] = {0};
    unsigned char seen[N] = {0};
    bpnn__random_key(seed(), BPNN__STREAM_SHUFFLE, key);
    bpnn__random_permutation(key, 7, order, N);
    bpnn__random_permutation(key, 7, again, N);
    assert_memory_equal(order, again, sizeof order);
    for (size_t i = 0; i < N; i++)
        seen[order[i]]++;
    for (size_t i = 0; i < N; i++)
        assert_int_equal(seen[i], 1);
    bpnn__random_permutation(key, 8, again, N);
    assert_memory_not_equal(order, again, sizeof order);
    /* all six orders of three things come up alike: 1000 each, sd 29 */
    for (size_t round = 0; round < DRAWS; round++) {
        bpnn__random_permutation(key, round, order, SMALL);
        count[order[0] * 2 + (order[1] > order[2])]++;
    }
    for (size_t i = 0; i < 6; i++)
        assert_in_range(count[i], 850, 1150);
}

/* Random bit patterns: read back exactly, and no shorter text of printf's reads back. */
static void numbers(void **state)
{
    (void)state;
    uint64_t bits = seed() * 0x9e3779b97f4a7c15u;
    size_t done = 0, bad = 0;
    for (int i = 0; i < 200000; i++, done++) {
        double x, back;
        char text[BPNN__NUMBER_SIZE], shorter[400];
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        uint64_t pattern = bits ^ bits >> 31;
        memcpy(&x, &pattern, sizeof x);
        if (!isfinite(x))
            continue;
        size_t size = bpnn__print_double(x, text);
        bool good = size == strlen(text) && size < sizeof text && strtod(text, NULL) == x;
        good = good && bpnn__parse_double(text, size, '.', &back) && memcmp(&back, &x, sizeof x) == 0;
        size_t digits = 0;
        for (const char *c = text; *c && *c != 'e'; c++)
            digits += *c >= '0' && *c <= '9';
        if (digits > 1 && text[0] != '0' && !(text[0] == '-' && text[1] == '0')) {
            snprintf(shorter, sizeof shorter, "%.*g", (int)digits - 1, x);
            good = good && (strtod(shorter, NULL) != x || strlen(shorter) >= size);
        }
        bad += !good;
    }
    printf("numbers: %zu done, %zu bad (seed %llu)\n", done, bad, (unsigned long long)seed());
    assert_int_equal(bad, 0);
}

static void singles(void **state)
{
    (void)state;
    size_t bad = 0;
    for (uint64_t pattern = 0; pattern < (uint64_t)1 << 32; pattern += 65521) {
        uint32_t bits = (uint32_t)pattern;
        float x;
        char text[BPNN__NUMBER_SIZE];
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        bpnn__print_float(x, text);
        bad += strtof(text, NULL) != x || strlen(text) > 17;
    }
    assert_int_equal(bad, 0);
}

static void number_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        double value;
    } forms[] = {{"1", true, 1},
                 {"-0.5", true, -0.5},
                 {"+3.", true, 3},
                 {".25", true, 0.25},
                 {"1e3", true, 1000},
                 {"1E-2", true, 0.01},
                 {"123456789012345678901234567890", true, 123456789012345678901234567890.0},
                 {"0.1000000000000000055511151231257827", true, 0.1},
                 {"9007199254740993", true, 9007199254740992.0},
                 {"", false, 0},
                 {"-", false, 0},
                 {".", false, 0},
                 {"1e", false, 0},
                 {"0x10", false, 0},
                 {"inf", false, 0},
                 {"nan", false, 0},
                 {"1_000", false, 0},
                 {" 1", false, 0},
                 {"1 ", false, 0},
                 {"1e999", false, 0},
                 {"1,5", false, 0}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        double x = 0;
        assert_int_equal(bpnn__parse_double(forms[i].text, strlen(forms[i].text), '.', &x), forms[i].good);
        if (forms[i].good)
            assert_true(x == forms[i].value);
    }
    double x;
    assert_true(bpnn__parse_double("1,5", 3, ',', &x) && x == 1.5);
    char text[BPNN__NUMBER_SIZE];
    static const struct {
        double x;
        const char *text;
    } printed[] = {{0.1, "0.1"},       {1e30, "1e+30"}, {-0.0, "-0"},        {1e15, "1000000000000000"},
                   {123456, "123456"}, {1e-7, "1e-07"}, {0.00012, "0.00012"}};
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        bpnn__print_double(printed[i].x, text);
        assert_string_equal(text, printed[i].text);
    }
}

static void words(void **state)
{
    (void)state;
    size_t bad;
    assert_true(bpnn__utf8_valid("abc \xc3\xa9 \xe4\xb8\xad \xf0\x9f\x90\xa7", 15, &bad));
    assert_false(bpnn__utf8_valid("ab\xff", 3, &bad));
    assert_int_equal(bad, 2);
    assert_false(bpnn__utf8_valid("\xc0\xaf", 2, &bad));     /* overlong */
    assert_false(bpnn__utf8_valid("\xed\xa0\x80", 3, &bad)); /* surrogate */
    assert_false(bpnn__utf8_valid("a\0b", 3, &bad));
    assert_int_equal(bpnn__edit_distance("speces", "species"), 1);
    assert_int_equal(bpnn__edit_distance("ab", "ba"), 1);
    static const char *const names[] = {"adam", "rmsprop", "sgd"};
    assert_int_equal(bpnn__nearest_word("admm", names, 3), 0);
    assert_int_equal(bpnn__nearest_word("zzzzzz", names, 3), -1);
    bpnn_error error;
    char message[64];
    bpnn__fail_at(&error, BPNN_DATA, "a.csv", 17, 4, "expected a number, found '%s'", "x\ny");
    assert_string_equal(bpnn_error_message(&error, message, sizeof message),
                        "a.csv:17:4: expected a number, found 'x?y'");
}

/* ---- files under faults: each call fails in turn, the old file stays, no temporary one is left ---- */

static int fail_at, fail_errno, calls;
static const bpnn__io *real;

static bool fails(void)
{
    if (++calls != fail_at)
        return false;
    errno = fail_errno;
    return true;
}

static int bad_open(const char *path, int flags, mode_t mode)
{
    return fails() ? -1 : real->open(path, flags, mode);
}

static ssize_t bad_write(int fd, const void *bytes, size_t size)
{
    return fails() ? -1 : real->write(fd, bytes, size > 10 ? 10 : size); /* short writes too */
}

static int bad_fsync(int fd)
{
    return fails() ? -1 : real->fsync(fd);
}

static int bad_rename(const char *from, const char *to)
{
    return fails() ? -1 : real->rename(from, to);
}

static bool holds(const char *path, const char *text)
{
    void *bytes;
    size_t size;
    if (bpnn__read_whole(path, 1000, &bytes, &size, NULL) != BPNN_OK)
        return false;
    bool same = size == strlen(text) && memcmp(bytes, text, size) == 0;
    bpnn__free(bytes);
    return same;
}

static void faults(void **state)
{
    (void)state;
    char folder[] = "/tmp/bpnn-test-XXXXXX", path[64], listing[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model", folder);
    assert_int_equal(bpnn__replace_file(path, "the old text of this file", 25, NULL), BPNN_OK);
    real = bpnn__io_get();
    bpnn__io faulty = *real;
    faulty.open = bad_open;
    faulty.write = bad_write;
    faulty.fsync = bad_fsync;
    faulty.rename = bad_rename;
    static const int numbers_of[] = {ENOSPC, EIO, EACCES, EDQUOT, EINTR};
    size_t done = 0, bad = 0;
    for (size_t e = 0; e < 5; e++)
        for (fail_at = 1; fail_at < 12; fail_at++, done++) {
            calls = 0;
            fail_errno = numbers_of[e];
            bpnn__io_set(&faulty);
            bpnn_error error = {0};
            bpnn_status status = bpnn__replace_file(path, "a text that is new here!!", 25, &error);
            bpnn__io_set(NULL);
            bool is_new = holds(path, "a text that is new here!!"), is_old = holds(path, "the old text of this file");
            snprintf(listing, sizeof listing, "test $(ls -A %s | wc -l) = 1", folder);
            bool clean = system(listing) == 0;
            bool good =
                clean && (status == BPNN_OK ? is_new : (is_old || is_new) && status == BPNN_IO && error.text[0]);
            bad += !good;
            bpnn__replace_file(path, "the old text of this file", 25, NULL);
        }
    printf("faults: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
    unlink(path);
    rmdir(folder);
}

/* ---- the pool ---- */

typedef struct tally {
    _Atomic int hits[64];
} tally;

static void hit(void *context, size_t unit)
{
    atomic_fetch_add(&((tally *)context)->hits[unit], 1);
}

static void pool(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (size_t threads = 1; threads <= 16; threads *= 2) {
        bpnn__pool *p;
        assert_int_equal(bpnn__pool_new(&p, threads, NULL), BPNN_OK);
        for (int run = 0; run < 2000; run++, done++) {
            tally all = {0};
            size_t units = 1 + (size_t)run % 64;
            bpnn__pool_run(p, (size_t)run % (threads + 1), units, hit, &all);
            for (size_t i = 0; i < 64; i++)
                bad += all.hits[i] != (i < units);
        }
        bpnn__pool_free(p);
    }
    printf("pool: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* Steps of a machine where so many threads take so long; returns the threads of the last one. */
static size_t keep_pace(bpnn__pace *pace, int steps, double work, size_t most, const uint64_t *took, size_t *bad)
{
    size_t threads = 0;
    for (int i = 0; i < steps; i++) {
        threads = bpnn__pace_begin(pace, work, most);
        *bad += threads < 1 || threads > most;
        bpnn__pace_tell(pace, took[threads]);
    }
    return threads;
}

static void pace_takes_the_fastest(void **state)
{
    (void)state;
    size_t bad = 0;
    const uint64_t far[] = {0, 100, 140, 0, 0, 0, 0, 0, 0}, near[] = {0, 100, 55, 0, 0, 0, 0, 0, 0};
    const uint64_t eight[] = {0, 100, 55, 40, 30, 35, 40, 45, 50};
    bpnn__pace pace = {0};
    bad += keep_pace(&pace, 10, 5, 1, far, &bad) != 1;
    bad += keep_pace(&pace, 300, 5, 2, far, &bad) != 1;
    bad += keep_pace(&pace, 1000, 5, 2, near, &bad) != 2;
    bad += keep_pace(&pace, 1000, 5, 2, far, &bad) != 1;
    bad += keep_pace(&pace, 1, 3, 2, far, &bad) != 1; /* the last batch of an epoch */
    bad += keep_pace(&pace, 2000, 9, 8, eight, &bad) != 4;
    printf("pace: 6 done, %zu bad\n", bad);
    assert_int_equal(bad, 0);
}

/* ---- memory ---- */

static int allowed;

static void *rationed(size_t size, void *context)
{
    (void)context;
    return allowed-- > 0 ? malloc(size) : NULL;
}

static void *rationed_again(void *memory, size_t size, void *context)
{
    (void)context;
    return allowed-- > 0 ? realloc(memory, size) : NULL;
}

static void give_back(void *memory, void *context)
{
    (void)context;
    free(memory);
}

static void memory(void **state)
{
    (void)state;
    assert_null(bpnn__alloc(SIZE_MAX / 2, 4));
    for (size_t n = 1; n < 200; n++) {
        unsigned char *lines = bpnn__alloc_lines(n, 1);
        assert_int_equal((uintptr_t)lines % BPNN__LINE, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(lines[i], 0);
        bpnn__free_lines(lines);
    }
    const bpnn_allocator ration = {rationed, rationed_again, give_back, NULL};
    assert_int_equal(bpnn_set_allocator(&ration, NULL), BPNN_OK);
    for (int n = 0; n < 8; n++) {
        bpnn__pool *p;
        bpnn__reader *r;
        allowed = n;
        bpnn_status one = bpnn__pool_new(&p, 2, NULL);
        assert_true(one == BPNN_OK || (one == BPNN_MEMORY && !p));
        bpnn__pool_free(p);
        allowed = n;
        bpnn_status two = bpnn__reader_from_memory(&r, "abc", 3, NULL, NULL);
        assert_true(two == BPNN_OK || (two == BPNN_MEMORY && !r));
        bpnn__reader_close(r);
    }
    const bpnn_allocator half = {rationed, NULL, give_back, NULL};
    assert_int_equal(bpnn_set_allocator(&half, NULL), BPNN_USAGE);
    assert_int_equal(bpnn_set_allocator(NULL, NULL), BPNN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox),  cmocka_unit_test(permutation),  cmocka_unit_test(numbers),
        cmocka_unit_test(singles), cmocka_unit_test(number_forms), cmocka_unit_test(words),
        cmocka_unit_test(faults),  cmocka_unit_test(pool),         cmocka_unit_test(pace_takes_the_fastest),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
