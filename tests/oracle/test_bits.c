/* Same bits (docs/house.md) over random nets, data and training: threads 1, 2, 3, 4, 7, 8, 16, groups of rows, batches that do not divide,
 * every step method, instruction set, precision, fused or stored gradients, the caller's floating-point mode. The first run of a
 * case is scalar, one thread; losses, weights, outputs and gradient of every other run have to be its bits. sse2, which rounds twice, has
 * to come near: outputs, and the mean loss of the first epoch.
 * test_bits [RUNS]; a run is one comparison. */
#include "oracle/draw.h"
#include "oracle/mode.h"
#include <bpnn/train.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 200, STEPS = 8, VARIANTS = 3, SETTINGS = 1 };

/* How one case trains. */
typedef struct plan {
    const char *method;
    bpnn_setting settings[SETTINGS];
    size_t setting_count, batch, group_rows;
    bpnn_precision precision;
    double rate, momentum, l1, l2, dropout, clip;
    bpnn_schedule_kind schedule;
    bool shuffle;
    uint64_t seed;
} plan;

/* What may not matter. */
typedef struct variant {
    const char *isa;
    size_t threads;
    bool poisoned, stored;
} variant;

typedef struct outcome {
    bpnn_status status;
    double loss[STEPS], w[DRAW_PARAMETERS], y[DRAW_ROWS * REF_UNITS], gradient[DRAW_PARAMETERS];
} outcome;

static const char *isas[8];
static size_t isa_count;

/* ---- drawing ---- */

/* Wide enough for panels and several threads in every fourth case; else the small nets of the gradient test. */
static void draw_case(drawn *d, dice *die)
{
    static const struct {
        bpnn_activation_kind output;
        bpnn_loss_kind loss;
    } pairs[] = {{BPNN_ACT_IDENTITY, BPNN_LOSS_MSE},
                 {BPNN_ACT_SOFTMAX, BPNN_LOSS_CROSSENTROPY},
                 {BPNN_ACT_TANH, BPNN_LOSS_HUBER},
                 {BPNN_ACT_SIGMOID, BPNN_LOSS_BINARY_CROSSENTROPY},
                 {BPNN_ACT_LOG_SOFTMAX, BPNN_LOSS_CROSSENTROPY},
                 {BPNN_ACT_EXP, BPNN_LOSS_POISSON},
                 {BPNN_ACT_SOFTPLUS, BPNN_LOSS_LOG_COSH},
                 {BPNN_ACT_SOFTMAX, BPNN_LOSS_FOCAL},
                 {BPNN_ACT_IDENTITY, BPNN_LOSS_QUANTILE},
                 {BPNN_ACT_TANH, BPNN_LOSS_HINGE}};
    size_t pair = dice_below(die, sizeof pairs / sizeof *pairs);
    draw(d, die, (bpnn_activation_kind)dice_below(die, BPNN_ACT_EXP), pairs[pair].output, pairs[pair].loss);
    if (dice_below(die, 4) == 0) {
        d->net.depth = 2;
        d->net.n[0] = 1 + dice_below(die, 120);
        d->net.n[1] = 20 + dice_below(die, 90);
        d->net.n[2] = 1 + dice_below(die, 40);
        d->net.act[1] = pairs[pair].output;
        d->net.act_parameter[1] = 0.7;
        draw_parameters(d, die, 1);
    }
    draw_rows(d, die, 1 + dice_below(die, DRAW_ROWS), 1);
}

/* A step method: whole ones have a test of their own (test_whole_bits). */
static const bpnn_method_info *draw_method(dice *die)
{
    const bpnn_method_info *steps[32];
    size_t count = 0;
    for (size_t i = 0; bpnn_method(i) && count < 32; i++)
        if (!bpnn_method(i)->whole)
            steps[count++] = bpnn_method(i);
    return steps[dice_below(die, count)];
}

static plan draw_plan(const drawn *d, dice *die)
{
    static const size_t groups[] = {1, 2, 3, 5, 16, 64, 100, 1024};
    const bpnn_method_info *info = draw_method(die);
    plan p = {.method = info->name,
              .group_rows = groups[dice_below(die, sizeof groups / sizeof *groups)],
              .precision = (bpnn_precision)dice_below(die, BPNN_PRECISION_COUNT),
              .rate = isnan(info->rate) ? (double)NAN : info->rate,
              .momentum = (double)NAN,
              .l2 = dice_below(die, 2) ? 0 : 0.01,
              .schedule = (bpnn_schedule_kind)dice_below(die, BPNN_SCHEDULE_COUNT),
              .shuffle = dice_below(die, 2),
              .seed = dice_word(die)};
    p.batch = info->full_batch || dice_below(die, 4) == 0 ? 0 : 1 + dice_below(die, d->rows);
    if (!isnan(info->momentum) && dice_below(die, 2)) {
        p.momentum = 0.9;
        p.settings[p.setting_count++] = (bpnn_setting){"nesterov", (double)dice_below(die, 2)};
    }
    if (strcmp(info->name, "rprop") == 0)
        p.settings[p.setting_count++] = (bpnn_setting){"minus", (double)dice_below(die, 2)};
    if (p.schedule == BPNN_SCHEDULE_PLATEAU || info->full_batch)
        p.schedule = BPNN_SCHEDULE_CONSTANT;
    if (!info->full_batch) {
        p.l1 = dice_below(die, 4) ? 0 : 0.001;
        p.dropout = dice_below(die, 3) ? 0 : 0.25;
        p.clip = dice_below(die, 3) ? 0 : 0.5;
    }
    if (p.schedule == BPNN_SCHEDULE_ADAPTIVE) /* it compares losses over all rows */
        p.batch = 0, p.dropout = 0;
    return p;
}

static variant draw_variant(dice *die)
{
    static const size_t threads[] = {1, 2, 3, 4, 7, 8, 16};
    return (variant){.isa = isas[dice_below(die, isa_count)],
                     .threads = threads[dice_below(die, 7)],
                     .poisoned = dice_below(die, 3) == 0,
                     .stored = dice_below(die, 3) == 0};
}

/* ---- running ---- */

static bpnn_train_options options_of(const plan *p, const variant *v)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.method = p->method;
    o.rate = p->rate;
    o.momentum = p->momentum;
    o.settings = p->settings;
    o.setting_count = p->setting_count;
    o.batch = p->batch;
    o.epochs = STEPS;
    o.shuffle = p->shuffle;
    o.l1 = p->l1;
    o.l2 = p->l2;
    o.dropout = p->dropout;
    o.clip = v->stored && p->clip == 0 && strcmp(p->method, "rprop") != 0 ? 1e30 : p->clip; /* never reached */
    o.schedule = p->schedule;
    o.seed = p->seed;
    o.threads = v->threads;
    o.isa = v->isa;
    return o;
}

/* Some epochs, then the outputs and the gradient of what came of it. */
static bpnn_status run(const drawn *d, const plan *p, const variant *v, bpnn_net *net, outcome *out)
{
    bpnn_data data = {.inputs = bpnn_matrix_of(d->x, d->rows, d->net.n[0]),
                      .targets = draw_target_matrix(d),
                      .row_weights = d->weighted ? d->weight : NULL};
    bpnn_train_options options = options_of(p, v);
    bpnn_trainer *trainer;
    bpnn_status status = bpnn_trainer_new(&trainer, net, &data, &options, NULL);
    size_t batches = p->batch ? (d->rows + p->batch - 1) / p->batch : 1, epochs = 1 + STEPS / batches;
    for (size_t e = 0; status == BPNN_OK && e < epochs && e < STEPS; e++)
        status = bpnn_trainer_epoch(trainer, &out->loss[e], NULL);
    if (status == BPNN_OK || status == BPNN_DIVERGED)
        bpnn_trainer_get(trainer, net);
    bpnn_trainer_free(trainer);
    return status;
}

static bpnn_status apply(const drawn *d, const bpnn_net *net, const variant *v, outcome *out)
{
    static unsigned char workspace[1 << 24];
    bpnn_predictor *predictor;
    bpnn_matrix inputs = bpnn_matrix_of(d->x, d->rows, d->net.n[0]);
    bpnn_status status = bpnn_predictor_new(&predictor, net, v->isa, NULL);
    if (status == BPNN_OK)
        status = bpnn_predictor_run(predictor, inputs, out->y, BPNN_F64, workspace, sizeof workspace, NULL);
    bpnn_predictor_free(predictor);
    return status == BPNN_OK ? draw_gradient(d, net, NULL, out->gradient, NULL) : status;
}

static void measure(const drawn *d, const plan *p, const variant *v, outcome *out)
{
    memset(out, 0, sizeof *out);
    bpnn_net *net = draw_library_net(d, p->precision, p->group_rows);
    if (!net)
        abort();
    if (v->poisoned)
        mode_poison();
    out->status = run(d, p, v, net, out);
    bpnn_status applied = apply(d, net, v, out);
    mode_cure();
    bpnn_net_get_parameters(net, out->w);
    bpnn_net_free(net);
    if (applied != BPNN_OK)
        out->status = applied;
}

/* Bits, but any NaN is a NaN: its sign and payload are nobody's promise. */
static bool same(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return false;
    return true;
}

static const char *difference(const drawn *d, const outcome *a, const outcome *b)
{
    size_t count = ref_count(&d->net);
    return a->status != b->status                                ? "status"
           : !same(a->loss, b->loss, STEPS)                      ? "losses"
           : !same(a->w, b->w, count)                            ? "weights"
           : !same(a->y, b->y, d->rows * d->net.n[d->net.depth]) ? "outputs"
           : !same(a->gradient, b->gradient, count)              ? "gradient"
                                                                 : NULL;
}

/* The instruction sets of this machine that promise the same bits. */
static void list_isas(void)
{
    static const char *const all[] = {"scalar", "avx2", "avx512", "neon", "auto"};
    static drawn d;
    draw(&d, &(dice){1}, BPNN_ACT_TANH, BPNN_ACT_IDENTITY, BPNN_LOSS_MSE);
    bpnn_net *net = draw_library_net(&d, BPNN_SINGLE, 1024);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bpnn_predictor *predictor;
        if (bpnn_predictor_new(&predictor, net, all[i], NULL) == BPNN_OK)
            isas[isa_count++] = all[i];
        bpnn_predictor_free(predictor);
    }
    bpnn_net_free(net);
}

/* Outputs before training and the first epoch's loss; a run that diverges may do so at another place. */
static bool comes_near(const drawn *d, const plan *p)
{
    static outcome exact, rounded;
    const variant scalar = {.isa = "scalar", .threads = 1}, sse2 = {.isa = "sse2", .threads = 2};
    double bound = p->precision == BPNN_SINGLE ? 1e-4 : 1e-11;
    bpnn_net *net = draw_library_net(d, p->precision, p->group_rows);
    bool good = apply(d, net, &scalar, &exact) == BPNN_OK && apply(d, net, &sse2, &rounded) == BPNN_OK &&
                distance(exact.y, rounded.y, d->rows * d->net.n[d->net.depth]) <= bound;
    bpnn_net_free(net);
    measure(d, p, &scalar, &exact);
    measure(d, p, &sse2, &rounded);
    if (exact.status != BPNN_OK || rounded.status != BPNN_OK)
        return good;
    /* within an epoch of several batches a rounding can grow */
    return good && distance(exact.loss, rounded.loss, 1) <= (p->batch ? 100 : 1) * bound;
}

static size_t rounding_row(dice *die, size_t cases)
{
    static drawn d;
    size_t bad = 0;
    if (bpnn_multiply_adds("sse2", BPNN_DOUBLE, 1) == 0)
        return 0; /* not on this machine */
    for (size_t i = 0; i < cases; i++) {
        draw_case(&d, die);
        plan p = draw_plan(&d, die);
        if (comes_near(&d, &p))
            continue;
        bad++;
        printf("  sse2, case %zu: %s, %s, batch %zu\n", i, p.method, bpnn_word(BPNN_WORDS_PRECISION, (int)p.precision),
               p.batch);
    }
    printf("sse2: %zu done, %zu bad\n", cases, bad);
    return bad;
}

int main(int argc, char **argv)
{
    static drawn d;
    static outcome first, other;
    size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : RUNS, bad = 0, diverged = 0;
    dice die = {draw_seed()};
    list_isas();
    for (size_t i = 0; i < runs; i++) {
        static plan p;
        if (i % VARIANTS == 0) {
            draw_case(&d, &die);
            p = draw_plan(&d, &die);
            measure(&d, &p, &(variant){.isa = "scalar", .threads = 1}, &first);
            diverged += first.status == BPNN_DIVERGED;
            bad += first.status != BPNN_OK && first.status != BPNN_DIVERGED;
        }
        variant v = draw_variant(&die);
        measure(&d, &p, &v, &other);
        const char *what = difference(&d, &first, &other);
        bad += what != NULL;
        if (what)
            printf("  run %zu: other %s: %s, %s, %zu rows, batch %zu, groups of %zu, %s, %zu threads%s%s, status %d\n",
                   i, what, p.method, bpnn_word(BPNN_WORDS_PRECISION, (int)p.precision), d.rows, p.batch, p.group_rows,
                   v.isa, v.threads, v.poisoned ? ", foreign mode" : "", v.stored ? ", stored" : "", (int)other.status);
    }
    printf("instruction sets:");
    for (size_t i = 0; i < isa_count; i++)
        printf(" %s", isas[i]);
    printf("; %zu cases diverged\n", diverged);
    printf("bits: %zu done, %zu bad\n", runs, bad);
    bad += rounding_row(&die, runs / 3);
    return bad > 0;
}
