#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Training loops of other tools on one workload, for scripts/bench/compare.py.

usage: peer.py torch|numpy|sklearn INPUTS HIDDEN BATCH ROWS ACTIVATION OPTIMIZER THREADS [EPOCHS]

Says "ready VERSION", then for every line with a number of seconds on standard input trains for at least as long, in whole
mini-batches, and prints rows per second.  With EPOCHS it trains as many and ends.  BATCH "all" is the full batch.
float32, one logit, binary cross-entropy, Adam with rate 0.001 or SGD with rate 0.1, standard-normal features, batches gathered in
a new random order each epoch.  The threads' variables (OMP_NUM_THREADS ...) are the caller's.
"""
import itertools
import sys
import time
import warnings


class Workload:
    def __init__(self, words):
        import numpy
        inputs, hidden, batch, rows, activation, optimizer, threads = words
        self.widths = [int(inputs)] + [int(n) for n in hidden.split(",")] + [1]
        self.rows = int(rows)
        self.batch = self.rows if batch == "all" else int(batch)
        self.activation, self.optimizer, self.threads = activation, optimizer, int(threads)
        self.rate = 1e-3 if optimizer == "adam" else 0.1
        self.random = numpy.random.default_rng(1)
        self.x = self.random.standard_normal((self.rows, self.widths[0]), dtype=numpy.float32)
        slope = self.random.standard_normal(self.widths[0])
        self.y = (self.x @ slope + 0.3 * (self.x**2 - 1) @ slope > 0).astype(numpy.float32)
        self.y[:2] = 0, 1  # both classes, however few the rows

    def orders(self):
        """Row numbers of each batch, for ever; what is left of an epoch is left out."""
        while True:
            order = self.random.permutation(self.rows)
            for at in range(0, self.rows - self.batch + 1, self.batch):
                yield order[at:at + self.batch]


# ---------------------------------------------------------------- PyTorch

def torch_steps(work):
    """Yields the rows of each step."""
    import torch
    torch.set_num_threads(work.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    function = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}[work.activation]
    layers = []
    for below, above in zip(work.widths, work.widths[1:]):
        layers += [torch.nn.Linear(below, above), function()]
    net = torch.nn.Sequential(*layers[:-1])
    cost = torch.nn.BCEWithLogitsLoss()
    make = torch.optim.Adam if work.optimizer == "adam" else torch.optim.SGD
    optimizer = make(net.parameters(), lr=work.rate, foreach=True)
    x, y = torch.from_numpy(work.x), torch.from_numpy(work.y).unsqueeze(1)
    whole = work.batch == work.rows
    while True:
        order = None if whole else torch.randperm(work.rows)
        for at in range(0, work.rows - work.batch + 1, work.batch):
            part = None if whole else order[at:at + work.batch]
            some_x, some_y = (x, y) if whole else (x.index_select(0, part), y.index_select(0, part))
            optimizer.zero_grad(set_to_none=True)
            cost(net(some_x), some_y).backward()
            optimizer.step()
            yield work.batch


# ---------------------------------------------------------------- numpy, the derivation by hand

class NumpyNet:
    """Rows of a batch are rows of a matrix; every array is made once; parameters lie in one array, for the optimizer."""

    def __init__(self, work):
        import numpy
        self.np, self.work, self.t = numpy, work, 0
        sizes = [(below + 1) * above for below, above in zip(work.widths, work.widths[1:])]
        flat = numpy.zeros((6, sum(sizes)), numpy.float32)
        self.parameters, self.gradient, self.moment1, self.moment2, self.spare, self.other = flat
        self.w, self.b = self.views(self.parameters)
        self.dw, self.db = self.views(self.gradient)
        for w in self.w:
            w[:] = work.random.standard_normal(w.shape) * (2 / w.shape[0])**0.5
        self.a = [numpy.empty((work.batch, n), numpy.float32) for n in work.widths]
        self.dz = [numpy.empty((work.batch, n), numpy.float32) for n in work.widths]

    def views(self, flat):
        weights, biases, at = [], [], 0
        for below, above in zip(self.work.widths, self.work.widths[1:]):
            weights.append(flat[at:at + below * above].reshape(below, above))
            at += below * above
            biases.append(flat[at:at + above])
            at += above
        return weights, biases

    def activate(self, z):
        if self.work.activation == "relu":
            self.np.maximum(z, 0, out=z)
        elif self.work.activation == "tanh":
            self.np.tanh(z, out=z)
        else:
            self.sigmoid(z)

    def sigmoid(self, z):
        self.np.negative(z, out=z)
        self.np.exp(z, out=z)
        z += 1
        self.np.reciprocal(z, out=z)

    def times_slope(self, dz, a):
        if self.work.activation == "relu":
            dz *= a > 0
        elif self.work.activation == "tanh":
            dz *= 1 - a * a
        else:
            dz *= a * (1 - a)

    def step(self, rows):
        np, last = self.np, len(self.w) - 1
        np.take(self.work.x, rows, axis=0, out=self.a[0], mode="clip")
        for l, (w, b) in enumerate(zip(self.w, self.b)):
            np.matmul(self.a[l], w, out=self.a[l + 1])
            self.a[l + 1] += b
            if l < last:
                self.activate(self.a[l + 1])
        self.sigmoid(self.a[-1])
        np.subtract(self.a[-1], self.work.y[rows, None], out=self.dz[-1])
        self.dz[-1] *= 1 / self.work.batch
        for l in range(last, -1, -1):
            np.matmul(self.a[l].T, self.dz[l + 1], out=self.dw[l])
            np.sum(self.dz[l + 1], axis=0, out=self.db[l])
            if l > 0:
                np.matmul(self.dz[l + 1], self.w[l].T, out=self.dz[l])
                self.times_slope(self.dz[l], self.a[l])
        self.update()

    def update(self):
        np, m, v, g, s = self.np, self.moment1, self.moment2, self.gradient, self.spare
        self.t += 1
        if self.work.optimizer == "sgd":
            np.multiply(g, np.float32(self.work.rate), out=s)
            self.parameters -= s
            return
        for moment, keep, sample in ((m, 0.9, g), (v, 0.999, np.multiply(g, g, out=self.other))):
            moment *= np.float32(keep)
            np.multiply(sample, np.float32(1 - keep), out=s)
            moment += s
        np.sqrt(v, out=s)
        s *= np.float32((1 - 0.999**self.t)**-0.5)
        s += np.float32(1e-8)
        np.divide(m, s, out=s)
        s *= np.float32(self.work.rate / (1 - 0.9**self.t))
        self.parameters -= s


def numpy_steps(work):
    net = NumpyNet(work)
    net.np.seterr(all="ignore")  # exp of a large logit is infinite, and its sigmoid 0, as it should be
    for rows in work.orders():
        net.step(rows)
        yield work.batch


# ---------------------------------------------------------------- scikit-learn

def sklearn_steps(work):
    """Yields the rows of each call of partial_fit, which is an epoch, shuffled: of as many batches as take a moment, up to 16."""
    from sklearn.neural_network import MLPClassifier
    warnings.filterwarnings("ignore")
    names = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}
    net = MLPClassifier(work.widths[1:-1], activation=names[work.activation], solver=work.optimizer, momentum=0, alpha=0,
                        batch_size=work.batch, learning_rate_init=work.rate, random_state=1)
    y, n = work.y.astype(int), work.batch
    for _ in range(2):  # the first call makes the network
        start = time.perf_counter()
        net.partial_fit(work.x[:n], y[:n], classes=[0, 1])
        spent = time.perf_counter() - start
    n *= max(1, min(16, work.rows // work.batch, int(0.1 / spent)))
    for at in itertools.cycle(range(0, work.rows - n + 1, n)):
        net.partial_fit(work.x[at:at + n], y[at:at + n])
        yield n


def sklearn_whole_batch(work, seconds, epochs=None):
    """fit() checks its input once and not every epoch, which is most of the time of so small a net.  Returns epochs a second."""
    from sklearn.neural_network import MLPClassifier
    warnings.filterwarnings("ignore")
    done, start, at_once = 0, time.perf_counter(), epochs or 200
    while True:
        MLPClassifier(work.widths[1:-1], activation="logistic", solver="sgd", momentum=0, alpha=0, batch_size=work.rows,
                      learning_rate_init=work.rate, max_iter=at_once, tol=0, n_iter_no_change=10**9,
                      shuffle=False).fit(work.x, work.y.astype(int))
        done += at_once
        spent = time.perf_counter() - start
        if epochs or spent >= seconds:
            return done / spent


# ---------------------------------------------------------------- windows

def window(steps, seconds):
    """Rows a second over at least so many seconds."""
    done, start = 0, time.perf_counter()
    while True:
        done += next(steps)
        spent = time.perf_counter() - start
        if spent >= seconds:
            return done / spent


def main():
    kind, work = sys.argv[1], Workload(sys.argv[2:9])
    epochs = int(sys.argv[9]) if len(sys.argv) > 9 else None
    module = __import__(kind)
    whole_fit = kind == "sklearn" and work.batch == work.rows
    steps = None if whole_fit else {"torch": torch_steps, "numpy": numpy_steps, "sklearn": sklearn_steps}[kind](work)
    if epochs and whole_fit:
        sklearn_whole_batch(work, 0, epochs)
    elif epochs:
        for _ in range(epochs):
            next(steps)
    else:
        serve(module, lambda seconds: sklearn_whole_batch(work, seconds) * work.rows if whole_fit else window(steps, seconds))


def serve(module, measure):
    measure(0.2)  # allocates, and wakes the threads
    print("ready", module.__version__, flush=True)
    for line in sys.stdin:
        print(measure(float(line)), flush=True)


main()
