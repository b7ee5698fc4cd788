#!/usr/bin/env python3
"""Runs the program's commands that stand in the READMEs, docs/matlab*.md and docs/study.md, and compares what they print with what stands below them.

usage: tests/docs/readme.py BPNN SOURCE_DIR

A command is a line "    $ build/demo/cli/bpnn ..": its output is the block below it, up to the next command or an unindented line;
seconds are not compared. Commands without "$" (templates with words in capitals are left out) are run and must end with 0."""
import os, re, subprocess, sys, tempfile

PROGRAM = "build/demo/cli/bpnn"


def blocks(path):
    """(command, expected lines or None) in the order they stand."""
    found, current = [], None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        text = line[4:] if line.startswith("    ") else None
        if text is None:
            if line != "":
                current = None
            elif current is not None:
                current.append("")
        elif text.startswith("$ " + PROGRAM):
            current = []
            found.append((text[2:], current))
        elif text.startswith("$ "):
            current = None
        elif current is not None:
            current.append(text)
        elif text.startswith("bpnn ") and not re.search(r"\[options\]|\b[A-Z]{3,}\b|  ", text):
            found.append((text.replace("bpnn", PROGRAM, 1), None))
    return found


def plain(lines):
    lines = [re.sub(r", [0-9.]+ s$", ", S s", line.rstrip()) for line in lines]
    lines = [line for line in lines if not re.match(r"epoch \d+ of", line)]  # of slow machines
    while lines and lines[-1] == "":
        lines.pop()
    return lines


def main():
    program, source = map(os.path.abspath, sys.argv[1:3])
    done = bad = 0
    for name in ("README.md", "README.zh-CN.md", "docs/matlab.md", "docs/matlab.zh-CN.md", "docs/study.md"):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, os.path.dirname(PROGRAM)))
            os.symlink(program, os.path.join(folder, PROGRAM))
            os.symlink(os.path.join(source, "examples"), os.path.join(folder, "examples"))
            for command, expected in blocks(os.path.join(source, name)):
                done += 1
                run = subprocess.run(command.split("  #")[0], shell=True, cwd=folder, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True)
                got = run.stdout.split("\n")
                if run.returncode != 0 or (expected is not None and plain(got) != plain(expected)):
                    bad += 1
                    print("readme: %s: %s\n  exit %d, printed:" % (name, command, run.returncode))
                    print("\n".join("    " + line for line in plain(got)))
    print("readme: %d done, %d bad" % (done, bad))
    return bad > 0 or done == 0


if __name__ == "__main__":
    sys.exit(main())
