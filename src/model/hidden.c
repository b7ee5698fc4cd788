/* Hidden layers from their text. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/model.h"
#include "net/net.h"

#include <math.h>
#include <string.h>

enum { MOST_HIDDEN = 1023, WORD = 64 };

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && (**text == ' ' || **text == '\t')) {
        ++*text;
        --*size;
    }
    while (*size > 0 && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\t'))
        --*size;
}

static bpnn_status parse_size(const char *text, size_t size, size_t *units, bpnn_error *error)
{
    uint64_t number;
    trim(&text, &size);
    if (!bpnn__parse_u64(text, size, &number) || number < 1 || number > INT32_MAX)
        return bpnn__fail(error, BPNN_USAGE,
                          "hidden layers: expected sizes as in '64,32' or '64:relu,32:tanh', each at least 1");
    *units = (size_t)number;
    return BPNN_OK;
}

/* One of "64" and "64:relu"; `activation` where it names none. */
static bpnn_status parse_layer(const char *text, size_t size, const char *activation, bpnn_layer *layer,
                               bpnn_error *error)
{
    const char *colon = memchr(text, ':', size);
    char word[WORD];
    bpnn_status status = parse_size(text, colon ? (size_t)(colon - text) : size, &layer->size, error);
    if (status != BPNN_OK || !colon)
        return status == BPNN_OK ? bpnn__activation_parse(activation, &layer->activation, error) : status;
    const char *name = colon + 1;
    size_t length = size - (size_t)(name - text);
    trim(&name, &length);
    if (length == 0 || length >= WORD)
        return bpnn__fail(error, BPNN_USAGE, "hidden layers: expected an activation behind ':', as in '64:relu'");
    memcpy(word, name, length);
    word[length] = '\0';
    return bpnn__activation_parse(word, &layer->activation, error);
}

static size_t count_layers(const char *hidden)
{
    size_t count = hidden[0] != '\0';
    for (; *hidden; hidden++)
        count += *hidden == ',';
    return count;
}

bpnn_status bpnn__hidden_parse(const char *hidden, const char *activation, const char *standard, bpnn_bias bias,
                               bpnn_layer **layers, size_t *count, bpnn_error *error)
{
    bpnn_status status = BPNN_OK;
    hidden += strspn(hidden, " \t");
    *count = count_layers(hidden);
    *layers = NULL;
    if (*count > MOST_HIDDEN)
        return bpnn__fail(error, BPNN_USAGE, "hidden layers: at most %d", MOST_HIDDEN);
    *layers = bpnn__alloc(*count + 1, sizeof **layers);
    if (!*layers)
        return bpnn__fail_memory(error);
    for (size_t i = 0; i < *count && status == BPNN_OK; i++) {
        size_t size = strcspn(hidden, ",");
        status = parse_layer(hidden, size, activation ? activation : standard, &(*layers)[i], error);
        (*layers)[i].bias = bias;
        hidden += size + 1;
    }
    if (status != BPNN_OK) {
        bpnn__free(*layers);
        *layers = NULL;
    }
    return status;
}
