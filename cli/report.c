/* What came of a training run: for people, and as one JSON object. */
#include "verbs.h"

static void json_shape(const bpnn_model *model)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    const bpnn_net *net = bpnn_model_net(model);
    bpnn_net_options shape = bpnn_net_describe(net);
    json_targets(model, s->target_count);
    json_pair_count("inputs", shape.inputs);
    json_key("layers");
    json_open('[');
    json_count(shape.inputs);
    for (size_t m = 0; m < shape.layer_count; m++)
        json_count(shape.layers[m].size);
    json_close(']');
    json_pair_count("parameters", bpnn_net_parameter_count(net));
}

static void json_rows(const bpnn_summary *s)
{
    json_key("rows");
    json_open('{');
    json_pair_count("train", s->rows_train);
    json_pair_count("validation", s->rows_validation);
    json_pair_count("test", s->rows_test);
    json_close('}');
}

static void json_auto(const bpnn_summary *s)
{
    json_key("auto");
    json_open('{');
    if (s->method_why) {
        json_key("method");
        json_open('{');
        json_pair_text("value", s->method);
        json_pair_text("why", s->method_why);
        json_close('}');
    }
    json_close('}');
}

static void json_ends(uint64_t seed, bpnn_stop stop, size_t epochs, size_t best_epoch)
{
    json_pair_count("seed", seed);
    json_pair_text("stop", bpnn_stop_name(stop));
    json_pair_count("epochs", epochs);
    json_pair_count("best_epoch", best_epoch);
}

/* "start": the winner, from 1; "starts": all of them */
static void json_starts(const bpnn_summary *s)
{
    if (s->start_count < 2)
        return;
    json_pair_count("start", s->start + 1);
    json_key("starts");
    json_open('[');
    for (size_t r = 0; r < s->start_count; r++) {
        json_open('{');
        json_ends(s->starts[r].seed, s->starts[r].stop, s->starts[r].epochs, s->starts[r].best_epoch);
        json_pair_number("score", s->starts[r].score);
        json_close('}');
    }
    json_close(']');
}

void json_runs(const bpnn_model *model)
{
    json_starts(bpnn_model_summary(model));
    if (bpnn_model_members(model) < 2)
        return;
    json_key("members");
    json_open('[');
    for (size_t k = 0; k < bpnn_model_members(model); k++) {
        const bpnn_model *member = bpnn_model_member(model, k);
        const bpnn_summary *s = bpnn_model_summary(member);
        json_open('{');
        json_ends(s->seed, s->stop, s->epochs, s->best_epoch);
        json_starts(s);
        json_parts(member);
        json_close('}');
    }
    json_close(']');
}

static void show_starts(const bpnn_summary *s, const char *before)
{
    for (size_t r = 0; s->start_count > 1 && r < s->start_count; r++)
        printf("%sstart %zu: seed %llu, %zu epochs, stop: %s, score %.6g%s\n", before, r + 1,
               (unsigned long long)s->starts[r].seed, s->starts[r].epochs, bpnn_stop_name(s->starts[r].stop),
               s->starts[r].score, r == s->start ? " (kept)" : "");
}

void show_runs(const bpnn_model *model)
{
    show_starts(bpnn_model_summary(model), "  ");
    for (size_t k = 0; bpnn_model_members(model) > 1 && k < bpnn_model_members(model); k++) {
        const bpnn_summary *s = bpnn_model_summary(bpnn_model_member(model, k));
        printf("  member %zu: seed %llu, %zu epochs, best %zu, stop: %s", k + 1, (unsigned long long)s->seed, s->epochs,
               s->best_epoch, bpnn_stop_name(s->stop));
        if (s->validation)
            printf(", validation loss %.6g", s->validation->loss);
        putchar('\n');
        show_starts(s, "    ");
    }
}

void report_json(const bpnn_model *model, const char *output)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    json_open('{');
    json_pair_text("model", output);
    json_pair_text("task", bpnn_task_name(bpnn_model_task(model)));
    json_shape(model);
    json_pair_text("method", s->method);
    json_rows(s);
    json_pair_count("epochs", s->epochs);
    json_pair_count("best_epoch", s->best_epoch);
    json_pair_text("stop", bpnn_stop_name(s->stop));
    json_pair_number("seconds", s->seconds);
    json_found(model);
    json_parts(model);
    json_pair_count("seed", s->seed);
    json_runs(model);
    json_auto(s);
    json_pair_texts("warnings", s->warnings, s->warning_count);
    json_close('}');
    json_end();
}

void report_text(const bpnn_model *model, const char *output)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    size_t members = bpnn_model_members(model);
    if (members > 1)
        printf("ensemble of %zu, ", members);
    printf("%s: %zu epochs, best %zu, stop: %s, %.*f s\n", s->method, s->epochs, s->best_epoch, bpnn_stop_name(s->stop),
           s->seconds < 1 ? 3 : 2, s->seconds);
    show_runs(model);
    show_found(model);
    show_metrics("training", s->train, s->target_count, model);
    show_metrics("validation", s->validation, s->target_count, model);
    show_metrics("test", s->test, s->target_count, model);
    show_confusion(s->test ? s->test : s->validation ? s->validation : s->train, model);
    printf("model: %s\n", clean(output));
}
