#!/usr/bin/env python3
"""Lines and branches of the library that the tests reach (gcov, -O0). Builds build/coverage, runs the tests, prints a table by room and
the readers' misses.
    tools/coverage.py [--no-tests] [--misses FILE ..]
--no-tests: what earlier runs left; --misses: the lines of these sources that were not reached. Ends with "coverage: n done, n bad": lines of
the library, and readers under 95 % of theirs."""
import collections
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "coverage")
READERS = [
    "src/base/file.c", "src/base/number.c", "src/table/csv.c", "src/table/csv_begin.c", "src/table/csv_chunk.c", "src/table/csv_cut.c",
    "src/table/csv_dialect.c", "src/table/csv_merge.c", "src/table/csv_scan.c", "src/table/idx.c", "src/table/libsvm.c", "src/table/npy.c",
    "src/table/source.c", "src/model/parse.c", "src/model/restore.c", "src/model/restore_training.c", "src/model/restore_members.c",
    "src/exchange/fann_read.c", "src/exchange/npz_read.c", "src/exchange/npz_import.c", "src/exchange/foreign.c", "src/exchange/import.c",
    "src/exchange/onnx_check.c", "src/exchange/onnx_constant.c", "src/exchange/onnx_pattern.c", "src/exchange/onnx_chain.c",
    "src/exchange/onnx_read.c"]


def run(*command):
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout[-4000:])
    return result.returncode


def gather():
    """(file, line) -> times reached; (file, line, branch) -> times taken; the most of all objects of a source."""
    lines, branches = collections.Counter(), collections.Counter()
    seen_lines, seen_branches = set(), set()
    for folder, _, files in os.walk(os.path.join(BUILD)):
        notes = [os.path.join(folder, f) for f in files if f.endswith(".gcno")]
        if not notes or os.sep + "src" + os.sep not in folder + os.sep:
            continue
        out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes], cwd=folder, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True).stdout
        for text in out.splitlines():
            for entry in json.loads(text)["files"]:
                path = os.path.normpath(os.path.join(folder, entry["file"])) if not os.path.isabs(entry["file"]) else entry["file"]
                name = os.path.relpath(path if os.path.exists(path) else os.path.join(BUILD, entry["file"]), ROOT)
                if not name.startswith("src" + os.sep):
                    continue
                for line in entry["lines"]:
                    key = (name, line["line_number"])
                    seen_lines.add(key)
                    lines[key] = max(lines[key], line["count"])
                    for i, branch in enumerate(line["branches"]):
                        seen_branches.add(key + (i,))
                        branches[key + (i,)] = max(branches[key + (i,)], branch["count"])
    return {k: lines[k] for k in seen_lines}, {k: branches[k] for k in seen_branches}


def share(counts, chosen):
    of = [v for k, v in counts.items() if chosen(k[0])]
    return len(of), sum(v > 0 for v in of)


def row(name, lines, branches, chosen):
    n, reached = share(lines, chosen)
    b, taken = share(branches, chosen)
    if n:
        print(f"| {name} | {n} | {100 * reached / n:.1f} | {b} | {100 * taken / b if b else 100:.1f} |")
    return n and 100 * reached / n


def main():
    words = sys.argv[1:]
    code = 0
    if "--no-tests" not in words:
        code = run("cmake", "--preset", "coverage", "-B", BUILD, "-DCMAKE_C_COMPILER=gcc") or run("cmake", "--build", BUILD, "-j", "2")
        code = code or run("ctest", "--test-dir", BUILD, "-j", "2", "--output-on-failure", "-E", "adding_a_method|readme")
    lines, branches = gather()
    if not lines:
        print("coverage: no data")
        return 1
    print("| room | lines | reached % | branches | taken % |\n|---|---|---|---|---|")
    for room in sorted({k[0].split(os.sep)[1] for k in lines}):
        row(room, lines, branches, lambda f, r=room: f.split(os.sep)[1] == r)
    row("all", lines, branches, lambda f: True)
    print("\n| reader | lines | reached % | branches | taken % |\n|---|---|---|---|---|")
    low = [name for name in READERS if (row(name, lines, branches, lambda f, n=name: f == n) or 100) < 95]
    for name in words[words.index("--misses") + 1:] if "--misses" in words else []:
        source = open(os.path.join(ROOT, name), encoding="utf-8").read().splitlines()
        for (file, number), count in sorted(lines.items()):
            if file == name and count == 0:
                print(f"{name}:{number}: {source[number - 1].strip()}")
    print(f"coverage: {len(lines)} done, {len(low)} bad")
    return 1 if low or code else 0


if __name__ == "__main__":
    sys.exit(main())
