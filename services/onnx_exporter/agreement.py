"""Measures how far the served model's answers are from the float32 model's."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from libs.evaluation import metrics
from libs.heads.postprocess import softmax
from services.onnx_exporter.onnx_classifier import OnnxClassifier

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

CLEAR_MARGIN = 0.25


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
    f1 = None if label_ids is None else macro_f1(served, label_ids)
    return AgreementReport(
        source=source,
        narratives=len(reference),
        flips=int(flipped.sum()),
        clear_flips=int((flipped & clear).sum()),
        max_probability_shift=float(shifts.max()),
        mean_probability_shift=float(shifts.mean()),
        macro_f1=f1,
        macro_f1_loss=(
            None if f1 is None or label_ids is None else macro_f1(reference, label_ids) - f1
        ),
        ece_change=(
            None
            if label_ids is None
            else calibration_error(served, label_ids) - calibration_error(reference, label_ids)
        ),
    )


def macro_f1(probabilities: Floats, label_ids: Ids) -> float:
    """Return the mean F1 over the labels that occur in `label_ids`."""
    confusion = metrics.confusion_matrix(
        label_ids, probabilities.argmax(axis=1), probabilities.shape[1]
    )
    return float(metrics.macro_f1(confusion))


def calibration_error(probabilities: Floats, label_ids: Ids) -> float:
    """Return the expected calibration error over equal bins (Guo et al. 2017, eq. 3)."""
    return metrics.expected_calibration_error(metrics.reliability(probabilities, label_ids))
