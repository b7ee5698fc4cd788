/* Configuration files: "key = value" lines, '#' begins a comment; or a log, whose first object holds "config". */
#include "files.h"
#include "options.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 20, DEEPEST = 32 };

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]))
        text[--n] = '\0';
    return text;
}

static int set(arguments *a, const char *key, const char *value)
{
    if (strcmp(key, "config") == 0 || strcmp(key, "help") == 0) {
        say_usage("'%s' has no place in a configuration file", key);
        return BPNN_USAGE;
    }
    return set_option(a, key, value) ? 0 : BPNN_USAGE;
}

/* ---- key = value ---- */

static int set_line(arguments *a, char *line)
{
    char *text = trim(line);
    if (*text == '\0' || *text == '#')
        return 0;
    char *equals = strchr(text, '=');
    if (!equals) {
        say_usage("expected key = value, found '%s'", text);
        return BPNN_USAGE;
    }
    *equals = '\0';
    char *key = trim(text), *value = trim(equals + 1);
    return set(a, key + strspn(key, "-"), value);
}

static int set_lines(arguments *a, const char *path, char *text)
{
    int code = 0;
    size_t number = 1;
    for (char *line = text; line && code == 0; number++) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        say_where(path, number);
        code = set_line(a, line);
        line = end ? end + 1 : NULL;
    }
    return code;
}

/* ---- JSON, strictly: a reader that moves over one value; texts are decoded in place ---- */

typedef struct reader {
    char *at;
    bool bad;
} reader;

static void blank(reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool next_is(reader *r, char c)
{
    blank(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

static unsigned hex4(reader *r)
{
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef";
        char c = *r->at;
        const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
        if (!digit) {
            r->bad = true;
            return 0;
        }
        code = code << 4 | (unsigned)(digit - digits);
        r->at++;
    }
    return code;
}

/* UTF-8 is never longer than the escape it replaces. */
static char *put_code(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0)
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3f));
    return to;
}

static char *escape(reader *r, char *to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char c = *r->at;
    const char *simple = c ? strchr(from, c) : NULL;
    if (simple) {
        r->at++;
        *to = into[simple - from];
        return to + 1;
    }
    r->bad = c != 'u';
    r->at += c == 'u';
    unsigned code = r->bad ? 0 : hex4(r);
    if (code >= 0xd800 && code < 0xdc00 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        unsigned low = hex4(r);
        r->bad = r->bad || low < 0xdc00 || low > 0xdfff;
        code = 0x10000 + ((code - 0xd800) << 10) + ((low - 0xdc00) & 0x3ff);
    }
    r->bad = r->bad || code == 0 || (code >= 0xd800 && code < 0xe000); /* a text ends at 0 */
    return r->bad ? to : put_code(to, code);
}

/* Behind the opening quote. */
static char *text_value(reader *r)
{
    char *start = r->at, *to = start;
    while (*r->at != '"' && !r->bad) {
        unsigned char c = (unsigned char)*r->at;
        if (c < 0x20) {
            r->bad = true;
        } else if (c == '\\') {
            r->at++;
            to = escape(r, to);
        } else {
            *to++ = *r->at++;
        }
    }
    if (!r->bad) {
        r->at++;
        *to = '\0';
    }
    return start;
}

/* A number, true, false or null as a new text; NULL if it is none. */
static char *bare_value(reader *r)
{
    size_t n = strspn(r->at, "0123456789+-.eEabcdefghijklmnopqrstuvwxyz");
    char *text = malloc(n + 1);
    double value;
    if (!text)
        return NULL;
    memcpy(text, r->at, n);
    text[n] = '\0';
    r->at += n;
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || strcmp(text, "null") == 0 ||
        parse_number(text, &value))
        return text;
    free(text);
    return NULL;
}

static void skip_value(reader *r, int depth);

static void skip_group(reader *r, char end, int depth)
{
    if (next_is(r, end))
        return;
    do {
        if (end == '}') {
            r->bad = r->bad || !next_is(r, '"');
            if (!r->bad)
                text_value(r);
            r->bad = r->bad || !next_is(r, ':');
        }
        if (!r->bad)
            skip_value(r, depth + 1);
    } while (!r->bad && next_is(r, ','));
    r->bad = r->bad || !next_is(r, end);
}

static void skip_value(reader *r, int depth)
{
    if (depth > DEEPEST) {
        r->bad = true;
    } else if (next_is(r, '"')) {
        text_value(r);
    } else if (next_is(r, '{')) {
        skip_group(r, '}', depth);
    } else if (next_is(r, '[')) {
        skip_group(r, ']', depth);
    } else {
        char *value = bare_value(r);
        r->bad = !value;
        free(value);
    }
}

/* ---- the "config" of the first object ---- */

/* Words that the arguments point to until the program ends. */
static struct kept {
    struct kept *next;
    char text[];
} * all_kept;

static const char *keep_word(const char *word)
{
    struct kept *kept = malloc(sizeof *kept + strlen(word) + 1);
    if (!kept)
        return NULL;
    memcpy(kept->text, word, strlen(word) + 1);
    kept->next = all_kept;
    all_kept = kept;
    return kept->text;
}

static int set_pair(arguments *a, reader *r)
{
    char *key = next_is(r, '"') ? text_value(r) : NULL;
    if (!key || r->bad || !next_is(r, ':')) {
        r->bad = true;
        return 0;
    }
    if (next_is(r, '"')) {
        char *value = text_value(r);
        return r->bad ? 0 : set(a, key, value);
    }
    char *value = bare_value(r);
    if (!value || strcmp(value, "null") == 0) {
        r->bad = !value;
        free(value);
        return 0;
    }
    const char *word = strcmp(value, "true") == 0 ? "yes" : strcmp(value, "false") == 0 ? "no" : value;
    const char *kept = keep_word(word);
    free(value);
    return kept ? set(a, key, kept) : fail_memory();
}

static int set_pairs(arguments *a, reader *r)
{
    int code = 0;
    if (!next_is(r, '{')) {
        r->bad = true;
        return 0;
    }
    if (next_is(r, '}'))
        return 0;
    do
        code = set_pair(a, r);
    while (code == 0 && !r->bad && next_is(r, ','));
    if (code == 0 && !r->bad)
        r->bad = !next_is(r, '}');
    return code;
}

static int set_object(arguments *a, const char *path, char *text)
{
    reader r = {text, false};
    bool found = false;
    int code = 0;
    say_where(path, 0);
    next_is(&r, '{');
    do {
        char *key = next_is(&r, '"') ? text_value(&r) : NULL;
        r.bad = r.bad || !key || !next_is(&r, ':');
        if (r.bad)
            break;
        if (strcmp(key, "config") == 0 && !found) {
            found = true;
            code = set_pairs(a, &r);
        } else {
            skip_value(&r, 0);
        }
    } while (code == 0 && !r.bad && next_is(&r, ','));
    if (code != 0)
        return code;
    if (r.bad || !next_is(&r, '}'))
        say_usage("this is no JSON object with a flat \"config\", as a log begins with");
    else if (!found)
        say_usage("the first object has no \"config\"; a log of bpnn train has");
    return usage_said() ? BPNN_USAGE : 0;
}

int read_config_text(arguments *a, const char *path, char *text)
{
    int code = set_object(a, path, text);
    if (code == 0)
        say_where(NULL, 0);
    return code;
}

int read_config(arguments *a, const char *path)
{
    static char *text; /* the arguments point into it until the program ends */
    int code;
    size_t size;
    text = read_whole(path, LIMIT, &size, &code);
    if (!text)
        return code;
    say_where(path, 0);
    char *begin = text + (memcmp(text, "\xef\xbb\xbf", size < 3 ? 0 : 3) == 0 && size >= 3 ? 3 : 0);
    if (memchr(text, '\0', size)) {
        say_usage("a zero byte: this is no text");
        return BPNN_USAGE;
    }
    code = begin[strspn(begin, " \t\r\n")] == '{' ? set_object(a, path, begin) : set_lines(a, path, begin);
    if (code == 0)
        say_where(NULL, 0);
    return code;
}
