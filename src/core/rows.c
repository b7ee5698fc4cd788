/* The rows phase: blocks of rows that fit the cache run forward through all layers, take the output delta, and run the
 * deltas back. Rows are independent: threads take blocks, no barrier between layers. */
#include "core/core.h"

/* Rows a block: those of a net whose weights do not fit the cache go through it less often. */
enum { ROW_BLOCK = 64, LARGE_NET_BLOCK = 128, LEAST_BLOCK = 16, LARGE_NET_BYTES = 1 << 20 };

typedef struct rows_job {
    const CORE *core;
    const ARRAYS *arrays;
    const bpnn__batch *batch;
    size_t from, rows, block;
    bool backward;
} rows_job;

static void rows_unit(void *context, size_t unit)
{
    const rows_job *job = context;
    bpnn__span span = {unit * job->block, job->block};
    if (span.first + span.count > job->rows)
        span.count = job->rows - span.first;
    BPNN_NAME(gather_rows)(job->core, job->arrays, job->batch, job->from + span.first, span, job->batch->count);
    BPNN_NAME(forward)(job->core, job->arrays, span, job->backward, job->batch->update);
    if (job->backward)
        BPNN_NAME(backward)(job->core, job->arrays, span);
    else if (job->batch->targets.data)
        BPNN_NAME(row_losses)(job->core, job->arrays, span);
}

size_t BPNN_NAME(worthwhile_threads)(const CORE *core, double multiply_adds)
{
    double worth = multiply_adds / (60e3 * (double)core->kernels->width); /* about 12 us a thread */
    size_t threads = bpnn__pool_threads(core->pool);
    return worth < 2 ? 1 : worth < (double)threads ? (size_t)worth : threads;
}

/* Rows a block: a whole small batch for one thread, else enough blocks for all. */
static size_t block_rows(const CORE *core, size_t rows, size_t threads)
{
    size_t most = core->layout.lines * LANES * sizeof(real) > LARGE_NET_BYTES ? LARGE_NET_BLOCK : ROW_BLOCK;
    if (threads == 1)
        return most;
    size_t share = (rows / (2 * threads) + 7) / 8 * 8;
    return share < LEAST_BLOCK ? LEAST_BLOCK : share > most ? most : share;
}

double BPNN_NAME(rows_phase)(const CORE *core, ARRAYS *arrays, const bpnn__batch *batch, size_t from, size_t rows,
                             bool backward)
{
    double work = (double)rows * (double)core->layout.lines * LANES;
    size_t threads = backward ? core->threads : BPNN_NAME(worthwhile_threads)(core, work);
    rows_job job = {core, arrays, batch, from, rows, block_rows(core, rows, threads), backward};
    size_t units = (rows + job.block - 1) / job.block;
    bpnn__pool_run(core->pool, threads, units, rows_unit, &job);
    return BPNN_NAME(loss_of_rows)(core, batch, rows);
}

double BPNN_NAME(loss_of_rows)(const CORE *core, const bpnn__batch *batch, size_t rows)
{
    const ARRAYS *a = &core->arrays;
    double loss = 0;
    for (size_t r = 0; batch->targets.data && r < rows; r++)
        loss += a->weight[r] * (double)a->loss[r];
    return loss;
}
