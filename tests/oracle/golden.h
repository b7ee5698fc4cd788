/* Reads tests/golden/torch.txt, which tools/golden_torch.py wrote: lines of a keyword and values. */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "oracle/draw.h"
#include <bpnn/train.h>
#include <stdio.h>

typedef enum golden_event { GOLDEN_END, GOLDEN_NET, GOLDEN_RUN, GOLDEN_BAD } golden_event;

/* One training run: `after` are the parameters at its end. */
typedef struct golden_run {
    char method[16], schedule[16], names[8][16];
    double rate, momentum, l2, l1, clip;
    size_t batch, epochs, warmup, setting_count, schedule_setting_count;
    bpnn_setting settings[4], schedule_settings[4];
    double after[DRAW_PARAMETERS];
} golden_run;

typedef struct golden {
    FILE *file;
    size_t index; /* of the net */
    drawn net;
    double loss, gradient[DRAW_PARAMETERS]; /* at the initial parameters, row weights as given */
    golden_run run;
} golden;

/* GOLDEN_NET once a net with its loss and gradient is read, GOLDEN_RUN once a run of the present net is. */
golden_event golden_next(golden *g);

#endif
