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

/* Usage errors name this line of a configuration file from now on; NULL = the command line again. */
void say_where(const char *file, size_t line);

/* The error of a library call, one line, and its object with --json. Returns its exit code. */
int say_error(const bpnn_error *error);

/* The same for the program's own failures; file may be NULL. Returns the status as exit code. */
int fail(bpnn_status status, const char *file, const char *format, ...) __attribute__((format(printf, 3, 4)));
int fail_memory(void);
int fail_errno(const char *file, const char *what, int number);

/* A note or warning on standard error, unless --quiet; a detail only with --verbose. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A next command, on a terminal only: `words` and then the paths, quoted for a shell where they need it. */
void say_next(const char *words, const char *first, const char *second);

/* Flushes standard output; false (and said) when it could not take everything. */
bool finish_output(void);

/* A text for display: no control characters, escapes, writing-direction marks or broken UTF-8; at most 240 bytes, cut
 * between characters. Static memory for four at a time. */
const char *clean(const char *text);

/* Length of the valid UTF-8 character at text, 0 if it is none. */
size_t character(const char *text);

/* Columns a clean text takes on a terminal, a character each. */
size_t width_of(const char *text);

/* The nearest of the names, or NULL if none is near. */
const char *nearest(const char *name, const char *const *names, size_t count);

#endif
