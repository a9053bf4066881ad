"""What a run of the demo works on, read and checked before anything is started."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.local.demo.complaints import (
    HOLDOUT_SHARE,
    MAX_HOLDOUT,
    STREAMED_SHARE,
    Complaint,
    load_complaints,
    load_samples,
    repeat_to,
    set_apart,
)
from ops.local.demo.errors import InputError
from ops.local.demo.options import DemoOptions

SAMPLES_NOTE = "The sample complaints are invented: no score on them says anything of real ones."


@dataclass(frozen=True)
class Inputs:
    """Complaints to train on, to hold out from every training, and to stream."""

    training: list[Complaint]
    holdout: list[Complaint]
    streamed: list[Complaint]
    count: int
    notes: list[str]

    def stream(self) -> Iterator[Complaint]:
        return repeat_to(self.streamed, self.count)


def gather_inputs(options: DemoOptions) -> Inputs:
    """Read and check all that the user named; raises InputError."""
    if options.artifact is not None and options.is_training:
        raise InputError("--artifact serves a finished model, --train trains one: choose either")
    if options.served is not None and not options.served.exists():
        raise InputError(f"{options.served} does not exist")
    notes: list[str] = []
    streamed, labelled = _samples(options, notes)
    if options.complaints is not None:
        streamed = _read(options.complaints, notes)
    if options.train_on is not None:
        labelled = _read_labelled(options, notes)
    size = min(MAX_HOLDOUT, int(len(labelled) * HOLDOUT_SHARE))
    holdout, training = set_apart(labelled, size, options.seed)
    return Inputs(training, holdout, streamed, options.count or len(streamed), notes)


def _samples(options: DemoOptions, notes: list[str]) -> tuple[list[Complaint], list[Complaint]]:
    """Return the samples as (to stream, labelled); all are labelled where a file is streamed."""
    if options.complaints is not None and options.train_on is not None:
        return [], []
    notes.append(SAMPLES_NOTE)
    samples = load_samples()
    if options.complaints is not None:
        return [], samples
    return set_apart(samples, int(len(samples) * STREAMED_SHARE), options.seed)


def _read(path: Path, notes: list[str]) -> list[Complaint]:
    loaded = load_complaints(path)
    notes += [f"{path}: {n} rows left out: {why}" for why, n in loaded.omitted_by_reason.items()]
    return loaded.complaints


def _read_labelled(options: DemoOptions, notes: list[str]) -> list[Complaint]:
    assert options.train_on is not None
    labelled = [c for c in _read(options.train_on, notes) if c.label_name is not None]
    if not labelled:
        raise InputError(
            f"{options.train_on} has no row with a known label: expected a column label or product"
        )
    if options.train_limit is not None:
        labelled, _ = set_apart(labelled, options.train_limit, options.seed)
    return labelled
