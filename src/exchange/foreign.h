/* A network that came from elsewhere, and the model it becomes. */
#ifndef BPNN_EXCHANGE_FOREIGN_H
#define BPNN_EXCHANGE_FOREIGN_H

#include "model/model.h"

typedef struct bpnn__foreign_layer {
    size_t in, out;
    double *weight; /* in x out, row-major */
    double *bias;   /* out numbers, or NULL */
    bpnn_activation activation;
} bpnn__foreign_layer;

/* Everything is owned and freed with bpnn__foreign_free. Zero-initialise, then set `file` and `error`. */
typedef struct bpnn__foreign {
    const char *file; /* for messages */
    bpnn_error *error;
    bpnn_status status; /* the first failure; everything after is ignored */
    bpnn_precision precision;
    size_t depth, room;
    bpnn__foreign_layer *layers;
    double *mean, *scale;               /* of the inputs, NULL = unscaled: x' = (x - mean) / scale */
    double *target_mean, *target_scale; /* of the outputs of a regression, NULL = unscaled */
    size_t feature_count;               /* names of the inputs; other than the inputs = "1", "2", .. */
    char **features;
    size_t class_count; /* 0: by the last activation */
    char **classes;
} bpnn__foreign;

/* Notes the first failure, always a MODEL error of the file. */
void bpnn__foreign_refuse(bpnn__foreign *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bpnn__foreign_memory(bpnn__foreign *f);

/* Up to 40 printable characters of a text from a file, for messages. */
enum { BPNN__SHOWN = 41 };
const char *bpnn__shown(const char *text, char shown[BPNN__SHOWN]);

/* A layer of zero weights and identity; its bias (zeros too) only with `bias`. NULL = failed. */
bpnn__foreign_layer *bpnn__foreign_add(bpnn__foreign *f, size_t in, size_t out, bool bias);
bool bpnn__foreign_bias(bpnn__foreign *f, bpnn__foreign_layer *layer); /* gives it a bias of zeros if it has none */

/* Softmax outputs make a multiclass model, one sigmoid a binary one, everything else a regression; the classes are called 0, 1, ..
 * without names. The model is checked as one that was read from a file. */
bpnn_status bpnn__foreign_model(bpnn__foreign *f, bpnn_model **model);
void bpnn__foreign_free(bpnn__foreign *f);

#endif
