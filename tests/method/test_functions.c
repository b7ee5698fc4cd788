/* Whole methods on functions whose minimum is known: evaluations until they are there, exactness on quadratics, the
 * same run after a resume at any iteration. */
#include "method/functions.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static double w[FUNCTION_MOST];

static bpnn__descent *begin(const char *method, const bpnn__objective *f, const double *option, bool rosenbrock)
{
    bpnn__descent *d;
    function_start(f->size, rosenbrock, w);
    assert_int_equal(bpnn__descent_new(&d, bpnn__method_find(method)->whole, f, option, w, NULL), BPNN_OK);
    assert_true(bpnn__descent_begin(d));
    return d;
}

static double distance(const bpnn__descent *d)
{
    double most = 0;
    for (size_t i = 0; i < d->n; i++)
        most = fmax(most, fabs(d->w[i] - 1));
    return most;
}

/* Evaluations until every number is within `near` of the minimum; the run may end only there. */
static size_t evaluations_to(const char *method, size_t n, double near)
{
    bpnn__objective f = function_rosenbrock(n);
    bpnn__descent *d = begin(method, &f, function_options(method, "tol", 0), true);
    while (distance(d) > near)
        if (bpnn__descent_iterate(d) != BPNN_STOP_NONE)
            break;
    size_t evaluations = (size_t)d->evaluations;
    if (distance(d) > near)
        evaluations = SIZE_MAX;
    bpnn__descent_free(d);
    return evaluations;
}

static void rosenbrock(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        double near;
        size_t most;
    } bound[] = {{"lm", 1e-8, 40}, {"lbfgs", 1e-6, 60}, {"scg", 1e-6, 150}, {"cg", 1e-6, 150}};
    size_t bad = 0;
    for (size_t i = 0; i < 4; i++) {
        size_t here = evaluations_to(bound[i].method, 2, bound[i].near);
        bad += here > bound[i].most;
        printf("Rosenbrock, %s: %zu evaluations, at most %zu\n", bound[i].method, here, bound[i].most);
    }
    static const char *const first_order[] = {"lbfgs", "scg", "cg"};
    for (size_t i = 0; i < 3; i++)
        for (size_t n = 10; n <= 100; n += 90) {
            size_t here = evaluations_to(first_order[i], n, 1e-4);
            printf("Rosenbrock %zu, %s: %zu evaluations\n", n, first_order[i], here);
            bad += here > 40 * n + 200;
        }
    printf("Rosenbrock: 10 done, %zu bad\n", bad);
    assert_int_equal(bad, 0);
}

/* On a quadratic of n numbers n iterations are enough where line searches (or the curvature) are exact. */
static void quadratic(void **state)
{
    (void)state;
    size_t bad = 0;
    bpnn__objective f = function_quadratic(5, 100);
    static const struct {
        const char *method, *option;
        double value;
        size_t iterations;
    } run[] = {{"lbfgs", "c2", 1e-8, 5}, {"cg", "c2", 1e-8, 5}, {"scg", "lambda", 1e-15, 5}, {"lm", "mu", 0, 1}};
    for (size_t i = 0; i < 4; i++) {
        double *option = function_options(run[i].method, run[i].option, run[i].value);
        if (strcmp(run[i].method, "scg") == 0)
            option[2] = 1; /* sigma: on a quadratic a long step makes the difference of gradients exact */
        bpnn__descent *d = begin(run[i].method, &f, option, false);
        for (size_t k = 0; k < run[i].iterations; k++)
            bpnn__descent_iterate(d);
        printf("quadratic, %s: off %.2g after %zu iterations, at most 1e-9\n", run[i].method, distance(d),
               run[i].iterations);
        bad += !(distance(d) <= 1e-9);
        bpnn__descent_free(d);
    }
    printf("quadratic: 4 done, %zu bad\n", bad);
    assert_int_equal(bad, 0);
}

/* ---- resuming ---- */

static void copy_state(const bpnn__descent *from, bpnn__descent *to)
{
    to->F = from->F;
    to->curvature_known = false;
    memcpy(to->w, from->w, from->n * sizeof *to->w);
    memcpy(to->g, from->g, from->n * sizeof *to->g);
    memcpy(to->number, from->number, sizeof to->number);
    for (size_t k = 0; k < from->vector_count; k++)
        memcpy(to->vector[k], from->vector[k], from->n * sizeof(double));
}

/* A fresh run that takes over the state after any iteration goes on with the same bits. */
static void resumes(void **state)
{
    (void)state;
    enum { N = 6, ITERATIONS = 25 };
    size_t done = 0, bad = 0;
    bpnn__objective f = function_rosenbrock(N);
    const bpnn__method *method;
    for (size_t i = 0; (method = bpnn__method_at(i)); i++) {
        if (!method->whole)
            continue;
        const double *option = function_options(method->info.name, "tol", 0);
        bpnn__descent *whole = begin(method->info.name, &f, option, true);
        for (size_t k = 0; k < ITERATIONS; k++)
            bpnn__descent_iterate(whole);
        for (size_t at = 0; at < ITERATIONS; at++, done++) {
            bpnn__descent *first = begin(method->info.name, &f, option, true);
            bpnn__descent *second = begin(method->info.name, &f, option, false);
            for (size_t k = 0; k < at; k++)
                bpnn__descent_iterate(first);
            copy_state(first, second);
            for (size_t k = at; k < ITERATIONS; k++)
                bpnn__descent_iterate(second);
            bad += memcmp(second->w, whole->w, N * sizeof *whole->w) != 0 || second->F != whole->F;
            bpnn__descent_free(first);
            bpnn__descent_free(second);
        }
        bpnn__descent_free(whole);
    }
    printf("resumes: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
    assert_true(done == 5 * ITERATIONS);
}

/* ---- ends ---- */

/* 2 w - log w: minimum at 1/2, nothing below 0 */
static double cliff_value(void *context, const double *at)
{
    (void)context;
    return at[0] <= 0 ? (double)NAN : 2 * at[0] - log(at[0]);
}

static double cliff_gradient(void *context, const double *at, double *g)
{
    g[0] = 2 - 1 / at[0];
    return cliff_value(context, at);
}

/* A trial that is not finite is too high, not the end. */
static void not_finite(void **state)
{
    (void)state;
    bpnn__objective f = {.size = 1, .value = cliff_value, .value_gradient = cliff_gradient, .energy = 1, .total = 1};
    static const char *const methods[] = {"lbfgs", "cg", "scg"};
    for (size_t i = 0; i < 3; i++) {
        bpnn__descent *d;
        const double start = 9;
        bpnn_stop stop = BPNN_STOP_NONE;
        assert_int_equal(bpnn__descent_new(&d, bpnn__method_find(methods[i])->whole, &f,
                                           function_options(methods[i], NULL, 0), &start, NULL),
                         BPNN_OK);
        assert_true(bpnn__descent_begin(d));
        for (size_t k = 0; k < 100 && stop == BPNN_STOP_NONE; k++)
            stop = bpnn__descent_iterate(d);
        assert_int_equal(stop, BPNN_STOP_GRADIENT);
        assert_true(fabs(d->w[0] - 0.5) < 1e-5);
        bpnn__descent_free(d);
        const double nowhere = -1;
        assert_int_equal(bpnn__descent_new(&d, bpnn__method_find(methods[i])->whole, &f,
                                           function_options(methods[i], NULL, 0), &nowhere, NULL),
                         BPNN_OK);
        assert_false(bpnn__descent_begin(d));
        bpnn__descent_free(d);
    }
}

static void memory_limit(void **state)
{
    (void)state;
    static const double start[1];
    bpnn__objective f = {.size = 12000};
    bpnn__descent *d;
    bpnn_error error;
    assert_int_equal(bpnn__descent_new(&d, &bpnn__lm, &f, function_options("lm", NULL, 0), start, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "11585"));
    assert_null(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rosenbrock), cmocka_unit_test(quadratic),
                                       cmocka_unit_test(resumes), cmocka_unit_test(not_finite),
                                       cmocka_unit_test(memory_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
