#!/usr/bin/env python3
"""Hostile names of columns, levels and classes through every writer: C (compiled, run), JSON, CSV, terminal, Python, JavaScript, SQL (run); and an
ensemble as C.

usage: hostile_names.py BPNN [NAMES]"""
import csv, io, json, os, random, re, shutil, sqlite3, subprocess, sys, tempfile, zipfile
from xml.etree import ElementTree

PIECES = ['"', "'", "*/", "/*", "//", "\n", "\r\n", "\\", "\\\n", "??/", "??/\n", "%n", "%s", "\t", "\x01", "\x1b[31m", "\x1b]0;t\x07", "\x7f",
          "\u202e", "\u200f", "=cmd|' /C calc'!A0", "=1+1", "+1", "-1", "@x", "int", "return", "#define x", "#include <x>", "</script>", "<b>",
          "${x}", "`id`", "$(id)", "; DROP TABLE x", "{{", "}}", "\\0", "0", "\\x41", "é", "体", "😀", "%", "NULL ", "a" * 10000, " "]


def names(rng, count):
    return ["%d%s" % (k, "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 4)))) if rng.random() < 0.5
            else "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 3))) + str(k) for k in range(count)]


def run(command, **more):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if out.returncode:
        raise AssertionError("%s: exit %d: %s" % (command[:3], out.returncode, out.stderr.decode(errors="replace")[:800]))
    return out.stdout


MAIN = """#include <stdio.h>
#include <string.h>
extern const char *const model_inputs[], *const model_outputs[];
double model_level(int input, const char *text);

int main(void)
{
    int k;
    for (k = 0; model_inputs[k]; k++)
        fwrite(model_inputs[k], 1, strlen(model_inputs[k]) + 1, stdout);
    for (k = 0; model_outputs[k]; k++)
        fwrite(model_outputs[k], 1, strlen(model_outputs[k]) + 1, stdout);
    return 0;
}
"""


def check_c(folder, columns, classes):
    run(["gcc", "-std=c99", "-trigraphs", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-DBPNN_TEST_MAIN", "m.c", "-o", "own", "-lm"], cwd=folder)
    run(["./own"], cwd=folder)
    open(os.path.join(folder, "main.c"), "w").write(MAIN)
    run(["gcc", "-std=c99", "-trigraphs", "-Wno-trigraphs", "m.c", "main.c", "-o", "names", "-lm"], cwd=folder)
    got = run(["./names"], cwd=folder).split(b"\0")[:-1]
    assert got == [n.encode() for n in columns + classes], "C: other names"
    source = open(os.path.join(folder, "m.c"), "rb").read()
    assert all(b < 127 and (b >= 32 or b == 10) for b in source), "C: bytes beyond ASCII"


def check_program(program, folder, columns, classes):
    said = json.loads(run([program, "inspect", "--json", "m.bpnn"], cwd=folder))
    assert [f["name"] for f in said["columns"]["features"]] == columns, "inspect --json"
    whole = json.load(open(os.path.join(folder, "m.json"), encoding="utf-8"))
    assert [f["name"] for f in whole["bpnn"]["columns"]["features"]] == columns and whole["bpnn"]["columns"]["classes"] == classes, "JSON"
    table = run([program, "predict", "--header", "yes", "--delimiter", ",", "m.bpnn", "t.csv"], cwd=folder).decode()
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert [h[2:-1] for h in rows[0][1:]] == classes and all(len(r) == len(rows[0]) for r in rows), "CSV"
    shown = run([program, "inspect", "m.bpnn"], cwd=folder).decode()
    assert not any((ord(c) < 32 and c != "\n") or c in "\x7f\u202e\u200f" for c in shown), "terminal"
    guarded = run([program, "predict", "--guard-formulas", "--append", "--header", "yes", "--delimiter", ",", "m.bpnn", "t.csv"], cwd=folder).decode()
    assert not any(cell[:1] in "=@\t\r" and cell for row in csv.reader(io.StringIO(guarded, newline="")) for cell in row), "formulas in CSV"
    return [r[0] for r in rows[1:]]


def has_numpy(python):
    return shutil.which(python) and subprocess.run([python, "-c", "import numpy"], stderr=subprocess.DEVNULL).returncode == 0


PYTHON = next((p for p in (sys.executable, "/usr/bin/python3") if has_numpy(p)), None)
NODE = """
const model = require('./m.js'), rows = JSON.parse(require('fs').readFileSync('rows.json'));
const byName = row => JSON.parse('{' + model.inputs.map((n, c) => JSON.stringify(n) + ':' + JSON.stringify(row[c])).join() + '}');
console.log(JSON.stringify([model.inputs, model.outputs, rows.map(row => model.predict(byName(row)).label)]));
"""


def check_engines(folder, columns, classes, labels):
    """Python, JavaScript and SQL: names as they are, labels as predict gives them."""
    if PYTHON:
        table = run([PYTHON, "m.py"], cwd=folder, stdin=open(os.path.join(folder, "t.csv"), "rb")).decode()
        rows = list(csv.reader(io.StringIO(table, newline="")))
        assert [h[2:-1] for h in rows[0][1:]] == classes and [r[0] for r in rows[1:]] == labels, "Python: other names or labels"
    with open(os.path.join(folder, "t.csv"), encoding="utf-8", newline="") as file:
        cells = [row[:-1] for row in list(csv.reader(file))[1:]]
    for form in ("m.py", "m.js"):
        source = open(os.path.join(folder, form), "rb").read()
        assert all(b < 127 and (b >= 32 or b == 10) for b in source), form + ": bytes beyond ASCII"
    code = open(os.path.join(folder, "m.js")).read().split("*/", 1)[1]  # the head's example has a script element
    assert "</" not in code and "<!--" not in code, "JavaScript: markup"
    if shutil.which("node"):
        json.dump(cells, open(os.path.join(folder, "rows.json"), "w"))
        open(os.path.join(folder, "run.js"), "w").write(NODE)
        assert json.loads(run(["node", "run.js"], cwd=folder)) == [columns, classes, labels], "JavaScript: other names or labels"
    data = sqlite3.connect(":memory:")
    quoted = ['"%s"' % c.replace('"', '""') for c in columns]
    data.execute('CREATE TABLE "data" (%s)' % ", ".join(q + (" TEXT" if i == 2 else " DOUBLE PRECISION") for i, q in enumerate(quoted)))
    data.executemany('INSERT INTO "data" VALUES (?, ?, ?, ?)', cells)
    query = open(os.path.join(folder, "m.sql"), encoding="utf-8", newline="").read()
    got = data.execute(query)
    assert [d[0][2:-1] for d in got.description[2:]] == classes and [r[1] for r in got] == labels, "SQL: other names or labels"
    assert data.execute("SELECT COUNT(*) FROM \"data\"").fetchone() == (60,)


def check_excel(folder, columns, classes):
    """Every part is XML, names stand in cells as they are, and in no formula."""
    def unescaped(text):
        return re.sub("_x([0-9A-F]{4})_", lambda m: chr(int(m.group(1), 16)), text or "")
    with zipfile.ZipFile(os.path.join(folder, "m.xlsx")) as book:
        parts = {name: ElementTree.fromstring(book.read(name)) for name in book.namelist()}
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = list(parts["xl/worksheets/sheet1.xml"].iter(space + "row"))
    header = [unescaped("".join(t.text or "" for t in cell.iter(space + "t"))) for cell in rows[0]]
    assert header == columns + ["prediction"] + ["p(%s)" % c for c in classes], "Excel: other names"
    formulas = [f.text for name in parts for f in parts[name].iter(space + "f")]
    assert formulas and all(re.fullmatch("[-A-Za-z0-9 $!:,.()'<>=+*/\"]*", f) for f in formulas), "Excel: formulas"


def one(program, rng):
    columns = names(rng, 4)
    levels, classes = names(rng, 3), names(rng, 3)
    classes.sort(key=lambda c: c.encode())
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "t.csv"), "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
            out.writerow(columns + ["the target"])
            for r in range(60):
                out.writerow([r * 7 % 13, r % 5, levels[r % 3], r * 3 % 11, classes[r * 5 % 3]])
        run([program, "train", "-q", "--header", "yes", "--delimiter", ",", "--epochs", "2", "--hidden", "5", "--target", "the target",
             "--categorical", "3", "-o", "m.bpnn", "t.csv"], cwd=folder)
        for form in ("c", "json", "python", "javascript", "sql", "excel"):
            run([program, "export", "-q", "--to", form, "m.bpnn"], cwd=folder)
        labels = check_program(program, folder, columns, classes)
        check_excel(folder, columns, classes)
        check_engines(folder, columns, classes, labels)
        check_c(folder, columns, classes)
        run([program, "export", "-q", "--to", "c", "--fixed", "--bits", rng.choice(("8", "16")), "--header", "yes", "--delimiter", ",", "--data", "t.csv",
             "m.bpnn"], cwd=folder)
        check_c(folder, columns, classes)


def ensemble(program):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "t.csv"), "w") as file:
            file.write("a,b,c,y\n" + "".join("%d,%s,%s,%s\n" % (r, r * 7 % 13 or "", "uvw"[r % 3], "pqr"[r * 5 % 3]) for r in range(90)))
        for target in ("y", "a", "c"):
            run([program, "train", "-q", "--epochs", "5", "--ensemble", "3", "--target", target, "-o", "m.bpnn", "t.csv"], cwd=folder)
            run([program, "export", "-q", "--to", "c", "m.bpnn"], cwd=folder)
            run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-DBPNN_TEST_MAIN", "m.c", "-o", "own", "-lm"], cwd=folder)
            run(["./own"], cwd=folder)


def main():
    program, count = os.path.abspath(sys.argv[1]), int((sys.argv[2:] or ["200"])[0])
    seed = int(os.environ.get("BPNN_TEST_SEED", "14"))
    rng, bad = random.Random(seed), 0
    print("seed %d" % seed)
    rounds = (count + 9) // 10
    for k in range(rounds):
        try:
            one(program, rng)
        except (AssertionError, ValueError) as problem:
            bad += 1
            print("names: round %d: %s" % (k, problem))
    print("names: %d done, %d bad" % (10 * rounds, bad))
    try:
        ensemble(program)
        print("ensembles as C: 3 done, 0 bad")
    except AssertionError as problem:
        bad += 1
        print("ensembles as C: %s" % problem)
    return bad > 0


sys.exit(main())
