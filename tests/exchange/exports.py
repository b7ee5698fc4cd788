#!/usr/bin/env python3
"""Runs exported models in the engines they are for and compares with predict.

usage: exports.py WRITE_EXPORTS COUNT ROWS [ENGINE ..]

Prints "ENGINE: n done, n bad" for each, or that the engine is not here. C must agree bit for bit, the others to rounding."""
import json, os, shutil, struct, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def call(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def numbers(path):
    data = open(path, "rb").read()
    return struct.unpack("=%dd" % (len(data) // 8), data)


class Model:
    def __init__(self, folder):
        self.folder = folder
        self.__dict__.update(json.load(open(os.path.join(folder, "about.json"))))
        raw, want = numbers(self.path("rows.bin")), numbers(self.path("want.bin"))
        f, v = self.features, self.values
        self.raw = [raw[r * f:(r + 1) * f] for r in range(self.rows)]
        self.want = [want[r * (v + 1):r * (v + 1) + v] for r in range(self.rows)]
        self.label = [int(want[r * (v + 1) + v]) for r in range(self.rows)]

    def path(self, name):
        return os.path.join(self.folder, name)

    def has(self, name):
        return os.path.exists(self.path(name))

    def differs(self, row, values, label):
        """None, or what is wrong."""
        tolerance = 1e-4 if self.single else 1e-9
        want = self.want[row]
        for a, b in zip(values, want):
            if not (abs(a - b) <= tolerance * (1 + abs(b)) or (a != a and b != b) or a == b):
                return "row %d: %r, wanted %r" % (row, list(values), list(want))
        if self.classes and label != self.label[row]:
            top = sorted(want)[-2:]
            if top[1] - top[0] > 2 * tolerance:
                return "row %d: label %r, wanted %r" % (row, label, self.label[row])
        return None


# ---- C ----

def c_compilers():
    found = []
    for name, command in (("gcc", ["gcc", "-O2"]), ("clang", ["clang", "-O2"]),
                          ("clang, undefined behaviour", ["clang", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]),
                          ("gcc, -O3", ["gcc", "-O3", "-mfma"]),
                          ("gcc, 32 bits", ["gcc", "-O2", "-m32", "-msse2", "-mfpmath=sse"])):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "t.c")
            open(source, "w").write("#include <math.h>\n#include <stdint.h>\nint main(void) { return (int)INT64_C(0); }\n")
            if not shutil.which(command[0]) or call(command + [source, "-o", source + ".out", "-lm"]).returncode:
                print("%s: not here, left out" % name)
                continue
            try:
                runs = call([source + ".out"]).returncode == 0
            except OSError:
                runs = False
            if not runs:
                print("%s: its programs do not run here, they are compiled only" % name)
            found.append((name, command, runs))
    return found


def check_c(model, command, runs, small):
    """What is wrong with one model's C, or nothing."""
    program, source, driver = model.path("check"), model.path("model.c"), os.path.join(HERE, "check.c")
    made = call(command + WARNINGS + ["-DBPNN_TEST_MAIN", "-Dmain=own_check", "-c", source, "-o", program + ".o"])
    if made.returncode == 0:
        made = call(command + [driver, program + ".o", "-o", program, "-lm"])
    if made.returncode == 0 and small:
        made = call(command + WARNINGS + ["-DBPNN_NO_FMA", "-DBPNN_NO_NAMES", "-c", source, "-o", program + ".small"])
    if made.returncode:
        return made.stdout
    if not runs:
        return ""
    out = call([program, model.path("rows.bin"), model.path("want.bin"), str(model.features), str(model.values)])
    return "of %d rows differ: %s" % (model.rows, out.stdout) if out.returncode else ""


def run_c(models):
    """gcc takes all models, the others every fourth."""
    for index, (name, command, runs) in enumerate(c_compilers()):
        chosen = [(k, model) for k, model in enumerate(models) if index == 0 or k % 4 == index % 4]
        bad = 0
        for k, model in chosen:
            problem = check_c(model, command, runs, index == 0)
            if problem:
                bad += 1
                print("C: model %d: %s" % (k, problem[:1500]))
        print("C with %s: %d done, %d bad" % (name, len(chosen), bad))
        yield bad


# ---- the others: an engine takes a model and gives [(values, label)] ----

def compare(name, models, engine):
    bad = done = 0
    for k, model in enumerate(models):
        try:
            results = engine(model)
        except Exception as problem:
            results, text = None, "%s: %s" % (type(problem).__name__, str(problem)[:1500])
        if results is not None:
            text = None if len(results) == model.rows else "%d rows" % len(results)
            for row, (values, label) in enumerate(results):
                text = text or model.differs(row, values, label)
        done += 1
        if text:
            bad += 1
            print("%s: model %d: %s" % (name, k, text))
    print("%s: %d done, %d bad" % (name, done, bad))
    return bad


ENGINES = {}


def main():
    program, count, rows = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    wanted = sys.argv[4:] or ["c"] + list(ENGINES)
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        made = call([program, folder, str(count), rows])
        print(made.stdout, end="")
        bad += made.returncode != 0
        models = [Model(os.path.join(folder, str(k))) for k in range(count)]
        if "c" in wanted:
            bad += sum(run_c(models))
        for name in wanted:
            if name in ENGINES:
                bad += ENGINES[name](models)
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
