/* Help: short, by verb, by method. */
#include "verbs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void help_short(FILE *to)
{
    fputs("bpnn: back-propagation networks for tables\n"
          "\n"
          "    bpnn train    [options] DATA          fit a network to a table, save the model\n"
          "    bpnn evaluate [options] MODEL DATA    metrics on a table that has the target column\n"
          "    bpnn predict  [options] MODEL DATA    predictions for a table\n"
          "    bpnn inspect  [--json] FILE           describe a model or a data file\n"
          "    bpnn bench    --layers 784-128-10     training and prediction speed on random data\n"
          "\n"
          "Two examples:\n"
          "    bpnn train --target species --test 0.2 penguins.csv\n"
          "    bpnn predict penguins.bpnn penguins.csv\n"
          "\n"
          "bpnn VERB --help tells more; bpnn --version what this build is.\n",
          to);
}

static const char *usage_of(enum verb verb)
{
    switch (verb) {
    case TRAIN:
        return "bpnn train [options] DATA\n"
               "Fits a network to a table and saves the model. DATA: CSV (.csv .tsv .txt), an IDX pair "
               "images.idx,labels.idx, .npy,\n"
               "LIBSVM text; each also with .gz; - is CSV from standard input.\n";
    case EVALUATE:
        return "bpnn evaluate [options] MODEL DATA\nMetrics of a model on a table that has the target column.\n";
    case PREDICT:
        return "bpnn predict [options] MODEL DATA\nPredictions for a table, as CSV, in the table's order.\n";
    case INSPECT:
        return "bpnn inspect [options] FILE\nDescribes a model or a data file.\n";
    default:
        return "bpnn bench --layers SIZES [options]\nTraining and prediction speed on random data.\n";
    }
}

void help_verb(enum verb verb)
{
    const char *group = "";
    puts(usage_of(verb));
    for (size_t i = 0; option_at(i); i++) {
        const option *o = option_at(i);
        char left[64];
        if (!(o->verbs & verb))
            continue;
        if (strcmp(group, o->group) != 0)
            printf("%s%s\n", *group ? "\n" : "", o->group);
        group = o->group;
        char letter[8] = "    ";
        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s--%s %s", letter, o->name, o->value ? o->value : "");
        printf("  %-34s %s\n", left, o->help);
    }
    if (verb == TRAIN)
        puts("\nOptions of one method, loss or schedule are --NAME-option: bpnn train --help adamw lists a method's.");
}

int help_method(const char *name)
{
    const bpnn_method_info *m = bpnn_method_find(name);
    if (!m) {
        say_usage("no method is called '%s'; bpnn train --help names them", name);
        return BPNN_USAGE;
    }
    printf("%s: %s\n\n", m->name, m->help);
    if (isfinite(m->rate))
        printf("  --rate              %g\n", m->rate);
    if (isfinite(m->momentum))
        printf("  --momentum          %g\n", m->momentum);
    printf("  --l2                %g\n", m->l2);
    for (size_t i = 0; i < m->option_count; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s-%s", m->name, m->options[i].name);
        printf("  %-19s %g   %s\n", left, m->options[i].initial, m->options[i].help);
    }
    if (m->full_batch)
        puts("  uses all rows in every step");
    return 0;
}
