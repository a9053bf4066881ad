"""The bounds that an exported model must keep, and the verdict. Pure: measures nothing itself."""

from collections.abc import Iterator

import msgspec

from libs.artifact.manifest import Precision
from libs.evaluation.figures import Figures
from services.onnx_exporter.agreement import AgreementReport
from services.onnx_exporter.latency import LatencyRow
from services.onnx_exporter.parity import InvarianceReport, ParityReport
from services.onnx_exporter.tokenization import TokenizationReport

# What float arithmetic in another order may change: beyond it, company changes the answer.
SAME_ANSWER = 1e-4


class Bounds(msgspec.Struct, frozen=True):
    """Each is the largest value that passes."""

    logit_difference: float = 1e-4
    """Float32 graph against torch."""
    macro_f1_loss: float = 0.003
    flip_rate: float = 0.01
    ece_change: float = 0.01
    probability_shift: float = 0.10
    """Mean over the narratives of the largest change of a probability."""
    size_bytes: int = 25_000_000
    """The served graph, at any precision below float32."""


class Measurements(msgspec.Struct, frozen=True):
    """Everything that was measured of one served graph."""

    precision: Precision
    size_bytes: int
    reference_size_bytes: int
    parity: ParityReport
    tokenization: TokenizationReport
    invariance: InvarianceReport
    agreement: AgreementReport
    figures: Figures | None
    """Of the served graph; None where no labelled narratives were given."""
    latency: list[LatencyRow]


def find_failures(measured: Measurements, bounds: Bounds) -> list[str]:
    """Return a sentence for each bound that is broken, with by how much; empty when it passes."""
    return [
        *_above("float32 logits differ from torch", _parity(measured), bounds.logit_difference),
        *_exactness_failures(measured),
        *_agreement_failures(measured.agreement, bounds),
        *_size_failures(measured, bounds),
    ]


def must_run_alone(invariance: InvarianceReport) -> bool:
    """Return whether an answer depends on what a narrative is batched or padded with."""
    differences = (invariance.max_batched_difference, invariance.max_padded_difference)
    return invariance.is_dynamic or not all(value <= SAME_ANSWER for value in differences)


def _parity(measured: Measurements) -> float:
    return measured.parity.max_logit_difference


def _exactness_failures(measured: Measurements) -> Iterator[str]:
    if measured.tokenization.differing:
        yield (
            f"{measured.tokenization.differing} of {measured.tokenization.texts} texts are "
            "tokenized differently from training (bound 0)"
        )
    if not measured.invariance.is_repeatable:
        yield "the same narrative alone gave different bits in two sessions"


def _agreement_failures(agreement: AgreementReport, bounds: Bounds) -> Iterator[str]:
    shift = agreement.mean_probability_shift
    yield from _above("probabilities shift by", shift, bounds.probability_shift)
    if agreement.macro_f1_loss is None or agreement.ece_change is None:
        # A few fixed narratives say nothing of a rate; a clear decision must not change, though.
        yield from _above("clear decisions that changed:", agreement.clear_flips, 0)
        return
    yield from _above("macro F1 loss is", agreement.macro_f1_loss, bounds.macro_f1_loss)
    yield from _above("flipped labels are", agreement.flip_rate, bounds.flip_rate)
    yield from _above("calibration error changes by", abs(agreement.ece_change), bounds.ece_change)


def _size_failures(measured: Measurements, bounds: Bounds) -> Iterator[str]:
    if measured.precision != "fp32":
        yield from _above("the graph's bytes are", measured.size_bytes, bounds.size_bytes)


def _above(what: str, value: float, bound: float) -> Iterator[str]:
    # Written so that a NaN fails.
    if not value <= bound:
        yield f"{what} {value:.4g} (bound {bound:.4g}, over by {value - bound:.4g})"
