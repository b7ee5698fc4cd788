/* Rows of tables as matrices in the network's precision. */
#include "base/error.h"
#include "base/little.h"
#include "base/memory.h"
#include "model/fit.h"
#include "net/net.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

enum { LOOK_ROWS = 4096 };

/* ---- which rows ---- */

/* True if any of `count` raw targets is there. */
static bool any_target(const double *raw, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isnan(raw[i]))
            return true;
    return false;
}

/* Rows of a table of its own that have a target: the others would only count in the divisor. */
static bpnn_status pick_rows(const bpnn__fitting *f, bpnn__rows *part)
{
    const bpnn__schema *s = &f->model->schema;
    size_t all = bpnn_table_rows(part->table);
    double *raw = bpnn__alloc(LOOK_ROWS * s->target_count, sizeof *raw), *out = NULL;
    part->picked = bpnn__alloc(all, sizeof *part->picked);
    out = bpnn__alloc(LOOK_ROWS * s->target_count, sizeof *out);
    bpnn_status status = raw && out && part->picked ? BPNN_OK : bpnn__fail_memory(f->error);
    for (size_t from = 0; from < all && status == BPNN_OK; from += LOOK_ROWS) {
        size_t rows = all - from < LOOK_ROWS ? all - from : LOOK_ROWS;
        status = bpnn__schema_targets(s, part->table, part->mapping, NULL, from, rows, false, BPNN_F64, out, raw, NULL,
                                      f->error);
        for (size_t r = 0; status == BPNN_OK && r < rows; r++)
            if (any_target(raw + r * s->target_count, s->target_count))
                part->picked[part->count++] = from + r;
    }
    bpnn__free(out);
    bpnn__free(raw);
    part->rows = part->picked;
    return status;
}

static bpnn_status use_table(bpnn__fitting *f, bpnn__part which, const bpnn_table *table)
{
    bpnn__rows *part = &f->part[which];
    if (!table)
        return BPNN_OK;
    *part = (bpnn__rows){.table = table, .mapping = &part->own};
    bpnn_status status = bpnn__schema_map(&f->model->schema, table, true, &part->own, f->error);
    return status == BPNN_OK ? pick_rows(f, part) : status;
}

bpnn_status bpnn__find_parts(bpnn__fitting *f)
{
    const bpnn__plan *p = &f->plan;
    bpnn_status status = bpnn__schema_map(&f->model->schema, f->table, true, &f->mapping, f->error);
    if (status != BPNN_OK)
        return status;
    f->part[BPNN__TRAIN] =
        (bpnn__rows){.table = f->table, .mapping = &f->mapping, .rows = p->train, .count = p->train_count};
    f->part[BPNN__VALIDATION] =
        (bpnn__rows){.table = f->table, .mapping = &f->mapping, .rows = p->valid, .count = p->valid_count};
    f->part[BPNN__TEST] =
        (bpnn__rows){.table = f->table, .mapping = &f->mapping, .rows = p->test, .count = p->test_count};
    status = use_table(f, BPNN__VALIDATION, f->options->validation);
    return status == BPNN_OK ? use_table(f, BPNN__TEST, f->options->test) : status;
}

/* ---- numbers ---- */

static bpnn_dtype dtype_of(const bpnn__fitting *f)
{
    return f->model->net->precision == BPNN_SINGLE ? BPNN_F32 : BPNN_F64;
}

static void *new_matrix(size_t rows, size_t cols, bpnn_dtype dtype)
{
    size_t cells;
    return bpnn__mul(rows, cols, &cells) ? bpnn__alloc(cells, bpnn_dtype_size(dtype)) : NULL;
}

static bpnn_status encode_inputs(const bpnn__fitting *f, const bpnn__rows *part, bpnn__encoded *out)
{
    size_t width = f->model->schema.width;
    bpnn_dtype dtype = dtype_of(f);
    out->inputs = new_matrix(part->count, width, dtype);
    if (!out->inputs)
        return bpnn__fail_memory(f->error);
    out->data.inputs = bpnn_matrix_make(out->inputs, dtype, part->count, width);
    return bpnn__schema_encode(&f->model->schema, part->table, part->mapping, part->rows, 0, part->count, dtype,
                               out->inputs, NULL, f->error);
}

/* Class indices become one column a class where the loss wants that. */
static bpnn_status widen(const bpnn__fitting *f, size_t count, double off, bpnn__encoded *out)
{
    size_t classes = f->model->schema.class_count;
    bpnn_dtype dtype = dtype_of(f);
    void *wide = new_matrix(count, classes, dtype);
    if (!wide)
        return bpnn__fail_memory(f->error);
    bpnn__one_hot(dtype, out->targets, count, classes, off, wide);
    bpnn__free(out->targets);
    out->targets = wide;
    out->data.targets = bpnn_matrix_make(wide, dtype, count, classes);
    return BPNN_OK;
}

static bpnn_status encode_targets(const bpnn__fitting *f, const bpnn__rows *part, bpnn__encoded *out)
{
    const bpnn__schema *s = &f->model->schema;
    bool hinge = f->model->net->loss.kind == BPNN_LOSS_HINGE;
    bpnn_dtype dtype = dtype_of(f);
    size_t columns = s->task == BPNN_TASK_REGRESSION ? s->target_count : 1;
    out->targets = new_matrix(part->count, columns, dtype);
    if (!out->targets)
        return bpnn__fail_memory(f->error);
    out->data.targets = bpnn_matrix_make(out->targets, dtype, part->count, columns);
    bpnn_status status = bpnn__schema_targets(s, part->table, part->mapping, part->rows, 0, part->count, hinge, dtype,
                                              out->targets, NULL, NULL, f->error);
    if (status == BPNN_OK && bpnn__one_hot_targets(f->model))
        status = widen(f, part->count, hinge ? -1 : 0, out);
    return status;
}

/* Weights are known for rows of the fitted table alone. */
static bpnn_status encode_weights(const bpnn__fitting *f, const bpnn__rows *part, bpnn__encoded *out)
{
    bool any = false;
    if (part->table != f->table || part->picked)
        return BPNN_OK;
    out->weights = bpnn__alloc(part->count, sizeof *out->weights);
    if (!out->weights)
        return bpnn__fail_memory(f->error);
    bpnn_status status =
        bpnn__plan_weights(&f->plan, f->table, f->options, part->rows, part->count, out->weights, &any, f->error);
    if (!any) {
        bpnn__free(out->weights);
        out->weights = NULL;
    }
    out->data.row_weights = out->weights;
    return status;
}

bpnn_status bpnn__encode_part(const bpnn__fitting *f, bpnn__part which, bpnn__encoded *out)
{
    const bpnn__rows *part = &f->part[which];
    memset(out, 0, sizeof *out);
    bpnn_status status = encode_inputs(f, part, out);
    if (status == BPNN_OK)
        status = encode_targets(f, part, out);
    return status == BPNN_OK ? encode_weights(f, part, out) : status;
}

void bpnn__encoded_free(bpnn__encoded *encoded)
{
    bpnn__free(encoded->inputs);
    bpnn__free(encoded->targets);
    bpnn__free(encoded->weights);
    memset(encoded, 0, sizeof *encoded);
}

/* ---- looking at them ---- */

static uint32_t add_matrix(uint32_t crc, bpnn_matrix m)
{
    size_t size = bpnn_dtype_size(m.dtype);
    unsigned char number[sizeof(double)];
    if (BPNN__LITTLE)
        return (uint32_t)crc32_z(crc, m.data, m.rows * m.cols * size);
    for (size_t i = 0; i < m.rows * m.cols; i++) {
        bpnn__little(number, (const unsigned char *)m.data + i * size, 1, size);
        crc = (uint32_t)crc32_z(crc, number, size);
    }
    return crc;
}

uint32_t bpnn__fingerprint(const bpnn__encoded *e)
{
    uint32_t crc = add_matrix(add_matrix(0, e->data.inputs), e->data.targets);
    return e->weights ? add_matrix(crc, bpnn_matrix_make(e->weights, BPNN_F64, e->data.inputs.rows, 1)) : crc;
}

static double cell(bpnn_matrix m, size_t r, size_t c)
{
    size_t at = r * m.stride + c;
    return m.dtype == BPNN_F32 ? (double)((const float *)m.data)[at] : ((const double *)m.data)[at];
}

double *bpnn__input_ranges(const bpnn__encoded *e)
{
    bpnn_matrix m = e->data.inputs;
    double *low = bpnn__alloc(m.cols, 2 * sizeof *low);
    for (size_t c = 0; low && c < m.cols; c++) {
        double *high = low + m.cols;
        low[c] = high[c] = m.rows ? cell(m, 0, c) : 0;
        for (size_t r = 1; r < m.rows; r++) {
            double x = cell(m, r, c);
            low[c] = x < low[c] ? x : low[c];
            high[c] = x > high[c] ? x : high[c];
        }
    }
    return low;
}
