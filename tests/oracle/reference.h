/* The independent oracle: nets in double (and complex double), three nested loops, one line a formula, libm, no code in
 * common with the library. Layers and units are indexed from 0 here: layer m has n[m] inputs and n[m + 1] units. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <bpnn/net.h>
#include <complex.h>

enum { REF_LAYERS = 6, REF_UNITS = 520 };

typedef struct ref_net {
    size_t depth, n[REF_LAYERS + 1];
    bpnn_activation_kind act[REF_LAYERS];
    double act_parameter[REF_LAYERS];
    bpnn_bias bias[REF_LAYERS];
    bpnn_loss_kind loss;
    double loss_parameter;
    bool mean;
} ref_net;

/* Number of parameters in seed form. */
size_t ref_count(const ref_net *net);

/* Loss over n rows (x: n x n[0], t: n x n[depth], weight NULL = 1), reduced; gradient (seed form) and dx may be NULL. */
double ref_loss(const ref_net *net, const double *w, const double *x, const double *t, const double *weight,
                size_t rows, double *gradient, double *dx);

/* y^D of one row. */
void ref_forward(const ref_net *net, const double *w, const double *x, double *y);

/* The same loss with complex parameters, for the complex step. At a bend (relu, mae ..) the side of the real part holds. */
double complex ref_loss_complex(const ref_net *net, const double complex *w, const double *x, const double *t,
                                const double *weight, size_t rows);

/* Which straight or smooth piece of Act its argument lies on, counted from the left; 0 where Act is smooth everywhere. */
int ref_activation_piece(bpnn_activation_kind kind, double e);

/* The same of the loss at output y. */
int ref_loss_piece(const ref_net *net, double y, double t);

/* True where no piece is ever left. */
bool ref_is_smooth(const ref_net *net);

#endif
