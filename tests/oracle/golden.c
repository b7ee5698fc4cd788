#include "oracle/golden.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1 << 16 };

/* The numbers of a line; false unless there are exactly `count`. */
static bool read_numbers(const char *text, double *out, size_t count)
{
    char *end;
    for (size_t i = 0; i < count; i++, text = end) {
        out[i] = strtod(text, &end);
        if (end == text)
            return false;
    }
    while (*text == ' ')
        text++;
    return *text == '\n';
}

static bool read_layer(ref_net *net, const char *text)
{
    char act[24], bias[24];
    double parameter;
    size_t size;
    if (net->depth == REF_LAYERS || sscanf(text, "%zu %23s %lf %23s", &size, act, &parameter, bias) != 4)
        return false;
    size_t m = net->depth++;
    net->n[m + 1] = size;
    net->act[m] = (bpnn_activation_kind)bpnn_word_find(BPNN_WORDS_ACTIVATION, act);
    net->act_parameter[m] = parameter;
    net->bias[m] = (bpnn_bias)bpnn_word_find(BPNN_WORDS_BIAS, bias);
    return size <= REF_UNITS;
}

static bool read_loss(ref_net *net, const char *text)
{
    char loss[24], reduction[24];
    if (sscanf(text, "%23s %lf %23s", loss, &net->loss_parameter, reduction) != 3)
        return false;
    net->loss = (bpnn_loss_kind)bpnn_word_find(BPNN_WORDS_LOSS, loss);
    net->mean = strcmp(reduction, "mean") == 0;
    return true;
}

static bool read_run(golden_run *run, const char *text)
{
    run->setting_count = run->schedule_setting_count = 0;
    return sscanf(text, "%15s %lf %lf %lf %lf %lf %zu %zu %zu %15s", run->method, &run->rate, &run->momentum, &run->l2,
                  &run->l1, &run->clip, &run->batch, &run->epochs, &run->warmup, run->schedule) == 10;
}

static bool read_setting(golden_run *run, const char *text, bpnn_setting *settings, size_t *count, size_t name_base)
{
    if (*count == 4 || sscanf(text, "%15s %lf", run->names[name_base + *count], &settings[*count].value) != 2)
        return false;
    settings[*count].name = run->names[name_base + *count];
    ++*count;
    return true;
}

/* One line about the net. */
static bool read_net_line(golden *g, const char *key, const char *rest)
{
    drawn *d = &g->net;
    ref_net *net = &d->net;
    if (strcmp(key, "net") == 0) {
        net->depth = 0;
        d->weighted = false;
        return sscanf(rest, "%zu", &g->index) == 1;
    }
    if (strcmp(key, "inputs") == 0)
        return sscanf(rest, "%zu", &net->n[0]) == 1;
    if (strcmp(key, "layer") == 0)
        return read_layer(net, rest);
    if (strcmp(key, "loss") == 0)
        return read_loss(net, rest);
    if (strcmp(key, "rows") == 0)
        return sscanf(rest, "%zu", &d->rows) == 1 && d->rows <= DRAW_ROWS;
    if (strcmp(key, "x") == 0)
        return read_numbers(rest, d->x, d->rows * net->n[0]);
    if (strcmp(key, "t") == 0)
        return read_numbers(rest, d->t, d->rows * net->n[net->depth]);
    if (strcmp(key, "w") == 0)
        return read_numbers(rest, d->w, ref_count(net));
    if (strcmp(key, "value") == 0)
        return read_numbers(rest, &g->loss, 1);
    return false;
}

static bool read_line(golden *g, const char *key, const char *rest)
{
    golden_run *run = &g->run;
    if (strcmp(key, "weight") == 0) {
        g->net.weighted = true;
        return read_numbers(rest, g->net.weight, g->net.rows);
    }
    if (strcmp(key, "run") == 0)
        return read_run(run, rest);
    if (strcmp(key, "set") == 0)
        return read_setting(run, rest, run->settings, &run->setting_count, 0);
    if (strcmp(key, "schedule_set") == 0)
        return read_setting(run, rest, run->schedule_settings, &run->schedule_setting_count, 4);
    return read_net_line(g, key, rest);
}

golden_event golden_next(golden *g)
{
    static char line[LINE_BYTES];
    while (fgets(line, sizeof line, g->file)) {
        char key[16];
        int used;
        if (line[0] == '#')
            continue;
        if (sscanf(line, "%15s%n", key, &used) != 1)
            return GOLDEN_BAD;
        size_t count = ref_count(&g->net.net);
        if (strcmp(key, "gradient") == 0)
            return read_numbers(line + used, g->gradient, count) ? GOLDEN_NET : GOLDEN_BAD;
        if (strcmp(key, "after") == 0)
            return read_numbers(line + used, g->run.after, count) ? GOLDEN_RUN : GOLDEN_BAD;
        if (strcmp(key, "end") == 0)
            return GOLDEN_END;
        if (!read_line(g, key, line + used))
            return GOLDEN_BAD;
    }
    return GOLDEN_BAD; /* a file that is cut off */
}
