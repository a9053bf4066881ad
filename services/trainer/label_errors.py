"""The rows whose label is likeliest wrong, for a person to look at (Northcutt et al. 2021)."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cleanlab.filter import find_label_issues

from libs.labels.schema import LABEL_SCHEMA
from libs.text.normalise import normalise


class LabelError(msgspec.Struct, frozen=True):
    """A row that confident learning holds for mislabelled. Holds no text."""

    row: int
    """1 for the first row under the header of the file."""
    given: str
    suggested: str
    given_probability: float
    """What the model gives the label in the file: the lower, the likelier it is wrong."""


class LabelErrors(msgspec.Struct, frozen=True):
    """How many rows look mislabelled, and the likeliest of them, likeliest first."""

    count: int
    likeliest: list[LabelError]


@dataclass(frozen=True)
class Quote:
    """What helps a person to find and judge a row."""

    complaint_id: str | None
    excerpt: str


def find_label_errors(
    probabilities: npt.NDArray[np.float64],
    label_ids: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    limit: int,
) -> LabelErrors:
    """Return the likeliest label errors by probabilities of a model that never saw the rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a label with few rows is no concern here
        found = find_label_issues(
            label_ids, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
        )
    return LabelErrors(
        len(found),
        [
            LabelError(
                row=int(rows[index]),
                given=LABEL_SCHEMA.label_name(int(label_ids[index])),
                suggested=LABEL_SCHEMA.label_name(int(probabilities[index].argmax())),
                given_probability=float(probabilities[index, label_ids[index]]),
            )
            for index in found[:limit]
        ],
    )


def quote_rows(
    batches: Iterable[pa.RecordBatch], errors: Sequence[LabelError], characters: int
) -> dict[int, Quote]:
    """Return id and beginning of the narratives of `errors`, by row; `characters` 0 is no text."""
    wanted = {error.row for error in errors}
    return {
        row["row"]: Quote(row.get("complaint_id"), _beginning(row["narrative"], characters))
        for batch in batches
        for row in batch.filter(pa.array(np.isin(batch.column("row"), list(wanted)))).to_pylist()
    }


def _beginning(narrative: str, characters: int) -> str:
    text = normalise(narrative)
    return text if len(text) <= characters else text[:characters].rstrip() + "…" * (characters > 0)
