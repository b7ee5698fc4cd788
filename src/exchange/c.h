/* The parts of a generated C program. */
#ifndef BPNN_EXCHANGE_C_H
#define BPNN_EXCHANGE_C_H

#include "exchange/formula.h"

/* The functions of c_functions.c, each behind those it needs. */
typedef enum bpnn__c_function {
    BPNN__C_D_BITS,
    BPNN__C_D_ABS,
    BPNN__C_D_SIGN,
    BPNN__C_D_REDUCE,
    BPNN__C_D_EXP,
    BPNN__C_D_EXPM1_NEAR,
    BPNN__C_D_EXPM1,
    BPNN__C_D_LOG_NORMAL,
    BPNN__C_D_LOG,
    BPNN__C_D_LOG1P_UNIT,
    BPNN__C_D_TANH,
    BPNN__C_D_SIGMOID,
    BPNN__C_D_ERF,
    BPNN__C_D_HUGE,
    BPNN__C_D_SIN,
    BPNN__C_F_BITS,
    BPNN__C_F_ABS,
    BPNN__C_F_SIGN,
    BPNN__C_F_REDUCE,
    BPNN__C_F_EXP,
    BPNN__C_F_EXPM1_NEAR,
    BPNN__C_F_EXPM1,
    BPNN__C_F_LOG_NORMAL,
    BPNN__C_F_LOG,
    BPNN__C_F_LOG1P_UNIT,
    BPNN__C_F_TANH,
    BPNN__C_F_SIGMOID,
    BPNN__C_COUNT
} bpnn__c_function;

/* Those of the set `wanted` (bits) and what they need. */
void bpnn__c_functions(bpnn__text *to, uint64_t wanted);

/* c_activation.c: the bits that layer m's activation needs, and "static real act_M(real x)" or the softmax. */
uint64_t bpnn__c_needs(const bpnn_activation *activation, bool single);
void bpnn__c_activation(bpnn__text *to, const bpnn_activation *activation, size_t m, bool single);

/* c_body.c: the sum of lanes; inputs, layers and values up to model_predict. Whether the values need exp beside activations. */
enum { BPNN__C_NARROW = 4 }; /* as kernel/real.h: layers of at most so many units are summed in lanes */
void bpnn__c_tree(bpnn__text *to);
void bpnn__c_body(bpnn__text *to, const bpnn_model *model);
bool bpnn__c_takes_exp(const bpnn_model *model);

/* present(): what outputs mean. logarithms: those of log_softmax are logarithms, as they are but in fixed point. */
void bpnn__c_present(bpnn__text *to, const bpnn_model *model, bool logarithms);

/* c.c: of the head: what model_predict takes and gives. */
extern const char bpnn__c_contract[];

/* c.c: which inputs are what, and lists of doubles: "static const double NAME[count] = {..};" */
void bpnn__c_kinds(bpnn__text *to, const bpnn__schema *schema);
void bpnn__c_doubles(bpnn__text *to, const char *name, const double *values, size_t count);

/* c_fixed.c: the same in whole numbers. */
bpnn_status bpnn__export_c_fixed(bpnn__text *to, const bpnn_model *model, const bpnn_export_options *options,
                                 bpnn_error *error);

/* c_names.c: names of inputs, levels and outputs as escaped texts, and the look-up of a level. */
void bpnn__c_names(bpnn__text *to, const bpnn_model *model);

/* c_test.c: rows with the results they must give, and the main that checks them; the results are predict's, or another's. */
enum { BPNN__C_ROWS = 4 };
void bpnn__c_vectors(bpnn__text *to, const bpnn_model *model, const double *raw, const double *values,
                     const size_t *label);
bpnn_status bpnn__c_test(bpnn__text *to, const bpnn_model *model, bpnn_error *error);

extern const bpnn__style bpnn__c_double, bpnn__c_float;

#endif
