/* The C file in whole numbers: the text of what fixed_run.c computes. */
#include "base/error.h"
#include "base/memory.h"
#include "exchange/c.h"
#include "exchange/fixed.h"
#include "exchange/row.h"
#include "net/net.h"

typedef struct writer {
    bpnn__text *to;
    const bpnn__fixed *f;
    const bpnn__schema *schema;
    const bpnn_fixed_report *report;
} writer;

/* ---- numbers ---- */

static void put_whole(bpnn__text *to, int64_t x)
{
    bpnn__text_add(to, x < 0 ? "-" : "");
    bpnn__text_add_u64(to, x < 0 ? (uint64_t)-x : (uint64_t)x);
}

enum { WEIGHTS, BIASES, FACTORS, SHIFTS, TABLE };

static int64_t number_of(const bpnn__fixed_layer *layer, int what, size_t i)
{
    switch (what) {
    case WEIGHTS:
        return layer->weight[i];
    case BIASES:
        return layer->bias[i];
    case FACTORS:
        return layer->factor[i];
    case SHIFTS:
        return layer->shift[i];
    default:
        return layer->table[i];
    }
}

static void put_list(const writer *w, size_t m, const char *type, const char *name, int what, size_t count)
{
    const bpnn__fixed_layer *layer = &w->f->layers[m - 1];
    bool wide = what == BIASES && layer->wide;
    bpnn__put(w->to, "static const %s %s_%zu[%zu] = {", type, name, m, count);
    for (size_t i = 0; i < count; i++) {
        bpnn__text_add(w->to, i % 16 ? ", " : i ? ",\n    " : "\n    ");
        bpnn__text_add(w->to, wide ? "INT64_C(" : "");
        put_whole(w->to, number_of(layer, what, i));
        bpnn__text_add(w->to, wide ? ")" : "");
    }
    bpnn__text_add(w->to, "};\n");
}

static void put_layer(const writer *w, size_t m)
{
    const bpnn__fixed_layer *layer = &w->f->layers[m - 1];
    size_t pieces = (size_t)1 << w->f->index;
    put_list(w, m, "model_number", "weight", WEIGHTS, layer->in * layer->out);
    put_list(w, m, layer->wide ? "int64_t" : "int32_t", "bias", BIASES, layer->out);
    put_list(w, m, "int32_t", "factor", FACTORS, layer->out);
    put_list(w, m, "uint8_t", "shift", SHIFTS, layer->out);
    bool outside = m == w->f->depth && layer->form != BPNN__FIXED_LINES; /* looked up by model_decode alone */
    bpnn__text_add(w->to, outside ? "#ifndef BPNN_NO_FLOAT\n" : "");
    if (layer->form != BPNN__FIXED_LINES)
        put_list(w, m, "int16_t", "table", TABLE, pieces + 1);
    bpnn__text_add(w->to, outside ? "#endif\n" : "");
    if (m == w->f->depth || layer->form != BPNN__FIXED_LINES)
        return;
    bpnn__put(w->to, "static const int32_t line_%zu[4] = {", m);
    const int32_t line[4] = {layer->a[0], layer->a[1], layer->b[0], layer->b[1]};
    for (size_t i = 0; i < 4; i++) {
        bpnn__text_add(w->to, i ? ", " : "");
        put_whole(w->to, line[i]);
    }
    bpnn__text_add(w->to, "};\n");
}

/* ---- the head ---- */

static size_t widest_hidden(const bpnn__fixed *f)
{
    size_t most = 0;
    for (size_t m = 1; m < f->depth; m++)
        most = f->layers[m - 1].out > most ? f->layers[m - 1].out : most;
    return most;
}

static void count_bytes(const bpnn__fixed *f, bpnn_fixed_report *report)
{
    size_t number = (size_t)f->bits / 8, last = f->layers[f->depth - 1].out;
    const bpnn__schema *s = &f->schema;
    report->rom = (2 * f->width + s->feature_count) * sizeof(double) + s->feature_count * (1 + sizeof(int));
    if (s->task == BPNN_TASK_REGRESSION)
        report->rom += 2 * s->target_count * sizeof(double);
    for (size_t m = 1; m <= f->depth; m++) {
        const bpnn__fixed_layer *layer = &f->layers[m - 1];
        report->rom += layer->in * layer->out * number + layer->out * (size_t)(layer->wide ? 13 : 9);
        report->rom += layer->form == BPNN__FIXED_LINES ? (size_t)(m < f->depth ? 16 : 0)
                                                        : (((size_t)1 << f->index) + 1) * sizeof(int16_t);
    }
    report->ram = widest_hidden(f) * (number + 4) + f->width * number + last * (4 + sizeof(double));
}

static const char contract[] =
    " * Its three parts, of which the middle one is whole numbers alone:\n"
    " * int model_encode(const double *inputs, model_number x[MODEL_WIDTH]);        0, or -1 as above\n"
    " *   A number of column j becomes (number - zero[j]) / step[j], rounded (halves away from 0) and cut at +-MOST; a "
    "0/1 column (levels,\n"
    " *   missing) -MOST or MOST: whoever has whole numbers from a sensor may make x without it.\n"
    " * void model_forward(const model_number x[MODEL_WIDTH], int32_t sums[MODEL_SUMS]);\n"
    " *   The sums of the output layer before its activation: sums[k] * SUM_STEP + SUM_CENTRE.\n"
    " * int model_decode(const int32_t sums[MODEL_SUMS], double *outputs);          the class's number\n"
    " * double model_level(int input, const char *text);\n"
    " *   The number of a level as written in the table; text 0 = missing.\n"
    " *\n"
    " * -DBPNN_NO_FLOAT leaves model_forward alone, -DBPNN_NO_NAMES leaves out names and model_level: then nothing of "
    "a "
    "library is called.\n"
    " * -DBPNN_TEST_MAIN adds a main that checks the file on the machine it runs on. Results are the same everywhere; "
    "model_encode and\n"
    " * model_decode take IEEE arithmetic for that (on 32-bit x86: -msse2 -mfpmath=sse) without hidden fusing: "
    "-std=c99 "
    "or\n * -ffp-contract=off, never -ffast-math. */\n";

static void put_measured(const writer *w)
{
    const bpnn_fixed_report *r = w->report;
    bpnn__put(w->to, " * On the %zu rows that its ranges were taken from: ", r->rows);
    if (r->quality == r->quality)
        bpnn__put(w->to, "%s %g in floating point, %g here; ", r->measure, r->quality, r->fixed_quality);
    if (w->schema->task != BPNN_TASK_REGRESSION)
        bpnn__put(w->to, "%zu other classes; ", r->changed);
    bpnn__put(w->to, "largest difference of a %s %g%s.\n",
              w->schema->task == BPNN_TASK_REGRESSION ? "value" : "probability", r->deviation,
              w->schema->task == BPNN_TASK_REGRESSION ? " of the column's largest" : "");
}

static void put_head(const writer *w)
{
    size_t products = 0;
    for (size_t m = 1; m <= w->f->depth; m++)
        products += w->f->layers[m - 1].in * w->f->layers[m - 1].out;
    bpnn__put(
        w->to,
        "/* A trained network in whole numbers of %zu bits as one C99 file, made by bpnn %s.\n *\n"
        " * ROM for numbers: %zu bytes (names and code apart). RAM on the stack: %zu bytes and a few dozen more.\n"
        " * A prediction takes %zu multiply-adds.\n",
        (size_t)w->f->bits, BPNN_VERSION_TEXT, w->report->rom, w->report->ram, products);
    put_measured(w);
    bpnn__text_add(w->to, bpnn__c_contract);
    bpnn__text_add(w->to, contract);
    bpnn__text_add(w->to, "#if defined(BPNN_NO_FLOAT) && !defined(BPNN_NO_NAMES)\n#define BPNN_NO_NAMES\n#endif\n\n"
                          "#include <stdint.h>\n#ifndef BPNN_NO_FLOAT\n#include <float.h>\n#include <math.h>\n#endif\n"
                          "#ifndef BPNN_NO_NAMES\n#include <string.h>\n#endif\n"
                          "#ifdef BPNN_TEST_MAIN\n#include <stdio.h>\n#endif\n\n"
                          "#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif\n\n");
    bpnn__put(w->to,
              "#define MODEL_INPUTS %zu\n#define MODEL_OUTPUTS %zu\n#define MODEL_WIDTH %zu\n#define MODEL_SUMS %zu\n"
              "#define MOST %zu\n\ntypedef int%zu_t model_number;\n\n",
              w->schema->feature_count, bpnn__value_count(w->f->model), w->f->width, w->f->layers[w->f->depth - 1].out,
              (size_t)w->f->most, (size_t)w->f->bits);
    bpnn__text_add(w->to, "void model_forward(const model_number *x, int32_t *sums);\n"
                          "#ifndef BPNN_NO_FLOAT\nint model_predict(const double *inputs, double *outputs);\n"
                          "int model_encode(const double *inputs, model_number *x);\n"
                          "int model_decode(const int32_t *sums, double *outputs);\n#endif\n"
                          "#ifdef BPNN_TEST_MAIN\nint model_check(void);\n#endif\n"
                          "#ifndef BPNN_NO_NAMES\ndouble model_level(int input, const char *text);\n"
                          "extern const char *const model_inputs[], *const model_outputs[];\n#endif\n\n");
}

/* ---- the network ---- */

static const char tools[] = "#define CLIP(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))\n\n"
                            "/* x / 2^shift, half away from zero; nothing negative is shifted */\n"
                            "static int64_t rounded(int64_t x, int shift)\n"
                            "{\n"
                            "    int64_t half = shift ? (int64_t)1 << (shift - 1) : 0;\n"
                            "    return x < 0 ? -((half - x) >> shift) : (x + half) >> shift;\n"
                            "}\n\n";

/* A product of two numbers and a sum of them: in 32 bits where the numbers of the file allow it. */
static void put_sums(bpnn__text *to, const char *bits)
{
    bpnn__put(to,
              "/* e of `out` units: sums in steps of their own, then in the layer's */\n"
              "static void sums%s(int in, int out, const model_number *x, const model_number *w, const int%s_t *b, int "
              "drop,\n                   const int32_t *factor, const uint8_t *shift, int32_t limit, int32_t *e)\n"
              "{\n"
              "    int i, j;\n"
              "    for (i = 0; i < out; i++, w += in) {\n"
              "        int%s_t sum = b[i];\n"
              "        int64_t scaled;\n"
              "        for (j = 0; j < in; j++)\n"
              "            sum += (int%s_t)w[j] * x[j];\n"
              "        scaled = rounded(rounded(sum, drop) * factor[i], shift[i]);\n"
              "        e[i] = (int32_t)CLIP(scaled, -limit, limit);\n"
              "    }\n"
              "}\n\n",
              bits, bits, bits, bits);
}

static const char look_up[] = "/* a table of values and the lines between them */\n"
                              "static int32_t look_up(const int16_t *table, int32_t place)\n"
                              "{\n"
                              "    const int16_t *at = table + (place >> 14);\n"
                              "    int32_t part = place & 16383;\n"
                              "    return at[0] + (int32_t)rounded((int64_t)((int32_t)at[1] - at[0]) * part, 14);\n"
                              "}\n\n";

static const char by_table[] = "static void by_table(int n, const int32_t *e, int32_t first, const int16_t *table, int "
                               "coarse, model_number *q)\n"
                               "{\n"
                               "    int i;\n"
                               "    for (i = 0; i < n; i++)\n"
                               "        q[i] = (model_number)rounded(look_up(table, e[i] + first), coarse);\n"
                               "}\n\n";

static const char by_lines[] =
    "/* one line below 0, one from 0 on; line: two slopes, two beginnings */\n"
    "static void by_lines(int n, const int32_t *e, const int32_t *line, int turn, int32_t least, int32_t most,\n"
    "                     model_number *q)\n"
    "{\n"
    "    int i;\n"
    "    for (i = 0; i < n; i++) {\n"
    "        int s = e[i] >= 0;\n"
    "        int64_t y = rounded((int64_t)e[i] * line[s], turn) + line[2 + s];\n"
    "        q[i] = (model_number)CLIP(y, least, most);\n"
    "    }\n"
    "}\n\n";

static void put_tools(const writer *w)
{
    bool narrow = false, wide = false, table = false, lines = false;
    const bpnn__fixed *f = w->f;
    for (size_t m = 1; m <= f->depth; m++) {
        const bpnn__fixed_layer *layer = &f->layers[m - 1];
        wide |= layer->wide;
        narrow |= !layer->wide;
        table |= m < f->depth && layer->form == BPNN__FIXED_TABLE;
        lines |= m < f->depth && layer->form == BPNN__FIXED_LINES;
    }
    bool outside = !table && f->layers[f->depth - 1].form != BPNN__FIXED_LINES;
    bpnn__text_add(w->to, tools);
    if (narrow)
        put_sums(w->to, "32");
    if (wide)
        put_sums(w->to, "64");
    if (table || outside)
        bpnn__put(w->to, outside ? "#ifndef BPNN_NO_FLOAT\n%s#endif\n\n" : "%s", look_up);
    if (table)
        bpnn__text_add(w->to, by_table);
    if (lines)
        bpnn__text_add(w->to, by_lines);
}

static void put_act(const writer *w, size_t m)
{
    const bpnn__fixed_layer *layer = &w->f->layers[m - 1];
    if (layer->form == BPNN__FIXED_TABLE) {
        bpnn__put(w->to, "    by_table(%zu, e, %zu, table_%zu, %zu, q);\n", layer->out, (size_t)layer->limit + 1, m,
                  (size_t)(w->f->bits == 8 ? BPNN__FIXED_COARSE : 0));
        return;
    }
    bpnn__put(w->to, "    by_lines(%zu, e, line_%zu, %zu, ", layer->out, m, (size_t)layer->turn);
    put_whole(w->to, layer->least);
    bpnn__text_add(w->to, ", ");
    put_whole(w->to, layer->most);
    bpnn__text_add(w->to, ", q);\n");
}

static void put_forward(const writer *w)
{
    const bpnn__fixed *f = w->f;
    bpnn__text_add(w->to, "void model_forward(const model_number *x, int32_t *sums)\n{\n");
    if (f->depth > 1)
        bpnn__put(w->to, "    model_number q[%zu];\n    int32_t e[%zu];\n", widest_hidden(f), widest_hidden(f));
    for (size_t m = 1; m <= f->depth; m++) {
        const bpnn__fixed_layer *layer = &f->layers[m - 1];
        bpnn__put(w->to, "    sums%s(%zu, %zu, %s, weight_%zu, bias_%zu, %zu, factor_%zu, shift_%zu, %zu, %s);\n",
                  layer->wide ? "64" : "32", layer->in, layer->out, m > 1 ? "q" : "x", m, m, (size_t)layer->drop, m, m,
                  (size_t)layer->limit, m < f->depth ? "e" : "sums");
        if (m < f->depth)
            put_act(w, m);
    }
    bpnn__text_add(w->to, "}\n\n");
}

/* ---- what is done in floating point ---- */

static const char encode[] =
    "int model_encode(const double *inputs, model_number *x)\n"
    "{\n"
    "    int f, k, at = 0;\n"
    "    for (f = 0; f < MODEL_INPUTS; at += widths[f], f++) {\n"
    "        double v = inputs[f];\n"
    "        int missing = v != v;\n"
    "        if (kinds[f] & 2) {\n"
    "            for (k = 0; k < widths[f]; k++)\n"
    "                x[at + k] = (k + 1 == widths[f] && kinds[f] == 3 ? missing : v == k) ? MOST : -MOST;\n"
    "            continue;\n"
    "        }\n"
    "        if (missing && REFUSE_MISSING)\n"
    "            return -1;\n"
    "        v = ((missing ? fill[f] : v) - zero[at]) / step[at];\n"
    "        if (!(v <= DBL_MAX && v >= -DBL_MAX))\n"
    "            return -1;\n"
    "        v = CLIP(v, -MOST, MOST);\n"
    "        x[at] = (model_number)(v < 0 ? v - 0.5 : v + 0.5);\n"
    "        if (kinds[f] & 1)\n"
    "            x[at + 1] = missing ? MOST : -MOST;\n"
    "    }\n"
    "    return 0;\n"
    "}\n\n";

static void put_encode(const writer *w)
{
    const bpnn__schema *s = w->schema;
    bpnn__c_kinds(w->to, s);
    bpnn__text_add(w->to, "static const double fill[MODEL_INPUTS] = {\n    ");
    for (size_t f = 0; f < s->feature_count; f++) {
        bpnn__put_next(w->to, &bpnn__c_double, f);
        bpnn__put_number(w->to, &bpnn__c_double, false, s->features[f].categorical ? 0 : s->features[f].fill);
    }
    bpnn__text_add(w->to, "};\n");
    bpnn__c_doubles(w->to, "zero", w->f->zero, w->f->width);
    bpnn__c_doubles(w->to, "step", w->f->step, w->f->width);
    bpnn__put(w->to, "\n#define REFUSE_MISSING %s\n\n", s->missing == BPNN_MISSING_ERROR ? "1" : "0");
    bpnn__text_add(w->to, encode);
}

static void put_constant(bpnn__text *to, const char *name, double value)
{
    bpnn__put(to, "#define %s (", name);
    bpnn__put_number(to, &bpnn__c_double, false, value);
    bpnn__text_add(to, ")\n");
}

static const char finish_lines[] = "    for (i = 0; i < MODEL_SUMS; i++) {\n"
                                   "        double x = (double)sums[i] * SUM_STEP;\n"
                                   "        double line = (sums[i] >= 0 ? A1 : A0) * x, v = line + (sums[i] >= 0 ? B1 "
                                   ": B0);\n"
                                   "        y[i] = CLIP(v, LEAST, LARGEST);\n"
                                   "    }\n";

static const char finish_table[] = "    for (i = 0; i < MODEL_SUMS; i++) {\n"
                                   "        double v = (double)look_up(table_%zu, sums[i] + %zu) * OUT_STEP;\n"
                                   "        y[i] = v + OUT_CENTRE;\n"
                                   "    }\n";

static const char finish_shares[] = "    for (i = 1; i < MODEL_SUMS; i++)\n"
                                    "        most = sums[i] > most ? sums[i] : most;\n"
                                    "    for (i = 0; i < MODEL_SUMS; i++) {\n"
                                    "        int64_t place = rounded(((int64_t)most - sums[i]) * %zu, %zu);\n"
                                    "        int32_t v = look_up(table_%zu, (int32_t)CLIP(place, 0, %zu));\n"
                                    "        sum += v;\n"
                                    "        y[i] = (double)v;\n"
                                    "    }\n"
                                    "    for (i = 0; i < MODEL_SUMS; i++)\n"
                                    "        y[i] = y[i] / (double)sum;\n";

static void put_finish(const writer *w)
{
    const bpnn__fixed *f = w->f;
    const bpnn__fixed_layer *last = &f->layers[f->depth - 1];
    put_constant(w->to, "SUM_STEP", last->step);
    put_constant(w->to, "SUM_CENTRE", last->centre);
    if (last->form == BPNN__FIXED_LINES) {
        static const char *const names[] = {"A0", "A1", "B0", "B1"};
        for (size_t k = 0; k < 4; k++)
            put_constant(w->to, names[k], k < 2 ? last->real.a[k] : last->real.b[k - 2]);
        put_constant(w->to, "LEAST", last->real.least);
        put_constant(w->to, "LARGEST", last->real.most);
    } else if (last->form == BPNN__FIXED_TABLE) {
        put_constant(w->to, "OUT_STEP", last->out_step);
        put_constant(w->to, "OUT_CENTRE", last->out_centre);
    }
    bpnn__text_add(w->to, "\nint model_decode(const int32_t *sums, double *outputs)\n{\n    double y[MODEL_SUMS];\n");
    if (last->form == BPNN__FIXED_SHARES)
        bpnn__text_add(w->to, "    int32_t most = sums[0];\n    int64_t sum = 0;\n");
    bpnn__text_add(w->to, "    int i;\n");
    if (last->form == BPNN__FIXED_LINES)
        bpnn__text_add(w->to, finish_lines);
    else if (last->form == BPNN__FIXED_TABLE)
        bpnn__put(w->to, finish_table, f->depth, (size_t)last->limit + 1);
    else
        bpnn__put(w->to, finish_shares, (size_t)last->share_factor, (size_t)last->share_shift, f->depth,
                  ((size_t)1 << (f->index + BPNN__FIXED_FRACTION)) - 1);
    bool regression = w->schema->task == BPNN_TASK_REGRESSION;
    bpnn__put(w->to, "    return present(%s, y, outputs);\n}\n\n", regression ? "&targets" : "0");
}

static void put_decode(const writer *w)
{
    const bpnn__schema *s = w->schema;
    bpnn__text_add(w->to, "typedef double real;\n");
    if (s->task == BPNN_TASK_REGRESSION) {
        bpnn__text_add(w->to, "typedef struct member {\n    const double *target_mean, *target_scale;\n} member;\n\n");
        bpnn__c_doubles(w->to, "target_mean", s->target_mean, s->target_count);
        bpnn__c_doubles(w->to, "target_scale", s->target_scale, s->target_count);
        bpnn__text_add(w->to, "static const member targets = {target_mean, target_scale};\n\n");
    } else {
        bpnn__text_add(w->to, "typedef struct member member;\n\n");
    }
    bpnn__c_present(w->to, w->f->model, false);
    put_finish(w);
    bpnn__text_add(w->to, "int model_predict(const double *inputs, double *outputs)\n"
                          "{\n"
                          "    model_number x[MODEL_WIDTH];\n"
                          "    int32_t sums[MODEL_SUMS];\n"
                          "    if (model_encode(inputs, x) < 0)\n"
                          "        return -1;\n"
                          "    model_forward(x, sums);\n"
                          "    return model_decode(sums, outputs);\n"
                          "}\n\n");
}

/* ---- the whole file ---- */

static bpnn_status put_test(const writer *w, bpnn_error *error)
{
    const bpnn__fixed *f = w->f;
    size_t features = w->schema->feature_count, count = bpnn__value_count(f->model), label[BPNN__C_ROWS] = {0};
    double *raw = bpnn__alloc(features, BPNN__C_ROWS * sizeof *raw),
           *values = bpnn__alloc(count, BPNN__C_ROWS * sizeof *values);
    double *encoded = bpnn__alloc(f->width, sizeof *encoded), *y = bpnn__alloc(f->layers[f->depth - 1].out, sizeof *y);
    int32_t *room = bpnn__alloc(bpnn__net_widest(f->model->net), 2 * sizeof *room);
    bpnn_status status = raw && values && encoded && y && room ? BPNN_OK : bpnn__fail_memory(error);
    if (status == BPNN_OK)
        bpnn__row_draw(f->model, 0, BPNN__C_ROWS, raw);
    for (size_t r = 0; r < BPNN__C_ROWS && status == BPNN_OK; r++) {
        if (bpnn__row_encode(&f->schema, BPNN_DOUBLE, raw + r * features, encoded))
            bpnn__fixed_run(f, encoded, room, y, values + r * count, &label[r]);
        else
            status = bpnn__fail(error, BPNN_USAGE, "a column's numbers are too large for fixed point");
    }
    if (status == BPNN_OK)
        bpnn__c_vectors(w->to, f->model, raw, values, label);
    bpnn__free(room);
    bpnn__free(y);
    bpnn__free(encoded);
    bpnn__free(values);
    bpnn__free(raw);
    return status;
}

static bpnn_status put_file(const writer *w, bpnn_error *error)
{
    put_head(w);
    bpnn__text_add(w->to, "/* ---- numbers ---- */\n\n");
    for (size_t m = 1; m <= w->f->depth; m++)
        put_layer(w, m);
    bpnn__text_add(w->to, "\n/* ---- the network ---- */\n\n");
    put_tools(w);
    put_forward(w);
    bpnn__text_add(w->to, "/* ---- the two conversions in floating point ---- */\n\n#ifndef BPNN_NO_FLOAT\n\n");
    put_encode(w);
    put_decode(w);
    bpnn__text_add(w->to, "#endif\n\n");
    bpnn__c_names(w->to, w->f->model);
    return put_test(w, error);
}

bpnn_status bpnn__export_c_fixed(bpnn__text *to, const bpnn_model *model, const bpnn_export_options *options,
                                 bpnn_error *error)
{
    bpnn__ranges ranges = {0};
    bpnn__fixed *fixed = NULL;
    bpnn_fixed_report report = {0};
    if (!options->table)
        return bpnn__fail(error, BPNN_USAGE, "fixed point needs a table to take the ranges of its numbers from");
    bpnn_status status = bpnn__ranges_find(&ranges, model, options->table, error);
    if (status == BPNN_OK)
        status = bpnn__fixed_new(&fixed, model, options->fixed, &ranges, error);
    if (status == BPNN_OK)
        status = bpnn__fixed_measure(fixed, options->table, &report, error);
    if (status == BPNN_OK) {
        count_bytes(fixed, &report);
        status = put_file(&(writer){to, fixed, &model->schema, &report}, error);
    }
    if (status == BPNN_OK && options->report)
        *options->report = report;
    bpnn__fixed_free(fixed);
    bpnn__ranges_free(&ranges);
    return status;
}
