/* One row of the kernel table: all loops for one instruction set and one precision. Compiled once for each pair. */
#include "kernel/kernels.h"

#include "kernel/activations.h"
#include "kernel/dropout.h"
#include "kernel/elementary.h"
#include "kernel/losses.h"
#include "kernel/moves.h"
#include "kernel/outputs.h"
#include "kernel/products.h"
#include "kernel/shallow.h"
#include "kernel/tiny.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define ROW_NAME BPNN_PASTE3(BPNN_NAME(kernels), _, BPNN_ISA)

extern const BPNN_NAME(kernels) ROW_NAME;

const BPNN_NAME(kernels) ROW_NAME = {
    .isa = TEXT(BPNN_ISA),
    .width = WIDTH,
    .rows = rows,
    .dots = dots,
    .tile = tile,
    .sums = sums,
    .activate = activate_rows,
    .softmax = softmax_rows,
    .output = output_rows,
    .dropout = dropout,
    .gather = gather,
    .one_hot = one_hot,
    .add_scaled = add_scaled,
    .scale = scale,
    .shrink = shrink,
    .squares = squares,
    .transpose = transpose,
    .finite = all_finite,
    .tiny_gradient = tiny_gradient,
    .tiny_twins = tiny_twins,
    .shallow_steps = shallow_steps,
    .shallow_outputs = shallow_outputs,
};
