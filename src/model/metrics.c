/* Metrics: definitions in docs/mathematics.md; undefined ones are NAN. */
#include "model/metrics.h"
#include "base/memory.h"
#include "kernel/scalar.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

void bpnn__metrics_clear(bpnn_metrics *m, bpnn_task task, size_t class_count)
{
    memset(m, 0, sizeof *m);
    m->task = task;
    m->class_count = class_count;
    m->loss = m->mse = m->rmse = m->mae = m->r2 = m->max_error = (double)NAN;
    m->accuracy = m->precision = m->recall = m->f1 = m->roc_auc = m->log_loss = m->macro_f1 = (double)NAN;
}

void bpnn_metrics_free(bpnn_metrics *metrics)
{
    if (!metrics)
        return;
    bpnn__free(metrics->confusion);
    memset(metrics, 0, sizeof *metrics);
}

/* ---- regression ---- */

void bpnn__errors_add(bpnn__errors *e, double predicted, double truth)
{
    double error = fabs(predicted - truth), before = truth - e->mean;
    e->count++;
    e->squares += error * error;
    e->absolutes += error;
    e->largest = error > e->largest || isnan(error) ? error : e->largest;
    e->mean += before / (double)e->count;
    e->spread += before * (truth - e->mean);
}

/* r2 = 1 - sum (y - t)^2 / sum (t - mean t)^2, undefined for a constant target. */
void bpnn__errors_finish(const bpnn__errors *e, bpnn_metrics *m)
{
    double n = (double)e->count;
    m->rows = e->count;
    if (e->count == 0)
        return;
    m->mse = e->squares / n;
    m->rmse = sqrt(m->mse);
    m->mae = e->absolutes / n;
    m->max_error = e->largest;
    if (e->spread > 0)
        m->r2 = 1 - e->squares / e->spread;
}

/* ---- classes ---- */

bool bpnn__hits_begin(bpnn__hits *h, size_t classes, size_t room)
{
    memset(h, 0, sizeof *h);
    h->classes = classes;
    h->room = room;
    h->truth = bpnn__alloc(classes, sizeof *h->truth);
    h->predicted = bpnn__alloc(classes, sizeof *h->predicted);
    h->both = bpnn__alloc(classes, sizeof *h->both);
    h->score = bpnn__alloc(room, sizeof *h->score);
    h->is_positive = bpnn__alloc(room, 1);
    bool kept = classes <= BPNN__CONFUSION_KEPT;
    h->confusion = kept ? bpnn__alloc(classes * classes, sizeof *h->confusion) : NULL;
    if (h->truth && h->predicted && h->both && h->score && h->is_positive && (h->confusion || !kept))
        return true;
    bpnn__hits_free(h);
    return false;
}

void bpnn__hits_free(bpnn__hits *h)
{
    bpnn__free(h->truth);
    bpnn__free(h->predicted);
    bpnn__free(h->both);
    bpnn__free(h->score);
    bpnn__free(h->is_positive);
    bpnn__free(h->confusion);
    memset(h, 0, sizeof *h);
}

void bpnn__hits_add(bpnn__hits *h, size_t truth, size_t predicted, double p)
{
    double cut = p < BPNN__LEAST_P ? BPNN__LEAST_P : p > 1 - BPNN__LEAST_P ? 1 - BPNN__LEAST_P : p;
    h->count++;
    h->truth[truth]++;
    h->predicted[predicted]++;
    if (truth == predicted) {
        h->both[truth]++;
        h->right++;
    }
    if (h->confusion)
        h->confusion[truth * h->classes + predicted]++;
    h->log_sum -= isnan(cut) ? cut : bpnn__log(cut);
}

void bpnn__hits_score(bpnn__hits *h, double score, bool is_positive)
{
    if (h->scored >= h->room)
        return;
    h->score[h->scored] = score;
    h->is_positive[h->scored++] = is_positive;
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : (double)NAN;
}

/* 2 tp / (2 tp + fp + fn), and truth + predicted = 2 tp + fp + fn */
static double f1_of(const bpnn__hits *h, size_t k)
{
    return ratio(2 * h->both[k], h->truth[k] + h->predicted[k]);
}

/* Mean of f1 over the classes that occur in truth or prediction. */
static double macro_f1(const bpnn__hits *h)
{
    double sum = 0;
    size_t classes = 0;
    for (size_t k = 0; k < h->classes; k++)
        if (h->truth[k] + h->predicted[k] > 0) {
            sum += f1_of(h, k);
            classes++;
        }
    return classes ? sum / (double)classes : (double)NAN;
}

bool bpnn__hits_finish(bpnn__hits *h, size_t positive, bpnn_metrics *m)
{
    m->rows = h->count + h->unseen;
    m->unseen_labels = h->unseen;
    m->accuracy = ratio(h->right, h->count + h->unseen);
    m->log_loss = h->count ? h->log_sum / (double)h->count : (double)NAN;
    if (m->task == BPNN_TASK_BINARY) {
        size_t *order = bpnn__alloc(h->scored, 2 * sizeof *order);
        if (!order)
            return false;
        m->precision = ratio(h->both[positive], h->predicted[positive]);
        m->recall = ratio(h->both[positive], h->truth[positive]);
        m->f1 = f1_of(h, positive);
        m->roc_auc = bpnn__roc_auc(h->score, h->is_positive, h->scored, order);
        bpnn__free(order);
    } else {
        m->macro_f1 = macro_f1(h);
    }
    m->confusion = h->confusion;
    h->confusion = NULL;
    return true;
}

/* ---- ranks ---- */

static void merge(const double *score, const size_t *from, size_t *to, size_t a, size_t middle, size_t end)
{
    size_t b = middle;
    for (size_t i = a; i < end; i++) {
        bool left = b >= end || (a < middle && !(score[from[b]] < score[from[a]]));
        to[i] = left ? from[a++] : from[b++];
    }
}

/* Indices by ascending score, bottom-up; order has room for twice the count. Returns where the result stands. */
static size_t *sort_scores(const double *score, size_t count, size_t *order)
{
    size_t *from = order, *to = order + count;
    for (size_t i = 0; i < count; i++)
        from[i] = i;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t a = 0; a < count; a += 2 * run) {
            size_t middle = count - a < run ? count : a + run, end = count - a < 2 * run ? count : a + 2 * run;
            merge(score, from, to, a, middle, end);
        }
        size_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* (sum of the positives' ranks - P (P + 1) / 2) / (P N) */
double bpnn__roc_auc(const double *score, const unsigned char *is_positive, size_t count, size_t *order)
{
    double positives = 0, ranks = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(score[i]))
            return (double)NAN;
        positives += is_positive[i];
    }
    double negatives = (double)count - positives;
    if (positives == 0 || negatives == 0)
        return (double)NAN;
    const size_t *sorted = sort_scores(score, count, order);
    for (size_t i = 0, end; i < count; i = end) {
        double tied = 0;
        for (end = i; end < count && score[sorted[end]] == score[sorted[i]]; end++)
            tied += is_positive[sorted[end]];
        ranks += tied * ((double)(i + 1) + (double)end) / 2; /* ranks i + 1 .. end share their mean */
    }
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives);
}
