/* --method auto: docs/methods.md. The choice looks at the options, the rows and the size of the network; never at the machine. */
#include "base/memory.h"
#include "model/fit.h"

#include <math.h>
#include <string.h>

/* Tables of more rows are not looked at twice: mini-batches. */
enum { SURVEYED = 20000 };
enum { LEAST_FOR_BR = 20, MOST_FOR_BR = 1000, LEAST_FOR_LBFGS = 10, MOST_FOR_LBFGS = 10000, FEW_ROWS = 1200 };
#define MOST_GRAM 2e10 /* N C P^2: about a second an iteration on one core */
#define MOST_GRID 4e11 /* operations of all fits of l2 auto: some 20 s on one core */

/* Something that only step methods do, or that asks for rows held back. */
static bool wants_steps(const bpnn_fit_options *o)
{
    const bpnn_train_options *t = &o->train;
    bool early = t->patience != SIZE_MAX && t->patience != 0;
    return t->l1 > 0 || t->dropout > 0 || t->clip > 0 || t->batch != SIZE_MAX || !isnan(t->rate) ||
           !isnan(t->momentum) || !isnan(t->l2) || t->schedule != BPNN_SCHEDULE_CONSTANT || t->warmup > 0 ||
           t->setting_count > 0 || t->on_batch || early;
}

/* ---- the network that a method would have ---- */

static bool is_smooth(bpnn_activation_kind kind)
{
    switch (kind) {
    case BPNN_ACT_IDENTITY:
    case BPNN_ACT_SIGMOID:
    case BPNN_ACT_TANH:
    case BPNN_ACT_GELU:
    case BPNN_ACT_GELU_TANH:
    case BPNN_ACT_SILU:
    case BPNN_ACT_MISH:
    case BPNN_ACT_SOFTPLUS:
    case BPNN_ACT_GAUSSIAN:
    case BPNN_ACT_SIN:
    case BPNN_ACT_COS:
        return true;
    default:
        return false;
    }
}

/* Its parameters P with the units given or `by_rule`; *smooth: no hidden unit has a kink. 0: the description is no good, which
 * is said later. */
static double parameters_of(const bpnn_fit_options *o, const bpnn__schema *schema, const char *by_rule, bool *smooth)
{
    bpnn_layer *layers;
    size_t hidden;
    double P = 0, in = (double)schema->width, out = (double)bpnn__schema_outputs(schema);
    *smooth = true;
    if (bpnn__hidden_parse(o->hidden ? o->hidden : by_rule, o->activation, "tanh", o->bias, &layers, &hidden, NULL) !=
        BPNN_OK)
        return 0;
    for (size_t m = 0; m <= hidden; m++) {
        double size = m < hidden ? (double)layers[m].size : out;
        P += in * size + (o->bias == BPNN_BIAS_NEURON ? size : o->bias == BPNN_BIAS_SHARED);
        *smooth = *smooth && (m == hidden || is_smooth(layers[m].activation.kind));
        in = size;
    }
    bpnn__free(layers);
    return P;
}

/* ---- the rules ---- */

/* Where whole methods gain nothing on real tables and cost more: docs/figures.md. */
static bool suits_steps(const bpnn__fitting *f, const bpnn__schema *schema)
{
    bool categories = f->plan.task == BPNN_TASK_MULTICLASS;
    for (size_t i = 0; i < schema->feature_count; i++)
        categories |= schema->features[i].categorical;
    return categories;
}

static void apply_rules(bpnn__fitting *f, const bpnn__schema *schema)
{
    if (suits_steps(f, schema))
        return;
    const bpnn_fit_options *o = f->options;
    double N = (double)f->plan.train_count, C = (double)bpnn__schema_outputs(schema);
    bool smooth, mse = f->plan.task == BPNN_TASK_REGRESSION && f->loss.kind == BPNN_LOSS_MSE;
    double P = parameters_of(o, schema, "10", &smooth);
    if (P > 0 && mse && smooth && P <= MOST_FOR_BR && N >= LEAST_FOR_BR && N * C * P * P <= MOST_GRAM) {
        f->method = "br";
        return;
    }
    P = parameters_of(o, schema, "32", &smooth);
    double fits = N < FEW_ROWS ? 36 : 8;
    if (P > 0 && N >= LEAST_FOR_LBFGS && N <= MOST_FOR_LBFGS && fits * 150 * 6 * N * P <= MOST_GRID) {
        f->method = "lbfgs";
        f->l2_auto = true;
    }
}

/* Rows, width and task without a word: what is wrong is said when the table is read for good. */
static void survey(bpnn__fitting *f)
{
    bpnn__notes silent = {0};
    bpnn__schema schema = {0};
    bpnn_error *told = f->error, unsaid;
    f->error = &unsaid;
    bpnn_status status = bpnn__plan_make(&f->plan, f->table, f->options, false, &silent, NULL);
    if (status == BPNN_OK) {
        status = bpnn__choose_loss(f);
        if (status == BPNN_OK)
            status =
                bpnn__schema_fit(&schema, f->table, &f->plan, f->options, f->loss.kind, f->output.kind, &silent, NULL);
        if (status == BPNN_OK)
            apply_rules(f, &schema);
        bpnn__schema_free(&schema);
        bpnn__plan_free(&f->plan);
    }
    f->error = told;
    bpnn__notes_free(&silent);
}

void bpnn__choose_method(bpnn__fitting *f)
{
    const bpnn_train_options *t = &f->options->train;
    f->method = t->method;
    f->l2_auto = t->l2_auto;
    f->automatic = !t->method || strcmp(t->method, "auto") == 0;
    if (!f->automatic)
        return;
    f->method = t->l2_auto ? "lbfgs" : "adamw";
    if (!t->l2_auto && !wants_steps(f->options) && bpnn_table_rows(f->table) <= SURVEYED)
        survey(f);
}
