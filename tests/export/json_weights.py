# SPDX-License-Identifier: MIT
"""Whether the JSON export holds the model file's document and the very floats of its tensors: json_weights.py MODEL JSON"""
import json
import struct
import sys


def flat(value):
    return [x for part in value for x in flat(part)] if isinstance(value, list) else [value]


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length].decode("utf-8"))
    document = json.loads(header.pop("__metadata__")["colonnade"])
    return document, {name: data[8 + length + t["data_offsets"][0]:8 + length + t["data_offsets"][1]] for name, t in header.items()}


def named(network):
    """The numbers of a network of the export by the names that the model file has for them."""
    for l, layer in enumerate(network["layers"]):
        yield f"layers.{l}.weight", layer["weight"]
        yield f"layers.{l}.bias", layer["bias"]
    for part in ("embedding", "category", "piecewise"):
        for name, value in network.get(part, {}).items():
            yield f"{part}.{name}", value
    if "scale" in network:
        yield "scale", network["scale"]
    for l, alpha in enumerate(network.get("alpha", [])):
        yield f"layers.{l}.alpha", alpha


document, wanted = tensors(sys.argv[1])
with open(sys.argv[2], encoding="utf-8") as file:
    exported = json.load(file)
networks = exported.pop("networks")
assert exported == document, "the document is another"
found = {}
for k, network in enumerate(networks):
    prefix = f"members.{k}." if "members" in document else ""
    for name, value in named(network):
        numbers = flat(value)
        found[prefix + name] = struct.pack(f"<{len(numbers)}f", *numbers)
assert found == wanted, "tensors differ: " + ", ".join(n for n in found.keys() | wanted.keys() if found.get(n) != wanted.get(n))
