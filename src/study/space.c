/* The space of a search. Values stand on grids, so that a configuration reads well and reads back the same. */
#include "study/space.h"
#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- random choices ---- */

typedef struct draws {
    uint32_t key[2];
    uint64_t number; /* of the trial */
    uint32_t used;
} draws;

static double draw(draws *d)
{
    bpnn__philox words = bpnn__random_words(d->key, d->number, d->used++);
    return bpnn__uniform01(words.v[0], words.v[1]);
}

static size_t draw_below(draws *d, size_t n)
{
    return (size_t)(draw(d) * (double)n);
}

/* ---- what goes together ---- */

/* Something that whole methods do not take. */
static bool wants_steps(const bpnn_fit_options *o)
{
    const bpnn_train_options *t = &o->train;
    return t->l1 > 0 || t->dropout > 0 || t->clip > 0 || t->batch != SIZE_MAX || !isnan(t->rate) ||
           !isnan(t->momentum) || t->schedule != BPNN_SCHEDULE_CONSTANT || t->warmup > 0 || t->setting_count > 0;
}

static const char *named_method(const bpnn_fit_options *o)
{
    const char *method = o->train.method;
    return method && strcmp(method, "auto") != 0 ? method : NULL;
}

bpnn__space bpnn__space_make(const bpnn_fit_options *fit, unsigned also, size_t rows, size_t inputs, size_t outputs)
{
    const bpnn_train_options *t = &fit->train;
    bpnn__space s = {.fit = fit, .fixed = also, .rows = rows, .inputs = inputs, .outputs = outputs};
    s.fixed |= fit->hidden ? BPNN_TUNED_HIDDEN : 0;
    s.fixed |= fit->activation || (fit->hidden && strchr(fit->hidden, ':')) ? BPNN_TUNED_ACTIVATION : 0;
    s.fixed |= named_method(fit) ? BPNN_TUNED_METHOD : 0;
    s.fixed |= !isnan(t->rate) ? BPNN_TUNED_RATE : 0;
    s.fixed |= !isnan(t->l2) || t->l2_auto ? BPNN_TUNED_L2 : 0;
    s.fixed |= t->dropout > 0 ? BPNN_TUNED_DROPOUT : 0;
    s.fixed |= t->batch != SIZE_MAX ? BPNN_TUNED_BATCH : 0;
    return s;
}

static double parameters(const bpnn__space *s, const char *hidden)
{
    double in = (double)s->inputs, P = 0, size = 0;
    for (const char *c = hidden;; c++) {
        if (*c >= '0' && *c <= '9') {
            size = 10 * size + (*c - '0');
            continue;
        }
        if (size > 0) {
            P += (in + 1) * size;
            in = size;
        }
        size = 0;
        if (*c == ':')
            c += strcspn(c, ",");
        if (*c == '\0')
            return P + (in + 1) * (double)s->outputs;
    }
}

/* The bounds of --method auto: about a second an iteration of br, some 20 s for all fits of l2 auto, on one core. */
static bool affordable(const bpnn__space *s, const char *method, const char *hidden)
{
    double N = (double)s->rows, P = parameters(s, hidden);
    if (strcmp(method, "br") == 0)
        return P <= 1000 && N * (double)s->outputs * P * P <= 2e10 && N >= 20;
    return N <= 10000 && (N < 1200 ? 36 : 8) * 150 * 6 * N * P <= 4e11;
}

static void set_text(char *to, size_t room, const char *text)
{
    snprintf(to, room, "%s", text);
}

/* ---- step methods ---- */

static void draw_sizes(draws *d, char *to, size_t room)
{
    static const size_t sizes[] = {8, 16, 32, 64, 64, 128, 128, 256};
    size_t first = sizes[draw_below(d, 8)], at = 0;
    double depth = draw(d);
    size_t layers = depth < 0.5 ? 1 : depth < 0.85 ? 2 : 3;
    for (size_t m = 0; m < layers; m++) {
        at += (size_t)snprintf(to + at, room - at, m ? ",%zu" : "%zu", first);
        first = m == 0 && draw(d) < 0.5 && first > 8 ? first / 2 : first;
    }
}

/* decoupled: the penalty of adamw, which shrinks weights by rate x l2 a step */
static void draw_steps(const bpnn__space *s, double rate, bool decoupled, draws *d, bpnn_choice *c)
{
    static const double tenths[] = {3, 5, 10, 10, 20, 30, 50, 100}; /* of the method's own rate */
    static const double decays[] = {0, 0.01, 0.03, 0.1, 0.3, 0.5, 1},
                        penalties[] = {0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2};
    static const double dropouts[] = {0, 0, 0, 0, 0.1, 0.2, 0.3, 0.5};
    static const char *const activations[] = {"relu", "relu", "tanh", "silu"};
    draw_sizes(d, c->hidden, sizeof c->hidden);
    set_text(c->activation, sizeof c->activation, activations[draw_below(d, 4)]);
    c->rate =
        tenths[draw_below(d, 8)] * floor(1e4 * rate + 0.5) / 1e5; /* whole numbers until the end: a short decimal */
    c->l2 = (decoupled ? decays : penalties)[draw_below(d, 7)];
    c->dropout = dropouts[draw_below(d, 8)];
    c->batch = (size_t)16 << draw_below(d, 5);
    while (c->batch > 16 && c->batch > s->rows / 8)
        c->batch /= 2;
    c->set = BPNN_TUNED_HIDDEN | BPNN_TUNED_ACTIVATION | BPNN_TUNED_RATE | BPNN_TUNED_L2 | BPNN_TUNED_DROPOUT |
             BPNN_TUNED_BATCH;
}

/* ---- whole methods ---- */

static void draw_br(draws *d, bpnn_choice *c)
{
    static const size_t sizes[] = {3, 4, 5, 6, 8, 10, 14, 20};
    snprintf(c->hidden, sizeof c->hidden, "%zu", sizes[draw_below(d, 8)]);
    set_text(c->activation, sizeof c->activation, "tanh");
    c->set = BPNN_TUNED_HIDDEN | BPNN_TUNED_ACTIVATION;
}

static void draw_lbfgs(draws *d, bpnn_choice *c)
{
    static const char *const sizes[] = {"", "8", "16", "32", "64", "16,8", "32,16"};
    set_text(c->hidden, sizeof c->hidden, sizes[draw_below(d, 7)]);
    set_text(c->activation, sizeof c->activation, draw(d) < 0.7 ? "tanh" : "silu");
    c->l2_auto = true;
    c->set = BPNN_TUNED_HIDDEN | BPNN_TUNED_ACTIVATION | BPNN_TUNED_L2;
}

/* ---- a method, and what it needs ---- */

static void draw_with(const bpnn__space *s, const char *method, draws *d, bpnn_choice *c)
{
    memset(c, 0, sizeof *c);
    const bpnn_method_info *info = bpnn_method_find(method);
    if (info && info->evidence)
        draw_br(d, c);
    else if (info && info->whole)
        draw_lbfgs(d, c);
    else
        draw_steps(s, info && !isnan(info->rate) ? info->rate : 0.001, !info || strcmp(info->name, "adamw") == 0, d, c);
    if (info && info->whole && info->evidence == false && strcmp(info->name, "lbfgs") != 0)
        c->set &= ~(unsigned)BPNN_TUNED_L2; /* lm, cg, scg: as the caller has it */
    if (info && info->full_batch)
        c->set &= ~(unsigned)BPNN_TUNED_BATCH;
    if (info && isnan(info->rate))
        c->set &= ~(unsigned)BPNN_TUNED_RATE;
    set_text(c->method, sizeof c->method, method);
    c->set |= BPNN_TUNED_METHOD;
}

/* The kinds of networks that win, each once. False past their end, and for a method that the caller ruled out. */
static bool draw_known(const bpnn__space *s, size_t index, bpnn_choice *c)
{
    static const struct known {
        const char *method, *hidden, *activation;
        double rate, l2, dropout;
        size_t batch;
    } list[] = {{"lbfgs", "32", "tanh", 0, 0, 0, 0},
                {"br", "10", "tanh", 0, 0, 0, 0},
                {"adamw", "64", "relu", 0.002, 0.1, 0, 32},
                {"lbfgs", "", "tanh", 0, 0, 0, 0},
                {"adamw", "128,64", "relu", 0.001, 0.3, 0.2, 32},
                {"br", "5", "tanh", 0, 0, 0, 0},
                {"adamw", "64", "tanh", 0.003, 0.3, 0, 16}};
    if (index >= sizeof list / sizeof *list)
        return false;
    const struct known *k = &list[index];
    if ((s->fixed & BPNN_TUNED_METHOD) && (!named_method(s->fit) || strcmp(named_method(s->fit), k->method) != 0))
        return false;
    draws unused = {.number = 0};
    draw_with(s, k->method, &unused, c);
    set_text(c->hidden, sizeof c->hidden, k->hidden);
    set_text(c->activation, sizeof c->activation, k->activation);
    c->rate = k->rate;
    c->l2 = k->l2;
    c->dropout = k->dropout;
    c->batch = k->batch;
    return true;
}

static const char *draw_method(const bpnn__space *s, draws *d)
{
    double u = draw(d);
    if (s->fixed & BPNN_TUNED_METHOD)
        return named_method(s->fit) ? named_method(s->fit) : "adamw";
    if (s->fit->train.l2_auto)
        return "lbfgs";
    return wants_steps(s->fit) || u < 0.5 ? "adamw" : u < 0.75 ? "lbfgs" : "br";
}

/* Whole methods where they can be: no option against them, not too large. */
static bool fits_in(const bpnn__space *s, const bpnn_choice *c)
{
    const bpnn_method_info *info = bpnn_method_find(c->method);
    const char *hidden = (s->fixed & BPNN_TUNED_HIDDEN) && s->fit->hidden ? s->fit->hidden : c->hidden;
    if (s->fixed & BPNN_TUNED_METHOD)
        return true;
    if (!info || !info->whole)
        return !s->fit->train.l2_auto;
    bool penalty = (s->fixed & BPNN_TUNED_L2) && info->evidence;
    return !wants_steps(s->fit) && !penalty && affordable(s, info->name, hidden);
}

/* What the caller fixed is not set. The method of the caller may have another name for lbfgs. */
static void leave_fixed(const bpnn__space *s, bpnn_choice *c)
{
    c->set &= ~s->fixed;
    if (!(c->set & BPNN_TUNED_HIDDEN))
        *c->hidden = '\0';
    if (!(c->set & BPNN_TUNED_ACTIVATION) || ((c->set & BPNN_TUNED_HIDDEN) && !*c->hidden)) {
        c->set &= ~(unsigned)BPNN_TUNED_ACTIVATION;
        *c->activation = '\0';
    }
    if (!(c->set & BPNN_TUNED_METHOD))
        *c->method = '\0';
    c->rate = c->set & BPNN_TUNED_RATE ? c->rate : 0;
    c->l2 = c->set & BPNN_TUNED_L2 && !c->l2_auto ? c->l2 : 0;
    c->l2_auto = c->set & BPNN_TUNED_L2 && c->l2_auto;
    c->dropout = c->set & BPNN_TUNED_DROPOUT ? c->dropout : 0;
    c->batch = c->set & BPNN_TUNED_BATCH ? c->batch : 0;
}

/* Each part from the parent with a chance of 2/3. */
static void mix(draws *d, const bpnn_choice *parent, bpnn_choice *c)
{
    const double keep = 2.0 / 3;
    if (draw(d) < keep)
        memcpy(c->hidden, parent->hidden, sizeof c->hidden);
    if (draw(d) < keep && *parent->activation)
        memcpy(c->activation, parent->activation, sizeof c->activation);
    if (draw(d) < keep)
        c->rate = parent->rate;
    if (draw(d) < keep) {
        c->l2 = parent->l2;
        c->l2_auto = parent->l2_auto;
    }
    if (draw(d) < keep)
        c->dropout = parent->dropout;
    if (draw(d) < keep)
        c->batch = parent->batch;
}

bpnn_choice bpnn__space_draw(const bpnn__space *s, size_t number, const bpnn_choice *parent)
{
    enum { ATTEMPTS = 20 };
    bpnn_choice c;
    draws d = {.number = number};
    bpnn__random_key(s->fit->train.seed, BPNN__STREAM_TUNE, d.key);
    bool known = number >= 2 && draw_known(s, number - 2, &c) && fits_in(s, &c);
    for (size_t i = 0; i < ATTEMPTS && !known; i++) {
        bool near = parent && (parent->set & BPNN_TUNED_METHOD || s->fixed & BPNN_TUNED_METHOD) && draw(&d) < 0.6;
        draw_with(s, near && *parent->method ? parent->method : draw_method(s, &d), &d, &c);
        if (near)
            mix(&d, parent, &c);
        known = fits_in(s, &c);
    }
    if (!known) /* every whole method is too large or ruled out */
        draw_with(s, s->fit->train.l2_auto ? "lbfgs" : "adamw", &d, &c);
    leave_fixed(s, &c);
    return c;
}

bool bpnn__same_choice(const bpnn_choice *a, const bpnn_choice *b)
{
    return a->set == b->set && strcmp(a->hidden, b->hidden) == 0 && strcmp(a->activation, b->activation) == 0 &&
           strcmp(a->method, b->method) == 0 && !(a->rate < b->rate || a->rate > b->rate) &&
           !(a->l2 < b->l2 || a->l2 > b->l2) && a->l2_auto == b->l2_auto &&
           !(a->dropout < b->dropout || a->dropout > b->dropout) && a->batch == b->batch;
}

void bpnn_choice_apply(const bpnn_choice *c, bpnn_fit_options *fit)
{
    bpnn_train_options *t = &fit->train;
    if (c->set & BPNN_TUNED_HIDDEN)
        fit->hidden = c->hidden;
    if (c->set & BPNN_TUNED_ACTIVATION)
        fit->activation = c->activation;
    if (c->set & BPNN_TUNED_METHOD)
        t->method = c->method;
    if (c->set & BPNN_TUNED_RATE)
        t->rate = c->rate;
    if (c->set & BPNN_TUNED_L2) {
        t->l2 = c->l2_auto ? (double)NAN : c->l2;
        t->l2_auto = c->l2_auto;
    }
    if (c->set & BPNN_TUNED_DROPOUT)
        t->dropout = c->dropout;
    if (c->set & BPNN_TUNED_BATCH)
        t->batch = c->batch;
}
