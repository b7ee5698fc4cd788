/* Metrics and confusion tables for people, on standard output. */
#include "verbs.h"

#include <math.h>
#include <string.h>

static void number(const char *name, double value)
{
    if (isfinite(value))
        printf("  %s %.4g", name, value);
}

static void one_line(const bpnn_metrics *m)
{
    printf("%zu rows", m->rows);
    if (m->task == BPNN_TASK_REGRESSION) {
        number("R2", m->r2);
        number("rmse", m->rmse);
        number("mae", m->mae);
        number("max error", m->max_error);
    } else {
        number("accuracy", m->accuracy);
        if (m->task == BPNN_TASK_BINARY) {
            number("precision", m->precision);
            number("recall", m->recall);
            number("f1", m->f1);
            number("roc auc", m->roc_auc);
        } else {
            number("macro f1", m->macro_f1);
        }
        number("log loss", m->log_loss);
    }
    number("loss", m->loss);
    putchar('\n');
}

void show_metrics(const char *title, const bpnn_metrics *metrics, size_t targets, const bpnn_model *model)
{
    for (size_t k = 0; metrics && k < targets; k++) {
        printf("%-11s", title);
        if (targets > 1)
            printf("%s: ", clean(bpnn_model_target_name(model, k)));
        one_line(&metrics[k]);
        if (metrics[k].unseen_labels > 0)
            printf("%-11s%llu rows have a class the model does not know (counted as wrong)\n", "",
                   (unsigned long long)metrics[k].unseen_labels);
    }
}

static void show_priors(const bpnn_summary *s, const bpnn_model *model)
{
    const bpnn_train_result *r = &s->result;
    if (r->prior_count == 0)
        return;
    printf("evidence:  the data determine %.4g of %zu parameters", r->effective,
           bpnn_net_parameter_count(bpnn_model_net(model)));
    number("log evidence", r->log_evidence);
    number("beta", r->beta);
    number("noise", s->noise);
    putchar('\n');
    for (size_t i = 0; i < r->prior_count; i++) {
        const bpnn_prior *p = &r->prior[i];
        if (p->layer == 0)
            printf("  all parameters    ");
        else
            printf("  layer %zu %-10s", p->layer, p->bias ? "biases" : "weights");
        printf("  gamma %.4g of %zu  alpha %.4g\n", p->effective, p->size, p->alpha);
    }
}

void show_found(const bpnn_model *model)
{
    const bpnn_summary *s = bpnn_model_summary(model);
    const bpnn_train_result *r = &s->result;
    if (r->evaluations > 0) {
        printf("%-11s%llu evaluations", "at the end", (unsigned long long)r->evaluations);
        number("|g|", r->gradient_norm);
        number("mu", r->damping);
        number("step", r->step);
        if (s->rows_validation > 0)
            printf("  failures %zu", r->failures);
        putchar('\n');
    }
    show_priors(s, model);
    if (r->penalty_count > 0) {
        printf("l2 auto:   took %.4g; losses of the rows held out by c:", r->l2);
        for (size_t i = 0; i < r->penalty_count; i++)
            printf("%s %.4g: %.4g", i ? "," : "", r->penalty[i].c, r->penalty[i].loss);
        putchar('\n');
    }
}

void show_padded(const char *text, size_t width, bool right)
{
    const char *shown = clean(text);
    size_t taken = width_of(shown), size = strlen(shown), pad = taken < width ? width - taken : 0;
    if (taken > width) {
        size = 0;
        for (size_t n = 0; n < width; n++)
            size += character(shown + size);
    }
    printf("%*s%.*s%*s", right ? (int)pad : 0, "", (int)size, shown, right ? 0 : (int)pad, "");
}

enum { WIDEST_TABLE = 24, WIDEST_LABEL = 16 };

void show_confusion(const bpnn_metrics *m, const bpnn_model *model)
{
    if (!m || !m->confusion || m->class_count > WIDEST_TABLE)
        return;
    size_t width = 5;
    for (size_t k = 0; k < m->class_count; k++) {
        size_t n = width_of(clean(bpnn_model_class_label(model, k)));
        width = n > width ? (n < WIDEST_LABEL ? n : WIDEST_LABEL) : width;
    }
    putchar('\n');
    show_padded("true", width, false);
    printf("  predicted\n");
    show_padded("", width, false);
    for (size_t p = 0; p < m->class_count; p++) {
        printf("  ");
        show_padded(bpnn_model_class_label(model, p), width, true);
    }
    putchar('\n');
    for (size_t t = 0; t < m->class_count; t++) {
        show_padded(bpnn_model_class_label(model, t), width, false);
        for (size_t p = 0; p < m->class_count; p++)
            printf("  %*llu", (int)width, (unsigned long long)m->confusion[t * m->class_count + p]);
        putchar('\n');
    }
}
