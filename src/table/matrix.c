/* Numbers of a table as a matrix, by pieces of rows that stay in the cache between column and row order. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/threads.h"
#include "table/table.h"

enum { PIECE_ROWS = 256, WORTH_THREADS = 1 << 18 }; /* cells */

typedef struct copying {
    const bpnn_table *table;
    const size_t *columns; /* NULL: all */
    size_t count;
    bpnn_dtype dtype;
    void *to;
} copying;

/* Texts that are not all numbers are looked at one by one. */
static void take_column(const bpnn_table *t, size_t c, size_t first, size_t rows, double *out)
{
    if (!t->columns[c].text || t->columns[c].values)
        bpnn__table_values(t, c, NULL, first, rows, out);
    else
        for (size_t i = 0; i < rows; i++)
            out[i] = bpnn_table_number(t, first + i, c);
}

static void copy_piece(void *context, size_t unit)
{
    const copying *k = context;
    double x[PIECE_ROWS];
    uint64_t mode = bpnn__fpmode_enter();
    size_t first = unit * PIECE_ROWS, rows = k->table->rows - first;
    rows = rows < PIECE_ROWS ? rows : PIECE_ROWS;
    for (size_t c = 0; c < k->count; c++) {
        take_column(k->table, k->columns ? k->columns[c] : c, first, rows, x);
        if (k->dtype == BPNN_F32)
            for (size_t i = 0; i < rows; i++)
                ((float *)k->to)[(first + i) * k->count + c] = (float)x[i];
        else
            for (size_t i = 0; i < rows; i++)
                ((double *)k->to)[(first + i) * k->count + c] = x[i];
    }
    bpnn__fpmode_leave(mode);
}

bpnn_status bpnn_table_copy_numbers(const bpnn_table *table, const size_t *columns, size_t count, bpnn_dtype dtype,
                                    void *data, size_t threads, bpnn_error *error)
{
    copying k = {table, columns, columns ? count : table->column_count, dtype, data};
    if (dtype != BPNN_F32 && dtype != BPNN_F64)
        return bpnn__fail(error, BPNN_USAGE, "numbers of a table are given as BPNN_F32 or BPNN_F64");
    for (size_t i = 0; columns && i < count; i++)
        if (columns[i] >= table->column_count)
            return bpnn__fail(error, BPNN_USAGE, "column %zu of a table of %zu", columns[i], table->column_count);
    size_t pieces = (table->rows + PIECE_ROWS - 1) / PIECE_ROWS;
    size_t worth = k.count > 0 ? table->rows / (WORTH_THREADS / k.count + 1) + 1 : 1;
    bpnn__pool *pool = NULL;
    threads = threads ? threads : bpnn_usable_cpus();
    bpnn_status status = bpnn__pool_new(&pool, threads < worth ? threads : worth, error);
    if (status == BPNN_OK)
        bpnn__pool_run(pool, 0, pieces, copy_piece, &k);
    bpnn__pool_free(pool);
    return status;
}
