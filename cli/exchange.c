/* bpnn export, bpnn import: models in other formats. */
#include "files.h"
#include "verbs.h"

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

/* {"format", "output", "bytes"} */
static void result_json(const char *format, const char *output, size_t bytes)
{
    json_open('{');
    json_pair_text("format", format);
    json_pair_text("output", output);
    json_pair_count("bytes", bytes);
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

static int export_model(const arguments *a, const bpnn_model *model, bpnn_format format, const char *path)
{
    bpnn_export_options o;
    bpnn_error error;
    void *bytes;
    size_t size;
    bpnn_export_options_default(&o);
    o.message = tell;
    if (bpnn_model_export_memory(model, format, &o, &bytes, &size, &error) != BPNN_OK)
        return say_error(&error);
    int code = write_bytes(path, bytes, size);
    bpnn_release(bytes);
    bool standard = strcmp(path, "-") == 0;
    if (code == 0 && a->json && !standard)
        result_json(bpnn_format_at((size_t)format).name, path, size);
    else if (code == 0 && !standard)
        say_note("%s: %s, %zu bytes", bpnn_format_at((size_t)format).name, clean(path), size);
    return code == 0 && !standard && !finish_output() ? BPNN_IO : code;
}

int verb_export(const arguments *a)
{
    bpnn_model *model;
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
    char *path = choose_output(a, info.suffix, &code);
    if (!path)
        return code;
    code = load_model(&model, a->place[0]);
    if (code == 0)
        code = export_model(a, model, (bpnn_format)format, path);
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
