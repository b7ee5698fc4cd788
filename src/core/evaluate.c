/* Looking at a network at work: losses over many rows, outputs, penalty, and where it left the finite numbers. */
#include "core/core.h"

#include <math.h>

#define layer_of BPNN_NAME(layer)

void BPNN_NAME(core_evaluate)(CORE *core, const bpnn__batch *batch, double *loss, double *outputs)
{
    bpnn__tree losses = {0};
    double group = 0; /* a chain over the rows of a group, whatever the block */
    size_t in_group = 0, width = layer_of(core, core->depth)->out;
    for (size_t from = 0; from < batch->count;) {
        size_t rows = batch->count - from;
        if (rows > core->arrays.rows)
            rows = core->arrays.rows;
        if (rows > core->group_rows - in_group)
            rows = core->group_rows - in_group;
        BPNN_NAME(rows_phase)(core, &core->arrays, batch, from, rows, false);
        for (size_t r = 0; batch->targets.data && r < rows; r++)
            group += core->arrays.weight[r] * (double)core->arrays.loss[r];
        if (outputs)
            BPNN_NAME(copy_out)
        (core->arrays.y[core->depth], core->arrays.stride, (bpnn__span){0, rows}, width, outputs + from * width);
        from += rows;
        in_group += rows;
        if (in_group == core->group_rows || from == batch->count) {
            bpnn__tree_add(&losses, group);
            group = 0;
            in_group = 0;
        }
    }
    if (loss)
        *loss = bpnn__tree_sum(&losses) / (core->mean && batch->count ? (double)batch->count : 1);
}

/* Sums over the weights of one layer: of squares, and of absolute values. */
static void layer_sums(const CORE *core, size_t m, double *squares, double *absolutes)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    for (size_t p = 0; p < l->out_panels; p++)
        for (size_t q = 0; q < l->in_panels; q++) {
            size_t at, lines;
            BPNN_NAME(weight_block)(core, m, q, p, &at, &lines);
            *squares += core->kernels->squares(lines, core->w + at * LANES);
            for (size_t i = 0; absolutes && i < lines * LANES; i++)
                *absolutes += fabs((double)core->w[at * LANES + i]);
        }
}

double BPNN_NAME(core_penalty)(const CORE *core, double l1, double l2)
{
    double squares = 0, absolutes = 0;
    if (l1 == 0 && l2 == 0)
        return 0;
    for (size_t m = 1; m <= core->depth; m++)
        layer_sums(core, m, &squares, l1 != 0 ? &absolutes : NULL);
    return l2 / 2 * squares + l1 * absolutes;
}

size_t BPNN_NAME(core_bad_parameters)(const CORE *core)
{
    for (size_t m = 1; m <= core->depth; m++) {
        const bpnn__layer_layout *l = layer_of(core, m);
        if (!core->kernels->finite(l->weight_lines + l->out_panels, core->w + l->weights * LANES))
            return m;
    }
    return 0;
}

size_t BPNN_NAME(core_bad_outputs)(const CORE *core, size_t rows)
{
    const ARRAYS *a = &core->arrays;
    rows = rows < a->rows ? rows : a->rows;
    for (size_t m = 1; m <= core->depth; m++)
        for (size_t p = 0; p < layer_of(core, m)->out_panels; p++)
            if (!core->kernels->finite(rows, LINE_AT(a->e[m], a->stride, p, 0)) ||
                !core->kernels->finite(rows, LINE_AT(a->y[m], a->stride, p, 0)))
                return m;
    return 0;
}
