"""The programs of a comparison as processes that answer lines (peers/side.h), and their turns."""
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(HERE)
BUILD = os.environ.get("BPNN_BENCH_BUILD", os.path.join(REPO, "build", "bench"))
PEERS = os.path.join(BUILD, "peers")
DATA = os.path.join(BUILD, "data")
PYTHON = "/usr/bin/python3"  # the one that Debian's packages are for
CPUS = len(os.sched_getaffinity(0))

PROGRAMS = {
    "bpnn": [os.path.join(BUILD, "bench", "bpnn_side")],
    "cblas-loop": [os.path.join(PEERS, "cblas_loop")],
    "kann": [os.path.join(PEERS, "kann")],
    "genann": [os.path.join(PEERS, "genann")],
    "fann": [os.path.join(PEERS, "fann")],
    "opencv": [os.path.join(PEERS, "opencv")],
    "onednn": [os.path.join(PEERS, "onednn")],
    "sklearn": [PYTHON, os.path.join(HERE, "peers", "sklearn_side.py")],
    "onnxruntime": ["node", os.path.join(HERE, "peers", "onnxruntime_side.js")],
}
for mode in ("eager", "foreach", "manual", "jit"):
    PROGRAMS["torch-" + mode] = [PYTHON, os.path.join(HERE, "peers", "torch_side.py"), mode]
OPENMP_BLAS = "/usr/lib/%s/openblas-openmp" % (os.environ.get("BPNN_BENCH_TRIPLET") or "x86_64-linux-gnu")


def environment(name):
    more = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", NODE_PATH=os.path.join(BUILD, "node", "node_modules"))
    if name == "kann":
        more["OPENBLAS_NUM_THREADS"] = "1"  # it has threads of its own
    if name.startswith("torch"):
        more["LD_LIBRARY_PATH"] = OPENMP_BLAS  # PyTorch is OpenMP; two pools of threads would fight
    return more


def installed(name):
    command = PROGRAMS[name]
    if command[0] == "node":
        return os.path.isdir(os.path.join(BUILD, "node", "node_modules", "onnxruntime-node"))
    return command[0] == PYTHON or os.access(command[0], os.X_OK)


class Process:
    def __init__(self, name):
        self.name = name
        self.pipe = subprocess.Popen(PROGRAMS[name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(name))

    def ask(self, line):
        try:
            self.pipe.stdin.write(line + "\n")
            self.pipe.stdin.flush()
            answer = self.pipe.stdout.readline().strip()
        except OSError:
            answer = ""
        return answer or "no the program ended"

    def prepare(self, line):
        """{"first", "last", "rss"} or {"no": reason}."""
        answer = self.ask(line)
        if not answer.startswith("ok "):
            return {"no": answer[3:]}
        return {key: float(value) for key, value in (word.split("=") for word in answer.split()[1:])}

    def go(self, seconds):
        """Rows a second."""
        rows, passed = self.ask("go %g" % seconds).split()
        return float(rows) / float(passed)

    def end(self):
        self.pipe.stdin.close()
        self.pipe.wait()


class Keeper:
    """Programs that take long to start serve many tasks; the others one each."""

    def __init__(self):
        self.kept = {}

    def get(self, name):
        if PROGRAMS[name][0] not in (PYTHON, "node"):
            return Process(name)
        if name not in self.kept or self.kept[name].pipe.poll() is not None:
            self.kept[name] = Process(name)
        return self.kept[name]

    def done(self, process):
        if self.kept.get(process.name) is not process:
            process.end()

    def end(self):
        for process in self.kept.values():
            process.end()
        self.kept = {}


def data_files(layers, activation, loss, rows):
    """The prefix of the files of this task, made if they are not there."""
    os.makedirs(DATA, exist_ok=True)
    files = os.path.join(DATA, "%s-%s-%s-%d" % (layers, activation, loss, rows))
    if not os.path.exists(files + ".w"):
        subprocess.run([os.path.join(BUILD, "bench", "make_data"), "net", files + "-part", layers, loss, str(rows)], check=True)
        for ending in (".x", ".t", ".w"):  # whole, or not there
            os.replace(files + "-part" + ending, files + ending)
    return files


def with_onnx(files, layers, activation, loss):
    if not os.path.exists(files + ".onnx"):
        script = os.path.join(HERE, "peers", "make_onnx.py")
        if subprocess.run([PYTHON, script, files, layers, activation, loss], stderr=subprocess.DEVNULL).returncode:
            print("  no ONNX file for", layers)


def compare(keeper, names, line, rounds, seconds):
    """All programs on one task in turn: {name: {"rates": [..], "first", "last", "rss"}} or {"no": reason}."""
    results, running = {}, {}
    for name in names:
        if not installed(name):
            results[name] = {"no": "not here"}
            continue
        process = keeper.get(name)
        results[name] = process.prepare(line)
        if "no" in results[name]:
            keeper.done(process)
        else:
            running[name] = process
            results[name]["rates"] = []
    for turn in range(-1, rounds):  # the first warms up
        for name, process in running.items():
            time.sleep(0.01)  # threads of the one before go to sleep
            rate = process.go(seconds / 2 if turn < 0 else seconds)
            if turn >= 0:
                results[name]["rates"].append(rate)
    for process in running.values():
        keeper.done(process)
    return results
