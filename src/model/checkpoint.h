/* The checkpoint of a run: the model so far and the run's arrays, in one file. */
#ifndef BPNN_MODEL_CHECKPOINT_H
#define BPNN_MODEL_CHECKPOINT_H

#include "model/model.h"

struct bpnn_checkpoint {
    bpnn_model *model; /* model->run points to `notes` */
    bpnn__run_notes notes;
    bpnn__record record;
};

/* A deep copy of what a model file would hold, without metrics. */
bpnn_status bpnn__model_copy(bpnn_model **copy, const bpnn_model *model, bpnn_error *error);

#endif
