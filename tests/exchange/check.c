/* Beside a generated model: compares its results with want.bin, bit for bit.
 *   check ROWS.BIN WANT.BIN INPUTS OUTPUTS */
#include <stdio.h>
#include <stdlib.h>

int model_predict(const double *inputs, double *outputs);
int own_check(void); /* the main of its own, renamed */

static double *read_all(const char *path, size_t *count)
{
    static double room[2][200000];
    static int turn;
    double *to = room[turn++];
    FILE *file = fopen(path, "rb");
    *count = file ? fread(to, sizeof *to, 200000, file) : 0;
    if (file)
        fclose(file);
    return to;
}

int main(int argc, char **argv)
{
    size_t inputs = argc == 5 ? (size_t)atoi(argv[3]) : 0, outputs = argc == 5 ? (size_t)atoi(argv[4]) : 0, numbers,
           wanted, r, k;
    double *rows, *want, got[256];
    unsigned long bad = 0;
    if (inputs == 0 || outputs == 0 || outputs > 256)
        return 2;
    rows = read_all(argv[1], &numbers);
    want = read_all(argv[2], &wanted);
    if (numbers == 0 || numbers / inputs * (outputs + 1) != wanted)
        return 2;
    for (r = 0; r < numbers / inputs; r++, want += outputs + 1) {
        int label = model_predict(rows + r * inputs, got);
        int wrong = label != (int)want[outputs];
        for (k = 0; k < outputs; k++)
            wrong |= got[k] != want[k] && (got[k] == got[k] || want[k] == want[k]);
        bad += wrong != 0;
    }
    bad += own_check() != 0;
    printf("%lu\n", bad);
    return bad > 0;
}
