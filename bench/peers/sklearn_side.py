"""scikit-learn's MLPClassifier and MLPRegressor; an epoch is one partial_fit over all rows, not shuffled."""
import warnings

from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from threadpoolctl import threadpool_limits

from side import Cannot, Side, serve

warnings.filterwarnings("ignore")


class Perceptron(Side):
    def __init__(self, task):
        self.task = task
        adam, half = task.method == "adam", 1 if task.classes else 2  # its squared error is halved
        momentum = 0.9 if task.method == "momentum" else 0.0
        rate = task.rate_adam if adam else half * task.rate_sgd
        kind = MLPClassifier if task.classes else MLPRegressor
        self.net = kind(hidden_layer_sizes=task.size[1:-1], activation=task.activation, batch_size=task.batch, alpha=0.0, shuffle=False,
                        solver="adam" if adam else "sgd", learning_rate_init=rate, momentum=momentum, nesterovs_momentum=False)
        self.t = task.t[:, 0].astype(int) if task.classes else task.t.ravel()
        self.more = {"classes": range(task.size[-1])} if task.classes else {}
        self.net.partial_fit(task.x[: task.batch], self.t[: task.batch], **self.more)  # makes its arrays
        for to, numbers in zip(self.net.coefs_ + self.net.intercepts_, task.weights + task.biases):
            to[...] = numbers
        parameters = self.net.coefs_ + self.net.intercepts_
        self.net._optimizer = AdamOptimizer(parameters, rate) if adam else SGDOptimizer(parameters, rate, "constant", momentum, False)

    def epoch(self):
        self.net.partial_fit(self.task.x, self.t, **self.more)

    def call(self):
        self.outputs(self.task.x[: self.task.batch])

    def outputs(self, x):
        return self.net.predict_proba(x) if self.task.classes else self.net.predict(x)


def make(task):
    global limit
    if task.sigmoid:
        raise Cannot("scikit-learn's regressor has identity outputs")
    limit = threadpool_limits(task.threads)
    return Perceptron(task)


limit = None
serve(make)
