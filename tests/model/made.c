/* Models put together by hand. */
#include "model/made.h"
#include "base/little.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define CHECK_OK(call)                                                                                                 \
    do {                                                                                                               \
        if ((call) != BPNN_OK)                                                                                         \
            abort();                                                                                                   \
    } while (0)

uint64_t roll(dice *d)
{
    uint64_t z = d->state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

size_t roll_below(dice *d, size_t n)
{
    return (size_t)(roll(d) % n);
}

double roll_unit(dice *d)
{
    return (double)(roll(d) >> 11) * 0x1p-52 - 1;
}

uint64_t seed_of_tests(uint64_t standard)
{
    const char *given = getenv("BPNN_TEST_SEED");
    return given ? strtoull(given, NULL, 10) : standard;
}

/* Names that writers get wrong, then plain ones. */
static char *draw_name(dice *d)
{
    static const char *const names[] = {"a",
                                        "sepal length (cm)",
                                        "quote\" and \\ back",
                                        "new\nline",
                                        "\x01\x1f",
                                        "Größe",
                                        "体重",
                                        "*/ \?\?/",
                                        "=cmd()",
                                        "\xe2\x80\xae rtl",
                                        "</b>&",
                                        "",
                                        "\x7f",
                                        "%n%s",
                                        "😀"};
    return bpnn__copy_text(names[roll_below(d, sizeof names / sizeof *names)]);
}

static char **draw_names(dice *d, size_t count)
{
    char **names = bpnn__alloc(count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = draw_name(d);
    return names;
}

static double *draw_numbers(dice *d, size_t count, bool positive)
{
    double *numbers = bpnn__alloc(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = positive ? fabs(roll_unit(d)) + 0.01 : 100 * roll_unit(d);
    return numbers;
}

static void draw_feature(dice *d, bpnn__schema *s, bpnn__feature *f)
{
    f->name = draw_name(d);
    f->categorical = roll_below(d, 3) == 0;
    if (f->categorical) {
        f->level_count = 1 + roll_below(d, 4);
        f->levels = draw_names(d, f->level_count);
        f->missing_level = roll_below(d, 2);
        f->width = f->level_count + f->missing_level;
    } else {
        f->indicator = roll_below(d, 2);
        f->fill = roll_unit(d);
        f->width = 1u + f->indicator;
    }
    f->first = s->width;
    s->width += f->width;
}

static void draw_schema(dice *d, bpnn__schema *s, bpnn_task task, size_t size)
{
    s->task = task;
    s->feature_count = 1 + roll_below(d, size);
    s->features = bpnn__alloc(s->feature_count, sizeof *s->features);
    for (size_t i = 0; i < s->feature_count; i++)
        draw_feature(d, s, &s->features[i]);
    s->mean = draw_numbers(d, s->width, false);
    s->scale = draw_numbers(d, s->width, true);
    s->input_scaling = (bpnn_scale)roll_below(d, BPNN_SCALE_AUTO);
    s->target_scaling = (bpnn_scale)roll_below(d, BPNN_SCALE_AUTO);
    s->missing = (bpnn_missing)roll_below(d, BPNN_MISSING_COUNT);
    s->target_count = task == BPNN_TASK_REGRESSION ? 1 + roll_below(d, 3) : 1;
    s->targets = draw_names(d, s->target_count);
    if (task == BPNN_TASK_REGRESSION) {
        s->target_mean = draw_numbers(d, s->target_count, false);
        s->target_scale = draw_numbers(d, s->target_count, true);
    } else {
        s->class_count = task == BPNN_TASK_BINARY ? 2 : 2 + roll_below(d, 4);
        s->classes = draw_names(d, s->class_count);
        s->positive = roll_below(d, s->class_count);
    }
}

static void draw_net(dice *d, bpnn_model *model, bpnn_precision precision, size_t size)
{
    bpnn_task task = model->schema.task;
    bpnn_layer layers[4] = {0};
    bpnn_net_options o;
    bpnn_net_options_default(&o);
    o.layer_count = 1 + roll_below(d, 3);
    for (size_t i = 0; i < o.layer_count; i++) {
        layers[i].size = 1 + roll_below(d, size);
        layers[i].activation.kind = roll_below(d, 2) ? BPNN_ACT_LEAKY_RELU : BPNN_ACT_TANH;
        layers[i].activation.parameter = roll_unit(d);
        layers[i].bias = (bpnn_bias)roll_below(d, BPNN_BIAS_COUNT);
    }
    bpnn_layer *last = &layers[o.layer_count - 1];
    last->size = bpnn__schema_outputs(&model->schema);
    last->activation.kind = task == BPNN_TASK_REGRESSION ? BPNN_ACT_IDENTITY
                            : task == BPNN_TASK_BINARY   ? BPNN_ACT_SIGMOID
                                                         : BPNN_ACT_SOFTMAX;
    o.loss.kind = task == BPNN_TASK_REGRESSION ? BPNN_LOSS_HUBER
                  : task == BPNN_TASK_BINARY   ? BPNN_LOSS_BINARY_CROSSENTROPY
                                               : BPNN_LOSS_CROSSENTROPY;
    o.inputs = model->schema.width;
    o.layers = layers;
    o.precision = precision;
    o.reduction = (bpnn_reduction)roll_below(d, BPNN_REDUCTION_COUNT);
    o.group_rows = 1 + roll_below(d, 4096);
    CHECK_OK(bpnn_net_new(&model->net, &o, NULL));
    CHECK_OK(bpnn_net_initialise(model->net, BPNN_INIT_AUTO, (double)NAN, roll(d), NULL, NULL, NULL));
}

static bpnn_metrics *draw_metrics(dice *d, const bpnn__schema *s)
{
    bpnn_metrics *metrics = bpnn__alloc(s->target_count, sizeof *metrics);
    for (size_t i = 0; i < s->target_count; i++) {
        bpnn_metrics *m = &metrics[i];
        bpnn__metrics_clear(m, s->task, s->class_count);
        m->rows = roll_below(d, 1000);
        m->loss = roll_unit(d);
        if (s->task == BPNN_TASK_REGRESSION) {
            m->r2 = 1e300 * roll_unit(d);
            continue;
        }
        m->accuracy = 0.1 * roll_unit(d);
        m->confusion = bpnn__alloc(s->class_count * s->class_count, sizeof *m->confusion);
        for (size_t k = 0; k < s->class_count * s->class_count; k++)
            m->confusion[k] = roll_below(d, 1u << 20);
    }
    return metrics;
}

static void draw_training(dice *d, bpnn_model *model)
{
    bpnn__training *t = &model->training;
    bpnn_summary *s = &model->summary;
    t->rate = 0.001;
    t->momentum = (double)NAN;
    t->target_loss = (double)NAN;
    t->init_parameter = (double)NAN;
    t->batch = 32;
    t->patience = 20;
    t->l2 = roll_unit(d) * 1e-9;
    t->option_count = 1;
    t->options = bpnn__alloc(1, sizeof *t->options);
    t->options[0] = (bpnn_setting){bpnn__copy_text("beta1"), 0.9};
    t->fingerprint = (uint32_t)roll(d);
    s->method = "adamw";
    s->seed = roll(d);
    s->seed >>= roll_below(d, 64);
    s->stop = (bpnn_stop)roll_below(d, BPNN_STOP_COUNT);
    s->rows_train = 100;
    s->result.loss = roll_unit(d);
    s->result.best_validation_loss = (double)NAN;
    if (roll_below(d, 2)) {
        s->result.evaluations = 1 + roll_below(d, 99);
        s->result.gradient_norm = roll_unit(d);
        s->result.damping = (double)NAN;
        s->result.failures = roll_below(d, 7);
    }
    if (roll_below(d, 2)) {
        s->result.effective = roll_unit(d);
        s->result.beta = 1 + roll_unit(d);
        s->result.prior_count = 1 + roll_below(d, BPNN_PRIORS);
        for (size_t k = 0; k < s->result.prior_count; k++)
            s->result.prior[k] = (bpnn_prior){roll_below(d, 2), roll_below(d, 2) != 0, 1, roll_unit(d), roll_unit(d)};
    }
    s->result.penalty_count = roll_below(d, 3);
    for (size_t k = 0; k < s->result.penalty_count; k++)
        s->result.penalty[k] = (bpnn_penalty){roll_unit(d), roll_unit(d)};
    model->metrics[BPNN__TRAIN] = draw_metrics(d, &model->schema);
    if (roll_below(d, 2))
        model->metrics[BPNN__TEST] = draw_metrics(d, &model->schema);
    model->library = bpnn__copy_text(BPNN_VERSION_TEXT);
    model->arithmetic = BPNN_ARITHMETIC;
}

bpnn_model *made_model(dice *d, bpnn_task task, bpnn_precision precision, size_t size)
{
    bpnn_model *model = bpnn__alloc(1, sizeof *model);
    draw_schema(d, &model->schema, task, size);
    draw_net(d, model, precision, size);
    draw_training(d, model);
    CHECK_OK(bpnn_predictor_new(&model->predictor, model->net, NULL, NULL));
    bpnn__model_link(model);
    return model;
}

/* A member with the columns and layers of the first one and numbers of its own. */
static bpnn_model *draw_member(dice *d, const bpnn_model *first)
{
    void *bytes;
    size_t size;
    bpnn_model *model;
    CHECK_OK(bpnn_model_write(first, &bytes, &size, NULL));
    CHECK_OK(bpnn_model_read(&model, bytes, size, NULL, NULL));
    bpnn_release(bytes);
    for (size_t i = 0; i < model->schema.width; i++)
        model->schema.mean[i] += roll_unit(d);
    for (size_t i = 0; i < model->schema.feature_count; i++)
        model->schema.features[i].fill = roll_unit(d);
    model->summary.seed++;
    CHECK_OK(bpnn_net_initialise(model->net, BPNN_INIT_AUTO, (double)NAN, roll(d), NULL, NULL, NULL));
    bpnn_predictor_free(model->predictor);
    CHECK_OK(bpnn_predictor_new(&model->predictor, model->net, NULL, NULL));
    return model;
}

static void draw_starts(dice *d, bpnn_model *model)
{
    model->start_count = 2 + roll_below(d, 3);
    model->starts = bpnn__alloc(model->start_count, sizeof *model->starts);
    for (size_t r = 0; r < model->start_count; r++)
        model->starts[r] = (bpnn_start){.seed = roll(d),
                                        .stop = (bpnn_stop)roll_below(d, BPNN_STOP_COUNT),
                                        .epochs = roll_below(d, 99),
                                        .score = r ? roll_unit(d) : (double)NAN};
    model->summary.start = roll_below(d, model->start_count);
    bpnn__model_link(model);
}

bpnn_model *made_ensemble(dice *d, bpnn_task task, bpnn_precision precision, size_t size, size_t members)
{
    bpnn_model *whole = bpnn__alloc(1, sizeof *whole), *first = made_model(d, task, precision, size);
    whole->members = bpnn__alloc(members, sizeof *whole->members);
    for (; whole->member_count < members; whole->member_count++)
        whole->members[whole->member_count] = whole->member_count ? draw_member(d, first) : first;
    whole->schema = first->schema;
    whole->net = first->net;
    draw_training(d, whole);
    draw_starts(d, whole->members[members - 1]);
    bpnn__model_link(whole);
    return whole;
}

uint64_t header_size(const unsigned char *bytes)
{
    uint64_t size = 0;
    for (int i = 7; i >= 0; i--)
        size = size << 8 | bytes[i];
    return size;
}

void set_header_size(unsigned char *bytes, uint64_t size)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(size >> 8 * i);
}

void repair_checksum(unsigned char *bytes, size_t size)
{
    if (size < 4)
        return;
    uint32_t crc = (uint32_t)crc32_z(0, bytes, size - 4);
    bpnn__little(bytes + size - 4, &crc, 1, 4);
}

bool made_is_whole(const bpnn_model *model)
{
    void *data = NULL;
    size_t size;
    bpnn_model *again = NULL;
    bool good = bpnn_model_write(model, &data, &size, NULL) == BPNN_OK &&
                bpnn_model_read(&again, data, size, "again", NULL) == BPNN_OK;
    bpnn_model_free(again);
    bpnn_release(data);
    return good;
}

double made_first_output(const bpnn_model *model)
{
    const bpnn__schema *s = &model->schema;
    double x[8], y[8];
    size_t inputs = s->width, outputs = bpnn__schema_outputs(s);
    if (inputs > sizeof x / sizeof *x || outputs > sizeof y / sizeof *y)
        return (double)NAN;
    for (size_t i = 0; i < inputs; i++)
        x[i] = ((double)(i + 1) - s->mean[i]) / s->scale[i];
    if (bpnn_net_forward(model->net, bpnn_matrix_of(x, 1, inputs), y, NULL) != BPNN_OK)
        return (double)NAN;
    return s->target_mean ? y[0] * s->target_scale[0] + s->target_mean[0] : y[0];
}
