/* The whole run of a whole method: iterations of a descent on the network's objective in double, validation, early stopping,
 * stop reasons. The caller's net receives the parameters, rounded to its precision. */
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "method/vectors.h"
#include "train/advice.h"
#include "train/keeper.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef struct whole_run {
    bpnn_net *net;     /* the caller's: the best parameters so far */
    bpnn_net *present; /* what callbacks see: net, or with validation rows and on_epoch a net of its own */
    bpnn_net *wide;    /* the same in double: the shape that is worked on */
    double *w;         /* its parameters at the start */
    bpnn_data training;
    const bpnn_data *validation;
    double validation_scale;
    const bpnn_train_options *options;
    bpnn__settled settled;
    bpnn_train_result *result;
    bpnn__net_objective *objective;
    bpnn__descent *descent;
    bpnn__stopping stopping;
    double validation_loss, began;
    bpnn__keeper keeper;
} whole_run;

/* ---- telling the caller ---- */

static double loss_of(const whole_run *r)
{
    return r->descent->F - bpnn__net_objective_penalty(r->objective, r->descent->w);
}

static bpnn_progress show(const whole_run *r, double seconds, uint64_t evaluations)
{
    const bpnn__descent *d = r->descent;
    double rows = (double)r->training.inputs.rows * (double)evaluations;
    return (bpnn_progress){.epoch = r->result->epochs,
                           .epochs = r->options->epochs,
                           .updates = r->result->updates,
                           .loss = r->result->loss,
                           .validation_loss = r->validation_loss,
                           .best_validation_loss = r->validation ? r->stopping.best : (double)NAN,
                           .best_epoch = r->result->best_epoch,
                           .failures = r->stopping.failures,
                           .rate = (double)NAN,
                           .seconds = bpnn__now() - r->began,
                           .rows_per_second = seconds > 0 ? rows / seconds : (double)NAN,
                           .net = r->present,
                           .evaluations = d->evaluations,
                           .gradient_norm = r->result->gradient_norm,
                           .step = d->step,
                           .damping = d->damping,
                           .effective = d->effective};
}

/* False: the callback wants an end. */
static bool tell(whole_run *r, double seconds, uint64_t evaluations)
{
    bpnn_progress now = show(r, seconds, evaluations);
    if (now.epoch > 0)
        bpnn__keeper_note(&r->keeper, &now);
    if (!r->options->on_epoch)
        return true;
    if (r->present != r->net)
        bpnn_net_set_parameters(r->present, r->descent->w);
    return r->options->on_epoch(&now, r->options->context);
}

static void end_diverged(const whole_run *r, bool first)
{
    r->result->stop = BPNN_STOP_DIVERGED;
    r->result->diverged_epoch = r->result->epochs + 1;
    bpnn__advise(&r->training, r->net->precision, &r->settled, first, r->result);
}

/* ---- why it ends ---- */

static bool is_late(const whole_run *r)
{
    return r->options->time_limit > 0 && bpnn__now() - r->began >= r->options->time_limit;
}

static bool is_interrupted(const whole_run *r)
{
    return r->options->interrupt && *r->options->interrupt;
}

/* Asked inside long iterations. */
static bool halted(void *context)
{
    return is_interrupted(context) || is_late(context);
}

static bpnn_stop reason(const whole_run *r, bool go_on)
{
    if (r->result->stop != BPNN_STOP_NONE)
        return r->result->stop;
    if (is_interrupted(r))
        return BPNN_STOP_INTERRUPTED;
    if (!go_on)
        return BPNN_STOP_CALLBACK;
    if (r->result->loss <= r->options->target_loss)
        return BPNN_STOP_TARGET;
    if (is_late(r))
        return BPNN_STOP_TIME;
    return r->result->epochs >= r->options->epochs ? BPNN_STOP_EPOCHS : BPNN_STOP_NONE;
}

/* ---- one iteration ---- */

static void validate(whole_run *r)
{
    if (!r->validation)
        return;
    bpnn__engine *engine = bpnn__net_objective_engine(r->objective);
    bpnn__batch batch = {.inputs = r->validation->inputs,
                         .targets = r->validation->targets,
                         .row_weights = r->validation->row_weights,
                         .weight_scale = r->validation_scale,
                         .count = r->validation->inputs.rows};
    bpnn__engine_load_doubles(engine, r->descent->w);
    bpnn__engine_evaluate(engine, &batch, &r->validation_loss, NULL);
}

/* Parameters that the net's precision cannot hold. */
static bool too_large(const whole_run *r)
{
    double most = bpnn__max_abs(r->descent->n, r->descent->w);
    return !(most <= (r->net->precision == BPNN_SINGLE ? (double)FLT_MAX : DBL_MAX));
}

/* Counts an iteration that moved, and keeps its parameters if they are the ones to keep. */
static void count_iteration(whole_run *r)
{
    bpnn_train_result *result = r->result;
    bool keep = true, over = false;
    result->epochs++;
    result->updates++;
    result->loss = loss_of(r);
    if (r->validation)
        over = bpnn__stopping_tell(&r->stopping, result->epochs, r->validation_loss, &keep);
    if (r->settled.method->whole->evidence)
        keep = true;
    else if (over && result->stop == BPNN_STOP_NONE)
        result->stop = BPNN_STOP_PATIENCE;
    if (keep) {
        bpnn_net_set_parameters(r->net, r->descent->w);
        result->best_epoch = result->epochs;
    }
}

static void one_iteration(whole_run *r)
{
    double begun = bpnn__now();
    bpnn__descent *d = r->descent;
    uint64_t before = d->evaluations;
    r->result->stop = bpnn__descent_iterate(d);
    r->result->gradient_norm = bpnn__max_abs(d->n, d->g);
    if (d->halted) {
        r->result->stop = is_interrupted(r) ? BPNN_STOP_INTERRUPTED : BPNN_STOP_TIME;
        return;
    }
    if (!d->moved)
        return;
    validate(r);
    if (too_large(r) || (r->validation && !isfinite(r->validation_loss))) {
        end_diverged(r, false);
        return;
    }
    count_iteration(r);
    r->result->stop = reason(r, tell(r, bpnn__now() - begun, d->evaluations - before));
}

/* ---- the run ---- */

/* The objective in double, whatever the net's precision; data are widened block by block. */
static bpnn_status widen(whole_run *r, bpnn_error *error)
{
    bpnn_net_options shape = bpnn_net_describe(r->net);
    bpnn__batch batch = {.inputs = r->training.inputs,
                         .targets = r->training.targets,
                         .row_weights = r->training.row_weights,
                         .count = r->training.inputs.rows};
    shape.precision = BPNN_DOUBLE;
    bpnn_status status = bpnn__scale_weights(r->net, &r->training, &batch.weight_scale, error);
    if (status == BPNN_OK)
        status = bpnn_net_new(&r->wide, &shape, error);
    if (status != BPNN_OK)
        return status;
    const bpnn__whole *method = r->settled.method->whole;
    r->w = bpnn__alloc(r->net->parameter_count, sizeof *r->w);
    if (!r->w)
        return bpnn__fail_memory(error);
    bpnn_net_get_parameters(r->net, r->w);
    status = bpnn__net_objective_new(&r->objective, r->wide, &batch, r->settled.l2, method->curvature,
                                     r->options->threads, r->options->isa, error);
    if (status != BPNN_OK)
        return status;
    bpnn__net_objective_halt(r->objective, halted, r);
    return bpnn__descent_new(&r->descent, method, bpnn__net_objective_face(r->objective), r->settled.option, r->w,
                             error);
}

static bpnn_status prepare(whole_run *r, bpnn_error *error)
{
    bpnn_status status = bpnn__check_data(r->net, &r->training, error);
    if (status == BPNN_OK)
        status = bpnn__settle(&r->settled, r->net, r->options, r->training.inputs.rows, error);
    if (status == BPNN_OK && r->validation)
        status = bpnn__check_data(r->net, r->validation, error);
    if (status == BPNN_OK && r->validation)
        status = bpnn__scale_weights(r->net, r->validation, &r->validation_scale, error);
    r->present = r->net;
    if (status == BPNN_OK && r->validation && r->options->on_epoch)
        status = bpnn_net_clone(&r->present, r->net, error);
    return status == BPNN_OK ? widen(r, error) : status;
}

static size_t patience_of(const whole_run *r)
{
    size_t asked = r->options->patience;
    return r->settled.method->whole->evidence ? 0 : asked == SIZE_MAX ? BPNN__WHOLE_PATIENCE : asked;
}

/* F_0, v_0 and the callback before the first iteration. */
static void begin(whole_run *r)
{
    if (!bpnn__descent_begin(r->descent)) {
        end_diverged(r, true);
        return;
    }
    r->result->loss = loss_of(r);
    r->result->gradient_norm = bpnn__max_abs(r->descent->n, r->descent->g);
    validate(r);
    if (r->validation)
        bpnn__stopping_begin(&r->stopping, isfinite(r->validation_loss) ? r->validation_loss : (double)INFINITY,
                             r->options->min_delta, patience_of(r));
    if (!tell(r, 0, 0))
        r->result->stop = BPNN_STOP_CALLBACK;
    else if (r->options->epochs == 0)
        r->result->stop = BPNN_STOP_EPOCHS;
    if (r->result->stop != BPNN_STOP_NONE)
        bpnn__keeper_epoch(&r->keeper);
}

/* ---- checkpoints ---- */

static void keep_run(bpnn__archive *a, void *context)
{
    whole_run *r = context;
    bpnn__keep_descent(a, r->descent);
    bpnn__keep_result(a, r->result);
    bpnn__keep_count(a, "run.updates", &r->result->updates, UINT64_MAX);
    bpnn__keep_number(a, "run.gradient_norm", &r->result->gradient_norm);
    if (r->validation)
        bpnn__keep_stopping(a, &r->stopping, &r->validation_loss);
    bpnn__keep_history(a, &r->keeper, r->result->epochs);
}

/* Goes on from a record in place of begin(). */
static bpnn_status go_on(whole_run *r, bpnn_error *error)
{
    bpnn__archive a = {.from = r->keeper.hooks->resume, .taken = r->keeper.hooks->taken, .error = error};
    r->stopping.min_delta = r->options->min_delta;
    r->stopping.patience = patience_of(r);
    keep_run(&a, r);
    bpnn__archive_end(&a);
    if (a.status == BPNN_OK && r->result->stop == BPNN_STOP_NONE && r->result->epochs >= r->options->epochs)
        r->result->stop = BPNN_STOP_EPOCHS;
    return a.status;
}

/* The priors that br found; the free output biases have none. */
static void report_priors(const whole_run *r)
{
    bpnn_train_result *result = r->result;
    const bpnn__descent *d = r->descent;
    const bpnn__objective *o = bpnn__net_objective_face(r->objective);
    size_t layer = 0, parts = d->single ? 1 : o->part_count;
    for (size_t k = 0; d->alpha && k < parts && result->prior_count < BPNN_PRIORS; k++) {
        bpnn__part_kind kind = o->part[k].kind;
        layer += kind == BPNN__PART_WEIGHTS;
        if (kind == BPNN__PART_OUTPUT_BIAS)
            continue;
        result->prior[result->prior_count++] = (bpnn_prior){.layer = d->single ? 0 : layer,
                                                            .bias = kind == BPNN__PART_BIAS,
                                                            .size = d->single ? d->n : o->part[k].count,
                                                            .alpha = d->alpha[k],
                                                            .effective = d->gamma[k]};
    }
}

static void report(const whole_run *r)
{
    bpnn_train_result *result = r->result;
    const bpnn__descent *d = r->descent;
    result->l2 = r->settled.l2;
    result->evaluations = d->evaluations;
    result->best_validation_loss = r->validation ? r->stopping.best : (double)NAN;
    result->seconds = bpnn__now() - r->began;
    result->failures = r->stopping.failures;
    result->step = d->step;
    result->damping = d->damping;
    result->effective = d->effective;
    result->beta = d->beta;
    result->noise = d->noise;
    result->log_evidence = d->log_evidence;
    report_priors(r);
}

bpnn_status bpnn__train_whole(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                              const bpnn_train_options *options, const bpnn__hooks *hooks, bpnn_train_result *result,
                              bpnn_error *error)
{
    if (!net || !training)
        return bpnn__fail(error, BPNN_USAGE, "training needs a network and data");
    whole_run r = {.net = net, .training = *training, .options = options, .result = result, .began = bpnn__now()};
    r.validation_loss = (double)NAN;
    if (validation && validation->inputs.rows > 0)
        r.validation = validation;
    r.keeper = (bpnn__keeper){.hooks = hooks, .keep = keep_run, .run = &r, .result = result, .last = r.began};
    uint64_t mode = bpnn__fpmode_enter();
    bpnn_status status = prepare(&r, error);
    if (status == BPNN_OK && hooks && hooks->resume)
        status = go_on(&r, error);
    else if (status == BPNN_OK)
        begin(&r);
    if (status == BPNN_OK) {
        while (result->stop == BPNN_STOP_NONE) {
            one_iteration(&r);
            bpnn__keeper_epoch(&r.keeper);
        }
        report(&r);
    }
    bpnn__keeper_free(&r.keeper);
    bpnn__descent_free(r.descent);
    bpnn__net_objective_free(r.objective);
    bpnn_net_free(r.wide);
    if (r.present != r.net)
        bpnn_net_free(r.present);
    bpnn__free(r.w);
    bpnn__fpmode_leave(mode);
    return status;
}
