/* The code of a generated program: inputs (table/encode.c), layers (kernel/products.h), values (model/present.c). */
#include "exchange/c.h"
#include "net/net.h"

static const char tree[] = "/* the halving tree over a line of sums */\n"
                           "static real tree(real *sums)\n"
                           "{\n"
                           "    int half, l;\n"
                           "    for (half = LANES / 2; half > 0; half /= 2)\n"
                           "        for (l = 0; l < half; l++)\n"
                           "            sums[l] += sums[l + half];\n"
                           "    return sums[0];\n"
                           "}\n\n";

void bpnn__c_tree(bpnn__text *to)
{
    bpnn__text_add(to, tree);
}

static const char wide[] =
    "/* e = y w + b: a chain an output, k ascending; step 0: one b for all */\n"
    "static void wide(int in, int out, const real *y, const real *w, const real *b, int step, real *e)\n"
    "{\n"
    "    int i, j;\n"
    "    for (i = 0; i < out; i++)\n"
    "        e[i] = b ? b[i * step] : 0;\n"
    "    for (j = 0; j < in; j++, w += out)\n"
    "        for (i = 0; i < out; i++)\n"
    "            e[i] = FMA(y[j], w[i], e[i]);\n"
    "}\n\n";

static const char narrow[] =
    "/* the same for few outputs: lanes of sums, then the tree */\n"
    "static void narrow(int in, int out, const real *y, const real *w, const real *b, int step, real *e)\n"
    "{\n"
    "    int i, j;\n"
    "    for (i = 0; i < out; i++) {\n"
    "        real sums[LANES] = {0};\n"
    "        for (j = 0; j < in; j++)\n"
    "            sums[j % LANES] = FMA(y[j], w[j * out + i], sums[j % LANES]);\n"
    "        e[i] = tree(sums);\n"
    "        if (b)\n"
    "            e[i] += b[i * step];\n"
    "    }\n"
    "}\n\n";

static const char encode[] =
    "/* the network's inputs; 0 where the row is refused */\n"
    "static int encode(const member *m, const double *inputs, real *y)\n"
    "{\n"
    "    int f, k, at = 0;\n"
    "    for (f = 0; f < MODEL_INPUTS; at += widths[f], f++) {\n"
    "        double x = inputs[f];\n"
    "        int missing = x != x;\n"
    "        if (kinds[f] & 2) {\n"
    "            for (k = 0; k < widths[f]; k++)\n"
    "                y[at + k] = (real)(k + 1 == widths[f] && kinds[f] == 3 ? missing : x == k);\n"
    "            continue;\n"
    "        }\n"
    "        if (missing && REFUSE_MISSING)\n"
    "            return 0;\n"
    "        x = ((missing ? m->fill[f] : x) - m->mean[at]) / m->scale[at];\n"
    "        if (!(x <= MOST && x >= -MOST))\n"
    "            return 0;\n"
    "        y[at] = (real)x;\n"
    "        if (kinds[f] & 1)\n"
    "            y[at + 1] = (real)missing;\n"
    "    }\n"
    "    return 1;\n"
    "}\n\n";

static const char *share_of(const bpnn_model *model, bool logarithms)
{
    if (logarithms && bpnn__output_of(model) == BPNN_ACT_LOG_SOFTMAX)
        return "d_exp(x)";
    return model->net->loss.kind == BPNN_LOSS_HINGE ? "CLIP((1 + x) / 2, 0, 1)" : "CLIP(x, 0, 1)";
}

bool bpnn__c_takes_exp(const bpnn_model *model)
{
    return model->schema.task != BPNN_TASK_REGRESSION && bpnn__output_of(model) == BPNN_ACT_LOG_SOFTMAX;
}

static const char targets[] = "    int k;\n"
                              "    for (k = 0; k < MODEL_OUTPUTS; k++)\n"
                              "        values[k] = (double)y[k] * m->target_scale[k] + m->target_mean[k];\n"
                              "    return 0;\n"
                              "}\n\n";

static const char binary[] = "    double p = share(y[0]);\n"
                             "    (void)m;\n"
                             "    values[0] = 1 - p;\n"
                             "    values[1] = p;\n"
                             "    return p >= 0.5;\n"
                             "}\n\n";

static const char classes[] =
    "    int k, best = 0;\n"
    "    double sum = 0;\n"
    "    (void)m;\n"
    "    for (k = 0; k < MODEL_OUTPUTS; k++) {\n"
    "        values[k] = share(y[k]);\n"
    "        sum += values[k];\n"
    "        if (y[k] > y[best])\n"
    "            best = k;\n"
    "    }\n"
    "    for (k = 0; k < MODEL_OUTPUTS && !DISTRIBUTION; k++)\n"
    "        values[k] = sum > 0 ? values[k] / sum : sum != sum ? sum : 1 / (double)MODEL_OUTPUTS;\n"
    "    return best;\n"
    "}\n\n";

void bpnn__c_present(bpnn__text *to, const bpnn_model *model, bool logarithms)
{
    bpnn_task task = model->schema.task;
    if (task != BPNN_TASK_REGRESSION)
        bpnn__put(to, "static double share(real output)\n{\n    double x = (double)output;\n    return %s;\n}\n\n",
                  share_of(model, logarithms));
    if (task == BPNN_TASK_MULTICLASS)
        bpnn__put(to, "#define DISTRIBUTION %s\n\n", bpnn__is_distribution(model) ? "1" : "0");
    bpnn__text_add(to, "/* what the outputs mean; returns the class */\n"
                       "static int present(const member *m, const real *y, double *values)\n{\n");
    bpnn__text_add(to, task == BPNN_TASK_REGRESSION ? targets : task == BPNN_TASK_BINARY ? binary : classes);
}

static void put_member(bpnn__text *to, const bpnn_net *net)
{
    bpnn__text_add(to, "/* one network: its values, and the class; -1: refused */\n"
                       "static int run(const member *m, const double *inputs, double *values)\n"
                       "{\n"
                       "    real a[WIDEST], b[WIDEST];\n"
                       "    if (!encode(m, inputs, a))\n"
                       "        return -1;\n");
    for (size_t m = 1; m <= net->depth; m++) {
        size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
        const char *from = m % 2 ? "a" : "b", *into = m % 2 ? "b" : "a";
        bpnn__put(to, "    %s(%zu, %zu, %s, m->weight[%zu], m->bias[%zu], %s, %s);\n    act_%zu(%zu, %s);\n",
                  out > BPNN__C_NARROW ? "wide" : "narrow", in, out, from, m - 1, m - 1,
                  net->layers[m - 1].bias == BPNN_BIAS_SHARED ? "0" : "1", into, m, out, into);
    }
    bpnn__put(to, "    return present(m, %s, values);\n}\n\n", net->depth % 2 ? "b" : "a");
}

static const char single[] = "int model_predict(const double *inputs, double *outputs)\n"
                             "{\n"
                             "    return run(&members[0], inputs, outputs);\n"
                             "}\n\n";

static const char several[] = "/* the mean of the members */\n"
                              "int model_predict(const double *inputs, double *outputs)\n"
                              "{\n"
                              "    double values[MODEL_OUTPUTS];\n"
                              "    int k, i, best = 0, label = run(&members[0], inputs, outputs);\n"
                              "    for (k = 1; k < MEMBERS && label >= 0; k++) {\n"
                              "        label = run(&members[k], inputs, values);\n"
                              "        for (i = 0; i < MODEL_OUTPUTS && label >= 0; i++)\n"
                              "            outputs[i] += values[i];\n"
                              "    }\n"
                              "    if (label < 0)\n"
                              "        return -1;\n"
                              "    for (i = 0; i < MODEL_OUTPUTS; i++) {\n"
                              "        outputs[i] /= (double)MEMBERS;\n"
                              "        if (outputs[i] > outputs[best])\n"
                              "            best = i;\n"
                              "    }\n";

static void put_predict(bpnn__text *to, const bpnn_model *model)
{
    size_t members = bpnn_model_members(model);
    bpnn_task task = model->schema.task;
    if (members == 1) {
        bpnn__text_add(to, single);
        return;
    }
    bpnn__put(to, "#define MEMBERS %zu\n\n", members);
    bpnn__text_add(to, several);
    bpnn__put(to, "    return %s;\n}\n\n",
              task == BPNN_TASK_REGRESSION ? "(void)best, 0"
              : task == BPNN_TASK_BINARY   ? "(void)best, outputs[1] >= 0.5"
                                           : "best");
}

void bpnn__c_body(bpnn__text *to, const bpnn_model *model)
{
    const bpnn_net *net = model->net;
    bool has_wide = false, has_narrow = false;
    for (size_t m = 1; m <= net->depth; m++) {
        has_wide |= bpnn__net_size(net, m) > BPNN__C_NARROW;
        has_narrow |= bpnn__net_size(net, m) <= BPNN__C_NARROW;
    }
    bpnn__text_add(to, "/* ---- the network ---- */\n\n");
    if (has_wide)
        bpnn__text_add(to, wide);
    if (has_narrow)
        bpnn__text_add(to, narrow);
    bpnn__put(to, "#define REFUSE_MISSING %s\n\n", model->schema.missing == BPNN_MISSING_ERROR ? "1" : "0");
    bpnn__text_add(to, encode);
    bpnn__c_present(to, model, true);
    put_member(to, net);
    put_predict(to, model);
}
