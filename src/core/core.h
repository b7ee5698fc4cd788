/* One network at work in one precision: parameters in panel form, the arrays of a block of rows, and the parts of
 * a step. Notation of docs/mathematics.md; arrays are indexed 1..D like the derivation (y from 0).
 *
 * Threads: functions that take a `span` of rows, or a unit number, may run at the same time on different ones. */
#ifndef BPNN_CORE_CORE_H
#define BPNN_CORE_CORE_H

#include "base/pace.h"
#include "base/threads.h"
#include "core/engine.h"
#include "kernel/kernels.h"
#include "net/layout.h"

/* Arrays of up to `rows` rows, all in panel form with one stride (in lines). */
typedef struct BPNN_NAME(arrays) {
    size_t rows, stride;
    real **e;       /* [1..D]  e^m = y^{m-1} w^m + b^m; the same memory as y[m] where nobody needs it */
    real **y;       /* [0..D]  y^0 = X, y^m = Act_m(e^m) */
    real **slope;   /* [1..D]  Act_m'(e^m), dropout's mask folded in; NULL where not training */
    real **delta;   /* [0..D]  dL/de^m; for m >= 1 it overwrites slope[m]; [0] = dL/dX or NULL */
    real *t;        /* targets */
    real *scale;    /* a number a row: its weight in the loss (over n for the mean) */
    real *loss;     /* a number a row: sum_i l(y_i, t_i) */
    double *weight; /* a number a row, before the reduction */
    size_t *ids;    /* a number a row: its index in the data set */
    real *memory;   /* what e, y, slope and t point into */
} BPNN_NAME(arrays);

typedef struct BPNN_NAME(core) {
    /* shape */
    size_t depth;
    const bpnn_layer *layers; /* layers[m - 1], the owner's copy */
    bpnn__layout layout;
    bool mean; /* reduction */
    size_t group_rows;
    BPNN_NAME(output_rule) output;
    bool training, closed_form;
    /* parameters, lines of 64 bytes: docs in net/layout.h */
    const BPNN_NAME(kernels) * kernels;
    real *w, *twin;
    real *gradient; /* NULL where steps are fused */
    real **level;   /* partial sums of groups, `levels` buffers of the same size */
    size_t levels;
    size_t state_count;
    real **state;
    /* a batch */
    BPNN_NAME(arrays) arrays;
    BPNN_NAME(tiny_net) tiny;       /* depth 0: the net is not a small one */
    BPNN_NAME(shallow_net) shallow; /* no inputs: the net is not such a one */
    double dropout;
    uint64_t seed;
    bpnn__pool *pool;
    bpnn__pace pace;
    size_t threads; /* of the two phases of the step under way */
} BPNN_NAME(core);

/* Rows first .. first + count - 1 of the arrays. */
typedef struct bpnn__span {
    size_t first, count;
} bpnn__span;

#define CORE BPNN_NAME(core)
#define ARRAYS BPNN_NAME(arrays)

/* Address of line `row` of panel `p`. */
#define LINE_AT(base, stride, p, row) ((base) + ((p) * (stride) + (row)) * LANES)

static inline const bpnn__layer_layout *BPNN_NAME(layer)(const CORE *core, size_t m)
{
    return &core->layout.layer[m - 1];
}

/* Number of columns of layer m's panel p that are real units. */
static inline size_t BPNN_NAME(columns)(size_t size, size_t p)
{
    size_t left = size - p * LANES;
    return left < LANES ? left : LANES;
}

/* core.c: making and freeing. */
bpnn_status BPNN_NAME(core_new)(CORE **core, const bpnn_net *net, const bpnn__engine_options *options,
                                bpnn_error *error);
void BPNN_NAME(core_free)(CORE *core);

/* arrays.c. trace: e apart from y in every layer; with_slope: room for slopes; with_loss: e^D apart, targets. */
bpnn_status BPNN_NAME(arrays_new)(ARRAYS *arrays, const bpnn__layout *layout, size_t rows, bool trace, bool with_slope,
                                  bool with_loss, bool input_deltas, bpnn_error *error);
void BPNN_NAME(arrays_free)(ARRAYS *arrays);

/* Reads rows of the batch into y^0, t, weight and scale: array rows span.first .. from batch rows `from` ..;
 * batch_rows is what a mean divides by. */
void BPNN_NAME(gather_rows)(const CORE *core, const ARRAYS *arrays, const bpnn__batch *batch, size_t from,
                            bpnn__span span, size_t batch_rows);

/* pack.c: seed form <-> panel form, twins. `values` selects the buffer of w's layout. */
void BPNN_NAME(pack)(const CORE *core, const bpnn_net *net, real *to);
void BPNN_NAME(unpack)(const CORE *core, const real *from, bpnn_net *net);
void BPNN_NAME(pack_doubles)(const CORE *core, const double *in, real *to);
void BPNN_NAME(unpack_doubles)(const CORE *core, const real *from, double *out, bool gradient);
void BPNN_NAME(pack_value)(const CORE *core, double value, real *to); /* every parameter; padding stays 0 */
void BPNN_NAME(write_twin)(CORE *core, size_t m, size_t q, size_t p);
void BPNN_NAME(write_twins)(CORE *core);

/* forward.c: y^0 -> y^D for the rows of the span. With dropout only where `drop`; t: update number. */
void BPNN_NAME(forward)(const CORE *core, const ARRAYS *arrays, bpnn__span span, bool drop, uint64_t t);

/* backward.c: y^D, t -> delta^D .. delta^1 (and dL/dX where wanted), loss of every row. */
void BPNN_NAME(backward)(const CORE *core, const ARRAYS *arrays, bpnn__span span);

/* Its recursion alone: delta^D -> delta^{D-1} .. delta^1. */
void BPNN_NAME(deltas_below)(const CORE *core, const ARRAYS *arrays, bpnn__span span);

/* The losses alone. */
void BPNN_NAME(row_losses)(const CORE *core, const ARRAYS *arrays, bpnn__span span);

/* rows.c: the rows phase: array rows 0..rows-1 take batch rows from `from`, go forward and, where `backward`, back; row
 * blocks are spread over the pool. Returns their loss: sum of weight * loss in row order, in double. */
double BPNN_NAME(rows_phase)(const CORE *core, ARRAYS *arrays, const bpnn__batch *batch, size_t from, size_t rows,
                             bool backward);

/* sum of weight * loss over the first rows of the arrays, in row order; 0 without targets. */
double BPNN_NAME(loss_of_rows)(const CORE *core, const bpnn__batch *batch, size_t rows);

/* Threads that may be worth it for so many multiply-adds: one below about 12 us of work each. */
size_t BPNN_NAME(worthwhile_threads)(const CORE *core, double multiply_adds);

/* Pairwise sums of doubles by index (0+1, 2+3, ..; an odd one passes up): the tree of groups. Zero-initialise. */
typedef struct bpnn__tree {
    double slot[64];
    uint64_t count;
} bpnn__tree;
static inline void bpnn__tree_add(bpnn__tree *tree, double x)
{
    int level = 0;
    for (; tree->count >> level & 1; level++)
        x = tree->slot[level] + x;
    tree->slot[level] = x;
    tree->count++;
}
static inline double bpnn__tree_sum(const bpnn__tree *tree)
{
    double sum = 0;
    bool any = false;
    for (int level = 0; level < 64; level++)
        if (tree->count >> level & 1) {
            sum = any ? tree->slot[level] + sum : tree->slot[level];
            any = true;
        }
    return sum;
}

/* gradient.c: one block of dw^m (input panel q, output panel p) in the master's form, and one panel's column sums of
 * delta^m, over arrays rows 0..rows-1. Lines of the block: *count at line offset *at of w. */
void BPNN_NAME(weight_block)(const CORE *core, size_t m, size_t q, size_t p, size_t *at, size_t *count);
void BPNN_NAME(weight_gradient)(const CORE *core, const ARRAYS *arrays, size_t rows, size_t m, size_t q, size_t p,
                                real *out);
void BPNN_NAME(bias_sums)(const CORE *core, const ARRAYS *arrays, size_t rows, size_t m, size_t p, real *out);

/* A shared bias's gradient: the column sums (out_panels lines) to one number, in every lane of out[0..LANES). */
void BPNN_NAME(share_bias)(const CORE *core, size_t m, const real *column_sums, real *out);
void BPNN_NAME(share_lanes)(const real *line, real *out); /* its last part: the tree over one line */

/* user.c: activations given by callbacks. */
void BPNN_NAME(user_activate)(const bpnn_activation *activation, size_t lines, size_t cols, const real *e, real *y,
                              real *slope);

/* step.c: the schedule. See engine.h for the contracts. */
void BPNN_NAME(core_step)(CORE *core, const bpnn__batch *batch, const bpnn__update *update, double *loss);
void BPNN_NAME(core_gradient)(CORE *core, const bpnn__batch *batch, double *loss, double *input_gradient);
bool BPNN_NAME(core_apply)(CORE *core, const bpnn__update *update);

/* Hands `lines` lines of gradient g, belonging to w's lines from `at`, to the method. */
void BPNN_NAME(update_lines)(const CORE *core, const bpnn__update *update, const real *constants, size_t at,
                             size_t lines, bool weights, real *g);

/* tiny.c: steps of small nets. new: false = out of memory; it does nothing for other nets. */
bool BPNN_NAME(tiny_new)(CORE *core);
void BPNN_NAME(tiny_free)(CORE *core);
bool BPNN_NAME(tiny_fits)(const CORE *core, size_t rows);
void BPNN_NAME(tiny_step)(CORE *core, const bpnn__batch *batch, const bpnn__update *update, double *loss);

/* shallow.c: as bpnn__engine_steps, where net, batch and update allow it; returns how many steps it did (0 elsewhere; fewer than
 * `count`: of the next one the loss was not finite, or it does not do such). */
void BPNN_NAME(shallow_new)(CORE *core);
void BPNN_NAME(shallow_for_rows)(CORE *core); /* of a predictor: describes such a net whatever its loss */
size_t BPNN_NAME(shallow_steps)(CORE *core, const bpnn__batch *batch, const bpnn__update *updates, bool same,
                                size_t count, double *losses);

/* evaluate.c */
void BPNN_NAME(core_evaluate)(CORE *core, const bpnn__batch *batch, double *loss, double *outputs);
double BPNN_NAME(core_penalty)(const CORE *core, double l1, double l2);
size_t BPNN_NAME(core_bad_parameters)(const CORE *core);
size_t BPNN_NAME(core_bad_outputs)(const CORE *core, size_t rows);

/* Copies array rows of panel form out as doubles, row-major, `cols` columns. */
void BPNN_NAME(copy_out)(const real *panels, size_t stride, bpnn__span span, size_t cols, double *out);

#endif
