/* Part of kernel/shallow.h, once for every number of hidden UNITS that stand side by side; `units` is their vector. `rows`, and
 * `outs` where it is 1, are constants where these are inlined. */

typedef struct UNITS_NAME(hidden) {
    units y[MOST], slope[MOST];
} UNITS_NAME(hidden);

#define HIDDEN UNITS_NAME(hidden)

/* The halving tree down to four lanes. */
INLINE four UNITS_NAME(fold)(units x)
{
#if UNITS == 16
    typedef real eight __attribute__((vector_size(8 * sizeof(real))));
    eight h = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
              __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    units h = x;
#endif
    return __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
}

/* Lane r everywhere. */
INLINE units UNITS_NAME(spread)(four x, size_t r)
{
    four same = r == 0   ? __builtin_shufflevector(x, x, 0, 0, 0, 0)
                : r == 1 ? __builtin_shufflevector(x, x, 1, 1, 1, 1)
                : r == 2 ? __builtin_shufflevector(x, x, 2, 2, 2, 2)
                         : __builtin_shufflevector(x, x, 3, 3, 3, 3);
#if UNITS == 16
    units all = __builtin_shufflevector(same, same, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
#else
    units all = __builtin_shufflevector(same, same, 0, 1, 2, 3, 0, 1, 2, 3);
#endif
    KEEP(all)
    return all;
}

/* Units that are there; 0 for the others. */
INLINE units UNITS_NAME(cut)(size_t hidden, units x)
{
    typedef word words __attribute__((vector_size(UNITS * sizeof(word)), aligned(sizeof(word)), may_alias));
    words kept = (words)x & *(const words *)(kept_words + LANES - hidden);
    return (units)kept;
}

/* e^1 = x w^1 + b^1 of the first step */
INLINE void UNITS_NAME(first_sums)(const SHALLOW *net, size_t rows, const step_rows *now, units *e)
{
    for (size_t r = 0; r < rows; r++)
        e[r] = net->b1 ? UNITS_DO(load)(net->b1) : UNITS_DO(all)(0);
    for (size_t k = 0; k < net->in; k++)
        for (size_t r = 0; r < rows; r++)
            e[r] = UNITS_DO(fma)(UNITS_DO(all)(now->x[r][k]), UNITS_DO(load)(net->w1 + k * LANES), e[r]);
}

/* e^2 of all rows for output o */
INLINE four UNITS_NAME(output_sum)(const SHALLOW *net, size_t rows, const HIDDEN *h, size_t o)
{
    units w = UNITS_DO(load)(net->w2 + o * LANES);
    four x[MOST];
    for (size_t r = 0; r < rows; r++)
        x[r] = UNITS_NAME(fold)(h->y[r] * w);
    return finish_rows(rows, x) + four_all((net->b2 ? net->b2[o] : 0) + 0);
}

/* d^2 and the losses of all rows, for every output */
INLINE void UNITS_NAME(outputs)(const SHALLOW *net, const RUN *run, size_t rows, size_t outs, const step_rows *now,
                                const HIDDEN *h, four *d, four *value)
{
    for (size_t o = 0; o < outs; o++) {
        four slope, y = four_activate(net->out_kind, UNITS_NAME(output_sum)(net, rows, h, o), &slope);
        value[o] = square_error(run, rows, now, targets_of(now, rows, o), y, slope, &d[o]);
    }
}

/* d^1 = Act_1'(e^1) . [ d^2 (w^2)^T ] */
INLINE void UNITS_NAME(deltas)(const SHALLOW *net, size_t rows, size_t outs, const HIDDEN *h, const four *d,
                               units *below)
{
    for (size_t r = 0; r < rows; r++) {
        units sum = UNITS_NAME(spread)(d[0], r) * UNITS_DO(load)(net->w2);
        for (size_t o = 1; o < outs; o++)
            sum = UNITS_DO(fma)(UNITS_NAME(spread)(d[o], r), UNITS_DO(load)(net->w2 + o * LANES), sum);
        below[r] = sum * h->slope[r];
    }
}

/* w^2 -= a (d^2)^T y^1, b^2 -= a column sums of d^2 */
INLINE void UNITS_NAME(update_outputs)(const SHALLOW *net, size_t rows, size_t outs, const HIDDEN *h, const four *d,
                                       real rate)
{
    units y[MOST];
    for (size_t r = 0; r < rows; r++)
        y[r] = UNITS_NAME(cut)(net->hidden, h->y[r]);
    for (size_t o = 0; o < outs; o++) {
        units g = UNITS_DO(all)(0);
        real sum = 0;
        for (size_t r = 0; r < rows; r++) {
            g = UNITS_DO(fma)(UNITS_NAME(spread)(d[o], r), y[r], g);
            sum += d[o][r];
        }
        real *w = net->w2 + o * LANES;
        UNITS_DO(store)(w, UNITS_DO(fma)(UNITS_DO(all)(-rate), g, UNITS_DO(load)(w)));
        if (net->b2)
            net->b2[o] = FMA(-rate, sum, net->b2[o]);
    }
}

/* w^1 -= a x^T d^1, b^1 -= a column sums of d^1; and with them e^1 of the next step's rows */
INLINE void UNITS_NAME(update_hidden)(const SHALLOW *net, size_t rows, const step_rows *now, const step_rows *next,
                                      const units *d, real rate, units *e)
{
    units minus = UNITS_DO(all)(-rate), start = UNITS_DO(all)(0);
    if (net->b1) {
        units g = UNITS_DO(all)(0);
        for (size_t r = 0; r < rows; r++)
            g += d[r];
        start = UNITS_DO(fma)(minus, g, UNITS_DO(load)(net->b1));
        UNITS_DO(store)(net->b1, start);
    }
    for (size_t r = 0; r < rows; r++)
        e[r] = start;
    for (size_t k = 0; k < net->in; k++) {
        units g = UNITS_DO(all)(0), *at = (units *)(void *)(net->w1 + k * LANES);
        for (size_t r = 0; r < rows; r++)
            g = UNITS_DO(fma)(UNITS_DO(all)(now->x[r][k]), d[r], g);
        units w = UNITS_DO(fma)(minus, g, *at);
        *at = w;
        for (size_t r = 0; r < rows; r++)
            e[r] = UNITS_DO(fma)(UNITS_DO(all)(next->x[r][k]), w, e[r]);
    }
}

INLINE size_t UNITS_NAME(run)(const SHALLOW *net, const RUN *run, size_t rows, size_t outs)
{
    step_rows both[2];
    HIDDEN h;
    units e[MOST], below[MOST];
    four d[NARROW], value[NARROW];
    find_rows(run, 0, rows, outs, &both[0]);
    UNITS_NAME(first_sums)(net, rows, &both[0], e);
    for (size_t i = 0; i < run->steps; i++) {
        const step_rows *now = &both[i & 1];
        step_rows *next = &both[~i & 1];
        find_rows(run, i + 1 < run->steps ? i + 1 : i, rows, outs, next);
        for (size_t r = 0; r < rows; r++)
            h.y[r] = UNITS_DO(activate)(net->hidden_kind, e[r], &h.slope[r]);
        UNITS_NAME(outputs)(net, run, rows, outs, now, &h, d, value);
        run->losses[i] = loss_of_step(run, rows, now, outs, value);
        if (run->losses[i] - run->losses[i] != 0)
            return i;
        UNITS_NAME(deltas)(net, rows, outs, &h, d, below);
        UNITS_NAME(update_outputs)(net, rows, outs, &h, d, run->rate[run->steady ? 0 : i]);
        UNITS_NAME(update_hidden)(net, rows, now, next, below, run->rate[run->steady ? 0 : i], e);
    }
    return run->steps;
}

/* y^2 of one row; lanes that are no units are cut: a row that is not finite gives them NaN. */
INLINE void UNITS_NAME(outputs_of_row)(const SHALLOW *net, const real *x, real *y)
{
    HIDDEN h;
    units e = net->b1 ? UNITS_DO(load)(net->b1) : UNITS_DO(all)(0);
    for (size_t k = 0; k < net->in; k++)
        e = UNITS_DO(fma)(UNITS_DO(all)(x[k]), UNITS_DO(load)(net->w1 + k * LANES), e);
    h.y[0] = UNITS_NAME(cut)(net->hidden, UNITS_DO(activate)(net->hidden_kind, e, &h.slope[0]));
    for (size_t o = 0; o < net->out; o++) {
        four slope;
        y[o] = four_activate(net->out_kind, UNITS_NAME(output_sum)(net, 1, &h, o), &slope)[0];
    }
}

static void UNITS_NAME(outputs_of_rows)(const SHALLOW *net, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype)
{
    const real *x = inputs.data;
    for (size_t r = 0; r < inputs.rows; r++, x += inputs.stride) {
        real y[NARROW];
        UNITS_NAME(outputs_of_row)(net, x, y);
        for (size_t o = 0; o < net->out; o++)
            if (dtype == BPNN_F32)
                ((float *)outputs)[r * net->out + o] = (float)y[o];
            else
                ((double *)outputs)[r * net->out + o] = (double)y[o];
    }
}

/* A copy for one output, whose numbers then stay in registers, and one for several. */
#define STEPS_OF(n)                                                                                                    \
    static __attribute__((noinline)) size_t UNITS_NAME(steps_##n##_single)(const SHALLOW *net, const RUN *run)         \
    {                                                                                                                  \
        return UNITS_NAME(run)(net, run, n, 1);                                                                        \
    }                                                                                                                  \
    static __attribute__((noinline)) size_t UNITS_NAME(steps_##n##_several)(const SHALLOW *net, const RUN *run)        \
    {                                                                                                                  \
        return UNITS_NAME(run)(net, run, n, net->out);                                                                 \
    }                                                                                                                  \
    static size_t UNITS_NAME(steps_##n)(const SHALLOW *net, const RUN *run)                                            \
    {                                                                                                                  \
        return (net->out == 1 ? UNITS_NAME(steps_##n##_single) : UNITS_NAME(steps_##n##_several))(net, run);           \
    }

STEPS_OF(1)
STEPS_OF(2)
STEPS_OF(4)

static size_t UNITS_NAME(steps)(const SHALLOW *net, const RUN *run)
{
    return run->rows == 1   ? UNITS_NAME(steps_1)(net, run)
           : run->rows == 2 ? UNITS_NAME(steps_2)(net, run)
                            : UNITS_NAME(steps_4)(net, run);
}

#undef STEPS_OF
#undef HIDDEN
