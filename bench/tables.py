#!/usr/bin/env python3
"""tables.py RESULTS.json DOCS: writes DOCS/benchmarks.md and DOCS/roofline.md from what measure.py found."""
import json
import os
import sys

import suite
from machine import median


def number(x):
    """Three digits, with k or M."""
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if x >= unit:
            return "%.3g%s" % (x / unit, name)
    return "%.3g" % x


def ratios(results, name):
    """Median of the rounds' ratios ours / theirs, least and most."""
    r = [a / b for a, b in zip(results["bpnn"]["rates"], results[name]["rates"])]
    return median(r), min(r), max(r)


def measured(results):
    return {n: r for n, r in results.items() if n != "bpnn" and r.get("rates")}


def quality(results, name):
    """"same", "differs" or None where the functions are not the same."""
    ours, theirs = results["bpnn"], results[name]
    tolerance = suite.TOLERANCE.get(name, suite.TOLERANCE_ELSE)
    if tolerance is None:
        return None
    same = all(abs(ours[k] - theirs[k]) <= tolerance * abs(ours[k]) for k in ("first", "last"))
    return "same" if same else "differs"


def cell(results, name):
    ratio, least, most = ratios(results, name)
    how = quality(results, name)
    text = "%.2f (%.2f-%.2f)" % (ratio, least, most)
    if how == "differs":
        return "**LOSS DIFFERS** (%.6g, ours %.6g): %s" % (results[name]["last"], results["bpnn"]["last"], text)
    return ("**%s lost**" % text if ratio < 1 else text) + (" †" if how is None else "")


def verdict(ratio, target):
    return "met" if ratio >= target else "**lost**" if ratio < 1 else "**missed**"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows] + [""]


def target_cells(row, peers):
    name, wanted = row["target"]
    if name not in peers:
        return ["%.2f x %s" % (wanted, name), "not measured", ""]
    ratio = ratios(row["results"], name)[0]
    return ["%.2f x %s" % (wanted, name), "%.2f" % ratio, verdict(ratio, wanted)]


def speed_table(rows, title, unit):
    body = []
    for row in rows:
        results, peers = row["results"], measured(row["results"])
        fastest = max(peers, key=lambda n: median(peers[n]["rates"])) if peers else None
        best = "%s %s" % (number(median(peers[fastest]["rates"])), fastest) if peers else "none"
        ours = median(results["bpnn"]["rates"])
        loss = "%.6g" % results["bpnn"]["last"]
        body.append([title(row), unit(ours, row), best, cell(results, fastest) if peers else "", *target_cells(row, peers), loss,
                     ", ".join("%s %s" % (n, cell(results, n)) for n in peers if n != fastest)])
    return table(["", "ours", "fastest peer", "ours / fastest (range)", "target", "measured", "", "loss", "ours / the others"], body)


def train_section(found):
    lines = ["## Training", "", "Rows a second, loss after one epoch from the same initial weights on the same rows.", ""]
    for threads in sorted({r["threads"] for r in found["train"]}):
        lines += ["### %d thread%s" % (threads, "s, ours and theirs" if threads > 1 else ""), ""]
        rows = [dict(r) for r in found["train"] if r["threads"] == threads]
        lines += speed_table(rows, lambda r: "%s %s, batch %d, %s" % (r["name"], r["layers"], r["batch"], r["method"]), lambda x, r: number(x))
    if found.get("threads"):
        body = []
        for r in found["threads"]:
            ratio = [b / a for a, b in zip(r["one"], r["all"])]
            m = median(ratio)
            body.append(["%s, batch %d, %s" % (r["name"], r["batch"], r["method"]), "%.2f (%.2f-%.2f)" % (m, min(ratio), max(ratio)), "%.1f" % r["scaled"],
                         "met" if m >= r["scaled"] - 0.03 * (r["scaled"] == 1) else "**missed**", "equal" if r["same"] else "**DIFFER**"])
        lines += ["### %d threads against our own one (no slower: within 3 %%)" % found["threads"][0]["threads"], ""]
        lines += table(["", "ratio (range)", "target", "", "losses"], body)
    return lines


def predict_section(found):
    lines = ["## Prediction", "", "One thread, float in, float out; one row: the same row again and again.", ""]
    return lines + speed_table(found["predict"], lambda r: "%s, %d row%s" % (r["name"], r["batch"], "s" if r["batch"] > 1 else ""),
                               lambda x, r: "%.3g us" % (1e6 / x) if r["batch"] == 1 else number(x) + "/s")


def load_section(found):
    load = found["load"]
    rows = load["rows"]
    ours = {r["cpus"]: r for r in rows if r["side"] == "bpnn"}
    body = []
    for r in rows:
        mine = ours[r["cpus"] if r["cpus"] in ours else 1]
        ratio = median([b / a for a, b in zip(mine["seconds"], r["seconds"])])
        name, wanted = suite.LOAD_TARGET.get(r["cpus"], (None, 0))
        aim = "%.2f: %s" % (wanted, verdict(ratio, wanted)) if r["side"] == name else "peak at most %.0f MB: %s" % (
            1.5 * load["matrix_mb"], "met" if r["mb"] <= 1.5 * load["matrix_mb"] else "**missed**") if r["side"] == "bpnn" else ""
        same = abs(r["sum"] - mine["sum"]) <= 1e-5 * abs(mine["sum"]) + 1
        body.append([r["side"], r["cpus"], "%.3f" % median(r["seconds"]), "" if r["side"].startswith("bpnn") else "%.2f" % ratio if ratio >= 1 else "**%.2f lost**" % ratio,
                     aim, "%.0f" % r["mb"], "equal" if same else "**DIFFERS**"])
    return ["## Loading a table", "", "%.0f MB of CSV, %d rows of 20 numbers, to a float matrix (%.0f MB; data.table's is of doubles), from the page cache."
            % (load["bytes"] * 1e-6, suite.CSV_ROWS, load["matrix_mb"]), ""] + table(
        ["", "CPUs", "seconds", "theirs / ours", "target", "peak MB", "sum of all numbers"], body)


def startup_section(found):
    body = []
    for r in found["startup"]:
        ours = r["what"].startswith("bpnn")
        body.append(["`%s`" % r["what"], "%.3g" % r["ms"], "%.3g" % r["mb"],
                     ("3 ms: " + ("met" if r["ms"] <= 3 else "**missed**") + ", 3 MB: " + ("met" if r["mb"] <= 3 else "**missed**")) if ours else ""])
    lines = ["## Start-up", ""] + table(["", "ms", "peak MB", "target"], body)
    memory = found["memory"]
    lines += ["## Memory", "", "Peak of a process that trains W4, batch 32, adam (input %.1f MB)." % memory["input_mb"], ""]
    body = [[r["side"], "%.1f" % r["mb"], "" if r["side"] != "bpnn" else "input + 8 MB: " + ("met" if r["mb"] <= memory["input_mb"] + 8 else "**missed**")]
            for r in memory["peers"]]
    lines += table(["", "peak MB", "target"], body)
    lines += ["Training, without what an empty process has: at most the data, 3 times the parameters (adam 5 times), the rows of a batch at every layer, and 8 MiB",
              "(`bench/memory.c`, a test).", ""]
    own = [[r[1], r[2], r[3] if r[3] != "0" else "all", r[4], *r[5:], "met" if float(r[9]) <= float(r[8]) else "**exceeded**"] for r in memory["own"]]
    return lines + table(["", "method", "batch", "threads", "data MB", "parameters MB", "batch MB", "limit MB", "peak MB", ""], own)


def scaling_section(found):
    captions = {"batch": "Batch: 784-128-10, adam", "width": "Width: 256-w-w-10, batch 64, adam", "depth": "Depth: layers of 64, batch 64, adam",
                "rows": "Rows a call of prediction: 784-128-10", "threads": "Threads: 784-512-512-10, batch 128, adam"}
    lines = ["## Scaling", ""]
    for axis, text in captions.items():
        if len(found["scaling"][axis]) > 1:
            lines += ["![%s](plots/%s.svg)" % (text, axis), ""]
    return lines


def head(found):
    m = found["machine"]
    caches = ", ".join("%s %d KiB" % (n, s // 1024) for n, s in m["caches"].items())
    lines = ["# Benchmarks", "", "Written by `bench/run.sh`; nothing here is typed by hand. Machine: %d CPUs, %s (%s); %s; %s; instruction set %s, multiply-adds in registers %.0f GFLOP/s a core."
             % (m["cpus"], m["cpu"], caches, m["os"], m["compiler"], m["isa"], m["peak"]), "",
             "Ours: %s. Peers: %s." % (m["version"], ", ".join("%s %s" % item for item in m["peers"].items())), ""]
    for part, w in found["when"].items():
        lines.append("- %s: %s, %d rounds%s" % (part, w["date"], w["rounds"], ", quick" if w["quick"] else ""))
    return lines + ["", "Every program has its turn in every round; figures are medians of the rounds, ratios are ours / theirs in speed, medians of the rounds' ratios (least-most). A row that",
                    "we lose says **lost**, one that stays behind its target **missed**. Quality is checked beside speed: the loss before and after the same steps from the same weights must agree",
                    "within %g (genann %g, FANN %g: their sigmoids are approximate), else the row says LOSS DIFFERS. † = another function (OpenCV has a symmetric sigmoid): speed alone. KANN has RMSprop"
                    % (suite.TOLERANCE_ELSE, suite.TOLERANCE["genann"], suite.TOLERANCE["fann"]),
                    "alone: its gradient is given to a plain Adam loop. ONNX Runtime is driven through node, whose call is in its one-row times. cblas-loop: bench/peers/cblas_loop.c, plain C over OpenBLAS.", ""]


def roofline(found):
    r, limit = found["roofline"], found["roofline"]["limits"]
    lines = ["# What bounds a step", "", "Written by `bench/run.sh roofline`. One thread, %s, %s." % (found["machine"]["cpu"], r["isa"]), "",
             "The bound of a row: its multiply-adds at the peak (6 flops a weight, 4 in the first layer), its exponentials at the pace of the C library's vector exp, and the traffic of the update (sgd 8 bytes a weight,",
             "momentum 16, adam 24 and at least what a plain Adam loop takes in L1), nothing overlapped. Shares above 1 are possible where a part of the bound is hidden or done better.", ""]
    lines += table(["", "L1", "L2", "L3", "memory"], [[what + ", GB/s"] + ["%.0f" % limit["%s %s" % (what, level)] for level in ("L1", "L2", "L3", "memory")] for what in ("read", "change")])
    lines += ["Peak %.0f GFLOP/s; exp %.2f ns an element, Adam %.2f ns a weight (plain loops in L1)." % (r["peak"], limit["exp L1"], limit["adam L1"]), "", "Nanoseconds a row:", ""]
    body = []
    for row in r["rows"]:
        b, m = row["bound"], row["measured"]
        total = sum(b.values())
        body.append(["%s, batch %d, %s" % (row["name"], row["batch"], row["method"]), "%.3g" % b["flops"], "%.3g" % b["exp"], "%.3g" % b["update"], "%.4g" % total, max(b, key=b.get),
                     "%.4g" % m["full"], "%.2f" % (total / m["full"]), "%.3g" % m["method"], "%.3g" % m["functions"], "%.3g" % (m["bare"] - b["flops"])])
    lines += table(["", "flops", "exp", "update", "bound", "largest", "measured", "bound / measured", "method - sgd", "functions", "the rest"], body)
    return lines + ["Where the time goes, by differences of interleaved runs: *method - sgd* is what the method costs beyond plain sgd; *functions* what activations, softmax and loss cost beyond identity and",
                    "squared error; *the rest* what identity, squared error and sgd take beyond the flops at the peak: products below the peak, gathering rows, the sgd update, and for steps under",
                    "1 us latency and the schedule of a step.", ""]


def main():
    found, docs = json.load(open(sys.argv[1])), sys.argv[2]
    lines = head(found)
    for part, section in (("train", train_section), ("predict", predict_section), ("load", load_section), ("startup", startup_section), ("scaling", scaling_section)):
        if part in found:
            lines += section(found)
    if "roofline" in found:
        lines += ["What bounds a step, and where the rest goes: [roofline.md](roofline.md).", ""]
        with open(os.path.join(docs, "roofline.md"), "w") as f:
            f.write("\n".join(roofline(found)))
    with open(os.path.join(docs, "benchmarks.md"), "w") as f:
        f.write("\n".join(lines))
    text = "\n".join(lines)
    bad = text.count("LOSS DIFFERS** (") + text.count("**DIFFER")
    print("quality: %d rows compared, %d bad" % (sum(len(measured(r["results"])) for r in found.get("train", []) + found.get("predict", [])), bad))
    return bad != 0


sys.exit(main())
