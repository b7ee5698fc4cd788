#!/usr/bin/env python3
"""Random CSV files, read by the library and by Python's csv module: the same cells, lines and ragged rows, in pieces of every size and
with several threads. csv_python.py READ_CELLS [FILES]; the seed is BPNN_TEST_SEED (default 1)."""
import csv
import io
import math
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

MISSING = {"", "NA", "NaN", "?", "null"}
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
WORDS = ["a", "x y", "NA", "NaN", "?", "null", "nan", "inf", "", " ", "é", "日本", "it's", "-", ".", "=1+1", "1_0", "0x1F", "TRUE", "1 2", "%", "e5", "🙂"]
BATCH = 20


def number(dice):
    kind = dice.randrange(8)
    if kind == 0:
        return str(dice.randrange(-1000, 1000))
    if kind == 1:
        return repr(dice.uniform(-1, 1))
    if kind == 2:
        return "%.*g" % (dice.randrange(1, 18), dice.lognormvariate(0, 8))
    if kind == 3:
        return "%.*e" % (dice.randrange(0, 25), dice.lognormvariate(0, 8))
    if kind == 4:
        return dice.choice(["+1", ".5", "1.", "-0", "0.0", "1e400", "1e-400", "4.9e-324", "007", "9007199254740993", "67108863", "67108864", "-67108864"])
    if kind == 5:
        return "".join(dice.choice("0123456789") for _ in range(dice.randrange(1, 30)))
    if kind == 6:
        return "%d.%s" % (dice.randrange(1000), "".join(dice.choice("0123456789") for _ in range(dice.randrange(1, 30))))
    return struct.unpack("<d", struct.pack("<Q", dice.randrange(1 << 62)))[0].__repr__()


class Dialect:
    def __init__(self, dice):
        self.delimiter = dice.choice(",,,;\t|:#~")
        self.decimal = dice.choice(".,") if self.delimiter == ";" else "."
        self.as_text = dice.random() < 0.5
        self.chunk = dice.choice([0, 1, 2, 3, 7, 64, 1000])
        self.threads = dice.choice([1, 1, 2, 5])

    def arguments(self):
        found = ["-d", self.delimiter, "-p", self.decimal, "-c", str(self.chunk), "-j", str(self.threads)]
        return found + ["-t"] if self.as_text else found


def cell(dice, dialect, kind):
    """A cell as it stands in the file."""
    text = number(dice).replace(".", dialect.decimal) if dice.random() < kind else dice.choice(WORDS)
    if dice.random() < 0.1:
        text = dice.choice(["", " ", "  ", "\t"]) + text + dice.choice(["", " ", "\t"])
    if dice.random() < 0.08:
        text += dice.choice(['"', '""', "\n", "\r\n", "\r", dialect.delimiter, '"' + dialect.delimiter, "\n\n"]) + dice.choice(["", "z", "1"])
    quote = dice.random() < 0.2 or re.match(r'[ \t]*"', text) or any(c in text for c in "\r\n" + dialect.delimiter)
    return '"' + text.replace('"', '""') + '"' if quote else text


def make(dice, dialect):
    columns = dice.choice([1, 2, 2, 3, 4, 6])
    kinds = [dice.choice([0, 0.5, 0.97, 1, 1]) for _ in range(columns)]
    ends = dice.choice([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]])
    lines = []
    for _ in range(dice.choice([1, 2, 3, 5, 10, 30, 80])):
        if dice.random() < 0.04:
            lines.append("")
        cells = [cell(dice, dialect, k) for k in kinds]
        if dice.random() < 0.004:
            cells = cells[:-1] or ["1", "2"]
        if len(cells) == 1 and not cells[0].strip(" \t"):
            cells[0] = '""'
        lines.append(dialect.delimiter.join(cells))
    text = "".join(line + dice.choice(ends) for line in lines)
    if dice.random() < 0.3:
        text = text.rstrip("\r\n") or "1"
    return (b"\xef\xbb\xbf" if dice.random() < 0.1 else b"") + text.encode("utf-8")


def value(text, decimal):
    """The finite number that a text is, or None."""
    text = text.strip(" \t")
    if decimal == ",":
        text = text.replace(".", "_").replace(",", ".")
    if not NUMBER.fullmatch(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def expected(data, dialect):
    """The lines that read_cells must print; of an error its line."""
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=dialect.delimiter)
    rows, before = [], 0
    for row in reader:
        line, before = before + 1, reader.line_num
        if row:
            rows.append((line, row))
    if not rows:
        return ["error 0"]
    columns = len(rows[0][1])
    for line, row in rows:
        if len(row) != columns:
            return ["error %d" % line]
    missing = {""} if dialect.as_text else MISSING
    found = [[str(line)] for line, _ in rows]
    for c in range(columns):
        texts = [row[c] for _, row in rows]
        empty = [t.strip(" \t") in missing for t in texts]
        values = [None if e else value(t, dialect.decimal) for t, e in zip(texts, empty)]
        numeric = not dialect.as_text and all(e or v is not None for e, v in zip(empty, values))
        for r, text in enumerate(texts):
            if empty[r]:
                found[r].append("~")
            elif numeric:
                found[r].append("#%016x" % struct.unpack("<Q", struct.pack("<d", values[r]))[0])
            else:
                found[r].append("=" + text.replace("\n", "\x1d").replace("\r", "\x1e"))
    return ["ok %d %d" % (len(rows), columns)] + ["\x1f".join(f) for f in found]


def batch(driver, dice, folder, count):
    dialect = Dialect(dice)
    files = [make(dice, dialect) for _ in range(count)]
    paths = []
    for i, data in enumerate(files):
        paths.append(str(folder / ("%d.csv" % i)))
        Path(paths[-1]).write_bytes(data)
    run = subprocess.run([driver] + dialect.arguments() + paths, capture_output=True, check=True)
    lines = run.stdout.decode("utf-8").split("\n")
    at = bad = 0
    for data in files:
        want = expected(data, dialect)
        got = lines[at : at + len(want)]
        at += len(want)
        if want[0].startswith("error"):
            good = got[0].split(" ")[:2] == want[0].split(" ")
        else:
            good = got == want
        if not good:
            print("%s\n  file     %r\n  expected %r\n  found    %r" % (dialect.arguments(), data, want, got))
            return bad + 1  # the lines of what follows are not where they should be
    return bad


def main():
    driver, files = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = int(os.environ.get("BPNN_TEST_SEED", "1"))
    dice = random.Random(seed)
    done = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        while done < files:
            count = min(BATCH, files - done)
            bad += batch(driver, dice, Path(folder), count)
            done += count
    print("CSV files read as Python reads them (seed %d): %d done, %d bad" % (seed, done, bad))
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
