"""Measures how far the served model's answers are from the float32 model's."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from libs.heads.postprocess import softmax
from services.onnx_exporter.onnx_classifier import OnnxClassifier

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

CLEAR_MARGIN = 0.25
ECE_BINS = 15


class AgreementReport(msgspec.Struct, frozen=True):
    """The served model against float32; the last three only where the labels are to be trusted."""

    source: str
    narratives: int
    flips: int
    """Narratives whose label changed."""
    clear_flips: int
    """Those among them where float32's best two labels were not close."""
    max_probability_shift: float
    mean_probability_shift: float
    macro_f1: float | None
    macro_f1_loss: float | None
    ece_change: float | None

    @property
    def flip_rate(self) -> float:
        return self.flips / self.narratives


def run_probabilities(
    model: OnnxClassifier,
    encoded: Sequence[Sequence[int]],
    temperature: float,
    advance: Callable[[], None],
) -> Floats:
    """Return the probabilities (narratives, labels), one narrative a run."""
    rows = []
    for input_ids in encoded:
        rows.append(softmax(model.logits(input_ids).astype(np.float64), temperature))
        advance()
    return np.stack(rows)


def measure_agreement(
    source: str, reference: Floats, served: Floats, label_ids: Ids | None
) -> AgreementReport:
    """Compare two arrays of probabilities, and both with `label_ids` where there are any."""
    shifts = np.abs(reference - served).max(axis=1)
    flipped = reference.argmax(axis=1) != served.argmax(axis=1)
    best = np.sort(reference, axis=1)[:, -2:]
    clear = best[:, 1] - best[:, 0] >= CLEAR_MARGIN
    f1 = None if label_ids is None else macro_f1(served.argmax(axis=1), label_ids)
    return AgreementReport(
        source=source,
        narratives=len(reference),
        flips=int(flipped.sum()),
        clear_flips=int((flipped & clear).sum()),
        max_probability_shift=float(shifts.max()),
        mean_probability_shift=float(shifts.mean()),
        macro_f1=f1,
        macro_f1_loss=(
            None
            if f1 is None or label_ids is None
            else macro_f1(reference.argmax(axis=1), label_ids) - f1
        ),
        ece_change=(
            None
            if label_ids is None
            else calibration_error(served, label_ids) - calibration_error(reference, label_ids)
        ),
    )


def macro_f1(predicted: npt.NDArray[np.integer], label_ids: Ids) -> float:
    """Return the mean F1 over the labels that occur in `label_ids`."""
    scores = []
    for label_id in np.unique(label_ids):
        hits = np.sum((predicted == label_id) & (label_ids == label_id))
        scores.append(2 * hits / (np.sum(predicted == label_id) + np.sum(label_ids == label_id)))
    return float(np.mean(scores))


def calibration_error(probabilities: Floats, label_ids: Ids) -> float:
    """Return the expected calibration error over equal bins (Guo et al. 2017, eq. 3)."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == label_ids
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [
        abs(confidence[bins == index].sum() - correct[bins == index].sum())
        for index in np.unique(bins)
    ]
    return float(sum(gaps) / len(label_ids))
