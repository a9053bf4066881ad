"""Errors of the serving container. They know no HTTP: the app gives each its status code."""


class ServingError(Exception):
    """Base of every error that this service raises."""


class SettingsError(ServingError):
    """An environment variable that is missing or malformed; stops the start."""


class StartError(ServingError):
    """Something else that stops the start: a port in use, a model that does not load."""


class InferenceError(ServingError):
    """The runtime failed on a narrative that is valid."""


class RequestError(ServingError):
    """A request that is refused: a stable code for programs and a sentence without its content."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class MalformedRequestError(RequestError):
    """The body is not what its content type says."""


class SlowBodyError(MalformedRequestError):
    """The body did not arrive in time; what else the connection brings is of no interest."""


class RequestTooLargeError(RequestError):
    """More bytes or items than one request may have."""


class UnsupportedFormatError(RequestError):
    """A content type, encoding or accepted type that is not spoken here."""


class InvalidFieldError(RequestError):
    """A field that is wrong; the message names its path and the bound."""


class OverloadedError(RequestError):
    """The answer would come too late; `reason` is a metric label, the rest advice."""

    def __init__(self, reason: str, message: str, retry_after_seconds: float) -> None:
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        super().__init__(reason, message)


class NotReadyError(RequestError):
    """Loading, broken or draining: ask another instance."""
