"""The narratives that static quantisation takes its ranges from."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
from onnxruntime.quantization import CalibrationDataReader

TokenIds = Sequence[Sequence[int]]


class CalibrationSet(CalibrationDataReader):  # type: ignore[misc]
    """Feeds narratives to the calibrator one at a time, unpadded, as they are served.

    Its histograms need tensors of one shape, so narratives are cut to their median length and the
    shorter half is left out; padding would put values into the ranges that are never served.
    """

    def __init__(self, encoded: TokenIds) -> None:
        length = statistics.median_low([len(input_ids) for input_ids in encoded])
        feeds = [_feed(input_ids, length) for input_ids in encoded if len(input_ids) >= length]
        self.narratives = len(feeds)
        self._feeds = iter(feeds)

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)


def _feed(input_ids: Sequence[int], length: int) -> dict[str, Any]:
    ids = np.array([[*input_ids[: length - 1], input_ids[-1]]], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}
