/* The formats: a row each. */
#include "exchange/exchange.h"
#include "exchange/onnx.h"
#include "exchange/plain.h"
#include "exchange/programs.h"

#include <string.h>

static const bpnn__exporter rows[BPNN_FORMAT_COUNT] = {
    [BPNN_FORMAT_JSON] = {".json", "the whole model as text: description, scaling, weights", bpnn__export_json, NULL,
                          NULL},
    [BPNN_FORMAT_ONNX] = {".onnx", "a graph from the raw columns to the prediction, for ONNX Runtime and others",
                          bpnn__export_onnx, bpnn__onnx_read, NULL},
    [BPNN_FORMAT_SAFETENSORS] = {".safetensors", "the weights for PyTorch: a Sequential's state_dict",
                                 bpnn__export_safetensors, NULL, NULL},
    [BPNN_FORMAT_NPZ] = {".npz", "the weights for NumPy and scikit-learn: coefs_0, intercepts_0 ..", bpnn__export_npz,
                         bpnn__import_npz, NULL},
    [BPNN_FORMAT_FANN] = {".net", "a text file of FANN 2", bpnn__export_fann, bpnn__import_fann, bpnn__is_fann},
    [BPNN_FORMAT_C] = {".c", "one C99 file without allocation, bit for bit as predict", bpnn__export_c, NULL, NULL},
    [BPNN_FORMAT_PYTHON] = {".py", "one file of Python and NumPy, from tables to predictions", bpnn__export_python,
                            NULL, NULL},
    [BPNN_FORMAT_JAVASCRIPT] = {".js", "one file without dependencies, for browsers and Node", bpnn__export_javascript,
                                NULL, NULL},
    [BPNN_FORMAT_SQL] = {".sql", "one SELECT over a table, from its columns to predictions", bpnn__export_sql, NULL,
                         NULL},
    [BPNN_FORMAT_EXCEL] = {".xlsx", "a workbook, every step a live formula", bpnn__export_excel, NULL, NULL},
};

const bpnn__exporter *bpnn__exporter_of(bpnn_format format)
{
    return &rows[format];
}

#define BPNN_X(id, name) name,
static const char *const names[] = {BPNN_FORMATS(BPNN_X)};
#undef BPNN_X

bpnn_format_info bpnn_format_at(size_t index)
{
    if (index >= BPNN_FORMAT_COUNT)
        return (bpnn_format_info){0};
    const bpnn__exporter *row = &rows[index];
    return (bpnn_format_info){names[index], row->suffix, row->about, row->write != NULL, row->read != NULL};
}

int bpnn_format_find(const char *name)
{
    for (int i = 0; i < BPNN_FORMAT_COUNT; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}
