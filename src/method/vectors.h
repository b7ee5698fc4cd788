/* Sums over vectors of parameters, in one order on every machine: element i into lane i mod 8, then the halving tree;
 * multiplication and addition rounded apart, so that no instruction set is asked for. */
#ifndef BPNN_METHOD_VECTORS_H
#define BPNN_METHOD_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

double bpnn__dot(size_t n, const double *a, const double *b);
double bpnn__norm(size_t n, const double *a);         /* |a|_2 */
double bpnn__absolute_sum(size_t n, const double *a); /* |a|_1 */
double bpnn__max_abs(size_t n, const double *a);      /* NaN if any is */
bool bpnn__all_finite(size_t n, const double *a);

void bpnn__copy(size_t n, const double *from, double *to);
void bpnn__scale(size_t n, double factor, double *a);
void bpnn__add_scaled(size_t n, double factor, const double *x, double *a);         /* a += factor x */
void bpnn__along(size_t n, const double *w, double s, const double *p, double *to); /* w + s p */

#endif
