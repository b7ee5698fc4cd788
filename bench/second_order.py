#!/usr/bin/python3
"""Second-order methods beside other programs, in one run, one thread: ratios of seconds, theirs over ours.

usage: bench/second_order.py PROGRAM [ROUNDS]      PROGRAM: bench/second_order of the build
needs python3-scipy, python3-sklearn and, for R's nnet, r-cran-nnet

Sine: 1-10-1 tanh on 200 rows of a noisy sine, from the same 20 starts, until mse < .011 (R draws its own starts). lbfgs: the same net,
data, loss, penalty (alpha 1) and number of iterations as scikit-learn's solver; both in double. J^T J: 5,000 rows x 1,001 parameters, its share of
the peak of double multiply-adds measured in the same run. Rounds in turn; medians."""
import os, shutil, statistics, subprocess, sys, tempfile, time, warnings
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np
import scipy.optimize
from sklearn.datasets import load_diabetes, load_digits
from sklearn.neural_network import MLPClassifier, MLPRegressor

program, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
here = os.path.dirname(os.path.abspath(__file__))
H, GOAL, ITERATIONS = 10, 0.011, 100


class Arrived(Exception):
    pass


def scipy_lm(x, y, start):
    """Seconds until mse < GOAL, or None: analytic Jacobian; parameters as this library orders them: w1, b1, w2, b2."""
    n, began = len(x), time.perf_counter()

    def residual(p):
        e = np.tanh(np.outer(x, p[:H]) + p[H:2 * H]) @ p[2 * H:3 * H] + p[3 * H] - y
        if e @ e / n < GOAL:
            raise Arrived
        return e

    def jacobian(p):
        h = np.tanh(np.outer(x, p[:H]) + p[H:2 * H])
        g = (1 - h * h) * p[2 * H:3 * H]
        return np.c_[g * x[:, None], g, h, np.ones(n)]

    try:
        scipy.optimize.least_squares(residual, start, jacobian, method="lm", max_nfev=500)
    except Arrived:
        return time.perf_counter() - began
    return None


def lines(*words):
    return [line.split() for line in subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()]


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else float("nan")


def sine(folder):
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(-1, 1, 200))
    y = np.sin(2 * np.pi * x) + 0.1 * rng.normal(size=200)
    rng = np.random.default_rng(5)
    starts = [np.r_[rng.normal(size=H) * 2, rng.normal(size=H), rng.normal(size=H) * 0.3, 0.0] for _ in range(20)]
    data, begin = os.path.join(folder, "sine"), os.path.join(folder, "starts")
    np.savetxt(data, np.c_[x, y], fmt="%.17g")
    np.savetxt(begin, starts, fmt="%.17g")
    ours, theirs, own, nnet = [], [], [], []
    for _ in range(rounds):
        same, widrow = lines(program, "sine", data, begin)
        ours.append(float(same[1]))
        own.append(float(widrow[1]))
        seconds = [scipy_lm(x, y, s) for s in starts]
        theirs.append(median(seconds))
        if shutil.which("Rscript"):
            nnet.append(float(lines("Rscript", os.path.join(here, "second_order.R"), data)[0][0]))
    print("sine lm %.3g ms (%s of 20 arrive, %s iterations), from Nguyen and Widrow's weights %.3g ms (%s arrive)"
          % (1e3 * median(ours), same[2], same[3], 1e3 * median(own), widrow[2]))
    print("  scipy least_squares lm %.3g ms (%d arrive): ratio %.1f (target 15)"
          % (1e3 * median(theirs), sum(s is not None for s in seconds), median([t / o for t, o in zip(theirs, ours)])))
    if nnet:
        print("  R nnet %.3g ms: ratio %.1f (target 10)" % (1e3 * median(nnet), median([t / o for t, o in zip(nnet, ours)])))


def lbfgs(folder, name, x, y, hidden, classes):
    x = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1)
    y = y if classes > 1 else (y - y.mean()) / y.std()
    data = os.path.join(folder, name)
    np.savetxt(data, np.c_[x, y], fmt="%.17g")
    kind, ratios, ours, theirs = MLPClassifier if classes > 1 else MLPRegressor, [], [], []
    for _ in range(rounds):
        mine = [float(v) for v in lines(program, "lbfgs", data, str(hidden), str(classes), str(ITERATIONS), str((1 if classes > 1 else 2) / len(x)))[0][1:]]
        model = kind((hidden,), activation="tanh", solver="lbfgs", alpha=1, max_iter=ITERATIONS, max_fun=10**9, tol=0, random_state=1)
        began = time.perf_counter()
        model.fit(x, y)
        seconds = time.perf_counter() - began
        ours.append(mine[0] / mine[1])
        theirs.append(seconds / model.n_iter_)
        ratios.append(theirs[-1] / ours[-1])
    squares = sum((w * w).sum() for w in model.coefs_) / (2 * len(x))  # their loss holds the penalty, and half the square
    loss = (model.loss_ - squares) * (1 if classes > 1 else 2)
    print("lbfgs %s %d-%d-%d: %.3g ms an iteration (%g evaluations in %g), loss %.3g; scikit-learn %.3g ms (%d iterations), loss %.3g: ratio %.1f (target 3)"
          % (name, x.shape[1], hidden, max(classes, 1), 1e3 * median(ours), mine[2], mine[1], mine[3], 1e3 * median(theirs),
             model.n_iter_, loss, median(ratios)))


def gram():
    got = [[float(v) for v in lines(program, "gram")[0][1:]] for _ in range(rounds)]
    one, rate, top, share, two = (median(column) for column in zip(*got))
    print("J^T J 5000 x 1001: %.3g ms, %.3g of %.3g GFLOP/s: share %.2f (target 0.6); two threads %.2f x (target 1.7)"
          % (1e3 * one, rate, top, share, two))


warnings.filterwarnings("ignore")
with tempfile.TemporaryDirectory() as scratch:
    sine(scratch)
    lbfgs(scratch, "digits", *load_digits(return_X_y=True), 32, 10)
    lbfgs(scratch, "diabetes", *load_diabetes(return_X_y=True), 32, 1)
    gram()
