#include "exchange/row.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/net.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- encoding, as table/encode.c does ---- */

static bool encode_numeric(const bpnn__schema *s, const bpnn__feature *f, double x, bpnn_precision precision,
                           double *to)
{
    double most = precision == BPNN_SINGLE ? (double)FLT_MAX : DBL_MAX;
    bool missing = isnan(x) != 0;
    if (missing && s->missing == BPNN_MISSING_ERROR)
        return false;
    if (missing)
        x = f->fill;
    to[0] = (x - s->mean[f->first]) / s->scale[f->first];
    if (f->indicator)
        to[1] = missing;
    return fabs(to[0]) <= most;
}

bool bpnn__row_encode(const bpnn__schema *s, bpnn_precision precision, const double *raw, double *to)
{
    for (size_t i = 0; i < s->feature_count; i++) {
        const bpnn__feature *f = &s->features[i];
        for (size_t k = 0; f->categorical && k < f->width; k++)
            to[f->first + k] = k < f->level_count ? raw[i] == (double)k : isnan(raw[i]) != 0;
        if (!f->categorical && !encode_numeric(s, f, raw[i], precision, to + f->first))
            return false;
    }
    return true;
}

/* ---- one member, and their mean ---- */

static bpnn_status run(const bpnn_model *member, const double *inputs, double *y, bpnn_error *error)
{
    bpnn_predictor *predictor;
    bpnn_status status = bpnn_predictor_new(&predictor, member->net, "scalar", error);
    if (status != BPNN_OK)
        return status;
    size_t size = bpnn_predictor_workspace(predictor, 1);
    void *workspace = bpnn__alloc(size, 1);
    status = workspace ? bpnn_predictor_run(predictor, bpnn_matrix_make(inputs, BPNN_F64, 1, member->net->inputs), y,
                                            BPNN_F64, workspace, size, error)
                       : bpnn__fail_memory(error);
    bpnn__free(workspace);
    bpnn_predictor_free(predictor);
    return status;
}

static bpnn_status add_member(const bpnn_model *member, const double *raw, double *inputs, double *values,
                              size_t *label, bpnn_error *error)
{
    size_t outputs = bpnn__net_size(member->net, member->net->depth), count = bpnn__value_count(member);
    if (!bpnn__row_encode(&member->schema, member->net->precision, raw, inputs))
        return bpnn__fail(error, BPNN_DATA, "a number is missing or too large");
    double *y = bpnn__alloc(outputs + count, sizeof *y);
    bpnn_status status = y ? run(member, inputs, y, error) : bpnn__fail_memory(error);
    if (status == BPNN_OK) {
        bpnn__present(member, y, y + outputs, label);
        for (size_t i = 0; i < count; i++)
            values[i] += y[outputs + i];
    }
    bpnn__free(y);
    return status;
}

static void average(const bpnn_model *model, size_t members, double *values, size_t *label)
{
    size_t count = bpnn__value_count(model), best = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] /= (double)members;
        best = values[i] > values[best] ? i : best;
    }
    *label = model->schema.task == BPNN_TASK_BINARY ? values[1] >= 0.5 : best;
}

bpnn_status bpnn__row_predict(const bpnn_model *model, const double *raw, double *values, size_t *label,
                              bpnn_error *error)
{
    size_t members = bpnn_model_members(model), found = 0;
    double *inputs = bpnn__alloc(model->net->inputs, sizeof *inputs);
    bpnn_status status = inputs ? BPNN_OK : bpnn__fail_memory(error);
    memset(values, 0, bpnn__value_count(model) * sizeof *values);
    for (size_t k = 0; k < members && status == BPNN_OK; k++)
        status = add_member(bpnn_model_member(model, k), raw, inputs, values, &found, error);
    if (status == BPNN_OK && members > 1)
        average(model, members, values, &found);
    if (label)
        *label = found;
    bpnn__free(inputs);
    return status;
}

/* ---- drawing ---- */

static double draw_cell(const bpnn__schema *s, const bpnn__feature *f, double u, uint32_t dice)
{
    if (f->categorical) {
        size_t choices = f->width + 1; /* the last one is unknown */
        size_t k = dice % choices;
        return k < f->level_count ? (double)k : k < f->width ? (double)NAN : -1;
    }
    if (dice % 8 == 0 && s->missing != BPNN_MISSING_ERROR)
        return (double)NAN;
    double x = s->mean[f->first] + s->scale[f->first] * (4 * u - 2);
    return (double)(float)x; /* few digits */
}

void bpnn__row_draw(const bpnn_model *model, size_t first, size_t count, double *raw)
{
    const bpnn__schema *s = &model->schema;
    static const uint32_t key[2] = {0x5eed, 0x0f1e};
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < s->feature_count; i++) {
            bpnn__philox words = bpnn__random_words(key, (uint64_t)first + r, (uint32_t)i);
            double u = bpnn__uniform01(words.v[0], words.v[1]);
            raw[r * s->feature_count + i] = draw_cell(s, &s->features[i], u, words.v[2]);
        }
}
