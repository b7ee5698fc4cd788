/* bpnn inspect: a model, or a data file. */
#include "verbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A model begins with the length of a JSON header; a table never does. */
static bool is_model(const char *path)
{
    unsigned char head[9];
    struct stat about;
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode); /* a pipe can be read once */
    FILE *file = regular ? fopen(path, "rbe") : NULL;
    if (!file)
        return false;
    size_t got = fread(head, 1, sizeof head, file);
    fclose(file);
    return got == sizeof head && head[8] == '{' && head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] == 0;
}

static void show_network(const bpnn_net *net)
{
    bpnn_net_options shape = bpnn_net_describe(net);
    printf("network: %zu", shape.inputs);
    for (size_t m = 0; m < shape.layer_count; m++)
        printf(" - %zu %s", shape.layers[m].size,
               bpnn_word(BPNN_WORDS_ACTIVATION, (int)shape.layers[m].activation.kind));
    printf(", loss %s, %zu parameters, %s\n", bpnn_word(BPNN_WORDS_LOSS, (int)shape.loss.kind),
           bpnn_net_parameter_count(net), bpnn_word(BPNN_WORDS_PRECISION, (int)shape.precision));
}

/* The beginning of the description inside the header says so. */
static bool is_checkpoint(const char *path)
{
    static const char kind[] = "\\\"kind\\\":\\\"checkpoint\\\"";
    char head[129];
    FILE *file = fopen(path, "rbe");
    size_t got = file ? fread(head, 1, sizeof head - 1, file) : 0;
    if (file)
        fclose(file);
    for (size_t i = 8; i + sizeof kind <= got; i++)
        if (memcmp(head + i, kind, sizeof kind - 1) == 0)
            return true;
    return false;
}

static void show_place(const bpnn_checkpoint *checkpoint, const char *path)
{
    bpnn_checkpoint_place at = bpnn_checkpoint_where(checkpoint);
    printf("checkpoint: %s, after %zu epochs", clean(path), at.epochs);
    if (at.batches)
        printf(" and %zu batches", at.batches);
    printf(", %llu updates, best epoch %zu%s\n", (unsigned long long)at.updates, at.best_epoch,
           at.over ? ", the run had ended" : "");
    puts("go on with: bpnn train --resume FILE DATA");
}

static void show_model(const bpnn_model *model, const char *path)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    printf("model: %s, %s, target ", clean(path), bpnn_task_name(bpnn_model_task(model)));
    for (size_t k = 0; k < bpnn_model_target_count(model); k++)
        printf("%s%s", k ? ", " : "", clean(bpnn_model_target_name(model, k)));
    putchar('\n');
    show_network(bpnn_model_net(model));
    if (bpnn_model_members(model) > 1)
        printf("ensemble of %zu such networks; ", bpnn_model_members(model));
    printf("training: %s, %zu epochs, best %zu, stop: %s, seed %llu\n", s->method, s->epochs, s->best_epoch,
           bpnn_stop_name(s->stop), (unsigned long long)s->seed);
    show_runs(model);
    show_found(model);
    show_metrics("training", s->train, s->target_count, model);
    show_metrics("validation", s->validation, s->target_count, model);
    show_metrics("test", s->test, s->target_count, model);
    printf("inputs: %zu columns\n", bpnn_model_feature_count(model));
    for (size_t f = 0; f < bpnn_model_feature_count(model); f++)
        printf("  %s (%s)\n", clean(bpnn_model_feature_name(model, f)),
               bpnn_model_feature_is_categorical(model, f) ? "categories" : "number");
    for (size_t k = 0; k < bpnn_model_class_count(model); k++)
        printf("%s%s", k ? ", " : "classes: ", clean(bpnn_model_class_label(model, k)));
    if (bpnn_model_class_count(model))
        putchar('\n');
}

static int describe(const bpnn_model *model)
{
    bpnn_error error;
    char *json = NULL;
    if (bpnn_model_describe(model, &json, &error) != BPNN_OK)
        return say_error(&error);
    puts(json);
    bpnn_release(json);
    return 0;
}

static int inspect_checkpoint(const arguments *a)
{
    bpnn_checkpoint *checkpoint;
    int code = open_checkpoint(&checkpoint, a->place[0]);
    if (code != 0)
        return code;
    const bpnn_model *model = bpnn_checkpoint_model(checkpoint);
    if (a->json) {
        code = describe(model);
    } else {
        show_place(checkpoint, a->place[0]);
        show_model(model, a->place[0]);
    }
    bpnn_checkpoint_free(checkpoint);
    return code == 0 && !finish_output() ? BPNN_IO : code;
}

static int inspect_model(const arguments *a)
{
    bpnn_model *model;
    int code = load_model(&model, a->place[0]);
    if (code != 0)
        return code;
    if (a->json)
        code = describe(model);
    else
        show_model(model, a->place[0]);
    bpnn_model_free(model);
    return code == 0 && !finish_output() ? BPNN_IO : code;
}

/* ---- tables ---- */

typedef struct column_facts {
    size_t missing;
    double least, most, mean;
} column_facts;

static column_facts look(const bpnn_table *t, size_t c)
{
    column_facts f = {0, (double)INFINITY, -(double)INFINITY, 0};
    size_t known = 0;
    char buffer[32];
    for (size_t r = 0; r < bpnn_table_rows(t); r++) {
        if (!bpnn_table_text(t, r, c, buffer)) {
            f.missing++;
            continue;
        }
        double x = bpnn_table_number(t, r, c);
        f.least = x < f.least ? x : f.least;
        f.most = x > f.most ? x : f.most;
        f.mean += x;
        known++;
    }
    f.mean = known ? f.mean / (double)known : (double)NAN;
    return f;
}

static void table_json(const bpnn_table *t)
{
    bpnn_table_dialect d = bpnn_table_get_dialect(t);
    char delimiter[2] = {d.delimiter, '\0'}, decimal[2] = {d.decimal, '\0'};
    json_open('{');
    json_pair_text("format", d.format);
    json_pair_count("rows", bpnn_table_rows(t));
    json_pair_text("delimiter", d.delimiter ? delimiter : NULL);
    json_pair_text("decimal", d.decimal ? decimal : NULL);
    json_key("header");
    json_bool(d.header);
    json_key("columns");
    json_open('[');
    for (size_t c = 0; c < bpnn_table_columns(t); c++) {
        column_facts f = look(t, c);
        bool number = bpnn_table_is_numeric(t, c);
        json_open('{');
        json_pair_text("name", bpnn_table_column_name(t, c));
        json_pair_text("type", number ? "number" : "text");
        json_pair_count("missing", f.missing);
        json_pair_number("min", number ? f.least : (double)NAN);
        json_pair_number("max", number ? f.most : (double)NAN);
        json_pair_number("mean", number ? f.mean : (double)NAN);
        json_close('}');
    }
    json_close(']');
    json_close('}');
    json_end();
}

enum { SHOWN = 40 };

static void table_text(const bpnn_table *t)
{
    bpnn_table_dialect d = bpnn_table_get_dialect(t);
    size_t columns = bpnn_table_columns(t);
    printf("%s: %s, %zu rows, %zu columns", clean(bpnn_table_source(t)), d.format, bpnn_table_rows(t), columns);
    if (d.delimiter)
        printf(", delimiter '%c', decimal '%c', header %s", d.delimiter, d.decimal, d.header ? "yes" : "no");
    putchar('\n');
    for (size_t c = 0; c < columns && c < SHOWN; c++) {
        column_facts f = look(t, c);
        printf("  ");
        show_padded(bpnn_table_column_name(t, c), 24, false);
        printf(" ");
        if (bpnn_table_is_numeric(t, c) && f.least <= f.most)
            printf("number  min %.6g  mean %.6g  max %.6g", f.least, f.mean, f.most);
        else
            printf("%s", bpnn_table_is_numeric(t, c) ? "empty" : "text");
        if (f.missing)
            printf("  %zu missing", f.missing);
        putchar('\n');
    }
    if (columns > SHOWN)
        printf("  .. and %zu more\n", columns - SHOWN);
}

static int inspect_table(const arguments *a)
{
    bpnn_table *table;
    int code = read_table(&table, a, a->place[0], (keep){NULL, 0, false});
    forget_input();
    if (code != 0)
        return code;
    if (a->json)
        table_json(table);
    else
        table_text(table);
    bpnn_table_free(table);
    return finish_output() ? 0 : BPNN_IO;
}

int verb_inspect(const arguments *a)
{
    if (a->places != 1) {
        say_usage("inspect needs one FILE");
        return BPNN_USAGE;
    }
    if (!is_model(a->place[0]))
        return inspect_table(a);
    return is_checkpoint(a->place[0]) ? inspect_checkpoint(a) : inspect_model(a);
}
