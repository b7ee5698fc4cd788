/* One precision: files of kernel/, core/ and method/ that include this are compiled once with
 * -DBPNN_PRECISION=32 and once with 64; inside only `real` is written and BPNN_NAME(x) names what is
 * exported: bpnn__f32_x, bpnn__f64_x. */
#ifndef BPNN_KERNEL_REAL_H
#define BPNN_KERNEL_REAL_H

#ifndef BPNN_PRECISION
#error "compile with -DBPNN_PRECISION=32 or 64"
#endif
#if defined(__FAST_MATH__)
#error "bpnn's bits need IEEE arithmetic: compile without -ffast-math"
#endif
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
#error "bpnn's bits need float and double arithmetic without excess precision (not x87)"
#endif

#define BPNN_PASTE3_(a, b, c) a##b##c
#define BPNN_PASTE3(a, b, c) BPNN_PASTE3_(a, b, c)
#define BPNN_NAME(x) BPNN_PASTE3(bpnn__f, BPNN_PRECISION, _##x)

#if BPNN_PRECISION == 32
typedef float real;
#define LANES 16 /* numbers in a line of 64 bytes */
#else
typedef double real;
#define LANES 8
#endif

#define NARROW 4 /* products with at most this many output columns are summed in lanes */

#endif
