/* bpnn predict: CSV of predictions, in the table's order. */
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that is written aside and renamed when it is whole; standard output and devices are written directly. */
typedef struct sink {
    FILE *file;
    const char *path;
    char *aside;
} sink;

static int open_sink(sink *s, const char *path)
{
    struct stat about;
    memset(s, 0, sizeof *s);
    s->path = path;
    s->file = stdout;
    if (!path || strcmp(path, "-") == 0)
        return 0;
    bool device = stat(path, &about) == 0 && !S_ISREG(about.st_mode);
    size_t size = strlen(path) + 32;
    s->aside = device ? NULL : malloc(size);
    if (s->aside)
        snprintf(s->aside, size, "%s.%ld.tmp", path, (long)getpid());
    s->file = fopen(s->aside ? s->aside : path, "w");
    if (s->file)
        return 0;
    fprintf(stderr, "bpnn: %s: cannot write: %s\n", clean(path), strerror(errno));
    free(s->aside);
    return BPNN_IO;
}

static int close_sink(sink *s, int code)
{
    if (s->file == stdout)
        return code == 0 && !finish_output() ? BPNN_IO : code;
    bool good = code == 0 && fflush(s->file) == 0 && !ferror(s->file) && (!s->aside || fsync(fileno(s->file)) == 0);
    int number = errno;
    good = fclose(s->file) == 0 && good;
    if (good && s->aside && rename(s->aside, s->path) != 0) {
        number = errno;
        good = false;
    }
    if (!good && s->aside)
        unlink(s->aside);
    if (!good && code == 0) {
        fprintf(stderr, "bpnn: %s: cannot write: %s\n", clean(s->path), strerror(number));
        code = BPNN_IO;
    }
    free(s->aside);
    return code;
}

/* ---- cells ---- */

static void put_cell(FILE *to, const char *text)
{
    if (!text || !text[strcspn(text, ",\"\r\n")]) {
        fputs(text ? text : "", to);
        return;
    }
    putc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

static void put_number(FILE *to, double value, bool single)
{
    char text[32];
    fputs(single ? shortest_single((float)value, text) : shortest(value, text), to);
}

typedef struct job {
    const arguments *a;
    const bpnn_model *model;
    const bpnn_table *table;
    const bpnn_prediction *prediction;
    bool classes, single;
    FILE *to;
} job;

static void put_header(const job *j)
{
    for (size_t c = 0; j->a->append && c < bpnn_table_columns(j->table); c++) {
        put_cell(j->to, bpnn_table_column_name(j->table, c));
        putc(',', j->to);
    }
    if (!j->classes && j->prediction->columns > 1) {
        for (size_t k = 0; k < j->prediction->columns; k++) {
            if (k)
                putc(',', j->to);
            put_cell(j->to, bpnn_model_target_name(j->model, k));
        }
    } else {
        fputs("prediction", j->to);
    }
    for (size_t k = 0; j->classes && !j->a->labels_only && k < j->prediction->columns; k++) {
        const char *label = bpnn_model_class_label(j->model, k);
        char *name = malloc(strlen(label) + 4);
        if (name)
            snprintf(name, strlen(label) + 4, "p(%s)", label);
        putc(',', j->to);
        put_cell(j->to, name ? name : "p");
        free(name);
    }
    putc('\n', j->to);
}

static void put_row(const job *j, size_t r)
{
    char buffer[32];
    const double *values = j->prediction->values + r * j->prediction->columns;
    for (size_t c = 0; j->a->append && c < bpnn_table_columns(j->table); c++) {
        put_cell(j->to, bpnn_table_text(j->table, r, c, buffer));
        putc(',', j->to);
    }
    if (j->classes)
        put_cell(j->to, bpnn_model_class_label(j->model, j->prediction->label[r]));
    bool numbers = !j->classes || !j->a->labels_only;
    for (size_t k = 0; numbers && k < j->prediction->columns; k++) {
        if (k || j->classes)
            putc(',', j->to);
        put_number(j->to, values[k], j->single);
    }
    putc('\n', j->to);
}

static void put_json(const job *j)
{
    const bpnn_prediction *p = j->prediction;
    json_to(j->to);
    json_open('{');
    json_key("rows");
    json_count(p->rows);
    json_key("predictions");
    json_open('[');
    for (size_t r = 0; r < p->rows; r++) {
        json_open('{');
        json_key("prediction");
        if (j->classes)
            json_string(bpnn_model_class_label(j->model, p->label[r]));
        else if (p->columns == 1)
            j->single ? json_single((float)p->values[r]) : json_number(p->values[r]);
        else {
            json_open('{');
            for (size_t k = 0; k < p->columns; k++) {
                json_key(bpnn_model_target_name(j->model, k));
                j->single ? json_single((float)p->values[r * p->columns + k])
                          : json_number(p->values[r * p->columns + k]);
            }
            json_close('}');
        }
        if (j->classes && !j->a->labels_only) {
            json_key("p");
            json_open('{');
            for (size_t k = 0; k < p->columns; k++) {
                json_key(bpnn_model_class_label(j->model, k));
                j->single ? json_single((float)p->values[r * p->columns + k])
                          : json_number(p->values[r * p->columns + k]);
            }
            json_close('}');
        }
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
    json_to(NULL);
}

static int write_predictions(const arguments *a, const bpnn_model *model, const bpnn_table *table,
                             const bpnn_prediction *prediction)
{
    sink s;
    int code = open_sink(&s, a->output);
    if (code != 0)
        return code;
    job j = {.a = a,
             .model = model,
             .table = table,
             .prediction = prediction,
             .classes = prediction->label != NULL,
             .single = bpnn_net_describe(bpnn_model_net(model)).precision == BPNN_SINGLE,
             .to = s.file};
    if (a->json) {
        put_json(&j);
    } else {
        put_header(&j);
        for (size_t r = 0; r < prediction->rows && !ferror(s.file); r++)
            put_row(&j, r);
    }
    return close_sink(&s, code);
}

static int predict(const arguments *a, const bpnn_model *model, const bpnn_table *table)
{
    size_t threads;
    bpnn_prediction prediction;
    bpnn_error error;
    if (!read_threads(a, &threads))
        return BPNN_USAGE;
    if (bpnn_model_predict(model, table, threads, a->isa, &prediction, &error) != BPNN_OK)
        return say_error(&error);
    if (prediction.unseen_cells > 0)
        say_warning("%llu cells hold a category that training never saw: taken as none",
                    (unsigned long long)prediction.unseen_cells);
    if (prediction.imputed_cells > 0)
        say_note("%llu missing cells were filled as in training", (unsigned long long)prediction.imputed_cells);
    int code = write_predictions(a, model, table, &prediction);
    bpnn_prediction_free(&prediction);
    return code;
}

int verb_predict(const arguments *a)
{
    bpnn_model *model = NULL;
    bpnn_table *table = NULL;
    bpnn_error error;
    if (a->places != 2) {
        say_usage("predict needs MODEL and DATA; bpnn predict --help tells more");
        return BPNN_USAGE;
    }
    if (bpnn_model_load(&model, a->place[0], &error) != BPNN_OK)
        return say_error(&error);
    int code = read_table(&table, a, a->place[1], NULL, false);
    if (code == 0)
        code = predict(a, model, table);
    bpnn_table_free(table);
    bpnn_model_free(model);
    return code;
}
