"""The settings of the function, read once from its environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from services.stream_consumer.errors import SettingsError
from services.stream_consumer.redact import KINDS

Value = TypeVar("Value")


@dataclass(frozen=True)
class Settings:
    """What a deployment decides; the defaults are those of production."""

    endpoint_name: str
    log_bucket: str
    max_items_per_call: int = 50
    max_call_bytes: int = 4 * 1024 * 1024
    endpoint_concurrency: int = 2
    endpoint_timeout_seconds: float = 25.0
    reserve_seconds: float = 10.0
    """Kept of the invocation's time for writing the log."""
    redact: frozenset[str] = frozenset()
    is_tracing: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the variables; raises SettingsError naming the one that is wrong."""
        read = _Reader(environ)
        return cls(
            endpoint_name=read.required("ENDPOINT_NAME"),
            log_bucket=read.required("LOG_BUCKET"),
            max_items_per_call=int(read.number("MAX_ITEMS_PER_CALL", 50, 1, 1000)),
            max_call_bytes=int(read.number("MAX_CALL_BYTES", 4 * 1024 * 1024, 2**20, 25 * 2**20)),
            endpoint_concurrency=int(read.number("ENDPOINT_CONCURRENCY", 2, 1, 64)),
            endpoint_timeout_seconds=read.number("ENDPOINT_TIMEOUT_SECONDS", 25, 1, 60),
            reserve_seconds=read.number("RESERVE_SECONDS", 10, 1, 300),
            redact=read.choices("REDACT", KINDS),
            is_tracing=read.choice("TRACING", {"off": False, "on": True}),
        )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def required(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            raise SettingsError(f"{name} is not set")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        text = self._environ.get(name)
        if text is None:
            return default
        expected = f"{name} is {text!r}: expected a number from {low:g} to {high:g}"
        value = _parse(float, text, expected)
        if not low <= value <= high:
            raise SettingsError(expected)
        return value

    def choice(self, name: str, choices: Mapping[str, bool]) -> bool:
        text = self._environ.get(name, next(iter(choices)))
        if text not in choices:
            raise SettingsError(f"{name} is {text!r}: expected one of {', '.join(choices)}")
        return choices[text]

    def choices(self, name: str, known: tuple[str, ...]) -> frozenset[str]:
        """Return the named kinds of a list with commas; `all` and `none` stand for themselves."""
        text = self._environ.get(name, "none")
        names = {"all": known, "none": ()}.get(
            text, tuple(part.strip() for part in text.split(","))
        )
        for part in names:
            if part not in known:
                raise SettingsError(
                    f"{name} has {part!r}: expected all, none, or some of {', '.join(known)}"
                )
        return frozenset(names)


def _parse(kind: Callable[[str], Value], text: str, message: str) -> Value:
    try:
        return kind(text)
    except ValueError as error:
        raise SettingsError(message) from error
