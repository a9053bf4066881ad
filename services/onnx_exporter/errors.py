"""Errors of the exporter: all of them are about the input or the model, none is worth a retry."""

from collections.abc import Mapping, Sequence


class ExporterError(Exception):
    """Base of every error that the exporter raises."""


class UnfitCheckpointError(ExporterError):
    """A checkpoint whose parts do not belong together."""


class UnrecoverableError(ExporterError):
    """A graph whose weights cannot be read back."""


class NarrativesError(ExporterError):
    """A file of narratives that cannot be used."""


class StepOrderError(ExporterError):
    """A step whose input is missing, or was made from something else."""


class QuantizationError(ExporterError):
    """A combination of precision and options that cannot be produced."""


class FusionError(ExporterError):
    """The optimizer did not fuse what this architecture must fuse."""

    def __init__(self, expected: Mapping[str, int], found: Mapping[str, int]) -> None:
        self.expected = expected
        self.found = found
        missing = ", ".join(
            f"{found.get(name, 0)} of {count} {name}"
            for name, count in expected.items()
            if found.get(name, 0) != count
        )
        super().__init__(f"the optimizer fused only {missing}: the graph would serve slowly")


class GateError(ExporterError):
    """The exported model is not provably the trained one; `failures` says by how much."""

    def __init__(self, failures: Sequence[str]) -> None:
        self.failures = tuple(failures)
        super().__init__(f"verification failed, nothing was packed: {'; '.join(failures)}")
