/* Activations given by the caller's callbacks: value and derivative in double, rounded to the net's precision. */
#include "core/core.h"

void BPNN_NAME(user_activate)(const bpnn_activation *activation, size_t lines, size_t cols, const real *e, real *y,
                              real *slope)
{
    for (size_t i = 0; i < lines * LANES; i++) {
        bool unit = i % LANES < cols;
        double at = (double)e[i]; /* y may be e */
        if (slope)
            slope[i] = unit ? (real)activation->derivative(at, activation->context) : 0;
        y[i] = unit ? (real)activation->value(at, activation->context) : 0;
    }
}
