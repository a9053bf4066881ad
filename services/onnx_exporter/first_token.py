"""Lets the last layer compute the one token that the head reads, and no other.

A head that pools [CLS] alone reads one row of what the last layer returns. Keys and values of that
layer still come from every token; its queries, feed-forward and norms are wanted for one. The
answer is the same.
"""

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import helper, numpy_helper

from services.onnx_exporter.attention_split import PARTS, join_attention

PREFIX = "first_token"
_BOUNDS = {"start": 0, "end": 1, "axis": 1}


def keep_first_token(graph: onnx.GraphProto) -> None:
    """Rewrite the last `Attention` of `graph`, of which there has to be one, and its residual."""
    *_, last = (place for place, node in enumerate(graph.node) if node.op_type == "Attention")
    nodes = list(graph.node)
    attention, after = nodes[last], nodes[last + 1 :]
    hidden = attention.input[0]
    for node in after:
        for place, name in enumerate(node.input):
            if name == hidden:
                node.input[place] = PREFIX
    _split_weight(graph, attention.input[1])
    graph.initializer.extend(
        numpy_helper.from_array(np.array([value]), f"{PREFIX}/{name}")
        for name, value in _BOUNDS.items()
    )
    del graph.node[:]
    graph.node.extend([*nodes[:last], *_parts(attention), *after])


def _split_weight(graph: onnx.GraphProto, name: str) -> None:
    """Replace the weight (width, 3 * width) by one each for query, key and value."""
    (packed,) = (item for item in graph.initializer if item.name == name)
    weights = np.split(numpy_helper.to_array(packed), 3, axis=1)
    graph.initializer.remove(packed)
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(weight), weight_name(part))
        for part, weight in zip(PARTS, weights, strict=True)
    )


def _parts(attention: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    hidden = attention.input[0]
    bounds = [f"{PREFIX}/{name}" for name in _BOUNDS]
    yield helper.make_node("Slice", [hidden, *bounds], [PREFIX], name=PREFIX)
    names = [f"{PREFIX}/{part}" for part in PARTS]
    for part, name, source in zip(PARTS, names, (PREFIX, hidden, hidden), strict=True):
        yield helper.make_node("MatMul", [source, weight_name(part)], [name], name=name)
    yield join_attention(attention, names)


def weight_name(part: str) -> str:
    """Return the name of the last layer's weight for `part`: query, key or value."""
    return f"{PREFIX}/{part}/weight"
