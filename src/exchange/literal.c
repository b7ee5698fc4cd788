#include "exchange/literal.h"
#include "net/net.h"

#include <string.h>

static const bpnn__style numbers = {"", "NaN", "Infinity", "-Infinity", 8}; /* models hold finite numbers alone */

/* ---- texts ---- */

static void put_hex(bpnn__text *to, const char *prefix, uint32_t value, int digits)
{
    static const char hex[] = "0123456789abcdef";
    bpnn__text_add(to, prefix);
    for (int i = digits - 1; i >= 0; i--)
        bpnn__text_add_bytes(to, &hex[value >> (4 * i) & 15], 1);
}

static bool is_plain(uint32_t c)
{
    return c < 128 && c != 0 &&
           ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(" _-.()", (int)c));
}

void bpnn__put_string(bpnn__text *to, const bpnn__literals *style, const char *text)
{
    bpnn__text_add(to, "\"");
    while (*text) {
        const char *from = text;
        uint32_t c = bpnn__next_character(&text);
        if (is_plain(c)) {
            bpnn__text_add_bytes(to, from, 1);
        } else if (c < 0x10000) {
            put_hex(to, "\\u", c, 4);
        } else if (style->pairs) {
            put_hex(to, "\\u", 0xd800 + ((c - 0x10000) >> 10), 4);
            put_hex(to, "\\u", 0xdc00 + ((c - 0x10000) & 0x3ff), 4);
        } else {
            put_hex(to, "\\U", c, 8);
        }
    }
    bpnn__text_add(to, "\"");
}

static void put_strings(bpnn__text *to, const bpnn__literals *style, char *const *texts, size_t count)
{
    bpnn__text_add(to, "[");
    for (size_t i = 0; i < count; i++) {
        bpnn__text_add(to, i ? ", " : "");
        bpnn__put_string(to, style, texts[i]);
    }
    bpnn__text_add(to, "]");
}

/* ---- columns ---- */

static void put_feature(bpnn__text *to, const bpnn__literals *style, const bpnn__feature *f)
{
    bpnn__text_add(to, "    {\"name\": ");
    bpnn__put_string(to, style, f->name);
    bpnn__text_add(to, ", \"levels\": ");
    if (f->categorical)
        put_strings(to, style, f->levels, f->level_count);
    else
        bpnn__text_add(to, style->none);
    bpnn__put(to, ", \"missing\": %s},\n", (f->categorical ? f->missing_level : f->indicator) ? style->yes : style->no);
}

#define BPNN_X(id, name) name,
static const char *const tasks[] = {BPNN_TASKS(BPNN_X)};
#undef BPNN_X

static void put_columns(bpnn__text *to, const bpnn__literals *style, const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    bpnn__put(to, "%sTASK = \"%s\"%s\n%sFEATURES = [\n", style->declare, tasks[s->task], style->end, style->declare);
    for (size_t f = 0; f < s->feature_count; f++)
        put_feature(to, style, &s->features[f]);
    bpnn__put(to, "]%s\n%sOUTPUTS = ", style->end, style->declare);
    put_strings(to, style, bpnn__value_names(model), bpnn__value_count(model));
    bpnn__put(to, "%s\n%sREFUSE_MISSING = %s%s\n", style->end, style->declare,
              s->missing == BPNN_MISSING_ERROR ? style->yes : style->no, style->end);
}

/* ---- members ---- */

static void put_list(bpnn__text *to, const char *key, const double *values, size_t count)
{
    bpnn__put(to, "     \"%s\": [", key);
    bpnn__put_numbers(to, &numbers, false, values, count);
    bpnn__text_add(to, "],\n");
}

static void put_parameter(bpnn__text *to, const bpnn_net *net, double value)
{
    bpnn__put_number(to, &numbers, net->precision == BPNN_SINGLE, value);
}

static void put_weight(bpnn__text *to, const bpnn_net *net, size_t m)
{
    size_t in = bpnn__net_size(net, m - 1), out = bpnn__net_size(net, m);
    for (size_t j = 0; j < in; j++) {
        bpnn__text_add(to, j ? ",\n      [" : "[");
        for (size_t i = 0; i < out; i++) {
            bpnn__text_add(to, i == 0 ? "" : i % numbers.width ? ", " : ",\n       ");
            put_parameter(to, net, bpnn__weight_of(net, m, j, i));
        }
        bpnn__text_add(to, "]");
    }
}

static void put_bias(bpnn__text *to, const bpnn_net *net, size_t m)
{
    bpnn__text_add(to, "[");
    for (size_t i = 0; i < bpnn__net_size(net, m); i++) {
        bpnn__text_add(to, i == 0 ? "" : i % numbers.width ? ", " : ",\n       ");
        put_parameter(to, net, bpnn__bias_of(net, m, i));
    }
    bpnn__text_add(to, "]");
}

static void put_member(bpnn__text *to, const bpnn_model *member)
{
    const bpnn__schema *s = &member->schema;
    bpnn__text_add(to, "    {\"fill\": [");
    for (size_t f = 0; f < s->feature_count; f++) {
        bpnn__text_add(to, f ? ", " : "");
        bpnn__put_number(to, &numbers, false, s->features[f].categorical ? 0 : s->features[f].fill);
    }
    bpnn__text_add(to, "],\n");
    put_list(to, "mean", s->mean, s->width);
    put_list(to, "scale", s->scale, s->width);
    if (s->task == BPNN_TASK_REGRESSION) {
        put_list(to, "target_mean", s->target_mean, s->target_count);
        put_list(to, "target_scale", s->target_scale, s->target_count);
    }
    bpnn__text_add(to, "     \"weight\": [");
    for (size_t m = 1; m <= member->net->depth; m++) {
        bpnn__text_add(to, m > 1 ? ",\n      [" : "[");
        put_weight(to, member->net, m);
        bpnn__text_add(to, "]");
    }
    bpnn__text_add(to, "],\n     \"bias\": [");
    for (size_t m = 1; m <= member->net->depth; m++) {
        bpnn__text_add(to, m > 1 ? ",\n      " : "");
        put_bias(to, member->net, m);
    }
    bpnn__text_add(to, "]},\n");
}

void bpnn__put_literals(bpnn__text *to, const bpnn__literals *style, const bpnn_model *model)
{
    put_columns(to, style, model);
    bpnn__put(to, "%sMEMBERS = [\n", style->declare);
    for (size_t k = 0; k < bpnn_model_members(model); k++)
        put_member(to, bpnn_model_member(model, k));
    bpnn__put(to, "]%s\n", style->end);
}
