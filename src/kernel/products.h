/* The products over panels: rows (y w, d w^T), dots (the same with few columns), tile (y^T d), sums.
 *
 * One register tile serves both rows and tile: N accumulated lines,
 *     c_i[:] = start_i[:] + sum_k a[i * along_rows + k * along_depth] b[k][:],    k ascending, one FMA each.
 * The tile's height changes no bits: every element is a chain of its own. */
#ifndef BPNN_KERNEL_PRODUCTS_H
#define BPNN_KERNEL_PRODUCTS_H

#include "kernel/vector.h"

#include <stdbool.h>
#include <stddef.h>

/* Registers hold TILE lines: 12 vectors of accumulators beside one line of b and a broadcast. */
#if BPNN_BYTES == 16 && defined(__x86_64__)
#define TILE 2
#else
#define TILE 6
#endif

enum { K_BLOCK = 384 }; /* lines of b that stay in L1 while all row tiles pass */

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

DEFINE_CHAIN(1)
DEFINE_CHAIN(2)
#if TILE > 2
DEFINE_CHAIN(3)
DEFINE_CHAIN(4)
DEFINE_CHAIN(5)
DEFINE_CHAIN(6)
#endif

INLINE void chain(size_t n, const tile_view *t, size_t along_rows, size_t along_depth, size_t depth)
{
    switch (n) {
    case 1:
        chain_1(t, along_rows, along_depth, depth);
        break;
    case 2:
        chain_2(t, along_rows, along_depth, depth);
        break;
#if TILE > 2
    case 3:
        chain_3(t, along_rows, along_depth, depth);
        break;
    case 4:
        chain_4(t, along_rows, along_depth, depth);
        break;
    case 5:
        chain_5(t, along_rows, along_depth, depth);
        break;
    default:
        chain_6(t, along_rows, along_depth, depth);
        break;
#endif
    }
}

/* Rows of the next tile: as high as the registers allow, and never 1 to 3 rows alone at the end of many. */
INLINE size_t tile_rows(size_t left)
{
    if (left <= TILE)
        return left;
    if (TILE > 2 && left < 10)
        return (left + 1) / 2;
    return TILE;
}

/* One panel of c over one block of k: all rows. */
static void rows_panel(size_t rows, size_t depth, tile_view t)
{
    for (size_t r = 0; r < rows;) {
        size_t n = tile_rows(rows - r);
        chain(n, &t, LANES, 1, depth);
        r += n;
        t.a += n * LANES;
        t.c += n * LANES;
        t.start += t.start ? n * t.start_rows : 0;
        t.factor += t.factor ? n * LANES : 0;
    }
}

static void rows(size_t n, size_t panels, size_t depth, const real *a, size_t a_stride, const real *b, size_t b_panel,
                 const real *start, size_t start_step, const real *factor, real *c, size_t c_stride)
{
    /* partial results wait in c, so c must not hold the factor then */
    size_t block = factor == c ? depth : K_BLOCK;
    for (size_t k = 0; k == 0 || k < depth; k += block) {
        size_t here = depth - k < block + block / 4 ? depth - k : block;
        bool last = k + here == depth;
        for (size_t p = 0; p < panels; p++) {
            tile_view t = {.a = a + k / LANES * a_stride * LANES, .strip = a_stride * LANES};
            t.b = b + (p * b_panel + k) * LANES;
            t.c = c + p * c_stride * LANES;
            t.start = k > 0 ? t.c : start ? start + p * start_step * LANES : NULL;
            t.start_rows = k > 0 ? LANES : 0;
            t.factor = last && factor ? factor + p * c_stride * LANES : NULL;
            rows_panel(n, here, t);
        }
        if (last)
            break;
    }
}

static void tile(size_t n, size_t m, const real *a, const real *b, real *out, bool resume)
{
    tile_view t = {.a = a, .strip = LANES * LANES, .b = b, .start_rows = LANES, .c = out};
    for (size_t i = 0; i < m;) {
        size_t height = m - i == 16 ? TILE : TILE > 2 && m - i <= 10 ? (m - i + 1) / 2 : TILE;
        if (m - i <= TILE)
            height = m - i;
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

static void dots(size_t n, size_t outs, size_t panels, const real *a, size_t a_stride, const real *b, size_t b_panel,
                 const real *start, const real *factor, real *c, size_t c_stride)
{
    (void)c_stride; /* c is one panel */
    size_t a_step = a_stride * LANES, b_step = b_panel * LANES;
    real partial[NARROW][LANES] __attribute__((aligned(64)));
    for (size_t r = 0; r < n; r++, a += LANES) {
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
        real line[LANES] = {0};
        for (size_t o = 0; o < outs; o++) {
            line[o] = line_tree(partial[o]);
            if (start)
                line[o] += start[o];
            if (factor)
                line[o] *= factor[r * LANES + o];
        }
        memcpy(c + r * LANES, line, sizeof line);
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
