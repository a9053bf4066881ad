"""What a run of the demo works on, checked before anything is started."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.local.demo.complaints import (
    Complaint,
    load_complaints,
    load_samples,
    repeat_to,
    split_samples,
    write_labelled,
)
from ops.local.demo.errors import InputError
from ops.local.demo.options import DemoOptions


@dataclass(frozen=True)
class Inputs:
    """Complaints to stream, and complaints or a file to train on."""

    streamed: list[Complaint]
    count: int
    training_file: Path | None
    training_samples: list[Complaint]
    notes: list[str]

    def stream(self) -> Iterator[Complaint]:
        return repeat_to(self.streamed, self.count)

    def training_data(self, write_to: Path) -> Path:
        """Return the file to train on; the samples are written to `write_to` first."""
        if self.training_file is not None:
            return self.training_file
        write_labelled(self.training_samples, write_to)
        return write_to


def gather_inputs(options: DemoOptions) -> Inputs:
    """Read and check all that the user named; raises InputError."""
    for path in (options.train_on, options.artifact):
        if path is not None and not path.exists():
            raise InputError(f"{path} does not exist")
    training_samples, streamed = split_samples(load_samples())
    notes = ["The sample complaints are invented; no score on them says anything of real ones."]
    if options.complaints is not None:
        loaded = load_complaints(options.complaints)
        streamed = loaded.complaints
        training_samples = load_samples()
        notes = [f"{n} rows left out: {reason}" for reason, n in loaded.omitted_by_reason.items()]
    return Inputs(
        streamed=streamed,
        count=options.count or len(streamed),
        training_file=options.train_on and options.train_on.absolute(),
        training_samples=training_samples,
        notes=notes,
    )
