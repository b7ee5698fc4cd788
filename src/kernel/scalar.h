/* Elementary functions for single doubles (rates, initial parameters): the same bits on every machine, unlike
 * libm's. Errors <= 2 ulp. */
#ifndef BPNN_KERNEL_SCALAR_H
#define BPNN_KERNEL_SCALAR_H

double bpnn__exp(double x);
double bpnn__log(double x);
double bpnn__sin(double x);
double bpnn__cos(double x);
double bpnn__pow(double base, double exponent); /* base >= 0; exp(exponent log base), 0 for base 0 */

#endif
