/* What a search may try, and drawing from it. A draw is a function of (seed, number of the trial, what is fixed, what the best so far
 * is). */
#ifndef BPNN_STUDY_SPACE_H
#define BPNN_STUDY_SPACE_H

#include <bpnn/study.h>

typedef struct bpnn__space {
    const bpnn_fit_options *fit; /* the caller's */
    unsigned fixed;              /* BPNN_TUNED_.. bits */
    size_t rows;                 /* of a training part */
    size_t inputs, outputs;      /* of the network */
} bpnn__space;

/* fixed: what the options say, and `also`. */
bpnn__space bpnn__space_make(const bpnn_fit_options *fit, unsigned also, size_t rows, size_t inputs, size_t outputs);

/* Trial `number` (from 2); parent NULL, or a good one to stay near to. */
bpnn_choice bpnn__space_draw(const bpnn__space *space, size_t number, const bpnn_choice *parent);

bool bpnn__same_choice(const bpnn_choice *a, const bpnn_choice *b);

#endif
