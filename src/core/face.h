/* What one precision of the core offers; floors above see engine.h instead. */
#ifndef BPNN_CORE_FACE_H
#define BPNN_CORE_FACE_H

#include "core/engine.h"

typedef struct bpnn__face {
    bpnn_status (*make)(void **core, const bpnn_net *net, const bpnn__engine_options *options, bpnn_error *error);
    void (*destroy)(void *core);
    void (*load)(void *core, const bpnn_net *net);
    void (*load_doubles)(void *core, const double *parameters);
    void (*store)(const void *core, bpnn_net *net);
    void (*get_state)(const void *core, size_t k, double *out);
    void (*set_state)(void *core, size_t k, const double *in);
    void (*fill_state)(void *core, size_t k, double value);
    void (*step)(void *core, const bpnn__batch *batch, const bpnn__update *update, double *loss);
    /* as bpnn__engine_steps; may leave off early: the rest is done step by step */
    size_t (*steps)(void *core, const bpnn__batch *batch, const bpnn__update *updates, bool same, size_t count,
                    double *losses);
    void (*gradient)(void *core, const bpnn__batch *batch, double *loss, double *input_gradient);
    bool (*apply)(void *core, const bpnn__update *update);
    void (*read_gradient)(const void *core, double *gradient);
    void (*evaluate)(void *core, const bpnn__batch *batch, double *loss, double *outputs);
    double (*penalty)(const void *core, double l1, double l2);
    size_t (*bad_parameters)(const void *core);
    size_t (*bad_outputs)(const void *core, size_t rows);
    const char *(*isa)(const void *core);
    bpnn__pool *(*pool)(const void *core);
    /* functions of their own, not of an engine */
    bpnn_status (*trace)(const bpnn_net *net, bpnn_matrix inputs, double *const *preacts, double *const *outputs,
                         bpnn_error *error);
    bpnn_status (*predictor_new)(void **predictor, const bpnn_net *net, const char *isa, bpnn_error *error);
    void (*predictor_free)(void *predictor);
    size_t (*predictor_workspace)(const void *predictor, size_t rows);
    void (*predictor_run)(const void *predictor, bpnn_matrix inputs, void *outputs, bpnn_dtype dtype, void *workspace,
                          size_t workspace_size);
} bpnn__face;

extern const bpnn__face bpnn__f32_face, bpnn__f64_face;

/* The face of a precision. */
const bpnn__face *bpnn__face_of(bpnn_precision precision);

#endif
