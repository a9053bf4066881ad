"""Fuses the float32 graph with ONNX Runtime's transformer fusions, and counts them.

Two of the fused operators are taken apart again, since their parts are faster: see `residual_norm`
and `bias_gelu`. Where the head reads one token, the last layer computes no other: `first_token`.
"""

from collections.abc import Mapping
from pathlib import Path

from onnxruntime.transformers.fusion_options import FusionOptions
from onnxruntime.transformers.optimizer import optimize_model

from services.onnx_exporter.bias_gelu import split_bias_gelus
from services.onnx_exporter.errors import FusionError
from services.onnx_exporter.first_token import keep_first_token
from services.onnx_exporter.residual_norm import split_residual_norms


def expected_fusions(layers: int) -> dict[str, int]:
    """Return what an encoder of `layers` layers must fuse to, by operator."""
    return {
        "EmbedLayerNormalization": 1,
        "Attention": layers,
        "SkipLayerNormalization": 2 * layers,
        "BiasGelu": layers,
    }


def optimize_graph(
    source: Path, target: Path, *, heads: int, layers: int, reads_first_token: bool
) -> dict[str, int]:
    """Write the fused graph and return the fusions by operator; raises FusionError."""
    optimizer = optimize_model(
        str(source),
        model_type="bert",
        num_heads=heads,
        opt_level=1,
        optimization_options=_options(),
    )
    found = {name: int(n) for name, n in optimizer.get_fused_operator_statistics().items() if n}
    require_fusions(expected_fusions(layers), found)
    split_residual_norms(optimizer.model.graph)
    split_bias_gelus(optimizer.model.graph)
    if reads_first_token:
        keep_first_token(optimizer.model.graph)
    optimizer.save_model_to_file(str(target))
    return found


def require_fusions(expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Raise FusionError unless every expected fusion happened as often as expected."""
    if any(found.get(name, 0) != count for name, count in expected.items()):
        raise FusionError(expected, found)


def _options() -> FusionOptions:
    options = FusionOptions("bert")
    # The mask as it is, not as a count of tokens: right for padding on either side.
    options.use_raw_attention_mask(True)
    return options
