"""Writes tests/golden/whole.txt: small problems and what scipy and scikit-learn make of them.

    python3 tools/golden_whole.py > tests/golden/whole.txt      (Debian: python3-scipy, python3-sklearn)

A block is: name, count; then so many numbers.
"""
import numpy as np
from scipy.optimize import least_squares, minimize
from sklearn.linear_model import BayesianRidge, LogisticRegression


def put(name, numbers):
    flat = np.ravel(numbers)
    print(name, len(flat))
    line = ""
    for number in flat:
        text = repr(float(number))
        if line and len(line) + len(text) > 117:
            print(line)
            line = ""
        line += (" " if line else "") + text
    print(line)


def sine(rng):
    """A noisy sine and a 1-10-1 net, tanh: the median of the mean squared errors of 20 starts."""
    x = np.round(np.linspace(-1, 1, 101), 4)
    t = np.round(np.sin(2 * np.pi * x) + 0.15 * rng.standard_normal(101), 4)

    def residuals(p):
        return np.tanh(np.outer(x, p[:10]) + p[10:20]) @ p[20:30] + p[30] - t

    errors = []
    for start in range(20):
        draw = np.random.default_rng(start)
        gain = 0.7 * 10
        w = gain * np.sign(draw.standard_normal(10))
        b = gain * (2 * np.arange(10) / 9 - 1)
        v = draw.uniform(-1, 1, 10) * np.sqrt(6 / 11)
        fit = least_squares(residuals, np.concatenate([w, b, v, [0]]), method="lm", max_nfev=100000)
        errors.append(np.mean(fit.fun**2))
    put("sine_x", x)
    put("sine_t", t)
    put("sine_median", [np.median(errors)])


def logistic(rng):
    """Three classes that overlap: multinomial logistic regression with penalty c."""
    n, c = 90, 0.7
    label = np.arange(n) % 3
    x = np.round(rng.standard_normal((n, 4)) + 0.8 * np.eye(3, 4)[label], 3)
    model = LogisticRegression(C=1 / c, solver="newton-cg", tol=1e-9, max_iter=100000).fit(x, label)

    def objective(p):
        w, b = p[:12].reshape(4, 3), p[12:]
        e = x @ w + b
        e -= e.max(1, keepdims=True)
        s = np.exp(e)
        s /= s.sum(1, keepdims=True)
        d = (s - np.eye(3)[label]) / n
        F = -np.mean(np.log(s[np.arange(n), label])) + c / n / 2 * np.sum(w**2)
        return F, np.concatenate([(x.T @ d + c / n * w).ravel(), d.sum(0)])

    found = minimize(objective, np.zeros(15), jac=True, method="L-BFGS-B",
                     options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 100000})
    put("logistic_x", x)
    put("logistic_c", [c])
    put("logistic_w", model.coef_.T)
    put("logistic_b", model.intercept_)
    put("logistic_F", [found.fun])


def ridge(rng):
    """A centred linear regression: alpha (weights), beta (noise) and the weights of the evidence framework."""
    n, k = 60, 5
    x = rng.standard_normal((n, k))
    t = x @ [1, -0.5, 0.2, 0, 0.05] + 0.4 * rng.standard_normal(n)
    x = np.round(x - x.mean(0), 4)
    t = np.round(t - t.mean(), 4)
    model = BayesianRidge(alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, fit_intercept=False, tol=1e-14, n_iter=10000)
    model.fit(x, t)
    put("ridge_x", x)
    put("ridge_t", t)
    put("ridge_alpha", [model.lambda_])
    put("ridge_beta", [model.alpha_])
    put("ridge_w", model.coef_)


def main():
    rng = np.random.default_rng(1)
    sine(rng)
    logistic(rng)
    ridge(rng)


main()
