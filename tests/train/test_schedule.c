/* Every schedule against its closed formula, with and without warm-up; plateau by a scripted loss. */
#include "train/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { S = 4, E = 50 };
#define A 0.3

static bpnn__schedule make(bpnn_schedule_kind kind, size_t warmup, const bpnn_setting *settings, size_t count)
{
    bpnn_train_options o;
    bpnn_train_options_default(&o);
    o.schedule = kind;
    o.warmup = warmup;
    o.epochs = E;
    o.schedule_settings = settings;
    o.schedule_setting_count = count;
    bpnn__schedule schedule;
    assert_int_equal(bpnn__schedule_init(&schedule, &o, S, NULL), BPNN_OK);
    return schedule;
}

/* The formulas of docs/methods.md; s: updates since the warm-up, of `total`. */
static double closed(bpnn_schedule_kind kind, double s, double total)
{
    const double pi = acos(-1.0), e = floor(s / S), peak = 0.3 * total - 1;
    switch (kind) {
    case BPNN_SCHEDULE_STEP:
        return A * pow(0.5, floor(e / 30));
    case BPNN_SCHEDULE_EXPONENTIAL:
        return A * pow(0.95, e);
    case BPNN_SCHEDULE_COSINE:
        return A * (1 + cos(pi * s / total)) / 2;
    case BPNN_SCHEDULE_ONECYCLE:
        if (s <= peak)
            return A + (A / 25 - A) * (1 + cos(pi * s / peak)) / 2;
        return A / 25e4 + (A - A / 25e4) * (1 + cos(pi * (s - peak) / (total - 1 - peak))) / 2;
    default:
        return A;
    }
}

static void formulas(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    for (int kind = 0; kind < BPNN_SCHEDULE_COUNT; kind++)
        for (size_t warmup = 0; warmup <= 6; warmup += 3) {
            bpnn__schedule schedule = make((bpnn_schedule_kind)kind, warmup, NULL, 0);
            double warm = (double)(warmup * S), total = S * E - warm;
            for (uint64_t s = 0; s < S * E; s++) {
                double expected = (double)s < warm ? A * ((double)s + 1) / warm
                                                   : closed((bpnn_schedule_kind)kind, (double)s - warm, total);
                double rate = bpnn__schedule_rate(&schedule, A, s);
                done++;
                bad += !(fabs(rate - expected) <= 1e-12 * A);
            }
        }
    printf("schedules: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

/* Ends that the formulas must hit, and what comes after the last epoch. */
static void ends(void **state)
{
    (void)state;
    bpnn__schedule cosine = make(BPNN_SCHEDULE_COSINE, 0, NULL, 0), cycle = make(BPNN_SCHEDULE_ONECYCLE, 0, NULL, 0);
    assert_true(fabs(bpnn__schedule_rate(&cosine, A, S * E)) < 1e-16);
    assert_true(fabs(bpnn__schedule_rate(&cosine, A, 10 * S * E)) < 1e-16);
    assert_true(fabs(bpnn__schedule_rate(&cycle, A, 0) - A / 25) < 1e-15);
    assert_true(fabs(bpnn__schedule_rate(&cycle, A, S * E - 1) / (A / 25e4) - 1) < 1e-9);
    assert_true(fabs(bpnn__schedule_rate(&cycle, A, 10 * S * E) / (A / 25e4) - 1) < 1e-9);
}

static void settings(void **state)
{
    (void)state;
    const bpnn_setting set[] = {{"factor", 0.1}, {"every", 2}};
    bpnn__schedule step = make(BPNN_SCHEDULE_STEP, 0, set, 2);
    for (uint64_t s = 0; s < 40; s++)
        assert_true(fabs(bpnn__schedule_rate(&step, 1, s) / pow(0.1, floor(floor((double)s / S) / 2)) - 1) < 1e-12);
    const bpnn_setting none[] = {{"factor", 0}};
    bpnn__schedule stops = make(BPNN_SCHEDULE_EXPONENTIAL, 0, none, 1);
    assert_true(bpnn__schedule_rate(&stops, A, 0) == A && bpnn__schedule_rate(&stops, A, S) == 0);
}

/* Halves after `wait` epochs without a gain; a gain smaller than 1e-4 of the best is none; never below a/1000. */
static void plateau(void **state)
{
    (void)state;
    bpnn__schedule p = make(BPNN_SCHEDULE_PLATEAU, 0, NULL, 0);
    bpnn__schedule_epoch(&p, 1);
    for (int e = 0; e < 9; e++)
        bpnn__schedule_epoch(&p, 0.99995);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A);
    bpnn__schedule_epoch(&p, 0.99995);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A / 2);
    for (int e = 0; e < 9; e++)
        bpnn__schedule_epoch(&p, 2);
    bpnn__schedule_epoch(&p, 0.9);
    for (int e = 0; e < 9; e++)
        bpnn__schedule_epoch(&p, 2);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A / 2);
    bpnn__schedule_epoch(&p, 0.9);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A / 4);
    for (int e = 0; e < 1000; e++)
        bpnn__schedule_epoch(&p, 0.9);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A * 1e-3);
}

/* A loss may be negative (poisson): the gain is still relative to its size. */
static void plateau_below_zero(void **state)
{
    (void)state;
    bpnn__schedule p = make(BPNN_SCHEDULE_PLATEAU, 0, NULL, 0);
    bpnn__schedule_epoch(&p, -1);
    for (int e = 0; e < 10; e++)
        bpnn__schedule_epoch(&p, -0.99995);
    assert_true(bpnn__schedule_rate(&p, A, 7) == A / 2);
}

/* Grows where F fell, shrinks and undoes beyond the rise (relative to the size of F, whatever its sign), rests in the warm-up. */
static void adaptive(void **state)
{
    (void)state;
    const bpnn_setting set[] = {{"grow", 2}, {"shrink", 0.25}, {"rise", 0.5}};
    bpnn__schedule usual = make(BPNN_SCHEDULE_ADAPTIVE, 0, NULL, 0), own = make(BPNN_SCHEDULE_ADAPTIVE, 3, set, 3);
    assert_true(bpnn__schedule_judge(&usual, 0, 1, 0.9));
    assert_true(fabs(bpnn__schedule_rate(&usual, A, 1) / (1.05 * A) - 1) < 1e-15);
    assert_true(bpnn__schedule_judge(&usual, 1, 1, 1) && bpnn__schedule_judge(&usual, 2, 1, 1.039));
    assert_true(bpnn__schedule_judge(&usual, 3, -1, -0.961));
    assert_true(fabs(bpnn__schedule_rate(&usual, A, 4) / (1.05 * A) - 1) < 1e-15);
    assert_false(bpnn__schedule_judge(&usual, 4, 1, 1.041));
    assert_true(fabs(bpnn__schedule_rate(&usual, A, 5) / (1.05 * 0.7 * A) - 1) < 1e-15);
    assert_false(bpnn__schedule_judge(&usual, 5, -1, -0.95) || bpnn__schedule_judge(&usual, 6, 1, (double)NAN));
    assert_true(bpnn__schedule_judge(&own, 3 * S - 1, 1, 9) && own.scale == 1);
    assert_true(bpnn__schedule_judge(&own, 3 * S, 2, 1) && own.scale == 2);
    assert_true(bpnn__schedule_judge(&own, 3 * S, 2, 3) && own.scale == 2);
    assert_false(bpnn__schedule_judge(&own, 3 * S, 2, 3.1) || own.scale != 0.5);
}

static void names(void **state)
{
    (void)state;
    for (int kind = 0; kind < BPNN_SCHEDULE_COUNT; kind++)
        assert_int_equal(bpnn_schedule_find(bpnn_schedule_name((bpnn_schedule_kind)kind)), kind);
    assert_int_equal(bpnn_schedule_find("cosin"), -1);
    assert_int_equal(bpnn_schedule_find(NULL), -1);
    assert_string_equal(bpnn_schedule_name(BPNN_SCHEDULE_COUNT), "unknown");
    assert_string_equal(bpnn_stop_name(BPNN_STOP_PATIENCE), "patience");
    assert_string_equal(bpnn_stop_name(BPNN_STOP_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(formulas),
                                       cmocka_unit_test(ends),
                                       cmocka_unit_test(settings),
                                       cmocka_unit_test(plateau),
                                       cmocka_unit_test(plateau_below_zero),
                                       cmocka_unit_test(names),
                                       cmocka_unit_test(adaptive)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
