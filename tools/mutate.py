#!/usr/bin/env python3
"""Mutation test of the mathematics: breaks one line at a time in a copy of the tree, rebuilds, and runs the oracle tests.
A mutant is killed when one of them fails. Prints every survivor and `mutants: n done, n bad`.

Usage: mutate.py [--count 240] [--seed 1] [--jobs 2] [--files forward.c,losses.h] [--list]

The copy is built with the scalar kernels alone, so that a change costs seconds. Mutants that do not compile, or that
compile to the very same programs, are no mutants and are not counted. Survivors that change no result, with the reason,
stand in tools/mutate.explained: lines of `file | mutated line | reason`; they are counted apart."""

import argparse
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FILES = [
    "src/core/forward.c", "src/core/backward.c", "src/core/gradient.c", "src/core/step.c",
    "src/kernel/losses.h", "src/kernel/activations.h",
    "src/method/step_sgd.c", "src/method/step_rmsprop.c", "src/method/step_adagrad.c", "src/method/step_adadelta.c",
    "src/method/step_adam.c", "src/method/step_nadam.c", "src/method/step_rprop.c",
]
# fast ones first: the first failure ends the run of a mutant; TIMEOUT in seconds, far above what the slowest takes
TESTS = [["test_hand"], ["test_torch_gradient"], ["test_groups", "--sums"], ["test_torch_training"],
         ["test_gradient", "160"], ["test_groups", "--recorded"]]
TIMEOUT = 600
STATEMENT = re.compile(r"^\s+(?!return\b|else\b|case\b|break\b|continue\b|size_t \w+;|real \w+;)[^{}]*;\s*$")

# (pattern, replacement): applied to one occurrence at a time, outside comments and preprocessor lines
RULES = [
    (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "),
    (r" \+= ", " -= "), (r" -= ", " += "), (r" \*= ", " /= "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" < ", " > "), (r" > ", " < "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r"(?<=[(,=?:] )-(?=[\w(])", ""), (r"(?<=\()-(?=[\w(])", ""), (r"(?<=return )-", ""),
    (r" [-+] 1\b", ""), (r"\b0\b(?![.x])", "1"), (r"(?<![\w.])1\b(?!\.)", "2"), (r"(?<![\w.])2\b(?!\.)", "1"),
    (r"\(real\)0\.5\b", "(real)0.25"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\? ([^?:;]+) : ([^?:;]+);", r"? \2 : \1;"), (r"\bif \((.*)\)$", r"if (!(\1))"),
    (r"\bFMA\(([^,()]+), ([^,()]+), ([^,()]+)\)", r"FMA(\3, \2, \1)"), (r"\((\w+), (\w+)\)", r"(\2, \1)"),
    (r"->in\b", "->out"), (r"->out\b", "->in"), (r"->in_panels\b", "->out_panels"), (r"->out_panels\b", "->in_panels"),
    (r"->i_stride\b", "->o_stride"), (r"->o_stride\b", "->i_stride"), (r"\[m - 1\]", "[m]"), (r"\[m\]", "[m - 1]"),
    (r"\by\b(?=[,;)])", "e"), (r"\br_exp\b", "r_expm1"), (r"\br_log\b", "r_log1p"), (r"\br_tanh\b", "r_exp"),
]


def code_lines(text):
    """Numbers of lines that are code."""
    inside, macro = False, False
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        was_inside, was_macro = inside, macro
        macro = (stripped.startswith("#") or was_macro) and stripped.endswith("\\")
        if "/*" in stripped and "*/" not in stripped[stripped.rindex("/*"):]:
            inside = True
        elif "*/" in stripped:
            inside = False
        if was_inside or was_macro or not stripped or stripped[0] in "#" or stripped.startswith(("/*", "*", "static", "enum")):
            continue
        yield number, line


def mutants_of(path):
    text = open(os.path.join(ROOT, path), encoding="utf-8").read()
    found = {}
    for number, line in code_lines(text):
        code, comment = (line.split("/*", 1) + [""])[:2]
        comment = "/*" + comment if "/*" in line else ""
        changed = []
        for pattern, replacement in RULES:
            for hit in re.finditer(pattern, code):
                changed.append(code[: hit.start()] + hit.expand(replacement) + code[hit.end():])
        if STATEMENT.match(code) and "const " not in code:
            changed.append(re.match(r"\s*", code).group() + ";")
        for new in changed:
            if new != code:
                found[(number, new + comment)] = None
    return [(path, number, new) for number, new in found]


def choose(count, seed, names):
    """An equal share of every file, as far as it has so many."""
    dice = random.Random(seed)
    pools = [mutants_of(path) for path in FILES if not names or os.path.basename(path) in names]
    for pool in pools:
        dice.shuffle(pool)
    chosen = []
    while len(chosen) < count and any(pools):
        # the large rooms count as two
        for pool in pools:
            for _ in range(2 if pool and pool[0][0].startswith(("src/core", "src/kernel")) else 1):
                if pool and len(chosen) < count:
                    chosen.append(pool.pop())
    return chosen


# ---- a copy of the tree with the scalar kernels alone ----


def replace_in(path, pattern, replacement):
    text = open(path, encoding="utf-8").read()
    open(path, "w", encoding="utf-8").write(re.sub(pattern, replacement, text))


def make_tree(folder):
    for part in ("src", "include", "cmake", "cli", "examples", "docs", "CMakeLists.txt"):
        source = os.path.join(ROOT, part)
        target = os.path.join(folder, part)
        if os.path.isdir(source):
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    for part in ("oracle", "golden"):
        shutil.copytree(os.path.join(ROOT, "tests", part), os.path.join(folder, "tests", part))
    with open(os.path.join(folder, "tests", "CMakeLists.txt"), "w", encoding="ascii") as out:
        out.write("pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)\nadd_subdirectory(oracle)\n")
    replace_in(os.path.join(folder, "cmake/rooms.cmake"), r"set\(BPNN_ISAS [^)]*\)", "set(BPNN_ISAS scalar)")
    for path in ("src/kernel/find.c", "src/kernel/isa.c", "src/method/table.c"):
        replace_in(os.path.join(folder, path), r"defined\(__(x86_64|aarch64)__\)", "0")
    fma = ["-mfma"] if os.uname().machine == "x86_64" else []
    build = os.path.join(folder, "build")
    subprocess.run(["cmake", "-S", folder, "-B", build, "-G", "Ninja", "-DBPNN_TESTS=ON", "-DCMAKE_BUILD_TYPE=None",
                    "-DCMAKE_C_FLAGS=-O1 -w " + " ".join(fma)], check=True, stdout=subprocess.DEVNULL)
    return build


def build_test(build, name):
    return subprocess.run(["ninja", "-C", build, "-j1", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


def fingerprint(build):
    """Of the program that holds every object under test; the others are built as they are needed."""
    with open(os.path.join(build, "tests/oracle", TESTS[0][0]), "rb") as program:
        return hashlib.sha256(program.read()).hexdigest()


def first_failure(build):
    for test in TESTS:
        if not build_test(build, test[0]):
            return "no program"
        try:
            done = subprocess.run([os.path.join(build, "tests/oracle", test[0]), *test[1:]], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return test[0] + " (no end)"
        if done.returncode:
            return " ".join(test)
    return None


class Worker:
    def __init__(self, folder):
        self.folder = folder
        self.build = make_tree(folder)
        if not build_test(self.build, TESTS[0][0]):
            sys.exit("the tree does not build")
        self.original = fingerprint(self.build)
        self.baseline = first_failure(self.build)

    def judge(self, mutant):
        path, number, new = mutant
        full = os.path.join(self.folder, path)
        text = open(full, encoding="utf-8").read()
        lines = text.split("\n")
        lines[number] = new
        open(full, "w", encoding="utf-8").write("\n".join(lines))
        try:
            if not build_test(self.build, TESTS[0][0]):
                return "no program"
            if fingerprint(self.build) == self.original:
                return "same program"
            return first_failure(self.build) or "SURVIVED"
        finally:
            open(full, "w", encoding="utf-8").write(text)


def explained():
    path = os.path.join(ROOT, "tools/mutate.explained")
    if not os.path.exists(path):
        return {}
    rows = [line.split(" | ", 2) for line in open(path, encoding="utf-8") if " | " in line and line[0] != "#"]
    return {(file, " ".join(new.split())): reason.strip() for file, new, reason in rows}


def run(mutants, jobs, folder):
    free = [Worker(os.path.join(folder, str(j))) for j in range(jobs)]
    if free[0].baseline:
        print(f"the unbroken tree fails {free[0].baseline}: that test kills nothing here")
        TESTS[:] = [t for t in TESTS if " ".join(t) != free[0].baseline]

    def judge(mutant):
        worker = free.pop()
        try:
            return mutant, worker.judge(mutant)
        finally:
            free.append(worker)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(judge, mutants)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--count", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--files", default="")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    mutants = choose(options.count, options.seed, [n for n in options.files.split(",") if n])
    if options.list:
        for path, number, new in mutants:
            print(f"{path}:{number + 1}: {new.strip()}")
        return 0
    reasons, verdicts, known = explained(), {}, 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        for judged, ((path, number, new), verdict) in enumerate(run(mutants, options.jobs, folder), 1):
            if judged % 20 == 0:
                print(f"{judged} of {len(mutants)}", file=sys.stderr, flush=True)
            if verdict == "SURVIVED" and (path, " ".join(new.split())) in reasons:
                verdict, known = "explained", known + 1
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
            if verdict in ("SURVIVED", "explained") or "no end" in verdict:
                print(f"{verdict}: {path}:{number + 1}: {new.strip()}", flush=True)
    for verdict, times in sorted(verdicts.items(), key=lambda v: -v[1]):
        print(f"  {times:4} {verdict}")
    bad = verdicts.get("SURVIVED", 0)
    done = sum(verdicts.values()) - verdicts.get("no program", 0) - verdicts.get("same program", 0)
    print(f"mutants: {done} done, {bad} bad, {known} explained")
    return 1 if bad > 0.02 * done else 0


if __name__ == "__main__":
    sys.exit(main())
