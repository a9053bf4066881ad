"""Takes the bias out of fused GELU, so that the integer product before it can add it on its way.

Only int8 graphs gain by it: where a float graph is loaded, ONNX Runtime fuses the two anew.
ops/bench/LOG.md has the times.
"""

from collections.abc import Iterator

import onnx
from onnx import helper

FUSED = "BiasGelu"


def split_bias_gelus(graph: onnx.GraphProto) -> None:
    """Replace every fused operator by its sum and its activation."""
    parts = [part for node in graph.node for part in _parts(node)]
    del graph.node[:]
    graph.node.extend(parts)


def _parts(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    if node.op_type != FUSED:
        yield node
        return
    biased = f"{node.name}/biased"
    yield helper.make_node("Add", list(node.input), [biased], name=biased)
    yield helper.make_node(
        "Gelu", [biased], list(node.output), name=node.name, domain="com.microsoft"
    )
