"""Errors of the trainer. Each message is the one sentence that a user reads."""


class TrainerError(Exception):
    """Base of every error that the trainer raises: bad input, never retried."""


class ConfigError(TrainerError):
    """A configuration with an unknown field or an impossible value."""


class DataError(TrainerError):
    """Complaints that nothing can be learnt from."""


class LeakError(DataError):
    """The same narrative, or nearly the same, on both sides of a split."""


class EncoderError(TrainerError):
    """An encoder that is not there, or is not the one that was asked for."""


class TrainingError(TrainerError):
    """Training that cannot go on, such as a loss that is no number."""


class SubmitError(TrainerError):
    """A training job that was refused."""


class OutputError(TrainerError):
    """A place that cannot be written to, or holds something else already."""


class TransientError(Exception):
    """Base of the faults that pass: the same command may succeed later."""


class InterruptedTrainingError(TransientError):
    """Training was asked to stop and has saved where it is."""


class UnreachableError(TransientError):
    """A service that does not answer, or not now."""
