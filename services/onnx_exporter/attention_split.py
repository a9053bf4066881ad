"""Takes the projection out of fused attention, so that static quantisation can see it.

ONNX Runtime quantises `Attention` dynamically or not at all. As a MatMul under a
`MultiHeadAttention`, the same weights quantise like those of any other MatMul.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto, helper

PARTS = ("query", "key", "value")
"""What a packed weight holds, in its order."""
_KEPT_ATTRIBUTES = ("num_heads", "mask_filter_value")


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


def join_attention(attention: NodeProto, query_key_value: Sequence[str]) -> NodeProto:
    """Return the operator that does what `attention` does after its projection."""
    bias, mask = attention.input[2:4]
    joined = helper.make_node(
        "MultiHeadAttention",
        [*query_key_value, bias, mask],
        [attention.output[0]],
        name=attention.name,
        domain="com.microsoft",
    )
    joined.attribute.extend(a for a in attention.attribute if a.name in _KEPT_ATTRIBUTES)
    return joined


def _parts(node: NodeProto) -> Iterator[NodeProto]:
    if node.op_type != "Attention":
        yield node
        return
    hidden, weight = node.input[:2]
    projected = f"{node.name}_projected"
    parts = [f"{node.name}_{part}" for part in PARTS]
    yield helper.make_node("MatMul", [hidden, weight], [projected], name=f"{node.name}_projection")
    yield helper.make_node(
        "Split", [projected], parts, name=f"{node.name}_split", axis=-1, num_outputs=len(PARTS)
    )
    yield join_attention(node, parts)
