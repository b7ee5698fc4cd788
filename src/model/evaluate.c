/* Metrics of the whole pipeline on a table: blocks of rows are encoded, go through the engine (outputs and training loss
 * in one pass) and are counted in row order, so that neither threads nor instruction set change a bit. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/engine.h"
#include "model/metrics.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

enum { BLOCK_NUMBERS = 1 << 22, BLOCK_LEAST = 64, BLOCK_MOST = 4096 };

/* One evaluation. */
typedef struct evaluating {
    const bpnn_model *model;
    const bpnn_table *table;
    const bpnn__mapping *mapping;
    const size_t *rows;
    size_t count, block, outputs;
    bpnn_dtype dtype;
    bpnn__engine *engine;
    /* a block */
    void *inputs, *targets, *wide; /* wide: targets as one column a class, where the loss wants it */
    double *y, *raw, *values;
    /* results */
    double loss;          /* sum over rows */
    uint64_t trained;     /* rows that the loss counts */
    bpnn__errors *errors; /* target_count; regression */
    bpnn__hits hits;      /* classes */
} evaluating;

static bpnn_status make_room(evaluating *e, bpnn_error *error)
{
    const bpnn__schema *s = &e->model->schema;
    bool classes = s->task != BPNN_TASK_REGRESSION;
    size_t n = e->block, values = bpnn__value_count(e->model);
    e->inputs = bpnn__alloc(n * s->width, sizeof(double));
    e->targets = bpnn__alloc(n * e->outputs, sizeof(double));
    e->wide = bpnn__alloc(bpnn__one_hot_targets(e->model) ? n * e->outputs : 0, sizeof(double));
    e->y = bpnn__alloc(n * e->outputs, sizeof *e->y);
    e->raw = bpnn__alloc(n * s->target_count, sizeof *e->raw);
    e->values = bpnn__alloc(values, sizeof *e->values);
    e->errors = bpnn__alloc(s->target_count, sizeof *e->errors);
    if (!e->inputs || !e->targets || !e->wide || !e->y || !e->raw || !e->values || !e->errors)
        return bpnn__fail_memory(error);
    size_t scores = s->task == BPNN_TASK_BINARY ? e->count : 0;
    if (classes && !bpnn__hits_begin(&e->hits, s->class_count, scores))
        return bpnn__fail_memory(error);
    return BPNN_OK;
}

static void free_room(evaluating *e)
{
    bpnn__free(e->inputs);
    bpnn__free(e->targets);
    bpnn__free(e->wide);
    bpnn__free(e->y);
    bpnn__free(e->raw);
    bpnn__free(e->values);
    bpnn__free(e->errors);
    bpnn__hits_free(&e->hits);
    bpnn__engine_free(e->engine);
}

/* ---- counting rows ---- */

static void count_targets(evaluating *e, size_t r)
{
    size_t targets = e->model->schema.target_count;
    bool any = false;
    bpnn__present(e->model, e->y + r * e->outputs, e->values, NULL);
    for (size_t i = 0; i < targets; i++) {
        double truth = e->raw[r * targets + i];
        if (isnan(truth))
            continue;
        bpnn__errors_add(&e->errors[i], e->values[i], truth);
        any = true;
    }
    e->trained += any;
}

static void count_class(evaluating *e, size_t r)
{
    const double *y = e->y + r * e->outputs;
    double truth = e->raw[r];
    size_t label;
    if (!(truth >= 0)) /* NaN: no label; below 0: one that training never saw */
        return;
    bool scored = e->model->schema.task == BPNN_TASK_BINARY;
    bool no_odds = bpnn_net_describe(e->model->net).loss.kind == BPNN_LOSS_HINGE; /* a score is no probability */
    bpnn__present(e->model, y, e->values, &label);
    bpnn__hits_add(&e->hits, (size_t)truth, label, no_odds ? (double)NAN : e->values[(size_t)truth]);
    if (scored)
        bpnn__hits_score(&e->hits, bpnn__score(e->model, y), (size_t)truth == e->model->schema.positive);
    e->trained++;
}

static void count_block(evaluating *e, size_t rows)
{
    for (size_t r = 0; r < rows; r++)
        if (e->model->schema.task == BPNN_TASK_REGRESSION)
            count_targets(e, r);
        else
            count_class(e, r);
}

/* ---- one block ---- */

static bpnn_status encode_block(evaluating *e, size_t from, size_t rows, bpnn_error *error)
{
    const bpnn__schema *s = &e->model->schema;
    const size_t *picked = e->rows ? e->rows + from : NULL;
    bool hinge = bpnn_net_describe(e->model->net).loss.kind == BPNN_LOSS_HINGE;
    bpnn__encode_counts counts = {0};
    bpnn_status status =
        bpnn__schema_encode(s, e->table, e->mapping, picked, from, rows, e->dtype, e->inputs, NULL, error);
    if (status == BPNN_OK)
        status = bpnn__schema_targets(s, e->table, e->mapping, picked, from, rows, hinge, e->dtype, e->targets, e->raw,
                                      &counts, error);
    if (status == BPNN_OK && bpnn__one_hot_targets(e->model))
        bpnn__one_hot(e->dtype, e->targets, rows, e->outputs, hinge ? -1 : 0, e->wide);
    e->hits.unseen += counts.unseen_labels;
    return status;
}

static void run_block(evaluating *e, size_t rows)
{
    const bpnn__schema *s = &e->model->schema;
    bool wide = bpnn__one_hot_targets(e->model);
    size_t columns = wide || s->task != BPNN_TASK_MULTICLASS ? e->outputs : 1;
    double loss;
    bpnn__batch batch = {.inputs = bpnn_matrix_make(e->inputs, e->dtype, rows, s->width),
                         .targets = bpnn_matrix_make(wide ? e->wide : e->targets, e->dtype, rows, columns),
                         .weight_scale = 1,
                         .count = rows};
    bpnn__engine_evaluate(e->engine, &batch, &loss, e->y);
    bool mean = bpnn_net_describe(e->model->net).reduction == BPNN_REDUCTION_MEAN;
    e->loss += mean ? loss * (double)rows : loss;
    count_block(e, rows);
}

static bpnn_status run_blocks(evaluating *e, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    for (size_t from = 0; from < e->count && status == BPNN_OK; from += e->block) {
        size_t rows = e->count - from < e->block ? e->count - from : e->block;
        status = encode_block(e, from, rows, error);
        if (status == BPNN_OK)
            run_block(e, rows);
    }
    return status;
}

/* ---- results ---- */

static bpnn_status finish(evaluating *e, bpnn_metrics *metrics, bpnn_error *error)
{
    const bpnn__schema *s = &e->model->schema;
    for (size_t i = 0; i < s->target_count; i++) {
        if (s->task == BPNN_TASK_REGRESSION)
            bpnn__errors_finish(&e->errors[i], &metrics[i]);
        else if (!bpnn__hits_finish(&e->hits, s->positive, &metrics[i]))
            return bpnn__fail_memory(error);
        if (e->trained > 0)
            metrics[i].loss = e->loss / (double)e->trained; /* of all targets together */
    }
    return BPNN_OK;
}

static bpnn_status make_engine(evaluating *e, size_t threads, const char *isa, bpnn_error *error)
{
    size_t group = bpnn_net_describe(e->model->net).group_rows;
    bpnn__engine_options options = {.max_rows = e->block < group ? e->block : group, .threads = threads, .isa = isa};
    return bpnn__engine_new(&e->engine, e->model->net, &options, error);
}

bpnn_status bpnn__evaluate_rows(const bpnn_model *model, const bpnn_table *table, const bpnn__mapping *mapping,
                                const size_t *rows, size_t count, size_t threads, const char *isa,
                                bpnn_metrics *metrics, bpnn_error *error)
{
    const bpnn__schema *s = &model->schema;
    bpnn_precision precision = bpnn_net_describe(model->net).precision;
    evaluating e = {.model = model, .table = table, .mapping = mapping, .rows = rows, .count = count};
    for (size_t i = 0; i < s->target_count; i++)
        bpnn__metrics_clear(&metrics[i], s->task, s->class_count);
    e.outputs = bpnn__schema_outputs(s);
    e.dtype = precision == BPNN_SINGLE ? BPNN_F32 : BPNN_F64;
    e.block = bpnn__block_rows(s->width + e.outputs, BLOCK_NUMBERS, BLOCK_LEAST, BLOCK_MOST);
    bpnn_status status = make_room(&e, error);
    if (status == BPNN_OK)
        status = make_engine(&e, threads, isa, error);
    if (status == BPNN_OK)
        status = run_blocks(&e, error);
    if (status == BPNN_OK)
        status = finish(&e, metrics, error);
    free_room(&e);
    if (status != BPNN_OK)
        for (size_t i = 0; i < s->target_count; i++)
            bpnn_metrics_free(&metrics[i]);
    return status;
}

bpnn_status bpnn_model_evaluate(const bpnn_model *model, const bpnn_table *table, size_t threads, const char *isa,
                                bpnn_metrics *metrics, bpnn_error *error)
{
    bpnn__mapping mapping = {0};
    memset(metrics, 0, model->schema.target_count * sizeof *metrics);
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = bpnn__schema_map(&model->schema, table, true, &mapping, error);
    if (status == BPNN_OK)
        status =
            bpnn__evaluate_rows(model, table, &mapping, NULL, bpnn_table_rows(table), threads, isa, metrics, error);
    bpnn__fpmode_leave(mode);
    bpnn__mapping_free(&mapping);
    return status;
}
