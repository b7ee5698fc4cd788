/* Many runs beside each other: the starts of one fit, or of the members of an ensemble. A run is a unit of work with threads of its
 * own only where there are more threads than runs; which of them ends first changes nothing: the best start is a minimum over
 * (how it ended, score, number). */
#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"
#include "model/fit.h"
#include "net/net.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* How good an end is: less is better. Only starts of one member are compared. */
typedef struct rank {
    int end; /* 0: well, 1: diverged, 2: without a score, 3: not begun */
    double score;
    size_t number;
} rank;

/* A member while its starts run. */
typedef struct entry {
    bpnn__fitting *f;
    pthread_mutex_t lock; /* of all below */
    bpnn__encoded training, validation;
    bool encoded;
    size_t left; /* starts that have not ended */
    bpnn_status status;
    bpnn_error error;
    rank best;
    bpnn_net *net; /* of the best so far */
    bpnn_train_result result;
} entry;

typedef struct race {
    entry *entries;
    size_t members, starts, workers, threads; /* threads: of one run */
    const bpnn_train_options *given;          /* the caller's callbacks, flag and time limit */
    double began;
    pthread_mutex_t lock; /* one callback at a time */
    size_t begun;         /* atomic; runs */
    int off;              /* atomic; set: runs end at their next epoch */
} race;

/* One run, as its callbacks know it. */
typedef struct run {
    race *all;
    size_t member, start;
} run;

/* ---- calling off ---- */

static bool is_off(race *all)
{
    return __atomic_load_n(&all->off, __ATOMIC_RELAXED) != 0;
}

static void call_off(race *all)
{
    __atomic_store_n(&all->off, 1, __ATOMIC_RELAXED);
}

static bool tell(const run *r, const bpnn_progress *progress, bpnn_progress_fn told)
{
    race *all = r->all;
    bpnn_progress now = *progress;
    now.member = r->member + 1;
    now.members = all->members;
    now.start = r->start + 1;
    now.starts = all->starts;
    pthread_mutex_lock(&all->lock);
    if (told && !is_off(all) && !told(&now, all->given->context))
        call_off(all);
    pthread_mutex_unlock(&all->lock);
    return !is_off(all);
}

static bool on_epoch(const bpnn_progress *progress, void *context)
{
    const run *r = context;
    return tell(r, progress, r->all->given->on_epoch);
}

static bool on_batch(const bpnn_progress *progress, void *context)
{
    const run *r = context;
    return tell(r, progress, r->all->given->on_batch);
}

/* ---- one run ---- */

/* What is left of the time, in equal parts for the runs that one thread has still to do. */
static double time_share(race *all)
{
    double left = all->given->time_limit - (bpnn__now() - all->began);
    size_t before = __atomic_fetch_add(&all->begun, 1, __ATOMIC_RELAXED);
    size_t runs = (all->members * all->starts - before + all->workers - 1) / all->workers;
    return left > 1e-9 ? left / (double)runs : 1e-9;
}

static bpnn_train_options options_of(run *r, const entry *e, uint64_t seed)
{
    bpnn_train_options o = e->f->train;
    race *all = r->all;
    if (!e->f->settled.method
             ->whole) /* whole methods draw nothing but the folds of l2 auto, the same for every start */
        o.seed = seed;
    o.threads = all->threads;
    o.on_epoch = on_epoch;
    o.on_batch = o.on_batch ? on_batch : NULL;
    o.context = r;
    if (o.time_limit > 0)
        o.time_limit = time_share(all);
    return o;
}

/* bpnn_start.score */
static bpnn_status find_score(const entry *e, const bpnn_net *net, const bpnn_train_result *result, double *score,
                              bpnn_error *error)
{
    const bpnn_data *d = &e->training.data;
    *score = (double)NAN;
    if (e->f->settled.method->info.evidence) {
        *score = result->log_evidence;
    } else if (e->f->train.l2_auto) {
        for (size_t i = 0; i < result->penalty_count; i++)
            if (isfinite(result->penalty[i].loss) && !(result->penalty[i].loss >= *score))
                *score = result->penalty[i].loss;
    } else if (e->f->part[BPNN__VALIDATION].count > 0) {
        *score = result->best_validation_loss;
    } else {
        return bpnn_net_gradient(net, d->inputs, d->targets, d->row_weights, score, NULL, NULL, error);
    }
    return BPNN_OK;
}

/* Rows of the member as numbers: made by the first of its starts, freed by the last. */
static bpnn_status encode_once(entry *e, bpnn_error *error)
{
    pthread_mutex_lock(&e->lock);
    bpnn_status status = e->status;
    if (status == BPNN_OK && !e->encoded)
        status = e->status = bpnn__fit_encode(e->f, &e->training, &e->validation);
    e->encoded = true;
    *error = e->error;
    pthread_mutex_unlock(&e->lock);
    return status;
}

static bpnn_status train_run(run *r, entry *e, uint64_t seed, bpnn_net **net, bpnn_train_result *result, double *score,
                             bpnn_error *error)
{
    bpnn_train_options options = options_of(r, e, seed);
    bool validates = e->f->part[BPNN__VALIDATION].count > 0;
    bpnn_status status = encode_once(e, error);
    if (status == BPNN_OK)
        status = bpnn_net_clone(net, e->f->model->net, error);
    if (status == BPNN_OK)
        status = bpnn__fit_initialise(e->f, &e->training, *net, seed, error);
    if (status == BPNN_OK)
        status = bpnn_train(*net, &e->training.data, validates ? &e->validation.data : NULL, &options, result, error);
    if (status == BPNN_OK && r->all->starts > 1)
        status = find_score(e, *net, result, score, error);
    return status;
}

static bool is_better(const rank *a, const rank *b)
{
    if (a->end != b->end)
        return a->end < b->end;
    if (a->end < 2 && a->score != b->score)
        return a->score < b->score;
    return a->number < b->number;
}

static rank rank_of(const entry *e, const bpnn_train_result *result, double score, size_t number)
{
    bool evidence = e->f->settled.method->info.evidence;
    int end = !isfinite(score) ? 2 : result->stop == BPNN_STOP_DIVERGED ? 1 : 0;
    return (rank){.end = end, .score = evidence ? -score : score, .number = number};
}

/* Puts down how a start ended; *net goes to the member if it is its best, the one before comes back. */
static void end_run(const run *r, entry *e, const bpnn_start *start, const bpnn_train_result *result, bpnn_net **net)
{
    rank mine = rank_of(e, result, start->score, r->start);
    bpnn_model *model = e->f->model;
    if (model->starts)
        model->starts[r->start] = *start;
    if (!*net || (e->net && !is_better(&mine, &e->best)))
        return;
    bpnn_net *before = e->net;
    e->net = *net;
    e->best = mine;
    e->result = *result;
    *net = before;
}

static void one_run(void *context, size_t unit)
{
    race *all = context;
    run r = {.all = all, .member = unit / all->starts, .start = unit % all->starts};
    entry *e = &all->entries[r.member];
    bpnn_start start = {.seed = e->f->seed + r.start, .score = (double)NAN};
    bpnn_train_result result = {0};
    bpnn_net *net = NULL;
    bpnn_error error = {0};
    bpnn_status status = BPNN_OK;
    bool begun = unit == 0 || !(is_off(all) || bpnn__flag_is_set(all->given->interrupt));
    if (begun) {
        status = train_run(&r, e, start.seed, &net, &result, &start.score, &error);
        start.stop = result.stop;
        start.epochs = result.epochs;
        start.best_epoch = result.best_epoch;
    }
    if (status != BPNN_OK)
        call_off(all);
    pthread_mutex_lock(&e->lock);
    if (status != BPNN_OK && e->status == BPNN_OK) {
        e->status = status;
        e->error = error;
    }
    if (status == BPNN_OK && begun)
        end_run(&r, e, &start, &result, &net);
    else if (e->f->model->starts)
        e->f->model->starts[r.start] = start;
    if (--e->left == 0) {
        bpnn__encoded_free(&e->training);
        bpnn__encoded_free(&e->validation);
    }
    pthread_mutex_unlock(&e->lock);
    bpnn_net_free(net);
}

/* ---- all of them ---- */

static bpnn_status make_entries(race *all, bpnn__fitting *members)
{
    bpnn_error *error = members[0].error;
    all->entries = bpnn__alloc(all->members, sizeof *all->entries);
    if (!all->entries)
        return bpnn__fail_memory(error);
    for (size_t k = 0; k < all->members; k++) {
        all->entries[k].f = &members[k];
        all->entries[k].left = all->starts;
        pthread_mutex_init(&all->entries[k].lock, NULL);
    }
    for (size_t k = 0; k < all->members && all->starts > 1; k++) {
        members[k].model->starts = bpnn__alloc(all->starts, sizeof *members[k].model->starts);
        if (!members[k].model->starts)
            return bpnn__fail_memory(error);
        members[k].model->start_count = all->starts;
    }
    return BPNN_OK;
}

static bpnn_status run_all(race *all)
{
    bpnn__pool *pool;
    bpnn_error *error = all->entries[0].f->error;
    size_t units = all->members * all->starts, threads = all->given->threads;
    if (threads == 0)
        threads = bpnn_usable_cpus();
    all->workers = threads < units ? threads : units;
    bpnn_status status = bpnn__pool_new(&pool, all->workers, error);
    if (status != BPNN_OK)
        return status;
    all->workers = bpnn__pool_threads(pool);
    all->threads = threads / all->workers;
    for (size_t k = 0; k < all->members; k++)
        all->entries[k].f->error = &all->entries[k].error;
    all->began = bpnn__now();
    bpnn__pool_run(pool, 0, units, one_run, all);
    bpnn__pool_free(pool);
    for (size_t k = 0; k < all->members; k++)
        all->entries[k].f->error = error;
    for (size_t k = 0; k < all->members && status == BPNN_OK; k++) {
        status = all->entries[k].status;
        if (status != BPNN_OK && error)
            *error = all->entries[k].error;
    }
    return status;
}

/* What called runs off: a start that ended so, or one that was not begun. */
static bpnn_stop what_called_off(race *all)
{
    bpnn_stop stop = is_off(all) ? BPNN_STOP_CALLBACK : BPNN_STOP_NONE;
    for (size_t k = 0; k < all->members; k++) {
        const entry *e = &all->entries[k];
        const bpnn_model *model = e->f->model;
        bool missing = !e->net;
        for (size_t r = 0; r < model->start_count; r++) {
            missing = missing || model->starts[r].stop == BPNN_STOP_NONE;
            if (model->starts[r].stop == BPNN_STOP_INTERRUPTED)
                return BPNN_STOP_INTERRUPTED;
        }
        if (e->result.stop == BPNN_STOP_INTERRUPTED || (missing && bpnn__flag_is_set(all->given->interrupt)))
            return BPNN_STOP_INTERRUPTED;
    }
    return stop;
}

static void keep_best(race *all, entry *e)
{
    bpnn_model *model = e->f->model;
    if (!e->net)
        return;
    bpnn_net_free(model->net);
    model->net = e->net;
    e->net = NULL;
    e->result.seconds = bpnn__now() - all->began;
    model->summary.start = e->best.number;
    bpnn__fit_result(e->f, &e->result);
}

static void free_entries(race *all)
{
    for (size_t k = 0; all->entries && k < all->members; k++) {
        bpnn_net_free(all->entries[k].net);
        bpnn__encoded_free(&all->entries[k].training);
        bpnn__encoded_free(&all->entries[k].validation);
        pthread_mutex_destroy(&all->entries[k].lock);
    }
    bpnn__free(all->entries);
}

bpnn_status bpnn__train_starts(bpnn__fitting *members, size_t count, bpnn_stop *stop)
{
    race all = {.members = count, .starts = members[0].options->restarts, .given = &members[0].train};
    *stop = BPNN_STOP_NONE;
    pthread_mutex_init(&all.lock, NULL);
    bpnn_status status = make_entries(&all, members);
    if (status == BPNN_OK)
        status = run_all(&all);
    if (status == BPNN_OK)
        *stop = what_called_off(&all);
    for (size_t k = 0; status == BPNN_OK && k < count; k++)
        keep_best(&all, &all.entries[k]);
    free_entries(&all);
    pthread_mutex_destroy(&all.lock);
    return status;
}
