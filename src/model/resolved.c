/* What the choices of a fit came to, as options that leave nothing to a rule. */
#include "base/error.h"
#include "base/text.h"
#include "model/fit.h"
#include "net/net.h"

#include <math.h>

enum { WORD = 64 };

void bpnn__hidden_print(bpnn__text *text, const bpnn_net_options *net)
{
    char word[WORD];
    bpnn__text_add(text, "");
    for (size_t m = 0; m + 1 < net->layer_count; m++) {
        bpnn__activation_print(&net->layers[m].activation, word, sizeof word);
        bpnn__text_add(text, m ? "," : "");
        bpnn__text_add_u64(text, net->layers[m].size);
        bpnn__text_add(text, ":");
        bpnn__text_add(text, word);
        text->failed |= word[0] == '\0'; /* it found no memory */
    }
}

static void resolve_training(bpnn_train_options *t, const bpnn__fitting *f)
{
    const bpnn__settled *s = &f->settled;
    *t = f->train;
    t->method = s->method->info.name;
    t->rate = isnan(s->method->info.rate) ? (double)NAN : s->rate;
    t->momentum = isnan(s->method->info.momentum) ? (double)NAN : s->momentum;
    t->l2 = t->l2_auto ? (double)NAN : s->l2;
    t->batch = s->batch;
    t->shuffle = s->shuffle;
}

static void resolve_data(bpnn_fit_options *r, const bpnn__fitting *f)
{
    const bpnn__schema *schema = &f->model->schema;
    r->target = r->target ? r->target : schema->targets[0];
    r->task = schema->task;
    r->positive = schema->task == BPNN_TASK_BINARY ? schema->classes[schema->positive] : NULL;
    r->scale = schema->input_scaling;
    r->target_scale = schema->target_scaling;
    r->validation_share = f->plan.validation_share;
}

bpnn_status bpnn__tell_resolved(const bpnn__fitting *f)
{
    bpnn_fit_options r = *f->options;
    bpnn_net_options net = bpnn_net_describe(f->model->net);
    bpnn__text hidden = {0};
    char output[WORD];
    bpnn__hidden_print(&hidden, &net);
    bpnn__activation_print(&f->output, output, sizeof output);
    bool failed = hidden.failed || output[0] == '\0';
    if (!failed) {
        resolve_data(&r, f);
        resolve_training(&r.train, f);
        r.hidden = hidden.data ? hidden.data : "";
        r.activation = NULL;
        r.init = f->init;
        r.output_activation = output;
        r.loss = bpnn_word(BPNN_WORDS_LOSS, (int)net.loss.kind);
        r.loss_parameter = net.loss.parameter;
        r.on_resolved(&r, r.resolved_context);
    }
    bpnn__text_free(&hidden);
    return failed ? bpnn__fail_memory(f->error) : BPNN_OK;
}
