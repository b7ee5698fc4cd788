"""The machine of a run, and what bounds the workloads on it."""
import json
import os
import re
import subprocess

import suite
from sides import BUILD, CPUS, PEERS, Process, data_files, installed

PACKAGES = {"PyTorch": "python3-torch", "scikit-learn": "python3-sklearn", "FANN": "libfann-dev", "OpenCV": "libopencv-ml-dev",
            "OpenBLAS": "libopenblas-pthread-dev", "oneDNN": "libdnnl-dev", "NumPy": "python3-numpy",
            "pandas": "python3-pandas", "data.table": "r-cran-data.table"}


def median(numbers):
    numbers = sorted(numbers)
    n = len(numbers)
    return numbers[n // 2] if n % 2 else (numbers[n // 2 - 1] + numbers[n // 2]) / 2


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def versions():
    found = {}
    for name, package in PACKAGES.items():
        version = output("dpkg-query", "-W", "-f=${Version}", package)
        if version:
            found[name] = re.sub(r"^\d+:|[+-].*$", "", version)
    ort = os.path.join(BUILD, "node", "node_modules", "onnxruntime-node", "package.json")
    if os.path.exists(ort):
        found["onnxruntime-node"] = json.load(open(ort))["version"]
    for name, variable in (("genann", "BPNN_BENCH_GENANN"), ("KANN", "BPNN_BENCH_KANN")):
        if os.environ.get(variable) and installed(name.lower()):
            found[name] = output("git", "-C", os.environ[variable], "log", "-1", "--format=%h of %cs") or "a checkout"
    return found


def describe():
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    caches = {}
    for line in output("lscpu", "-B", "-C=NAME,ONE-SIZE").splitlines()[1:]:
        name, size = line.split()
        caches[name] = int(size)
    os_name = re.search(r'PRETTY_NAME="(.*)"', open("/etc/os-release").read())
    bench = own_bench()
    return {"cpu": cpu.group(1) if cpu else output("uname", "-m"), "cpus": CPUS, "caches": caches, "os": os_name.group(1) if os_name else "",
            "compiler": output("cc", "--version").split("\n")[0], "isa": bench["isa"], "peak": bench["fma_peak_gflops"],
            "version": output(os.path.join(BUILD, "cli", "bpnn"), "--version").split("\n")[0], "peers": versions()}


def own_bench():
    line = [os.path.join(BUILD, "cli", "bpnn"), "bench", "--layers", "64-64-10", "--seconds", "0.1", "--threads", "1", "--json"]
    return json.loads(output(*line))


# ---- bounds ----


def flops(size):
    """Multiply-adds twice: 6 a weight and row, 4 in the first layer."""
    return sum((6 if m else 4) * a * b for m, (a, b) in enumerate(zip(size, size[1:])))


def limits():
    """{"read L1": GB/s, .., "exp L1": ns, "adam L1": ns}"""
    found = {}
    for line in output(os.path.join(PEERS, "machine")).splitlines():
        what, level, number = line.split()
        found[what + " " + level] = float(number)
    return found


def level_of(state_bytes):
    for level, most in (("L1", 32 << 10), ("L2", 512 << 10), ("L3", 16 << 20)):
        if state_bytes <= most:
            return level
    return "memory"


def bound(row, limit, peak):
    """Nanoseconds a row: flops at the peak, exponentials, traffic of the update. Nothing overlaps."""
    size = [int(s) for s in row.layers.split("-")]
    weights = sum((a + 1) * b for a, b in zip(size, size[1:]))
    exponentials = (0 if row.activation == "relu" else sum(size[1:-1])) + (size[-1] if row.loss == "crossentropy" or row.activation == "sigmoid" else 0)
    moved = {"sgd": 8, "momentum": 16, "adam": 24}[row.method] * weights
    update = moved / limit["change " + level_of({"sgd": 4, "momentum": 8, "adam": 12}[row.method] * weights)]
    if row.method == "adam":
        update = max(update, limit["adam L1"] * weights)
    return {"flops": flops(size) / peak, "exp": exponentials * limit["exp L1"], "update": update / row.batch}


def variants(row):
    """The row, with plain sgd, and with identity and squared error too: the differences say what a part costs."""
    return [(row.activation, row.loss, row.method), (row.activation, row.loss, "sgd"), ("identity", "mse", "sgd")]


def parts(row, rounds, seconds):
    processes, times = [], [[], [], []]
    for activation, loss, method in variants(row):
        files = data_files(row.layers, activation, loss, row.rows)
        processes.append(Process("bpnn"))
        processes[-1].prepare("train %s %s %s %s %d %d 1 %s" % (files, row.layers, activation, loss, row.rows, row.batch, method))
    for turn in range(-1, rounds):
        for process, list_ in zip(processes, times):
            rate = process.go(seconds)
            if turn >= 0:
                list_.append(1e9 / rate)
    for process in processes:
        process.end()
    full, plain, bare = (median(t) for t in times)
    return {"full": full, "best": min(times[0]), "method": median([a - b for a, b in zip(times[0], times[1])]),
            "functions": median([a - b for a, b in zip(times[1], times[2])]), "bare": bare}


def roofline(rounds, seconds):
    limit, bench, rows = limits(), own_bench(), []
    print("  peak %.1f GFLOP/s (%s)  " % (bench["fma_peak_gflops"], bench["isa"]) + "  ".join("%s %g" % item for item in limit.items()), flush=True)
    for row in suite.TRAIN:
        ideal, real = bound(row, limit, bench["fma_peak_gflops"]), parts(row, rounds, seconds)
        rows.append({"name": row.name, "batch": row.batch, "method": row.method, "bound": ideal, "measured": real})
        total = sum(ideal.values())
        print("  %s batch %d %s: %.4g ns a row, bound %.4g, %.2f of it" % (row.name, row.batch, row.method, real["full"], total, total / real["full"]), flush=True)
    return {"limits": limit, "peak": bench["fma_peak_gflops"], "isa": bench["isa"], "rows": rows}
