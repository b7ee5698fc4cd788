#!/usr/bin/python3
"""k-fold figures of scikit-learn's MLP on one table, on the folds of tools/kfold.py: MLPClassifier or MLPRegressor
with its defaults behind standardised inputs, one-hot categories, medians for missing numbers, a standardised target.
Needs Debian's python3-sklearn.

usage: tools/compare_sklearn.py BPNN DATA.csv[.gz] TARGET [--folds 5] [--seeds 5] [-- options of bpnn train]

prints both means: bpnn's first."""
import os, sys, warnings
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import numpy as np
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from kfold import bpnn, is_missing, is_number, kfold, means, parse, words_of

CLASSES_AT_MOST = 20  # a numeric target with more values is a regression, as for the folds


def matrix(rows, columns, numeric):
    cells = [[(float("nan") if is_missing(r[c]) else float(r[c])) if c in numeric else r[c] for c in columns] for r in rows]
    return np.array(cells, dtype=object)


def sklearn(header, training, test, target, seed):
    column = header.index(target)
    columns = [c for c in range(len(header)) if c != column]
    every = training + test
    numeric = [c for c in columns if all(is_missing(r[c]) or is_number(r[c]) for r in every)]
    places = {True: [], False: []}
    for place, c in enumerate(columns):
        places[c in numeric].append(place)
    encode = ColumnTransformer([("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), places[True]),
                                ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), places[False])])
    x, x_test = matrix(training, columns, numeric), matrix(test, columns, numeric)
    y, y_test = [r[column] for r in training], [r[column] for r in test]
    warnings.filterwarnings("ignore")
    if all(is_number(v) for v in y) and len(set(y)) > CLASSES_AT_MOST:
        net = TransformedTargetRegressor(MLPRegressor(random_state=seed), transformer=StandardScaler())
        fit = make_pipeline(encode, net).fit(x, np.array(y, dtype=float))
        return {"task": "regression", "rows": len(test), "mse": mean_squared_error([float(v) for v in y_test], fit.predict(x_test))}
    fit = make_pipeline(encode, MLPClassifier(random_state=seed)).fit(x, y)
    return {"task": "classes", "rows": len(test), "accuracy": accuracy_score(y_test, fit.predict(x_test)),
            "log_loss": log_loss(y_test, fit.predict_proba(x_test), labels=fit.classes_)}


def main():
    (program, path, target), folds, seeds, options = parse(sys.argv[1:], __doc__)
    for name, run in (("bpnn", bpnn(program, options)), ("scikit-learn", sklearn)):
        regression, figures = kfold(run, path, target, folds, seeds)
        print("%s %s: %s: mean of %d seeds, %d folds: %s" %
              (os.path.basename(path), target, name, seeds, folds, words_of(regression, means(figures))), flush=True)


if __name__ == "__main__":
    main()
