/* The parameters that whole methods reach after 12 iterations: the same bits on every exact instruction set, for 1 to 8 threads, and
 * the ones recorded in tests/golden/whole_bits.txt (test_whole_bits --record writes them: only with a new arithmetic number). */
#include "kernel/isa.h"
#include <bpnn/train.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BITS_FILE BPNN_SOURCE_DIR "/tests/golden/whole_bits.txt"

enum { ROWS = 1100, INPUTS = 3, ITERATIONS = 12, PARAMETERS = 256, METHODS = 5, TASKS = 2 };
static const char *const methods[METHODS] = {"lbfgs", "cg", "scg", "lm", "br"};
static double x[ROWS * INPUTS], t[ROWS * 2], classes[ROWS], w[PARAMETERS];

/* Numbers without any library's functions. */
static void make_data(void)
{
    uint64_t state = 1;
    for (size_t i = 0; i < ROWS * INPUTS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (double)(state >> 11) * 0x1p-52 - 1;
    }
    for (size_t r = 0; r < ROWS; r++) {
        const double *row = x + r * INPUTS;
        t[2 * r] = row[0] * row[1] + row[2];
        t[2 * r + 1] = row[0] * row[0] - row[1] * row[2];
        classes[r] = row[0] + row[1] * row[2] > 0.2 ? 2 : row[1] > 0 ? 1 : 0;
    }
}

/* FNV-1a over the parameters' bytes, lowest first. */
static uint64_t hash_of(size_t count)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &w[i], sizeof bits);
        for (int k = 0; k < 8; k++)
            hash = (hash ^ (bits >> 8 * k & 0xff)) * 0x100000001b3u;
    }
    return hash;
}

/* Task 0: two targets, 7 tanh and 5 sigmoid units with shared biases; task 1: three classes, 9 units. */
static uint64_t run(const char *method, int task, size_t threads, const char *isa)
{
    const bpnn_layer regression[] = {{.size = 7, .activation = {.kind = BPNN_ACT_TANH}},
                                     {.size = 5, .activation = {.kind = BPNN_ACT_SIGMOID}, .bias = BPNN_BIAS_SHARED},
                                     {.size = 2}};
    const bpnn_layer multiclass[] = {{.size = 9, .activation = {.kind = BPNN_ACT_TANH}},
                                     {.size = 3, .activation = {.kind = BPNN_ACT_SOFTMAX}}};
    bpnn_net_options shape;
    bpnn_net *net;
    bpnn_net_options_default(&shape);
    shape.inputs = INPUTS;
    shape.layer_count = task ? 2 : 3;
    shape.layers = task ? multiclass : regression;
    shape.loss = (bpnn_loss){.kind = task ? BPNN_LOSS_CROSSENTROPY : BPNN_LOSS_MSE};
    shape.precision = BPNN_DOUBLE;
    assert_int_equal(bpnn_net_new(&net, &shape, NULL), BPNN_OK);
    assert_int_equal(bpnn_net_initialise(net, BPNN_INIT_GLOROT, 0, 1, NULL, NULL, NULL), BPNN_OK);
    const bpnn_data data = {.inputs = bpnn_matrix_of(x, ROWS, INPUTS),
                            .targets = task ? bpnn_matrix_of(classes, ROWS, 1) : bpnn_matrix_of(t, ROWS, 2)};
    bpnn_train_options o;
    bpnn_error error;
    bpnn_train_options_default(&o);
    o.method = method;
    o.epochs = ITERATIONS;
    o.threads = threads;
    o.isa = isa;
    if (bpnn_train(net, &data, NULL, &o, NULL, &error) != BPNN_OK)
        fail_msg("%s", error.text);
    bpnn_net_get_parameters(net, w);
    size_t count = bpnn_net_parameter_count(net);
    bpnn_net_free(net);
    return hash_of(count);
}

static void record(void)
{
    FILE *file = fopen(BITS_FILE, "w");
    assert_non_null(file);
    fputs(
        "# Hashes of the parameters after 12 iterations of whole methods: method, regression, classes. Arithmetic 1.\n"
        "# Written by test_whole_bits --record.\n",
        file);
    for (size_t i = 0; i < METHODS; i++)
        fprintf(file, "%s %016llx %016llx\n", methods[i], (unsigned long long)run(methods[i], 0, 1, NULL),
                (unsigned long long)run(methods[i], 1, 1, NULL));
    assert_int_equal(fclose(file), 0);
}

static void read_recorded(uint64_t hashes[METHODS][TASKS])
{
    char line[256], name[16];
    FILE *file = fopen(BITS_FILE, "r");
    size_t found = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        unsigned long long a = 0, b = 0;
        if (line[0] == '#')
            continue;
        assert_true(found < METHODS && sscanf(line, "%15s %llx %llx", name, &a, &b) == 3);
        assert_string_equal(name, methods[found]);
        hashes[found][0] = a;
        hashes[found++][1] = b;
    }
    fclose(file);
    assert_int_equal(found, METHODS);
}

static void same_bits(void **state)
{
    (void)state;
    uint64_t recorded[METHODS][TASKS];
    size_t done = 0, bad = 0;
    bool exact = bpnn__isa_find(NULL) != BPNN__ISA_SSE2;
    read_recorded(recorded);
    for (size_t i = 0; i < METHODS; i++)
        for (int task = 0; task < TASKS; task++) {
            for (size_t threads = 1; threads <= 8; threads++, done++)
                bad += run(methods[i], task, threads, exact ? NULL : "scalar") != recorded[i][task];
            for (int isa = 0; isa < BPNN__ISA_COUNT; isa++) {
                if (!bpnn__isa_usable(isa) || isa == BPNN__ISA_SSE2)
                    continue;
                bad += run(methods[i], task, 2, bpnn__isa_name(isa)) != recorded[i][task];
                done++;
            }
        }
    printf("bits of whole methods: %zu done, %zu bad\n", done, bad);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    make_data();
    if (argc > 1 && strcmp(argv[1], "--record") == 0) {
        record();
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
