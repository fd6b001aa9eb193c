#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PyTorch's CPU training loop on one workload, for scripts/bench/training.sh.

usage: torch_train.py INPUTS HIDDEN BATCH ROWS ACTIVATION THREADS SECONDS
Prints rows per second: the median and the best of windows of about a second.  float32, Adam (foreach), one logit,
binary cross-entropy, standard-normal features, batches gathered in a new random order each epoch.
"""
import sys
import time

import torch


def network(inputs, hidden, activation):
    functions = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
    layers, width = [], inputs
    for units in hidden:
        layers += [torch.nn.Linear(width, units), functions[activation]()]
        width = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))


def windows(net, x, y, batch, seconds):
    """Yields rows per second, one window after the other, for `seconds` in all."""
    cost = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, foreach=True)
    stop = time.perf_counter() + seconds
    rows, start = 0, time.perf_counter()
    while time.perf_counter() < stop:
        order = torch.randperm(len(x))
        for at in range(0, len(x) - batch + 1, batch):
            chosen = order[at:at + batch]
            optimizer.zero_grad(set_to_none=True)
            cost(net(x.index_select(0, chosen)), y.index_select(0, chosen)).backward()
            optimizer.step()
            rows += batch
            now = time.perf_counter()
            if now - start > 1:
                yield rows / (now - start)
                rows, start = 0, now
                if now > stop:
                    return


def main():
    inputs, hidden, batch, rows = int(sys.argv[1]), [int(n) for n in sys.argv[2].split(",")], int(sys.argv[3]), int(sys.argv[4])
    activation, threads, seconds = sys.argv[5], int(sys.argv[6]), float(sys.argv[7])
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    x = torch.randn(rows, inputs)
    y = (x @ torch.randn(inputs, 1) > 0).float()
    rates = sorted(list(windows(network(inputs, hidden, activation), x, y, batch, seconds + 1))[1:])  # the first window warms up
    print(f"{rates[len(rates) // 2]:.0f} {rates[-1]:.0f}")


main()
