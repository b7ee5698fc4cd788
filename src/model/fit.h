/* One fit, and its stages. */
#ifndef BPNN_MODEL_FIT_H
#define BPNN_MODEL_FIT_H

#include "base/text.h"
#include "model/model.h"
#include "train/trainer.h"

/* Rows of a table as the network wants them. */
typedef struct bpnn__encoded {
    void *inputs, *targets; /* count x width, count x outputs (or class indices) */
    double *weights;        /* count, or NULL for all 1 */
    bpnn_data data;         /* views of them */
} bpnn__encoded;

/* Rows of one part: of the fitted table, or a table of its own. */
typedef struct bpnn__rows {
    const bpnn_table *table;
    const bpnn__mapping *mapping;
    bpnn__mapping own; /* where the part has a table of its own */
    size_t *picked;    /* its rows with a target */
    const size_t *rows;
    size_t count;
} bpnn__rows;

typedef struct bpnn__fitting {
    const bpnn_fit_options *options;
    const bpnn_fit_options *asked; /* the caller's; options may be a filled copy */
    const bpnn_table *table;
    bpnn_error *error;
    bpnn_model *model; /* being made */
    bpnn__plan plan;
    bpnn__mapping mapping;
    bpnn__rows part[BPNN__PARTS];
    bpnn_loss loss;
    bpnn_activation output;
    bpnn_train_options train; /* resolved */
    bpnn__settled settled;
    const char *method; /* named, or by rule */
    bool automatic, l2_auto;
    bpnn_init_kind init; /* resolved where the method has a say */
    uint64_t seed;       /* of the validation rows, and of the first start */
    /* a run that goes on, or a model that training starts from */
    const bpnn_model *base;                              /* NULL = neither */
    bpnn_model *copy;                                    /* of it: what is taken from there */
    char *start_target, *start_hidden, start_output[64]; /* its words as options */
    bpnn__hooks hooks;
    bpnn__run_notes run;    /* of checkpoints to write */
    bool checkpoint_failed; /* the last one; said */
} bpnn__fitting;

/* fit.c: stages. Plan: method and rows; shape: columns, network, training, parts. Told by f->error. */
bpnn_status bpnn__fit_plan(bpnn__fitting *f);
bpnn_status bpnn__fit_shape(bpnn__fitting *f);
bpnn_status bpnn__fit_encode(bpnn__fitting *f, bpnn__encoded *training, bpnn__encoded *validation);
bpnn_status bpnn__fit_initialise(const bpnn__fitting *f, const bpnn__encoded *training, bpnn_net *net, uint64_t seed,
                                 bpnn_error *error);
bpnn_status bpnn__warn_unsavable(bpnn_model *model, bpnn_error *error);

/* fit.c: the summary of the model from what the run has come to; the same at the end, with what there is to say of it. */
void bpnn__fit_outcome(bpnn__fitting *f, const bpnn_train_result *result);
void bpnn__fit_result(bpnn__fitting *f, const bpnn_train_result *result);

/* fit.c: metrics of the parts; a training loss that is not finite makes the result DIVERGED. */
bpnn_status bpnn__fit_measure(bpnn__fitting *f);
void bpnn__free_fitting(bpnn__fitting *f); /* all but the model */

/* starts.c: trains all starts of all members, beside each other; every model gets the result of its best start. *stop: what called
 * runs off (INTERRUPTED, CALLBACK), or NONE. Members of which no start was begun keep stop NONE. */
bpnn_status bpnn__train_starts(bpnn__fitting *members, size_t count, bpnn_stop *stop);

/* ensemble.c: the fit of several members; f->model becomes the ensemble, or what is left of it. */
bpnn_status bpnn__fit_ensemble(bpnn__fitting *f);

/* resume.c. Schema and parameters of f->base; whether that is the same run, or at least the same network; the same data. */
void bpnn__set_hooks(bpnn__fitting *f);
bpnn_status bpnn__take_schema(bpnn__fitting *f);
bpnn_status bpnn__check_same_run(bpnn__fitting *f);
bpnn_status bpnn__check_same_data(bpnn__fitting *f, uint32_t training, uint32_t validation);
void bpnn__take_parameters(const bpnn__fitting *f, bpnn_net *net);

/* start.c: options of a fit that starts from a model, what the model has filled in; texts point into the model and *f. */
bpnn_status bpnn__start_options(bpnn__fitting *f, bpnn_fit_options *filled);

/* auto.c: f->method, l2_auto and automatic. */
void bpnn__choose_method(bpnn__fitting *f);

/* rules.c: what is not given is chosen from the task and the number of training rows. */
bpnn_status bpnn__check_fit_options(const bpnn_fit_options *options, bpnn_error *error);
bpnn_status bpnn__choose_loss(bpnn__fitting *f);
bool bpnn__wants_validation(const bpnn__fitting *f); /* rows held back unless the user says otherwise */
bpnn_status bpnn__choose_net(bpnn__fitting *f);
bpnn_status bpnn__choose_training(bpnn__fitting *f);

/* resolved.c: "64:relu,32:leaky_relu(0.2)"; "" without hidden layers. */
void bpnn__hidden_print(bpnn__text *text, const bpnn_net_options *net);

/* Tells the caller's on_resolved what was chosen. */
bpnn_status bpnn__tell_resolved(const bpnn__fitting *f);

/* record.c: keeps every epoch for the summary, and passes the callbacks on; a run that goes on begins with the epochs of before. */
typedef struct bpnn__recorder {
    bpnn_model *model;
    bpnn_progress_fn on_epoch, on_batch; /* the user's */
    void *context;
    size_t room, every; /* records there is memory for; epochs a record */
    bool failed;        /* out of memory: the run was called off */
} bpnn__recorder;
void bpnn__recorder_begin(bpnn__recorder *recorder, const bpnn_checkpoint *resumed, bpnn_model *model,
                          bpnn_train_options *options);

/* encode.c */
bpnn_status bpnn__find_parts(bpnn__fitting *f);
bpnn_status bpnn__encode_part(const bpnn__fitting *f, bpnn__part part, bpnn__encoded *out);
void bpnn__encoded_free(bpnn__encoded *encoded);
uint32_t bpnn__fingerprint(const bpnn__encoded *encoded);

/* Smallest and largest number of every encoded input; NULL when out of memory. 2 x width: minima, then maxima. */
double *bpnn__input_ranges(const bpnn__encoded *encoded);

#endif
