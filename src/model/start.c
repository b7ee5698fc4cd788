/* Fine-tuning: a fit that starts from a model takes from it what the options leave open, and refuses what they say otherwise. */
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/fit.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

/* "a,b"; with one target its name alone. */
static char *target_names(const bpnn__schema *schema)
{
    bpnn__text text = {0};
    for (size_t k = 0; k < schema->target_count; k++) {
        bpnn__text_add(&text, k ? "," : "");
        bpnn__text_add(&text, schema->targets[k]);
    }
    if (text.failed)
        bpnn__text_free(&text);
    return text.data;
}

/* The network of the model as the words of options. */
static bpnn_status fill_net(bpnn__fitting *f, bpnn_fit_options *filled)
{
    const bpnn_net *net = f->base->net;
    const bpnn_net_options shape = bpnn_net_describe(net);
    bpnn__text hidden = {0};
    bpnn__hidden_print(&hidden, &shape);
    bpnn__activation_print(&net->layers[net->depth - 1].activation, f->start_output, sizeof f->start_output);
    f->start_hidden = hidden.data;
    if (hidden.failed || f->start_output[0] == '\0')
        return bpnn__fail_memory(f->error);
    if (!filled->hidden) {
        filled->hidden = f->start_hidden ? f->start_hidden : "";
        filled->activation = NULL;
    }
    if (!filled->output_activation)
        filled->output_activation = f->start_output;
    if (!filled->loss) {
        filled->loss = bpnn_word(BPNN_WORDS_LOSS, (int)net->loss.kind);
        filled->loss_parameter = net->loss.parameter;
    }
    filled->bias = net->layers[0].bias;
    filled->precision = net->precision;
    filled->reduction = net->reduction;
    filled->group_rows = net->group_rows;
    return BPNN_OK;
}

bpnn_status bpnn__start_options(bpnn__fitting *f, bpnn_fit_options *filled)
{
    const bpnn__schema *schema = &f->base->schema;
    *filled = *f->options;
    f->start_target = target_names(schema);
    if (!f->start_target)
        return bpnn__fail_memory(f->error);
    if (!filled->target)
        filled->target = f->start_target;
    if (filled->task == BPNN_TASK_AUTO)
        filled->task = schema->task;
    if (!filled->positive && schema->task == BPNN_TASK_BINARY)
        filled->positive = schema->classes[schema->positive];
    if (!filled->train.method || strcmp(filled->train.method, "auto") == 0)
        filled->train.method = filled->train.l2_auto ? "lbfgs" : "adamw";
    filled->missing = schema->missing;
    f->options = filled;
    return fill_net(f, filled);
}
