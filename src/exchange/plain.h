/* Formats that hold one network and perhaps the scaling, but not the columns of a table. */
#ifndef BPNN_EXCHANGE_PLAIN_H
#define BPNN_EXCHANGE_PLAIN_H

#include "exchange/exchange.h"

/* USAGE for a model of several members: `format` holds one network. */
bpnn_status bpnn__check_plain(const bpnn_model *model, const char *format, bpnn_error *error);

/* A note where the network's inputs are not the table's columns: who applies the file has to encode them. */
void bpnn__note_encoding(const bpnn_model *model, const bpnn_export_options *options, const char *format);

/* True if some mean is not 0 or some scale not 1. */
bool bpnn__is_scaled(const double *mean, const double *scale, size_t count);

/* The writers and readers, a file each. */
bpnn_status bpnn__export_safetensors(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                     bpnn_error *error);
bpnn_status bpnn__export_fann(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                              bpnn_error *error);
bpnn_status bpnn__import_fann(bpnn_model **model, const void *bytes, size_t size, const char *file, bpnn_error *error);
bool bpnn__is_fann(const void *bytes, size_t size);
bpnn_status bpnn__export_npz(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                             bpnn_error *error);
bpnn_status bpnn__import_npz(bpnn_model **model, const void *bytes, size_t size, const char *file, bpnn_error *error);

#endif
