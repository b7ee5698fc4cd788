/* The verbs, and what they share. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "json.h"
#include "options.h"
#include "say.h"

void help_short(FILE *to);
void help_verb(enum verb verb);
int help_topic(const char *name); /* a method, schedule, loss, activation or initialiser; returns an exit code */

int verb_train(const arguments *a);
int verb_evaluate(const arguments *a);
int verb_predict(const arguments *a);
int verb_inspect(const arguments *a);
int verb_export(const arguments *a);
int verb_import(const arguments *a);
int verb_bench(const arguments *a);
int verb_cv(const arguments *a);
int verb_tune(const arguments *a);

/* Columns whose cells stay as written: lists as the user or a model names them. `last`: the last column too. */
typedef struct keep {
    const char *const *lists;
    size_t count;
    bool last;
} keep;

/* data.c: a table by the reading options. Returns an exit code. */
int read_table(bpnn_table **table, const arguments *a, const char *path, keep texts);

/* The table that *model is applied to: its categories, and its classes with `targets`, stay as written. */
int read_table_for(bpnn_table **table, const arguments *a, const char *path, const bpnn_model *model, bool targets);

/* Every cell of `table` as it was written, to be shown: read again from path. */
int read_as_written(bpnn_table **written, const arguments *a, const char *path, const bpnn_table *table);
void forget_input(void); /* what standard input held */

/* A line on what was found in the table beyond a plain comma and point; empty if nothing. */
void dialect_line(const bpnn_table *table, char *text, size_t size);

/* MODEL from a file or standard input, and to one. */
int load_model(bpnn_model **model, const char *path);
int save_model(const bpnn_model *model, const char *path);

/* The words of evaluate and predict. */
bool check_model_and_data(const arguments *a, const char *verb);

bool read_threads(const arguments *a, size_t *threads);
bool yes_or_no(const char *name, const char *text, bool initial, bool *value);

/* show.c: metrics for people. */
void show_metrics(const char *title, const bpnn_metrics *metrics, size_t targets, const bpnn_model *model);
void show_confusion(const bpnn_metrics *metrics, const bpnn_model *model);
void show_found(const bpnn_model *model); /* what br and l2 auto found, and how a whole method ended */
void show_padded(const char *text, size_t width, bool right); /* by characters; cut at width */

/* predict.c: CSV to a file, "-" or NULL is standard output. kept (may be NULL): the table whose cells come first; fold (may be NULL): of
 * every row, in a last column, from 1. */
int write_csv(const arguments *a, const char *path, const bpnn_model *model, const bpnn_table *kept,
              const bpnn_prediction *prediction, const size_t *fold, bool single);

/* report.c: the whole of it on standard output. */
void report_text(const bpnn_model *model, const char *output);
void report_json(const bpnn_model *model, const char *output);
void json_runs(const bpnn_model *model); /* "start", "starts", "members": where there are several */
void show_runs(const bpnn_model *model);

/* progress.c */
bool show_progress(const bpnn_progress *progress, void *context);
void begin_fits(void);                     /* many fits: the clock starts */
void show_fits(size_t done, size_t total); /* total 0 = not known */
void end_progress(void);

/* signals.c: the flag that SIGINT and SIGTERM set; the second signal ends the program. */
const volatile int *catch_signals(void);

/* log.c: JSON lines, written as they come. */
typedef struct logbook {
    FILE *file;
    const char *path;
    int failed; /* errno of the first write that failed */
} logbook;
int log_open(logbook *log, const char *path);

/* The first line: what was given, and what the rest came to. */
void log_config(logbook *log, const arguments *a, const bpnn_fit_options *resolved);

/* The first line of a run of many fits: the options as they were given. */
void log_given(logbook *log, const arguments *a, uint64_t seed);

/* Options of train as pairs of a JSON object; machine: threads, isa and time limit too. */
void put_given_options(const arguments *a, bool machine);

/* A line of the log; put writes the pairs of its object. */
void log_object(logbook *log, void (*put)(const void *what), const void *what);

/* {"config": ..} without threads and isa: what a checkpoint keeps. NULL: out of memory. */
char *config_text(const arguments *a, const bpnn_fit_options *resolved);
void log_epoch(logbook *log, const bpnn_progress *progress);
void log_outcome(logbook *log, const bpnn_model *model);
int log_close(logbook *log);

/* checkpoint.c. A checkpoint, or the one before it; a run that goes on: its options into *a, which point into *text from now on (freed
 * by the caller). Exit codes. */
int open_checkpoint(bpnn_checkpoint **checkpoint, const char *path);
int open_run(arguments *a, bpnn_checkpoint **checkpoint, char **text);

/* Where checkpoints go and how often; *own: a name that was made up. False: said what is wrong. */
bool set_checkpoint(arguments *a, const char *output, bpnn_fit_options *fit, char **own);

/* The epochs of a run before it was stopped, into the log; where it goes on, for people. */
void log_history(logbook *log, const bpnn_checkpoint *checkpoint);
void say_place(const bpnn_checkpoint *checkpoint);

#endif
