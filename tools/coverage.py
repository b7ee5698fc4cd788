#!/usr/bin/env python3
"""Lines and branches of the library that the tests reach (gcov, -O0). Builds build/coverage, runs the tests, prints tables by room, by reader
and by copy, and holds the lines that were missed against tools/coverage.misses.
    tools/coverage.py [--tests REGEX | --no-tests] [--misses FILE ..] [--branches FILE ..]
--tests: what these tests (ctest -R) reach is added to what was reached before, nothing is counted; --no-tests: counts what was reached
before; without either: all tests, from nothing. --misses, --branches: the lines of these sources that were not reached, the branches not taken.
What counts:
- A source that is compiled several times (instruction sets, precisions; headers in several sources) counts a line or a branch as reached
  where one of its copies does. Copies whose line makes other branches (constants that differ) are counted beside each other. The table by
  copy has each on its own; those of instruction sets that this machine does not run reach nothing.
- Functions stay functions (-Dalways_inline=__unused__ in the preset): inlined, every place of use would have branches of its own.
- A branch is one way out of a condition, a part of && and ||, a loop, a case of a switch. C has no exceptions and hence no others.
- A line of a macro that makes functions counts once, its branches once for every function it makes.
Ends with "coverage: n done, n bad". Done: lines of the library. Bad: missed lines without an entry, readers under 95 % of lines, the library under
95 % of lines or 85 % of branches. An entry that nothing needs any more is printed as stale."""
import collections
import fnmatch
import json
import multiprocessing
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "coverage")
ENTRIES = os.path.join(ROOT, "tools", "coverage.misses")
LEAST_LINES, LEAST_BRANCHES = 95, 85
READERS = [
    "src/base/file.c", "src/base/number.c", "src/table/cache_load.c", "src/table/csv.c", "src/table/csv_begin.c", "src/table/csv_chunk.c",
    "src/table/csv_cut.c",
    "src/table/csv_dialect.c", "src/table/csv_merge.c", "src/table/csv_scan.c", "src/table/idx.c", "src/table/libsvm.c", "src/table/npy.c",
    "src/table/source.c", "src/model/checkpoint.c", "src/model/container.c", "src/model/load.c", "src/model/parse.c",
    "src/model/restore.c", "src/model/restore_training.c", "src/model/restore_members.c", "src/model/resume.c",
    "src/exchange/fann_read.c", "src/exchange/npz_read.c", "src/exchange/npz_import.c", "src/exchange/foreign.c", "src/exchange/import.c",
    "src/exchange/onnx_absent.c", "src/exchange/onnx_check.c", "src/exchange/onnx_constant.c", "src/exchange/onnx_pattern.c",
    "src/exchange/onnx_chain.c", "src/exchange/onnx_read.c", "cli/config.c", "cli/json.c"]
COPY = re.compile(r"bpnn_[a-z]+_(?:(scalar|sse2|avx2|avx512|neon)_)?(f32|f64)\.dir")
COPY_NAME = re.compile(r"(?:^|_)(?:f32|f64|scalar|sse2|avx2|avx512|neon)(?=_|$)")


def run(*command):
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout[-4000:])
    return result.returncode


class Reached:
    """lines: (file, line) -> reached; branches: (file, function, line, ways out, which) -> taken; inside: (file, line) -> function."""

    def __init__(self):
        self.lines, self.branches, self.inside = {}, {}, {}

    def add(self, other):
        for mine, theirs in ((self.lines, other.lines), (self.branches, other.branches)):
            for key, reached in theirs.items():
                mine[key] = mine.get(key, False) or reached
        self.inside.update(other.inside)


def place(folder, file):
    """A source's path under ROOT, or None for what is not ours."""
    path = file if os.path.isabs(file) else os.path.normpath(os.path.join(folder, file))
    name = os.path.relpath(path if os.path.exists(path) else os.path.join(BUILD, file), ROOT)
    return name if name.startswith(("src" + os.sep, "cli" + os.sep)) else None


def read_folder(folder):
    """(copy, Reached) of every object of a folder."""
    notes = [f for f in os.listdir(folder) if f.endswith(".gcno")]
    out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes], cwd=folder, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True).stdout
    match = COPY.search(folder + "/")
    copy = " ".join(part for part in match.groups() if part) if match else None
    reached = Reached()
    for text in out.splitlines():
        for entry in json.loads(text)["files"]:
            name = place(folder, entry["file"])
            for line in entry["lines"] if name else []:
                key = (name, line["line_number"])
                function = COPY_NAME.sub("", line.get("function_name", ""))
                reached.lines[key] = reached.lines.get(key, False) or line["count"] > 0
                reached.inside[key] = function
                ways = line["branches"]
                for i, branch in enumerate(ways):
                    way = (name, function, line["line_number"], len(ways), i)
                    reached.branches[way] = reached.branches.get(way, False) or branch["count"] > 0
    return copy, reached


def gather():
    """All of it together, and by copy."""
    folders = [folder for folder, _, files in os.walk(BUILD)
               if any(f.endswith(".gcno") for f in files) and re.search(r"/(src|cli)/", folder + "/")]
    total, copies = Reached(), collections.defaultdict(Reached)
    with multiprocessing.Pool(2) as pool:
        for copy, reached in pool.imap_unordered(read_folder, folders):
            total.add(reached)
            if copy:
                copies[copy].add(reached)
    return total, copies


def row(name, reached, chosen):
    """Prints lines and branches of the chosen files; returns the shares, None of no lines."""
    lines = [v for k, v in reached.lines.items() if chosen(k[0])]
    ways = [v for k, v in reached.branches.items() if chosen(k[0])]
    if not lines:
        return None
    shares = 100 * sum(lines) / len(lines), 100 * sum(ways) / len(ways) if ways else 100
    print(f"| {name} | {len(lines)} | {shares[0]:.1f} | {len(ways)} | {shares[1]:.1f} |")
    return shares


def head(what):
    print(f"\n| {what} | lines | reached % | branches | taken % |\n|---|---|---|---|---|")


def tables(total, copies):
    """Prints the tables; returns what is under its limit."""
    low = []
    head("room")
    for room in sorted({k[0].split(os.sep)[1] for k in total.lines if k[0].startswith("src")}):
        row(room, total, lambda f, r=room: f.split(os.sep)[:2] == ["src", r])
    lines, ways = row("library", total, lambda f: f.startswith("src"))
    row("program", total, lambda f: f.startswith("cli"))
    if lines < LEAST_LINES or ways < LEAST_BRANCHES:
        low.append(f"library: {lines:.1f} % of lines, {ways:.1f} % of branches")
    head("reader")
    for name in READERS:
        shares = row(name, total, lambda f, n=name: f == n)
        if shares is None and not os.path.exists(os.path.join(ROOT, name)):
            low.append(f"{name}: is not there")
        elif shares and shares[0] < LEAST_LINES:  # none: this build has another in its place
            low.append(f"{name}: {shares[0]:.1f} % of lines")
    head("copy")
    for copy in sorted(copies):
        row(copy, copies[copy], lambda f: f.startswith("src"))
    return low


def read_entries():
    """[file pattern, function or piece of the line, reason] of every entry."""
    entries = []
    for line in open(ENTRIES, encoding="utf-8"):
        if line.strip() and not line.startswith("#"):
            where, rest = line.strip().split(" | ", 1)
            entries.append([where, *rest.rsplit(" | ", 1)])
    return entries


def unlisted(total):
    """The missed lines of the library that no entry has; prints the entries that no missed line needs."""
    entries = read_entries()
    needed, left, sources = set(), [], {}
    for (file, number), hit in sorted(total.lines.items()):
        if hit or not file.startswith("src"):
            continue
        if file not in sources:
            sources[file] = open(os.path.join(ROOT, file), encoding="utf-8").read().splitlines()
        text = sources[file][number - 1].strip()
        function = total.inside[file, number]
        found = [i for i, (where, what, _) in enumerate(entries) if fnmatch.fnmatch(file, where) and (what == function or what in text)]
        needed.update(found)
        if not found:
            left.append(f"{file}:{number}: {function}: {text}")
    for i, entry in enumerate(entries):
        if i not in needed:
            print("stale: " + " | ".join(entry))
    return left


def listing(total, names, branches):
    for name in names:
        source = open(os.path.join(ROOT, name), encoding="utf-8").read().splitlines()
        for (file, number), hit in sorted(total.lines.items()):
            if file == name and not hit and not branches:
                print(f"{name}:{number}: {source[number - 1].strip()}")
        for (file, _, number, ways, which), taken in sorted(total.branches.items()):
            if file == name and branches and not taken and total.lines[file, number]:
                print(f"{name}:{number}: {which + 1} of {ways}: {source[number - 1].strip()}")


def build_and_test(regex):
    code = run("cmake", "--preset", "coverage", "-B", BUILD, "-DCMAKE_C_COMPILER=gcc") or run("cmake", "--build", BUILD, "-j", "2")
    if code:
        return code
    if not regex:
        for folder, _, files in os.walk(BUILD):
            for file in files:
                if file.endswith(".gcda"):
                    os.remove(os.path.join(folder, file))
    return run("ctest", "--test-dir", BUILD, "-j", "2", "--output-on-failure", "-E", "^(adding_a_method|readme)$", *(["-R", regex] if regex else []))


def after(words, option):
    """The words behind an option, up to the next one."""
    rest = words[words.index(option) + 1:] if option in words else []
    return rest[:next((i for i, word in enumerate(rest) if word.startswith("--")), len(rest))]


def main():
    words = sys.argv[1:]
    code = 0
    if "--no-tests" not in words:
        code = build_and_test("".join(after(words, "--tests")))
        if "--tests" in words:
            return code
    total, copies = gather()
    if not total.lines:
        print("coverage: no data")
        return 1
    low = tables(total, copies)
    print()
    left = unlisted(total)
    for line in left + low:
        print("bad: " + line)
    for option in ("--misses", "--branches"):
        listing(total, after(words, option), option == "--branches")
    print(f"coverage: {sum(k[0].startswith('src') for k in total.lines)} done, {len(left) + len(low)} bad")
    return 1 if left or low or code else 0


if __name__ == "__main__":
    sys.exit(main())
