/* The products alone, one row: quick to compile badly or for another processor (disassembly.py). */
#include "kernel/kernels.h"

#include "kernel/products.h"

extern const BPNN_NAME(kernels) products_row;

const BPNN_NAME(kernels) products_row = {
    .rows = rows, .dots = dots, .tile = tile, .sums = sums, .transpose = transpose};
