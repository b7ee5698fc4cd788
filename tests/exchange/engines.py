#!/usr/bin/env python3
"""Exported programs in their own engines, compared with predict: Python and NumPy, Node, SQLite, LibreOffice. What is not
installed is left out, with a line that says so. Relative to the largest value of a column (shares: to 1) double models agree within
1e-12 (spreadsheets 1e-9), single ones within 1e-5; labels are equal where the decision is no tie within that.

usage: engines.py WRITE_EXPORTS COUNT ROWS"""
import csv, importlib.util, json, math, os, shutil, sqlite3, subprocess, sys, tempfile

try:
    import numpy as np
except ImportError:  # the system's Python has it, if any
    if os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3") and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    print("skipped: exported programs (python3-numpy is not installed)")
    sys.exit(0)


def call(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def absent(what, package):
    print("skipped: %s (%s is not installed)" % (what, package))


class Model:
    def __init__(self, folder):
        self.folder = folder
        self.__dict__.update(json.load(open(os.path.join(folder, "about.json"))))
        self.raw = np.fromfile(self.path("rows.bin")).reshape(self.rows, self.features)
        want = np.fromfile(self.path("want.bin")).reshape(self.rows, self.values + 1)
        self.want, self.label = want[:, :-1], want[:, -1].astype(int)
        self.schema = json.load(open(self.path("model.json")))["bpnn"]["columns"]
        self.levels = [f.get("levels") for f in self.schema["features"]]

    def path(self, name):
        return os.path.join(self.folder, name)

    def cells(self):
        """Rows as a table has them: numbers, texts, None."""
        def cell(levels, x):
            if math.isnan(x):
                return None
            return x if levels is None else levels[int(x)] if x >= 0 else "never seen"
        return [[cell(levels, x) for levels, x in zip(self.levels, row)] for row in self.raw]

    def names(self):
        return [f["name"] for f in self.schema["features"]]

    def compare(self, values, labels, double):
        """What is wrong, or nothing; None among the values stands for a number that is not finite."""
        bound = 1e-5 if self.single else double
        got = np.array([[math.nan if v is None else v for v in row] for row in values], dtype=float)
        if got.shape != self.want.shape:
            return "shape %s" % (got.shape,)
        finite = np.isfinite(self.want)
        size = 1 if self.classes else np.maximum(np.where(finite, np.abs(self.want), 0).max(axis=0), 1e-300)
        with np.errstate(all="ignore"):
            difference = np.where(finite, np.abs(got - self.want) / size, np.where(np.isfinite(got), np.inf, 0))
        self.worst = np.nan_to_num(difference, nan=np.inf).max()
        if self.worst > bound:
            return "relative difference %g" % self.worst
        top = np.sort(self.want, axis=1)
        clear = (top[:, -1] - top[:, -2] > 2 * bound) & finite.all(axis=1) if self.classes else []
        classes = self.schema["classes"] if self.classes else []
        wrong = [r for r in range(self.rows) if self.classes and clear[r] and labels[r] != classes[self.label[r]]]
        return "%d labels differ" % len(wrong) if wrong else ""


def judge(name, models, run, double):
    """run(model) gives values and labels."""
    done, bad, worst = 0, 0, [0.0, 0.0]
    for k, model in enumerate(models):
        if model.wild:
            continue
        done += 1
        try:
            problem = model.compare(*run(model), double)
            worst[model.single] = max(worst[model.single], model.worst)
        except Exception as what:
            problem = "%s: %s" % (type(what).__name__, str(what)[:1000])
        if problem:
            bad += 1
            print("%s: model %d: %s" % (name, k, problem))
    print("largest relative difference in %s: single %.1e, double %.1e" % (name, worst[1], worst[0]))
    print("%s predicts the same: %d done, %d bad" % (name, done, bad))
    return bad


# ---- the engines ----

def run_python(model):
    spec = importlib.util.spec_from_file_location("exported", model.path("model.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    table = dict(zip(model.names(), zip(*model.cells())))
    if None in model.levels:
        name = model.names()[model.levels.index(None)]
        try:
            module.predict({**table, name: ["no number"]})
        except ValueError as said:
            assert "column %r" % name in str(said), said
        else:
            raise AssertionError("a text is taken for a number")
    return module.predict(table)


NODE = """
const fs = require('fs'), folders = JSON.parse(fs.readFileSync(process.argv[2]));
for (const folder of folders) {
  const model = require(folder + '/model.js');
  const rows = JSON.parse(fs.readFileSync(folder + '/cells.json'));
  const byName = row => Object.fromEntries(model.inputs.map((name, c) => [name, row[c]]));
  const results = rows.map((row, r) => model.predict(r % 2 ? row : byName(row)));
  fs.writeFileSync(folder + '/node.json', JSON.stringify(results));
}
"""


def check_node(models):
    if not shutil.which("node"):
        return absent("JavaScript", "nodejs") or 0
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            json.dump(model.cells(), open(model.path("cells.json"), "w"))
        open(os.path.join(folder, "all.js"), "w").write(NODE)
        json.dump([model.folder for model in models], open(os.path.join(folder, "all.json"), "w"))
        out = call(["node", os.path.join(folder, "all.js"), os.path.join(folder, "all.json")])
        if out.returncode:
            print(out.stdout[:3000])

    def run(model):
        results = json.load(open(model.path("node.json")))
        return [r["values"] for r in results], [r["label"] for r in results]
    return judge("JavaScript", models, run, 1e-12)


def run_sql(model):
    """Through the library that Python has; the columns as the schema has them, in another order, and one more."""
    data = sqlite3.connect(":memory:")
    names = model.names()
    data.execute('CREATE TABLE "data" (%s)' % ", ".join(
        '"%s" %s' % (n, "DOUBLE PRECISION" if l is None else "TEXT") for n, l in reversed(list(zip(names, model.levels)))))
    data.executemany('INSERT INTO "data" VALUES (%s)' % ", ".join("?" * len(names)), [row[::-1] for row in model.cells()])
    query = open(model.path("model.sql"), encoding="utf-8").read()
    rows = data.execute(query).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "rows in another order"
    if model.schema["missing"] == "error" and None in model.levels:
        data.execute('DELETE FROM "data"')
        data.execute('INSERT INTO "data" DEFAULT VALUES')
        assert set(data.execute(query).fetchone()[1:]) == {None}, "a result where a missing number is refused"
    return ([row[2:] for row in rows], [row[1] for row in rows]) if model.classes else ([row[1:] for row in rows], None)


def check_sql(models):
    try:
        sqlite3.connect(":memory:").execute("SELECT EXP(1.0), TANH(1.0)")
    except sqlite3.OperationalError:
        return absent("SQL", "an SQLite with math functions") or 0
    return judge("SQL", models, run_sql, 1e-12)


def run_excel(model):
    """The first sheet as LibreOffice computed it, beside the rows that the workbook came with."""
    with open(model.path("model.csv"), encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]

    def number(text):
        try:
            return float(text)
        except ValueError:
            return None
    assert len(rows) == 20 and model.rows >= 20, "%d rows" % len(rows)
    model.want, model.label, model.rows = model.want[:20], model.label[:20], 20
    first = model.features + (1 if model.classes else 0)
    return [[number(cell) for cell in row[first:]] for row in rows], [row[model.features] for row in rows]


def check_excel(models):
    if not shutil.which("soffice"):
        return absent("workbooks", "libreoffice-calc-nogui") or 0
    with tempfile.TemporaryDirectory() as profile:
        for model in models:
            shutil.copy(model.path("model.xlsx"), os.path.join(profile, "%s.xlsx" % os.path.basename(model.folder)))
        files = [os.path.join(profile, f) for f in os.listdir(profile)]
        out = call(["soffice", "-env:UserInstallation=file://" + profile + "/home", "--headless", "--convert-to",
                    "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,0", "--outdir", profile] + files)
        for model in models:
            made = os.path.join(profile, "%s.csv" % os.path.basename(model.folder))
            if not os.path.exists(made):
                print(out.stdout[:2000])
                break
            shutil.copy(made, model.path("model.csv"))
    return judge("LibreOffice", models, run_excel, 1e-9)


def main():
    program, count, rows = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        made = call([program, folder, str(count), rows])
        print(made.stdout, end="")
        bad += made.returncode != 0
        models = [Model(os.path.join(folder, str(k))) for k in range(count)]
        bad += judge("Python", models, run_python, 1e-12)
        bad += check_node(models)
        bad += check_sql(models)
        bad += check_excel(models[:12])
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
