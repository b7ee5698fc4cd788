/* Everything the command line can say: one table of options drives parsing, help, configuration files and the log. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <bpnn.h>
#include <stdbool.h>
#include <stdio.h>

enum verb {
    TRAIN = 1,
    EVALUATE = 2,
    PREDICT = 4,
    INSPECT = 8,
    BENCH = 16,
    CV = 32,
    TUNE = 64,
    EXPORT = 128,
    IMPORT = 256,
    ALL = 511
};

/* "--adam-beta1 0.9": an option of a method, loss, activation or schedule. */
typedef struct special {
    char owner[32], name[32];
    double value;
} special;

enum { SPECIALS = 32, PLACES = 2 };

/* What was asked for; texts point into argv or the configuration's memory. */
typedef struct arguments {
    enum verb verb;
    const char *place[PLACES]; /* DATA, or MODEL DATA */
    int places;
    bool help, quiet, verbose, no_color, json, labels_only, guard_formulas, append, cache;
    const char *config, *log, *output, *to, *data;
    bool fixed;
    double bits;
    const char *checkpoint, *checkpoint_every, *resume, *init_from;
    bool resume_anyway;
    /* data */
    const char *delimiter, *header, *decimal, *na, *format;
    const char *target, *features, *drop, *categorical, *numeric, *sample_weight, *class_weight, *task, *positive;
    const char *validation, *test, *split_column, *scale, *target_scale, *missing, *missing_indicator;
    /* network */
    const char *preset, *hidden, *activation, *output_activation, *loss, *bias, *init, *precision, *reduction;
    /* training */
    const char *method, *schedule, *batch, *threads, *isa, *shuffle, *time_limit, *patience, *l2;
    double rate, momentum, l1, dropout, clip, min_delta, target_loss;
    double epochs, warmup, group_rows, seed, restarts, ensemble;
    /* many fits */
    const char *group, *predictions;
    double folds, repeats, trials;
    /* bench */
    const char *layers;
    double seconds, rows;
    special specials[SPECIALS];
    int special_count;
} arguments;

/* How an option's text is understood. */
enum kind { FLAG, TEXT, NUMBER, COUNT };

typedef struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0 = none */
    enum kind kind;
    size_t offset; /* in arguments */
    unsigned verbs;
    const char *value; /* shown in help */
    const char *help;
    const char *group;
} option;

/* "train" */
const char *verb_name(enum verb verb);

/* The table; NULL past its end. */
const option *option_at(size_t index);

/* Whether a verb takes an option. cv and tune take those of train but for some, which have a reason. */
bool takes_option(enum verb verb, const option *o);

/* The same for a name: "dropout". */
bool was_given_by_name(const char *name);

/* Does it stand on the command line or in the configuration? */
bool was_given(const option *o);

/* What was given for an option of texts, NULL if nothing. */
const char *given_text(const arguments *a, const char *name);

/* Parses argv behind the verb. Returns 0, or the exit code after having said what is wrong. */
int parse_arguments(arguments *a, int argc, char **argv);

/* Sets one option by its name as if it had stood on the command line; false: said why not. */
bool set_option(arguments *a, const char *name, const char *value);

/* habits.c: presets and MATLAB's names become options of this program, where nothing else was given. Returns an exit code. */
int settle_habits(arguments *a);
bool help_preset(const char *name);             /* false: no such */
const char *word_of_migrants(const char *name); /* our name for an activation and the like of MATLAB's, else the same */

/* config.c: reads a file of options; the command line wins. */
int read_config(arguments *a, const char *path);

/* The same from a text in memory, which the arguments point into from now on. */
int read_config_text(arguments *a, const char *path, char *text);

/* The options of a run that goes on: those of `text` (as the first line of a log), then the command line's again. Of these only
 * those that a resumed run may change are taken, others are refused by their name unless a->resume_anyway. */
int take_options_of_run(arguments *a, const char *path, char *text);

/* specials.c: is this the name of an option of a method, loss, activation or schedule? Sets it: 1, no such: 0, said what
 * is wrong: -1. */
bool is_special(const char *name);
int set_special(arguments *a, const char *name, const char *value);
bool special_is_given(const arguments *a, const char *name);

/* "--br-prior layer|single" for the flag single of br; false: the flag has no such words. */
bool choice_words(const char *owner, const char *flag, char *text, size_t size);

/* What these options mean for a run with the method, loss, .. that `a` names. */
typedef struct special_values {
    bpnn_setting method[SPECIALS], schedule[SPECIALS];
    size_t method_count, schedule_count;
    double loss, init;   /* parameters; NAN = none was given */
    char activation[64]; /* "leaky_relu(0.2)", or empty */
} special_values;
bool resolve_specials(const arguments *a, special_values *to);

/* The option's name of a loss, activation or initialiser with a parameter; NULL for others. */
const char *loss_option(int kind);
const char *activation_option(int kind);
const char *init_option(int kind);

/* "10m", "30s", "1h", "45" (seconds); false if it is none. */
bool parse_time(const char *text, double *seconds);
bool parse_number(const char *text, double *value);

/* A whole number from `least` to 9e15. */
bool parse_count(const char *text, double least, double *value);

#endif
