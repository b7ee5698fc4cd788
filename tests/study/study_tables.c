#include "study/study_tables.h"

#include <stdio.h>
#include <stdlib.h>

/* [-1, 1): splitmix64 */
static double unit(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-52 - 1;
}

size_t study_text(char *text, uint64_t seed, size_t rows, size_t groups, bpnn_task task)
{
    static const char *const classes[] = {"low", "mid", "top"};
    size_t at = (size_t)snprintf(text, STUDY_TEXT, "a,b,colour,part,y\n");
    for (size_t r = 0; r < rows && at < STUDY_TEXT - 128; r++) {
        double a = unit(&seed), b = unit(&seed), s = a + b + 0.2 * unit(&seed);
        int k = task == BPNN_TASK_BINARY ? 2 * (s > 0) : s < -0.4 ? 0 : s < 0.4 ? 1 : 2;
        char cell[32];
        snprintf(cell, sizeof cell, "%.4f", b);
        at += (size_t)snprintf(text + at, STUDY_TEXT - at, "%.4f,%s,%s,%zu,", a, r % 17 == 5 ? "NA" : cell,
                               a > 0 ? "red" : "blue", r % groups);
        at += task == BPNN_TASK_REGRESSION ? (size_t)snprintf(text + at, STUDY_TEXT - at, "%.4f\n", 50 + 10 * s)
                                           : (size_t)snprintf(text + at, STUDY_TEXT - at, "%s\n", classes[k]);
    }
    return at;
}

bpnn_table *table_of_text(const char *text, size_t size)
{
    bpnn_table *table;
    bpnn_error error = {0};
    if (bpnn_table_read_memory(&table, text, size, "study.csv", NULL, &error) == BPNN_OK)
        return table;
    printf("%s\n", error.text);
    exit(1);
}

bpnn_table *study_table(uint64_t seed, size_t rows, size_t groups, bpnn_task task)
{
    static char text[STUDY_TEXT];
    return table_of_text(text, study_text(text, seed, rows, groups, task));
}

bpnn_fit_options study_fit(void)
{
    bpnn_fit_options o;
    bpnn_fit_options_default(&o);
    o.drop = "part";
    o.hidden = "4";
    o.train.method = "adamw";
    o.train.epochs = 15;
    o.train.rate = 0.01;
    return o;
}

uint64_t seed_of_tests(uint64_t standard)
{
    const char *text = getenv("BPNN_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : standard;
}
