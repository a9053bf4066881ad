"""Errors of the classification head."""


class HeadsError(Exception):
    """Base of every error that `libs.heads` raises."""


class HeadSpecError(HeadsError, ValueError):
    """A head spec with a missing or impossible field."""


class LogitsError(HeadsError):
    """Logits of the wrong shape, or not finite."""


class WeightsError(HeadsError):
    """Weights that do not fit the encoder configuration and the head spec."""
