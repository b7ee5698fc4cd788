/* Training options: defaults, and settling them for one network and table. */
#include "base/error.h"
#include "base/text.h"
#include "train/names.h"
#include "train/trainer.h"

#include <math.h>
#include <string.h>

void bpnn_train_options_default(bpnn_train_options *o)
{
    memset(o, 0, sizeof *o);
    o->struct_size = sizeof *o;
    o->method = "adamw";
    o->rate = o->momentum = o->l2 = (double)NAN;
    o->batch = 32;
    o->epochs = 1000;
    o->shuffle = true;
    o->patience = SIZE_MAX;
    o->target_loss = (double)NAN;
    o->seed = 1;
}

enum { LISTED = 32 }; /* names a message looks at */

static bpnn_status unknown_method(const char *name, bpnn_error *error)
{
    const char *names[LISTED];
    char list[BPNN__NAMES_SIZE];
    size_t count = 0;
    for (; count < LISTED && bpnn_method(count); count++)
        names[count] = bpnn_method(count)->name;
    int near = bpnn__nearest_word(name, names, count);
    if (near >= 0)
        return bpnn__fail(error, BPNN_USAGE, "unknown method '%s'; did you mean '%s'?", name, names[near]);
    return bpnn__fail(error, BPNN_USAGE, "unknown method '%s'; there are: %s", name,
                      bpnn__list_names(list, names, count));
}

static bpnn_status unknown_option(const bpnn_method_info *info, const char *name, bpnn_error *error)
{
    const char *names[BPNN__METHOD_OPTIONS];
    char list[BPNN__NAMES_SIZE];
    for (size_t i = 0; i < info->option_count; i++)
        names[i] = info->options[i].name;
    return bpnn__fail(error, BPNN_USAGE, "method %s has no setting '%s'; its settings: %s", info->name, name,
                      bpnn__list_names(list, names, info->option_count));
}

static bpnn_status set_option(bpnn__settled *s, const bpnn_setting *setting, bpnn_error *error)
{
    const bpnn_method_info *info = &s->method->info;
    const char *name = setting->name ? setting->name : "";
    for (size_t i = 0; i < info->option_count; i++) {
        const bpnn_method_option *option = &info->options[i];
        if (strcmp(option->name, name) != 0)
            continue;
        if (!(setting->value >= option->least && setting->value <= option->most))
            return bpnn__fail(error, BPNN_USAGE, "method %s: %s must be %g to %g, not %g", info->name, option->name,
                              option->least, option->most, setting->value);
        s->option[i] = setting->value;
        return BPNN_OK;
    }
    return unknown_option(info, name, error);
}

static bpnn_status settle_method(bpnn__settled *s, const bpnn_train_options *o, bpnn_error *error)
{
    s->method = o->method ? bpnn__method_find(o->method) : NULL;
    if (!s->method)
        return unknown_method(o->method ? o->method : "", error);
    for (size_t i = 0; i < s->method->info.option_count; i++)
        s->option[i] = s->method->info.options[i].initial;
    for (size_t i = 0; i < o->setting_count; i++) {
        bpnn_status status = set_option(s, &o->settings[i], error);
        if (status != BPNN_OK)
            return status;
    }
    const bpnn_method_info *info = &s->method->info;
    if (o->l2_auto && (!info->whole || info->evidence))
        return bpnn__fail(error, BPNN_USAGE, "method %s cannot choose l2 (l2 auto); lbfgs, cg, scg and lm can",
                          info->name);
    if (o->l2_auto && !isnan(o->l2))
        return bpnn__fail(error, BPNN_USAGE, "method %s: l2 is chosen (l2 auto) or given, not both", info->name);
    bool nesterov = info->option_count > 0 && strcmp(info->options[0].name, "nesterov") == 0 && s->option[0] != 0;
    if (!isnan(o->momentum) && isnan(info->momentum))
        return bpnn__fail(error, BPNN_USAGE, "method %s takes no momentum", info->name);
    if (!isnan(o->rate) && isnan(info->rate))
        return bpnn__fail(error, BPNN_USAGE, "method %s takes no rate", info->name);
    s->rate = isnan(info->rate) ? 1 : isnan(o->rate) ? info->rate : o->rate;
    s->momentum = isnan(info->momentum) ? 0 : !isnan(o->momentum) ? o->momentum : nesterov ? 0.9 : info->momentum;
    s->l2 = isnan(o->l2) ? info->l2 : o->l2;
    if (!isnan(info->momentum) && s->momentum == 0)
        s->method = bpnn__method_without_momentum(s->method);
    return BPNN_OK;
}

/* What a whole method cannot do is refused by name. */
static bpnn_status check_whole(const bpnn__settled *s, const bpnn_net *net, const bpnn_train_options *o,
                               bpnn_error *error)
{
    const char *name = s->method->info.name;
    const char *option = s->dropout > 0 ? "dropout" : s->l1 > 0 ? "l1" : s->clip > 0 ? "clip" : NULL;
    bpnn_loss_kind loss = net->loss.kind;
    bool likelihood = loss == BPNN_LOSS_CROSSENTROPY || loss == BPNN_LOSS_BINARY_CROSSENTROPY ||
                      loss == BPNN_LOSS_POISSON || loss == BPNN_LOSS_MSE || loss == BPNN_LOSS_HALF_MSE;
    if (option)
        return bpnn__fail(error, BPNN_USAGE, "method %s works on the whole objective and goes with no %s; take adamw",
                          name, option);
    if (o->schedule != BPNN_SCHEDULE_CONSTANT || o->warmup > 0)
        return bpnn__fail(error, BPNN_USAGE, "method %s has no rate for a schedule or a warm-up", name);
    if (s->method->whole->evidence && s->l2 > 0)
        return bpnn__fail(error, BPNN_USAGE, "method %s finds the penalty itself; leave l2 out, or take lm", name);
    if (s->method->whole->evidence && !likelihood)
        return bpnn__fail(error, BPNN_USAGE,
                          "method %s takes mse, crossentropy, binary_crossentropy or poisson, not %s", name,
                          bpnn_word(BPNN_WORDS_LOSS, (int)loss));
    bpnn_status status = s->method->whole->curvature ? bpnn__curvature_check(loss, error) : BPNN_OK;
    return status == BPNN_OK ? bpnn__whole_check(s->method->whole, net->parameter_count, s->option, error) : status;
}

static bpnn_status check_numbers(const bpnn__settled *s, const bpnn_train_options *o, bpnn_error *error)
{
    const double any = (double)INFINITY;
    const struct {
        const char *name;
        double value, below; /* from 0, below `below` */
    } numbers[] = {{"rate", s->rate, any},
                   {"momentum", s->momentum, 1},
                   {"l1", s->l1, any},
                   {"l2", s->l2, any},
                   {"dropout", s->dropout, 1},
                   {"clip", s->clip, any},
                   {"min_delta", o->min_delta, any},
                   {"time_limit", o->time_limit, any}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!(numbers[i].value >= 0 && numbers[i].value < numbers[i].below))
            return bpnn__fail(error, BPNN_USAGE, "%s must be at least 0 and below %g, not %g", numbers[i].name,
                              numbers[i].below, numbers[i].value);
    return BPNN_OK;
}

/* Schedule adaptive compares the objective before and after a step. */
static bpnn_status check_adaptive(const bpnn__settled *s, size_t rows, bpnn_error *error)
{
    if (isnan(s->method->info.rate))
        return bpnn__fail(error, BPNN_USAGE, "method %s has no rate for schedule adaptive; take sgd",
                          s->method->info.name);
    if (s->batch < rows)
        return bpnn__fail(error, BPNN_USAGE,
                          "schedule adaptive compares losses over all rows: make all of them one batch (--batch full)");
    if (s->dropout > 0)
        return bpnn__fail(error, BPNN_USAGE, "schedule adaptive compares losses, and dropout changes them by chance");
    return BPNN_OK;
}

bpnn_status bpnn__settle(bpnn__settled *s, const bpnn_net *net, const bpnn_train_options *o, size_t rows,
                         bpnn_error *error)
{
    memset(s, 0, sizeof *s);
    if (!o || o->struct_size != sizeof *o)
        return bpnn__fail(error, BPNN_USAGE, "train options: call bpnn_train_options_default first");
    if (rows == 0)
        return bpnn__fail(error, BPNN_USAGE, "there are no rows to train on");
    bpnn_status status = bpnn__net_check_trainable(net, error);
    if (status == BPNN_OK)
        status = settle_method(s, o, error);
    if (status != BPNN_OK)
        return status;
    s->l1 = o->l1;
    s->dropout = o->dropout;
    s->clip = o->clip;
    s->epochs = o->epochs;
    s->shuffle = o->shuffle && !s->method->info.full_batch;
    s->seed = o->seed;
    s->batch = s->method->info.full_batch || o->batch == 0 || o->batch > rows ? rows : o->batch;
    s->batches = (rows + s->batch - 1) / s->batch;
    status = check_numbers(s, o, error);
    if (status == BPNN_OK && s->method->whole)
        status = check_whole(s, net, o, error);
    if (status == BPNN_OK && s->method->needs_loss && s->dropout > 0)
        status = bpnn__fail(error, BPNN_USAGE, "method %s goes with no dropout", s->method->info.name);
    if (status == BPNN_OK && o->schedule == BPNN_SCHEDULE_ADAPTIVE)
        status = check_adaptive(s, rows, error);
    return status == BPNN_OK ? bpnn__schedule_init(&s->schedule, o, s->batches, error) : status;
}
