/* Metrics gathered row by row, in row order: the same rows give the same bits. */
#ifndef BPNN_MODEL_METRICS_H
#define BPNN_MODEL_METRICS_H

#include <bpnn/model.h>

#define BPNN__LEAST_P 1e-15 /* probabilities are cut to [LEAST_P, 1 - LEAST_P] in log_loss */

/* One target of regression. */
typedef struct bpnn__errors {
    uint64_t count;
    double squares, absolutes, largest;
    double mean, spread; /* of the true values: running mean, sum of squared deviations (Welford 1962) */
} bpnn__errors;

void bpnn__errors_add(bpnn__errors *errors, double predicted, double truth);
void bpnn__errors_finish(const bpnn__errors *errors, bpnn_metrics *metrics);

/* One target of classes. */
typedef struct bpnn__hits {
    size_t classes;
    uint64_t count, right, unseen;
    uint64_t *truth, *predicted, *both; /* classes each */
    uint64_t *confusion;                /* classes x classes, or NULL when there are too many */
    double log_sum;
    size_t scored, room; /* binary: scores and true classes for roc_auc */
    double *score;
    unsigned char *is_positive;
} bpnn__hits;

/* room: rows whose scores will be kept (binary; else 0). False: out of memory. */
bool bpnn__hits_begin(bpnn__hits *hits, size_t classes, size_t room);
void bpnn__hits_free(bpnn__hits *hits);

/* p: probability of the true class, NAN where the model gives none. */
void bpnn__hits_add(bpnn__hits *hits, size_t truth, size_t predicted, double p);
void bpnn__hits_score(bpnn__hits *hits, double score, bool is_positive);

/* The confusion matrix moves to the metrics. False: out of memory. */
bool bpnn__hits_finish(bpnn__hits *hits, size_t positive, bpnn_metrics *metrics);

/* Area under the ROC curve by ranks (Mann-Whitney; ties share their mean rank). NAN where a side is empty or a score is
 * NaN. `order`: scratch of 2 count numbers. */
double bpnn__roc_auc(const double *score, const unsigned char *is_positive, size_t count, size_t *order);

#endif
