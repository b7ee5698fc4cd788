#!/usr/bin/env python3
"""Does what docs/adding-a-method.md says, to a copy of the source, and runs the page's commands and the update's own test.

usage: tests/docs/adding.py SOURCE_DIR COMPILER LIBRARY OBJECTS

LIBRARY: the static library, OBJECTS: the program's, separated by ';'. Only what the page adds or changes is compiled anew, with
the commands that CMake makes for the copy, and linked before the library."""
import json, os, re, shlex, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readme

source, compiler, library, objects = sys.argv[1:5]
os.environ.pop("CMAKE_C_COMPILER_LAUNCHER", None)  # a few files: none is needed
PAGE = os.path.join(source, "docs", "adding-a-method.md")
HEAD = re.compile(r"`([^`]+)`, (new|before|in place of)(?: `([^`]+)`)?:$")


def steps(path):
    """(file, what to do, where, text) of every block."""
    lines = open(path, encoding="utf-8").read().split("\n")
    for i, line in enumerate(lines):
        head = HEAD.match(line)
        if head:
            begin = i + 3
            end = next(k for k in range(begin, len(lines)) if lines[k] == "```")
            yield head.group(1), head.group(2), head.group(3), "\n".join(lines[begin:end]) + "\n"


def apply(folder, name, what, where, text):
    path = os.path.join(folder, name)
    if what == "new":
        assert not os.path.exists(path), "%s is there already" % name
        old = new = text
    else:
        old = open(path, encoding="utf-8").read()
        assert old.count(where) == 1, "%s: '%s' stands there %d times" % (name, where, old.count(where))
        new = old.replace(where, text.rstrip("\n") if what == "in place of" else text + where)
    open(path, "w", encoding="utf-8").write(new)


def run(words, folder):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit("adding: %s\n%s" % (" ".join(words), done.stdout))
    return done.stdout


def compile_one(entry, name, output, more=()):
    """Compiles `name` as CMake compiles the entry's file."""
    words = shlex.split(entry["command"])
    words[words.index("-o") + 1] = output
    words[words.index("-c") + 1] = name
    run(words + list(more), entry["directory"])
    return output


def main():
    done = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        copy, built = os.path.join(folder, "copy"), os.path.join(folder, "built")
        for part in ("src", "include", "cmake", "cli", "tests"):
            shutil.copytree(os.path.join(source, part), os.path.join(copy, part))
        shutil.copy(os.path.join(source, "CMakeLists.txt"), copy)
        for step in steps(PAGE):
            apply(copy, *step)
            done += 1
        run(["cmake", "-S", copy, "-B", built, "-DCMAKE_C_COMPILER=" + compiler, "-DBPNN_WERROR=ON"], folder)
        entries = json.load(open(os.path.join(built, "compile_commands.json")))
        new = []
        table = next(e for e in entries if e["file"].endswith("/method/table.c"))
        for entry in entries:
            if os.path.basename(entry["file"]) == "step_lion.c" or entry is table:
                new.append(compile_one(entry, entry["file"], os.path.join(folder, "%d.o" % len(new))))
        tests = [compile_one(table, os.path.join(copy, "tests/method", name), os.path.join(folder, name + ".o"), ["-I" + copy + "/tests"])
                 for name in ("test_update.c", "formulas.c")]
        private = re.search(r"Libs.private: (.*)", open(os.path.join(os.path.dirname(library), "bpnn.pc")).read())
        end = [library] + private.group(1).split()
        os.makedirs(os.path.join(folder, os.path.dirname(readme.PROGRAM)))
        run([compiler, "-o", os.path.join(folder, readme.PROGRAM)] + objects.split(";") + new + end, folder)
        run([compiler, "-o", os.path.join(folder, "update")] + tests + new + end + ["-lcmocka"], folder)
        run([os.path.join(folder, "update")], folder)
        os.symlink(os.path.join(source, "examples"), os.path.join(folder, "examples"))
        for command, expected in readme.blocks(PAGE):
            done += 1
            got = run(["sh", "-c", command], folder).split("\n")
            if readme.plain(got) != readme.plain(expected):
                bad += 1
                print("adding: %s printed:\n%s" % (command, "\n".join("    " + line for line in readme.plain(got))))
    print("adding: %d done, %d bad (%d objects anew)" % (done, bad, len(new) + len(tests)))
    return bad > 0 or len(new) < 3


sys.exit(main())
