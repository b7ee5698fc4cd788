/* Data for the comparisons; the same arguments give the same files.
 *   make_data net FILES LAYERS LOSS ROWS     FILES.x, FILES.t, FILES.w as peers/side.h says
 *   make_data csv FILE ROWS                  20 columns of numbers with a header, 151 bytes a row */
#include "uniform.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 40, CSV_COLUMNS = 20 };

static void fail(const char *what)
{
    fprintf(stderr, "make_data: %s\n", what);
    exit(1);
}

static FILE *create(const char *files, const char *ending)
{
    char path[1000];
    snprintf(path, sizeof path, "%s%s", files, ending);
    FILE *f = fopen(path, "wb");
    if (!f)
        fail(path);
    return f;
}

static void put(FILE *f, double x)
{
    float number = (float)x;
    fwrite(&number, sizeof number, 1, f);
}

static void finish(FILE *f)
{
    if (ferror(f) || fclose(f) != 0)
        fail("a file cannot be written");
}

static size_t read_layers(const char *text, size_t size[LAYERS])
{
    char *end = (char *)text;
    size_t depth = 0;
    for (size_t m = 0; m < LAYERS; m++) {
        size[m] = strtoul(end, &end, 10);
        depth = m;
        if (*end++ != '-')
            break;
    }
    return depth;
}

/* Classes: inputs in [0, 1), class at random. Regression: inputs in [-1, 1), a smooth target in [0.1, 0.9]. */
static void make_rows(const char *files, size_t in, size_t out, bool classes, size_t rows)
{
    FILE *x = create(files, ".x"), *t = create(files, ".t");
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t k = 0; k < in; k++) {
            double number = classes ? uniform() : 2 * uniform() - 1;
            sum += k % 2 ? -number : number;
            put(x, number);
        }
        if (classes)
            put(t, floor(uniform() * (double)out));
        for (size_t j = 0; j < out && !classes; j++)
            put(t, 0.5 + 0.4 * sin(sum + (double)j));
    }
    finish(x);
    finish(t);
}

/* w^m uniform within sqrt(6 / (s_{m-1} + s_m)), b^m = 0 */
static void make_parameters(const char *files, const size_t *size, size_t depth)
{
    FILE *w = create(files, ".w");
    for (size_t m = 1; m <= depth; m++) {
        double bound = sqrt(6.0 / (double)(size[m - 1] + size[m]));
        for (size_t i = 0; i < size[m - 1] * size[m]; i++)
            put(w, bound * (2 * uniform() - 1));
        for (size_t j = 0; j < size[m]; j++)
            put(w, 0);
    }
    finish(w);
}

/* Whole numbers, thousands and numbers about 1 with six digits. */
static void make_csv(const char *path, size_t rows)
{
    FILE *f = create(path, "");
    for (int c = 0; c < CSV_COLUMNS; c++)
        fprintf(f, "c%d%c", c, c < CSV_COLUMNS - 1 ? ',' : '\n');
    for (size_t r = 0; r < rows; r++)
        for (int c = 0; c < CSV_COLUMNS; c++) {
            double z = uniform() + uniform() + uniform() + uniform() - 2;
            z = c < 5 ? nearbyint(100 * z) : c < 10 ? 1000 * z : z;
            fprintf(f, "%.6g%c", z, c < CSV_COLUMNS - 1 ? ',' : '\n');
        }
    finish(f);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "net") == 0) {
        size_t size[LAYERS], depth = read_layers(argv[3], size), rows = strtoul(argv[5], NULL, 10);
        make_rows(argv[2], size[0], size[depth], strcmp(argv[4], "crossentropy") == 0, rows);
        make_parameters(argv[2], size, depth);
    } else if (argc == 4 && strcmp(argv[1], "csv") == 0) {
        make_csv(argv[2], strtoul(argv[3], NULL, 10));
    } else {
        fail("net FILES LAYERS LOSS ROWS, or csv FILE ROWS");
    }
    return 0;
}
