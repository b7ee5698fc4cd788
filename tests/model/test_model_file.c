/* The model file: round trips, one form of the bytes, every flipped bit and every cut refused, limits, refusals by name. */
#include "base/memory.h"
#include "model/made.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bpnn_model *make(uint64_t seed, size_t size)
{
    static const bpnn_task tasks[] = {BPNN_TASK_REGRESSION, BPNN_TASK_BINARY, BPNN_TASK_MULTICLASS};
    dice d = {seed};
    bpnn_precision precision = seed % 2 ? BPNN_DOUBLE : BPNN_SINGLE;
    return seed % 5 == 0 ? made_ensemble(&d, tasks[seed % 3], precision, size, 2 + seed % 11)
                         : made_model(&d, tasks[seed % 3], precision, size);
}

static bool same_outputs(const bpnn_model *a, const bpnn_model *b)
{
    double x[256], y[2][64];
    bpnn_net_options o = bpnn_net_describe(a->net);
    size_t outputs = bpnn__schema_outputs(&a->schema), members = bpnn_model_members(a);
    bool same = bpnn_model_members(b) == members;
    for (size_t i = 0; i < o.inputs; i++)
        x[i] = sin((double)i + 1);
    bpnn_matrix row = bpnn_matrix_of(x, 1, o.inputs);
    for (size_t k = 0; same && k < members; k++) {
        assert_int_equal(bpnn_net_forward(bpnn_model_member(a, k)->net, row, y[0], NULL), BPNN_OK);
        assert_int_equal(bpnn_net_forward(bpnn_model_member(b, k)->net, row, y[1], NULL), BPNN_OK);
        same = memcmp(y[0], y[1], outputs * sizeof **y) == 0;
    }
    return same;
}

/* Written, read and written again: the same bytes, the same answers. */
static void test_round_trip(void **state)
{
    uint64_t seed = seed_of_tests(1);
    size_t bad = 0, cases = 300;
    (void)state;
    for (uint64_t i = 0; i < cases; i++) {
        bpnn_model *model = make(seed + i, 12), *again;
        void *first, *second;
        size_t first_size, second_size;
        bpnn_error error = {0};
        assert_int_equal(bpnn_model_write(model, &first, &first_size, &error), BPNN_OK);
        if (bpnn_model_read(&again, first, first_size, "made", &error) != BPNN_OK) {
            printf("seed %llu: %s\n", (unsigned long long)(seed + i), error.text);
            bad++;
        } else {
            assert_int_equal(bpnn_model_write(again, &second, &second_size, &error), BPNN_OK);
            bad += first_size != second_size || memcmp(first, second, first_size) != 0 || !same_outputs(model, again);
            bpnn_release(second);
        }
        bpnn_model_free(again);
        bpnn_model_free(model);
        bpnn_release(first);
    }
    printf("model round trip (seed %llu): %zu done, %zu bad\n", (unsigned long long)seed, cases, bad);
    assert_int_equal(bad, 0);
}

static bool is_refused(const void *bytes, size_t size)
{
    bpnn_model *model;
    bpnn_error error = {0};
    bpnn_status status = bpnn_model_read(&model, bytes, size, "flip.bpnn", &error);
    bool refused = status == BPNN_MODEL && !model && strcmp(error.file, "flip.bpnn") == 0 && error.text[0];
    bpnn_model_free(model);
    return refused;
}

static void test_bits_and_cuts(void **state)
{
    size_t size, bad_bits = 0, bad_cuts = 0;
    void *written;
    (void)state;
    for (uint64_t seed = 3; seed < 6; seed++) {
        bpnn_model *model = make(seed, 3);
        assert_int_equal(bpnn_model_write(model, &written, &size, NULL), BPNN_OK);
        unsigned char *bytes = written;
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            bad_bits += !is_refused(bytes, size);
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++) {
            void *copy = bpnn__alloc(cut, 1); /* its own block, so that reading past it is seen */
            memcpy(copy, bytes, cut);
            bad_cuts += !is_refused(copy, cut);
            bpnn__free(copy);
        }
        printf("model bits: %zu done, %zu bad\nmodel cuts: %zu done, %zu bad\n", 8 * size, bad_bits, size, bad_cuts);
        bpnn_release(written);
        bpnn_model_free(model);
    }
    assert_int_equal(bad_bits + bad_cuts, 0);
}

/* The bytes of `model` with `from` in the header replaced by `to`, padded again, checksum repaired. */
static unsigned char *edited(const bpnn_model *model, const char *from, const char *to, size_t *size)
{
    void *written;
    size_t old;
    assert_int_equal(bpnn_model_write(model, &written, &old, NULL), BPNN_OK);
    const char *bytes = written;
    size_t header = (size_t)header_size(written), text = header;
    while (bytes[8 + text - 1] == ' ')
        text--;
    char *copy = bpnn__alloc(header + 1, 1);
    memcpy(copy, bytes + 8, text);
    const char *at = strstr(copy, from);
    if (!at)
        printf("'%s' is not in the header\n", from);
    assert_non_null(at);
    size_t grown = text - strlen(from) + strlen(to), padded = (grown + 7) / 8 * 8, data = old - 8 - header;
    unsigned char *out = bpnn__alloc(8 + padded + data, 1);
    memset(out + 8, ' ', padded);
    size_t before = (size_t)(at - copy), behind = text - before - strlen(from);
    memcpy(out + 8, copy, before);
    memcpy(out + 8 + before, to, strlen(to));
    memcpy(out + 8 + before + strlen(to), at + strlen(from), behind);
    memcpy(out + 8 + padded, bytes + 8 + header, data);
    set_header_size(out, padded);
    *size = 8 + padded + data;
    repair_checksum(out, *size);
    bpnn__free(copy);
    bpnn_release(written);
    return out;
}

static void expect_edit(const bpnn_model *model, const char *from, const char *to, const char *message)
{
    size_t size;
    bpnn_model *read;
    bpnn_error error = {0};
    unsigned char *bytes = edited(model, from, to, &size);
    bpnn_status status = bpnn_model_read(&read, bytes, size, "edited.bpnn", &error);
    if (status != BPNN_MODEL || !strstr(error.text, message))
        printf("'%s' -> '%s': status %d, %s\n", from, to, (int)status, error.text);
    assert_int_equal(status, BPNN_MODEL);
    assert_non_null(strstr(error.text, message));
    assert_string_equal(error.file, "edited.bpnn");
    bpnn__free(bytes);
}

#define Q "\\\""
static void test_edits(void **state)
{
    static const char *const edits[][3] = {
        {Q "format" Q ":1", Q "format" Q ":2", "version 2"},
        {Q "format" Q ":1", Q "format" Q ":0", "version 0"},
        {Q "format" Q ":1", Q "format" Q ":-1", "format"},
        {Q "format" Q ":1", Q "format" Q ":1.0", "format"},
        {Q "format" Q ":1", Q "format" Q ":1," Q "format" Q ":1", "JSON"},
        {Q "format" Q ":1", Q "extra" Q ":1," Q "format" Q ":1", "unknown keys"},
        {Q "task" Q ":" Q "regression" Q, Q "task" Q ":" Q "auto" Q, "task"},
        {Q "task" Q ":" Q "regression" Q, Q "task" Q ":" Q "binary" Q, "classes"},
        {Q "task" Q ":" Q "regression" Q, Q "task" Q ":" Q "other" Q, "task"},
        {Q "loss" Q ":" Q "huber" Q, Q "loss" Q ":" Q "user" Q, "loss"},
        {Q "loss" Q ":" Q "huber" Q, Q "loss" Q ":" Q "crossentropy" Q, "cannot be"},
        {Q "group_rows" Q ":", Q "group_rows" Q ":99999999", "group_rows"},
        {Q "arithmetic" Q ":1", Q "arithmetic" Q ":" Q "1" Q, "arithmetic"},
        {Q "positive" Q ":0", Q "positive" Q ":1", "positive"},
        {Q "method" Q ":" Q "adamw" Q, Q "method" Q ":" Q "nosuch" Q, "method"},
        {Q "method" Q ":" Q "adamw" Q, Q "method" Q ":" Q "traingd" Q, "method"},
        {Q "rate" Q ":0.001", Q "rate" Q ":1e999", "JSON"},
        {Q "rate" Q ":0.001", Q "rate" Q ":1e-3", "one form"},
        {Q "rate" Q ":0.001", Q "rate" Q ": 0.001", "one form"},
        {Q "shuffle" Q ":false", Q "shuffle" Q ":0", "shuffle"},
        {"\"__metadata__\":{", "\"__metadata__\":{\"x\":\"y\",", "not a bpnn model"},
        {"\"dtype\":\"F64\"", "\"dtype\":\"F16\"", "tensor"},
        {"\"dtype\":\"F64\"", "\"dtype\":\"F64\",\"dtype\":\"F64\"", "JSON"},
        {"\"dtype\":\"F64\"", "\"x\":0,\"dtype\":\"F64\"", "tensor"},
        {"\"data_offsets\":[0,", "\"data_offsets\":[8,", "tensor"},
        {"\"shape\":[", "\"shape\":[9999999999,", "tensor"},
        {"\"shape\":[", "\"shape\":[-1,", "tensor"},
        {"\"checksum\"", "\"checksun\"", "checksum"},
        {"\"input.mean\"", "\"input.meaN\"", "no tensor"},
        {"\"dtype\":\"F64\"", "\"dtype\": \"F64\"", "one form"},
        {Q "reduction" Q ":" Q, Q "reduction" Q ":" Q "x", "reduction"},
        {Q "precision" Q ":" Q, Q "precision" Q ":" Q "x", "precision"},
        {Q "bias" Q ":" Q, Q "bias" Q ":" Q "x", "bias"},
        {Q "activation" Q ":" Q, Q "activation" Q ":" Q "x", "activation"},
        {Q "task" Q ":", Q "kind" Q ":" Q "x" Q "," Q "task" Q ":", "kind"},
        {Q "targets" Q ":[", Q "targets" Q ":[" Q "another" Q ",", "target"},
        {Q "metrics" Q ":[{", Q "metrics" Q ":[{},{", "metrics"},
        {Q "metrics" Q ":[", Q "metrics" Q ":[0,", "metrics"},
        {Q "seed" Q ":", Q "seed" Q ":" Q "x" Q "," Q "sead" Q ":", "seed"},
        {Q "stop" Q ":" Q, Q "stop" Q ":" Q "x", "stop"},
        {Q "scale" Q ":" Q, Q "scale" Q ":" Q "x", "scale"},
        {Q "task" Q ":", Q "members" Q ":[]," Q "task" Q ":", "members"},
        {Q "library" Q ":" Q, Q "library" Q ":" Q "\\u0000", ""},
        {"{\"__metadata__\"", "[\"__metadata__\"", "bpnn model file"},
        {"{\"__metadata__\":{\"bpnn\":\"{", "{\"__metadata__\":{\"bpnn\":\"[", "JSON"},
        {"\"input.fill\":{", "\"input.fill\":[", "JSON"},
        {"\"input.fill\":{", "\"input.full\":{\"dtype\":\"F64\",\"shape\":[0],\"data_offsets\":[0,0]},\"input.fill\":{",
         "tensor"},
    };
    size_t count = sizeof edits / sizeof *edits;
    (void)state;
    bpnn_model *model = make(3, 4);
    assert_int_equal(model->schema.task, BPNN_TASK_REGRESSION);
    model->training.rate = 0.001;
    for (size_t i = 0; i < count; i++)
        expect_edit(model, edits[i][0], edits[i][1], edits[i][2]);
    bpnn_model_free(model);
    printf("model edits: %zu done, 0 bad\n", count);
}

/* ---- what the writer refuses ---- */

static double identity(double e, void *context)
{
    (void)context;
    return e;
}

static void test_unsavable(void **state)
{
    bpnn_model *model = make(2, 4);
    bpnn_error error = {0};
    void *bytes;
    size_t size, count = bpnn_net_parameter_count(model->net);
    double *w = bpnn__alloc(count, sizeof *w);
    (void)state;
    bpnn_net_get_parameters(model->net, w);
    w[count / 2] = (double)NAN;
    bpnn_net_set_parameters(model->net, w);
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_DIVERGED);
    w[count / 2] = (double)INFINITY;
    bpnn_net_set_parameters(model->net, w);
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_DIVERGED);
    assert_null(bytes);
    bpnn_net_free(model->net);
    bpnn_layer layer = {.size = bpnn__schema_outputs(&model->schema)};
    layer.activation.kind = BPNN_ACT_USER;
    layer.activation.value = identity;
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = model->schema.width;
    o.layer_count = 1;
    o.layers = &layer;
    assert_int_equal(bpnn_net_new(&model->net, &o, NULL), BPNN_OK);
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "user"));
    bpnn__free(w);
    bpnn_model_free(model);
}

static void set_text(char **text, size_t size, char fill)
{
    bpnn__free(*text);
    *text = bpnn__alloc(size + 1, 1);
    memset(*text, fill, size);
}

/* Texts of 64 KiB are kept, one byte more is refused; so are bytes that are no UTF-8. */
static void test_texts(void **state)
{
    bpnn_model *model = make(3, 4), *again;
    bpnn_error error = {0};
    void *bytes;
    size_t size;
    (void)state;
    for (size_t length = 65535; length <= 65536; length++) {
        set_text(&model->schema.targets[0], length, 'n');
        assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_OK);
        assert_int_equal(bpnn_model_read(&again, bytes, size, NULL, &error), BPNN_OK);
        assert_string_equal(bpnn_model_target_name(again, 0), model->schema.targets[0]);
        bpnn_model_free(again);
        bpnn_release(bytes);
    }
    set_text(&model->schema.targets[0], 65537, 'n');
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_DATA);
    set_text(&model->schema.targets[0], 3, (char)0xff);
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_DATA);
    bpnn_model_free(model);
}

/* A header over 1 MiB is written only where the tensors outweigh it; the reader holds to the same. */
static void test_header_limit(void **state)
{
    bpnn_model *model = make(3, 4);
    bpnn_error error = {0};
    void *bytes;
    size_t size;
    (void)state;
    model->schema.class_count = 0;
    for (size_t i = 0; i < model->schema.target_count; i++)
        bpnn__free(model->schema.targets[i]);
    bpnn__free(model->schema.targets);
    model->schema.target_count = 20;
    model->schema.targets = bpnn__alloc(20, sizeof(char *));
    for (size_t i = 0; i < 20; i++)
        set_text(&model->schema.targets[i], 65536, 't');
    model->summary.train = model->summary.test = NULL;
    bpnn_metrics *kept[2] = {model->metrics[BPNN__TRAIN], model->metrics[BPNN__TEST]};
    bpnn__free(kept[0]->confusion);
    model->metrics[BPNN__TRAIN] = model->metrics[BPNN__TEST] = NULL;
    bpnn__free(kept[0]);
    bpnn__free(kept[1]);
    bpnn__free(model->schema.target_mean);
    bpnn__free(model->schema.target_scale);
    model->schema.target_mean = bpnn__alloc(20, sizeof(double));
    model->schema.target_scale = bpnn__alloc(20, sizeof(double));
    assert_int_equal(bpnn_model_write(model, &bytes, &size, &error), BPNN_USAGE);
    assert_non_null(strstr(error.text, "description"));
    bpnn_model_free(model);
}

static void test_files(void **state)
{
    char path[] = "/tmp/bpnn-model-XXXXXX";
    bpnn_model *model = make(4, 6), *again;
    bpnn_error error = {0};
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(bpnn_model_load(&again, path, &error), BPNN_MODEL); /* empty */
    assert_string_equal(error.file, path);
    assert_int_equal(bpnn_model_save(model, path, &error), BPNN_OK);
    assert_int_equal(bpnn_model_load(&again, path, &error), BPNN_OK);
    assert_true(same_outputs(model, again));
    assert_true(isnan(bpnn_model_summary(again)->seconds));
    assert_int_equal(bpnn_model_summary(again)->seed, bpnn_model_summary(model)->seed);
    bpnn_model_free(again);
    unlink(path);
    assert_int_equal(bpnn_model_load(&again, path, &error), BPNN_IO);
    assert_null(again);
    assert_int_equal(bpnn_model_save(model, "/nonexistent/folder/m.bpnn", &error), BPNN_IO);
    char *json;
    assert_int_equal(bpnn_model_describe(model, &json, &error), BPNN_OK);
    assert_non_null(strstr(json, "\"format\": 1"));
    bpnn_release(json);
    bpnn_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bits_and_cuts), cmocka_unit_test(test_edits),
        cmocka_unit_test(test_unsavable),  cmocka_unit_test(test_texts),         cmocka_unit_test(test_header_limit),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
