/* The kernels' elementary functions, one double at a time. */
#include "kernel/scalar.h"
#include "kernel/elementary_double.h"

double bpnn__exp(double x)
{
    return d_exp(x);
}

double bpnn__log(double x)
{
    return d_log(x);
}

double bpnn__sin(double x)
{
    return d_sin(x);
}

double bpnn__cos(double x)
{
    return d_cos(x);
}

double bpnn__pow(double base, double exponent)
{
    return base == 0 ? 0 : d_exp(exponent * d_log(base));
}
