"""Measures the redactor on the generated set: recall by kind, and precision over everything."""

from collections import Counter
from dataclasses import dataclass, field

from ops.bench.consumer.redaction_set import Sample
from services.stream_consumer.redact import KINDS, Redactor


@dataclass
class RedactionScore:
    """Counts of identifiers by kind, of those still legible, and of look-alikes that were hit."""

    identifiers: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    lookalikes: int = 0
    hit: int = 0
    examples: list[str] = field(default_factory=list)

    def recall(self, kind: str) -> float:
        """Return the share of a kind's identifiers of which nothing legible is left."""
        return 1 - self.missed[kind] / max(self.identifiers[kind], 1)

    @property
    def total_recall(self) -> float:
        """Return the recall over all kinds."""
        return 1 - self.missed.total() / max(self.identifiers.total(), 1)

    @property
    def precision(self) -> float:
        """Return the share of replacements that were of identifiers."""
        found = self.identifiers.total() - self.missed.total()
        return found / max(found + self.hit, 1)


def score(samples: list[Sample]) -> RedactionScore:
    """Redact every sample with all kinds on."""
    redactor, result = Redactor(frozenset(KINDS)), RedactionScore()
    for sample in samples:
        _add(sample, redactor.redact(sample.text), result)
    return result


def _add(sample: Sample, redacted: str, result: RedactionScore) -> None:
    for kind, value in sample.identifiers:
        result.identifiers[kind] += 1
        if _is_legible(value, sample.text, redacted):
            result.missed[kind] += 1
            result.examples.append(f"missed {kind}: {sample.text}")
    for value in sample.lookalikes:
        result.lookalikes += 1
        if value not in redacted:
            result.hit += 1
            result.examples.append(f"hit {value}: {redacted}")


def _is_legible(value: str, text: str, redacted: str) -> bool:
    """Four characters in a row of an identifier are too much, unless they stand elsewhere too."""
    elsewhere = text.replace(value, " ")
    windows = (value[n : n + 4] for n in range(max(len(value) - 3, 1)))
    return any(window in redacted and window not in elsewhere for window in windows)
