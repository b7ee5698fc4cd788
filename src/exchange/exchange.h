/* The inside of the room: an exporter or importer is one file and one row in table.c. */
#ifndef BPNN_EXCHANGE_EXCHANGE_H
#define BPNN_EXCHANGE_EXCHANGE_H

#include "base/text.h"
#include "model/model.h"
#include <bpnn/exchange.h>

/* Appends the model in its format to an empty buffer (bytes, NUL among them where the format has it). A buffer that ran
 * out of memory may come back with OK: the caller looks at buffer->failed. */
typedef bpnn_status (*bpnn__write_fn)(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                      bpnn_error *error);

/* A model from bytes; `file` stands in messages. On failure *model is NULL. */
typedef bpnn_status (*bpnn__read_fn)(bpnn_model **model, const void *bytes, size_t size, const char *file,
                                     bpnn_error *error);

typedef struct bpnn__exporter {
    const char *suffix, *about;
    bpnn__write_fn write; /* NULL: the format is only read */
    bpnn__read_fn read;   /* NULL: the format is only written */
    /* Are these the first bytes of a file in the format? NULL: the suffix alone tells. */
    bool (*recognise)(const void *bytes, size_t size);
} bpnn__exporter;

/* table.c: the row of a format. */
const bpnn__exporter *bpnn__exporter_of(bpnn_format format);

/* The exporters, a file each. */
bpnn_status bpnn__export_json(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error);

/* Parameters of layer m = 1..D as doubles: weight w[j][i] (j < s_{m-1}, i < s_m); bias of unit i, 0 for layers without. */
double bpnn__weight_of(const bpnn_net *net, size_t m, size_t j, size_t i);
double bpnn__bias_of(const bpnn_net *net, size_t m, size_t i);

/* A user activation or loss is code: USAGE where the model has one. */
bpnn_status bpnn__check_exportable(const bpnn_model *model, bpnn_error *error);

#endif
