/* bpnn evaluate: metrics of a model on a table. */
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

/* The model's target names as a list, so that their texts are kept. */
static char *target_list(const bpnn_model *model)
{
    size_t size = 1;
    for (size_t k = 0; k < bpnn_model_target_count(model); k++)
        size += strlen(bpnn_model_target_name(model, k)) + 1;
    char *list = malloc(size);
    if (!list)
        return NULL;
    list[0] = '\0';
    for (size_t k = 0, at = 0; k < bpnn_model_target_count(model); k++)
        at += (size_t)snprintf(list + at, size - at, "%s%s", k ? "," : "", bpnn_model_target_name(model, k));
    return list;
}

static int evaluate(const arguments *a, const bpnn_model *model, const bpnn_table *table)
{
    size_t threads, targets = bpnn_model_target_count(model);
    bpnn_error error;
    if (!read_threads(a, &threads))
        return BPNN_USAGE;
    bpnn_metrics *metrics = calloc(targets, sizeof *metrics);
    if (!metrics) {
        fprintf(stderr, "bpnn: out of memory\n");
        return BPNN_MEMORY;
    }
    int code = 0;
    if (bpnn_model_evaluate(model, table, threads, a->isa, metrics, &error) != BPNN_OK)
        code = say_error(&error);
    if (code == 0 && a->json) {
        json_metrics(metrics, targets, model);
        json_end();
    } else if (code == 0) {
        show_metrics("metrics", metrics, targets, model);
        show_confusion(metrics, model);
    }
    for (size_t k = 0; k < targets; k++)
        bpnn_metrics_free(&metrics[k]);
    free(metrics);
    return code == 0 && !finish_output() ? BPNN_IO : code;
}

int verb_evaluate(const arguments *a)
{
    bpnn_model *model = NULL;
    bpnn_table *table = NULL;
    bpnn_error error;
    if (a->places != 2) {
        say_usage("evaluate needs MODEL and DATA; bpnn evaluate --help tells more");
        return BPNN_USAGE;
    }
    if (bpnn_model_load(&model, a->place[0], &error) != BPNN_OK)
        return say_error(&error);
    char *targets = target_list(model);
    int code = read_table(&table, a, a->place[1], targets, false);
    if (code == 0)
        code = evaluate(a, model, table);
    free(targets);
    bpnn_table_free(table);
    bpnn_model_free(model);
    if (code == 0)
        say_next("bpnn predict %s %s", clean(a->place[0]), clean(a->place[1]));
    return code;
}
