/* Models put together by hand, without a table or training: random shapes, names and numbers from a seed. */
#ifndef BPNN_TESTS_MODEL_MADE_H
#define BPNN_TESTS_MODEL_MADE_H

#include "model/model.h"

/* Random numbers of the tests: splitmix64. */
typedef struct dice {
    uint64_t state;
} dice;
uint64_t roll(dice *d);
size_t roll_below(dice *d, size_t n); /* 0 .. n - 1 */
double roll_unit(dice *d);            /* [-1, 1) */

uint64_t seed_of_tests(uint64_t standard); /* BPNN_TEST_SEED, or the standard */

/* A model of the task with about `size` columns and units. Freed with bpnn_model_free. */
bpnn_model *made_model(dice *d, bpnn_task task, bpnn_precision precision, size_t size);

/* The same as an ensemble of so many members, one of them the best of several starts. */
bpnn_model *made_ensemble(dice *d, bpnn_task task, bpnn_precision precision, size_t size, size_t members);

/* Parts of the bytes of a file. */
uint64_t header_size(const unsigned char *bytes);
void set_header_size(unsigned char *bytes, uint64_t size);
void repair_checksum(unsigned char *bytes, size_t size);

/* Whether a model that came of a malformed file is as good as any: it can be written and read back. */
bool made_is_whole(const bpnn_model *model);

/* The first output for the row 1, 2, .. of a model of numbers with at most 8 inputs and outputs; NAN of others. */
double made_first_output(const bpnn_model *model);

#endif
