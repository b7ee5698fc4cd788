/* Random models in every format, rows, and what predict gives for them: for the engines that tests/exchange/exports.py calls.
 *   write_exports FOLDER COUNT ROWS
 * makes FOLDER/K/model.bpnn, model.c .., rows.bin (raw numbers, row by row), want.bin (values and label, row by row) and
 * about.json, K = 0 .. COUNT - 1; where it is no ensemble also fixed_B.c and want_B.bin of B = 8 and 16 bits. */
#include "base/memory.h"
#include "exchange/fixed.h"
#include "exchange/row.h"
#include "model/made.h"
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHECK_OK(call)                                                                                                 \
    do {                                                                                                               \
        if ((call) != BPNN_OK) {                                                                                       \
            fprintf(stderr, "write_exports: %s failed: %s\n", #call, error.text);                                      \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static bpnn_error error;

/* ---- the model ---- */

static void rename_to(char **name, const char *prefix, size_t k)
{
    char text[32];
    snprintf(text, sizeof text, "%s%zu", prefix, k);
    bpnn__free(*name);
    *name = bpnn__copy_text(text);
}

/* Names that a table can hold: each once. */
static void rename_all(bpnn__schema *s)
{
    for (size_t f = 0; f < s->feature_count; f++) {
        rename_to(&s->features[f].name, "c", f);
        s->features[f].fill = s->mean[s->features[f].first]; /* inputs stay moderate */
        for (size_t k = 0; s->features[f].categorical && k < s->features[f].level_count; k++)
            rename_to(&s->features[f].levels[k], "L", k);
    }
    for (size_t k = 0; k < s->target_count; k++)
        rename_to(&s->targets[k], "t", k);
    for (size_t k = 0; k < s->class_count; k++)
        rename_to(&s->classes[k], "class ", k);
}

static bpnn_activation_kind draw_hidden(dice *d, bpnn_precision precision)
{
    for (;;) {
        bpnn_activation_kind kind = (bpnn_activation_kind)roll_below(d, BPNN_ACT_COUNT);
        bool jumps = kind == BPNN_ACT_THRESHOLD && precision == BPNN_SINGLE; /* others round differently */
        if (kind != BPNN_ACT_USER && kind != BPNN_ACT_SOFTMAX && kind != BPNN_ACT_LOG_SOFTMAX && !jumps)
            return kind;
    }
}

/* Any output activation and loss that go together and with the task. */
static void draw_output(dice *d, bpnn_net_options *o, bpnn_layer *last, bpnn_task task)
{
    last->activation.parameter = (double)NAN;
    last->activation.kind = (bpnn_activation_kind)roll_below(d, BPNN_ACT_USER - 1); /* without threshold */
    o->loss.kind = (bpnn_loss_kind)roll_below(d, BPNN_LOSS_USER);
    if (task == BPNN_TASK_REGRESSION && roll_below(d, 2))
        last->activation.kind = BPNN_ACT_IDENTITY;
    if (task == BPNN_TASK_MULTICLASS && roll_below(d, 2)) {
        last->activation.kind = roll_below(d, 3) ? BPNN_ACT_SOFTMAX : BPNN_ACT_LOG_SOFTMAX;
        o->loss.kind = BPNN_LOSS_CROSSENTROPY;
    }
}

static void draw_net(dice *d, bpnn_model *model, bpnn_precision precision, uint64_t seed)
{
    bpnn_layer layers[4] = {0};
    bpnn_net_options o;
    bpnn_net_free(model->net);
    bpnn_predictor_free(model->predictor);
    bpnn_net_options_default(&o);
    o.layer_count = 1 + roll_below(d, 4);
    for (size_t i = 0; i < o.layer_count; i++) {
        layers[i].size = 1 + roll_below(d, roll_below(d, 2) ? 6 : 40);
        layers[i].activation.kind = draw_hidden(d, precision);
        layers[i].activation.parameter = (double)NAN;
        layers[i].bias = (bpnn_bias)roll_below(d, BPNN_BIAS_COUNT);
    }
    layers[o.layer_count - 1].size = bpnn__schema_outputs(&model->schema);
    o.inputs = model->schema.width;
    o.layers = layers;
    o.precision = precision;
    do
        draw_output(d, &o, &layers[o.layer_count - 1], model->schema.task);
    while (bpnn_net_new(&model->net, &o, &error) != BPNN_OK);
    CHECK_OK(bpnn_net_initialise(model->net, BPNN_INIT_AUTO, (double)NAN, seed, NULL, NULL, &error));
    for (size_t m = 1; m <= model->net->depth; m++) /* biases are drawn as 0 */
        for (size_t i = 0; layers[m - 1].bias == BPNN_BIAS_NEURON && i < layers[m - 1].size; i++)
            bpnn__net_put(model->net, model->net->bias_offset[m] + i, roll_unit(d));
    CHECK_OK(bpnn_predictor_new(&model->predictor, model->net, NULL, &error));
}

/* Every third model is an ensemble: the same columns and layers, numbers of their own. */
static bpnn_model *draw_model(dice *d)
{
    static const bpnn_task tasks[] = {BPNN_TASK_REGRESSION, BPNN_TASK_BINARY, BPNN_TASK_MULTICLASS};
    bpnn_precision precision = roll_below(d, 2) ? BPNN_SINGLE : BPNN_DOUBLE;
    bpnn_task task = tasks[roll_below(d, 3)];
    bool several = roll_below(d, 3) == 0;
    bpnn_model *model =
        several ? made_ensemble(d, task, precision, 8, 2 + roll_below(d, 2)) : made_model(d, task, precision, 8);
    dice shape = *d, last = *d;
    for (size_t k = 0; k < bpnn_model_members(model); k++) {
        bpnn_model *member = several ? model->members[k] : model;
        rename_all(&member->schema);
        last = shape;
        draw_net(&last, member, precision, roll(d));
    }
    *d = last;
    if (several)
        model->net = model->members[0]->net;
    return model;
}

/* Layers of exp within: rounding is magnified without limit, and only the same operations give the same numbers. */
static bool is_wild(const bpnn_model *model)
{
    for (size_t m = 0; m + 1 < model->net->depth; m++)
        if (model->net->layers[m].activation.kind == BPNN_ACT_EXP)
            return true;
    return false;
}

/* ---- rows and what predict says ---- */

static void add_cell(bpnn__text *csv, const bpnn__feature *f, double x)
{
    if (f->categorical && x >= 0 && x < (double)f->level_count)
        bpnn__text_add(csv, f->levels[(size_t)x]);
    else if (f->categorical && !isnan(x))
        bpnn__text_add(csv, "never seen");
    else if (!f->categorical && !isnan(x))
        bpnn__text_add_double(csv, x);
}

static bpnn_table *make_table(const bpnn_model *model, const double *raw, size_t rows)
{
    const bpnn__schema *s = &model->schema;
    bpnn__text csv = {0};
    bpnn_table_options o;
    bpnn_table *table;
    bpnn_table_options_default(&o);
    o.delimiter = ',';
    o.header = 1;
    o.decimal = '.';
    bpnn__text_add(&csv, "row");
    for (size_t f = 0; f < s->feature_count; f++) {
        bpnn__text_add(&csv, ",");
        bpnn__text_add(&csv, s->features[f].name);
    }
    for (size_t r = 0; r < rows; r++) {
        bpnn__text_add(&csv, "\nr");
        for (size_t f = 0; f < s->feature_count; f++) {
            bpnn__text_add(&csv, ",");
            add_cell(&csv, &s->features[f], raw[r * s->feature_count + f]);
        }
    }
    bpnn__text_add(&csv, "\n");
    CHECK_OK(bpnn_table_read_memory(&table, csv.data, csv.size, "rows.csv", &o, &error));
    bpnn__text_free(&csv);
    return table;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Values and label of every row; the room's own one-row prediction must agree. */
static size_t write_wanted(const char *folder, const bpnn_model *model, const double *raw, size_t rows)
{
    size_t features = model->schema.feature_count, values = bpnn__value_count(model), bad = 0, label;
    double *want = bpnn__alloc(rows * (values + 1), sizeof *want), *one = bpnn__alloc(values, sizeof *one);
    bpnn_table *table = make_table(model, raw, rows);
    bpnn_prediction p;
    CHECK_OK(bpnn_model_predict(model, table, 1, NULL, &p, &error));
    for (size_t r = 0; r < rows; r++) {
        memcpy(want + r * (values + 1), p.values + r * values, values * sizeof *want);
        want[r * (values + 1) + values] = p.label ? (double)p.label[r] : 0;
        CHECK_OK(bpnn__row_predict(model, raw + r * features, one, &label, &error));
        for (size_t k = 0; k < values; k++)
            bad += !same(one[k], p.values[r * values + k]);
        bad += p.label && label != p.label[r];
    }
    write_file(folder, "want.bin", want, rows * (values + 1) * sizeof *want);
    bpnn_prediction_free(&p);
    bpnn_table_free(table);
    bpnn__free(one);
    bpnn__free(want);
    return bad;
}

static void write_about(const char *folder, const bpnn_model *model, size_t rows)
{
    char text[256];
    int size = snprintf(
        text, sizeof text,
        "{\"features\": %zu, \"values\": %zu, \"rows\": %zu, \"single\": %s, \"classes\": %zu, \"wild\": %s}\n",
        model->schema.feature_count, bpnn__value_count(model), rows,
        model->net->precision == BPNN_SINGLE ? "true" : "false", model->schema.class_count,
        is_wild(model) ? "true" : "false");
    write_file(folder, "about.json", text, (size_t)size);
}

static void write_formats(const char *folder, const bpnn_model *model)
{
    for (size_t i = 0; i < BPNN_FORMAT_COUNT; i++) {
        bpnn_format_info format = bpnn_format_at(i);
        char name[64];
        void *bytes;
        size_t size;
        if (!format.exports)
            continue;
        bpnn_status status = bpnn_model_export_memory(model, (bpnn_format)i, NULL, &bytes, &size, &error);
        if (status == BPNN_USAGE) /* the format cannot hold this model, and has said so */
            continue;
        CHECK_OK(status);
        snprintf(name, sizeof name, "model%s", format.suffix);
        write_file(folder, name, bytes, size);
        bpnn_release(bytes);
    }
    void *bytes;
    size_t size;
    CHECK_OK(bpnn_model_write(model, &bytes, &size, &error));
    write_file(folder, "model.bpnn", bytes, size);
    bpnn_release(bytes);
}

/* ---- whole numbers ---- */

/* What the library says that the written file will give. */
static void write_fixed_wanted(const char *folder, const char *name, const bpnn__fixed *f, const double *raw,
                               size_t rows)
{
    size_t features = f->schema.feature_count, values = bpnn__value_count(f->model), label = 0;
    double *want = bpnn__alloc(rows * (values + 1), sizeof *want), *encoded = bpnn__alloc(f->width, sizeof *encoded);
    double *y = bpnn__alloc(bpnn__net_widest(f->model->net), sizeof *y);
    int32_t *room = bpnn__alloc(bpnn__net_widest(f->model->net), 2 * sizeof *room);
    for (size_t r = 0; r < rows; r++) {
        double *row = want + r * (values + 1);
        if (!bpnn__row_encode(&f->schema, BPNN_DOUBLE, raw + r * features, encoded))
            abort();
        bpnn__fixed_run(f, encoded, room, y, row, &label);
        row[values] = f->schema.task == BPNN_TASK_REGRESSION ? 0 : (double)label;
    }
    write_file(folder, name, want, rows * (values + 1) * sizeof *want);
    bpnn__free(room);
    bpnn__free(y);
    bpnn__free(encoded);
    bpnn__free(want);
}

/* Ranges from the first half of the rows, so that the others go beyond them. */
static void write_fixed(const char *folder, const bpnn_model *model, const double *raw, size_t rows, int bits)
{
    bpnn_table *table = make_table(model, raw, (rows + 1) / 2);
    bpnn_export_options o;
    bpnn__ranges ranges = {0};
    bpnn__fixed *fixed;
    void *bytes;
    size_t size;
    char name[32];
    bpnn_export_options_default(&o);
    o.fixed = bits;
    o.table = table;
    bpnn_status status = bpnn_model_export_memory(model, BPNN_FORMAT_C, &o, &bytes, &size, &error);
    if (status == BPNN_USAGE) { /* whole numbers cannot hold it */
        printf("fixed: %s: %s\n", folder, error.text);
        bpnn_table_free(table);
        return;
    }
    CHECK_OK(status);
    snprintf(name, sizeof name, "fixed_%d.c", bits);
    write_file(folder, name, bytes, size);
    bpnn_release(bytes);
    CHECK_OK(bpnn__ranges_find(&ranges, model, table, &error));
    CHECK_OK(bpnn__fixed_new(&fixed, model, bits, &ranges, &error));
    snprintf(name, sizeof name, "want_%d.bin", bits);
    write_fixed_wanted(folder, name, fixed, raw, rows);
    bpnn__fixed_free(fixed);
    bpnn__ranges_free(&ranges);
    bpnn_table_free(table);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 1;
    size_t count = strtoull(argv[2], NULL, 10), rows = strtoull(argv[3], NULL, 10), bad = 0;
    dice d = {seed_of_tests(20)};
    printf("seed %llu\n", (unsigned long long)d.state);
    for (size_t k = 0; k < count; k++) {
        char folder[900];
        snprintf(folder, sizeof folder, "%.800s/%zu", argv[1], k);
        bpnn_model *model = draw_model(&d);
        double *raw = bpnn__alloc(rows * model->schema.feature_count, sizeof *raw);
        if (mkdir(folder, 0777) != 0)
            return 1;
        bpnn__row_draw(model, 0, rows, raw); /* as the workbook's */
        write_file(folder, "rows.bin", raw, rows * model->schema.feature_count * sizeof *raw);
        bad += write_wanted(folder, model, raw, rows) > 0;
        write_about(folder, model, rows);
        write_formats(folder, model);
        for (int bits = 8; bits <= 16 && bpnn_model_members(model) == 1; bits += 8)
            write_fixed(folder, model, raw, rows, bits);
        bpnn__free(raw);
        bpnn_model_free(model);
    }
    printf("export rows: %zu done, %zu bad\n", count, bad);
    return bad > 0;
}
