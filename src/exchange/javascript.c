/* One JavaScript file without dependencies: in Node (require, import) and in browsers. */
#include "exchange/literal.h"
#include "exchange/programs.h"
#include "net/net.h"

static const bpnn__style numbers = {"", "NaN", "Infinity", "-Infinity", 8};
static const bpnn__dialect dialect = {"(",           " ? ",       " : ",       ")",         "Math.exp(", "Math.tanh(",
                                      "Math.atanh(", "Math.sin(", "Math.cos(", "Math.abs(", "erf(",      &numbers};
static const bpnn__literals literals = {"const ", ";", "null", "true", "false", true};

static const char head[] =
    "/* A trained network in JavaScript, made by bpnn " BPNN_VERSION_TEXT ".\n"
    " *\n"
    " *   const model = require(\"./THIS.js\");    // Node; import model from \"./THIS.js\" as well\n"
    " *   <script src=\"THIS.js\"></script>         // browsers: bpnnModel; also import \"./THIS.js\" in a module\n"
    " *   model.predict({column: value, ..})       // {values: [..], label: \"..\"}; also an array in the order of "
    "model.inputs\n"
    " *\n"
    " * Columns as in the table that the network was trained on: numbers unscaled, categories as text; null, NaN and "
    "the texts\n"
    " * of MISSING are missing cells. values: one a target or class (model.outputs); label: null in regression. */\n"
    "(function (root) {\n"
    "\"use strict\";\n"
    "\n"
    "const MISSING = [\"\", \"NA\", \"NaN\", \"?\", \"null\"];\n";

static const char cells[] =
    "\n"
    "function isMissing(cell) {\n"
    "    return cell === null || cell !== cell || (typeof cell === \"string\" && MISSING.includes(cell.trim()));\n"
    "}\n"
    "\n"
    "function levelOf(levels, cell) {\n"
    "    const text = String(cell), k = levels.indexOf(text);\n"
    "    return k >= 0 || text.trim() === \"\" ? k : levels.findIndex(level => level.trim() !== \"\" && Number(level) "
    "=== Number(text));\n"
    "}\n"
    "\n"
    "/* A row as numbers: categories as indices, -1 for one not seen in training, missing cells as NaN. */\n"
    "function readRow(row) {\n"
    "    return FEATURES.map((feature, f) => {\n"
    "        if (!Array.isArray(row) && !Object.prototype.hasOwnProperty.call(row, feature.name))\n"
    "            throw new Error(\"the row has no column \" + JSON.stringify(feature.name));\n"
    "        const cell = Array.isArray(row) ? row[f] : row[feature.name];\n"
    "        const missing = cell === undefined || isMissing(cell);\n"
    "        if (missing && REFUSE_MISSING && feature.levels === null)\n"
    "            throw new Error(\"column \" + JSON.stringify(feature.name) + \": the cell is missing\");\n"
    "        if (missing || feature.levels !== null)\n"
    "            return missing ? NaN : levelOf(feature.levels, cell);\n"
    "        if (Number.isNaN(Number(cell)))\n"
    "            throw new Error(\"column \" + JSON.stringify(feature.name) + \": no number\");\n"
    "        return Number(cell);\n"
    "    });\n"
    "}\n"
    "\n"
    "/* The network's inputs: missing numbers filled and flagged, scaled; a 0/1 number a category. */\n"
    "function encode(member, cells) {\n"
    "    const encoded = [];\n"
    "    FEATURES.forEach((feature, f) => {\n"
    "        const at = encoded.length, missing = Number.isNaN(cells[f]);\n"
    "        if (feature.levels === null)\n"
    "            encoded.push(((missing ? member.fill[f] : cells[f]) - member.mean[at]) / member.scale[at]);\n"
    "        else\n"
    "            feature.levels.forEach((level, k) => encoded.push(cells[f] === k ? 1 : 0));\n"
    "        if (feature.missing)\n"
    "            encoded.push(missing ? 1 : 0);\n"
    "    });\n"
    "    return encoded;\n"
    "}\n"
    "\n"
    "function dense(y, weight, bias) {\n"
    "    const e = bias.slice();\n"
    "    y.forEach((x, j) => {\n"
    "        const w = weight[j];\n"
    "        for (let i = 0; i < e.length; i++)\n"
    "            e[i] += x * w[i];\n"
    "    });\n"
    "    return e;\n"
    "}\n"
    "\n"
    "function sumOf(values) {\n"
    "    return values.reduce((sum, x) => sum + x, 0);\n"
    "}\n"
    "\n"
    "function largest(values) {\n"
    "    return values.reduce((best, x, k) => x > values[best] ? k : best, 0);\n"
    "}\n"
    "\n";

static const char over_rows[] =
    "function softmax(e) {\n"
    "    const most = e[largest(e)], power = e.map(x => Math.exp(x - most)), sum = sumOf(power);\n"
    "    return power.map(p => p / sum);\n"
    "}\n"
    "\n"
    "function logSoftmax(e) {\n"
    "    const most = e[largest(e)], sum = Math.log(sumOf(e.map(x => Math.exp(x - most))));\n"
    "    return e.map(x => x - most - sum);\n"
    "}\n"
    "\n";

static const char member[] =
    "\n"
    "/* One network: its values, and the index of the class. */\n"
    "function run(member, cells) {\n"
    "    let y = encode(member, cells);\n"
    "    ACTIVATIONS.forEach((activation, m) => {\n"
    "        y = activation(dense(y, member.weight[m], member.bias[m]));\n"
    "    });\n"
    "    if (TASK === \"regression\")\n"
    "        return [y.map((x, k) => x * member.target_scale[k] + member.target_mean[k]), 0];\n"
    "    let values = y.map(share);\n"
    "    if (TASK === \"binary\")\n"
    "        return [[1 - values[0], values[0]], values[0] >= 0.5 ? 1 : 0];\n"
    "    if (!DISTRIBUTION) {\n"
    "        const sum = sumOf(values);\n"
    "        values = values.map(x => sum > 0 ? x / sum : 1 / OUTPUTS.length);\n"
    "    }\n"
    "    return [values, largest(y)];\n"
    "}\n"
    "\n"
    "function predict(row) {\n"
    "    const cells = readRow(row), results = MEMBERS.map(member => run(member, cells));\n"
    "    const values = OUTPUTS.map((_, k) => sumOf(results.map(result => result[0][k])) / MEMBERS.length);\n"
    "    let index = results[0][1];\n"
    "    if (MEMBERS.length > 1)\n"
    "        index = TASK === \"multiclass\" ? largest(values) : values[1] >= 0.5 ? 1 : 0;\n"
    "    return {values: values, label: TASK === \"regression\" ? null : OUTPUTS[index]};\n"
    "}\n"
    "\n"
    "const model = {predict: predict, inputs: FEATURES.map(feature => feature.name), outputs: OUTPUTS, task: TASK};\n"
    "if (typeof module === \"object\" && module.exports)\n"
    "    module.exports = model;\n"
    "else\n"
    "    root.bpnnModel = model;\n"
    "})(typeof globalThis === \"object\" ? globalThis : this);\n";

static void put_activations(bpnn__text *to, const bpnn_net *net)
{
    bpnn__text_add(to, "const ACTIVATIONS = [\n");
    for (size_t m = 1; m <= net->depth; m++) {
        const bpnn_activation *activation = &net->layers[m - 1].activation;
        if (bpnn__over_row(activation->kind)) {
            bpnn__put(to, "    %s,\n", activation->kind == BPNN_ACT_SOFTMAX ? "softmax" : "logSoftmax");
            continue;
        }
        bpnn__text_add(to, "    e => e.map(x => ");
        bpnn__put_activation(to, &dialect, activation, "x");
        bpnn__text_add(to, "),\n");
    }
    bpnn__text_add(to, "];\n");
}

static void put_functions(bpnn__text *to, const bpnn_model *model)
{
    if (bpnn__has_activation(model, BPNN_ACT_GELU)) {
        bpnn__text_add(to, "function erf(x) {\n    return ");
        bpnn__put_erf(to, &dialect, "x");
        bpnn__text_add(to, ";\n}\n\n");
    }
    if (bpnn__is_distribution(model))
        bpnn__text_add(to, over_rows);
    if (model->schema.task != BPNN_TASK_REGRESSION) {
        bpnn__text_add(to, "function share(x) {\n    return ");
        bpnn__put_share(to, &dialect, model, "x");
        bpnn__text_add(to, ";\n}\n\n");
    }
    put_activations(to, model->net);
}

bpnn_status bpnn__export_javascript(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                    bpnn_error *error)
{
    const bpnn_model *first = bpnn_model_member(model, 0);
    (void)options;
    (void)error;
    bpnn__text_add(buffer, head);
    bpnn__put_literals(buffer, &literals, model);
    bpnn__put(buffer, "const DISTRIBUTION = %s;\n", bpnn__is_distribution(first) ? "true" : "false");
    bpnn__text_add(buffer, cells);
    put_functions(buffer, first);
    bpnn__text_add(buffer, member);
    return BPNN_OK;
}
