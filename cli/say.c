#include "say.h"
#include "json.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

manner say;
static bool usage_error;
static const char *where_file;
static size_t where_line;

/* ---- texts of others ---- */

size_t character(const char *text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)text[0];
    size_t size = lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    if (lead >= 0xf5 || size < 2)
        return lead >= 0xf5 ? 0 : size;
    unsigned code = lead & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[size] || surrogate || code > 0x10ffff ? 0 : size;
}

/* C0, C1 and delete; marks that turn the direction of writing; line separators. */
static bool harmful(const char *text, size_t size)
{
    unsigned char a = (unsigned char)text[0], b = size > 1 ? (unsigned char)text[1] : 0,
                  c = size > 2 ? (unsigned char)text[2] : 0;
    if (size < 2)
        return size == 0 || a < 0x20 || a == 0x7f;
    if (size == 2)
        return (a == 0xc2 && b < 0xa0) || (a == 0xd8 && b == 0x9c);
    if (size == 3 && a == 0xe2 && b == 0x80)
        return c == 0x8e || c == 0x8f || (c >= 0xa8 && c <= 0xae);
    return size == 3 && a == 0xe2 && b == 0x81 && c >= 0xa6 && c <= 0xa9;
}

static void clean_into(char *to, size_t room, const char *text)
{
    size_t n = 0;
    while (*text) {
        size_t size = character(text);
        bool bad = harmful(text, size);
        size_t takes = bad ? 1 : size;
        if (n + takes >= room)
            break;
        if (bad)
            to[n] = '?';
        else
            memcpy(to + n, text, size);
        n += takes;
        text += size ? size : 1;
    }
    to[n] = '\0';
}

const char *clean(const char *text)
{
    static char kept[4][241];
    static int turn;
    char *to = kept[turn++ % 4];
    clean_into(to, sizeof kept[0], text);
    return to;
}

size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* ---- errors ---- */

static void error_object(const char *status, const char *file, uint64_t line, uint64_t column, const char *text)
{
    if (json_done())
        return;
    json_to(NULL);
    json_open('{');
    json_key("error");
    json_open('{');
    json_pair_text("status", status);
    json_pair_text("file", file && *file ? file : NULL);
    json_key("line");
    json_count_or_null(line);
    json_key("column");
    json_count_or_null(column);
    json_pair_text("text", text);
    json_close('}');
    json_close('}');
    json_end();
}

static void error_line(const char *text)
{
    char shown[900];
    clean_into(shown, sizeof shown, text);
    fprintf(stderr, "bpnn: %s\n", shown);
}

void say_where(const char *file, size_t line)
{
    where_file = file;
    where_line = line;
}

void say_usage(const char *format, ...)
{
    char text[600], whole[900];
    va_list list;
    if (usage_error)
        return; /* the first is the cause */
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (where_file && where_line)
        snprintf(whole, sizeof whole, "%.200s:%zu: %s", where_file, where_line, text);
    else
        snprintf(whole, sizeof whole, "%.200s%s%s", where_file ? where_file : "", where_file ? ": " : "", text);
    error_line(whole);
    if (say.json)
        error_object("usage", where_file, where_file ? where_line : 0, 0, text);
    usage_error = true;
}

bool usage_said(void)
{
    return usage_error;
}

int say_error(const bpnn_error *error)
{
    char text[900];
    error_line(bpnn_error_message(error, text, sizeof text));
    if (say.json)
        error_object(bpnn_status_name(error->status), error->file, error->line, error->column, error->text);
    return (int)error->status;
}

int fail(bpnn_status status, const char *file, const char *format, ...)
{
    char text[600], whole[900];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    snprintf(whole, sizeof whole, "%.250s%s%s", file ? file : "", file ? ": " : "", text);
    error_line(whole);
    if (say.json)
        error_object(bpnn_status_name(status), file, 0, 0, text);
    return (int)status;
}

int fail_memory(void)
{
    return fail(BPNN_MEMORY, NULL, "out of memory");
}

int fail_errno(const char *file, const char *what, int number)
{
    return fail(BPNN_IO, file, "%s: %s", what, strerror(number));
}

/* ---- notes ---- */

__attribute__((format(printf, 2, 0))) static void line(const char *before, const char *format, va_list list)
{
    char text[900], shown[900];
    vsnprintf(text, sizeof text, format, list);
    clean_into(shown, sizeof shown, text);
    fprintf(stderr, "%s%s\n", before, shown);
}

void say_note(const char *format, ...)
{
    va_list list;
    if (say.quiet)
        return;
    va_start(list, format);
    line("", format, list);
    va_end(list);
}

void say_detail(const char *format, ...)
{
    va_list list;
    if (say.quiet || !say.verbose)
        return;
    va_start(list, format);
    line("", format, list);
    va_end(list);
}

void say_warning(const char *format, ...)
{
    va_list list;
    if (say.quiet)
        return;
    va_start(list, format);
    line(say.color ? "\033[33mwarning:\033[0m " : "warning: ", format, list);
    va_end(list);
}

/* A path as a shell takes it; "" where it cannot be shown whole. */
static const char *shell_word(const char *path, char *to, size_t room)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:+-=@%";
    bool safe = *path && *path != '-' && path[strspn(path, plain)] == '\0';
    if (safe || strcmp(path, "-") == 0) {
        snprintf(to, room, " %s", path);
    } else {
        bool quotable = !strchr(path, '\'') && strcmp(clean(path), path) == 0;
        snprintf(to, room, quotable ? " %s'%s'" : "%s", quotable && *path == '-' ? "./" : "", path);
        if (!quotable)
            *to = '\0';
    }
    return strlen(to) + 1 < room ? to : "";
}

void say_next(const char *words, const char *first, const char *second)
{
    char one[300], two[300];
    if (say.quiet || !say.terminal)
        return;
    fprintf(stderr, "next: %s%s%s\n", words, first ? shell_word(first, one, sizeof one) : "",
            second ? shell_word(second, two, sizeof two) : "");
}

/* An earlier write may have failed; its reason is gone, but a pipe without a reader tells again. */
static bool pipe_is_broken(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

bool finish_output(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    if (errno != EPIPE && !pipe_is_broken()) /* "| head" has what it wanted */
        fprintf(stderr, "bpnn: cannot write to standard output: %s\n", errno ? strerror(errno) : "a write failed");
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

/* Near: two edits, a third of the word, or one begins with the other. */
const char *nearest(const char *name, const char *const *names, size_t count)
{
    size_t best = 64, which = 0, size = strlen(name);
    for (size_t i = 0; i < count; i++)
        if (distance(name, names[i]) < best) {
            best = distance(name, names[i]);
            which = i;
        }
    if ((best <= 2 && best < size) || best <= size / 3)
        return names[which];
    for (size_t i = 0; i < count && size >= 3; i++)
        if (strncmp(names[i], name, size) == 0)
            return names[i];
    return NULL;
}
