/* Filling the caller's error record. */
#ifndef BPNN_BASE_ERROR_H
#define BPNN_BASE_ERROR_H

#include <bpnn/status.h>
#include <stdarg.h>

/* Fills *error (NULL is fine) and returns status. Format: a small printf of our own needs: %s %d %zu %llu %g %c %%. */
bpnn_status bpnn__fail(bpnn_error *error, bpnn_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the arguments in a list. */
bpnn_status bpnn__fail_list(bpnn_error *error, bpnn_status status, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* The same with a place: file NULL or "", line and column 0 = not known. */
bpnn_status bpnn__fail_at(bpnn_error *error, bpnn_status status, const char *file, uint64_t line, uint64_t column,
                          const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "what: strerror(number)" as an IO failure of `file`. */
bpnn_status bpnn__fail_errno(bpnn_error *error, const char *file, const char *what, int number);

/* "out of memory" */
bpnn_status bpnn__fail_memory(bpnn_error *error);

#endif
