"""Errors of the stream consumer. What is the record's fault is never mixed with what passes."""


class ConsumerError(Exception):
    """Base of every error that this service raises."""


class SettingsError(ConsumerError):
    """An environment variable that is missing or malformed; stops the start."""


class RefusedError(ConsumerError):
    """The endpoint refuses what it was sent: asking again would change nothing."""


class TransientError(ConsumerError):
    """A fault that may pass: throttling, 5xx, a time-out, a lost connection.

    `is_suspect` says that what was sent may be the cause: sending it in parts is worth a try.
    """

    def __init__(self, reason: str, is_suspect: bool = False) -> None:
        self.reason = reason
        self.is_suspect = is_suspect
        super().__init__(reason)


class TakenKeyError(ConsumerError):
    """A log object of our name that cannot be read or is not ours: a person has to look."""
