"""Content-Type and Accept: which of the four media types a request speaks and wants."""

from dataclasses import dataclass, field

from libs.events.invocations import CSV, JSON, JSON_LINES, PLAIN_TEXT
from services.serving.errors import UnsupportedFormatError

_ALIASES = {
    JSON: JSON,
    JSON_LINES: JSON_LINES,
    "application/jsonl": JSON_LINES,
    "application/x-jsonlines": JSON_LINES,
    "application/x-ndjson": JSON_LINES,
    CSV: CSV,
    PLAIN_TEXT: PLAIN_TEXT,
}
SUPPORTED = f"{JSON}, {JSON_LINES}, {CSV} or {PLAIN_TEXT}"


@dataclass(frozen=True)
class MediaType:
    """A supported media type and its parameters."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)


def read_content_type(header: str | None) -> MediaType:
    """Return the type of the body, JSON when none is named; raises UnsupportedFormatError."""
    if header is None or header == JSON:
        return MediaType(JSON)
    name, parameters = _parse(header)
    if name not in _ALIASES:
        raise UnsupportedFormatError("unsupported_content_type", f"Content-Type: send {SUPPORTED}")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedFormatError("unsupported_charset", "Content-Type: send UTF-8")
    return MediaType(_ALIASES[name], parameters)


def negotiate(accept: str | None, default: str) -> str:
    """Return the media type of the answer; raises UnsupportedFormatError.

    The type with the highest quality wins, then the first named; any range means `default`.
    """
    if not accept or accept == "*/*":
        return default
    best: tuple[float, str] | None = None
    for part in accept.split(","):
        name, parameters = _parse(part)
        offered = default if name in _ranges_of(default) else _ALIASES.get(name)
        quality = _quality(parameters)
        if offered and quality > 0 and (best is None or quality > best[0]):
            best = quality, offered
    if best is None:
        raise UnsupportedFormatError("unsupported_accept", f"Accept: ask for {SUPPORTED}")
    return best[1]


def _ranges_of(default: str) -> tuple[str, str]:
    return "*/*", f"{default.partition('/')[0]}/*"


def _quality(parameters: dict[str, str]) -> float:
    try:
        return float(parameters.get("q", "1"))
    except ValueError:
        return 0.0


def _parse(header: str) -> tuple[str, dict[str, str]]:
    name, *rest = header.split(";")
    pairs = (parameter.partition("=") for parameter in rest)
    return name.strip().lower(), {
        key.strip().lower(): value.strip().strip('"') for key, _, value in pairs
    }
