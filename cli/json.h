/* One JSON object at a time, to a stream. Numbers are the shortest that read back the same. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <bpnn.h>
#include <stdio.h>

void json_to(FILE *stream); /* where it goes; standard output at first */
void json_open(char bracket);
void json_close(char bracket);
void json_key(const char *key);
void json_string(const char *value); /* NULL = null */
void json_number(double value);      /* not finite = null */
void json_single(float value);
void json_count(uint64_t value);
void json_count_or_null(uint64_t value); /* 0 = null */
void json_bool(bool value);
void json_null(void);
void json_raw(const char *text);

/* A key and its value. */
void json_pair_text(const char *key, const char *value);
void json_pair_number(const char *key, double value);
void json_pair_count(const char *key, uint64_t value);
void json_pair_texts(const char *key, const char *const *texts, size_t count);

void json_end(void); /* the line's end, and ready for the next object */

/* Has standard output had its one object? */
bool json_done(void);

/* The shortest decimal of a number into 32 bytes. */
char *shortest(double value, char *buffer);
char *shortest_single(float value, char *buffer);

/* Key target: the name of the one, or all names. */
void json_targets(const bpnn_model *model, size_t targets);

/* METRICS of cli.md: one object, or one a target. */
void json_metrics(const bpnn_metrics *metrics, size_t targets, const bpnn_model *model);

/* Keys iteration, evidence, l2_auto: what a whole method, br and l2 auto came to; null where there is none. */
void json_found(const bpnn_model *model);
/* Their numbers alone, as of means: one object, or one a target. */
void json_measures(const bpnn_metrics *metrics, size_t targets, const bpnn_model *model);

/* Keys train, validation, test with the metrics of a fit's parts. */
void json_parts(const bpnn_model *model);

#endif
