"""Reading a CSV file of 660,000 rows of 20 numbers to a float matrix, every program in turn."""
import os
import shutil
import subprocess

import machine
import suite
from sides import BUILD, CPUS, DATA, HERE, PYTHON


def command(name, threads, path):
    if name.startswith("bpnn"):
        return [os.path.join(BUILD, "bench", "load_side"), path, str(threads)] + ["cache"] * name.endswith("--cache")
    if name == "data.table":
        return ["Rscript", os.path.join(HERE, "peers", "load_side.R"), path, str(threads)]
    return [PYTHON, os.path.join(HERE, "peers", "load_side.py"), name, path]


def ask(process):
    process.stdin.write("go\n")
    process.stdin.flush()
    return [float(word) for word in process.stdout.readline().split()]


def make_csv():
    os.makedirs(DATA, exist_ok=True)
    path = os.path.join(DATA, "numbers-%d.csv" % suite.CSV_ROWS)
    if not os.path.exists(path):
        subprocess.run([os.path.join(BUILD, "bench", "make_data"), "csv", path, str(suite.CSV_ROWS)], check=True)
    return path


def measure_load(rounds):
    path, running = make_csv(), []
    for name, cpus in suite.LOAD:
        threads = CPUS if cpus == "all" else 1
        if name == "data.table" and not shutil.which("Rscript") or cpus == "all" and CPUS == 1:
            continue
        process = subprocess.Popen(command(name, threads, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append((name, cpus, process, []))
    for turn in range(-1, rounds):  # the first brings the file into memory
        for name, cpus, process, answers in list(running):
            answer = ask(process)
            if not answer:
                running.remove((name, cpus, process, answers))
            elif turn >= 0:
                answers.append(answer)
    table = []
    for name, cpus, process, answers in running:
        process.stdin.close()
        process.wait()
        seconds = [a[0] for a in answers]
        table.append({"side": name, "cpus": cpus, "seconds": seconds, "mb": answers[0][1] * 1024e-6, "sum": answers[0][2]})
        print("  %-12s %-3s CPUs %.3f s  %.0f MB" % (name, cpus, machine.median(seconds), table[-1]["mb"]), flush=True)
    return {"rows": table, "bytes": os.path.getsize(path), "matrix_mb": suite.CSV_ROWS * 20 * 4e-6}
