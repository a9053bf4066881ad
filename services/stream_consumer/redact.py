"""Redacts what identifies a person or an account from a narrative before it is logged. Pure."""

from dataclasses import dataclass

from services.stream_consumer.identifiers import FINDERS

KINDS = tuple(FINDERS)


@dataclass(frozen=True)
class Redactor:
    """Replaces the chosen kinds by a mark such as `[EMAIL]`; with none it changes nothing."""

    kinds: frozenset[str] = frozenset()

    def redact(self, text: str) -> str:
        """Return the text with every identifier of a chosen kind replaced."""
        for kind, find in FINDERS.items():
            if kind in self.kinds:
                text = _replace(text, list(find(text)), f"[{kind.upper()}]")
        return text


def _replace(text: str, spans: list[tuple[int, int]], mark: str) -> str:
    parts, at = [], 0
    for begin, end in sorted(spans):
        if begin >= at:
            parts += [text[at:begin], mark]
            at = end
    return "".join([*parts, text[at:]])
