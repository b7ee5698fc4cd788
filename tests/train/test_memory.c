/* No allocation inside a step; every failed allocation is an error without a leak. */
#include "train/problem.h"

#include <bpnn/memory.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* live: blocks not yet released; calls: allocations so far; fail_at: the one that fails, 0 = none */
static struct {
    atomic_size_t live, calls, fail_at;
} heap;

static bool fails(void)
{
    size_t call = atomic_fetch_add(&heap.calls, 1) + 1;
    return call == heap.fail_at;
}

static void *allocate(size_t size, void *context)
{
    (void)context;
    void *memory = fails() ? NULL : malloc(size);
    heap.live += memory != NULL;
    return memory;
}

static void *reallocate(void *memory, size_t size, void *context)
{
    (void)context;
    void *grown = fails() ? NULL : realloc(memory, size);
    heap.live += !memory && grown;
    return grown;
}

static void release(void *memory, void *context)
{
    (void)context;
    heap.live -= memory != NULL;
    free(memory);
}

static const bpnn_allocator counting = {allocate, reallocate, release, NULL};
static problem p;

static void no_allocation_in_steps(void **state)
{
    (void)state;
    assert_int_equal(bpnn_set_allocator(&counting, NULL), BPNN_OK);
    problem_regression(&p, 1300, 4, 2, 1);
    for (size_t i = 0; bpnn_method(i); i++) {
        if (bpnn_method(i)->whole)
            continue;
        bpnn_train_options o = problem_options(bpnn_method(i)->name, 1);
        o.batch = 0;
        o.threads = 2;
        o.clip = 1;
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_data data = problem_data(&p, 0, p.rows);
        bpnn_trainer *trainer;
        static double gradient[PROBLEM_PARAMETERS];
        const size_t rows[] = {5, 1200, 7};
        double loss;
        assert_int_equal(bpnn_trainer_new(&trainer, net, &data, &o, NULL), BPNN_OK);
        size_t before = heap.calls;
        assert_int_equal(bpnn_trainer_step(trainer, rows, 3, &loss, NULL), BPNN_OK);
        assert_int_equal(bpnn_trainer_gradient(trainer, rows, 3, &loss, gradient, NULL), BPNN_OK);
        assert_int_equal(bpnn_trainer_epoch(trainer, &loss, NULL), BPNN_OK);
        assert_int_equal(bpnn_trainer_evaluate(trainer, &data, &loss, NULL), BPNN_OK);
        bpnn_trainer_get(trainer, net);
        assert_int_equal(heap.calls, before);
        bpnn_trainer_free(trainer);
        bpnn_net_free(net);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(bpnn_set_allocator(NULL, NULL), BPNN_OK);
}

static bool go_on(const bpnn_progress *now, void *context)
{
    (void)now, (void)context;
    return true;
}

static void fail_everywhere(const char *method)
{
    problem_regression(&p, 1300, 4, 2, 1);
    bpnn_train_options o = problem_options(method, 1);
    o.batch = 0;
    o.threads = 2;
    o.patience = 5;
    o.on_epoch = go_on;
    size_t failed = 0;
    for (bpnn_status status = BPNN_MEMORY; status != BPNN_OK; failed++) {
        bpnn_net *net = problem_net(&p, BPNN_SINGLE, 0, 1);
        bpnn_data training = problem_data(&p, 0, 1200), validation = problem_data(&p, 1200, 100);
        heap.fail_at = heap.calls + 1 + failed;
        status = bpnn_train(net, &training, &validation, &o, NULL, NULL);
        heap.fail_at = 0;
        assert_true(status == BPNN_OK || status == BPNN_MEMORY);
        bpnn_net_free(net);
        assert_int_equal(heap.live, 0);
    }
    printf("failed allocations, %s: %zu done, 0 bad\n", method, failed - 1);
    assert_true(failed > 10);
}

static void every_failure(void **state)
{
    (void)state;
    static const char *const methods[] = {"adam", "lbfgs", "scg", "lm", "br"};
    assert_int_equal(bpnn_set_allocator(&counting, NULL), BPNN_OK);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        fail_everywhere(methods[i]);
    assert_int_equal(bpnn_set_allocator(NULL, NULL), BPNN_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_allocation_in_steps), cmocka_unit_test(every_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
