/* Views of numbers that the caller owns. Nothing here allocates. */
#ifndef BPNN_MATRIX_H
#define BPNN_MATRIX_H

#include <bpnn/version.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum bpnn_dtype {
    BPNN_F32, /* float */
    BPNN_F64, /* double */
    BPNN_U8   /* unsigned char, 0..255 */
} bpnn_dtype;

/* Bytes of a number. */
static inline size_t bpnn_dtype_size(bpnn_dtype dtype)
{
    return dtype == BPNN_F32 ? sizeof(float) : dtype == BPNN_F64 ? sizeof(double) : 1;
}

/* rows x cols numbers, row-major; row r begins stride * r elements after data. */
typedef struct bpnn_matrix {
    const void *data;
    bpnn_dtype dtype;
    size_t rows, cols;
    size_t stride; /* elements from one row to the next, >= cols */
} bpnn_matrix;

static inline bpnn_matrix bpnn_matrix_make(const void *data, bpnn_dtype dtype, size_t rows, size_t cols)
{
    bpnn_matrix m;
    m.data = data;
    m.dtype = dtype;
    m.rows = rows;
    m.cols = cols;
    m.stride = cols;
    return m;
}

/* bpnn_matrix_of(pointer, rows, cols): a dense view; the element type picks the dtype. */
#if !defined(__cplusplus)
#define bpnn_matrix_of(pointer, rows, cols)                                                                            \
    bpnn_matrix_make((pointer),                                                                    \
                     _Generic((pointer),                                                           \
                         float *: BPNN_F32,                                                        \
                         const float *: BPNN_F32,                                                  \
                         double *: BPNN_F64,                                                       \
                         const double *: BPNN_F64,                                                 \
                         unsigned char *: BPNN_U8,                                                 \
                         const unsigned char *: BPNN_U8),                                          \
                     (rows), (cols))
#else
}
static inline bpnn_matrix bpnn_matrix_of(const float *p, size_t r, size_t c)
{
    return bpnn_matrix_make(p, BPNN_F32, r, c);
}
static inline bpnn_matrix bpnn_matrix_of(const double *p, size_t r, size_t c)
{
    return bpnn_matrix_make(p, BPNN_F64, r, c);
}
static inline bpnn_matrix bpnn_matrix_of(const unsigned char *p, size_t r, size_t c)
{
    return bpnn_matrix_make(p, BPNN_U8, r, c);
}
extern "C" {
#endif

#ifdef __cplusplus
}
#endif

#endif
