/* The fit of an ensemble: members with validation rows, initial weights and order of their own, the same columns, layers and test
 * rows; then the metrics of their mean. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/fit.h"
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Notes of one member, on their way to the ensemble's. */
typedef struct speaker {
    bpnn_model *whole;
    size_t number; /* from 1; 0: as if the ensemble had said it */
    bool silent;   /* the first member has said the same */
} speaker;

typedef struct crowd {
    bpnn__fitting *whole;
    size_t count;
    bpnn__fitting *member; /* their models belong to the whole's */
    bpnn__fitting **kept;  /* those that are not left out, once they have trained; before: all */
    size_t kept_count;
    speaker *speakers;
    size_t *seen;         /* training rows of all members, ascending */
    unsigned char *flags; /* rows of the table */
    bpnn_stop stop;       /* what called the runs off */
} crowd;

static void pass_on(const char *text, bool warning, void *context)
{
    const speaker *s = context;
    if (s->number > 0 && !s->silent)
        bpnn__notes_add(&s->whole->notes, warning, "member %zu: %s", s->number, text);
    else if (!s->silent)
        bpnn__notes_add(&s->whole->notes, warning, "%s", text);
}

/* ---- before training ---- */

static bpnn_status make_members(crowd *c)
{
    bpnn__fitting *f = c->whole;
    size_t count = f->options->ensemble, starts = f->options->restarts;
    c->member = bpnn__alloc(count, sizeof *c->member);
    c->kept = bpnn__alloc(count, sizeof *c->kept);
    c->speakers = bpnn__alloc(count, sizeof *c->speakers);
    c->flags = bpnn__alloc(bpnn_table_rows(f->table), 1);
    c->seen = bpnn__alloc(bpnn_table_rows(f->table), sizeof *c->seen);
    f->model->members = bpnn__alloc(count, sizeof *f->model->members);
    if (!c->member || !c->kept || !c->speakers || !c->flags || !c->seen || !f->model->members)
        return bpnn__fail_memory(f->error);
    for (; c->count < count; c->count++) {
        size_t k = c->count;
        bpnn_model *model = bpnn__alloc(1, sizeof *model);
        if (!model)
            return bpnn__fail_memory(f->error);
        f->model->members[k] = model;
        f->model->member_count = k + 1;
        c->speakers[k] = (speaker){.whole = f->model, .silent = k > 0};
        model->notes.message = pass_on;
        model->notes.context = &c->speakers[k];
        c->member[k] = *f;
        c->member[k].model = model;
        c->member[k].seed = f->seed + k * starts;
        c->kept[k] = &c->member[k];
        c->kept_count = k + 1;
    }
    return BPNN_OK;
}

/* Rows of one part of any member. */
static size_t unite(crowd *c, bpnn__part part, size_t *rows)
{
    size_t count = 0, all = bpnn_table_rows(c->whole->table);
    memset(c->flags, 0, all);
    for (size_t k = 0; k < c->kept_count; k++) {
        const bpnn__plan *p = &c->kept[k]->plan;
        const size_t *own = part == BPNN__TRAIN ? p->train : p->valid;
        size_t n = part == BPNN__TRAIN ? p->train_count : p->valid_count;
        for (size_t i = 0; i < n; i++)
            c->flags[own[i]] = 1;
    }
    for (size_t r = 0; r < all; r++)
        if (c->flags[r])
            rows[count++] = r;
    return count;
}

/* The method is chosen once; categories and indicators come from the training rows of all. */
static bpnn_status shape_members(crowd *c)
{
    bpnn_status status = BPNN_OK;
    for (size_t k = 0; k < c->count && status == BPNN_OK; k++) {
        bpnn__fitting *m = &c->member[k];
        m->method = c->member[0].method;
        m->automatic = c->member[0].automatic;
        m->l2_auto = c->member[0].l2_auto;
        status = bpnn__fit_plan(m);
    }
    size_t count = status == BPNN_OK ? unite(c, BPNN__TRAIN, c->seen) : 0;
    for (size_t k = 0; k < c->count && status == BPNN_OK; k++) {
        c->member[k].plan.seen = c->seen;
        c->member[k].plan.seen_count = count;
        status = bpnn__fit_shape(&c->member[k]);
    }
    return status;
}

static bpnn_status copy_training(bpnn__training *to, const bpnn__training *from, bpnn_error *error)
{
    *to = *from;
    to->option_count = 0;
    to->options = bpnn__alloc(from->option_count, sizeof *to->options);
    if (!to->options)
        return bpnn__fail_memory(error);
    for (; to->option_count < from->option_count; to->option_count++) {
        to->options[to->option_count] = from->options[to->option_count];
        to->options[to->option_count].name = bpnn__copy_text(from->options[to->option_count].name);
        if (!to->options[to->option_count].name)
            return bpnn__fail_memory(error);
    }
    return BPNN_OK;
}

/* What the ensemble has of its first member. */
static bpnn_status take_first(crowd *c)
{
    bpnn_model *whole = c->whole->model;
    const bpnn_model *first = whole->members[0];
    whole->schema = first->schema;
    whole->net = first->net;
    whole->arithmetic = first->arithmetic;
    whole->library = bpnn__copy_text(first->library);
    whole->method_why = bpnn__copy_text(first->method_why);
    whole->summary.method = first->summary.method;
    whole->summary.seed = c->whole->seed;
    if (!whole->library || (first->method_why && !whole->method_why))
        return bpnn__fail_memory(c->whole->error);
    bpnn_status status = copy_training(&whole->training, &first->training, c->whole->error);
    return status == BPNN_OK ? bpnn__warn_unsavable(whole, c->whole->error) : status;
}

/* ---- which members stay ---- */

/* 0: well, 1: no epoch was done, 2: diverged, 3: not begun. */
static int grade(const bpnn_model *model)
{
    const bpnn_train_result *r = &model->summary.result;
    bool chosen = false; /* l2 auto that was called off gives the net of a fold */
    for (size_t i = 0; i < r->penalty_count; i++)
        chosen = chosen || isfinite(r->penalty[i].loss);
    if (model->summary.stop == BPNN_STOP_NONE)
        return 3;
    return r->stop == BPNN_STOP_DIVERGED ? 2 : r->epochs == 0 && !chosen;
}

static void say_left_out(crowd *c, size_t k, int how)
{
    bpnn__notes_add(&c->whole->model->notes, true,
                    how == 2 ? "member %zu is left out: it diverged"
                             : "member %zu is left out: it was not trained when the fit was called off",
                    k + 1);
}

static int best_grade(const crowd *c)
{
    int best = 3;
    for (size_t k = 0; k < c->count; k++)
        best = grade(c->member[k].model) < best ? grade(c->member[k].model) : best;
    return best;
}

/* Those of the best grade stay. */
static void leave_out(crowd *c)
{
    bpnn_model *whole = c->whole->model;
    int best = best_grade(c);
    size_t kept = 0;
    for (size_t k = 0; k < c->count; k++) {
        int how = grade(c->member[k].model);
        if (how > best) {
            say_left_out(c, k, how);
            bpnn_model_free(c->member[k].model);
            c->member[k].model = whole->members[k] = NULL;
            continue;
        }
        whole->members[k] = NULL; /* either it moves up, or this is its place */
        whole->members[kept] = c->member[k].model;
        c->kept[kept++] = &c->member[k];
    }
    c->kept_count = whole->member_count = kept;
    whole->schema = whole->members[0]->schema;
    whole->net = whole->members[0]->net;
}

/* ---- after training ---- */

/* Sums, means and extremes over the members; why it ended: what called it off, then the time limit, then as the first did. */
static void sum_up(crowd *c)
{
    bpnn_model *whole = c->whole->model;
    bpnn_summary *s = &whole->summary;
    bpnn_train_result all = whole->members[0]->summary.result;
    double count = (double)c->kept_count;
    all.updates = all.evaluations = 0;
    all.loss = all.best_validation_loss = all.seconds = 0;
    for (size_t k = 0; k < c->kept_count; k++) {
        const bpnn_train_result *r = &whole->members[k]->summary.result;
        all.epochs = r->epochs > all.epochs ? r->epochs : all.epochs;
        all.best_epoch = r->best_epoch > all.best_epoch ? r->best_epoch : all.best_epoch;
        all.updates += r->updates;
        all.evaluations += r->evaluations;
        all.loss += r->loss / count;
        all.best_validation_loss += r->best_validation_loss / count;
        all.seconds = r->seconds > all.seconds ? r->seconds : all.seconds;
        if (r->stop == BPNN_STOP_TIME)
            all.stop = BPNN_STOP_TIME;
    }
    all.gradient_norm = all.step = all.damping = (double)NAN;
    all.effective = all.beta = all.noise = all.log_evidence = (double)NAN;
    all.prior_count = all.penalty_count = all.failures = 0;
    if (c->stop != BPNN_STOP_NONE)
        all.stop = c->stop;
    s->result = all;
    s->stop = all.stop;
    s->epochs = all.epochs;
    s->best_epoch = all.best_epoch;
    s->updates = all.updates;
    s->seconds = all.seconds;
    whole->training.l2 = whole->members[0]->training.l2;
    whole->training.fingerprint = whole->members[0]->training.fingerprint;
}

static bpnn_status measure_rows(crowd *c, bpnn__part part, const bpnn__measured *what)
{
    bpnn_model *whole = c->whole->model;
    const bpnn_train_options *o = &c->whole->options->train;
    if (what->count == 0)
        return BPNN_OK;
    whole->metrics[part] = bpnn__alloc(whole->schema.target_count, sizeof *whole->metrics[part]);
    if (!whole->metrics[part])
        return bpnn__fail_memory(c->whole->error);
    return bpnn__evaluate_rows(whole, what, o->threads, o->isa, whole->metrics[part], c->whole->error);
}

/* Every row that some member holds back, judged by the members that do: they have never trained on it. */
static bpnn_status measure_held(crowd *c, bpnn__measured *what)
{
    size_t cells, all = bpnn_table_rows(c->whole->table);
    size_t *rows = bpnn__alloc(all, sizeof *rows), *at = bpnn__alloc(all, sizeof *at);
    unsigned char *speaks = NULL;
    if (rows && at) {
        what->count = unite(c, BPNN__VALIDATION, rows);
        speaks = bpnn__mul(c->kept_count, what->count, &cells) ? bpnn__alloc(cells, 1) : NULL;
    }
    for (size_t i = 0; speaks && i < what->count; i++)
        at[rows[i]] = i;
    for (size_t k = 0; speaks && k < c->kept_count; k++)
        for (size_t i = 0; i < c->kept[k]->plan.valid_count; i++)
            speaks[k * what->count + at[c->kept[k]->plan.valid[i]]] = 1;
    what->rows = rows;
    what->speaks = speaks;
    c->whole->model->summary.rows_validation = what->count;
    bpnn_status status = speaks ? measure_rows(c, BPNN__VALIDATION, what) : bpnn__fail_memory(c->whole->error);
    bpnn__free(speaks);
    bpnn__free(at);
    bpnn__free(rows);
    return status;
}

static bpnn__measured all_of(const bpnn__rows *part)
{
    return (bpnn__measured){.table = part->table, .mapping = part->mapping, .rows = part->rows, .count = part->count};
}

/* Training rows: those of any member, by all of them. Test rows, and validation rows from a table of their own, are the same for all. */
static bpnn_status measure_whole(crowd *c)
{
    bpnn_summary *s = &c->whole->model->summary;
    const bpnn__rows *part = c->kept[0]->part;
    bpnn__measured train = all_of(&part[BPNN__TRAIN]), valid = all_of(&part[BPNN__VALIDATION]),
                   test = all_of(&part[BPNN__TEST]);
    train.count = unite(c, BPNN__TRAIN, c->seen);
    train.rows = c->seen;
    s->rows_train = train.count;
    s->rows_validation = valid.count;
    s->rows_test = test.count;
    bpnn_status status = measure_rows(c, BPNN__TRAIN, &train);
    if (status == BPNN_OK && part[BPNN__VALIDATION].picked)
        status = measure_rows(c, BPNN__VALIDATION, &valid);
    else if (status == BPNN_OK)
        status = measure_held(c, &valid);
    return status == BPNN_OK ? measure_rows(c, BPNN__TEST, &test) : status;
}

static bpnn_status finish_members(crowd *c)
{
    bpnn_status status = BPNN_OK;
    for (size_t k = 0; k < c->kept_count && status == BPNN_OK; k++) {
        bpnn_model *model = c->kept[k]->model;
        status = bpnn_predictor_new(&model->predictor, model->net, NULL, c->whole->error);
        bpnn__model_link(model);
    }
    return status;
}

static bpnn_status train_members(crowd *c)
{
    for (size_t k = 0; k < c->count; k++)
        c->speakers[k] = (speaker){.whole = c->whole->model, .number = k + 1};
    bpnn_status status = bpnn__train_starts(c->member, c->count, &c->stop);
    for (size_t k = 0; k < c->count && status == BPNN_OK; k++)
        if (c->member[k].model->summary.stop != BPNN_STOP_NONE)
            status = bpnn__fit_measure(&c->member[k]);
    if (status != BPNN_OK)
        return status;
    leave_out(c);
    sum_up(c);
    status = measure_whole(c);
    return status == BPNN_OK ? finish_members(c) : status;
}

/* One member is no ensemble: the fit's model becomes that member, with all that was said and why the fit ended. */
static void collapse(bpnn__fitting *f)
{
    bpnn_model *whole = f->model, *only = whole->members[0];
    bpnn__notes notes = only->notes;
    only->notes = whole->notes;
    whole->notes = notes;
    only->summary.stop = only->summary.result.stop = whole->summary.stop;
    whole->members[0] = NULL;
    bpnn_model_free(whole);
    f->model = only;
}

bpnn_status bpnn__fit_ensemble(bpnn__fitting *f)
{
    crowd c = {.whole = f};
    bpnn_status status = make_members(&c);
    if (status == BPNN_OK)
        status = shape_members(&c);
    if (status == BPNN_OK)
        status = take_first(&c);
    if (status == BPNN_OK && f->options->on_resolved)
        status = bpnn__tell_resolved(&c.member[0]);
    if (status == BPNN_OK)
        status = train_members(&c);
    for (size_t k = 0; k < c.count; k++) {
        if (c.member[k].model)
            c.member[k].model->notes.message = NULL;
        bpnn__free_fitting(&c.member[k]);
    }
    bpnn__free(c.member);
    bpnn__free(c.kept);
    bpnn__free(c.speakers);
    bpnn__free(c.flags);
    bpnn__free(c.seen);
    if (status == BPNN_OK && f->model->member_count == 1)
        collapse(f);
    return status;
}
