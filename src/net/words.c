/* The vocabularies of networks: one list each in <bpnn/net.h>, read here by number and by name. */
#include "base/error.h"
#include "base/text.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

#define BPNN_X(id, name, ...) name,
static const char *const activation_words[] = {BPNN_ACTIVATIONS(BPNN_X)};
static const char *const loss_words[] = {BPNN_LOSSES(BPNN_X)};
static const char *const init_words[] = {BPNN_INITIALISERS(BPNN_X)};
#undef BPNN_X
#define BPNN_X(id, name) name,
static const char *const bias_words[] = {BPNN_BIASES(BPNN_X)};
static const char *const reduction_words[] = {BPNN_REDUCTIONS(BPNN_X)};
static const char *const precision_words[] = {BPNN_PRECISIONS(BPNN_X)};
#undef BPNN_X

static const struct {
    const char *const *words;
    int count;
} vocabularies[BPNN_WORDS_COUNT] = {
    [BPNN_WORDS_ACTIVATION] = {activation_words, BPNN_ACT_COUNT},
    [BPNN_WORDS_LOSS] = {loss_words, BPNN_LOSS_COUNT},
    [BPNN_WORDS_BIAS] = {bias_words, BPNN_BIAS_COUNT},
    [BPNN_WORDS_REDUCTION] = {reduction_words, BPNN_REDUCTION_COUNT},
    [BPNN_WORDS_PRECISION] = {precision_words, BPNN_PRECISION_COUNT},
    [BPNN_WORDS_INIT] = {init_words, BPNN_INIT_COUNT},
};

const char *bpnn_word(bpnn_vocabulary vocabulary, int index)
{
    if ((unsigned)vocabulary >= BPNN_WORDS_COUNT || index < 0 || index >= vocabularies[vocabulary].count)
        return NULL;
    return vocabularies[vocabulary].words[index];
}

int bpnn_word_find(bpnn_vocabulary vocabulary, const char *name)
{
    if ((unsigned)vocabulary >= BPNN_WORDS_COUNT || !name)
        return -1;
    for (int i = 0; i < vocabularies[vocabulary].count; i++)
        if (strcmp(vocabularies[vocabulary].words[i], name) == 0)
            return i;
    return -1;
}

/* ---- activations as text ---- */

#define BPNN_X(id, name, initial, has) {initial, has},
static const struct {
    double initial;
    bool has;
} activation_parameters[] = {BPNN_ACTIVATIONS(BPNN_X)};
#undef BPNN_X
#define BPNN_X(id, name, initial, parameter) initial,
static const double loss_parameters[] = {BPNN_LOSSES(BPNN_X)};
#undef BPNN_X

double bpnn__activation_default(bpnn_activation_kind kind)
{
    return activation_parameters[kind].initial;
}

bool bpnn__activation_has_parameter(bpnn_activation_kind kind)
{
    return activation_parameters[kind].has;
}

double bpnn__loss_default(bpnn_loss_kind kind)
{
    return loss_parameters[kind];
}

static bpnn_status unknown_activation(const char *word, bpnn_error *error)
{
    int near = bpnn__nearest_word(word, activation_words, BPNN_ACT_COUNT);
    if (near >= 0)
        return bpnn__fail(error, BPNN_USAGE, "unknown activation '%s'; did you mean '%s'?", word,
                          activation_words[near]);
    return bpnn__fail(error, BPNN_USAGE, "unknown activation '%s'; known: identity, sigmoid, tanh, relu, softmax ..",
                      word);
}

bpnn_status bpnn__activation_parse(const char *text, bpnn_activation *activation, bpnn_error *error)
{
    char word[32];
    size_t size = strcspn(text, "(");
    if (size == 0 || size >= sizeof word)
        return unknown_activation(text, error);
    memcpy(word, text, size);
    word[size] = '\0';
    int kind = bpnn_word_find(BPNN_WORDS_ACTIVATION, word);
    if (kind < 0)
        return unknown_activation(word, error);
    if (kind == BPNN_ACT_USER)
        return bpnn__fail(error, BPNN_USAGE, "activation 'user' needs callbacks: it is for the library alone");
    memset(activation, 0, sizeof *activation);
    activation->kind = (bpnn_activation_kind)kind;
    activation->parameter = activation_parameters[kind].initial;
    if (text[size] == '\0')
        return BPNN_OK;
    size_t end = strlen(text);
    if (!activation_parameters[kind].has)
        return bpnn__fail(error, BPNN_USAGE, "activation '%s' takes no parameter; write '%s'", text, word);
    if (end < size + 3 || text[end - 1] != ')' ||
        !bpnn__parse_double(text + size + 1, end - size - 2, '.', &activation->parameter))
        return bpnn__fail(error, BPNN_USAGE, "activation '%s': expected a number in the brackets, as in '%s(0.2)'",
                          text, word);
    return BPNN_OK;
}

void bpnn__activation_print(const bpnn_activation *activation, char *text, size_t size)
{
    bpnn__text all = {0};
    bpnn__text_add(&all, activation_words[activation->kind]);
    bool plain = !activation_parameters[activation->kind].has || isnan(activation->parameter) ||
                 activation->parameter == activation_parameters[activation->kind].initial;
    if (!plain) {
        bpnn__text_add(&all, "(");
        bpnn__text_add_double(&all, activation->parameter);
        bpnn__text_add(&all, ")");
    }
    if (size > 0) {
        size_t length = all.failed ? 0 : all.size < size ? all.size : size - 1;
        if (length > 0)
            memcpy(text, all.data, length);
        text[length] = '\0';
    }
    bpnn__text_free(&all);
}

/* ---- which losses stand on which output activations: the table of docs/mathematics.md ---- */

static bool is_row_activation(bpnn_activation_kind kind)
{
    return kind == BPNN_ACT_SOFTMAX || kind == BPNN_ACT_LOG_SOFTMAX;
}

bool bpnn__loss_allows(bpnn_loss_kind loss, bpnn_activation_kind activation)
{
    switch (loss) {
    case BPNN_LOSS_MSE:
    case BPNN_LOSS_HALF_MSE:
    case BPNN_LOSS_USER:
        return true;
    case BPNN_LOSS_MAE:
    case BPNN_LOSS_HUBER:
    case BPNN_LOSS_LOG_COSH:
    case BPNN_LOSS_QUANTILE:
        return !is_row_activation(activation);
    case BPNN_LOSS_POISSON:
        return activation == BPNN_ACT_EXP;
    case BPNN_LOSS_BINARY_CROSSENTROPY:
        return activation == BPNN_ACT_SIGMOID;
    case BPNN_LOSS_CROSSENTROPY:
        return is_row_activation(activation);
    case BPNN_LOSS_FOCAL:
        return activation == BPNN_ACT_SOFTMAX || activation == BPNN_ACT_SIGMOID;
    case BPNN_LOSS_HINGE:
        return activation == BPNN_ACT_IDENTITY || activation == BPNN_ACT_TANH;
    case BPNN_LOSS_COUNT:
        break;
    }
    return false;
}

bool bpnn__loss_closed_form(bpnn_loss_kind loss, bpnn_activation_kind activation)
{
    return loss == BPNN_LOSS_POISSON || loss == BPNN_LOSS_BINARY_CROSSENTROPY || loss == BPNN_LOSS_CROSSENTROPY ||
           loss == BPNN_LOSS_FOCAL || is_row_activation(activation);
}
