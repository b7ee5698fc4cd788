/* Activations by standard operators of opset 13. Runtimes have few of the named ones (Elu, Erf, ..) in double; there they are put together from
 * arithmetic, Exp and Log. Where an operator has two computed operands they are made one after the other: the order of nodes must not depend on
 * the compiler. */
#include "exchange/formula.h"
#include "exchange/onnx_graph.h"

static const char *one(bpnn__onnx *g, const char *op, const char *x)
{
    return bpnn__onnx_node(g, op, x, NULL, NULL);
}

static const char *two(bpnn__onnx *g, const char *op, const char *x, const char *y)
{
    return bpnn__onnx_node(g, op, x, y, NULL);
}

/* op(x, number) */
static const char *with(bpnn__onnx *g, const char *op, const char *x, double number)
{
    return two(g, op, x, bpnn__onnx_scalar(g, number));
}

static const char *clip(bpnn__onnx *g, const char *x, double low, double high)
{
    const char *least = bpnn__onnx_scalar(g, low), *most = bpnn__onnx_scalar(g, high);
    return bpnn__onnx_node(g, "Clip", x, least, most);
}

/* x < 0 ? y : x */
static const char *below_zero(bpnn__onnx *g, const char *x, const char *y)
{
    return bpnn__onnx_node(g, "Where", with(g, "Less", x, 0), y, x);
}

/* max(x, 0) + log(1 + exp(-|x|)) */
static const char *softplus(bpnn__onnx *g, const char *x)
{
    if (g->single)
        return one(g, "Softplus", x);
    const char *power = one(g, "Exp", one(g, "Neg", one(g, "Abs", x)));
    const char *tail = one(g, "Log", with(g, "Add", power, 1)), *head = one(g, "Relu", x);
    return two(g, "Add", head, tail);
}

/* p (exp(x) - 1) below 0 */
static const char *elu(bpnn__onnx *g, const char *x, double p)
{
    if (!g->single)
        return below_zero(g, x, with(g, "Mul", with(g, "Sub", one(g, "Exp", x), 1), p));
    const char *y = one(g, "Elu", x);
    bpnn__onnx_float(g, "alpha", p);
    return y;
}

static const char *selu(bpnn__onnx *g, const char *x)
{
    const double scale = 1.0507009873554805, alpha = 1.6732632423543772;
    return g->single ? one(g, "Selu", x) : with(g, "Mul", elu(g, x, alpha), scale);
}

static const char *polynomial(bpnn__onnx *g, const char *x, const double *c, size_t count)
{
    const char *sum = with(g, "Mul", x, c[0]);
    for (size_t i = 1; i < count; i++) {
        sum = with(g, "Add", sum, c[i]);
        if (i + 1 < count)
            sum = two(g, "Mul", sum, x);
    }
    return sum;
}

static const char *erf_double(bpnn__onnx *g, const char *x)
{
    const char *a = clip(g, one(g, "Abs", x), 0, 6), *z = two(g, "Mul", a, a);
    const char *small = two(g, "Mul", a, polynomial(g, z, bpnn__erf_near, BPNN__ERF_NEAR));
    const char *above = with(g, "Sub", a, 2), *below = with(g, "Add", a, 2), *u = two(g, "Div", above, below);
    const char *power = one(g, "Exp", one(g, "Neg", z)), *factor = polynomial(g, u, bpnn__erf_far, BPNN__ERF_FAR);
    const char *tail = two(g, "Mul", power, factor);
    const char *large = two(g, "Sub", bpnn__onnx_scalar(g, 1), tail);
    const char *size = bpnn__onnx_node(g, "Where", with(g, "Less", a, 1), small, large), *sign = one(g, "Sign", x);
    return two(g, "Mul", sign, size);
}

static const char *gelu(bpnn__onnx *g, const char *x)
{
    const char *inner = with(g, "Mul", x, 0.7071067811865476);
    const char *erf = g->single ? one(g, "Erf", inner) : erf_double(g, inner);
    const char *half = with(g, "Mul", x, 0.5), *share = with(g, "Add", erf, 1);
    return two(g, "Mul", half, share);
}

static const char *gelu_tanh(bpnn__onnx *g, const char *x)
{
    const char *c = clip(g, x, -20, 20), *cube = two(g, "Mul", two(g, "Mul", c, c), c);
    const char *inner = with(g, "Mul", two(g, "Add", c, with(g, "Mul", cube, 0.044715)), 0.7978845608028654);
    const char *half = with(g, "Mul", x, 0.5), *share = with(g, "Add", one(g, "Tanh", inner), 1);
    return two(g, "Mul", half, share);
}

static const char *leaky_relu(bpnn__onnx *g, const char *x, double p)
{
    if (!g->single)
        return below_zero(g, x, with(g, "Mul", x, p));
    const char *y = one(g, "LeakyRelu", x);
    bpnn__onnx_float(g, "alpha", p);
    return y;
}

static const char *over_row(bpnn__onnx *g, const char *op, const char *x)
{
    const char *y = one(g, op, x);
    bpnn__onnx_int(g, "axis", -1);
    return y;
}

static const char *softsign(bpnn__onnx *g, const char *x, double factor)
{
    const char *below = with(g, "Add", one(g, "Abs", x), 1);
    return two(g, "Div", x, factor == 1 ? below : with(g, "Mul", below, factor));
}

/* In double as 1 / (1 + exp(-x)): runtimes take (1 + tanh(x/2)) / 2, whose tail is 0 too early. */
static const char *sigmoid(bpnn__onnx *g, const char *x)
{
    if (g->single)
        return one(g, "Sigmoid", x);
    const char *below = with(g, "Add", one(g, "Exp", one(g, "Neg", x)), 1);
    return two(g, "Div", bpnn__onnx_scalar(g, 1), below);
}

/* In double as x / (1 + exp(-x)): ONNX Runtime 1.30 fuses x sigmoid(x) into an operator that it has in single alone. */
static const char *silu(bpnn__onnx *g, const char *x)
{
    if (g->single)
        return two(g, "Mul", x, one(g, "Sigmoid", x));
    return two(g, "Div", x, with(g, "Add", one(g, "Exp", one(g, "Neg", x)), 1));
}

static const char *threshold(bpnn__onnx *g, const char *x)
{
    const char *y = one(g, "Cast", with(g, "GreaterOrEqual", x, 0));
    bpnn__onnx_int(g, "to", bpnn__onnx_real(g));
    return y;
}

const char *bpnn__onnx_activation(bpnn__onnx *g, const bpnn_activation *activation, const char *e)
{
    switch (activation->kind) {
    case BPNN_ACT_IDENTITY:
        return e;
    case BPNN_ACT_SIGMOID:
        return sigmoid(g, e);
    case BPNN_ACT_TANH:
        return one(g, "Tanh", e);
    case BPNN_ACT_RELU:
        return one(g, "Relu", e);
    case BPNN_ACT_LEAKY_RELU:
        return leaky_relu(g, e, activation->parameter);
    case BPNN_ACT_ELU:
        return elu(g, e, activation->parameter);
    case BPNN_ACT_SELU:
        return selu(g, e);
    case BPNN_ACT_GELU:
        return gelu(g, e);
    case BPNN_ACT_GELU_TANH:
        return gelu_tanh(g, e);
    case BPNN_ACT_SILU:
        return silu(g, e);
    case BPNN_ACT_MISH:
        return two(g, "Mul", e, one(g, "Tanh", softplus(g, e)));
    case BPNN_ACT_SOFTPLUS:
        return softplus(g, e);
    case BPNN_ACT_SOFTSIGN:
        return softsign(g, e, 1);
    case BPNN_ACT_ELLIOT:
        return with(g, "Add", softsign(g, e, 2), 0.5);
    case BPNN_ACT_HARD_SIGMOID:
        return clip(g, with(g, "Add", with(g, "Div", e, 5), 0.5), 0, 1);
    case BPNN_ACT_HARD_TANH:
        return clip(g, e, -1, 1);
    case BPNN_ACT_RELU6:
        return clip(g, e, 0, 6);
    case BPNN_ACT_GAUSSIAN:
        return one(g, "Exp", one(g, "Neg", two(g, "Mul", e, e)));
    case BPNN_ACT_SIN:
        return one(g, "Sin", e);
    case BPNN_ACT_COS:
        return one(g, "Cos", e);
    case BPNN_ACT_EXP:
        return one(g, "Exp", e);
    case BPNN_ACT_SOFTMAX:
        return over_row(g, "Softmax", e);
    case BPNN_ACT_LOG_SOFTMAX:
        return over_row(g, "LogSoftmax", e);
    case BPNN_ACT_THRESHOLD:
        return threshold(g, e);
    case BPNN_ACT_USER:
    case BPNN_ACT_COUNT:
        break;
    }
    g->failed = true; /* the writer has refused it before */
    return NULL;
}
