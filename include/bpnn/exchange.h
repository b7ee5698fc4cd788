/* Models for other programs, and from them: docs/exporting.md. */
#ifndef BPNN_EXCHANGE_H
#define BPNN_EXCHANGE_H

#include <bpnn/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Formats other than the model file. X(ENUM, "name") */
#define BPNN_FORMATS(X)                                                                                                \
    X(JSON, "json")               /* everything that is in the model, as text */                                       \
    X(ONNX, "onnx")               /* a graph from raw columns to predictions */                                        \
    X(SAFETENSORS, "safetensors") /* the weights, as PyTorch names them */                                             \
    X(NPZ, "npz")                 /* the weights, as scikit-learn has them */                                          \
    X(FANN, "fann")               /* FANN 2 text files */                                                              \
    X(C, "c")                     /* one C99 file, bit for bit as predict */                                           \
    X(PYTHON, "python")           /* one file, NumPy alone */                                                          \
    X(JAVASCRIPT, "javascript")   /* one file, browsers and Node */                                                    \
    X(SQL, "sql")                 /* one SELECT over a table */                                                        \
    X(EXCEL, "excel")             /* .xlsx, every step a live formula */

#define BPNN_X(id, name) BPNN_FORMAT_##id,
typedef enum bpnn_format { BPNN_FORMATS(BPNN_X) BPNN_FORMAT_COUNT } bpnn_format;
#undef BPNN_X

/* A format by number. `suffix` begins with a point. Texts are static; name NULL past the end. Thread-safe. */
typedef struct bpnn_format_info {
    const char *name, *suffix;
    const char *about;     /* one line */
    bool exports, imports; /* which way it goes */
} bpnn_format_info;
BPNN_API bpnn_format_info bpnn_format_at(size_t index);
BPNN_API int bpnn_format_find(const char *name); /* -1: no such */

/* What fixed-point C came to on the table it was fitted to. */
typedef struct bpnn_fixed_report {
    size_t rom, ram;               /* bytes: numbers without names and code; arrays on the stack */
    size_t rows;                   /* of the table */
    const char *measure;           /* "accuracy", or "r2" (the mean of the targets) */
    double quality, fixed_quality; /* by it, in floating and in fixed point; NAN: the table has no target */
    size_t changed;                /* rows with another class */
    double deviation; /* largest difference of a value, relative to the largest of its column; of probabilities: to 1 */
} bpnn_fixed_report;

/* How to write. Set by bpnn_export_options_default, then changed. Borrowed during the call; NULL = the defaults. */
typedef struct bpnn_export_options {
    size_t struct_size;
    bpnn_message_fn message; /* notes, a line each; NULL = none */
    void *message_context;
    int fixed;                 /* C in whole numbers of 8 or 16 bits; 0 = floating point */
    const bpnn_table *table;   /* fixed: rows that the ranges of all numbers are taken from; training's are the best */
    bpnn_fixed_report *report; /* fixed: set, where it is not NULL */
} bpnn_export_options;

BPNN_API void bpnn_export_options_default(bpnn_export_options *options);

/* The model in another format. A file is replaced only when the new one is whole. USAGE: the format cannot hold this
 * model, or cannot be written. */
BPNN_API bpnn_status bpnn_model_export(const bpnn_model *model, bpnn_format format, const bpnn_export_options *options,
                                       const char *path, bpnn_error *error);

/* The same to memory. *bytes is freed with bpnn_release; text formats have a NUL behind *size bytes. */
BPNN_API bpnn_status bpnn_model_export_memory(const bpnn_model *model, bpnn_format format,
                                              const bpnn_export_options *options, void **bytes, size_t *size,
                                              bpnn_error *error);

/* A model from a file of another format: the importer is found by the first bytes, then by the name's suffix.
 * MODEL: damaged, foreign, or with parts this library has not. */
BPNN_API bpnn_status bpnn_model_import(bpnn_model **model, const char *path, bpnn_error *error);

/* The same from memory; `name` (NULL = "memory") stands in messages, and its suffix counts. */
BPNN_API bpnn_status bpnn_model_import_memory(bpnn_model **model, const void *bytes, size_t size, const char *name,
                                              bpnn_error *error);

#ifdef __cplusplus
}
#endif

#endif
