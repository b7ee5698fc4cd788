/* One row: -DBPNN_ISA and -DBPNN_PRECISION as for src/kernel/row.c. */
#include "kernel/elementary.h"
#include "kernel/elementary_rows.h"

#define DEFINE_LOOP(f)                                                                                                 \
    static void loop_##f(size_t n, const void *from, void *to)                                                         \
    {                                                                                                                  \
        const real *x = from;                                                                                          \
        real *restrict y = to;                                                                                         \
        for (size_t i = 0; i < n; i++)                                                                                 \
            y[i] = r_##f(x[i]);                                                                                        \
    }
FUNCTIONS(DEFINE_LOOP)

#define ROW_NAME BPNN_PASTE3(BPNN_PASTE3(elementary_f, BPNN_PRECISION, _), BPNN_ISA, )

#define LOOP_ENTRY(f) loop_##f,
const elementary_loop ROW_NAME[FUNCTION_COUNT] = {FUNCTIONS(LOOP_ENTRY)};
