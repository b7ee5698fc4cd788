#!/usr/bin/python3
"""Writes tests/golden/torch.txt: small networks whose loss, gradient and weights after 50 updates PyTorch computed in
float64. Every pair of output activation and loss comes once, with hidden activations in turn; every net makes one run
of four of the step methods, with l2, l1, clipping, schedules, warm-up, batches and row weights varied.

Usage: golden_torch.py [FILE [SEED [NETS [RUNS]]]]

NETS (default: one a pair) goes round the pairs again with other nets, RUNS (4) is how many runs a net makes; test_torch_gradient and test_torch_training take such a
file as their argument (tools/campaign torch).

Where torch has the function (relu, gelu, cross_entropy, Adam, OneCycleLR ..) it is torch's; the rest is written out below
and differentiated by autograd. Translations between torch and the project: docs/methods.md. NAdam needs foreach=True: the
plain path of torch 1.13 multiplies the momentum product twice.

A run that amplifies rounding proves nothing: a shared bias under softmax, say, has a gradient that is rounding alone, and adam's
division makes steps of it. So each run is done again three times with the initial weights moved by 1e-13 and every gradient by
1e-16 of its largest element: if an end differs by more than 1e-11, or the loss explodes, the rate is quartered and all is done
again."""

import math
import random
import sys

import torch
import torch.nn.functional as F

UPDATES = 50

ELEMENTWISE = {
    "identity": lambda e, p: e,
    "sigmoid": lambda e, p: torch.sigmoid(e),
    "tanh": lambda e, p: torch.tanh(e),
    "relu": lambda e, p: F.relu(e),
    "leaky_relu": lambda e, p: F.leaky_relu(e, p),
    "elu": lambda e, p: F.elu(e, p),
    "selu": lambda e, p: F.selu(e),
    "gelu": lambda e, p: F.gelu(e),
    "gelu_tanh": lambda e, p: F.gelu(e, approximate="tanh"),
    "silu": lambda e, p: F.silu(e),
    "mish": lambda e, p: F.mish(e),
    "softplus": lambda e, p: F.softplus(e, threshold=700),
    "softsign": lambda e, p: F.softsign(e),
    "elliot": lambda e, p: e / (2 * (1 + e.abs())) + 0.5,
    "hard_sigmoid": lambda e, p: torch.clamp(e / 5 + 0.5, 0, 1),
    "hard_tanh": lambda e, p: F.hardtanh(e),
    "relu6": lambda e, p: F.relu6(e),
    "gaussian": lambda e, p: torch.exp(-e * e),
    "sin": lambda e, p: torch.sin(e),
    "cos": lambda e, p: torch.cos(e),
    "exp": lambda e, p: torch.exp(e),
}
ROWWISE = {
    "softmax": lambda e, p: torch.softmax(e, 1),
    "log_softmax": lambda e, p: torch.log_softmax(e, 1),
}
PARAMETER = {"leaky_relu": 0.15, "elu": 0.7, "huber": 0.6, "quantile": 0.3, "focal": 2.0, "crossentropy": 0.0}

ANYWHERE = list(ELEMENTWISE) + list(ROWWISE)
OUTPUTS_OF = {
    "mse": ANYWHERE,
    "half_mse": ANYWHERE,
    "mae": list(ELEMENTWISE),
    "huber": list(ELEMENTWISE),
    "log_cosh": list(ELEMENTWISE),
    "quantile": list(ELEMENTWISE),
    "poisson": ["exp"],
    "binary_crossentropy": ["sigmoid"],
    "crossentropy": ["softmax", "log_softmax"],
    "focal": ["softmax", "sigmoid"],
    "hinge": ["identity", "tanh"],
}


def element_loss(name, p, e, y, t):
    """l(y, t) of every output."""
    if name == "mse":
        return F.mse_loss(y, t, reduction="none")
    if name == "half_mse":
        return F.mse_loss(y, t, reduction="none") / 2
    if name == "mae":
        return F.l1_loss(y, t, reduction="none")
    if name == "huber":
        return F.huber_loss(y, t, reduction="none", delta=p)
    if name == "log_cosh":
        return torch.log(torch.cosh(y - t))
    if name == "quantile":
        return torch.maximum(p * (t - y), (p - 1) * (t - y))
    if name == "poisson":
        return F.poisson_nll_loss(e, t, log_input=True, reduction="none")
    if name == "binary_crossentropy":
        return F.binary_cross_entropy_with_logits(e, t, reduction="none")
    if name == "focal":
        yes = -((1 - y) ** p) * F.logsigmoid(e) * t
        return yes - y**p * F.logsigmoid(-e) * (1 - t)
    if name == "hinge":
        return F.relu(1 - t * y)
    raise ValueError(name)


def row_losses(net, e, y, t):
    known = ~torch.isnan(t)
    if net["loss"] == "crossentropy":
        whole = known.all(1)
        clean = torch.where(whole[:, None], t, torch.zeros_like(t))
        rows = F.cross_entropy(e, clean, reduction="none", label_smoothing=net["loss_parameter"])
        return torch.where(whole, rows, torch.zeros_like(rows))
    if net["loss"] == "focal" and net["act"][-1] == "softmax":
        whole = known.all(1)
        clean = torch.where(whole[:, None], t, torch.zeros_like(t))
        return (-((1 - y) ** net["loss_parameter"]) * clean * torch.log_softmax(e, 1)).sum(1)
    clean = torch.where(known, t, torch.zeros_like(t))
    part = element_loss(net["loss"], net["loss_parameter"], e, y, clean)
    return torch.where(known, part, torch.zeros_like(part)).sum(1)


def forward(net, tensors, x):
    y, k = x, 0
    for m, name in enumerate(net["act"]):
        e = y @ tensors[k]
        k += 1
        if net["bias"][m] != "none":
            e = e + tensors[k]
            k += 1
        function = ELEMENTWISE.get(name) or ROWWISE[name]
        y = function(e, net["act_parameter"][m])
    return e, y


def objective(net, tensors, x, t, weight):
    e, y = forward(net, tensors, x)
    total = (weight * row_losses(net, e, y, t)).sum()
    return total / len(x) if net["reduction"] == "mean" else total


def tensors_of(net, values):
    """Seed form cut into w^1, b^1, w^2 .. ; is_weight tells which are weights."""
    tensors, is_weight, at = [], [], 0
    for m in range(len(net["act"])):
        rows, cols = net["size"][m], net["size"][m + 1]
        tensors.append(values[at : at + rows * cols].reshape(rows, cols))
        is_weight.append(True)
        at += rows * cols
        extra = {"neuron": cols, "shared": 1, "none": 0}[net["bias"][m]]
        if extra:
            tensors.append(values[at : at + extra])
            is_weight.append(False)
            at += extra
    assert at == len(values)
    return [p.clone().detach().requires_grad_(True) for p in tensors], is_weight


def flat(tensors):
    return torch.cat([p.detach().reshape(-1) for p in tensors])


def count(net):
    total = 0
    for m in range(len(net["act"])):
        total += net["size"][m] * net["size"][m + 1]
        total += {"neuron": net["size"][m + 1], "shared": 1, "none": 0}[net["bias"][m]]
    return total


# ---- drawing ----


def draw_targets(dice, net, rows):
    k, loss = net["size"][-1], net["loss"]
    t = []
    for _ in range(rows):
        if loss == "crossentropy" or (loss == "focal" and net["act"][-1] == "softmax"):
            c = dice.randrange(k)
            row = [1.0 if i == c else 0.0 for i in range(k)]
            if dice.random() < 0.3:
                raw = [dice.random() for _ in range(k)]
                row = [v / sum(raw) for v in raw]
        elif loss in ("binary_crossentropy", "focal"):
            row = [dice.choice([0.0, 1.0, dice.random()]) for _ in range(k)]
        elif loss == "hinge":
            row = [dice.choice([-1.0, 1.0]) for _ in range(k)]
        elif loss == "poisson":
            row = [float(dice.randrange(5)) for _ in range(k)]
        else:
            row = [dice.uniform(-1, 1) for _ in range(k)]
        t.append([math.nan if dice.random() < 0.06 else v for v in row])
    return torch.tensor(t, dtype=torch.float64)


def draw_net(dice, index, output, loss):
    hidden = list(ELEMENTWISE)
    depth = 2 + dice.randrange(3)
    size = [dice.choice([1, 2, 3, 4, 5]) for _ in range(depth + 1)]
    if output in ROWWISE:
        size[-1] = max(size[-1], 2)
    if index % 9 == 0:
        size[1] = dice.choice([9, 16, 17])
        size[2] = min(size[2], 2)
        size[0] = min(size[0], 2)
    act = [hidden[(index + 5 * m) % len(hidden)] for m in range(depth - 1)] + [output]
    net = {
        "size": size,
        "act": act,
        "act_parameter": [PARAMETER.get(a, 0.0) for a in act],
        "bias": [dice.choice(["neuron", "neuron", "shared", "none"]) for _ in act],
        "loss": loss,
        "loss_parameter": PARAMETER.get(loss, 0.0),
        "reduction": dice.choice(["mean", "sum"]),
    }
    if loss == "crossentropy":
        net["loss_parameter"] = dice.choice([0.0, 0.1])
    if loss == "focal":
        net["loss_parameter"] = dice.choice([1.5, 2.0])
    rows = dice.choice([3, 5, 8, 9, 10])
    scale = 0.4 if "exp" in act else 0.9
    net["w"] = torch.tensor([dice.uniform(-scale, scale) for _ in range(count(net))], dtype=torch.float64)
    net["x"] = torch.tensor([[dice.uniform(-1, 1) for _ in range(size[0])] for _ in range(rows)], dtype=torch.float64)
    net["t"] = draw_targets(dice, net, rows)
    net["weight"] = [dice.uniform(0.2, 2) for _ in range(rows)] if dice.random() < 0.4 else None
    return net


METHODS = ["sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "rprop", "irprop+"]
RATE = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02, "rmsprop": 0.005, "adagrad": 0.05, "adadelta": 1.0,
        "adam": 0.01, "adamw": 0.01, "nadam": 0.01, "rprop": 0.02, "irprop+": 0.2}


def draw_run(dice, net, method, number):
    rows = len(net["x"])
    run = {"method": method, "rate": RATE[method], "momentum": 0.0, "l2": 0.0, "l1": 0.0, "clip": 0.0,
           "batch": 0, "warmup": 0, "schedule": "constant", "settings": {}, "schedule_settings": {}}
    if method == "rprop":
        run["settings"] = {"minus": 1.0, "start": run["rate"]}
        return run
    if method == "irprop+":
        run["settings"] = {"start": run["rate"], "grow": 1.3, "shrink": 0.4}
        run["l2"] = dice.choice([0.0, 0.1])
        return run
    run["batch"] = [0, rows, (rows + 1) // 2][number % 3]
    if number % 4 == 1 or method == "adamw":
        run["l2"] = dice.choice([0.01, 0.1])
    if number % 7 == 3:
        run["l1"] = 0.01
    if number % 5 == 2:
        run["clip"] = "half"
    run["schedule"] = ["constant", "step", "exponential", "cosine", "onecycle"][number % 5]
    if run["schedule"] == "step":
        run["schedule_settings"] = {"factor": 0.6, "every": 7.0}
    if run["schedule"] == "exponential":
        run["schedule_settings"] = {"factor": 0.97}
    if run["schedule"] in ("constant", "step", "exponential") and number % 3 == 1:
        run["warmup"] = 3
    if method in ("momentum", "nesterov"):
        run["momentum"] = 0.9
    if method == "nesterov":
        run["settings"] = {"nesterov": 1.0}
    if method in ("adam", "adamw", "nadam") and number % 2:
        run["settings"] = {"beta1": 0.8, "beta2": 0.99, "eps": 1e-6}
    if method in ("rmsprop", "adadelta") and number % 2:
        run["settings"] = {"rho": 0.95, "eps": 1e-5}
    return run


# ---- running ----


class IRpropPlus:
    """Igel & Huesken 2000, written out: torch has the variant without undoing alone."""

    def __init__(self, run, tensors, is_weight):
        self.run, self.tensors, self.is_weight, self.previous = run, tensors, is_weight, None
        self.g = [torch.zeros_like(p) for p in tensors]
        self.p = [torch.zeros_like(p) for p in tensors]
        self.d = [torch.full_like(p, run["rate"]) for p in tensors]
        self.param_groups = [{"lr": math.nan}]

    def zero_grad(self):
        for p in self.tensors:
            p.grad = None

    def step(self, loss):
        s, l2 = self.run["settings"], self.run["l2"]
        objective = loss + l2 / 2 * sum(float((w.detach() ** 2).sum()) for w, k in zip(self.tensors, self.is_weight) if k)
        rose = self.previous is not None and objective > self.previous
        self.previous = objective
        for k, w in enumerate(self.tensors):
            g = w.grad + l2 * w.detach() if self.is_weight[k] else w.grad
            turn = torch.sign(g) * torch.sign(self.g[k])
            d = torch.where(turn > 0, torch.clamp(self.d[k] * s["grow"], max=50), self.d[k])
            self.d[k] = torch.where(turn < 0, torch.clamp(d * s["shrink"], min=1e-6), d)
            p = -torch.sign(g) * self.d[k]
            back = -self.p[k] if rose else torch.zeros_like(p)
            with torch.no_grad():
                w.add_(torch.where(turn < 0, back, p))
            self.p[k] = p
            self.g[k] = torch.where(turn < 0, torch.zeros_like(g), g)


def optimiser(run, tensors, is_weight):
    s, a = run["settings"], run["rate"]
    if run["method"] == "irprop+":
        return IRpropPlus(run, tensors, is_weight)
    weights = [p for p, w in zip(tensors, is_weight) if w]
    biases = [p for p, w in zip(tensors, is_weight) if not w]
    groups = [{"params": weights, "weight_decay": run["l2"]}]
    if biases:
        groups.append({"params": biases, "weight_decay": 0.0})
    betas = (s.get("beta1", 0.9), s.get("beta2", 0.999))
    name = run["method"]
    if name in ("sgd", "momentum", "nesterov"):
        return torch.optim.SGD(groups, lr=a, momentum=run["momentum"], nesterov=name == "nesterov")
    if name == "rmsprop":
        return torch.optim.RMSprop(groups, lr=a, alpha=s.get("rho", 0.99), eps=s.get("eps", 1e-8))
    if name == "adagrad":
        return torch.optim.Adagrad(groups, lr=a, eps=1e-10)
    if name == "adadelta":
        return torch.optim.Adadelta(groups, lr=a, rho=s.get("rho", 0.9), eps=s.get("eps", 1e-6))
    if name == "adam":
        return torch.optim.Adam(groups, lr=a, betas=betas, eps=s.get("eps", 1e-8))
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=a, betas=betas, eps=s.get("eps", 1e-8))
    if name == "nadam":
        return torch.optim.NAdam(groups, lr=a, betas=betas, eps=s.get("eps", 1e-8), foreach=True)
    return torch.optim.Rprop(tensors, lr=a, etas=(0.5, 1.2), step_sizes=(1e-6, 50))


def scheduler(run, opt, per_epoch):
    """A torch schedule whose clock counts updates."""
    s, name = run["schedule_settings"], run["schedule"]
    if name == "step":
        return torch.optim.lr_scheduler.StepLR(opt, int(s["every"]) * per_epoch, s["factor"])
    if name == "exponential":
        return torch.optim.lr_scheduler.LambdaLR(opt, lambda k: s["factor"] ** (k // per_epoch))
    if name == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(opt, UPDATES)
    if name == "onecycle":
        return torch.optim.lr_scheduler.OneCycleLR(opt, run["rate"], UPDATES, pct_start=0.3, anneal_strategy="cos",
                                                   div_factor=25, final_div_factor=1e4, cycle_momentum=False)
    return None


def batches_of(run, rows):
    batch = run["batch"] or rows
    return [list(range(k, min(k + batch, rows))) for k in range(0, rows, batch)]


def faint(gradient):
    """Rprop sees signs alone: a gradient that is nothing but rounding decides a whole step."""
    size = gradient.abs()
    return bool(((size > 0) & (size < 1e-12)).any())


def train(net, run, start, noise=None):
    tensors, is_weight = tensors_of(net, start)
    rows = len(net["x"])
    raw = torch.tensor(net["weight"] or [1.0] * rows, dtype=torch.float64)
    weight = raw * (rows / raw.sum()) if net["reduction"] == "mean" else raw
    batches = batches_of(run, rows)
    opt = optimiser(run, tensors, is_weight)
    warm = run["warmup"] * len(batches)
    clock = None if warm else scheduler(run, opt, len(batches))
    first = None
    for update in range(UPDATES):
        if warm and update < warm:
            for g in opt.param_groups:
                g["lr"] = run["rate"] * ((update + 1) / warm)
        if warm and update == warm:
            for g in opt.param_groups:
                g["lr"] = run["rate"]
                g.pop("initial_lr", None)
            clock = scheduler(run, opt, len(batches))
        rows_now = batches[update % len(batches)]
        opt.zero_grad()
        loss = objective(net, tensors, net["x"][rows_now], net["t"][rows_now], weight[rows_now])
        loss.backward()
        first = loss.item() if first is None else first
        if not math.isfinite(loss.item()) or loss.item() > 100 * max(1.0, first):
            return None
        if "rprop" in run["method"] and any(faint(p.grad) for p in tensors):
            return None
        if noise:
            size = max(float(p.grad.abs().max()) for p in tensors)
            for p in tensors:
                signs = torch.tensor([noise.choice([-1.0, 1.0]) for _ in range(p.numel())])
                p.grad += 1e-16 * size * signs.reshape(p.shape)
        if run["clip"]:
            torch.nn.utils.clip_grad_norm_(tensors, run["clip"])
        rate = opt.param_groups[0]["lr"]
        opt.step(*([loss.item()] if run["method"] == "irprop+" else []))
        if run["l1"]:
            with torch.no_grad():
                for p in (p for p, w in zip(tensors, is_weight) if w):
                    p.copy_(torch.sign(p) * torch.clamp(p.abs() - rate * run["l1"], min=0))
        if clock:
            clock.step()
    return flat(tensors)


def follows(net, run, end, nudge):
    """Whether moved runs end where this one does."""
    if end is None or not torch.isfinite(end).all():
        return False
    for seed in (7, 8, 9):
        moved = train(net, run, net["w"] + nudge, random.Random(seed) if "rprop" not in run["method"] else None)
        if moved is None or not (end - moved).abs().max() < 1e-11:
            return False
        nudge = -nudge.roll(1)
    return True


def tame(dice, net, run):
    """The run at a rate at which it does not amplify rounding."""
    nudge = torch.tensor([dice.choice([-1e-13, 1e-13]) for _ in net["w"]], dtype=torch.float64)
    for _ in range(12):
        end = train(net, run, net["w"])
        if follows(net, run, end, nudge):
            return end
        run["rate"] /= 4
        if "rprop" in run["method"]:
            run["settings"]["start"] = run["rate"]
    return None


# ---- writing ----


def numbers(values):
    return " ".join("nan" if math.isnan(v) else repr(float(v)) for v in values)


def write_net(out, dice, index, net, runs, totals):
    tensors, _ = tensors_of(net, net["w"])
    raw = torch.tensor(net["weight"] or [1.0] * len(net["x"]), dtype=torch.float64)
    loss = objective(net, tensors, net["x"], net["t"], raw)
    loss.backward()
    gradient = torch.cat([p.grad.reshape(-1) for p in tensors])
    out.write(f"net {index}\ninputs {net['size'][0]}\n")
    for m, name in enumerate(net["act"]):
        out.write(f"layer {net['size'][m + 1]} {name} {net['act_parameter'][m]!r} {net['bias'][m]}\n")
    out.write(f"loss {net['loss']} {net['loss_parameter']!r} {net['reduction']}\nrows {len(net['x'])}\n")
    out.write(f"x {numbers(net['x'].reshape(-1))}\nt {numbers(net['t'].reshape(-1))}\n")
    if net["weight"]:
        out.write(f"weight {numbers(net['weight'])}\n")
    out.write(f"w {numbers(net['w'])}\nvalue {numbers([loss.item()])}\ngradient {numbers(gradient)}\n")
    norm = float(gradient.norm())
    for k in range(runs):
        number = totals["runs"]
        run = draw_run(dice, net, METHODS[(index * 3 + k * 7 + index // 10) % len(METHODS)], number + index)
        if run["clip"]:
            run["clip"] = float(f"{0.5 * norm + 1e-3:.6g}")
        end = tame(dice, net, run)
        if end is None:
            totals["dropped"] += 1
            continue
        totals["runs"] += 1
        totals[run["method"]] = totals.get(run["method"], 0) + 1
        name = {"momentum": "sgd", "nesterov": "sgd", "irprop+": "rprop"}.get(run["method"], run["method"])
        epochs = UPDATES // len(batches_of(run, len(net["x"])))
        out.write(f"run {name} {run['rate']!r} {run['momentum']!r} {run['l2']!r} {run['l1']!r} {run['clip']!r} "
                  f"{run['batch']} {epochs} {run['warmup']} {run['schedule']}\n")
        for key, value in run["settings"].items():
            out.write(f"set {key} {value!r}\n")
        for key, value in run["schedule_settings"].items():
            out.write(f"schedule_set {key} {value!r}\n")
        out.write(f"after {numbers(end)}\n")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/torch.txt"
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    pairs = [(loss, output) for loss, outputs in OUTPUTS_OF.items() for output in outputs]
    nets = int(sys.argv[3]) if len(sys.argv) > 3 else len(pairs)
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 4
    dice, totals = random.Random(seed), {"runs": 0, "dropped": 0}
    with open(path, "w", encoding="ascii") as out:
        out.write(f"# Made by tools/golden_torch.py, seed {seed}, with torch {torch.__version__} (Debian 1.13.1) in float64.\n")
        out.write("# run: method rate momentum l2 l1 clip batch epochs warmup schedule; after: weights after 50 updates\n")
        for index in range(nets):
            loss, output = pairs[index % len(pairs)]
            write_net(out, dice, index, draw_net(dice, index, output, loss), runs, totals)
        out.write("end\n")
    print(f"{path}: {nets} nets, {totals}")


if __name__ == "__main__":
    main()
