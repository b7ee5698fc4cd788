#!/usr/bin/env python3
"""Looks at the machine code of the hot loops: did the compiler make of them what their source is written for?

usage: disassembly.py built ISA:PRECISION:OBJECT ..      the objects of src/kernel/row.c
       disassembly.py fails SOURCE_DIR COMPILER          it must find fault with bad builds, and none with a good one

A hot loop is an innermost loop with multiply-adds in a function of the products. Every one must be a register tile of the table
below, every tile must be there, and inside there is nothing but loads, broadcasts from memory and multiply-adds: no shuffle, no
vector on the stack, no conversion and no multiply-add of a single number. Loops over elementary functions must be there as whole
vectors. Line: `disassembly: n done, n bad`. Skipped (77) where there is no objdump."""
import os, re, shutil, subprocess, sys, tempfile

# One row an instruction set: `vectors` in a line of 64 bytes; heights of tiles (a broadcast a row, a line of accumulators each), of
# pairs of panels (a broadcast a row, two lines), panels at once for a single row (one broadcast for all), outputs of dots.
TABLE = {
    "avx2": dict(vectors=2, register="ymm", tiles=range(1, 7), pairs=(), singles=(1, 2, 4), outputs=4),
    "avx512": dict(vectors=1, register="zmm", tiles=range(1, 17), pairs=range(1, 13), singles=(1, 2, 4, 8), outputs=4),
}
PRODUCTS = {  # functions of each product: what is static and not inlined depends on the compiler
    "rows": ("rows", "rows_panel", "rows_pair", "single_row"),
    "tile": ("tile",),
    "dots": ("dots",),
}
ELEMENTARY = ("act_sigmoid", "act_tanh", "act_exp", "act_elu", "act_gelu", "act_softplus")
ELEMENTARY_LEAST = 6  # multiply-adds of the shortest, exp in float

FLAGS = {
    "avx2": "-DBPNN_BYTES=32 -mavx2 -mfma",
    "avx512": "-DBPNN_BYTES=64 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma -mprefer-vector-width=512",
}
COMMON = "-std=gnu17 -fPIC -ffp-contract=off -fno-math-errno -fno-trapping-math -Wno-psabi -Wno-pass-failed"


FMA = re.compile(r"vfn?madd\w*p[sd]$")
FMA_OF_ONE = re.compile(r"vfn?madd\w*s[sd]$")
BROADCAST = re.compile(r"v(broadcasts[sd]|movddup)$")
SHUFFLE = re.compile(r"v(p?shuf|perm|p?unpck|insert|extract|align|mov[sh][lh]dup|movhl|movlh|pbroadcast|expand|compress|gather)")
CONVERSION = re.compile(r"vcvtt?(s[sdi]|usi)2")
VECTOR = re.compile(r"%[xyz]mm")


def functions(path):
    """{name: [(address, operation, arguments)]}"""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    found, code = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if head:
            code = found.setdefault(head.group(1), [])
            continue
        parts = re.match(r"\s*([0-9a-f]+):\s+(?:notrack )?(\S+)\s*(.*)", line)
        if parts and code is not None:
            code.append((int(parts.group(1), 16), parts.group(2), parts.group(3)))
    return found


def innermost_loops(code):
    """From the target of a jump back to that jump, with no other such stretch inside."""
    index = {address: i for i, (address, _, _) in enumerate(code)}
    stretches = []
    for i, (address, op, arguments) in enumerate(code):
        target = re.search(r"([0-9a-f]+) <", arguments) if op.startswith("j") else None
        if target and int(target.group(1), 16) in index and int(target.group(1), 16) <= address:
            stretches.append((index[int(target.group(1), 16)], i))
    for first, last in stretches:
        if not any(first <= f and l <= last and (f, l) != (first, last) for f, l in stretches):
            yield code[first : last + 1]


class Loop:
    def __init__(self, code, stack):
        fmas = [arguments for _, op, arguments in code if FMA.match(op)]
        self.fmas = len(fmas)
        self.registers = {re.findall(r"%([xyz]mm\d+)", arguments)[-1] for arguments in fmas}
        self.broadcasts = 0
        self.faults = []
        for _, op, arguments in code:
            if "{1to" in arguments or (BROADCAST.match(op) and "(" in arguments):
                self.broadcasts += 1
            if SHUFFLE.match(op) or (BROADCAST.match(op) and "(" not in arguments):
                self.faults.append("a shuffle, %s" % op)
            elif VECTOR.search(arguments) and stack.search(arguments):
                self.faults.append("a vector on the stack, %s %s" % (op, arguments))
            elif CONVERSION.match(op):
                self.faults.append("a conversion of one number, %s" % op)
            elif FMA_OF_ONE.match(op):
                self.faults.append("a multiply-add of one number, %s" % op)


def loops_of(code):
    framed = ("mov", "%rsp,%rbp") in [(op, arguments) for _, op, arguments in code[:12]]  # else rbp is a register like others
    stack = re.compile(r"\(%r[sb]p" if framed else r"\(%rsp")
    return [Loop(l, stack) for l in innermost_loops(code)]


def shapes(isa, product):
    """{(accumulators, broadcasts a step): what it is}"""
    row = TABLE[isa]
    v = row["vectors"]
    wanted = {(v * n, n): "%s, %d rows" % (product, n) for n in row["tiles"]}
    if product == "rows":
        wanted.update({(2 * v * n, n): "rows, %d rows x 2 panels" % n for n in row["pairs"]})
        wanted.update({(v * p, 1): "rows, 1 row x %d panels" % p for p in row["singles"]})
    return wanted


def faults_of_tile(isa, loop, wanted, found):
    """What is wrong with it; adds its shape to `found`."""
    accumulators, faults = len(loop.registers), list(loop.faults)
    unrolled = loop.fmas // accumulators
    shape = (accumulators, loop.broadcasts // unrolled)
    if loop.fmas % accumulators or loop.broadcasts % unrolled or shape not in wanted:
        faults.append("%d multiply-adds on %d accumulators with %d broadcasts are no tile" % (loop.fmas, accumulators, loop.broadcasts))
    if any(not r.startswith(TABLE[isa]["register"]) for r in loop.registers):
        faults.append("multiply-adds on %s" % sorted(loop.registers)[0])
    found.add(shape)
    return faults


def loops_of_product(code, product):
    """(function, loop) with multiply-adds"""
    for name in sorted(code):
        if name.split(".")[0] in PRODUCTS[product]:
            for loop in loops_of(code[name]):
                if loop.fmas or any("multiply-add" in f for f in loop.faults):
                    yield name, loop


def look_at_tiles(isa, precision, code, product):
    """(how many were looked at, [faults])"""
    wanted, found, faults, looked = shapes(isa, product), set(), [], 0
    most = TABLE[isa]["vectors"] * (64 * 8 // precision)  # the tiles of a block have at most a line's rows: higher ones are never called
    if product == "tile":
        wanted = {s: wanted[s] for s in wanted if s[0] <= most}
    for name, loop in loops_of_product(code, product):
        if product == "tile" and len(loop.registers) > most:
            continue
        looked += 1
        wrong = faults_of_tile(isa, loop, wanted, found) if loop.fmas else ["a loop of multiply-adds of one number"]
        faults += ["%s: %s" % (name, f) for f in wrong]
    faults += ["%s: not found" % wanted[s] for s in sorted(wanted) if s not in found]
    return looked + len(wanted), faults


def look_at_dots(isa, code):
    """One loop over panels for every number of outputs. A function for one panel has none: its loops are those over rows."""
    good, v = 0, TABLE[isa]["vectors"]
    for _, loop in loops_of_product(code, "dots"):
        if not loop.faults and loop.broadcasts == 0 and loop.fmas % v == 0:
            good += all(r.startswith(TABLE[isa]["register"]) for r in loop.registers)
    return 1, [] if good >= TABLE[isa]["outputs"] else ["dots: %d clean loops, not %d" % (good, TABLE[isa]["outputs"])]


def look_at_elementary(isa, code, name):
    for whole in code:
        if whole.split(".")[0] == name:
            for loop in loops_of(code[whole]):
                wide = all(r.startswith(TABLE[isa]["register"]) for r in loop.registers)
                if loop.fmas >= ELEMENTARY_LEAST and wide and not [f for f in loop.faults if "one number" in f]:
                    return []
    return ["%s: no loop over whole vectors" % name]


def look(isa, precision, path, elementary=True):
    """(done, [faults])"""
    code = functions(path)
    done, faults = look_at_dots(isa, code)
    for product in ("rows", "tile"):
        looked, wrong = look_at_tiles(isa, precision, code, product)
        done, faults = done + looked, faults + wrong
    for name in ELEMENTARY if elementary else ():
        faults += look_at_elementary(isa, code, name)
        done += 1
    return done, faults


def built(arguments):
    done, bad = 0, 0
    for argument in arguments:
        isa, precision, path = argument.split(":", 2)
        looked, faults = look(isa, int(precision), path)
        done, bad = done + looked, bad + len(faults)
        for fault in faults:
            print("disassembly: %s, %s bits: %s" % (isa, precision, fault))
    return done, bad


def compile_products(source, compiler, isa, options, out):
    command = [compiler, *COMMON.split(), *FLAGS[isa].split(), *options, "-DBPNN_PRECISION=32", "-DBPNN_ISA=" + isa]
    command += ["-I" + os.path.join(source, "include"), "-I" + os.path.join(source, "src"), "-c", "-o", out]
    subprocess.run(command + [os.path.join(source, "tests", "kernel", "products_row.c")], check=True)


def unguarded(source, folder):
    """A copy of the header whose broadcasts gcc may merge into shuffles."""
    text = open(os.path.join(source, "src", "kernel", "vector.h"), encoding="utf-8").read()
    bare, n = re.subn(r'\n    __asm__\(.*\);', "", text)
    assert n > 0, "vector.h has no guard any more"
    os.makedirs(os.path.join(folder, "kernel"))
    open(os.path.join(folder, "kernel", "vector.h"), "w", encoding="utf-8").write(bare)
    return "-I" + folder


def fails(source, compiler):
    gcc = "clang" not in subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout
    bad, done = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "products.o")
        builds = [(isa, "as it should be", ["-O3"], False) for isa in TABLE]
        builds += [(isa, "-O0", ["-O0"], True) for isa in TABLE]
        builds += [("avx2", "numbers one by one", ["-O1", "-fno-tree-slp-vectorize"], True)]
        builds += [("avx2", "half vectors", ["-O3", "-UBPNN_BYTES", "-DBPNN_BYTES=16"], True)]
        if gcc:
            builds.append(("avx2", "without the guard of broadcasts", ["-O3", unguarded(source, folder)], True))
        for isa, name, options, faulty in builds:
            compile_products(source, compiler, isa, options, out)
            _, faults = look(isa, 32, out, elementary=False)
            done += 1
            if bool(faults) != faulty:
                bad += 1
                print("disassembly: %s, %s: %s" % (isa, name, "; ".join(faults[:5]) or "no fault found"))
    return done, bad


def main():
    if not shutil.which("objdump"):
        print("disassembly: no objdump: skipped")
        return 77
    done, bad = built(sys.argv[2:]) if sys.argv[1] == "built" else fails(*sys.argv[2:4])
    print("disassembly: %d done, %d bad" % (done, bad))
    return 1 if bad or not done else 0


sys.exit(main())
