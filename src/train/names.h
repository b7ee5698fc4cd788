/* Names in messages. */
#ifndef BPNN_TRAIN_NAMES_H
#define BPNN_TRAIN_NAMES_H

#include <stddef.h>

#define BPNN__NAMES_SIZE 256

/* "a, b, c" into text (BPNN__NAMES_SIZE bytes); "none" for no names; what does not fit is left out. */
const char *bpnn__list_names(char *text, const char *const *names, size_t count);

#endif
