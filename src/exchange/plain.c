/* What the formats of one network share. */
#include "exchange/plain.h"
#include "base/error.h"

bpnn_status bpnn__check_plain(const bpnn_model *model, const char *format, bpnn_error *error)
{
    if (bpnn_model_members(model) == 1)
        return BPNN_OK;
    return bpnn__fail(error, BPNN_USAGE, "%s holds one network, and the model is an ensemble of %zu; take onnx or json",
                      format, bpnn_model_members(model));
}

void bpnn__note_encoding(const bpnn_model *model, const bpnn_export_options *options, const char *format)
{
    const bpnn__schema *s = &model->schema;
    bool plain = true;
    for (size_t i = 0; i < s->feature_count; i++)
        plain = plain && !s->features[i].categorical && !s->features[i].indicator;
    if (plain || !options->message)
        return;
    bpnn__text text = {0};
    bpnn__text_add(&text, format);
    bpnn__text_add(&text,
                   " takes the network's own inputs: categories as 0/1 columns, flags of missing cells behind their "
                   "column; docs/exporting.md has their order");
    if (!text.failed)
        options->message(text.data, true, options->message_context);
    bpnn__text_free(&text);
}

bool bpnn__is_scaled(const double *mean, const double *scale, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (mean[i] != 0 || scale[i] != 1)
            return true;
    return false;
}
