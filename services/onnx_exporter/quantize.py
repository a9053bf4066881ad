"""The optimised graph in the precision that is served."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import onnx
from onnxruntime.quantization import (
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.transformers.float16 import convert_float_to_float16

from libs.artifact.manifest import Precision, Scalar
from services.onnx_exporter.attention_split import (
    declare_floats,
    declare_tensors,
    split_attention,
)
from services.onnx_exporter.calibration import CalibrationSet, TokenIds
from services.onnx_exporter.errors import QuantizationError
from services.onnx_exporter.ngram_graph import NGRAM_NODES
from services.onnx_exporter.sensitivity import rank_operators

Preset = Literal["avx512_vnni", "avx2", "arm64"]

EMBEDDING = "EmbedLayerNormalization"
DYNAMIC_OPERATORS = ("MatMul", "Gemm", "Attention", EMBEDDING)
STATIC_OPERATORS = ("MatMul", "Gemm")
CALIBRATION_PERCENTILE = 99.99


@dataclass(frozen=True)
class IntegerFormat:
    """The 8-bit numbers that a processor family multiplies well."""

    weights: QuantType
    activations: QuantType
    reduce_range: bool

    def as_settings(self) -> dict[str, Scalar]:
        return {
            "weights": self.weights.name,
            "activations": self.activations.name,
            "reduce_range": self.reduce_range,
        }


# Without VNNI, products of unsigned by signed 8-bit numbers are added up in 16 bits, which
# saturates: seven bits of weight leave room. (ONNX Runtime, "Quantize ONNX models")
FORMATS: dict[Preset, IntegerFormat] = {
    "avx512_vnni": IntegerFormat(QuantType.QInt8, QuantType.QUInt8, reduce_range=False),
    "avx2": IntegerFormat(QuantType.QInt8, QuantType.QUInt8, reduce_range=True),
    "arm64": IntegerFormat(QuantType.QInt8, QuantType.QInt8, reduce_range=False),
}


@dataclass(frozen=True)
class QuantizeSettings:
    """`float_operators`: how many of the most sensitive ones stay float in int8_mixed."""

    precision: Precision = "int8_dynamic"
    preset: Preset = "avx512_vnni"
    float_operators: int = 4


@dataclass(frozen=True)
class Job:
    """One graph to make from another; `calibration` holds token ids of narratives."""

    source: Path
    target: Path
    settings: QuantizeSettings
    calibration: TokenIds

    @property
    def format(self) -> IntegerFormat:
        return FORMATS[self.settings.preset]


def quantize_graph(job: Job) -> dict[str, Scalar]:
    """Write the graph of the wanted precision and return the settings that made it.

    Raises QuantizationError.
    """
    return _MAKERS[job.settings.precision](job)


def _copy(job: Job) -> dict[str, Scalar]:
    shutil.copyfile(job.source, job.target)
    return {}


def _halve(job: Job) -> dict[str, Scalar]:
    """For GPUs: inputs and logits stay as they are, everything between is float16."""
    source = onnx.load(str(job.source))
    declare_floats(source, NGRAM_NODES)
    model = convert_float_to_float16(
        source,
        keep_io_types=True,
        disable_shape_infer=True,
        node_block_list=list(NGRAM_NODES),
    )
    onnx.save(model, str(job.target))
    return {"keep_io_types": True}


def _dynamic(job: Job) -> dict[str, Scalar]:
    _quantize_dynamic(
        job,
        job.target,
        op_types_to_quantize=list(DYNAMIC_OPERATORS),
        nodes_to_exclude=list(NGRAM_NODES),
    )
    return _integer_settings(job, {"operators": ",".join(DYNAMIC_OPERATORS)})


def _mixed(job: Job) -> dict[str, Scalar]:
    """Keep in float the operators that lose most, each measured alone."""
    ranked = rank_operators(
        job.source,
        job.calibration,
        lambda target, operator: _quantize_dynamic(job, target, nodes_to_quantize=[operator]),
    )
    kept = [item.operator for item in ranked[: job.settings.float_operators]]
    if len(kept) == len(ranked):
        raise QuantizationError(
            f"{len(kept)} float operators leave nothing to quantize: the graph has {len(ranked)}"
        )
    _quantize_dynamic(
        job,
        job.target,
        op_types_to_quantize=list(DYNAMIC_OPERATORS),
        nodes_to_exclude=[*NGRAM_NODES, *kept],
    )
    return _integer_settings(job, {"float_operators": ",".join(kept)})


def _static(job: Job) -> dict[str, Scalar]:
    with tempfile.TemporaryDirectory(prefix=".static-", dir=job.target.parent) as name:
        split, embedded = Path(name) / "split.onnx", Path(name) / "embedded.onnx"
        split_attention(job.source, split)
        # Its tables become integers; its activations never are, so there is nothing to calibrate.
        _quantize_dynamic(job, embedded, source=split, op_types_to_quantize=[EMBEDDING])
        declare_tensors(embedded, STATIC_OPERATORS)
        calibration = CalibrationSet(job.calibration)
        with redirect_stdout(sys.stderr):  # the calibrator reports its progress with print
            _quantize_static(job, embedded, calibration)
    return _integer_settings(
        job,
        {
            "operators": ",".join(STATIC_OPERATORS),
            "calibration_narratives": calibration.narratives,
            "calibration_percentile": CALIBRATION_PERCENTILE,
        },
    )


def _quantize_static(job: Job, source: Path, calibration: CalibrationSet) -> None:
    quantize_static(
        source,
        job.target,
        calibration,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(STATIC_OPERATORS),
        nodes_to_exclude=list(NGRAM_NODES),
        per_channel=True,
        reduce_range=job.format.reduce_range,
        weight_type=job.format.weights,
        activation_type=job.format.activations,
        # The largest activations are outliers: a range that holds them leaves no steps to
        # the others, which is how static quantisation ruins transformers.
        calibrate_method=CalibrationMethod.Percentile,
        extra_options={**_extra_options(), "CalibPercentile": CALIBRATION_PERCENTILE},
    )


def _quantize_dynamic(
    job: Job, target: Path, *, source: Path | None = None, **selection: list[str]
) -> None:
    quantize_dynamic(
        source or job.source,
        target,
        per_channel=True,
        reduce_range=job.format.reduce_range,
        weight_type=job.format.weights,
        extra_options=_extra_options(),
        **selection,
    )


def _extra_options() -> dict[str, Any]:
    # Shape inference does not know the fused operators, so the type has to be told.
    return {"DefaultTensorType": onnx.TensorProto.FLOAT}


def _integer_settings(job: Job, more: dict[str, Scalar]) -> dict[str, Scalar]:
    return {
        "preset": job.settings.preset,
        "per_channel": True,
        **job.format.as_settings(),
        **more,
    }


_MAKERS: dict[Precision, Callable[[Job], dict[str, Scalar]]] = {
    "fp32": _copy,
    "fp16": _halve,
    "int8_dynamic": _dynamic,
    "int8_static": _static,
    "int8_mixed": _mixed,
}
