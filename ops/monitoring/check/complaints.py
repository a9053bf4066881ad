"""The complaints that the check streams: samples, some too long to read whole, some impossible."""

import csv
from pathlib import Path

from ops.local.demo.complaints import load_samples

LONG_EVERY, IMPOSSIBLE_EVERY = 10, 40
LONG_CHARACTERS = 20_000
IMPOSSIBLE_CHARACTERS = 100_001
"""One more than a complaint event may have (contract 3)."""


def write_complaints(path: Path, count: int) -> None:
    """Write labelled complaints, so that rows are truncated, and records rejected, all along."""
    samples = load_samples()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["narrative", "label"])
        for number in range(count):
            sample = samples[number % len(samples)]
            writer.writerow([_narrative(sample.narrative, number), sample.label_name])


def _narrative(text: str, number: int) -> str:
    if number % IMPOSSIBLE_EVERY == IMPOSSIBLE_EVERY - 1:
        return _stretch(text, IMPOSSIBLE_CHARACTERS)
    if number % LONG_EVERY == LONG_EVERY - 1:
        return _stretch(text, LONG_CHARACTERS)
    return text


def _stretch(text: str, characters: int) -> str:
    return (f"{text} " * (characters // len(text) + 1))[:characters].rstrip() + "."
