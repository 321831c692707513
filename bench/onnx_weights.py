"""The weights of an ONNX export of BERT under their PyTorch names; read by the rivals in PyTorch."""
import onnx
import torch
from onnx import numpy_helper


def pytorch_weights(path):
    model = onnx.load(path)
    found = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
    weights = dict(found)
    # Exporters rename a transposed matrix; the Add of its bias leads to the product that reads it.
    products = {n.output[0]: n for n in model.graph.node if n.op_type == "MatMul"}
    for node in model.graph.node:
        bias = next((i for i in node.input if i.endswith(".bias") and i in found), None)
        product = next((products[i] for i in node.input if i in products), None)
        if node.op_type == "Add" and bias and product is not None:
            matrix = next((found[i] for i in product.input if i in found), None)
            if matrix is not None:
                weights[bias[: -len("bias")] + "weight"] = matrix.T.contiguous()
    return weights
