/* The products over panels: rows (y w, d w^T), dots (the same with few columns), tile (y^T d), sums.
 *
 * One register tile serves both rows and tile: N accumulated lines,
 *     c_i[:] = start_i[:] + sum_k a[i * along_rows + k * along_depth] b[k][:],    k ascending, one FMA each.
 * The tile's height changes no bits: every element is a chain of its own. */
#ifndef BPNN_KERNEL_PRODUCTS_H
#define BPNN_KERNEL_PRODUCTS_H

#include "kernel/turn.h"

#include <stdbool.h>
#include <stddef.h>

/* Registers hold TILE lines of accumulators beside one line of b and a broadcast. With 32 registers of a whole line
 * each, two panels of b at a time need fewer broadcasts a multiply-add: PAIR rows of them. BUSY rows keep both
 * multiply-add units busy; fewer are not left alone at the end of many. */
#if VECTORS == 1
#define TILE 16
#define PAIR 12
#define BUSY 8
#elif BPNN_BYTES == 16 && defined(__x86_64__)
#define TILE 2
#define BUSY 0
#else
#define TILE 6
#define BUSY 4
#endif

#define K_BLOCK (VECTORS == 1 ? 192 : 384) /* lines of b (of each panel) that stay in L1 while all row tiles pass */

/* Where a tile reads and writes. Strides in numbers. */
typedef struct tile_view {
    const real *a;
    size_t along_rows, along_depth; /* of a */
    size_t strip;                   /* a jumps by `strip` numbers after every LANES steps of k */
    const real *b;                  /* depth lines */
    const real *start;              /* NULL = +0 */
    size_t start_rows;              /* from one row's start line to the next; 0 = all rows share it */
    const real *factor;             /* NULL, or one line a row like c */
    real *c;                        /* one line a row */
    size_t b_next, c_next;          /* from one panel to the next: of b; of c and factor */
    size_t start_next;              /* of start */
} tile_view;

#define ROW_DECLARE(i, v) vec c##i##_##v = {0};
#define ROW_START(i, v) c##i##_##v = vec_load(t->start + i * t->start_rows + v * WIDTH);
#define ROW_FMA(i, v) c##i##_##v = vec_fma(a##i, b_##v, c##i##_##v);
#define ROW_FACTOR(i, v) c##i##_##v *= vec_load(t->factor + i * LANES + v * WIDTH);
#define ROW_STORE(i, v) vec_store(t->c + i * LANES + v * WIDTH, c##i##_##v);
#define LOAD_B(i, v) vec b_##v = vec_load(b + v * WIDTH);

#define DECLARE(i) EACH_VECTOR(ROW_DECLARE, i)
#define START(i) EACH_VECTOR(ROW_START, i)
#define STEP(i)                                                                                                        \
    {                                                                                                                  \
        vec a##i = vec_all(a[i * along_rows]);                                                                         \
        EACH_VECTOR(ROW_FMA, i)                                                                                        \
    }
#define FACTOR(i) EACH_VECTOR(ROW_FACTOR, i)
#define STORE(i) EACH_VECTOR(ROW_STORE, i)

#define ROWS_1(X) X(0)
#define ROWS_2(X) ROWS_1(X) X(1)
#define ROWS_3(X) ROWS_2(X) X(2)
#define ROWS_4(X) ROWS_3(X) X(3)
#define ROWS_5(X) ROWS_4(X) X(4)
#define ROWS_6(X) ROWS_5(X) X(5)
#define ROWS_7(X) ROWS_6(X) X(6)
#define ROWS_8(X) ROWS_7(X) X(7)
#define ROWS_9(X) ROWS_8(X) X(8)
#define ROWS_10(X) ROWS_9(X) X(9)
#define ROWS_11(X) ROWS_10(X) X(10)
#define ROWS_12(X) ROWS_11(X) X(11)
#define ROWS_13(X) ROWS_12(X) X(12)
#define ROWS_14(X) ROWS_13(X) X(13)
#define ROWS_15(X) ROWS_14(X) X(14)
#define ROWS_16(X) ROWS_15(X) X(15)

/* along_rows and along_depth are constants where this is inlined. */
#define DEFINE_CHAIN(N)                                                                                                \
    INLINE void chain_##N(const tile_view *t, size_t along_rows, size_t along_depth, size_t depth)                     \
    {                                                                                                                  \
        ROWS_##N(DECLARE) if (t->start)                                                                                \
        {                                                                                                              \
            ROWS_##N(START)                                                                                            \
        }                                                                                                              \
        const real *strip = t->a, *b = t->b;                                                                           \
        for (size_t left = depth; left > 0; strip += t->strip) {                                                       \
            size_t steps = left < LANES ? left : LANES;                                                                \
            left -= steps;                                                                                             \
            const real *a = strip;                                                                                     \
            for (size_t k = 0; k < steps; k++, a += along_depth, b += LANES) {                                         \
                EACH_VECTOR(LOAD_B, 0)                                                                                 \
                ROWS_##N(STEP)                                                                                         \
            }                                                                                                          \
        }                                                                                                              \
        if (t->factor) {                                                                                               \
            ROWS_##N(FACTOR)                                                                                           \
        }                                                                                                              \
        ROWS_##N(STORE)                                                                                                \
    }

/* The heights there are. */
#define UP_TO_2(X) X(1) X(2)
#define UP_TO_6(X) UP_TO_2(X) X(3) X(4) X(5) X(6)
#define UP_TO_12(X) UP_TO_6(X) X(7) X(8) X(9) X(10) X(11) X(12)
#define UP_TO_16(X) UP_TO_12(X) X(13) X(14) X(15) X(16)
#if TILE == 16
#define HEIGHTS UP_TO_16
#elif TILE == 6
#define HEIGHTS UP_TO_6
#else
#define HEIGHTS UP_TO_2
#endif

HEIGHTS(DEFINE_CHAIN)

#define CASE_CHAIN(N)                                                                                                  \
    case N:                                                                                                            \
        chain_##N(t, along_rows, along_depth, depth);                                                                  \
        break;

INLINE void chain(size_t n, const tile_view *t, size_t along_rows, size_t along_depth, size_t depth)
{
    switch (n) {
        HEIGHTS(CASE_CHAIN)
    }
}

/* Rows of the next tile: as high as the registers allow, and never a few rows alone at the end of many. */
INLINE size_t tile_rows(size_t left, size_t most, size_t busy)
{
    if (left <= most)
        return left;
    return left < most + busy ? (left + 1) / 2 : most;
}

INLINE void next_rows(tile_view *t, size_t n)
{
    t->a += n * LANES;
    t->c += n * LANES;
    if (t->start)
        t->start += n * t->start_rows;
    if (t->factor)
        t->factor += n * LANES;
}

/* One panel of c over one block of k: all rows. */
static void rows_panel(size_t rows, size_t depth, tile_view t)
{
    for (size_t r = 0; r < rows;) {
        size_t n = tile_rows(rows - r, TILE, BUSY);
        chain(n, &t, LANES, 1, depth);
        r += n;
        next_rows(&t, n);
    }
}

/* ---- two panels at once ---- */

#ifdef PAIR

#define PAIR_DECLARE(i) vec c##i##_0 = {0}, c##i##_1 = {0};
#define PAIR_START(i)                                                                                                  \
    c##i##_0 = vec_load(t->start + i * t->start_rows);                                                                 \
    c##i##_1 = vec_load(t->start + t->start_next + i * t->start_rows);
#define PAIR_STEP(i)                                                                                                   \
    {                                                                                                                  \
        vec a##i = vec_all(a[i * LANES]);                                                                              \
        c##i##_0 = vec_fma(a##i, b_0, c##i##_0);                                                                       \
        c##i##_1 = vec_fma(a##i, b_1, c##i##_1);                                                                       \
    }
#define PAIR_FACTOR(i)                                                                                                 \
    c##i##_0 *= vec_load(t->factor + i * LANES);                                                                       \
    c##i##_1 *= vec_load(t->factor + t->c_next + i * LANES);
#define PAIR_STORE(i)                                                                                                  \
    vec_store(t->c + i * LANES, c##i##_0);                                                                             \
    vec_store(t->c + t->c_next + i * LANES, c##i##_1);

#define DEFINE_PAIR(N)                                                                                                 \
    INLINE void pair_##N(const tile_view *t, size_t depth)                                                             \
    {                                                                                                                  \
        ROWS_##N(PAIR_DECLARE) if (t->start)                                                                           \
        {                                                                                                              \
            ROWS_##N(PAIR_START)                                                                                       \
        }                                                                                                              \
        const real *strip = t->a, *b = t->b;                                                                           \
        const size_t next = t->b_next;                                                                                 \
        for (size_t left = depth; left > 0; strip += t->strip) {                                                       \
            size_t steps = left < LANES ? left : LANES;                                                                \
            left -= steps;                                                                                             \
            for (const real *a = strip, *end = strip + steps; a < end; a++, b += LANES) {                              \
                vec b_0 = vec_load(b), b_1 = vec_load(b + next);                                                       \
                ROWS_##N(PAIR_STEP)                                                                                    \
            }                                                                                                          \
        }                                                                                                              \
        if (t->factor) {                                                                                               \
            ROWS_##N(PAIR_FACTOR)                                                                                      \
        }                                                                                                              \
        ROWS_##N(PAIR_STORE)                                                                                           \
    }

UP_TO_12(DEFINE_PAIR)

#define CASE_PAIR(N)                                                                                                   \
    case N:                                                                                                            \
        pair_##N(&t, depth);                                                                                           \
        break;

static void rows_pair(size_t rows, size_t depth, tile_view t)
{
    for (size_t r = 0; r < rows;) {
        size_t n = tile_rows(rows - r, PAIR, BUSY / 2);
        switch (n) {
            UP_TO_12(CASE_PAIR)
        }
        r += n;
        next_rows(&t, n);
    }
}

#endif

/* ---- one row: as many panels at once as the latency of a multiply-add needs ---- */

#define SINGLE_FMA(p, v) c##p##_##v = vec_fma(a_k, vec_load(b + p * next + v * WIDTH), c##p##_##v);
#define SINGLE_START(p, v) c##p##_##v = vec_load(t->start + p * t->start_next + v * WIDTH);
#define SINGLE_FACTOR(p, v) c##p##_##v *= vec_load(t->factor + p * t->c_next + v * WIDTH);
#define SINGLE_STORE(p, v) vec_store(t->c + p * t->c_next + v * WIDTH, c##p##_##v);

#define SINGLE_STEP(p) EACH_VECTOR(SINGLE_FMA, p)
#define SINGLE_STARTS(p) EACH_VECTOR(SINGLE_START, p)
#define SINGLE_FACTORS(p) EACH_VECTOR(SINGLE_FACTOR, p)
#define SINGLE_STORES(p) EACH_VECTOR(SINGLE_STORE, p)

#define DEFINE_SINGLE(N)                                                                                               \
    INLINE void single_##N(const tile_view *t, size_t depth)                                                           \
    {                                                                                                                  \
        ROWS_##N(DECLARE) if (t->start)                                                                                \
        {                                                                                                              \
            ROWS_##N(SINGLE_STARTS)                                                                                    \
        }                                                                                                              \
        const real *strip = t->a, *b = t->b;                                                                           \
        const size_t next = t->b_next;                                                                                 \
        for (size_t left = depth; left > 0; strip += t->strip) {                                                       \
            size_t steps = left < LANES ? left : LANES;                                                                \
            left -= steps;                                                                                             \
            for (const real *a = strip, *end = strip + steps; a < end; a++, b += LANES) {                              \
                vec a_k = vec_all(*a);                                                                                 \
                ROWS_##N(SINGLE_STEP)                                                                                  \
            }                                                                                                          \
        }                                                                                                              \
        if (t->factor) {                                                                                               \
            ROWS_##N(SINGLE_FACTORS)                                                                                   \
        }                                                                                                              \
        ROWS_##N(SINGLE_STORES)                                                                                        \
    }

DEFINE_SINGLE(1)
DEFINE_SINGLE(2)
DEFINE_SINGLE(4)
#if VECTORS == 1
DEFINE_SINGLE(8)
#endif

/* Panels done of `left`. */
static size_t single_row(size_t left, size_t depth, const tile_view *t)
{
#if VECTORS == 1
    if (left >= 8) {
        single_8(t, depth);
        return 8;
    }
#endif
    if (left >= 4) {
        single_4(t, depth);
        return 4;
    }
    if (left >= 2) {
        single_2(t, depth);
        return 2;
    }
    single_1(t, depth);
    return 1;
}

/* ---- all panels, all blocks of k ---- */

/* The next panels of c over one block of k; returns how many. */
INLINE size_t rows_panels(size_t n, size_t left, size_t depth, const tile_view *t)
{
    if (n == 1)
        return single_row(left, depth, t);
#ifdef PAIR
    if (left >= 2) {
        rows_pair(n, depth, *t);
        return 2;
    }
#endif
    rows_panel(n, depth, *t);
    return 1;
}

static void rows(size_t n, size_t panels, size_t depth, const real *a, size_t a_stride, const real *b, size_t b_panel,
                 const real *start, size_t start_step, const real *factor, real *c, size_t c_stride)
{
    /* partial results wait in c, so c must not hold the factor then */
    size_t block = factor == c || n == 1 ? depth : K_BLOCK;
    for (size_t k = 0; k == 0 || k < depth; k += block) {
        size_t here = depth - k < block + block / 4 ? depth - k : block;
        bool last = k + here == depth;
        for (size_t p = 0; p < panels;) {
            tile_view t = {.a = a + k / LANES * a_stride * LANES, .strip = a_stride * LANES};
            t.b = b + (p * b_panel + k) * LANES;
            t.b_next = b_panel * LANES;
            t.c = c + p * c_stride * LANES;
            t.c_next = c_stride * LANES;
            t.start = k > 0 ? t.c : start ? start + p * start_step * LANES : NULL;
            t.start_rows = k > 0 ? LANES : 0;
            t.start_next = k > 0 ? t.c_next : start_step * LANES;
            t.factor = last && factor ? factor + p * c_stride * LANES : NULL;
            p += rows_panels(n, panels - p, here, &t);
        }
        if (last)
            break;
    }
}

static void tile(size_t n, size_t m, const real *a, const real *b, real *out, bool resume)
{
    tile_view t = {.a = a, .strip = LANES * LANES, .b = b, .start_rows = LANES, .c = out};
    for (size_t i = 0; i < m;) {
        size_t height = tile_rows(m - i, TILE, BUSY);
        t.start = resume ? t.c : NULL;
        chain(height, &t, 1, LANES, n);
        i += height;
        t.a += height;
        t.c += height * LANES;
    }
}

/* ---- few output columns: lanes ---- */

#define DOT_DECLARE(o, v) vec s##o##_##v = {0};
#define DOT_LOAD(i, v) vec a_##v = vec_load(ar + v * WIDTH);
#define DOT_FMA(o, v) s##o##_##v = vec_fma(a_##v, vec_load(br + o * LANES + v * WIDTH), s##o##_##v);
#define DOT_STORE(o, v) vec_store(partial[o] + v * WIDTH, s##o##_##v);

#define DOT_DECLARE_ALL(o) EACH_VECTOR(DOT_DECLARE, o)
#define DOT_FMA_ALL(o) EACH_VECTOR(DOT_FMA, o)
#define DOT_STORE_ALL(o) EACH_VECTOR(DOT_STORE, o)

/* partial[o][:] = sum over panels of a[p][:] b[p][o][:] for one row. */
#define DEFINE_DOTS(N)                                                                                                 \
    INLINE void dots_##N(size_t panels, const real *ar, size_t a_panel, const real *br, size_t b_panel,                \
                         real partial[][LANES])                                                                        \
    {                                                                                                                  \
        ROWS_##N(DOT_DECLARE_ALL) for (size_t p = 0; p < panels; p++, ar += a_panel, br += b_panel){                   \
            EACH_VECTOR(DOT_LOAD, 0) ROWS_##N(DOT_FMA_ALL)} ROWS_##N(DOT_STORE_ALL)                                    \
    }

DEFINE_DOTS(1)
DEFINE_DOTS(2)
DEFINE_DOTS(3)
DEFINE_DOTS(4)

INLINE void dots_of(size_t outs, size_t panels, const real *a, size_t a_step, const real *b, size_t b_step,
                    real (*partial)[LANES])
{
    switch (outs) {
    case 1:
        dots_1(panels, a, a_step, b, b_step, partial);
        break;
    case 2:
        dots_2(panels, a, a_step, b, b_step, partial);
        break;
    case 3:
        dots_3(panels, a, a_step, b, b_step, partial);
        break;
    default:
        dots_4(panels, a, a_step, b, b_step, partial);
        break;
    }
}

/* The first two steps of the halving tree: l + l + LANES/2, then l + l + LANES/4. */
INLINE quad fold_line(const real *line)
{
    const quad *q = (const quad *)__builtin_assume_aligned(line, 64);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

/* The rest of the tree for QUAD rows at once: x[r] is row r's line folded; lane r of the result is its sum. */
INLINE quad finish_tree(quad *x)
{
    turn_quads(x);
#if BPNN_PRECISION == 32
    return (x[0] + x[2]) + (x[1] + x[3]);
#else
    return x[0] + x[1];
#endif
}

/* A vector that begins with x (and y, in double), the rest 0: stored whole, for it is loaded whole soon. */
INLINE vec vec_of_quads(quad x, quad y)
{
#if BPNN_BYTES == 16
    (void)y;
    return x;
#elif BPNN_PRECISION == 64 && VECTORS == 2
    return __builtin_shufflevector(x, y, 0, 1, 2, 3);
#elif BPNN_PRECISION == 64
    quad none = {0};
    typedef real half __attribute__((vector_size(32)));
    half low = __builtin_shufflevector(x, y, 0, 1, 2, 3), high = __builtin_shufflevector(none, none, 0, 1, 2, 3);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#elif VECTORS == 2
    return __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    quad none = {0};
    typedef real half __attribute__((vector_size(32)));
    half low = __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7);
    half high = __builtin_shufflevector(none, none, 0, 1, 2, 3, 4, 5, 6, 7);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
}

/* NARROW sums of a row (quads of outputs) as a line. */
INLINE void put_narrow(const quad *y, real *c)
{
    enum { QUADS = NARROW / QUAD };
    quad beside = QUADS > 1 ? y[QUADS - 1] : (quad){0};
    vec_store(c, vec_of_quads(y[0], beside));
    if (WIDTH == QUAD)
        put_quad(c + QUAD, beside, true);
    for (size_t v = WIDTH == QUAD ? 2 * WIDTH : WIDTH; v < LANES; v += WIDTH)
        vec_store(c + v, (vec){0});
}

/* QUAD rows of sums, one quad an output, into lines: the outputs come to stand beside each other. */
INLINE void put_sums(size_t rows, quad *sums, const real *start, bool add, const real *factor, real *c)
{
    enum { QUADS = NARROW / QUAD };
    for (size_t o = 0; o < NARROW; o += QUAD)
        turn_quads(sums + o);
    for (size_t r = 0; r < rows; r++, c += LANES) {
        quad y[QUADS];
        for (size_t i = 0; i < QUADS; i++) {
            y[i] = add ? sums[i * QUAD + r] + quad_of(start + i * QUAD, true) : sums[i * QUAD + r];
            if (factor)
                y[i] *= quad_of(factor + r * LANES + i * QUAD, true);
        }
        put_narrow(y, c);
    }
}

static void dots(size_t n, size_t outs, size_t panels, const real *a, size_t a_stride, const real *b, size_t b_panel,
                 const real *start, const real *factor, real *c, size_t c_stride)
{
    (void)c_stride; /* c is one panel */
    size_t a_step = a_stride * LANES, b_step = b_panel * LANES;
    real partial[NARROW][LANES] __attribute__((aligned(64))), bias[NARROW] __attribute__((aligned(64))) = {0};
    for (size_t o = 0; start && o < outs; o++)
        bias[o] = start[o];
    for (size_t r = 0; r < n; r += QUAD) {
        size_t rows = n - r < QUAD ? n - r : QUAD;
        quad folded[NARROW][QUAD] = {0}, sums[NARROW] = {0};
        for (size_t i = 0; i < rows; i++, a += LANES) {
            dots_of(outs, panels, a, a_step, b, b_step, partial);
            for (size_t o = 0; o < outs; o++)
                folded[o][i] = fold_line(partial[o]);
        }
        for (size_t o = 0; o < outs; o++)
            sums[o] = finish_tree(folded[o]);
        put_sums(rows, sums, bias, start != NULL, factor ? factor + r * LANES : NULL, c + r * LANES);
    }
}

/* ---- column sums and transposition ---- */

#define SUM_DECLARE(i, v) vec s_##v = resume ? vec_load(out + v * WIDTH) : (vec){0};
#define SUM_ADD(i, v) s_##v += vec_load(a + v * WIDTH);
#define SUM_STORE(i, v) vec_store(out + v * WIDTH, s_##v);

static void sums(size_t n, const real *a, real *out, bool resume)
{
    EACH_VECTOR(SUM_DECLARE, 0)
    for (size_t r = 0; r < n; r++, a += LANES) {
        EACH_VECTOR(SUM_ADD, 0)
    }
    EACH_VECTOR(SUM_STORE, 0)
}

static void transpose(size_t m, const real *in, real *out)
{
    for (size_t j = 0; j < LANES; j++)
        for (size_t i = 0; i < LANES; i++)
            out[j * LANES + i] = i < m ? in[i * LANES + j] : 0;
}

#endif
