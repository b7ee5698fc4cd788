#!/usr/bin/env python3
"""Compiles generated C with every compiler that is here and compares its results with predict (in whole numbers: with what the
library says that they are), bit for bit.

usage: exports.py WRITE_EXPORTS COUNT ROWS"""
import json, os, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


FOUND = []  # compilers


def call(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


class Model:
    def __init__(self, folder):
        self.folder = folder
        self.__dict__.update(json.load(open(os.path.join(folder, "about.json"))))

    def path(self, name):
        return os.path.join(self.folder, name)


def c_compilers():
    if FOUND:
        return FOUND
    for name, command in (("gcc", ["gcc", "-O2"]), ("clang", ["clang", "-O2"]),
                          ("clang, undefined behaviour", ["clang", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]),
                          ("gcc, -O3", ["gcc", "-O3", "-mfma"]),
                          ("gcc, 32 bits", ["gcc", "-O2", "-m32", "-msse2", "-mfpmath=sse"])):
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "t.c")
            open(source, "w").write("#include <math.h>\n#include <stdint.h>\nvolatile double x = 2;\nint main(void) { return fma(x, x, -4) != 0; }\n")
            if not shutil.which(command[0]) or call(command + [source, "-o", source + ".out", "-lm"]).returncode:
                print("%s: not here, left out" % name)
                continue
            try:
                runs = call([source + ".out"]).returncode == 0
            except OSError:
                runs = False
            if not runs:
                print("%s: its programs do not run here, they are compiled only" % name)
            FOUND.append((name, command, runs))
    return FOUND


def check_c(model, command, runs, small, form, want):
    """What is wrong with one model's C, or nothing."""
    program, source, driver = model.path("check"), model.path(form), os.path.join(HERE, "check.c")
    made = call(command + WARNINGS + ["-DBPNN_TEST_MAIN", "-Dmain=own_check", "-c", source, "-o", program + ".o"])
    if made.returncode == 0:
        made = call(command + [driver, program + ".o", "-o", program, "-lm"])
    if made.returncode == 0 and small:
        made = call(command + WARNINGS + ["-DBPNN_NO_FMA" if want == "want.bin" else "-DBPNN_NO_FLOAT", "-DBPNN_NO_NAMES", "-c", source, "-o", program + ".small"])
    if made.returncode:
        return made.stdout
    if not runs:
        return ""
    out = call([program, model.path("rows.bin"), model.path(want), str(model.features), str(model.values)])
    return "of %d rows differ: %s" % (model.rows, out.stdout) if out.returncode else ""


def run_c(models, form="model.c", want="want.bin", title="C"):
    """gcc takes all models, the others every fourth."""
    models = [model for model in models if os.path.exists(model.path(form))]
    for index, (name, command, runs) in enumerate(c_compilers()):
        chosen = [(k, model) for k, model in enumerate(models) if index == 0 or k % 4 == index % 4]
        bad = 0
        for k, model in chosen:
            problem = check_c(model, command, runs, index == 0, form, want)
            if problem:
                bad += 1
                print("%s: model %d: %s" % (title, k, problem[:1500]))
        print("%s with %s: %d done, %d bad" % (title, name, len(chosen), bad))
        yield bad


def main():
    program, count, rows = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        made = call([program, folder, str(count), rows])
        print(made.stdout, end="")
        bad += made.returncode != 0
        models = [Model(os.path.join(folder, str(k))) for k in range(count)]
        bad += sum(run_c(models))
        for bits in ("8", "16"):
            bad += sum(run_c(models, "fixed_%s.c" % bits, "want_%s.bin" % bits, "C of %s bits" % bits))
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
