"""The complaints that the demo trains on and streams: a user's file, or the samples."""

import csv
import importlib.resources
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from libs.events.labelled import ComplaintFileError, count_by_reason, read_complaints
from ops.local.demo.errors import InputError

HOLDOUT_SHARE = 0.15
MAX_HOLDOUT = 300
STREAMED_SHARE = 0.33  # of the samples


@dataclass(frozen=True)
class Complaint:
    """One complaint to stream; `label_name` is what its consumer said, where that is known."""

    complaint_id: str
    narrative: str
    label_name: str | None = None
    cluster: str | None = None
    """Names the group of near duplicates, where the file has one."""

    @property
    def group(self) -> str:
        """What keeps near duplicates together: the cluster, else how the narrative begins."""
        return self.cluster or self.narrative[:100].lower()


@dataclass(frozen=True)
class ComplaintSet:
    """The usable rows of a file, and the others by reason."""

    complaints: list[Complaint]
    omitted_by_reason: dict[str, int]


def load_complaints(path: Path) -> ComplaintSet:
    """Read a CSV or Parquet file, labelled or not; raises InputError."""
    try:
        file = read_complaints(path, require_label=False)
    except ComplaintFileError as error:
        raise InputError(str(error)) from error
    if not file.complaints:
        raise InputError(f"{path} has no row with a narrative")
    complaints = [
        Complaint(row.complaint_id or f"row-{row.row}", row.narrative, row.label_name, row.cluster)
        for row in file.complaints
    ]
    return ComplaintSet(complaints, count_by_reason(file.omitted))


def load_samples() -> list[Complaint]:
    """Read the sample complaints that ship with this package."""
    resource = importlib.resources.files("ops.local.samples") / "complaints.csv"
    with importlib.resources.as_file(resource) as path:
        return load_complaints(path).complaints


def set_apart(
    complaints: Sequence[Complaint], count: int, seed: int
) -> tuple[list[Complaint], list[Complaint]]:
    """Return (about `count` complaints, the others), drawn so that no group is in both."""
    groups: dict[str, list[Complaint]] = {}
    for complaint in complaints:
        groups.setdefault(complaint.group, []).append(complaint)
    names = list(groups)
    random.Random(seed).shuffle(names)
    apart: list[Complaint] = []
    while names and len(apart) < count:
        apart += groups.pop(names.pop())
    return apart, [complaint for group in groups.values() for complaint in group]


def repeat_to(complaints: Sequence[Complaint], count: int) -> Iterator[Complaint]:
    """Yield `count` complaints, from the start again when they run out, then under new ids."""
    for number in range(count):
        turn, index = divmod(number, len(complaints))
        complaint = complaints[index]
        if turn == 0:
            yield complaint
        else:
            new_id = f"{complaint.complaint_id}-again-{turn}"
            yield replace(complaint, complaint_id=new_id)


def write_labelled(complaints: Sequence[Complaint], path: Path) -> None:
    """Write labelled complaints as the CSV that the trainer reads."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["complaint_id", "narrative", "label"])
        writer.writerows([c.complaint_id, c.narrative, c.label_name] for c in complaints)
