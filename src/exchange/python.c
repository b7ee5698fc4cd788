/* One Python file: NumPy alone, tables in, values and labels out. */
#include "exchange/literal.h"
#include "exchange/programs.h"
#include "net/net.h"

static const bpnn__style numbers = {"", "np.nan", "np.inf", "-np.inf", 8};
static const bpnn__dialect dialect = {"np.where(",   ", ",      ", ",      ")",       "np.exp(", "np.tanh(",
                                      "np.arctanh(", "np.sin(", "np.cos(", "np.abs(", "erf(",    &numbers};
static const bpnn__literals literals = {"", "", "None", "True", "False", false};

static const char head[] = "#!/usr/bin/env python3\n"
                           "\"\"\"A trained network in NumPy, made by bpnn " BPNN_VERSION_TEXT ".\n"
                           "\n"
                           "    values, labels = predict({\"column\": [..], ..})    # also a pandas DataFrame\n"
                           "    python3 THIS.py < table.csv > predictions.csv\n"
                           "\n"
                           "Columns as in the table that the network was trained on: numbers unscaled, categories as "
                           "text; None, NaN and the texts\n"
                           "of MISSING are missing cells. values: a row a row, a column a target or class (OUTPUTS); "
                           "labels: a class a row, None in\n"
                           "regression. Everything is computed in double.\"\"\"\n"
                           "import csv\n"
                           "import math\n"
                           "import sys\n"
                           "\n"
                           "import numpy as np\n"
                           "\n"
                           "MISSING = {\"\", \"NA\", \"NaN\", \"?\", \"null\"}\n";

static const char cells[] =
    "\n\n"
    "def is_missing(cell):\n"
    "    return cell is None or cell != cell or (isinstance(cell, str) and cell.strip() in MISSING)\n"
    "\n\n"
    "def number_of(text):\n"
    "    try:\n"
    "        return float(text)\n"
    "    except ValueError:\n"
    "        return math.nan\n"
    "\n\n"
    "def level_of(levels, cell):\n"
    "    \"\"\"The index of a category, -1 for one not seen in training.\"\"\"\n"
    "    text = str(cell)\n"
    "    if text in levels:\n"
    "        return levels.index(text)\n"
    "    number = number_of(text)\n"
    "    return next((k for k, level in enumerate(levels) if number_of(level) == number), -1)\n"
    "\n\n"
    "def read_column(feature, column):\n"
    "    \"\"\"Cells as numbers: categories as indices, missing ones as NaN.\"\"\"\n"
    "    levels = feature[\"levels\"]\n"
    "    convert = float if levels is None else lambda cell: level_of(levels, cell)\n"
    "    try:\n"
    "        numbers = np.array([math.nan if is_missing(cell) else convert(cell) for cell in column], dtype=float)\n"
    "    except ValueError as problem:\n"
    "        raise ValueError(\"column %r: %s\" % (feature[\"name\"], problem)) from None\n"
    "    if REFUSE_MISSING and levels is None and np.isnan(numbers).any():\n"
    "        raise ValueError(\"column %r: a cell is missing\" % feature[\"name\"])\n"
    "    return numbers\n"
    "\n\n"
    "def encode(member, columns):\n"
    "    \"\"\"The network's inputs: missing numbers filled and flagged, scaled; a 0/1 column a category.\"\"\"\n"
    "    encoded = []\n"
    "    for feature, fill, cells in zip(FEATURES, member[\"fill\"], columns):\n"
    "        missing = np.isnan(cells)\n"
    "        if feature[\"levels\"] is None:\n"
    "            at = len(encoded)\n"
    "            encoded.append((np.where(missing, fill, cells) - member[\"mean\"][at]) / member[\"scale\"][at])\n"
    "        else:\n"
    "            encoded += [cells == k for k in range(len(feature[\"levels\"]))]\n"
    "        if feature[\"missing\"]:\n"
    "            encoded.append(missing)\n"
    "    return np.array(encoded, dtype=float).T\n"
    "\n\n";

static const char erf_function[] = "erf = np.vectorize(math.erf, otypes=[float])\n\n\n";

static const char over_rows[] = "def softmax(x):\n"
                                "    power = np.exp(x - x.max(axis=1, keepdims=True))\n"
                                "    return power / power.sum(axis=1, keepdims=True)\n"
                                "\n\n"
                                "def log_softmax(x):\n"
                                "    x = x - x.max(axis=1, keepdims=True)\n"
                                "    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))\n"
                                "\n\n";

static const char member[] =
    "\n\n"
    "def run(member, columns):\n"
    "    \"\"\"One network: its values, and the indices of the classes.\"\"\"\n"
    "    y = encode(member, columns)\n"
    "    for weight, bias, activation in zip(member[\"weight\"], member[\"bias\"], ACTIVATIONS):\n"
    "        y = activation(y @ np.array(weight) + np.array(bias))\n"
    "    if TASK == \"regression\":\n"
    "        return y * np.array(member[\"target_scale\"]) + np.array(member[\"target_mean\"]), None\n"
    "    values = share(y)\n"
    "    if TASK == \"binary\":\n"
    "        return np.hstack([1 - values, values]), (values[:, 0] >= 0.5).astype(int)\n"
    "    if not DISTRIBUTION:\n"
    "        total = values.sum(axis=1, keepdims=True)\n"
    "        values = np.where(total > 0, values / np.where(total > 0, total, 1), 1 / len(OUTPUTS) + 0 * total)\n"
    "    return values, y.argmax(axis=1)\n"
    "\n\n"
    "def predict(table):\n"
    "    columns = [read_column(feature, table[feature[\"name\"]]) for feature in FEATURES]\n"
    "    with np.errstate(all=\"ignore\"):\n"
    "        results = [run(member, columns) for member in MEMBERS]\n"
    "        values, index = sum(values for values, _ in results) / len(MEMBERS), results[0][1]\n"
    "    if len(MEMBERS) > 1 and TASK != \"regression\":\n"
    "        index = values.argmax(axis=1) if TASK == \"multiclass\" else (values[:, 1] >= 0.5).astype(int)\n"
    "    return values, None if index is None else [OUTPUTS[k] for k in index]\n"
    "\n\n"
    "def main():\n"
    "    csv.field_size_limit(1 << 24)\n"
    "    rows = list(csv.reader(open(0, encoding=\"utf-8-sig\", newline=\"\")))\n"
    "    sys.stdout.reconfigure(encoding=\"utf-8\")\n"
    "    values, labels = predict({name: [row[c] for row in rows[1:]] for c, name in enumerate(rows[0])})\n"
    "    out = csv.writer(sys.stdout, lineterminator=\"\\n\")\n"
    "    if labels is None:\n"
    "        out.writerow(OUTPUTS if len(OUTPUTS) > 1 else [\"prediction\"])\n"
    "        out.writerows(values.tolist())\n"
    "    else:\n"
    "        out.writerow([\"prediction\"] + [\"p(%s)\" % name for name in OUTPUTS])\n"
    "        out.writerows([label] + row for label, row in zip(labels, values.tolist()))\n"
    "\n\n"
    "if __name__ == \"__main__\":\n"
    "    main()\n";

static void put_activations(bpnn__text *to, const bpnn_net *net)
{
    for (size_t m = 1; m <= net->depth; m++) {
        const bpnn_activation *activation = &net->layers[m - 1].activation;
        bpnn__put(to, "def act_%zu(x):\n    return ", m);
        if (!bpnn__put_activation(to, &dialect, activation, "x"))
            bpnn__text_add(to, activation->kind == BPNN_ACT_SOFTMAX ? "softmax(x)" : "log_softmax(x)");
        bpnn__text_add(to, "\n\n\n");
    }
    bpnn__text_add(to, "ACTIVATIONS = [");
    for (size_t m = 1; m <= net->depth; m++)
        bpnn__put(to, "%sact_%zu", m > 1 ? ", " : "", m);
    bpnn__text_add(to, "]\n");
}

bpnn_status bpnn__export_python(bpnn__text *buffer, const bpnn_model *model, const bpnn_export_options *options,
                                bpnn_error *error)
{
    const bpnn_model *first = bpnn_model_member(model, 0);
    (void)options;
    (void)error;
    bpnn__text_add(buffer, head);
    bpnn__put_literals(buffer, &literals, model);
    bpnn__put(buffer, "DISTRIBUTION = %s\n", bpnn__is_distribution(first) ? "True" : "False");
    bpnn__text_add(buffer, cells);
    if (bpnn__has_activation(first, BPNN_ACT_GELU))
        bpnn__text_add(buffer, erf_function);
    if (bpnn__is_distribution(first))
        bpnn__text_add(buffer, over_rows);
    if (first->schema.task != BPNN_TASK_REGRESSION) {
        bpnn__text_add(buffer, "def share(x):\n    return ");
        bpnn__put_share(buffer, &dialect, first, "x");
        bpnn__text_add(buffer, "\n\n\n");
    }
    put_activations(buffer, first->net);
    bpnn__text_add(buffer, member);
    return BPNN_OK;
}
