/* What many fits say together. Sums run over fits and rows in their order, whichever was done first. */
#include "base/error.h"
#include "base/memory.h"
#include "model/metrics.h"
#include "study/run.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- mean and deviation ---- */

static const size_t fields[] = {
    offsetof(bpnn_metrics, loss),     offsetof(bpnn_metrics, mse),       offsetof(bpnn_metrics, rmse),
    offsetof(bpnn_metrics, mae),      offsetof(bpnn_metrics, r2),        offsetof(bpnn_metrics, max_error),
    offsetof(bpnn_metrics, accuracy), offsetof(bpnn_metrics, precision), offsetof(bpnn_metrics, recall),
    offsetof(bpnn_metrics, f1),       offsetof(bpnn_metrics, roc_auc),   offsetof(bpnn_metrics, log_loss),
    offsetof(bpnn_metrics, macro_f1)};
enum { FIELDS = sizeof fields / sizeof *fields };

static double *field(bpnn_metrics *m, size_t i)
{
    return (double *)(void *)((char *)m + fields[i]);
}

/* Metrics of one fit; NULL where it is not done. */
static bpnn_metrics *metrics_of(const bpnn__fold_fit *fit, bool train, size_t target)
{
    bpnn_metrics *m = train ? fit->train : fit->test;
    return fit->fold.done && m ? &m[target] : NULL;
}

static void mean_of(const bpnn__fold_fit *fits, size_t count, bool train, size_t target, size_t i, double *mean,
                    double *deviation)
{
    double sum = 0, squares = 0, n = 0;
    for (size_t k = 0; k < count; k++) {
        bpnn_metrics *m = metrics_of(&fits[k], train, target);
        double x = m ? *field(m, i) : (double)NAN;
        sum += isnan(x) ? 0 : x;
        n += !isnan(x);
    }
    *mean = n > 0 ? sum / n : (double)NAN;
    for (size_t k = 0; k < count; k++) {
        bpnn_metrics *m = metrics_of(&fits[k], train, target);
        double x = m ? *field(m, i) : (double)NAN;
        squares += isnan(x) ? 0 : (x - *mean) * (x - *mean);
    }
    *deviation = n > 1 ? sqrt(squares / (n - 1)) : (double)NAN;
}

void bpnn__mean_metrics(const bpnn__fold_fit *fits, size_t count, size_t targets, bool train, bpnn_metrics *mean,
                        bpnn_metrics *deviation)
{
    for (size_t k = 0; k < targets; k++) {
        bpnn_metrics ignored, *d = deviation ? &deviation[k] : &ignored;
        memset(&mean[k], 0, sizeof mean[k]);
        memset(d, 0, sizeof *d);
        for (size_t i = 0; i < count; i++) {
            const bpnn_metrics *m = metrics_of(&fits[i], train, k);
            mean[k].rows += m ? m->rows : 0;
            mean[k].task = m ? m->task : mean[k].task;
        }
        d->task = mean[k].task;
        d->rows = mean[k].rows;
        for (size_t i = 0; i < FIELDS; i++)
            mean_of(fits, count, train, k, i, field(&mean[k], i), field(d, i));
    }
}

/* ---- all rows held out as one ---- */

typedef struct pool {
    const bpnn__run *run;
    const bpnn_model *model;
    bpnn__errors *errors; /* a target each */
    bpnn__hits hits;
    double *truth; /* of the rows in folds: targets in their unit */
    size_t *index; /* of every row of the table among those in folds */
} pool;

static void free_pool(pool *p)
{
    bpnn__free(p->errors);
    bpnn__free(p->truth);
    bpnn__free(p->index);
    bpnn__hits_free(&p->hits);
}

static bpnn_status make_pool(pool *p, size_t predictions, bpnn_error *error)
{
    const bpnn__folds *f = &p->run->folds;
    const bpnn__schema *s = &p->model->schema;
    size_t cells;
    p->errors = bpnn__alloc(s->target_count, sizeof *p->errors);
    p->truth = bpnn__mul(f->rows, s->target_count, &cells) ? bpnn__alloc(cells, sizeof *p->truth) : NULL;
    p->index = bpnn__alloc(f->table_rows, sizeof *p->index);
    bool made = p->errors && p->truth && p->index;
    if (s->task != BPNN_TASK_REGRESSION)
        made = made && bpnn__hits_begin(&p->hits, s->class_count, s->task == BPNN_TASK_BINARY ? predictions : 0);
    if (!made)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < f->rows; i++)
        p->index[f->plan.train[i]] = i;
    for (size_t k = 0; s->task == BPNN_TASK_REGRESSION && k < s->target_count; k++)
        bpnn__table_values(p->run->table, f->plan.targets[k], f->plan.train, 0, f->rows, p->truth + k * f->rows);
    return BPNN_OK;
}

static void count_row(pool *p, const double *values, size_t label, size_t row)
{
    const bpnn__folds *f = &p->run->folds;
    const bpnn__schema *s = &p->model->schema;
    size_t i = p->index[row];
    for (size_t k = 0; s->task == BPNN_TASK_REGRESSION && k < s->target_count; k++) {
        double truth = p->truth[k * f->rows + i];
        if (!isnan(truth))
            bpnn__errors_add(&p->errors[k], values[k], truth);
    }
    if (s->task == BPNN_TASK_REGRESSION)
        return;
    bool no_odds = bpnn_net_describe(p->model->net).loss.kind == BPNN_LOSS_HINGE; /* a score is no probability */
    size_t truth = f->class[i];
    bpnn__hits_add(&p->hits, truth, label, no_odds ? (double)NAN : values[truth]);
    if (s->task == BPNN_TASK_BINARY)
        bpnn__hits_score(&p->hits, values[s->positive], truth == s->positive);
}

static bpnn_status finish_pool(pool *p, const bpnn__fold_fit *fits, size_t count, bpnn_metrics *metrics,
                               bpnn_error *error)
{
    const bpnn__schema *s = &p->model->schema;
    double loss = 0, rows = 0;
    for (size_t i = 0; i < count; i++)
        if (fits[i].fold.done) {
            loss += fits[i].test[0].loss * (double)fits[i].fold.rows_test;
            rows += (double)fits[i].fold.rows_test;
        }
    for (size_t k = 0; k < s->target_count; k++) {
        bpnn__metrics_clear(&metrics[k], s->task, s->class_count);
        if (s->task == BPNN_TASK_REGRESSION)
            bpnn__errors_finish(&p->errors[k], &metrics[k]);
        else if (!bpnn__hits_finish(&p->hits, s->positive, &metrics[k]))
            return bpnn__fail_memory(error);
        metrics[k].loss = rows > 0 ? loss / rows : (double)NAN;
    }
    return BPNN_OK;
}

bpnn_status bpnn__pool_metrics(const bpnn__run *run, const bpnn__fold_fit *fits, size_t count, const bpnn_model *model,
                               bpnn_metrics *metrics, bpnn_error *error)
{
    pool p = {.run = run, .model = model};
    size_t predictions = 0;
    for (size_t i = 0; i < count; i++)
        predictions += fits[i].fold.done ? fits[i].row_count : 0;
    bpnn_status status = make_pool(&p, predictions, error);
    for (size_t i = 0; i < count && status == BPNN_OK; i++) {
        const bpnn_prediction *q = &fits[i].prediction;
        for (size_t r = 0; fits[i].fold.done && r < q->rows; r++)
            count_row(&p, q->values + r * q->columns, q->label ? q->label[r] : 0, fits[i].rows[r]);
    }
    if (status == BPNN_OK)
        status = finish_pool(&p, fits, count, metrics, error);
    free_pool(&p);
    return status;
}

/* ---- a prediction for every row ---- */

static void divide(bpnn_prediction *out, const size_t *times, bool classes, bool labels_kept)
{
    for (size_t r = 0; r < out->rows; r++) {
        double *values = out->values + r * out->columns;
        size_t best = 0;
        for (size_t k = 0; k < out->columns; k++) {
            values[k] = times[r] > 0 ? values[k] / (double)times[r] : (double)NAN;
            best = values[k] > values[best] ? k : best;
        }
        if (classes && times[r] == 0)
            out->label[r] = SIZE_MAX;
        else if (classes && !labels_kept)
            out->label[r] = best;
    }
}

bpnn_status bpnn__mean_predictions(const bpnn__run *run, const bpnn__fold_fit *fits, size_t count,
                                   const bpnn_model *model, bpnn_prediction *out, bpnn_error *error)
{
    bool classes = model->schema.task != BPNN_TASK_REGRESSION, once = run->folds.repeats == 1;
    size_t cells;
    size_t *times = bpnn__alloc(run->folds.table_rows, sizeof *times);
    *out = (bpnn_prediction){.rows = run->folds.table_rows, .columns = bpnn__value_count(model)};
    out->values = bpnn__mul(out->rows, out->columns, &cells) ? bpnn__alloc(cells, sizeof *out->values) : NULL;
    out->label = classes ? bpnn__alloc(out->rows, sizeof *out->label) : NULL;
    if (!times || !out->values || (classes && !out->label)) {
        bpnn__free(times);
        return bpnn__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        const bpnn_prediction *q = &fits[i].prediction;
        for (size_t r = 0; fits[i].fold.done && r < q->rows; r++) {
            size_t row = fits[i].rows[r];
            times[row]++;
            for (size_t k = 0; k < q->columns; k++)
                out->values[row * q->columns + k] += q->values[r * q->columns + k];
            if (classes)
                out->label[row] = q->label[r];
        }
        out->unseen_cells += fits[i].fold.done ? q->unseen_cells : 0;
        out->imputed_cells += fits[i].fold.done ? q->imputed_cells : 0;
    }
    divide(out, times, classes, once);
    bpnn__free(times);
    return BPNN_OK;
}
