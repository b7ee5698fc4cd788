/* The inside of a trainer. */
#ifndef BPNN_TRAIN_TRAINER_H
#define BPNN_TRAIN_TRAINER_H

#include "core/engine.h"
#include "method/method.h"
#include "train/record.h"
#include "train/schedule.h"

/* Options with every default resolved. */
typedef struct bpnn__settled {
    const bpnn__method *method;
    double option[BPNN__METHOD_OPTIONS];
    double rate, momentum, l1, l2, dropout, clip;
    size_t batch, batches; /* rows a step, steps an epoch */
    size_t epochs;
    bool shuffle;
    bpnn__schedule schedule;
    uint64_t seed;
} bpnn__settled;

struct bpnn_trainer {
    bpnn_net *shape; /* description alone, without parameters */
    bpnn__engine *engine;
    bpnn_data data;
    double weight_scale;
    bpnn__settled settled;
    bpnn__update_fn update;
    double memory[BPNN__MEMORY];
    double previous_loss; /* F of the last update, for methods that look at it */
    uint64_t updates;
    size_t epoch;   /* of the epochs begun */
    double rate;    /* of the last update */
    size_t *order;  /* rows of the present epoch */
    bpnn_net *kept; /* schedule adaptive: the parameters before a step that may be undone; else NULL */
    /* where it stands in the present epoch; all 0 between two */
    size_t rows_done, batches_done;
    double loss_sum;       /* of the batches done, times their rows under reduction mean */
    void (*pause)(void *); /* between two batches of an epoch; NULL = none. It may look, and change nothing */
    void *pause_context;
    bpnn_train_options options; /* callbacks, interrupt flag and time limit alone are read from it */
    double began;               /* bpnn__now() when it was made: seconds and time limit count from there */
    bpnn_progress shown;        /* what batch callbacks are told of the epochs before */
    bool plateau_outside;       /* somebody else tells the schedule the epoch's loss (of validation rows) */
    /* how the last epoch ended */
    bool whole;                         /* all batches were done */
    bool called_off, interrupted, late; /* by a callback, the flag, the time limit */
    size_t bad_batch, bad_layer;        /* where it left the finite numbers, from 1; 0 = not there */
};

/* Whether the caller's flag is set. Read as one atomic number: another thread may be setting it. */
static inline bool bpnn__flag_is_set(const volatile int *flag)
{
    return flag && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
}

/* Seconds of a clock that only goes on. */
double bpnn__now(void);

/* USAGE with the option's name when something cannot be; fills *settled. */
bpnn_status bpnn__settle(bpnn__settled *settled, const bpnn_net *net, const bpnn_train_options *options, size_t rows,
                         bpnn_error *error);

/* *scale: 1, or what makes the mean of the row weights 1 (reduction mean); summed in groups, in row order. */
bpnn_status bpnn__scale_weights(const bpnn_net *shape, const bpnn_data *data, double *scale, bpnn_error *error);

enum { BPNN__WHOLE_PATIENCE = 6 }; /* iterations */

/* What a step method's progress does not have. */
#define BPNN__NO_ITERATION                                                                                             \
    .gradient_norm = (double)NAN, .step = (double)NAN, .damping = (double)NAN, .effective = (double)NAN

/* keep.c: everything a trainer remembers. `lenient`: data and batches may be others; an epoch that was broken off begins anew. */
void bpnn__keep_trainer(bpnn__archive *archive, bpnn_trainer *trainer, bool lenient);

/* The same of a run of a whole method. Reading: every number that is used as an index is checked. */
void bpnn__keep_descent(bpnn__archive *archive, bpnn__descent *descent);

/* One run from outside: where its state goes, and the state that it goes on from. */
typedef struct bpnn__hooks {
    size_t epochs;  /* a checkpoint after every so many; 0 = none by epochs */
    double seconds; /* and after so many seconds, within epochs too; 0 = none by time */
    bool at_end;    /* and when the run ends in another way than interrupted (then always) or diverged (then never) */
    /* The state, and what the run has come to. The net that is trained holds the parameters to keep. The record is save's own
       for the call; NULL where there is none: MEMORY, or DIVERGED for numbers that are not finite in the middle of an epoch.
       save NULL: no checkpoints. */
    void (*save)(bpnn__record *record, bpnn_status status, const bpnn_train_result *result, void *context);
    void *context;
    const bpnn__record *resume; /* NULL: from the beginning. The net holds the parameters that were kept */
    size_t taken;               /* arrays of it that the caller has read already */
    bool lenient;               /* the record may be of other data */
} bpnn__hooks;

/* bpnn_train with hooks (NULL = none). */
bpnn_status bpnn__train(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                        const bpnn_train_options *options, const bpnn__hooks *hooks, bpnn_train_result *result,
                        bpnn_error *error);

/* whole.c: the same for a whole method. */
bpnn_status bpnn__train_whole(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                              const bpnn_train_options *options, const bpnn__hooks *hooks, bpnn_train_result *result,
                              bpnn_error *error);

/* penalty.c: the same, and l2 chosen first. */
bpnn_status bpnn__train_with_penalty(bpnn_net *net, const bpnn_data *training, const bpnn_data *validation,
                                     const bpnn_train_options *options, const bpnn__hooks *hooks,
                                     bpnn_train_result *result, bpnn_error *error);

/* trainer.c: the rows of the present epoch in their order. */
void bpnn__order_rows(bpnn_trainer *trainer);

/* R(w) at the trainer's parameters with its l1 and l2. */
double bpnn__trainer_penalty(const bpnn_trainer *trainer);

#endif
