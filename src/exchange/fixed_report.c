/* The fixed model beside its own in floating point, on a table: what the conversion cost. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/fixed.h"
#include "model/metrics.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

typedef struct measuring {
    const bpnn__fixed *f;
    const bpnn_table *table;
    bpnn__mapping mapping;
    bool judged; /* the table has the targets */
    size_t columns, targets;
    bpnn_prediction floating;
    double *inputs, *y, *values, *spare, *truth; /* truth, spare: BLOCK rows x targets */
    double *largest, *apart;                     /* columns: |value|, |difference| */
    int32_t *room;
    bpnn__errors *errors[2]; /* targets each; floating, fixed */
    uint64_t right[2], counted, changed;
} measuring;

static bpnn_status make_room(measuring *w, bpnn_error *error)
{
    const bpnn__fixed *f = w->f;
    size_t outputs = bpnn__schema_outputs(&f->schema), widest = bpnn__net_widest(f->model->net);
    w->columns = bpnn__value_count(f->model);
    w->targets = f->schema.target_count;
    w->inputs = bpnn__alloc(f->width, BLOCK * sizeof *w->inputs);
    w->y = bpnn__alloc(outputs, sizeof *w->y);
    w->values = bpnn__alloc(w->columns, sizeof *w->values);
    w->spare = bpnn__alloc(w->targets + outputs, BLOCK * sizeof *w->spare);
    w->truth = bpnn__alloc(w->targets, BLOCK * sizeof *w->truth);
    w->largest = bpnn__alloc(w->columns, sizeof *w->largest);
    w->apart = bpnn__alloc(w->columns, sizeof *w->apart);
    w->room = bpnn__alloc(widest, 2 * sizeof *w->room);
    w->errors[0] = bpnn__alloc(w->targets, sizeof **w->errors);
    w->errors[1] = bpnn__alloc(w->targets, sizeof **w->errors);
    bool made = w->inputs && w->y && w->values && w->spare && w->truth && w->largest && w->apart && w->room &&
                w->errors[0] && w->errors[1];
    return made ? BPNN_OK : bpnn__fail_memory(error);
}

static void free_room(measuring *w)
{
    void *const arrays[] = {w->inputs,  w->y,     w->values, w->spare,     w->truth,
                            w->largest, w->apart, w->room,   w->errors[0], w->errors[1]};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        bpnn__free(arrays[i]);
    bpnn_prediction_free(&w->floating);
    bpnn__mapping_free(&w->mapping);
}

static void judge(measuring *w, const double *truth, const double *floating, size_t float_label, size_t label)
{
    if (w->f->schema.task != BPNN_TASK_REGRESSION) {
        if (!isnan(*truth)) { /* below 0: a class that training never saw */
            w->counted++;
            w->right[0] += *truth == (double)float_label;
            w->right[1] += *truth == (double)label;
        }
        return;
    }
    for (size_t k = 0; k < w->targets; k++) {
        if (isnan(truth[k]))
            continue;
        w->counted++;
        bpnn__errors_add(&w->errors[0][k], floating[k], truth[k]);
        bpnn__errors_add(&w->errors[1][k], w->values[k], truth[k]);
    }
}

static void measure_row(measuring *w, size_t row, const double *inputs, const double *truth)
{
    const double *floating = w->floating.values + row * w->columns;
    size_t label = 0, float_label = w->floating.label ? w->floating.label[row] : 0;
    bpnn__fixed_run(w->f, inputs, w->room, w->y, w->values, &label);
    for (size_t k = 0; k < w->columns; k++) {
        w->largest[k] = bpnn__larger(w->largest[k], fabs(floating[k]));
        w->apart[k] = bpnn__larger(w->apart[k], fabs(floating[k] - w->values[k]));
    }
    w->changed += w->floating.label && label != float_label;
    if (w->judged)
        judge(w, truth, floating, float_label, label);
}

static bpnn_status measure_block(measuring *w, size_t first, size_t count, bpnn_error *error)
{
    const bpnn__schema *s = &w->f->schema;
    bpnn_status status =
        bpnn__schema_encode(s, w->table, &w->mapping, NULL, first, count, BPNN_F64, w->inputs, NULL, error);
    if (status == BPNN_OK && w->judged)
        status = bpnn__schema_targets(s, w->table, &w->mapping, NULL, first, count, false, BPNN_F64, w->spare, w->truth,
                                      NULL, error);
    for (size_t r = 0; r < count && status == BPNN_OK; r++)
        measure_row(w, first + r, w->inputs + r * w->f->width, w->truth + r * w->targets);
    return status;
}

static double mean_r2(const measuring *w, const bpnn__errors *errors)
{
    double sum = 0;
    for (size_t k = 0; k < w->targets; k++) {
        bpnn_metrics metrics;
        bpnn__metrics_clear(&metrics, BPNN_TASK_REGRESSION, 0);
        bpnn__errors_finish(&errors[k], &metrics);
        sum += metrics.r2;
    }
    return sum / (double)w->targets;
}

static void finish(const measuring *w, bpnn_fixed_report *report)
{
    bool regression = w->f->schema.task == BPNN_TASK_REGRESSION;
    report->rows = w->floating.rows;
    report->measure = regression ? "r2" : "accuracy";
    report->quality = report->fixed_quality = (double)NAN;
    if (w->counted > 0 && regression) {
        report->quality = mean_r2(w, w->errors[0]);
        report->fixed_quality = mean_r2(w, w->errors[1]);
    } else if (w->counted > 0) {
        report->quality = (double)w->right[0] / (double)w->counted;
        report->fixed_quality = (double)w->right[1] / (double)w->counted;
    }
    report->changed = (size_t)w->changed;
    report->deviation = 0;
    for (size_t k = 0; k < w->columns; k++) {
        double size = regression ? w->largest[k] : 1;
        report->deviation = bpnn__larger(report->deviation, size > 0 ? w->apart[k] / size : w->apart[k]);
    }
}

bpnn_status bpnn__fixed_measure(const bpnn__fixed *f, const bpnn_table *table, bpnn_fixed_report *report,
                                bpnn_error *error)
{
    measuring w = {.f = f, .table = table};
    bpnn_status status = make_room(&w, error);
    if (status == BPNN_OK)
        status = bpnn_model_predict(f->model, table, 1, NULL, &w.floating, error);
    if (status == BPNN_OK)
        status = bpnn__schema_map(&f->model->schema, table, false, &w.mapping, error);
    w.judged = status == BPNN_OK;
    for (size_t k = 0; k < w.targets && w.judged; k++)
        w.judged = w.mapping.targets[k] != SIZE_MAX;
    for (size_t first = 0; first < w.floating.rows && status == BPNN_OK; first += BLOCK)
        status = measure_block(&w, first, w.floating.rows - first < BLOCK ? w.floating.rows - first : BLOCK, error);
    if (status == BPNN_OK)
        finish(&w, report);
    free_room(&w);
    return status;
}
