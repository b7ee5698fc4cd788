/* A model as a whole: freeing it, and looking at it. */
#include "model/model.h"
#include "base/memory.h"

#include <math.h>

static void free_training(bpnn__training *training)
{
    for (size_t i = 0; i < training->option_count; i++)
        bpnn__free((void *)(uintptr_t)training->options[i].name);
    bpnn__free(training->options);
}

/* What a member has of its own in a schema whose texts are borrowed. */
static void free_own_numbers(bpnn__schema *schema)
{
    bpnn__free(schema->features);
    bpnn__free(schema->mean);
    bpnn__free(schema->scale);
    bpnn__free(schema->target_mean);
    bpnn__free(schema->target_scale);
}

void bpnn_model_free(bpnn_model *model)
{
    if (!model)
        return;
    for (int part = 0; part < BPNN__PARTS; part++) {
        for (size_t i = 0; model->metrics[part] && i < model->schema.target_count; i++)
            bpnn_metrics_free(&model->metrics[part][i]);
        bpnn__free(model->metrics[part]);
    }
    if (model->borrows)
        free_own_numbers(&model->schema);
    else if (!model->members)
        bpnn__schema_free(&model->schema);
    if (!model->members)
        bpnn_net_free(model->net);
    for (size_t k = 0; k < model->member_count; k++)
        bpnn_model_free(model->members[k]);
    bpnn__free(model->members);
    bpnn_predictor_free(model->predictor);
    free_training(&model->training);
    bpnn__free(model->starts);
    bpnn__notes_free(&model->notes);
    if (!model->borrows)
        bpnn__free(model->library);
    bpnn__free(model->method_why);
    bpnn__free(model->record);
    bpnn__free(model);
}

void bpnn__model_link(bpnn_model *model)
{
    bpnn_summary *s = &model->summary;
    s->target_count = model->schema.target_count;
    s->train = model->metrics[BPNN__TRAIN];
    s->validation = model->metrics[BPNN__VALIDATION];
    s->test = model->metrics[BPNN__TEST];
    s->method_why = model->method_why;
    s->start_count = model->start_count;
    s->starts = model->starts;
    s->record = model->record;
    s->record_count = model->record_count;
    const double *unit = s->target_count == 1 && model->schema.class_count == 0 ? model->schema.target_scale : NULL;
    s->noise = unit ? s->result.noise * unit[0] : (double)NAN;
    s->warning_count = model->notes.count;
    s->warnings = (const char *const *)model->notes.texts;
}

const bpnn_summary *bpnn_model_summary(const bpnn_model *model)
{
    return &model->summary;
}

const bpnn_net *bpnn_model_net(const bpnn_model *model)
{
    return model->net;
}

bpnn_task bpnn_model_task(const bpnn_model *model)
{
    return model->schema.task;
}

size_t bpnn_model_target_count(const bpnn_model *model)
{
    return model->schema.target_count;
}

const char *bpnn_model_target_name(const bpnn_model *model, size_t target)
{
    return target < model->schema.target_count ? model->schema.targets[target] : NULL;
}

size_t bpnn_model_class_count(const bpnn_model *model)
{
    return model->schema.class_count;
}

const char *bpnn_model_class_label(const bpnn_model *model, size_t k)
{
    return k < model->schema.class_count ? model->schema.classes[k] : NULL;
}

size_t bpnn_model_positive_class(const bpnn_model *model)
{
    return model->schema.positive;
}

size_t bpnn_model_feature_count(const bpnn_model *model)
{
    return model->schema.feature_count;
}

const char *bpnn_model_feature_name(const bpnn_model *model, size_t f)
{
    return f < model->schema.feature_count ? model->schema.features[f].name : NULL;
}

bool bpnn_model_feature_is_categorical(const bpnn_model *model, size_t f)
{
    return f < model->schema.feature_count && model->schema.features[f].categorical;
}

size_t bpnn_model_members(const bpnn_model *model)
{
    return model->members ? model->member_count : 1;
}

const bpnn_model *bpnn_model_member(const bpnn_model *model, size_t k)
{
    if (k >= bpnn_model_members(model))
        return NULL;
    return model->members ? model->members[k] : model;
}
