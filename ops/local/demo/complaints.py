"""The complaints that the demo trains on and streams: a user's file, or the samples."""

import csv
import importlib.resources
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from libs.events.labelled import ComplaintFileError, OmittedRow, count_by_reason, read_complaints
from ops.local.demo.errors import InputError

STREAMED_SHARE_OF_SAMPLES = 3  # one of three sample rows is streamed, the others train the model


@dataclass(frozen=True)
class Complaint:
    """One complaint to stream; `label_name` is what its consumer said, where that is known."""

    complaint_id: str
    narrative: str
    label_name: str | None = None


@dataclass(frozen=True)
class ComplaintSet:
    """The usable rows of a file, and the others by reason."""

    complaints: list[Complaint]
    omitted_by_reason: dict[str, int]
    omitted: list[OmittedRow]


def load_complaints(path: Path) -> ComplaintSet:
    """Read a CSV or Parquet file, labelled or not; raises InputError."""
    try:
        file = read_complaints(path, require_label=False)
    except ComplaintFileError as error:
        raise InputError(str(error)) from error
    if not file.complaints:
        raise InputError(f"{path} has no row with a narrative")
    complaints = [
        Complaint(row.complaint_id or f"row-{row.row}", row.narrative, row.label_name)
        for row in file.complaints
    ]
    return ComplaintSet(complaints, count_by_reason(file.omitted), file.omitted)


def load_samples() -> list[Complaint]:
    """Read the sample complaints that ship with this package."""
    resource = importlib.resources.files("ops.local.samples") / "complaints.csv"
    with importlib.resources.as_file(resource) as path:
        return load_complaints(path).complaints


def split_samples(samples: Sequence[Complaint]) -> tuple[list[Complaint], list[Complaint]]:
    """Return (to train on, to stream): no complaint is in both."""
    streamed = list(samples[::STREAMED_SHARE_OF_SAMPLES])
    ids = {complaint.complaint_id for complaint in streamed}
    return [sample for sample in samples if sample.complaint_id not in ids], streamed


def repeat_to(complaints: Sequence[Complaint], count: int) -> Iterator[Complaint]:
    """Yield `count` complaints, from the start again when they run out, then under new ids."""
    for number in range(count):
        turn, index = divmod(number, len(complaints))
        complaint = complaints[index]
        if turn == 0:
            yield complaint
        else:
            new_id = f"{complaint.complaint_id}-again-{turn}"
            yield Complaint(new_id, complaint.narrative, complaint.label_name)


def write_labelled(complaints: Sequence[Complaint], path: Path) -> None:
    """Write labelled complaints as the CSV that the trainer reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["complaint_id", "narrative", "label"])
        writer.writerows([c.complaint_id, c.narrative, c.label_name] for c in complaints)
