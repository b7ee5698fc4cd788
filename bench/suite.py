"""What is measured: the workloads, the programs on either side, the targets. Ratios are ours / theirs in speed."""
from collections import namedtuple

# sides: programs compared, the best ones first. target: (side, ratio) that we want at one thread.
# scaled: the ratio to our own one thread that we want with all CPUs.
Train = namedtuple("Train", "name layers activation loss rows batch method sides target scaled")
Predict = namedtuple("Predict", "name layers activation loss batch sides target")

FRAMEWORKS = ["torch-eager", "torch-foreach", "torch-manual", "sklearn"]
TRAIN = [
    Train("W1", "2-8-1", "sigmoid", "mse", 4096, 1, "sgd", ["genann", "fann", "cblas-loop", "torch-eager", "opencv"], ("genann", 3), 1.0),
    Train("W1b", "2-8-1", "sigmoid", "mse", 4096, 4, "sgd", ["fann", "cblas-loop", "torch-eager"], ("fann", 8), 1.0),
    Train("W2", "4-16-3", "relu", "crossentropy", 4096, 16, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 2.6), 1.0),
    Train("W3", "64-64-10", "relu", "crossentropy", 4096, 32, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.45), 1.0),
    Train("W4", "784-128-10", "relu", "crossentropy", 8192, 32, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.4), 1.0),
    Train("W4", "784-128-10", "relu", "crossentropy", 8192, 128, "sgd", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.15), 1.7),
    Train("W5", "784-512-512-10", "relu", "crossentropy", 2048, 128, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.15), 1.7),
    Train("W6", "1024-2048-2048-1000", "relu", "crossentropy", 1024, 512, "momentum", ["torch-eager", "torch-manual", "cblas-loop"], ("torch-eager", 1.05), 1.7),
    Train("W7", "20-64-64-1", "tanh", "mse", 16384, 64, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.45), 1.0),
    Train("W7", "20-64-64-1", "tanh", "mse", 16384, 1024, "adam", ["cblas-loop", "kann"] + FRAMEWORKS, ("cblas-loop", 1.4), 1.7),
]

PREDICTORS = ["onednn", "kann", "onnxruntime", "torch-jit", "torch-eager", "cblas-loop", "sklearn"]
PREDICT = [
    Predict("W1", "2-8-1", "sigmoid", "mse", 1, ["genann", "fann", "onednn", "onnxruntime", "torch-jit", "cblas-loop"], ("genann", 2.8)),
    Predict("W3", "64-64-10", "relu", "crossentropy", 1, PREDICTORS, ("kann", 2.6)),
    Predict("W4", "784-128-10", "relu", "crossentropy", 1, PREDICTORS, ("onednn", 1.76)),
    Predict("W5", "784-512-512-10", "relu", "crossentropy", 1, PREDICTORS, ("onednn", 1.07)),
    Predict("W1", "2-8-1", "sigmoid", "mse", 1024, ["onednn", "genann", "fann", "opencv", "onnxruntime", "torch-jit", "cblas-loop"], ("onednn", 2.6)),
    Predict("W3", "64-64-10", "relu", "crossentropy", 1024, PREDICTORS, ("onednn", 1.38)),
    Predict("W4", "784-128-10", "relu", "crossentropy", 1024, PREDICTORS, ("onnxruntime", 1.19)),
    Predict("W5", "784-512-512-10", "relu", "crossentropy", 1024, PREDICTORS, ("torch-jit", 1.26)),
]

# Relative difference of the loss after the same steps that still counts as the same training; FANN and genann differ by
# their own sigmoids (a table, slopes of outputs cut to [0.01, 0.99]), scikit-learn by Adam's epsilon, which it adds to a root that is not
# corrected for the start (784-128-10 after 256 steps: 2.30279 for 2.30746, by plain loops in double too). None: other functions, not comparable.
TOLERANCE = {"genann": 2e-3, "fann": 2e-2, "sklearn": 3e-3, "opencv": None}
TOLERANCE_ELSE = 2e-3

QUICK_SIDES = {"bpnn", "genann", "fann", "cblas-loop", "kann", "torch-eager", "onednn", "onnxruntime"}

# name: files of 20 columns; (side, CPUs: 1 or "all"), target in seconds of 660,000 rows
CSV_ROWS = 660000
LOAD = [("bpnn", 1), ("bpnn", "all"), ("bpnn --cache", 1), ("bpnn --cache", "all"), ("data.table", 1), ("data.table", "all"), ("numpy", 1), ("pandas", 1)]
LOAD_TARGET = {1: ("data.table", 1.83), "all": ("data.table", 1.45)}

STARTUP = [
    ("bpnn --version", ["@bpnn", "--version"]),
    ("python3 -c pass", ["@python", "-c", "pass"]),
    ("import sklearn.neural_network", ["@python", "-c", "import sklearn.neural_network"]),
    ("import torch", ["@python", "-c", "import torch"]),
    ("Rscript -e 0", ["Rscript", "-e", "0"]),
]
MEMORY = ["bpnn", "cblas-loop", "kann", "sklearn", "torch-eager"]  # of training W4

SCALING = {
    "batch": [("784-128-10", "relu", "crossentropy", b, 1) for b in (1, 4, 16, 64, 256, 1024)],
    "width": [("256-%d-%d-10" % (w, w), "relu", "crossentropy", 64, 1) for w in (8, 32, 128, 512, 1024)],
    "depth": [("64-" + "64-" * d + "10", "relu", "crossentropy", 64, 1) for d in (1, 2, 4, 8, 16)],
}
SCALING_SIDES = ["bpnn", "cblas-loop", "torch-eager"]
SCALING_ROWS = [1, 4, 16, 64, 256, 1024, 4096]  # rows a call of prediction, 784-128-10
