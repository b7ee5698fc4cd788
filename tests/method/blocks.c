#include "method/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void block_read(const char *name, size_t count, double *to)
{
    FILE *file = fopen(BPNN_SOURCE_DIR "/tests/golden/whole.txt", "r");
    char word[32];
    size_t here;
    assert_non_null(file);
    while (fscanf(file, "%31s %zu", word, &here) == 2) {
        bool mine = strcmp(word, name) == 0;
        double other;
        assert_true(!mine || here == count);
        for (size_t i = 0; i < here; i++)
            assert_int_equal(fscanf(file, "%lf", mine ? &to[i] : &other), 1);
        if (mine) {
            fclose(file);
            return;
        }
    }
    fail_msg("no block '%s'", name);
}
