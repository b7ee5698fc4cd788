/* A network in whole numbers: what `export --to c --fixed` writes, and the same computed here, so that what is reported of it is what the
 * written file does.
 *
 *   encoded input   x = centre + step q, every input its own centre and step; q of 8 or 16 bits
 *   layer           sum_i = bias_i + sum_j w_ij q_j       the steps of the q_j and of unit i are in w and bias
 *                   e_i = sum_i factor_i / 2^shift_i      in steps that all units of the layer share, cut at +-limit
 *                   q_i = Act(e_i)                        by a table of values with lines between them, or by two lines
 *
 * |sum_i| <= |bias_i| + most sum_j |w_ij| is computed from the very numbers: a layer is summed in 32 bits where that fits, else in 64. */
#ifndef BPNN_EXCHANGE_FIXED_H
#define BPNN_EXCHANGE_FIXED_H

#include "exchange/exchange.h"

enum {
    BPNN__FIXED_FRACTION = 14, /* bits of e between two values of a table */
    BPNN__FIXED_FINE = 32767,  /* largest number of a table */
    BPNN__FIXED_COARSE = 8     /* 8 bits: bits that a table has more than q, its largest number is then 127 x 256 */
};

/* How a layer goes from e to its outputs. */
typedef enum bpnn__fixed_form {
    BPNN__FIXED_TABLE, /* line by line between equidistant values */
    BPNN__FIXED_LINES, /* one line below 0, one from 0 on, then cut */
    BPNN__FIXED_SHARES /* softmax: differences to the largest through a table of exp */
} bpnn__fixed_form;

/* Act(e) = cut(b[e >= 0] + a[e >= 0] e, least, most) */
typedef struct bpnn__lines {
    double a[2], b[2], least, most;
} bpnn__lines;

typedef struct bpnn__fixed_layer {
    size_t in, out;
    bpnn__fixed_form form;
    bool wide;                   /* sums of 64 bits */
    int drop;                    /* bits that are rounded off a sum before its factor */
    int32_t *weight;             /* out x in */
    int64_t *bias;               /* out */
    int32_t *factor;             /* out, below 2^31 */
    uint8_t *shift;              /* out */
    int32_t limit;               /* of e */
    double step, centre;         /* of e: what it stands for is centre + step e */
    int32_t *table;              /* 2^index + 1 values; the last layer's reach +-FINE */
    double out_step, out_centre; /* of the outputs */
    /* lines within the net: q = cut(b[e >= 0] + a[e >= 0] e / 2^turn) */
    int32_t a[2], b[2], least, most;
    int turn;
    bpnn__lines real;     /* the same of the last layer, in double */
    int32_t share_factor; /* softmax: a difference to its place in the table */
    int share_shift;
} bpnn__fixed_layer;

typedef struct bpnn__fixed {
    const bpnn_model *model;
    int bits, index; /* 2^index pieces of a table */
    int32_t most;    /* 127 or 32767: q is in -most .. most */
    size_t depth, width;
    double *zero,
        *step;  /* of the raw columns, width each: q = (x - zero) / step, rounded; 0 and 1 for columns of 0 and 1 */
    bool *flag; /* width: a column of 0 and 1, which are -most and most */
    bpnn__schema schema; /* the model's with zero and step for mean and scale; borrows everything */
    bpnn__fixed_layer *layers;
} bpnn__fixed;

/* Ranges that the model takes on a table: width inputs (encoded), then e of every layer. */
typedef struct bpnn__ranges {
    double *low, *high;     /* width */
    double *e_low, *e_high; /* depth */
} bpnn__ranges;

/* fixed_range.c */
bpnn_status bpnn__ranges_find(bpnn__ranges *ranges, const bpnn_model *model, const bpnn_table *table,
                              bpnn_error *error);
void bpnn__ranges_free(bpnn__ranges *ranges);

/* y = Act(e) for count numbers, as the library computes it in double. */
bpnn_status bpnn__activate(const bpnn_activation *activation, const double *e, size_t count, double *y,
                           bpnn_error *error);

/* fixed.c: bits is 8 or 16. USAGE where the model has something that whole numbers cannot hold. */
bpnn_status bpnn__fixed_new(bpnn__fixed **fixed, const bpnn_model *model, int bits, const bpnn__ranges *ranges,
                            bpnn_error *error);
void bpnn__fixed_free(bpnn__fixed *fixed);

/* fixed_layer.c: the form of layer m, and the range of its e with room beyond the table (16 bits) and without what makes no difference. */
void bpnn__fixed_form_of(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, double *e_low, double *e_high);

/* Weights and e of layer m; steps and centres of its inputs. Act of a layer whose e has its range. */
bpnn_status bpnn__fixed_sums(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, const double *step,
                             const double *centre, double e_low, double e_high, bpnn_error *error);
bpnn_status bpnn__fixed_outputs(const bpnn__fixed *f, bpnn__fixed_layer *layer, size_t m, double e_low, double e_high,
                                bpnn_error *error);

/* fixed_run.c: one row encoded by fixed->schema; values and label as bpnn_prediction has them. room: the widest layer's numbers, twice. */
void bpnn__fixed_run(const bpnn__fixed *f, const double *encoded, int32_t *room, double *y, double *values,
                     size_t *label);

/* fixed_report.c: the fixed model against its own in floating point on a table. */
bpnn_status bpnn__fixed_measure(const bpnn__fixed *f, const bpnn_table *table, bpnn_fixed_report *report,
                                bpnn_error *error);

static inline double bpnn__larger(double a, double b)
{
    return a > b ? a : b;
}

/* x / 2^shift, half away from zero */
static inline int64_t bpnn__rounded(int64_t x, int shift)
{
    int64_t half = shift ? (int64_t)1 << (shift - 1) : 0;
    return x < 0 ? -((half - x) >> shift) : (x + half) >> shift;
}

#endif
