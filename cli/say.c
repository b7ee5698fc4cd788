#include "say.h"
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

manner say;
static bool usage_error;

const char *clean(const char *text)
{
    static char kept[4][256];
    static int turn;
    char *to = kept[turn++ % 4];
    size_t n = 0;
    for (; *text && n + 1 < sizeof kept[0]; text++)
        to[n++] = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;
    to[n] = '\0';
    return to;
}

static void error_object(const char *status, const char *file, uint64_t line, uint64_t column, const char *text)
{
    json_open('{');
    json_key("error");
    json_open('{');
    json_key("status");
    json_string(status);
    json_key("file");
    json_string(file && *file ? file : NULL);
    json_key("line");
    json_count_or_null(line);
    json_key("column");
    json_count_or_null(column);
    json_key("text");
    json_string(text);
    json_close('}');
    json_close('}');
    json_end();
}

void say_usage(const char *format, ...)
{
    char text[600];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    fprintf(stderr, "bpnn: %s\n", clean(text));
    if (say.json && !usage_error)
        error_object("usage", NULL, 0, 0, text);
    usage_error = true;
}

bool usage_said(void)
{
    return usage_error;
}

int say_error(const bpnn_error *error)
{
    char text[900];
    fprintf(stderr, "bpnn: %s\n", bpnn_error_message(error, text, sizeof text));
    if (say.json)
        error_object(bpnn_status_name(error->status), error->file, error->line, error->column, error->text);
    return (int)error->status;
}

__attribute__((format(printf, 3, 0))) static void line(const char *before, const char *after, const char *format,
                                                       va_list list)
{
    char text[900];
    vsnprintf(text, sizeof text, format, list);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    fprintf(stderr, "%s%s%s\n", before, text, after);
}

void say_note(const char *format, ...)
{
    va_list list;
    if (say.quiet)
        return;
    va_start(list, format);
    line("", "", format, list);
    va_end(list);
}

void say_warning(const char *format, ...)
{
    va_list list;
    if (say.quiet)
        return;
    va_start(list, format);
    line(say.color ? "\033[33mwarning:\033[0m " : "warning: ", "", format, list);
    va_end(list);
}

void say_next(const char *format, ...)
{
    va_list list;
    if (say.quiet || !say.terminal)
        return;
    va_start(list, format);
    line("next: ", "", format, list);
    va_end(list);
}

bool finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "bpnn: cannot write to standard output: %s\n", strerror(errno));
    return false;
}

/* ---- near names ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b), row[64];
    if (n >= 64 || m >= 64)
        return 64;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least(least(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

const char *nearest(const char *name, const char *const *names, size_t count)
{
    size_t best = 64, which = 0;
    for (size_t i = 0; i < count; i++)
        if (distance(name, names[i]) < best) {
            best = distance(name, names[i]);
            which = i;
        }
    return best <= 2 || best <= strlen(name) / 3 ? names[which] : NULL;
}
