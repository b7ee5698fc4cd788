"""ONNX files as others write them, with rows and what they predict: foreign_onnx.py PROGRAM FOLDER
Each goes through `bpnn import` and `bpnn predict`; the numbers have to be those of the writer (float: 1e-5, double: 1e-12). PyTorch's
exporter is used where it is installed; the graphs of skl2onnx and tf2onnx are built as those write them."""
import io
import json
import subprocess
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

program, folder = sys.argv[1:3]
done = bad = 0
rng = np.random.default_rng(1)


def run(*words, expect=0):
    r = subprocess.run([program, *words], capture_output=True, text=True)
    if r.returncode != expect:
        raise AssertionError(f"{' '.join(words)}: exit {r.returncode}, {r.stderr.strip()}")
    return r


def predictions(path, x):
    run("import", "-o", path + ".bpnn", path)
    np.savetxt(path + ".csv", x, delimiter=",", fmt="%.17g")
    out = run("predict", "--header", "no", path + ".bpnn", path + ".csv").stdout.splitlines()
    return out[0].split(","), [line.split(",") for line in out[1:]]


def check(name, path, x, want, classes=None, bound=1e-5):
    """want: rows x outputs, shares for classes."""
    global done, bad
    done += 1
    try:
        header, rows = predictions(path, x)
        first = 0 if classes is None else 1
        got = np.array([[float(v) for v in row[first:]] for row in rows])
        if got.shape != want.shape:
            raise AssertionError(f"shape {got.shape}, wanted {want.shape}")
        d = np.max(np.abs(got - want) / np.maximum(1e-30, np.max(np.abs(want), axis=0)))
        if not d <= bound:
            raise AssertionError(f"relative difference {d:g}")
        if classes is not None and header[1:] != [f"p({c})" for c in classes]:
            raise AssertionError(f"classes {header[1:]}")
        if classes is not None and [r[0] for r in rows] != [classes[i] for i in np.argmax(want, axis=1)]:
            raise AssertionError("labels")
    except (AssertionError, ValueError) as error:
        bad += 1
        print(f"  {name}: {error}")


def refused(name, model, word):
    """import ends with 3 and names `word`."""
    global done, bad
    done += 1
    path = f"{folder}/{name}.onnx"
    open(path, "wb").write(model if isinstance(model, bytes) else model.SerializeToString())
    r = subprocess.run([program, "import", "-o", path + ".bpnn", path], capture_output=True, text=True)
    if r.returncode != 3 or word not in r.stderr:
        bad += 1
        print(f"  {name}: exit {r.returncode}, {r.stderr.strip()} (wanted '{word}')")


def graph(nodes, inits, inputs=4, opset=13, outputs=("y",), dtype=TensorProto.FLOAT, domains=()):
    g = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", dtype, [None, inputs])],
                          [helper.make_tensor_value_info(o, dtype, None) for o in outputs],
                          [numpy_helper.from_array(v, k) for k, v in inits.items()])
    sets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    model = helper.make_model(g, opset_imports=sets)
    model.ir_version = 7
    return model


def save(name, model):
    path = f"{folder}/{name}.onnx"
    open(path, "wb").write(model.SerializeToString())
    return path


node = helper.make_node


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def weights(*sizes, dtype=np.float32):
    return [(rng.normal(size=(a, b)).astype(dtype), rng.normal(size=b).astype(dtype)) for a, b in zip(sizes, sizes[1:])]


def sklearn_shape():
    """skl2onnx of MLPClassifier: Cast, MatMul, Add, Relu .. Softmax or Sigmoid, ArgMax, ArrayFeatureExtractor, ZipMap."""
    x = rng.normal(size=(20, 4)).astype(np.float32)
    (w0, b0), (w1, b1) = weights(4, 5, 3)
    classes = np.array(["b", "c", "d"])
    body = [node("Cast", ["x"], ["c"], to=TensorProto.FLOAT), node("MatMul", ["c", "w0"], ["m0"]), node("Add", ["m0", "b0"], ["a0"]),
            node("Relu", ["a0"], ["h0"]), node("MatMul", ["h0", "w1"], ["m1"]), node("Add", ["m1", "b1"], ["a1"])]
    tail = [node("ArgMax", ["p"], ["k"], axis=1), node("ArrayFeatureExtractor", ["classes", "k"], ["l"], domain="ai.onnx.ml"),
            node("Reshape", ["l", "shape"], ["label"]), node("ZipMap", ["p"], ["probabilities"], domain="ai.onnx.ml", classlabels_strings=["b", "c", "d"])]
    inits = {"w0": w0, "b0": b0.reshape(1, -1), "w1": w1, "b1": b1.reshape(1, -1), "shape": np.array([-1], np.int64)}
    model = graph(body + [node("Softmax", ["a1"], ["p"], axis=1)] + tail, inits, outputs=("label", "probabilities"), domains=("ai.onnx.ml",))
    model.graph.initializer.append(helper.make_tensor("classes", TensorProto.STRING, [3], [b"b", b"c", b"d"]))
    want = softmax(np.maximum(x @ w0 + b0, 0) @ w1 + b1)
    check("skl2onnx multiclass", save("skl", model), x, want, list(classes))
    w1, b1 = w1[:, :1], b1[:1]
    inits.update(w1=w1, b1=b1.reshape(1, -1), one=np.array([1], np.float32))
    model = graph(body + [node("Sigmoid", ["a1"], ["p"]), node("Sub", ["one", "p"], ["q"]), node("Concat", ["q", "p"], ["probabilities"], axis=1)],
                  inits, outputs=("probabilities",))
    p = sigmoid(np.maximum(x @ w0 + b0, 0) @ w1 + b1)
    check("skl2onnx binary", save("skl2", model), x, np.hstack([1 - p, p]), ["0", "1"])
    # a pipeline with a scaler as arithmetic, in double
    (w0, b0), (w1, b1) = weights(4, 5, 2, dtype=np.float64)
    x = 100 + rng.normal(size=(20, 4))
    mean, scale = x.mean(axis=0), x.std(axis=0)
    tm, ts = np.array([3.0, -2.0]), np.array([10.0, 0.5])
    model = graph([node("Sub", ["x", "mean"], ["s"]), node("Div", ["s", "scale"], ["d"]), node("MatMul", ["d", "w0"], ["m0"]),
                   node("Add", ["b0", "m0"], ["a0"]), node("Tanh", ["a0"], ["h0"]), node("Gemm", ["h0", "w1", "b1"], ["a1"]),
                   node("Tanh", ["a1"], ["t"]), node("Mul", ["t", "ts"], ["u"]), node("Add", ["u", "tm"], ["y"])],
                  {"mean": mean, "scale": scale, "w0": w0, "b0": b0, "w1": w1, "b1": b1, "tm": tm, "ts": ts}, dtype=TensorProto.DOUBLE)
    want = np.tanh(np.tanh((x - mean) / scale @ w0 + b0) @ w1 + b1) * ts + tm
    check("scaled, double", save("scaled", model), x, want, bound=1e-12)


def keras_shape():
    """tf2onnx of Sequential Dense layers: MatMul, Add, activation; weights named by path; LeakyRelu, Elu, Selu, Softplus, HardSigmoid."""
    import math
    erf = np.vectorize(math.erf)
    acts = {"Relu": lambda e: np.maximum(e, 0), "LeakyRelu": lambda e: np.where(e < 0, 0.3 * e, e), "Elu": lambda e: np.where(e < 0, np.expm1(e), e),
            "Selu": lambda e: 1.0507009873554805 * np.where(e < 0, 1.6732632423543772 * np.expm1(e), e), "Softplus": lambda e: np.log1p(np.exp(e)),
            "Softsign": lambda e: e / (1 + np.abs(e)), "HardSigmoid": lambda e: np.clip(e / 5 + 0.5, 0, 1), "Sigmoid": sigmoid, "Tanh": np.tanh,
            "Exp": np.exp, "Sin": np.sin, "Cos": np.cos, "Gelu": lambda e: e * (1 + erf(e / math.sqrt(2))) / 2}
    for op, act in acts.items():
        x = rng.normal(size=(20, 4)).astype(np.float32)
        (w0, b0), (w1, b1) = weights(4, 6, 2)
        extra = {"alpha": 0.3} if op == "LeakyRelu" else {}
        k = "model/dense/MatMul/ReadVariableOp:0"
        model = graph([node("MatMul", ["x", k], ["m0"]), node("Add", ["m0", "b0"], ["a0"]), node(op, ["a0"], ["h0"], **extra),
                       node("MatMul", ["h0", "w1"], ["m1"]), node("Add", ["m1", "b1"], ["y"])], {k: w0, "b0": b0, "w1": w1, "b1": b1},
                      opset=20 if op == "Gelu" else 15)
        e = x.astype(np.float64) @ w0 + b0
        check(f"tf2onnx {op}", save("keras_" + op, model), x, act(e) @ w1 + b1)


def torch_models():
    global done
    try:
        import torch
    except ImportError:
        print("skipped: PyTorch's exporter (python3-torch is not installed)")
        return
    nn = torch.nn
    torch.manual_seed(1)
    acts = [nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.LeakyReLU(0.2), nn.ELU(0.7), nn.SELU(), nn.GELU(), nn.SiLU(), nn.Mish(), nn.Softplus(),
            nn.Softsign(), nn.Hardtanh(), nn.ReLU6(), nn.PReLU()]
    for i, act in enumerate(acts):
        for double in (False, True):
            net = nn.Sequential(nn.Linear(4, 6), act, nn.Dropout(0.5), nn.Linear(6, 5, bias=i % 2 == 0), act, nn.Linear(5, 3))
            if i % 3 == 0:
                net.append(nn.Softmax(dim=1))
            net = (net.double() if double else net.float()).eval()
            x = torch.randn(20, 4, dtype=torch.float64 if double else torch.float32)
            path = f"{folder}/torch_{i}_{double}.onnx"
            buffer = io.BytesIO()
            torch.onnx.export(net, x, buffer, opset_version=13, input_names=["x"], dynamic_axes={"x": {0: "n"}})
            open(path, "wb").write(buffer.getvalue())
            want = net(x).detach().numpy()
            check(f"PyTorch {act} {'double' if double else 'single'}", path, x.numpy(), want, ["0", "1", "2"] if i % 3 == 0 else None,
                  # PyTorch stores alpha and the constants of GELU as float
                  2e-7 if double else 1e-5)
    conv = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(4, 2))
    buffer = io.BytesIO()
    torch.onnx.export(conv, torch.randn(1, 1, 4), buffer, opset_version=13)
    refused("conv", buffer.getvalue(), "operator 'Conv'")
    flat = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1), nn.Sigmoid())
    x = torch.randn(20, 2, 2)
    path = f"{folder}/flat.onnx"
    torch.onnx.export(flat, x, path, opset_version=13, dynamic_axes={"onnx::Flatten_0": {0: "n"}})
    p = flat(x).detach().numpy()
    check("PyTorch Flatten, Sigmoid", path, x.reshape(20, 4).numpy(), np.hstack([1 - p, p]), ["0", "1"])


def refusals():
    (w, b), = weights(4, 2)
    gemm = node("Gemm", ["x", "w", "b"], ["y"])
    good = {"w": w, "b": b}
    refused("loop", graph([node("Loop", ["x"], ["y"], body=helper.make_graph([], "b", [], []))], good), "operator 'Loop'")
    refused("custom", graph([node("Gemm", ["x", "w"], ["y"], domain="com.example")], good), "operator 'Gemm'")
    refused("opset", graph([gemm], good, opset=6), "opset 6")
    refused("empty", b"", "empty")
    refused("text", b"hello, this is no model at all", "no ONNX model")
    refused("residual", graph([node("Gemm", ["x", "v"], ["h"]), node("Add", ["h", "x"], ["y"])], {"v": np.eye(4, dtype=np.float32)}), "branches")
    refused("two inputs", graph([node("Add", ["x", "z"], ["y"])], {}), "two values")
    refused("shape", graph([gemm], {"w": w, "b": np.ones(3, np.float32)}), "rows of 2")
    refused("integers", graph([gemm], {"w": w.astype(np.int32), "b": b}), "float or double")
    refused("sub", graph([node("Gemm", ["x", "w"], ["h"]), node("Sub", ["b", "h"], ["y"])], good), "Sub")
    refused("axis", graph([node("Gemm", ["x", "w"], ["h"]), node("Softmax", ["h"], ["y"], axis=0)], good), "axis 0")
    refused("clip", graph([node("Gemm", ["x", "w"], ["h"]), node("Clip", ["h", "", "b"], ["y"])], good), "Clip")
    refused("nan", graph([gemm], {"w": np.full_like(w, np.nan), "b": b}), "not finite")
    refused("circle", graph([node("Gemm", ["x", "w"], ["h"]), node("Identity", ["h"], ["i"]), node("Identity", ["i"], ["h"])], good), "")
    outside = graph([gemm], good)
    t = outside.graph.initializer[0]
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../etc/passwd"), ("offset", "0"), ("length", "32")):
        entry = t.external_data.add()
        entry.key, entry.value = key, value
    refused("external", outside, "another file")
    deep = graph([gemm], good)
    inner = helper.make_graph([], "leaf", [], [])
    for _ in range(40):
        inner = helper.make_graph([node("If", [], [], then_branch=inner)], "g", [], [])
    deep.graph.node.append(node("If", [], [], then_branch=inner))
    refused("deep", deep, "deeper than 32")
    many = graph([gemm] * 5000, good)
    refused("many", many, "more than 4096")
    # a description of ours without the rest
    ours = graph([gemm], good)
    ours.metadata_props.add(key="bpnn", value=json.dumps({"format": 1}))
    refused("description", ours, "damaged")


sklearn_shape()
keras_shape()
torch_models()
refusals()
print(f"ONNX of others: {done} done, {bad} bad")
sys.exit(bad != 0)
