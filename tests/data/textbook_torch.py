#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Costs and gradients of small networks from PyTorch's autograd in double precision, as text for tests/test_textbook.c.

    python3 tests/data/textbook_torch.py > tests/data/textbook_torch.txt

Made with PyTorch 1.13.1 (Debian's python3-torch).  A case is the line
    case ACTIVATION L m n[0] .. n[L]
and then lines NAME NUMBERS, in the order of the test: matrices row by row, columns are examples.
"""
import torch

torch.manual_seed(20240229)
torch.set_default_dtype(torch.float64)
F = torch.nn.functional
ACTIVATIONS = {
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": F.relu, "leaky-relu": F.leaky_relu, "elu": F.elu,
    "selu": F.selu, "gelu": F.gelu, "silu": F.silu, "mish": F.mish,
}
M, KEEP, L1, L2 = 5, 0.75, 0.01, 0.02


def line(name, tensor):
    print(name, *("%.17g" % value for value in tensor.detach().reshape(-1).tolist()))


def case(name, g, n):
    L = len(n) - 1
    X, y = torch.randn(n[0], M), torch.tensor([0.0, 1.0, 1.0, 0.05, 0.95])
    w = torch.tensor([1.5, 0.5, 1.0, 0.25, 1.75])
    masks = [(torch.rand(n[l], M) < KEEP) / KEEP for l in range(1, L)]
    W = [torch.randn(n[l], n[l - 1], requires_grad=True) for l in range(1, L + 1)]
    b = [torch.randn(n[l], 1, requires_grad=True) for l in range(1, L + 1)]
    A = X
    for l in range(L - 1):
        A = g(W[l] @ A + b[l]) * masks[l]
    z = (W[-1] @ A + b[-1]).reshape(-1)
    cost = F.binary_cross_entropy_with_logits(z, y, weight=w, reduction="sum") / M
    cost = cost + sum(L1 * v.abs().sum() + L2 / 2 * (v * v).sum() for v in W)
    cost.backward()
    print("case", name, L, M, *n)
    line("X", X), line("y", y), line("w", w), line("l1_l2", torch.tensor([L1, L2]))
    for l in range(1, L):
        line("mask", masks[l - 1])
    for l in range(L):
        line("W", W[l]), line("b", b[l])
    line("cost", cost)
    for l in range(L):
        line("dW", W[l].grad), line("db", b[l].grad)


for name, g in ACTIVATIONS.items():
    for n in ([3, 1], [3, 4, 1], [3, 4, 3, 1], [2, 3, 4, 3, 1]):
        case(name, g, n)
