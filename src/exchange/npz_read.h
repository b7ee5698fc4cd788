/* Arrays of an .npz file. */
#ifndef BPNN_EXCHANGE_NPZ_READ_H
#define BPNN_EXCHANGE_NPZ_READ_H

#include "exchange/foreign.h"

/* One .npy array: at most two dimensions. Freed with bpnn__npz_free. */
typedef struct bpnn__npz_array {
    char kind;         /* 'f' double, 'e' float, 'i' int64, 'u' texts */
    size_t characters; /* of a text: 4 bytes each */
    size_t dimensions, rows, cols;
    bool fortran;
    unsigned char *file;       /* the whole .npy */
    const unsigned char *data; /* inside it, of any alignment */
} bpnn__npz_array;

/* The array called `name` (without .npy). False: there is none (status OK), or a failure. */
bool bpnn__npz_find(bpnn__foreign *f, const unsigned char *bytes, size_t size, const char *name, bpnn__npz_array *out);
void bpnn__npz_free(bpnn__npz_array *array);

double bpnn__npz_number(const bpnn__npz_array *array, size_t row, size_t col);

/* Element i of a list as UTF-8: texts as they are, numbers as their shortest decimal. NULL = no character, or memory: a failure
 * of f then. */
char *bpnn__npz_text(bpnn__foreign *f, const bpnn__npz_array *array, size_t i);

#endif
