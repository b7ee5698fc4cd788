/* bpnn predict: CSV of predictions, in the table's order. */
#include "files.h"
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells ---- */

/* Would a spreadsheet take the text for a formula? Signed numbers are none. */
static bool is_formula(const char *text)
{
    char *end;
    if (text[0] == '\0' || !strchr("=+-@\t\r", text[0]))
        return false;
    strtod(text, &end);
    return (text[0] != '+' && text[0] != '-') || end == text || *end != '\0';
}

static void put_number(FILE *to, double value, bool single)
{
    char text[32];
    fputs(single ? shortest_single((float)value, text) : shortest(value, text), to);
}

typedef struct job {
    const arguments *a;
    const bpnn_model *model;
    const bpnn_table *kept; /* --append: the input's cells */
    const bpnn_prediction *prediction;
    const size_t *fold; /* of every row, or NULL */
    bool classes, single;
    FILE *to;
} job;

static void put_cell(const job *j, const char *text)
{
    const char *mark = j->a->guard_formulas && text && is_formula(text) ? "'" : "";
    if (!text || !text[strcspn(text, ",\"\r\n")]) {
        fprintf(j->to, "%s%s", mark, text ? text : "");
        return;
    }
    fprintf(j->to, "\"%s", mark);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', j->to);
        putc(*text, j->to);
    }
    putc('"', j->to);
}

static void put_header(const job *j)
{
    for (size_t c = 0; j->kept && c < bpnn_table_columns(j->kept); c++) {
        put_cell(j, bpnn_table_column_name(j->kept, c));
        putc(',', j->to);
    }
    if (!j->classes && j->prediction->columns > 1) {
        for (size_t k = 0; k < j->prediction->columns; k++) {
            if (k)
                putc(',', j->to);
            put_cell(j, bpnn_model_target_name(j->model, k));
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
        put_cell(j, name ? name : "p");
        free(name);
    }
    if (j->fold)
        fputs(",fold", j->to);
    putc('\n', j->to);
}

static void put_row(const job *j, size_t r)
{
    char buffer[32];
    const double *values = j->prediction->values + r * j->prediction->columns;
    for (size_t c = 0; j->kept && c < bpnn_table_columns(j->kept); c++) {
        put_cell(j, bpnn_table_text(j->kept, r, c, buffer));
        putc(',', j->to);
    }
    bool none = j->classes && j->prediction->label[r] == SIZE_MAX; /* a row in no fold */
    if (j->classes && !none)
        put_cell(j, bpnn_model_class_label(j->model, j->prediction->label[r]));
    bool numbers = !j->classes || !j->a->labels_only;
    for (size_t k = 0; numbers && k < j->prediction->columns; k++) {
        if (k || j->classes)
            putc(',', j->to);
        if (!none && !(j->fold && isnan(values[k])))
            put_number(j->to, values[k], j->single);
    }
    if (j->fold && j->fold[r] == SIZE_MAX)
        putc(',', j->to);
    else if (j->fold)
        fprintf(j->to, ",%zu", j->fold[r] + 1);
    putc('\n', j->to);
}

/* {NAME: number, ..}: targets, or the probabilities of classes */
static void put_json_numbers(const job *j, const double *values)
{
    json_open('{');
    for (size_t k = 0; k < j->prediction->columns; k++) {
        json_key(j->classes ? bpnn_model_class_label(j->model, k) : bpnn_model_target_name(j->model, k));
        j->single ? json_single((float)values[k]) : json_number(values[k]);
    }
    json_close('}');
}

static void put_json_row(const job *j, size_t r)
{
    const bpnn_prediction *p = j->prediction;
    const double *values = p->values + r * p->columns;
    json_open('{');
    json_key("prediction");
    if (j->classes)
        json_string(bpnn_model_class_label(j->model, p->label[r]));
    else if (p->columns > 1)
        put_json_numbers(j, values);
    else
        j->single ? json_single((float)values[0]) : json_number(values[0]);
    if (j->classes && !j->a->labels_only) {
        json_key("p");
        put_json_numbers(j, values);
    }
    json_close('}');
}

static void put_json(const job *j)
{
    json_to(j->to);
    json_open('{');
    json_pair_count("rows", j->prediction->rows);
    json_key("predictions");
    json_open('[');
    for (size_t r = 0; r < j->prediction->rows && !ferror(j->to); r++)
        put_json_row(j, r);
    json_close(']');
    json_close('}');
    json_end();
    json_to(NULL);
}

static int write_json(const arguments *a, const bpnn_model *model, const bpnn_prediction *prediction, bool single)
{
    sink s;
    int code = open_sink(&s, a->output);
    if (code != 0)
        return code;
    job j = {.a = a,
             .model = model,
             .prediction = prediction,
             .classes = prediction->label != NULL,
             .single = single,
             .to = s.file};
    put_json(&j);
    return close_sink(&s, code);
}

int write_csv(const arguments *a, const char *path, const bpnn_model *model, const bpnn_table *kept,
              const bpnn_prediction *prediction, const size_t *fold, bool single)
{
    sink s;
    int code = open_sink(&s, path);
    if (code != 0)
        return code;
    job j = {.a = a,
             .model = model,
             .kept = kept,
             .prediction = prediction,
             .fold = fold,
             .classes = prediction->label != NULL,
             .single = single,
             .to = s.file};
    put_header(&j);
    for (size_t r = 0; r < prediction->rows && !ferror(s.file); r++)
        put_row(&j, r);
    return close_sink(&s, code);
}

/* --append shows cells as they were written, not as numbers print. */
static int write_all(const arguments *a, const bpnn_model *model, const bpnn_table *table,
                     const bpnn_prediction *prediction)
{
    bpnn_table *written = NULL;
    bool single = bpnn_net_describe(bpnn_model_net(model)).precision == BPNN_SINGLE;
    int code = a->append && !a->json ? read_as_written(&written, a, a->place[1], table) : 0;
    if (code == 0 && written && bpnn_table_rows(written) != bpnn_table_rows(table))
        code = fail(BPNN_DATA, bpnn_table_source(table), "the file changed while it was read");
    if (code == 0)
        code = a->json ? write_json(a, model, prediction, single)
                       : write_csv(a, a->output, model, a->append ? (written ? written : table) : NULL, prediction,
                                   NULL, single);
    bpnn_table_free(written);
    return code;
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
    int code = write_all(a, model, table, &prediction);
    bpnn_prediction_free(&prediction);
    return code;
}

/* What is read must not be replaced by what is written. */
static bool check_target(const arguments *a)
{
    for (int i = 0; a->output && i < a->places; i++)
        if (same_file(a->output, a->place[i])) {
            say_usage("--output %s would take the place of what is read", a->output);
            return false;
        }
    return true;
}

int verb_predict(const arguments *a)
{
    bpnn_model *model = NULL;
    bpnn_table *table = NULL;
    if (!check_model_and_data(a, "predict") || !check_target(a))
        return BPNN_USAGE;
    int code = a->output ? check_place(a->output) : 0;
    if (code == 0)
        code = load_model(&model, a->place[0]);
    if (code == 0)
        code = read_table_for(&table, a, a->place[1], model, false);
    if (code == 0)
        code = predict(a, model, table);
    forget_input();
    bpnn_table_free(table);
    bpnn_model_free(model);
    return code;
}
