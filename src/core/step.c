/* The schedule of a step: rows phase, then weights phase.
 *
 * The weights phase cuts every dw^m into blocks of LANES x LANES. A block sums over the group's rows, goes to a small
 * buffer, is handed to the method's elementwise update, and is written to w and to the twin. Batches of several groups, and
 * clipping, store the gradient first and give the same blocks to the same update afterwards: the same bits. */
#include "core/core.h"

#include <math.h>
#include <string.h>

#define layer_of BPNN_NAME(layer)

enum {
    STRIP = 8,   /* input panels a unit takes together: delta's panel stays in L1 for them */
    UPDATE = 16, /* a method's update of a weight costs about as much as so many multiply-adds */
};

/* What a unit of the weights phase works on: layer m, output panel p, input panels q .. q_end - 1; or the bias. */
typedef struct weights_unit {
    size_t m, p, q, q_end;
    bool bias;
} weights_unit;

static size_t strips(const bpnn__layer_layout *l)
{
    return (l->in_panels + STRIP - 1) / STRIP;
}

static size_t unit_count(const CORE *core)
{
    size_t units = 0;
    for (size_t m = 1; m <= core->depth; m++)
        units += strips(layer_of(core, m)) * layer_of(core, m)->out_panels + 1;
    return units;
}

static weights_unit unit_at(const CORE *core, size_t unit)
{
    size_t m = 1;
    for (; m < core->depth; m++) {
        size_t here = strips(layer_of(core, m)) * layer_of(core, m)->out_panels + 1;
        if (unit < here)
            break;
        unit -= here;
    }
    const bpnn__layer_layout *l = layer_of(core, m);
    size_t per_panel = strips(l);
    if (unit == per_panel * l->out_panels)
        return (weights_unit){.m = m, .bias = true};
    size_t q = unit % per_panel * STRIP;
    size_t end = q + STRIP < l->in_panels ? q + STRIP : l->in_panels;
    return (weights_unit){.m = m, .p = unit / per_panel, .q = q, .q_end = end};
}

/* ---- what is done with a block of gradient ---- */

typedef struct weights_job {
    CORE *core;
    size_t rows;
    const bpnn__update *update; /* NULL: store into `into` */
    real constants[BPNN__CONSTANTS];
    real *into;       /* where a gradient is stored */
    const real *from; /* the stored gradient to apply; NULL: compute it from the arrays */
} weights_job;

static void set_constants(weights_job *job, const bpnn__update *update)
{
    job->update = update;
    for (size_t i = 0; i < BPNN__CONSTANTS; i++)
        job->constants[i] = (real)update->constants[i];
}

void BPNN_NAME(update_lines)(const CORE *core, const bpnn__update *u, const real *constants, size_t at, size_t lines,
                             bool weights, real *g)
{
    const BPNN_NAME(kernels) *k = core->kernels;
    real *w = core->w + at * LANES;
    void *states[8];
    for (size_t s = 0; s < core->state_count; s++)
        states[s] = core->state[s] + at * LANES;
    if (weights && u->l2 != 0)
        k->add_scaled(lines, (real)u->l2, w, g);
    if (weights && u->decay != 0)
        k->scale(lines, (real)(1 - u->decay), w);
    u->function(constants, lines, w, g, states);
    if (weights && u->shrink != 0)
        k->shrink(lines, (real)u->shrink, w);
}

static void update_lines(const weights_job *job, size_t at, size_t lines, bool weights, real *g)
{
    BPNN_NAME(update_lines)(job->core, job->update, job->constants, at, lines, weights, g);
}

/* One block of dw^m: w^m <- w^m - a dw^m in the method's way, and the twin. */
static void do_block(const weights_job *job, size_t m, size_t q, size_t p)
{
    size_t at, lines;
    real block[LANES * LANES] __attribute__((aligned(64)));
    BPNN_NAME(weight_block)(job->core, m, q, p, &at, &lines);
    if (job->from)
        memcpy(block, job->from + at * LANES, lines * LANES * sizeof(real));
    else
        BPNN_NAME(weight_gradient)(job->core, &job->core->arrays, job->rows, m, q, p, block);
    if (!job->update) {
        memcpy(job->into + at * LANES, block, lines * LANES * sizeof(real));
        return;
    }
    update_lines(job, at, lines, true, block);
    BPNN_NAME(write_twin)(job->core, m, q, p);
}

/* Column sums of one output panel of delta^m, computed or stored. */
static void column_sums(const weights_job *job, size_t m, size_t p, real *line)
{
    if (job->from)
        memcpy(line, job->from + (layer_of(job->core, m)->bias + p) * LANES, LANES * sizeof(real));
    else
        BPNN_NAME(bias_sums)(job->core, &job->core->arrays, job->rows, m, p, line);
}

/* A shared bias: lanes over all column sums, tree, one update of one line. */
static void do_shared_bias(const weights_job *job, size_t m)
{
    const bpnn__layer_layout *l = layer_of(job->core, m);
    real total[LANES] __attribute__((aligned(64))) = {0}, line[LANES] __attribute__((aligned(64)));
    for (size_t p = 0; p < l->out_panels; p++) {
        column_sums(job, m, p, line);
        job->core->kernels->add_scaled(1, 1, line, total);
    }
    real sum[LANES] __attribute__((aligned(64)));
    BPNN_NAME(share_lanes)(total, sum);
    update_lines(job, l->bias, 1, false, sum);
}

static void do_bias(const weights_job *job, size_t m)
{
    const bpnn__layer_layout *l = layer_of(job->core, m);
    bpnn_bias mode = job->core->layers[m - 1].bias;
    if (mode == BPNN_BIAS_NONE)
        return;
    if (mode == BPNN_BIAS_SHARED && job->update) {
        do_shared_bias(job, m);
        return;
    }
    for (size_t p = 0; p < l->out_panels; p++) {
        real line[LANES] __attribute__((aligned(64)));
        column_sums(job, m, p, line);
        if (job->update)
            update_lines(job, l->bias + p, 1, false, line);
        else
            memcpy(job->into + (l->bias + p) * LANES, line, sizeof line);
    }
}

static void weights_work(void *context, size_t unit)
{
    const weights_job *job = context;
    weights_unit u = unit_at(job->core, unit);
    if (u.bias)
        do_bias(job, u.m);
    for (size_t q = u.q; q < u.q_end; q++)
        do_block(job, u.m, q, u.p);
}

static void weights_phase(weights_job *job)
{
    bpnn__pool_run(job->core->pool, job->core->threads, unit_count(job->core), weights_work, job);
}

/* Threads for both phases of so many rows: what one of them leaves in a thread's cache the other finds there. */
static void begin_phases(CORE *core, size_t rows)
{
    double work = (double)(3 * rows + UPDATE) * (double)core->layout.lines * LANES;
    size_t most = BPNN_NAME(worthwhile_threads)(core, work / 2);
    core->threads = bpnn__pace_begin(&core->pace, work, most);
}

/* ---- several groups: gradients added pairwise by index ---- */

/* The waiting partial sums; a buffer is in exactly one of the two lists. */
typedef struct group_tree {
    real *slot[64], *spare[65];
    size_t spares;
    uint64_t count;
} group_tree;

static void tree_begin(group_tree *tree, CORE *core)
{
    memset(tree, 0, sizeof *tree);
    for (size_t i = 0; i < core->levels; i++)
        tree->spare[tree->spares++] = core->level[i];
    tree->spare[tree->spares++] = core->gradient;
}

static real *tree_join(group_tree *tree, const CORE *core, real *earlier, real *later)
{
    core->kernels->add_scaled(core->layout.lines, 1, later, earlier);
    tree->spare[tree->spares++] = later;
    return earlier;
}

static void tree_push(group_tree *tree, const CORE *core, real *newest)
{
    size_t level = 0;
    for (; tree->count >> level & 1; level++)
        newest = tree_join(tree, core, tree->slot[level], newest);
    tree->slot[level] = newest;
    tree->count++;
}

static void tree_end(group_tree *tree, CORE *core)
{
    real *sum = NULL;
    for (size_t level = 0; level < 64; level++)
        if (tree->count >> level & 1)
            sum = sum ? tree_join(tree, core, tree->slot[level], sum) : tree->slot[level];
    core->gradient = sum;
    for (size_t i = 0; i < core->levels; i++)
        core->level[i] = tree->spare[i];
}

void BPNN_NAME(core_gradient)(CORE *core, const bpnn__batch *batch, double *loss, double *input_gradient)
{
    bpnn__tree losses = {0};
    group_tree tree;
    tree_begin(&tree, core);
    size_t group = core->group_rows, width = layer_of(core, 1)->in;
    for (size_t from = 0; from < batch->count; from += group) {
        size_t rows = batch->count - from < group ? batch->count - from : group;
        begin_phases(core, rows);
        bpnn__tree_add(&losses, BPNN_NAME(rows_phase)(core, &core->arrays, batch, from, rows, true));
        weights_job job = {.core = core, .rows = rows, .into = tree.spare[--tree.spares]};
        weights_phase(&job);
        bpnn__pace_end(&core->pace);
        tree_push(&tree, core, job.into);
        if (input_gradient)
            BPNN_NAME(copy_out)
        (core->arrays.delta[0], core->arrays.stride, (bpnn__span){0, rows}, width, input_gradient + from * width);
    }
    tree_end(&tree, core);
    *loss = bpnn__tree_sum(&losses) / (core->mean ? (double)batch->count : 1);
}

/* ---- the ways to an update ---- */

void BPNN_NAME(core_step)(CORE *core, const bpnn__batch *batch, const bpnn__update *update, double *loss)
{
    if (batch->count > core->group_rows || update->clip > 0) {
        BPNN_NAME(core_gradient)(core, batch, loss, NULL);
        if (isfinite(*loss) && !BPNN_NAME(core_apply)(core, update))
            *loss = (double)NAN;
        return;
    }
    if (BPNN_NAME(shallow_steps)(core, batch, update, true, 1, loss) == 1)
        return;
    if (BPNN_NAME(tiny_fits)(core, batch->count)) {
        BPNN_NAME(tiny_step)(core, batch, update, loss);
        return;
    }
    begin_phases(core, batch->count);
    double sum = BPNN_NAME(rows_phase)(core, &core->arrays, batch, 0, batch->count, true);
    *loss = sum / (core->mean ? (double)batch->count : 1);
    if (!isfinite(*loss))
        return;
    weights_job job = {.core = core, .rows = batch->count};
    set_constants(&job, update);
    weights_phase(&job);
    bpnn__pace_end(&core->pace);
}

/* Sum of squares of one layer's stored gradient, block by block. */
static double layer_squares(const CORE *core, size_t m)
{
    const bpnn__layer_layout *l = layer_of(core, m);
    bpnn_bias mode = core->layers[m - 1].bias;
    double sum = 0;
    for (size_t p = 0; p < l->out_panels; p++)
        for (size_t q = 0; q < l->in_panels; q++) {
            size_t at, lines;
            BPNN_NAME(weight_block)(core, m, q, p, &at, &lines);
            sum += core->kernels->squares(lines, core->gradient + at * LANES);
        }
    if (mode == BPNN_BIAS_NEURON)
        sum += core->kernels->squares(l->out_panels, core->gradient + l->bias * LANES);
    if (mode == BPNN_BIAS_SHARED) {
        real line[LANES] __attribute__((aligned(64)));
        BPNN_NAME(share_bias)(core, m, core->gradient + l->bias * LANES, line);
        sum += (double)line[0] * (double)line[0];
    }
    return sum;
}

/* g *= min(1, C / (|g| + 1e-6)); false when |g| is not finite. */
static bool clip(CORE *core, double limit)
{
    double sum = 0;
    for (size_t m = 1; m <= core->depth; m++)
        sum += layer_squares(core, m);
    double norm = sqrt(sum);
    if (!isfinite(norm))
        return false;
    double factor = limit / (norm + 1e-6);
    if (factor < 1)
        core->kernels->scale(core->layout.lines, (real)factor, core->gradient);
    return true;
}

bool BPNN_NAME(core_apply)(CORE *core, const bpnn__update *update)
{
    if (update->clip > 0 && !clip(core, update->clip))
        return false;
    weights_job job = {.core = core, .rows = 1, .from = core->gradient};
    set_constants(&job, update);
    core->threads = BPNN_NAME(worthwhile_threads)(core, (double)UPDATE * (double)core->layout.lines * LANES);
    weights_phase(&job);
    return true;
}
