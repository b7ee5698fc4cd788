/* What a call returns. Functions that can fail return a bpnn_status and take the caller's
 * bpnn_error as last, optional argument. */
#ifndef BPNN_STATUS_H
#define BPNN_STATUS_H

#include <bpnn/version.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One list: enum, names, exit codes of the program. X(ENUM, number, "name") */
#define BPNN_STATUSES(X)                                                                                               \
    X(OK, 0, "ok")                                                                                                     \
    X(USAGE, 1, "usage")             /* an option or argument that makes no sense */                                   \
    X(DATA, 2, "data")               /* a table or matrix that cannot be used */                                       \
    X(MODEL, 3, "model")             /* a damaged or foreign model file */                                             \
    X(IO, 4, "io")                   /* the operating system refused a file operation */                               \
    X(MEMORY, 5, "memory")           /* an allocation failed */                                                        \
    X(DIVERGED, 6, "diverged")       /* training left the finite numbers */                                            \
    X(INTERRUPTED, 7, "interrupted") /* a callback or signal stopped the run */

typedef enum bpnn_status {
#define BPNN_X(id, number, name) BPNN_##id = number,
    BPNN_STATUSES(BPNN_X)
#undef BPNN_X
} bpnn_status;

/* The caller's record of one failure. Calls that succeed leave it alone. `file` is empty and
 * line/column are 0 where they mean nothing; both count from 1. All text is UTF-8, one line. */
typedef struct bpnn_error {
    bpnn_status status;
    uint64_t line, column;
    char file[256];
    char text[512]; /* what is wrong; what to do */
} bpnn_error;

/* "ok", "usage", "data" ..; "unknown" for a number outside the list. Static text. Thread-safe. */
BPNN_API const char *bpnn_status_name(bpnn_status status);

/* Writes "FILE:LINE:COLUMN: text" (parts that mean nothing left out) into buffer, always
 * terminated, cut at size. Returns buffer. Thread-safe. */
BPNN_API char *bpnn_error_message(const bpnn_error *error, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
