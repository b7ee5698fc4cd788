/* One C99 file: no allocation, libm's fma alone; the library's orders of summation and elementary functions, so that its results are
 * predict's, bit for bit. */
#include "exchange/c.h"
#include "exchange/programs.h"
#include "net/net.h"

const bpnn__style bpnn__c_double = {"", "NAN", "HUGE_VAL", "-HUGE_VAL", 8};
const bpnn__style bpnn__c_float = {"f", "NAN", "HUGE_VALF", "-HUGE_VALF", 8};

/* One export at work. */
typedef struct writer {
    bpnn__text *to;
    const bpnn_model *model;
    const bpnn__schema *schema;
    const bpnn_net *net; /* of the first member: all have this shape */
    size_t members;
    bool single;
} writer;

static bool is_narrow(const writer *w, size_t m)
{
    return bpnn__net_size(w->net, m) <= BPNN__C_NARROW;
}

/* ---- the head ---- */

static void put_costs(const writer *w)
{
    size_t number = w->single ? sizeof(float) : sizeof(double),
           scaling = 2 * w->schema->width + w->schema->feature_count;
    size_t products = 0, activations = 0;
    for (size_t m = 1; m <= w->net->depth; m++) {
        products += bpnn__net_size(w->net, m - 1) * bpnn__net_size(w->net, m);
        activations += bpnn__net_size(w->net, m);
    }
    if (w->schema->task == BPNN_TASK_REGRESSION)
        scaling += 2 * w->schema->target_count;
    bpnn__put(
        w->to,
        " * ROM for numbers: %zu bytes (names and code apart). RAM on the stack: %zu bytes and a few dozen more.\n"
        " * A prediction takes %zu multiply-adds and %zu activations.\n",
        w->members * (w->net->parameter_count * number + scaling * sizeof(double)),
        2 * bpnn__net_widest(w->net) * number, w->members * products, w->members * activations);
}

const char bpnn__c_contract[] =
    " *\n"
    " * int model_predict(const double inputs[MODEL_INPUTS], double outputs[MODEL_OUTPUTS]);\n"
    " *   inputs: the table's columns as they are, in the order of model_inputs; NAN = missing. A categorical column "
    "is the number of its\n"
    " *   level (model_level finds it), -1 = not seen in training, NAN = missing.\n"
    " *   outputs: a value a target, or a probability a class, in the order of model_outputs. Returns the class's "
    "number (0 without\n"
    " *   classes), or -1 where an input is too large, or missing and the model refuses that: then outputs are not "
    "set.\n";

static const char contract[] =
    " * double model_level(int input, const char *text);\n"
    " *   The number of a level as written in the table; text 0 = missing.\n"
    " *\n"
    " * Results are bit for bit those of the program where double and float arithmetic is IEEE's (on 32-bit x86: "
    "-msse2\n"
    " * -mfpmath=sse) and products are not fused behind the source's back: -std=c99 or -ffp-contract=off, never "
    "-ffast-math.\n"
    " * -DBPNN_NO_FMA does without fma, which is slow on small boards: results then differ in the last digits.\n"
    " * -DBPNN_TEST_MAIN adds a main that checks the file on the machine it runs on. */\n";

static void put_head(const writer *w)
{
    bpnn__put(w->to,
              "/* A trained network as one C99 file, made by bpnn %s. It needs fma of libm, and no memory but the "
              "stack.\n *\n",
              BPNN_VERSION_TEXT);
    put_costs(w);
    bpnn__text_add(w->to, contract);
    bpnn__text_add(w->to, "#include <float.h>\n#include <math.h>\n#include <stdint.h>\n#include <string.h>\n"
                          "#ifdef BPNN_TEST_MAIN\n#include <stdio.h>\n#endif\n\n"
                          "#ifdef __clang__\n#pragma STDC FP_CONTRACT OFF\n#endif\n\n");
    bpnn__put(w->to, "#define MODEL_INPUTS %zu\n#define MODEL_OUTPUTS %zu\n\n", w->schema->feature_count,
              bpnn__value_count(w->model));
    bpnn__text_add(
        w->to, "int model_predict(const double *inputs, double *outputs);\n"
               "double model_level(int input, const char *text);\n"
               "#ifdef BPNN_TEST_MAIN\nint model_check(void);\n#endif\n"
               "#ifndef BPNN_NO_NAMES\nextern const char *const model_inputs[], *const model_outputs[];\n#endif\n\n");
}

static const char macros[] =
    "#ifdef BPNN_NO_FMA\n"
    "#define FMA32(a, b, c) ((a) * (b) + (c))\n"
    "#define FMA64(a, b, c) ((a) * (b) + (c))\n"
    "#else\n"
    "#define FMA32(a, b, c) fmaf(a, b, c)\n"
    "#define FMA64(a, b, c) fma(a, b, c)\n"
    "#endif\n"
    "#define CLIP(x, low, high) ((x) < (low) ? (low) : (x) > (high) ? (high) : (x))\n"
    "#define SOFTPLUS(x) (((x) > 0 ? (x) : 0) + R(log1p_unit)(R(exp)(-R(abs)(x))) + ((x) != (x) ? "
    "(x) : 0))\n\n";

static void put_precision(const writer *w)
{
    bpnn__text_add(w->to, macros);
    bpnn__put(w->to,
              "typedef %s real;\n#define R(name) %s##name\n#define FMA %s\n#define MOST %s\n#define LANES %zu\n#define "
              "WIDEST %zu\n\n",
              w->single ? "float" : "double", w->single ? "f_" : "d_", w->single ? "FMA32" : "FMA64",
              w->single ? "FLT_MAX" : "DBL_MAX", (size_t)(w->single ? 16 : 8), bpnn__net_widest(w->net));
}

/* ---- the numbers ---- */

void bpnn__c_kinds(bpnn__text *to, const bpnn__schema *s)
{
    bpnn__text_add(
        to, "/* 0: a number; 1: a number, and an input that is 1 where it is missing; 2: levels; 3: levels, the last "
            "one is missing */\nstatic const unsigned char kinds[MODEL_INPUTS] = {");
    for (size_t f = 0; f < s->feature_count; f++) {
        const bpnn__feature *at = &s->features[f];
        bpnn__put(to, "%s%zu", f ? ", " : "", (size_t)(at->categorical ? 2 + at->missing_level : at->indicator));
    }
    bpnn__text_add(to, "};\nstatic const int widths[MODEL_INPUTS] = {");
    for (size_t f = 0; f < s->feature_count; f++)
        bpnn__put(to, "%s%zu", f ? ", " : "", s->features[f].width);
    bpnn__text_add(to, "};\n\n");
}

static void put_parameters(const writer *w, const bpnn_net *net, size_t k, size_t m)
{
    size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    bpnn_bias mode = net->layers[m - 1].bias;
    size_t biases = mode == BPNN_BIAS_NEURON ? out : mode == BPNN_BIAS_SHARED;
    const bpnn__style *style = w->single ? &bpnn__c_float : &bpnn__c_double;
    bpnn__put(w->to, "static const real weight_%zu_%zu[%zu] = {\n    ", k, m, in * out);
    for (size_t i = 0; i < in * out; i++) {
        bpnn__put_next(w->to, style, i);
        bpnn__put_number(w->to, style, w->single, bpnn__net_get(net, net->weight_offset[m] + i));
    }
    bpnn__text_add(w->to, "};\n");
    if (biases == 0)
        return;
    bpnn__put(w->to, "static const real bias_%zu_%zu[%zu] = {\n    ", k, m, biases);
    for (size_t i = 0; i < biases; i++) {
        bpnn__put_next(w->to, style, i);
        bpnn__put_number(w->to, style, w->single, bpnn__bias_of(net, m, i));
    }
    bpnn__text_add(w->to, "};\n");
}

void bpnn__c_doubles(bpnn__text *to, const char *name, const double *values, size_t count)
{
    bpnn__put(to, "static const double %s[%zu] = {\n    ", name, count);
    bpnn__put_numbers(to, &bpnn__c_double, false, values, count);
    bpnn__text_add(to, "};\n");
}

static void put_array(const writer *w, const char *name, size_t k, const double *values, size_t count)
{
    bpnn__text numbered = {0};
    bpnn__put(&numbered, "%s_%zu", name, k);
    if (numbered.data)
        bpnn__c_doubles(w->to, numbered.data, values, count);
    w->to->failed |= numbered.failed;
    bpnn__text_free(&numbered);
}

static void put_member(const writer *w, const bpnn_model *member, size_t k)
{
    const bpnn__schema *s = &member->schema;
    bpnn__put(w->to, "static const double fill_%zu[MODEL_INPUTS] = {\n    ", k);
    for (size_t f = 0; f < s->feature_count; f++) {
        bpnn__put_next(w->to, &bpnn__c_double, f);
        bpnn__put_number(w->to, &bpnn__c_double, false, s->features[f].categorical ? 0 : s->features[f].fill);
    }
    bpnn__text_add(w->to, "};\n");
    put_array(w, "mean", k, s->mean, s->width);
    put_array(w, "scale", k, s->scale, s->width);
    if (s->task == BPNN_TASK_REGRESSION) {
        put_array(w, "target_mean", k, s->target_mean, s->target_count);
        put_array(w, "target_scale", k, s->target_scale, s->target_count);
    }
    for (size_t m = 1; m <= member->net->depth; m++)
        put_parameters(w, member->net, k, m);
}

/* The members' numbers, and one struct a member that points at them. */
static void put_members(const writer *w)
{
    bool regression = w->schema->task == BPNN_TASK_REGRESSION;
    for (size_t k = 0; k < w->members; k++)
        put_member(w, bpnn_model_member(w->model, k), k);
    bpnn__put(w->to,
              "\ntypedef struct member {\n    const double *fill, *mean, *scale%s;\n    const real *weight[%zu], "
              "*bias[%zu];\n} "
              "member;\n\nstatic const member members[%zu] = {",
              regression ? ", *target_mean, *target_scale" : "", w->net->depth, w->net->depth, w->members);
    for (size_t k = 0; k < w->members; k++) {
        bpnn__put(w->to, "%s\n    {fill_%zu, mean_%zu, scale_%zu", k ? "," : "", k, k, k);
        if (regression)
            bpnn__put(w->to, ", target_mean_%zu, target_scale_%zu", k, k);
        bpnn__text_add(w->to, ",\n     {");
        for (size_t m = 1; m <= w->net->depth; m++)
            bpnn__put(w->to, "%sweight_%zu_%zu", m > 1 ? ", " : "", k, m);
        bpnn__text_add(w->to, "},\n     {");
        for (size_t m = 1; m <= w->net->depth; m++)
            bpnn__put(w->to, w->net->layers[m - 1].bias == BPNN_BIAS_NONE ? "%s0" : "%sbias_%zu_%zu", m > 1 ? ", " : "",
                      k, m);
        bpnn__text_add(w->to, "}}");
    }
    bpnn__text_add(w->to, "};\n\n");
}

bpnn_status bpnn__export_c(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                           bpnn_error *error)
{
    const bpnn_net *net = bpnn_model_member(model, 0)->net;
    writer w = {buffer, model, &model->schema, net, bpnn_model_members(model), net->precision == BPNN_SINGLE};
    uint64_t functions = 0;
    bool lanes = false;
    if (options->fixed)
        return bpnn__export_c_fixed(buffer, model, options, error);
    put_head(&w);
    put_precision(&w);
    for (size_t m = 1; m <= net->depth; m++) {
        functions |= bpnn__c_needs(&net->layers[m - 1].activation, w.single);
        lanes |= is_narrow(&w, m) || bpnn__over_row(net->layers[m - 1].activation.kind);
    }
    if (bpnn__c_takes_exp(model))
        functions |= (uint64_t)1 << BPNN__C_D_EXP;
    bpnn__text_add(buffer, "/* ---- elementary functions ---- */\n\n");
    bpnn__c_functions(buffer, functions);
    if (lanes)
        bpnn__c_tree(buffer);
    for (size_t m = 1; m <= net->depth; m++)
        bpnn__c_activation(buffer, &net->layers[m - 1].activation, m, w.single);
    bpnn__text_add(buffer, "/* ---- numbers ---- */\n\n");
    bpnn__c_kinds(buffer, &model->schema);
    put_members(&w);
    bpnn__c_body(buffer, model);
    bpnn__c_names(buffer, model);
    return bpnn__c_test(buffer, model, error);
}
