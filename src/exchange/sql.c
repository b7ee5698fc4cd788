/* One SELECT over a table: imputation, categories, scaling, layers, units and labels, a common table expression a stage. All members of
 * an ensemble go through the stages side by side, so that nothing is joined. Every stage has a window function: engines would otherwise
 * put one stage's expressions into the next, and their length would grow with the power of the depth. */
#include "base/error.h"
#include "exchange/formula.h"
#include "exchange/programs.h"
#include "net/net.h"

#include <stdio.h>

enum { MOST_COLUMNS = 1500, TERMS = 50 }; /* engines: 1600 (PostgreSQL), 2000 (SQLite); depth of an expression */

static const bpnn__style numbers = {"", "NULL", "NULL", "NULL", 8};
static const bpnn__dialect dialect = {"(CASE WHEN ", " THEN ", " ELSE ", " END)", "EXP(", "TANH(",
                                      "ATANH(",      "SIN(",   "COS(",   "ABS(",  NULL,   &numbers};

static const char head[] =
    "-- A trained network as one SELECT, made by bpnn " BPNN_VERSION_TEXT ".\n"
    "-- It reads the table \"data\": put another name into the line FROM \"data\". Missing cells are NULL.\n"
    "-- \"row\" numbers the rows; put a key of the table in place of ROW_NUMBER() OVER () to carry that along.\n"
    "-- Standard SQL with EXP, LN, TANH, ATANH, SIN, COS where the network needs them (SQLite: 3.35, built with its "
    "math functions).\n"
    "-- Names stand in \"..\" and texts in '..' as the standard has them: MySQL takes that with sql_mode = "
    "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'.\n";

typedef struct writer {
    bpnn__text *to;
    const bpnn_model *model;
    size_t members, stage;
    bool refuses; /* a missing number makes the whole result NULL: "whole" is carried from stage to stage */
} writer;

/* A name or a text, its quotes doubled. */
static void put_quoted(bpnn__text *to, char quote, const char *prefix, const char *text, const char *suffix)
{
    bpnn__text_add_bytes(to, &quote, 1);
    bpnn__text_add(to, prefix);
    for (; *text; text++) {
        if (*text == quote)
            bpnn__text_add_bytes(to, text, 1);
        bpnn__text_add_bytes(to, text, 1);
    }
    bpnn__text_add(to, suffix);
    bpnn__text_add_bytes(to, &quote, 1);
}

/* ---- stages ---- */

static void begin_stage(writer *w)
{
    bpnn__put(w->to, "),\nbpnn_%zu AS (\n  SELECT \"row\", ROW_NUMBER() OVER () AS \"apart\"", ++w->stage);
    if (w->refuses && w->stage > 1)
        bpnn__text_add(w->to, ", \"whole\"");
}

/* ",\n    " before an expression; then its name: letter, member, unit */
static void next(writer *w)
{
    bpnn__text_add(w->to, ",\n    ");
}

static void name(writer *w, const char *letter, size_t k, size_t i)
{
    bpnn__put(w->to, " AS %s%zu_%zu", letter, k + 1, i + 1);
}

static void end_stage(writer *w)
{
    if (w->stage == 1)
        bpnn__text_add(w->to, "\n  FROM bpnn_input\n");
    else
        bpnn__put(w->to, "\n  FROM bpnn_%zu\n", w->stage - 1);
}

/* Carries columns to the next stage. */
static void carry(writer *w, const char *letter, size_t count)
{
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < count; i++)
            bpnn__put(w->to, ", %s%zu_%zu", letter, k + 1, i + 1);
}

/* ---- inputs ---- */

static void put_source(writer *w)
{
    const bpnn__schema *s = &w->model->schema;
    bpnn__text_add(w->to, "WITH bpnn_input AS (\n  SELECT ROW_NUMBER() OVER () AS \"row\"");
    for (size_t f = 0; f < s->feature_count; f++) {
        next(w);
        bpnn__text_add(w->to, s->features[f].categorical ? "t." : "CAST(t.");
        put_quoted(w->to, '"', "", s->features[f].name, "");
        bpnn__put(w->to, s->features[f].categorical ? " AS c%zu" : " AS DOUBLE PRECISION) AS c%zu", f + 1);
    }
    bpnn__text_add(w->to, "\n  FROM \"data\"\n  AS t\n");
}

static void put_flag(writer *w, size_t f)
{
    bpnn__put(w->to, "CASE WHEN c%zu IS NULL THEN 1.0 ELSE 0.0 END", f + 1);
}

static void put_number(writer *w, double value)
{
    bpnn__put_number(w->to, &numbers, false, value);
}

static void put_scaled(writer *w, const bpnn__schema *s, size_t f)
{
    double mean = s->mean[s->features[f].first];
    bpnn__put(w->to, s->missing == BPNN_MISSING_ERROR ? "(c%zu" : "(COALESCE(c%zu", f + 1);
    if (s->missing != BPNN_MISSING_ERROR) {
        bpnn__text_add(w->to, ", ");
        put_number(w, s->features[f].fill);
        bpnn__text_add(w->to, ")");
    }
    bpnn__text_add(w->to, mean < 0 ? " + " : " - ");
    put_number(w, mean < 0 ? -mean : mean);
    bpnn__text_add(w->to, ") / ");
    put_number(w, s->scale[s->features[f].first]);
}

static void put_feature(writer *w, const bpnn__schema *s, size_t k, size_t f)
{
    const bpnn__feature *at = &s->features[f];
    for (size_t i = 0; i < at->width; i++) {
        next(w);
        if (at->categorical && i < at->level_count) {
            bpnn__put(w->to, "CASE WHEN c%zu = ", f + 1);
            put_quoted(w->to, '\'', "", at->levels[i], "");
            bpnn__text_add(w->to, " THEN 1.0 ELSE 0.0 END");
        } else if (at->categorical || i > 0) {
            put_flag(w, f);
        } else {
            put_scaled(w, s, f);
        }
        name(w, "y", k, at->first + i);
    }
}

static void put_whole(writer *w)
{
    const bpnn__schema *s = &w->model->schema;
    bpnn__text_add(w->to, ",\n    CASE WHEN ");
    for (size_t f = 0, count = 0; f < s->feature_count; f++)
        if (!s->features[f].categorical)
            bpnn__put(w->to, "%sc%zu IS NULL", count++ ? " OR " : "", f + 1);
    bpnn__text_add(w->to, " THEN 0 ELSE 1 END AS \"whole\"");
}

static void put_inputs(writer *w)
{
    begin_stage(w);
    if (w->refuses)
        put_whole(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t f = 0; f < w->model->schema.feature_count; f++)
            put_feature(w, &bpnn_model_member(w->model, k)->schema, k, f);
    end_stage(w);
}

/* ---- layers ---- */

/* b + w1 y1 + ..: a bracket every TERMS terms, as engines limit the depth of an expression */
static void put_sum(writer *w, const bpnn_net *net, size_t k, size_t m, size_t i)
{
    size_t in = bpnn__net_size(net, m - 1);
    bool single = net->precision == BPNN_SINGLE;
    bpnn__put_number(w->to, &numbers, single, bpnn__bias_of(net, m, i));
    for (size_t j = 0; j < in; j++) {
        bpnn__text_add(w->to, j % TERMS ? " + " : " + (");
        bpnn__put_number(w->to, &numbers, single, bpnn__weight_of(net, m, j, i));
        bpnn__put(w->to, " * y%zu_%zu%s", k + 1, j + 1, j % TERMS == TERMS - 1 || j + 1 == in ? ")" : "");
    }
}

static void put_sums(writer *w, size_t m)
{
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < bpnn__net_size(w->model->net, m); i++) {
            next(w);
            put_sum(w, bpnn_model_member(w->model, k)->net, k, m, i);
            name(w, "e", k, i);
        }
    end_stage(w);
}

/* WHEN unit i is not below any later one; as earlier ones have failed, it is the first of the largest. */
static void put_largest_test(writer *w, const char *unit, size_t i, size_t count)
{
    bpnn__text_add(w->to, " WHEN ");
    for (size_t j = i + 1; j < count; j++)
        bpnn__put(w->to, j > i + 1 ? " AND %s%zu >= %s%zu" : "%s%zu >= %s%zu", unit, i + 1, unit, j + 1);
}

/* The index (from 0) of the largest of letter1_.., or its value. */
static void put_largest(writer *w, const char *unit, size_t count, bool index)
{
    bpnn__text_add(w->to, "CASE");
    for (size_t i = 0; i + 1 < count; i++) {
        put_largest_test(w, unit, i, count);
        if (index)
            bpnn__put(w->to, " THEN %zu", i);
        else
            bpnn__put(w->to, " THEN %s%zu", unit, i + 1);
    }
    if (index)
        bpnn__put(w->to, " ELSE %zu END", count - 1);
    else
        bpnn__put(w->to, " ELSE %s%zu END", unit, count);
}

enum { UNIT = 64 };

/* "e1_2" */
static void unit_of(char unit[UNIT], char letter, size_t k, size_t i)
{
    snprintf(unit, UNIT, "%c%zu_%zu", letter, k + 1, i + 1);
}

static void put_unit_sum(writer *w, const char *letter, size_t k, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bpnn__put(w->to, "%s%s%zu_%zu%s",
                  i == 0      ? "("
                  : i % TERMS ? " + "
                              : ") + (",
                  letter, k + 1, i + 1, i + 1 == count ? ")" : "");
}

/* softmax, log_softmax: d = e - max e, p = exp(d), then y */
static void put_softmax(writer *w, size_t count, bool logarithm)
{
    char unit[UNIT];
    begin_stage(w);
    carry(w, "e", count);
    for (size_t k = 0; k < w->members; k++) {
        next(w);
        snprintf(unit, UNIT, "e%zu_", k + 1);
        if (count > 1)
            put_largest(w, unit, count, false);
        else
            bpnn__put(w->to, "%s1", unit);
        name(w, "m", k, 0);
    }
    end_stage(w);
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < count; i++)
            bpnn__put(w->to, ",\n    e%zu_%zu - m%zu_1 AS d%zu_%zu, EXP(e%zu_%zu - m%zu_1) AS p%zu_%zu", k + 1, i + 1,
                      k + 1, k + 1, i + 1, k + 1, i + 1, k + 1, k + 1, i + 1);
    end_stage(w);
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < count; i++) {
            next(w);
            bpnn__put(w->to, logarithm ? "d%zu_%zu - LN(" : "p%zu_%zu / (", k + 1, i + 1);
            put_unit_sum(w, "p", k, count);
            bpnn__text_add(w->to, ")");
            name(w, "y", k, i);
        }
    end_stage(w);
}

static void put_layer(writer *w, size_t m)
{
    const bpnn_activation *activation = &w->model->net->layers[m - 1].activation;
    size_t count = bpnn__net_size(w->model->net, m);
    char unit[UNIT];
    put_sums(w, m);
    if (bpnn__over_row(activation->kind)) {
        put_softmax(w, count, activation->kind == BPNN_ACT_LOG_SOFTMAX);
        return;
    }
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < count; i++) {
            next(w);
            unit_of(unit, 'e', k, i);
            bpnn__put_activation(w->to, &dialect, activation, unit);
            name(w, "y", k, i);
        }
    end_stage(w);
}

/* ---- values ---- */

static void put_targets(writer *w)
{
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++) {
        const bpnn__schema *s = &bpnn_model_member(w->model, k)->schema;
        for (size_t i = 0; i < s->target_count; i++) {
            bpnn__put(w->to, ",\n    y%zu_%zu * ", k + 1, i + 1);
            put_number(w, s->target_scale[i]);
            bpnn__text_add(w->to, " + ");
            put_number(w, s->target_mean[i]);
            name(w, "v", k, i);
        }
    }
    end_stage(w);
}

/* s: shares; with one member i1_1: the class by the largest output */
static void put_shares(writer *w, size_t outputs)
{
    const bpnn_model *first = bpnn_model_member(w->model, 0);
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < outputs; i++) {
            char unit[UNIT];
            next(w);
            unit_of(unit, 'y', k, i);
            bpnn__put_share(w->to, &dialect, first, unit);
            name(w, "s", k, i);
        }
    if (outputs > 1 && w->members == 1) {
        next(w);
        put_largest(w, "y1_", outputs, true);
        name(w, "i", 0, 0);
    }
    end_stage(w);
}

static void put_class_values(writer *w, size_t classes)
{
    const bpnn_model *first = bpnn_model_member(w->model, 0);
    bool binary = first->schema.task == BPNN_TASK_BINARY;
    begin_stage(w);
    for (size_t k = 0; k < w->members; k++)
        for (size_t i = 0; i < classes; i++) {
            next(w);
            if (binary) {
                bpnn__put(w->to, i ? "s%zu_1" : "1 - s%zu_1", k + 1);
            } else if (bpnn__is_distribution(first)) {
                bpnn__put(w->to, "s%zu_%zu", k + 1, i + 1);
            } else {
                bpnn__text_add(w->to, "CASE WHEN (");
                put_unit_sum(w, "s", k, classes);
                bpnn__put(w->to, ") > 0 THEN s%zu_%zu / (", k + 1, i + 1);
                put_unit_sum(w, "s", k, classes);
                bpnn__text_add(w->to, ") ELSE ");
                put_number(w, 1 / (double)classes);
                bpnn__text_add(w->to, " END");
            }
            name(w, "v", k, i);
        }
    if (!binary && w->members == 1)
        bpnn__text_add(w->to, ", i1_1");
    end_stage(w);
}

/* The mean of the members, as v_1 .. */
static void put_mean(writer *w, size_t values)
{
    bool index = w->model->schema.task == BPNN_TASK_MULTICLASS && w->members == 1;
    begin_stage(w);
    for (size_t i = 0; i < values; i++) {
        next(w);
        bpnn__text_add(w->to, w->members > 1 ? "(" : "");
        for (size_t k = 0; k < w->members; k++)
            bpnn__put(w->to, "%sv%zu_%zu", k ? " + " : "", k + 1, i + 1);
        if (w->members > 1)
            bpnn__put(w->to, ") / %zu.0", w->members);
        bpnn__put(w->to, " AS v_%zu", i + 1);
    }
    bpnn__text_add(w->to, index ? ", i1_1 AS i" : "");
    end_stage(w);
}

/* ---- the result ---- */

static void put_label(writer *w)
{
    const bpnn__schema *s = &w->model->schema;
    bpnn__text_add(w->to, w->refuses ? ",\n  CASE WHEN \"whole\" = 1 THEN CASE " : ",\n  CASE ");
    if (s->task == BPNN_TASK_BINARY)
        bpnn__text_add(w->to, "CASE WHEN v_2 >= 0.5 THEN 1 ELSE 0 END");
    else if (w->members == 1)
        bpnn__text_add(w->to, "i");
    else
        put_largest(w, "v_", s->class_count, true);
    for (size_t i = 0; i < s->class_count; i++) {
        bpnn__put(w->to, " WHEN %zu THEN ", i);
        put_quoted(w->to, '\'', "", s->classes[i], "");
    }
    bpnn__text_add(w->to, w->refuses ? " END END AS \"prediction\"" : " END AS \"prediction\"");
}

static void put_result(writer *w, size_t values)
{
    const bpnn__schema *s = &w->model->schema;
    bool classes = s->task != BPNN_TASK_REGRESSION;
    bpnn__text_add(w->to, ")\nSELECT \"row\"");
    if (classes)
        put_label(w);
    for (size_t i = 0; i < values; i++) {
        bpnn__put(w->to, w->refuses ? ",\n  CASE WHEN \"whole\" = 1 THEN v_%zu END AS " : ",\n  v_%zu AS ", i + 1);
        if (classes)
            put_quoted(w->to, '"', "p(", s->classes[i], ")");
        else
            put_quoted(w->to, '"', "", values > 1 ? s->targets[i] : "prediction", "");
    }
    bpnn__put(w->to, "\nFROM bpnn_%zu;\n", w->stage);
}

static bpnn_status check_width(const writer *w, bpnn_error *error)
{
    size_t widest = 0;
    for (size_t m = 0; m <= w->model->net->depth; m++) {
        bool doubled = m > 0 && bpnn__over_row(w->model->net->layers[m - 1].activation.kind);
        size_t columns = w->members * bpnn__net_size(w->model->net, m) * (doubled ? 2 : 1);
        widest = columns > widest ? columns : widest;
    }
    if (widest <= MOST_COLUMNS)
        return BPNN_OK;
    return bpnn__fail(
        error, BPNN_USAGE,
        "sql takes a column a unit, and engines at most about %d; this model needs %zu; take c, python or "
        "onnx",
        MOST_COLUMNS, widest);
}

static bool refuses(const bpnn__schema *s)
{
    for (size_t f = 0; s->missing == BPNN_MISSING_ERROR && f < s->feature_count; f++)
        if (!s->features[f].categorical)
            return true;
    return false;
}

bpnn_status bpnn__export_sql(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                             bpnn_error *error)
{
    writer w = {buffer, model, bpnn_model_members(model), 0, refuses(&model->schema)};
    size_t values = bpnn__value_count(model), outputs = bpnn__net_size(model->net, model->net->depth);
    (void)options;
    bpnn_status status = check_width(&w, error);
    if (status != BPNN_OK)
        return status;
    bpnn__text_add(buffer, head);
    put_source(&w);
    put_inputs(&w);
    for (size_t m = 1; m <= model->net->depth; m++)
        put_layer(&w, m);
    if (model->schema.task == BPNN_TASK_REGRESSION) {
        put_targets(&w);
    } else {
        put_shares(&w, outputs);
        put_class_values(&w, values);
    }
    put_mean(&w, values);
    put_result(&w, values);
    return BPNN_OK;
}
