/* What a workbook has no room for. */
#include "base/error.h"
#include "exchange/excel_cell.h"
#include "exchange/formula.h"
#include "net/net.h"

#include <string.h>

/* Of Excel: a text has 32,767 characters, here with p() around it; a formula 8,192, and a member's value takes up to 20 of the mean's. */
enum { MOST_COLUMNS = 16384, MOST_TEXT = 32763, MOST_MEMBERS = 400 };

static bool is_long(char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(texts[i]) > MOST_TEXT)
            return true;
    return false;
}

static bool has_long_name(const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    bool found = is_long(bpnn__value_names(model), bpnn__value_count(model));
    for (size_t f = 0; f < s->feature_count; f++)
        found |= is_long(&s->features[f].name, 1) ||
                 (s->features[f].categorical && is_long(s->features[f].levels, s->features[f].level_count));
    return found;
}

/* Columns: of Predict; of Names and the first Weights; of the layers, at least as wide as Values. */
static size_t widest_sheet(const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    size_t shown = s->feature_count + (s->task != BPNN_TASK_REGRESSION) + bpnn__value_count(model);
    size_t widest = shown > s->width + 1 ? shown : s->width + 1;
    for (size_t m = 1; m <= model->net->depth; m++)
        widest = 2 * bpnn__net_size(model->net, m) > widest ? 2 * bpnn__net_size(model->net, m) : widest;
    return widest;
}

bpnn_status bpnn__check_excel(const bpnn_model *model, bpnn_error *error)
{
    size_t widest = widest_sheet(model), members = bpnn_model_members(model);
    if (has_long_name(model))
        return bpnn__fail(error, BPNN_USAGE,
                          "excel holds names of at most %d bytes, and a name of this model is longer; take c or python",
                          MOST_TEXT);
    if (widest > MOST_COLUMNS)
        return bpnn__fail(error, BPNN_USAGE, "excel has %d columns, and this model needs %zu; take c, python or onnx",
                          MOST_COLUMNS, widest);
    if (members > MOST_MEMBERS)
        return bpnn__fail(error, BPNN_USAGE,
                          "excel's formulas hold the mean of at most %d members, and the ensemble has %zu; take c, "
                          "python or onnx",
                          MOST_MEMBERS, members);
    return BPNN_OK;
}
