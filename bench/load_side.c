/* Reads a CSV file of numbers to a float matrix by this library, again and again: load_side FILE THREADS [cache]. A line "go" asks
 * for one reading, types inferred and all checks done; the answer is "SECONDS PEAK_KIB SUM SECONDS", the last
 * those until the table is there. */
#define _DEFAULT_SOURCE /* clock_gettime, madvise */
#include <bpnn.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Memory in large pages where the system has them, as NumPy asks for them. */
static float *large(size_t size)
{
    size_t page = (size_t)1 << 21;
    void *memory = aligned_alloc(page, (size + page - 1) / page * page);
#ifdef MADV_HUGEPAGE
    if (memory)
        madvise(memory, size, MADV_HUGEPAGE);
#endif
    return memory;
}

static float *read_matrix(const char *path, const bpnn_table_options *options, size_t *count, double *there)
{
    bpnn_table *table;
    bpnn_error error;
    if (bpnn_table_read(&table, path, options, &error) != BPNN_OK) {
        fprintf(stderr, "load_side: %s\n", error.text);
        exit(1);
    }
    *there = now();
    size_t rows = bpnn_table_rows(table), columns = bpnn_table_columns(table);
    float *matrix = large(rows * columns * sizeof *matrix);
    if (!matrix)
        exit(1);
    if (bpnn_table_copy_numbers(table, NULL, 0, BPNN_F32, matrix, options->threads, &error) != BPNN_OK)
        exit(1);
    bpnn_table_free(table);
    *count = rows * columns;
    return matrix;
}

int main(int argc, char **argv)
{
    char line[64];
    if (argc < 3)
        return 1;
    bpnn_table_options options;
    bpnn_table_options_default(&options);
    options.cache = argc > 3 ? "" : NULL;
    options.threads = (size_t)strtoul(argv[2], NULL, 10);
    while (fgets(line, sizeof line, stdin)) {
        size_t count;
        double start = now(), sum = 0, there;
        float *matrix = read_matrix(argv[1], &options, &count, &there);
        double seconds = now() - start;
        for (size_t i = 0; i < count; i++)
            sum += (double)matrix[i];
        free(matrix);
        struct rusage use;
        getrusage(RUSAGE_SELF, &use);
        printf("%.6f %ld %.9g %.6f\n", seconds, use.ru_maxrss, sum, there - start);
        fflush(stdout);
    }
    return 0;
}
