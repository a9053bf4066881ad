"""Takes skip-layer-norm operators apart again: the parts are several times as fast on a CPU.

ONNX Runtime's LayerNormalization is vectorised, its SkipLayerNormalization is not; ops/bench/LOG.md
has the times. The sum is a `Sum`, since an `Add` would be fused anew wherever the graph is loaded.
"""

from collections.abc import Iterator

import onnx
from onnx import helper

FUSED = "SkipLayerNormalization"


def split_residual_norms(graph: onnx.GraphProto) -> int:
    """Replace every fused operator whose one output is used; return how many."""
    nodes = list(graph.node)
    split = [list(_parts(node)) if _is_plain(node) else [node] for node in nodes]
    del graph.node[:]
    graph.node.extend(part for parts in split for part in parts)
    return sum(_is_plain(node) for node in nodes)


def _is_plain(node: onnx.NodeProto) -> bool:
    return node.op_type == FUSED and not any(node.output[1:])


def _parts(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    branch, residual, scale, shift, *bias = node.input
    if bias:
        biased = f"{node.name}/biased"
        yield helper.make_node("Add", [branch, bias[0]], [biased], name=biased)
        branch = biased
    total = f"{node.name}/sum"
    (epsilon,) = (item.f for item in node.attribute if item.name == "epsilon")
    yield helper.make_node("Sum", [branch, residual], [total], name=total)
    yield helper.make_node(
        "LayerNormalization",
        [total, scale, shift],
        [node.output[0]],
        name=node.name,
        axis=-1,
        epsilon=epsilon,
    )
