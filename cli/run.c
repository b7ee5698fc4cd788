/* What runs of train, cv and tune share: their tables, the places of what they write, many fits beside each other. */
#include "run.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>

void on_message(const char *text, bool warning, void *context)
{
    (void)context;
    if (warning)
        say_warning("%s", text);
    else
        say_note("%s", text);
}

/* ---- tables ---- */

/* "0.15", "0", or a file. */
static bool share_or_file(const char *name, const char *text, double *share, const char **file)
{
    *file = NULL;
    if (!text)
        return true;
    if (!parse_number(text, share)) {
        *file = text;
        return true;
    }
    if (*share >= 0 && *share < 1)
        return true;
    say_usage("--%s is a share below 1 or a file, not %s", name, text);
    return false;
}

/* A second table: its target is the first one's, wherever the column stands. */
static int read_other(run *r, bpnn_table **table, const char *path)
{
    const arguments *a = r->a;
    const char *target = a->target ? a->target : bpnn_table_column_name(r->table, bpnn_table_columns(r->table) - 1);
    const char *lists[] = {target, a->categorical};
    return read_table(table, a, path, (keep){lists, a->categorical ? 2 : 1, false});
}

int read_tables(run *r)
{
    const arguments *a = r->a;
    const char *validation, *test, *lists[2];
    char dialect[128];
    keep texts = {lists, 0, !a->target};
    if (!share_or_file("validation", a->validation, &r->fit.validation_share, &validation) ||
        !share_or_file("test", a->test, &r->fit.test_share, &test))
        return BPNN_USAGE;
    if (a->target)
        lists[texts.count++] = a->target;
    if (a->categorical)
        lists[texts.count++] = a->categorical;
    int code = read_table(&r->table, a, a->place[0], texts);
    if (code == 0) {
        dialect_line(r->table, dialect, sizeof dialect);
        say_note("%s: %zu rows, %zu columns%s", clean(bpnn_table_source(r->table)), bpnn_table_rows(r->table),
                 bpnn_table_columns(r->table), dialect);
    }
    if (code == 0 && validation)
        code = read_other(r, &r->validation, validation);
    if (code == 0 && test)
        code = read_other(r, &r->test, test);
    r->fit.validation = r->validation;
    r->fit.test = r->test;
    return code;
}

char *default_output(const char *data, const char *ending)
{
    const char *name = strrchr(data, '/') ? strrchr(data, '/') + 1 : data;
    if (strcmp(name, "-") == 0)
        name = "model";
    size_t size = strcspn(name, ","); /* an IDX pair: the first */
    static const char *const endings[] = {".gz",  ".csv",    ".tsv", ".txt",     ".idx",
                                          ".npy", ".libsvm", ".svm", ".svmlight"};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            size_t n = strlen(endings[i]);
            if (size > n && memcmp(name + size - n, endings[i], n) == 0)
                size -= n;
        }
    char *path = malloc(size + 8);
    if (path) {
        memcpy(path, name, size);
        snprintf(path + size, 8, ".%s", ending);
    }
    return path;
}

/* ---- what is written ---- */

/* An IDX pair is two files in one word. */
static bool is_input(const char *path, const char *words)
{
    const char *comma = words ? strchr(words, ',') : NULL;
    if (!words)
        return false;
    if (!comma || same_file(path, words))
        return same_file(path, words);
    char *first = strdup(words);
    if (first)
        first[comma - words] = '\0';
    bool same = (first && same_file(path, first)) || same_file(path, comma + 1);
    free(first);
    return same;
}

int check_written(const run *r, const char *name, const char *path)
{
    const char *const inputs[] = {r->a->place[0], r->a->validation, r->a->test, r->a->config, r->a->init_from};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (is_input(path, inputs[i])) {
            say_usage("--%s %s would take the place of what is read", name, path);
            return BPNN_USAGE;
        }
    return check_place(path);
}

int check_outputs(const run *r, const char *name, const char *path)
{
    const char *log = r->a->log;
    if (path && strcmp(path, "-") == 0 && r->a->json) {
        say_usage("--%s - and --json both want standard output", name);
        return BPNN_USAGE;
    }
    if (log && strcmp(log, "-") == 0) {
        say_usage("--log needs a file");
        return BPNN_USAGE;
    }
    if (log && path && (strcmp(log, path) == 0 || same_file(log, path))) {
        say_usage("--log and --%s are the same file", name);
        return BPNN_USAGE;
    }
    int code = path ? check_written(r, name, path) : 0;
    return code == 0 && log ? check_written(r, "log", log) : code;
}

/* ---- many fits ---- */

static int work(run *r, const many *m)
{
    bpnn_error error;
    int code = read_tables(r);
    if (code == 0)
        code = log_open(&r->log, r->a->log);
    if (code != 0)
        return code;
    log_given(&r->log, r->a, r->fit.train.seed);
    r->fit.message = on_message;
    r->fit.train.interrupt = catch_signals();
    begin_fits();
    bpnn_status status = m->fit(m->context, &error);
    end_progress();
    code = status == BPNN_OK ? m->show(m->context) : say_error(&error);
    int log_code = log_close(&r->log);
    return code ? code : log_code;
}

int run_many(const arguments *a, const many *m, run *r)
{
    const char *verb = verb_name(a->verb);
    if (a->places != 1) {
        if (a->places)
            say_usage("%s takes one DATA", verb);
        else
            say_usage("%s needs DATA; bpnn %s --help tells more", verb, verb);
        return BPNN_USAGE;
    }
    r->a = a;
    int code = set_fit(r) ? m->check(m->context) : BPNN_USAGE;
    if (code == 0)
        code = work(r, m);
    forget_input();
    return code;
}

void free_run(run *r)
{
    bpnn_model_free(r->model);
    bpnn_model_free(r->start);
    bpnn_checkpoint_free(r->resumed);
    bpnn_table_free(r->table);
    bpnn_table_free(r->validation);
    bpnn_table_free(r->test);
    free(r->output);
    free(r->checkpoint);
    free(r->config);
    free(r->note);
}
