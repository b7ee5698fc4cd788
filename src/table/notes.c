/* Notes and warnings: kept where they are warnings, told at once to whoever listens. */
#include "base/error.h"
#include "base/memory.h"
#include "table/schema.h"

void bpnn__notes_add(bpnn__notes *notes, bool warning, const char *format, ...)
{
    bpnn_error line; /* a message is cut and cleaned as errors are */
    va_list arguments;
    va_start(arguments, format);
    bpnn__fail_list(&line, BPNN_OK, format, arguments);
    va_end(arguments);
    if (notes->message)
        notes->message(line.text, warning, notes->context);
    if (!warning)
        return;
    char **texts = bpnn__realloc(notes->texts, notes->count + 1, sizeof *texts);
    if (!texts)
        return; /* a warning that finds no memory is told, not kept */
    notes->texts = texts;
    texts[notes->count] = bpnn__copy_text(line.text);
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
