/* Strict reading of JSON objects: every key is asked for by name and type, and none may be left over. The first failure
 * is kept; after it every question answers with zeros. */
#ifndef BPNN_MODEL_SCOPE_H
#define BPNN_MODEL_SCOPE_H

#include <bpnn/status.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct bpnn__source {
    const char *file;
    bpnn_error *error;
    bpnn_status status;
} bpnn__source;

typedef struct bpnn__scope {
    bpnn__source *source;
    json_t *object; /* NULL after a failure */
    const char *name;
    size_t used;
} bpnn__scope;

void bpnn__refuse(bpnn__source *source, const char *what, const char *name); /* "the description: WHAT 'NAME'" */
void bpnn__refuse_memory(bpnn__source *source);

bpnn__scope bpnn__scope_open(bpnn__source *source, json_t *object, const char *name);
bpnn__scope bpnn__scope_object(bpnn__scope *scope, const char *key);
void bpnn__scope_close(bpnn__scope *scope); /* refuses keys that nobody asked for */

size_t bpnn__scope_size(bpnn__scope *scope, const char *key, size_t most);
double bpnn__scope_number(bpnn__scope *scope, const char *key); /* null = NAN */
bool bpnn__scope_bool(bpnn__scope *scope, const char *key);
const char *bpnn__scope_text(bpnn__scope *scope, const char *key); /* "" on failure */
char *bpnn__scope_copy(bpnn__scope *scope, const char *key);
int bpnn__scope_word(bpnn__scope *scope, const char *key, int (*find)(const char *));
json_t *bpnn__scope_array(bpnn__scope *scope, const char *key, size_t least, size_t most); /* NULL on failure */
bool bpnn__scope_find(const bpnn__scope *scope, const char *key); /* is it there? Does not take it */
/* NULL where there is none: keys that older files do not have. */
json_t *bpnn__scope_optional(bpnn__scope *scope, const char *key);

json_t *bpnn__scope_any(bpnn__scope *scope, const char *key);
char **bpnn__scope_texts(bpnn__scope *scope, const char *key, size_t least, size_t *count);

#endif
