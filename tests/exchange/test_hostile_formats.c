/* Malformed FANN and .npz files: bytes as in hostile.c, numbers of the text or header that become others; the checksums of half of
 * the archives are put right. test_hostile_formats [CASES] */
#include "base/watch.h"
#include "exchange/archive.h"
#include "exchange/drawn.h"
#include "exchange/hostile.h"
#include "exchange/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 2000, FILES = 8 };

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* A number of the text becomes another. */
static bytes edit_number(dice *d, bytes file)
{
    static const char *const numbers[] = {
        "0",     "1",   "-1",  "2",    "16",  "99999", "2147483647", "2147483648", "4294967296", "18446744073709551616",
        "1e400", "nan", "inf", "0x10", "1,5", ""};
    size_t at = roll_below(d, file.size), end;
    while (at < file.size && !is_digit(file.data[at]))
        at++;
    for (end = at; end < file.size && is_digit(file.data[end]);)
        end++;
    const char *number = numbers[roll_below(d, sizeof numbers / sizeof *numbers)];
    return spliced(file, at, end - at, number, strlen(number));
}

static bytes make_file(dice *d, bpnn__write_fn write, bpnn_activation_kind hidden)
{
    bpnn_export_options options;
    bpnn__text text = {0};
    bpnn_export_options_default(&options);
    bpnn_model *model = drawn_model(d, BPNN_TASK_REGRESSION, BPNN_DOUBLE, hidden);
    while (write(&text, model, &options, NULL) != BPNN_OK) { /* an output that FANN has not */
        bpnn_model_free(model);
        model = drawn_model(d, BPNN_TASK_REGRESSION, BPNN_DOUBLE, hidden);
    }
    bytes file = {malloc(text.size), text.size};
    memcpy(file.data, text.data, text.size);
    bpnn__text_free(&text);
    bpnn_model_free(model);
    return file;
}

static size_t campaign(dice *d, const char *name, size_t cases, bpnn__write_fn write, reader read)
{
    static const bpnn_activation_kind kinds[] = {BPNN_ACT_TANH, BPNN_ACT_SIGMOID, BPNN_ACT_ELLIOT, BPNN_ACT_SIN};
    bytes files[FILES];
    size_t bad = 0, accepted = 0;
    uint64_t seed = d->state;
    for (size_t i = 0; i < FILES; i++)
        files[i] = make_file(d, write, kinds[i % 4]);
    for (size_t i = 0; i < cases; i++) {
        bytes origin = files[roll_below(d, FILES)], other = files[roll_below(d, FILES)];
        bytes file = roll_below(d, 2) ? edit_number(d, origin) : spoil(d, origin, other);
        if (roll_below(d, 2))
            archive_repair(file);
        if (!holds(read, file, &accepted)) {
            printf("%s: case %zu of state %llu\n", name, i, (unsigned long long)seed);
            bad++;
        }
        free(file.data);
    }
    for (size_t i = 0; i < FILES; i++)
        free(files[i].data);
    printf("malformed %s files (%zu accepted): %zu done, %zu bad\n", name, accepted, cases, bad);
    return bad;
}

int main(int argc, char **argv)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t cases = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : CASES;
    if (!watch_begin())
        return 1;
    printf("seed %llu\n", (unsigned long long)seed);
    size_t bad = campaign(&d, "FANN", cases, bpnn__export_fann, bpnn__import_fann);
    bad += campaign(&d, ".npz", cases, bpnn__export_npz, bpnn__import_npz);
    return bad != 0;
}
