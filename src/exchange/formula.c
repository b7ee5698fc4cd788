#include "exchange/formula.h"
#include "net/net.h"

#include <string.h>

/* x is the argument, p the parameter; ?(condition;a;b); E exp, T tanh, H artanh, S sin, C cos, A abs, R erf, each with its
 * bracket. No branch overflows where the other one is taken by a language that computes both. exp(x) - 1 stands as
 * 2 t / (1 - t), t = tanh(x / 2), and log(1 + u) as 2 artanh(u / (2 + u)): exact near 0 where no expm1 and log1p are. */
#define EXPM1 "(2 * T(x / 2) / (1 - T(x / 2)))"
#define SIGMOID "(?(x < 0;E(-A(x));1.0) / (1 + E(-A(x))))"
#define SOFTPLUS "(?(x > 0;x;0.0) + 2 * H(E(-A(x)) / (2 + E(-A(x)))))"

static const char *const formulas[BPNN_ACT_COUNT] = {
    [BPNN_ACT_IDENTITY] = "x",
    [BPNN_ACT_SIGMOID] = SIGMOID,
    [BPNN_ACT_TANH] = "T(x)",
    [BPNN_ACT_RELU] = "?(x < 0;0.0;x)",
    [BPNN_ACT_LEAKY_RELU] = "?(x < 0;p * x;x)",
    [BPNN_ACT_ELU] = "?(x < 0;p * " EXPM1 ";x)",
    [BPNN_ACT_SELU] = "1.0507009873554805 * ?(x < 0;1.6732632423543772 * " EXPM1 ";x)",
    [BPNN_ACT_GELU] = "x * (0.5 * (1 + R(x * 0.7071067811865476)))",
    [BPNN_ACT_GELU_TANH] =
        "?(x < -20;0.0;?(x > 20;x;0.5 * x * (1 + T(0.7978845608028654 * (x + 0.044715 * x * x * x)))))",
    [BPNN_ACT_SILU] = "x * " SIGMOID,
    [BPNN_ACT_MISH] = "x * T(" SOFTPLUS ")",
    [BPNN_ACT_SOFTPLUS] = SOFTPLUS,
    [BPNN_ACT_SOFTSIGN] = "x / (1 + A(x))",
    [BPNN_ACT_ELLIOT] = "x / (2 * (1 + A(x))) + 0.5",
    [BPNN_ACT_HARD_SIGMOID] = "?(x < -2.5;0.0;?(x > 2.5;1.0;x / 5 + 0.5))",
    [BPNN_ACT_HARD_TANH] = "?(x < -1;-1.0;?(x > 1;1.0;x))",
    [BPNN_ACT_RELU6] = "?(x < 0;0.0;?(x > 6;6.0;x))",
    [BPNN_ACT_GAUSSIAN] = "E(-(x * x))",
    [BPNN_ACT_SIN] = "S(x)",
    [BPNN_ACT_COS] = "C(x)",
    [BPNN_ACT_EXP] = "E(x)",
    [BPNN_ACT_THRESHOLD] = "?(x < 0;0.0;1.0)",
};

/* One formula being spelt. */
typedef struct speller {
    bpnn__text *to;
    const bpnn__dialect *dialect;
    const char *x;
    double p;
} speller;

static const char *function_of(const bpnn__dialect *d, char token)
{
    switch (token) {
    case 'E':
        return d->exp;
    case 'T':
        return d->tanh;
    case 'H':
        return d->atanh;
    case 'S':
        return d->sin;
    case 'C':
        return d->cos;
    case 'A':
        return d->abs;
    default:
        return d->erf;
    }
}

static const char *spell(const speller *s, const char *at, const char *stops);

/* "?(condition;a;b)" from its bracket on */
static const char *spell_where(const speller *s, const char *at)
{
    bpnn__text_add(s->to, s->dialect->where);
    at = spell(s, at + 1, ";");
    bpnn__text_add(s->to, s->dialect->then);
    at = spell(s, at + 1, ";");
    bpnn__text_add(s->to, s->dialect->otherwise);
    at = spell(s, at + 1, ")");
    bpnn__text_add(s->to, s->dialect->end);
    return at + 1;
}

/* R( .. ) where the language has no erf */
static const char *spell_erf(const speller *s, const char *at)
{
    bpnn__text argument = {0};
    speller inner = *s;
    inner.to = &argument;
    at = spell(&inner, at + 1, ")");
    if (argument.data)
        bpnn__put_erf(s->to, s->dialect, argument.data);
    s->to->failed |= argument.failed;
    bpnn__text_free(&argument);
    return at + 1;
}

/* Up to one of `stops` outside brackets, or the end. Returns the place of the stop. */
static const char *spell(const speller *s, const char *at, const char *stops)
{
    while (*at && !strchr(stops, *at)) {
        if (*at == '?') {
            at = spell_where(s, at + 1);
        } else if (*at == 'R' && !s->dialect->erf) {
            at = spell_erf(s, at + 1);
        } else if (strchr("ETHSCAR", *at) || *at == '(') {
            bpnn__text_add(s->to, *at == '(' ? "(" : function_of(s->dialect, *at));
            at = spell(s, at + (*at == '(' ? 1 : 2), ")") + 1;
            bpnn__text_add(s->to, ")");
        } else if (*at == 'x') {
            bpnn__text_add(s->to, s->x);
            at++;
        } else if (*at == 'p') {
            bpnn__put_number(s->to, s->dialect->numbers, false, s->p);
            at++;
        } else {
            bpnn__text_add_bytes(s->to, at++, 1);
        }
    }
    return at;
}

bool bpnn__put_activation(bpnn__text *to, const bpnn__dialect *dialect, const bpnn_activation *activation,
                          const char *x)
{
    speller s = {to, dialect, x, activation->parameter};
    if (!formulas[activation->kind])
        return false;
    spell(&s, formulas[activation->kind], "");
    return true;
}

void bpnn__put_share(bpnn__text *to, const bpnn__dialect *dialect, const bpnn_model *model, const char *x)
{
    speller s = {to, dialect, x, 0};
    bpnn_activation_kind kind = bpnn__output_of(model);
    spell(&s,
          kind == BPNN_ACT_LOG_SOFTMAX                           ? "E(x)"
          : model->net->loss.kind == BPNN_LOSS_HINGE             ? "?(x < -1;0.0;?(x > 1;1.0;(1 + x) / 2))"
          : kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_SIGMOID ? "x"
                                                                 : "?(x < 0;0.0;?(x > 1;1.0;x))",
          "");
}

/* ---- erf ---- */

const double bpnn__erf_near[BPNN__ERF_NEAR] = {
    0x1.05ffd737fb32ep-34, -0x1.389d4f2641625p-30, 0x1.f7b4bf3b13964p-27, -0x1.5f1ecb6f0764cp-23,
    0x1.b9df224ca4b97p-20, -0x1.f4d1e3183f7aep-17, 0x1.f9a321d5b8e1ep-14, -0x1.c02db3dac435fp-11,
    0x1.565bcd0dbaa38p-8,  -0x1.b82ce31284e00p-6,  0x1.ce2f21a042b30p-4,  -0x1.812746b0379e6p-2,
    0x1.20dd750429b6dp+0,
};

const double bpnn__erf_far[BPNN__ERF_FAR] = {
    -0x1.c49d5026d94f3p-22, -0x1.1dc296ab25c2bp-21, 0x1.3c3cdeef1f68fp-20, 0x1.fc947548a0e7cp-19, 0x1.75d432f39d289p-20,
    -0x1.d4b0d3d3aaf27p-17, -0x1.ceb69de6e21dbp-16, 0x1.cdcd09b79ebebp-16, 0x1.6da9701b2c57cp-13, 0x1.6d5ef188bff89p-15,
    -0x1.016b5cdbae621p-10, -0x1.bc25a4763b3cap-11, 0x1.ca95ed532b26cp-8,  0x1.e947159797158p-9,  -0x1.437f0b68c0bdcp-4,
    0x1.eeea7dc8a78b7p-3,   -0x1.b57034efd3f72p-2,  0x1.058671b52c776p-2,
};

/* c[0] u^(n-1) + .. + c[n-1], u an expression in brackets */
static void put_polynomial(bpnn__text *to, const bpnn__dialect *dialect, const double *c, size_t count, const char *u)
{
    for (size_t i = 2; i < count; i++)
        bpnn__text_add(to, "(");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            bpnn__put(to, i > 1 ? ") * %s + " : " * %s + ", u);
        bpnn__put_number(to, dialect->numbers, false, c[i]);
    }
}

void bpnn__put_erf(bpnn__text *to, const bpnn__dialect *dialect, const char *x)
{
    bpnn__text z = {0}, u = {0};
    bpnn__put(&z, "((%s) * (%s))", x, x);
    bpnn__put(&u, "((%s%s) - 2) / (%s%s) + 2))", dialect->abs, x, dialect->abs, x);
    if (z.data && u.data) {
        bpnn__put(to, "%s%s%s) < 1%s(%s) * (", dialect->where, dialect->abs, x, dialect->then, x);
        put_polynomial(to, dialect, bpnn__erf_near, BPNN__ERF_NEAR, z.data);
        bpnn__put(to, ")%s%s(%s) < 0%s-1.0%s1.0%s * %s%s%s) > 6%s1.0%s1 - %s-%s) * (", dialect->otherwise,
                  dialect->where, x, dialect->then, dialect->otherwise, dialect->end, dialect->where, dialect->abs, x,
                  dialect->then, dialect->otherwise, dialect->exp, z.data);
        put_polynomial(to, dialect, bpnn__erf_far, BPNN__ERF_FAR, u.data);
        bpnn__put(to, ")%s%s", dialect->end, dialect->end);
    }
    to->failed |= z.failed || u.failed;
    bpnn__text_free(&u);
    bpnn__text_free(&z);
}

/* ---- what writers ask of a model ---- */

bpnn_activation_kind bpnn__output_of(const bpnn_model *model)
{
    return model->net->layers[model->net->depth - 1].activation.kind;
}

bool bpnn__is_distribution(const bpnn_model *model)
{
    return bpnn__over_row(bpnn__output_of(model));
}

bool bpnn__has_activation(const bpnn_model *model, bpnn_activation_kind kind)
{
    for (size_t m = 0; m < model->net->depth; m++)
        if (model->net->layers[m].activation.kind == kind)
            return true;
    return false;
}

char *const *bpnn__value_names(const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    return s->task == BPNN_TASK_REGRESSION ? s->targets : s->classes;
}
