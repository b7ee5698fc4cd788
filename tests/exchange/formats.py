"""FANN, .npz and safetensors beside those who read and write them: formats.py PROGRAM SOURCE FANN_RUN|none FOLDER
Models are trained here for a few epochs, exported, and applied by libfann, scikit-learn, PyTorch; files of theirs are imported."""
import itertools
import json
import struct
import subprocess
import sys
import numpy as np

program, source, fann, folder = sys.argv[1:5]
rng = np.random.default_rng(1)
done = bad = 0


def run(*words, expect=0):
    r = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if r.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, words))}: exit {r.returncode}, {r.stderr.strip()}")
    return r


def case(name, work):
    global done, bad
    done += 1
    try:
        work()
    except (AssertionError, ValueError, KeyError) as error:
        bad += 1
        print(f"  {name}: {error}")


def close(got, want, bound):
    got, want = np.asarray(got, float), np.asarray(want, float)
    if got.shape != want.shape:
        raise AssertionError(f"shape {got.shape}, wanted {want.shape}")
    d = np.max(np.abs(got - want) / np.maximum(np.max(np.abs(want), axis=0), 1e-300))
    if not d <= bound:
        raise AssertionError(f"relative difference {d:g}")


def table(path, x, y=None):
    both = x if y is None else np.column_stack([x, y])
    np.savetxt(path, both, delimiter=",", fmt="%s" if both.dtype == object else "%.17g")
    return path


def predict(model, path):
    lines = run(program, "predict", "--header", "no", model, path).stdout.splitlines()[1:]
    return [line.split(",") for line in lines]


def train(name, x, y, *options):
    run(program, "train", "-q", "--header", "no", "--epochs", "3", "--validation", "0", "-o", f"{folder}/{name}.bpnn", *options,
        table(f"{folder}/{name}.csv", x, y))
    table(f"{folder}/{name}.x", x)
    return f"{folder}/{name}.bpnn", f"{folder}/{name}.x"


x = 5 + rng.normal(size=(80, 3))
numbers = x @ [30, -20, 10] + rng.normal(size=80)
words = np.where(x[:, 0] + x[:, 1] > 10, "yes", "no").astype(object)
three = np.array(["a", "b", "ü"], dtype=object)[np.clip((x[:, 0] - 4).astype(int), 0, 2)]


def export(model, form, suffix):
    path = f"{model}.{suffix}"
    run(program, "export", "-q", "--to", form, "-o", path, model)
    return path


def with_fann():
    hidden = ["tanh", "sigmoid", "gaussian", "elliot", "softsign", "hard_tanh", "hard_sigmoid", "sin", "cos", "identity"]
    for act, scale in itertools.product(hidden, ["standard", "none"]):
        def work():
            model, rows = train("fann_" + act + scale, x, numbers, "--hidden", "4,3", "--activation", act, "--method", "adam", "--precision", "double",
                                "--loss", "mse", "--output-activation", "identity", "--scale", scale, "--target-scale", scale)
            net = export(model, "fann", "net")
            want = np.array(predict(model, rows), float)
            # libfann keeps scaling as float
            close(np.loadtxt(run(fann, "run", net, rows).stdout.splitlines(), delimiter=",").reshape(-1, 1), want, 1e-6 if scale == "standard" else 1e-12)
            run(program, "import", "-q", "-o", net + ".bpnn", net)
            close(np.array(predict(net + ".bpnn", rows), float), want, 1e-12)
        case(f"to FANN, {act}, {scale}", work)
    for function, output, scale in itertools.product([0, 1, 3, 5, 7, 10, 11, 12, 13, 14, 15], [0, 5], [0, 1]):
        def work():
            net = f"{folder}/made_{function}_{output}_{scale}.net"
            run(fann, "make", net, function, output, scale)
            rows = table(f"{folder}/made.x", rng.uniform(-2, 2, size=(20, 3)))
            want = np.loadtxt(run(fann, "run", net, rows).stdout.splitlines(), delimiter=",")
            run(program, "import", "-q", "-o", net + ".bpnn", net)
            close(np.array(predict(net + ".bpnn", rows), float), want, 1e-6 if scale else 1e-12)
        case(f"from FANN, {function}, {output}, {scale}", work)
    for function, word in ((4, "FANN_SIGMOID is 3"), (16, "activation 16")):
        def work():
            net = f"{folder}/no.net"
            run(fann, "make", net, function, 0, 0)
            if word not in run(program, "import", "-o", net + ".bpnn", net, expect=3).stderr:
                raise AssertionError("another message")
        case(f"refused from FANN, {function}", work)


def with_sklearn():
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    for act in ("identity", "logistic", "tanh", "relu"):
        for kind, y in (("numbers", numbers), ("words", words), ("three", three)):
            def work():
                make = MLPRegressor if kind == "numbers" else MLPClassifier
                mlp = make((5, 4), activation=act, max_iter=5, random_state=1).fit(x, y.astype(str) if kind != "numbers" else y)
                arrays = {f"coefs_{i}": c for i, c in enumerate(mlp.coefs_)} | {f"intercepts_{i}": c for i, c in enumerate(mlp.intercepts_)}
                if kind != "numbers":
                    arrays["classes"] = mlp.classes_
                path = f"{folder}/sk_{act}_{kind}.npz"
                (np.savez if kind == "words" else np.savez_compressed)(path, activation=mlp.activation, out_activation=mlp.out_activation_, **arrays)
                run(program, "import", "-q", "-o", path + ".bpnn", path)
                got = predict(path + ".bpnn", table(path + ".x", x))
                if kind == "numbers":
                    close(np.array(got, float)[:, 0], mlp.predict(x), 1e-12)
                else:
                    close([[float(v) for v in row[1:]] for row in got], mlp.predict_proba(x), 1e-12)
                    assert [row[0] for row in got] == list(mlp.predict(x)), "labels"
                # and into scikit-learn again
                back = np.load(export(path + ".bpnn", "npz", "npz"))
                again = make((5, 4), activation=str(back["activation"]), max_iter=1).fit(x, y.astype(str) if kind != "numbers" else y)
                again.coefs_ = [back[f"coefs_{i}"] for i in range(3)]
                again.intercepts_ = [back[f"intercepts_{i}"] for i in range(3)]
                close(again.predict(x) if kind == "numbers" else again.predict_proba(x),
                      mlp.predict(x) if kind == "numbers" else mlp.predict_proba(x), 0)
            case(f"scikit-learn, {act}, {kind}", work)


def npz_alone():
    def work():
        model, rows = train("npz", x, three, "--hidden", "4:gelu,3:leaky_relu(0.2)", "--precision", "double")
        path = export(model, "npz", "npz")
        a = np.load(path)
        assert list(a["activations"]) == ["gelu", "leaky_relu(0.2)", "softmax"], a["activations"]
        assert list(a["classes"]) == ["a", "b", "ü"], a["classes"]
        run(program, "import", "-q", "-o", path + ".bpnn", path)
        assert predict(path + ".bpnn", rows) == predict(model, rows), "predictions"
    case(".npz there and back", work)

    def pickled():
        np.savez(f"{folder}/o.npz", coefs_0=np.array([[1, None]], dtype=object))
        assert "pickled" in run(program, "import", "-o", f"{folder}/o.bpnn", f"{folder}/o.npz", expect=3).stderr, "message"
    case("pickles refused", pickled)

    def unknown():
        model, _ = train("relu", x, numbers, "--hidden", "4:relu", "--method", "adam")
        assert "no activation 'relu'" in run(program, "export", "--to", "fann", "-o", f"{folder}/relu.net", model, expect=1).stderr, "message"
    case("relu refused by FANN", unknown)

    def golden():
        for name, bound in (("fann.net", 1e-12), ("sklearn.npz", 1e-12), ("torch.onnx", 1e-6)):
            words = [program, "import", "-q", "-o", f"{folder}/golden.bpnn", f"{source}/tests/golden/{name}"]
            if "has no ONNX" in subprocess.run(words, capture_output=True, text=True).stderr:
                print(f"skipped: {name} (a build without ONNX)")
                continue
            run(*words)
            want = np.loadtxt(f"{source}/tests/golden/{name}.txt", delimiter=",", ndmin=2)
            rows = predict(f"{folder}/golden.bpnn", table(f"{folder}/golden.x", want[:, :3]))
            close([[float(v) for v in row[-2:]] for row in rows], want[:, 3:], bound)  # two outputs or shares; before them the label
    case("golden files", golden)


def read_safetensors(path):
    raw = open(path, "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    head = json.loads(raw[8:8 + size])
    meta, data, at, tensors = head.pop("__metadata__"), raw[8 + size:], 0, {}
    for name, t in head.items():
        a, b = t["data_offsets"]
        assert a == at, "a gap"
        at = b
        tensors[name] = np.frombuffer(data[a:b], {"F32": "<f4", "F64": "<f8"}[t["dtype"]]).reshape(t["shape"])
    assert at == len(data) and size % 8 == 0, "bytes left over"
    return meta, tensors


def safetensors():
    try:
        import torch
    except ImportError:
        torch = None
        print("skipped: safetensors in PyTorch (python3-torch is not installed); NumPy computes")
    for precision in ("single", "double"):
        def work():
            model, rows = train("st" + precision, x, numbers, "--hidden", "4,3", "--activation", "tanh", "--precision", precision, "--method", "adam")
            meta, t = read_safetensors(export(model, "safetensors", "safetensors"))
            s = json.loads(meta["scaling"])
            z = (x - s["input_mean"]) / s["input_scale"]
            assert meta["format"] == "pt" and json.loads(meta["bpnn"])["task"] == "regression", "metadata"
            if torch:
                net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()
                net.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in t.items()}, strict=True)
                y = net(torch.from_numpy(z)).detach().numpy()
            else:
                y = z
                for m in (0, 2, 4):
                    y = y @ t[f"{m}.weight"].T + t[f"{m}.bias"]
                    y = np.tanh(y) if m < 4 else y
            close(y * s["target_scale"] + s["target_mean"], np.array(predict(model, rows), float), 1e-12 if precision == "double" else 1e-5)
        case(f"safetensors, {precision}", work)


def excel():
    """A sheet has 16,384 columns, a formula room for 400 members, a cell for names of 32,763 bytes: one more is refused, and said."""
    def trained(head, rows, *options):
        with open(f"{folder}/excel.csv", "w") as file:
            file.write("\n".join([",".join(head)] + [",".join(row) for row in rows]) + "\n")
        run(program, "train", "-q", "--header", "yes", "--hidden", "1", "--epochs", "1", *options, "-o", f"{folder}/excel.bpnn", f"{folder}/excel.csv")

    def exported(expect, word):
        out = subprocess.run([program, "export", "--to", "excel", f"{folder}/excel.bpnn"], capture_output=True, text=True)
        assert out.returncode == expect and word in out.stderr, f"exit {out.returncode}: {out.stderr[:300]}"

    def columns(count, expect):
        head = [f"c{c}" for c in range(count)] + ["y"]
        trained(head, [[str((r + c) % 7) for c in range(count)] + ["pqr"[r % 3]] for r in range(12)])
        exported(expect, "16384 columns, and this model needs 16385" if expect else "")
    case("excel, all columns", lambda: columns(16384 - 4, 0))
    case("excel, a column too many", lambda: columns(16384 - 3, 1))

    def members(count, expect):
        trained(["a", "y"], [[str(r), str(r * r % 5)] for r in range(12)], "--ensemble", str(count))
        exported(expect, "at most 400 members" if expect else "")
    case("excel, 400 members", lambda: members(400, 0))
    case("excel, a member too many", lambda: members(401, 1))

    def name(size, expect):
        trained(["a" * size, "y"], [[str(r), str(r * r % 5)] for r in range(12)])
        exported(expect, "at most 32763 bytes" if expect else "")
    case("excel, a long name", lambda: name(32763, 0))
    case("excel, too long a name", lambda: name(32764, 1))


if fann == "none":
    print("skipped: FANN (libfann-dev is not installed)")
else:
    with_fann()
try:
    with_sklearn()
except ImportError:
    print("skipped: scikit-learn (python3-sklearn is not installed)")
npz_alone()
safetensors()
excel()
print(f"formats: {done} done, {bad} bad")
sys.exit(bad != 0)
