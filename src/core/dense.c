/* Cholesky by blocks of 64 columns, looking left: the block takes the product of all columns before it, is factored at
 * the diagonal, and is solved below. */
#include "core/dense.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "kernel/kernels.h"
#include "kernel/scalar.h"

#include <math.h>
#include <string.h>

enum { WIDE = 8, COLUMNS = WIDE * LANES, ROWS = 64, WORKERS = 64 }; /* panels and columns a block, rows a unit */

_Static_assert(LANES == BPNN__DENSE_LANES, "dense matrices stand in panels of doubles");

struct bpnn__factor {
    const BPNN_NAME(kernels) * kernels;
    bpnn__pool *pool;
    bpnn__dense l;
    double *across;  /* the block's rows of L, transposed: [panel][k][LANES], stride `l.stride` lines */
    double *product; /* ROWS lines a panel for every worker */
    double *columns; /* of L^-1: COLUMNS x n a worker; made when first asked for */
    size_t workers;
    /* what the units of a phase work on */
    const bpnn__dense *from;
    double scale;
    const double *add;
    size_t block, first; /* first panel of the block; first row of the phase */
    double *out;
};

/* ---- matrices ---- */

static size_t padded(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

size_t bpnn__dense_bytes(size_t size)
{
    size_t cells, bytes;
    if (size > SIZE_MAX - LANES || !bpnn__mul(padded(size), padded(size), &cells) ||
        !bpnn__mul(cells, sizeof(double), &bytes))
        return SIZE_MAX;
    return bytes;
}

bpnn_status bpnn__dense_new(bpnn__dense *m, size_t size, bpnn_error *error)
{
    size_t bytes = bpnn__dense_bytes(size);
    *m = (bpnn__dense){.size = size, .stride = padded(size)};
    m->lines = bytes < SIZE_MAX ? bpnn__alloc_lines(bytes / BPNN__LINE, BPNN__LINE) : NULL;
    return m->lines ? BPNN_OK : bpnn__fail_memory(error);
}

void bpnn__dense_free(bpnn__dense *m)
{
    bpnn__free_lines(m->lines);
    m->lines = NULL;
}

void bpnn__dense_clear(bpnn__dense *m)
{
    memset(m->lines, 0, bpnn__dense_bytes(m->size));
}

/* ---- making and freeing ---- */

bpnn_status bpnn__factor_new(bpnn__factor **out, size_t size, const char *isa, bpnn__pool *pool, bpnn_error *error)
{
    bpnn__factor *f = bpnn__alloc(1, sizeof *f);
    *out = NULL;
    if (!f)
        return bpnn__fail_memory(error);
    f->pool = pool;
    f->workers = pool ? bpnn__pool_threads(pool) : 1;
    if (f->workers > WORKERS)
        f->workers = WORKERS;
    f->kernels = BPNN_NAME(kernels_find)(isa);
    bpnn_status status = f->kernels ? bpnn__dense_new(&f->l, size, error)
                                    : bpnn__fail(error, BPNN_USAGE, "instruction set '%s' is not known here", isa);
    if (status == BPNN_OK) {
        f->across = bpnn__alloc_lines(WIDE * f->l.stride, BPNN__LINE);
        f->product = bpnn__alloc_lines(f->workers * WIDE * ROWS, BPNN__LINE);
        if (!f->across || !f->product)
            status = bpnn__fail_memory(error);
    }
    if (status == BPNN_OK)
        *out = f;
    else
        bpnn__factor_free(f);
    return status;
}

void bpnn__factor_free(bpnn__factor *f)
{
    if (!f)
        return;
    bpnn__dense_free(&f->l);
    bpnn__free_lines(f->across);
    bpnn__free_lines(f->product);
    bpnn__free_lines(f->columns);
    bpnn__free(f);
}

/* ---- work shared out: worker u takes units u, u + workers, .. ---- */

typedef void (*unit_work)(bpnn__factor *f, size_t worker, size_t unit);

typedef struct shared_work {
    bpnn__factor *factor;
    unit_work work;
    size_t units, workers;
} shared_work;

static void take_share(void *context, size_t worker)
{
    const shared_work *job = context;
    uint64_t mode = bpnn__fpmode_enter();
    for (size_t unit = worker; unit < job->units; unit += job->workers)
        job->work(job->factor, worker, unit);
    bpnn__fpmode_leave(mode);
}

static void share(bpnn__factor *f, size_t units, double multiply_adds, unit_work work)
{
    shared_work job = {f, work, units, multiply_adds < 1e6 || units < 2 ? 1 : f->workers};
    if (f->pool)
        bpnn__pool_run(f->pool, job.workers, job.workers, take_share, &job);
    else
        take_share(&job, 0);
}

/* ---- the factor ---- */

static double *line_at(const bpnn__dense *m, size_t panel, size_t row)
{
    return m->lines + (panel * m->stride + row) * LANES;
}

static size_t block_panels(const bpnn__factor *f, size_t block)
{
    size_t left = f->l.stride / LANES - block;
    return left < WIDE ? left : WIDE;
}

/* Rows `row` .. of the block's panels take scale A + diag(add), less the product with all columns before. */
static void take_product(bpnn__factor *f, size_t worker, size_t unit)
{
    size_t row = f->block * LANES + unit * ROWS, depth = f->block * LANES, panels = block_panels(f, f->block);
    size_t rows = f->l.stride - row < ROWS ? f->l.stride - row : ROWS;
    double *c = f->product + worker * WIDE * ROWS * LANES;
    if (depth > 0)
        f->kernels->rows(rows, panels, depth, line_at(&f->l, 0, row), f->l.stride, f->across, f->l.stride, NULL, 0,
                         NULL, c, ROWS);
    for (size_t p = 0; p < panels; p++) {
        const double *from = line_at(f->from, f->block + p, row);
        double *to = line_at(&f->l, f->block + p, row);
        for (size_t i = 0; i < rows * LANES; i++)
            to[i] = f->scale * from[i] - (depth > 0 ? c[p * ROWS * LANES + i] : 0);
        for (size_t l = 0; l < LANES; l++) { /* the diagonal, if it passes here */
            size_t j = (f->block + p) * LANES + l;
            if (j < row || j >= row + rows)
                continue;
            double with = to[(j - row) * LANES + l] + (j < f->l.size ? f->add[j] : 0);
            to[(j - row) * LANES + l] = j < f->l.size ? with : 1;
        }
    }
}

/* across[p][k] = L[rows of panel first + p][k] for k in panels from .. to - 1; k counts from panel `from`. */
static void turn(bpnn__factor *f, size_t first, size_t panels, size_t from, size_t to)
{
    for (size_t p = 0; p < panels; p++)
        for (size_t k = from; k < to; k++)
            f->kernels->transpose(LANES, line_at(&f->l, k, (first + p) * LANES),
                                  f->across + (p * f->l.stride + (k - from) * LANES) * LANES);
}

/* The 8 x 8 block at the diagonal of one panel. */
static bool factor_corner(double *a)
{
    for (size_t j = 0; j < LANES; j++) {
        double pivot = a[j * LANES + j];
        for (size_t k = 0; k < j; k++)
            pivot -= a[j * LANES + k] * a[j * LANES + k];
        if (!(pivot > 0) || isinf(pivot))
            return false;
        a[j * LANES + j] = sqrt(pivot);
        for (size_t i = j + 1; i < LANES; i++) {
            double x = a[i * LANES + j];
            for (size_t k = 0; k < j; k++)
                x -= a[i * LANES + k] * a[j * LANES + k];
            a[i * LANES + j] = x / a[j * LANES + j];
        }
    }
    return true;
}

/* x <- x corner^-T for one row of 8. */
static void solve_row(const double *corner, double *x)
{
    for (size_t j = 0; j < LANES; j++) {
        for (size_t k = 0; k < j; k++)
            x[j] -= x[k] * corner[j * LANES + k];
        x[j] /= corner[j * LANES + j];
    }
}

/* Panel p of the block at `rows` rows from `row`: less the block's columns before it, then solved. `across` holds the panel's own
 * rows, turned. */
static void finish_rows(bpnn__factor *f, double *c, size_t p, size_t row, size_t rows)
{
    const double *corner = line_at(&f->l, f->block + p, (f->block + p) * LANES);
    double *to = line_at(&f->l, f->block + p, row);
    if (p > 0) {
        f->kernels->rows(rows, 1, p * LANES, line_at(&f->l, f->block, row), f->l.stride,
                         f->across + p * f->l.stride * LANES, f->l.stride, NULL, 0, NULL, c, ROWS);
        for (size_t i = 0; i < rows * LANES; i++)
            to[i] -= c[i];
    }
    for (size_t r = 0; r < rows; r++)
        solve_row(corner, to + r * LANES);
}

/* The diagonal block: panel by panel. */
static bool factor_block(bpnn__factor *f)
{
    size_t panels = block_panels(f, f->block);
    for (size_t p = 0; p < panels; p++) {
        size_t row = (f->block + p) * LANES;
        double *corner = line_at(&f->l, f->block + p, row);
        turn(f, f->block + p, 1, f->block, f->block + p);
        memcpy(f->across + p * f->l.stride * LANES, f->across, p * LANES * LANES * sizeof(double));
        if (p > 0) {
            f->kernels->rows(LANES, 1, p * LANES, line_at(&f->l, f->block, row), f->l.stride,
                             f->across + p * f->l.stride * LANES, f->l.stride, NULL, 0, NULL, f->product, ROWS);
            for (size_t i = 0; i < LANES * LANES; i++)
                corner[i] -= f->product[i];
        }
        if (!factor_corner(corner))
            return false;
        size_t below = (f->block + panels) * LANES - row - LANES;
        if (below > 0)
            finish_rows(f, f->product, p, row + LANES, below);
    }
    return true;
}

static void solve_below(bpnn__factor *f, size_t worker, size_t unit)
{
    size_t row = f->first + unit * ROWS;
    size_t rows = f->l.stride - row < ROWS ? f->l.stride - row : ROWS;
    for (size_t p = 0; p < block_panels(f, f->block); p++)
        finish_rows(f, f->product + worker * WIDE * ROWS * LANES, p, row, rows);
}

bool bpnn__factorise(bpnn__factor *f, const bpnn__dense *a, double scale, const double *add)
{
    f->from = a;
    f->scale = scale;
    f->add = add;
    for (f->block = 0; f->block < f->l.stride / LANES; f->block += WIDE) {
        size_t panels = block_panels(f, f->block), rows = f->l.stride - f->block * LANES;
        turn(f, f->block, panels, 0, f->block);
        share(f, (rows + ROWS - 1) / ROWS, (double)rows * COLUMNS * (double)(f->block + 1) * LANES, take_product);
        if (!factor_block(f))
            return false;
        f->first = (f->block + panels) * LANES;
        rows = f->l.stride - f->first;
        share(f, (rows + ROWS - 1) / ROWS, (double)rows * COLUMNS * COLUMNS, solve_below);
    }
    return true;
}

/* ---- what is done with it ---- */

void bpnn__factor_solve(const bpnn__factor *f, double *x)
{
    const bpnn__dense *l = &f->l;
    for (size_t j = 0; j < l->size; j++) { /* L y = x, column by column */
        x[j] /= *bpnn__dense_at(l, j, j);
        const double *column = bpnn__dense_at(l, j, j);
        for (size_t i = j + 1; i < l->size; i++)
            x[i] -= column[(i - j) * LANES] * x[j];
    }
    for (size_t j = l->size; j-- > 0;) { /* L^T x = y */
        const double *column = bpnn__dense_at(l, j, j);
        double sum[LANES] = {0};
        for (size_t i = j + 1; i < l->size; i++)
            sum[i % LANES] += column[(i - j) * LANES] * x[i];
        for (size_t half = LANES / 2; half > 0; half /= 2)
            for (size_t k = 0; k < half; k++)
                sum[k] += sum[k + half];
        x[j] = (x[j] - sum[0]) / *column;
    }
}

double bpnn__factor_log_det(const bpnn__factor *f)
{
    double sum = 0;
    for (size_t j = 0; j < f->l.size; j++)
        sum += bpnn__log(*bpnn__dense_at(&f->l, j, j));
    return 2 * sum;
}

/* One panel's 8 x 8 corner: x <- corner^-1 x for 8 rows of a panel of right-hand sides. */
static void solve_corner(const double *corner, double *x)
{
    for (size_t i = 0; i < LANES; i++)
        for (size_t c = 0; c < LANES; c++) {
            double sum = x[i * LANES + c];
            for (size_t k = 0; k < i; k++)
                sum -= corner[i * LANES + k] * x[k * LANES + c];
            x[i * LANES + c] = sum / corner[i * LANES + i];
        }
}

/* Columns of L^-1 for one block: 8 rows at a time; their squares summed down the rows. */
static void invert_columns(bpnn__factor *f, size_t worker, size_t unit)
{
    size_t first = unit * WIDE, panels = block_panels(f, first), all = f->l.stride / LANES, stride = f->l.stride;
    double *x = f->columns + worker * COLUMNS * stride, *c = f->product + worker * WIDE * ROWS * LANES;
    double squares[COLUMNS] = {0};
    memset(c, 0, (size_t)WIDE * ROWS * LANES * sizeof(double));
    for (size_t q = first; q < all; q++) {
        size_t depth = (q - first) * LANES;
        if (depth > 0)
            f->kernels->rows(LANES, panels, depth, line_at(&f->l, first, q * LANES), stride, x, stride, NULL, 0, NULL,
                             c, ROWS);
        for (size_t p = 0; p < panels; p++) {
            double *to = x + (p * stride + depth) * LANES;
            for (size_t i = 0; i < LANES; i++)
                for (size_t l = 0; l < LANES; l++)
                    to[i * LANES + l] = (double)(q == first + p && i == l) - c[(p * ROWS + i) * LANES + l];
            solve_corner(line_at(&f->l, q, q * LANES), to);
            for (size_t i = 0; i < LANES * LANES; i++)
                squares[p * LANES + i % LANES] += to[i] * to[i];
        }
    }
    for (size_t k = 0; k < panels * LANES && first * LANES + k < f->l.size; k++)
        f->out[first * LANES + k] = squares[k];
}

bool bpnn__factor_prepare_inverse(bpnn__factor *f)
{
    if (!f->columns)
        f->columns = bpnn__alloc_lines(f->workers * WIDE * f->l.stride, BPNN__LINE);
    return f->columns != NULL;
}

void bpnn__factor_inverse_diagonal(bpnn__factor *f, double *out)
{
    double n = (double)f->l.size;
    f->out = out;
    share(f, (f->l.stride + COLUMNS - 1) / COLUMNS, n * n * n / 6, invert_columns);
}
