#!/usr/bin/env python3
"""Model files held against the public specification of safetensors, and used without the library: this reader knows the
format and the formulas alone, and must give the library's predictions from the file and the raw table.
safetensors_check.py WRITE_MODEL"""
import csv
import json
import math
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

SIZES = {"F64": 8, "F32": 4, "U32": 4}
LETTERS = {"F64": "d", "F32": "f", "U32": "I"}


def read_safetensors(path):
    """{name: (shape, flat numbers)} and the metadata; raises AssertionError where the specification is broken."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    text = data[8 : 8 + length].decode("utf-8")
    assert text.startswith("{"), "the header begins with {"
    assert (8 + length) % 8 == 0, "tensors are aligned"
    header = json.loads(text, object_pairs_hook=no_duplicates)
    metadata = header.pop("__metadata__")
    assert all(isinstance(v, str) for v in metadata.values()), "metadata maps strings to strings"
    body, tensors, spans = data[8 + length :], {}, []
    for name, entry in header.items():
        assert set(entry) == {"dtype", "shape", "data_offsets"}, name
        begin, end = entry["data_offsets"]
        count = math.prod(entry["shape"])
        assert end - begin == count * SIZES[entry["dtype"]], name
        assert begin % SIZES[entry["dtype"]] == 0, name
        tensors[name] = (entry["shape"], struct.unpack(f"<{count}{LETTERS[entry['dtype']]}", body[begin:end]))
        spans.append((begin, end, name))
    spans.sort()
    assert spans[0][0] == 0 and spans[-1][1] == len(body), "no bytes before or behind"
    assert all(a[1] == b[0] for a, b in zip(spans, spans[1:])), "no gap, no overlap"
    assert spans[-1][2] == "checksum"
    assert tensors["checksum"][1][0] == zlib.crc32(data[:-4])
    return tensors, metadata


def no_duplicates(pairs):
    assert len({key for key, _ in pairs}) == len(pairs), "no key twice"
    return dict(pairs)


def encode(model, tensors, row):
    """One raw row as the network's inputs."""
    x = []
    for feature, fill in zip(model["columns"]["features"], tensors["input.fill"][1]):
        cell = row[feature["name"]]
        missing = cell == "NA"
        if feature["type"] == "categorical":
            x += [float(cell == level) for level in feature["levels"]]
            x += [float(missing)] if feature["missing_level"] else []
        else:
            x += [fill if missing else float(cell)]
            x += [float(missing)] if feature["indicator"] else []
    return [(v - m) / s for v, m, s in zip(x, tensors["input.mean"][1], tensors["input.scale"][1])]


def activate(name, e):
    if name == "softmax":
        top = max(e)
        p = [math.exp(v - top) for v in e]
        return [v / sum(p) for v in p]
    one = {"identity": lambda v: v, "tanh": math.tanh, "relu": lambda v: max(v, 0.0), "sigmoid": lambda v: 1 / (1 + math.exp(-v))}
    return [one[name](v) for v in e]


def forward(model, tensors, y):
    """y^m = Act_m(y^{m-1} w^m + b^m)"""
    for m, layer in enumerate(model["network"]["layers"], 1):
        (rows, cols), w = tensors[f"layer.{m}.weight"]
        assert rows == len(y) and cols == layer["size"]
        b = tensors[f"layer.{m}.bias"][1]
        b = b * cols if layer["bias"] == "shared" else b
        y = activate(layer["activation"], [b[i] + sum(y[j] * w[j * cols + i] for j in range(rows)) for i in range(cols)])
    return y


def predict(model, tensors, row):
    y = forward(model, tensors, encode(model, tensors, row))
    if model["task"] == "regression":
        return [v * s + m for v, s, m in zip(y, tensors["target.scale"][1], tensors["target.mean"][1])]
    return [1 - y[0], y[0]] if model["task"] == "binary" else y


def check(writer, task, folder):
    """Rows done, rows bad."""
    paths = [str(Path(folder) / f"{task}.{end}") for end in ("bpnn", "csv", "out")]
    subprocess.run([writer, *paths, task], check=True)
    tensors, metadata = read_safetensors(paths[0])
    model = json.loads(metadata["bpnn"], object_pairs_hook=no_duplicates)
    assert model["format"] == 1 and model["task"] == task
    done = bad = 0
    with open(paths[1], newline="") as table, open(paths[2], newline="") as out:
        for row, expected in zip(csv.DictReader(table), csv.reader(out)):
            found = predict(model, tensors, row)
            done += 1
            bad += not all(abs(a - float(b)) <= 1e-9 * max(1, abs(a)) for a, b in zip(found, expected, strict=True))
    assert done == 120
    return done, bad


def main():
    done = bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for task in ("regression", "binary", "multiclass"):
            d, b = check(sys.argv[1], task, folder)
            done, bad = done + d, bad + b
    print(f"model files read by the specification: {done} done, {bad} bad")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
