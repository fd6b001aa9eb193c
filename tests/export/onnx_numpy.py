# SPDX-License-Identifier: MIT
"""Exported ONNX models checked by onnx.checker and evaluated here, operator by operator as ONNX defines them, on numpy arrays.

    python3 onnx_numpy.py FOLDER...

Each folder has model.onnx, model.json, table.csv and predictions.csv (of colonnade predict).  Cells have no quotes; "" and "?" are
missing.  Prints a line a folder; exit code 1 where a model is not valid, a probability differs by more than 1e-6, or a prediction
differs further than that from the threshold.
"""
import csv
import json
import math
import sys

import numpy
import onnx
from onnx import numpy_helper

MOST = 1e-6
TYPES = {onnx.TensorProto.FLOAT: numpy.float32, onnx.TensorProto.DOUBLE: numpy.float64, onnx.TensorProto.INT64: numpy.int64}


def sigmoid(x):
    e = numpy.exp(-numpy.abs(x))
    return numpy.where(x >= 0, 1 / (1 + e), e / (1 + e)).astype(x.dtype)


def label_encoder(x, keys_strings, values_int64s=None, default_int64=-1, values_floats=None, default_float=-0.0):
    values, default, dtype = (values_floats, default_float, numpy.float32) if values_floats is not None else \
        (values_int64s, default_int64, numpy.int64)
    table = dict(zip(keys_strings, values))
    return numpy.array([table.get(text, default) for text in x.ravel()], dtype).reshape(x.shape)


def gemm(a, b, c, transB=0):
    return a @ (b.T if transB else b) + c


def elu(x, alpha=1.0, gamma=1.0):
    return numpy.where(x > 0, gamma * x, gamma * alpha * numpy.expm1(numpy.minimum(x, 0))).astype(x.dtype)


OPERATORS = {
    "Add": numpy.add, "Sub": numpy.subtract, "Mul": numpy.multiply, "Div": numpy.divide, "Neg": numpy.negative,
    "And": numpy.logical_and, "Or": numpy.logical_or, "IsNaN": numpy.isnan, "IsInf": numpy.isinf, "Where": numpy.where,
    "Less": numpy.less, "LessOrEqual": numpy.less_equal, "Greater": numpy.greater, "GreaterOrEqual": numpy.greater_equal,
    "Equal": numpy.equal, "Min": numpy.minimum, "Max": numpy.maximum, "Sum": lambda *terms: sum(terms[1:], terms[0]),
    "Sqrt": numpy.sqrt, "Log": numpy.log, "Cos": numpy.cos, "Round": numpy.rint, "MatMul": numpy.matmul, "Gemm": gemm,
    "Clip": lambda x, low, high: numpy.minimum(numpy.maximum(x, low), high),
    "Concat": lambda *parts, axis: numpy.concatenate(parts, axis), "Gather": lambda x, at, axis: numpy.take(x, at, axis),
    "Transpose": lambda x, perm: numpy.transpose(x, perm), "Reshape": lambda x, shape: x.reshape(shape),
    "Unsqueeze": lambda x, axes: numpy.expand_dims(x, tuple(axes)), "Cast": lambda x, to: x.astype(TYPES[to]),
    "Identity": lambda x: x, "LabelEncoder": label_encoder,
    "Sigmoid": sigmoid, "Tanh": numpy.tanh, "Relu": lambda x: numpy.maximum(x, 0),
    "LeakyRelu": lambda x, alpha: numpy.where(x < 0, x * numpy.float32(alpha), x), "Elu": elu, "Selu": elu,
    "Erf": lambda x: numpy.vectorize(math.erf, otypes=[x.dtype])(x),
    "Softplus": lambda x: numpy.maximum(x, 0) + numpy.log1p(numpy.exp(-numpy.abs(x))),
}


def attribute(value):
    value = onnx.helper.get_attribute_value(value)
    if isinstance(value, list) and value and isinstance(value[0], bytes):
        return [text.decode() for text in value]
    return value


def constant(tensor):
    if tensor.data_type == onnx.TensorProto.STRING:
        return numpy.array([text.decode() for text in tensor.string_data], object).reshape(tuple(tensor.dims))
    return numpy_helper.to_array(tensor)


def evaluate(graph, inputs):
    values = {tensor.name: constant(tensor) for tensor in graph.initializer}
    values.update(inputs)
    for node in graph.node:
        attributes = {a.name: attribute(a) for a in node.attribute}
        values[node.output[0]] = OPERATORS[node.op_type](*[values[name] for name in node.input], **attributes)
    return [values[output.name] for output in graph.output]


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}


def feed(graph, described, table):
    """The graph's inputs; which there are, their names, types and shapes are those of the columns that give features."""
    columns = {column["name"]: column["type"] for column in described["columns"] if column["features"]}
    assert sorted(columns) == sorted(value.name for value in graph.input), "inputs are not the columns"
    inputs = {}
    for value in graph.input:
        tensor = value.type.tensor_type
        numeric = columns[value.name] == "numeric"
        assert tensor.elem_type == (onnx.TensorProto.FLOAT if numeric else onnx.TensorProto.STRING)
        assert [dim.dim_param or dim.dim_value for dim in tensor.shape.dim] == ["N", 1]
        assert ("NaN" if numeric else "empty string") in value.doc_string
        cells = [None if cell in ("", "?") else cell for cell in table[value.name]]
        cells = [float("nan") if cell is None else float(cell) for cell in cells] if numeric else [cell or "" for cell in cells]
        inputs[value.name] = numpy.array(cells, numpy.float32 if numeric else object).reshape(-1, 1)
    return inputs


def check(folder):
    model = onnx.load(folder + "/model.onnx")
    onnx.checker.check_model(model, full_check=True)
    with open(folder + "/model.json", encoding="utf-8") as file:
        described = json.load(file)
    assert [output.name for output in model.graph.output] == ["probability", "prediction"]
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata["positive"] == described["label"]["positive"] and metadata["negative"] == described["label"]["negative"]
    assert float(metadata["threshold"]) == described["threshold"] and metadata["colonnade_version"] == model.producer_version
    with numpy.errstate(all="ignore"):
        probability, prediction = evaluate(model.graph, feed(model.graph, described, read(folder + "/table.csv")))
    wanted = read(folder + "/predictions.csv")
    p = numpy.array(wanted["probability"], numpy.float64)
    assert probability.shape == prediction.shape == (len(p), 1) and probability.dtype == numpy.float32
    most = numpy.abs(probability[:, 0].astype(numpy.float64) - p).max()
    near = numpy.abs(p - described["threshold"]) <= MOST
    wrong = int(((prediction[:, 0] != numpy.array(wanted["prediction"], object)) & ~near).sum())
    print(f"{folder}: {len(p)} rows, greatest difference {most:.2e}, {wrong} other predictions")
    return most <= MOST and wrong == 0


if __name__ == "__main__":
    sys.exit(0 if all([check(folder) for folder in sys.argv[1:]]) and len(sys.argv) > 1 else 1)
