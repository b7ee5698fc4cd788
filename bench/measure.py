#!/usr/bin/env python3
"""Runs the comparisons: measure.py OUT.json ROUNDS SECONDS PART.. with parts train, predict, load, startup, scaling, roofline.
OUT.json keeps the parts that are not run again. Rates are rows a second, one number a round; in a round every program has its turn."""
import datetime
import json
import os
import subprocess
import sys

import machine
import suite
from load import measure_load
from sides import BUILD, CPUS, PYTHON, Keeper, Process, compare, data_files, installed, with_onnx

QUICK = os.environ.get("BPNN_BENCH_QUICK") == "1"


def chosen(sides):
    return [s for s in sides if not QUICK or s in suite.QUICK_SIDES]


def say(what, results):
    ours = results["bpnn"]
    if "no" in ours:
        sys.exit("%s: %s" % (what, ours["no"]))
    print("  %-42s %9.4g /s" % (what, sorted(ours["rates"])[len(ours["rates"]) // 2]), end="")
    for name, result in results.items():
        if name != "bpnn":
            print("  %s %s" % (name, "-" if "no" in result else "%.2f" % machine.median([a / b for a, b in zip(ours["rates"], result["rates"])])), end="")
    print(flush=True)


def train(keeper, rounds, seconds):
    table = []
    for threads in [1] + ([CPUS] if CPUS > 1 else []):
        for row in suite.TRAIN:
            files = data_files(row.layers, row.activation, row.loss, row.rows)
            line = "train %s %s %s %s %d %d %d %s" % (files, row.layers, row.activation, row.loss, row.rows, row.batch, threads, row.method)
            sides = row.sides if threads == 1 else [s for s in row.sides if s not in ("genann", "fann", "opencv")]
            results = compare(keeper, ["bpnn"] + chosen(sides), line, rounds, seconds)
            say("%s batch %d %s, %d threads" % (row.name, row.batch, row.method, threads), results)
            table.append(dict(row._asdict(), threads=threads, results=results))
    return table


def own_threads(keeper, rounds, seconds):
    """This library with one thread and with all CPUs, in turn."""
    table = []
    for row in suite.TRAIN if CPUS > 1 else []:
        files = data_files(row.layers, row.activation, row.loss, row.rows)
        processes, rates, loss = [], [[], []], []
        for threads in (1, CPUS):
            processes.append(Process("bpnn"))
            loss.append(processes[-1].prepare("train %s %s %s %s %d %d %d %s" % (files, row.layers, row.activation, row.loss, row.rows, row.batch, threads, row.method)))
        for turn in range(-1, rounds):
            for process, list_ in zip(processes, rates):
                rate = process.go(seconds)
                if turn >= 0:
                    list_.append(rate)
        for process in processes:
            process.end()
        same = loss[0]["last"] == loss[1]["last"]
        print("  %-42s %.2f" % ("%s batch %d, %d threads / 1" % (row.name, row.batch, CPUS), machine.median([b / a for a, b in zip(*rates)])), flush=True)
        table.append(dict(row._asdict(), threads=CPUS, one=rates[0], all=rates[1], same=same))
    return table


def predict(keeper, rounds, seconds):
    table = []
    for row in suite.PREDICT:
        files = data_files(row.layers, row.activation, row.loss, 1024)
        with_onnx(files, row.layers, row.activation, row.loss)
        line = "predict %s %s %s %s 1024 %d 1 -" % (files, row.layers, row.activation, row.loss, row.batch)
        results = compare(keeper, ["bpnn"] + chosen(row.sides), line, rounds, seconds)
        say("%s predicts, %d rows" % (row.name, row.batch), results)
        table.append(dict(row._asdict(), results=results))
    return table


def memory():
    """Peak memory of a process that trains W4 for an epoch, the input being 784 floats a row."""
    row = suite.TRAIN[4]
    files = data_files(row.layers, row.activation, row.loss, row.rows)
    table = []
    for name in chosen(suite.MEMORY) if QUICK else suite.MEMORY:
        if installed(name):
            process = Process(name)
            result = process.prepare("train %s %s %s %s %d %d 1 %s" % (files, row.layers, row.activation, row.loss, row.rows, row.batch, row.method))
            process.end()
            table.append({"side": name, "mb": result.get("rss", 0) * 1024e-6})
            print("  memory of training W4: %-12s %.1f MB" % (name, table[-1]["mb"]), flush=True)
    lines = subprocess.run([os.path.join(BUILD, "bench", "memory")], capture_output=True, text=True, check=True).stdout
    return {"peers": table, "input_mb": row.rows * 784 * 4e-6, "own": [line.split() for line in lines.splitlines() if line.startswith("memory ")]}


def startup(rounds):
    table = []
    for name, command in suite.STARTUP:
        places = {"@bpnn": os.path.join(BUILD, "cli", "bpnn"), "@python": PYTHON}
        command = [places.get(word, word) for word in command]
        runs = []
        for _ in range(rounds):
            run = subprocess.run([os.path.join(BUILD, "bench", "once")] + command, capture_output=True, text=True)
            if run.returncode:
                break
            runs.append([float(word) for word in run.stdout.split()])
        if runs:
            table.append({"what": name, "ms": 1e3 * machine.median([r[0] for r in runs]), "mb": machine.median([r[1] for r in runs]) * 1024e-6})
            print("  %-32s %8.1f ms %6.1f MB" % (name, table[-1]["ms"], table[-1]["mb"]), flush=True)
    return table


def scaling(keeper, rounds, seconds):
    curves = {}
    for axis, points in suite.SCALING.items():
        curves[axis] = []
        for layers, activation, loss, batch, threads in points:
            files = data_files(layers, activation, loss, 1024)
            line = "train %s %s %s %s 1024 %d %d adam" % (files, layers, activation, loss, batch, threads)
            results = compare(keeper, suite.SCALING_SIDES, line, rounds, seconds)
            say("%s, batch %d" % (layers if len(layers) < 24 else layers[:6] + "..", batch), results)
            curves[axis].append({"layers": layers, "batch": batch, "results": results})
    curves["rows"] = []
    files = data_files("784-128-10", "relu", "crossentropy", 4096)
    for rows in suite.SCALING_ROWS:
        line = "predict %s 784-128-10 relu crossentropy 4096 %d 1 -" % (files, rows)
        results = compare(keeper, suite.SCALING_SIDES, line, rounds, seconds)
        say("784-128-10 predicts, %d rows" % rows, results)
        curves["rows"].append({"rows": rows, "results": results})
    curves["threads"] = []
    files = data_files("784-512-512-10", "relu", "crossentropy", 2048)
    for threads in sorted({t for t in (1, 2, 4, 8, 16, 32, 64, CPUS) if t <= CPUS}):
        line = "train %s 784-512-512-10 relu crossentropy 2048 128 %d adam" % (files, threads)
        results = compare(keeper, suite.SCALING_SIDES, line, rounds, seconds)
        say("784-512-512-10, %d threads" % threads, results)
        curves["threads"].append({"threads": threads, "results": results})
    return curves


def main():
    out, rounds, seconds, parts = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    found = json.load(open(out)) if os.path.exists(out) else {}
    found["machine"] = machine.describe()
    keeper = Keeper()
    jobs = {
        "train": lambda: {"train": train(keeper, rounds, seconds), "threads": own_threads(keeper, rounds, seconds)},
        "predict": lambda: {"predict": predict(keeper, rounds, seconds)},
        "load": lambda: {"load": measure_load(rounds)},
        "startup": lambda: {"startup": startup(rounds), "memory": memory()},
        "scaling": lambda: {"scaling": scaling(keeper, max(3, rounds // 2), seconds)},
        "roofline": lambda: {"roofline": machine.roofline(rounds, seconds)},
    }
    for part in parts:
        print("==", part, flush=True)
        found.update(jobs[part]())
        found.setdefault("when", {})[part] = {"date": datetime.date.today().isoformat(), "quick": QUICK, "rounds": rounds}
        with open(out + ".new", "w") as f:
            json.dump(found, f, indent=1)
        os.replace(out + ".new", out)
    keeper.end()


main()
