/* Malformed model files and checkpoints from a seed: random edits, wrong numbers in the header (and every number of three headers and an ensemble's), splices, appended bytes, repeated
 * entries; the checksum is repaired in half of them, so that what stands behind it is reached. A file may be accepted only
 * if writing it again gives the very same bytes, and no allocation may be large; a checkpoint that was accepted is resumed, too: a
 * model or an error. test_malformed [CASES]. */
#include "base/memory.h"
#include "base/watch.h"
#include "model/made.h"
#include "model/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CASES = 2000,
    SINGLES = 12,
    MODELS = 18,
    RUNS = 13,
    ROOM = 8192,
    A_MODEL = -1
}; /* behind the single models: ensembles */
#define ALLOCATION_MOST ((size_t)64 << 20)

typedef struct file {
    unsigned char *bytes;
    size_t size;
    int run; /* of a checkpoint, or A_MODEL */
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

/* A checkpoint that was accepted leads to a model or to an error. */
static bool resumes(int number, const bpnn_checkpoint *checkpoint)
{
    made_run run;
    bpnn_model *model = NULL;
    bpnn_error error = {0};
    made_run_new(&run, (size_t)number);
    bpnn_status status = made_run_fit(&run, NULL, checkpoint, 0, &model, &error);
    bpnn_model_free(model);
    made_run_free(&run);
    return status == BPNN_OK ||
           (error.text[0] && (status == BPNN_MODEL || status == BPNN_USAGE || status == BPNN_DATA));
}

static bool holds(const file *f, size_t *accepted)
{
    bpnn_model *model = NULL;
    bpnn_checkpoint *checkpoint = NULL;
    bpnn_error error = {0};
    unsigned char *copy = malloc(f->size ? f->size : 1); /* exact, so that reading past it is seen */
    memcpy(copy, f->bytes, f->size);
    watch_reset();
    bool is_model = f->run == A_MODEL;
    bpnn_status status = is_model ? bpnn_model_read(&model, copy, f->size, "made", &error)
                                  : bpnn_checkpoint_read(&checkpoint, copy, f->size, "made", &error);
    bool good = watch_largest() <= ALLOCATION_MOST;
    if (status == BPNN_OK) {
        void *again = NULL;
        size_t size = 0;
        status = is_model ? bpnn_model_write(model, &again, &size, NULL)
                          : bpnn_checkpoint_write(checkpoint, &again, &size, NULL);
        good = good && status == BPNN_OK && size == f->size && memcmp(again, copy, size) == 0;
        good = good && (is_model || resumes(f->run, checkpoint));
        bpnn_release(again);
        ++*accepted;
    } else {
        good = good && status == BPNN_MODEL && error.text[0] && !model && !checkpoint;
    }
    bpnn_model_free(model);
    bpnn_checkpoint_free(checkpoint);
    free(copy);
    return good;
}

/* Every number of a header becomes every other one, with the checksum put right. Returns the bad ones. */
static size_t every_number(const file *origin, size_t *done, size_t *accepted)
{
    size_t header = (size_t)header_size(origin->bytes), bad = 0;
    file f = {malloc(origin->size + ROOM), 0, origin->run};
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

static size_t random_edits(const file *made, size_t count, size_t cases, dice *d, size_t *accepted)
{
    size_t bad = 0;
    for (size_t i = 0; i < cases; i++) {
        const file *origin = &made[roll_below(d, count)];
        file f = {malloc(origin->size + ROOM), origin->size, origin->run};
        memcpy(f.bytes, origin->bytes, origin->size);
        edit(d, &f, &made[roll_below(d, count)]);
        if (roll_below(d, 2))
            repair_checksum(f.bytes, f.size);
        if (!holds(&f, accepted)) {
            printf("case %zu\n", i);
            bad++;
        }
        free(f.bytes);
    }
    return bad;
}

/* Random bits of the numbers of the run, which are behind the checksum alone. */
static size_t random_states(const file *made, size_t count, size_t cases, dice *d, size_t *accepted)
{
    size_t bad = 0;
    for (size_t i = 0; i < cases; i++) {
        const file *origin = &made[roll_below(d, count)];
        file f = {malloc(origin->size), origin->size, origin->run};
        size_t data = 8 + (size_t)header_size(origin->bytes);
        memcpy(f.bytes, origin->bytes, origin->size);
        for (size_t k = 0; k < 1 + i % 3; k++) {
            size_t at = data + roll_below(d, f.size - data) / 8 * 8, room = f.size - at < 8 ? f.size - at : 8;
            static const double odd[] = {0, -0.0, -1, 1, 1.5, 40, 1e9, 9007199254740993.0, 1e300, -1e300};
            memcpy(f.bytes + at, &odd[roll_below(d, sizeof odd / sizeof *odd)], room);
        }
        repair_checksum(f.bytes, f.size);
        if (!holds(&f, accepted)) {
            printf("state %zu\n", i);
            bad++;
        }
        free(f.bytes);
    }
    return bad;
}

static bool make_models(file *made, dice *d)
{
    for (size_t i = 0; i < MODELS; i++) {
        bpnn_task task = (bpnn_task)(1 + i % 3);
        bpnn_precision precision = (bpnn_precision)(i % 2);
        bpnn_model *model =
            i < SINGLES ? made_model(d, task, precision, 4) : made_ensemble(d, task, precision, 2, 2 + i % 2);
        void *bytes;
        if (bpnn_model_write(model, &bytes, &made[i].size, NULL) != BPNN_OK)
            return false;
        made[i].bytes = bytes;
        made[i].run = A_MODEL;
        bpnn_model_free(model);
    }
    return true;
}

static bool make_runs(file *made)
{
    char folder[] = "/tmp/bpnn-malformed-XXXXXX";
    bool good = mkdtemp(folder) != NULL;
    for (int i = 0; good && i < RUNS; i++) {
        void *bytes = NULL;
        good = made_checkpoint((size_t)i, 2 + (size_t)i % 3, folder, &bytes, &made[i].size);
        made[i].bytes = bytes;
        made[i].run = i;
    }
    rmdir(folder);
    return good;
}

/* All of one kind. */
static size_t all_of(const file *made, size_t count, const char *kind, size_t cases, dice *d)
{
    size_t swept = 0, unswept = 0, passed = 0, accepted = 0;
    size_t bad = random_edits(made, count, cases, d, &accepted);
    for (size_t i = 0; i < 3; i++)
        unswept += every_number(&made[i], &swept, &passed);
    if (made[0].run == A_MODEL)
        unswept += every_number(&made[SINGLES + 1], &swept, &passed);
    printf("numbers of %s headers (%zu accepted): %zu done, %zu bad\n", kind, passed, swept, unswept);
    printf("malformed %ss (%zu accepted): %zu done, %zu bad\n", kind, accepted, cases, bad);
    return bad + unswept;
}

int main(int argc, char **argv)
{
    uint64_t seed = seed_of_tests(1);
    dice d = {seed};
    size_t cases = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : CASES, bad, accepted = 0;
    file models[MODELS], runs[RUNS];
    if (!watch_begin() || !make_models(models, &d) || !make_runs(runs))
        return 1;
    printf("seed %llu\n", (unsigned long long)seed);
    bad = all_of(models, MODELS, "model", cases, &d);
    bad += all_of(runs, RUNS, "checkpoint", cases, &d);
    size_t states = random_states(runs, RUNS, cases, &d, &accepted);
    printf("checkpoints with odd numbers (%zu accepted): %zu done, %zu bad\n", accepted, cases, states);
    for (size_t i = 0; i < MODELS; i++)
        bpnn_release(models[i].bytes);
    for (size_t i = 0; i < RUNS; i++)
        bpnn_release(runs[i].bytes);
    return bad + states != 0;
}
