/* The verbs, and what they share. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "json.h"
#include "options.h"
#include "say.h"

void help_short(FILE *to);
void help_verb(enum verb verb);
int help_method(const char *name);

int verb_train(const arguments *a);
int verb_evaluate(const arguments *a);
int verb_predict(const arguments *a);
int verb_inspect(const arguments *a);
int verb_bench(const arguments *a);

/* data.c: a table by the reading options; `text`: columns kept as written, NULL = the last. Returns an exit code. */
int read_table(bpnn_table **table, const arguments *a, const char *path, const char *text, bool text_target);
bool read_threads(const arguments *a, size_t *threads);
bool yes_or_no(const char *name, const char *text, bool initial, bool *value);

/* show.c: metrics for people. */
void show_metrics(const char *title, const bpnn_metrics *metrics, size_t targets, const bpnn_model *model);
void show_confusion(const bpnn_metrics *metrics, const bpnn_model *model);

/* progress.c */
bool show_progress(const bpnn_progress *progress, void *context);
void end_progress(void);

/* signals.c: the flag that SIGINT and SIGTERM set; the second signal ends the program. */
const volatile int *catch_signals(void);

/* log.c: JSON lines. */
typedef struct logbook {
    FILE *file;
    const char *path;
    bool failed;
} logbook;
int log_open(logbook *log, const char *path);
void log_config(logbook *log, const arguments *a, const bpnn_fit_options *options);
void log_epoch(logbook *log, const bpnn_progress *progress);
void log_outcome(logbook *log, const bpnn_model *model);
int log_close(logbook *log);

#endif
