/* What the interface of networks refuses, each with its words; the caller's own activation and loss; small functions. */
#include "net/net.h"
#include <bpnn.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t done, bad;

static void count(bool good, const char *what, const bpnn_error *error)
{
    done++;
    if (good)
        return;
    bad++;
    printf("%s: status %d, %s\n", what, (int)error->status, error->text);
}

static void refused(bpnn_status status, const bpnn_error *error, const char *piece)
{
    count(status == BPNN_USAGE && error->status == BPNN_USAGE && strstr(error->text, piece), piece, error);
}

/* ---- descriptions ---- */

static double square(double e, void *context)
{
    (void)context;
    return e * e / 2;
}

static double slope(double e, void *context)
{
    return e * (context ? *(const double *)context : 1);
}

static double distance(double y, double t, void *context)
{
    (void)context;
    return (y - t) * (y - t);
}

static double push(double y, double t, void *context)
{
    return 2 * (y - t) * (context ? *(const double *)context : 1);
}

/* What is made wrong of a net with 2 inputs, 3 hidden units and 2 outputs, and what is said. */
#define CHANGES(X)                                                                                                     \
    X(o->struct_size = 1, "call bpnn_net_options_default first")                                                       \
    X(o->inputs = 0, "at least one input")                                                                             \
    X(o->layer_count = 0, "a network has 1 to")                                                                        \
    X(o->layer_count = 100000, "a network has 1 to")                                                                   \
    X(o->layers = NULL, "a network has 1 to")                                                                          \
    X(o->reduction = BPNN_REDUCTION_COUNT, "reduction or precision")                                                   \
    X(o->precision = BPNN_PRECISION_COUNT, "reduction or precision")                                                   \
    X(o->group_rows = 0, "group rows must be")                                                                         \
    X(o->group_rows = SIZE_MAX, "group rows must be")                                                                  \
    X(layers[1].size = 0, "layer 2: a layer has at least one unit")                                                    \
    X(layers[0].bias = BPNN_BIAS_COUNT, "layer 1: no bias mode")                                                       \
    X(layers[0].activation.kind = BPNN_ACT_COUNT, "layer 1: no activation")                                            \
    X(layers[0].activation.kind = BPNN_ACT_SOFTMAX, "layer 1: softmax is for the output layer")                        \
    X(layers[0].activation.kind = BPNN_ACT_LOG_SOFTMAX, "layer 1: log_softmax is for the output layer")                \
    X(layers[0].activation.kind = BPNN_ACT_USER, "layer 1: a user activation needs its value")                         \
    X(layers[0].activation = ((bpnn_activation){BPNN_ACT_ELU, (double)INFINITY, NULL, NULL, NULL}), "not finite")      \
    X(o->loss.kind = BPNN_LOSS_COUNT, "no loss has the number")                                                        \
    X(o->loss.kind = BPNN_LOSS_USER, "a user loss needs")                                                              \
    X(o->loss = ((bpnn_loss){BPNN_LOSS_USER, 0, distance, NULL, NULL}), "a user loss needs")                           \
    X(o->loss.kind = BPNN_LOSS_CROSSENTROPY, "loss crossentropy does not go with")                                     \
    X(o->loss = ((bpnn_loss){BPNN_LOSS_HUBER, 0, NULL, NULL, NULL}), "loss huber: its parameter")                      \
    X(o->loss = ((bpnn_loss){BPNN_LOSS_HUBER, (double)INFINITY, NULL, NULL, NULL}), "loss huber: its parameter")       \
    X(o->loss = ((bpnn_loss){BPNN_LOSS_QUANTILE, 1, NULL, NULL, NULL}), "loss quantile: its parameter")                \
    X(o->loss = ((bpnn_loss){BPNN_LOSS_QUANTILE, -1, NULL, NULL, NULL}), "loss quantile: its parameter")               \
    X((o->loss = (bpnn_loss){BPNN_LOSS_FOCAL, -1, NULL, NULL, NULL}, layers[1].activation.kind = BPNN_ACT_SOFTMAX),    \
      "loss focal: its parameter")                                                                                     \
    X((o->loss = (bpnn_loss){BPNN_LOSS_CROSSENTROPY, 1, NULL, NULL, NULL},                                             \
       layers[1].activation.kind = BPNN_ACT_SOFTMAX),                                                                  \
      "loss crossentropy: its parameter")                                                                              \
    X((o->inputs = (size_t)1 << 40, layers[0].size = (size_t)1 << 40), "at most 2^31 parameters")                      \
    X((o->inputs = 1 << 16, layers[0].size = 1 << 15), "at most 2^31 parameters")

static void descriptions(void)
{
    bpnn_net *net;
    bpnn_error error = {0};
    refused(bpnn_net_new(&net, NULL, &error), &error, "call bpnn_net_options_default first");
#define X(what, piece)                                                                                                 \
    {                                                                                                                  \
        bpnn_layer layers[2] = {{.size = 3, .activation = {.kind = BPNN_ACT_TANH}}, {.size = 2}};                      \
        bpnn_net_options options, *o = &options;                                                                       \
        bpnn_net_options_default(o);                                                                                   \
        o->inputs = 2;                                                                                                 \
        o->layer_count = 2;                                                                                            \
        o->layers = layers;                                                                                            \
        what;                                                                                                          \
        refused(bpnn_net_new(&net, o, &error), &error, piece);                                                         \
    }
    CHANGES(X)
#undef X
}

/* ---- calls ---- */

static bpnn_net *make(bpnn_precision precision, bpnn_activation hidden, bpnn_loss loss)
{
    bpnn_layer layers[2] = {{.size = 3, .activation = hidden}, {.size = 2}};
    bpnn_net *net;
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.inputs = 2;
    o.layer_count = 2;
    o.layers = layers;
    o.precision = precision;
    o.loss = loss;
    if (bpnn_net_new(&net, &o, NULL) != BPNN_OK ||
        bpnn_net_initialise(net, BPNN_INIT_AUTO, (double)NAN, 1, NULL, NULL, NULL) != BPNN_OK)
        return NULL;
    return net;
}

static void calls(void)
{
    static const double x[4] = {1, 2, 3, 4};
    static unsigned char workspace[1 << 16];
    double y[8], *traced[3] = {y, y, y};
    float single[8];
    bpnn_error error = {0};
    bpnn_predictor *predictor;
    bpnn_net *net = make(BPNN_DOUBLE, (bpnn_activation){.kind = BPNN_ACT_TANH}, (bpnn_loss){.kind = BPNN_LOSS_MSE});
    bpnn_matrix rows = bpnn_matrix_of(x, 2, 2), wide = bpnn_matrix_of(x, 1, 4), none = rows, narrow = rows;
    none.data = NULL;
    narrow.stride = 1;
    refused(bpnn_net_forward(net, none, y, &error), &error, "the input matrix has no data");
    refused(bpnn_net_forward(net, wide, y, &error), &error, "the network has 2 inputs");
    refused(bpnn_net_forward(net, narrow, y, &error), &error, "the network has 2 inputs");
    refused(bpnn_net_trace(net, wide, traced, traced, &error), &error, "the network has 2 inputs");
    refused(bpnn_net_gradient(net, rows, none, NULL, NULL, NULL, NULL, &error), &error,
            "as many rows of targets, not 0");
    refused(bpnn_net_gradient(net, rows, wide, NULL, NULL, NULL, NULL, &error), &error,
            "as many rows of targets, not 1");
    refused(bpnn_net_gradient(net, rows, narrow, NULL, NULL, NULL, NULL, &error), &error, "the network has 2 outputs");
    refused(bpnn_net_gradient(net, rows, bpnn_matrix_of(x, 2, 1), NULL, NULL, NULL, NULL, &error), &error,
            "the network has 2 outputs");
    refused(bpnn_net_gradient(net, bpnn_matrix_of(x, 0, 2), bpnn_matrix_of(x, 0, 2), NULL, NULL, NULL, NULL, &error),
            &error, "at least one row");
    refused(bpnn_predictor_new(&predictor, net, "sse9", &error), &error, "sse9");
    refused(bpnn_net_initialise(net, BPNN_INIT_COUNT, 0, 1, NULL, NULL, &error), &error,
            "no initialiser has the number");
    refused(bpnn_net_initialise(net, BPNN_INIT_NORMAL, -1, 1, NULL, NULL, &error), &error,
            "initialiser normal: its parameter");
    refused(bpnn_net_initialise(net, BPNN_INIT_NORMAL, (double)INFINITY, 1, NULL, NULL, &error), &error,
            "initialiser normal: its parameter");
    count(bpnn_predictor_new(&predictor, net, NULL, &error) == BPNN_OK, "a predictor", &error);
    refused(bpnn_predictor_run(predictor, wide, y, BPNN_F64, workspace, sizeof workspace, &error), &error,
            "the network has 2 inputs");
    refused(bpnn_predictor_run(predictor, rows, y, BPNN_U8, workspace, sizeof workspace, &error), &error,
            "float or double");
    refused(bpnn_predictor_run(predictor, rows, y, BPNN_F64, workspace, 8, &error), &error,
            "the workspace has 8 bytes");
    refused(bpnn_predictor_run(predictor, rows, y, BPNN_F64, NULL, sizeof workspace, &error), &error,
            "the workspace has 0 bytes");
    count(bpnn_predictor_run(predictor, rows, single, BPNN_F32, workspace, sizeof workspace, &error) == BPNN_OK &&
              bpnn_predictor_run(predictor, rows, y, BPNN_F64, workspace, sizeof workspace, &error) == BPNN_OK &&
              single[3] == (float)y[3],
          "predictions as float", &error);
    for (size_t size = bpnn_predictor_workspace(predictor, 1), r = 0; r < 40; r++) { /* any size holds some rows */
        double again[8];
        count(bpnn_predictor_run(predictor, rows, again, BPNN_F64, workspace, size + 37 * r, &error) == BPNN_OK &&
                  memcmp(again, y, 4 * sizeof *y) == 0,
              "a workspace of any size", &error);
    }
    count(bpnn_predictor_workspace(predictor, SIZE_MAX / 2) == SIZE_MAX, "a workspace of too many rows", &error);
    count(bpnn_predictor_run(predictor, bpnn_matrix_of(x, 0, 2), y, BPNN_F64, workspace, sizeof workspace, &error) ==
              BPNN_OK,
          "no rows", &error);
    bpnn_predictor_free(predictor);
    bpnn_predictor_free(NULL);
    bpnn_net_free(net);
}

/* Every initialiser: numbers that are finite, and of the spread its name says. */
static void initialisers(void)
{
    double w[64];
    bpnn_error error = {0};
    bpnn_net *net = make(BPNN_DOUBLE, (bpnn_activation){.kind = BPNN_ACT_RELU}, (bpnn_loss){.kind = BPNN_LOSS_MSE});
    for (int kind = 0; kind < BPNN_INIT_COUNT; kind++) {
        double most = 0;
        count(bpnn_net_initialise(net, (bpnn_init_kind)kind, (double)NAN, 1, NULL, NULL, &error) == BPNN_OK,
              "initialise", &error);
        bpnn_net_get_parameters(net, w);
        for (size_t i = 0; i < 6; i++) /* 2 inputs, 3 units: uniform in sqrt(3) times a deviation of at most 1 */
            most = fmax(most, fabs(w[i]));
        count(isfinite(most) && (most == 0) == (kind == BPNN_INIT_ZEROS) && most < 4, bpnn_word(BPNN_WORDS_INIT, kind),
              &error);
    }
    bpnn_net_free(net);
}

/* ---- the caller's functions ---- */

static void user(bpnn_precision precision)
{
    static const double x[4] = {0.1, 0.2, -0.3, 0.4}, t[4] = {1, 2, 3, 4};
    double wrong = 1.5, gradient[64], w[64], up, down, most = 0, h = precision == BPNN_SINGLE ? 1e-2 : 1e-6;
    bpnn_error error = {0};
    bpnn_matrix rows = bpnn_matrix_of(x, 2, 2), targets = bpnn_matrix_of(t, 2, 2);
    bpnn_activation act = {BPNN_ACT_USER, 0, square, slope, NULL};
    bpnn_loss loss = {BPNN_LOSS_USER, 0, distance, push, NULL};
    bpnn_net *net = make(precision, act, loss);
    count(bpnn_net_check_user(net, 100, 3, &error) == BPNN_OK, "right derivatives", &error);
    count(bpnn_net_gradient(net, rows, targets, NULL, NULL, gradient, NULL, &error) == BPNN_OK, "a gradient", &error);
    bpnn_net_get_parameters(net, w);
    for (size_t i = 0; i < bpnn_net_parameter_count(net); i++) {
        double at = w[i];
        w[i] = at + h;
        bpnn_net_set_parameters(net, w);
        bpnn_net_gradient(net, rows, targets, NULL, &up, NULL, NULL, &error);
        w[i] = at - h;
        bpnn_net_set_parameters(net, w);
        bpnn_net_gradient(net, rows, targets, NULL, &down, NULL, NULL, &error);
        w[i] = at;
        most = fmax(most, fabs((up - down) / (2 * h) - gradient[i]));
    }
    count(most < (precision == BPNN_SINGLE ? 2e-2 : 1e-7), "the gradient of user functions", &error);
    bpnn_net_free(net);
    act.context = &wrong;
    net = make(precision, act, loss);
    refused(bpnn_net_check_user(net, 100, 3, &error), &error, "layer 1: the derivative of the user activation is off");
    bpnn_net_free(net);
    act.context = NULL;
    loss.context = &wrong;
    net = make(precision, act, loss);
    refused(bpnn_net_check_user(net, 100, 3, &error), &error, "the derivative of the user loss is off");
    bpnn_net_free(net);
    act.derivative = NULL;
    net = make(precision, act, loss);
    refused(bpnn_net_gradient(net, rows, targets, NULL, NULL, gradient, NULL, &error), &error,
            "the user activation has no derivative");
    refused(bpnn_net_check_user(net, 1, 1, &error), &error, "the user activation has no derivative");
    bpnn_net_free(net);
    net = make(precision, (bpnn_activation){.kind = BPNN_ACT_THRESHOLD}, (bpnn_loss){.kind = BPNN_LOSS_MSE});
    refused(bpnn_net_gradient(net, rows, targets, NULL, NULL, gradient, NULL, &error), &error,
            "threshold has no slope");
    bpnn_net_free(net);
}

/* ---- words and numbers ---- */

static void activation(const char *text, const char *piece)
{
    bpnn_activation a;
    bpnn_error error = {0};
    refused(bpnn__activation_parse(text, &a, &error), &error, piece);
}

static void words(void)
{
    bpnn_error error = {.status = BPNN_DATA, .text = "what"};
    char small[8];
    activation("", "unknown activation ''");
    activation("a word that no activation will ever have", "unknown activation");
    activation("tanhh", "did you mean 'tanh'");
    activation("zzzzzzz", "known: identity");
    activation("user", "needs callbacks");
    activation("tanh(2)", "takes no parameter");
    activation("elu(", "expected a number");
    activation("elu(2", "expected a number");
    activation("elu(x)", "expected a number");
    count(!bpnn_word(BPNN_WORDS_COUNT, 0) && !bpnn_word(BPNN_WORDS_LOSS, -1) &&
              !bpnn_word(BPNN_WORDS_LOSS, BPNN_LOSS_COUNT),
          "no such word", &error);
    count(bpnn_word_find(BPNN_WORDS_COUNT, "tanh") == -1 && bpnn_word_find(BPNN_WORDS_LOSS, NULL) == -1,
          "no such vocabulary", &error);
    count(strcmp(bpnn_status_name(BPNN_DIVERGED), "diverged") == 0 &&
              strcmp(bpnn_status_name((bpnn_status)99), "unknown") == 0,
          "status", &error);
    count(strcmp(bpnn_version(), BPNN_VERSION_TEXT) == 0, "version", &error);
    count(strcmp(bpnn_error_message(&error, small, sizeof small), "what") == 0, "a message", &error);
    snprintf(error.file, sizeof error.file, "a file with a long name");
    count(strcmp(bpnn_error_message(&error, small, sizeof small), "a file ") == 0, "a message cut off", &error);
    small[0] = 'x';
    count(bpnn_error_message(&error, small, 0) == small && small[0] == 'x', "a message without room", &error);
}

/* Multiply-adds of every row of this machine: some number, and none of a row that is not there. */
static void speeds(void)
{
    static const char *const isas[] = {"scalar", "sse2", "avx2", "avx512", "neon"};
    bpnn_error error = {0};
    size_t rows = 0;
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        for (int precision = 0; precision < BPNN_PRECISION_COUNT; precision++)
            rows += bpnn_multiply_adds(isas[i], (bpnn_precision)precision, 10) > 0;
    count(rows >= BPNN_PRECISION_COUNT && rows % BPNN_PRECISION_COUNT == 0, "rows", &error);
    count(bpnn_multiply_adds("auto", BPNN_SINGLE, 10) == bpnn_multiply_adds(bpnn_isa_name(), BPNN_SINGLE, 10), "auto",
          &error);
    count(bpnn_multiply_adds("sse9", BPNN_SINGLE, 10) == 0 && bpnn_multiply_adds("auto", BPNN_PRECISION_COUNT, 10) == 0,
          "no such row", &error);
}

int main(void)
{
    descriptions();
    calls();
    initialisers();
    user(BPNN_SINGLE);
    user(BPNN_DOUBLE);
    words();
    speeds();
    printf("contract of networks: %zu done, %zu bad\n", done, bad);
    return bad != 0;
}
