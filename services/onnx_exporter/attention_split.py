"""Takes the projection out of fused attention, so that static quantisation can see it.

ONNX Runtime quantises `Attention` dynamically or not at all. As a MatMul under a
`MultiHeadAttention`, the same weights quantise like those of any other MatMul.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto, helper

KEPT_ATTRIBUTES = ("num_heads", "mask_filter_value")


def split_attention(source: Path, target: Path) -> int:
    """Write the graph with every `Attention` split, and return how many there were."""
    model = onnx.load(str(source))
    attentions = [node for node in model.graph.node if node.op_type == "Attention"]
    nodes = [part for node in model.graph.node for part in _parts(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(target))
    return len(attentions)


def declare_tensors(path: Path, operators: Collection[str]) -> None:
    """Tell the type of what goes in and out of `operators`.

    Shape inference stops at fused operators, and the calibrator passes over a tensor whose type it
    does not know, which would leave every activation in float without a word.
    """
    model = onnx.load(str(path))
    declare_floats(model, [node.name for node in model.graph.node if node.op_type in operators])
    onnx.save(model, str(path))


def declare_floats(model: onnx.ModelProto, nodes: Collection[str]) -> None:
    """Tell that what goes in and out of the named nodes is float32, where nothing is told yet."""
    graph = model.graph
    known = {
        item.name for item in (*graph.initializer, *graph.value_info, *graph.output, *graph.input)
    }
    names = {
        name for node in graph.node if node.name in nodes for name in (*node.input, *node.output)
    }
    graph.value_info.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        for name in sorted(names - known)
    )


def _parts(node: NodeProto) -> Iterator[NodeProto]:
    if node.op_type != "Attention":
        yield node
        return
    hidden, weight, bias, mask = node.input[:4]
    name, output = node.name, node.output[0]
    projected = f"{name}_projected"
    query_key_value = [f"{name}_{part}" for part in ("query", "key", "value")]
    yield helper.make_node("MatMul", [hidden, weight], [projected], name=f"{name}_projection")
    yield helper.make_node(
        "Split", [projected], query_key_value, name=f"{name}_split", axis=-1, num_outputs=3
    )
    attention = helper.make_node(
        "MultiHeadAttention",
        [*query_key_value, bias, mask],
        [output],
        name=name,
        domain="com.microsoft",
    )
    attention.attribute.extend(a for a in node.attribute if a.name in KEPT_ATTRIBUTES)
    yield attention
