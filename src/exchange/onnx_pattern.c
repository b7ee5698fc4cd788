/* Activations in a foreign graph: single operators, and the groups that PyTorch and others write for GELU, SiLU and Mish. */
#include "exchange/onnx_read.h"

#include "base/memory.h"
#include <math.h>
#include <string.h>

static bool is(const onnx_node *node, const char *op)
{
    return node->op_type && strcmp(node->op_type, op) == 0;
}

/* ---- one operator ---- */

/* The scalar input or attribute of Clip, `none` where there is none; NaN = not a scalar. */
static double clip_bound(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node, size_t input,
                         const char *attribute, double none)
{
    bpnn__constant c;
    if (node->n_input <= input || !*node->input[input])
        return bpnn__onnx_float_of(node, attribute, none);
    if (!bpnn__onnx_constant(f, step->graph, node->input[input], &c))
        return (double)NAN;
    double bound = c.rows * c.cols == 1 ? c.values[0] : (double)NAN;
    bpnn__free(c.values);
    return bound;
}

static bool find_clip(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node, bpnn_activation *a)
{
    double low = clip_bound(f, step, node, 1, "min", -(double)INFINITY);
    double high = clip_bound(f, step, node, 2, "max", (double)INFINITY);
    if (low == 0 && high == 6)
        a->kind = BPNN_ACT_RELU6;
    else if (low == -1 && high == 1)
        a->kind = BPNN_ACT_HARD_TANH;
    else if (low == 0 && high >= (double)3e38f)
        a->kind = BPNN_ACT_RELU;
    else
        bpnn__foreign_refuse(f, "Clip from %g to %g is no activation known here (0 to 6, -1 to 1)", low, high);
    return f->status == BPNN_OK;
}

/* The slope of PRelu: one number for all. */
static bool find_prelu(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node, bpnn_activation *a)
{
    bpnn__constant c;
    if (node->n_input != 2 || !bpnn__onnx_constant(f, step->graph, node->input[1], &c))
        return false;
    a->kind = BPNN_ACT_LEAKY_RELU;
    a->parameter = c.values[0];
    for (size_t i = 1; i < c.rows * c.cols; i++)
        if (c.values[i] != c.values[0])
            bpnn__foreign_refuse(f, "PRelu with a slope for every unit is not known here");
    bpnn__free(c.values);
    return f->status == BPNN_OK;
}

static bool near(double x, double y)
{
    return fabs(x - y) <= 1e-6;
}

static bool check_numbers(bpnn__foreign *f, const onnx_node *node, const char *a, double a_wanted, double a_standard,
                          const char *b, double b_wanted, double b_standard)
{
    char shown[BPNN__SHOWN];
    if (near(bpnn__onnx_float_of(node, a, a_standard), a_wanted) &&
        near(bpnn__onnx_float_of(node, b, b_standard), b_wanted))
        return true;
    bpnn__foreign_refuse(f, "%s with this %s and %s is not known here", bpnn__shown(node->op_type, shown), a, b);
    return false;
}

/* Softmax has to run over the outputs. */
static bool check_axis(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node)
{
    int64_t axis = bpnn__onnx_int_of(node, "axis", step->opset < 13 ? 1 : -1);
    if (axis != 1 && axis != -1)
        bpnn__foreign_refuse(f, "Softmax over axis %d is not known here (1)", (int)axis);
    return f->status == BPNN_OK;
}

static bool find_gelu(const onnx_node *node, bpnn_activation *a)
{
    const onnx_attribute *kind = bpnn__onnx_attribute(node, "approximate");
    bool tanh_form = kind && kind->has_s && kind->s.len == 4 && memcmp(kind->s.data, "tanh", 4) == 0;
    a->kind = tanh_form ? BPNN_ACT_GELU_TANH : BPNN_ACT_GELU;
    return true;
}

/* False: no activation of one operator (status OK), or a failure. */
static bool find_single(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node, bpnn_activation *a)
{
    static const struct {
        const char *op;
        bpnn_activation_kind kind;
        double parameter; /* of the attribute alpha where it is not given */
    } plain[] = {
        {"Sigmoid", BPNN_ACT_SIGMOID, 0},
        {"Tanh", BPNN_ACT_TANH, 0},
        {"Relu", BPNN_ACT_RELU, 0},
        {"LeakyRelu", BPNN_ACT_LEAKY_RELU, 0.01},
        {"Elu", BPNN_ACT_ELU, 1},
        {"Softplus", BPNN_ACT_SOFTPLUS, 0},
        {"Softsign", BPNN_ACT_SOFTSIGN, 0},
        {"Exp", BPNN_ACT_EXP, 0},
        {"Sin", BPNN_ACT_SIN, 0},
        {"Cos", BPNN_ACT_COS, 0},
        {"Mish", BPNN_ACT_MISH, 0},
        {"Selu", BPNN_ACT_SELU, 0},
        {"HardSigmoid", BPNN_ACT_HARD_SIGMOID, 0},
        {"Softmax", BPNN_ACT_SOFTMAX, 0},
        {"LogSoftmax", BPNN_ACT_LOG_SOFTMAX, 0},
    };
    if (is(node, "Clip"))
        return find_clip(f, step, node, a);
    if (is(node, "PRelu"))
        return find_prelu(f, step, node, a);
    if (is(node, "Gelu"))
        return find_gelu(node, a);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (!is(node, plain[i].op))
            continue;
        a->kind = plain[i].kind;
        a->parameter = bpnn__onnx_float_of(node, "alpha", plain[i].parameter);
        if (a->kind == BPNN_ACT_SELU)
            return check_numbers(f, node, "alpha", 1.67326324, 1.67326324, "gamma", 1.05070098, 1.05070098);
        if (a->kind == BPNN_ACT_HARD_SIGMOID)
            return check_numbers(f, node, "alpha", 0.2, 0.2, "beta", 0.5, 0.5);
        if (a->kind == BPNN_ACT_SOFTMAX || a->kind == BPNN_ACT_LOG_SOFTMAX)
            return check_axis(f, step, node);
        return true;
    }
    return false;
}

/* ---- groups ---- */

/* The only user of `name` if its operator is op. */
static const onnx_node *next(const bpnn__onnx_step *step, const char *name, const char *op)
{
    const onnx_node *use[4];
    return bpnn__onnx_uses(step->graph, name, use) == 1 && is(use[0], op) && use[0]->n_output == 1 ? use[0] : NULL;
}

static bool takes(const onnx_node *node, const char *a, const char *b)
{
    return node->n_input == 2 && ((strcmp(node->input[0], a) == 0 && strcmp(node->input[1], b) == 0) ||
                                  (strcmp(node->input[0], b) == 0 && strcmp(node->input[1], a) == 0));
}

/* node = op(x, number), in either order for Add and Mul. */
static bool has_number(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *node, const char *x,
                       double wanted)
{
    bpnn__constant c;
    if (node->n_input != 2)
        return false;
    bool first = strcmp(node->input[0], x) == 0;
    if (!first && is(node, "Div"))
        return false;
    const char *other = node->input[first];
    if (!bpnn__onnx_is_constant(step->graph, other) || !bpnn__onnx_constant(f, step->graph, other, &c))
        return false;
    bool good = c.rows * c.cols == 1 && near(c.values[0], wanted);
    bpnn__free(c.values);
    return good;
}

/* x sigmoid(x), and x tanh(softplus(x)): `product` takes x and what comes of `first`. */
static bool find_gated(const bpnn__onnx_step *step, const onnx_node *first, const onnx_node *product,
                       bpnn_activation *a)
{
    if (is(first, "Sigmoid")) {
        a->kind = BPNN_ACT_SILU;
        return takes(product, step->x, first->output[0]);
    }
    if (!is(first, "Softplus"))
        return false;
    const onnx_node *tanh_node = next(step, first->output[0], "Tanh");
    a->kind = BPNN_ACT_MISH;
    return tanh_node && takes(product, step->x, tanh_node->output[0]);
}

/* x / sqrt 2 -> Erf -> + 1 -> product with x -> * 1/2 */
static bool find_erf(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *first, const onnx_node *product,
                     bpnn_activation *a, const char **y)
{
    bool inner = (is(first, "Div") && has_number(f, step, first, step->x, 1.4142135623730951)) ||
                 (is(first, "Mul") && has_number(f, step, first, step->x, 0.7071067811865476));
    const onnx_node *erf = inner ? next(step, first->output[0], "Erf") : NULL;
    const onnx_node *sum = erf ? next(step, erf->output[0], "Add") : NULL;
    if (!sum || !has_number(f, step, sum, erf->output[0], 1) || !takes(product, step->x, sum->output[0]))
        return false;
    const onnx_node *half = next(step, product->output[0], "Mul");
    if (!half || !has_number(f, step, half, product->output[0], 0.5))
        return false;
    a->kind = BPNN_ACT_GELU;
    *y = half->output[0];
    return true;
}

/* x / (1 + |x|): `quotient` divides x by what comes of `first`. */
static bool find_softsign(bpnn__foreign *f, const bpnn__onnx_step *step, const onnx_node *first,
                          const onnx_node *quotient, bpnn_activation *a)
{
    const onnx_node *sum = is(first, "Abs") ? next(step, first->output[0], "Add") : NULL;
    a->kind = BPNN_ACT_SOFTSIGN;
    return sum && has_number(f, step, sum, first->output[0], 1) && quotient->n_input == 2 &&
           strcmp(quotient->input[0], step->x) == 0 && strcmp(quotient->input[1], sum->output[0]) == 0;
}

bool bpnn__onnx_find_activation(bpnn__foreign *f, const bpnn__onnx_step *step, bpnn_activation *activation,
                                const char **y)
{
    memset(activation, 0, sizeof *activation);
    for (size_t i = 0; i < step->use_count; i++)
        if (step->use[i]->n_output < 1)
            return false;
    if (step->use_count == 1) {
        *y = step->use[0]->output[0];
        return find_single(f, step, step->use[0], activation);
    }
    for (size_t i = 0; step->use_count == 2 && i < 2; i++) {
        const onnx_node *first = step->use[i], *product = step->use[1 - i];
        *y = product->output[0];
        if (is(product, "Div") && find_softsign(f, step, first, product, activation))
            return true;
        if (!is(product, "Mul"))
            continue;
        if (find_gated(step, first, product, activation) || find_erf(f, step, first, product, activation, y))
            return true;
    }
    return false;
}
