/* The caller's error record: one line of valid UTF-8, with a place where there is one. */
#define _POSIX_C_SOURCE 200809L /* strerror_r returns int */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

const char *bpnn_status_name(bpnn_status status)
{
    switch (status) {
#define BPNN_X(id, number, name)                                                                                       \
    case BPNN_##id:                                                                                                    \
        return name;
        BPNN_STATUSES(BPNN_X)
#undef BPNN_X
    }
    return "unknown";
}

/* Control characters become '?', and a character cut at the end is removed whole. */
static void make_one_line(char *text)
{
    size_t size = 0;
    for (; text[size]; size++)
        if ((unsigned char)text[size] < 0x20 || text[size] == 0x7f)
            text[size] = '?';
    size_t start = size;
    while (start > 0 && size - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (size - (start - 1) < needs)
        text[start - 1] = '\0';
}

static void fill(bpnn_error *error, bpnn_status status, const char *file, uint64_t line, uint64_t column)
{
    error->status = status;
    error->line = line;
    error->column = column;
    size_t size = file ? strlen(file) : 0;
    if (size >= sizeof error->file)
        size = sizeof error->file - 1;
    if (size > 0)
        memcpy(error->file, file, size);
    error->file[size] = '\0';
    make_one_line(error->file);
}

bpnn_status bpnn__fail_list(bpnn_error *error, bpnn_status status, const char *format, va_list arguments)
{
    if (!error)
        return status;
    fill(error, status, NULL, 0, 0);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    make_one_line(error->text);
    return status;
}

bpnn_status bpnn__fail(bpnn_error *error, bpnn_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bpnn__fail_list(error, status, format, arguments);
    va_end(arguments);
    return status;
}

bpnn_status bpnn__fail_at(bpnn_error *error, bpnn_status status, const char *file, uint64_t line, uint64_t column,
                          const char *format, ...)
{
    if (!error)
        return status;
    fill(error, status, file, line, column);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    make_one_line(error->text);
    return status;
}

bpnn_status bpnn__fail_errno(bpnn_error *error, const char *file, const char *what, int number)
{
    char reason[128] = "";
    if (strerror_r(number, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", number);
    return bpnn__fail_at(error, BPNN_IO, file, 0, 0, "%s: %s", what, reason);
}

bpnn_status bpnn__fail_memory(bpnn_error *error)
{
    return bpnn__fail(error, BPNN_MEMORY, "out of memory");
}

/* ---- the message ---- */

typedef struct writer {
    char *at;
    size_t left; /* without the terminator */
} writer;

static void add(writer *w, const char *text)
{
    size_t size = strlen(text);
    if (size > w->left)
        size = w->left;
    memcpy(w->at, text, size);
    w->at += size;
    w->left -= size;
    *w->at = '\0';
}

static void add_number(writer *w, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + n % 10);
    while (n /= 10);
    add(w, digits + at);
    add(w, ":");
}

char *bpnn_error_message(const bpnn_error *error, char *buffer, size_t size)
{
    if (size == 0)
        return buffer;
    writer w = {buffer, size - 1};
    *buffer = '\0';
    if (error->file[0]) {
        add(&w, error->file);
        add(&w, ":");
    }
    if (error->line)
        add_number(&w, error->line);
    if (error->column)
        add_number(&w, error->column);
    if (error->file[0] || error->line)
        add(&w, " ");
    add(&w, error->text);
    make_one_line(buffer);
    return buffer;
}
