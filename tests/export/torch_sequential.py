# SPDX-License-Identifier: MIT
"""The weights of a model file in a torch.nn.Sequential of the same layers: the probabilities of colonnade predict.

    python3 torch_sequential.py MODEL TABLE PREDICTIONS

The model's features must be the table's numbers as they are (--scale none, no gaps).  Prints the greatest difference.
"""
import csv
import json
import struct
import sys

import torch

ACTIVATIONS = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "gelu": torch.nn.GELU,
               "silu": torch.nn.SiLU, "mish": torch.nn.Mish, "elu": torch.nn.ELU, "selu": torch.nn.SELU,
               "leaky-relu": lambda: torch.nn.LeakyReLU(0.01)}


def load(path):
    """The document and the tensors of a safetensors file."""
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length].decode("utf-8"))
    document = json.loads(header.pop("__metadata__")["colonnade"])
    tensors = {}
    for name, tensor in header.items():
        begin, end = (8 + length + offset for offset in tensor["data_offsets"])
        tensors[name] = torch.tensor(struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])).reshape(tensor["shape"])
    return document, tensors


def sequential(document, tensors):
    n = document["architecture"]["n"]
    layers = []
    for l in range(1, len(n)):
        layers.append(torch.nn.Linear(n[l - 1], n[l]))
        if l < len(n) - 1:
            layers.append(ACTIVATIONS[document["architecture"]["activation"]]())
    net = torch.nn.Sequential(*layers)
    place = {str(2 * l): f"layers.{l}" for l in range(len(n) - 1)}
    net.load_state_dict({f"{at}.{kind}": tensors[f"{name}.{kind}"] for at, name in place.items() for kind in ("weight", "bias")})
    return net


document, tensors = load(sys.argv[1])
with open(sys.argv[2], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
with open(sys.argv[3], newline="", encoding="utf-8") as file:
    wanted = torch.tensor([float(row["probability"]) for row in csv.DictReader(file)], dtype=torch.float64)
names = [column["name"] for column in document["columns"] if column["features"]]
X = torch.tensor([[float(row[name]) for name in names] for row in rows])
with torch.no_grad():
    p = torch.sigmoid(sequential(document, tensors)(X).double())[:, 0]
most = (p - wanted).abs().max().item()
print(f"{len(rows)} rows, greatest difference {most:.2e}")
sys.exit(0 if most <= 1e-6 and len(rows) > 0 else 1)
