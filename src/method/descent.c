#include "method/descent.h"
#include "base/error.h"
#include "base/fpmode.h"
#include "base/memory.h"
#include "method/vectors.h"

#include <math.h>

/* ---- making and freeing ---- */

static bool new_vectors(double ***vectors, size_t count, size_t n)
{
    *vectors = bpnn__alloc(count, sizeof **vectors);
    bool good = *vectors != NULL;
    for (size_t k = 0; good && k < count; k++) {
        (*vectors)[k] = bpnn__alloc(n, sizeof(double));
        good = (*vectors)[k] != NULL;
    }
    return good;
}

static void free_vectors(double **vectors, size_t count)
{
    for (size_t k = 0; vectors && k < count; k++)
        bpnn__free(vectors[k]);
    bpnn__free(vectors);
}

bpnn_status bpnn__whole_check(const bpnn__whole *method, size_t n, const double *option, bpnn_error *error)
{
    double limit = method->memory ? method->memory(option) : (double)INFINITY, need = 16 * (double)n * (double)n;
    if (need <= limit)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE,
                      "%zu parameters need two matrices of together %g GiB; the limit is %g GiB (%zu parameters): take "
                      "lbfgs, fewer units, or raise the method's memory",
                      n, floor(need / 0x1p30 * 100) / 100, limit / 0x1p30, (size_t)sqrt(limit / 16));
}

static bpnn_status new_matrices(bpnn__descent *d, bpnn_error *error)
{
    bpnn_status status = bpnn__whole_check(d->method, d->n, d->option, error);
    if (status == BPNN_OK)
        status = bpnn__dense_new(&d->curvature, d->n, error);
    if (status == BPNN_OK)
        status = bpnn__factor_new(&d->factor, d->n, d->objective->isa, d->objective->pool, error);
    if (status == BPNN_OK && d->method->evidence && !bpnn__factor_prepare_inverse(d->factor))
        status = bpnn__fail_memory(error);
    return status;
}

bpnn_status bpnn__descent_new(bpnn__descent **out, const bpnn__whole *method, const bpnn__objective *objective,
                              const double *option, const double *w, bpnn_error *error)
{
    bpnn__descent *d = bpnn__alloc(1, sizeof *d);
    *out = NULL;
    if (!d)
        return bpnn__fail_memory(error);
    *d = (bpnn__descent){.method = method, .objective = objective, .option = option, .n = objective->size};
    d->damping = d->effective = d->beta = d->noise = d->log_evidence = d->step = (double)NAN;
    d->vector_count = method->vectors(option);
    d->work_count = method->works;
    bpnn_status status = method->curvature ? new_matrices(d, error) : BPNN_OK;
    if (status == BPNN_OK) {
        d->w = bpnn__copy_bytes(w, d->n * sizeof *w);
        d->g = bpnn__alloc(d->n, sizeof *d->g);
        if (!d->w || !d->g || !new_vectors(&d->vector, d->vector_count, d->n) ||
            !new_vectors(&d->work, d->work_count, d->n))
            status = bpnn__fail_memory(error);
    }
    if (status == BPNN_OK)
        *out = d;
    else
        bpnn__descent_free(d);
    return status;
}

void bpnn__descent_free(bpnn__descent *d)
{
    if (!d)
        return;
    free_vectors(d->vector, d->vector_count);
    free_vectors(d->work, d->work_count);
    bpnn__factor_free(d->factor);
    bpnn__dense_free(&d->curvature);
    bpnn__free(d->w);
    bpnn__free(d->g);
    bpnn__free(d);
}

/* ---- running ---- */

bool bpnn__descent_begin(bpnn__descent *d)
{
    uint64_t mode = bpnn__fpmode_enter();
    if (d->method->curvature)
        bpnn__renew_curvature(d);
    else
        d->F = bpnn__try_gradient(d, d->w, d->g);
    bool good = isfinite(d->F) && bpnn__all_finite(d->n, d->g);
    if (good)
        d->method->begin(d);
    bpnn__fpmode_leave(mode);
    return good;
}

bool bpnn__is_whole(double x, double most)
{
    return x >= 0 && x <= most && floor(x) == x;
}

bool bpnn__descent_restore(bpnn__descent *d, bool curvature_known)
{
    uint64_t mode = bpnn__fpmode_enter(), evaluations = d->evaluations;
    bool good = isfinite(d->F) && bpnn__all_finite(d->n, d->w) && (!curvature_known || d->method->curvature) &&
                (!d->method->restored || d->method->restored(d));
    if (good && curvature_known)
        bpnn__renew_curvature(d); /* the run had it already: not counted again */
    d->evaluations = evaluations;
    bpnn__fpmode_leave(mode);
    return good;
}

bpnn_stop bpnn__descent_iterate(bpnn__descent *d)
{
    uint64_t mode = bpnn__fpmode_enter();
    d->moved = d->halted = false;
    bpnn_stop stop = d->method->iterate(d);
    bpnn__fpmode_leave(mode);
    return stop;
}

/* ---- for the methods ---- */

double bpnn__try_value(bpnn__descent *d, const double *w)
{
    double F = d->objective->value(d->objective->context, w);
    d->evaluations++;
    return isfinite(F) ? F : (double)INFINITY;
}

double bpnn__try_gradient(bpnn__descent *d, const double *w, double *g)
{
    double F = d->objective->value_gradient(d->objective->context, w, g);
    d->evaluations++;
    return isfinite(F) && bpnn__all_finite(d->n, g) ? F : (double)INFINITY;
}

double bpnn__renew_curvature(bpnn__descent *d)
{
    if (!d->curvature_known) {
        d->F = d->objective->curvature(d->objective->context, d->w, d->g, &d->curvature);
        d->evaluations++;
        d->curvature_known = true;
    }
    return d->F;
}

bool bpnn__is_halted(bpnn__descent *d)
{
    if (d->objective->halted && d->objective->halted(d->objective->context))
        d->halted = true;
    return d->halted;
}

bool bpnn__is_flat(double before, double after, double ftol, double *count)
{
    enum { RUNNING = 5 };
    *count = before - after <= ftol * fabs(before) ? *count + 1 : 0;
    return *count >= RUNNING;
}
