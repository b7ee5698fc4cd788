/* bpnn evaluate: metrics of a model on a table. */
#include "verbs.h"

#include <stdlib.h>

static int evaluate(const arguments *a, const bpnn_model *model, const bpnn_table *table)
{
    size_t threads, targets = bpnn_model_target_count(model);
    bpnn_error error;
    if (!read_threads(a, &threads))
        return BPNN_USAGE;
    bpnn_metrics *metrics = calloc(targets, sizeof *metrics);
    if (!metrics)
        return fail_memory();
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
    if (!check_model_and_data(a, "evaluate"))
        return BPNN_USAGE;
    int code = load_model(&model, a->place[0]);
    if (code == 0)
        code = read_table_for(&table, a, a->place[1], model, true);
    if (code == 0)
        code = evaluate(a, model, table);
    forget_input();
    bpnn_table_free(table);
    bpnn_model_free(model);
    if (code == 0)
        say_next("bpnn predict", a->place[0], a->place[1]);
    return code;
}
