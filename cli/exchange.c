/* bpnn export, bpnn import: models in other formats. */
#include "files.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The place's name without folder and last ending, with `suffix`, in the current folder. */
static char *named_after(const char *place, const char *suffix)
{
    const char *slash = strrchr(place, '/'), *name = slash ? slash + 1 : place;
    if (strcmp(place, "-") == 0)
        name = "model";
    const char *point = strrchr(name, '.');
    size_t length = point && point > name ? (size_t)(point - name) : strlen(name);
    char *path = malloc(length + strlen(suffix) + 1);
    if (path) {
        memcpy(path, name, length);
        memcpy(path + length, suffix, strlen(suffix) + 1);
    }
    return path;
}

/* Where the result goes, checked: it must not take the place of what is read. NULL: said, with *code. */
static char *choose_output(const arguments *a, const char *suffix, int *code)
{
    char *path = a->output ? strdup(a->output) : named_after(a->place[0], suffix);
    *code = path ? 0 : fail_memory();
    if (path && strcmp(path, "-") != 0 && same_file(path, a->place[0])) {
        say_usage("the result would take the place of %s; name another with --output", clean(a->place[0]));
        *code = BPNN_USAGE;
    }
    if (*code == 0)
        *code = check_place(path);
    if (*code == 0)
        return path;
    free(path);
    return NULL;
}

static int unknown_format(const char *name)
{
    const char *names[BPNN_FORMAT_COUNT];
    for (size_t i = 0; i < BPNN_FORMAT_COUNT; i++)
        names[i] = bpnn_format_at(i).name;
    const char *near = nearest(name, names, BPNN_FORMAT_COUNT);
    if (near)
        say_usage("no format is called '%s'; did you mean '%s'?", name, near);
    else
        say_usage("no format is called '%s'; bpnn export --help lists them", name);
    return BPNN_USAGE;
}

static void tell(const char *text, bool warning, void *context)
{
    (void)context;
    if (warning)
        say_warning("%s", text);
    else
        say_note("%s", text);
}

/* "fixed": null, or what it came to */
static void fixed_json(int bits, const bpnn_fixed_report *r)
{
    json_key("fixed");
    if (bits == 0) {
        json_null();
        return;
    }
    json_open('{');
    json_pair_count("bits", (uint64_t)bits);
    json_pair_count("rom", r->rom);
    json_pair_count("ram", r->ram);
    json_pair_count("rows", r->rows);
    json_pair_text("measure", r->measure);
    json_pair_number("floating", r->quality);
    json_pair_number("fixed", r->fixed_quality);
    json_pair_count("changed", r->changed);
    json_pair_number("deviation", r->deviation);
    json_close('}');
}

static void fixed_note(const bpnn_model *model, const bpnn_fixed_report *r)
{
    bool classes = bpnn_model_class_count(model) > 0;
    say_note("numbers: %zu bytes of ROM, %zu bytes of RAM", r->rom, r->ram);
    if (isfinite(r->quality))
        say_note("%s on %zu rows: %.6g in floating point, %.6g in whole numbers", r->measure, r->rows, r->quality,
                 r->fixed_quality);
    if (classes)
        say_note("other classes: %zu of %zu rows; probabilities differ by %.2g at most", r->changed, r->rows,
                 r->deviation);
    else
        say_note("values differ by %.2g of a column's largest at most", r->deviation);
}

/* {"format", "output", "bytes", "fixed"} */
static void result_json(const char *format, const char *output, size_t bytes, int bits, const bpnn_fixed_report *report)
{
    json_open('{');
    json_pair_text("format", format);
    json_pair_text("output", output);
    json_pair_count("bytes", bytes);
    fixed_json(bits, report);
    json_close('}');
    json_end();
}

static int write_bytes(const char *path, const void *bytes, size_t size)
{
    sink s;
    int code = open_sink(&s, path);
    if (code != 0)
        return code;
    fwrite(bytes, 1, size, s.file);
    return close_sink(&s, 0);
}

/* 0: floating point */
static int fixed_bits(const arguments *a)
{
    return !a->fixed ? 0 : isnan(a->bits) ? 16 : (int)a->bits;
}

static int export_model(const arguments *a, const bpnn_model *model, const bpnn_table *table, bpnn_format format,
                        const char *path)
{
    bpnn_export_options o;
    bpnn_fixed_report report = {0};
    bpnn_error error;
    void *bytes;
    size_t size;
    bpnn_export_options_default(&o);
    o.message = tell;
    o.fixed = fixed_bits(a);
    o.table = table;
    o.report = &report;
    if (bpnn_model_export_memory(model, format, &o, &bytes, &size, &error) != BPNN_OK)
        return say_error(&error);
    int code = write_bytes(path, bytes, size);
    bpnn_release(bytes);
    bool standard = strcmp(path, "-") == 0;
    if (code == 0 && a->json && !standard)
        result_json(bpnn_format_at((size_t)format).name, path, size, o.fixed, &report);
    else if (code == 0 && !standard)
        say_note("%s: %s, %zu bytes", bpnn_format_at((size_t)format).name, clean(path), size);
    if (code == 0 && o.fixed)
        fixed_note(model, &report);
    return code == 0 && !standard && !finish_output() ? BPNN_IO : code;
}

/* Are --fixed, --bits and --data what they have to be? */
static bool check_fixed(const arguments *a, int format)
{
    if (!a->fixed && (a->data || was_given_by_name("bits")))
        say_usage("--bits and --data are for --fixed");
    else if (a->fixed && format != BPNN_FORMAT_C)
        say_usage("--fixed is for --to c");
    else if (a->fixed && !a->data)
        say_usage("--fixed takes the ranges of its numbers from a table: --data FILE, best the one of training");
    else if (a->fixed && !isnan(a->bits) && a->bits != 8 && a->bits != 16)
        say_usage("--bits is 8 or 16");
    else
        return true;
    return false;
}

int verb_export(const arguments *a)
{
    bpnn_model *model = NULL;
    bpnn_table *table = NULL;
    int code, format;
    if (a->places != 1 || !a->to) {
        say_usage("export needs --to FORMAT and one MODEL; bpnn export --help lists the formats");
        return BPNN_USAGE;
    }
    format = bpnn_format_find(a->to);
    if (format < 0)
        return unknown_format(a->to);
    bpnn_format_info info = bpnn_format_at((size_t)format);
    if (!info.exports) {
        say_usage("%s is only read; bpnn export --help lists what is written", info.name);
        return BPNN_USAGE;
    }
    if (!check_fixed(a, format))
        return BPNN_USAGE;
    char *path = choose_output(a, info.suffix, &code);
    if (!path)
        return code;
    code = load_model(&model, a->place[0]);
    if (code == 0 && a->fixed)
        code = read_table_for(&table, a, a->data, model, true);
    if (code == 0)
        code = export_model(a, model, table, (bpnn_format)format, path);
    forget_input();
    bpnn_table_free(table);
    bpnn_model_free(model);
    free(path);
    return code;
}

static int read_foreign(bpnn_model **model, const char *path)
{
    bpnn_error error;
    size_t size;
    int code;
    *model = NULL;
    if (strcmp(path, "-") != 0)
        return bpnn_model_import(model, path, &error) == BPNN_OK ? 0 : say_error(&error);
    char *bytes = read_whole(path, (size_t)1 << 34, &size, &code);
    if (bytes && bpnn_model_import_memory(model, bytes, size, "standard input", &error) != BPNN_OK)
        code = say_error(&error);
    free(bytes);
    return code;
}

int verb_import(const arguments *a)
{
    bpnn_model *model;
    int code;
    if (a->places != 1) {
        say_usage("import needs one FILE; bpnn import --help lists the formats");
        return BPNN_USAGE;
    }
    char *path = choose_output(a, ".bpnn", &code);
    if (!path)
        return code;
    code = read_foreign(&model, a->place[0]);
    if (code == 0)
        code = save_model(model, path);
    if (code == 0 && strcmp(path, "-") != 0) {
        say_note("model: %s", clean(path));
        say_next("bpnn predict", path, "DATA");
    }
    bpnn_model_free(model);
    free(path);
    return code;
}
