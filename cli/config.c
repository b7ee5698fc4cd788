/* Configuration files: "key = value" lines, '#' begins a comment; or a log, whose first object holds "config". */
#include "options.h"
#include "say.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Texts of the configuration live as long as the program: the arguments point into them. */
enum { LIMIT = 1 << 20 };

static char *read_text(const char *path, int *code)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    *code = BPNN_IO;
    if (!file) {
        fprintf(stderr, "bpnn: %s: cannot open: %s\n", clean(path), strerror(errno));
        return NULL;
    }
    char *text = malloc(LIMIT + 1);
    size_t size = text ? fread(text, 1, LIMIT + 1, file) : 0;
    bool failed = !text || ferror(file) || size > LIMIT;
    if (file != stdin)
        fclose(file);
    if (failed) {
        fprintf(stderr, "bpnn: %s: cannot read, or more than 1 MiB\n", clean(path));
        free(text);
        return NULL;
    }
    text[size] = '\0';
    *code = 0;
    return text;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* ---- key = value ---- */

static int set_line(arguments *a, const char *path, size_t number, char *line)
{
    char *text = trim(line);
    if (*text == '\0' || *text == '#')
        return 0;
    char *equals = strchr(text, '=');
    if (!equals) {
        say_usage("%s:%zu: expected key = value, found '%s'", path, number, text);
        return BPNN_USAGE;
    }
    *equals = '\0';
    char *key = trim(text), *value = trim(equals + 1);
    if (*key == '-')
        key += strspn(key, "-");
    return set_option(a, key, value) ? 0 : BPNN_USAGE;
}

/* ---- the first object of a log: only its "config", an object of texts, numbers and booleans ---- */

static char *skip(char *c)
{
    while (isspace((unsigned char)*c))
        c++;
    return c;
}

/* A JSON string at c (behind its quote), in place; returns what is behind it, or NULL. */
static char *take_string(char *c)
{
    char *to = c;
    for (; *c && *c != '"'; c++) {
        if (*c == '\\') {
            c++;
            if (*c == 'u')
                return NULL; /* control characters: never in a configuration */
        }
        if (!*c)
            return NULL;
        *to++ = *c;
    }
    if (*c != '"')
        return NULL;
    *to = '\0';
    return c + 1;
}

/* A value as text; returns what is behind it, or NULL. *value NULL: null. */
static char *take_value(char *c, char **value, char *held)
{
    if (*c == '"') {
        *value = c + 1;
        return take_string(c + 1);
    }
    size_t n = strcspn(c, ",}] \t\r\n");
    *value = c;
    *held = c[n];
    if (n == 4 && memcmp(c, "null", 4) == 0)
        *value = NULL;
    return n > 0 && strchr("{[", *c) == NULL ? c + n : NULL;
}

static int set_object(arguments *a, const char *path, char *text)
{
    char *c = strstr(text, "\"config\"");
    c = c ? skip(c + 8) : NULL;
    c = c && *c == ':' ? skip(c + 1) : NULL;
    if (!c || *c != '{') {
        say_usage("%s: the first object has no \"config\"", path);
        return BPNN_USAGE;
    }
    for (c = skip(c + 1); *c == '"';) {
        char *key = c + 1, *value, held = '\0', *behind;
        c = take_string(key);
        c = c ? skip(c) : NULL;
        c = c && *c == ':' ? skip(c + 1) : NULL;
        behind = c ? take_value(c, &value, &held) : NULL;
        if (!behind) {
            say_usage("%s: \"config\" is not an object of texts and numbers", path);
            return BPNN_USAGE;
        }
        if (held)
            *behind = '\0';
        if (value) {
            const char *word = strcmp(value, "true") == 0 ? "yes" : strcmp(value, "false") == 0 ? "no" : value;
            if (!set_option(a, key, word))
                return BPNN_USAGE;
        }
        if (held)
            *behind = held;
        /* the text must stay terminated behind a number: what follows is blank or a comma from now on */
        c = skip(behind);
        if (*c == ',') {
            *c = '\0';
            c = skip(c + 1);
        } else if (*c == '}') {
            *c = '\0';
            break;
        }
    }
    return 0;
}

int read_config(arguments *a, const char *path)
{
    int code;
    char *text = read_text(path, &code);
    if (!text)
        return code;
    if (*skip(text) == '{')
        return set_object(a, path, text);
    size_t number = 1;
    for (char *line = text; line && code == 0; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        code = set_line(a, path, number, line);
        line = end ? end + 1 : NULL;
    }
    return code;
}
