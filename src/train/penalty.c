/* l2 auto: the penalty whose fits lose least on rows held out, then a fit of every row.
 *
 * The grid is c = .01 .1 .3 1 3 10 30, extended by tens where the best stands at an edge, twice at most. All fits start from the
 * net's parameters and are independent: threads take whole fits. */
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

enum { FOLDS = 5, ROWS_FOR_FOLDS = 1200, ITERATIONS = 300, EXTENSIONS = 2 };

static const double grid[] = {.01, .1, .3, 1, 3, 10, 30};
enum { GRID = sizeof grid / sizeof *grid };
_Static_assert(GRID + EXTENSIONS <= BPNN_PENALTIES, "every c that is tried has its place in the result");

/* Rows of one fit and the rows that judge it; copies, but for a validation set of its own. */
typedef struct fold {
    bpnn_data train, held;
    void *memory[6];
} fold;

/* One fit: a fold with one c. */
typedef struct fit {
    double loss; /* sum over the rows held out */
    bpnn_net *net;
    bool done;
    bpnn_status status;
} fit;

typedef struct search {
    const bpnn_net *net;
    const bpnn_data *training;
    const bpnn_train_options *options;
    const bpnn__hooks *hooks;
    bpnn_train_result *result; /* penalty[] is kept ascending */
    double began;
    fold fold[FOLDS];
    size_t folds;
    bpnn_penalty tried[BPNN_PENALTIES]; /* in the order of trying; loss NAN: not finished */
    fit fits[BPNN_PENALTIES][FOLDS];
    size_t tried_count, from; /* the fits of tried[from ..] are under way */
    double chosen;            /* l2 */
} search;

/* ---- folds ---- */

/* The rows whose fold is (not) `number`. */
static bool pick_matrix(const bpnn_matrix *from, const unsigned char *fold_of, unsigned number, bool equal,
                        size_t count, bpnn_matrix *to, void **memory)
{
    size_t size = bpnn_dtype_size(from->dtype), at = 0;
    unsigned char *copy = bpnn__alloc(count * from->cols, size);
    *memory = copy;
    if (!copy)
        return false;
    for (size_t r = 0; r < from->rows; r++)
        if ((fold_of[r] == number) == equal)
            memcpy(copy + at++ * from->cols * size, (const unsigned char *)from->data + r * from->stride * size,
                   from->cols * size);
    *to = bpnn_matrix_make(copy, from->dtype, count, from->cols);
    return true;
}

static bool pick(const bpnn_data *from, const unsigned char *fold_of, unsigned number, bool equal, bpnn_data *to,
                 void **memory)
{
    size_t count = 0;
    for (size_t r = 0; r < from->inputs.rows; r++)
        count += (fold_of[r] == number) == equal;
    if (!pick_matrix(&from->inputs, fold_of, number, equal, count, &to->inputs, &memory[0]) ||
        !pick_matrix(&from->targets, fold_of, number, equal, count, &to->targets, &memory[1]))
        return false;
    if (!from->row_weights)
        return true;
    bpnn_matrix weights = bpnn_matrix_make(from->row_weights, BPNN_F64, from->inputs.rows, 1), picked;
    if (!pick_matrix(&weights, fold_of, number, equal, count, &picked, &memory[2]))
        return false;
    to->row_weights = picked.data;
    return true;
}

static double target_of(const bpnn_data *data, size_t r)
{
    size_t i = r * data->targets.stride;
    switch (data->targets.dtype) {
    case BPNN_F32:
        return (double)((const float *)data->targets.data)[i];
    case BPNN_F64:
        return ((const double *)data->targets.data)[i];
    default:
        return (double)((const unsigned char *)data->targets.data)[i];
    }
}

/* Classes are dealt out one after the other, so that every fold gets its share of each. */
static bpnn_status deal(const search *s, unsigned char *fold_of, bpnn_error *error)
{
    enum { CLASSES = 4096 };
    size_t rows = s->training->inputs.rows;
    bpnn_loss_kind loss = s->net->loss.kind;
    bool classes = s->training->targets.cols == 1 &&
                   (loss == BPNN_LOSS_CROSSENTROPY || loss == BPNN_LOSS_BINARY_CROSSENTROPY || loss == BPNN_LOSS_FOCAL);
    size_t *order = bpnn__alloc(rows, sizeof *order), *next = bpnn__alloc(CLASSES, sizeof *next);
    if (order && next) {
        uint32_t key[2];
        bpnn__random_key(s->options->seed, BPNN__STREAM_SPLIT, key);
        bpnn__random_permutation(key, 1, order, rows);
        for (size_t i = 0; i < rows; i++) {
            double t = classes ? target_of(s->training, order[i]) : 0;
            size_t class = t >= 0 && t < CLASSES ? (size_t)t : 0;
            fold_of[order[i]] = (unsigned char)((class + next[class]++) % FOLDS);
        }
    }
    bpnn_status status = order && next ? BPNN_OK : bpnn__fail_memory(error);
    bpnn__free(order);
    bpnn__free(next);
    return status;
}

static bpnn_status make_folds(search *s, const bpnn_data *validation, bpnn_error *error)
{
    size_t rows = s->training->inputs.rows;
    if (validation && validation->inputs.rows > 0) {
        s->fold[0] = (fold){.train = *s->training, .held = *validation};
        s->folds = 1;
        return BPNN_OK;
    }
    if (rows < 2 * FOLDS)
        return bpnn__fail(error, BPNN_USAGE, "choosing l2 (l2 auto) needs at least %d rows, not %zu", 2 * FOLDS, rows);
    unsigned char *fold_of = bpnn__alloc(rows, 1);
    bpnn_status status = fold_of ? deal(s, fold_of, error) : bpnn__fail_memory(error);
    s->folds = rows < ROWS_FOR_FOLDS ? FOLDS : 1;
    for (unsigned k = 0; status == BPNN_OK && k < s->folds; k++)
        if (!pick(s->training, fold_of, k, false, &s->fold[k].train, s->fold[k].memory) ||
            !pick(s->training, fold_of, k, true, &s->fold[k].held, s->fold[k].memory + 3))
            status = bpnn__fail_memory(error);
    bpnn__free(fold_of);
    return status;
}

/* ---- fits ---- */

/* c in scikit-learn's sense: l2 = c / N, and twice that where squared errors are not halved. */
static double l2_of(const search *s, double c, size_t rows)
{
    double l2 = s->net->loss.kind == BPNN_LOSS_MSE ? 2 * c : c;
    return s->net->reduction == BPNN_REDUCTION_MEAN ? l2 / (double)rows : l2;
}

/* The options of a fit: nothing of the caller's but what stops it. */
static bpnn_train_options plain_options(const search *s, double l2)
{
    bpnn_train_options o = *s->options;
    o.l2_auto = false;
    o.l2 = l2;
    o.patience = 0;
    if (o.time_limit > 0) {
        double left = o.time_limit - (bpnn__now() - s->began);
        o.time_limit = left > 1e-9 ? left : 1e-9;
    }
    return o;
}

static void one_fit(void *context, size_t unit)
{
    search *s = context;
    size_t k = unit % s->folds, i = s->from + unit / s->folds;
    const fold *on = &s->fold[k];
    fit *f = &s->fits[i][k];
    bpnn_train_options o = plain_options(s, l2_of(s, s->tried[i].c, on->train.inputs.rows));
    bpnn_train_result result = {0};
    o.on_epoch = o.on_batch = NULL;
    o.target_loss = (double)NAN;
    o.threads = 1;
    o.epochs = o.epochs < ITERATIONS ? o.epochs : ITERATIONS;
    f->status = bpnn_net_clone(&f->net, s->net, NULL);
    if (f->status == BPNN_OK)
        f->status = bpnn__train_whole(f->net, &on->train, NULL, &o, NULL, &result, NULL);
    if (f->status == BPNN_OK)
        f->status = bpnn_net_gradient(f->net, on->held.inputs, on->held.targets, on->held.row_weights, &f->loss, NULL,
                                      NULL, NULL);
    if (s->net->reduction == BPNN_REDUCTION_MEAN)
        f->loss *= (double)on->held.inputs.rows;
    f->done = f->status == BPNN_OK && result.stop != BPNN_STOP_TIME && result.stop != BPNN_STOP_INTERRUPTED;
}

/* All folds of every c in tried[from ..]. */
static bpnn_status try_all(search *s, bpnn__pool *pool, bpnn_error *error)
{
    size_t rows = 0;
    for (size_t k = 0; k < s->folds; k++)
        rows += s->fold[k].held.inputs.rows;
    bpnn__pool_run(pool, 0, (s->tried_count - s->from) * s->folds, one_fit, s);
    for (size_t i = s->from; i < s->tried_count; i++) {
        s->tried[i].loss = 0;
        for (size_t k = 0; k < s->folds; k++) {
            const fit *f = &s->fits[i][k];
            if (f->status != BPNN_OK)
                return f->status == BPNN_MEMORY ? bpnn__fail_memory(error)
                                                : bpnn__fail(error, f->status, "a fit with l2 auto failed");
            s->tried[i].loss += f->done ? f->loss / (double)rows : (double)NAN;
        }
    }
    s->from = s->tried_count;
    return BPNN_OK;
}

/* ---- the choice ---- */

/* Smallest loss, ties to the larger c; SIZE_MAX: no fit was finished. */
static size_t best_of(const search *s)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < s->tried_count; i++) {
        const bpnn_penalty *p = &s->tried[i];
        if (isnan(p->loss))
            continue;
        if (best == SIZE_MAX || p->loss < s->tried[best].loss ||
            (p->loss == s->tried[best].loss && p->c > s->tried[best].c))
            best = i;
    }
    return best;
}

static bool all_done(const search *s)
{
    for (size_t i = 0; i < s->tried_count; i++)
        for (size_t k = 0; k < s->folds; k++)
            if (!s->fits[i][k].done)
                return false;
    return true;
}

/* The next c beyond the edge that is best; false: the best stands inside. */
static bool extend(search *s)
{
    double best = s->tried[best_of(s)].c, least = best, most = best;
    for (size_t i = 0; i < s->tried_count; i++) {
        least = s->tried[i].c < least ? s->tried[i].c : least;
        most = s->tried[i].c > most ? s->tried[i].c : most;
    }
    if (best != least && best != most)
        return false;
    s->tried[s->tried_count++].c = best == least ? best / 10 : best * 10;
    return true;
}

static bpnn_status choose(search *s, bpnn_error *error)
{
    bpnn__pool *pool;
    bpnn_status status = bpnn__pool_new(&pool, s->options->threads, error);
    if (status != BPNN_OK)
        return status;
    for (; s->tried_count < GRID; s->tried_count++)
        s->tried[s->tried_count].c = grid[s->tried_count];
    status = try_all(s, pool, error);
    for (int e = 0; status == BPNN_OK && e < EXTENSIONS && all_done(s) && best_of(s) != SIZE_MAX && extend(s); e++)
        status = try_all(s, pool, error);
    bpnn__pool_free(pool);
    return status;
}

/* penalty[]: what was tried, c ascending. */
static void list_tried(const search *s, bpnn_train_result *r)
{
    r->penalty_count = 0;
    for (size_t i = 0; i < s->tried_count; i++) {
        size_t at = r->penalty_count++;
        for (; at > 0 && r->penalty[at - 1].c > s->tried[i].c; at--)
            r->penalty[at] = r->penalty[at - 1];
        r->penalty[at] = s->tried[i];
    }
}

/* ---- checkpoints: the fit of every row has the choice with it; before that there is nothing but the beginning ---- */

static void keep_choice(bpnn__archive *a, bpnn_train_result *result)
{
    size_t count = result->penalty_count;
    bpnn__keep_size(a, "run.penalties", &count, BPNN_PENALTIES);
    bpnn__keep_number(a, "run.l2", &result->l2);
    if (a->status != BPNN_OK || count == 0)
        return;
    double table[2 * BPNN_PENALTIES];
    for (size_t i = 0; a->to && i < count; i++) {
        table[2 * i] = result->penalty[i].c;
        table[2 * i + 1] = result->penalty[i].loss;
    }
    bpnn__keep_reals(a, "run.penalty", false, count, 2, table);
    for (size_t i = 0; a->from && a->status == BPNN_OK && i < count; i++)
        result->penalty[i] = (bpnn_penalty){.c = table[2 * i], .loss = table[2 * i + 1]};
    result->penalty_count = count;
}

static void save_with_choice(bpnn__record *record, bpnn_status status, const bpnn_train_result *result, void *context)
{
    search *s = context;
    bpnn__archive a = {.to = record};
    bpnn_train_result told = *result;
    told.l2 = s->chosen;
    list_tried(s, &told);
    if (record)
        keep_choice(&a, &told);
    if (a.status != BPNN_OK)
        record = NULL;
    s->hooks->save(record, record ? BPNN_OK : status != BPNN_OK ? status : a.status, &told, s->hooks->context);
}

/* Whether the run had come as far as the fit of every row. */
static bool is_chosen(const bpnn__record *record)
{
    return bpnn__record_find(record, "run.w") != NULL;
}

/* Called off before the choice: the run begins anew. */
static void save_beginning(search *s)
{
    bpnn__record record = {0};
    bpnn__archive a = {.to = &record};
    bpnn_train_result none = {.stop = s->result->stop, .loss = (double)NAN, .best_validation_loss = (double)NAN};
    none.l2 = s->options->l2;
    if (!s->hooks || !s->hooks->save || (none.stop != BPNN_STOP_INTERRUPTED && !s->hooks->at_end))
        return;
    keep_choice(&a, &none);
    s->hooks->save(a.status == BPNN_OK ? &record : NULL, a.status, &none, s->hooks->context);
    bpnn__record_free(&record);
}

/* The fit of every row, with the penalty that was chosen now or (resumed) in the run that goes on. */
static bpnn_status fit_all(search *s, bpnn_net *net, const bpnn__archive *resumed, bpnn_error *error)
{
    bpnn_train_options o = plain_options(s, s->chosen);
    bpnn__hooks hooks = {0};
    if (s->hooks) {
        hooks = *s->hooks;
        hooks.save = s->hooks->save ? save_with_choice : NULL;
        hooks.context = s;
        hooks.resume = resumed ? resumed->from : NULL;
        hooks.taken = resumed ? resumed->taken : 0;
    }
    bpnn_status status = bpnn__train_whole(net, s->training, NULL, &o, s->hooks ? &hooks : NULL, s->result, error);
    list_tried(s, s->result);
    s->result->seconds = bpnn__now() - s->began;
    return status;
}

/* Goes on behind the choice. */
static bpnn_status go_on(search *s, bpnn_net *net, bpnn_error *error)
{
    bpnn__archive a = {.from = s->hooks->resume, .taken = s->hooks->taken, .error = error};
    bpnn_train_result choice = {0};
    keep_choice(&a, &choice);
    for (size_t i = 0; i < choice.penalty_count; i++)
        s->tried[i] = choice.penalty[i];
    s->tried_count = choice.penalty_count;
    s->chosen = choice.l2;
    return a.status == BPNN_OK ? fit_all(s, net, &a, error) : a.status;
}

/* Called off: the net of the best c that was finished, trained on its first fold. */
static void give_up(search *s, bpnn_net *net, size_t best)
{
    bpnn_train_result *r = s->result;
    r->stop = s->options->interrupt && *s->options->interrupt ? BPNN_STOP_INTERRUPTED : BPNN_STOP_TIME;
    r->seconds = bpnn__now() - s->began;
    r->best_validation_loss = r->loss = (double)NAN;
    save_beginning(s);
    if (best == SIZE_MAX)
        return;
    r->l2 = l2_of(s, s->tried[best].c, s->fold[0].train.inputs.rows);
    memcpy(net->parameters, s->fits[best][0].net->parameters,
           net->parameter_count * (net->precision == BPNN_SINGLE ? sizeof(float) : sizeof(double)));
}

static void free_search(search *s)
{
    for (size_t k = 0; k < FOLDS; k++)
        for (size_t i = 0; i < 6; i++)
            bpnn__free(s->fold[k].memory[i]);
    for (size_t i = 0; i < BPNN_PENALTIES; i++)
        for (size_t k = 0; k < FOLDS; k++)
            bpnn_net_free(s->fits[i][k].net);
    bpnn__free(s);
}

static bpnn_status run(search *s, bpnn_net *net, const bpnn_data *validation, bpnn_error *error)
{
    bpnn__settled settled; /* for its refusals, before anything is copied */
    bpnn_status status = bpnn__check_data(net, s->training, error);
    if (status == BPNN_OK && validation)
        status = bpnn__check_data(net, validation, error);
    if (status == BPNN_OK)
        status = bpnn__settle(&settled, net, s->options, s->training->inputs.rows, error);
    if (status == BPNN_OK && s->hooks && s->hooks->resume && is_chosen(s->hooks->resume))
        return go_on(s, net, error);
    if (status == BPNN_OK)
        status = make_folds(s, validation, error);
    if (status == BPNN_OK)
        status = choose(s, error);
    if (status != BPNN_OK)
        return status;
    size_t best = best_of(s);
    if (best == SIZE_MAX || !all_done(s)) {
        list_tried(s, s->result);
        give_up(s, net, best);
        return BPNN_OK;
    }
    s->chosen = l2_of(s, s->tried[best].c, s->training->inputs.rows);
    return fit_all(s, net, NULL, error);
}

bpnn_status bpnn__train_with_penalty(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                                     const bpnn_train_options *options, const bpnn__hooks *hooks,
                                     bpnn_train_result *result, bpnn_error *error)
{
    if (!net || !training)
        return bpnn__fail(error, BPNN_USAGE, "training needs a network and data");
    search *s = bpnn__alloc(1, sizeof *s);
    if (!s)
        return bpnn__fail_memory(error);
    s->net = net;
    s->training = training;
    s->options = options;
    s->hooks = hooks;
    s->result = result;
    s->began = bpnn__now();
    bpnn_status status = run(s, net, validation && validation->inputs.rows > 0 ? validation : NULL, error);
    free_search(s);
    return status;
}
