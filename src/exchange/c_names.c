/* Names from the data in C. They are hostile: every byte but letters, digits, blank, _ and - leaves as an octal escape (three
 * digits, so that nothing behind it can join), and long ones as lists of numbers, for C99 promises only 4095 bytes a text. */
#include "exchange/c.h"

#include <string.h>

enum { LONGEST = 1000 };

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == ' ';
}

static void put_quoted(bpnn__text *to, const char *name)
{
    bpnn__text_add(to, "\"");
    for (const char *c = name; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        char escape[] = {'\\', (char)('0' + (byte >> 6)), (char)('0' + (byte >> 3 & 7)), (char)('0' + (byte & 7))};
        if (is_plain(byte))
            bpnn__text_add_bytes(to, c, 1);
        else
            bpnn__text_add_bytes(to, escape, sizeof escape);
    }
    bpnn__text_add(to, "\"");
}

/* "static const char NAME_k[] = {104, ..};" for those that are too long to quote */
static void put_long(bpnn__text *to, const char *array, size_t k, const char *name)
{
    if (strlen(name) <= LONGEST)
        return;
    bpnn__put(to, "static const char %s_%zu[] = {\n    ", array, k);
    for (size_t i = 0; name[i]; i++) {
        unsigned char byte = (unsigned char)name[i];
        bpnn__put(to, byte < 128 ? "%s%zu," : "%s(char)%zu,", i % 24 == 23 ? "\n    " : "", (size_t)byte);
    }
    bpnn__text_add(to, "0};\n");
}

static void put_name(bpnn__text *to, const char *array, size_t k, const char *name)
{
    bpnn__text_add(to, "\n    ");
    if (strlen(name) <= LONGEST)
        put_quoted(to, name);
    else
        bpnn__put(to, "%s_%zu", array, k);
    bpnn__text_add(to, ",");
}

static void put_list(bpnn__text *to, const char *array, const char *storage, char *const *names, size_t count)
{
    for (size_t k = 0; k < count; k++)
        put_long(to, array, k, names[k]);
    bpnn__put(to, "%sconst char *const %s[] = {", storage, array);
    for (size_t k = 0; k < count; k++)
        put_name(to, array, k, names[k]);
    bpnn__text_add(to, "\n    0};\n\n");
}

static void put_inputs(bpnn__text *to, const bpnn__schema *s)
{
    for (size_t f = 0; f < s->feature_count; f++)
        put_long(to, "model_inputs", f, s->features[f].name);
    bpnn__text_add(to, "const char *const model_inputs[] = {");
    for (size_t f = 0; f < s->feature_count; f++)
        put_name(to, "model_inputs", f, s->features[f].name);
    bpnn__text_add(to, "\n    0};\n\n");
}

static void put_levels(bpnn__text *to, const bpnn__schema *s)
{
    for (size_t f = 0; f < s->feature_count; f++) {
        bpnn__text array = {0};
        bpnn__put(&array, "levels_%zu", f + 1);
        if (s->features[f].categorical && array.data)
            put_list(to, array.data, "static ", s->features[f].levels, s->features[f].level_count);
        to->failed |= array.failed;
        bpnn__text_free(&array);
    }
    bpnn__text_add(to, "static const char *const *const levels[] = {");
    for (size_t f = 0; f < s->feature_count; f++)
        bpnn__put(to, s->features[f].categorical ? "%slevels_%zu" : "%s0", f ? ", " : "", f + 1);
    bpnn__text_add(to, "};\n\n"
                       "double model_level(int input, const char *text)\n"
                       "{\n"
                       "    int k;\n"
                       "    if (input < 0 || input >= MODEL_INPUTS || !levels[input])\n"
                       "        return -1;\n"
                       "    for (k = 0; levels[input][k]; k++)\n"
                       "        if (text && strcmp(text, levels[input][k]) == 0)\n"
                       "            return k;\n"
                       "    return text ? -1 : NAN;\n"
                       "}\n\n");
}

void bpnn__c_names(bpnn__text *to, const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    bpnn__text_add(to, "/* ---- names; -DBPNN_NO_NAMES leaves them out ---- */\n\n#ifndef BPNN_NO_NAMES\n\n");
    put_inputs(to, s);
    put_list(to, "model_outputs", "", bpnn__value_names(model), bpnn__value_count(model));
    put_levels(to, s);
    bpnn__text_add(to, "#endif\n\n");
}
