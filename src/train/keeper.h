/* What runs of step and of whole methods share of checkpoints: when one is due, the history of epochs, the way a run ended. */
#ifndef BPNN_TRAIN_KEEPER_H
#define BPNN_TRAIN_KEEPER_H

#include "train/stopping.h"
#include "train/trainer.h"

/* One row an epoch: loss, validation loss, rate, failures, gradient norm, step, damping, effective, evaluations. */
enum { BPNN__HISTORY = 9 };

typedef struct bpnn__keeper {
    const bpnn__hooks *hooks; /* NULL: nothing is kept */
    void (*keep)(bpnn__archive *archive, void *run);
    void *run;
    bpnn_train_result *result;
    double last; /* time of the last checkpoint, or of the beginning */
    double *history;
    size_t rows, capacity;
    bool failed; /* no memory for the history */
} bpnn__keeper;

void bpnn__keeper_free(bpnn__keeper *keeper);

/* What a row of the history was made from, of epoch `epoch`; times and the best loss are NAN. */
bpnn_progress bpnn__history_epoch(const double *row, size_t epoch);

/* Remembers an epoch that was counted. */
void bpnn__keeper_note(bpnn__keeper *keeper, const bpnn_progress *epoch);

/* Within an epoch: writes a checkpoint if its time has come. */
void bpnn__keeper_pause(bpnn__keeper *keeper);

/* After an epoch, or in the middle of the one that the run ends in; with result->stop set. */
void bpnn__keeper_epoch(bpnn__keeper *keeper);

/* Whether a run that ended so cannot go on, whatever the number of epochs. */
bool bpnn__is_final(bpnn_stop stop);

/* The fields that both kinds of run have. Reading: result->stop is what ended the run for good, or NONE. */
void bpnn__keep_result(bpnn__archive *archive, bpnn_train_result *result);
void bpnn__keep_stopping(bpnn__archive *archive, bpnn__stopping *stopping, double *validation_loss);
void bpnn__keep_history(bpnn__archive *archive, bpnn__keeper *keeper, size_t epochs);

#endif
