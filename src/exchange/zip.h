/* Zip archives in memory. */
#ifndef BPNN_EXCHANGE_ZIP_H
#define BPNN_EXCHANGE_ZIP_H

#include "base/text.h"

/* An archive at work: out is the buffer it goes to, the rest begins as 0. */
typedef struct bpnn__zip {
    bpnn__text *out;
    bpnn__text central;
    size_t entries;
} bpnn__zip;

void bpnn__zip_add(bpnn__zip *archive, const char *name, const bpnn__text *content);
void bpnn__zip_finish(bpnn__zip *archive);

#endif
