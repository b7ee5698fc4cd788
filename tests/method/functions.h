/* Test functions behind the door that whole methods see. */
#ifndef FUNCTIONS_H
#define FUNCTIONS_H

#include "method/descent.h"
#include "method/method.h"

enum { FUNCTION_MOST = 128 };

/* Sum over i of 100 (w_{i+1} - w_i^2)^2 + (1 - w_i)^2, n numbers; the curvature is 2 J^T J of the residuals. */
bpnn__objective function_rosenbrock(size_t n);

/* w.Qw/2 with eigenvalues from 1 to `condition`, Q = R diag R with a fixed rotation; minimum at w = 1. */
bpnn__objective function_quadratic(size_t n, double condition);

/* The start (-1.2, 1, -1.2, ..) of Rosenbrock's function; 0 of the others. */
void function_start(size_t n, bool rosenbrock, double *w);

/* The method's default options, with `name` set to `value` (NULL: none). */
double *function_options(const char *method, const char *name, double value);

#endif
