/* Every method's update on random numbers: against plain formulas, the same bits on every instruction set, quiet states. */
#include "method/formulas.h"

#include "kernel/isa.h"
#include "method/method.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINES = 5, MOST = LINES * 16, UPDATES = 60, STATES = 3 };

/* The numbers of one trial, in both precisions. */
typedef struct numbers {
    float f[2 + STATES][MOST] __attribute__((aligned(64)));
    double d[2 + STATES][MOST] __attribute__((aligned(64)));
} numbers;

static uint64_t seed;

static double uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static size_t count_of(bpnn_precision precision)
{
    return precision == BPNN_SINGLE ? MOST : MOST / 2;
}

static double read(const numbers *n, bpnn_precision precision, int array, size_t i)
{
    return precision == BPNN_SINGLE ? (double)n->f[array][i] : n->d[array][i];
}

static void write(numbers *n, int array, size_t i, double value)
{
    n->f[array][i] = (float)value;
    n->d[array][i] = value;
}

/* One update of the library on n: array 0 is w, 1 is g, then the states. */
static void library_update(const bpnn__method *method, bpnn_precision precision, int isa, const double *constants,
                           numbers *n)
{
    float single[BPNN__CONSTANTS];
    for (size_t i = 0; i < BPNN__CONSTANTS; i++)
        single[i] = (float)constants[i];
    bool f = precision == BPNN_SINGLE;
    void *states[STATES];
    for (int k = 0; k < STATES; k++)
        states[k] = f ? (void *)n->f[2 + k] : (void *)n->d[2 + k];
    method->update[precision][isa](f ? (const void *)single : constants, LINES, f ? (void *)n->f[0] : (void *)n->d[0],
                                   f ? (const void *)n->f[1] : (const void *)n->d[1], states);
}

/* A case: a method, its options, a rate and momentum. */
typedef struct trial {
    const bpnn__method *method;
    double options[BPNN__METHOD_OPTIONS], rate, momentum;
} trial;

static trial trial_of(size_t index)
{
    trial c = {.method = bpnn__method_at(index)};
    for (size_t i = 0; i < c.method->info.option_count; i++)
        c.options[i] = c.method->info.options[i].initial;
    c.rate = isnan(c.method->info.rate) ? 1 : c.method->info.rate;
    return c;
}

/* All methods with their defaults, then momentum, Nesterov, no momentum, and rprop that never undoes. */
static bool next_trial(size_t i, trial *c)
{
    size_t methods = 0;
    while (bpnn__method_at(methods) && !bpnn__method_at(methods)->whole)
        methods++;
    if (i < methods) {
        *c = trial_of(i);
        return true;
    }
    size_t sgd = 0, rprop = 0;
    for (size_t k = 0; k < methods; k++) {
        sgd = strcmp(bpnn__method_at(k)->info.name, "sgd") == 0 ? k : sgd;
        rprop = strcmp(bpnn__method_at(k)->info.name, "rprop") == 0 ? k : rprop;
    }
    size_t extra = i - methods;
    *c = trial_of(extra == 3 ? rprop : sgd);
    c->momentum = extra < 2 ? 0.9 : 0;
    if (extra == 1)
        c->options[0] = 1;
    if (extra == 2)
        c->method = bpnn__method_without_momentum(c->method);
    if (extra == 3)
        c->options[5] = 1;
    return extra < 4;
}

static void start(const trial *c, numbers *n, plain_weight *x, uint64_t *random)
{
    for (size_t i = 0; i < MOST; i++) {
        x[i] = (plain_weight){.w = (double)(float)(2 * uniform(random) - 1)};
        write(n, 0, i, x[i].w);
        for (int k = 0; k < STATES; k++) {
            x[i].s[k] = c->method->state_start ? c->method->state_start((size_t)k, c->options) : 0;
            write(n, 2 + k, i, x[i].s[k]);
        }
    }
}

/* Runs one trial; *worst: largest distance of a weight from the plain formulas, relative to max(1, |w|). */
static void run(const trial *c, bpnn_precision precision, int isa, numbers *n, double *worst)
{
    static plain_weight x[MOST];
    uint64_t random = seed;
    double memory[BPNN__MEMORY], constants[BPNN__CONSTANTS] = {0};
    plain_update plain = plain_find(c->method->info.name);
    plain_moment now = {.a = c->rate, .momentum = c->momentum, .o = c->options, .M = 1, .F = (double)NAN};
    memcpy(memory, c->method->memory_start, sizeof memory);
    memset(n, 0, sizeof *n);
    start(c, n, x, &random);
    assert_non_null(plain);
    for (uint64_t t = 1; t <= UPDATES; t++) {
        now.F_previous = now.F;
        now.F = uniform(&random);
        now.t = (double)t;
        now.M *= c->method->info.option_count > 3 ? plain_q(c->options, now.t) : 1;
        bpnn__moment moment = {.t = t,
                               .rate = c->rate,
                               .momentum = c->momentum,
                               .options = c->options,
                               .loss = now.F,
                               .previous_loss = now.F_previous,
                               .memory = memory};
        c->method->prepare(&moment, constants);
        for (size_t i = 0; i < MOST; i++) {
            double g = (double)(float)(uniform(&random) < 0.05 ? 0 : 2 * uniform(&random) - 1);
            write(n, 1, i, g);
            plain(&now, g, &x[i]);
        }
        library_update(c->method, precision, isa, constants, n);
    }
    *worst = 0;
    for (size_t i = 0; i < count_of(precision); i++)
        *worst = fmax(*worst, fabs(read(n, precision, 0, i) - x[i].w) / fmax(1, fabs(x[i].w)));
}

static void check_trial(const trial *c, bpnn_precision precision, size_t *done, size_t *bad)
{
    static numbers first, other;
    double worst;
    run(c, precision, BPNN__ISA_SCALAR, &first, &worst);
    for (int isa = 0; isa < BPNN__ISA_COUNT; isa++) {
        if (!bpnn__isa_usable(isa))
            continue;
        run(c, precision, isa, &other, &worst);
        bool near = worst <= (precision == BPNN_SINGLE ? 2e-4 : 1e-12);
        bool same = isa == BPNN__ISA_SSE2 || memcmp(&first, &other, sizeof first) == 0;
        if (!near || !same)
            printf("%s %s %s: distance %g, bits %s (BPNN_TEST_SEED=%llu)\n", c->method->info.name,
                   bpnn_word(BPNN_WORDS_PRECISION, (int)precision), bpnn__isa_name(isa), worst,
                   same ? "same" : "differ", (unsigned long long)seed);
        *bad += !near || !same;
        ++*done;
    }
}

static void formulas_and_bits(void **state)
{
    (void)state;
    size_t done = 0, bad = 0;
    trial c;
    for (size_t i = 0; next_trial(i, &c); i++)
        for (int precision = 0; precision < BPNN_PRECISION_COUNT; precision++)
            check_trial(&c, (bpnn_precision)precision, &done, &bad);
    printf("updates: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
    assert_true(done >= 2 * 12);
}

/* After gradients have ended, no state lingers among the tiny numbers; and what was zero stays zero. */
static void quiet_states(void **state)
{
    (void)state;
    static numbers n;
    trial c;
    for (size_t i = 0; next_trial(i, &c); i++)
        for (int precision = 0; precision < BPNN_PRECISION_COUNT; precision++) {
            double memory[BPNN__MEMORY], constants[BPNN__CONSTANTS] = {0};
            memcpy(memory, c.method->memory_start, sizeof memory);
            memset(&n, 0, sizeof n);
            for (uint64_t t = 1; t <= 1500; t++) {
                for (size_t k = 0; k < 16; k++)
                    write(&n, 1, k, t < 4 ? 0x1p-20 : 0);
                bpnn__moment moment = {.t = t,
                                       .rate = c.rate,
                                       .momentum = c.momentum,
                                       .options = c.options,
                                       .loss = 1,
                                       .previous_loss = 1,
                                       .memory = memory};
                c.method->prepare(&moment, constants);
                library_update(c.method, (bpnn_precision)precision, BPNN__ISA_SCALAR, constants, &n);
                for (int k = 2; k < 2 + STATES; k++)
                    for (size_t e = 0; e < 16; e++) {
                        double s = fabs(read(&n, (bpnn_precision)precision, k, e));
                        assert_true(s == 0 || s >= 0x1p-100);
                    }
            }
            for (int k = 0; k < 2 + STATES; k++)
                for (size_t e = 16; e < count_of((bpnn_precision)precision); e++)
                    assert_true(read(&n, (bpnn_precision)precision, k, e) == 0);
        }
}

static void table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double rate, l2;
    } expected[] = {{"sgd", 0.01, 0},   {"rmsprop", 0.001, 0}, {"adagrad", 0.01, 0}, {"adadelta", 1, 0},
                    {"adam", 0.001, 0}, {"adamw", 0.001, 0.1}, {"nadam", 0.002, 0}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const bpnn_method_info *info = bpnn_method_find(expected[i].name);
        assert_non_null(info);
        assert_string_equal(info->name, expected[i].name);
        assert_true(info->rate == expected[i].rate);
        assert_true(info->l2 == expected[i].l2);
    }
    assert_true(isnan(bpnn_method_find("rprop")->rate) && bpnn_method_find("rprop")->full_batch);
    assert_ptr_equal(bpnn_method_find("traingd"), bpnn_method_find("sgd"));
    assert_ptr_equal(bpnn_method_find("traingdx"), bpnn_method_find("sgd"));
    assert_ptr_equal(bpnn_method_find("traingda"), bpnn_method_find("sgd"));
    assert_ptr_equal(bpnn_method_find("trainrp"), bpnn_method_find("rprop"));
    assert_null(bpnn_method_find("adamx"));
    assert_null(bpnn_method_find(NULL));
}

/* Every row is whole, and its defaults lie in their own ranges. */
static void rows(void **state)
{
    (void)state;
    size_t count = 0;
    for (const bpnn__method *m; (m = bpnn__method_at(count)) != NULL; count++) {
        assert_ptr_equal(bpnn_method(count), &m->info);
        assert_true(m->info.help && *m->info.help && m->info.state_count <= STATES);
        for (size_t i = 0; i < m->info.option_count; i++) {
            const bpnn_method_option *o = &m->info.options[i];
            assert_true(o->least <= o->initial && o->initial <= o->most && *o->help);
        }
        assert_true(m->info.whole == (m->whole != NULL) && (!m->whole || m->info.full_batch));
        for (int isa = 0; isa < BPNN__ISA_COUNT && !m->whole; isa++)
            for (int p = 0; bpnn__isa_usable(isa) && p < BPNN_PRECISION_COUNT; p++)
                assert_non_null(m->update[p][isa]);
    }
    assert_null(bpnn_method(count));
}

int main(void)
{
    const char *text = getenv("BPNN_TEST_SEED");
    seed = text ? strtoull(text, NULL, 10) : 1;
    printf("BPNN_TEST_SEED=%llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {cmocka_unit_test(formulas_and_bits), cmocka_unit_test(quiet_states),
                                       cmocka_unit_test(table), cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
