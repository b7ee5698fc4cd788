#!/usr/bin/env python3
"""Prints the coefficients (lowest power first) and the table of src/kernel/elementary_double.h: needs mpmath.

erf on [0, 1]: erf(x) = x P(x^2).  erfc on [1, 6]: erfc(x) = exp(-x^2) Q(u), u = (x - 2) / (x + 2).
Both are Chebyshev interpolants, expanded to powers in high precision."""
import mpmath as mp

mp.mp.dps = 60


def chebyshev_powers(f, low, high, degree):
    """Powers of the interpolant of f at the Chebyshev nodes of [low, high]."""
    n = degree + 1
    nodes = [mp.cos(mp.pi * (k + mp.mpf(1) / 2) / n) for k in range(n)]
    xs = [(low + high) / 2 + (high - low) / 2 * t for t in nodes]
    matrix = mp.matrix(n, n)
    values = mp.matrix(n, 1)
    for i, x in enumerate(xs):
        for j in range(n):
            matrix[i, j] = x ** j
        values[i] = f(x)
    return list(mp.lu_solve(matrix, values))


def show(name, coefficients):
    print("static const double %s[] = {" % name)
    for c in coefficients:
        print("    %s," % float(c).hex())
    print("};")


def small(z):
    x = mp.sqrt(z)
    return mp.erf(x) / x if x > 0 else 2 / mp.sqrt(mp.pi)


def tail(u):
    x = 2 * (1 + u) / (1 - u)
    return mp.erfc(x) * mp.exp(x * x)


show("erf_small", chebyshev_powers(small, mp.mpf(0), mp.mpf(1), 12))
show("erf_tail", chebyshev_powers(tail, mp.mpf(-1) / 3, mp.mpf(1) / 2, 17))
mp.mp.prec = 1400
two_over_pi = int(mp.floor(2 / mp.pi * mp.mpf(2) ** 1280))
print("static const uint64_t two_over_pi[] = {")
for i in range(20):
    print("    0x%016xu," % (two_over_pi >> (64 * (19 - i)) & (2 ** 64 - 1)))
print("};")
