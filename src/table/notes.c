/* Notes and warnings: kept where they are warnings, told at once to whoever listens. */
#include "base/error.h"
#include "base/memory.h"
#include "table/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bpnn__notes_add(bpnn__notes *notes, bool warning, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    if (notes->message)
        notes->message(text, warning, notes->context);
    if (!warning)
        return;
    char **texts = bpnn__realloc(notes->texts, notes->count + 1, sizeof *texts);
    if (!texts)
        return; /* a warning that finds no memory is told, not kept */
    notes->texts = texts;
    texts[notes->count] = bpnn__copy_text(text);
    notes->count += texts[notes->count] != NULL;
}

void bpnn__notes_free(bpnn__notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        bpnn__free(notes->texts[i]);
    bpnn__free(notes->texts);
    notes->texts = NULL;
    notes->count = 0;
}
