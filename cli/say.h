/* Talking to the user: errors, notes, colours, near names. Results go to standard output, everything else to standard error. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <bpnn.h>
#include <stdbool.h>
#include <stddef.h>

/* How to talk, from --quiet, --verbose, --json, --no-color and the terminal. */
typedef struct manner {
    bool quiet, verbose, json, color, terminal; /* of standard error */
} manner;
extern manner say;

/* "bpnn: ..": a usage error; with --json also the object. */
void say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool usage_said(void);

/* The error of a library call, one line, and its object with --json. Returns its exit code. */
int say_error(const bpnn_error *error);

/* A note ("  ..") or warning on standard error, unless --quiet. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A next command, on a terminal only. */
void say_next(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Flushes standard output; false (and said) when it could not take everything. */
bool finish_output(void);

/* A text without control characters and escapes, for display; static memory for four at a time. */
const char *clean(const char *text);

/* The nearest of the names, or NULL if none is near. */
const char *nearest(const char *name, const char *const *names, size_t count);

#endif
