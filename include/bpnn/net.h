/* A network: shape, activations, loss, parameters, forward pass, gradient.
 *
 * Notation (docs/mathematics.md): D layers with weights, s_0 inputs, s_m units in layer m = 1..D,
 *   e^m = y^{m-1} w^m + b^m,   y^m = Act_m(e^m),   w^m is s_{m-1} x s_m, row-major.
 * In the arrays of this header layer m stands at index m - 1. */
#ifndef BPNN_NET_H
#define BPNN_NET_H

#include <bpnn/matrix.h>
#include <bpnn/status.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- vocabularies: one list each; the name is the same in the program, in JSON and in files ---- */

/* X(ENUM, "name", default parameter or 0, has a parameter) */
#define BPNN_ACTIVATIONS(X)                                                                                            \
    X(IDENTITY, "identity", 0, 0)         /* e */                                                                      \
    X(SIGMOID, "sigmoid", 0, 0)           /* 1 / (1 + exp(-e)) */                                                      \
    X(TANH, "tanh", 0, 0)                 /* tanh e */                                                                 \
    X(RELU, "relu", 0, 0)                 /* e < 0 ? 0 : e */                                                          \
    X(LEAKY_RELU, "leaky_relu", 0.01, 1)  /* e < 0 ? p e : e */                                                        \
    X(ELU, "elu", 1, 1)                   /* e < 0 ? p expm1(e) : e */                                                 \
    X(SELU, "selu", 0, 0)                 /* 1.0507.. (e < 0 ? 1.6732.. expm1(e) : e) */                               \
    X(GELU, "gelu", 0, 0)                 /* e (1 + erf(e / sqrt 2)) / 2 */                                            \
    X(GELU_TANH, "gelu_tanh", 0, 0)       /* e (1 + tanh(sqrt(2/pi) (e + 0.044715 e^3))) / 2 */                        \
    X(SILU, "silu", 0, 0)                 /* e sigmoid(e) */                                                           \
    X(MISH, "mish", 0, 0)                 /* e tanh(softplus(e)) */                                                    \
    X(SOFTPLUS, "softplus", 0, 0)         /* log(1 + exp e) */                                                         \
    X(SOFTSIGN, "softsign", 0, 0)         /* e / (1 + |e|) */                                                          \
    X(ELLIOT, "elliot", 0, 0)             /* e / (2 (1 + |e|)) + 1/2 */                                                \
    X(HARD_SIGMOID, "hard_sigmoid", 0, 0) /* clip(e / 5 + 1/2, 0, 1) */                                                \
    X(HARD_TANH, "hard_tanh", 0, 0)       /* clip(e, -1, 1) */                                                         \
    X(RELU6, "relu6", 0, 0)               /* clip(e, 0, 6) */                                                          \
    X(GAUSSIAN, "gaussian", 0, 0)         /* exp(-e^2) */                                                              \
    X(SIN, "sin", 0, 0)                                                                                                \
    X(COS, "cos", 0, 0)                                                                                                \
    X(EXP, "exp", 0, 0)                                                                                                \
    X(SOFTMAX, "softmax", 0, 0)         /* over the row; output layer only */                                          \
    X(LOG_SOFTMAX, "log_softmax", 0, 0) /* over the row; output layer only */                                          \
    X(THRESHOLD, "threshold", 0, 0)     /* e < 0 ? 0 : 1; prediction only */                                           \
    X(USER, "user", 0, 0)               /* the caller's value and derivative */

/* X(ENUM, "name", default parameter or 0, "name of the parameter" or NULL) */
#define BPNN_LOSSES(X)                                                                                                 \
    X(MSE, "mse", 0, NULL)                                 /* (y - t)^2 */                                             \
    X(HALF_MSE, "half_mse", 0, NULL)                       /* (y - t)^2 / 2 */                                         \
    X(MAE, "mae", 0, NULL)                                 /* |y - t| */                                               \
    X(HUBER, "huber", 1, "delta")                          /* quadratic inside delta, linear outside */                \
    X(LOG_COSH, "log_cosh", 0, NULL)                       /* log cosh(y - t) */                                       \
    X(QUANTILE, "quantile", 0.5, "q")                      /* max(q (t-y), (q-1)(t-y)) */                              \
    X(POISSON, "poisson", 0, NULL)                         /* exp(e) - t e; output exp */                              \
    X(BINARY_CROSSENTROPY, "binary_crossentropy", 0, NULL) /* output sigmoid */                                        \
    X(CROSSENTROPY, "crossentropy", 0, "smoothing")        /* output softmax or log_softmax */                         \
    X(FOCAL, "focal", 2, "gamma")                          /* -(1-p)^gamma t log p; output softmax or sigmoid */       \
    X(HINGE, "hinge", 0, NULL)                             /* max(0, 1 - t y); output identity or tanh */              \
    X(USER, "user", 0, NULL)                               /* the caller's value and derivative */

#define BPNN_BIASES(X)                                                                                                 \
    X(NEURON, "neuron") /* one bias a unit */                                                                          \
    X(SHARED, "shared") /* one trainable scalar a layer */                                                             \
    X(NONE, "none")

#define BPNN_REDUCTIONS(X)                                                                                             \
    X(MEAN, "mean") /* the batch's loss is divided by its rows */                                                      \
    X(SUM, "sum")   /* the derivation's L */

#define BPNN_PRECISIONS(X)                                                                                             \
    X(SINGLE, "single")                                                                                                \
    X(DOUBLE, "double")

/* X(ENUM, "name", default parameter or 0, has a parameter) */
#define BPNN_INITIALISERS(X)                                                                                           \
    X(AUTO, "auto", 0, 0) /* he for the relu family, else glorot; docs/methods.md */                                   \
    X(GLOROT, "glorot", 0, 0)                                                                                          \
    X(HE, "he", 0, 0)                                                                                                  \
    X(LECUN, "lecun", 0, 0)                                                                                            \
    X(GLOROT_NORMAL, "glorot_normal", 0, 0)                                                                            \
    X(HE_NORMAL, "he_normal", 0, 0)                                                                                    \
    X(LECUN_NORMAL, "lecun_normal", 0, 0)                                                                              \
    X(NGUYEN_WIDROW, "nguyen_widrow", 0, 0)                                                                            \
    X(UNIFORM, "uniform", 0.1, 1) /* U(-p, p), biases too */                                                           \
    X(NORMAL, "normal", 0.1, 1)   /* N(0, p^2), biases too */                                                          \
    X(ZEROS, "zeros", 0, 0)

#define BPNN_X(id, ...) BPNN_ACT_##id,
typedef enum bpnn_activation_kind { BPNN_ACTIVATIONS(BPNN_X) BPNN_ACT_COUNT } bpnn_activation_kind;
#undef BPNN_X
#define BPNN_X(id, ...) BPNN_LOSS_##id,
typedef enum bpnn_loss_kind { BPNN_LOSSES(BPNN_X) BPNN_LOSS_COUNT } bpnn_loss_kind;
#undef BPNN_X
#define BPNN_X(id, ...) BPNN_BIAS_##id,
typedef enum bpnn_bias { BPNN_BIASES(BPNN_X) BPNN_BIAS_COUNT } bpnn_bias;
#undef BPNN_X
#define BPNN_X(id, ...) BPNN_REDUCTION_##id,
typedef enum bpnn_reduction { BPNN_REDUCTIONS(BPNN_X) BPNN_REDUCTION_COUNT } bpnn_reduction;
#undef BPNN_X
#define BPNN_X(id, ...) BPNN_##id,
typedef enum bpnn_precision { BPNN_PRECISIONS(BPNN_X) BPNN_PRECISION_COUNT } bpnn_precision;
#undef BPNN_X
#define BPNN_X(id, ...) BPNN_INIT_##id,
typedef enum bpnn_init_kind { BPNN_INITIALISERS(BPNN_X) BPNN_INIT_COUNT } bpnn_init_kind;
#undef BPNN_X

/* The kinds of words that bpnn_word and bpnn_word_find know. */
typedef enum bpnn_vocabulary {
    BPNN_WORDS_ACTIVATION,
    BPNN_WORDS_LOSS,
    BPNN_WORDS_BIAS,
    BPNN_WORDS_REDUCTION,
    BPNN_WORDS_PRECISION,
    BPNN_WORDS_INIT,
    BPNN_WORDS_COUNT
} bpnn_vocabulary;

/* Name of entry `index` of a vocabulary, NULL past its end. Static text. Thread-safe. */
BPNN_API const char *bpnn_word(bpnn_vocabulary vocabulary, int index);

/* The entry whose name is `name`, or -1. Thread-safe. */
BPNN_API int bpnn_word_find(bpnn_vocabulary vocabulary, const char *name);

/* ---- descriptions ---- */

/* An activation. `parameter` is used by the kinds that have one (NAN = its default).
 * value and derivative are for BPNN_ACT_USER alone: called for each element, from any thread;
 * derivative may be NULL where the network is only applied. */
typedef struct bpnn_activation {
    bpnn_activation_kind kind;
    double parameter;
    double (*value)(double e, void *context);
    double (*derivative)(double e, void *context);
    void *context;
} bpnn_activation;

/* A loss l(y, t), summed over the outputs of a row. `parameter` as in the list (NAN = default).
 * value and derivative (dl/dy) are for BPNN_LOSS_USER: called for each output. */
typedef struct bpnn_loss {
    bpnn_loss_kind kind;
    double parameter;
    double (*value)(double y, double t, void *context);
    double (*derivative)(double y, double t, void *context);
    void *context;
} bpnn_loss;

/* One layer m: size s_m >= 1. */
typedef struct bpnn_layer {
    size_t size;
    bpnn_activation activation;
    bpnn_bias bias;
} bpnn_layer;

/* What a network is. Set by bpnn_net_options_default, then changed. */
typedef struct bpnn_net_options {
    size_t struct_size;       /* sizeof(bpnn_net_options) of the caller */
    size_t inputs;            /* s_0 >= 1 */
    size_t layer_count;       /* D >= 1 */
    const bpnn_layer *layers; /* D of them; copied */
    bpnn_loss loss;
    bpnn_reduction reduction;
    bpnn_precision precision; /* of the parameters and of all computing with them */
    size_t group_rows;        /* rows of one summation group, 1..2^20, default 1024; changes the bits */
} bpnn_net_options;

/* struct_size, no layers, mse, mean, single, 1024. */
BPNN_API void bpnn_net_options_default(bpnn_net_options *options);

/* ---- the network ---- */

/* A network with parameters. Const functions may run at the same time from many threads. */
typedef struct bpnn_net bpnn_net;

/* A new network, all parameters zero; *net is NULL on failure. USAGE: a description that cannot be
 * (softmax inside, a loss that does not go with the output activation, sizes out of range). */
BPNN_API bpnn_status bpnn_net_new(bpnn_net **net, const bpnn_net_options *options, bpnn_error *error);
BPNN_API bpnn_status bpnn_net_clone(bpnn_net **copy, const bpnn_net *net, bpnn_error *error);
BPNN_API void bpnn_net_free(bpnn_net *net); /* NULL is fine */

/* The description. Its `layers` belongs to the net and lives as long as it does. */
BPNN_API bpnn_net_options bpnn_net_describe(const bpnn_net *net);

/* Number of parameters: all w and b in seed form, i.e. w^1 row-major, b^1, w^2, b^2, ..
 * (b^m has s_m numbers, one when shared, none when absent). */
BPNN_API size_t bpnn_net_parameter_count(const bpnn_net *net);

/* Where w^m (m = 1..D) begins in seed form, and where b^m does. */
BPNN_API size_t bpnn_net_weight_offset(const bpnn_net *net, size_t m);
BPNN_API size_t bpnn_net_bias_offset(const bpnn_net *net, size_t m);

/* Copies all parameters out (exact) or in (rounded to the net's precision), in seed form. */
BPNN_API void bpnn_net_get_parameters(const bpnn_net *net, double *out);
BPNN_API void bpnn_net_set_parameters(bpnn_net *net, const double *in);

/* Draws initial parameters: a function of (kind, seed, element) alone. `parameter` NAN = default.
 * input_min and input_max (s_0 numbers each) are the training range of every input, used by
 * nguyen_widrow alone; NULL = [-1, 1]. */
BPNN_API bpnn_status bpnn_net_initialise(bpnn_net *net, bpnn_init_kind kind, double parameter, uint64_t seed,
                                         const double *input_min, const double *input_max, bpnn_error *error);

/* ---- forward pass and gradient without a trainer: convenient, allocates its own workspace ---- */

/* y^D of every row of X (n x s_0) into `outputs`, n x s_D doubles, row-major. */
BPNN_API bpnn_status bpnn_net_forward(const bpnn_net *net, bpnn_matrix inputs, double *outputs, bpnn_error *error);

/* The recording forward pass: preacts[m-1] receives e^m, outputs[m-1] y^m (n x s_m doubles each);
 * either array, and any of its entries, may be NULL. */
BPNN_API bpnn_status bpnn_net_trace(const bpnn_net *net, bpnn_matrix inputs, double *const *preacts,
                                    double *const *outputs, bpnn_error *error);

/* L and its derivatives at the present parameters, over all rows. targets: n x s_D numbers, or one
 * column of class indices 0..s_D-1 when s_D > 1 and the loss is crossentropy or focal; NaN = no
 * target. row_weights: n numbers or NULL for all 1, used as given. *loss, gradient (seed form,
 * parameter_count doubles) and input_gradient (dL/dX, n x s_0 doubles) may each be NULL. */
BPNN_API bpnn_status bpnn_net_gradient(const bpnn_net *net, bpnn_matrix inputs, bpnn_matrix targets,
                                       const double *row_weights, double *loss, double *gradient,
                                       double *input_gradient, bpnn_error *error);

/* Compares the derivative callbacks of user activations and losses of `net` with central
 * differences at `points` places in [-range, range]; USAGE names the first that is off by more
 * than 1e-5 relative. */
BPNN_API bpnn_status bpnn_net_check_user(const bpnn_net *net, size_t points, double range, bpnn_error *error);

/* ---- applying a network quickly: an immutable packed copy and the caller's workspace ---- */

/* Immutable after creation: any number of threads may predict with one at the same time. */
typedef struct bpnn_predictor bpnn_predictor;

/* isa: NULL or "auto" = the best of this machine; else "scalar", "avx2", .. The net is copied. */
BPNN_API bpnn_status bpnn_predictor_new(bpnn_predictor **predictor, const bpnn_net *net, const char *isa,
                                        bpnn_error *error);
BPNN_API void bpnn_predictor_free(bpnn_predictor *predictor);

/* Bytes of workspace for calls of up to `rows` rows (more rows are done in blocks of that many). */
BPNN_API size_t bpnn_predictor_workspace(const bpnn_predictor *predictor, size_t rows);

/* y^D of every row into outputs (n x s_D, float or double by `dtype`). workspace: at least
 * bpnn_predictor_workspace(predictor, rows) bytes for some rows >= 1, of any alignment. No allocation. */
BPNN_API bpnn_status bpnn_predictor_run(const bpnn_predictor *predictor, bpnn_matrix inputs, void *outputs,
                                        bpnn_dtype dtype, void *workspace, size_t workspace_size, bpnn_error *error);

/* ---- the machine ---- */

/* Multiply-adds in registers, none waiting for another: `rounds` times 12 vectors of an instruction set (NULL or "auto" = the best)
 * and precision. Returns the floating-point operations that were done, two a multiply-add; 0 = no such instruction set here.
 * Timed by the caller this is one core's peak. Thread-safe. */
BPNN_API double bpnn_multiply_adds(const char *isa, bpnn_precision precision, uint64_t rounds);

#ifdef __cplusplus
}
#endif

#endif
