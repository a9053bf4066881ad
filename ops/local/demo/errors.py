"""Errors of the demo."""

from pathlib import Path


class DemoError(Exception):
    """Base of every error that this package raises; its message is for the user."""


class InputError(DemoError):
    """A file or an option that the demo cannot work with."""


class StepError(DemoError):
    """A service that ended badly; `is_bad_input` when it blamed what it was given."""

    def __init__(self, step: str, exit_code: int, last_line: str, log_path: Path) -> None:
        self.step = step
        self.exit_code = exit_code
        self.log_path = log_path
        super().__init__(
            f"{step}: {last_line or 'it said nothing'} (exit code {exit_code}, log {log_path})"
        )

    @property
    def is_bad_input(self) -> bool:
        return self.exit_code == 2


class LostRecordsError(DemoError):
    """The log does not hold every streamed complaint exactly once."""
