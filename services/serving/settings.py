"""Every setting of the container, read once from the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from libs.events.invocations import MAX_BODY_BYTES
from services.serving.cores import available_cores
from services.serving.errors import SettingsError

Value = TypeVar("Value")
Provider = Literal["cpu", "cuda"]
LogLevel = Literal["debug", "info", "warning", "error"]

CORES_PER_WORKER = 8
"""What one event loop can feed; see ops/decisions/0004-one-narrative-per-run.md."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Defaults are those of production; README.md has the table."""

    model_path: Path = Path("/opt/ml/model")
    host: str = "0.0.0.0"
    port: int = 8080
    cores: int = 1
    workers: int = 1
    provider: Provider = "cpu"
    batch_tokens: int = 16_384
    deadline_seconds: float = 2.0
    batch_deadline_seconds: float = 55.0
    queue_items: int = 20_000
    max_items: int = 10_000
    max_body_bytes: int = MAX_BODY_BYTES
    buffer_bytes: int = 4 * MAX_BODY_BYTES
    body_seconds: float = 20.0
    drain_seconds: float = 20.0
    cache_entries: int = 0
    log_level: LogLevel = "info"
    push_url: str | None = None
    push_seconds: float = 15.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read `environ`; raises SettingsError naming the variable, its value and what it takes."""
        read = _Reader(environ)
        cores = read.integer("COMPLAINTS_CORES", available_cores(), 1, 1024)
        return cls(
            model_path=read.path("MODEL_PATH", cls.model_path),
            host=read.text("COMPLAINTS_BIND_HOST", cls.host),
            port=read.integer("SAGEMAKER_BIND_TO_PORT", cls.port, 0, 65_535),
            cores=cores,
            workers=read.integer("COMPLAINTS_WORKERS", -(-cores // CORES_PER_WORKER), 1, 256),
            provider=read.choice("COMPLAINTS_PROVIDER", cls.provider, ("cpu", "cuda")),
            batch_tokens=read.integer("COMPLAINTS_BATCH_TOKENS", cls.batch_tokens, 512, 1 << 22),
            deadline_seconds=read.number(
                "COMPLAINTS_DEADLINE_SECONDS", cls.deadline_seconds, 0.001, 60
            ),
            batch_deadline_seconds=read.number(
                "COMPLAINTS_BATCH_DEADLINE_SECONDS", cls.batch_deadline_seconds, 0.001, 3600
            ),
            queue_items=read.integer("COMPLAINTS_QUEUE_ITEMS", cls.queue_items, 1, 10_000_000),
            max_items=read.integer("COMPLAINTS_MAX_ITEMS", cls.max_items, 1, 1_000_000),
            max_body_bytes=read.integer(
                "COMPLAINTS_MAX_BODY_BYTES", cls.max_body_bytes, 1024, 1 << 30
            ),
            buffer_bytes=read.integer("COMPLAINTS_BUFFER_BYTES", cls.buffer_bytes, 1024, 1 << 36),
            body_seconds=read.number("COMPLAINTS_BODY_SECONDS", cls.body_seconds, 0.01, 60),
            drain_seconds=read.number("COMPLAINTS_DRAIN_SECONDS", cls.drain_seconds, 0, 22),
            cache_entries=read.integer("COMPLAINTS_CACHE_ENTRIES", 0, 0, 10_000_000),
            log_level=read.choice(
                "COMPLAINTS_LOG_LEVEL", cls.log_level, ("debug", "info", "warning", "error")
            ),
            push_url=read.url("COMPLAINTS_PUSHGATEWAY_URL"),
            push_seconds=read.number("COMPLAINTS_PUSH_SECONDS", cls.push_seconds, 0.1, 3600),
        )

    @property
    def cores_per_worker(self) -> int:
        return max(1, self.cores // self.workers)


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str) -> str:
        value = self._environ.get(name, default)
        if not value.strip():
            raise SettingsError(f"{name} is empty: expected a value, or leave it unset")
        return value

    def path(self, name: str, default: Path) -> Path:
        return Path(self.text(name, str(default)))

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        return self._number(name, default, low, high, int, "a whole number")

    def number(self, name: str, default: float, low: float, high: float) -> float:
        return self._number(name, default, low, high, float, "a number")

    def choice(self, name: str, default: Value, choices: tuple[Value, ...]) -> Value:
        text = self.text(name, str(default))
        for choice in choices:
            if choice == text:
                return choice
        raise SettingsError(f"{name} is {text!r}: expected {' or '.join(map(str, choices))}")

    def url(self, name: str) -> str | None:
        text = self._environ.get(name)
        if text is None:
            return None
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"{name} is {text!r}: expected an http or https address")
        return text

    def _number(
        self,
        name: str,
        default: Value,
        low: float,
        high: float,
        convert: Callable[[str], Value],
        kind: str,
    ) -> Value:
        text = self._environ.get(name)
        if text is None:
            return default
        problem = SettingsError(f"{name} is {text!r}: expected {kind} from {low} to {high}")
        try:
            value = convert(text)
        except ValueError as error:
            raise problem from error
        if not low <= value <= high:  # type: ignore[operator]
            raise problem
        return value
