/* Applying a network: an immutable packed copy, the caller's workspace, no allocation. And the recording forward pass. */
#include "core/predictor.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "core/core.h"

enum { TRACE_ROWS = 64, FEW_ROWS = 4 }; /* few: in one go where the kernel can; more share lines */

/* A core without arrays: its parameters are read, never written. */
bpnn_status BPNN_NAME(predictor_new)(void **predictor, const bpnn_net *net, const char *isa, bpnn_error *error)
{
    bpnn__engine_options options = {.max_rows = 1, .threads = 1, .isa = isa};
    CORE *core;
    bpnn_status status = BPNN_NAME(core_new)(&core, net, &options, error);
    if (status == BPNN_OK)
        BPNN_NAME(shallow_for_rows)(core);
    *predictor = core;
    return status;
}

void BPNN_NAME(predictor_free)(void *predictor)
{
    BPNN_NAME(core_free)(predictor);
}

/* Workspace: two panel buffers that the layers use in turn, aligned within it. */
static size_t buffer_lines(const CORE *core, size_t rows)
{
    return core->layout.widest * (rows | 1);
}

size_t BPNN_NAME(predictor_workspace)(const void *predictor, size_t rows)
{
    const CORE *core = predictor;
    size_t lines, bytes;
    if (!bpnn__mul(core->layout.widest, rows | 1, &lines) || !bpnn__mul(lines, 2 * BPNN__LINE, &bytes))
        return SIZE_MAX;
    size_t pointers = 2 * (core->depth + 1) * sizeof(real *);
    return bytes + pointers + 2 * BPNN__LINE;
}

/* Rows a block that the workspace can hold. */
static size_t rows_that_fit(const CORE *core, size_t size, size_t wanted)
{
    if (wanted == 1)
        return 1;
    size_t rows = wanted < core->group_rows ? wanted : core->group_rows;
    size_t pointers = 2 * (core->depth + 1) * sizeof(real *), line = 2 * BPNN__LINE * core->layout.widest;
    size_t held = size > pointers + 2 * BPNN__LINE ? (size - pointers - 2 * BPNN__LINE) / line : 1;
    rows = rows < held ? rows : held; /* one more, for an odd stride, may be too many yet */
    while (rows > 1 && BPNN_NAME(predictor_workspace)(core, rows) > size)
        rows--;
    return rows;
}

static unsigned char *aligned(void *memory)
{
    return (unsigned char *)memory + (BPNN__LINE - (uintptr_t)memory % BPNN__LINE) % BPNN__LINE;
}

static void lay_out(const CORE *core, ARRAYS *a, void *workspace, size_t rows)
{
    unsigned char *at = aligned(workspace);
    real *buffer[2] = {(real *)(void *)at, (real *)(void *)at + buffer_lines(core, rows) * LANES};
    a->y = (real **)(void *)(at + 2 * buffer_lines(core, rows) * BPNN__LINE);
    a->e = a->y + core->depth + 1;
    a->rows = rows;
    a->stride = rows | 1;
    for (size_t m = 0; m <= core->depth; m++)
        a->e[m] = a->y[m] = buffer[m % 2];
}

static void put(const real *panels, size_t stride, size_t rows, size_t cols, bpnn_dtype dtype, void *out, size_t first)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < cols; k++) {
            real y = LINE_AT(panels, stride, k / LANES, r)[k % LANES];
            if (dtype == BPNN_F32)
                ((float *)out)[(first + r) * cols + k] = (float)y;
            else
                ((double *)out)[(first + r) * cols + k] = (double)y;
        }
}

void BPNN_NAME(predictor_run)(const void *predictor, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype,
                              void *workspace, size_t workspace_size)
{
    const CORE *core = predictor;
    ARRAYS a = {0};
    if (inputs.rows == 0)
        return;
    if (core->shallow.in > 0 && inputs.rows <= FEW_ROWS &&
        core->kernels->shallow_outputs(&core->shallow, inputs, outputs, dtype))
        return;
    size_t block = rows_that_fit(core, workspace_size, inputs.rows);
    lay_out(core, &a, workspace, block);
    for (size_t from = 0; from < inputs.rows; from += block) {
        bpnn__span span = {0, inputs.rows - from < block ? inputs.rows - from : block};
        core->kernels->gather(inputs, NULL, from, span.count, a.y[0], a.stride);
        BPNN_NAME(forward)(core, &a, span, false, 0);
        put(a.y[core->depth], a.stride, span.count, core->output.cols, dtype, outputs, from);
    }
}

/* ---- the recording forward pass ---- */

static void record(const CORE *core, const ARRAYS *a, bpnn__span span, size_t from, double *const *preacts,
                   double *const *outputs)
{
    for (size_t m = 1; m <= core->depth; m++) {
        size_t cols = BPNN_NAME(layer)(core, m)->out;
        if (preacts && preacts[m - 1])
            BPNN_NAME(copy_out)(a->e[m], a->stride, span, cols, preacts[m - 1] + from * cols);
        if (outputs && outputs[m - 1])
            BPNN_NAME(copy_out)(a->y[m], a->stride, span, cols, outputs[m - 1] + from * cols);
    }
}

bpnn_status BPNN_NAME(trace)(const bpnn_net *net, bpnn_matrix inputs, double *const *preacts, double *const *outputs,
                             bpnn_error *error)
{
    void *made;
    ARRAYS a = {0};
    bpnn_status status = BPNN_NAME(predictor_new)(&made, net, NULL, error);
    if (status != BPNN_OK)
        return status;
    const CORE *core = made;
    status = BPNN_NAME(arrays_new)(&a, &core->layout, TRACE_ROWS, true, false, false, false, error);
    for (size_t from = 0; status == BPNN_OK && from < inputs.rows; from += TRACE_ROWS) {
        bpnn__span span = {0, inputs.rows - from < TRACE_ROWS ? inputs.rows - from : TRACE_ROWS};
        core->kernels->gather(inputs, NULL, from, span.count, a.y[0], a.stride);
        BPNN_NAME(forward)(core, &a, span, false, 0);
        record(core, &a, span, from, preacts, outputs);
    }
    BPNN_NAME(arrays_free)(&a);
    BPNN_NAME(predictor_free)(made);
    return status;
}
