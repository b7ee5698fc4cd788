/* Reading tables by the command line's options. */
#include "verbs.h"

#include <string.h>

bool yes_or_no(const char *name, const char *text, bool initial, bool *value)
{
    *value = initial;
    if (!text)
        return true;
    *value = strcmp(text, "yes") == 0;
    if (*value || strcmp(text, "no") == 0)
        return true;
    say_usage("--%s is yes or no, not '%s'", name, text);
    return false;
}

bool read_threads(const arguments *a, size_t *threads)
{
    double n;
    *threads = 0;
    if (!a->threads || strcmp(a->threads, "auto") == 0)
        return true;
    if (!parse_number(a->threads, &n) || n < 1 || n > 256 || n != (double)(size_t)n) {
        say_usage("--threads is auto or 1 to 256, not '%s'", a->threads);
        return false;
    }
    *threads = (size_t)n;
    return true;
}

static bool dialect(const arguments *a, bpnn_table_options *o)
{
    bool header;
    if (!yes_or_no("header", a->header, false, &header))
        return false;
    if (a->header)
        o->header = header;
    if (a->delimiter) {
        const char *d = strcmp(a->delimiter, "\\t") == 0 || strcmp(a->delimiter, "tab") == 0 ? "\t" : a->delimiter;
        if (strlen(d) != 1 || strchr("\"\r\n.0123456789", d[0])) {
            say_usage("--delimiter is one character (tab for a tab), not '%s'", a->delimiter);
            return false;
        }
        o->delimiter = d[0];
    }
    if (a->decimal) {
        if (strcmp(a->decimal, ".") != 0 && strcmp(a->decimal, ",") != 0) {
            say_usage("--decimal is . or , and not '%s'", a->decimal);
            return false;
        }
        o->decimal = a->decimal[0];
    }
    return true;
}

int read_table(bpnn_table **table, const arguments *a, const char *path, const char *text, bool text_target)
{
    bpnn_table_options o;
    bpnn_error error;
    bpnn_table_options_default(&o);
    *table = NULL;
    if (!dialect(a, &o))
        return BPNN_USAGE;
    o.na = a->na;
    o.format = a->format;
    o.text = text;
    o.text_target = text_target;
    if (bpnn_table_read(table, path, &o, &error) != BPNN_OK)
        return say_error(&error);
    return 0;
}
