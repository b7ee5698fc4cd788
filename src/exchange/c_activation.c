/* Activations as C expressions of x, operation by operation as kernel/activations.h. */
#include "exchange/c.h"

enum { ABS, EXP, EXPM1, LOG, LOG1P, TANH, SIGMOID, ERF, SIN, KINDS };

/* The names of the functions in both precisions; erf, sin and cos go through double. */
static const struct {
    bpnn__c_function in_double, in_single;
} needed[KINDS] = {
    [ABS] = {BPNN__C_D_ABS, BPNN__C_F_ABS},
    [EXP] = {BPNN__C_D_EXP, BPNN__C_F_EXP},
    [EXPM1] = {BPNN__C_D_EXPM1, BPNN__C_F_EXPM1},
    [LOG] = {BPNN__C_D_LOG, BPNN__C_F_LOG},
    [LOG1P] = {BPNN__C_D_LOG1P_UNIT, BPNN__C_F_LOG1P_UNIT},
    [TANH] = {BPNN__C_D_TANH, BPNN__C_F_TANH},
    [SIGMOID] = {BPNN__C_D_SIGMOID, BPNN__C_F_SIGMOID},
    [ERF] = {BPNN__C_D_ERF, BPNN__C_D_ERF},
    [SIN] = {BPNN__C_D_SIN, BPNN__C_D_SIN},
};

#define NEED(kind) (1u << (kind))

/* `text`: an expression; p is the parameter, R(name) the function of the precision. */
static const struct {
    unsigned needs;
    const char *text;
} activations[BPNN_ACT_COUNT] = {
    [BPNN_ACT_IDENTITY] = {0, "x"},
    [BPNN_ACT_SIGMOID] = {NEED(SIGMOID), "R(sigmoid)(x)"},
    [BPNN_ACT_TANH] = {NEED(TANH), "R(tanh)(x)"},
    [BPNN_ACT_RELU] = {0, "x < 0 ? 0 : x"},
    [BPNN_ACT_LEAKY_RELU] = {0, "x < 0 ? p * x : x"},
    [BPNN_ACT_ELU] = {NEED(EXPM1), "x < 0 ? p * R(expm1)(x) : x"},
    [BPNN_ACT_SELU] = {NEED(EXPM1), "(real)1.0507009873554805 * (x < 0 ? (real)1.6732632423543772 * R(expm1)(x) : x)"},
    [BPNN_ACT_GELU] = {NEED(ERF), "x * ((real)0.5 * (1 + (real)d_erf((double)(x * (real)0.7071067811865476))))"},
    [BPNN_ACT_GELU_TANH] = {NEED(TANH),
                            "(real)0.5 * x * (1 + R(tanh)((real)0.7978845608028654 * FMA((real)0.044715 * CLIP(x, -20, "
                            "20) * CLIP(x, -20, 20), CLIP(x, -20, 20), CLIP(x, -20, 20))))"},
    [BPNN_ACT_SILU] = {NEED(SIGMOID), "x * R(sigmoid)(x)"},
    [BPNN_ACT_MISH] = {NEED(TANH) | NEED(LOG1P) | NEED(EXP) | NEED(ABS), "x * R(tanh)(SOFTPLUS(x))"},
    [BPNN_ACT_SOFTPLUS] = {NEED(LOG1P) | NEED(EXP) | NEED(ABS), "SOFTPLUS(x)"},
    [BPNN_ACT_SOFTSIGN] = {NEED(ABS), "x / (1 + R(abs)(x))"},
    [BPNN_ACT_ELLIOT] = {NEED(ABS), "x / (2 * (1 + R(abs)(x))) + (real)0.5"},
    [BPNN_ACT_HARD_SIGMOID] = {0, "CLIP(x / 5 + (real)0.5, 0, 1)"},
    [BPNN_ACT_HARD_TANH] = {0, "CLIP(x, -1, 1)"},
    [BPNN_ACT_RELU6] = {0, "CLIP(x, 0, 6)"},
    [BPNN_ACT_GAUSSIAN] = {NEED(EXP), "R(exp)(-(x * x))"},
    [BPNN_ACT_SIN] = {NEED(SIN), "x == 0 ? x : (real)d_turned((double)x, 0)"},
    [BPNN_ACT_COS] = {NEED(SIN), "(real)d_turned((double)x, 1)"},
    [BPNN_ACT_EXP] = {NEED(EXP), "R(exp)(x)"},
    [BPNN_ACT_SOFTMAX] = {NEED(EXP), NULL},
    [BPNN_ACT_LOG_SOFTMAX] = {NEED(EXP) | NEED(LOG), NULL},
    [BPNN_ACT_THRESHOLD] = {0, "x < 0 ? 0 : x != x ? x : 1"},
};

uint64_t bpnn__c_needs(const bpnn_activation *activation, bool single)
{
    uint64_t needs = 0;
    for (int k = 0; k < KINDS; k++)
        if (activations[activation->kind].needs & NEED(k))
            needs |= (uint64_t)1 << (single ? needed[k].in_single : needed[k].in_double);
    return needs;
}

/* y = softmax(y) or log_softmax(y); sums in lanes */
static void put_softmax(bpnn__text *to, size_t m, bool logarithm)
{
    bpnn__put(to,
              "static void act_%zu(int n, real *y)\n"
              "{\n"
              "    real most = y[0], sums[LANES] = {0}, sum;\n"
              "    int i;\n"
              "    for (i = 0; i < n; i++)\n"
              "        most = y[i] > most ? y[i] : most;\n",
              m);
    if (logarithm)
        bpnn__text_add(to, "    for (i = 0; i < n; i++)\n"
                           "        sums[i % LANES] += R(exp)(y[i] - most);\n"
                           "    sum = R(log)(tree(sums));\n"
                           "    for (i = 0; i < n; i++)\n"
                           "        y[i] = (y[i] - most) - sum;\n");
    else
        bpnn__text_add(to, "    for (i = 0; i < n; i++) {\n"
                           "        y[i] = R(exp)(y[i] - most);\n"
                           "        sums[i % LANES] += y[i];\n"
                           "    }\n"
                           "    sum = tree(sums);\n"
                           "    for (i = 0; i < n; i++)\n"
                           "        y[i] = y[i] / sum;\n");
    bpnn__text_add(to, "}\n\n");
}

void bpnn__c_activation(bpnn__text *to, const bpnn_activation *activation, size_t m, bool single)
{
    if (!activations[activation->kind].text) {
        put_softmax(to, m, activation->kind == BPNN_ACT_LOG_SOFTMAX);
        return;
    }
    bpnn__put(
        to, "static void act_%zu(int n, real *y)\n{\n    int i;\n    for (i = 0; i < n; i++) {\n        real x = y[i]",
        m);
    if (activation->kind == BPNN_ACT_LEAKY_RELU || activation->kind == BPNN_ACT_ELU) {
        bpnn__text_add(to, ", p = ");
        bpnn__put_number(to, single ? &bpnn__c_float : &bpnn__c_double, single, activation->parameter);
    }
    bpnn__put(to, ";\n        y[i] = %s;\n    }\n}\n\n", activations[activation->kind].text);
}
