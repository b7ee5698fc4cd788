/* Writing JSON. */
#include "base/json.h"

#include <math.h>
#include <string.h>

static void new_line(bpnn__json *json)
{
    if (!json->pretty)
        return;
    bpnn__text_add(&json->text, "\n");
    for (int i = 0; i < json->depth; i++)
        bpnn__text_add(&json->text, "  ");
}

/* What stands before a value or key: a comma where it is not the first, nothing behind a key. */
static void separate(bpnn__json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (json->depth == 0)
        return;
    if (!json->first)
        bpnn__text_add(&json->text, ",");
    new_line(json);
    json->first = false;
}

static void add_char(bpnn__json *json, char c)
{
    bpnn__text_add_bytes(&json->text, &c, 1);
}

void bpnn__json_open(bpnn__json *json, char bracket)
{
    separate(json);
    add_char(json, bracket);
    json->depth++;
    json->first = true;
}

void bpnn__json_close(bpnn__json *json, char bracket)
{
    bool empty = json->first;
    json->depth--;
    if (!empty)
        new_line(json);
    add_char(json, bracket);
    json->first = false;
}

static void add_quoted(bpnn__json *json, const char *value)
{
    static const char hex[] = "0123456789abcdef";
    add_char(json, '"');
    const char *from = value;
    for (const char *c = value;; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f)
            continue;
        bpnn__text_add_bytes(&json->text, from, (size_t)(c - from));
        from = c + 1;
        if (byte == 0)
            break;
        char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        if (byte == '"' || byte == '\\') {
            escape[1] = (char)byte;
            bpnn__text_add_bytes(&json->text, escape, 2);
        } else {
            bpnn__text_add_bytes(&json->text, escape, 6);
        }
    }
    add_char(json, '"');
}

void bpnn__json_key(bpnn__json *json, const char *key)
{
    separate(json);
    add_quoted(json, key);
    bpnn__text_add(&json->text, json->pretty ? ": " : ":");
    json->after_key = true;
}

void bpnn__json_raw(bpnn__json *json, const char *value)
{
    separate(json);
    bpnn__text_add(&json->text, value);
}

void bpnn__json_string(bpnn__json *json, const char *value)
{
    if (!value) {
        bpnn__json_null(json);
        return;
    }
    separate(json);
    add_quoted(json, value);
}

void bpnn__json_double(bpnn__json *json, double value)
{
    char number[BPNN__NUMBER_SIZE];
    bpnn__print_double(value, number);
    bpnn__json_raw(json, isfinite(value) ? number : "null");
}

void bpnn__json_float(bpnn__json *json, float value)
{
    char number[BPNN__NUMBER_SIZE];
    bpnn__print_float(value, number);
    bpnn__json_raw(json, isfinite(value) ? number : "null");
}

void bpnn__json_u64(bpnn__json *json, uint64_t value)
{
    separate(json);
    bpnn__text_add_u64(&json->text, value);
}

void bpnn__json_bool(bpnn__json *json, bool value)
{
    bpnn__json_raw(json, value ? "true" : "false");
}

void bpnn__json_null(bpnn__json *json)
{
    bpnn__json_raw(json, "null");
}
