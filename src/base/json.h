/* Writing JSON. Numbers are the shortest that read back the same; NAN and infinities become null. */
#ifndef BPNN_BASE_JSON_H
#define BPNN_BASE_JSON_H

#include "base/text.h"

/* Zero-initialise; `pretty` indents by two blanks. The text is in `text`; check text.failed at the end. */
typedef struct bpnn__json {
    bpnn__text text;
    bool pretty;
    int depth;
    bool first; /* nothing yet in the present object or array */
    bool after_key;
} bpnn__json;

void bpnn__json_open(bpnn__json *json, char bracket);  /* '{' or '[' */
void bpnn__json_close(bpnn__json *json, char bracket); /* '}' or ']' */
void bpnn__json_key(bpnn__json *json, const char *key);
void bpnn__json_string(bpnn__json *json, const char *value); /* NULL = null; must be UTF-8; control bytes escaped */
void bpnn__json_double(bpnn__json *json, double value);
void bpnn__json_float(bpnn__json *json, float value);
void bpnn__json_u64(bpnn__json *json, uint64_t value);
void bpnn__json_bool(bpnn__json *json, bool value);
void bpnn__json_null(bpnn__json *json);
void bpnn__json_raw(bpnn__json *json, const char *value); /* a finished JSON value */

#endif
