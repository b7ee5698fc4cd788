#!/usr/bin/env python3
"""export --to c --fixed on the tables of examples/data: the file compiles, calls nothing, says of itself what the library says, and what
whole numbers cost is little; what cannot be is refused by name.

usage: fixed.py BPNN SOURCE"""
import json, os, re, shutil, subprocess, sys, tempfile

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
WARNINGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# table, options of train; the most that accuracy or R2 may lose by 16 and by 8 bits, and that a value may be off
CASES = [
    ("penguins.csv", ["--target", "species"], {16: (0.003, 0.002), 8: (0.01, 0.15)}),
    ("penguins.csv", ["--target", "sex", "--activation", "tanh"], {16: (0.003, 0.002), 8: (0.02, 0.15)}),
    ("penguins.csv", ["--target", "body_mass_g"], {16: (0.0005, 0.001), 8: (0.02, 0.05)}),
    ("digits.csv.gz", ["--hidden", "32,16:sigmoid", "--epochs", "15"], {16: (0.001, 0.01), 8: (0.02, 0.5)}),
]


def run(command, code=0, **more):
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
    assert out.returncode == code, "%s: exit %d: %s%s" % (command, out.returncode, out.stdout, out.stderr[:1500])
    return out.stderr if code else out.stdout


def check(folder, table, bits, most):
    data = os.path.join(SOURCE, "examples", "data", table)
    said = json.loads(run([PROGRAM, "export", "--to", "c", "--fixed", "--bits", str(bits), "--data", data, "--json", "m.bpnn"], cwd=folder))["fixed"]
    head = open(os.path.join(folder, "m.c")).read().split("*/")[0]
    assert said["bits"] == bits and "ROM for numbers: %d bytes" % said["rom"] in head and "stack: %d bytes" % said["ram"] in head, said
    measured = re.search(r"On the (\d+) rows.*: \w+ (\S+) in floating point, (\S+) here", head)
    assert (int(measured[1]), float(measured[2]), float(measured[3])) == (said["rows"], said["floating"], said["fixed"]), head
    truth = json.loads(run([PROGRAM, "evaluate", "--json", "m.bpnn", data], cwd=folder))
    assert abs(truth[said["measure"]] - said["floating"]) < 1e-9, "%s: %r and %r" % (said["measure"], truth[said["measure"]], said["floating"])
    print("%s, %d bits: %s %.5f -> %.5f, %d other classes, off by %.2g, %d bytes" % (
        table, bits, said["measure"], said["floating"], said["fixed"], said["changed"], said["deviation"], said["rom"]))
    assert said["floating"] - said["fixed"] <= most[0] and said["deviation"] <= most[1], said
    if shutil.which("gcc"):
        run(["gcc"] + WARNINGS + ["-DBPNN_TEST_MAIN", "m.c", "-o", "m"], cwd=folder)
        run(["./m"], cwd=folder)
        for options in (["-DBPNN_NO_NAMES"], ["-DBPNN_NO_FLOAT", "-ffreestanding", "-mgeneral-regs-only" if os.uname().machine == "x86_64" else "-O1"]):
            run(["gcc"] + WARNINGS + options + ["-fno-stack-protector", "-c", "m.c", "-o", "m.o"], cwd=folder)
            assert set(run(["nm", "-u", "m.o"], cwd=folder).split()) <= {"U", "memset", "memcpy", "_GLOBAL_OFFSET_TABLE_"}, "a call"
    return said["rom"]


def case(folder, table, options, most):
    run([PROGRAM, "train", "-q", "-o", "m.bpnn"] + options + [os.path.join(SOURCE, "examples", "data", table)], cwd=folder)
    return check(folder, table, 8, most[8]) < check(folder, table, 16, most[16])


def refusals(folder):
    data = os.path.join(SOURCE, "examples", "data", "penguins.csv")
    export = [PROGRAM, "export", "--to", "c", "-o", "no.c"]
    assert "--data FILE" in run(export + ["--fixed", "m.bpnn"], 1, cwd=folder)
    assert "8 or 16" in run(export + ["--fixed", "--bits", "12", "--data", data, "m.bpnn"], 1, cwd=folder)
    assert "--fixed" in run(export + ["--bits", "8", "m.bpnn"], 1, cwd=folder)
    assert "--to c" in run([PROGRAM, "export", "--to", "sql", "--fixed", "--data", data, "m.bpnn"], 1, cwd=folder)
    run([PROGRAM, "train", "-q", "--ensemble", "2", "--epochs", "2", "--target", "species", "-o", "e.bpnn", data], cwd=folder)
    assert "ensemble of 2" in run(export + ["--fixed", "--data", data, "e.bpnn"], 1, cwd=folder)
    assert not os.path.exists(os.path.join(folder, "no.c"))


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for entry in CASES:
            try:
                assert case(folder, *entry), "8 bits take no less than 16"
            except AssertionError as problem:
                bad += 1
                print("%s %s: %s" % (entry[0], entry[1], problem))
        try:
            refusals(folder)
        except AssertionError as problem:
            bad += 1
            print("refusals: %s" % problem)
    print("fixed point: %d done, %d bad" % (2 * len(CASES) + 6, bad))
    return bad > 0


sys.exit(main())
