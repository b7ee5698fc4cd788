#include "exchange/drawn.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 6, MOST_LAYERS = 4, CELL = 40 };

static void must(bool good)
{
    if (!good)
        abort();
}

static char *numbered(const char *prefix, size_t i)
{
    char text[CELL];
    snprintf(text, sizeof text, "%s%zu", prefix, i);
    return bpnn__copy_text(text);
}

/* Plain names; a missing cell becomes the mean, so that inputs stay moderate. */
static void rename_columns(bpnn__schema *s)
{
    for (size_t i = 0; i < s->feature_count; i++) {
        bpnn__feature *f = &s->features[i];
        bpnn__free(f->name);
        f->name = numbered("f", i);
        f->fill = s->mean[f->first];
        for (size_t k = 0; k < f->level_count; k++) {
            bpnn__free(f->levels[k]);
            f->levels[k] = numbered("l", k);
        }
    }
}

static void draw_activation(dice *d, bpnn_activation_kind fixed, bpnn_activation *activation)
{
    activation->kind = fixed;
    while (activation->kind == BPNN_ACT_COUNT ||
           (fixed == BPNN_ACT_COUNT && activation->kind >= BPNN_ACT_EXP && activation->kind != BPNN_ACT_THRESHOLD))
        activation->kind = (bpnn_activation_kind)roll_below(d, BPNN_ACT_COUNT);
    activation->parameter = fabs(roll_unit(d));
}

/* The output layer and a loss that goes with it. */
static void draw_output(dice *d, bpnn_task task, bpnn_layer *last, bpnn_loss *loss)
{
    static const bpnn_activation_kind regression[] = {BPNN_ACT_IDENTITY, BPNN_ACT_EXP, BPNN_ACT_TANH,
                                                      BPNN_ACT_SOFTPLUS};
    size_t pick = roll_below(d, 4);
    loss->kind = BPNN_LOSS_MSE;
    last->activation.kind = regression[pick];
    if (task == BPNN_TASK_BINARY) {
        last->activation.kind = pick < 2 ? BPNN_ACT_SIGMOID : pick == 2 ? BPNN_ACT_TANH : BPNN_ACT_IDENTITY;
        loss->kind = pick < 2 ? BPNN_LOSS_BINARY_CROSSENTROPY : pick == 2 ? BPNN_LOSS_HINGE : BPNN_LOSS_MSE;
    } else if (task == BPNN_TASK_MULTICLASS) {
        last->activation.kind = pick == 0 ? BPNN_ACT_LOG_SOFTMAX : pick == 1 ? BPNN_ACT_SIGMOID : BPNN_ACT_SOFTMAX;
        loss->kind = pick == 1 ? BPNN_LOSS_MSE : BPNN_LOSS_CROSSENTROPY;
    }
}

static void draw_network(dice *d, bpnn_model *model, bpnn_precision precision, bpnn_activation_kind hidden)
{
    bpnn_layer layers[MOST_LAYERS] = {0};
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.layer_count = 1 + roll_below(d, MOST_LAYERS);
    if (hidden < BPNN_ACT_COUNT && (o.layer_count == 1 || hidden == BPNN_ACT_EXP)) /* exp of exp magnifies errors */
        o.layer_count = 2;
    for (size_t i = 0; i < o.layer_count; i++) {
        layers[i].size = 1 + roll_below(d, SIZE);
        draw_activation(d, hidden, &layers[i].activation);
        layers[i].bias = (bpnn_bias)roll_below(d, BPNN_BIAS_COUNT);
    }
    bpnn_layer *last = &layers[o.layer_count - 1];
    last->size = bpnn__schema_outputs(&model->schema);
    last->activation.parameter = (double)NAN;
    draw_output(d, model->schema.task, last, &o.loss);
    o.inputs = model->schema.width;
    o.layers = layers;
    o.precision = precision;
    bpnn_predictor_free(model->predictor);
    bpnn_net_free(model->net);
    must(bpnn_net_new(&model->net, &o, NULL) == BPNN_OK);
    must(bpnn_net_initialise(model->net, BPNN_INIT_UNIFORM, 0.5, roll(d), NULL, NULL, NULL) == BPNN_OK);
    must(bpnn_predictor_new(&model->predictor, model->net, NULL, NULL) == BPNN_OK);
}

bpnn_model *drawn_model(dice *d, bpnn_task task, bpnn_precision precision, bpnn_activation_kind hidden)
{
    bpnn_model *model = made_model(d, task, precision, SIZE);
    rename_columns(&model->schema);
    draw_network(d, model, precision, hidden);
    return model;
}

/* ---- rows ---- */

static double draw_number(dice *d, const bpnn_model *model, const bpnn__feature *f)
{
    const bpnn__schema *s = &model->schema;
    if (s->missing != BPNN_MISSING_ERROR && roll_below(d, 8) == 0)
        return (double)NAN;
    double x = s->mean[f->first] + 2 * s->scale[f->first] * roll_unit(d);
    return model->net->precision == BPNN_SINGLE ? (double)(float)x : x;
}

static double draw_level(dice *d, const bpnn__feature *f, char *text)
{
    size_t k = roll_below(d, f->level_count + 2);
    if (k == f->level_count + 1) {
        strcpy(text, "NA");
        return (double)NAN;
    }
    snprintf(text, CELL, k < f->level_count ? "l%zu" : "unknown%zu", k);
    return k < f->level_count ? (double)k : -1;
}

static void draw_cell(dice *d, const bpnn_model *model, const bpnn__feature *f, bpnn__text *csv, double *raw)
{
    char text[CELL] = "NA";
    if (f->categorical) {
        *raw = draw_level(d, f, text);
    } else {
        *raw = draw_number(d, model, f);
        if (!isnan(*raw))
            bpnn__print_double(*raw, text);
    }
    bpnn__text_add(csv, text);
}

void draw_rows(dice *d, const bpnn_model *model, size_t rows, drawn_rows *out)
{
    const bpnn__schema *s = &model->schema;
    bpnn_table_options options;
    bpnn__text csv = {0};
    *out = (drawn_rows){.rows = rows, .columns = s->feature_count};
    out->raw = malloc(rows * s->feature_count * sizeof *out->raw);
    for (size_t i = 0; i < s->feature_count; i++) {
        bpnn__text_add(&csv, i ? "," : "");
        bpnn__text_add(&csv, s->features[i].name);
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < s->feature_count; i++) {
            bpnn__text_add(&csv, i ? "," : "\n");
            draw_cell(d, model, &s->features[i], &csv, &out->raw[r * s->feature_count + i]);
        }
    bpnn__text_add(&csv, "\n");
    must(!csv.failed);
    bpnn_table_options_default(&options);
    options.header = 1;
    options.delimiter = ',';
    options.format = "csv";
    bpnn_error error = {0};
    if (bpnn_table_read_memory(&out->table, csv.data, csv.size, "drawn", &options, &error) != BPNN_OK) {
        printf("table: %s\n", error.text);
        abort();
    }
    bpnn__text_free(&csv);
}

void free_rows(drawn_rows *rows)
{
    bpnn_table_free(rows->table);
    free(rows->raw);
}
