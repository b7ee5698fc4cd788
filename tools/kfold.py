#!/usr/bin/env python3
"""k-fold figures of `bpnn train` on one table, by the program alone: each fold is trained on the others and
reported once as --test. Folds are stratified for classes and the same for every run with the same seed.

usage: tools/kfold.py BPNN DATA.csv[.gz] TARGET [--folds 5] [--seeds 5] [-- options of bpnn train]

prints a line a seed and the mean over the seeds: error % (or R2), log loss (or RMSE)."""
import csv, gzip, json, os, random, statistics, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor


def read(path, target):
    """(header, rows, column of the target), without the rows whose target is missing."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", newline="", encoding="utf-8") as f:
        rows = list(csv.reader(f))
    has_header = not any(is_number(cell) for cell in rows[0])
    header = rows.pop(0) if has_header else [str(i + 1) for i in range(len(rows[0]))]
    column = header.index(target)
    return header, [r for r in rows if not is_missing(r[column])], column


def is_missing(cell):
    return cell in ("", "NA")


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([header] + rows)


def folds_of(labels, k, seed):
    """Fold of every row: rows of a class are dealt out in turn after a shuffle."""
    order = list(range(len(labels)))
    random.Random(seed).shuffle(order)
    if len(set(labels)) <= 20:
        order.sort(key=lambda i: labels[i])
    fold = [0] * len(labels)
    for place, i in enumerate(order):
        fold[i] = place % k
    return fold


def splits_of(rows, column, k, seed):
    """Pairs (training rows, test rows)."""
    fold = folds_of([r[column] for r in rows], k, seed)
    return [([r for r, f in zip(rows, fold) if f != i], [r for r, f in zip(rows, fold) if f == i]) for i in range(k)]


def bpnn(program, options):
    """A runner: what the program says of the test rows."""

    def run(header, training, test, target, seed):
        with tempfile.TemporaryDirectory() as folder:
            files = [os.path.join(folder, name) for name in ("test.csv", "m.bpnn", "train.csv")]
            write(files[0], header, test)
            write(files[2], header, training)
            command = [program, "train", "--target", target, "--test", files[0], "--seed", str(seed), "-q", "--json",
                       "--threads", "1", "-o", files[1]] + options + [files[2]]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError("%s\n%s" % (" ".join(command), done.stderr))
        return json.loads(done.stdout)["test"]

    return run


def summary(parts, values):
    """(R2, RMSE) or (error %, log loss) of all folds of one seed together."""
    n = sum(p["rows"] for p in parts)
    if parts[0]["task"] == "regression":
        numbers = [float(v) for v in values]
        mse = sum(p["mse"] * p["rows"] for p in parts) / n
        return 1 - mse / statistics.pvariance(numbers), mse ** 0.5
    return (100 * (1 - sum(p["accuracy"] * p["rows"] for p in parts) / n),
            sum(p["log_loss"] * p["rows"] for p in parts) / n)


def kfold(run, path, target, folds=5, seeds=5, tell=None):
    """(is it a regression, a pair of figures for every seed)"""
    header, rows, column = read(path, target)
    figures = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [[pool.submit(run, header, training, test, target, seed)
                 for training, test in splits_of(rows, column, folds, seed)] for seed in range(1, seeds + 1)]
        try:
            for seed, of_seed in enumerate(jobs, 1):
                parts = [job.result() for job in of_seed]
                figures.append(summary(parts, [r[column] for r in rows]))
                if tell:
                    tell(seed, parts[0]["task"] == "regression", figures[-1])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return parts[0]["task"] == "regression", figures


def means(figures):
    return statistics.fmean(f[0] for f in figures), statistics.fmean(f[1] for f in figures)


def words_of(regression, pair):
    return ("R2 %.4f  rmse %.5g" if regression else "error %.3f %%  log loss %.4f") % pair


def parse(words, text):
    """(the three words, --folds and --seeds, what follows --)"""
    options = words[words.index("--") + 1:] if "--" in words else []
    words = words[:words.index("--")] if "--" in words else words
    named = {"--folds": 5, "--seeds": 5}
    while len(words) > 3 and words[3] in named and len(words) > 4:
        named[words[3]] = int(words[4])
        del words[3:5]
    if len(words) != 3:
        sys.exit(text)
    return words, named["--folds"], named["--seeds"], options


def main():
    (program, path, target), folds, seeds, options = parse(sys.argv[1:], __doc__)
    tell = lambda seed, regression, pair: print("seed %d  %s" % (seed, words_of(regression, pair)), flush=True)
    try:
        regression, figures = kfold(bpnn(program, options), path, target, folds, seeds, tell)
    except RuntimeError as e:
        sys.exit(str(e))
    print("%s %s: mean of %d seeds, %d folds: %s" %
          (os.path.basename(path), target, seeds, folds, words_of(regression, means(figures))))


if __name__ == "__main__":
    main()
