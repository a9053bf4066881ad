"""What can go wrong with the stand-ins themselves; what they emulate going wrong is data."""

from __future__ import annotations

from pathlib import Path


class LocalCloudError(Exception):
    """Base of every error that this package raises."""


class PortInUseError(LocalCloudError):
    """Something else listens on the port that was asked for."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(f"{name} cannot start: port {port} of 127.0.0.1 is already in use")
        self.name = name
        self.port = port


class StartError(LocalCloudError):
    """A child process ended, or stayed silent, before it was ready."""

    def __init__(self, name: str, reason: str, log_path: Path) -> None:
        super().__init__(f"{name} did not start: {reason}; its output is in {log_path}")
        self.name = name
        self.reason = reason
        self.log_path = log_path


class SettingsError(LocalCloudError):
    """A setting lies outside what AWS accepts."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {value!r}, expected {expected}")
        self.field = field
        self.value = value
        self.expected = expected
