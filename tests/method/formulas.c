#include "method/formulas.h"

#include <math.h>
#include <string.h>

static void sgd(const plain_moment *now, double g, plain_weight *x)
{
    x->s[0] = now->momentum * x->s[0] + g;
    x->w -= now->a * (now->o[0] != 0 ? g + now->momentum * x->s[0] : x->s[0]);
}

static void rmsprop(const plain_moment *now, double g, plain_weight *x)
{
    x->s[0] = now->o[0] * x->s[0] + (1 - now->o[0]) * g * g;
    x->w -= now->a * g / (sqrt(x->s[0]) + now->o[1]);
}

static void adagrad(const plain_moment *now, double g, plain_weight *x)
{
    x->s[0] += g * g;
    x->w -= now->a * g / (sqrt(x->s[0]) + now->o[0]);
}

static void adadelta(const plain_moment *now, double g, plain_weight *x)
{
    const double r = now->o[0], e = now->o[1];
    x->s[0] = r * x->s[0] + (1 - r) * g * g;
    double d = g * sqrt(x->s[1] + e) / sqrt(x->s[0] + e);
    x->s[1] = r * x->s[1] + (1 - r) * d * d;
    x->w -= now->a * d;
}

/* m and v of the Adam family. */
static void moments(const plain_moment *now, double g, plain_weight *x)
{
    x->s[0] = now->o[0] * x->s[0] + (1 - now->o[0]) * g;
    x->s[1] = now->o[1] * x->s[1] + (1 - now->o[1]) * g * g;
}

static void adam(const plain_moment *now, double g, plain_weight *x)
{
    moments(now, g, x);
    double c1 = 1 - pow(now->o[0], now->t), c2 = 1 - pow(now->o[1], now->t);
    x->w -= now->a / c1 * x->s[0] / (sqrt(x->s[1] / c2) + now->o[2]);
}

double plain_q(const double *o, double t)
{
    return o[0] * (1 - 0.5 * pow(0.96, o[3] * t));
}

static void nadam(const plain_moment *now, double g, plain_weight *x)
{
    moments(now, g, x);
    double q = plain_q(now->o, now->t), next = plain_q(now->o, now->t + 1), c2 = 1 - pow(now->o[1], now->t);
    double step = (1 - q) * g / (1 - now->M) + next * x->s[0] / (1 - now->M * next);
    x->w -= now->a * step / (sqrt(x->s[1] / c2) + now->o[2]);
}

static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

/* s: last gradient, last step, D; o: start, grow, shrink, most, least, minus */
static void rprop(const plain_moment *now, double g, plain_weight *x)
{
    double s = sign(g) * sign(x->s[0]);
    if (s > 0)
        x->s[2] = fmin(now->o[1] * x->s[2], now->o[3]);
    if (s < 0)
        x->s[2] = fmax(now->o[2] * x->s[2], now->o[4]);
    if (s < 0) {
        if (now->o[5] == 0 && now->F > now->F_previous)
            x->w -= x->s[1];
        x->s[0] = x->s[1] = 0;
        return;
    }
    x->s[1] = -sign(g) * x->s[2];
    x->w += x->s[1];
    x->s[0] = g;
}

plain_update plain_find(const char *name)
{
    static const struct {
        const char *name;
        plain_update update;
    } all[] = {{"sgd", sgd},   {"rmsprop", rmsprop}, {"adagrad", adagrad}, {"adadelta", adadelta},
               {"adam", adam}, {"adamw", adam},      {"nadam", nadam},     {"rprop", rprop}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].update;
    return NULL;
}
