#include "exchange/put.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void bpnn__put(bpnn__text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (const char *at = format;;) {
        size_t plain = strcspn(at, "%");
        bpnn__text_add_bytes(to, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        at++;
        if (*at == 's')
            bpnn__text_add(to, va_arg(arguments, const char *));
        else if (*at == 'g')
            bpnn__text_add_double(to, va_arg(arguments, double));
        else if (*at == 'z') /* zu */
            bpnn__text_add_u64(to, va_arg(arguments, size_t)), at++;
        else
            bpnn__text_add(to, "%");
        at++;
    }
    va_end(arguments);
}

void bpnn__put_number(bpnn__text *to, const bpnn__style *style, bool single, double value)
{
    char text[BPNN__NUMBER_SIZE];
    if (!isfinite(value)) {
        bpnn__text_add(to, isnan(value) ? style->nan : value > 0 ? style->infinity : style->minus_infinity);
        return;
    }
    if (single)
        bpnn__print_float((float)value, text);
    else
        bpnn__print_double(value, text);
    bpnn__text_add(to, text);
    if (!text[strcspn(text, ".e")])
        bpnn__text_add(to, ".0");
    bpnn__text_add(to, style->tail);
}

void bpnn__put_next(bpnn__text *to, const bpnn__style *style, size_t i)
{
    if (i > 0)
        bpnn__text_add(to, i % style->width ? ", " : ",\n    ");
}

void bpnn__put_numbers(bpnn__text *to, const bpnn__style *style, bool single, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bpnn__put_next(to, style, i);
        bpnn__put_number(to, style, single, values[i]);
    }
}

uint32_t bpnn__next_character(const char **text)
{
    const unsigned char *c = (const unsigned char *)*text;
    int more = *c < 0x80 ? 0 : *c < 0xe0 ? 1 : *c < 0xf0 ? 2 : 3;
    uint32_t x = more == 0 ? *c : *c & (0x3fu >> more);
    for (int i = 1; i <= more; i++)
        x = x << 6 | (c[i] & 0x3fu);
    *text += more + 1;
    return x;
}
