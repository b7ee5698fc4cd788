/* The rows of the method table. Adding a step method: one file step_NAME.c, one line in STEP_UPDATES, one row here; a whole
 * method: one file whole_NAME.c, its name in descent.h, one row. */
#include "kernel/isa.h"
#include "kernel/scalar.h"
#include "method/method.h"

#include <math.h>
#include <string.h>

/* ---- the compiled updates: X(method) ---- */

#define STEP_UPDATES(X) X(sgd) X(momentum) X(rmsprop) X(adagrad) X(adadelta) X(adam) X(nadam) X(rprop)

#define DECLARE(precision, isa, method)                                                                                \
    void bpnn__f##precision##_update_##method##_##isa(const void *, size_t, void *, const void *, void *const *);

#if defined(__x86_64__)
#define EACH_ISA(X, precision, method)                                                                                 \
    X(precision, scalar, method) X(precision, sse2, method) X(precision, avx2, method) X(precision, avx512, method)
#define UPDATES(precision, method)                                                                                     \
    {                                                                                                                  \
        [BPNN__ISA_SCALAR] = bpnn__f##precision##_update_##method##_scalar,                                            \
        [BPNN__ISA_SSE2] = bpnn__f##precision##_update_##method##_sse2,                                                \
        [BPNN__ISA_AVX2] = bpnn__f##precision##_update_##method##_avx2,                                                \
        [BPNN__ISA_AVX512] = bpnn__f##precision##_update_##method##_avx512,                                            \
    }
#elif defined(__aarch64__)
#define EACH_ISA(X, precision, method) X(precision, scalar, method) X(precision, neon, method)
#define UPDATES(precision, method)                                                                                     \
    {                                                                                                                  \
        [BPNN__ISA_SCALAR] = bpnn__f##precision##_update_##method##_scalar,                                            \
        [BPNN__ISA_NEON] = bpnn__f##precision##_update_##method##_neon,                                                \
    }
#else
#define EACH_ISA(X, precision, method) X(precision, scalar, method)
#define UPDATES(precision, method)                                                                                     \
    {                                                                                                                  \
        [BPNN__ISA_SCALAR] = bpnn__f##precision##_update_##method##_scalar                                             \
    }
#endif

#define DECLARE_BOTH(method) EACH_ISA(DECLARE, 32, method) EACH_ISA(DECLARE, 64, method)
STEP_UPDATES(DECLARE_BOTH)

#define UPDATE_TABLE(method)                                                                                           \
    {                                                                                                                  \
        [BPNN_SINGLE] = UPDATES(32, method), [BPNN_DOUBLE] = UPDATES(64, method)                                       \
    }

/* ---- scalars of one update, in double ---- */

static void prepare_sgd(const bpnn__moment *now, double *c)
{
    c[0] = now->rate;
}

static void prepare_momentum(const bpnn__moment *now, double *c)
{
    c[0] = now->rate;
    c[1] = now->momentum;
    c[2] = now->options[0]; /* nesterov */
}

static void prepare_rmsprop(const bpnn__moment *now, double *c)
{
    c[0] = now->rate;
    c[1] = now->options[0];
    c[2] = 1 - now->options[0];
    c[3] = now->options[1];
}

static void prepare_adagrad(const bpnn__moment *now, double *c)
{
    c[0] = now->rate;
    c[1] = now->options[0];
}

/* memory: b1^t, b2^t */
static void prepare_adam(const bpnn__moment *now, double *c)
{
    const double b1 = now->options[0], b2 = now->options[1];
    now->memory[0] *= b1;
    now->memory[1] *= b2;
    c[0] = now->rate / (1 - now->memory[0]);
    c[1] = 1 / (1 - now->memory[1]);
    c[2] = b1;
    c[3] = 1 - b1;
    c[4] = b2;
    c[5] = 1 - b2;
    c[6] = now->options[2];
}

/* q(t) = b1 (1 - .5 * .96^(.004 t)) */
static double nadam_momentum(double b1, double decay, uint64_t t)
{
    return b1 * (1 - 0.5 * bpnn__pow(0.96, decay * (double)t));
}

/* memory: M = q(1) q(2) .. q(t), b2^t */
static void prepare_nadam(const bpnn__moment *now, double *c)
{
    const double b1 = now->options[0], b2 = now->options[1], decay = now->options[3];
    double q = nadam_momentum(b1, decay, now->t), next = nadam_momentum(b1, decay, now->t + 1);
    now->memory[0] *= q;
    now->memory[1] *= b2;
    c[0] = now->rate * (1 - q) / (1 - now->memory[0]);
    c[1] = now->rate * next / (1 - now->memory[0] * next);
    c[2] = 1 / (1 - now->memory[1]);
    c[3] = b1;
    c[4] = 1 - b1;
    c[5] = b2;
    c[6] = 1 - b2;
    c[7] = now->options[2];
}

static void prepare_rprop(const bpnn__moment *now, double *c)
{
    const double *o = now->options;
    bool minus = o[5] != 0, rose = now->loss > now->previous_loss;
    c[0] = o[1];
    c[1] = o[2];
    c[2] = o[3];
    c[3] = o[4];
    c[4] = !minus && rose;
}

static double rprop_start(size_t k, const double *options)
{
    return k == 2 ? options[0] : 0; /* D_0 */
}

/* ---- options ---- */

#define BELOW_ONE 0.9999999999999999
static const bpnn_method_option sgd_options[] = {{"nesterov", 0, 0, 1, "look-ahead momentum: yes or no"}};
static const bpnn_method_option rmsprop_options[] = {{"rho", 0.99, 0, BELOW_ONE, "decay of the squared gradient"},
                                                     {"eps", 1e-8, 0, 1, "added to the root"}};
static const bpnn_method_option adagrad_options[] = {{"eps", 1e-10, 0, 1, "added to the root"}};
static const bpnn_method_option adadelta_options[] = {{"rho", 0.9, 0, BELOW_ONE, "decay of both averages"},
                                                      {"eps", 1e-6, 1e-30, 1, "inside the roots"}};
static const bpnn_method_option adam_options[] = {{"beta1", 0.9, 0, BELOW_ONE, "decay of the mean gradient"},
                                                  {"beta2", 0.999, 0, BELOW_ONE, "decay of the squared gradient"},
                                                  {"eps", 1e-8, 0, 1, "added to the root"}};
static const bpnn_method_option nadam_options[] = {{"beta1", 0.9, 0, BELOW_ONE, "decay of the mean gradient"},
                                                   {"beta2", 0.999, 0, BELOW_ONE, "decay of the squared gradient"},
                                                   {"eps", 1e-8, 0, 1, "added to the root"},
                                                   {"decay", 0.004, 0, 1, "of the momentum's warm-up"}};
static const bpnn_method_option rprop_options[] = {
    {"start", 0.07, 1e-9, 50, "first step size"},       {"grow", 1.2, 1, 10, "factor while the sign stays"},
    {"shrink", 0.5, 0.01, 1, "factor when it changes"}, {"most", 50, 1e-6, 1e6, "largest step size"},
    {"least", 1e-6, 0, 1, "smallest step size"},        {"minus", 0, 0, 1, "minus: never undo a step (iRprop-)"}};
static const bpnn_method_option lbfgs_options[] = {
    {"memory", 10, 1, 40, "pairs of steps that make the Hessian"},
    {"tol", 1e-6, 0, 1, "stops: largest |gradient|"},
    {"ftol", 1e-10, 0, 1, "stops: relative decrease, five times"},
    {"c2", 0.9, 1e-12, 1, "line search: share of the slope that may stay"}};
static const bpnn_method_option cg_options[] = {{"fr", 0, 0, 1, "fr: Fletcher-Reeves instead of Polak-Ribiere"},
                                                {"tol", 1e-6, 0, 1, "stops: largest |gradient|"},
                                                {"ftol", 1e-10, 0, 1, "stops: relative decrease, five times"},
                                                {"c2", 0.1, 1e-12, 1, "line search: share of the slope that may stay"}};
static const bpnn_method_option scg_options[] = {
    {"tol", 1e-6, 0, 1, "stops: largest |gradient|"},
    {"ftol", 1e-10, 0, 1, "stops: relative decrease, five times"},
    {"sigma", 5e-5, 1e-12, 1, "length of the step that measures curvature"},
    {"lambda", 5e-7, 1e-15, 1e10, "first damping"}};
static const bpnn_method_option lm_options[] = {{"mu", 1e-3, 0, 1e10, "first damping"},
                                                {"marquardt", 0, 0, 1, "marquardt: damping scaled by the curvature"},
                                                {"matlab", 0, 0, 1, "matlab: damping by tens"},
                                                {"tol", 1e-7, 0, 1, "stops: largest |gradient|"},
                                                {"xtol", 1e-10, 0, 1, "stops: step relative to the parameters"},
                                                {"memory", 2, 0, 1e6, "GiB for two matrices of parameters squared"}};
static const bpnn_method_option br_options[] = {{"mu", 5e-3, 0, 1e10, "first damping"},
                                                {"single", 0, 0, 1, "single: one prior for all parameters, as trainbr"},
                                                {"tol", 1e-7, 0, 1, "stops: largest |gradient|"},
                                                {"gamma_tol", 0.01, 0, 1e6, "stops: change of gamma, three times"},
                                                {"ftol", 1e-5, 0, 1, "stops: relative decrease, three times"},
                                                {"memory", 2, 0, 1e6, "GiB for two matrices of parameters squared"}};

#define OPTIONS(list) .option_count = sizeof list / sizeof *list, .options = list

/* ---- the table ---- */

#define NONE ((double)NAN) /* clang takes NAN as a float that grows */

/* A whole method: no rate, no momentum, no state a parameter. */
#define WHOLE(id, text, balances)                                                                                      \
    {                                                                                                                  \
        .info = {.name = #id,                                                                                          \
                 .help = text,                                                                                         \
                 .rate = NONE,                                                                                         \
                 .momentum = NONE,                                                                                     \
                 .full_batch = true,                                                                                   \
                 .whole = true,                                                                                        \
                 .evidence = balances,                                                                                 \
                 OPTIONS(id##_options)},                                                                               \
        .whole = &bpnn__##id                                                                                           \
    }

static const bpnn__method methods[] = {
    {.info = {.name = "adamw",
              .help = "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
              .rate = 0.001,
              .momentum = NONE,
              .l2 = 0.1,
              .state_count = 2,
              OPTIONS(adam_options)},
     .decoupled = true,
     .memory_start = {1, 1},
     .prepare = prepare_adam,
     .update = UPDATE_TABLE(adam)},
    {.info = {.name = "adam",
              .help = "Adam (Kingma & Ba 2015)",
              .rate = 0.001,
              .momentum = NONE,
              .state_count = 2,
              OPTIONS(adam_options)},
     .memory_start = {1, 1},
     .prepare = prepare_adam,
     .update = UPDATE_TABLE(adam)},
    {.info = {.name = "nadam",
              .help = "Adam with Nesterov momentum (Dozat 2016)",
              .rate = 0.002,
              .momentum = NONE,
              .state_count = 2,
              OPTIONS(nadam_options)},
     .memory_start = {1, 1},
     .prepare = prepare_nadam,
     .update = UPDATE_TABLE(nadam)},
    {.info = {.name = "sgd",
              .help = "gradient descent; with --momentum the heavy ball, or Nesterov's",
              .rate = 0.01,
              .momentum = 0,
              .state_count = 1,
              OPTIONS(sgd_options)},
     .steady = true,
     .prepare = prepare_momentum,
     .update = UPDATE_TABLE(momentum)},
    {.info = {.name = "rmsprop",
              .help = "RMSProp (Tieleman & Hinton 2012)",
              .rate = 0.001,
              .momentum = NONE,
              .state_count = 1,
              OPTIONS(rmsprop_options)},
     .steady = true,
     .prepare = prepare_rmsprop,
     .update = UPDATE_TABLE(rmsprop)},
    {.info = {.name = "adagrad",
              .help = "AdaGrad (Duchi, Hazan & Singer 2011)",
              .rate = 0.01,
              .momentum = NONE,
              .state_count = 1,
              OPTIONS(adagrad_options)},
     .steady = true,
     .prepare = prepare_adagrad,
     .update = UPDATE_TABLE(adagrad)},
    {.info = {.name = "adadelta",
              .help = "AdaDelta (Zeiler 2012)",
              .rate = 1,
              .momentum = NONE,
              .state_count = 2,
              OPTIONS(adadelta_options)},
     .steady = true,
     .prepare = prepare_rmsprop,
     .update = UPDATE_TABLE(adadelta)},
    {.info = {.name = "rprop",
              .help = "iRprop+, full batch (Igel & Huesken 2000)",
              .rate = NONE,
              .momentum = NONE,
              .full_batch = true,
              .state_count = 3,
              OPTIONS(rprop_options)},
     .needs_loss = true,
     .state_start = rprop_start,
     .prepare = prepare_rprop,
     .update = UPDATE_TABLE(rprop)},
    WHOLE(lbfgs, "limited-memory BFGS, whole batch (Liu & Nocedal 1989)", false),
    WHOLE(cg, "conjugate gradients, whole batch (Polak & Ribiere 1969)", false),
    WHOLE(scg, "scaled conjugate gradients, whole batch (Moller 1993)", false),
    WHOLE(lm, "Levenberg-Marquardt, for small nets and low noise (Hagan & Menhaj 1994)", false),
    WHOLE(br, "Bayesian regularisation: finds the penalty itself (MacKay 1992)", true),
};

/* sgd without momentum: no state at all */
static const bpnn__method plain_sgd = {
    .info = {.name = "sgd", .help = "gradient descent", .rate = 0.01, .momentum = 0, OPTIONS(sgd_options)},
    .steady = true,
    .plain = true,
    .prepare = prepare_sgd,
    .update = UPDATE_TABLE(sgd)};

/* Names that people bring along. */
static const struct {
    const char *name, *method;
} aliases[] = {{"traingd", "sgd"},   {"traingdm", "sgd"},   {"traingda", "sgd"},   {"traingdx", "sgd"},
               {"trainrp", "rprop"}, {"trainbfg", "lbfgs"}, {"trainoss", "lbfgs"}, {"traincgf", "cg"},
               {"traincgp", "cg"},   {"traincgb", "cg"},    {"trainscg", "scg"},   {"trainlm", "lm"},
               {"trainbr", "br"}};

enum { METHODS = sizeof methods / sizeof *methods, ALIASES = sizeof aliases / sizeof *aliases };

const bpnn__method *bpnn__method_at(size_t index)
{
    return index < METHODS ? &methods[index] : NULL;
}

const bpnn__method *bpnn__method_find(const char *name)
{
    for (size_t i = 0; i < ALIASES; i++)
        if (strcmp(aliases[i].name, name) == 0)
            name = aliases[i].method;
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(methods[i].info.name, name) == 0)
            return &methods[i];
    return NULL;
}

const bpnn__method *bpnn__method_without_momentum(const bpnn__method *method)
{
    return strcmp(method->info.name, "sgd") == 0 ? &plain_sgd : method;
}

const bpnn_method_info *bpnn_method(size_t index)
{
    return index < METHODS ? &methods[index].info : NULL;
}

const bpnn_method_info *bpnn_method_find(const char *name)
{
    const bpnn__method *method = name ? bpnn__method_find(name) : NULL;
    return method ? &method->info : NULL;
}
