/* Reading tables and models by the command line's options. */
#include "files.h"
#include "verbs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
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
    if (!parse_count(a->threads, 1, &n) || n > 256) {
        say_usage("--threads is auto or 1 to 256, not '%s'", a->threads);
        return false;
    }
    *threads = (size_t)n;
    return true;
}

/* ---- standard input can be read once, and tables are sometimes read twice ---- */

static char *input;
static size_t input_size;

void forget_input(void)
{
    free(input);
    input = NULL;
}

static void say_cache(const bpnn_table *table)
{
    bpnn_cache_use use = bpnn_table_cache_use(table);
    const char *name = clean(bpnn_table_source(table));
    if (use == BPNN_CACHE_READ)
        say_detail("%s: taken from its cache", name);
    else if (use == BPNN_CACHE_WRITTEN)
        say_detail("%s: the cache is new", name);
    else if (use == BPNN_CACHE_UNWRITABLE)
        say_note("%s: no cache can be written beside it; it is parsed every time", name);
}

static int read_once(bpnn_table **table, const char *path, const bpnn_table_options *o)
{
    bpnn_error error;
    int code = 0;
    *table = NULL;
    if (strcmp(path, "-") != 0) {
        bool good = bpnn_table_read(table, path, o, &error) == BPNN_OK;
        if (good)
            say_cache(*table);
        return good ? 0 : say_error(&error);
    }
    if (!input)
        input = read_whole("-", (size_t)1 << 34, &input_size, &code);
    if (code != 0)
        return code;
    bpnn_table_options csv = *o;
    if (!csv.format)
        csv.format = "csv";
    return bpnn_table_read_memory(table, input, input_size, "standard input", &csv, &error) == BPNN_OK
               ? 0
               : say_error(&error);
}

/* ---- reading options ---- */

static bool dialect(const arguments *a, bpnn_table_options *o)
{
    bool header;
    if (!yes_or_no("header", a->header, false, &header))
        return false;
    if (a->header)
        o->header = header;
    if (a->delimiter) {
        const char *d = strcmp(a->delimiter, "\\t") == 0 || strcmp(a->delimiter, "tab") == 0 ? "\t" : a->delimiter;
        if (strlen(d) != 1 || strchr("\"\r\n.0123456789", d[0]) || (unsigned char)d[0] > 0x7e) {
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
    o->na = a->na;
    o->format = a->format;
    o->cache = a->cache ? "" : NULL;
    return read_threads(a, &o->threads);
}

/* ---- lists of columns ---- */

typedef struct list {
    char *text;
    size_t size, room;
    bool failed;
} list;

static void add(list *l, const char *text, size_t size)
{
    if (!l->text || l->size + size + 2 > l->room) {
        size_t room = 2 * (l->size + size + 2);
        char *more = realloc(l->text, room);
        l->failed = l->failed || !more;
        if (!more)
            return;
        l->text = more;
        l->room = room;
    }
    if (l->size > 0)
        l->text[l->size++] = ',';
    memcpy(l->text + l->size, text, size);
    l->size += size;
    l->text[l->size] = '\0';
}

/* "3-17" as numbers, since tables keep the texts of single columns alone. */
static void add_part(list *l, const char *part, size_t size)
{
    char number[32], *end;
    add(l, part, size);
    unsigned long first = part[0] >= '0' && part[0] <= '9' ? strtoul(part, &end, 10) : 0;
    if (first == 0 || *end != '-' || end[1] < '0' || end[1] > '9')
        return;
    unsigned long last = strtoul(end + 1, &end, 10);
    if (end != part + size || last > 1000000)
        return;
    for (unsigned long i = first; i <= last; i++)
        add(l, number, (size_t)snprintf(number, sizeof number, "%lu", i));
}

static void add_parts(list *l, const char *text)
{
    for (;;) {
        size_t size = strcspn(text, ",");
        add_part(l, text, size);
        if (text[size] == '\0')
            return;
        text += size + 1;
    }
}

/* A way to name column c in a list: its number, unless that is another's name; else its name. */
static void add_column(list *l, const bpnn_table *t, size_t c)
{
    char number[32];
    size_t found;
    snprintf(number, sizeof number, "%zu", c + 1);
    const char *name = bpnn_table_find_column(t, number, &found, NULL) == BPNN_OK && found == c
                           ? number
                           : bpnn_table_column_name(t, c);
    if (!strchr(name, ','))
        add(l, name, strlen(name));
}

/* Columns that one list cannot name beside others: names with commas, and the last one. */
static bool needs_numbers(const bpnn_table *t, keep texts, list *l)
{
    size_t c, before = l->size;
    for (size_t i = 0; i < texts.count; i++)
        if (strchr(texts.lists[i], ',') && bpnn_table_find_column(t, texts.lists[i], &c, NULL) == BPNN_OK)
            add_column(l, t, c);
    if (texts.last && texts.count > 0)
        add_column(l, t, bpnn_table_columns(t) - 1);
    return l->size > before;
}

int read_table(bpnn_table **table, const arguments *a, const char *path, keep texts)
{
    bpnn_table_options o;
    list l = {0};
    bpnn_table_options_default(&o);
    *table = NULL;
    if (!dialect(a, &o))
        return BPNN_USAGE;
    for (size_t i = 0; i < texts.count; i++)
        add_parts(&l, texts.lists[i]);
    /* one list goes as it is: it may be one name with commas */
    bool alone = texts.count == 1 && !strchr(texts.lists[0], '-');
    o.text = l.failed || texts.count == 0 ? NULL : alone ? texts.lists[0] : l.text;
    o.text_target = texts.last;
    int code = l.failed ? fail_memory() : read_once(table, path, &o);
    if (code == 0 && !(alone && !texts.last) && needs_numbers(*table, texts, &l)) {
        bpnn_table_free(*table);
        *table = NULL;
        o.text = l.text;
        code = l.failed ? fail_memory() : read_once(table, path, &o);
    }
    free(l.text);
    return code;
}

int read_table_for(bpnn_table **table, const arguments *a, const char *path, const bpnn_model *model, bool targets)
{
    size_t features = bpnn_model_feature_count(model), labels = targets && bpnn_model_class_count(model) > 0;
    const char **names = malloc((features + bpnn_model_target_count(model)) * sizeof *names);
    keep texts = {names, 0, false};
    *table = NULL;
    if (!names)
        return fail_memory();
    for (size_t f = 0; f < features; f++)
        if (bpnn_model_feature_is_categorical(model, f))
            names[texts.count++] = bpnn_model_feature_name(model, f);
    for (size_t k = 0; labels && k < bpnn_model_target_count(model); k++)
        names[texts.count++] = bpnn_model_target_name(model, k);
    int code = read_table(table, a, path, texts);
    free(names);
    return code;
}

int read_as_written(bpnn_table **written, const arguments *a, const char *path, const bpnn_table *table)
{
    bpnn_table_options o;
    bpnn_table_dialect d = bpnn_table_get_dialect(table);
    list l = {0};
    *written = NULL;
    if (strcmp(d.format, "csv") != 0)
        return 0;
    bpnn_table_options_default(&o);
    if (!dialect(a, &o))
        return BPNN_USAGE;
    for (size_t c = 0; c < bpnn_table_columns(table); c++)
        add_column(&l, table, c);
    o.delimiter = d.delimiter;
    o.decimal = d.decimal;
    o.header = d.header;
    o.cache = NULL; /* that of the table stays */
    o.na = "\x1f";  /* no cell is this: even "NA" stays */
    o.text = l.text;
    int code = l.failed ? fail_memory() : read_once(written, path, &o);
    free(l.text);
    return code;
}

void dialect_line(const bpnn_table *table, char *text, size_t size)
{
    bpnn_table_dialect d = bpnn_table_get_dialect(table);
    char delimiter[16] = "";
    *text = '\0';
    if (strcmp(d.format, "csv") != 0) {
        snprintf(text, size, ", %s%s", d.format, d.compressed ? ", compressed" : "");
        return;
    }
    if (d.delimiter == '\t')
        snprintf(delimiter, sizeof delimiter, "tab");
    else if (d.delimiter == ' ')
        snprintf(delimiter, sizeof delimiter, "blank");
    else if (d.delimiter && d.delimiter != ',')
        snprintf(delimiter, sizeof delimiter, "'%c'", d.delimiter);
    snprintf(text, size, "%s%s%s%s%s%s%s", *delimiter ? ", delimiter " : "", delimiter,
             d.decimal == ',' ? ", decimal comma" : "", d.header ? "" : ", no header: columns have numbers",
             d.bom ? ", byte order mark" : "", d.crlf ? ", CRLF lines" : "", d.compressed ? ", compressed" : "");
}

/* ---- models ---- */

int load_model(bpnn_model **model, const char *path)
{
    bpnn_error error;
    size_t size;
    int code;
    *model = NULL;
    if (strcmp(path, "-") != 0)
        return bpnn_model_load(model, path, &error) == BPNN_OK ? 0 : say_error(&error);
    char *bytes = read_whole(path, (size_t)1 << 34, &size, &code);
    if (bytes && bpnn_model_read(model, bytes, size, "standard input", &error) != BPNN_OK)
        code = say_error(&error);
    free(bytes);
    return code;
}

int save_model(const bpnn_model *model, const char *path)
{
    bpnn_error error;
    void *bytes;
    size_t size;
    if (strcmp(path, "-") != 0)
        return bpnn_model_save(model, path, &error) == BPNN_OK ? 0 : say_error(&error);
    if (bpnn_model_write(model, &bytes, &size, &error) != BPNN_OK)
        return say_error(&error);
    fwrite(bytes, 1, size, stdout);
    bpnn_release(bytes);
    return finish_output() ? 0 : BPNN_IO;
}

bool check_model_and_data(const arguments *a, const char *verb)
{
    if (a->places != 2) {
        say_usage("%s needs MODEL and DATA; bpnn %s --help tells more", verb, verb);
        return false;
    }
    if (strcmp(a->place[0], "-") == 0 && strcmp(a->place[1], "-") == 0) {
        say_usage("MODEL and DATA cannot both be standard input");
        return false;
    }
    return true;
}
