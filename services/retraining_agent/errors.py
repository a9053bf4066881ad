"""Errors of the retraining agent: bad input is never retried, a transient fault is."""


class AgentError(Exception):
    """Base of every error that the retraining agent raises."""


class BadInputError(AgentError):
    """A file, an option or a stored document that cannot be used as it is."""


class TransientError(AgentError):
    """A fault outside that may be gone at the next try."""


class ConflictError(TransientError):
    """A conditional write was refused: somebody else was faster."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"{key} was changed by somebody else at the same time")


class JobFailedError(TransientError):
    """A training or export job ended without what it was started for."""
