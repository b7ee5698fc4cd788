"""make_onnx.py FILES LAYERS ACTIVATION LOSS: writes FILES.onnx, the network of FILES.w (side.h), for ONNX Runtime."""
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

files, layers, activation, loss = sys.argv[1:5]
size = [int(s) for s in layers.split("-")]
numbers, at, nodes, constants, name = np.fromfile(files + ".w", np.float32), 0, [], [], "x"
for m, (a, b) in enumerate(zip(size, size[1:]), 1):
    constants += [numpy_helper.from_array(numbers[at : at + a * b].reshape(a, b), "w%d" % m),
                  numpy_helper.from_array(numbers[at + a * b : at + (a + 1) * b], "b%d" % m)]
    at += (a + 1) * b
    last = m == len(size) - 1
    kind = "Softmax" if last and loss == "crossentropy" else "Sigmoid" if activation == "sigmoid" else "" if last else {"relu": "Relu", "tanh": "Tanh"}[activation]
    e = "e%d" % m if kind else "y"
    nodes.append(helper.make_node("Gemm", [name, "w%d" % m, "b%d" % m], [e]))
    name = "y" if last else "y%d" % m
    if kind:
        nodes.append(helper.make_node(kind, [e], [name]))
graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", size[0]])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", size[-1]])], constants)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7), files + ".onnx")
