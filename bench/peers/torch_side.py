"""PyTorch on tensors in memory. By argument:
  eager    nn.Sequential and torch.optim, as its tutorials have it
  foreach  the same with the optimizer's foreach=True
  manual   no autograd: products into tensors made once, one flat buffer of parameters (what a patient user can reach)
  jit      prediction alone: traced and frozen
Debian's PyTorch uses OpenMP: it wants an OpenBLAS with OpenMP, or two pools of threads fight for the CPUs."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from side import Cannot, Side, serve

MODE = sys.argv[1]
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}


def make_net(task):
    layers = []
    for m, (a, b) in enumerate(zip(task.size, task.size[1:])):
        linear = nn.Linear(a, b)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(task.weights[m].T.copy()))
            linear.bias.copy_(torch.from_numpy(task.biases[m].copy()))
        layers.append(linear)
        if m < len(task.size) - 2 or task.sigmoid:
            layers.append(ACTIVATIONS[task.activation]())
    return nn.Sequential(*layers)


def targets(task):
    t = torch.from_numpy(task.t)
    return t[:, 0].long() if task.classes else t


class Eager(Side):
    def __init__(self, task):
        self.task, self.net = task, make_net(task)
        self.x, self.t = torch.from_numpy(task.x), targets(task)
        self.loss = nn.CrossEntropyLoss() if task.classes else nn.MSELoss()
        more = {"foreach": True} if MODE == "foreach" else {}
        if task.method == "adam":
            self.optimizer = torch.optim.Adam(self.net.parameters(), lr=task.rate_adam, **more)
        else:
            momentum = 0.9 if task.method == "momentum" else 0
            self.optimizer = torch.optim.SGD(self.net.parameters(), lr=task.rate_sgd, momentum=momentum, **more)

    def epoch(self):
        for r in range(0, self.task.rows, self.task.batch):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.net(self.x[r : r + self.task.batch]), self.t[r : r + self.task.batch])
            loss.backward()
            self.optimizer.step()

    def outputs(self, x):
        with torch.no_grad():
            y = self.net(torch.from_numpy(x))
            return (torch.softmax(y, 1) if self.task.classes else y).numpy()


class Manual(Side):
    def __init__(self, task):
        self.task, self.x = task, torch.from_numpy(task.x)
        self.t = F.one_hot(targets(task), task.size[-1]).float() if task.classes else targets(task)
        count = sum((a + 1) * b for a, b in zip(task.size, task.size[1:]))
        self.w, self.g, self.m, self.v, self.root = (torch.zeros(count) for _ in range(5))
        (self.weights, self.biases), (self.dw, self.db) = task.parameters(self.w), task.parameters(self.g)
        for to, numbers in zip(self.weights + self.biases, task.weights + task.biases):
            to.copy_(torch.from_numpy(numbers.copy()))
        self.y = [torch.empty(task.batch, s) for s in task.size]
        self.d = [torch.empty(task.batch, s) for s in task.size]
        self.steps = 0

    def activate(self, y):
        return (torch.relu_ if self.task.activation == "relu" else torch.tanh_ if self.task.activation == "tanh" else torch.sigmoid_)(y)

    def slope(self, d, y):
        if self.task.activation == "relu":
            d.mul_(y > 0)
        elif self.task.activation == "tanh":
            d.mul_(1 - y * y)
        else:
            d.mul_(y * (1 - y))

    def step(self, x, t):
        last, ins = len(self.weights) - 1, [x]
        for m, w in enumerate(self.weights):
            y = torch.addmm(self.biases[m], ins[m], w, out=self.y[m + 1])
            ins.append(self.activate(y) if m < last or self.task.sigmoid else y)
        y, d = ins[-1], self.d[-1]
        torch.sub(torch.softmax(y, 1) if self.task.classes else y, t, out=d)
        d.mul_((1.0 if self.task.classes else 2.0) / self.task.batch)
        if self.task.sigmoid:
            self.slope(d, y)
        for m in range(last, -1, -1):
            torch.mm(ins[m].t(), self.d[m + 1], out=self.dw[m])
            torch.sum(self.d[m + 1], 0, out=self.db[m])
            if m:
                torch.mm(self.d[m + 1], self.weights[m].t(), out=self.d[m])
                self.slope(self.d[m], ins[m])
        self.update()

    def update(self):
        task = self.task
        if task.method == "adam":
            self.steps += 1
            c1, c2 = 1 - 0.9**self.steps, 1 - 0.999**self.steps
            self.m.mul_(0.9).add_(self.g, alpha=0.1)
            self.v.mul_(0.999).addcmul_(self.g, self.g, value=0.001)
            torch.sqrt(self.v, out=self.root)
            self.root.mul_(c2**-0.5).add_(1e-8)
            self.w.addcdiv_(self.m, self.root, value=-task.rate_adam / c1)
        elif task.method == "momentum":
            self.m.mul_(0.9).add_(self.g)
            self.w.add_(self.m, alpha=-task.rate_sgd)
        else:
            self.w.add_(self.g, alpha=-task.rate_sgd)

    def epoch(self):
        with torch.no_grad():
            for r in range(0, self.task.rows, self.task.batch):
                self.step(self.x[r : r + self.task.batch], self.t[r : r + self.task.batch])

    def outputs(self, x):
        y = torch.from_numpy(x)
        for m, w in enumerate(self.weights):
            y = torch.addmm(self.biases[m], y, w)
            if m < len(self.weights) - 1 or self.task.sigmoid:
                y = self.activate(y)
        return (torch.softmax(y, 1) if self.task.classes else y).numpy()


class Predict(Side):
    def __init__(self, task):
        net = make_net(task)
        if task.classes:
            net.append(nn.Softmax(1))
        self.net, self.x = net.eval(), torch.from_numpy(task.x[: task.batch])
        if MODE == "jit":
            with torch.no_grad():
                self.net = torch.jit.freeze(torch.jit.trace(self.net, self.x))

    def call(self):
        with torch.no_grad():
            self.net(self.x)

    def outputs(self, x):
        with torch.no_grad():
            return self.net(torch.from_numpy(x)).numpy()


def make(task):
    torch.set_num_threads(task.threads)
    if task.train and MODE == "jit" or not task.train and MODE not in ("eager", "jit"):
        raise Cannot("mode %s is not for this" % MODE)
    return Predict(task) if not task.train else Manual(task) if MODE == "manual" else Eager(task)


serve(make)
