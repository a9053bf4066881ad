"""The optimised graph in the precision that is served. Knows no narratives."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from libs.artifact.manifest import Precision, Scalar

Preset = Literal["avx512_vnni", "avx2", "arm64"]

QUANTIZED_OPERATORS = ("MatMul", "Gemm", "Attention", "EmbedLayerNormalization")


@dataclass(frozen=True)
class WeightFormat:
    """How a processor family likes its int8 weights."""

    weight_type: QuantType
    reduce_range: bool


# Without VNNI, products of unsigned by signed 8-bit numbers are added up in 16 bits, which
# saturates: seven bits of weight leave room. (ONNX Runtime, "Quantize ONNX models")
WEIGHT_FORMATS: dict[Preset, WeightFormat] = {
    "avx512_vnni": WeightFormat(QuantType.QInt8, reduce_range=False),
    "avx2": WeightFormat(QuantType.QInt8, reduce_range=True),
    "arm64": WeightFormat(QuantType.QInt8, reduce_range=False),
}


@dataclass(frozen=True)
class QuantizeSettings:
    precision: Precision = "int8_dynamic"
    preset: Preset = "avx512_vnni"


def quantize_graph(source: Path, target: Path, settings: QuantizeSettings) -> dict[str, Scalar]:
    """Write the graph of the wanted precision and return the settings that made it."""
    if settings.precision == "fp32":
        shutil.copyfile(source, target)
        return {}
    weights = WEIGHT_FORMATS[settings.preset]
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=list(QUANTIZED_OPERATORS),
        per_channel=True,
        reduce_range=weights.reduce_range,
        weight_type=weights.weight_type,
        # Shape inference does not know the fused operators, so the type has to be told.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return {
        "preset": settings.preset,
        "per_channel": True,
        "reduce_range": weights.reduce_range,
        "weight_type": weights.weight_type.name,
        "operators": ",".join(QUANTIZED_OPERATORS),
    }
