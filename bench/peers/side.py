"""What the Python programs of the comparison have in common: the lines of side.h, here with a task more than once a process.
A program gives a function that makes a Side of a Task (or raises Cannot with the reason) and calls serve()."""
import resource
import sys
import time

import numpy as np


class Cannot(Exception):
    pass


class Task:
    rate_sgd, rate_adam, loss_rows = 0.01, 0.001, 1024

    def __init__(self, words):
        self.train = words[0] == "train"
        files, layers, self.activation, loss = words[1:5]
        self.size = [int(s) for s in layers.split("-")]
        self.classes, self.sigmoid = loss == "crossentropy", self.activation == "sigmoid"
        self.rows, self.batch, self.threads = (int(w) for w in words[5:8])
        self.method = words[8]
        self.x = np.fromfile(files + ".x", np.float32).reshape(-1, self.size[0])[: self.rows]
        columns = 1 if self.classes else self.size[-1]
        self.t = np.fromfile(files + ".t", np.float32).reshape(-1, columns)[: self.rows]
        self.weights, self.biases = self.parameters(np.fromfile(files + ".w", np.float32))

    def parameters(self, numbers):
        """w^m (s_{m-1} x s_m) and b^m of every layer."""
        weights, biases, at = [], [], 0
        for a, b in zip(self.size, self.size[1:]):
            weights.append(numbers[at : at + a * b].reshape(a, b))
            biases.append(numbers[at + a * b : at + (a + 1) * b])
            at += (a + 1) * b
        return weights, biases


class Side:
    """epoch(): all rows in order, a step a batch. call(): predicts the first batch rows. outputs(x): y of every row."""

    def epoch(self):
        raise NotImplementedError

    def call(self):
        raise NotImplementedError

    def outputs(self, x):
        raise NotImplementedError


def loss(task, side):
    rows = min(task.rows, task.loss_rows)
    y = np.asarray(side.outputs(task.x[:rows]), np.float64).reshape(rows, -1)
    t = task.t[:rows]
    if task.classes:
        return float(-np.log(np.maximum(y[np.arange(rows), t[:, 0].astype(int)], 1e-30)).mean())
    return float(((y - t) ** 2).sum(axis=1).mean())


def prepare(make, words):
    task = Task(words)
    side = make(task)
    first = last = loss(task, side)
    if task.train:
        side.epoch()
        last = loss(task, side)
    print("ok first=%.8g last=%.8g rss=%d" % (first, last, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss), flush=True)
    return task, side


def go(task, side, seconds, repeat):
    work, rows = (side.epoch, task.rows) if task.train else (side.call, task.batch)
    done, start, passed = 0, time.perf_counter(), 0.0
    while passed < seconds:
        before = passed
        for _ in range(repeat):
            work()
        done += repeat
        passed = time.perf_counter() - start
        if passed - before < 1e-3:
            repeat *= 2
    print("%d %.9f" % (done * rows, passed), flush=True)
    return repeat


def serve(make):
    task = side = None
    repeat = 1
    for line in sys.stdin:
        words = line.split()
        if words[0] == "go":
            repeat = go(task, side, float(words[1]), repeat)
            continue
        task = side = None  # the last task's memory goes before the next one's comes
        repeat = 1
        try:
            task, side = prepare(make, words)
        except Cannot as reason:
            print("no", reason, flush=True)
