/* A run of train, cv or tune: what it was given and what it holds. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "verbs.h"

/* Everything one run holds. */
typedef struct run {
    const arguments *a;
    bpnn_fit_options fit;
    special_values specials;
    bpnn_table *table, *validation, *test;
    bpnn_model *model;
    logbook log;
    char *output;
    /* train alone: checkpoints, and models that it starts from */
    arguments own; /* what `a` points to there */
    bpnn_checkpoint *resumed;
    bpnn_model *start;
    char *checkpoint, *config, *note; /* a made-up name; options of a resumed run; those for checkpoints */
} run;

/* train.c: the options of fitting as the arguments say; false: said what is wrong. */
bool set_fit(run *r);

/* run.c. DATA, and the tables that options name. Return exit codes. */
int read_tables(run *r);

/* What would only fail at the end, or take the place of what is read: the file of option --NAME; that one, which may be NULL, and the log. */
int check_written(const run *r, const char *name, const char *path);
int check_outputs(const run *r, const char *name, const char *path);

/* DATA's name without folder and endings, in the current folder, and an ending of 5 letters at most; NULL: out of memory. */
char *default_output(const char *data, const char *ending);

void on_message(const char *text, bool warning, void *context);
void free_run(run *r); /* what it holds */

/* cv and tune: what they do with the context that holds *r, in this order. Exit codes but for fit, which the library ends. */
typedef struct many {
    int (*check)(void *context); /* options and places, before anything is read */
    bpnn_status (*fit)(void *context, bpnn_error *error);
    int (*show)(void *context);
    void *context;
} many;
int run_many(const arguments *a, const many *m, run *r);

#endif
