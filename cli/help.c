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
          "    bpnn cv       [options] DATA          how good such a network is on rows it never saw: k folds\n"
          "    bpnn tune     [options] DATA          search for options that make it better\n"
          "    bpnn inspect  [--json] FILE           describe a model or a data file\n"
          "    bpnn export   --to FORMAT MODEL       the model in another format: C, JSON ..\n"
          "    bpnn import   FILE                    a model from another format\n"
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
    case CV:
        return "bpnn cv [options] DATA\n"
               "Cross-validation of what bpnn train makes of the same options: every row is predicted by a network\n"
               "that never saw it. Fits run side by side on the threads; the numbers do not depend on them.\n";
    case TUNE:
        return "bpnn tune [options] DATA\n"
               "Searches sizes, activation, method, rate, penalties and batch by cross-validation; what is given\n"
               "stays. The best configuration is written for bpnn train --config; it is never worse than the\n"
               "defaults by the loss it is judged by.\n";
    case INSPECT:
        return "bpnn inspect [options] FILE\nDescribes a model or a data file.\n";
    case EXPORT:
        return "bpnn export --to FORMAT [-o OUT] MODEL\n"
               "Writes the model in another format: OUT, or MODEL's name with the format's suffix; - is standard "
               "output.\n";
    case IMPORT:
        return "bpnn import [-o MODEL] FILE\n"
               "Makes a model from a file of another format: FILE's name + .bpnn, or MODEL; - is standard output.\n";
    default:
        return "bpnn bench --layers SIZES [options]\nTraining and prediction speed on random data.\n";
    }
}

/* Names in lines of a page's width; "user" is for the library's callbacks alone. */
static void word_list(const char *title, bpnn_vocabulary words)
{
    size_t at = (size_t)printf("\n%s:", title);
    const char *word;
    for (int i = 0; (word = bpnn_word(words, i)); i++) {
        if (strcmp(word, "user") == 0)
            continue;
        if (at + strlen(word) > 100)
            at = (size_t)printf("\n   ") - 1;
        at += (size_t)printf(" %s", word);
    }
    putchar('\n');
}

static void format_list(bool import)
{
    bpnn_format_info f;
    puts("\nFormats");
    for (size_t i = 0; (f = bpnn_format_at(i)).name; i++)
        if (import ? f.imports : f.exports)
            printf("  %-12s %-14s %s\n", f.name, f.suffix, f.about);
}

void help_verb(enum verb verb)
{
    const char *group = "";
    puts(usage_of(verb));
    for (size_t i = 0; option_at(i); i++) {
        const option *o = option_at(i);
        char left[64];
        if (!takes_option(verb, o))
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
    if (verb == EXPORT || verb == IMPORT)
        format_list(verb == IMPORT);
    if (verb != TRAIN)
        return;
    word_list("Activations", BPNN_WORDS_ACTIVATION);
    word_list("Losses", BPNN_WORDS_LOSS);
    word_list("Initial weights", BPNN_WORDS_INIT);
    puts("\nOptions of one method, loss, activation or schedule are --NAME-option: bpnn train --help adamw lists "
         "them.");
}

static void setting_line(const char *owner, const bpnn_method_option *setting)
{
    char left[64];
    if (choice_words(owner, setting->name, left, sizeof left)) {
        printf("  %-34s %s\n", left, setting->help);
        return;
    }
    snprintf(left, sizeof left, "--%s-%s", owner, setting->name);
    printf("  %-26s %g   %s\n", left, setting->initial, setting->help);
}

static void number_line(const char *name, double value)
{
    if (isfinite(value))
        printf("  %-26s %g\n", name, value);
}

static void help_method(const bpnn_method_info *m)
{
    printf("%s: %s\n\n", m->name, m->help);
    number_line("--rate", m->rate);
    number_line("--momentum", m->momentum);
    number_line("--l2", m->l2);
    for (size_t i = 0; i < m->option_count; i++)
        setting_line(m->name, &m->options[i]);
    if (m->whole)
        puts("  looks at all rows in every step, in double; an epoch is one iteration; goes with no --dropout, --l1, "
             "--clip");
    else if (m->full_batch)
        puts("  uses all rows in every step");
    if (m->evidence)
        puts("  finds the penalty itself: no --l2, all rows train");
}

static void help_schedule(const char *name, bpnn_schedule_kind kind)
{
    const bpnn_method_option *setting;
    printf("%s: a schedule of the learning rate (--schedule %s)\n\n", name, name);
    for (size_t i = 0; (setting = bpnn_schedule_setting(kind, i)); i++)
        setting_line(name, setting);
}

static void help_parameter(const char *what, const char *name, const char *setting)
{
    printf("%s: %s\n", name, what);
    if (setting)
        printf("\n  --%s-%s A\n", name, setting);
}

static int unknown_topic(const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (; count < 32 && bpnn_method(count); count++)
        names[count] = bpnn_method(count)->name;
    const char *near = nearest(name, names, count);
    if (near)
        say_usage("nothing is called '%s'; did you mean bpnn train --help %s?", name, near);
    else
        say_usage("no method, schedule, loss, activation or initialiser is called '%s'; bpnn train --help names them",
                  name);
    return BPNN_USAGE;
}

int help_topic(const char *name)
{
    name = word_of_migrants(name);
    const bpnn_method_info *method = bpnn_method_find(name);
    int schedule = bpnn_schedule_find(name), loss = bpnn_word_find(BPNN_WORDS_LOSS, name);
    int activation = bpnn_word_find(BPNN_WORDS_ACTIVATION, name), init = bpnn_word_find(BPNN_WORDS_INIT, name);
    if (method)
        help_method(method);
    else if (schedule >= 0)
        help_schedule(name, (bpnn_schedule_kind)schedule);
    else if (loss >= 0)
        help_parameter("a loss (--loss)", name, loss_option(loss));
    else if (activation >= 0)
        help_parameter("an activation (--activation, --output-activation, --hidden SIZE:NAME)", name,
                       activation_option(activation));
    else if (init >= 0)
        help_parameter("how initial weights are drawn (--init)", name, init_option(init));
    else if (!help_preset(name))
        return unknown_topic(name);
    return finish_output() ? 0 : BPNN_IO;
}
