/* Metrics of the whole pipeline on a table: blocks of rows are encoded, go through the engine (outputs and training loss
 * in one pass) and are counted in row order, so that neither threads nor instruction set change a bit. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/engine.h"
#include "model/metrics.h"
#include "model/model.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

enum { BLOCK_NUMBERS = 1 << 22, BLOCK_LEAST = 64, BLOCK_MOST = 4096 };

/* One evaluation. */
typedef struct evaluating {
    const bpnn_model *model;
    const bpnn__measured *what;
    size_t members, block, outputs, columns; /* columns: values a row */
    bpnn_dtype dtype;
    bpnn__engine *engine; /* one for all members, which have one shape */
    /* rows of a block where one member speaks */
    void *inputs, *targets, *wide; /* wide: targets as one column a class, where the loss wants it */
    double *y, *raw, *own;         /* own: values of one row */
    size_t *picked, *place;        /* rows of the table, of the block */
    /* a block */
    double *values, *truth, *score; /* rows x columns, rows x targets, rows */
    size_t *label, *speakers;
    /* results */
    double loss;          /* sum over rows and the members that speak there */
    uint64_t counted;     /* such pairs that the loss counts */
    bpnn__errors *errors; /* target_count; regression */
    bpnn__hits hits;      /* classes */
} evaluating;

static bool make_arrays(evaluating *e)
{
    const bpnn__schema *s = &e->model->schema;
    size_t n = e->block, wide = bpnn__one_hot_targets(e->model) ? n * e->outputs : 0;
    e->inputs = bpnn__alloc(n * s->width, sizeof(double));
    e->targets = bpnn__alloc(n * e->outputs, sizeof(double));
    e->wide = bpnn__alloc(wide, sizeof(double));
    e->y = bpnn__alloc(n * e->outputs, sizeof *e->y);
    e->raw = bpnn__alloc(n * s->target_count, sizeof *e->raw);
    e->own = bpnn__alloc(e->columns, sizeof *e->own);
    e->picked = bpnn__alloc(n, sizeof *e->picked);
    e->place = bpnn__alloc(n, sizeof *e->place);
    e->values = bpnn__alloc(n * e->columns, sizeof *e->values);
    e->truth = bpnn__alloc(n * s->target_count, sizeof *e->truth);
    e->score = bpnn__alloc(n, sizeof *e->score);
    e->label = bpnn__alloc(n, sizeof *e->label);
    e->speakers = bpnn__alloc(n, sizeof *e->speakers);
    e->errors = bpnn__alloc(s->target_count, sizeof *e->errors);
    return e->inputs && e->targets && e->wide && e->y && e->raw && e->own && e->picked && e->place && e->values &&
           e->truth && e->score && e->label && e->speakers && e->errors;
}

static bpnn_status make_room(evaluating *e, bpnn_error *error)
{
    const bpnn__schema *s = &e->model->schema;
    size_t scores = s->task == BPNN_TASK_BINARY ? e->what->count : 0;
    bool made = make_arrays(e);
    if (made && s->task != BPNN_TASK_REGRESSION)
        made = bpnn__hits_begin(&e->hits, s->class_count, scores);
    return made ? BPNN_OK : bpnn__fail_memory(error);
}

static void free_room(evaluating *e)
{
    bpnn__engine_free(e->engine);
    void *const arrays[] = {e->inputs, e->targets, e->wide,  e->y,     e->raw,   e->own,      e->picked,
                            e->place,  e->values,  e->truth, e->score, e->label, e->speakers, e->errors};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        bpnn__free(arrays[i]);
    bpnn__hits_free(&e->hits);
}

/* ---- counting rows ---- */

static void count_targets(evaluating *e, size_t r)
{
    size_t targets = e->model->schema.target_count;
    bool any = false;
    for (size_t i = 0; i < targets; i++) {
        double truth = e->truth[r * targets + i];
        if (isnan(truth))
            continue;
        bpnn__errors_add(&e->errors[i], e->values[r * e->columns + i], truth);
        any = true;
    }
    if (any)
        e->counted += e->speakers[r];
}

static void count_class(evaluating *e, size_t r)
{
    const double *values = e->values + r * e->columns;
    double truth = e->truth[r];
    if (truth < 0)
        e->hits.unseen++;
    if (!(truth >= 0)) /* NaN: no label; below 0: one that training never saw */
        return;
    bool scored = e->model->schema.task == BPNN_TASK_BINARY;
    bool no_odds = e->model->net->loss.kind == BPNN_LOSS_HINGE; /* a score is no probability */
    bpnn__hits_add(&e->hits, (size_t)truth, e->label[r], no_odds ? (double)NAN : values[(size_t)truth]);
    if (scored)
        bpnn__hits_score(&e->hits, e->score[r], (size_t)truth == e->model->schema.positive);
    e->counted += e->speakers[r];
}

static void count_block(evaluating *e, size_t rows)
{
    for (size_t r = 0; r < rows; r++) {
        if (e->speakers[r] > 1)
            bpnn__average(e->model, e->speakers[r], e->values + r * e->columns, &e->label[r]);
        if (e->model->schema.task == BPNN_TASK_REGRESSION)
            count_targets(e, r);
        else
            count_class(e, r);
    }
}

/* ---- one member in one block ---- */

/* Rows of the block where the member speaks; NULL: all of the table from the block's first on. */
static const size_t *pick(evaluating *e, size_t member, size_t from, size_t rows, size_t *count)
{
    const bpnn__measured *w = e->what;
    *count = 0;
    for (size_t r = 0; r < rows; r++) {
        if (w->speaks && !w->speaks[member * w->count + from + r])
            continue;
        e->place[*count] = r;
        e->picked[(*count)++] = w->rows ? w->rows[from + r] : from + r;
    }
    return w->rows || w->speaks ? e->picked : NULL;
}

static bpnn_status encode_block(evaluating *e, const bpnn_model *member, const size_t *picked, size_t from, size_t rows,
                                bpnn_error *error)
{
    const bpnn__measured *w = e->what;
    bool hinge = member->net->loss.kind == BPNN_LOSS_HINGE;
    bpnn_status status = bpnn__schema_encode(&member->schema, w->table, w->mapping, picked, from, rows, e->dtype,
                                             e->inputs, NULL, error);
    if (status == BPNN_OK)
        status = bpnn__schema_targets(&member->schema, w->table, w->mapping, picked, from, rows, hinge, e->dtype,
                                      e->targets, e->raw, NULL, error);
    if (status == BPNN_OK && bpnn__one_hot_targets(member))
        bpnn__one_hot(e->dtype, e->targets, rows, e->outputs, hinge ? -1 : 0, e->wide);
    return status;
}

/* Puts the values of row j of the member down, or adds them to those of others. */
static void add_row(evaluating *e, const bpnn_model *member, size_t j)
{
    size_t r = e->place[j], targets = member->schema.target_count;
    const double *y = e->y + j * e->outputs;
    bool first = e->speakers[r]++ == 0;
    double score = member->schema.task == BPNN_TASK_BINARY ? bpnn__score(member, y) : 0;
    bpnn__present(member, y, e->own, &e->label[r]);
    for (size_t i = 0; i < e->columns; i++)
        e->values[r * e->columns + i] = first ? e->own[i] : e->values[r * e->columns + i] + e->own[i];
    e->score[r] = first ? score : e->score[r] + score;
    memcpy(e->truth + r * targets, e->raw + j * targets, targets * sizeof *e->raw);
}

static void run_member(evaluating *e, size_t k, size_t rows)
{
    const bpnn_model *member = bpnn_model_member(e->model, k);
    const bpnn__schema *s = &member->schema;
    bool wide = bpnn__one_hot_targets(member);
    size_t columns = wide || s->task != BPNN_TASK_MULTICLASS ? e->outputs : 1;
    double loss;
    bpnn__batch batch = {.inputs = bpnn_matrix_make(e->inputs, e->dtype, rows, s->width),
                         .targets = bpnn_matrix_make(wide ? e->wide : e->targets, e->dtype, rows, columns),
                         .weight_scale = 1,
                         .count = rows};
    if (e->members > 1)
        bpnn__engine_load(e->engine, member->net);
    bpnn__engine_evaluate(e->engine, &batch, &loss, e->y);
    e->loss += member->net->reduction == BPNN_REDUCTION_MEAN ? loss * (double)rows : loss;
    for (size_t j = 0; j < rows; j++)
        add_row(e, member, j);
}

static bpnn_status run_block(evaluating *e, size_t from, size_t rows, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    memset(e->speakers, 0, rows * sizeof *e->speakers);
    for (size_t k = 0; k < e->members && status == BPNN_OK; k++) {
        size_t count;
        const size_t *picked = pick(e, k, from, rows, &count);
        if (count == 0)
            continue;
        status = encode_block(e, bpnn_model_member(e->model, k), picked, from, count, error);
        if (status == BPNN_OK)
            run_member(e, k, count);
    }
    if (status == BPNN_OK)
        count_block(e, rows);
    return status;
}

static bpnn_status run_blocks(evaluating *e, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    size_t count = e->what->count;
    for (size_t from = 0; from < count && status == BPNN_OK; from += e->block)
        status = run_block(e, from, count - from < e->block ? count - from : e->block, error);
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
        if (e->counted > 0)
            metrics[i].loss = e->loss / (double)e->counted; /* of all targets together */
    }
    return BPNN_OK;
}

static bpnn_status make_engine(evaluating *e, size_t threads, const char *isa, bpnn_error *error)
{
    size_t group = bpnn_net_describe(e->model->net).group_rows;
    bpnn__engine_options options = {.max_rows = e->block < group ? e->block : group, .threads = threads, .isa = isa};
    return bpnn__engine_new(&e->engine, e->model->net, &options, error);
}

bpnn_status bpnn__evaluate_rows(const bpnn_model *model, const bpnn__measured *what, size_t threads, const char *isa,
                                bpnn_metrics *metrics, bpnn_error *error)
{
    const bpnn__schema *s = &model->schema;
    evaluating e = {.model = model, .what = what, .members = bpnn_model_members(model)};
    for (size_t i = 0; i < s->target_count; i++)
        bpnn__metrics_clear(&metrics[i], s->task, s->class_count);
    e.outputs = bpnn__schema_outputs(s);
    e.columns = bpnn__value_count(model);
    e.dtype = model->net->precision == BPNN_SINGLE ? BPNN_F32 : BPNN_F64;
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
        status = bpnn__evaluate_rows(
            model, &(bpnn__measured){.table = table, .mapping = &mapping, .count = bpnn_table_rows(table)}, threads,
            isa, metrics, error);
    bpnn__fpmode_leave(mode);
    bpnn__mapping_free(&mapping);
    return status;
}
