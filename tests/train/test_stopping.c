/* Early stopping on scripted validation losses. */
#include "train/stopping.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* Tells losses v[1..count) after v[0] until it ends; returns the epoch at which it did, 0 = never. */
static size_t play(bpnn__stopping *s, const double *v, size_t count, double min_delta, size_t patience)
{
    bpnn__stopping_begin(s, v[0], min_delta, patience);
    for (size_t e = 1; e < count; e++) {
        bool is_best;
        double before = s->best;
        bool end = bpnn__stopping_tell(s, e, v[e], &is_best);
        assert_int_equal(is_best, v[e] < before);
        if (end)
            return e;
    }
    return 0;
}

#define PLAY(s, min_delta, patience, ...)                                                                              \
    play(s, (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double), min_delta, patience)

static void falls_then_rises(void **state)
{
    (void)state;
    bpnn__stopping s;
    assert_int_equal(PLAY(&s, 0, 3, 9, 5, 4, 6, 7, 8, 1), 5);
    assert_int_equal(s.best_epoch, 2);
    assert_true(s.best == 4 && s.failures == 3);
}

static void initial_can_be_best(void **state)
{
    (void)state;
    bpnn__stopping s;
    assert_int_equal(PLAY(&s, 0, 2, 1, 2, 3, 0), 2);
    assert_int_equal(s.best_epoch, 0);
    assert_true(s.best == 1);
}

/* Of equals the first is kept, and an equal is no success. */
static void ties(void **state)
{
    (void)state;
    bpnn__stopping s;
    assert_int_equal(PLAY(&s, 0, 3, 9, 4, 4, 4, 4), 4);
    assert_int_equal(s.best_epoch, 1);
}

/* Losses that fall by less than min_delta still become the best, but do not reset the counter; their sum does. */
static void min_delta(void **state)
{
    (void)state;
    bpnn__stopping s;
    assert_int_equal(PLAY(&s, 1, 2, 10, 9.5, 9.25), 2);
    assert_int_equal(s.best_epoch, 2);
    assert_int_equal(PLAY(&s, 1, 3, 10, 9.5, 8.75, 8.5, 8.25), 0);
    assert_int_equal(s.failures, 2);
    assert_true(s.reference == 8.75 && s.best == 8.25);
    assert_int_equal(PLAY(&s, 1, 1, 10, 9), 1); /* exactly min_delta is not more */
}

static void not_a_number(void **state)
{
    (void)state;
    bpnn__stopping s;
    const double nan = (double)NAN;
    assert_int_equal(PLAY(&s, 0, 2, 3, nan, nan, 1), 2);
    assert_int_equal(s.best_epoch, 0);
    assert_int_equal(PLAY(&s, 0, 2, (double)INFINITY, 5, nan, 4), 0);
    assert_int_equal(s.best_epoch, 3);
}

static void no_patience_never_ends(void **state)
{
    (void)state;
    bpnn__stopping s;
    assert_int_equal(PLAY(&s, 0, 0, 1, 2, 3, 4, 5, 0.5, 6, 7), 0);
    assert_int_equal(s.best_epoch, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(falls_then_rises),
                                       cmocka_unit_test(initial_can_be_best),
                                       cmocka_unit_test(ties),
                                       cmocka_unit_test(min_delta),
                                       cmocka_unit_test(not_a_number),
                                       cmocka_unit_test(no_patience_never_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
