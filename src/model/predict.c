/* Predictions for a raw table. Blocks of rows are units of work for the threads: a block is encoded, goes through the
 * network and is presented; nothing is shared but the model, which is only read. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "base/threads.h"
#include "model/model.h"
#include "net/net.h"

#include <string.h>

enum { BLOCK_NUMBERS = 1 << 18, BLOCK_LEAST = 16, BLOCK_MOST = 1024 };

/* One call. failed[u] and counts[u] belong to unit u. */
typedef struct predicting {
    const bpnn_model *model;
    size_t members;
    bpnn_predictor **predictor; /* members */
    const bpnn_table *table;
    const bpnn__mapping *mapping;
    const size_t *rows; /* of the table; NULL: all */
    bpnn_prediction *out;
    size_t block;
    bool *failed;
    bpnn__encode_counts *counts;
} predicting;

/* Room of a unit. values: of one row and a member behind the first, before they are added to the others'. */
typedef struct room {
    void *inputs, *workspace;
    size_t workspace_size;
    double *y, *values;
} room;

/* The first member's values are put down, the others' added to them; the last one makes the mean. */
static void present_block(const predicting *p, size_t member, const room *use, size_t first, size_t count)
{
    const bpnn_model *model = bpnn_model_member(p->model, member);
    size_t outputs = bpnn__schema_outputs(&model->schema);
    bpnn_prediction *out = p->out;
    for (size_t r = 0; r < count; r++) {
        double *values = out->values + (first + r) * out->columns;
        size_t *label = out->label ? out->label + first + r : NULL;
        bpnn__present(model, use->y + r * outputs, member == 0 ? values : use->values, label);
        for (size_t i = 0; member > 0 && i < out->columns; i++)
            values[i] += use->values[i];
        if (member > 0 && member + 1 == p->members)
            bpnn__average(model, p->members, values, label);
    }
}

static bpnn_status run_block(const predicting *p, size_t member, size_t first, size_t count, const room *use,
                             bpnn__encode_counts *counts, bpnn_error *error)
{
    const bpnn_model *model = bpnn_model_member(p->model, member);
    bpnn_dtype dtype = model->net->precision == BPNN_SINGLE ? BPNN_F32 : BPNN_F64;
    bpnn_status status = bpnn__schema_encode(&model->schema, p->table, p->mapping, p->rows ? p->rows + first : NULL,
                                             first, count, dtype, use->inputs, member == 0 ? counts : NULL, error);
    if (status == BPNN_OK)
        status =
            bpnn_predictor_run(p->predictor[member], bpnn_matrix_make(use->inputs, dtype, count, model->schema.width),
                               use->y, BPNN_F64, use->workspace, use->workspace_size, error);
    if (status == BPNN_OK)
        present_block(p, member, use, first, count);
    return status;
}

static bpnn_status do_unit(const predicting *p, size_t unit, bpnn_error *error)
{
    const bpnn__schema *schema = &p->model->schema;
    size_t first = unit * p->block, left = p->out->rows - first, count = left < p->block ? left : p->block;
    size_t cells = 0, numbers = 0;
    bool fits = bpnn__mul(count, schema->width, &cells) && bpnn__mul(count, bpnn__schema_outputs(schema), &numbers);
    room use = {.workspace_size = bpnn_predictor_workspace(p->predictor[0], count)}; /* members have one shape */
    use.inputs = fits ? bpnn__alloc(cells, sizeof(double)) : NULL;
    use.y = fits ? bpnn__alloc(numbers, sizeof *use.y) : NULL;
    use.values = bpnn__alloc(p->out->columns, sizeof *use.values);
    use.workspace = bpnn__alloc(use.workspace_size, 1);
    memset(&p->counts[unit], 0, sizeof p->counts[unit]);
    bpnn_status status = use.inputs && use.y && use.values && use.workspace ? BPNN_OK : bpnn__fail_memory(error);
    for (size_t k = 0; k < p->members && status == BPNN_OK; k++)
        status = run_block(p, k, first, count, &use, &p->counts[unit], error);
    bpnn__free(use.workspace);
    bpnn__free(use.values);
    bpnn__free(use.y);
    bpnn__free(use.inputs);
    return status;
}

static void try_unit(void *context, size_t unit)
{
    const predicting *p = context;
    p->failed[unit] = do_unit(p, unit, NULL) != BPNN_OK;
}

/* All units; the first that failed is done once more for its message, so that it does not depend on the threads. */
static bpnn_status run_units(const predicting *p, size_t units, size_t threads, bpnn_error *error)
{
    bpnn__pool *pool;
    bpnn_status status = bpnn__pool_new(&pool, threads, error);
    if (status != BPNN_OK)
        return status;
    bpnn__pool_run(pool, 0, units, try_unit, (void *)(uintptr_t)p);
    bpnn__pool_free(pool);
    for (size_t u = 0; u < units && status == BPNN_OK; u++) {
        if (p->failed[u])
            status = do_unit(p, u, error);
        p->out->unseen_cells += p->counts[u].unseen_cells;
        p->out->imputed_cells += p->counts[u].imputed_cells;
    }
    return status;
}

static bpnn_status predict_rows(predicting *p, size_t threads, bpnn_error *error)
{
    size_t width = p->model->schema.width, rows = p->out->rows;
    p->block = bpnn__block_rows(width, BLOCK_NUMBERS, BLOCK_LEAST, BLOCK_MOST);
    size_t units = rows / p->block + (rows % p->block > 0);
    p->failed = bpnn__alloc(units, sizeof *p->failed);
    p->counts = bpnn__alloc(units, sizeof *p->counts);
    bpnn_status status = BPNN_OK;
    if (!p->failed || !p->counts)
        status = bpnn__fail_memory(error);
    else if (units > 0)
        status = run_units(p, units, units == 1 ? 1 : threads, error);
    bpnn__free(p->failed);
    bpnn__free(p->counts);
    return status;
}

static bpnn_status make_room(const bpnn_model *model, size_t rows, bpnn_prediction *out, bpnn_error *error)
{
    size_t cells;
    out->rows = rows;
    out->columns = bpnn__value_count(model);
    if (bpnn__mul(rows, out->columns, &cells))
        out->values = bpnn__alloc(cells, sizeof *out->values);
    if (model->schema.task != BPNN_TASK_REGRESSION)
        out->label = bpnn__alloc(rows, sizeof *out->label);
    bool made = out->values && (out->label || model->schema.task == BPNN_TASK_REGRESSION);
    return made ? BPNN_OK : bpnn__fail_memory(error);
}

static bool is_auto(const char *isa)
{
    return !isa || strcmp(isa, "auto") == 0;
}

/* The members' own packed nets, or others for the instruction set that is asked for. */
static bpnn_status choose_predictors(predicting *p, const char *isa, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    p->members = bpnn_model_members(p->model);
    p->predictor = bpnn__alloc(p->members, sizeof *p->predictor);
    if (!p->predictor)
        return bpnn__fail_memory(error);
    for (size_t k = 0; k < p->members && status == BPNN_OK; k++) {
        const bpnn_model *member = bpnn_model_member(p->model, k);
        if (is_auto(isa))
            p->predictor[k] = member->predictor;
        else
            status = bpnn_predictor_new(&p->predictor[k], member->net, isa, error);
    }
    return status;
}

static void free_predictors(predicting *p, const char *isa)
{
    for (size_t k = 0; p->predictor && !is_auto(isa) && k < p->members; k++)
        bpnn_predictor_free(p->predictor[k]);
    bpnn__free(p->predictor);
}

bpnn_status bpnn__predict_rows(const bpnn_model *model, const bpnn_table *table, const size_t *rows, size_t count,
                               size_t threads, const char *isa, bpnn_prediction *prediction, bpnn_error *error)
{
    bpnn__mapping mapping = {0};
    predicting p = {.model = model, .table = table, .mapping = &mapping, .rows = rows, .out = prediction};
    memset(prediction, 0, sizeof *prediction);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = bpnn__schema_map(&model->schema, table, false, &mapping, error);
    if (status == BPNN_OK)
        status = choose_predictors(&p, isa, error);
    if (status == BPNN_OK)
        status = make_room(model, count, prediction, error);
    if (status == BPNN_OK)
        status = predict_rows(&p, threads, error);
    bpnn__fpmode_leave(mode);
    free_predictors(&p, isa);
    bpnn__mapping_free(&mapping);
    if (status != BPNN_OK)
        bpnn_prediction_free(prediction);
    return status;
}

bpnn_status bpnn_model_predict(const bpnn_model *model, const bpnn_table *table, size_t threads, const char *isa,
                               bpnn_prediction *prediction, bpnn_error *error)
{
    return bpnn__predict_rows(model, table, NULL, bpnn_table_rows(table), threads, isa, prediction, error);
}

void bpnn_prediction_free(bpnn_prediction *prediction)
{
    if (!prediction)
        return;
    bpnn__free(prediction->values);
    bpnn__free(prediction->label);
    memset(prediction, 0, sizeof *prediction);
}
