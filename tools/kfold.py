#!/usr/bin/env python3
"""k-fold figures of `bpnn train` on one table, by the program alone: each fold is trained on the others and
reported once as --test. Folds are stratified for classes and the same for every run with the same seed.

usage: tools/kfold.py BPNN DATA.csv[.gz] TARGET [--folds 5] [--seeds 5] [-- options of bpnn train]

prints a line a seed and the mean over the seeds: error % (or R2), log loss (or RMSE)."""
import csv, gzip, json, os, random, statistics, subprocess, sys, tempfile


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", newline="", encoding="utf-8") as f:
        return list(csv.reader(f))


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows(rows)


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


def run(program, folder, target, seed, options):
    command = [program, "train", "--target", target, "--test", os.path.join(folder, "test.csv"), "--seed", str(seed), "-q",
               "--json", "-o", os.path.join(folder, "m.bpnn")] + options + [os.path.join(folder, "train.csv")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    return json.loads(done.stdout)["test"]


def main():
    words = sys.argv[1:]
    options = words[words.index("--") + 1:] if "--" in words else []
    words = words[:words.index("--")] if "--" in words else words
    named = {"--folds": 5, "--seeds": 5}
    while len(words) > 3:
        named[words[3]] = int(words[4])
        del words[3:5]
    if len(words) != 3:
        sys.exit(__doc__)
    program, path, target = words
    rows = read(path)
    has_header = not any(cell.replace(".", "", 1).replace("-", "", 1).isdigit() for cell in rows[0])
    header = rows.pop(0) if has_header else [str(i + 1) for i in range(len(rows[0]))]
    column = header.index(target)
    rows = [r for r in rows if r[column] not in ("", "NA")]
    results = []
    for seed in range(1, named["--seeds"] + 1):
        fold = folds_of([r[column] for r in rows], named["--folds"], seed)
        parts = []
        for k in range(named["--folds"]):
            with tempfile.TemporaryDirectory() as folder:
                write(os.path.join(folder, "train.csv"), [header] + [r for r, f in zip(rows, fold) if f != k])
                write(os.path.join(folder, "test.csv"), [header] + [r for r, f in zip(rows, fold) if f == k])
                parts.append(run(program, folder, target, seed, options))
        n = sum(p["rows"] for p in parts)
        if parts[0]["task"] == "regression":
            values = [r[column] for r in rows]
            mean = statistics.fmean(float(v) for v in values)
            mse = sum(p["mse"] * p["rows"] for p in parts) / n
            r2 = 1 - mse / (sum((float(v) - mean) ** 2 for v in values) / n)
            results.append((r2, mse ** 0.5))
            print("seed %d  R2 %.4f  rmse %.5g" % (seed, r2, mse ** 0.5), flush=True)
        else:
            error = 100 * (1 - sum(p["accuracy"] * p["rows"] for p in parts) / n)
            loss = sum(p["log_loss"] * p["rows"] for p in parts) / n
            results.append((error, loss))
            print("seed %d  error %.3f %%  log loss %.4f" % (seed, error, loss), flush=True)
    name = "R2 / rmse" if parts[0]["task"] == "regression" else "error % / log loss"
    print("%s %s: mean of %d seeds, %d folds: %s %.4f / %.5g" %
          (os.path.basename(path), target, named["--seeds"], named["--folds"], name,
           statistics.fmean(r[0] for r in results), statistics.fmean(r[1] for r in results)))


main()
